# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The status that the node agent reports of a pod, and its binding to a node. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from lab.agent.pods import Pod

STUBBED = "StubbedByLab"
"""`status.reason` of a pod that nothing stands behind, because the lab has no root."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reported:
    """What the agent last said, or wants to say, of a pod; equal values need no request."""

    ip: str
    ready: bool
    started_at: str
    """RFC 3339, when the pod got its address."""
    restarts: Mapping[str, int] = field(default_factory=dict)
    """By container name."""
    reason: str = ""
    message: str = ""


def pod_status(pod: Pod, want: Reported, *, host_ip: str, now: str) -> dict[str, Any]:
    """The body of a merge patch of the pod's status subresource."""
    ready = "True" if want.ready else "False"
    conditions = [
        {
            "type": kind,
            "status": ready if kind in ("Ready", "ContainersReady") else "True",
            "lastTransitionTime": now if kind in ("Ready", "ContainersReady") else want.started_at,
        }
        for kind in ("PodScheduled", "Initialized", "ContainersReady", "Ready")
    ]
    state = (
        {"running": {"startedAt": now}} if want.ready else {"waiting": {"reason": want.reason or "ContainerCreating"}}
    )
    containers = [
        {
            "name": name,
            "image": image,
            "imageID": "",
            "restartCount": want.restarts.get(name, 0),
            "ready": want.ready,
            "started": want.ready,
            "state": state,
        }
        for name, image in pod.containers
    ]
    return {
        "status": {
            "phase": "Running",
            "podIP": want.ip,
            "podIPs": [{"ip": want.ip}],
            "hostIP": host_ip,
            "hostIPs": [{"ip": host_ip}],
            "startTime": want.started_at,
            "reason": want.reason or None,
            "message": want.message or None,
            "conditions": conditions,
            "containerStatuses": containers,
        }
    }


def binding(name: str, node: str) -> dict[str, Any]:
    """The body of a POST to a pod's binding subresource."""
    return {
        "apiVersion": "v1",
        "kind": "Binding",
        "metadata": {"name": name},
        "target": {"apiVersion": "v1", "kind": "Node", "name": node},
    }
