# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pods that move between slices: whatever is done first, and however slow Liqo is, each has a ready endpoint."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.model import ClusterId
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.operations import Verb, in_order
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.propagation import assignment
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.propagation.model import (
    ClusterServices,
    Mode,
    Origin,
    Propagation,
    Slice,
    SlicePort,
)
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.propagation.operations import FactName, SliceKind
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.propagated import assert_all_reachable, begun, is_awaited, ops_of, run
from tests.unit.reflection import (
    HTTP,
    HUB,
    LEAVES,
    MESH,
    Reflection,
    Scene,
    just_written,
    places_of,
    scene,
    settled,
    want,
)
from tests.unit.strategies import law

A, B, C = LEAVES
OTHER = SlicePort(name="http", port=9090)
PODS = frozenset(f"web-b{number}" for number in range(5))
SCENE = scene((A, B), pods={A: frozenset({"web-a"}), B: PODS, C: frozenset()})


@pytest.fixture(autouse=True)
def small_slices(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(assignment, "PER_SLICE", 2)


def with_ports(world: Reflection, pods: frozenset[str]) -> Reflection:
    """These pods have the other port from now on, on the hub and on their leaf."""
    for cluster in (HUB, B):
        here = world.clusters[cluster]
        rest = tuple(one for one in here.slices if one.origin is not Origin.NATIVE)
        native = [one for one in here.slices if one.origin is Origin.NATIVE]
        endpoints = [endpoint for one in native for endpoint in one.endpoints]
        parts = tuple(
            replace(
                native[0],
                meta=replace(native[0].meta, name=f"native-{port.port}"),
                endpoints=tuple(one for one in endpoints if (one.pod in pods) is (port is OTHER)),
                ports=(port,),
            )
            for port in (HTTP, OTHER)
        )
        world.clusters[cluster] = replace(here, slices=(*parts, *rest))
    return settled(world)


def anyhow(wish: Propagation, world: Reflection, seed: int) -> Reflection:
    """One plan carried out in any order that it allows, with a Liqo that looks at one slice at a time, in any order."""
    chance = random.Random(seed)
    left = {op.id: op for op in ops_of(wish, world)}
    idle = 0
    while left:
        ready = [op for op in left.values() if not op.needs & left.keys() and is_awaited(op, world)]
        if ready and chance.random() < 0.6:
            op = left.pop(chance.choice(ready).id)
            world, idle = just_written(world, op), 0
        else:
            some = chance.choice(places_of(world))
            world, idle = settled(world, lambda place, some=some: place == some), idle + 1  # type: ignore[misc]
        assert idle < 500, f"nothing can go on: {sorted(left)}"
        assert_all_reachable(world)
    return settled(world)


pods = st.frozensets(st.sampled_from(sorted(PODS)))
modes = st.sampled_from([Mode.SHADOW, Mode.EXCLUSIVE])


@law
@given(pods, pods, modes, modes, st.integers(0, 2**32))
def test_a_pod_that_moves_is_in_one_slice_or_the_other_at_any_moment(
    before: frozenset[str], now: frozenset[str], mode: Mode, then: Mode, seed: int
) -> None:
    world = run(want(mode), with_ports(begun(SCENE), before))
    world = anyhow(want(then), with_ports(world, now), seed)
    assert ops_of(want(then), run(want(then), world)) == ()
    ports = {endpoint.pod: one.ports for one in world.clusters[A].shadows for endpoint in one.endpoints}
    assert ports == {pod: (OTHER,) if pod in now else (HTTP,) for pod in PODS}


@law
@given(pods, pods, modes, st.integers(0, 2**32))
def test_pods_that_come_and_go_leave_the_others_reachable(
    before: frozenset[str], now: frozenset[str], mode: Mode, seed: int
) -> None:
    def only(some: frozenset[str]) -> Scene:
        return replace(SCENE, pods={**SCENE.pods, B: some})

    world = run(want(mode), begun(only(before)))
    fresh = only(now).world()
    for cluster in (HUB, B):
        here = world.clusters[cluster]
        natives = tuple(one for one in fresh[cluster].slices if one.origin is Origin.NATIVE)
        others = tuple(one for one in here.slices if one.origin is not Origin.NATIVE)
        world.clusters[cluster] = replace(here, slices=(*natives, *others))
    world = anyhow(want(mode), settled(world), seed)
    assert {pod for one in world.clusters[A].shadows for pod in one.pods} == now


def with_older_layout(clusters: dict[ClusterId, ClusterServices]) -> Reflection:
    """The slices of leaf-a as an interrupted move leaves them: one pod is in two of them."""
    here = clusters[A]
    first, *rest = here.shadows
    copy = replace(first, meta=replace(first.meta, name="lf-web-leaf-b", uid="u-lf-web-leaf-b"))
    clusters[A] = replace(here, shadows=(first, *rest, copy))
    return settled(Reflection(clusters))


@pytest.mark.parametrize("mode", [Mode.SHADOW, Mode.EXCLUSIVE])
@pytest.mark.parametrize("seed", range(20))
def test_a_move_that_was_interrupted_is_completed(mode: Mode, seed: int) -> None:
    world = anyhow(want(mode), with_older_layout(run(want(mode), begun(SCENE)).clusters), seed)
    listed = [pod for one in world.clusters[A].shadows for pod in one.pods]
    assert sorted(listed) == sorted(PODS)


def test_the_slice_that_takes_is_made_before_the_other_one_gives() -> None:
    world = with_ports(run(want(Mode.SHADOW), begun(SCENE)), frozenset({"web-b0"}))
    ops = {op.name: op for op in ops_of(want(Mode.SHADOW), world)}
    (takes,) = [op for op in ops.values() if op.verb is Verb.CREATE]
    gives = ops["lf-web.leaf-b"]
    assert takes.id in gives.needs
    assert [(fact.name, fact.slice, fact.pods) for fact in gives.awaits] == [
        (FactName.MIRRORED, takes.name, frozenset({"web-b0"}))
    ]


def placed(world: Reflection, pods: dict[ClusterId, frozenset[str]]) -> Reflection:
    """The pods are on other leaves from now on."""
    fresh = scene(*MESH, pods=pods).world()
    for cluster in (HUB, *LEAVES):
        natives = tuple(one for one in fresh[cluster].slices if one.origin is Origin.NATIVE)
        others = tuple(one for one in world.clusters[cluster].slices if one.origin is not Origin.NATIVE)
        world.clusters[cluster] = replace(world.clusters[cluster], slices=(*natives, *others))
    return settled(world)


@pytest.mark.parametrize("mode", [Mode.SHADOW, Mode.EXCLUSIVE])
@pytest.mark.parametrize("seed", range(20))
def test_a_pod_that_another_leaf_runs_now_is_reached_at_any_moment(mode: Mode, seed: int) -> None:
    world = run(want(mode), begun(scene(*MESH)))
    moved = {A: frozenset({"web-a"}), B: frozenset[str](), C: frozenset({"web-b", "web-c"})}
    world = anyhow(want(mode), placed(world, moved), seed)
    assert {one.source: one.pods for one in world.clusters[A].shadows} == {C: {"web-b", "web-c"}}


def test_pods_that_change_places_between_two_leaves_are_planned_in_some_order() -> None:
    swapped = {A: frozenset({"web-a"}), B: frozenset({"web-c"}), C: frozenset({"web-b"})}
    ops = ops_of(want(Mode.EXCLUSIVE), placed(run(want(Mode.EXCLUSIVE), begun(scene(*MESH))), swapped))
    assert len(in_order(ops)) == len(ops)
    assert {op.name for op in ops if op.cluster == A and op.kind is SliceKind.SHADOW} == {
        "lf-web.leaf-b",
        "lf-web.leaf-c",
    }


def names(slices: tuple[Slice, ...]) -> set[str]:
    return {one.meta.name for one in slices}


def test_a_slice_that_has_no_pod_left_goes() -> None:
    world = run(want(Mode.EXCLUSIVE), begun(SCENE))
    assert names(world.clusters[A].shadows) == {"lf-web.leaf-b", "lf-web.leaf-b.2", "lf-web.leaf-b.3"}
    fewer = replace(SCENE, pods={**SCENE.pods, B: PODS - {"web-b2", "web-b3"}}).world()
    world.clusters = {**world.clusters, HUB: fewer[HUB]}
    native = tuple(one for one in fewer[B].slices if one.origin is Origin.NATIVE)
    others = tuple(one for one in world.clusters[B].slices if one.origin is not Origin.NATIVE)
    world.clusters[B] = replace(world.clusters[B], slices=(*native, *others))
    world = run(want(Mode.EXCLUSIVE), settled(world))
    assert names(world.clusters[A].shadows) == {"lf-web.leaf-b", "lf-web.leaf-b.3"}
