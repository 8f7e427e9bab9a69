# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""have -> operations, for one pair that shall be gone, in the order in which Liqo can follow."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from .errors import FabricError
from .model import ClusterId, FabricName, Pair
from .objects import ClusterState, Fact, FactName, ForeignCluster, Held, KeySecret, Kind, Side, TenantNamespace
from .operations import LinkPlan, Op, Verb, ordered
from .owners import left
from .phrases import few
from .report import Outcome
from .sight import refuse_peering, refuse_unread


def plan_removal(
    pair: Pair,
    one: ClusterState,
    other: ClusterState,
    *,
    fabric: FabricName,
    allow_peering: bool = False,
    named: bool = True,
) -> LinkPlan:
    """What removes the link, or only this fabric's mark where others want it. Each side is judged by its own marks.

    A cluster can write any mark on its own objects. So its marks keep or remove its own side, and never the other one.
    A side that carries the mark of another fabric loses our mark and stays. The objects of a side that no fabric has
    marked are removed too if the user names the pair. If the pair was only found by a mark, a side without our mark is
    not touched, and one of which others made a part loses the mark and stays. A tenant namespace goes only if this
    collection made it; it comes last, since its mark is what an interrupted run leaves to the next. For what is being
    deleted already nothing is sent; the goals wait for it like for the rest.
    """
    states = tuple(sorted((one, other), key=lambda state: state.id))
    return _plan(pair, states, fabric=fabric, allow_peering=allow_peering, named=named)


def plan_forget(lost: ClusterId, state: ClusterState, *, fabric: FabricName, allow_peering: bool = False) -> LinkPlan:
    """What removes from one cluster all that it holds about a cluster that is gone for good."""
    pair = Pair.of(lost, state.id)
    return _plan(pair, (state,), fabric=fabric, allow_peering=allow_peering, named=True)


def would_go(side: Side, fabric: FabricName, *, allow_peering: bool) -> bool:
    """By what this side shows: is it marked as a link of this fabric, which would be removed if it is not declared?"""
    return (
        fabric in side.owners()
        and not _why_it_stays(side, fabric, named=False)
        and (allow_peering or not side.carries_peering())
        and bool(_remove(side, fabric))
    )


def outcome_of(plan: LinkPlan, ops: Iterable[Op]) -> Outcome:
    """What these operations of a removal come to, ``plan`` being the last one that was made."""
    verbs = {op.verb for op in ops}
    if not verbs:
        return Outcome.IN_SYNC
    if Verb.DELETE not in verbs:
        return Outcome.LEFT
    return Outcome.PARTLY_REMOVED if plan.stays_on else Outcome.REMOVED


def _plan(
    pair: Pair, states: tuple[ClusterState, ...], *, fabric: FabricName, allow_peering: bool, named: bool
) -> LinkPlan:
    sides = tuple(state.side(pair.other(state.id)) for state in states)
    existed = any(side.link_objects() for side in sides)
    try:
        for state, side in zip(states, sides, strict=True):
            refuse_unread(state, side.peer)
        refuse_peering(pair, states, allow=allow_peering)
    except FabricError as problem:
        return LinkPlan(pair=pair, existed=existed, blocked=problem)
    why = {side.cluster: _why_it_stays(side, fabric, named) for side in sides}
    going = [side for side in sides if not why[side.cluster]]
    staying = [side for side in sides if why[side.cluster]]
    ops = [op for side in going for op in _remove(side, fabric)] + [
        op for side in staying for op in _leave(side, fabric)
    ]
    goals = [Fact(name=FactName.NETWORK_GONE, cluster=side.cluster, peer=side.peer) for side in going]
    goals += [Fact(name=FactName.GATEWAY_GONE, cluster=side.cluster, peer=side.peer) for side in going]
    goals += [
        Fact(name=FactName.NAMESPACE_GONE, cluster=side.cluster, peer=side.peer) for side in going if _made_by_us(side)
    ]
    held = [side for side in staying if side.link_objects()]
    return LinkPlan(
        pair=pair,
        ops=ordered(ops),
        goals=tuple(goals),
        existed=existed,
        notes=_notes([side.cluster for side in held], why, whole=len(held) == len(sides)),
        stays_on=frozenset(side.cluster for side in held),
    )


def _why_it_stays(side: Side, fabric: FabricName, named: bool) -> str:
    """Why one side is not removed; empty when it is."""
    others = side.owners() - {fabric}
    if others:
        return f"for {few(sorted(others))}"
    if not named and (fabric not in side.owners() or not _is_all_marked(side)):
        return "since part of it was not made by this collection: name the pair to remove it"
    return ""


def _is_all_marked(side: Side) -> bool:
    return all(held.spec.owners for held in side.configurations + side.gateways())


def _notes(held: Sequence[ClusterId], why: Mapping[ClusterId, str], *, whole: bool) -> tuple[str, ...]:
    """What stays, where and why; in one note where the whole link does for one reason."""
    reasons = {why[cluster] for cluster in held}
    if whole and len(reasons) == 1:
        return (f"stays {reasons.pop()}",)
    return tuple(f"stays on {cluster} {why[cluster]}" for cluster in held)


def _leave(side: Side, fabric: FabricName) -> list[Op]:
    """Take one fabric out of the owners of every object."""
    ops = []
    for held in side.held():
        if fabric in held.spec.owners:
            after = left(held.spec, fabric)
            reason = f"{fabric} no longer wants it"
            ops.append(replace(_delete(side, held, reason), verb=Verb.UPDATE, before=held.spec, after=after))
    return ops


def _remove(side: Side, fabric: FabricName) -> list[Op]:
    """Step by step, each one after those before it and after what Liqo has to do in between."""
    unwanted = f"{fabric} no longer wants the link"
    steps: tuple[tuple[tuple[Held | KeySecret | ForeignCluster, ...], str, FactName | None], ...] = (
        (side.gateways() + side.public_keys, unwanted, None),
        (side.configurations + _own_secrets(side), unwanted, FactName.GATEWAY_GONE),
        (_left_behind(side), "Liqo keeps it without any module", FactName.IDLE),
        (_made_by_us(side), "this collection made it", FactName.NETWORK_GONE),
    )
    ops: list[Op] = []
    for things, reason, fact in steps:
        needs = frozenset(op.id for op in ops)
        awaits = (Fact(name=fact, cluster=side.cluster, peer=side.peer),) if fact else ()
        deletes = [_delete(side, thing, reason) for thing in things if not thing.meta.terminating]
        ops += [replace(op, needs=needs, awaits=awaits) for op in deletes]
    return ops


def _left_behind(side: Side) -> tuple[ForeignCluster, ...]:
    """The ForeignCluster, unless a peering needs it: Liqo makes it and never removes it."""
    return () if side.foreign_cluster is None or side.carries_peering() else (side.foreign_cluster,)


def _own_secrets(side: Side) -> tuple[KeySecret, ...]:
    """Key Secrets that this collection made; those of Liqo go with their gateway."""

    def is_ours(held: KeySecret) -> bool:
        return bool(held.owners) or (held.meta.lost is not None and held.meta.lost.unclaimed)

    return tuple(filter(is_ours, side.secrets))


def _made_by_us(side: Side) -> tuple[TenantNamespace, ...]:
    """The tenant namespaces that go with the link, also those that are going already."""
    return () if side.carries_peering() else tuple(held for held in side.namespaces if held.spec.owners)


def _delete(side: Side, held: Held | KeySecret | ForeignCluster, reason: str) -> Op:
    kind = Kind(type(held).__name__.replace("TenantNamespace", "Namespace").replace("KeySecret", "Secret"))
    return Op(
        cluster=side.cluster,
        peer=side.peer,
        verb=Verb.DELETE,
        kind=kind,
        name=held.meta.name,
        namespace=held.meta.namespace,
        reason=reason,
        before=None if isinstance(held, (KeySecret, ForeignCluster)) else held.spec,
        uid=held.meta.uid,
    )


def owned_pairs(clusters: tuple[ClusterState, ...], fabric: FabricName) -> tuple[Pair, ...]:
    """Pairs of these clusters on which this fabric has its mark, sorted."""
    return tuple(
        sorted(
            {
                Pair.of(state.id, side.peer)
                for state in clusters
                for side in state.sides.values()
                if fabric in side.owners() and side.peer != state.id
            }
        )
    )
