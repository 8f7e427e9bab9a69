# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is done on one leaf, and in which order: no pod is ever out of reach, no address ever leads to strangers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.errors import FabricError, FailureName
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.model import ClusterId, State
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.objects import Cidrs
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.operations import in_order
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.propagation.leaf_plan import LeafPlan, plan_leaf
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.propagation.model import (
    ClusterServices,
    Mode,
    Origin,
    Propagation,
    ShadowSpec,
    SlicePort,
    Use,
    World,
)
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.propagation.modes import Choice
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.propagation.offers import offers_of
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.propagation.operations import (
    FactName,
    SliceFact,
    SliceOp,
)

from tests.unit import build
from tests.unit.build import EDGE, RETAIL
from tests.unit.propagated import after, hiding, unread, with_side
from tests.unit.reflection import HUB, LEAVES, MESH, REMOTE, WEB, pods_cidr, scene, want

A, B, C = LEAVES
PAIR = scene((A, B))
"""One shortcut, so that leaf-a has one slice of ours."""
POLICIES = frozenset({"the policies"})
DIRECT = SliceFact(name=FactName.DIRECT, cluster=A, hub=HUB, namespace=REMOTE, service="web")
CREATE = f"create leaf-a/ShadowEndpointSlice/{REMOTE}/lf-web.leaf-b"
UPDATE = f"update leaf-a/ShadowEndpointSlice/{REMOTE}/lf-web.leaf-b"
DELETE = f"delete leaf-a/ShadowEndpointSlice/{REMOTE}/lf-web.leaf-b"
TOUCH = f"update leaf-a/EndpointSlice/{REMOTE}/web-1"


def planned(world: World, mode: Mode | None, wish: Propagation | None = None, *, keep: bool = False) -> LeafPlan:
    hub = world[HUB]
    assert isinstance(hub, ClusterServices)
    return plan_leaf(
        wish or want(mode or Mode.SHADOW),
        world,
        offers_of(world, hub, WEB),
        A,
        Choice(mode=mode, reason="as declared"),
        first=POLICIES,
        before_removal=(DIRECT,),
        keep=keep,
    )


def ordered(plan: LeafPlan) -> list[str]:
    return [op.id for op in in_order(plan.ops)]


def by_id(plan: LeafPlan) -> dict[str, SliceOp]:
    return {op.id: op for op in plan.ops}


def awaited(op: SliceOp) -> list[FactName]:
    return [fact.name for fact in op.awaits]


def spec_after(op: SliceOp) -> ShadowSpec:
    assert isinstance(op.after, ShadowSpec)
    return op.after


def test_the_direct_copy_is_there_before_the_one_through_the_hub_goes_out_of_use() -> None:
    plan = planned(PAIR.world(), Mode.EXCLUSIVE)
    assert ordered(plan) == [CREATE, TOUCH]
    create, touch = by_id(plan)[CREATE], by_id(plan)[TOUCH]
    assert create.needs == POLICIES
    assert touch.needs == POLICIES | {CREATE}
    assert awaited(touch) == [FactName.MIRRORED]
    assert [goal.name for goal in plan.goals] == [FactName.MIRRORED, FactName.SETTLED]


def test_a_second_path_needs_no_policy_and_no_touch() -> None:
    plan = planned(PAIR.world(), Mode.SHADOW)
    assert ordered(plan) == [CREATE]
    assert by_id(plan)[CREATE].needs == frozenset()
    assert [goal.name for goal in plan.goals] == [FactName.MIRRORED]


def test_the_copies_through_the_hub_are_back_before_the_direct_ones_go() -> None:
    plan = planned(after(want(Mode.EXCLUSIVE), PAIR), None)
    assert ordered(plan) == [UPDATE, TOUCH, DELETE]
    ops = by_id(plan)
    assert spec_after(ops[UPDATE]).use is Use.LEAVING
    assert ops[TOUCH].needs == {UPDATE}
    assert awaited(ops[TOUCH]) == [FactName.MIRRORED]
    assert ops[DELETE].needs == {UPDATE, TOUCH}
    assert awaited(ops[DELETE]) == [FactName.DIRECT, FactName.SETTLED]


def test_a_shortcut_that_will_be_removed_is_left_in_the_same_order_and_the_others_stay() -> None:
    world = after(want(Mode.EXCLUSIVE), scene(*MESH))
    plan = planned(world, Mode.EXCLUSIVE, want(Mode.EXCLUSIVE, leaving=frozenset({build.pair(A, B)})))
    assert ordered(plan) == [UPDATE, TOUCH, DELETE]
    assert FactName.SETTLED in awaited(by_id(plan)[DELETE])


def test_a_second_path_goes_at_once_when_what_takes_its_place_holds() -> None:
    plan = planned(after(want(Mode.SHADOW), PAIR), None)
    assert ordered(plan) == [DELETE]
    assert awaited(by_id(plan)[DELETE]) == [FactName.DIRECT]
    assert [goal.name for goal in plan.goals] == [FactName.UNMIRRORED]


def test_from_exclusive_to_shadow_the_copies_come_back_in_between() -> None:
    plan = planned(after(want(Mode.EXCLUSIVE), PAIR), Mode.SHADOW)
    assert ordered(plan) == [UPDATE, TOUCH, f"{UPDATE} again"]
    first, second = by_id(plan)[UPDATE], by_id(plan)[f"{UPDATE} again"]
    assert [spec_after(op).use for op in (first, second)] == [Use.LEAVING, Use.ADDITIVE]
    assert second.before == first.after
    assert awaited(second) == [FactName.SETTLED]


def test_from_shadow_to_exclusive_the_slice_changes_only_after_the_policies() -> None:
    plan = planned(after(want(Mode.SHADOW), PAIR), Mode.EXCLUSIVE)
    assert ordered(plan) == [UPDATE, TOUCH]
    assert by_id(plan)[UPDATE].needs == POLICIES
    assert by_id(plan)[UPDATE].reason == "the direct path must be the only one"


@pytest.mark.parametrize("mode", [Mode.SHADOW, Mode.EXCLUSIVE, None])
def test_a_slice_whose_shortcut_is_gone_goes_before_anything_else(mode: Mode | None) -> None:
    world = with_side(after(want(Mode.EXCLUSIVE), scene(*MESH)), A, B)
    plan = planned(world, mode)
    assert ordered(plan)[0] == DELETE
    lost = by_id(plan)[DELETE]
    assert (lost.needs, lost.awaits) == (frozenset(), ())
    assert lost.reason == "its shortcut to leaf-b is gone, so that its addresses lead to strangers"
    touch = by_id(plan)[TOUCH]
    assert DELETE in touch.needs
    assert FactName.UNMIRRORED in awaited(touch)


def test_what_is_not_wished_for_is_kept_as_long_as_its_shortcut() -> None:
    world = after(want(Mode.EXCLUSIVE), scene(*MESH))
    plan = planned(world, None, keep=True)
    assert plan.ops == ()
    assert DELETE in ordered(planned(with_side(world, A, B), None, keep=True))


def test_a_slice_with_pods_of_a_leaf_that_was_not_read_stays_unless_all_shall_go() -> None:
    world: World = {**after(want(Mode.SHADOW), PAIR), B: unread(B)}
    assert planned(world, Mode.SHADOW).ops == ()
    assert ordered(planned(world, None, want(state=State.ABSENT))) == [DELETE]


@pytest.mark.parametrize("keep", [True, False])
def test_a_slice_whose_shortcut_our_rights_hide_stays(keep: bool) -> None:
    made = after(want(Mode.SHADOW), PAIR)
    world = with_side({**made, A: hiding(made[A], "Configuration", B)}, A, B, configurations=())
    assert planned(world, None if keep else Mode.SHADOW, keep=keep).ops == ()
    assert DELETE in ordered(planned(with_side(made, A, B, configurations=()), Mode.SHADOW))


def test_two_fabrics_share_a_slice_and_the_last_one_removes_it() -> None:
    theirs = after(replace(want(Mode.SHADOW), fabric=EDGE), PAIR)
    (joins,) = planned(theirs, Mode.SHADOW).ops
    assert (joins.id, spec_after(joins).owners) == (UPDATE, build.owners(EDGE, RETAIL))
    both, held = dict(theirs), theirs[A].shadows[0]
    both[A] = replace(both[A], shadows=(replace(held, owners=frozenset({EDGE, RETAIL})),))
    (leaves,) = planned(both, None).ops
    assert (leaves.id, spec_after(leaves).owners) == (UPDATE, build.owners(EDGE))
    assert planned(theirs, None).ops == ()


def test_two_fabrics_that_want_a_service_differently_are_refused() -> None:
    theirs = after(replace(want(Mode.EXCLUSIVE), fabric=EDGE), PAIR)
    with pytest.raises(FabricError) as refused:
        planned(theirs, Mode.SHADOW)
    assert refused.value.fault is FailureName.OWNERS_DISAGREE
    assert refused.value.what == "retail and edge want hub:demo/web differently"
    assert refused.value.why == "mode: exclusive and shadow"
    assert refused.value.where == f"leaf-a, ShadowEndpointSlice {REMOTE}/lf-web.leaf-b"


def test_no_update_is_planned_where_all_is_as_wished() -> None:
    for mode in (Mode.SHADOW, Mode.EXCLUSIVE):
        assert planned(after(want(mode), PAIR), mode).ops == ()


Change = Callable[[dict[ClusterId, ClusterServices]], World]


def moved(world: dict[ClusterId, ClusterServices]) -> World:
    native = world[B].slices[0]
    elsewhere = (replace(native.endpoints[0], addresses=(pods_cidr(B).replace(".0.0/16", ".9.9"),)),)
    changed = tuple(replace(one, endpoints=elsewhere) if one is native else one for one in world[B].slices)
    return {**world, B: replace(world[B], slices=changed)}


def with_another_port(world: dict[ClusterId, ClusterServices]) -> World:
    def changed(here: ClusterServices) -> ClusterServices:
        native = [one for one in here.slices if one.origin is Origin.NATIVE]
        other = tuple(replace(one, ports=(SlicePort(port=81),)) if one in native else one for one in here.slices)
        return replace(here, slices=other)

    return {**world, HUB: changed(world[HUB]), B: changed(world[B])}


def remapped_anew(world: dict[ClusterId, ClusterServices]) -> World:
    (held,) = world[A].state.side(B).configurations
    return with_side(world, A, B, configurations=(replace(held, remap=Cidrs(pod=("10.99.0.0/16",))),))


def dead(world: dict[ClusterId, ClusterServices]) -> World:
    return with_side(world, B, A, connections=(build.connection(B, A, value="Error"),))


@pytest.mark.parametrize(
    ("change", "reason", "field"),
    [
        (moved, "pods of leaf-b moved: 1 new, 1 gone", "endpoints"),
        (with_another_port, "the ports changed", "ports"),
        (remapped_anew, "the addresses of leaf-b are mapped elsewhere now", "remap"),
        (dead, "the tunnel to leaf-b is dead, as its other end says", "endpoints"),
    ],
)
def test_an_update_names_its_reason_and_writes_only_that(change: Change, reason: str, field: str) -> None:
    (op,) = planned(change(after(want(Mode.SHADOW), PAIR)), Mode.SHADOW).ops
    assert (op.id, op.reason, [one.field for one in op.changes]) == (UPDATE, reason, [field])
