# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each failure provoked on real clusters: recognised by name, limited to its links, healed by the next run.

Three leaves, three links. What fails is with leaf-b and its link to leaf-a; the link of leaf-a and leaf-c is not there
yet and must be made by the very run that fails for the other.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from ipaddress import IPv4Network
from typing import Any

import pytest
import yaml
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.pools import DEFAULT_POOLS, free_blocks, networks_of

from lab.api import Api
from tests.lab_tests.laboratory import LINK_KINDS, NETWORKING, Laboratory, Task, eventually

pytestmark = [pytest.mark.lab, pytest.mark.long]

API = "networking.liqo.io/v1beta1"
LEAVES = ("leaf-a", "leaf-b", "leaf-c")
AB, AC, BC = ("leaf-a", "leaf-b"), ("leaf-a", "leaf-c"), ("leaf-b", "leaf-c")
TO_A = "liqo-tenant-leaf-a"
HOLD = "example.com/hold"
PATIENCE_S = 20
"""Long enough for the link that must be made meanwhile, on a machine that is busy."""
HEALED = ("in_sync", "repaired", "created")


@pytest.fixture(scope="module")
def _links(lab: Laboratory) -> Iterator[None]:
    made = lab.shortcuts(LEAVES, [AB, BC])
    assert not made.failed, made.log
    yield
    gone = lab.shortcuts(LEAVES, [AB, AC, BC], state="absent")
    assert not gone.failed, gone.log


@pytest.fixture
def leaf_b(lab: Laboratory, _links: None) -> Api:
    """The API of leaf-b; its links are up, that of leaf-a and leaf-c is not there."""
    assert not lab.shortcuts(LEAVES, [AC], state="absent").failed
    return lab.api("leaf-b")


def run(lab: Laboratory, **options: Any) -> Task:
    return lab.shortcuts(LEAVES, [AB, AC, BC], wait_timeout=PATIENCE_S, **options)


def check(task: Task, outcomes: Mapping[tuple[str, str], str], fault: str, *words: str) -> Mapping[str, Any]:
    """The link of leaf-a and leaf-c was made, the others are as told, and the one failure has name and advice."""
    assert task.failed
    wanted = {"<->".join(pair): outcome for pair, outcome in {AC: "created", **outcomes}.items()}
    assert task.outcomes == wanted, task.log
    assert {failure["fault"] for failure in task.result["failures"]} == {fault}, task.result["failures"]
    failure: Mapping[str, Any] = task.link(*AB)["failure"]
    text = " ".join(failure.values())
    assert not [word for word in words if word not in text], failure
    assert failure["next"]
    return failure


def heal(lab: Laboratory) -> None:
    task = lab.shortcuts(LEAVES, [AB, AC, BC], wait_timeout=90)
    assert not task.failed, task.log
    assert set(task.outcomes.values()) <= set(HEALED)


def test_an_api_server_that_is_down(lab: Laboratory, leaf_b: Api) -> None:
    lab.break_("leaf-b", "apiserver")
    address = leaf_b.url.removeprefix("https://")
    check(run(lab), {AB: "blocked", BC: "blocked"}, "unreachable", f"{address}/TCP refused", leaf_b.url, "start")
    lab.mend()
    heal(lab)


def as_user(lab: Laboratory, cluster: str, token: str) -> dict[str, Any]:
    """An entry of ``clusters`` that shows this token."""
    config = yaml.safe_load(lab.kubeconfig(cluster).read_text())
    config["users"][0]["user"] = {"token": token}
    return {"name": cluster, "kubeconfig": config}


def token_of(api: Api, name: str) -> str:
    """Of a new ServiceAccount."""
    api.create({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": name, "namespace": "default"}})
    path = f"/api/v1/namespaces/default/serviceaccounts/{name}/token"
    asked = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {"expirationSeconds": 600}}
    return str(api.request("POST", path, asked)["status"]["token"])


def test_a_token_that_is_no_longer_valid(lab: Laboratory, leaf_b: Api) -> None:
    token = token_of(leaf_b, "former")
    leaf_b.delete("v1", "ServiceAccount", "former", "default")
    clusters = [*lab.clusters(AC), as_user(lab, "leaf-b", token)]
    task = run(lab, clusters=clusters)
    check(task, {AB: "blocked", BC: "blocked"}, "credentials-refused", "401", leaf_b.url, "renew the credentials")
    assert token not in task.log
    heal(lab)


def test_a_right_that_is_missing(lab: Laboratory, leaf_b: Api) -> None:
    token = token_of(leaf_b, "limited")
    rules = [
        {"apiGroups": ["*"], "resources": ["*"], "verbs": ["get", "list", "watch", "update", "delete"]},
        {"apiGroups": ["networking.liqo.io"], "resources": ["configurations", "gatewayclients"], "verbs": ["create"]},
    ]
    rbac, name = "rbac.authorization.k8s.io/v1", {"name": "limited"}
    leaf_b.create({"apiVersion": rbac, "kind": "ClusterRole", "metadata": name, "rules": rules})
    subject = {"kind": "ServiceAccount", "name": "limited", "namespace": "default"}
    role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "limited"}
    leaf_b.create(
        {"apiVersion": rbac, "kind": "ClusterRoleBinding", "metadata": name, "roleRef": role, "subjects": [subject]}
    )
    try:
        assert leaf_b.delete(API, "PublicKey", "leaf-a", TO_A)
        clusters = [*lab.clusters(AC), as_user(lab, "leaf-b", token)]
        task = run(lab, clusters=clusters)
        check(task, {AB: "blocked", BC: "in_sync"}, "missing-right", "create publickeies", leaf_b.url, "grant")
        assert token not in task.log
    finally:
        for kind in ("ClusterRoleBinding", "ClusterRole"):
            leaf_b.delete(rbac, kind, "limited")
        leaf_b.delete("v1", "ServiceAccount", "limited", "default")
    heal(lab)


def test_a_finalizer_that_nobody_takes_away(lab: Laboratory, leaf_b: Api) -> None:
    held = leaf_b.get(API, "GatewayClient", "leaf-a", TO_A)
    assert held is not None
    finalizers = held["metadata"].get("finalizers", [])
    leaf_b.patch(API, "GatewayClient", "leaf-a", {"metadata": {"finalizers": [*finalizers, HOLD]}}, namespace=TO_A)
    try:
        gone = lab.shortcuts(LEAVES, [AB, AC], state="absent", wait_timeout=PATIENCE_S)
        assert gone.outcomes["leaf-a<->leaf-b"] == "failed"
        failure = gone.link(*AB)["failure"]
        assert failure["fault"] == "stuck-finalizer", failure
        assert f"GatewayClient {TO_A}/leaf-a" in failure["why"]
        assert HOLD in failure["why"]
        assert f"the tool that put it on GatewayClient {TO_A}/leaf-a has to take it away" in failure["next"]
        check(run(lab), {AB: "blocked", BC: "in_sync"}, "stuck-finalizer", HOLD, f"GatewayClient {TO_A}/leaf-a")
    finally:
        leaf_b.patch(API, "GatewayClient", "leaf-a", {"metadata": {"finalizers": None}}, namespace=TO_A)
    eventually(lambda: leaf_b.get(API, "GatewayClient", "leaf-a", TO_A) is None, what="the GatewayClient is gone")
    heal(lab)


def test_a_gateway_that_does_not_run(lab: Laboratory, leaf_b: Api) -> None:
    lab.break_("leaf-b", "gateway:leaf-a")
    words = ("gw-leaf-a has 0 of 1 pods ready (pod gw-leaf-a-", "HeldByLab", "describe pod gw-leaf-a-", leaf_b.url)
    check(run(lab), {AB: "failed", BC: "in_sync"}, "dead-gateway", *words)
    lab.mend()
    heal(lab)


def test_an_address_pool_without_room(lab: Laboratory, leaf_b: Api) -> None:
    assert not lab.shortcuts(LEAVES, [AB], state="absent").failed
    fillers = []
    try:
        taken = [item.get("status", {}).get("cidr", "") for item in leaf_b.list("ipam.liqo.io/v1alpha1", "Network")]
        for block in free_blocks(networks_of(DEFAULT_POOLS), networks_of(taken)):
            fillers += [_fill(leaf_b, block)] if block.prefixlen <= 16 else []
        eventually(lambda: all(_is_given(leaf_b, name) for name in fillers), what="every filling Network has its CIDR")
        check(run(lab), {AB: "failed", BC: "in_sync"}, "ipam-pool-full", "no free /16", "add a pool", leaf_b.url)
    finally:
        for name in fillers:
            leaf_b.delete("ipam.liqo.io/v1alpha1", "Network", name, "default")
    heal(lab)


def _fill(api: Api, block: IPv4Network) -> str:
    name = f"filler-{block}".replace(".", "-").replace("/", "-")
    metadata = {"name": name, "namespace": "default"}
    api.create(
        {"apiVersion": "ipam.liqo.io/v1alpha1", "kind": "Network", "metadata": metadata, "spec": {"cidr": str(block)}}
    )
    return name


def _is_given(api: Api, name: str) -> bool:
    held = api.get("ipam.liqo.io/v1alpha1", "Network", name, "default")
    return held is not None and bool(held.get("status", {}).get("cidr"))


def test_two_configurations_for_one_peer(lab: Laboratory, leaf_b: Api) -> None:
    first = leaf_b.get(API, "Configuration", "leaf-a", TO_A)
    assert first is not None
    metadata = {"name": "by-hand", "namespace": TO_A, "labels": {"liqo.io/remote-cluster-id": "leaf-a"}}
    leaf_b.create({**first, "metadata": metadata, "status": {}})
    try:
        words = (f"{TO_A}/by-hand", f"{TO_A}/leaf-a", "delete those that are not meant")
        check(run(lab), {AB: "blocked", BC: "in_sync"}, "duplicate-objects", *words)
    finally:
        leaf_b.delete(API, "Configuration", "by-hand", TO_A)
    eventually(lambda: leaf_b.get(API, "Configuration", "by-hand", TO_A) is None, what="the second one is gone")
    heal(lab)


def test_a_namespace_that_is_being_deleted(lab: Laboratory, leaf_b: Api) -> None:
    assert not lab.shortcuts(LEAVES, [AB], state="absent").failed
    assert not lab.shortcuts(LEAVES, [AB]).failed
    metadata = {"name": "held", "namespace": TO_A, "finalizers": [HOLD]}
    leaf_b.create({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata})
    leaf_b.delete("v1", "Namespace", TO_A)
    try:
        eventually(lambda: HOLD in str(leaf_b.get("v1", "Namespace", TO_A)), what="the namespace says what holds it")
        eventually(lambda: _link_objects(leaf_b) == [], what="all else is gone from the namespace")
        check(run(lab), {AB: "blocked", BC: "in_sync"}, "namespace-terminating", f"Namespace {TO_A}", HOLD, "take away")
    finally:
        leaf_b.patch("v1", "ConfigMap", "held", {"metadata": {"finalizers": None}}, namespace=TO_A)
    eventually(lambda: leaf_b.get("v1", "Namespace", TO_A) is None, what="the namespace is gone")
    heal(lab)


def _link_objects(api: Api) -> list[str]:
    found = [api.request("GET", f"{NETWORKING}/namespaces/{TO_A}/{plural}")["items"] for plural in LINK_KINDS]
    return [item["metadata"]["name"] for items in found for item in items]


def test_controllers_that_are_down(lab: Laboratory, leaf_b: Api) -> None:
    assert not lab.shortcuts(LEAVES, [AB], state="absent").failed
    lab.break_("leaf-b", "controllers")
    words = ("liqo-controller-manager has 0 of 1 pods ready", "bring liqo-controller-manager of leaf-b up", leaf_b.url)
    check(run(lab), {AB: "failed", BC: "in_sync"}, "controller-down", *words)
    lab.mend()
    heal(lab)
