# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What our ShadowEndpointSlices should say."""

from __future__ import annotations

from dataclasses import replace

from ansible_collections.liqo.fabric.plugins.module_utils._fabric.model import ClusterId
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.objects import Fact, FactName, Later
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.propagation.assignment import PER_SLICE
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.propagation.desired import (
    desired_shadows,
    is_blind,
    slice_name,
    unknown_providers,
)
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.propagation.model import (
    ClusterServices,
    Propagation,
    ShadowSpec,
    SlicePort,
    World,
)
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.propagation.offers import homes_of, offers_of

from tests.unit import build
from tests.unit.propagated import unread, with_side
from tests.unit.reflection import HTTP, HUB, LEAVES, MESH, WEB, scene, want

A, B, C = LEAVES
AB = frozenset({build.pair(A, B)})
METRICS = SlicePort(name="metrics", port=9090)


def on_a(world: World, wish: Propagation | None = None, *, exclusive: bool = False) -> dict[str, ShadowSpec]:
    hub = world[HUB]
    assert isinstance(hub, ClusterServices)
    return desired_shadows(wish or want(), world, offers_of(world, hub, WEB), A, exclusive=exclusive).shadows


def test_pods_beyond_a_hundred_get_a_second_slice() -> None:
    many = scene(*MESH, pods={A: frozenset(), B: frozenset(f"web-{number}" for number in range(150)), C: frozenset()})
    world = many.world()
    found = on_a(world)
    assert sorted(found) == ["lf-web.leaf-b", "lf-web.leaf-b.2"]
    assert [len(found[name].endpoints) for name in sorted(found)] == [PER_SLICE, 50]


def test_every_peer_has_a_slice_of_its_own_with_addresses_as_at_home() -> None:
    world = scene(*MESH).world()
    found = on_a(world)
    assert {spec.source: [e.pod for e in spec.endpoints] for spec in found.values()} == {B: ["web-b"], C: ["web-c"]}
    native = world[B].slices[0].endpoints[0].addresses
    assert found["lf-web.leaf-b"].endpoints[0].addresses == native


def test_pods_that_are_not_ready_are_left_out() -> None:
    world = scene(*MESH).world()
    native = world[B].slices[0]
    world[B] = replace(world[B], slices=(replace(native, endpoints=(replace(native.endpoints[0], ready=False),)),))
    assert "lf-web.leaf-b" not in on_a(world)


def test_no_two_slices_have_one_name() -> None:
    places = [("api", "eu-west", 0), ("api-eu", "west", 0), ("web", "leaf-1", 1), ("web", "leaf-1-2", 0)]
    assert len({slice_name(service, ClusterId(provider), number) for service, provider, number in places}) == 4
    assert len(slice_name("s" * 63, ClusterId("c" * 63), 999)) <= 253


def test_pods_with_other_ports_get_a_slice_of_their_own() -> None:
    world = scene(*MESH, pods={A: frozenset(), B: frozenset({"web-1", "web-2", "web-3"}), C: frozenset()}).world()
    (native,) = world[B].slices[:1]
    one, two, three = native.endpoints
    parts = [
        replace(native, endpoints=(one,)),
        replace(native, endpoints=(two,), ports=(METRICS, HTTP)),
        replace(native, endpoints=(three,), ports=(HTTP, METRICS)),
    ]
    world[B] = replace(world[B], slices=tuple(parts))
    (listed,) = world[HUB].slices
    on_hub = {one.pod: one for one in listed.endpoints}
    world[HUB] = replace(
        world[HUB],
        slices=tuple(
            replace(listed, endpoints=tuple(on_hub[one.pod] for one in part.endpoints), ports=part.ports)
            for part in parts
        ),
    )
    found = {tuple(e.pod for e in spec.endpoints): spec.ports for spec in on_a(world).values()}
    assert found == {("web-1",): (HTTP,), ("web-2", "web-3"): (HTTP, METRICS)}


def test_only_ipv4_is_written() -> None:
    world = scene(*MESH).world()
    native = world[B].slices[0]
    world[B] = replace(world[B], slices=(replace(native, address_type="IPv6"), *world[B].slices[1:]))
    assert sorted(on_a(world)) == ["lf-web.leaf-c"]


def test_a_shortcut_that_leaves_has_no_slice_and_one_that_comes_has_one_with_a_value_known_later() -> None:
    assert sorted(on_a(scene(*MESH).world(), want(leaving=AB))) == ["lf-web.leaf-c"]
    found = on_a(scene().world(), want(coming=AB))
    configured = Fact(name=FactName.CONFIGURED, cluster=A, peer=B)
    assert {name: spec.remap for name, spec in found.items()} == {"lf-web.leaf-b": Later(fact=configured)}


def test_of_a_leaf_that_was_not_read_nothing_is_wanted_and_its_pods_are_unknown() -> None:
    world = scene(*MESH).world()
    broken: World = {**world, B: unread(B)}
    assert sorted(on_a(broken)) == ["lf-web.leaf-c"]
    assert unknown_providers(broken, homes_of(world[HUB], WEB), A) == {B}
    assert unknown_providers(world, homes_of(world[HUB], WEB), A) == frozenset()


def test_a_leaf_that_did_not_accept_the_namespace_is_no_home() -> None:
    world = scene(*MESH).world()
    mappings = tuple(
        replace(one, phase="CreationLoopBackOff" if one.leaf == B else one.phase) for one in world[HUB].mappings
    )
    world[HUB] = replace(world[HUB], mappings=mappings)
    assert homes_of(world[HUB], WEB).leaves == (A, C)
    assert sorted(on_a(world)) == ["lf-web.leaf-c"]


def test_endpoints_behind_a_tunnel_that_only_the_far_end_calls_dead_are_not_ready() -> None:
    world = scene(*MESH).world()
    dead = with_side(world, B, A, connections=(build.connection(B, A, value="Error"),))
    assert {spec.source: [e.ready for e in spec.endpoints] for spec in on_a(dead).values()} == {B: [False], C: [True]}


def test_liqo_itself_sees_a_tunnel_that_the_near_end_calls_dead_and_silence_is_no_proof() -> None:
    world = scene(*MESH).world()
    for here, there, blind in (
        ("Connected", "Connected", False),
        ("Connected", "Connecting", True),
        ("Connected", "", False),
        ("Error", "Error", False),
    ):
        near = with_side(world, A, B, connections=(build.connection(A, B, value=here),))
        both = with_side(near, B, A, connections=(build.connection(B, A, value=there),))
        assert is_blind(both[A].state, both[B].state) is blind, (here, there)
    assert not is_blind(world[A].state, with_side(world, B, A, connections=())[B].state)
