# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is looked at only before the first write: given out networks, IPAM's pools, ports of Services."""

from __future__ import annotations

from collections.abc import Iterable

from .._fabric.diagnosis import IPAM
from .._fabric.pools import DEFAULT_POOLS
from .._fabric.scene import ServicePorts, UsedNetwork
from .body import Json, as_cluster_id, int_at, items_at, text_at, texts_at
from .cluster import Raw
from .names import COMPONENT, NETWORK_TYPE, REMOTE_CLUSTER_ID
from .parse import labels_of
from .resources import NETWORK

MOST_NETWORKS = 5000
"""More than a cluster with a thousand peers has."""
MOST_POOLS = 64


def used_networks(raw: Raw) -> tuple[UsedNetwork, ...]:
    """The CIDRs that the cluster's IPAM has given out, sorted."""
    found = []
    for body in raw.of(NETWORK)[:MOST_NETWORKS]:
        cidr = text_at(body, "status", "cidr")
        if cidr:
            labels = labels_of(body)
            kind = labels.get(NETWORK_TYPE, "").removesuffix("-cidr")
            peer = as_cluster_id(labels.get(REMOTE_CLUSTER_ID, ""))
            of = f"{kind} CIDR" if kind else f"network {text_at(body, 'metadata', 'name')}"
            found.append(UsedNetwork(cidr=cidr, of=of, peer=peer or None))
    return tuple(sorted(found, key=lambda used: (used.peer or "", used.cidr, used.of)))


def ipam_pools(deployments: Iterable[Json]) -> tuple[str, ...] | None:
    """The address pools of the IPAM among these Deployments; None when none is in sight, so that they are not known."""
    for body in deployments:
        if labels_of(body).get(COMPONENT) != IPAM:
            continue
        containers = items_at(body, "spec", "template", "spec", "containers")
        arguments = [text for container in containers for text in texts_at(container, "args")]
        flag = "--pools="
        pools = [cidr for text in arguments if text.startswith(flag) for cidr in text.removeprefix(flag).split(",")]
        return tuple(cidr.strip() for cidr in pools[:MOST_POOLS] if cidr.strip()) or DEFAULT_POOLS
    return None


def service_ports(services: Iterable[Json]) -> tuple[ServicePorts, ...]:
    """What Services take of the cluster's ports; those that take nothing are left out."""
    found = []
    for body in services:
        ports = items_at(body, "spec", "ports")
        node_ports = {int_at(port, "nodePort") for port in ports} | {int_at(body, "spec", "healthCheckNodePort")}
        numbers = {(int_at(port, "port") or 0, text_at(port, "protocol") or "TCP") for port in ports}
        ingress = items_at(body, "status", "loadBalancer", "ingress")
        given = {text_at(entry, key) for entry in ingress for key in ("ip", "hostname")} - {""}
        one = ServicePorts(
            namespace=text_at(body, "metadata", "namespace"),
            name=text_at(body, "metadata", "name"),
            node_ports=frozenset(number for number in node_ports if number),
            ports=frozenset(numbers),
            addresses=frozenset(given | {text_at(body, "spec", "loadBalancerIP")} - {""}),
            given=frozenset(given),
        )
        if one.node_ports or one.addresses:
            found.append(one)
    return tuple(sorted(found, key=str))
