# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What people see of Services: ways, modes, and each fault by a world that shows just it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.model import ClusterId
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.propagation.faults import REPAIRS, SightFault
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.propagation.model import (
    ClusterServices,
    Mode,
    Origin,
    Slice,
    SliceEndpoint,
    SlicePort,
    World,
)
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.propagation.paths import Path
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.propagation.view import (
    Sight,
    orphans,
    sights,
    sights_result,
)

from tests.unit import build
from tests.unit.propagated import after, listing, unread, with_side
from tests.unit.reflection import HUB, LEAVES, MESH, home, scene, want

A, B, C = LEAVES
FULL, PAIR = scene(*MESH), scene((A, B))


def on(leaf: ClusterId, world: World) -> Sight:
    (found,) = [sight for sight in sights(world, [HUB]) if sight.leaf == leaf]
    return found


def faults(world: World) -> set[tuple[ClusterId, SightFault]]:
    found = {(sight.leaf, fault.name) for sight in sights(world, [HUB]) for fault in sight.faults}
    return found | {(leaf, SightFault.ORPHAN_SLICE) for leaf, _one in orphans(world, [HUB])}


def with_slices(world: Mapping[ClusterId, ClusterServices], leaf: ClusterId, **change: Any) -> World:
    """The slices of a leaf by their name, each replaced by what a function makes of it."""
    held = world[leaf]
    changed = tuple(change[_word(one)](one) if _word(one) in change else one for one in held.slices)
    return {**world, leaf: replace(held, slices=changed)}


def _word(one: Slice) -> str:
    return one.meta.name.replace("-", "_").replace(".", "_")


def with_endpoints(one: Slice, **facts: Any) -> Slice:
    return replace(one, endpoints=tuple(replace(endpoint, **facts) for endpoint in one.endpoints))


def switched_on(world: Mapping[ClusterId, ClusterServices]) -> dict[ClusterId, ClusterServices]:
    hub = world[HUB]
    return {**world, HUB: replace(hub, services=(replace(hub.services[0], direct=True),))}


SHADOW, EXCLUSIVE, UPSTREAM = (after(want(mode), FULL) for mode in (Mode.SHADOW, Mode.EXCLUSIVE, Mode.UPSTREAM))
LATE = build.connection(A, B, at="2025-12-31T23:59:39Z")
"""Said to be Connected, and last heard from 31 s before everything was read."""

WORLDS: Mapping[str, tuple[World, set[tuple[ClusterId, SightFault]]]] = {
    "the pod that a slice names is gone": (
        with_slices(SHADOW, B, web_local=lambda one: with_endpoints(one, addresses=(home(B, "moved"),))),
        {(A, SightFault.STALE_SLICE), (C, SightFault.STALE_SLICE)},
    ),
    "the pod that a slice names is not ready": (
        with_slices(SHADOW, B, web_local=lambda one: with_endpoints(one, ready=False)),
        {(A, SightFault.STALE_SLICE), (C, SightFault.STALE_SLICE)},
    ),
    "a reflected slice has not followed the annotation": (
        {**UPSTREAM, A: replace(UPSTREAM[A], slices=FULL.world()[A].slices)},
        {(A, SightFault.STALE_SLICE)},
    ),
    "the far end calls the tunnel dead": (
        with_side(SHADOW, B, A, connections=(build.connection(B, A, value="Error"),)),
        {(A, SightFault.DEAD_TUNNEL), (B, SightFault.DEAD_TUNNEL)},
    ),
    "the tunnel is silent": (
        with_side(SHADOW, A, B, connections=(LATE,)),
        {(A, SightFault.DEAD_TUNNEL), (B, SightFault.DEAD_TUNNEL)},
    ),
    "an address is mapped to nobody": (
        with_slices(SHADOW, A, lf_web_leaf_b=lambda one: with_endpoints(one, addresses=("10.9.9.9",))),
        {(A, SightFault.UNMAPPED_ADDRESS)},
    ),
    "the shortcut of a slice is gone": (
        with_side({**SHADOW, A: replace(SHADOW[A], slices=FULL.world()[A].slices)}, A, B),
        {(A, SightFault.ORPHAN_SLICE)},
    ),
    "the annotation is set without a shortcut": (
        switched_on(PAIR.world()),
        {(A, SightFault.GATE_CLOSED), (B, SightFault.GATE_CLOSED), (C, SightFault.GATE_CLOSED)},
    ),
    "a copy through the hub came back": (
        with_slices(EXCLUSIVE, A, web_1=lambda one: with_endpoints(one, ready=True)),
        {(A, SightFault.UNSETTLED)},
    ),
    "a leaf lists a pod of another leaf": (
        listing(SHADOW, B, SliceEndpoint(addresses=(home(B, "evil"),), pod="web-c")),
        {(B, SightFault.FOREIGN_POD)},
    ),
    "a leaf lists a pod that the hub does not": (
        listing(SHADOW, B, SliceEndpoint(addresses=(home(B, "evil"),), pod="evil")),
        {(B, SightFault.UNKNOWN_POD)},
    ),
    "a leaf lists its pod at an address that it does not have": (
        listing(PAIR.world(), B, endpoints=(SliceEndpoint(addresses=("10.96.0.1",), pod="web-b"),)),
        {(B, SightFault.FOREIGN_ADDRESS), (B, SightFault.UNMAPPED_ADDRESS)},
    ),
    "a leaf lists its pod at two addresses": (
        listing(PAIR.world(), B, SliceEndpoint(addresses=(home(B, "evil"),), pod="web-b")),
        {(B, SightFault.SEVERAL_ADDRESSES)},
    ),
    "a leaf lists its pod with a port that the Service does not have": (
        listing(PAIR.world(), B, ports=(SlicePort(name="http", port=22),)),
        {(B, SightFault.OTHER_PORTS)},
    ),
    "a slice of ours lost a label": (
        {**SHADOW, A: replace(SHADOW[A], shadows=tuple(replace(one, labelled=False) for one in SHADOW[A].shadows))},
        {(A, SightFault.LOST_LABEL)},
    ),
    "a leaf has another Service of that name": (
        with_slices(PAIR.world(), B, web_local=lambda one: replace(one, hub=None)),
        {(B, SightFault.OWN_SERVICE)},
    ),
}


@pytest.mark.parametrize("mode", [*Mode, None])
@pytest.mark.parametrize("some", [FULL, PAIR], ids=["mesh", "pair"])
def test_what_a_run_made_has_no_fault(some: Any, mode: Mode | None) -> None:
    assert faults(some.world() if mode is None else after(want(mode), some)) == set()


@pytest.mark.parametrize("name", WORLDS)
def test_a_fault_is_seen_where_it_is_and_nowhere_else(name: str) -> None:
    world, expected = WORLDS[name]
    assert faults(world) == expected


def test_every_fault_has_a_world_and_a_repair() -> None:
    assert {fault for _world, expected in WORLDS.values() for _leaf, fault in expected} == set(SightFault)
    assert set(REPAIRS) == set(SightFault)


def test_a_fault_says_what_was_seen_and_what_to_do() -> None:
    (fault,) = on(A, WORLDS["the far end calls the tunnel dead"][0]).faults
    address = next(e.address for e in on(A, SHADOW).endpoints if e.way.through == B)
    assert fault.as_result() == {
        "name": "dead-tunnel",
        "detail": f"web-b is ready at {address}, but the Connection of leaf-b to leaf-a is Error",
        "repair": "look at the gateways of the shortcut; meanwhile run liqo.fabric.propagation",
    }


def test_where_a_pod_runs_is_not_for_another_leaf_to_say() -> None:
    lying = listing(FULL.world(), B, SliceEndpoint(addresses=(home(B, "evil"),), pod="web-c"))
    assert ("web-c", C, Path.VIA_HUB, True) in ways(lying)


def ways(world: World, leaf: ClusterId = A) -> set[tuple[str, ClusterId | None, Path, bool]]:
    return {(e.pod, e.cluster, e.way.path, e.ready) for e in on(leaf, world).endpoints}


def test_every_endpoint_has_its_way() -> None:
    local = ("web-a", A, Path.LOCAL, True)
    by_hub = {("web-b", B, Path.VIA_HUB, True), ("web-c", C, Path.VIA_HUB, True)}
    direct = {("web-b", B, Path.DIRECT, True), ("web-c", C, Path.DIRECT, True)}
    out_of_use = {("web-b", B, Path.VIA_HUB, False), ("web-c", C, Path.VIA_HUB, False)}
    assert ways(FULL.world()) == {local} | by_hub
    assert ways(UPSTREAM) == {local} | direct
    assert ways(SHADOW) == {local} | direct | by_hub
    assert ways(EXCLUSIVE) == {local} | direct | out_of_use


def test_a_pod_of_the_hub_is_one_tunnel_away() -> None:
    world = FULL.world()
    hub, leaf = world[HUB], world[A]
    native = replace(hub.slices[0], endpoints=(SliceEndpoint(addresses=("10.200.0.5",), pod="web-h", node="n1"),))
    reflected = replace(leaf.slices[-1], endpoints=(SliceEndpoint(addresses=("10.249.0.5",), pod="web-h"),))
    assert reflected.origin is Origin.REFLECTED
    world = {HUB: replace(hub, slices=(native,)), A: replace(leaf, slices=(reflected,))}
    assert ways(world) == {("web-h", HUB, Path.HUB, True)}


def test_the_hub_says_where_a_pod_of_an_unread_leaf_runs() -> None:
    world = FULL.world()
    hub = replace(world[HUB], nodes={str(leaf): leaf for leaf in LEAVES})
    assert ("web-c", C, Path.VIA_HUB, True) in ways({**world, HUB: hub, C: unread(C)})


def test_the_mode_is_what_is_in_force() -> None:
    assert [on(A, world).mode for world in (FULL.world(), SHADOW, EXCLUSIVE, UPSTREAM)] == [
        None,
        Mode.SHADOW,
        Mode.EXCLUSIVE,
        Mode.UPSTREAM,
    ]


def test_why_tells_who_made_an_endpoint_and_why_it_is_out_of_use() -> None:
    why = {(e.slice, e.pod): e.why for e in on(A, EXCLUSIVE).endpoints}
    assert why["web-local", "web-a"] == "runs here"
    assert why["lf-web.leaf-b", "web-b"] == "direct copy of leaf-b"
    assert why["web-1", "web-b"] == "out of use, the direct copy counts (the way through hub is in order)"
    assert {e.why for e in on(A, FULL.world()).endpoints} == {"runs here", "reflected by hub"}
    fallen = on(A, after(want(Mode.EXCLUSIVE), scene((A, B), down=[(A, B)])))
    assert "in place of the direct way to leaf-b, which is not in order" in [e.why for e in fallen.endpoints]


def test_slices_of_a_service_that_is_gone_are_orphans_unless_the_hub_is_silent() -> None:
    hub = replace(SHADOW[HUB], services=())
    gone: World = {**SHADOW, HUB: hub}
    assert sorted({leaf for leaf, _one in orphans(gone, [HUB])}) == [A, B, C]
    assert orphans({**SHADOW, HUB: unread(HUB)}, [HUB]) == ()
    result = sights_result(gone, [HUB])
    assert result["summary"]["faults"] == len(result["orphans"]) == 6
    assert result["orphans"][0] == {
        "cluster": "leaf-a",
        "namespace": "demo-hub",
        "name": "lf-web.leaf-b",
        "service": "hub:demo/web",
        "source": "leaf-b",
        "owners": ["retail"],
        "repair": "run liqo.fabric.propagation, which removes it",
    }


def test_a_summary_counts_places_paths_and_what_was_not_read() -> None:
    result = sights_result({**EXCLUSIVE, C: unread(C)}, [HUB])
    assert result["changed"] is False
    assert result["summary"] == {
        "services": 1,
        "places": 2,
        "endpoints": 10,
        "local": 2,
        "direct": 4,
        "hub": 0,
        "via_hub": 4,
        "unmapped": 0,
        "faults": 0,
        "unreachable": 1,
    }
    assert result["clusters"]["leaf-c"] == {"reachable": False, "failure": unread(C).as_result()}
    assert result["failures"] == [unread(C).as_result()]
