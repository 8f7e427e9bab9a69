# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The admission policies of mode exclusive: there before the first slice that needs them, gone after the last."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ansible_collections.liqo.fabric.plugins.module_utils._fabric.model import ClusterId, State
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.operations import Verb, in_order
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.propagation.model import (
    ClusterServices,
    Mode,
    PolicySpec,
    Propagation,
    ServiceKey,
    World,
)
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.propagation.operations import SliceKind, SliceOp
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.propagation.plan import plan_services

from tests.unit.build import EDGE, RETAIL
from tests.unit.propagated import after
from tests.unit.reflection import HUB, LEAVES, scene, want

A, B, C = LEAVES
PAIR = scene((A, B))
KINDS = (SliceKind.POLICY, SliceKind.BINDING)
ABSENT = want(state=State.ABSENT)


def ops_on(leaf: ClusterId, wish: Propagation, world: World) -> list[SliceOp]:
    ops = in_order(op for plan in plan_services(wish, world) for op in plan.ops)
    return [op for op in ops if op.cluster == leaf]


def of_policies(leaf: ClusterId, wish: Propagation, world: World) -> list[SliceOp]:
    return [op for op in ops_on(leaf, wish, world) if op.kind in KINDS]


def with_policies(
    world: dict[ClusterId, ClusterServices], leaf: ClusterId, **facts: Any
) -> dict[ClusterId, ClusterServices]:
    held = world[leaf].policies or {}
    return {**world, leaf: replace(world[leaf], policies={key: replace(one, **facts) for key, one in held.items()})}


def test_policies_then_bindings_then_the_slice_that_needs_them() -> None:
    kinds = [op.kind for op in ops_on(A, want(Mode.EXCLUSIVE), PAIR.world())]
    assert kinds == [*[SliceKind.POLICY] * 2, *[SliceKind.BINDING] * 2, SliceKind.SHADOW, SliceKind.SLICE]
    shadow = ops_on(A, want(Mode.EXCLUSIVE), PAIR.world())[4]
    assert {op.id for op in of_policies(A, want(Mode.EXCLUSIVE), PAIR.world())} <= shadow.needs


def test_a_leaf_without_such_a_slice_gets_no_policy() -> None:
    assert of_policies(C, want(Mode.EXCLUSIVE), PAIR.world()) == []
    assert of_policies(A, want(Mode.SHADOW), PAIR.world()) == []
    assert of_policies(A, want(Mode.EXCLUSIVE), scene((A, B), policies=frozenset({B})).world()) == []


def test_a_policy_that_was_changed_is_written_again() -> None:
    world = with_policies(after(want(Mode.EXCLUSIVE), PAIR), A, intact=False)
    ops = of_policies(A, want(Mode.EXCLUSIVE), world)
    assert [(op.verb, op.after) for op in ops] == [(Verb.UPDATE, PolicySpec(owners=frozenset({RETAIL})))] * 4


def test_a_changed_policy_on_a_leaf_outside_the_scope_is_left_alone() -> None:
    world = with_policies(after(want(Mode.EXCLUSIVE), PAIR), B, intact=False)
    assert len(of_policies(B, want(Mode.EXCLUSIVE), world)) == 4
    assert of_policies(B, want(Mode.EXCLUSIVE, leaves=frozenset({A})), world) == []


def test_another_fabric_joins_and_the_last_one_removes() -> None:
    ours = after(want(Mode.EXCLUSIVE), PAIR)
    theirs = replace(want(Mode.EXCLUSIVE), fabric=EDGE)
    joined = PolicySpec(owners=frozenset({RETAIL, EDGE}))
    assert [op.after for op in of_policies(A, theirs, ours)] == [joined] * 4
    both = with_policies(ours, A, owners=frozenset({RETAIL, EDGE}))
    assert [op.after for op in of_policies(A, ABSENT, both)] == [PolicySpec(owners=frozenset({EDGE}))] * 4
    foreign = with_policies(ours, A, owners=frozenset({EDGE}))
    assert of_policies(A, ABSENT, foreign) == []


def test_bindings_and_then_policies_go_after_the_last_slice() -> None:
    world = after(want(Mode.EXCLUSIVE), PAIR)
    ops = ops_on(A, ABSENT, world)
    assert [op.kind for op in ops][-4:] == [*[SliceKind.BINDING] * 2, *[SliceKind.POLICY] * 2]
    for op in ops[-4:]:
        assert op.verb is Verb.DELETE
        assert {one.id for one in ops[:-4]} <= op.needs


def test_policies_stay_while_a_slice_of_another_service_relies_on_them() -> None:
    world = after(want(Mode.EXCLUSIVE), PAIR)
    here = world[A]
    (held,) = here.shadows
    other = replace(
        held,
        meta=replace(held.meta, name="lf-db.leaf-b"),
        service="db",
        owners=frozenset({EDGE}),
        key=ServiceKey(HUB, "demo", "db"),
    )
    shared = {**world, A: replace(here, shadows=(held, other))}
    assert [op.after for op in of_policies(A, ABSENT, shared)] == [PolicySpec(owners=frozenset({EDGE}))] * 4
    assert any(op.verb is Verb.DELETE for op in ops_on(A, ABSENT, shared))


def test_a_release_waits_for_no_slice_that_waits_for_the_same_policy() -> None:
    world = after(want(Mode.EXCLUSIVE), PAIR)
    both = frozenset({RETAIL, EDGE})
    here = with_policies(world, A, owners=both, intact=False)[A]
    (held,) = here.shadows
    slices = tuple(
        replace(one, endpoints=tuple(replace(endpoint, ready=True) for endpoint in one.endpoints))
        for one in here.slices
    )
    shared = {**world, A: replace(here, shadows=(replace(held, owners=both),), slices=slices)}
    ops = ops_on(A, ABSENT, shared)
    assert [op.verb for op in ops if op.kind in KINDS] == [Verb.UPDATE] * 4
    assert SliceKind.SLICE in {op.kind for op in ops}
