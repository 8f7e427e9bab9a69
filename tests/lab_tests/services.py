# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Services of a lab's hub over shortcuts, and what is seen of them; leaf-c is the client."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from lab import datapath, places
from tests.lab_tests.laboratory import Laboratory, Task

LEAVES = ("leaf-a", "leaf-b", "leaf-c")
CLUSTERS = ("hub", *LEAVES)
CLIENT = "demo-hub/web-leaf-c"
SLICES = "discovery.k8s.io/v1"
ALL_PODS = {(cluster, f"web-{cluster}") for cluster in CLUSTERS}
COUNT = 60
"""New connections: that one of four endpoints gets none of them has a chance of one in ten million."""


def propagate(lab: Laboratory, *arguments: str, **options: Any) -> Task:
    params = {
        "fabric": "test",
        "clusters": lab.clusters(CLUSTERS),
        "hubs": ["hub"],
        "services": [{"namespace": "demo", "name": "web"}],
        **options,
    }
    return lab.module("propagation", {key: value for key, value in params.items() if value is not None}, *arguments)


def info(lab: Laboratory) -> Mapping[str, Any]:
    return lab.module("propagation_info", {"clusters": lab.clusters(CLUSTERS), "hubs": ["hub"]}).result


def sight(lab: Laboratory, leaf: str, service: str = "web") -> Mapping[str, Any]:
    return next(row for row in info(lab)["services"] if (row["cluster"], row["name"]) == (leaf, service))


def paths(row: Mapping[str, Any]) -> set[tuple[str, str]]:
    """(pod, path) of every endpoint that is in use."""
    return {(one["pod"], one["path"]) for one in row["endpoints"] if one["ready"]}


def modes(run: Task) -> dict[str, str | None]:
    return {row["cluster"]: row["mode"] for row in run.result["services"]}


def connected(lab: Laboratory, one: str, other: str) -> bool:
    return all(
        (body.get("status") or {}).get("value") == "Connected"
        for here, peer in ((one, other), (other, one))
        for body in lab.api(here).list(
            "networking.liqo.io/v1beta1", "Connection", selector=f"liqo.io/remote-cluster-id={peer}"
        )
    )


def hits(lab: Laboratory, service: str = "web", namespace: str = "demo-hub") -> Counter[tuple[str, str]]:
    """Who answers leaf-c's pod at the ClusterIP of the Service."""
    body = lab.api("leaf-c").get("v1", "Service", service, namespace)
    assert body is not None
    return datapath.service_hits(places.load(lab.name), "leaf-c", CLIENT, body["spec"]["clusterIP"], count=COUNT)


def route(lab: Laboratory, pod: str, path: str) -> tuple[str, ...]:
    """The clusters that packets from leaf-c pass to the address that it has for a pod on this path."""
    (address,) = {
        one["address"] for one in sight(lab, "leaf-c")["endpoints"] if (one["pod"], one["path"]) == (pod, path)
    }
    return datapath.trace(places.load(lab.name), "leaf-c", CLIENT, address)


def own_slices(lab: Laboratory, leaf: str) -> list[str]:
    ours = "endpointslice.kubernetes.io/managed-by=liqo-fabric"
    return sorted(body["metadata"]["name"] for body in lab.api(leaf).list(SLICES, "EndpointSlice", selector=ours))


def policies(lab: Laboratory, leaf: str) -> list[str]:
    bodies = lab.api(leaf).list("admissionregistration.k8s.io/v1", "MutatingAdmissionPolicy")
    return sorted(body["metadata"]["name"] for body in bodies)
