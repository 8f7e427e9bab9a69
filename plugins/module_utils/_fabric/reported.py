# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a cluster reports of itself and its peer would be given: where its gateway is reached, and its CIDRs.

A cluster speaks for itself. With an address it must not aim a gateway of its peer at what only the peer reaches, and
with a CIDR it must not claim networks of its peer, public ones, or all room that Liqo has for peers. Equal and
overlapping CIDRs of two clusters are the normal case: Liqo gives one of them another range.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from ipaddress import ip_address, ip_network

from .addresses import LONGEST, inside, prefix_length, swallows
from .errors import FabricError, FailureName
from .legal import is_cidr, is_host, is_ip
from .model import ClusterId
from .objects import Cidrs, Endpoint, LocalNetworks

LONGEST_NAME = 253
MOST_CIDRS = 16
"""Of each kind."""
LARGEST_V4, LARGEST_V6 = 12, 48
"""Prefix lengths. Liqo's pools hold 17 networks of a /12, and the widest defaults of Kubernetes services are a /14."""

NO_HOST = "what it advertises as an address is none"

_PRIVATE = tuple(
    ip_network(cidr)
    for cidr in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "198.18.0.0/15", "fc00::/7")
)
_SPECIAL = {
    "this host": ("0.0.0.0/8", "::/96"),
    "loopback": ("127.0.0.0/8", "::1/128"),
    "link-local": ("169.254.0.0/16", "fe80::/10", "fec0::/10"),
    "multicast": ("224.0.0.0/4", "ff00::/8"),
    "reserved": ("240.0.0.0/4", "192.0.0.0/24", "100::/64"),
    "metadata of a cloud": ("168.63.129.16/32", "100.100.100.200/32", "fd00:ec2::254/128"),
    "IPv4 inside IPv6": (
        "::ffff:0:0/96",
        "::ffff:0:0:0/96",
        "64:ff9b::/96",
        "64:ff9b:1::/48",
        "2002::/16",
        "2001::/32",
    ),
}
"""What no gateway is reached at, by what it is."""
_SPECIAL_NETWORKS = tuple((what, ip_network(cidr)) for what, cidrs in _SPECIAL.items() for cidr in cidrs)
_INSIDE = frozenset({"localhost", "svc", "default", "kube-system", "kube-public", "kube-node-lease", "liqo"})
"""Last parts of names that every pod can look up in its own cluster: `web.default` is a Service."""
_METADATA_NAMES = frozenset({"metadata.google.internal", "instance-data.ec2.internal"})


def protocol_problem(seen: Endpoint) -> str:
    """What is wrong with it; empty where nothing is."""
    return "" if seen.protocol in ("UDP", "TCP") else "its protocol is neither UDP nor TCP"


def address_problem(address: str, client: LocalNetworks) -> str:
    """Why a client with these networks must not dial an advertised address; empty when it may."""
    problem = _special(address) if len(address) <= LONGEST_NAME else NO_HOST
    if problem or not is_ip(address):
        return problem
    for kind, cidrs in (
        ("pod", client.pod),
        ("service", client.service),
        ("external", client.external),
        ("internal", client.internal),
    ):
        if inside(address, cidrs):
            return f"{address} lies in a {kind} CIDR of the client's own cluster"
    return ""


def cidrs_problem(reported: Cidrs, own: LocalNetworks, trusted: Sequence[str] = ()) -> str:
    """Why a cluster with ``own`` networks must not be given these CIDRs of a peer; empty when it may.

    What lies in a ``trusted`` CIDR only has to be one.
    """
    for kind, cidrs in (("pod", reported.pod), ("external", reported.external)):
        if len(cidrs) > MOST_CIDRS:
            return f"it reports {len(cidrs)} {kind} CIDRs"
        claimed = 0.0
        for cidr in cidrs:
            if len(cidr) > LONGEST or not _is_legal(cidr):
                return f"what it reports as a {kind} CIDR is none"
            if trusted and inside(cidr, trusted):
                continue
            problem = _range_problem(cidr) or _swallowed(cidr, own)
            if problem:
                return f"{kind} CIDR {cidr} {problem}"
            claimed += _share(cidr)
        if claimed > 1:
            return f"its {kind} CIDRs are larger than a /{LARGEST_V4} together"
    return ""


def refuse_cidrs(
    reported: Cidrs, own: LocalNetworks, trusted: Sequence[str], *, cluster: ClusterId, peer: ClusterId
) -> None:
    """Raises FabricError for CIDRs that ``cluster`` reports and ``peer`` must not be given."""
    problem = cidrs_problem(reported, own, trusted)
    if problem:
        raise FabricError(
            what=f"the CIDRs that {cluster} reports are refused for {peer}",
            where=f"cluster {cluster}, Networks of Liqo",
            why=problem,
            next=CIDRS_STEP,
            fault=FailureName.REFUSED_CIDRS,
        )


CIDRS_STEP = "correct the networks of that cluster, or name the range in trusted_cidrs of the shortcut when it is meant"


@lru_cache(maxsize=4096)
def _special(address: str) -> str:
    """What is wrong with an address or a host name for everybody."""
    if not is_host(address):
        return NO_HOST
    if not is_ip(address):
        return _name_problem(address.lower())
    found = ip_address(address)
    what = next((what for what, network in _SPECIAL_NETWORKS if found in network), "")
    return f"{address} is no address of a gateway ({what})" if what else ""


def _name_problem(name: str) -> str:
    """A name that the client's cluster would answer itself."""
    labels = name.split(".")
    is_inside = len(labels) == 1 or labels[-1] in _INSIDE or "svc" in labels or labels[-2:] == ["cluster", "local"]
    return f"{name} is a name inside the client's cluster" if is_inside or name in _METADATA_NAMES else ""


@lru_cache(maxsize=4096)
def _is_legal(cidr: str) -> bool:
    return is_cidr(cidr)


@lru_cache(maxsize=4096)
def _range_problem(cidr: str) -> str:
    network = ip_network(cidr)
    longest = LARGEST_V4 if network.version == 4 else LARGEST_V6
    if network.prefixlen < longest:
        return f"is larger than a /{longest}"
    if not any(network.version == one.version and network.subnet_of(one) for one in _PRIVATE):  # type: ignore[arg-type]
        return "is no private range"
    return ""


def _swallowed(cidr: str, own: LocalNetworks) -> str:
    if prefix_length(cidr) >= _longest_prefix(own):
        return ""
    for kind, networks in (
        ("pod", own.pod),
        ("service", own.service),
        ("external", own.external),
        ("internal", own.internal),
    ):
        for network in networks:
            if swallows(cidr, network):
                return f"contains the {kind} CIDR {network} of its peer"
    return ""


@lru_cache(maxsize=4096)
def _longest_prefix(own: LocalNetworks) -> int:
    """What is not wider than the narrowest network of a cluster contains none of them and more."""
    return max((prefix_length(cidr) for cidr in (*own.pod, *own.service, *own.external, *own.internal)), default=0)


@lru_cache(maxsize=4096)
def _share(cidr: str) -> float:
    """Of the largest network that is accepted."""
    network = ip_network(cidr)
    return float(2.0 ** ((LARGEST_V4 if network.version == 4 else LARGEST_V6) - network.prefixlen))
