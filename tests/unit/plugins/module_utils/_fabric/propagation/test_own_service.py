# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A Service that is the leaf's own: left out on that leaf, named, and the other leaves go on, whatever the mode."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import pytest
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.model import ClusterId
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.operations import Verb
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.propagation.faults import SightFault
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.propagation.model import ClusterServices, Mode, Origin
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.propagation.operations import SliceKind
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.propagation.report import PropagationReport
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.propagation.view import sights
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.report import Outcome

from tests.unit.propagated import after, planned, run
from tests.unit.reflection import HUB, LEAVES, MESH, REMOTE, Reflection, scene, want

A, B, C = LEAVES
FULL = scene(*MESH)
OURS = (Mode.SHADOW, Mode.EXCLUSIVE)
Clusters = dict[ClusterId, ClusterServices]
OF_HUB = frozenset({(REMOTE, "web", HUB)})


def seeing(
    world: Clusters, *, own_on: Iterable[ClusterId] = (), **reflected: frozenset[tuple[str, str, ClusterId]]
) -> Clusters:
    """The clusters when our rights show which Services hubs made on each leaf; on some there is another one."""
    found = dict(world)
    for leaf in LEAVES:
        there = frozenset() if leaf in own_on else OF_HUB
        found[leaf] = replace(world[leaf], reflected=reflected.get(leaf.replace("-", "_"), there))
    return found


def hidden(world: Clusters, leaf: ClusterId) -> Clusters:
    """Our rights do not show Services; the native slices of one leaf belong to another one."""
    here = world[leaf]
    slices = tuple(replace(one, hub=None) if one.origin is Origin.NATIVE else one for one in here.slices)
    return {**world, leaf: replace(here, slices=slices, reflected=None)}


def with_service(world: Clusters, *, selects: bool) -> Clusters:
    hub = world[HUB]
    return {**world, HUB: replace(hub, services=tuple(replace(one, selects=selects) for one in hub.services))}


def faults(report: PropagationReport) -> set[tuple[ClusterId, SightFault]]:
    return {(row.leaf, fault.name) for row in report.rows for fault in row.faults if isinstance(fault.name, SightFault)}


def told(world: Clusters) -> set[tuple[ClusterId, SightFault]]:
    """What propagation_info says, but for what a plan repairs."""
    found = {(sight.leaf, fault.name) for sight in sights(world, [HUB]) for fault in sight.faults}
    return {(leaf, name) for leaf, name in found if name is SightFault.OWN_SERVICE}


@pytest.mark.parametrize("mode", Mode)
def test_where_all_services_are_those_of_the_hub_nothing_is_said(mode: Mode) -> None:
    assert faults(planned(want(mode), seeing(FULL.world()))) == set()
    assert told(seeing(FULL.world())) == set()


@pytest.mark.parametrize("mode", [*OURS, Mode.AUTO])
@pytest.mark.parametrize("selects", [True, False])
def test_the_leaf_is_left_out_and_named_and_the_others_go_on(mode: Mode, selects: bool) -> None:
    full = replace(FULL, hub_remaps=frozenset(LEAVES))
    world = with_service(seeing(full.world(), own_on=[A]), selects=selects)
    report = planned(want(mode), world)
    assert faults(report) == {(A, SightFault.OWN_SERVICE)} == told(world)
    assert {op.cluster for op in report.planned if op.kind is SliceKind.SHADOW} == {B, C}
    rows = {row.leaf: (row.outcome, row.mode) for row in report.rows}
    assert rows[A] == (Outcome.IN_SYNC, None)
    assert rows[B][0] is rows[C][0] is Outcome.CREATED
    assert report.failures == ()


@pytest.mark.parametrize("mode", [Mode.UPSTREAM, Mode.AUTO])
def test_liqos_own_switch_is_one_for_all_leaves_so_that_the_leaf_is_only_named(mode: Mode) -> None:
    world = seeing(FULL.world(), own_on=[A])
    report = planned(want(mode), world)
    assert faults(report) == {(A, SightFault.OWN_SERVICE)}
    assert [(op.cluster, op.kind) for op in report.planned] == [(HUB, SliceKind.SERVICE)]


@pytest.mark.parametrize(
    "reflected",
    [
        frozenset({(REMOTE, "web", ClusterId("another"))}),
        frozenset({("elsewhere", "web", HUB)}),
        frozenset({(REMOTE, "other", HUB)}),
    ],
    ids=["of another hub", "of the hub in another namespace", "another Service of the hub"],
)
def test_what_is_not_this_service_of_this_hub_in_its_namespace_is_not_it(
    reflected: frozenset[tuple[str, str, ClusterId]],
) -> None:
    report = planned(want(Mode.SHADOW), seeing(FULL.world(), leaf_a=reflected))
    assert faults(report) == {(A, SightFault.OWN_SERVICE)}
    assert A not in {op.cluster for op in report.planned}


def test_a_service_of_that_name_elsewhere_on_the_leaf_is_nothing_to_us() -> None:
    more = OF_HUB | {("elsewhere", "web", ClusterId("another"))}
    report = planned(want(Mode.SHADOW), seeing(FULL.world(), leaf_a=more))
    assert faults(report) == set()
    assert {op.cluster for op in report.planned} == {A, B, C}


def test_without_the_right_to_list_services_native_slices_say_the_same() -> None:
    report = planned(want(Mode.SHADOW), hidden(seeing(FULL.world()), A))
    assert faults(report) == {(A, SightFault.OWN_SERVICE)}
    without_selector = with_service(hidden(seeing(FULL.world()), A), selects=False)
    assert faults(planned(want(Mode.SHADOW), without_selector)) == set()


@pytest.mark.parametrize("mode", OURS)
@pytest.mark.parametrize("rights", [True, False])
def test_slices_go_when_the_leafs_service_comes_and_return_when_it_has_gone(mode: Mode, rights: bool) -> None:
    done = after(want(mode), FULL)
    own = seeing(done, own_on=[A]) if rights else hidden(done, A)
    assert told(own) == {(A, SightFault.OWN_SERVICE)}
    report = planned(want(mode), own)
    assert {op.cluster for op in report.planned if op.kind is SliceKind.SHADOW} == {A}
    assert Verb.DELETE in {op.verb for op in report.planned}
    left = run(want(mode), Reflection(own)).clusters
    assert left[A].shadows == ()
    assert [one.source for one in left[B].shadows] == [A, C]
    assert planned(want(mode), left).planned == ()
    native = {one.meta.name: one for one in done[A].slices if one.origin is Origin.NATIVE}
    slices = tuple(native.get(one.meta.name, one) for one in left[A].slices)
    back = seeing({**left, A: replace(left[A], slices=slices)})
    assert [one.source for one in run(want(mode), Reflection(back)).clusters[A].shadows] == [B, C]


@pytest.mark.parametrize("mode", OURS)
def test_a_leaf_to_which_the_namespace_is_not_offloaded_gets_nothing_and_loses_what_it_had(mode: Mode) -> None:
    done = seeing(after(want(mode), FULL), own_on=[A])
    hub = done[HUB]
    world = {**done, HUB: replace(hub, mappings=tuple(one for one in hub.mappings if one.leaf != A))}
    report = planned(want(mode), world)
    assert (faults(report), told(world)) == (set(), set())
    ops = [(op.verb, op.kind) for op in report.planned if op.cluster == A and op.kind is SliceKind.SHADOW]
    assert ops == [(Verb.DELETE, SliceKind.SHADOW)] * 2
