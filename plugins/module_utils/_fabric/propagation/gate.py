# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""May a Service of a hub use Liqo's own direct connections? Only when they are right for every ordered pair of leaves.

Liqo writes one annotation for all leaves and checks little of what it needs: where something is missing, slices freeze,
endpoints vanish or lead into a dead tunnel. So the gate is asked before the annotation is set, and at every run after.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from ..errors import FabricError
from ..faults import CONNECTED, only
from ..links import DIRECT_CONNECTIONS
from ..model import ClusterId, Pair
from ..objects import ClusterState
from ..sight import may_hold
from ..versions import parse_version
from .model import ClusterServices, World


class Reason(StrEnum):
    """What keeps a gate closed."""

    LEAF_TOO_OLD = "leaf-too-old"
    KUBELET_TOO_OLD = "kubelet-too-old"
    DENIED = "denied"
    NO_SHORTCUT = "no-shortcut"
    NOT_CONFIGURED = "not-configured"
    HUB_REMAPS = "hub-remaps"
    LEAVING = "leaving"
    NOT_CONNECTED = "not-connected"
    UNKNOWN = "unknown"


PASSING = frozenset({Reason.NOT_CONNECTED, Reason.UNKNOWN})
"""Reasons that go away by themselves, so that they are no ground to refuse what was asked for."""


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Gate:
    """A closed gate: ``consumer`` cannot use a direct connection to pods of ``provider``."""

    consumer: ClusterId
    provider: ClusterId
    reason: Reason
    detail: str
    """One phrase for a person."""

    def __str__(self) -> str:
        return f"{self.consumer} to {self.provider}: {self.detail}"

    def as_result(self) -> dict[str, str]:
        return {
            "consumer": self.consumer,
            "provider": self.provider,
            "reason": self.reason.value,
            "detail": self.detail,
        }


def closed_gates(
    world: World,
    hub: ClusterServices,
    leaves: Iterable[ClusterId],
    *,
    coming: frozenset[Pair] = frozenset(),
    leaving: frozenset[Pair] = frozenset(),
) -> tuple[Gate, ...]:
    """The closed ones among the gates of all ordered pairs of ``leaves``, each with its first reason, sorted."""
    ids = sorted(leaves)
    found = []
    for consumer in ids:
        for provider in ids:
            if consumer != provider:
                first = next(_reasons(world, hub, consumer, provider, coming, leaving), None)
                if first is not None:
                    found.append(Gate(consumer=consumer, provider=provider, reason=first[0], detail=first[1]))
    return tuple(found)


def usable_link(here: ClusterState, peer: ClusterId) -> bool:
    """Can addresses of the peer's pods be mapped here? The tunnel may be down: readiness is Liqo's to tell."""
    side = here.side(peer)
    configuration = only(side.configurations)
    enabled = side.foreign_cluster is not None and "networking" in side.foreign_cluster.modules
    return configuration is not None and configuration.remap is not None and enabled


def may_be_usable(here: ClusterState, peer: ClusterId) -> bool:
    """The same, or our rights do not show it: then what relies on the link stays."""
    return usable_link(here, peer) or here.hides("Configuration", peer)


def _reasons(
    world: World,
    hub: ClusterServices,
    consumer: ClusterId,
    provider: ClusterId,
    coming: frozenset[Pair],
    leaving: frozenset[Pair],
) -> Iterator[tuple[Reason, str]]:
    pair = Pair.of(consumer, provider)
    if pair in leaving:
        yield Reason.LEAVING, "the shortcut is about to be removed"
    here, there = world.get(consumer), world.get(provider)
    yield from _hub_reasons(hub, consumer, provider)
    if not isinstance(here, ClusterServices):
        yield Reason.UNKNOWN, f"{consumer} could not be read" if here is not None else f"{consumer} is not in the task"
        return
    state = here.state
    if state.version is not None and state.version[:3] < DIRECT_CONNECTIONS:
        yield Reason.LEAF_TOO_OLD, f"{consumer} runs Liqo {_dotted(state.version)}, direct connections need 1.2.0"
    if state.info is None:
        yield Reason.UNKNOWN, f"the rights on {consumer} do not show whether it denies direct connections"
    elif state.info.denies_direct_connections:
        yield Reason.DENIED, f"{consumer} denies direct connections"
    if pair in coming:
        return
    yield from _link_reasons(state, there, provider)


def _hub_reasons(hub: ClusterServices, consumer: ClusterId, provider: ClusterId) -> Iterator[tuple[Reason, str]]:
    if hub.state.info is None:
        yield Reason.UNKNOWN, f"the rights on {hub.id} do not show the version of the virtual kubelet of {consumer}"
    kubelets = hub.state.info.virtual_kubelets if hub.state.info is not None else {}
    version = kubelets.get(consumer, "")
    numbers = parse_version(version)
    if numbers is not None and numbers < DIRECT_CONNECTIONS:
        yield (
            Reason.KUBELET_TOO_OLD,
            f"the virtual kubelet of {consumer} on {hub.id} is {version}, direct connections need 1.2.0",
        )
    configuration = only(hub.state.side(provider).configurations)
    if configuration is None or configuration.remap is None:
        yield Reason.UNKNOWN, f"{hub.id} does not tell how it maps the pods of {provider}"
    elif configuration.spec.remote.pod != configuration.remap.pod:
        seen = ", ".join(configuration.remap.pod)
        yield (
            Reason.HUB_REMAPS,
            f"{hub.id} maps the pods of {provider} to {seen}, which Liqo cannot undo on {consumer}",
        )


def _link_reasons(
    here: ClusterState, there: ClusterServices | FabricError | None, provider: ClusterId
) -> Iterator[tuple[Reason, str]]:
    side = here.side(provider)
    if may_hold(here, provider):
        yield Reason.UNKNOWN, f"the rights on {here.id} do not show its shortcut to {provider}"
        return
    if not side.link_objects():
        yield Reason.NO_SHORTCUT, f"there is no shortcut between {here.id} and {provider}"
        return
    if not usable_link(here, provider):
        yield Reason.NOT_CONFIGURED, f"{here.id} has no remap of the pods of {provider} yet"
    ends = [(here, provider)]
    if isinstance(there, ClusterServices):
        ends.append((there.state, here.id))
    for state, peer in ends:
        connection = only(state.side(peer).connections)
        if connection is None or connection.value != CONNECTED:
            value = connection.value or "without value" if connection is not None else "missing"
            yield Reason.NOT_CONNECTED, f"the Connection of {state.id} to {peer} is {value}"


def _dotted(version: tuple[int, ...]) -> str:
    return ".".join(str(number) for number in version)
