# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What our rights show of a pair, and what they must show before anything is written about it.

That an object is not there follows only from a list in which it would be. A kind that was not read hides its objects.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from .errors import FabricError, FailureName
from .findings import Check, Finding, Level
from .model import ClusterId, Fabric, Pair
from .objects import ClusterState
from .phrases import few

NEEDED = ("Configuration", "GatewayServer", "GatewayClient", "PublicKey", "Connection")
"""Kinds without which nothing can be said about a link."""
OF_PROVIDERS = ("Tenant",)
"""A cluster that provides resources has one for each of its consumers."""
OF_CONSUMERS = ("Identity", "VirtualNode")
"""A cluster that consumes has some of each for its providers."""
EITHER = "ForeignCluster"
"""Its role tells both: Liqo derives it from the others."""


def may_hold(state: ClusterState, peer: ClusterId) -> bool:
    """May there be a part of a link with the peer that our rights do not show?"""
    if not state.unread and not state.read_in and not state.unseen:
        return False
    unseen = peer in state.unseen and not state.side(peer).namespaces
    return unseen or any(state.hides(kind, peer) for kind in NEEDED)


def refuse_unread(state: ClusterState, peer: ClusterId) -> None:
    """What our rights do not show would be taken for missing, and planned anew or left behind."""
    if not may_hold(state, peer) and not state.hides_own("Network"):
        return
    where = f"cluster {state.id} at {state.address}/TCP" if state.address else f"cluster {state.id}"
    if peer in state.unseen and not state.side(peer).namespaces:
        raise FabricError(
            what=f"cannot get the tenant namespace of {peer}",
            where=where,
            why="our rights allow neither to list Namespaces nor to get this one, so it may be there or not",
            next="grant get on namespaces, as Liqo's peering-user role does for a tenant namespace that is there",
            fault=FailureName.MISSING_RIGHT,
        )
    hidden = [kind for kind in NEEDED if state.hides(kind, peer)]
    hidden += ["Network"] if state.hides_own("Network") else []
    if hidden:
        place = f"the tenant namespace of {peer}" if hidden != ["Network"] else f"namespace {state.liqo_namespace}"
        raise FabricError(
            what=f"cannot list {', '.join(hidden)}",
            where=where,
            why=f"our rights do not show them, neither in all namespaces nor in {place}",
            next=f"grant list on {', '.join(hidden)} there, as Liqo's peering-user role does for a tenant namespace",
            fault=FailureName.MISSING_RIGHT,
        )


def refuse_peering(pair: Pair, states: Sequence[ClusterState], *, allow: bool) -> None:
    """A pair that carries a real peering uses the same objects: never touched unless the user says so.

    Nor is a pair of which our rights do not show whether it does. ``states`` are those of its clusters that exist.
    """
    if allow:
        return
    for state in states:
        side = state.side(pair.other(state.id))
        evidence = side.carries_peering()
        if evidence:
            raise FabricError(
                what=f"{side.cluster} and {side.peer} are peered, their connection is not a shortcut",
                where=f"cluster {side.cluster}: {few(evidence)}",
                why="the objects of a shortcut would be those that carry the peering",
                next="take the pair out of shortcuts, or set allow_peering_pairs to true if you mean it",
                fault=FailureName.CARRIES_PEERING,
            )
    hidden = next(hidden_peerings(pair, states), None)
    if hidden is not None:
        consumer, provider, kinds = hidden
        wanted = "; ".join(f"on {cluster} list on {' and '.join(needed)}" for cluster, needed in kinds.items())
        raise FabricError(
            what=f"our rights do not show whether {consumer} is peered with {provider} as its provider",
            where=f"clusters {pair.a} and {pair.b}",
            why="what would tell may be there unseen, and the objects of a shortcut would be those of the peering",
            next=f"grant one of these: {wanted} (module rbac grants what its jobs need), or set allow_peering_pairs to"
            " true if the pair may be peered",
            fault=FailureName.MISSING_RIGHT,
        )


def hidden_peerings(
    pair: Pair, states: Sequence[ClusterState]
) -> Iterator[tuple[ClusterId, ClusterId, Mapping[ClusterId, tuple[str, ...]]]]:
    """Each direction in which the pair may be peered unseen: consumer, provider, and which lists on whom would tell.

    A peering leaves objects on both of its ends, so that a sufficient view of one end is enough.
    """
    if not any(EITHER in state.unread for state in states):
        return
    known = {state.id: state for state in states}
    for consumer, provider in ((pair.a, pair.b), (pair.b, pair.a)):
        views = [
            (known[cluster], peer, kinds)
            for cluster, peer, kinds in ((provider, consumer, OF_PROVIDERS), (consumer, provider, OF_CONSUMERS))
            if cluster in known
        ]
        if all(
            EITHER in state.unread and any(state.hides(kind, peer) for kind in kinds) for state, peer, kinds in views
        ):
            yield consumer, provider, {state.id: kinds for state, _peer, kinds in views}


def is_blind(seen: ClusterState | FabricError) -> bool:
    """Does a cluster not tell by its ForeignClusters who is peered with it, so that the objects must?"""
    return isinstance(seen, ClusterState) and EITHER in seen.unread


def unsearched(fabric: Fabric, states: Mapping[ClusterId, ClusterState | FabricError]) -> tuple[Finding, ...]:
    """Where a run that looks for links could not look: one that only such places tell of is not found."""
    return tuple(
        Finding(
            check=Check.RIGHTS,
            level=Level.WARNING,
            cluster=cluster,
            where=f"cluster {cluster}",
            what="links were looked for in a part of the cluster only",
            why="our rights do not show everything of it, so that links may be there which nothing else tells of",
            next="grant list on Namespaces and on the kinds of a link, or name the pairs that you mean",
        )
        for cluster, state in (sorted(states.items()) if fabric.searches else ())
        if isinstance(state, ClusterState) and _is_partly_seen(state)
    )


def _is_partly_seen(state: ClusterState) -> bool:
    hidden = set(state.hidden())
    return bool(hidden & set(NEEDED)) or ("Namespace" in hidden and bool(state.read_in.keys() & set(NEEDED)))
