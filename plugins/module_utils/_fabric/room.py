# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Before the first write: would the namespaces that are there let the planned gateways in?

Notes only. Kubernetes decides when the pod is made: exemptions of the API server and the template of a gateway are not
seen from here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from .command import Option, command
from .findings import Check, Finding, Level
from .model import ServiceType
from .objects import GatewayClientSpec, GatewayServerSpec, Kind
from .obstacles import to_privileged
from .operations import Op, Verb
from .phrases import few
from .scene import Quota, Scene

_COMPUTE = ("cpu", "memory", "requests.cpu", "requests.memory", "limits.cpu", "limits.memory")
_GATEWAY = ("pods", "count/pods", "count/deployments.apps", "count/replicasets.apps", "count/serviceaccounts")
_SERVICE: Mapping[str, tuple[str, ...]] = {
    ServiceType.CLUSTER_IP: ("services", "count/services"),
    ServiceType.NODE_PORT: ("services", "count/services", "services.nodeports"),
    ServiceType.LOAD_BALANCER: ("services", "count/services", "services.nodeports", "services.loadbalancers"),
}

PARTS_OF_GATEWAY = (*_GATEWAY, "secrets", "count/secrets", *_SERVICE[ServiceType.LOAD_BALANCER])
"""What is counted of all that Liqo makes for any gateway."""


def gateway_room(scene: Scene) -> Iterator[Finding]:
    """What stands in the way of gateways in namespaces that are there."""
    for pair, op in scene.ops(Kind.SERVER, Kind.CLIENT):
        if not makes_pod(op):
            continue
        seen = scene.of(op.cluster)
        level = seen.levels.get(op.namespace)
        if level:
            yield scene.finding(
                Check.POD_SECURITY,
                Level.WARNING,
                op.cluster,
                pair,
                what=f"namespace {op.namespace} of {op.cluster} most likely lets no gateway pod in",
                why=f"it enforces the Pod Security level {level}, and a gateway pod is privileged; only an exemption in"
                " the configuration of the API server would let it in",
                next=to_privileged(op.namespace),
            )
        for quota in seen.quotas.get(op.namespace, ()) if op.verb is Verb.CREATE else ():
            for level_of_finding, texts in _of_quota(quota, op):
                yield scene.finding(Check.QUOTA, level_of_finding, op.cluster, pair, **texts)


def makes_pod(op: Op) -> bool:
    """Liqo makes a pod for a new gateway, and another one when its settings change."""
    return isinstance(op.after, (GatewayServerSpec, GatewayClientSpec)) and op.disturbs


def _of_quota(quota: Quota, op: Op) -> Iterator[tuple[Level, dict[str, str]]]:
    title = f"ResourceQuota {quota.name} of {op.namespace} on {op.cluster}"
    look = command("kubectl", Option("-n"), op.namespace, "describe", "resourcequota", quota.name)
    full = quota.full(_needs(op))
    if full:
        may = "may leave" if quota.is_scoped else "leaves"
        yield (
            Level.INFO if quota.is_scoped else Level.WARNING,
            {"what": f"{title} {may} no room for a gateway", "why": few(full), "next": f"raise it ({look})"},
        )
    asked = [resource for resource in _COMPUTE if resource in quota.hard]
    if asked:
        yield (
            Level.INFO,
            {
                "what": f"{title} may refuse the gateway pod",
                "why": f"each container has to state {few(asked)}, and those of Liqo's own gateway templates do not;"
                " a LimitRange can give defaults",
                "next": "nothing if a LimitRange or the gateway template states them; otherwise give the namespace a"
                f" LimitRange ({look})",
            },
        )


def _needs(op: Op) -> tuple[str, ...]:
    """What is counted of all that Liqo makes for a gateway."""
    spec = op.after
    needs: tuple[str, ...] = _GATEWAY
    if isinstance(spec, (GatewayServerSpec, GatewayClientSpec)) and spec.secret is None:
        needs = (*needs, "secrets", "count/secrets")
    return (*needs, *_SERVICE.get(spec.service_type, ())) if isinstance(spec, GatewayServerSpec) else needs
