# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""want + have -> what our ShadowEndpointSlices should say: the pods of each other leaf at their addresses at home.

Liqo maps the addresses and keeps readiness. Slices that are not needed are not wanted: without a usable link Liqo would
hand out the addresses as they are, and traffic would reach strangers.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from ..faults import CONNECTED, only
from ..model import ClusterId, FabricName, Pair
from ..objects import ClusterState, Fact, FactName, Later
from .gate import usable_link
from .model import ClusterServices, Origin, Propagation, ServiceKey, ShadowSpec, SliceEndpoint, Use, World, slices_of

PREFIX = "lf-"
PER_SLICE = 100
"""Endpoints in one slice, as Kubernetes does it."""
_LONGEST = 253
_IPV4 = "IPv4"


@dataclass(frozen=True, slots=True, kw_only=True)
class Homes:
    """Where the namespace of a Service is: its name on each leaf that has accepted it."""

    key: ServiceKey
    namespaces: dict[ClusterId, str]

    @property
    def leaves(self) -> tuple[ClusterId, ...]:
        return tuple(sorted(self.namespaces))


def homes_of(hub: ClusterServices, key: ServiceKey) -> Homes:
    """The leaves that have the namespace of a Service."""
    found = {one.leaf: one.remote for one in hub.mappings if one.namespace == key.namespace and one.accepted}
    return Homes(key=key, namespaces=found)


def desired_shadows(
    want: Propagation, world: World, homes: Homes, leaf: ClusterId, *, exclusive: bool
) -> dict[str, ShadowSpec]:
    """The wanted ShadowEndpointSlices of a Service on one leaf, by name; those of providers that could not be read
    are left out, see ``unknown_providers``."""
    here = world[leaf]
    if not isinstance(here, ClusterServices):
        return {}
    found: dict[str, ShadowSpec] = {}
    for provider in homes.leaves:
        there = world.get(provider)
        if provider == leaf or not isinstance(there, ClusterServices):
            continue
        pair = Pair.of(leaf, provider)
        if pair in want.leaving or not (pair in want.coming or usable_link(here.state, provider)):
            continue
        remap, alive = _remap(here, provider), not is_blind(here.state, there.state)
        for number, (ports, endpoints) in enumerate(_groups(there, homes, provider)):
            spec = ShadowSpec(
                owners=frozenset({want.fabric}),
                key=homes.key,
                source=provider,
                endpoints=tuple(replace(endpoint, ready=alive) for endpoint in endpoints),
                ports=ports,
                use=Use.EXCLUSIVE if exclusive else Use.ADDITIVE,
                remap=remap,
            )
            found[slice_name(homes.key.name, provider, number)] = spec
    return found


def is_blind(here: ClusterState, there: ClusterState) -> bool:
    """Does a cluster take a tunnel for alive that the other end calls dead? That of a gateway that died says nothing.

    Liqo would keep the endpoints ready, so that we have to say that they are not.
    """
    one, other = only(here.side(there.id).connections), only(there.side(here.id).connections)
    if one is None or other is None:
        return False
    return one.value == CONNECTED and other.value not in (CONNECTED, "")


def unknown_providers(world: World, homes: Homes, leaf: ClusterId) -> frozenset[ClusterId]:
    """Leaves whose pods are not known now: what is written about them stays."""
    return frozenset(one for one in homes.leaves if one != leaf and not isinstance(world.get(one), ClusterServices))


def slice_name(service: str, provider: ClusterId, number: int) -> str:
    """A name that no slice of a hub has; the same for ever, so that the slice is found again."""
    plain = f"{PREFIX}{service}-{provider}" + (f"-{number + 1}" if number else "")
    if len(plain) <= _LONGEST:
        return plain
    digest = hashlib.sha256(plain.encode()).hexdigest()[:10]
    return f"{plain[: _LONGEST - 11]}-{digest}"


def joined(spec: ShadowSpec, owners: Iterable[FabricName]) -> ShadowSpec:
    """The wanted spec with the fabrics that want it already."""
    return replace(spec, owners=spec.owners | frozenset(owners))


def _remap(here: ClusterServices, provider: ClusterId) -> tuple[str, ...] | Later:
    for configuration in here.state.side(provider).configurations:
        if configuration.remap is not None:
            return configuration.remap.pod
    return Later(fact=Fact(name=FactName.CONFIGURED, cluster=here.id, peer=provider))


def _groups(
    there: ClusterServices, homes: Homes, provider: ClusterId
) -> Iterator[tuple[tuple, tuple[SliceEndpoint, ...]]]:  # type: ignore[type-arg]
    """The ready pods of a leaf with the ports that they share, at most PER_SLICE together."""
    by_ports: dict[tuple, list[SliceEndpoint]] = {}  # type: ignore[type-arg]
    for one in slices_of(there.slices, homes.namespaces[provider], homes.key.name, Origin.NATIVE):
        if one.address_type == _IPV4:
            by_ports.setdefault(tuple(sorted(one.ports, key=str)), []).extend(
                replace(endpoint, serving=None, node="") for endpoint in one.endpoints if endpoint.ready
            )
    for ports in sorted(by_ports, key=str):
        endpoints = sorted(set(by_ports[ports]))
        for start in range(0, len(endpoints), PER_SLICE):
            yield ports, tuple(endpoints[start : start + PER_SLICE])
