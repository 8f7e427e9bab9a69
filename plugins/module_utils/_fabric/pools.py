# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Room in the address pools of an IPAM, by the networks that are taken. IPAM itself says why it gives none only in its
log, so that this must be computed to name it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from ipaddress import IPv4Network, ip_network

DEFAULT_POOLS = ("10.0.0.0/8", "192.168.0.0/16", "172.16.0.0/12")
"""What an IPAM uses that is told nothing else."""


def networks_of(texts: Iterable[str]) -> tuple[IPv4Network, ...]:
    """The IPv4 networks among the texts; what is none is left out."""
    found = []
    for text in texts:
        try:
            network = ip_network(text, strict=False)
        except ValueError:
            continue
        if isinstance(network, IPv4Network):
            found.append(network)
    return tuple(found)


def free_blocks(pools: Iterable[IPv4Network], used: Iterable[IPv4Network]) -> tuple[IPv4Network, ...]:
    """The largest free networks of the pools, in the order of their addresses; together they are all that is free."""
    taken = tuple(used)
    return tuple(block for pool in sorted(pools) for block in _free(pool, taken))


def largest_free(pools: Iterable[IPv4Network], used: Iterable[IPv4Network]) -> int:
    """The prefix length of the largest network that is free in one of the pools; 33 where none is."""
    return min((block.prefixlen for block in free_blocks(pools, used)), default=33)


def is_inside(network: IPv4Network, pools: Iterable[IPv4Network]) -> bool:
    """Does the network lie in one of the pools?"""
    return any(network.subnet_of(pool) for pool in pools)


def _free(block: IPv4Network, used: Sequence[IPv4Network]) -> Iterator[IPv4Network]:
    inside = tuple(network for network in used if network.overlaps(block))
    if not inside:
        yield block
    elif not any(block.subnet_of(network) for network in inside):
        for half in block.subnets():
            yield from _free(half, inside)
