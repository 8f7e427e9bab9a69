# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The variables of the role: what is not refused. What is, and in which words, is in tests/unit/test_newcomers.py."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.variables import check_variables

SPECS = yaml.safe_load((Path(__file__).resolve().parents[5] / "roles/fabric/meta/argument_specs.yml").read_text())
OPTIONS = {name: option for entry in SPECS["argument_specs"].values() for name, option in entry["options"].items()}
PAIRS = [{"between": ["leaf-a", "leaf-b"]}]


def problems(*, hubs: tuple[str, ...] = ("hub",), leaves: tuple[str, ...] = (), **given: Any) -> list[str]:
    named = {f"liqo_fabric_{name}": value for name, value in given.items()}
    return [str(one) for one in check_variables(named, OPTIONS, hubs=hubs, leaves=leaves)]


@pytest.mark.parametrize(
    "given",
    [
        {"tolerate": 3, "max_removals": "7", "wait": "no", "wait_timeout": "1.5", "parallel_links": 4},
        {"forget": "leaf-x,leaf-y", "labels_from": "inventory,cluster", "waves": "1"},
        {"waves": [1, "25%", "100%"], "evidence": None, "only": [["leaf-a", "leaf-b"]]},
        {"shortcuts": [{"mesh": {"names": "leaf-a,leaf-b"}, "except": ["leaf-c", ["leaf-a", "leaf-b"]], "mtu": None}]},
        {"shortcuts": [{"between": ["leaf-a", "leaf-b"], "client_endpoint": {"address": "a.example", "port": 1}}]},
        {"defaults": '{"mtu": 1300}', "rotate_keys": "all"},
        {"services": [{"namespace": "demo", "name": "web", "hub": "hub"}, {"selector": "app=web"}]},
        {"services": []},
    ],
)
def test_what_ansible_takes_is_taken(given: dict[str, Any]) -> None:
    assert problems(**given) == []


def test_a_hub_may_be_a_leaf_of_this_fabric_too() -> None:
    pair = [{"between": ["leaf-a", "hub"]}]
    assert problems(shortcuts=pair, leaves=("leaf-a",)) != []
    assert problems(shortcuts=pair, leaves=("leaf-a", "hub")) == []


@pytest.mark.parametrize("given", [{"clusters": [{"name": "hub"}]}, {"labels_from": ["hub"]}])
def test_a_hub_among_the_clusters_of_the_run_is_left_to_the_module(given: dict[str, Any]) -> None:
    assert problems(shortcuts=[{"between": ["leaf-a", "hub"]}], **given) == []


def test_services_need_a_hub() -> None:
    assert problems(services=[{"namespace": "demo", "name": "web"}], hubs=()) == [
        "liqo_fabric_services: there is no hub whose Services could be meant (name the hubs in the group liqo_hubs)"
    ]


def test_contradictions_are_looked_for_only_where_the_values_make_sense() -> None:
    assert problems(services={"name": "web"}, waves=["x"]) == [
        "liqo_fabric_services: is a dictionary and not a list (begin each entry with a dash)"
    ]


def test_connections_are_neither_looked_at_nor_quoted() -> None:
    assert problems(clusters="s3cret") == []
    assert "s3cret" not in str(problems(clusters=[{"api_key": "s3cret"}], tolerat=1))
