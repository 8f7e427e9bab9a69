# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which cable replaces Liqo's geneve tunnel between a node and a gateway. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from lab.agent.pods import REMOTE_CLUSTER_ID, Pod

Body = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plug:
    """Names and addresses that Liqo chose for the two ends."""

    node_link: str
    node_ip: str
    gateway_link: str
    gateway_ip: str


def plan_plug(pod: Pod, node: str, internal_nodes: Iterable[Body], internal_fabrics: Iterable[Body]) -> Plug | None:
    """The cable of a gateway pod; None as long as Liqo has not decided everything."""
    node_spec = next((n["spec"] for n in internal_nodes if n["metadata"]["name"] == node), None)
    fabric_spec = next((f["spec"] for f in internal_fabrics if _belongs(f, pod)), None)
    if node_spec is None or fabric_spec is None:
        return None
    try:
        plug = Plug(
            node_link=fabric_spec["interface"]["node"]["name"],
            node_ip=node_spec["interface"]["node"]["ip"],
            gateway_link=node_spec["interface"]["gateway"]["name"],
            gateway_ip=fabric_spec["interface"]["gateway"]["ip"],
        )
    except (KeyError, TypeError):
        return None
    return plug if all((plug.node_link, plug.node_ip, plug.gateway_link, plug.gateway_ip)) else None


def _belongs(internal_fabric: Body, pod: Pod) -> bool:
    meta = internal_fabric["metadata"]
    peer = (meta.get("labels") or {}).get(REMOTE_CLUSTER_ID, pod.peer)
    return bool(meta["namespace"] == pod.key.namespace and peer == pod.peer)
