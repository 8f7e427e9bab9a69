# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plan of whole Services: the annotation on the hub, what is in the way, and what belongs to nothing any more."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.errors import FabricError, FailureName
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.model import ClusterId, FabricName, State
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.objects import Meta
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.propagation.gate import Reason
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.propagation.model import (
    ClusterServices,
    DirectSpec,
    Mode,
    Propagation,
    ServiceKey,
    ServiceWish,
    TouchSpec,
    World,
)
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.propagation.operations import (
    FactName,
    ServicePlan,
    SliceKind,
    SliceOp,
)
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.propagation.plan import plan_services
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.selectors import parse_selector

from tests.unit.build import EDGE, RETAIL
from tests.unit.propagated import after, unread, with_side
from tests.unit.reflection import HUB, LEAVES, MESH, WEB, scene, want

A, B, C = LEAVES
FULL, PAIR = scene(*MESH), scene((A, B))
GONE = ServiceKey(HUB, "demo", "gone")


def plan_of(wish: Propagation, world: World, key: ServiceKey = WEB) -> ServicePlan:
    (found,) = [plan for plan in plan_services(wish, world) if plan.key == key]
    return found


def switched(world: Mapping[ClusterId, ClusterServices], **facts: Any) -> dict[ClusterId, ClusterServices]:
    """Other facts about the Service on the hub."""
    hub = world[HUB]
    return {**world, HUB: replace(hub, services=tuple(replace(one, **facts) for one in hub.services))}


def written_annotations(plan: ServicePlan) -> list[tuple[bool, frozenset[FabricName]]]:
    """What the plan writes on the Service: on or off, and for whom."""
    return [(op.after.direct, op.after.owners) for op in plan.ops if isinstance(op.after, DirectSpec)]


def kinds(plan: ServicePlan) -> set[tuple[ClusterId, SliceKind]]:
    return {(op.cluster, op.kind) for op in plan.ops}


def problem(plan: ServicePlan, cluster: ClusterId = HUB) -> FabricError:
    found = plan.blocked[cluster]
    assert isinstance(found, FabricError)
    return found


def test_an_open_gate_switches_direct_connections_on_and_every_leaf_must_follow() -> None:
    plan = plan_of(want(Mode.UPSTREAM), FULL.world())
    assert written_annotations(plan) == [(True, frozenset({RETAIL}))]
    assert {(goal.name, goal.cluster, goal.pods) for goal in plan.goals} == {
        (FactName.DIRECT, A, frozenset({"web-b", "web-c"})),
        (FactName.DIRECT, B, frozenset({"web-a", "web-c"})),
        (FactName.DIRECT, C, frozenset({"web-a", "web-b"})),
    }


def test_the_guard_takes_away_what_we_switched_on_once_a_gate_closes() -> None:
    world = after(want(Mode.UPSTREAM), FULL)
    down = with_side(world, A, B, connections=())
    plan = plan_of(want(Mode.UPSTREAM), down)
    assert written_annotations(plan) == [(False, frozenset())]
    (op,) = plan.ops
    assert op.reason == "the gate is closed: leaf-a to leaf-b: the Connection of leaf-a to leaf-b is missing"
    assert {goal.name for goal in plan.goals} == {FactName.RETURNED}
    assert plan.blocked == {}


def test_the_guard_acts_also_when_another_fabric_wants_it_too() -> None:
    world = switched(after(want(Mode.UPSTREAM), FULL), owners=frozenset({RETAIL, EDGE}))
    plan = plan_of(want(Mode.UPSTREAM), with_side(world, A, B, connections=()))
    assert written_annotations(plan) == [(False, frozenset({EDGE}))]


@pytest.mark.parametrize("owners", [frozenset(), frozenset({EDGE})])
def test_what_somebody_else_switched_on_stays_with_a_note(owners: frozenset[FabricName]) -> None:
    plan = plan_of(want(Mode.UPSTREAM), switched(PAIR.world(), direct=True, owners=owners))
    assert plan.ops == ()
    (note,) = plan.notes
    assert note.startswith("somebody else switched direct connections of hub:demo/web on, although leaf-a to leaf-c: ")
    plan = plan_of(want(Mode.SHADOW), switched(FULL.world(), direct=True, owners=owners))
    assert written_annotations(plan) == []


def test_of_a_hand_set_annotation_that_is_right_nothing_is_written_or_said() -> None:
    world = after(want(Mode.UPSTREAM), FULL)
    plan = plan_of(want(Mode.UPSTREAM), switched(world, owners=frozenset()))
    assert (plan.ops, plan.notes) == ((), ())


def test_a_fabric_joins_another_ones_annotation_and_takes_only_its_mark_away() -> None:
    theirs = after(replace(want(Mode.UPSTREAM), fabric=EDGE), FULL)
    joined = frozenset({RETAIL, EDGE})
    assert written_annotations(plan_of(want(Mode.UPSTREAM), theirs)) == [(True, joined)]
    both = switched(theirs, owners=joined)
    assert written_annotations(plan_of(want(Mode.UPSTREAM, state=State.ABSENT), both)) == [(True, frozenset({EDGE}))]
    stays = plan_of(want(Mode.SHADOW), both)
    assert written_annotations(stays) == []
    assert stays.notes == ("direct connections of hub:demo/web stay, because of edge",)


def test_an_unread_leaf_does_not_take_the_annotation_away() -> None:
    world: World = {**after(want(Mode.UPSTREAM), FULL), C: unread(C)}
    plan = plan_of(want(Mode.UPSTREAM), world)
    assert plan.ops == ()
    assert problem(plan, C).fault is FailureName.UNREACHABLE


def test_a_gate_that_stays_closed_blocks_mode_upstream_and_says_how_many_more_there_are() -> None:
    plan = plan_of(want(Mode.UPSTREAM), PAIR.world())
    found = problem(plan)
    assert found.fault is FailureName.GATE_CLOSED
    assert found.where == "leaf-a to leaf-c"
    assert found.why == "there is no shortcut between leaf-a and leaf-c (and 3 more)"
    assert {gate.reason for gate in plan.gates} == {Reason.NO_SHORTCUT}
    assert len(plan.gates) == 4


@pytest.mark.parametrize("mode", [Mode.SHADOW, Mode.EXCLUSIVE])
def test_gates_are_named_only_where_they_matter(mode: Mode) -> None:
    assert plan_of(want(mode), PAIR.world()).gates == ()
    assert plan_of(want(Mode.AUTO), PAIR.world()).gates != ()


def test_a_leaf_that_gave_up_on_a_slice_is_kicked_by_way_of_the_hub() -> None:
    world = after(want(Mode.UPSTREAM), FULL)
    stuck = replace(world[A], slices=scene(*MESH).world()[A].slices)
    plan = plan_of(want(Mode.UPSTREAM), {**world, A: stuck})
    (op,) = plan.ops
    assert op.id == "update hub/EndpointSlice/demo/web-1"
    assert op.reason == "so that it is mapped again on leaf-a, with the shortcuts that are there now"
    (held,) = world[HUB].slices
    assert op.after == TouchSpec(touched=f"after {held.meta.resource_version}")


def test_a_namespace_that_a_leaf_does_not_take_is_named_and_the_other_leaves_go_on() -> None:
    world = FULL.world()
    hub = world[HUB]
    clash = tuple(replace(one, phase="CreationLoopBackOff" if one.leaf == C else one.phase) for one in hub.mappings)
    plan = plan_of(want(Mode.SHADOW), {**world, HUB: replace(hub, mappings=clash)})
    found = problem(plan, C)
    assert found.fault is FailureName.NAMESPACE_CLASH
    assert found.where == "hub, NamespaceMap of leaf-c"
    assert found.why.startswith("its phase is CreationLoopBackOff: demo-hub is there already")
    assert kinds(plan) == {(A, SliceKind.SHADOW), (B, SliceKind.SHADOW)}


def test_a_service_that_no_hub_has_is_named_with_where_it_is_asked_for() -> None:
    wish = replace(want(), wishes=(ServiceWish(namespace="demo", name="gone", source="services[3]"),))
    found = problem(plan_of(wish, FULL.world(), GONE))
    assert found.fault is FailureName.NO_SERVICE
    assert found.what == "there is no Service demo/gone to be propagated"
    assert found.where == "hub, asked for by services[3]"
    absent = plan_services(replace(wish, state=State.ABSENT), FULL.world())
    assert absent == ()


def test_of_a_hub_that_was_not_read_no_service_is_called_missing() -> None:
    world: World = {**FULL.world(), HUB: unread(HUB)}
    (plan,) = plan_services(want(), world)
    assert problem(plan).fault is FailureName.UNREACHABLE


@pytest.mark.parametrize("state", [State.PRESENT, State.EXACT, State.ABSENT])
def test_behind_a_hub_that_was_not_read_nothing_is_removed(state: State) -> None:
    world: World = {**after(want(Mode.EXCLUSIVE), FULL), HUB: unread(HUB)}
    assert [op.id for plan in plan_services(want(state=state), world) for op in plan.ops] == []


@pytest.mark.parametrize(("selector", "found"), [("app=web", True), ("app!=web", False), ("app in (web, db)", True)])
def test_a_selector_looks_at_the_labels_on_the_hub(selector: str, found: bool) -> None:
    wish = replace(want(), wishes=(ServiceWish(selector=parse_selector(selector), mode=Mode.SHADOW, source="x"),))
    plans = plan_services(wish, FULL.world())
    assert [plan.key for plan in plans if plan.ops] == ([WEB] if found else [])
    assert [plan.blocked for plan in plans if plan.blocked] == []


def test_a_service_that_is_no_longer_wished_for_is_left_by_exact_and_by_absent_only() -> None:
    world = after(want(Mode.SHADOW), FULL)
    nothing = replace(want(), wishes=())
    removals = {
        state: sum(len(plan.ops) for plan in plan_services(replace(nothing, state=state), world))
        for state in (State.PRESENT, State.EXACT, State.ABSENT)
    }
    assert removals == {State.PRESENT: 0, State.EXACT: 6, State.ABSENT: 6}
    other = (ServiceWish(namespace="demo", name="gone", source="services[0]"),)
    assert plan_services(replace(want(), wishes=other, state=State.ABSENT), world)[0].ops == ()


def orphaned(mode: Mode = Mode.SHADOW) -> dict[ClusterId, ClusterServices]:
    """The Service is deleted on the hub, our slices are still on the leaves."""
    world = after(want(mode), PAIR)
    return {**world, HUB: replace(world[HUB], services=())}


def orphan_ops(wish: Propagation, world: World) -> list[SliceOp]:
    return [op for plan in plan_services(wish, world) for op in plan.ops if op.kind is SliceKind.SHADOW]


def test_slices_of_a_service_that_is_gone_go_as_well() -> None:
    ops = orphan_ops(replace(want(), wishes=()), orphaned())
    assert [op.id for op in ops] == [
        "delete leaf-a/ShadowEndpointSlice/demo-hub/lf-web.leaf-b",
        "delete leaf-b/ShadowEndpointSlice/demo-hub/lf-web.leaf-a",
    ]
    assert ops[0].reason == "an orphan: hub:demo/web is gone or no longer reflected here"


def test_a_slice_that_names_a_service_does_not_hide_the_plan_of_that_service() -> None:
    world = FULL.world()
    stray = replace(after(want(Mode.SHADOW), PAIR)[A].shadows[0], meta=Meta(name="x", namespace="elsewhere", uid="u"))
    lying: World = {**world, A: replace(world[A], shadows=(stray,)), C: unread(C)}
    plan = plan_of(want(Mode.SHADOW), lying)
    assert "delete leaf-a/ShadowEndpointSlice/elsewhere/x" in [op.id for op in plan.ops]
    assert set(plan.choices) == {A, B, C}
    assert set(plan.blocked) == {C}


def test_orphans_of_others_and_of_a_hub_that_was_not_read_stay() -> None:
    nothing = replace(want(), wishes=())
    assert orphan_ops(replace(nothing, fabric=EDGE), orphaned()) == []
    assert orphan_ops(replace(nothing, hubs=()), orphaned()) == []
    silent: World = {**orphaned(), HUB: unread(HUB)}
    assert orphan_ops(nothing, silent) == []


def test_slices_in_a_namespace_that_the_hub_no_longer_has_there_go() -> None:
    world = after(want(Mode.SHADOW), PAIR)
    hub = world[HUB]
    left = replace(hub, mappings=tuple(one for one in hub.mappings if one.leaf != A))
    ops = orphan_ops(want(Mode.SHADOW), {**world, HUB: left})
    assert "delete leaf-a/ShadowEndpointSlice/demo-hub/lf-web.leaf-b" in [op.id for op in ops]


@pytest.mark.parametrize("mode", [Mode.SHADOW, Mode.EXCLUSIVE])
def test_no_leaf_outside_the_scope_is_written_to(mode: Mode) -> None:
    only_a = frozenset({A})
    plans = plan_services(want(mode, leaves=only_a), FULL.world())
    assert {op.cluster for plan in plans for op in plan.ops} == {A}
    assert {goal.cluster for plan in plans for goal in plan.goals} == {A}
    retreat = plan_services(want(state=State.ABSENT, leaves=only_a), after(want(mode), FULL))
    assert {op.cluster for plan in retreat for op in plan.ops} == {A}
    strays = orphan_ops(replace(want(), wishes=(), leaves=only_a), orphaned(mode))
    assert {op.cluster for op in strays} == {A}
