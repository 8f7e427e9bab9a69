# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which address a pod gets. Pure.

Pods that the world routes (gateways, virtual kubelets) have a /30 each in 198.19.0.0/16, cut into one /20 per cluster:
clusters need no agreement, and a fault can cut off one of them. Other pods have an address of the cluster's pod CIDR.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Collection

from lab.layout import Cluster

PER_CLUSTER = 1024
_ROUTED = int(ipaddress.IPv4Address("198.19.0.0"))
_FIRST_NUMBER = 1
_FIRST_POD = 11
_LAST_POD = 65000


class AddressesUsedUpError(Exception):
    """A cluster of the lab has more pods than addresses."""


def routed_block(cluster: Cluster) -> str:
    """The /20 of a cluster's routed pods and of its node's cable, as CIDR."""
    return str(ipaddress.IPv4Network((_ROUTED + cluster.index * PER_CLUSTER * 4, 20)))


def routed_pair(number: int) -> tuple[str, str]:
    """The world's and the pod's address of one cable."""
    base = _ROUTED + number * 4
    return str(ipaddress.IPv4Address(base + 1)), str(ipaddress.IPv4Address(base + 2))


def node_pair(cluster: Cluster) -> tuple[str, str]:
    """The world's and the node's address of the cable to the cluster's node namespace."""
    return routed_pair(cluster.index * PER_CLUSTER)


def number_of(cluster: Cluster, address: str) -> int | None:
    """The number behind a routed pod's address; None when it is no such address of this cluster."""
    try:
        offset = int(ipaddress.IPv4Address(address)) - _ROUTED
    except ValueError:
        return None
    number, rest = divmod(offset, 4)
    first = cluster.index * PER_CLUSTER
    return number if rest == 2 and first + _FIRST_NUMBER <= number < first + PER_CLUSTER else None


def next_number(cluster: Cluster, used: Collection[int], *, after: int) -> int:
    """The first free number of the cluster behind `after`, going round, so that a fresh pod differs from its past."""
    first = cluster.index * PER_CLUSTER
    choices = PER_CLUSTER - _FIRST_NUMBER
    start = max(after - first, 0)
    for step in range(choices):
        number = first + _FIRST_NUMBER + (start + step) % choices
        if number not in used:
            return number
    raise AddressesUsedUpError(f"{cluster.name} has {choices} pods that run; delete some")


def next_pod_ip(cluster: Cluster, used: Collection[str]) -> str:
    """A free address of the cluster's pod CIDR. Were one shared, the end of the first pod would cut off the second."""
    base = int(ipaddress.IPv4Network(cluster.pod_cidr).network_address)
    for host in range(_FIRST_POD, _LAST_POD):
        address = str(ipaddress.IPv4Address(base + host))
        if address not in used:
            return address
    raise AddressesUsedUpError(f"{cluster.name} has no free address in {cluster.pod_cidr}; delete some pods")


def next_balanced_ip(cluster: Cluster, used: Collection[str]) -> str:
    """A free address for a Service of type LoadBalancer."""
    for host in ipaddress.IPv4Network(cluster.loadbalancer_cidr).hosts():
        if str(host) not in used:
            return str(host)
    raise AddressesUsedUpError(f"{cluster.name} has no address left in {cluster.loadbalancer_cidr}")
