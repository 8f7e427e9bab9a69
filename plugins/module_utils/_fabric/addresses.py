# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""CIDRs as text: what lies in what, and where there is room. Text that is no CIDR lies nowhere."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Union

LONGEST = 64
"""Letters of a CIDR or an address, and more."""

_Network = Union[ipaddress.IPv4Network, ipaddress.IPv6Network]


def overlap(one: str, other: str) -> bool:
    """Have the two CIDRs an address in common?"""
    a, b = _network(one), _network(other)
    return a is not None and b is not None and a.version == b.version and a.overlaps(b)


def inside(cidr: str, pools: Iterable[str]) -> bool:
    """Does the CIDR lie in one of the pools as a whole?"""
    net = _network(cidr)
    return net is not None and any(_holds(pool, net) for pool in map(_network, pools))


def swallows(cidr: str, other: str) -> bool:
    """Does the CIDR contain the other one, and more?"""
    one, inner = _network(cidr), _network(other)
    return one is not None and inner is not None and one.prefixlen < inner.prefixlen and _holds(one, inner)


def prefix_length(cidr: str) -> int:
    """0 for what is no CIDR."""
    net = _network(cidr)
    return net.prefixlen if net is not None else 0


def has_room(like: str, pools: Iterable[str], used: Iterable[str]) -> bool:
    """Is there a network of the size of ``like`` in one of the pools that overlaps nothing used?"""
    wanted = _network(like)
    if wanted is None:
        return False
    version, size = wanted.version, wanted.num_addresses
    held, taken = (
        [ends(net) for net in map(_network, cidrs) if net is not None and net.version == version]
        for cidrs in (pools, used)
    )
    return any(-(-first // size) * size + size <= last + 1 for first, last in gaps(held, taken))


def gaps(pools: Iterable[tuple[int, int]], used: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """All that is free in pools, in the order of addresses: from where to where, and never from one pool into another.

    Each pool and each used range is a first and a last address, which belong to it.
    """
    taken = sorted(used)
    position, busy, after = 0, 0, 0
    for start, end in sorted(set(pools), key=lambda pool: (pool[0], -pool[1])):
        # A pool inside of another one comes right after it, and adds nothing.
        if end < after:
            continue
        after, free = end + 1, max(start, busy)
        while position < len(taken) and taken[position][0] <= end:
            first, last = taken[position]
            if free < first:
                yield free, first - 1
            busy, position = max(busy, last + 1), position + 1
            free = max(free, busy)
        if free <= end:
            yield free, end


def ends(net: _Network) -> tuple[int, int]:
    """The first and the last address of a network."""
    return int(net.network_address), int(net.broadcast_address)


def is_ipv6(address: str) -> bool:
    """False for a host name, which may be either."""
    try:
        return ipaddress.ip_address(address).version == 6
    except ValueError:
        return False


def _holds(pool: _Network | None, net: _Network) -> bool:
    if pool is None or pool.version != net.version:
        return False
    return pool.network_address <= net.network_address and net.broadcast_address <= pool.broadcast_address  # type: ignore[operator]


def _network(cidr: str) -> _Network | None:
    return _parsed(cidr) if len(cidr) <= LONGEST else None


@lru_cache(maxsize=16384)
def _parsed(cidr: str) -> _Network | None:
    try:
        return ipaddress.ip_network(cidr, strict=False)
    except ValueError:
        return None
