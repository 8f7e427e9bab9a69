# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A query of Services as far as it needs no cluster: refusals, and clusters to which no connection can be opened."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.errors import InputError
from ansible_collections.liqo.fabric.plugins.module_utils._run.propagation_info import propagation_info


def params(*names: str, **options: Any) -> dict[str, Any]:
    clusters = [{"name": name, "kubeconfig": f"/nowhere/{name}"} for name in names]
    limits = {"connect_timeout": 5.0, "parallel_clusters": 32}
    return {"clusters": clusters, "hubs": list(names[:1]), "query": None, **limits, **options}


def test_clusters_without_a_connection_are_listed_with_their_reasons() -> None:
    result = propagation_info(params("hub", "leaf-a"))
    assert result["summary"]["unreachable"] == 2
    assert result["clusters"].keys() == {"hub", "leaf-a"}
    assert (result["services"], result["orphans"], result["result"]) == ([], [], None)
    assert [failure["where"].split()[0].rstrip(",") for failure in result["failures"]] == ["hub", "leaf-a"]


def test_a_query_replaces_the_parts_it_selects_from() -> None:
    result = propagation_info(params("hub", query="clusters.*.reachable"))
    assert result["result"] == [False]
    assert result.keys() == {"task", "changed", "summary", "failures", "result"}


def test_every_violation_is_named_at_once() -> None:
    with pytest.raises(InputError) as refusal:
        propagation_info(params("hub", "hub", connect_timeout=-1.0, parallel_clusters=0, hubs=["leaf-z"]))
    paths = {violation.path for violation in refusal.value.violations}
    assert paths == {"clusters[1]", "connect_timeout", "parallel_clusters", "hubs"}
    with pytest.raises(InputError, match="no hub is named"):
        propagation_info(params("hub", hubs=[]))
