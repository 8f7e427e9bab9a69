# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The node count of Ansible Automation Platform, asked of what the modules return with the library that it uses."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jq  # type: ignore[import-not-found, unused-ignore]
import pytest
import yaml

from tests.unit.test_returned import RESULTS

ROOT = Path(__file__).resolve().parents[2]
COUNTED = [module for module, result in RESULTS.items() if "clusters" in result]
QUERIES = yaml.safe_load((ROOT / "extensions/audit/event_query.yml").read_text())


def counted(module: str, result: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = jq.compile(QUERIES[f"liqo.fabric.{module}"]["query"]).input_value(result).all()
    return found


def test_every_module_that_reaches_clusters_has_a_query() -> None:
    groups = yaml.safe_load((ROOT / "meta/runtime.yml").read_text())["action_groups"]
    # The module connector reports objects, not clusters; the role that runs it also runs shortcuts on the same ones.
    assert list(QUERIES) == [f"liqo.fabric.{module}" for module in groups["all"] if module != "connector"]


@pytest.mark.parametrize("module", COUNTED)
def test_every_cluster_that_was_reached_is_one_node(module: str) -> None:
    clusters = RESULTS[module]["clusters"]
    reached = [cluster for cluster, seen in clusters.items() if seen.get("reachable", seen.get("ok"))]
    assert reached
    found = counted(module, RESULTS[module])
    # The platform takes a name twice in one job for an error, and drops a node whose facts hold a null.
    assert [one["name"] for one in found] == reached
    assert [one["canonical_facts"] for one in found] == [{"liqo_cluster_id": cluster} for cluster in reached]
    assert all(one["facts"].keys() == {"infra_type", "infra_bucket", "device_type"} for one in found)


def test_a_cluster_that_was_not_reached_is_no_node() -> None:
    lost = [cluster for cluster, seen in RESULTS["peering_info"]["clusters"].items() if not seen["reachable"]]
    assert lost
    assert not {one["name"] for one in counted("peering_info", RESULTS["peering_info"])} & set(lost)


def test_all_modules_know_a_cluster_by_the_same_facts() -> None:
    facts = {module: counted(module, {"clusters": {"leaf-a": {"reachable": True, "ok": True}}}) for module in COUNTED}
    assert all(found == facts["shortcuts"] for found in facts.values())


@pytest.mark.parametrize("result", [{}, {"msg": "refused"}, {"clusters": None}, {"skipped": True}, {"clusters": {}}])
def test_a_task_that_came_to_nothing_counts_nothing(result: Any) -> None:
    assert counted("shortcuts", result) == []
