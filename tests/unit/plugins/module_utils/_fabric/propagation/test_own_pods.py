# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A leaf speaks for its own pods only: what else it lists is used on no other leaf, and is named."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.model import ClusterId
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.objects import Cidrs
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.propagation.model import (
    ClusterServices,
    Mode,
    Origin,
    ShadowSpec,
    SliceEndpoint,
    SlicePort,
)
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.propagation.operations import FactName
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.propagation.plan import plan_services
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.propagation.report import propagation_result
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.services_text import propagation_text

from tests.unit import build
from tests.unit.propagated import begun, listing, planned, run, with_side
from tests.unit.reflection import HTTP, HUB, LEAVES, MESH, Reflection, home, pods_cidr, remapped, scene, want

A, B, C = LEAVES
FULL = scene(*MESH)
OWN = home(B, "evil")
"""Another address in the pod CIDR of leaf-b."""
WEB_B = SliceEndpoint(addresses=(home(B, "web-b"),), pod="web-b")


def in_use(world: Mapping[ClusterId, ClusterServices], leaf: ClusterId) -> set[tuple[str, str]]:
    """Pod and address of every endpoint from elsewhere that traffic of the leaf may take."""
    return {
        (endpoint.pod, address)
        for one in world[leaf].slices
        for endpoint in one.endpoints
        for address in endpoint.addresses
        if endpoint.ready and one.origin is not Origin.NATIVE
    }


def result_of(mode: Mode, *endpoints: SliceEndpoint, **facts: Any) -> dict[ClusterId, ClusterServices]:
    """The clusters after a run while leaf-b lists these endpoints as well."""
    told = listing(begun(FULL).clusters, B, *endpoints, **facts)
    return run(want(mode), Reflection(told)).clusters


HONEST = {mode: result_of(mode) for mode in (Mode.SHADOW, Mode.EXCLUSIVE)}


@pytest.mark.parametrize("mode", HONEST)
@pytest.mark.parametrize("pod", ["web-c", "web-a", "evil", "", "\x1b[31mno name"])
def test_a_pod_that_the_hub_does_not_place_on_a_leaf_is_not_the_leafs_to_list(mode: Mode, pod: str) -> None:
    lying = result_of(mode, SliceEndpoint(addresses=(OWN,), pod=pod))
    for leaf in (A, C):
        assert in_use(lying, leaf) == in_use(HONEST[mode], leaf)


@pytest.mark.parametrize("mode", HONEST)
@pytest.mark.parametrize(
    "address",
    [
        pytest.param("10.96.0.1", id="of Services"),
        pytest.param(home(A, "web-a"), id="of a pod of leaf-a"),
        pytest.param(remapped(C).replace(".0.0/16", ".0.5"), id="by which leaf-a reaches leaf-c"),
        pytest.param(build.networks(B).external[0].replace(".0.0/16", ".0.5"), id="of its external network"),
        *("127.0.0.1", "169.254.169.254", "224.0.0.1", "0.0.0.0", "255.255.255.255", "::1", "10.1", "nonsense", ""),
    ],
)
def test_an_address_outside_the_pod_network_of_a_leaf_is_used_nowhere(mode: Mode, address: str) -> None:
    lying = result_of(mode, endpoints=(replace(WEB_B, addresses=(address,)),))
    through_hub = {one for one in in_use(HONEST[Mode.SHADOW], A) if one[0] == "web-b" and one[1].startswith("172.31.")}
    assert through_hub
    assert {one for one in in_use(lying, A) if one[0] == "web-b"} == through_hub
    assert {one for one in in_use(lying, A) if one[0] != "web-b"} == {
        one for one in in_use(HONEST[mode], A) if one[0] != "web-b"
    }


@pytest.mark.parametrize("mode", HONEST)
def test_a_leaf_cannot_multiply_its_pods(mode: Mode) -> None:
    many = [
        SliceEndpoint(addresses=(f"{pods_cidr(B).removesuffix('.0.0/16')}.7.{n}",), pod="web-b") for n in range(200)
    ]
    lying = result_of(mode, *many)
    assert {one for one in in_use(lying, A) if one[0] == "web-b"} == {("web-b", "172.31.1.62")}
    several = result_of(mode, endpoints=(replace(WEB_B, addresses=(*WEB_B.addresses, OWN)),))
    assert in_use(several, A) == in_use(lying, A)


@pytest.mark.parametrize("ports", [(), (SlicePort(name="http", port=22),), (HTTP, SlicePort(name="ssh", port=22))])
def test_the_ports_of_a_service_are_the_hubs(ports: tuple[SlicePort, ...]) -> None:
    lying = result_of(Mode.SHADOW, ports=ports)
    assert [one.source for one in lying[A].shadows] == [C]
    assert (
        result_of(Mode.SHADOW, ports=(replace(HTTP, app_protocol="ssh"),))[A].shadows == HONEST[Mode.SHADOW][A].shadows
    )


def test_of_an_endpoint_only_the_address_is_the_leafs_to_say() -> None:
    told = replace(WEB_B, hostname="web-c", zone="elsewhere", node="n", serving=True)
    lying = result_of(Mode.SHADOW, endpoints=(told,))
    assert lying[A].shadows == HONEST[Mode.SHADOW][A].shadows


def test_what_a_leaf_added_later_goes_and_the_pod_is_reached_through_the_hub_again() -> None:
    world = HONEST[Mode.EXCLUSIVE]
    lying = run(
        want(Mode.EXCLUSIVE), Reflection(listing(world, B, endpoints=(replace(WEB_B, addresses=("10.96.0.1",)),)))
    )
    assert ("web-b", "172.31.1.62") in in_use(lying.clusters, A)
    assert not [one for one in lying.clusters[A].shadows if one.source == B]


@pytest.mark.parametrize(
    ("native", "seen", "why", "left"),
    [
        ("10.99.0.0/16", "10.211.0.0/16", "outside the pod CIDR of leaf-b that leaf-a knows (10.99.0.0/16)", {C}),
        (pods_cidr(B), pods_cidr(A), "an address of its own", {C}),
        # Which of the two gets the packets is then Liqo's to say, so that neither is used.
        (pods_cidr(B), remapped(C), "an address of pods of leaf-c", set()),
        (pods_cidr(B), "10.211.0.0/30", "which leaf-a cannot map into 10.211.0.0/30", {C}),
        (pods_cidr(B), "nonsense", "which leaf-a cannot map into nonsense", {C}),
        ("nonsense", "nonsense", "outside the pod CIDR of leaf-b that leaf-a knows (nonsense)", {C}),
    ],
)
def test_a_leaf_uses_no_address_that_it_would_not_send_to_the_pods_of_that_peer(
    native: str, seen: str, why: str, left: set[ClusterId]
) -> None:
    world = FULL.world()
    (held,) = world[A].state.side(B).configurations
    spec = replace(held.spec, remote=Cidrs(pod=(native,)))
    world = with_side(world, A, B, configurations=(replace(held, spec=spec, remap=Cidrs(pod=(seen,))),))
    (plan,) = [plan for plan in plan_services(want(Mode.SHADOW), world) if plan.key is not None]
    assert {op.peer for op in plan.ops if op.cluster == A} == left
    assert {op.peer for op in plan.ops if op.cluster == C} == {A, B}
    assert list(plan.blocked) == [A]
    assert why in plan.blocked[A].why


def test_a_shortcut_to_come_is_planned_with_the_networks_that_the_leaf_reports() -> None:
    lying = listing(scene().world(), B, endpoints=(replace(WEB_B, addresses=("10.96.0.1",)),))
    wish = want(Mode.SHADOW, coming=frozenset({build.pair(A, B), build.pair(A, C)}))
    assert {op.name for plan in plan_services(wish, lying) for op in plan.ops if op.cluster == A} == {"lf-web.leaf-c"}


def test_what_a_leaf_lists_too_much_is_named_in_its_own_row_and_in_no_other() -> None:
    lying = listing(
        FULL.world(), B, SliceEndpoint(addresses=(OWN,), pod="web-c"), SliceEndpoint(addresses=(OWN,), pod="x")
    )
    result = propagation_result(planned(want(Mode.SHADOW), lying))
    rows = {row["cluster"]: row for row in result["services"]}
    assert {name: [fault["name"] for fault in row["faults"]] for name, row in rows.items()} == {
        A: [],
        B: ["foreign-pod", "unknown-pod"],
        C: [],
    }
    assert [(failure["fault"], failure["where"], failure["why"]) for failure in result["failures"]] == [
        ("not-its-own", "cluster leaf-b", "leaf-b lists web-c, which hub has on leaf-c")
    ]
    assert rows[A]["outcome"] == rows[C]["outcome"] == "created"
    assert result["summary"]["faults"] == 2
    text = propagation_text(result)
    assert "unknown-pod: leaf-b lists x, which hub does not list" in text
    assert "foreign-pod: leaf-b lists web-c, which hub has on leaf-c" in text


def test_a_pod_that_the_hub_does_not_list_yet_is_no_failure() -> None:
    lying = listing(FULL.world(), B, *(SliceEndpoint(addresses=(OWN,), pod=f"new-{n}") for n in range(3)))
    result = propagation_result(planned(want(Mode.SHADOW), lying))
    assert result["failures"] == []
    (fault,) = [fault for row in result["services"] for fault in row["faults"]]
    assert fault["detail"] == "leaf-b lists new-0, which hub does not list (and 2 more)"


def test_no_other_leaf_waits_for_a_pod_that_the_hub_does_not_have() -> None:
    lying = listing(begun(FULL).clusters, B, SliceEndpoint(addresses=(OWN,), pod="evil"))
    (plan,) = [plan for plan in plan_services(want(Mode.UPSTREAM), lying) if plan.key is not None]
    waited = {goal.cluster: goal.pods for goal in plan.goals if goal.name is FactName.DIRECT}
    assert waited == {A: {"web-b", "web-c"}, B: {"web-a", "web-c"}, C: {"web-a", "web-b"}}
    upstream = run(want(Mode.UPSTREAM), Reflection(lying))
    assert [op.id for plan in plan_services(want(Mode.UPSTREAM), upstream.clusters) for op in plan.ops] == []


def test_a_hub_that_is_itself_a_leaf_says_nothing_of_its_own_by_what_was_reflected_to_it() -> None:
    world = FULL.world()
    (listed,) = world[HUB].slices
    for origin in (Origin.REFLECTED, Origin.OURS):
        world[HUB] = replace(world[HUB], slices=(replace(listed, origin=origin),))
        assert [op.id for plan in plan_services(want(Mode.SHADOW), world) for op in plan.ops] == []


def test_every_endpoint_that_is_written_is_one_that_hub_and_leaf_agree_on() -> None:
    written = [
        (op.after.source, [(endpoint.pod, endpoint.addresses) for endpoint in op.after.endpoints])
        for plan in plan_services(want(Mode.SHADOW), FULL.world())
        for op in plan.ops
        if isinstance(op.after, ShadowSpec) and op.cluster == A
    ]
    assert written == [(B, [("web-b", (home(B, "web-b"),))]), (C, [("web-c", (home(C, "web-c"),))])]
