# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A gateway that does not start: its Deployment, ReplicaSet, Pod and Events as Kubernetes 1.28 to 1.36 writes them."""

from __future__ import annotations

from typing import Any

from ansible_collections.liqo.fabric.plugins.module_utils._liqo import resources

from tests.unit.bodies import Body, body

NS, GATEWAY = "liqo-tenant-leaf-b", "gw-leaf-b"
REPLICAS, POD = "gw-leaf-b-5d8f6c7b9d", "gw-leaf-b-5d8f6c7b9d-x2x4z"

POD_SECURITY = (
    f'pods "{POD}" is forbidden: violates PodSecurity "baseline:latest": non-default capabilities (containers'
    ' "gateway", "wireguard", "geneve" must not include "NET_ADMIN", "NET_RAW" in securityContext.capabilities.add),'
    ' privileged (container "gateway" must not set securityContext.privileged=true)'
)


def deployment(*conditions: Body, replicas: int = 1, generation: int = 1, **spec: Any) -> Body:
    return body(
        resources.DEPLOYMENT,
        GATEWAY,
        NS,
        metadata={"generation": generation},
        spec={
            "replicas": replicas,
            "strategy": {"type": "Recreate"},
            "template": {"spec": {"serviceAccountName": GATEWAY}},
            **spec,
        },
        status={"observedGeneration": 1, "unavailableReplicas": 1, "conditions": list(conditions)},
    )


def condition(kind: str, status: str, reason: str, message: str) -> Body:
    return {"type": kind, "status": status, "reason": reason, "message": message}


def refused(message: str) -> Body:
    """As the controllers of Deployments and ReplicaSets write it when the API server takes no pod."""
    return deployment(
        condition("Progressing", "True", "NewReplicaSetCreated", f'Created new replica set "{REPLICAS}"'),
        condition("Available", "False", "MinimumReplicasUnavailable", "Deployment does not have minimum availability."),
        condition("ReplicaFailure", "True", "FailedCreate", message),
    )


def pod(status: Body | None = None, *, name: str = POD, created: str = "2026-01-01T00:00:01Z", **metadata: Any) -> Body:
    metadata = {"creationTimestamp": created, "labels": {"app.kubernetes.io/name": GATEWAY}, **metadata}
    return body(resources.POD, name, NS, metadata=metadata, spec={"nodeName": "node-1"}, status=status or {})


SCHEDULED = {"type": "PodScheduled", "status": "True"}


def container(state: Body, *, last: Body | None = None, name: str = "wireguard", ready: bool = False) -> Body:
    return {
        "name": name,
        "image": "ghcr.io/liqotech/gateway/wireguard:v1.2.0",
        "ready": ready,
        "state": state,
        "lastState": last or {},
    }


def started(*containers: Body, init: tuple[Body, ...] = (), phase: str = "Pending") -> Body:
    """A pod on a node."""
    statuses = {"containerStatuses": list(containers), "initContainerStatuses": list(init)}
    return pod({"phase": phase, "conditions": [SCHEDULED], **statuses})


def waiting(reason: str, message: str = "") -> Body:
    return {"waiting": {"reason": reason, **({"message": message} if message else {})}}


def ended(code: int, reason: str, message: str = "") -> Body:
    return {"terminated": {"exitCode": code, "reason": reason, **({"message": message} if message else {})}}


def event(kind: str, name: str, reason: str, message: str, at: str = "2026-01-01T00:00:05Z", **more: Any) -> Body:
    about = {"kind": kind, "namespace": NS, "name": name}
    content = {"type": "Warning", "reason": reason, "message": message, "lastTimestamp": at, "involvedObject": about}
    return body(resources.EVENT, f"{name}.{reason}", NS, **{**content, **more})
