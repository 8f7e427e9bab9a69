# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which links Services may still use that they were to be moved off."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.model import ClusterId, Pair, State
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.propagation.model import (
    ClusterServices,
    Mode,
    Propagation,
    Slice,
    World,
)
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.propagation.still_used import still_used

from tests.unit.build import EDGE, RETAIL, pair
from tests.unit.propagated import begun, ops_of, run, unread
from tests.unit.reflection import HUB, LEAVES, MESH, Reflection, scene, want, written

A, B, C = LEAVES
AB, AC, BC = pair(A, B), pair(A, C), pair(B, C)
MODES = (Mode.SHADOW, Mode.EXCLUSIVE, Mode.UPSTREAM)
Clusters = dict[ClusterId, ClusterServices]


def direct(mode: Mode) -> Reflection:
    """After a run in this mode each leaf reaches the pods of both others directly."""
    return run(want(mode), begun(scene(*MESH)))


def used(wish: Propagation, world: World, *, settled: bool = True) -> Mapping[Pair, frozenset[ClusterId]]:
    return still_used(wish, world, settled=settled)


def leaving(mode: Mode, *pairs: Pair, **facts: Any) -> Propagation:
    return want(mode, leaving=frozenset(pairs), **facts)


def changed(world: Clusters, leaf: ClusterId, **facts: Any) -> Clusters:
    """The clusters with other facts in the slices of ours on one leaf for pods of leaf-c."""

    def other(one: Slice) -> Slice:
        return replace(one, **facts) if one.source == C else one

    return {**world, leaf: replace(world[leaf], shadows=tuple(map(other, world[leaf].shadows)))}


@pytest.mark.parametrize("mode", MODES)
def test_before_services_were_moved_both_ends_use_the_link_and_afterwards_none(mode: Mode) -> None:
    world, wish = direct(mode), leaving(mode, AC)
    assert used(wish, world.clusters) == {AC: {A, C}}
    assert used(wish, run(wish, world).clusters) == {}


@pytest.mark.parametrize("mode", MODES)
def test_a_plan_is_taken_as_done(mode: Mode) -> None:
    world, wish = direct(mode), leaving(mode, AC, BC)
    assert still_used(wish, world.clusters, planned=ops_of(wish, world), settled=False) == {}
    nowhere = leaving(mode, AC, BC, leaves=frozenset({A, B}))
    left = {} if mode is Mode.UPSTREAM else {AC: {C}, BC: {C}}
    assert still_used(nowhere, world.clusters, planned=ops_of(nowhere, world), settled=False) == left


@pytest.mark.parametrize("mode", [Mode.SHADOW, Mode.EXCLUSIVE])
def test_a_slice_that_was_not_removed_keeps_its_link_and_no_other_link_of_that_leaf(mode: Mode) -> None:
    world, wish = direct(mode), leaving(mode, AB, AC)
    done = run(wish, direct(mode)).clusters
    stuck = tuple(one for one in world.clusters[A].shadows if one.source == B)
    assert used(wish, {**done, A: replace(done[A], shadows=stuck)}) == {AB: {A}}


def test_what_liqo_made_of_a_slice_counts_until_it_is_gone() -> None:
    before, wish = direct(Mode.SHADOW), leaving(Mode.SHADOW, AC)
    world = before.clusters
    gone = {**world, A: replace(world[A], shadows=tuple(one for one in world[A].shadows if one.source != C))}
    assert used(wish, gone) == {AC: {A, C}}
    # Nobody waited for that.
    assert used(wish, gone, settled=False) == {AC: {C}}


def test_direct_addresses_count_until_they_are_gone() -> None:
    world, wish = direct(Mode.UPSTREAM).clusters, leaving(Mode.UPSTREAM, AC)
    off = {**world, HUB: replace(world[HUB], services=(replace(world[HUB].services[0], direct=False),))}
    assert used(wish, off) == {AC: {A, C}}
    assert used(wish, off, settled=False) == {}


def test_of_a_leaf_that_was_not_read_each_link_that_goes_may_be_used() -> None:
    world = run(leaving(Mode.SHADOW, AC, BC), direct(Mode.SHADOW)).clusters
    assert used(leaving(Mode.SHADOW, AC, BC), {**world, A: unread(A)}) == {AC: {A}}
    assert used(want(Mode.SHADOW, state=State.ABSENT), {**world, A: unread(A)}) == {AB: {A, B}, AC: {A}}


def test_without_the_hub_nothing_was_moved() -> None:
    for mode in MODES:
        world: World = {**direct(mode).clusters, HUB: unread(HUB)}
        assert used(leaving(mode, AC), world) == {AC: {A, C}}


def test_absent_is_about_all_links_of_the_leaves_that_the_run_may_write_to() -> None:
    world = direct(Mode.EXCLUSIVE)
    retreat = want(Mode.EXCLUSIVE, state=State.ABSENT, wishes=())
    assert used(retreat, world.clusters) == {AB: {A, B}, AC: {A, C}, BC: {B, C}}
    assert used(replace(retreat, leaves=frozenset({A})), world.clusters) == {AB: {A}, AC: {A}}
    assert used(retreat, run(retreat, world).clusters) == {}


def test_what_other_fabrics_use_is_theirs_to_keep() -> None:
    world, wish = direct(Mode.SHADOW).clusters, leaving(Mode.SHADOW, AC)
    assert used(wish, changed(world, A, owners=frozenset({EDGE}))) == {AC: {C}}
    assert used(wish, changed(world, A, owners=frozenset({EDGE, RETAIL}))) == {AC: {A, C}}
    shared = Reflection(changed(world, A, owners=frozenset({EDGE, RETAIL})))
    assert still_used(wish, shared.clusters, planned=ops_of(wish, shared), settled=False) == {}
    service = replace(direct(Mode.UPSTREAM).clusters[HUB].services[0], owners=frozenset({EDGE}))
    upstream = direct(Mode.UPSTREAM).clusters
    upstream[HUB] = replace(upstream[HUB], services=(service,))
    assert used(leaving(Mode.UPSTREAM, AC), upstream) == {}


@pytest.mark.parametrize("mode", MODES)
def test_services_that_are_not_declared_any_more_are_moved_off_a_link_that_goes_and_off_no_other(mode: Mode) -> None:
    wish = leaving(mode, AC, wishes=())
    after = run(wish, direct(mode))
    assert used(wish, after.clusters) == {}
    others = leaving(mode, AB, BC)
    assert set(used(others, after.clusters)) == ({AB, BC} if mode is not Mode.UPSTREAM else set())


def test_a_run_that_was_interrupted_names_what_it_left() -> None:
    world, wish = direct(Mode.SHADOW), leaving(Mode.SHADOW, AC, BC)
    first = next(op for op in ops_of(wish, world) if op.cluster == A)
    assert used(wish, written(world, first).clusters) == {AC: {C}, BC: {B, C}}
