# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Laws of planning, over wishes and states that no table would think of."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.model import ClusterId, FabricName, Pair, Shortcut
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.objects import ClusterState, Kind, Side
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.operations import LinkPlan, Op, Verb
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.plan import plan_link
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.removal import (
    outcome_of,
    owned_pairs,
    plan_removal,
)
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.report import Outcome
from hypothesis import assume, given
from hypothesis import strategies as st

from tests.unit.build import EDGE, HELD_KINDS, RETAIL, cluster, link, of_kind, pair, shortcut, with_kind, with_side
from tests.unit.pretend_liqo import World, run, settle, unreached
from tests.unit.strategies import OWNED, law, wishes, worlds, worlds_of_ours, worlds_shared, worlds_without_others

A, B = ClusterId("leaf-a"), ClusterId("leaf-b")
ROUNDS = 3
"""After so many rounds of planning and acting a run gives up (see _run/reconcile.py)."""

SETTINGS = st.dictionaries(
    st.sampled_from([RETAIL, EDGE]),
    st.dictionaries(st.sampled_from(["mtu", "port", "endpoint"]), st.sampled_from(["1", "9000", "as advertised"])),
)
"""What a cluster may write down as the settings of each fabric."""

orders = st.randoms(use_true_random=False).map(lambda random: random.choice)
"""Which of the operations that are ready goes first: a run sends them all at once."""
Order = Callable[[Sequence[Op]], Op]


def plan(wish: Shortcut, world: World) -> LinkPlan:
    """With force, since a quarrel with another owner blocks a link; that has its own tests."""
    found = plan_link(wish, world.clusters[A], world.clusters[B], fabric=RETAIL, force_conflicts=True)
    assert found.blocked is None, str(found.blocked)
    return found


def removal(world: World, fabric: FabricName = RETAIL) -> LinkPlan:
    found = plan_removal(pair(), world.clusters[A], world.clusters[B], fabric=fabric)
    assert found.blocked is None, str(found.blocked)
    return found


def removed(world: World, pick: Order) -> tuple[World, LinkPlan]:
    """The world after as many rounds of planning and acting as a run makes, and the last plan."""
    for _ in range(ROUNDS):
        found = removal(world)
        world = settle(run(found, world, pick=pick))
    assert removal(world).ops == ()
    return world, found


def sides(world: World) -> tuple[Side, Side]:
    return world.side(A, B), world.side(B, A)


def bystanders(world: World) -> list[tuple[ClusterId, Side]]:
    """Everything that the pair does not concern."""
    return [
        (state.id, side)
        for state in world.clusters.values()
        for side in state.sides.values()
        if side.peer not in (A, B)
    ]


@law
@given(wishes, worlds, orders)
def test_planning_after_applying_is_empty_and_the_tunnel_is_up(wish: Shortcut, world: World, pick: Order) -> None:
    first = plan(wish, world)
    after = settle(run(first, world, pick=pick))
    assert plan(wish, after).ops == ()
    assert unreached(first, after) == []


@law
@given(wishes, worlds, orders)
def test_slow_controllers_cost_rounds_but_change_nothing(wish: Shortcut, world: World, pick: Order) -> None:
    for _ in range(ROUNDS):
        found = plan(wish, world)
        world = settle(run(found, world, pick=pick, eager=False))
    assert plan(wish, world).ops == ()
    assert unreached(found, world) == []


@law
@given(wishes, worlds, orders, st.integers(0, 10), st.booleans(), st.booleans())
def test_a_run_that_dies_after_any_write_is_healed_by_the_next(
    wish: Shortcut, world: World, pick: Order, steps: int, eager: bool, later: bool
) -> None:
    died = run(plan(wish, world), world, pick=pick, steps=steps, eager=eager)
    found = settle(died) if later else died
    healed = run(plan(wish, found), found, pick=pick)
    again = plan(wish, settle(healed))
    healed = run(again, settle(healed))
    assert plan(wish, settle(healed)).ops == ()
    assert unreached(again, healed) == []


@law
@given(wishes, worlds)
def test_the_order_of_clusters_changes_nothing(wish: Shortcut, world: World) -> None:
    a, b = (_shuffled(world.clusters[name]) for name in (A, B))
    assert plan_link(wish, b, a, fabric=RETAIL, force_conflicts=True) == plan(wish, world)
    assert plan_removal(pair("leaf-b", "leaf-a"), b, a, fabric=RETAIL) == removal(world)


@law
@given(wishes, worlds)
def test_operations_come_after_all_that_they_need(wish: Shortcut, world: World) -> None:
    for found in (plan(wish, world), removal(world)):
        ids = [op.id for op in found.ops]
        assert len(ids) == len(set(ids))
        for index, op in enumerate(found.ops):
            assert op.needs <= set(ids[:index]), op.id


@law
@given(wishes, worlds)
def test_a_plan_writes_only_to_its_own_pair(wish: Shortcut, world: World) -> None:
    for found in (plan(wish, world), removal(world)):
        assert all(Pair.of(op.cluster, op.peer) == pair() for op in found.ops)
        assert bystanders(run(found, world)) == bystanders(world)


@law
@given(wishes, worlds)
def test_planning_creates_what_is_missing_and_never_deletes_a_gateway(wish: Shortcut, world: World) -> None:
    for op in plan(wish, world).ops:
        assert op.verb is not Verb.DELETE or op.kind == "Configuration"


@law
@given(wishes, worlds)
def test_a_mark_is_never_put_on_what_was_made_by_hand(wish: Shortcut, world: World) -> None:
    after = run(plan(wish, world), world)
    by_hand = {held.meta.uid for side in sides(world) for held in side.held() if not held.spec.owners}
    assert not [held for side in sides(after) for held in side.held() if held.meta.uid in by_hand and held.spec.owners]


@law
@given(worlds_without_others, orders)
def test_removal_leaves_nothing_of_ours_and_all_the_rest(world: World, pick: Order) -> None:
    after, last = removed(world, pick)
    for before, side in zip(sides(world), sides(after), strict=True):
        assert side == Side(
            cluster=side.cluster,
            peer=side.peer,
            namespaces=tuple(held for held in before.namespaces if not held.spec.owners),
        )
    assert unreached(last, after) == []
    assert bystanders(after) == bystanders(world)


@law
@given(worlds_without_others, orders, st.integers(0, 12), st.booleans(), st.booleans())
def test_a_removal_that_dies_after_any_write_is_finished_by_the_next(
    world: World, pick: Order, steps: int, eager: bool, later: bool
) -> None:
    died = run(removal(world), world, pick=pick, steps=steps, eager=eager)
    healed, last = removed(settle(died) if later else died, pick)
    whole, _ = removed(world, pick)
    assert sides(healed) == sides(whole)
    assert unreached(last, healed) == []


@law
@given(worlds_of_ours, orders, st.integers(0, 12))
def test_an_unfinished_removal_of_our_own_link_is_found_again_by_its_mark(
    world: World, pick: Order, steps: int
) -> None:
    world = settle(world)
    assume(all(side.namespaces for side in sides(world)))
    died = settle(run(removal(world), world, pick=pick, steps=steps))
    left = [side for side in sides(died) if side.held() or side.foreign_cluster]
    assert not left or pair() in owned_pairs(tuple(died.clusters.values()), RETAIL)


@law
@given(worlds_shared)
def test_removal_takes_only_its_own_mark_from_what_another_fabric_wants(world: World) -> None:
    found = removal(world)
    after = run(found, world, eager=False)
    assert all(op.verb is Verb.UPDATE for op in found.ops)
    assert _owners(after) == _owners(world) - {RETAIL}
    assert [_unmarked(side) for side in sides(after)] == [_unmarked(side) for side in sides(world)]


@law
@given(worlds_without_others, worlds, st.booleans())
def test_whatever_one_cluster_marks_the_side_of_the_other_goes_in_the_same_way(
    honest: World, other: World, named: bool
) -> None:
    """Any state of leaf-b with any marks beside the same leaf-a."""

    def of_a(b: ClusterState) -> tuple[Op, ...]:
        found = plan_removal(pair(), honest.clusters[A], b, fabric=RETAIL, named=named)
        return tuple(op for op in found.ops if op.cluster == A)

    assert of_a(other.clusters[B]) == of_a(honest.clusters[B]) == of_a(cluster("leaf-b"))


@law
@given(
    wishes, worlds, st.sampled_from(OWNED), st.dictionaries(st.sampled_from([RETAIL, EDGE]), SETTINGS), st.booleans()
)
def test_whatever_marks_and_settings_one_cluster_writes_the_other_side_is_made_in_the_same_way(
    wish: Shortcut,
    world: World,
    owned: frozenset[FabricName],
    settings: dict[FabricName, dict[str, str]],
    force: bool,
) -> None:
    """Where it claims that another fabric wants the link otherwise, the link may be blocked; nothing else."""

    def of_a(b: ClusterState) -> tuple[Op, ...] | None:
        found = plan_link(wish, world.clusters[A], b, fabric=RETAIL, force_conflicts=force)
        return None if found.blocked else tuple(op for op in found.ops if op.cluster == A)

    claims = world.side(B, A)
    for kind in HELD_KINDS:
        marks = {"owners": owned, "wishes": settings if kind in (Kind.SERVER, Kind.CLIENT) else None}
        marked = [replace(held, spec=replace(held.spec, **marks)) for held in of_kind(claims, kind)]
        claims = with_kind(claims, kind, marked)
    plain, claimed = of_a(_without_settings(world.clusters[B])), of_a(with_side(world.clusters[B], claims))
    assert claimed == plain or (claimed is None and not force)


def _without_settings(state: ClusterState) -> ClusterState:
    return with_side(state, _unmarked(state.side(A)))


@law
@given(worlds, orders, st.booleans())
def test_a_link_is_called_removed_only_when_nothing_of_it_is_left(world: World, pick: Order, named: bool) -> None:
    def planned(now: World) -> LinkPlan:
        return plan_removal(pair(), now.clusters[A], now.clusters[B], fabric=RETAIL, named=named)

    after, done = world, list[Op]()
    for _ in range(ROUNDS):
        found = planned(after)
        done += found.ops
        after = settle(run(found, after, pick=pick))
    last = planned(after)
    assert last.ops == ()
    left = [side.cluster for side in sides(after) if side.link_objects()]
    outcome = outcome_of(last, done)
    assert (outcome is Outcome.REMOVED) == (not left and any(op.verb is Verb.DELETE for op in done))
    assert (outcome is Outcome.PARTLY_REMOVED) == (bool(left) and any(op.verb is Verb.DELETE for op in done))
    assert last.stays_on == set(left)
    assert len(last.notes) >= bool(left)


@law
@given(worlds)
def test_removal_never_names_what_is_not_ours(world: World) -> None:
    uids = {held.meta.uid for side in sides(world) for held in side.held()}
    by_hand = {held.meta.uid for side in sides(world) for held in side.namespaces if not held.spec.owners}
    roles = {side.foreign_cluster.meta.uid for side in sides(world) if side.foreign_cluster}
    named = {op.uid for op in removal(world).ops}
    assert named <= (uids | roles) - by_hand


@pytest.mark.parametrize("first", ["leaf-a", "leaf-b"])
def test_the_pretended_controllers_leave_a_healthy_link_alone(first: str) -> None:
    world = settle(World.of(*link(first, "leaf-b" if first == "leaf-a" else "leaf-a")))
    assert plan(shortcut(), world).ops == ()
    assert unreached(plan(shortcut(), world), world) == []


def test_the_pretended_tunnel_is_down_until_the_last_write() -> None:
    world = World.of(cluster("leaf-a"), cluster("leaf-b"))
    found = plan(shortcut(), world)
    reached = [not unreached(found, run(found, world, steps=steps)) for steps in range(len(found.ops) + 1)]
    assert reached == [False] * len(found.ops) + [True]


def _shuffled(state: ClusterState) -> ClusterState:
    return replace(state, sides=dict(reversed(list(state.sides.items()))))


def _owners(world: World) -> frozenset[FabricName]:
    return frozenset().union(*(side.owners() for side in sides(world)))


def _unmarked(side: Side) -> Side:
    for kind in HELD_KINDS:
        bare = [replace(held, spec=replace(held.spec, owners=frozenset())) for held in of_kind(side, kind)]
        side = with_kind(side, kind, bare)
    return side
