# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Room in the address pools of an IPAM, by the networks that are taken. IPAM itself says why it gives none only in its
log, so that this must be computed to name it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from ipaddress import IPv4Address, IPv4Network, ip_network, summarize_address_range

from .addresses import ends, gaps

DEFAULT_POOLS = ("10.0.0.0/8", "192.168.0.0/16", "172.16.0.0/12")
"""What an IPAM uses that is told nothing else."""
MOST_NETWORKS = 5000
"""Of one cluster, that are looked at: more than one with a thousand peers has."""


def networks_of(texts: Iterable[str]) -> tuple[IPv4Network, ...]:
    """The IPv4 networks among the texts, each once; what is none is left out."""
    found: dict[IPv4Network, None] = {}
    for text in dict.fromkeys(texts):
        try:
            network = ip_network(text, strict=False)
        except ValueError:
            continue
        if isinstance(network, IPv4Network):
            found[network] = None
    return tuple(found)


def free_blocks(pools: Iterable[IPv4Network], used: Iterable[IPv4Network]) -> tuple[IPv4Network, ...]:
    """The largest free networks of the pools, in the order of their addresses; together they are all that is free."""
    return tuple(
        block
        for first, last in _gaps(pools, used)
        for block in summarize_address_range(IPv4Address(first), IPv4Address(last))
    )


def largest_free(pools: Iterable[IPv4Network], used: Iterable[IPv4Network]) -> int:
    """The prefix length of the largest network that is free in one of the pools; 33 where none is."""
    return min((_largest_in(first, last) for first, last in _gaps(pools, used)), default=33)


def is_inside(network: IPv4Network, pools: Iterable[IPv4Network]) -> bool:
    """Does the network lie in one of the pools?"""
    return any(network.subnet_of(pool) for pool in pools)


def _gaps(pools: Iterable[IPv4Network], used: Iterable[IPv4Network]) -> Iterator[tuple[int, int]]:
    return gaps(map(ends, pools), map(ends, used))


def _largest_in(first: int, last: int) -> int:
    """The prefix length of the largest network between two addresses, which are inclusive."""
    bits = (last - first + 1).bit_length() - 1
    aligned = -(-first >> bits) << bits
    return 32 - bits if aligned + (1 << bits) <= last + 1 else 33 - bits
