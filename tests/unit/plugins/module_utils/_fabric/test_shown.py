# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What one cluster tells in thousands is shown to a person in a few lines, and hides nothing of the others."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.links import cluster_result, link_result, links_of
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.most import (
    MOST_ENDPOINTS,
    MOST_FAULTS_SHOWN,
    MOST_ORPHANS,
    MOST_SERVICES,
    MOST_STRANGERS,
)
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.picture import dot, mermaid
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.text import result_text

from tests.unit import build

CROWD = 10_000


def seen(crowd: int) -> dict[str, Any]:
    """The result of peering_info about two leaves, of which one tells of so many other clusters."""
    one, other = build.link("leaf-a", "leaf-b")
    links = [link_result(link) for link in links_of({one.id: one, other.id: other})]
    made_up = [{**links[0], "between": ["leaf-b", f"x{number}"]} for number in range(crowd)]
    return {
        "task": "peering_info",
        "clusters": {str(state.id): cluster_result(state.id, state) for state in (one, other)},
        "links": [*made_up, *links],
        "failures": [],
    }


def run(crowd: int) -> dict[str, Any]:
    """The result of a run in which the links with made-up clusters are blocked, and one other link has failed."""

    def row(one: str, other: str) -> dict[str, Any]:
        failure = {"fault": "other", "what": f"no link of {other}", "where": f"cluster {other}", "why": "", "next": ""}
        return {"between": [one, other], "outcome": "blocked", "changes": [], "notes": [], "failure": failure}

    links = [*(row("leaf-b", f"x{number}") for number in range(crowd)), row("leaf-a", "leaf-c")]
    names = ("leaf-a", "leaf-b", "leaf-c")
    return {
        "task": "shortcuts",
        "fabric": "retail",
        "check_mode": False,
        "clusters": {name: {"reachable": True} for name in names},
        "links": links,
        "failures": [link["failure"] for link in links],
    }


def test_links_with_clusters_that_one_leaf_makes_up_take_few_lines_of_a_status() -> None:
    lines = result_text(seen(CROWD)).splitlines()
    assert lines[0].startswith(f"2 clusters; {CROWD + 1} links")
    assert sum("leaf-b <-> x" in line for line in lines) == MOST_STRANGERS
    assert f"  leaf-b: {CROWD - MOST_STRANGERS} more links in the result, under links" in lines
    assert sum("leaf-a <-> leaf-b" in line for line in lines) == 1
    assert len(lines) < 4 * MOST_STRANGERS


def test_they_take_few_lines_of_a_run_and_are_not_suggested_to_be_run_again() -> None:
    text = result_text(run(CROWD), again="ansible-playbook liqo.fabric.apply")
    lines = text.splitlines()
    assert f"  leaf-b: {CROWD - MOST_STRANGERS} more links in the result, under links" in lines
    assert len(lines) < 8 * MOST_STRANGERS
    assert sum("leaf-a <-> leaf-c" in line for line in lines) == 2
    assert '\'{"liqo_fabric_only":[["leaf-a","leaf-c"]]}\'' in lines[-1]
    assert "cluster leaf-c: no link of leaf-c" in text
    few = result_text(run(3), again="ansible-playbook liqo.fabric.apply").splitlines()
    assert sum("leaf-b <-> x" in line for line in few) == 6


@pytest.mark.parametrize("draw", [mermaid, dot])
def test_they_take_few_nodes_of_a_picture(draw: Any) -> None:
    lines = draw(seen(CROWD)).splitlines()
    assert len(lines) < 3 * MOST_STRANGERS
    assert any(f"leaf-b: {CROWD - MOST_STRANGERS} more links" in line for line in lines)
    assert "more link" not in draw(seen(3))


def test_links_between_clusters_of_the_task_are_all_shown() -> None:
    result = seen(0)
    names = [f"leaf-{number}" for number in range(30)]
    pairs = [[one, other] for one in names for other in names if one < other]
    result["clusters"] = {name: {"reachable": True} for name in names}
    result["links"] = [{**result["links"][0], "between": between} for between in pairs]
    assert sum(" <-> " in line for line in result_text(result).splitlines()) == len(pairs)


def test_faults_of_one_link_take_few_lines() -> None:
    result = seen(0)
    fault = {"name": "stale", "cluster": "leaf-b", "detail": "as ever", "repair": ""}
    result["links"][0]["evidence"] = {**result["links"][0]["evidence"], "faults": [fault] * CROWD}
    lines = result_text(result).splitlines()
    assert sum("as ever" in line for line in lines) == MOST_FAULTS_SHOWN
    assert f"    {CROWD - MOST_FAULTS_SHOWN} more faults in the result, under faults" in lines


def test_what_one_leaf_lists_of_services_takes_few_lines() -> None:
    def service(cluster: str, endpoints: int, name: str = "web") -> dict[str, Any]:
        endpoint = {"pod": "p", "cluster": "leaf-b", "address": "10.0.0.1", "path": "direct", "through": "leaf-b"}
        return {
            "hub": "hub",
            "namespace": "demo",
            "name": name,
            "cluster": cluster,
            "endpoints": [{**endpoint, "ready": True, "why": "it is"}] * endpoints,
            "faults": [],
        }

    orphan = {"namespace": "demo", "name": "x", "service": None, "repair": "run it"}
    orphans = [{**orphan, "cluster": "leaf-b"}] * CROWD + [{**orphan, "cluster": "leaf-a"}]
    services = [service("leaf-b", CROWD), service("leaf-a", 2)]
    text = result_text({"task": "propagation_info", "services": services, "orphans": orphans})
    lines = text.splitlines()
    seen_from = [line.split()[1] for line in lines if line.startswith("hub:demo/web")]
    assert [seen_from.count(leaf) for leaf in ("leaf-b", "leaf-a")] == [MOST_ENDPOINTS, 2]
    assert f"  leaf-b: {CROWD - MOST_ENDPOINTS} more endpoints in the result, under services" in lines
    assert f"  leaf-b: {CROWD - MOST_ORPHANS} more slices in the result, under orphans" in lines
    assert sum(line.startswith("  leaf-a: slice") for line in lines) == 1
    rows = [{**service("leaf-b", 0, f"x{number}"), "outcome": "in_sync"} for number in range(CROWD)]
    rows += [{**service("leaf-a", 0), "outcome": "created"}]
    lines = result_text({"task": "propagation", "services": rows, "fabric": "retail"}).splitlines()
    assert f"  leaf-b: {CROWD - MOST_SERVICES} more Services in the result, under services" in lines
    assert sum("created" in line for line in lines) == 1
    assert len(lines) < MOST_SERVICES + 10
