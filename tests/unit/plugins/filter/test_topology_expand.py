# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From wishes to pairs, as a playbook sees it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.errors import AnsibleFilterError
from ansible_collections.liqo.fabric.plugins.filter.topology_expand import topology_expand

CLUSTERS = [
    {"name": "leaf-a", "labels": {"region": "eu"}, "kubeconfig": {"token": "s3cret"}},
    {"name": "leaf-b", "labels": {"region": "eu"}},
    {"name": "paris", "cluster_id": "leaf-c", "labels": {"region": "us"}},
]
PAGE = Path(__file__).resolve().parents[4] / "plugins/filter/topology_expand.yml"


def test_the_documented_example_comes_to_the_documented_result() -> None:
    documentation = yaml.safe_load(PAGE.read_text())
    (task,) = yaml.safe_load(documentation["EXAMPLES"])
    clusters = [
        {"name": f"leaf-{name}", "labels": {"region": region}}
        for name, region in (("a", "eu"), ("b", "eu"), ("c", "us"))
    ]
    assert topology_expand(task["vars"]["declared"], clusters) == documentation["RETURN"]["_value"]["sample"]


def test_settings_are_merged_and_written_as_options() -> None:
    wishes: list[dict[str, Any]] = [
        {"mesh": {"selector": ""}, "server": "leaf-c", "service_type": "NodePort", "client_endpoint": {"port": 4500}},
        {"between": ["paris", "leaf-b"], "mtu": "1400", "server": "auto"},
    ]
    found = topology_expand(wishes, CLUSTERS, {"port": 51841}, ["leaf-a"])
    assert found == [
        {
            "between": ["leaf-b", "paris"],
            "server": "auto",
            "service_type": "NodePort",
            "port": 51841,
            "mtu": 1400,
            "client_endpoint": {"port": 4500},
        }
    ]


def test_what_it_returns_means_the_same_again() -> None:
    wishes = [{"ring": {"names": ["paris"], "selector": "region=eu"}, "server": "paris", "mtu": 1300}]
    once = topology_expand(wishes, CLUSTERS)
    assert len(once) == 3
    assert topology_expand(once, CLUSTERS) == once


@pytest.mark.parametrize(
    ("wishes", "sentence"),
    [
        ([{"mesh": {"selector": "region=eu us"}}], "shortcuts[0].mesh.selector: 'region=eu us' is no selector"),
        ([{"between": ["leaf-a", "leaf-x"]}], "shortcuts[0].between: unknown cluster 'leaf-x'"),
        ([{"meshh": {"selector": ""}}], "shortcuts.meshh"),
        ([{"star": {"names": ["leaf-a"]}}], "center"),
        ("leaf-a", "shortcuts"),
    ],
)
def test_refused_as_the_module_would(wishes: Any, sentence: str) -> None:
    with pytest.raises(AnsibleFilterError) as refused:
        topology_expand(wishes, CLUSTERS)
    assert sentence in str(refused.value)
    assert str(refused.value).startswith("liqo.fabric.topology_expand: ")
    assert "s3cret" not in str(refused.value)


def test_clusters_that_are_no_list_of_clusters_are_refused() -> None:
    with pytest.raises(AnsibleFilterError, match="name"):
        topology_expand([], ["leaf-a"])  # type: ignore[list-item]
