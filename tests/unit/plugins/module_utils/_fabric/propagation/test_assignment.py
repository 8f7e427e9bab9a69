# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which endpoint is in which slice: each where it was, no more slices than needed, and names that never meet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.objects import Meta
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.propagation import assignment
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.propagation.assignment import assigned
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.propagation.desired import slice_name
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.propagation.model import (
    Mode,
    Origin,
    Slice,
    SliceEndpoint,
    SlicePort,
)
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.propagation.offers import Ports
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.propagated import after, ops_of
from tests.unit.reflection import LEAVES, MESH, REMOTE, Reflection, scene, want
from tests.unit.strategies import law

A, B, C = LEAVES
ONE, OTHER = (SlicePort(name="http", port=80),), (SlicePort(name="http", port=81),)
PODS = [f"web-{number}" for number in range(8)]
Layout = Mapping[str, tuple[Ports, frozenset[str]]]


@pytest.fixture(autouse=True)
def small_slices(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(assignment, "PER_SLICE", 3)


def held(name: str, ports: Ports, pods: frozenset[str]) -> Slice:
    return Slice(
        meta=Meta(name=name, namespace=REMOTE),
        service="web",
        origin=Origin.OURS,
        source=B,
        endpoints=tuple(SliceEndpoint(addresses=(f"10.0.0.{PODS.index(pod)}",), pod=pod) for pod in sorted(pods)),
        ports=ports,
    )


def laid_out(wanted: Mapping[str, Ports], before: Layout, *taken: str) -> Layout:
    """The slices after, when these pods are wanted with these ports and the layout was there before."""
    groups: dict[Ports, tuple[SliceEndpoint, ...]] = {}
    for pod in sorted(wanted):
        endpoint = SliceEndpoint(addresses=(f"10.0.0.{PODS.index(pod)}",), pod=pod)
        groups[wanted[pod]] = (*groups.get(wanted[pod], ()), endpoint)
    slices = [held(name, *content) for name, content in before.items()]
    found = assigned(groups, slices, lambda number: slice_name("web", B, number), {*before, *taken})
    return {name: (ports, frozenset(one.pod for one in endpoints)) for name, (ports, endpoints) in found.items()}


def pods(*numbers: int) -> frozenset[str]:
    return frozenset(PODS[number] for number in numbers)


wishes = st.dictionaries(st.sampled_from(PODS), st.sampled_from([ONE, OTHER]))
layouts = st.dictionaries(
    st.sampled_from(["lf-web.leaf-b", "lf-web-leaf-b", "lf-web.leaf-b.2", "x"]),
    st.tuples(st.sampled_from([ONE, OTHER]), st.frozensets(st.sampled_from(PODS), max_size=5)),
)


@law
@given(wishes, layouts)
def test_every_wanted_pod_is_in_one_slice_with_its_ports(wanted: Mapping[str, Ports], before: Layout) -> None:
    found = laid_out(wanted, before)
    assert sorted(pod for _ports, inside in found.values() for pod in inside) == sorted(wanted)
    assert all(wanted[pod] == ports for ports, inside in found.values() for pod in inside)
    assert all(0 < len(inside) <= 3 for _ports, inside in found.values())


@law
@given(wishes, layouts)
def test_a_layout_that_was_made_stays(wanted: Mapping[str, Ports], before: Layout) -> None:
    made = laid_out(wanted, before)
    assert laid_out(wanted, made) == made


@law
@given(wishes, layouts)
def test_a_slice_that_gives_a_pod_away_takes_none(wanted: Mapping[str, Ports], before: Layout) -> None:
    found = laid_out(wanted, before)
    inside = {name: content for name, (_ports, content) in found.items()}
    for name, (_ports, had) in before.items():
        if {pod for pod in had if pod in wanted} - inside.get(name, frozenset()):
            assert inside.get(name, frozenset()) <= had


def test_a_pod_that_goes_moves_no_other_one() -> None:
    before = laid_out(dict.fromkeys(PODS[:7], ONE), {})
    assert [len(inside) for _ports, inside in before.values()] == [3, 3, 1]
    found = laid_out(dict.fromkeys(PODS[1:7], ONE), before)
    assert found == {**before, "lf-web.leaf-b": (ONE, pods(1, 2))}
    assert laid_out(dict.fromkeys(PODS[1:], ONE), found)["lf-web.leaf-b"] == (ONE, pods(1, 2, 7))


def test_other_ports_for_all_pods_are_written_in_place() -> None:
    before = {"lf-web-leaf-b": (ONE, pods(0, 1))}
    assert laid_out(dict.fromkeys(PODS[:2], OTHER), before) == {"lf-web-leaf-b": (OTHER, pods(0, 1))}
    assert laid_out(dict.fromkeys(PODS[2:4], OTHER), before) == {"lf-web-leaf-b": (OTHER, pods(2, 3))}


def test_pods_with_other_ports_move_to_another_slice() -> None:
    before = {"lf-web-leaf-b": (ONE, pods(0, 1))}
    assert laid_out({PODS[0]: ONE, PODS[1]: OTHER}, before) == {
        "lf-web-leaf-b": (ONE, pods(0)),
        "lf-web.leaf-b": (OTHER, pods(1)),
    }


def test_a_new_slice_takes_a_name_that_no_other_has() -> None:
    assert list(laid_out({PODS[0]: ONE}, {}, "lf-web.leaf-b", "lf-web.leaf-b.2")) == ["lf-web.leaf-b.3"]


@pytest.mark.parametrize("mode", [Mode.SHADOW, Mode.EXCLUSIVE])
def test_slices_with_names_of_an_older_version_are_kept(mode: Mode) -> None:
    world = after(want(mode), scene(*MESH))
    for leaf in LEAVES:
        here = world[leaf]

        def older(one: Slice) -> Slice:
            return replace(one, meta=replace(one.meta, name=one.meta.name.replace(".", "-")))

        world[leaf] = replace(
            here,
            shadows=tuple(map(older, here.shadows)),
            slices=tuple(older(one) if one.origin is Origin.OURS else one for one in here.slices),
        )
    assert {one.meta.name for one in world[A].shadows} == {"lf-web-leaf-b", "lf-web-leaf-c"}
    assert ops_of(want(mode), Reflection(world)) == ()
