# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A cluster that could not be read, or was another one, is read after somebody has done what the failure says."""

from __future__ import annotations

import copy
import shlex
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.errors import FabricError, Forbidden
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.model import Cluster, ClusterId, Fabric
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.report import LinkReport
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.wishes import parse_wishes
from ansible_collections.liqo.fabric.plugins.module_utils._liqo import cluster as cluster_module
from ansible_collections.liqo.fabric.plugins.module_utils._liqo import resources
from ansible_collections.liqo.fabric.plugins.module_utils._run import hub_inventory
from ansible_collections.liqo.fabric.plugins.module_utils._run.hub_inventory import read_inventory
from ansible_collections.liqo.fabric.plugins.module_utils._run.labels import read_labels
from ansible_collections.liqo.fabric.plugins.module_utils._run.reconcile import Limits, reconcile

from tests.unit import bodies, hubs
from tests.unit.bodies import Body, body
from tests.unit.next_steps.following import is_said
from tests.unit.pretend_api import PretendApi
from tests.unit.three_leaves import AB, World, drifted, fabric_of, of

CONFIG = ("ConfigMap", "liqo", "liqo-clusterid-configmap")
ANOTHER = "correct the connection of {}, or its cluster_id (in an inventory liqo_cluster_id) to {}"


NO_LIQO = (
    "install Liqo there, set liqo_namespace if it is installed in another namespace, or write this label on the"
    " ConfigMap with CLUSTER_ID again if that lost it"
)


@pytest.fixture
def world() -> World:
    return drifted()


def run(world: World, fabric: Fabric | None = None, **names: str) -> LinkReport:
    """The link of leaf-a and leaf-b after a run; ``names`` say which API answers in the place of another."""
    apis = {ClusterId(name): world[names.get(name.replace("-", "_"), name)].as_api() for name in world}
    report = reconcile(fabric or fabric_of(pairs=[AB]), apis, limits=Limits(wait=False), check_mode=False)
    return of(report, AB)


def step(link: LinkReport) -> str:
    assert link.failure is not None
    return link.failure.next


def with_cluster(**changes: Any) -> Fabric:
    """Leaf-b is declared in another way."""
    found = fabric_of(pairs=[AB])
    clusters = tuple(replace(one, **changes) if one.id == "leaf-b" else one for one in found.clusters)
    return replace(found, clusters=clusters)


def test_an_id_that_is_none_is_corrected_where_the_message_says(world: World) -> None:
    told = world["leaf-b"].store[CONFIG]
    told["data"]["CLUSTER_ID"] = "Leaf B"
    said = step(run(world))
    assert said == "correct CLUSTER_ID in the ConfigMap with label app.kubernetes.io/name=clusterid-configmap"
    # The label that is named finds that ConfigMap.
    assert told["metadata"]["labels"]["app.kubernetes.io/name"] == "clusterid-configmap"
    told["data"]["CLUSTER_ID"] = "leaf-b"
    assert run(world).failure is None


def test_the_config_map_of_an_old_installation_is_removed(world: World) -> None:
    old = bodies.config_map("leaf-old")
    old["metadata"]["name"] = "old"
    world["leaf-b"].put(old)
    assert step(run(world)) == "remove the ConfigMap that an old installation left behind"
    del world["leaf-b"].store["ConfigMap", "liqo", "old"]
    assert run(world).failure is None


NO_LIQO = (
    "install Liqo there, set liqo_namespace if it is installed in another namespace, or write this label on the"
    " ConfigMap with CLUSTER_ID again if that lost it"
)


def test_liqo_is_looked_for_in_the_namespace_that_is_set(world: World) -> None:
    def moved(one: Body) -> Body:
        elsewhere = copy.deepcopy(one)
        if elsewhere["metadata"].get("namespace") == "liqo":
            elsewhere["metadata"]["namespace"] = "liqo-system"
        return elsewhere

    here = world["leaf-b"]
    world["leaf-b"] = PretendApi("leaf-b", map(moved, here.store.values()))
    assert step(run(world)) == NO_LIQO
    found = run(world, with_cluster(liqo_namespace="liqo-system"))
    assert found.failure is None, str(found.failure)
    # Or it is installed where it was looked for.
    world["leaf-b"] = here
    assert run(world).failure is None


def test_a_config_map_of_the_cluster_id_that_gets_its_label_back_is_found(world: World) -> None:
    labels = world["leaf-b"].store[CONFIG]["metadata"]["labels"]
    kept = dict(labels)
    labels.clear()
    failed = run(world)
    assert step(failed) == NO_LIQO
    assert failed.failure is not None
    # The label that is named is the one that it had.
    assert "app.kubernetes.io/name=clusterid-configmap" in failed.failure.why
    labels.update({"app.kubernetes.io/name": kept["app.kubernetes.io/name"]})
    assert run(world).failure is None


def test_the_id_of_a_cluster_is_found_again_by_its_label(world: World) -> None:
    (held,) = (one for one in world["leaf-b"].store.values() if one["kind"] == "ConfigMap")
    labels = dict(held["metadata"]["labels"])
    held["metadata"]["labels"].clear()
    assert step(run(world)) == NO_LIQO
    held["metadata"]["labels"] |= labels
    found = run(world)
    assert found.failure is None, str(found.failure)


def test_objects_of_peers_that_are_not_there_are_found_by_the_command_and_removed(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cluster_module, "MOST_PEERS", 10)
    strangers = [bodies.foreign_cluster(f"stranger-{number}") for number in range(20)]
    for one in strangers:
        world["leaf-b"].put(one)
    said = step(run(world))
    assert is_said("remove the objects of peers that are not there ({})", said)
    kubectl, verb, kind = shlex.split(said[said.index("(") + 1 : said.index(")")])
    assert (kubectl, verb) == ("kubectl", "get")
    assert kind == f"{resources.FOREIGN_CLUSTER.plural}.{resources.FOREIGN_CLUSTER.group}"
    for found in world["leaf-b"].list(resources.FOREIGN_CLUSTER).items:
        name = found["metadata"]["name"]  # type: ignore[index]
        if name.startswith("stranger"):
            del world["leaf-b"].store["ForeignCluster", "", name]
    assert run(world).failure is None


def test_a_connection_that_leads_elsewhere_is_corrected(world: World) -> None:
    said = step(run(world, leaf_b="leaf-c"))
    assert is_said(ANOTHER, said)
    assert run(world).failure is None


def test_an_id_that_is_another_one_is_corrected_to_the_one_that_the_cluster_says(world: World) -> None:
    def declared(own: str) -> Fabric:
        ends = (
            Cluster(id=ClusterId("leaf-a"), name="leaf-a", labels={}),
            Cluster(id=ClusterId(own), name="b", labels={}),
        )
        found = fabric_of(pairs=[type(AB).of(ClusterId("leaf-a"), ClusterId(own))])
        return replace(found, clusters=ends)

    apis = {ClusterId("leaf-a"): world["leaf-a"].as_api(), ClusterId("b"): world["leaf-b"].as_api()}
    (link,) = reconcile(declared("b"), apis, limits=Limits(wait=False), check_mode=True).links
    said = step(link)
    assert is_said(ANOTHER, said)
    own = said.rpartition(" ")[2]
    apis = {ClusterId("leaf-a"): world["leaf-a"].as_api(), ClusterId(own): world["leaf-b"].as_api()}
    (link,) = reconcile(declared(own), apis, limits=Limits(wait=False), check_mode=True).links
    assert link.failure is None


def test_a_cluster_that_is_exchanged_during_a_run_is_read_when_that_is_over(world: World) -> None:
    class Exchanged(PretendApi):
        looks = 0

        def list(self, resource: Any, **options: Any) -> Any:
            if resource.kind == "ConfigMap":
                self.looks += 1
                self.store[CONFIG]["metadata"]["uid"] = "first" if self.looks == 1 else "second"
            return super().list(resource, **options)

    world["leaf-b"] = Exchanged("leaf-b", world["leaf-b"].store.values())
    world["leaf-b"].one("GatewayClient", "leaf-a", "liqo-tenant-leaf-a")["spec"]["mtu"] = 1300
    said = step(run(world))
    assert is_said("see where the connection of {} leads, and run again when that no longer changes", said)
    assert run(world).failure is None


# --- labels ---------------------------------------------------------------------------------------------------------


def forbidden(kind: str) -> Callable[[str, Any], FabricError | None]:
    def refuse(_verb: str, resource: Any) -> FabricError | None:
        if resource.kind != kind:
            return None
        return Forbidden(what=f"cannot list {kind}", where="hub", why="403", next="grant it", status=403)

    return refuse


def labels_of(hub: PretendApi, leaf: PretendApi, *labels_from: str) -> dict[str, FabricError]:
    """What stands in the way of the labels of the leaf."""
    task = {"fabric": "retail", "clusters": [{"name": "hub"}, {"name": "leaf-a"}], "hubs": ["hub"]}
    wishes = parse_wishes({**task, "shortcuts": [{"mesh": {"selector": "x"}}], "labels_from": list(labels_from)})
    apis = {ClusterId("hub"): hub.as_api(), ClusterId("leaf-a"): leaf.as_api()}
    return {str(name): problem for name, problem in read_labels(wishes, apis, parallel=1).problems.items()}


def test_labels_of_a_hub_are_read_with_the_right_or_left_out() -> None:
    hub, leaf = PretendApi("hub", hubs.hub("leaf-a"), forbidden("ForeignCluster")), PretendApi("leaf-a", [])
    with pytest.raises(FabricError) as refused:
        labels_of(hub, leaf, "hub")
    assert refused.value.next == "grant it; or leave hub out of labels_from"
    assert is_said("{}; or leave hub out of labels_from", refused.value.next)
    assert labels_of(hub, leaf, "inventory") == {}
    hub.refuse = lambda _verb, _resource: None
    assert labels_of(hub, leaf, "hub") == {}


def test_labels_of_a_leaf_are_those_of_its_liqo_or_left_out() -> None:
    hub, leaf = PretendApi("hub", hubs.hub("leaf-a")), PretendApi("leaf-a", [bodies.config_map("leaf-a")])
    said = labels_of(hub, leaf, "cluster")["leaf-a"].next
    assert said == "install Liqo there, set liqo_namespace, or leave cluster out of labels_from"
    assert labels_of(hub, leaf, "inventory") == {}
    leaf.put(manager())
    assert labels_of(hub, leaf, "cluster") == {}


def manager() -> Body:
    labels = dict(part.split("=") for part in (resources.LIQO_DEPLOYMENT.selector or "").split(","))
    spec = {"template": {"spec": {"containers": [{"args": ["--cluster-labels=x=y"]}]}}}
    return body(resources.DEPLOYMENT, "liqo-controller-manager", "liqo", metadata={"labels": labels}, spec=spec)


# --- hubs of an inventory -------------------------------------------------------------------------------------------


@pytest.fixture
def listed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., tuple[list[str], list[str]]]:
    """Hosts and warnings of an inventory over these hubs, each with its entry."""

    def read(*given: tuple[dict[str, Any], PretendApi]) -> tuple[list[str], list[str]]:
        entries = [entry for entry, _api in given]
        apis = {entry.get("cluster_id") or entry["name"]: api for entry, api in given}
        monkeypatch.setattr(hub_inventory, "open_apis", lambda params, agent: apis)
        warnings: list[str] = []
        options: dict[str, Any] = {
            "kubeconfig_pattern": None,
            "identity_dir": None,
            "read_leaves": False,
            "region_labels": [],
        }
        numbers = {"timeout": 30.0, "connect_timeout": 5.0, "parallel_clusters": 4}
        params = {"hubs": entries, "leaf_roles": ["Provider"], **options, **numbers}
        found = read_inventory(params, folder=str(tmp_path), where="retail.yml", warn=warnings.append)
        return [host.name for host in found.hosts], warnings

    return read


def test_a_hub_shows_its_leaves_with_the_right_to_list_them(listed: Callable[..., Any]) -> None:
    hub = PretendApi("hub", hubs.hub("leaf-a"))
    hub.refuse = forbidden("ForeignCluster")
    with pytest.raises(FabricError) as refused:
        listed(({"name": "hub"}, hub))
    assert is_said("grant list on foreignclusters.core.liqo.io to {}, or use {}", refused.value.next), (
        refused.value.next
    )
    hub.refuse = lambda _verb, _resource: None
    assert listed(({"name": "hub"}, hub)) == (["hub", "leaf-a"], [])


def test_two_hubs_of_one_id_are_told_apart_by_their_ids_or_one_is_left_out(listed: Callable[..., Any]) -> None:
    one, other = PretendApi("hub", hubs.hub("leaf-a")), PretendApi("hub-b", hubs.hub("leaf-b", name="hub"))
    hosts, (warning,) = listed(({"name": "hub"}, one), ({"name": "hub-b"}, other))
    assert hosts == ["hub", "hub-b", "leaf-a"]
    assert warning.endswith("Next: list each hub once, and give each its cluster_id.")
    assert listed(({"name": "hub", "cluster_id": "hub"}, one)) == (["hub", "leaf-a"], [])
    right = PretendApi("hub-b", hubs.hub("leaf-b", name="hub-2"))
    given = ({"name": "hub", "cluster_id": "hub"}, one), ({"name": "hub-b", "cluster_id": "hub-2"}, right)
    assert listed(*given) == (["hub", "hub-b", "leaf-a", "leaf-b"], [])
