# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bodies of Kubernetes objects for tests of the node agent: valid defaults, only what a test is about is spelt out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from lab.layout import Cluster, Lab, Wishes, plan_lab

Body = dict[str, Any]
GATEWAY_IMAGE = "ghcr.io/liqotech/gateway:v1.2.0"
WIREGUARD_IMAGE = "ghcr.io/liqotech/gateway/wireguard:v1.2.0"
GENEVE_IMAGE = "ghcr.io/liqotech/gateway/geneve:v1.2.0"


def lab(**wishes: Any) -> Lab:
    return plan_lab(Wishes(**wishes), slot=3, state=Path("/state"), cache=Path("/cache"), binaries={})


def cluster(name: str = "leaf-a") -> Cluster:
    return lab().cluster(name)


def pod(
    name: str = "web",
    *,
    namespace: str = "demo",
    labels: dict[str, str] | None = None,
    owner: str = "",
    images: tuple[str, ...] = ("liqo-fabric-lab/web",),
    ip: str = "",
    ready: bool = False,
    deleted: bool = False,
    **spec: Any,
) -> Body:
    meta: Body = {"namespace": namespace, "name": name, "uid": f"uid-{name}", "labels": labels or {}}
    if owner:
        meta["ownerReferences"] = [{"controller": True, "uid": owner}]
    if deleted:
        meta["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    containers = [{"name": f"c{i}", "image": image} for i, image in enumerate(images)]
    conditions = [{"type": "Ready", "status": "True" if ready else "False"}]
    return {
        "metadata": meta,
        "spec": {"containers": containers, "nodeName": "n1", **spec},
        "status": {"podIP": ip, "conditions": conditions} if ip else {},
    }


def gateway(name: str = "gw-leaf-b", *, peer: str = "leaf-b", **more: Any) -> Body:
    labels = {"networking.liqo.io/component": "gateway", "app": name}
    images = (GATEWAY_IMAGE, WIREGUARD_IMAGE, GENEVE_IMAGE)
    body = pod(name, namespace=f"liqo-tenant-{peer}", labels=labels, images=images, **more)
    for container in body["spec"]["containers"]:
        container["args"] = [f"--remote-cluster-id={peer}"]
    return body


def node(
    name: str = "n1", *, labels: dict[str, str] | None = None, taints: tuple[Body, ...] = (), ready: bool = True
) -> Body:
    conditions = [{"type": "Ready", "status": "True" if ready else "False"}]
    return {
        "metadata": {"name": name, "labels": labels or {}},
        "spec": {"taints": list(taints)},
        "status": {"conditions": conditions},
    }


def service(
    name: str = "gw",
    *,
    namespace: str = "liqo-tenant-leaf-b",
    kind: str = "NodePort",
    selector: dict[str, str] | None = None,
    port: int = 51840,
    node_port: int | None = 30000,
    protocol: str = "UDP",
    ingress: str = "",
) -> Body:
    entry: Body = {"port": port, "protocol": protocol, "targetPort": port}
    if node_port:
        entry["nodePort"] = node_port
    status = {"loadBalancer": {"ingress": [{"ip": ingress}]}} if ingress else {"loadBalancer": {}}
    return {
        "metadata": {"namespace": namespace, "name": name, "uid": f"uid-{name}"},
        "spec": {"type": kind, "selector": selector or {"app": "gw-leaf-b"}, "ports": [entry]},
        "status": status,
    }
