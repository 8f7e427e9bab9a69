# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bodies -> the clues of a diagnosis: does what a link depends on run, and what has IPAM given away?"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from .._fabric.case import Allocation
from .._fabric.diagnosis import FABRIC, IPAM, MANAGER
from .._fabric.phrases import few
from .._fabric.workload import Workload
from .body import Json, as_cluster_id, int_at, items_at, text_at
from .names import COMPONENT, REMOTE_CLUSTER_ID
from .obstacles import Around, obstacle_of
from .parse import labels_of

SERVED_BY = {
    "network.ipam.liqo.io/finalizer": (MANAGER, IPAM),
    "ip.ipam.liqo.io/finalizer": (MANAGER, IPAM),
    "ipmapping-nat-controller.liqo.io/finalizer": (MANAGER,),
    "networking.liqo.io/clusterrolebinding": (MANAGER,),
    "networking.liqo.io/internal-fabric-geneve-tunnel-finalizer": (MANAGER,),
    "internalfabric-controller.liqo.io/finalizer": (MANAGER,),
    "routeconfiguration-controller.liqo.io/finalizer": (FABRIC,),
    "firewallconfigurations-controller.liqo.io/finalizer": (FABRIC,),
}
"""Components that take each of Liqo's finalizers away. Those of routes and firewalls are the fabric's or the gateway's,
and the gateway is gone when they hang."""

COMPONENTS = (MANAGER, IPAM, FABRIC)
MOST_WORKLOADS, MOST_PODS = 200, 2000
"""Of one namespace. Liqo has five Deployments and a pod on each node."""


def parse_workloads(bodies: Iterable[Json], pods: Iterable[Json] | None = None) -> tuple[Workload, ...]:
    """Deployments and DaemonSets; ``pods`` of the same namespace add why the first of each component is not ready."""
    around = Around(pods=None if pods is None else tuple(pods)[:MOST_PODS])
    found, explained = [], set()
    for body in tuple(bodies)[:MOST_WORKLOADS]:
        workload = parse_workload(body)
        component = workload.component
        if workload.is_down and component in COMPONENTS and component not in explained:
            explained.add(component)
            workload = parse_workload(body, around)
        found.append(workload)
    return tuple(found)


def parse_workload(body: Json, around: Around | None = None) -> Workload:
    """One Deployment or DaemonSet; ``around`` may hold objects of others too. A gateway's has no component."""
    component, is_daemon = labels_of(body).get(COMPONENT, ""), text_at(body, "kind") == "DaemonSet"
    ready = int_at(body, "status", "numberReady" if is_daemon else "readyReplicas") or 0
    wanted = int_at(body, "status", "desiredNumberScheduled") if is_daemon else int_at(body, "spec", "replicas")
    found = Workload(
        component=component,
        kind="DaemonSet" if is_daemon else "Deployment",
        name=text_at(body, "metadata", "name"),
        namespace=text_at(body, "metadata", "namespace"),
        ready=ready,
        wanted=wanted or 0,
    )
    if around is None or not found.is_down:
        return found
    own = Around(
        pods=None if around.pods is None else [pod for pod in around.pods if _is_pod_of(pod, found.name, component)],
        replica_sets=[one for one in around.replica_sets or () if _is_pod_of(one, found.name, "")],
        events=around.events,
    )
    obstacle = obstacle_of(body, own)
    state = few([state for state in map(_pod_state, own.pods or ()) if state]) if obstacle is None else str(obstacle)
    return replace(found, obstacle=obstacle, state=state)


def parse_allocation(body: Json) -> Allocation:
    """A Network. That of a peer's CIDR has the peer's label, or an owner in the tenant namespace."""
    return Allocation(
        name=f"{text_at(body, 'metadata', 'namespace')}/{text_at(body, 'metadata', 'name')}",
        peer=as_cluster_id(labels_of(body).get(REMOTE_CLUSTER_ID, "")) or None,
        wanted=text_at(body, "spec", "cidr"),
        given=text_at(body, "status", "cidr"),
    )


def lacks_address(service: Json) -> bool:
    """A Service of type LoadBalancer that has neither an address nor a name."""
    if text_at(service, "spec", "type") != "LoadBalancer":
        return False
    ingress = items_at(service, "status", "loadBalancer", "ingress")
    return not any(text_at(entry, key) for entry in ingress for key in ("ip", "hostname"))


def _is_pod_of(pod: Json, name: str, component: str) -> bool:
    if component and labels_of(pod).get(COMPONENT) == component:
        return True
    return text_at(pod, "metadata", "name").startswith(f"{name}-")


def _pod_state(pod: Json) -> str:
    """Empty for a pod that is ready."""
    ready = any(
        text_at(condition, "type") == "Ready" and text_at(condition, "status") == "True"
        for condition in items_at(pod, "status", "conditions")
    )
    if ready:
        return ""
    waiting = [
        text_at(container, "state", kind, "reason")
        for container in items_at(pod, "status", "containerStatuses")
        for kind in ("waiting", "terminated")
    ]
    reason = next((text for text in waiting if text), "") or text_at(pod, "status", "phase") or "not ready"
    return f"pod {text_at(pod, 'metadata', 'name')}: {reason}"
