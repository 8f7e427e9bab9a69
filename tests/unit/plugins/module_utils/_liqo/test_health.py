# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Clues as the API server of a cluster with Liqo sends them."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.case import Allocation
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.diagnosis import IPAM, MANAGER
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.model import ClusterId
from ansible_collections.liqo.fabric.plugins.module_utils._liqo import resources
from ansible_collections.liqo.fabric.plugins.module_utils._liqo.health import (
    lacks_address,
    parse_allocation,
    parse_workload,
    parse_workloads,
)
from ansible_collections.liqo.fabric.plugins.module_utils._liqo.obstacles import Around

from tests.unit.bodies import Body, body


def deployment(component: str, ready: int | None = 1, args: tuple[str, ...] = ()) -> Body:
    return body(
        resources.DEPLOYMENT,
        f"liqo-{component}",
        "liqo",
        metadata={"labels": {"app.kubernetes.io/name": component}},
        spec={"replicas": 1, "template": {"spec": {"containers": [{"args": list(args)}]}}},
        status={} if ready is None else {"readyReplicas": ready},
    )


def pod(component: str, *, ready: bool, waiting: str = "") -> Body:
    return body(
        resources.POD,
        f"liqo-{component}-5f7-x",
        "liqo",
        metadata={"labels": {"app.kubernetes.io/name": component}},
        status={
            "phase": "Running",
            "conditions": [{"type": "Ready", "status": "True" if ready else "False"}],
            "containerStatuses": [{"state": {"waiting": {"reason": waiting}} if waiting else {}}],
        },
    )


def test_a_deployment_without_ready_replicas_brings_what_its_pods_say() -> None:
    pods = [pod(MANAGER, ready=False, waiting="CrashLoopBackOff"), pod(IPAM, ready=False)]
    found = parse_workload(deployment(MANAGER, None), Around(pods=pods))
    assert (found.component, found.is_down) == (MANAGER, True)
    assert str(found) == (
        "Deployment liqo/liqo-controller-manager has 0 of 1 pods ready"
        " (pod liqo-controller-manager-5f7-x: CrashLoopBackOff)"
    )
    assert parse_workload(deployment(MANAGER), Around(pods=[pod(MANAGER, ready=True)])).state == ""


def test_only_the_first_of_each_component_is_explained_by_its_pods() -> None:
    crowd = [deployment(MANAGER, 0) for _number in range(3)] + [deployment("made-up", 0)]
    pods = [pod(MANAGER, ready=False, waiting="CrashLoopBackOff"), pod("made-up", ready=False, waiting="Odd")]
    found = parse_workloads(crowd, pods)
    assert [bool(one.state) for one in found] == [True, False, False, False]
    assert all(one.is_down for one in found)


def test_a_pod_that_gives_no_reason_is_shown_by_its_phase() -> None:
    found = parse_workload(deployment(IPAM, 0), Around(pods=[pod(IPAM, ready=False)]))
    assert found.state == "pod liqo-ipam-5f7-x: Running"


def test_a_daemon_set_counts_nodes() -> None:
    found = parse_workload(
        body(
            resources.DAEMON_SET,
            "liqo-fabric",
            "liqo",
            metadata={"labels": {"app.kubernetes.io/name": "fabric"}},
            status={"desiredNumberScheduled": 3, "numberReady": 2},
        )
    )
    assert (found.ready, found.wanted, found.is_down) == (2, 3, True)


def test_a_network_belongs_to_the_peer_of_its_label() -> None:
    asked = body(resources.NETWORK, "leaf-b-pod", "liqo-tenant-leaf-b", peer="leaf-b", spec={"cidr": "10.1.0.0/16"})
    assert parse_allocation(asked) == Allocation(
        name="liqo-tenant-leaf-b/leaf-b-pod", peer=ClusterId("leaf-b"), wanted="10.1.0.0/16", given=""
    )


@pytest.mark.parametrize(
    ("kind", "status", "expected"),
    [
        ("LoadBalancer", {}, True),
        ("LoadBalancer", {"loadBalancer": {}}, True),
        ("LoadBalancer", {"loadBalancer": {"ingress": [{"ip": "192.0.2.1"}]}}, False),
        ("LoadBalancer", {"loadBalancer": {"ingress": [{"hostname": "lb.example.org"}]}}, False),
        ("LoadBalancer", {"loadBalancer": {"ingress": [{}, {"ports": [{"port": 51840, "error": "x"}]}]}}, True),
        ("NodePort", {"loadBalancer": {}}, False),
    ],
)
def test_only_a_load_balancer_can_lack_an_address(kind: str, status: dict[str, Any], expected: bool) -> None:
    service = body(resources.SERVICE, "gw-leaf-b", "liqo-tenant-leaf-b", spec={"type": kind}, status=status)
    assert lacks_address(service) is expected
