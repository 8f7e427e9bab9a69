# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Liqo in one cluster: its chart in the API server, its control-plane programs as processes of the lab."""

from __future__ import annotations

import datetime
import functools
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor

from lab import chart, process
from lab.api import Api, Object, wait_for
from lab.chart import MANAGER, Chart
from lab.controlplane import namespace
from lab.layout import LIQO_NAMESPACE, NODE_NAME, Cluster, Lab

IPAM = "ipam"
WEBHOOK = "webhook"
CRD_REPLICATOR = "crd-replicator"
_NETWORKS = ("ipam.liqo.io/v1alpha1", "Network")


def install(lab: Lab, cluster: Cluster, api: Api, drawn: Chart) -> None:
    """CRDs, chart and node are in the API server. What the webhook must admit comes with `finish`."""
    definitions = chart.crds(lab, cluster)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(api.create, definitions))
    wait_for(
        lambda: _all_established(api, definitions), f"the CRDs of Liqo in {cluster.name}", timeout_s=lab.patience_s
    )
    api.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": LIQO_NAMESPACE}})
    for body in drawn.objects if lab.rootless else [*drawn.objects, *drawn.webhooks]:
        api.create(body, LIQO_NAMESPACE)
    _create_node(api, cluster)


def start(lab: Lab, cluster: Cluster, drawn: Chart) -> None:
    """ipam and webhook run; the manager follows as soon as ipam listens, as it would end without it."""
    _start_ipam(lab, cluster, drawn)
    if not lab.rootless:
        _start_webhook(lab, cluster, drawn)
    _start(lab, cluster, drawn, CRD_REPLICATOR, CRD_REPLICATOR, {"--metrics-address": "0"})
    _wait_listens(lab, cluster, IPAM, cluster.ipam_port)
    _start_manager(lab, cluster, drawn)


def finish(lab: Lab, cluster: Cluster, api: Api, late: Iterable[Object]) -> None:
    """Liqo is complete: its webhook admits, also what it must of the chart, and the cluster's networks are set up."""
    if not lab.rootless:
        _wait_listens(lab, cluster, WEBHOOK, cluster.webhook_port)

    def admitted(body: Object) -> bool:
        api.create(body, LIQO_NAMESPACE)
        return True

    for body in late:
        wait_for(functools.partial(admitted, body), f"the webhook of {cluster.name}", timeout_s=lab.patience_s)
    wait_for(lambda: _networks_are_set(lab, cluster, api), f"the manager of {cluster.name}", timeout_s=lab.patience_s)


def _networks_are_set(lab: Lab, cluster: Cluster, api: Api) -> bool:
    """Every Network of the chart has its CIDR; raises ProcessError when the manager or ipam has ended."""
    for name in (IPAM, "manager"):
        process.require(lab, cluster.process(name))
    networks = api.list(*_NETWORKS, LIQO_NAMESPACE)
    return bool(networks) and all((n.get("status") or {}).get("cidr") for n in networks)


def _wait_listens(lab: Lab, cluster: Cluster, what: str, port: int) -> None:
    name = cluster.process(what)

    def probe() -> bool:
        process.require(lab, name)
        return process.listens(lab, name, port)

    wait_for(probe, f"{what} of {cluster.name}", timeout_s=lab.patience_s, every_s=0.05)


def _all_established(api: Api, definitions: Iterable[Object]) -> bool:
    wanted = {body["metadata"]["name"] for body in definitions}
    return wanted <= {
        body["metadata"]["name"]
        for body in api.list("apiextensions.k8s.io/v1", "CustomResourceDefinition")
        for condition in (body.get("status") or {}).get("conditions") or []
        if condition["type"] == "Established" and condition["status"] == "True"
    }


def _create_node(api: Api, cluster: Cluster) -> None:
    labels = {
        "kubernetes.io/hostname": NODE_NAME,
        "kubernetes.io/os": "linux",
        "node-role.kubernetes.io/control-plane": "",
        "topology.kubernetes.io/region": cluster.region,
    }
    spec = {"podCIDR": cluster.pod_cidr, "podCIDRs": [cluster.pod_cidr]}
    api.create({"apiVersion": "v1", "kind": "Node", "metadata": {"name": NODE_NAME, "labels": labels}, "spec": spec})
    now = datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    amounts = {"cpu": "8", "memory": "32Gi", "pods": "250", "ephemeral-storage": "100Gi"}
    status = {
        "addresses": [
            {"type": "InternalIP", "address": cluster.node_address},
            {"type": "Hostname", "address": NODE_NAME},
        ],
        "capacity": amounts,
        "allocatable": amounts,
        "conditions": [
            {
                "type": "Ready",
                "status": "True",
                "reason": "NodeAgentReady",
                "message": "the node is played by the lab's node agent",
                "lastHeartbeatTime": now,
                "lastTransitionTime": now,
            }
        ],
    }
    api.patch("v1", "Node", NODE_NAME, {"status": status}, sub="status")
    # The API server marks every new node as not ready by a taint; no controller runs here that would take it away.
    api.patch("v1", "Node", NODE_NAME, {"spec": {"taints": None}})


def _start_ipam(lab: Lab, cluster: Cluster, drawn: Chart) -> None:
    _start(lab, cluster, drawn, IPAM, IPAM, {"--port": str(cluster.ipam_port)})


def _start_webhook(lab: Lab, cluster: Cluster, drawn: Chart) -> None:
    flags = {
        "--webhook-port": str(cluster.webhook_port),
        "--metrics-address": "0",
        "--health-probe-address": f"127.0.0.1:{cluster.webhook_health_port}",
    }
    # It keeps its certificate in a hard-coded folder under /tmp.
    _start(lab, cluster, drawn, WEBHOOK, WEBHOOK, flags, private=("/tmp",))


def _start_manager(lab: Lab, cluster: Cluster, drawn: Chart) -> None:
    flags = {
        "--ipam-server": f"127.0.0.1:{cluster.ipam_port}",
        "--webhook-port": str(cluster.manager_webhook_port),
        "--metrics-address": "0",
        "--health-probe-address": f"127.0.0.1:{cluster.manager_health_port}",
    }
    _start(lab, cluster, drawn, MANAGER, "manager", flags)


def _start(
    lab: Lab,
    cluster: Cluster,
    drawn: Chart,
    component: str,
    name: str,
    flags: dict[str, str],
    *,
    private: tuple[str, ...] = (),
) -> None:
    program = "liqo-controller-manager" if component == MANAGER else component
    command = drawn.commands[component]
    process.start(
        lab,
        cluster.process(name),
        [lab.binary(cluster.liqo, program), *chart.with_flags(command.args, flags)],
        namespace=namespace(lab),
        env={**command.env, "KUBECONFIG": str(cluster.kubeconfig)},
        private=private,
    )
