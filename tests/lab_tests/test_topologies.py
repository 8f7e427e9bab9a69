# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Wishes by label, with labels that are really read; nothing is written to a cluster but the label of one test."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.selectors import SelectorError, parse_selector

from lab.api import ApiError
from tests.lab_tests.laboratory import Laboratory, Task, now

pytestmark = pytest.mark.lab

LEAVES = ("leaf-a", "leaf-b", "leaf-c")
CORE = "core.liqo.io/v1beta1"
FOREIGN_CLUSTERS = f"/apis/{CORE}/foreignclusters"
LABEL = "test.example.org/tier"


def plan(lab: Laboratory, *wishes: dict[str, Any], hubs: tuple[str, ...] = (), **options: Any) -> Task:
    """What would be done for these wishes; leaf-c is the only one with tier depot in the inventory."""
    clusters = lab.clusters((*hubs, *LEAVES))
    for cluster in clusters:
        cluster["labels"] = {"tier": "depot" if cluster["name"] == "leaf-c" else "shop"}
    return lab.shortcuts(LEAVES, [], "--check", clusters=clusters, shortcuts=list(wishes), hubs=list(hubs), **options)


def planned(task: Task) -> set[str]:
    assert not task.failed, task.log
    assert all(row["outcome"] in ("created", "in_sync") for row in task.result["links"])
    return {"<->".join(row["between"]) for row in task.result["links"]}


def test_a_mesh_by_labels_of_the_inventory_is_planned_pair_by_pair(lab: Laboratory) -> None:
    since = now()
    task = plan(lab, {"mesh": {"selector": "tier in (shop, depot)"}}, {"between": ["leaf-a", "leaf-c"], "mtu": 1300})
    assert planned(task) == {"leaf-a<->leaf-b", "leaf-a<->leaf-c", "leaf-b<->leaf-c"}
    assert lab.writes(since, LEAVES) == 0
    seen = {
        (op["cluster"], op["peer"], op["fields"]["mtu"]["after"])
        for op in task.result["plan"]
        if op["kind"] == "GatewayServer"
    }
    assert {frozenset(pair): mtu for *pair, mtu in seen} == {
        frozenset(("leaf-a", "leaf-b")): 1340,
        frozenset(("leaf-b", "leaf-c")): 1340,
        frozenset(("leaf-a", "leaf-c")): 1300,
    }


def test_what_is_left_out_is_not_planned(lab: Laboratory) -> None:
    task = plan(lab, {"mesh": {"selector": ""}, "except": [["leaf-c", "leaf-b"]]})
    assert planned(task) == {"leaf-a<->leaf-b", "leaf-a<->leaf-c"}


def test_labels_of_liqo_are_read_from_every_cluster(lab: Laboratory) -> None:
    info = lab.module("peering_info", {"clusters": lab.clusters(LEAVES)})
    regions = {name: info.result["clusters"][name]["labels"]["region"] for name in LEAVES}
    of_two = {name for name in LEAVES if regions[name] in (regions["leaf-a"], regions["leaf-c"])}
    selector = f"region in ({regions['leaf-a']}, {regions['leaf-c']})"
    found = planned(plan(lab, {"ring": {"selector": selector}}, labels_from=["cluster"]))
    assert {name for pair in found for name in pair.split("<->")} == of_two
    assert planned(plan(lab, {"mesh": {"selector": selector}})) == set()


@pytest.fixture
def tiers(lab: Laboratory) -> Iterator[None]:
    """leaf-a and leaf-b carry a label in the hub."""
    api = lab.api("hub")
    names = {
        item["spec"]["clusterID"]: item["metadata"]["name"] for item in api.request("GET", FOREIGN_CLUSTERS)["items"]
    }

    def label(value: str | None) -> None:
        for cluster in ("leaf-a", "leaf-b"):
            api.patch(CORE, "ForeignCluster", names[cluster], {"metadata": {"labels": {LABEL: value}}})

    label("shop")
    yield
    label(None)


def test_labels_are_read_from_the_foreign_clusters_of_the_hub(lab: Laboratory, tiers: None) -> None:
    task = plan(lab, {"mesh": {"selector": f"{LABEL}=shop"}}, hubs=("hub",), labels_from=["inventory", "hub"])
    assert planned(task) == {"leaf-a<->leaf-b"}


def test_a_hub_that_is_not_there_ends_the_run_before_anything_is_written(lab: Laboratory) -> None:
    clusters = [*lab.clusters(LEAVES), {"name": "hub", "host": "https://127.0.0.1:1", "api_key": "no-token"}]
    task = lab.shortcuts(
        LEAVES,
        [],
        clusters=clusters,
        shortcuts=[{"mesh": {"selector": "a"}}],
        hubs=["hub"],
        labels_from=["hub"],
    )
    assert task.failed
    assert "cannot read the labels of ForeignClusters on hub hub" in task.result["msg"]


def test_a_leaf_without_an_answer_is_picked_by_no_selector_and_named(lab: Laboratory) -> None:
    clusters = [
        *lab.clusters(("leaf-a", "leaf-b")),
        {"name": "leaf-x", "host": "https://127.0.0.1:1", "api_key": "no-token"},
    ]
    task = lab.shortcuts(
        LEAVES, [], "--check", clusters=clusters, shortcuts=[{"mesh": {"selector": ""}}], labels_from=["cluster"]
    )
    assert {"<->".join(row["between"]) for row in task.result["links"]} == {"leaf-a<->leaf-b"}
    assert any("leaf-x" in warning for warning in task.result["warnings"])


@pytest.mark.parametrize(
    "selector",
    [
        "liqo.io/remote-cluster-id",
        "!liqo.io/remote-cluster-id",
        f"{LABEL}=shop",
        f"{LABEL} != shop",
        f"{LABEL} in (,depot)",
        f"{LABEL} in (shop,)",
        f"{LABEL} notin (shop, depot), liqo.io/remote-cluster-id",
        f"{LABEL}=",
        f"!{LABEL}, liqo.io/remote-cluster-id == leaf-c",
        f"{LABEL} IN (shop)",
        f"{LABEL}=shop,",
        f"{LABEL}>1",
        f"{LABEL}>-1",
        f"{LABEL} shop",
        "_=shop",
    ],
)
def test_the_api_server_picks_the_same(lab: Laboratory, tiers: None, selector: str) -> None:
    api = lab.api("hub")
    everything = api.request("GET", FOREIGN_CLUSTERS)["items"]
    try:
        parsed = parse_selector(selector)
    except SelectorError:
        with pytest.raises(ApiError, match="got 400"):
            api.request("GET", f"{FOREIGN_CLUSTERS}?labelSelector={quote(selector)}")
        return
    theirs = api.request("GET", f"{FOREIGN_CLUSTERS}?labelSelector={quote(selector)}")["items"]
    ours = [item for item in everything if parsed.matches(item["metadata"].get("labels", {}))]
    assert [item["metadata"]["name"] for item in ours] == [item["metadata"]["name"] for item in theirs]
