# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A query of clusters as far as it needs none: refusals, and clusters to which no connection can even be opened."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.errors import FabricError, InputError
from ansible_collections.liqo.fabric.plugins.module_utils._run.info import peering_info


def params(*names: str, **options: Any) -> dict[str, Any]:
    clusters = [{"name": name, "kubeconfig": f"/nowhere/{name}"} for name in names]
    limits = {"connect_timeout": 5.0, "timeout": 30.0, "parallel_clusters": 32}
    return {"clusters": clusters, "query": None, **limits, **options}


def test_a_cluster_without_a_connection_is_listed_with_its_reason() -> None:
    result = peering_info(params("leaf-a", "leaf-b"))
    assert result["summary"]["unreachable"] == 2
    assert result["clusters"].keys() == {"leaf-a", "leaf-b"}
    for name, cluster in result["clusters"].items():
        assert f"/nowhere/{name}" in str(cluster["failure"])
    assert [failure["where"].split()[0].rstrip(",") for failure in result["failures"]] == ["leaf-a", "leaf-b"]


def test_a_query_replaces_the_parts_it_selects_from() -> None:
    result = peering_info(params("leaf-a", query="clusters.*.reachable"))
    assert result["result"] == [False]
    assert result.keys() == {"task", "changed", "summary", "failures", "result"}


def test_every_violation_is_named_at_once() -> None:
    with pytest.raises(InputError) as refusal:
        peering_info(params("leaf-a", "leaf-a", "Leaf_B", timeout=0.0, connect_timeout=-1.0, parallel_clusters=0))
    paths = {violation.path for violation in refusal.value.violations}
    assert {"timeout", "connect_timeout", "parallel_clusters", "clusters[1]", "clusters[2].cluster_id"} <= paths


def test_a_wrong_query_is_refused_before_a_kubeconfig_is_opened(tmp_path: Path) -> None:
    with pytest.raises(FabricError, match="query: "):
        peering_info({**params(), "clusters": [{"name": "leaf-a", "kubeconfig": str(tmp_path)}], "query": "links["})


def test_only_the_clusters_of_the_scope_are_looked_at_and_the_others_may_be_named() -> None:
    shortcuts = [{"between": ["leaf-a", "leaf-c"]}, {"ring": {"names": ["leaf-a", "leaf-b", "leaf-x"]}}]
    result = peering_info(params("leaf-a", "leaf-b", "leaf-c", shortcuts=shortcuts, scope=["leaf-b"]))
    assert result["clusters"].keys() == {"leaf-b"}


@pytest.mark.parametrize(
    ("options", "path"),
    [
        ({"shortcuts": [{"between": ["leaf-a"]}]}, "shortcuts[0].between"),
        ({"shortcuts": [{"between": ["leaf-a", "leaf-b"], "mtu": 1}]}, "shortcuts[0].mtu"),
        ({"defaults": {"client_endpoint": {"address": "http://x/"}}}, "defaults.client_endpoint.address"),
        ({"scope": ["leaf-x"]}, "scope[0]"),
        ({"hubs": ["leaf-x"]}, "hubs"),
        ({"labels_from": ["hub"]}, "labels_from"),
    ],
)
def test_a_declaration_that_cannot_be_meant_is_refused(options: dict[str, Any], path: str) -> None:
    with pytest.raises(InputError) as refusal:
        peering_info(params("leaf-a", "leaf-b", **options))
    assert [violation.path for violation in refusal.value.violations] == [path]


def test_labels_that_cannot_be_read_are_a_failure_and_no_end() -> None:
    shortcuts = [{"mesh": {"selector": "region=eu"}, "client_endpoint": {"port": 51841}}]
    found = peering_info(params("leaf-a", "hub", shortcuts=shortcuts, hubs=["hub"], labels_from=["hub"]))
    assert found["clusters"].keys() == {"leaf-a", "hub"}
    assert [problem["what"].startswith("cannot read the labels") for problem in found["failures"]].count(True) == 1
