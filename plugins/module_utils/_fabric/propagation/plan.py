# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""want + have -> the plan of every Service that is wished for, or that carries our mark and shall not."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from ..errors import FabricError, FailureName
from ..model import ClusterId
from ..operations import Verb
from .gate import PASSING, Gate, Reason, closed_gates
from .leaf_plan import LeafPlan, orphan_removal, plan_leaf
from .left_out import failures_of, has_no_ipv4, leave_out, no_ipv4
from .model import (
    ClusterServices,
    DirectSpec,
    Mode,
    Propagation,
    ServiceKey,
    TouchSpec,
    World,
    slices_of,
)
from .modes import Choice, choose
from .offers import Offers, homes_of, offers_of
from .operations import FactName, ServicePlan, SliceFact, SliceKind, SliceOp, each_once, holds, merged
from .policies import missing_policies, plan_policies
from .wanted import Wanted, wanted_services

ABSENT = Choice(mode=None, reason="it is declared to take the way through the hub")


def plan_services(want: Propagation, world: World) -> tuple[ServicePlan, ...]:
    """The plans of all Services and then those of the policies of all leaves; pure and complete up to the last write.

    What cannot be planned is ``blocked`` in its plan, never raised.
    """
    wanted, missing = wanted_services(want, world)
    needs = {leaf: missing_policies(here, want) for leaf, here in _read(world)}
    plans = [_plan_service(want, world, one, needs) for one in wanted]
    plans += _orphans(want, world, plans)
    plans = each_once(merged((*plans, *missing)))
    policies = [plan_policies(want, here, needs[leaf], plans) for leaf, here in _read(world)]
    return (*plans, *(plan for plan in policies if plan.ops))


def _read(world: World) -> list[tuple[ClusterId, ClusterServices]]:
    return [(key, world[key]) for key in sorted(world) if isinstance(world[key], ClusterServices)]  # type: ignore[misc]


def _plan_service(
    want: Propagation, world: World, one: Wanted, policy_ops: Mapping[ClusterId, tuple[SliceOp, ...]]
) -> ServicePlan:
    offers = offers_of(world, one.hub, one.service.key)
    homes = offers.homes
    blocked: dict[ClusterId, FabricError] = {
        leaf: here for leaf in homes.leaves for here in [world.get(leaf)] if isinstance(here, FabricError)
    }
    blocked.update(_clashes(one))
    gates = closed_gates(world, one.hub, homes.leaves, coming=want.coming, leaving=want.leaving)
    choices = (
        dict.fromkeys(homes.leaves, ABSENT)
        if one.mode is None
        else dict(choose(one.mode, homes.leaves, world, gates, direct_now=one.service.direct))
    )
    refusals, notes = leave_out(world, one, homes, choices)
    if one.mode in (Mode.SHADOW, Mode.EXCLUSIVE) and notes and has_no_ipv4(one):
        blocked[one.hub.id] = no_ipv4(one)
    if one.mode is Mode.UPSTREAM and any(gate.reason not in PASSING for gate in gates):
        blocked.setdefault(one.hub.id, _gate_closed(one, gates))
    none: tuple[tuple[SliceOp, ...], tuple[SliceFact, ...], tuple[str, ...]] = ((), (), ())
    stays = one.keep and not any(gate.reason is Reason.LEAVING for gate in gates)
    switch, goals, more = none if stays else _switch(want, world, one, offers, choices, gates)
    plans: list[LeafPlan] = []
    for leaf in homes.leaves:
        here = world.get(leaf)
        if not isinstance(here, ClusterServices) or (want.leaves is not None and leaf not in want.leaves):
            continue
        direct = tuple(goal for goal in goals if goal.cluster == leaf and goal.name is FactName.DIRECT)
        first = frozenset(op.id for op in policy_ops.get(leaf, ()))
        try:
            plan = plan_leaf(
                want, world, offers, leaf, choices[leaf], first=first, before_removal=direct, keep=one.keep
            )
        except FabricError as problem:
            blocked[leaf] = problem
            continue
        plans.append(plan)
    ops = (*switch, *(op for plan in plans for op in plan.ops))
    if one.mode is not None:
        refusals += offers.refusals
    refusals += tuple(each for plan in plans for each in plan.refusals)
    for place, why in failures_of(one, refusals).items():
        blocked.setdefault(place, why)
    return ServicePlan(
        key=one.service.key,
        choices=choices,
        gates=gates if one.mode in (Mode.UPSTREAM, Mode.AUTO) else (),
        ops=ops,
        goals=(*goals, *(goal for plan in plans for goal in plan.goals)),
        blocked=blocked,
        refusals=refusals,
        notes=(*notes, *more),
    )


def _orphans(want: Propagation, world: World, plans: list[ServicePlan]) -> list[ServicePlan]:
    """Slices of ours whose Service is gone from its hub, or whose namespace is no longer that of the hub."""
    ops: dict[ServiceKey, list[SliceOp]] = {}
    known = {
        (leaf, namespace, plan.key)
        for plan in plans
        if plan.key is not None
        for hub in [world.get(plan.key.hub)]
        if isinstance(hub, ClusterServices)
        for leaf, namespace in homes_of(hub, plan.key).namespaces.items()
    }
    for leaf, here in _read(world):
        if want.leaves is not None and leaf not in want.leaves:
            continue
        for held in here.shadows:
            key = held.key
            if key is None or key.hub not in want.hubs or not (want.fabric in held.owners or held.unclaimed):
                continue
            is_known = held.service == key.name and (leaf, held.meta.namespace, key) in known
            if isinstance(world.get(key.hub), ClusterServices) and not is_known:
                ops.setdefault(key, []).append(orphan_removal(here, held))
    return [ServicePlan(key=key, ops=tuple(ops[key])) for key in sorted(ops)]


def _clashes(one: Wanted) -> dict[ClusterId, FabricError]:
    """Leaves that Liqo keeps the namespace from."""
    found = {}
    for mapping in one.hub.mappings:
        if mapping.namespace == one.service.key.namespace and not mapping.accepted and one.mode is not None:
            found[mapping.leaf] = FabricError(
                what=f"namespace {mapping.namespace} of {one.hub.id} does not reach {mapping.leaf}",
                where=f"{one.hub.id}, NamespaceMap of {mapping.leaf}",
                why=f"its phase is {mapping.phase or 'missing'}: {mapping.remote} is there already and belongs to"
                " somebody else, or the leaf has not taken it over yet",
                next="offload the namespace with another namespaceMappingStrategy, DefaultName for one, or free the"
                " name on the leaf",
                fault=FailureName.NAMESPACE_CLASH,
            )
    return found


def _gate_closed(one: Wanted, gates: tuple[Gate, ...]) -> FabricError:
    first = next(gate for gate in gates if gate.reason not in PASSING)
    more = f" (and {len(gates) - 1} more)" if len(gates) > 1 else ""
    return FabricError(
        what=f"{one.service.key} cannot use Liqo's own direct connections",
        where=f"{first.consumer} to {first.provider}",
        why=f"{first.detail}{more}",
        next="cure that, or use mode shadow, exclusive or auto",
        fault=FailureName.GATE_CLOSED,
    )


def _switch(
    want: Propagation,
    world: World,
    one: Wanted,
    offers: Offers,
    choices: Mapping[ClusterId, Choice],
    gates: tuple[Gate, ...],
) -> tuple[tuple[SliceOp, ...], tuple[SliceFact, ...], tuple[str, ...]]:
    """The annotation of the Service on the hub: what is to be done, what must then hold, and what to know."""
    service, fabric = one.service, want.fabric
    wanted = any(choice.mode is Mode.UPSTREAM for choice in choices.values())
    ours = fabric in service.owners
    held = DirectSpec(direct=service.direct, owners=service.owners)
    if wanted:
        facts = _facts(world, offers, FactName.DIRECT)
        if not service.direct:
            after = DirectSpec(direct=True, owners=service.owners | {fabric})
            return (_annotation(one, held, after, "every gate is open"),), facts, ()
        if not ours and service.owners:
            after = replace(held, owners=service.owners | {fabric})
            return (_annotation(one, held, after, "this fabric wants it too"),), facts, ()
        return _kicks(world, one, facts), facts, ()
    if not service.direct:
        return (), (), ()
    if not ours:
        closed = [gate for gate in gates if gate.reason is not Reason.UNKNOWN]
        warning = (
            f"somebody else switched direct connections of {service.key} on, although {closed[0]}" if closed else ""
        )
        return (), (), (warning,) if warning else ()
    others = service.owners - {fabric}
    if others and one.mode is not None and not [gate for gate in gates if gate.reason is not Reason.UNKNOWN]:
        return (), (), (f"direct connections of {service.key} stay, because of {', '.join(sorted(others))}",)
    reason = next((choice.reason for choice in choices.values()), ABSENT.reason)
    if others and one.mode is None:
        return (_annotation(one, held, replace(held, owners=others), "this fabric no longer wants it"),), (), ()
    op = _annotation(one, held, DirectSpec(direct=False, owners=others), reason)
    return (op,), _facts(world, offers, FactName.RETURNED), ()


def _annotation(one: Wanted, before: DirectSpec, after: DirectSpec, reason: str) -> SliceOp:
    return SliceOp(
        cluster=one.hub.id,
        peer=one.hub.id,
        verb=Verb.UPDATE,
        kind=SliceKind.SERVICE,
        namespace=one.service.key.namespace,
        name=one.service.key.name,
        reason=reason,
        before=before,
        after=after,
        uid=one.service.meta.uid,
    )


def _facts(world: World, offers: Offers, name: FactName) -> tuple[SliceFact, ...]:
    homes = offers.homes
    return tuple(
        SliceFact(
            name=name,
            cluster=leaf,
            hub=homes.key.hub,
            namespace=homes.namespaces[leaf],
            service=homes.key.name,
            pods=offers.pods_elsewhere(leaf) if name is FactName.DIRECT else frozenset(),
        )
        for leaf in homes.leaves
        if isinstance(world.get(leaf), ClusterServices)
    )


def _kicks(world: World, one: Wanted, facts: Iterable[SliceFact]) -> tuple[SliceOp, ...]:
    """Slices of the hub that some leaf has not made direct although all is there: it gave up on them some time ago."""
    stuck = [
        fact.cluster
        for fact in facts
        for here in [world[fact.cluster]]
        if isinstance(here, ClusterServices) and not holds(fact, here.slices, here.state)
    ]
    if not stuck:
        return ()
    own = slices_of(one.hub.slices, one.service.key.namespace, one.service.key.name)
    return tuple(
        SliceOp(
            cluster=one.hub.id,
            peer=stuck[0],
            verb=Verb.UPDATE,
            kind=SliceKind.SLICE,
            namespace=held.meta.namespace,
            name=held.meta.name,
            reason=f"so that it is mapped again on {', '.join(stuck)}, with the shortcuts that are there now",
            before=TouchSpec(touched=held.touched),
            after=TouchSpec(touched=f"after {held.meta.resource_version}"),
            uid=held.meta.uid,
        )
        for held in own
        if held.endpoints
    )
