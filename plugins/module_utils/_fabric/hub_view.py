# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a hub knows of the clusters around it: enough to list them as leaves before any of them is asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from .errors import FabricError, InputError, Violation
from .model import ClusterId, is_cluster_id
from .objects import ClusterState

ROLES = ("Provider", "ConsumerAndProvider", "Unknown", "Consumer")
"""Liqo's words for what a peer is to the cluster that was read."""
LEAF_ROLES = ROLES[:3]
"""All but those that only consume. Unknown is a peer that is joined by network alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Where a hub keeps the kubeconfig that a leaf gave it. The content is never kept here."""

    namespace: str
    secret: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PeerNotes:
    """What a hub says of one peer beside the link to it."""

    labels: Mapping[str, str] = field(default_factory=dict)
    api_server: str = ""
    """URL under which the hub reaches the peer."""
    complaints: tuple[str, ...] = ()
    """Conditions of Liqo that are not as they should be, one phrase each."""
    identity: Identity | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HubView:
    """One hub as it was read."""

    name: str
    """How the user calls it."""
    state: ClusterState
    notes: Mapping[ClusterId, PeerNotes] = field(default_factory=dict)


def leaves_of(hubs: Sequence[HubView], *, roles: Sequence[str]) -> dict[ClusterId, tuple[HubView, ...]]:
    """The leaves of any of the hubs, sorted, each with the hubs that know it in the order given.

    A hub that is listed as such is no leaf of another one. A ForeignCluster without any module is what Liqo leaves
    behind when a peering ends, and is passed over.
    """
    themselves = {hub.state.id for hub in hubs}
    found: dict[ClusterId, list[HubView]] = {}
    for hub in hubs:
        for peer, side in hub.state.sides.items():
            foreign = side.foreign_cluster
            if foreign is None or not foreign.modules or foreign.role not in roles or peer in themselves:
                continue
            # The API server checks it, and it becomes a part of paths.
            if is_cluster_id(peer):
                found.setdefault(peer, []).append(hub)
    return {leaf: tuple(found[leaf]) for leaf in sorted(found)}


def check_names(names: Mapping[str, ClusterId], *, where: str) -> None:
    """Raises InputError when two hubs are declared to be one cluster; ``names`` are those of all hubs."""
    found: list[Violation] = []
    first: dict[ClusterId, str] = {}
    for name, cluster in names.items():
        namesake = first.setdefault(cluster, name)
        if namesake != name:
            what = f"{name} is cluster {cluster}, like {namesake}"
            found.append(Violation(path=f"hubs[{name}]", message=what, hint="list each hub once"))
    if found:
        raise InputError(found, where=where)


def no_hub_answered(problems: Mapping[str, FabricError]) -> FabricError:
    """Why there is no inventory at all."""
    first = next(iter(problems.values()))
    return FabricError(
        what="no hub could be read, so there is nothing to list",
        where=", ".join(problems),
        why="; ".join(f"{problem.where}: {problem.what}: {problem.why}" for problem in problems.values()),
        next=first.next,
        fault=first.fault,
    )
