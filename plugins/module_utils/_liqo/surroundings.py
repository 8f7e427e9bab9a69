# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is looked at only before the first write: given out networks, IPAM's pools, ports of Services."""

from __future__ import annotations

from collections.abc import Iterable

from .._fabric.diagnosis import IPAM
from .._fabric.obstacles import ENFORCE
from .._fabric.pools import DEFAULT_POOLS, MOST_NETWORKS
from .._fabric.scene import Quota, ServicePorts, UsedNetwork
from .._fabric.terminal import one_line
from .body import Json, as_cluster_id, at, int_at, items_at, map_at, text_at, texts_at
from .cluster import Raw
from .names import COMPONENT, NETWORK_TYPE, REMOTE_CLUSTER_ID
from .parse import labels_of
from .resources import NAMESPACE, NETWORK

MOST_POOLS = 64
MOST_SERVICES = 5000
"""That have node ports, of which Kubernetes gives 2768, or an address of a load balancer."""
MOST_ADDRESSES, MOST_ADDRESSES_TOGETHER = 100, 20_000
"""Of the load balancer of one Service, and of all Services."""
MOST_NAMESPACES = 10_000
MOST_QUOTAS = 64
LONGEST_COUNT = 18
"""Digits."""
UNRESTRICTED = "privileged"
"""The Pod Security level that lets gateways in."""


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
        return tuple(dict.fromkeys(cidr.strip() for cidr in pools if cidr.strip()))[:MOST_POOLS] or DEFAULT_POOLS
    return None


def pod_security(raw: Raw) -> dict[str, str]:
    """By namespace: the Pod Security level that is enforced and forbids privileged pods, in the words of Kubernetes.

    A level that Kubernetes does not know counts as `restricted`. Levels that only warn or audit stop nothing.
    """
    found = {}
    for body in raw.of(NAMESPACE)[:MOST_NAMESPACES]:
        labels = labels_of(body)
        level = labels.get(ENFORCE, UNRESTRICTED)
        if level != UNRESTRICTED:
            known = level if level in ("baseline", "restricted") else f"restricted (for {one_line(level)!r})"
            version = one_line(labels.get(f"{ENFORCE}-version", "latest"))
            found[text_at(body, "metadata", "name")] = f"{known}:{version}"
    return found


def quotas(bodies: Iterable[Json]) -> tuple[Quota, ...]:
    """ResourceQuotas of one namespace, without those for pods that end by themselves."""
    found = []
    for body in tuple(bodies)[:MOST_QUOTAS]:
        scopes = set(texts_at(body, "spec", "scopes"))
        if scopes & {"Terminating", "CrossNamespacePodAffinity"}:
            continue
        hard = map_at(body, "status", "hard") or map_at(body, "spec", "hard")
        found.append(
            Quota(
                name=text_at(body, "metadata", "name"),
                hard={resource: _count(value) for resource, value in hard.items()},
                used={resource: _count(value) for resource, value in map_at(body, "status", "used").items()},
                is_scoped=bool(scopes - {"NotTerminating"} or at(body, "spec", "scopeSelector") is not None),
            )
        )
    return tuple(found)


def _count(value: str) -> int | None:
    """A plain number, as objects are counted; cores and bytes are none."""
    return int(value) if value.isdecimal() and len(value) <= LONGEST_COUNT else None


def service_ports(services: Iterable[Json]) -> tuple[ServicePorts, ...]:
    """What Services take of the cluster's ports; those that take nothing are left out."""
    found, left = [], MOST_ADDRESSES_TOGETHER
    for body in services:
        ports = items_at(body, "spec", "ports")
        node_ports = {int_at(port, "nodePort") for port in ports} | {int_at(body, "spec", "healthCheckNodePort")}
        numbers = {(int_at(port, "port") or 0, text_at(port, "protocol") or "TCP") for port in ports}
        ingress = items_at(body, "status", "loadBalancer", "ingress")[: min(MOST_ADDRESSES, left)]
        left -= len(ingress)
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
        if len(found) == MOST_SERVICES:
            break
    return tuple(sorted(found, key=str))
