# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Clusters as they were read -> hosts, their variables and groups."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.errors import FabricError, FailureName
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.hub_view import HubView, Identity, PeerNotes
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.inventory_cache import from_cache, to_cache
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.inventory_hosts import (
    Host,
    Hub,
    Leaf,
    group_name,
    hosts_of,
)
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.objects import ClusterInfo, ClusterState

from tests.unit import build

REGION = ("region",)
DOWN = FabricError(
    what="no answer", where="x at https://x", why="x is down", next="start x", fault=FailureName.UNREACHABLE
)
NO_RIGHT = FabricError(
    what="cannot list configmaps", where="x", why="403", next="grant it", fault=FailureName.MISSING_RIGHT
)
A = build.cluster_id("leaf-a")


def hub_state(leaf: str = "leaf-a", **connection: Any) -> ClusterState:
    peering = build.foreign_cluster("hub", leaf, role="Provider", modules=("networking", "authentication"))
    side = replace(
        build.side("hub", leaf), foreign_cluster=peering, connections=(build.connection("hub", leaf, **connection),)
    )
    return build.cluster("hub", side, info=ClusterInfo(cluster_labels={"region": "core"}))


def listed(
    *, state: ClusterState | None = None, notes: PeerNotes | None = None, seen: ClusterState | FabricError | None = None
) -> tuple[Host, Host]:
    """The hosts of a hub and of its one leaf."""
    view = HubView(name="main", state=state or hub_state(), notes={A: notes or PeerNotes()})
    hub = Hub(name="main", seen=view, declared_id=build.cluster_id("main"), connection={"liqo_kubeconfig": "/k/hub"})
    leaf = Leaf(id=A, hubs=(view,), kubeconfig="/k/leaf-a", reached_by="kubeconfig_pattern", seen=seen)
    first, second = hosts_of([hub], [leaf], region_labels=REGION)
    return first, second


def test_a_hub_has_its_name_its_id_and_its_connection() -> None:
    hub, _leaf = listed()
    assert (hub.name, hub.variables["liqo_cluster_id"]) == ("main", "hub")
    assert hub.variables["liqo_kubeconfig"] == "/k/hub"
    assert hub.variables["liqo_roles"] == ["consumer"]
    assert set(hub.groups) == {
        "liqo_hubs",
        "liqo_consumers",
        "liqo_health_healthy",
        "liqo_region_core",
        "liqo_version_1_2_0",
        "connected_to_leaf_a",
    }


def test_hubs_alone_tell_much_of_a_leaf() -> None:
    notes = PeerNotes(
        labels={"region": "eu"},
        api_server="https://leaf-a:6443",
        identity=Identity(namespace="liqo-tenant-leaf-a", secret="kubeconfig-controlplane-leaf-a"),
    )
    _hub, leaf = listed(notes=notes)
    variables = leaf.variables
    assert set(leaf.groups) == {
        "liqo_leaves",
        "liqo_providers",
        "liqo_health_healthy",
        "liqo_region_eu",
        "connected_to_hub",
    }
    assert variables["liqo_networks"]["pod"] == list(build.networks("leaf-a").pod)
    assert variables["liqo_networks"]["service"] == []
    assert variables["liqo_links"]["hub"]["kind"] == "peering"
    assert variables["liqo_links"]["hub"]["latency_ms"] == 2.0
    assert (variables["liqo_api_server"], variables["liqo_peered_hubs"]) == ("https://leaf-a:6443", ["main"])
    assert (variables["liqo_reachable"], variables["liqo_version"], variables["liqo_failure"]) == (None, None, None)
    assert variables["liqo_identity"] == {
        "hub": "main",
        "namespace": "liqo-tenant-leaf-a",
        "secret": "kubeconfig-controlplane-leaf-a",
    }


def test_leaves_that_were_read_tell_how_they_are_linked_with_each_other() -> None:
    one, other = build.link("leaf-a", "leaf-b")
    view = HubView(name="hub", state=hub_state())
    hub = Hub(name="hub", seen=view, declared_id=view.state.id)
    leaves = [Leaf(id=state.id, hubs=(view,), seen=state) for state in (one, other)]
    hosts = {host.name: host for host in hosts_of([hub], leaves, region_labels=REGION)}
    assert "connected_to_leaf_b" in hosts["leaf-a"].groups
    assert "connected_to_leaf_a" in hosts["leaf-b"].groups
    assert hosts["leaf-a"].variables["liqo_links"]["leaf-b"] == {
        "kind": "shortcut",
        "connected": True,
        "evidence": "fresh",
        "server": "leaf-a",
        "latency_ms": 2.0,
    }
    assert hosts["leaf-a"].variables["liqo_version"] == "1.2.0"


@pytest.mark.parametrize("seen", [None, DOWN, NO_RIGHT])
def test_no_leaf_alone_makes_a_link_connected(seen: FabricError | None) -> None:
    one, other = build.link("leaf-a", "leaf-b")
    view = HubView(name="hub", state=hub_state())
    hub = Hub(name="hub", seen=view, declared_id=view.state.id)
    leaves = [Leaf(id=one.id, hubs=(view,), seen=one), Leaf(id=other.id, hubs=(view,), seen=seen)]
    hosts = {host.name: host for host in hosts_of([hub], leaves, region_labels=REGION)}
    for name, peer in (("leaf-a", "leaf-b"), ("leaf-b", "leaf-a")):
        assert hosts[name].variables["liqo_links"][peer]["connected"] is None
        assert hosts[name].variables["liqo_connected_to"] == []
        assert not [group for group in hosts[name].groups if group.startswith("connected_to")]


def test_an_end_that_denies_it_is_enough_for_a_link_that_is_not_connected() -> None:
    one, _other = build.link("leaf-a", "leaf-b")
    broken = (build.connection(value="Error"),)
    silent = replace(one, sides={peer: replace(side, connections=broken) for peer, side in one.sides.items()})
    view = HubView(name="hub", state=hub_state())
    hub = Hub(name="hub", seen=view, declared_id=view.state.id)
    leaves = [Leaf(id=one.id, hubs=(view,), seen=silent), Leaf(id=build.cluster_id("leaf-b"), hubs=(view,))]
    hosts = {host.name: host for host in hosts_of([hub], leaves, region_labels=REGION)}
    assert hosts["leaf-b"].variables["liqo_links"]["leaf-a"]["connected"] is False


def test_a_crowd_that_one_leaf_reports_makes_no_groups_and_few_variables() -> None:
    crowd = [build.side("leaf-a", f"x{number}") for number in range(1500)]
    one, other = build.link("leaf-a", "leaf-b")
    labels = {f"key{number:04}": "x" for number in range(500)} | {"region": "eu"}
    liar = replace(one, sides={**{side.peer: side for side in crowd}, **one.sides})
    liar = replace(liar, info=ClusterInfo(cluster_labels=labels))
    view = HubView(name="hub", state=hub_state())
    hub = Hub(name="hub", seen=view, declared_id=view.state.id)
    leaves = [Leaf(id=state.id, hubs=(view,), seen=state) for state in (liar, other)]
    hosts = {host.name: host for host in hosts_of([hub], leaves, region_labels=REGION)}
    assert hosts["leaf-a"].variables["liqo_connected_to"] == ["leaf-b"]
    assert [group for group in hosts["leaf-a"].groups if "connected" in group] == ["connected_to_leaf_b"]
    variables = hosts["leaf-a"].variables
    assert (len(variables["liqo_links"]), len(variables["liqo_labels"])) == (1000, 100)
    assert variables["liqo_left_out"] == {"links": 502, "labels": 401}
    assert {"hub", "leaf-b"} <= variables["liqo_links"].keys()
    assert variables["liqo_region"] == "eu"
    assert hosts["leaf-b"].variables["liqo_left_out"] == {"links": 0, "labels": 0}


def test_a_cluster_own_labels_win_over_those_that_a_hub_has_for_it() -> None:
    state = build.cluster("leaf-a", info=ClusterInfo(cluster_labels={"region": "us"}))
    _hub, leaf = listed(notes=PeerNotes(labels={"region": "eu", "tier": "edge"}), seen=state)
    assert leaf.variables["liqo_labels"] == {"region": "us", "tier": "edge"}
    assert leaf.variables["liqo_region"] == "us"


def test_without_labels_those_of_group_variables_are_not_hidden() -> None:
    _hub, leaf = listed()
    assert "liqo_labels" not in leaf.variables
    assert "liqo_identity" not in leaf.variables


def test_a_tunnel_that_is_down_makes_a_leaf_unhealthy_and_not_connected() -> None:
    for state in (hub_state(value="Connecting"), hub_state(at="2025-12-31T23:00:00Z")):
        _hub, leaf = listed(state=state)
        assert leaf.variables["liqo_health"] == "unhealthy"
        assert leaf.variables["liqo_health_reasons"] != []
        assert leaf.variables["liqo_connected_to"] == []
        assert "connected_to_hub" not in leaf.groups


def test_a_complaint_of_liqo_makes_a_leaf_unhealthy() -> None:
    _hub, leaf = listed(notes=PeerNotes(complaints=("offloading: OffloadingNodeStatus is NotReady",)))
    assert "liqo_health_unhealthy" in leaf.groups
    assert leaf.variables["liqo_health_reasons"] == ["main: offloading: OffloadingNodeStatus is NotReady"]


def test_a_leaf_without_an_answer_is_unreachable_and_one_without_rights_is_not() -> None:
    _hub, dead = listed(seen=DOWN)
    assert "liqo_health_unreachable" in dead.groups
    assert (dead.variables["liqo_reachable"], dead.variables["liqo_failure"]) == (False, str(DOWN))
    _hub, narrow = listed(seen=NO_RIGHT)
    assert "liqo_health_healthy" in narrow.groups
    assert narrow.variables["liqo_reachable"] is False


def test_a_hub_that_is_down_is_a_host_all_the_same() -> None:
    hub = Hub(name="main", seen=DOWN, declared_id=build.cluster_id("main"), connection={"liqo_kubeconfig": "/k/main"})
    (host,) = hosts_of([hub], [], region_labels=REGION)
    assert host.groups == ("liqo_hubs", "liqo_health_unreachable")
    assert host.variables["liqo_kubeconfig"] == "/k/main"
    assert host.variables["liqo_health_reasons"] == ["no answer: x is down"]


def test_every_host_has_the_same_facts() -> None:
    optional = {"liqo_kubeconfig", "liqo_labels", "liqo_labels_told", "liqo_identity"}
    hub, leaf = listed()
    _hub, dead = listed(seen=DOWN)
    assert {frozenset(host.variables.keys() - optional) for host in (hub, leaf, dead)} == {
        frozenset(hub.variables.keys() - optional)
    }


def test_names_of_groups_are_words() -> None:
    assert group_name("connected_to_leaf-a") == "connected_to_leaf_a"
    assert group_name("liqo_region_eu/west 1") == "liqo_region_eu_west_1"


PARAMS: dict[str, Any] = {
    "hubs": [{"name": "main", "kubeconfig": "/k/hub", "api_key": "secret", "labels": {}}],
    "kubeconfig_pattern": "k/{cluster_id}",
    "timeout": 30.0,
}


def test_what_is_cached_comes_back_as_it_was() -> None:
    hosts = listed()
    kept = json.loads(json.dumps(to_cache(hosts, PARAMS)))
    assert from_cache(kept, PARAMS) == hosts
    assert "secret" not in json.dumps(kept)


def test_the_answer_to_another_question_is_none() -> None:
    kept = to_cache(listed(), PARAMS)
    assert from_cache(kept, {**PARAMS, "kubeconfig_pattern": "other/{cluster_id}"}) is None
    assert from_cache(kept, {**PARAMS, "hubs": [{**PARAMS["hubs"][0], "kubeconfig": "/k/other"}]}) is None
    assert from_cache(kept, {**PARAMS, "timeout": 5.0}) is not None
    assert from_cache(kept, {**PARAMS, "hubs": [{**PARAMS["hubs"][0], "api_key": "renewed"}]}) is not None
    assert from_cache({"hosts": []}, PARAMS) is None
    assert from_cache(None, PARAMS) is None


def test_labels_and_peers_that_kubernetes_would_not_take_are_left_out() -> None:
    evil = "{{ 6 * 7 }}"
    labels = {evil: "a", "tier": evil, "region": "a b", "topology.kubernetes.io/region": "eu"}
    (host, *_leaves) = hosts_of(
        [
            Hub(
                name="hub",
                seen=HubView(name="hub", state=hub_state(evil)),
                declared_id=build.cluster_id("hub"),
                labels=labels,
            )
        ],
        [],
        region_labels=["region", "topology.kubernetes.io/region"],
    )
    assert host.variables["liqo_labels"] == {"region": "a b", "tier": evil, "topology.kubernetes.io/region": "eu"}
    assert host.variables["liqo_region"] == "eu"
    assert host.variables["liqo_links"] == {}


def test_what_a_leaf_says_of_another_leaf_gives_that_one_no_role() -> None:
    b = build.cluster_id("leaf-b")
    claim = replace(
        build.side("leaf-b", "leaf-a"), foreign_cluster=build.foreign_cluster("leaf-b", "leaf-a", role="Consumer")
    )
    view = HubView(name="main", state=hub_state(), notes={A: PeerNotes(), b: PeerNotes()})
    hub = Hub(name="main", seen=view, declared_id=build.cluster_id("main"), connection={})
    leaves = [
        Leaf(id=A, hubs=(view,), seen=build.cluster("leaf-a")),
        Leaf(id=b, hubs=(view,), seen=build.cluster("leaf-b", claim)),
    ]
    roles = {host.name: host.variables["liqo_roles"] for host in hosts_of([hub], leaves, region_labels=REGION)}
    assert roles == {"main": ["consumer"], "leaf-a": ["provider"], "leaf-b": ["provider"]}
