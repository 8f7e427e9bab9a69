# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a lab is and how it is, for people (a table) and machines (JSON)."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from lab import faults, places, process
from lab.api import Api, ApiError, Object
from lab.layout import DEMO_NAMESPACE, Cluster, Lab
from lab.peering import NETWORKING, REMOTE_CLUSTER_ID, is_ready
from lab.table import table
from lab.up import describe

_SHARED = ("etcd", "forward", "agent")
_PER_CLUSTER = ("apiserver", "kcm", "ipam", "webhook", "manager", "crd-replicator")


def status(lab: Lab) -> dict[str, Any]:
    """Everything that `render` shows; plain values."""
    pids = process.marked_pids(lab.state)
    with ThreadPoolExecutor(len(lab.clusters)) as pool:
        clusters = list(pool.map(lambda c: _cluster(lab, c), lab.clusters))
    return {
        "name": lab.name,
        "slot": lab.slot,
        "description": describe(lab),
        "complete": places.is_complete(lab),
        "rootless": lab.rootless,
        "state": str(lab.state),
        "processes": len(pids),
        "memory_mib": round(process.memory_bytes(pids) / 2**20),
        "stopped": [name for name in _expected_shared(lab) if not process.alive(lab, name)],
        "faults": faults.active(lab),
        "clusters": clusters,
    }


def render(found: dict[str, Any]) -> str:
    """A table of clusters, one of demo pods, and what is wrong."""
    lines = [
        found["description"],
        f"{found['processes']} processes, {found['memory_mib']} MiB; files in {found['state']}",
    ]
    if not found["complete"]:
        lines.append("NOT COMPLETE: its `up` was interrupted or still runs; `down` cleans it away")
    lines += [f"STOPPED: {name}" for name in found["stopped"]]
    lines += [f"BROKEN: {fault}" for fault in found["faults"]]
    rows = [["CLUSTER", "ROLE", "LIQO", "POD CIDR", "API SERVER", "STATE", "PROCESSES", "LINKS"]]
    for c in found["clusters"]:
        links = " ".join(f"{link['peer']}:{link['value']}" for link in c["links"]) or "-"
        processes = f"{c['running']}/{c['expected']}"
        rows.append([c["name"], c["role"], c["liqo"], c["pod_cidr"], c["url"], c["apiserver"], processes, links])
    lines += ["", *table(rows)]
    pods = [["CLUSTER", "NAMESPACE", "POD", "NODE", "ADDRESS", "STATE"]]
    for c in found["clusters"]:
        pods += [[c["name"], p["namespace"], p["name"], p["node"], p["ip"], p["state"]] for p in c["pods"]]
    if len(pods) > 1:
        lines += ["", *table(pods)]
    return "\n".join(lines)


def _cluster(lab: Lab, cluster: Cluster) -> dict[str, Any]:
    names = [cluster.process(what) for what in _PER_CLUSTER if not (lab.rootless and what == "webhook")]
    stopped = [name for name in names if not process.alive(lab, name)]
    answer: dict[str, Any] = {
        "name": cluster.name,
        "role": cluster.role,
        "liqo": cluster.liqo,
        "pod_cidr": cluster.pod_cidr,
        "url": cluster.user_url,
        "kubeconfig": str(cluster.user_kubeconfig),
        "expected": len(names),
        "running": len(names) - len(stopped),
        "stopped": stopped,
        "apiserver": "ready",
        "links": [],
        "pods": [],
    }
    try:
        api = Api(cluster.user_kubeconfig)
        api.request("GET", "/readyz", timeout_s=3.0)
        answer["links"] = sorted(_links(api), key=lambda link: str(link["peer"]))
        answer["pods"] = [_pod(p) for p in api.list("v1", "Pod") if _of_demo(p)]
    except (ApiError, OSError) as error:
        answer["apiserver"] = "unreachable" if not isinstance(error, ApiError) or error.status == 0 else "not ready"
    return answer


def _links(api: Api) -> Iterable[dict[str, str]]:
    for connection in api.list(NETWORKING, "Connection"):
        peer = (connection["metadata"].get("labels") or {}).get(REMOTE_CLUSTER_ID, "?")
        yield {"peer": peer, "value": (connection.get("status") or {}).get("value", "unknown")}


def _of_demo(pod: Object) -> bool:
    namespace = pod["metadata"]["namespace"]
    return bool(namespace == DEMO_NAMESPACE or namespace.startswith(f"{DEMO_NAMESPACE}-"))


def _pod(pod: Object) -> dict[str, str]:
    return {
        "namespace": pod["metadata"]["namespace"],
        "name": pod["metadata"]["name"],
        "node": pod["spec"].get("nodeName", ""),
        "ip": (pod.get("status") or {}).get("podIP", ""),
        "state": "ready" if is_ready(pod) else (pod.get("status") or {}).get("phase", "unknown"),
    }


def _expected_shared(lab: Lab) -> list[str]:
    return [name for name in _SHARED if not (lab.rootless and name == "forward")]
