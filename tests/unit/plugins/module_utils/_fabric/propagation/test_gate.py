# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The gate of Liqo's own direct connections: every reason by a world that shows just it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.model import ClusterId, Pair
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.objects import ClusterInfo
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.propagation.gate import Gate, Reason, closed_gates
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.propagation.model import ClusterServices, World

from tests.unit import build
from tests.unit.propagated import hiding, unread, with_side
from tests.unit.reflection import HUB, LEAVES, MESH, scene

A, B, C = LEAVES
GOOD = scene(*MESH).world()
AB, ALL = frozenset({build.pair(A, B)}), frozenset(build.pair(*names) for names in MESH)


def closed(
    world: World, *, coming: frozenset[Pair] = frozenset(), leaving: frozenset[Pair] = frozenset()
) -> tuple[Gate, ...]:
    hub = world[HUB]
    assert isinstance(hub, ClusterServices)
    return closed_gates(world, hub, LEAVES, coming=coming, leaving=leaving)


def with_kubelets(**versions: str) -> World:
    found = {ClusterId(f"leaf-{letter}"): version for letter, version in versions.items()}
    return with_info(HUB, ClusterInfo(virtual_kubelets=found))


def with_info(of: ClusterId, info: ClusterInfo | None) -> World:
    cluster = GOOD[of]
    return {**GOOD, of: replace(cluster, state=replace(cluster.state, info=info))}


def without_remap(here: ClusterId, peer: ClusterId) -> World:
    (configuration,) = GOOD[here].state.side(peer).configurations
    return with_side(GOOD, here, peer, configurations=(replace(configuration, remap=None),))


def with_connection(value: str | None) -> World:
    """What leaf-b says of its tunnel to leaf-a; leaf-a calls it Connected."""
    return with_side(GOOD, B, A, connections=() if value is None else (build.connection(B, A, value=value),))


Closed = dict[tuple[ClusterId, ClusterId], Reason]

WORLDS: Mapping[str, tuple[World, Closed]] = {
    "a leaf runs an old Liqo": (
        scene(*MESH, version={A: (1, 1, 2)}).world(),
        {(A, B): Reason.LEAF_TOO_OLD, (A, C): Reason.LEAF_TOO_OLD},
    ),
    "a virtual kubelet is old": (
        with_kubelets(a="v1.1.2", b="v1.2.0", c="v1.3.0-rc.1"),
        {(A, B): Reason.KUBELET_TOO_OLD, (A, C): Reason.KUBELET_TOO_OLD},
    ),
    "the versions of virtual kubelets tell nothing": (
        with_kubelets(a="latest", b="1." + "9" * 5000, c="557c199cf"),
        {},
    ),
    "a leaf denies": (
        scene(*MESH, denies=frozenset({A})).world(),
        {(A, B): Reason.DENIED, (A, C): Reason.DENIED},
    ),
    "our rights hide whether a leaf denies": (
        with_info(A, None),
        {(A, B): Reason.UNKNOWN, (A, C): Reason.UNKNOWN},
    ),
    "our rights hide the virtual kubelets": (
        with_info(HUB, None),
        {(one, other): Reason.UNKNOWN for one in (A, B, C) for other in (A, B, C) if one != other},
    ),
    "a shortcut is missing": (
        scene((A, B), (B, C)).world(),
        {(A, C): Reason.NO_SHORTCUT, (C, A): Reason.NO_SHORTCUT},
    ),
    "our rights hide a shortcut": (
        with_side({**GOOD, A: hiding(GOOD[A], "Configuration", B)}, A, B, configurations=()),
        {(A, B): Reason.UNKNOWN},
    ),
    "one side has no remap": (without_remap(A, B), {(A, B): Reason.NOT_CONFIGURED}),
    "one side has two Configurations": (
        with_side(GOOD, A, B, configurations=GOOD[A].state.side(B).configurations * 2),
        {(A, B): Reason.NOT_CONFIGURED},
    ),
    "the module is disabled on one side": (
        with_side(GOOD, A, B, foreign_cluster=build.foreign_cluster(A, B, modules=())),
        {(A, B): Reason.NOT_CONFIGURED},
    ),
    "the hub remaps a leaf": (
        scene(*MESH, hub_remaps=frozenset({B})).world(),
        {(A, B): Reason.HUB_REMAPS, (C, B): Reason.HUB_REMAPS},
    ),
    "one end says Error": (with_connection("Error"), {(A, B): Reason.NOT_CONNECTED, (B, A): Reason.NOT_CONNECTED}),
    "one end has no Connection": (with_connection(None), {(A, B): Reason.NOT_CONNECTED, (B, A): Reason.NOT_CONNECTED}),
    "a leaf was not read": ({**GOOD, C: unread(C)}, {(C, A): Reason.UNKNOWN, (C, B): Reason.UNKNOWN}),
    "a leaf is not in the task": (
        {key: here for key, here in GOOD.items() if key != C},
        {(C, A): Reason.UNKNOWN, (C, B): Reason.UNKNOWN},
    ),
    "the hub does not say how it maps": (
        without_remap(HUB, C),
        {(A, C): Reason.UNKNOWN, (B, C): Reason.UNKNOWN},
    ),
}


def test_a_mesh_in_order_has_no_closed_gate() -> None:
    assert closed(GOOD) == ()


@pytest.mark.parametrize("name", WORLDS)
def test_what_is_wrong_closes_the_gates_that_it_concerns_and_no_other(name: str) -> None:
    world, expected = WORLDS[name]
    assert {(gate.consumer, gate.provider): gate.reason for gate in closed(world)} == expected


def test_every_reason_has_a_world() -> None:
    assert {reason for _world, expected in WORLDS.values() for reason in expected.values()} | {Reason.LEAVING} == set(
        Reason
    )


def test_an_unknown_version_closes_no_gate() -> None:
    assert closed(with_kubelets()) == ()
    leaf = GOOD[A]
    assert closed({**GOOD, A: replace(leaf, state=replace(leaf.state, version=None))}) == ()


def test_a_shortcut_that_will_be_removed_closes_its_two_gates() -> None:
    found = closed(GOOD, leaving=AB)
    assert [(gate.consumer, gate.provider, gate.reason) for gate in found] == [
        (A, B, Reason.LEAVING),
        (B, A, Reason.LEAVING),
    ]


def test_a_shortcut_that_will_come_counts_as_there() -> None:
    assert len(closed(scene().world())) == 6
    assert closed(scene().world(), coming=ALL) == ()


@pytest.mark.parametrize("name", ["a leaf runs an old Liqo", "a leaf denies", "the hub remaps a leaf"])
def test_what_no_shortcut_cures_stays_closed_although_it_will_come(name: str) -> None:
    world, expected = WORLDS[name]
    assert {(gate.consumer, gate.provider): gate.reason for gate in closed(world, coming=ALL)} == expected


def test_a_gate_tells_the_leaf_the_peer_and_what_was_seen() -> None:
    (gate, _other) = closed(WORLDS["the hub remaps a leaf"][0])
    assert str(gate) == (
        "leaf-a to leaf-b: hub maps the pods of leaf-b to 10.250.0.0/16, which Liqo cannot undo on leaf-a"
    )
    assert gate.as_result() == {
        "consumer": "leaf-a",
        "provider": "leaf-b",
        "reason": "hub-remaps",
        "detail": gate.detail,
    }
