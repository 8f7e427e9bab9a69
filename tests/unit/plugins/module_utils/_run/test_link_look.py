# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A look at one link, over APIs that are dictionaries."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from ansible.errors import AnsibleLookupError
from ansible_collections.liqo.fabric.plugins.lookup import link as face
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.errors import FabricError, InputError
from ansible_collections.liqo.fabric.plugins.module_utils._run import link_look
from ansible_collections.liqo.fabric.plugins.module_utils._run.link_look import link_value

from tests.unit.bodies import linked_cluster
from tests.unit.pretend_api import PretendApi

DOWN = FabricError(what="no answer", where="leaf-b at https://leaf-b:6443", why="it is down", next="start it")
CLUSTERS = [{"name": "a", "cluster_id": "leaf-a"}, {"name": "leaf-b"}, {"name": "leaf-c"}]
PARAMS: Mapping[str, Any] = {"value": "server", "clusters": CLUSTERS, "timeout": 30.0, "connect_timeout": 5.0}


@pytest.fixture
def apis(monkeypatch: pytest.MonkeyPatch) -> dict[str, PretendApi | FabricError]:
    """What the two clusters answer; a third one is never asked."""
    found: dict[str, PretendApi | FabricError] = {
        "leaf-a": PretendApi("leaf-a", linked_cluster("leaf-a", "leaf-b")),
        "leaf-b": PretendApi("leaf-b", linked_cluster("leaf-b", "leaf-a", is_server=False)),
    }
    monkeypatch.setattr(
        link_look,
        "open_apis",
        lambda params, agent: {
            one.get("cluster_id") or one["name"]: found[one.get("cluster_id") or one["name"]]
            for one in params["clusters"]
        },
    )
    return found


@pytest.mark.parametrize("ends", [("a", "leaf-b"), ("leaf-b", "leaf-a")])
def test_the_two_are_given_by_name_or_id_in_any_order(
    apis: dict[str, PretendApi | FabricError], ends: tuple[str, str]
) -> None:
    assert link_value(ends, PARAMS) == "leaf-a"


def test_half_an_account_of_a_link_is_none(apis: dict[str, PretendApi | FabricError]) -> None:
    apis["leaf-b"] = DOWN
    with pytest.raises(FabricError, match="leaf-b at https://leaf-b:6443: no answer"):
        link_value(("a", "leaf-b"), PARAMS)


@pytest.mark.parametrize(
    ("ends", "options", "told"),
    [
        (("a", "leaf-a"), {}, "name two different clusters"),
        (("a",), {}, "name two different clusters"),
        (("a", "leaf-b", "leaf-c"), {}, "name two different clusters"),
        (("a", "leaf-x"), {}, "leaf-x is not among the clusters"),
        (("a", "leaf-b"), {"value": "speed"}, "'speed' is no value of a link"),
        (("a", "leaf-b"), {"timeout": 0.0}, "timeout"),
    ],
)
def test_what_cannot_be_meant_is_refused(ends: tuple[str, ...], options: dict[str, Any], told: str) -> None:
    with pytest.raises(InputError, match=told):
        link_value(ends, {**PARAMS, **options})


class Lookup(face.LookupModule):
    """With options as Ansible would have taken them from its configuration."""

    def set_options(self, *, var_options: Any, direct: Mapping[str, Any]) -> None:
        unset = dict.fromkeys(("clusters", "shortcuts", "defaults", "labels_from", "hubs"))
        self.given = {"value": "server", "timeout": 30.0, "connect_timeout": 5.0, **unset, **direct}

    def get_option(self, name: str) -> Any:
        return self.given[name]


def look(*terms: str, hosts: Mapping[str, Any] | None = None, **options: Any) -> list[Any]:
    found: list[Any] = Lookup().run(list(terms), {"hostvars": hosts or {}}, **options)
    return found


def test_without_clusters_the_two_are_hosts_of_the_inventory(apis: dict[str, PretendApi | FabricError]) -> None:
    hosts = {"a": {"liqo_kubeconfig": "/k/a", "liqo_cluster_id": "leaf-a"}, "leaf-b": {"liqo_kubeconfig": "/k/b"}}
    assert look("leaf-b", "a", hosts=hosts) == ["leaf-a"]
    assert look("leaf-b", "a", hosts=hosts, value="kind") == ["shortcut"]


def test_what_goes_wrong_is_an_error_of_a_lookup_and_quotes_no_secret(
    apis: dict[str, PretendApi | FabricError],
) -> None:
    apis["leaf-b"] = DOWN
    with pytest.raises(AnsibleLookupError, match="it is down"):
        look("leaf-a", "leaf-b", clusters=[{"name": "leaf-a"}, {"name": "leaf-b"}])
    with pytest.raises(AnsibleLookupError, match="leaf-b is not a host of the inventory"):
        look("leaf-a", "leaf-b", hosts={"leaf-a": {"liqo_kubeconfig": "/k/a"}})
    with pytest.raises(AnsibleLookupError, match="kubeconfig_path") as refusal:
        look("leaf-a", "leaf-b", clusters=[{"name": "leaf-a", "kubeconfig_path": "x", "api_key": "secret-key"}])
    assert "secret-key" not in str(refusal.value)


def behind_nat(state: list[Any]) -> None:
    """leaf-b dials what a NAT in front of leaf-a has, and hears nothing."""
    for body in state:
        if body["kind"] == "GatewayClient":
            body["spec"]["endpoint"] = {"addresses": ["203.0.113.7"], "port": 51841, "protocol": "UDP"}
        if body["kind"] == "Connection":
            body["status"]["value"] = "Error"


NAT = {"client_endpoint": {"address": "203.0.113.7", "port": 51841}}
SHORTCUT = {"between": ["a", "leaf-b"], **NAT}


@pytest.mark.parametrize(
    ("options", "is_declared"),
    [
        ({}, False),
        ({"shortcuts": [SHORTCUT]}, True),
        ({"shortcuts": [{**SHORTCUT, "between": ["leaf-b", "leaf-a"]}, {"between": ["leaf-x", "leaf-b"]}]}, True),
        ({"shortcuts": [{"between": ["a", "leaf-b"]}], "defaults": NAT}, True),
        ({"shortcuts": [{**SHORTCUT, "between": ["leaf-x", "leaf-b"]}]}, False),
        ({"shortcuts": [{"mesh": {"names": ["leaf-x", "a", "leaf-b"]}, **NAT}]}, True),
        ({"shortcuts": [{"ring": {"names": ["a", "leaf-x", "leaf-b", "leaf-y"]}, **NAT}]}, False),
        ({"shortcuts": [{"star": {"center": "a", "names": ["leaf-x"], "selector": ""}, **NAT}]}, True),
        ({"shortcuts": [{"star": {"center": "leaf-x", "selector": ""}, **NAT}]}, False),
        ({"shortcuts": [{"mesh": {"selector": ""}, "except": ["leaf-x", ["leaf-y", "a"]], **NAT}]}, True),
        ({"shortcuts": [{"mesh": {"selector": ""}, **NAT}], "hubs": ["a"]}, False),
        ({"shortcuts": [{"mesh": {"selector": ""}, **NAT}], "labels_from": ["hub"]}, False),
        ({"shortcuts": [{"ring": {"selector": ""}, **NAT}]}, False),
    ],
)
def test_the_link_is_judged_by_what_is_declared_of_it(
    apis: dict[str, PretendApi | FabricError], options: dict[str, Any], is_declared: bool
) -> None:
    """By entries that may name clusters that the lookup does not know, and as far as two clusters tell."""
    client = linked_cluster("leaf-b", "leaf-a", is_server=False)
    behind_nat(client)
    apis["leaf-b"] = PretendApi("leaf-b", client)
    faults = link_value(("a", "leaf-b"), {**PARAMS, "value": "faults", **options})
    assert ("stale-endpoint" in faults) is not is_declared


def test_a_wrong_declaration_is_refused_before_any_request() -> None:
    with pytest.raises(InputError, match=r"lookup liqo.fabric.link.*shortcuts\[0\].mtu"):
        link_value(("a", "leaf-b"), {**PARAMS, "shortcuts": [{"between": ["a", "leaf-b"], "mtu": 1}]})
