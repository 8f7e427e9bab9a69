# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is said before the first write of namespaces that would not let a gateway in. It never stops a link."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.findings import Finding, Level
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.objects import ClusterState
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.plan import plan_link
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.preflight import preflight
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.scene import Quota, Seen

from tests.unit.build import RETAIL, adopted, cluster, cluster_id, link, shortcut

A, B = cluster_id("leaf-a"), cluster_id("leaf-b")
NS = "liqo-tenant-leaf-b"
CLUSTER_IP, NODE_PORT, LOAD_BALANCER = "ClusterIP", "NodePort", "LoadBalancer"


def told(seen: Seen, *states: ClusterState, **settings: Any) -> list[Finding]:
    """What is said of the namespaces of leaf-a, which runs the server."""
    a, b = states or (cluster("leaf-a"), cluster("leaf-b"))
    plan = plan_link(shortcut(server=A, **settings), a, b, fabric=RETAIL)
    assert plan.blocked is None
    found = preflight({plan.pair: plan}, {A: a, B: b}, {A: seen})
    return [one for one in found if one.check in ("pod-security", "quota")]


def quota(used: int | None = 0, hard: int | None = 0, *, of: str = "pods", scoped: bool = False) -> Seen:
    one = Quota(name="tight", hard={of: hard}, used={of: used}, is_scoped=scoped)
    return Seen(quotas={NS: (one,), "default": (one,)})


def test_a_namespace_that_enforces_a_level_is_named_with_the_label_that_helps() -> None:
    (one,) = told(Seen(levels={NS: "baseline:latest", "default": "restricted:latest"}))
    assert (one.check, one.level, one.cluster) == ("pod-security", Level.WARNING, A)
    assert one.what == f"namespace {NS} of leaf-a most likely lets no gateway pod in"
    assert "enforces the Pod Security level baseline:latest" in one.why
    assert "only an exemption in the configuration of the API server would let it in" in one.why
    assert f"kubectl label --overwrite namespace {NS} pod-security.kubernetes.io/enforce=privileged" in one.next


def test_only_what_makes_a_pod_is_concerned() -> None:
    seen = Seen(levels={NS: "baseline:latest"}, quotas=quota().quotas)
    a, b = link()
    marks_only = told(seen, a, b)
    assert marks_only == []
    a, b = adopted(a, b)
    assert [one.check for one in told(seen, a, b, mtu=1300)] == ["pod-security"]


@pytest.mark.parametrize(
    ("of", "service_type", "expected"),
    [
        ("pods", CLUSTER_IP, True),
        ("count/deployments.apps", CLUSTER_IP, True),
        ("secrets", CLUSTER_IP, True),
        ("services", CLUSTER_IP, True),
        ("services.nodeports", CLUSTER_IP, False),
        ("services.nodeports", NODE_PORT, True),
        ("services.loadbalancers", NODE_PORT, False),
        ("services.loadbalancers", LOAD_BALANCER, True),
        ("services.nodeports", LOAD_BALANCER, True),
        ("persistentvolumeclaims", LOAD_BALANCER, False),
    ],
)
def test_a_quota_matters_for_what_a_gateway_is_made_of(of: str, service_type: str, expected: bool) -> None:
    found = told(quota(2, 2, of=of), service_type=service_type)
    assert [(one.check, one.level, one.why) for one in found] == (
        [("quota", Level.WARNING, f"{of}: 2 of 2 used")] if expected else []
    )


@pytest.mark.parametrize(("used", "hard"), [(0, 1), (1, 2), (None, 0), (0, None)])
def test_a_quota_with_room_or_without_a_number_is_not_mentioned(used: int | None, hard: int | None) -> None:
    assert told(quota(used, hard)) == []


def test_a_quota_that_may_not_concern_gateways_is_told_as_such() -> None:
    (one,) = told(quota(scoped=True))
    assert one.level is Level.INFO
    assert one.what == f"ResourceQuota tight of {NS} on leaf-a may leave no room for a gateway"
    assert one.next == f"raise it (kubectl -n {NS} describe resourcequota tight)"


def test_a_quota_that_makes_requests_necessary_is_told_as_a_doubt() -> None:
    (one,) = told(quota(None, None, of="limits.cpu"))
    assert (one.level, one.what) == (Level.INFO, f"ResourceQuota tight of {NS} on leaf-a may refuse the gateway pod")
    assert "each container has to state limits.cpu" in one.why
    assert "a LimitRange can give defaults" in one.why
