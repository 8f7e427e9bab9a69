# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Labels that the objects of a link lose, on real API servers: what Liqo does, what is told, what is repaired."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.lab_tests.laboratory import Laboratory, eventually, now
from tests.lab_tests.rights_on_lab import look

pytestmark = pytest.mark.lab

API = "networking.liqo.io/v1beta1"
LEAVES = ("leaf-a", "leaf-b", "leaf-c")
AB, AC = ("leaf-a", "leaf-b"), ("leaf-a", "leaf-c")
PLACE, PEER = "liqo-tenant-leaf-a", "liqo.io/remote-cluster-id"
GATEWAY = "networking.liqo.io/gateway-resource"


@pytest.fixture(scope="module", autouse=True)
def _linked(lab: Laboratory) -> Iterator[None]:
    made = lab.shortcuts(LEAVES, [AB, AC])
    assert not made.failed, made.log
    yield
    assert not lab.shortcuts(LEAVES, [AB, AC], state="absent").failed


def relabel(lab: Laboratory, kind: str, name: str, namespace: str = PLACE, **labels: str | None) -> None:
    """On leaf-b; None takes a label away. The names of the labels are those above, in capital letters."""
    keys = {"PEER": PEER, "GATEWAY": GATEWAY, "TENANT": "liqo.io/tenant-namespace", "TYPE": "ipam.liqo.io/network-type"}
    group = {"Secret": "v1", "Namespace": "v1", "Network": "ipam.liqo.io/v1alpha1"}.get(kind, API)
    body = {"metadata": {"labels": {keys[key]: value for key, value in labels.items()}}}
    lab.api("leaf-b").patch(group, kind, name, body, namespace=namespace)


def lost(lab: Laboratory) -> list[str]:
    """The repairs of every lost label of leaf-b that peering_info names."""
    found = look(lab.clusters(LEAVES))
    return [
        fault["repair"]
        for link in found["links"]
        for fault in link["evidence"]["faults"]
        if fault["name"] == "lost-label" and fault["cluster"] == "leaf-b"
    ]


def secret(lab: Laboratory) -> dict[str, Any]:
    found = lab.api("leaf-b").get("v1", "Secret", "gw-leaf-a", PLACE)
    assert found is not None
    return dict(found)


def test_a_key_secret_and_a_connection_without_labels_are_named_and_labelled_again(lab: Laboratory) -> None:
    before = secret(lab)["data"]
    relabel(lab, "Secret", "gw-leaf-a", GATEWAY=None)
    relabel(lab, "Connection", "gw-leaf-a", PEER="leaf-c")
    repairs = "\n".join(lost(lab))
    assert f"kubectl -n {PLACE} label secrets gw-leaf-a {GATEWAY}=true --overwrite" in repairs
    assert f"kubectl -n {PLACE} label connections.networking.liqo.io gw-leaf-a {PEER}=leaf-a --overwrite" in repairs
    since = now()
    planned = lab.shortcuts(LEAVES, [AB, AC], "--check")
    assert lab.writes(since, LEAVES) == 0
    repaired = lab.shortcuts(LEAVES, [AB, AC], wait_timeout=15)
    assert not repaired.failed, repaired.log
    assert repaired.outcomes == {"leaf-a<->leaf-b": "repaired", "leaf-a<->leaf-c": "in_sync"}
    kinds = [(row["action"], row["cluster"], row["kind"]) for row in repaired.result["plan"]]
    assert kinds == [("update", "leaf-b", "Secret"), ("update", "leaf-b", "Connection")]
    assert kinds == [(row["action"], row["cluster"], row["kind"]) for row in planned.result["plan"]]
    assert secret(lab)["data"] == before
    assert lost(lab) == []
    since = now()
    assert lab.shortcuts(LEAVES, [AB, AC]).result["plan"] == []
    assert lab.writes(since, LEAVES) == 0


@pytest.mark.long
def test_a_gateway_that_changes_too_keeps_the_keys_that_its_pod_has(lab: Laboratory) -> None:
    """Liqo makes new ones as soon as a gateway changes whose Secret it does not find."""
    before = secret(lab)["data"]
    relabel(lab, "Secret", "gw-leaf-a", GATEWAY=None)
    run = lab.shortcuts(LEAVES, [AB, AC], defaults={"service_type": "NodePort", "mtu": 1300})
    assert not run.failed, run.log
    assert secret(lab)["data"] == before
    assert not lab.shortcuts(LEAVES, [AB, AC]).failed


@pytest.mark.long
@pytest.mark.parametrize(
    ("kind", "name", "label"),
    [
        ("Configuration", "leaf-a", "PEER"),
        ("GatewayClient", "leaf-a", "PEER"),
        ("PublicKey", "leaf-a", "PEER"),
        ("PublicKey", "leaf-a", "GATEWAY"),
        ("Secret", "gw-leaf-a", "PEER"),
        ("Connection", "gw-leaf-a", "PEER"),
        ("Namespace", PLACE, "PEER"),
        ("Namespace", PLACE, "TENANT"),
    ],
)
def test_a_wrong_label_concerns_its_own_link_alone(lab: Laboratory, kind: str, name: str, label: str) -> None:
    wrong = {label: "leaf-c" if label == "PEER" else "false"}
    relabel(lab, kind, name, "" if kind == "Namespace" else PLACE, **wrong)
    # Liqo gives a wrong label of a gateway to the key Secret, too.
    assert any(f" {name} " in repair for repair in lost(lab))
    repaired = lab.shortcuts(LEAVES, [AB, AC])
    assert repaired.outcomes == {"leaf-a<->leaf-b": "repaired", "leaf-a<->leaf-c": "in_sync"}, repaired.log
    assert lost(lab) == []


@pytest.mark.long
def test_a_foreign_cluster_gets_its_label_back_from_liqo(lab: Laboratory) -> None:
    body = {"metadata": {"labels": {PEER: None}}}
    lab.api("leaf-b").patch("core.liqo.io/v1beta1", "ForeignCluster", "leaf-a", body)
    eventually(lambda: lost(lab) == [], what="the label of the ForeignCluster")


@pytest.mark.long
def test_a_network_of_the_cluster_without_its_label_blocks_its_links_with_the_command(lab: Laboratory) -> None:
    relabel(lab, "Network", "pod-cidr", "liqo", TYPE=None)
    try:
        blocked = lab.shortcuts(LEAVES, [AB, AC])
        assert blocked.outcomes == {"leaf-a<->leaf-b": "blocked", "leaf-a<->leaf-c": "in_sync"}
        (failure,) = blocked.result["failures"]
        assert failure["fault"] == "lost-label"
        assert (
            "kubectl -n liqo label networks.ipam.liqo.io pod-cidr ipam.liqo.io/network-type=pod-cidr" in failure["next"]
        )
    finally:
        relabel(lab, "Network", "pod-cidr", "liqo", TYPE="pod-cidr")
    assert lab.shortcuts(LEAVES, [AB, AC]).result["plan"] == []
