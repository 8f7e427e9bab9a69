# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whatever object of a link loses a label, or gets a wrong one: it is seen, named and repaired, and no key is read.

Three leaves with three links. The labels are those of leaf-b's objects in its link with leaf-a.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.errors import FailureName, Forbidden
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.evidence import weigh
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.faults import Fault, FaultName
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.findings import Level
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.model import Cluster, ClusterId, State
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.objects import ClusterState
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.report import Report
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.resources import Json, Resource
from ansible_collections.liqo.fabric.plugins.module_utils._liqo import resources
from ansible_collections.liqo.fabric.plugins.module_utils._run.info import read_states
from ansible_collections.liqo.fabric.plugins.module_utils._run.reconcile import Limits, reconcile

from tests.unit import bodies
from tests.unit.pretend_api import PretendApi
from tests.unit.three_leaves import AB, NAMES, TO_A, World, fabric_of, leaf, of, run

REMOTE, GATEWAY, TENANT = (
    "liqo.io/remote-cluster-id",
    "networking.liqo.io/gateway-resource",
    "liqo.io/tenant-namespace",
)
MANAGED, OWNERS = "liqo-fabric.github.io/managed", "liqo-fabric.github.io/owners"
PLACES = {
    "Namespace": (TO_A, ""),
    "Secret": ("gw-leaf-a", TO_A),
    "Connection": ("gw-leaf-a", TO_A),
    "ForeignCluster": ("leaf-a", ""),
}
KUBECTL = {
    "Namespace": "namespaces liqo-tenant-leaf-a",
    "Configuration": "-n liqo-tenant-leaf-a label configurations.networking.liqo.io leaf-a",
    "GatewayClient": "-n liqo-tenant-leaf-a label gatewayclients.networking.liqo.io leaf-a",
    "PublicKey": "-n liqo-tenant-leaf-a label publickeies.networking.liqo.io leaf-a",
    "Secret": "-n liqo-tenant-leaf-a label secrets gw-leaf-a",
    "Connection": "-n liqo-tenant-leaf-a label connections.networking.liqo.io gw-leaf-a",
}
"""Kinds whose labels a run writes, with a part of the command that does the same."""
LABELS = [
    ("Namespace", REMOTE),
    ("Namespace", TENANT),
    *((kind, REMOTE) for kind in ("Configuration", "GatewayClient", "PublicKey", "Secret", "Connection")),
    ("PublicKey", GATEWAY),
    ("Secret", GATEWAY),
]
"""Every label by which Liqo or this collection finds an object of a link."""
WRONG = {REMOTE: ("leaf-c", "leaf-b", "nobody", "No Id"), GATEWAY: ("false", ""), TENANT: ("false", "")}


@pytest.fixture
def world() -> World:
    return {name: PretendApi(name, leaf(name)) for name in NAMES}


def labels(world: World, kind: str, cluster: str = "leaf-b") -> dict[str, str]:
    """Of one of the objects, to be changed in place."""
    name, namespace = PLACES.get(kind, ("leaf-a", TO_A))
    found: dict[str, str] = world[cluster].one(kind, name, namespace)["metadata"]["labels"]
    return found


def states(world: World) -> dict[str, ClusterState]:
    """What the module peering_info sees."""
    clusters = [Cluster(id=ClusterId(name), name=name, labels={}) for name in NAMES]
    apis = {ClusterId(name): api.as_api() for name, api in world.items()}
    found = read_states(clusters, apis, timeout_s=5, parallel=1)
    return {name: state for name, state in found.items() if isinstance(state, ClusterState)}


def faults(world: World, peer: str = "leaf-a") -> tuple[Fault, ...]:
    """Of the link of leaf-b with a peer; old handshakes do not count."""
    seen = states(world)
    found = weigh(seen["leaf-b"], seen[peer]).faults
    return tuple(fault for fault in found if fault.name not in (FaultName.STALE_LATENCY, FaultName.CLOCK_SKEW))


def outcomes(report: Report) -> dict[str, str]:
    return {"<->".join(link.pair): link.outcome.value for link in report.links}


def forbid(world: World, *verbs: str, kind: Resource) -> None:
    def refuse(verb: str, resource: Resource) -> Forbidden | None:
        if verb in verbs and resource == kind:
            return Forbidden(what=f"cannot {verb}", where="leaf-b", why="403: no", next="grant it", status=403)
        return None

    world["leaf-b"].refuse = refuse


def test_every_kind_of_the_table_has_its_labels_and_nothing_is_wrong(world: World) -> None:
    assert all(label in labels(world, kind) for kind, label in LABELS)
    assert {kind for kind, _label in LABELS} == KUBECTL.keys()
    assert faults(world) == ()
    assert set(outcomes(run(world)).values()) == {"in_sync"}


VALUES = [(kind, label, value) for kind, label in LABELS for value in (None, *WRONG[label])]


@pytest.mark.parametrize(("kind", "label", "value"), VALUES)
def test_a_label_that_is_missing_or_wrong_is_named_and_written_again(
    world: World, kind: str, label: str, value: str | None
) -> None:
    held = labels(world, kind)
    right = held.pop(label)
    held |= {label: value} if value is not None else {}
    (fault,) = faults(world)
    assert (fault.name, fault.cluster) == (FaultName.LOST_LABEL, "leaf-b")
    assert KUBECTL[kind] in fault.repair
    assert f"{label}={right}" in fault.repair
    assert faults(world, "leaf-c") == ()
    planned = run(world, check_mode=True)
    repaired = run(world)
    assert outcomes(repaired) == {
        "leaf-a<->leaf-b": "repaired",
        "leaf-a<->leaf-c": "in_sync",
        "leaf-b<->leaf-c": "in_sync",
    }
    assert [op.id for op in of(planned, AB).planned] == [op.id for op in of(repaired, AB).done]
    assert labels(world, kind)[label] == right
    assert faults(world) == ()
    assert not run(world).changed


@pytest.mark.parametrize(("kind", "label"), LABELS)
def test_a_link_whose_object_lost_a_label_is_removed_as_a_whole(world: World, kind: str, label: str) -> None:
    labels(world, kind).pop(label)
    planned = of(run(world, State.ABSENT, [AB], check_mode=True), AB).planned
    assert {op.kind.value for op in planned if op.cluster == "leaf-b"} == {
        "Configuration",
        "GatewayClient",
        "PublicKey",
        "ForeignCluster",
    }


def without_label(world: World, label: str = GATEWAY) -> None:
    labels(world, "Secret").pop(label)


class Watched(PretendApi):
    """Notes which Secrets were read with their content."""

    def __init__(self, name: str) -> None:
        super().__init__(name, leaf(name))
        self.read: list[str] = []

    def list(self, resource: Resource, **options: Any) -> Any:
        found = super().list(resource, **options)
        self.read += [str(one["metadata"]["name"]) for one in found.items if resource == resources.SECRET]  # type: ignore[index]
        return found

    def get(self, resource: Resource, **place: Any) -> Json:
        assert resource != resources.SECRET
        return super().get(resource, **place)

    def replace(self, resource: Resource, body: Json, *, dry_run: bool = False) -> Json:
        assert resource != resources.SECRET
        return super().replace(resource, body, dry_run=dry_run)


def test_of_a_secret_without_its_label_nothing_but_the_metadata_is_read(world: World) -> None:
    api = world["leaf-b"] = Watched("leaf-b")
    without_label(world)
    states(world)
    assert api.read == ["gw-leaf-c"]
    before = dict(api.one("Secret", "gw-leaf-a", TO_A)["data"])
    assert outcomes(run(world))["leaf-a<->leaf-b"] == "repaired"
    assert api.one("Secret", "gw-leaf-a", TO_A)["data"] == before


def test_a_steady_run_asks_for_no_metadata(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(PretendApi, "metadata")
    assert set(outcomes(run(world)).values()) == {"in_sync"}


def test_a_secret_that_is_not_there_is_called_missing_and_not_unlabelled(world: World) -> None:
    del world["leaf-b"].store["Secret", TO_A, "gw-leaf-a"]
    assert [fault.name for fault in faults(world)] == [FaultName.NO_KEY]


def test_a_secret_that_no_gateway_names_is_left_alone(world: World) -> None:
    other = bodies.secret("leaf-a", here="leaf-b")
    other["metadata"] |= {"name": "gw-old", "labels": {}}
    world["leaf-b"].put(other)
    assert faults(world) == ()
    assert not run(world).changed


def test_without_the_label_of_its_secret_no_gateway_is_changed_before_the_label_is_back(world: World) -> None:
    """Liqo makes new keys as soon as a gateway changes whose Secret it does not find."""
    without_label(world)
    world["leaf-b"].one("GatewayClient", "leaf-a", TO_A)["spec"]["mtu"] = 1200
    done = [op.id for op in of(run(world), AB).done]
    assert done == [
        "update leaf-b/Secret/liqo-tenant-leaf-a/gw-leaf-a",
        "update leaf-b/GatewayClient/liqo-tenant-leaf-a/leaf-a",
    ]


def test_the_key_behind_a_lost_label_is_compared_once_the_label_is_back(world: World) -> None:
    without_label(world)
    held = world["leaf-a"].one("PublicKey", "leaf-b", "liqo-tenant-leaf-b")
    right, held["spec"]["publicKey"] = held["spec"]["publicKey"], "AAAA"
    run(world, wait=False)
    assert world["leaf-a"].one("PublicKey", "leaf-b", "liqo-tenant-leaf-b")["spec"]["publicKey"] == right


def test_a_key_that_is_still_needed_is_read_after_the_label_is_back(world: World) -> None:
    without_label(world)
    del world["leaf-a"].store["PublicKey", "liqo-tenant-leaf-b", "leaf-b"]
    (first, second) = of(run(world, check_mode=True), AB).planned
    assert (first.kind.value, second.kind.value, second.needs) == ("Secret", "PublicKey", frozenset({first.id}))


@pytest.mark.parametrize("preflight", [True, False])
def test_without_the_right_to_write_the_label_the_link_fails_at_once_with_the_command(
    world: World, preflight: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_label(world)
    forbid(world, "patch", kind=resources.SECRET)
    if preflight:
        deny(monkeypatch, "secrets")
    link = of(run(world, wait_timeout_s=120), AB)
    assert link.failure is not None
    assert (link.outcome, link.failure.fault) == ("blocked" if preflight else "failed", FailureName.LOST_LABEL)
    assert (
        "kubectl -n liqo-tenant-leaf-a label secrets gw-leaf-a networking.liqo.io/gateway-resource=true"
        in link.failure.next
    )


def deny(monkeypatch: pytest.MonkeyPatch, plural: str) -> None:
    """No question about a right to patch this kind says yes."""
    ask = PretendApi.request

    def request(api: PretendApi, *, method: str, path: str, body: Mapping[str, Any]) -> Any:
        answer = ask(api, method=method, path=path, body=body)
        asked = body["spec"]["resourceAttributes"]
        if (asked["verb"], asked["resource"]) == ("patch", plural):
            answer.body["status"]["allowed"] = False  # type: ignore[index]
        return answer

    monkeypatch.setattr(PretendApi, "request", request)


def test_a_connection_whose_label_may_not_be_written_is_told_and_stops_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    labels(world, "Connection").clear()
    labels(world, "Configuration").clear()
    forbid(world, "patch", kind=resources.CONNECTION)
    deny(monkeypatch, "connections")
    report = run(world)
    assert outcomes(report)["leaf-a<->leaf-b"] == "repaired"
    (told,) = report.preflight
    assert (told.level, told.cluster) == (Level.WARNING, "leaf-b")
    assert "kubectl -n liqo-tenant-leaf-a label connections.networking.liqo.io gw-leaf-a" in told.next
    again = run(world)
    assert (outcomes(again)["leaf-a<->leaf-b"], again.changed) == ("in_sync", False)


def test_a_foreign_cluster_without_its_label_is_named_with_the_command_and_left_to_liqo(world: World) -> None:
    labels(world, "ForeignCluster").clear()
    (fault,) = faults(world)
    assert fault.name is FaultName.LOST_LABEL
    assert "kubectl label foreignclusters.core.liqo.io leaf-a liqo.io/remote-cluster-id=leaf-a" in fault.repair
    assert not run(world).changed


@pytest.mark.parametrize("name", ["pod-cidr", "external-cidr"])
@pytest.mark.parametrize("value", [None, "reserved"])
def test_a_network_of_the_cluster_itself_without_its_label_is_not_called_a_silent_ipam(
    world: World, name: str, value: str | None
) -> None:
    held = world["leaf-b"].one("Network", name, "liqo")["metadata"]["labels"]
    held.clear()
    held |= {"ipam.liqo.io/network-type": value} if value else {}
    command = f"kubectl -n liqo label networks.ipam.liqo.io {name} ipam.liqo.io/network-type={name} --overwrite"
    (fault,) = faults(world)
    assert (fault.name, fault.cluster) == (FaultName.LOST_LABEL, "leaf-b")
    assert command in fault.repair
    report = run(world)
    failure = of(report, AB).failure
    assert failure is not None
    assert failure.fault is FailureName.LOST_LABEL
    assert command in failure.next
    assert outcomes(report)["leaf-a<->leaf-c"] == "in_sync"
    assert not report.changed


def elsewhere(world: World, place: str) -> None:
    """The link of leaf-b with leaf-a lies in a namespace of another name."""
    store = world["leaf-b"].store
    for key in [key for key in store if TO_A in key]:
        one = store.pop(key)
        metadata = one["metadata"]
        metadata["namespace" if metadata.get("namespace") else "name"] = place
        for part in (one.get("spec", {}), one.get("status", {})):
            if "secretRef" in part:
                part["secretRef"] |= {"namespace": place}
        world["leaf-b"].put(one)


def test_a_namespace_that_only_labels_of_objects_lead_to_is_named_and_not_written(world: World) -> None:
    """Anybody who can write one object may label it, so that this is no reason to label kube-system."""
    elsewhere(world, "kube-system")
    world["leaf-b"].one("Namespace", "kube-system")["metadata"]["labels"].clear()
    command = "kubectl label namespaces kube-system liqo.io/remote-cluster-id=leaf-a liqo.io/tenant-namespace=true"
    assert [command in fault.repair for fault in faults(world) if fault.name is FaultName.LOST_LABEL] == [True]
    report = run(world)
    failure = of(report, AB).failure
    assert failure is not None
    assert failure.fault is FailureName.LOST_LABEL
    assert command in failure.next
    assert world["leaf-b"].one("Namespace", "kube-system")["metadata"]["labels"] == {}


def test_a_namespace_that_claims_a_peer_does_not_hide_the_one_that_lost_its_labels(world: World) -> None:
    labels(world, "Namespace").clear()
    claims = {REMOTE: "leaf-a", TENANT: "true"}
    world["leaf-b"].put(bodies.body(resources.NAMESPACE, "elsewhere", metadata={"labels": claims}))
    failure = of(run(world), AB).failure
    assert failure is not None
    assert failure.fault is FailureName.LOST_LABEL
    assert f"kubectl label namespaces {TO_A} liqo.io/remote-cluster-id=leaf-a" in failure.next
    assert FaultName.LOST_LABEL in [fault.name for fault in faults(world)]


OURS = ("Namespace", "Configuration", "GatewayClient", "PublicKey")


def mark(world: World) -> None:
    for kind in OURS:
        name, namespace = PLACES.get(kind, ("leaf-a", TO_A))
        metadata = world["leaf-b"].one(kind, name, namespace)["metadata"]
        metadata["labels"][MANAGED] = "true"
        metadata["annotations"] = {OWNERS: "retail"}


@pytest.mark.parametrize("kind", OURS)
def test_our_own_mark_is_whole_again_whichever_half_was_lost(world: World, kind: str) -> None:
    mark(world)
    assert not run(world).changed
    for half in ("labels", "annotations"):
        name, namespace = PLACES.get(kind, ("leaf-a", TO_A))
        held = world["leaf-b"].one(kind, name, namespace)["metadata"]
        del held[half][MANAGED if half == "labels" else OWNERS]
        (fault,) = faults(world)
        assert fault.name is FaultName.LOST_LABEL
        assert outcomes(run(world))["leaf-a<->leaf-b"] == "repaired"
        held = world["leaf-b"].one(kind, name, namespace)["metadata"]
        assert (held["labels"][MANAGED], held["annotations"][OWNERS]) == ("true", "retail")
        assert not run(world).changed


def test_a_key_secret_of_ours_goes_with_its_link_also_without_the_annotation_of_its_owners(world: World) -> None:
    labels(world, "Secret")[MANAGED] = "true"
    planned = of(run(world, State.ABSENT, [AB], check_mode=True), AB).planned
    assert "delete leaf-b/Secret/liqo-tenant-leaf-a/gw-leaf-a" in [op.id for op in planned]


def names_a_secret(world: World, where: str, **metadata: Any) -> dict[str, str]:
    """The gateway client of leaf-b names another Secret of its namespace; the labels of that one."""
    metadata = {"labels": {"owner": "somebody"}, **metadata}
    world["leaf-b"].put(bodies.body(resources.SECRET, "others", TO_A, metadata=metadata, type="Opaque"))
    world["leaf-b"].one("GatewayClient", "leaf-a", TO_A)[where]["secretRef"] = {"name": "others"}
    found: dict[str, str] = world["leaf-b"].one("Secret", "others", TO_A)["metadata"]["labels"]
    return found


def owner(**facts: Any) -> dict[str, Any]:
    """The gateway client of leaf-b, as Liqo names it in what it makes for it."""
    right = bodies.made_for("GatewayClient", bodies.secret("leaf-a", here="leaf-b"))["metadata"]["ownerReferences"][0]
    return {**right, **facts}


FOREIGN: dict[str, dict[str, Any]] = {
    "without an owner": {},
    "of helm": {"labels": {"owner": "helm"}, "annotations": {"meta.helm.sh/release-name": "shop"}},
    "of a certificate": {"ownerReferences": [{"kind": "Certificate", "name": "x", "uid": "u", "controller": True}]},
    "of an object with the uid of the gateway": {"ownerReferences": [owner(kind="Certificate")]},
    "of a gateway of somebody else's making": {"ownerReferences": [owner(apiVersion="example.org/v1")]},
    "of another gateway": {"ownerReferences": [owner(uid="another")]},
    "of a gateway without a uid": {"ownerReferences": [owner(uid="")]},
    "of the gateway and somebody else": {"ownerReferences": [owner(), owner(kind="Certificate", uid="u")]},
    "of ours and somebody else": {"annotations": {OWNERS: "retail"}, "ownerReferences": [owner(kind="Certificate")]},
}


@pytest.mark.parametrize("where", ["spec", "status"])
@pytest.mark.parametrize("foreign", FOREIGN)
def test_a_secret_that_is_not_shown_to_be_of_the_gateway_that_names_it_is_not_labelled(
    world: World, foreign: str, where: str
) -> None:
    """Whoever may write one gateway would otherwise have any Secret labelled, and read by its label afterwards."""
    held = names_a_secret(world, where, **FOREIGN[foreign])
    before = dict(held)
    for _run in range(2):
        report = run(world)
        failure = of(report, AB).failure
        assert failure is not None
        assert (of(report, AB).outcome, failure.fault) == ("blocked", FailureName.LOST_LABEL)
        assert "kubectl -n liqo-tenant-leaf-a label secrets others" in failure.next
        assert (outcomes(report)["leaf-a<->leaf-c"], report.changed) == ("in_sync", False)
    assert world["leaf-b"].one("Secret", "others", TO_A)["metadata"]["labels"] == before
    assert any("see whose Secret liqo-tenant-leaf-a/others is" in fault.repair for fault in faults(world))


@pytest.mark.parametrize("state", [State.PRESENT, State.ABSENT])
def test_a_secret_that_is_not_of_the_gateway_goes_neither_for_new_keys_nor_with_the_link(
    world: World, state: State
) -> None:
    names_a_secret(world, "status")
    apis = {ClusterId(name): api.as_api() for name, api in world.items()}
    fabric = replace(fabric_of(state, [AB]), rotate_keys=frozenset({AB}))
    reconcile(fabric, apis, limits=Limits(wait=False, wait_timeout_s=0.2), check_mode=False)
    assert ("Secret", TO_A, "others") in world["leaf-b"].store


def test_a_secret_of_the_gateway_or_of_this_collection_is_labelled_under_any_name(world: World) -> None:
    for shown in ({"ownerReferences": [owner()]}, {"annotations": {OWNERS: "retail"}}):
        names_a_secret(world, "status", **shown)
        done = of(run(world, wait=False), AB).done
        assert "update leaf-b/Secret/liqo-tenant-leaf-a/others" in [op.id for op in done]
        assert world["leaf-b"].one("Secret", "others", TO_A)["metadata"]["labels"][GATEWAY] == "true"


@pytest.mark.parametrize("name", ["--server=https://evil.example", "-A", "a b"])
def test_the_name_of_an_object_is_no_option_of_the_command_that_labels_it(world: World, name: str) -> None:
    held = world["leaf-b"].store.pop(("Connection", TO_A, "gw-leaf-a"))
    held["metadata"] |= {"name": name, "labels": {}}
    world["leaf-b"].put(held)
    repairs = [fault.repair for fault in faults(world) if fault.name is FaultName.LOST_LABEL]
    assert repairs
    assert all("kubectl -n liqo-tenant-leaf-a label connections.networking.liqo.io NAME liqo" in one for one in repairs)
