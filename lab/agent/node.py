# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The node of one cluster: schedules pods, has a worker per pod, serves UDP Services, keeps kube-proxy running, follows
the faults."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from lab import net
from lab.agent.addresses import (
    PER_CLUSTER,
    next_balanced_ip,
    next_number,
    next_pod_ip,
    node_pair,
    number_of,
    routed_pair,
)
from lab.agent.containers import RunningContainer
from lab.agent.forwards import (
    balanced_ips,
    ingress_of,
    plan_forwards,
    render_forwards,
    serving_pods,
    table_name,
    wants_address,
)
from lab.agent.kubeproxy import kube_proxy
from lab.agent.placement import pick_node, taints_when_ready
from lab.agent.plugs import Plug, plan_plug
from lab.agent.pods import Pod, Role, parse_pod
from lab.agent.reflector import Reflector
from lab.agent.registry import write_registry
from lab.agent.status import binding
from lab.agent.worker import FAILURES, PodWorker
from lab.api import Api, ApiError
from lab.faults import Fault, What, holds, holds_gateway
from lab.layout import NODE_NAME, Cluster, Lab

Body = Mapping[str, Any]

_LOG = logging.getLogger(__name__)
_NETWORKING = "/apis/networking.liqo.io/v1beta1"
_RETRY_S = 0.5
_ROUTED = (Role.GATEWAY, Role.VIRTUAL_KUBELET)


class ClusterNode:
    """Everything the agent does for one cluster, in one thread that wakes up when something has changed."""

    def __init__(self, lab: Lab, cluster: Cluster) -> None:
        self.lab = lab
        self.cluster = cluster
        self.api = Api(cluster.kubeconfig)
        self._faults: frozenset[Fault] = frozenset()
        self._wake = threading.Event()
        self._ended = threading.Event()
        self._lock = threading.Lock()
        self._workers: dict[str, PodWorker] = {}
        self._ip_by_uid: dict[str, str] = {}
        self._number_by_uid: dict[str, int] = {}
        self._last_number = cluster.index * PER_CLUSTER
        self._forwards: object = None
        self._balanced_since: dict[str, float] = {}
        self._kube_proxy = RunningContainer(kube_proxy(lab, cluster), self._wake.set) if lab.kube_proxy else None
        self._pods = self._reflect("/api/v1/pods")
        self._services = self._reflect("/api/v1/services")
        self._nodes = self._reflect("/api/v1/nodes")
        self._internal_nodes = self._reflect(f"{_NETWORKING}/internalnodes", self._poke_gateways)
        self._internal_fabrics = self._reflect(f"{_NETWORKING}/internalfabrics", self._poke_gateways)
        self._thread = threading.Thread(target=self._run, name=f"node {cluster.name}", daemon=True)

    def _reflect(self, path: str, changed: Callable[[], None] | None = None) -> Reflector:
        return Reflector(self.api, path, changed or self._wake.set)

    @property
    def _reflectors(self) -> tuple[Reflector, ...]:
        return (self._pods, self._services, self._nodes, self._internal_nodes, self._internal_fabrics)

    def start(self) -> None:
        """The node's namespace exists, and its pods come to life as they are seen."""
        if not self.lab.rootless:
            near, far = node_pair(self.cluster)
            net.create_node(self.lab, self.cluster, near=near, far=far)
        for reflector in self._reflectors:
            reflector.start()
        self._thread.start()

    def wait_synced(self, deadline: float) -> bool:
        """True when everything that is watched has been listed once before the monotonic deadline."""
        return all(r.synced.wait(max(0.0, deadline - time.monotonic())) for r in self._reflectors)

    def take_faults(self, faults: frozenset[Fault]) -> None:
        """These faults are in effect from now on."""
        self._faults = faults
        for worker in list(self._workers.values()):
            worker.poke()

    def halt(self) -> None:
        """From now on no pod is started; those that run go on."""
        self._ended.set()
        for reflector in self._reflectors:
            reflector.stop()
        self._wake.set()

    def end_pods(self, *, grace_s: float) -> None:
        """After `halt`: all pods begin to end; `join` waits for them."""
        self._thread.join(grace_s)
        for worker in list(self._workers.values()):
            worker.end(grace_s=grace_s)
        if self._kube_proxy:
            self._kube_proxy.ask_to_end()

    def join(self, deadline: float) -> None:
        """Pods have ended and the node's namespace is gone, as far as time allows."""
        for worker in list(self._workers.values()):
            worker.join(max(0.05, deadline - time.monotonic()))
        if self._kube_proxy:
            self._kube_proxy.end(deadline)
        if not self.lab.rootless:
            net.delete_namespace(self.cluster.node_namespace)
            name = table_name(self.cluster)
            net.nft(self.lab.world_namespace, f"table ip {name} {{}}\ndelete table ip {name}\n")

    # What pods' threads ask.

    def address_of(self, pod: Pod) -> tuple[str, int]:
        """The pod's address and number; the same each time, and those in its status if it has them."""
        uid = pod.key.uid
        with self._lock:
            if uid not in self._number_by_uid:
                kept = number_of(self.cluster, pod.ip) if pod.role in _ROUTED else None
                self._number_by_uid[uid] = kept or self._fresh_number()
            if uid not in self._ip_by_uid:
                self._ip_by_uid[uid] = self._choose_ip(pod, self._number_by_uid[uid])
            return self._ip_by_uid[uid], self._number_by_uid[uid]

    def _fresh_number(self) -> int:
        told = (number_of(self.cluster, _ip_of(body)) for body in self._pods.objects())
        used = {*self._number_by_uid.values(), *(number for number in told if number is not None)}
        self._last_number = next_number(self.cluster, used, after=self._last_number)
        return self._last_number

    def _choose_ip(self, pod: Pod, number: int) -> str:
        if pod.host_network:
            return self.cluster.node_ip
        if pod.role in _ROUTED and not self.lab.rootless:
            return routed_pair(number)[1]
        used = {*self._ip_by_uid.values(), *(_ip_of(body) for body in self._pods.objects())}
        return pod.ip or next_pod_ip(self.cluster, used)

    def is_held(self, pod: Pod) -> bool:
        match pod.role:
            case Role.GATEWAY:
                return holds_gateway(self._faults, self.cluster.name, pod.peer)
            case Role.FABRIC:
                return holds(self._faults, self.cluster.name, What.FABRIC)
            case Role.CONTROL_PLANE:
                broken = holds(self._faults, self.cluster.name, What.CONTROLLERS)
                return broken and any(name in pod.key.name for name in ("controller-manager", "ipam", "webhook"))
        return False

    def plug_of(self, pod: Pod) -> Plug | None:
        return plan_plug(pod, NODE_NAME, self._internal_nodes.objects(), self._internal_fabrics.objects())

    def changed(self) -> None:
        self._wake.set()

    # The node's own thread.

    def _poke_gateways(self) -> None:
        for worker in list(self._workers.values()):
            worker.poke()

    def _run(self) -> None:
        last = ""
        while not self._ended.is_set():
            self._wake.clear()
            try:
                due = self._step()
            except FAILURES as error:
                if str(error) != last:
                    _LOG.info("node of %s: %s", self.cluster.name, error)
                last = str(error)
                due = time.monotonic() + _RETRY_S
            self._wake.wait(None if due is None else max(0.0, due - time.monotonic()))

    def _step(self) -> float | None:
        """One look at everything; returns the monotonic time of the next one if nothing changes before."""
        if not self._pods.synced.is_set():
            return None
        pods = self._pods.objects()
        self._follow_pods(pods)
        write_registry(self.lab, self.cluster.name, [w.entry() for w in self._workers.values()])
        self._admit_nodes()
        for body in pods:
            if not body["spec"].get("nodeName") and not body["metadata"].get("deletionTimestamp"):
                self._bind(body, pods)
        dues = [self._balance()]
        if self._kube_proxy:
            dues.append(self._kube_proxy.ensure())
        if not self.lab.rootless:
            self._forward(pods)
        return min((due for due in dues if due is not None), default=None)

    def _follow_pods(self, pods: list[Body]) -> None:
        mine = {b["metadata"]["uid"]: parse_pod(b) for b in pods if b["spec"].get("nodeName") == NODE_NAME}
        for uid, pod in mine.items():
            if uid in self._workers:
                self._workers[uid].update(pod)
            else:
                self._workers[uid] = PodWorker(self, pod)
                self._workers[uid].start()
        for uid in [uid for uid in self._workers if uid not in mine]:
            if self._workers[uid].finished:
                del self._workers[uid]
                with self._lock:
                    self._ip_by_uid.pop(uid, None)
                    self._number_by_uid.pop(uid, None)
            else:
                self._workers[uid].end()

    def _admit_nodes(self) -> None:
        """Nodes that are ready lose the taint of those that are not."""
        for body in self._nodes.objects():
            kept = taints_when_ready(body)
            if kept is not None:
                meta = body["metadata"]
                change = {"metadata": {"resourceVersion": meta["resourceVersion"]}, "spec": {"taints": kept}}
                try:
                    self.api.patch("v1", "Node", meta["name"], change)
                except ApiError as error:
                    # The node has changed: the watch brings it again.
                    if error.status not in (404, 409):
                        raise

    def _bind(self, body: Body, pods: list[Body]) -> None:
        """The pod is bound to a node that suits it, if there is one; a new node or pod brings the next try."""
        node = pick_node(body, self._nodes.objects(), pods)
        if node is None:
            return
        meta = body["metadata"]
        path = f"/api/v1/namespaces/{meta['namespace']}/pods/{meta['name']}/binding"
        try:
            self.api.request("POST", path, binding(meta["name"], node))
        except ApiError as error:
            # 409: bound a moment ago, and the watch has not told yet.
            if error.status not in (404, 409):
                raise

    def _balance(self) -> float | None:
        """LoadBalancer Services have their address, each after the delay; returns when the next one is due."""
        dues = []
        services = self._services.objects()
        used = {address for service in services for address in balanced_ips(service)}
        for service in services:
            wanted, meta = wants_address(service), service["metadata"]
            if wanted == bool(ingress_of(service)):
                continue
            since = self._balanced_since.setdefault(meta["uid"], time.monotonic())
            due = since + self.lab.delay_loadbalancer_s if wanted else 0.0
            if due > time.monotonic():
                dues.append(due)
                continue
            ingress = [{"ip": next_balanced_ip(self.cluster, used)}] if wanted else []
            used |= {one["ip"] for one in ingress}
            status = {"status": {"loadBalancer": {"ingress": ingress or None}}}
            self.api.patch("v1", "Service", meta["name"], status, namespace=meta["namespace"], sub="status")
        balanced = {s["metadata"]["uid"] for s in services if wants_address(s)}
        self._balanced_since = {uid: at for uid, at in self._balanced_since.items() if uid in balanced}
        return min(dues, default=None)

    def _forward(self, pods: list[Body]) -> None:
        services = self._services.objects()
        planned = (plan_forwards(self.cluster, services, pods), serving_pods(services, pods))
        if planned != self._forwards:
            net.nft(self.lab.world_namespace, render_forwards(self.cluster, *planned))
            self._forwards = planned


def _ip_of(body: Body) -> str:
    return (body.get("status") or {}).get("podIP") or ""
