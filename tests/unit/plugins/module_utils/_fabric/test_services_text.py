# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Results of the two modules for Services, from real plans and views, as text."""

from __future__ import annotations

from dataclasses import replace

from ansible_collections.liqo.fabric.plugins.module_utils._fabric.most import MOST_GATES, MOST_WRITES
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.propagation.model import Mode, World
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.propagation.report import propagation_result
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.propagation.view import sights_result
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.text import result_text

from tests.unit.propagated import after, planned, unread
from tests.unit.reflection import HUB, LEAVES, MESH, Scene, scene, want


def text_of(some: Scene, mode: Mode) -> str:
    return result_text(propagation_result(planned(want(mode), some.world())))


def test_a_plan_names_services_modes_and_writes() -> None:
    text = text_of(scene(("leaf-a", "leaf-c")), Mode.SHADOW)
    first, *rest = text.splitlines()
    assert first == "fabric retail, 1 Service on its clusters: 2 create, 1 in sync"
    assert any(line.split()[:5] == ["hub:demo/web", "leaf-a", "shadow", "create", "as"] for line in rest)
    assert any("ShadowEndpointSlice" in line and "lf-web.leaf-c" in line for line in rest)


def test_closed_gates_and_what_is_in_the_way_are_told() -> None:
    text = text_of(scene(("leaf-a", "leaf-c")), Mode.UPSTREAM)
    assert "leaf-a to leaf-b: there is no shortcut between leaf-a and leaf-b" in text
    assert "[gate-closed]" in text
    assert "next" in text


def test_every_endpoint_has_its_way_and_faults_have_their_repair() -> None:
    world = scene(("leaf-a", "leaf-c")).world()
    text = result_text(sights_result(world, [HUB]))
    assert text.startswith("1 Service, 9 endpoints: 3 local, 6 via hub")
    hub = world[HUB]
    world[HUB] = replace(hub, services=(replace(hub.services[0], direct=True),))
    broken = result_text(sights_result(world, [HUB]))
    assert "gate-closed: leaf-a to leaf-b: there is no shortcut" in broken
    assert "repair: run liqo.fabric.propagation" in broken


def test_clusters_that_were_not_read_are_counted_in_the_first_line() -> None:
    world: World = {**scene(*MESH).world(), LEAVES[2]: unread(LEAVES[2])}
    assert result_text(sights_result(world, [HUB])).splitlines()[0].endswith("; 1 cluster unreachable")
    plan = result_text(propagation_result(planned(want(Mode.SHADOW), world)))
    assert (
        plan.splitlines()[0] == "fabric retail, 1 Service on its clusters: 2 create, 1 blocked; 1 cluster unreachable"
    )
    assert "leaf-c: cannot be read [unreachable]" in plan


def test_a_leaf_without_endpoints_still_shows_its_faults() -> None:
    world = scene(("leaf-a", "leaf-c"), pods=dict.fromkeys(LEAVES, frozenset())).world()
    hub = world[HUB]
    world[HUB] = replace(hub, services=(replace(hub.services[0], direct=True),))
    lines = result_text(sights_result(world, [HUB])).splitlines()
    (row,) = [number for number, line in enumerate(lines) if line.startswith("hub:demo/web  leaf-a")]
    assert lines[row].endswith("it has no endpoint here")
    assert lines[row + 1].startswith("    gate-closed: leaf-a to leaf-b: there is no shortcut")


def test_a_slice_that_belongs_to_nothing_is_told_with_its_repair() -> None:
    world = after(want(Mode.SHADOW), scene(("leaf-a", "leaf-c")))
    world[HUB] = replace(world[HUB], services=())
    text = result_text(sights_result(world, [HUB]))
    assert text.startswith("0 Services, 0 endpoints; 2 faults")
    assert "leaf-a: slice demo-hub/lf-web.leaf-c for hub:demo/web belongs to nothing any more" in text
    assert "repair: run liqo.fabric.propagation, which removes it" in text


def test_a_gate_that_several_services_have_is_told_once_and_thousands_are_left_to_the_result() -> None:
    result = propagation_result(planned(want(Mode.AUTO), scene().world()))
    assert len(result["gates"]) == 6
    twice = result_text({**result, "gates": result["gates"] * 2})
    assert twice == result_text(result)
    many = [{**result["gates"][0], "provider": f"leaf-{number}"} for number in range(MOST_GATES + 3)]
    text = result_text({**result, "gates": many})
    assert text.count("there is no shortcut") == MOST_GATES
    assert text.endswith("  3 more gates in the result, under gates")


def test_thousands_of_writes_are_left_to_the_result() -> None:
    result = propagation_result(planned(want(Mode.SHADOW), scene(*MESH).world()))
    (write, *_others) = result["plan"]
    text = result_text({**result, "plan": [write] * (MOST_WRITES + 1)})
    assert text.count("demo-hub/lf-web.leaf-b") == MOST_WRITES
    assert "  leaf-a: 1 more write in the result, under plan" in text


def test_thousands_of_writes_to_one_leaf_hide_no_write_to_another_one() -> None:
    result = propagation_result(planned(want(Mode.SHADOW), scene(*MESH).world()))
    (write, *_others) = result["plan"]
    crowd = [{**write, "cluster": "leaf-b"}] * (MOST_WRITES * 5)
    text = result_text({**result, "plan": [*crowd, {**write, "cluster": "leaf-c", "name": "the-other-one"}]})
    assert "the-other-one" in text
    assert text.count("demo-hub/lf-web.leaf-b") == MOST_WRITES // 2


def test_what_a_query_selected_is_shown_as_it_is_and_a_refusal_is_named() -> None:
    found = sights_result(scene().world(), [HUB])
    selected = {key: found[key] for key in ("task", "changed", "summary", "failures")}
    assert result_text({**selected, "result": ["leaf-a"]}) == '[\n  "leaf-a"\n]'
    failure = unread(HUB).as_result()
    assert "hub: cannot be read [unreachable]" in result_text({"msg": "x", "failed": True, "failures": [failure]})


def test_no_line_is_wider_than_the_screen() -> None:
    world = scene(*[("leaf-a", leaf) for leaf in LEAVES[1:]]).world()
    for text in (result_text(sights_result(world, [HUB])), text_of(scene(), Mode.UPSTREAM)):
        assert max(len(line) for line in text.splitlines()) <= 140
