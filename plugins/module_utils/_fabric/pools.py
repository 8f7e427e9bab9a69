# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Room in the address pools of an IPAM, by the networks that are taken. IPAM itself says why it gives none only in its
log, so that this must be computed to name it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from ipaddress import IPv4Address, IPv4Network, ip_network, summarize_address_range

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
    """The first and the last address of all that is free between two networks of the same pool, in their order."""
    taken = sorted(map(_ends, used))
    position, busy, after = 0, 0, 0
    for pool in sorted(set(pools)):
        start, end = _ends(pool)
        # A pool inside of another one comes right after it, and adds nothing.
        if end < after:
            continue
        after, start = end + 1, max(start, busy)
        while position < len(taken) and taken[position][0] <= end:
            first, last = taken[position]
            if start < first:
                yield start, first - 1
            busy, position = max(busy, last + 1), position + 1
            start = max(start, busy)
        if start <= end:
            yield start, end


def _ends(network: IPv4Network) -> tuple[int, int]:
    return int(network.network_address), int(network.broadcast_address)


def _largest_in(first: int, last: int) -> int:
    """The prefix length of the largest network between two addresses, which are inclusive."""
    bits = (last - first + 1).bit_length() - 1
    aligned = -(-first >> bits) << bits
    return 32 - bits if aligned + (1 << bits) <= last + 1 else 33 - bits
