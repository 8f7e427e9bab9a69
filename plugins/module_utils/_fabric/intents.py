# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Wishes + what the clusters own -> what shall become of each pair, and the plan that brings it about."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from .errors import FabricError, FailureName, InputError, Violation
from .model import Cluster, ClusterId, Fabric, Pair, Scope, Shortcut, State
from .objects import ClusterState
from .operations import LinkPlan
from .phrases import few
from .plan import plan_link
from .removal import owned_pairs, plan_forget, plan_removal
from .sight import may_hold


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent:
    """What shall become of one pair."""

    pair: Pair
    shortcut: Shortcut | None = None
    """How the link shall be; None: it shall go."""
    named: bool = True
    """The user named the pair; otherwise its mark gave it away."""
    lost: ClusterId | None = None
    """The end that is gone for good, so that only the other one is looked at."""

    @property
    def clusters(self) -> tuple[ClusterId, ...]:
        """Those that must be read."""
        return tuple(cluster for cluster in self.pair if cluster != self.lost)


def to_read(fabric: Fabric) -> tuple[Cluster, ...]:
    """The clusters whose content decides about the pairs: the ends of wishes, and all where marks are looked for."""
    ends = {cluster for intent in _wished(fabric) for cluster in intent.clusters}
    searched = fabric.searches or fabric.forget
    limit = fabric.scope.clusters
    return tuple(
        cluster
        for cluster in fabric.clusters
        if cluster.id in ends or (searched and (limit is None or cluster.id in limit))
    )


def intents(fabric: Fabric, states: Iterable[ClusterState]) -> tuple[Intent, ...]:
    """One intent per pair of the run, sorted.

    Raises InputError when the scope names a pair that is not declared, unless links are also found by what clusters
    hold: then no cluster can end the run by what it does not hold.
    """
    read = tuple(states)
    found = {intent.pair: intent for intent in _wished(fabric)}
    if fabric.state is State.GATHERED:
        found = {pair: Intent(pair=pair) for pair in _shortcuts_between(read)}
    elif fabric.searches:
        found = {**{pair: Intent(pair=pair, named=False) for pair in _marked(fabric, read)}, **found}
    found |= {pair: Intent(pair=pair) for pair in fabric.refused}
    for state in read:
        for lost in fabric.forget:
            if state.side(lost).held() or state.side(lost).foreign_cluster is not None or may_hold(state, lost):
                pair = Pair.of(state.id, lost)
                found[pair] = Intent(pair=pair, lost=lost)
    if not fabric.searches:
        # Pairs that are wanted are known, even where this wave or slice has nothing to do with them.
        _refuse_unknown_pairs(fabric, {*found, *fabric.pairs, *fabric.refused})
    return tuple(found[pair] for pair in sorted(found) if _in_scope(found[pair], fabric.scope))


def _marked(fabric: Fabric, states: tuple[ClusterState, ...]) -> Iterator[Pair]:
    """The pairs that carry our mark, and those that the scope names.

    Whether a cluster still marks one of the latter is up to that cluster; where none does there is nothing to do.
    """
    for pair in {*owned_pairs(states, fabric.name), *(fabric.scope.pairs or ())}:
        if not set(pair) & set(fabric.unlabelled):
            yield pair


def plan_intent(
    intent: Intent, states: Mapping[ClusterId, ClusterState | FabricError | None], fabric: Fabric
) -> LinkPlan:
    """The plan for one pair; blocked where a cluster that it needs could not be read."""
    if intent.pair in fabric.refused:
        return LinkPlan(pair=intent.pair, blocked=fabric.refused[intent.pair])
    ends = [states.get(cluster) or _not_declared(cluster) for cluster in intent.clusters]
    problem = next((end for end in ends if isinstance(end, FabricError)), None)
    if problem is not None:
        return LinkPlan(pair=intent.pair, blocked=problem)
    read = [end for end in ends if isinstance(end, ClusterState)]
    if intent.lost is not None:
        return plan_forget(intent.lost, read[0], fabric=fabric.name, allow_peering=fabric.allow_peering_pairs)
    one, other = read
    if intent.shortcut is None and intent.pair in fabric.keep_links:
        return LinkPlan(pair=intent.pair, existed=True, blocked=_in_use(intent.pair))
    if intent.shortcut is None:
        return plan_removal(
            intent.pair,
            one,
            other,
            fabric=fabric.name,
            allow_peering=fabric.allow_peering_pairs,
            named=intent.named,
        )
    return plan_link(
        intent.shortcut,
        one,
        other,
        fabric=fabric.name,
        allow_peering=fabric.allow_peering_pairs,
        adopt=fabric.adopt,
        force_conflicts=fabric.force_conflicts,
        rotate_keys=intent.pair in fabric.rotate_keys,
    )


def _wished(fabric: Fabric) -> tuple[Intent, ...]:
    remove = fabric.state is State.ABSENT
    return tuple(
        Intent(pair=shortcut.pair, shortcut=None if remove else shortcut)
        for shortcut in fabric.shortcuts
        if shortcut.pair in fabric.scope
    )


def _in_scope(intent: Intent, scope: Scope) -> bool:
    """A cluster that is gone is in no scope; the end that is left decides."""
    if intent.lost is None or scope.clusters is None:
        return intent.pair in scope
    return intent.pair in replace(scope, clusters=None) and scope.clusters.issuperset(intent.clusters)


def _shortcuts_between(states: tuple[ClusterState, ...]) -> set[Pair]:
    """The pairs of these clusters that hold anything of a link, and no peering."""
    ids = {state.id for state in states}
    return {
        Pair.of(state.id, side.peer)
        for state in states
        for side in state.sides.values()
        if side.peer in ids and side.peer != state.id and side.link_objects() and not side.carries_peering()
    }


def _refuse_unknown_pairs(fabric: Fabric, known: Iterable[Pair]) -> None:
    unknown = [str(pair) for pair in sorted((fabric.scope.pairs or frozenset()) - set(known))]
    if unknown:
        message = f"{few(unknown)} {'is' if len(unknown) == 1 else 'are'} not among the pairs of this fabric"
        raise InputError([Violation(path="only", message=message, hint="name pairs that shortcuts declares")])


def _in_use(pair: Pair) -> FabricError:
    one, other = pair
    return FabricError(
        what=f"{pair} is not removed",
        where=f"cluster {one} and {other}",
        why="Services may still use it: they could not be moved off it",
        next=f"look at what is in the way of the Services on {one} and {other}, then run again",
        fault=FailureName.IN_USE,
    )


def _not_declared(cluster: ClusterId) -> FabricError:
    return FabricError(
        what=f"{cluster} is not among the clusters of the task",
        where=f"cluster {cluster}",
        why="this fabric has a link with it",
        next="add it to clusters and run again, or name it under forget if it is gone for good",
        fault=FailureName.UNKNOWN_CLUSTER,
    )
