# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What failures and faults of Services advise, done: the Service uses its shortcuts, or is left as the step says."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.model import ClusterId, FabricName
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.propagation.faults import REPAIRS, SightFault
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.propagation.model import (
    ClusterServices,
    Mode,
    Propagation,
    ServiceKey,
    ServiceWish,
    SliceEndpoint,
)
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.propagation.operations import ServicePlan, each_once
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.propagation.plan import plan_services

from tests.unit.build import EDGE, RETAIL
from tests.unit.plugins.module_utils._fabric.propagation.test_left_out import of_type, op
from tests.unit.plugins.module_utils._fabric.propagation.test_view import SHADOW, WORLDS, faults
from tests.unit.propagated import after, listing, run, with_side
from tests.unit.reflection import HUB, LEAVES, MESH, WEB, Reflection, home, scene, want

A, B, C = LEAVES
FULL, PAIR = scene(*MESH), scene((A, B))
World = dict[ClusterId, ClusterServices]

AGAIN = "run liqo.fabric.propagation again"


def rerun(world: World, mode: Mode = Mode.SHADOW) -> set[tuple[ClusterId, SightFault]]:
    """The faults that are left after one run more."""
    return faults(run(want(mode), Reflection(dict(world))).clusters)


def world_of(name: str) -> World:
    """One of the worlds that show one fault."""
    return dict(WORLDS[name][0])  # type: ignore[arg-type]


def seen(world: World) -> dict[str, SightFault]:
    """The faults of a world by what they advise."""
    return {REPAIRS[fault]: fault for _leaf, fault in faults(world)}


@pytest.mark.parametrize(
    ("name", "mode", "step"),
    [
        ("the pod that a slice names is gone", Mode.SHADOW, AGAIN),
        ("a reflected slice has not followed the annotation", Mode.UPSTREAM, AGAIN),
        ("a copy through the hub came back", Mode.EXCLUSIVE, AGAIN),
        (
            "the far end calls the tunnel dead",
            Mode.SHADOW,
            "look at the gateways of the shortcut; meanwhile run liqo.fabric.propagation",
        ),
        ("the shortcut of a slice is gone", Mode.SHADOW, "run liqo.fabric.propagation, which removes it"),
    ],
)
def test_one_run_more_repairs_it(name: str, mode: Mode, step: str) -> None:
    world = world_of(name)
    assert step in seen(world)
    assert rerun(world, mode) == set()


def test_a_tunnel_whose_gateways_are_well_again_is_used_again() -> None:
    without = run(want(Mode.SHADOW), Reflection(world_of("the far end calls the tunnel dead")))
    well = with_side(without.clusters, B, A, connections=SHADOW[B].state.side(A).connections)
    assert rerun(well) == set()
    again = run(want(Mode.SHADOW), Reflection(well)).clusters[A].shadows
    assert {one.meta.name: one.endpoints for one in again} == {
        one.meta.name: one.endpoints for one in SHADOW[A].shadows
    }


UNMAPPED = "run liqo.fabric.propagation, which removes the slice if it is one of its own; else look who wrote it"


def test_an_address_that_is_mapped_to_nobody_goes_with_our_slice_or_is_corrected_by_who_wrote_it() -> None:
    # Somebody took the link away, and the slices are still there.
    bare = with_side(dict(SHADOW), A, B)
    assert {UNMAPPED, "run liqo.fabric.propagation, which removes it"} <= seen(bare).keys()
    assert rerun(bare) == set()
    # The leaf itself wrote it: a run changes nothing, the leaf can.
    lying = world_of("a leaf lists its pod at an address that it does not have")
    assert UNMAPPED in seen(lying)
    assert SightFault.UNMAPPED_ADDRESS in {fault for _leaf, fault in rerun(lying)}
    assert rerun(PAIR.world()) == set()


GATE = (
    "run liqo.fabric.propagation for the fabric that switched them on; where none did, take the annotation off the"
    " Service on the hub"
)


def switched(world: World, *owners: FabricName, direct: bool = True) -> World:
    hub = world[HUB]
    service = replace(hub.services[0], direct=direct, owners=frozenset(owners))
    return {**world, HUB: replace(hub, services=(service,))}


@pytest.mark.parametrize("mode", [Mode.UPSTREAM, Mode.SHADOW])
def test_direct_connections_that_are_wrong_are_switched_off_by_who_switched_them_on(mode: Mode) -> None:
    ours, by_hand = switched(PAIR.world(), RETAIL), switched(PAIR.world())
    assert GATE in seen(ours)
    assert GATE in seen(by_hand)
    assert SightFault.GATE_CLOSED not in {fault for _leaf, fault in rerun(ours, mode)}
    # A run leaves what nobody has marked, so this is for a person.
    assert SightFault.GATE_CLOSED in {fault for _leaf, fault in rerun(by_hand, mode)}
    assert rerun(switched(by_hand, direct=False)) == set()


def test_a_slice_that_lost_a_label_is_labelled_again_by_the_next_run() -> None:
    world = world_of("a slice of ours lost a label")
    assert "run liqo.fabric.propagation again, which writes it" in seen(world)
    assert rerun(world) == set()


def test_what_a_leaf_lists_too_much_is_reached_through_the_hub_until_the_leaf_lists_it_right() -> None:
    corrected = {
        "a leaf lists a pod of another leaf": (
            "ask the owner of that leaf who wrote its EndpointSlices; the pod is reached through the hub"
        ),
        "a leaf lists a pod that the hub does not": (
            "nothing, when the pod is new: the next run takes it; else remove the pod from that leaf"
        ),
        "a leaf lists its pod at an address that it does not have": (
            "compare the pod CIDR of that leaf with the Configuration that its peer has of it (the module shortcuts"
            " repairs it), and ask the owner of the leaf; the pod is reached through the hub"
        ),
        "a leaf lists its pod at two addresses": "run liqo.fabric.propagation again when the leaf lists the pod once",
        "a leaf lists its pod with a port that the Service does not have": (
            "run liqo.fabric.propagation again when Liqo has reflected the Service as it is on the hub"
        ),
        "a leaf has another Service of that name": (
            "rename one of the two Services, or leave it as it is: it takes no shortcut on that leaf; if it is that of"
            " the hub and lost its labels, delete it on that leaf, and Liqo makes it again, as it does where it is"
            " not there"
        ),
    }
    for name, step in corrected.items():
        world = world_of(name)
        assert step in seen(world)
        right = {**world, B: FULL.world()[B]}
        assert rerun(right if SHADOW[A].slices == world[A].slices else PAIR.world()) == set(), name


# --- failures -------------------------------------------------------------------------------------------------------


def plan_of(world: World, wish: Propagation | None = None, key: ServiceKey = WEB) -> ServicePlan:
    (found,) = [plan for plan in plan_services(wish or want(Mode.SHADOW), world) if plan.key == key]
    return found


def blocked(world: World, wish: Propagation | None = None, key: ServiceKey = WEB) -> list[str]:
    """The next steps of all failures of a Service."""
    return [problem.next for problem in plan_of(world, wish, key).blocked.values()]


def test_a_service_gets_ipv4_or_another_mode() -> None:
    world = of_type(FULL.world(), "IPv6")
    step = "give the Service an IPv4 address family, use mode upstream, or take the Service out"
    assert blocked(world) == [step]
    assert blocked(FULL.world()) == []
    assert blocked(world, want(Mode.UPSTREAM)) == []
    assert plan_services(want(wishes=()), world) == ()


def test_a_leaf_that_lists_what_is_not_its_own_is_asked() -> None:
    lying = listing(FULL.world(), B, SliceEndpoint(addresses=(home(B, "evil"),), pod="web-c"))
    step = (
        "ask the owner of that leaf who wrote its EndpointSlices, and compare its pod CIDR with what its peers know of"
        " it; meanwhile these endpoints are reached through the hub"
    )
    assert blocked(lying) == [step]
    assert blocked(FULL.world()) == []


def test_a_namespace_that_a_leaf_does_not_take_is_offloaded_in_another_way() -> None:
    world = FULL.world()
    hub = world[HUB]
    clash = tuple(replace(one, phase="CreationLoopBackOff") if one.leaf == C else one for one in hub.mappings)
    assert blocked({**world, HUB: replace(hub, mappings=clash)}) == [
        "offload the namespace with another namespaceMappingStrategy, DefaultName for one, or free the name on the leaf"
    ]
    assert blocked(world) == []


def test_a_gate_that_is_closed_is_cured_or_another_mode_used() -> None:
    assert set(blocked(PAIR.world(), want(Mode.UPSTREAM))) == {"cure that, or use mode shadow, exclusive or auto"}
    assert blocked(FULL.world(), want(Mode.UPSTREAM)) == []
    for mode in (Mode.SHADOW, Mode.EXCLUSIVE, Mode.AUTO):
        assert blocked(PAIR.world(), want(mode)) == []


def test_a_service_that_is_not_there_is_named_right_or_offloaded() -> None:
    gone = ServiceKey(HUB, "demo", "gone")
    wish = replace(want(Mode.SHADOW), wishes=(ServiceWish(namespace="demo", name="gone", source="services[0]"),))
    assert blocked(FULL.world(), wish, gone) == [
        "correct the name, or offload its namespace (liqoctl offload namespace)"
    ]
    assert blocked(FULL.world()) == []


def test_two_fabrics_that_agree_on_the_mode_share_a_service() -> None:
    theirs = after(replace(want(Mode.EXCLUSIVE), fabric=EDGE), PAIR)
    assert set(blocked(theirs, want(Mode.SHADOW))) == {
        "agree on the mode in both fabrics, or take the Service out of one of them"
    }
    assert blocked(theirs, want(Mode.EXCLUSIVE)) == []
    assert plan_services(want(wishes=()), theirs) == () or blocked(theirs, want(wishes=())) == []


def test_of_two_services_in_one_place_one_is_offloaded_elsewhere() -> None:
    first = ServicePlan(key=WEB, ops=(op("one"),))
    other = ServiceKey(HUB, "demo", "db")
    _one, second = each_once([first, ServicePlan(key=other, ops=(op("one"),))])
    assert [problem.next for problem in second.blocked.values()] == [
        "look which of the two the namespace on this leaf belongs to, and offload the other one elsewhere"
    ]
    elsewhere = replace(op("one"), namespace="elsewhere")
    _one, second = each_once([first, ServicePlan(key=other, ops=(elsewhere,))])
    assert second.blocked == {}
