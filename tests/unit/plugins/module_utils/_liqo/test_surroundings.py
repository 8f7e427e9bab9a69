# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bodies that are read only before the first write."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.pools import DEFAULT_POOLS
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.scene import Quota, ServicePorts, UsedNetwork
from ansible_collections.liqo.fabric.plugins.module_utils._liqo import resources
from ansible_collections.liqo.fabric.plugins.module_utils._liqo.cluster import Raw
from ansible_collections.liqo.fabric.plugins.module_utils._liqo.surroundings import (
    MOST_ADDRESSES,
    MOST_ADDRESSES_TOGETHER,
    MOST_POOLS,
    MOST_SERVICES,
    ipam_pools,
    pod_security,
    quotas,
    service_ports,
    used_networks,
)

from tests.unit.bodies import body, local_networks, network
from tests.unit.build import cluster_id


def test_networks_tell_whose_they_are() -> None:
    of_peer = body(resources.NETWORK, "leaf-c-pod", "liqo-tenant-leaf-c", peer="leaf-c", status={"cidr": "10.9.0.0/16"})
    pending = body(resources.NETWORK, "leaf-d-pod", "liqo-tenant-leaf-d", peer="leaf-d", status={})
    reserved = network("reserved", "10.1.0.0/16")
    bodies = (*local_networks(), of_peer, pending, reserved)
    found = used_networks(Raw(liqo_namespace="liqo", objects={resources.NETWORK: bodies}))
    assert UsedNetwork(cidr="10.9.0.0/16", of="network leaf-c-pod", peer=cluster_id("leaf-c")) in found
    assert UsedNetwork(cidr="10.1.0.0/16", of="reserved CIDR") in found
    assert UsedNetwork(cidr="10.96.0.0/12", of="service CIDR") in found
    assert len(found) == 6


def deployment(component: str, *arguments: str) -> dict[str, Any]:
    spec = {"template": {"spec": {"containers": [{"args": list(arguments)}]}}}
    metadata = {"labels": {"app.kubernetes.io/name": component}}
    return body(resources.DEPLOYMENT, f"liqo-{component}", "liqo", metadata=metadata, spec=spec)


@pytest.mark.parametrize(
    ("component", "arguments", "pools"),
    [
        ("ipam", ("--port=6000", "--pools=10.0.0.0/8,192.168.0.0/16"), ("10.0.0.0/8", "192.168.0.0/16")),
        ("ipam", ("--pools=10.0.0.0/8", "--pools=fd00::/8"), ("10.0.0.0/8", "fd00::/8")),
        ("ipam", ("--port=6000",), DEFAULT_POOLS),
        ("controller-manager", ("--pools=1.0.0.0/8",), None),
    ],
)
def test_pools_are_those_that_ipam_was_told(
    component: str, arguments: tuple[str, ...], pools: tuple[str, ...] | None
) -> None:
    """Without an IPAM in sight they are not known: nothing follows from the default of one that may have been told."""
    assert ipam_pools([deployment(component, *arguments)]) == pools


def test_pools_that_repeat_count_once_and_services_and_their_addresses_have_a_limit() -> None:
    flags = "--pools=" + ",".join(["10.0.0.0/8"] * MOST_POOLS + ["172.16.0.0/12"])
    spec = {"template": {"spec": {"containers": [{"args": [flags]}]}}}
    labels = {"app.kubernetes.io/name": "ipam"}
    deployment = body(resources.DEPLOYMENT, "liqo-ipam", "liqo", metadata={"labels": labels}, spec=spec)
    assert ipam_pools([deployment]) == ("10.0.0.0/8", "172.16.0.0/12")
    ingress = [{"hostname": f"lb-{number}"} for number in range(MOST_ADDRESSES + 1)]
    status = {"loadBalancer": {"ingress": ingress}}
    ports = {"ports": [{"port": 80, "nodePort": 30080}]}
    crowd = [
        body(resources.SERVICE, f"web-{number}", "shop", spec=ports, status=status)
        for number in range(MOST_SERVICES + 1)
    ]
    found = service_ports(crowd)
    assert len(found) == MOST_SERVICES
    assert len(found[0].given) == MOST_ADDRESSES
    assert sum(len(one.given) for one in found) == MOST_ADDRESSES_TOGETHER


def test_without_ipam_no_pools_are_known() -> None:
    assert ipam_pools([]) is None


def test_ports_of_services() -> None:
    balanced = body(
        resources.SERVICE,
        "web",
        "shop",
        spec={
            "ports": [{"port": 443, "nodePort": 30443}, {"port": 443, "nodePort": 30444, "protocol": "UDP"}],
            "healthCheckNodePort": 31000,
            "loadBalancerIP": "192.0.2.1",
        },
        status={"loadBalancer": {"ingress": [{"ip": "192.0.2.2"}, {"hostname": "web.example"}]}},
    )
    internal = body(resources.SERVICE, "db", "shop", spec={"ports": [{"port": 5432}]}, status={"loadBalancer": {}})
    assert service_ports([internal, balanced]) == (
        ServicePorts(
            namespace="shop",
            name="web",
            node_ports=frozenset({30443, 30444, 31000}),
            ports=frozenset({(443, "TCP"), (443, "UDP")}),
            addresses=frozenset({"192.0.2.1", "192.0.2.2", "web.example"}),
            given=frozenset({"192.0.2.2", "web.example"}),
        ),
    )


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        ({"enforce": "baseline"}, "baseline:latest"),
        ({"enforce": "restricted", "enforce-version": "v1.30"}, "restricted:v1.30"),
        ({"enforce": "strict"}, "restricted (for 'strict'):latest"),
        ({"enforce": ""}, "restricted (for ''):latest"),
        ({"enforce": "privileged", "enforce-version": "v1.30"}, ""),
        ({"warn": "restricted", "audit": "baseline", "warn-version": "latest"}, ""),
        ({}, ""),
    ],
)
def test_the_pod_security_level_that_is_enforced(labels: dict[str, str], expected: str) -> None:
    """What Kubernetes does not know it takes for restricted; a level that warns or audits forbids nothing."""
    full = {f"pod-security.kubernetes.io/{name}": value for name, value in labels.items()}
    bodies = (body(resources.NAMESPACE, "liqo-tenant-leaf-b", metadata={"labels": full}),)
    found = pod_security(Raw(liqo_namespace="liqo", objects={resources.NAMESPACE: bodies}))
    assert found == ({"liqo-tenant-leaf-b": expected} if expected else {})


def quota_body(hard: dict[str, str], used: dict[str, str] | None = None, **spec: Any) -> dict[str, Any]:
    status = {} if used is None else {"hard": hard, "used": used}
    return body(resources.RESOURCE_QUOTA, "tight", "x", spec={"hard": hard, **spec}, status=status)


def test_quotas_are_read_as_the_quota_controller_writes_them_and_before_it_has() -> None:
    counted = quota_body({"pods": "3", "limits.cpu": "500m"}, {"pods": "1", "limits.cpu": "0"})
    fresh = quota_body({"services.loadbalancers": "0"})
    assert quotas([counted, fresh]) == (
        Quota(name="tight", hard={"pods": 3, "limits.cpu": None}, used={"pods": 1, "limits.cpu": 0}),
        Quota(name="tight", hard={"services.loadbalancers": 0}),
    )


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ({"scopes": ["NotTerminating"]}, [False]),
        ({"scopes": ["NotBestEffort"]}, [True]),
        ({"scopeSelector": {"matchExpressions": []}}, [True]),
        ({"scopes": ["Terminating"]}, []),
    ],
)
def test_quotas_for_some_pods_only(spec: dict[str, Any], expected: list[bool]) -> None:
    assert [one.is_scoped for one in quotas([quota_body({"pods": "0"}, **spec)])] == expected
