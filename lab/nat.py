# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A NAT in front of a NodePort of a cluster: other clusters reach it at an address that the cluster does not know.

It is stateless, like the lab's own translation of Services, and lies in the world, where all traffic between clusters
passes. Answers come from the address of the NAT, so that who dials the node itself hears nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import AddressValueError, IPv4Address

from lab import net
from lab.layout import Cluster, Lab


class NatError(ValueError):
    """A NAT that cannot be made; the text says what can."""


@dataclass(frozen=True, slots=True)
class Nat:
    """From an address and UDP port to a NodePort."""

    cluster: Cluster
    node_port: int
    address: str
    port: int

    @property
    def table(self) -> str:
        """Name of the nftables table in the world."""
        return f"nat-{self.cluster.name}-{self.node_port}"

    def __str__(self) -> str:
        return f"{self.address}:{self.port}/UDP leads to NodePort {self.node_port} of {self.cluster.name}"


def parse_nat(lab: Lab, target: str, public: str) -> Nat:
    """The NAT that `nat CLUSTER:NODEPORT ADDRESS:PORT` names. Raises NatError and LayoutError."""
    if lab.rootless:
        raise NatError(f"lab {lab.name} has no root, so no network, and its gateways are stubs")
    name, _, node_port = target.partition(":")
    address, _, port = public.partition(":")
    try:
        return Nat(lab.cluster(name), _port(node_port), str(IPv4Address(address)), _port(port))
    except AddressValueError:
        raise NatError(f"{address!r} is no IPv4 address; write the NAT like 203.0.113.7:51841") from None


def put_up(lab: Lab, nat: Nat) -> str:
    """The NAT is in effect; returns a sentence."""
    net.nft(lab.world_namespace, render_nat(nat))
    return str(nat)


def take_down(lab: Lab, nat: Nat) -> str:
    """The NAT is gone; no error when it was not there."""
    net.nft(lab.world_namespace, _without(nat))
    return f"{nat.address}:{nat.port}/UDP leads nowhere"


def render_nat(nat: Nat) -> str:
    """Rules that translate before the Services are, and the answers after them."""
    node, public = nat.cluster.node_ip, nat.address
    return (
        f"{_without(nat)}table ip {nat.table} {{\n"
        "  chain inward {\n    type filter hook prerouting priority -310;\n"
        f"    ip daddr {public} udp dport {nat.port} notrack ip daddr set {node} udp dport set {nat.node_port}\n  }}\n"
        "  chain outward {\n    type filter hook postrouting priority 310;\n"
        f"    ip saddr {node} udp sport {nat.node_port} ip saddr set {public} udp sport set {nat.port}\n  }}\n}}\n"
    )


def _without(nat: Nat) -> str:
    return f"table ip {nat.table} {{}}\ndelete table ip {nat.table}\n"


def _port(text: str) -> int:
    if not text.isdigit() or not 0 < int(text) < 65536:
        raise NatError(f"{text!r} is no port; write CLUSTER:NODEPORT and ADDRESS:PORT")
    return int(text)
