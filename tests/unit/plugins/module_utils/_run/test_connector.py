# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A whole migration over API servers that are dictionaries, with a controller that acts where it may."""

from __future__ import annotations

import copy
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, cast

import pytest
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.connector.model import Wanted
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.connector.report import ConnectorReport
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.errors import (
    FabricError,
    FailureName,
    Forbidden,
    NotFound,
    Unreachable,
)
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.model import ClusterId, Fabric, State
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.resources import Json, Resource
from ansible_collections.liqo.fabric.plugins.module_utils._kube.client import Api, Listing
from ansible_collections.liqo.fabric.plugins.module_utils._liqo import connector
from ansible_collections.liqo.fabric.plugins.module_utils._liqo.resources import DEPLOYMENT, NAMESPACE, POD
from ansible_collections.liqo.fabric.plugins.module_utils._run import connector as run
from ansible_collections.liqo.fabric.plugins.module_utils._run.connector import Limits, migrate

from tests.unit.bodies import Body, body, config_map, linked_cluster, local_networks
from tests.unit.connector import FINALIZER, HUB, LEAVES, fabric, wanted
from tests.unit.pretend_api import PretendApi
from tests.unit.spoiled import SECRET, spoil

SYSTEM = connector.CONTROLLER_NAMESPACE
MARK = {"liqo-fabric.github.io/owners": "retail"}
AB = ("leaf-a", "leaf-b")


class HubApi(PretendApi):
    """Deletes as Kubernetes does, ends the pods of a Deployment without replicas, and has no objects without a kind."""

    def __init__(self, cluster: str, bodies: list[Body], **options: Any) -> None:
        super().__init__(cluster, bodies, **options)
        self.writes: list[str] = []
        self.pods_stay = False
        self.react: Callable[[HubApi], None] = lambda api: None
        """What somebody else does after each write."""
        self.before_delete: Callable[[HubApi], None] = lambda api: None

    def list(
        self,
        resource: Resource,
        *,
        namespace: str | None = None,
        label_selector: str | None = None,
        field_selector: str | None = None,
    ) -> Listing:
        kind = ("CustomResourceDefinition", "", connector.DEFINITION_NAME)
        if resource == connector.FOREIGN_CLUSTER_CONNECTION and kind not in self.store:
            raise NotFound(what="cannot list", where=self.where, why="404", next="install it", status=404)
        return super().list(resource, namespace=namespace, label_selector=label_selector, field_selector=field_selector)

    def replace(self, resource: Resource, body: Json, *, dry_run: bool = False) -> Json:
        metadata = cast(Body, body["metadata"])
        key = (resource.kind, str(metadata.get("namespace", "")), str(metadata["name"]))
        stored = super().replace(resource, body)
        self._wrote("update", key)
        if resource.kind == "Deployment" and not self.pods_stay:
            self._drop_all(POD)
        held = self.store[key]["metadata"]
        if held.get("deletionTimestamp") and not held.get("finalizers"):
            del self.store[key]
        return stored

    def delete(
        self,
        resource: Resource,
        *,
        name: str,
        uid: str,
        namespace: str | None = None,
        resource_version: str | None = None,
        dry_run: bool = False,
    ) -> None:
        key = (resource.kind, namespace or "", name)
        self.before_delete(self)
        held = self.store.get(key, {"metadata": {}})
        super().delete(resource, name=name, uid=uid, namespace=namespace, resource_version=resource_version)
        assert not held["metadata"].get("finalizers") or resource.kind != "ForeignClusterConnection"
        self._wrote("delete", key)
        if resource == NAMESPACE:
            self.store = {place: one for place, one in self.store.items() if place[1] != name}

    def bump(self, kind: str, name: str, namespace: str) -> None:
        """Somebody else wrote the object."""
        metadata = self.store[kind, namespace, name]["metadata"]
        metadata["resourceVersion"] = f"{metadata['resourceVersion']}0"

    def _wrote(self, verb: str, key: tuple[str, str, str]) -> None:
        self.writes.append(f"{verb} {key[0]} {key[2]}")
        self.react(self)

    def _drop_all(self, resource: Resource) -> None:
        self.store = {key: one for key, one in self.store.items() if key[0] != resource.kind}


def marked(cluster: str, peer: str, *, is_server: bool) -> list[Body]:
    """One end of a shortcut that retail has adopted, with the right of the controller beside it."""
    bodies = linked_cluster(cluster, peer, is_server=is_server)
    for one in bodies:
        if one["metadata"]["labels"].get("liqo.io/remote-cluster-id") and one["kind"] not in ("Secret", "Connection"):
            one["metadata"] |= {"annotations": dict(MARK)}
            one["metadata"]["labels"]["liqo-fabric.github.io/managed"] = "true"
    return bodies


def rights(role: str, binding: str, **subject: str) -> list[Body]:
    granted = {"kind": "ClusterRole", "name": role}
    return [
        body(connector.CLUSTER_ROLE, role, rules=[{"resources": ["secrets"], "verbs": ["get"]}]),
        body(connector.CLUSTER_ROLE_BINDING, binding, subjects=[subject], roleRef=granted),
    ]


def connection(client: str = "leaf-b", server: str = "leaf-a", **metadata: Any) -> Body:
    networking = {"mtu": 1340, "serverServiceType": "LoadBalancer", "serverServicePort": 51840}
    spec = {"foreignClusterA": client, "foreignClusterB": server, "networking": networking}
    held = {"finalizers": [FINALIZER], **metadata}
    return body(connector.FOREIGN_CLUSTER_CONNECTION, f"{client}-{server}", "default", metadata=held, spec=spec)


@pytest.fixture
def apis(monkeypatch: pytest.MonkeyPatch) -> dict[ClusterId, HubApi]:
    monkeypatch.setattr(run, "POLL_S", 0.01)
    hub = [
        config_map("hub"),
        *local_networks("hub"),
        body(NAMESPACE, SYSTEM),
        body(connector.DEFINITION, connector.DEFINITION_NAME),
        connection(),
        body(DEPLOYMENT, "liqo-shortcutmanager", SYSTEM, spec={"replicas": 1}),
        body(POD, "liqo-shortcutmanager-1", SYSTEM),
        *rights("liqo-shortcutmanager-role", "rolebinding", kind="ServiceAccount", name="x", namespace=SYSTEM),
    ]
    leaf = rights(connector.LEAF_ROLE, f"{connector.LEAF_ROLE}-binding", kind="User", name="hub")
    return {
        HUB: HubApi("hub", hub),
        LEAVES[0]: HubApi("leaf-a", [*marked("leaf-a", "leaf-b", is_server=True), *leaf]),
        LEAVES[1]: HubApi("leaf-b", [*marked("leaf-b", "leaf-a", is_server=False), *leaf]),
    }


def go(
    apis: dict[ClusterId, HubApi],
    want: Wanted | None = None,
    declared: Fabric | None = None,
    *,
    check_mode: bool = False,
    wait_timeout_s: float = 0.2,
) -> ConnectorReport:
    seen: dict[ClusterId, Api | FabricError] = {key: api.as_api() for key, api in apis.items()}
    limits = Limits(wait_timeout_s=wait_timeout_s)
    return migrate(want or wanted(), declared or fabric(AB), seen, limits=limits, check_mode=check_mode)


def writes(apis: dict[ClusterId, HubApi]) -> list[str]:
    return [one for api in apis.values() for one in api.writes]


def links(apis: dict[ClusterId, HubApi]) -> dict[str, Any]:
    """Everything on the leaves but rights."""
    return {
        f"{leaf} {key}": copy.deepcopy(one)
        for leaf in LEAVES
        for key, one in apis[leaf].store.items()
        if not key[0].startswith("ClusterRole")
    }


def test_what_check_mode_lists_is_what_is_done_and_a_second_run_does_nothing(apis: dict[ClusterId, HubApi]) -> None:
    before = links(apis)
    planned = go(apis, check_mode=True)
    assert (planned.failures, writes(apis), planned.changed) == ((), [], True)
    done = go(apis)
    assert done.failures == ()
    assert sorted(op.id for op in done.done) == sorted(op.id for op in planned.planned)
    assert len(writes(apis)) == len(done.done) == 11
    assert apis[HUB].writes[:3] == [
        "update Deployment liqo-shortcutmanager",
        "update ForeignClusterConnection leaf-b-leaf-a",
        "delete ForeignClusterConnection leaf-b-leaf-a",
    ]
    assert links(apis) == before
    again = go(apis)
    assert (again.failures, again.planned, again.changed, len(writes(apis))) == ((), (), False, 11)


def test_looking_writes_nothing_and_needs_no_rights_on_rights(apis: dict[ClusterId, HubApi]) -> None:
    def refuse(verb: str, resource: Resource) -> FabricError | None:
        refused = resource in (connector.CLUSTER_ROLE, connector.CLUSTER_ROLE_BINDING)
        return Forbidden(what=verb, where="x", why="403", next="grant it", status=403) if refused else None

    for api in apis.values():
        api.refuse = refuse
    seen = go(apis, wanted(state=State.GATHERED))
    assert (seen.failures, writes(apis)) == ((), [])
    assert [one.link for one in seen.carried] == ["shortcut"]
    assert "cannot" not in str(seen.failures)
    refused = go(apis)
    assert [failure.fault for failure in refused.failures] == [FailureName.MISSING_RIGHT] * 3
    assert writes(apis) == []


def test_a_link_without_our_mark_keeps_everything(apis: dict[ClusterId, HubApi]) -> None:
    for leaf in LEAVES:
        for one in apis[leaf].store.values():
            one["metadata"].pop("annotations", None)
    for check_mode in (True, False):
        refused = go(apis, check_mode=check_mode)
        assert [failure.fault for failure in refused.failures] == [FailureName.NOT_ADOPTED]
        assert (refused.planned, writes(apis)) == ((), [])


def test_pods_that_stay_end_the_run_before_any_object_is_touched_and_the_next_one_goes_on(
    apis: dict[ClusterId, HubApi],
) -> None:
    apis[HUB].pods_stay = True
    stuck = go(apis)
    (failure,) = stuck.failures
    assert failure.fault is FailureName.WAIT_TIMEOUT
    assert "liqo-shortcutmanager-1" in failure.why
    assert writes(apis) == ["update Deployment liqo-shortcutmanager"]
    assert [op.kind.value for op in stuck.done] == ["Deployment"]
    apis[HUB].store.pop(("Pod", SYSTEM, "liqo-shortcutmanager-1"))
    assert go(apis).failures == ()
    assert len(writes(apis)) == 11


def test_a_controller_elsewhere_that_holds_its_object_again_is_found_out(apis: dict[ClusterId, HubApi]) -> None:
    def hold(api: HubApi) -> None:
        one = api.store.get(("ForeignClusterConnection", "default", "leaf-b-leaf-a"))
        if one is not None and not one["metadata"]["finalizers"]:
            one["metadata"]["finalizers"] = [FINALIZER]
            api.bump("ForeignClusterConnection", "leaf-b-leaf-a", "default")

    apis[HUB].react = hold
    (failure,) = go(apis).failures
    assert failure.fault is FailureName.UNSETTLED
    assert f"it is not in namespace {SYSTEM}" in failure.next
    assert "delete ForeignClusterConnection leaf-b-leaf-a" not in apis[HUB].writes
    # Somebody stops it, and runs again.
    apis[HUB].react = lambda api: None
    assert go(apis).failures == ()


def test_a_controller_that_is_scaled_up_again_is_found_out(apis: dict[ClusterId, HubApi]) -> None:
    def scale(api: HubApi) -> None:
        one = api.store.get(("Deployment", SYSTEM, "liqo-shortcutmanager"))
        if one is not None and not one["spec"]["replicas"]:
            one["spec"]["replicas"] = 1
            api.bump("Deployment", "liqo-shortcutmanager", SYSTEM)

    apis[HUB].react = scale
    (failure,) = go(apis).failures
    assert failure.fault is FailureName.UNSETTLED
    assert failure.next == "find what writes it, such as an autoscaler or a GitOps tool, then run again"
    apis[HUB].react = lambda api: None
    assert go(apis).failures == ()


def test_an_object_that_is_held_again_in_the_last_moment_is_not_deleted_as_it_is(apis: dict[ClusterId, HubApi]) -> None:
    held: list[bool] = []

    def hold(api: HubApi) -> None:
        if not held:
            held.append(True)
            api.one("ForeignClusterConnection", "leaf-b-leaf-a", "default")["metadata"]["finalizers"] = [FINALIZER]
            api.bump("ForeignClusterConnection", "leaf-b-leaf-a", "default")

    apis[HUB].before_delete = hold
    assert go(apis).failures == ()
    assert held == [True]
    assert apis[HUB].writes[1:4] == [
        "update ForeignClusterConnection leaf-b-leaf-a",
        "update ForeignClusterConnection leaf-b-leaf-a",
        "delete ForeignClusterConnection leaf-b-leaf-a",
    ]


def test_an_object_that_is_made_meanwhile_ends_the_run(apis: dict[ClusterId, HubApi]) -> None:
    def make(api: HubApi) -> None:
        if api.writes == ["update Deployment liqo-shortcutmanager"]:
            api.put(connection("leaf-a", "leaf-c"))

    apis[HUB].react = make
    (failure,) = go(apis).failures
    assert (
        failure.what
        == "ForeignClusterConnection default/leaf-a-leaf-c of hub was made while the connector was being retired"
    )
    assert writes(apis) == ["update Deployment liqo-shortcutmanager"]
    assert failure.next == "stop who makes such objects, then run again"
    # The next run looks at the new object like at any other, and says what to do about that one.
    apis[HUB].react = lambda api: None
    (failure,) = go(apis).failures
    assert failure.fault is FailureName.NOT_ADOPTED
    assert go(apis, wanted(abandon=frozenset({"default/leaf-a-leaf-c"}))).failures == ()


def test_a_hub_that_is_another_cluster_is_left_alone(apis: dict[ClusterId, HubApi]) -> None:
    apis[HUB].one("ConfigMap", "liqo-clusterid-configmap", "liqo")["data"]["CLUSTER_ID"] = "other"
    (failure,) = go(apis).failures
    assert (failure.fault, writes(apis)) == (FailureName.WRONG_CLUSTER, [])


def test_a_leaf_that_is_down_keeps_everything_unless_it_is_left_out_and_its_object_abandoned(
    apis: dict[ClusterId, HubApi],
) -> None:
    def down(verb: str, resource: Resource) -> FabricError | None:
        return Unreachable(what="cannot list", where="leaf-b", why="refused", next="start it")

    apis[LEAVES[1]].refuse = down
    refused = go(apis)
    assert FailureName.UNREACHABLE in [failure.fault for failure in refused.failures]
    assert writes(apis) == []
    del apis[LEAVES[1]]
    rest = fabric()
    rest = Fabric(name=rest.name, clusters=rest.clusters[:2], shortcuts=())
    assert [one.fault for one in go(apis, declared=rest).failures] == [FailureName.NOT_ADOPTED]
    assert writes(apis) == []
    done = go(apis, wanted(abandon=frozenset({"default/leaf-b-leaf-a"})), rest)
    assert done.failures == ()
    assert ("ForeignClusterConnection", "default", "leaf-b-leaf-a") not in apis[HUB].store


def test_an_object_that_is_being_deleted_is_freed(apis: dict[ClusterId, HubApi]) -> None:
    going = connection(deletionTimestamp=datetime(2026, 1, 1, tzinfo=UTC).isoformat())
    apis[HUB].put(going)
    assert go(apis).failures == ()
    assert "update ForeignClusterConnection leaf-b-leaf-a" in apis[HUB].writes
    assert "delete ForeignClusterConnection leaf-b-leaf-a" not in apis[HUB].writes


def test_what_was_written_before_an_exception_is_told(
    apis: dict[ClusterId, HubApi], monkeypatch: pytest.MonkeyPatch
) -> None:
    spoil(monkeypatch, run, "plan_retirement", lambda *_plan: len(writes(apis)) >= 2)
    report = go(apis)
    assert (len(report.done), report.changed) == (2, True)
    (failure,) = report.failures
    assert failure.fault is FailureName.NOT_UNDERSTOOD
    assert SECRET not in str(failure)
    assert len(writes(apis)) == 2


def test_a_leaf_whose_links_cannot_be_understood_keeps_the_connector(
    apis: dict[ClusterId, HubApi], monkeypatch: pytest.MonkeyPatch
) -> None:
    def odd(*arguments: Any) -> bool:
        return not isinstance(arguments[-1][LEAVES[1]], FabricError)

    spoil(monkeypatch, run, "safe_to_lose", odd)
    report = go(apis)
    assert (writes(apis), report.changed) == ([], False)
    assert FailureName.NOT_UNDERSTOOD in {failure.fault for failure in report.failures}
