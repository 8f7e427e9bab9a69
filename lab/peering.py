# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each hub peered with each leaf by Liqo's own liqoctl, and its demo namespace with a pod on each."""

from __future__ import annotations

import datetime
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor

from lab import process
from lab.api import Api, Object, wait_for
from lab.controlplane import namespace
from lab.layout import DEMO_NAMESPACE, NODE_NAME, Cluster, Lab, can_be_peered

NETWORKING = "networking.liqo.io/v1beta1"
OFFLOADING = "offloading.liqo.io/v1beta1"
DEMO_IMAGE = "liqo-fabric-lab/web"
"""Names no real image: the node agent runs a small server for every pod that is not Liqo's."""
REMOTE_CLUSTER_ID = "liqo.io/remote-cluster-id"
_LIQOCTL_S = 180
_AT_ONCE = 4
"""More liqoctl at a time take longer each, on a small machine, and in the end as long together."""

Say = Callable[[str], None]


class PeeringError(RuntimeError):
    """liqoctl did not peer two clusters, or what must follow did not happen."""


def peer_all(lab: Lab, say: Say) -> None:
    """Each hub is joined with every leaf: network, and where it can be peered authentication and virtual node as well.

    Raises PeeringError with what liqoctl said.
    """
    pairs = _pairs(lab)
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        for (hub, leaf), seconds in zip(pairs, pool.map(lambda pair: peer(lab, *pair), pairs), strict=True):
            say(f"{hub.name} and {leaf.name} joined in {seconds:.1f} s")


def peer(lab: Lab, hub: Cluster, leaf: Cluster) -> float:
    """Seconds that liqoctl took."""
    started = time.monotonic()
    command = [
        str(lab.liqoctl),
        *(["peer"] if can_be_peered(hub, leaf) else ["network", "connect", "--wait"]),
        f"--kubeconfig={hub.kubeconfig}",
        f"--remote-kubeconfig={leaf.kubeconfig}",
        "--gw-server-service-type=NodePort",
        f"--timeout={_LIQOCTL_S}s",
    ]
    name = f"liqoctl-{hub.name}-{leaf.name}"
    record = process.start(lab, name, command, namespace=namespace(lab), env={"NO_COLOR": "1"})
    status = process.wait(record, timeout_s=_LIQOCTL_S + 20)
    if status != 0:
        log = process.log_file(lab, name)
        said = process.last_lines(log)
        raise PeeringError(f"liqoctl could not peer {hub.name} with {leaf.name}; {log} ends with: {said}")
    return time.monotonic() - started


def create_demo(lab: Lab, hub: Cluster, api: Api) -> None:
    """The demo namespace exists on the hub, offloaded, with a Service and a pod for the hub and each leaf.

    `wait_demo` says when they run.
    """
    api.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": DEMO_NAMESPACE}})
    api.create(
        {
            "apiVersion": OFFLOADING,
            "kind": "NamespaceOffloading",
            "metadata": {"name": "offloading", "namespace": DEMO_NAMESPACE},
            "spec": {
                "namespaceMappingStrategy": "DefaultName",
                "podOffloadingStrategy": "LocalAndRemote",
                "clusterSelector": {"nodeSelectorTerms": []},
            },
        }
    )
    what = f"the demo namespace of {hub.name} to reach every leaf"
    wait_for(lambda: _offloaded(lab, hub, api), what, timeout_s=lab.patience_s)
    for cluster in _demo_clusters(lab, hub):
        api.create(demo_pod(cluster))
    api.create(demo_service())


def demo_namespace(hub: Cluster, cluster: Cluster) -> str:
    """The hub's demo namespace as it is called in a cluster: on leaves by Liqo's DefaultName mapping."""
    return DEMO_NAMESPACE if cluster == hub else f"{DEMO_NAMESPACE}-{hub.name}"


def demo_service(name: str = "web") -> Object:
    """Service for the demo pods with label `app: <name>`, on port 80."""
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name, "namespace": DEMO_NAMESPACE},
        "spec": {"selector": {"app": name}, "ports": [{"name": "http", "port": 80, "targetPort": 8080}]},
    }


def demo_pod(cluster: Cluster, name: str = "", labels: Mapping[str, str] | None = None) -> Object:
    """A pod pinned to the cluster: on the hub's own node, or on the leaf's virtual node.

    By default it is `web-<cluster>` and stands behind Service `web`.
    """
    chosen = {"app": "web"} if labels is None else dict(labels)
    pin = {"kubernetes.io/hostname": NODE_NAME} if cluster.role == "hub" else {REMOTE_CLUSTER_ID: cluster.name}
    container: Object = {"name": "web", "image": DEMO_IMAGE, "ports": [{"name": "http", "containerPort": 8080}]}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name or f"web-{cluster.name}", "namespace": DEMO_NAMESPACE, "labels": chosen},
        "spec": {"nodeSelector": pin, "containers": [container], "automountServiceAccountToken": False},
    }


def add_demo_pod(api: Api, cluster: Cluster, name: str, labels: Mapping[str, str], *, timeout_s: float = 60.0) -> None:
    """A further demo pod of the hub behind `api` runs in the cluster, ready as the hub sees it; else TimeoutError."""
    api.create(demo_pod(cluster, name, labels))

    def ready() -> bool:
        return is_ready(api.get("v1", "Pod", name, DEMO_NAMESPACE) or {})

    wait_for(ready, f"pod {name} in {cluster.name}", timeout_s=timeout_s)


def remove_demo_pod(api: Api, name: str, *, timeout_s: float = 60.0) -> None:
    """The demo pod is gone from the hub behind `api`, so its name is free; else TimeoutError."""
    api.delete("v1", "Pod", name, DEMO_NAMESPACE)
    gone = f"pod {name} to be gone"
    wait_for(lambda: api.get("v1", "Pod", name, DEMO_NAMESPACE) is None, gone, timeout_s=timeout_s)


def wait_demo(lab: Lab, hub: Cluster, api: Api) -> None:
    """Every demo pod is ready as the hub sees it."""

    def missing() -> list[str]:
        ready = {pod["metadata"]["name"] for pod in api.list("v1", "Pod", DEMO_NAMESPACE) if is_ready(pod)}
        names = [f"web-{cluster.name}" for cluster in _demo_clusters(lab, hub)]
        return [name for name in names if name not in ready]

    _wait_none(missing, f"demo pods of {hub.name}", timeout_s=lab.patience_s)


def wait_links(lab: Lab, apis: dict[str, Api], *, since: datetime.datetime) -> None:
    """Both ends of every link between hub and leaf say Connected, from a measurement after `since`.

    Older words may be those of a gateway that is gone.
    """
    ends = [(a, b) for hub, leaf in _pairs(lab) for a, b in ((hub, leaf), (leaf, hub))]

    def missing() -> list[str]:
        return [f"{a.name} to {b.name}" for a, b in ends if not _is_connected(apis[a.name], b.name, since)]

    _wait_none(missing, "tunnels", timeout_s=lab.patience_s)


def wait_virtual_nodes(lab: Lab, hub: Cluster, api: Api) -> None:
    """The hub has a ready virtual node for every leaf."""

    def missing() -> list[str]:
        ready = {
            (node["metadata"].get("labels") or {}).get(REMOTE_CLUSTER_ID)
            for node in api.list("v1", "Node", selector="liqo.io/type=virtual-node")
            if is_ready(node)
        }
        return [leaf.name for leaf in peered_leaves(lab, hub) if leaf.name not in ready]

    _wait_none(missing, f"virtual nodes of {hub.name}", timeout_s=lab.patience_s)


def is_ready(body: Object) -> bool:
    """A pod or a node with condition Ready."""
    conditions = (body.get("status") or {}).get("conditions") or []
    return any(c["type"] == "Ready" and c["status"] == "True" for c in conditions)


def peered_leaves(lab: Lab, hub: Cluster) -> list[Cluster]:
    return [leaf for leaf in lab.leaves if can_be_peered(hub, leaf)]


def _pairs(lab: Lab) -> list[tuple[Cluster, Cluster]]:
    """Every hub with every leaf."""
    return [(hub, leaf) for hub in lab.hubs for leaf in lab.leaves]


def _demo_clusters(lab: Lab, hub: Cluster) -> list[Cluster]:
    """Where the hub has demo pods."""
    return [hub, *peered_leaves(lab, hub)]


def _offloaded(lab: Lab, hub: Cluster, api: Api) -> bool:
    accepted = 0
    for namespace_map in api.list(OFFLOADING, "NamespaceMap"):
        current = ((namespace_map.get("status") or {}).get("currentMapping") or {}).get(DEMO_NAMESPACE) or {}
        accepted += current.get("phase") == "Accepted"
    return accepted == len(peered_leaves(lab, hub))


def _is_connected(api: Api, peer_name: str, since: datetime.datetime) -> bool:
    for connection in api.list(NETWORKING, "Connection", selector=f"{REMOTE_CLUSTER_ID}={peer_name}"):
        status = connection.get("status") or {}
        measured = (status.get("latency") or {}).get("timestamp")
        if status.get("value") == "Connected" and measured:
            return datetime.datetime.fromisoformat(measured) >= since
    return False


def _wait_none(missing: Callable[[], Iterable[str]], what: str, *, timeout_s: float) -> None:
    """Nothing is missing any more; raises TimeoutError that names what still is."""
    last: list[str] = []

    def probe() -> bool:
        last[:] = missing()
        return not last

    try:
        wait_for(probe, what, timeout_s=timeout_s)
    except TimeoutError as error:
        raise PeeringError(f"{what} not ready after {timeout_s:.0f} s: {', '.join(last) or error}") from error
