# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which of many networks an address lies in, without a look at each of them."""

from __future__ import annotations

import functools
import ipaddress
from bisect import bisect_right
from collections.abc import Iterable
from heapq import heappop, heappush
from typing import Generic, TypeVar, Union

Address = Union[ipaddress.IPv4Address, ipaddress.IPv6Address]
Network = Union[ipaddress.IPv4Network, ipaddress.IPv6Network]

_REMEMBERED = 16384
"""Every pair of clusters asks for the same few texts, and to read one anew takes most of the time."""
_BITS = 128

_Owner = TypeVar("_Owner")


class Spans(Generic[_Owner]):
    """Networks, each with its owner; a text that is no network is in none. Owners can be hashed.

    To make it takes n log n, to ask it log n, however the networks overlap: a cluster may make up any number of them.
    """

    def __init__(self, networks: Iterable[tuple[str, _Owner]]) -> None:
        spans: dict[_Owner, list[tuple[int, int]]] = {}
        for cidr, owner in networks:
            found = network_in(cidr)
            if found is not None:
                first, last = _number(found.network_address), _number(found.broadcast_address)
                spans.setdefault(owner, []).append((first, last))
        self._owners = tuple(spans)
        self._firsts: list[int] = []
        self._ranks: list[tuple[int, ...]] = []
        self._sweep(sorted((*span, rank) for rank, some in enumerate(spans.values()) for span in _merged(some)))

    def at(self, address: Address) -> tuple[_Owner, ...]:
        """The first two owners of networks that the address lies in, in the order in which the owners came."""
        place = bisect_right(self._firsts, _number(address)) - 1
        return tuple(self._owners[rank] for rank in self._ranks[place]) if place >= 0 else ()

    def _sweep(self, spans: list[tuple[int, int, int]]) -> None:
        """Between two neighbours of all ends there are the same networks. Those of one owner do not overlap."""
        here: list[tuple[int, int]] = []
        begun = 0
        for number in sorted({end for first, last, _rank in spans for end in (first, last + 1)}):
            while begun < len(spans) and spans[begun][0] <= number:
                _first, last, rank = spans[begun]
                heappush(here, (rank, last))
                begun += 1
            ranks: tuple[int, ...] = ()
            if _drop_ended(here, number):
                top = heappop(here)
                ranks = (top[0], here[0][0]) if _drop_ended(here, number) else (top[0],)
                heappush(here, top)
            self._firsts.append(number)
            self._ranks.append(ranks)


def _drop_ended(here: list[tuple[int, int]], number: int) -> bool:
    """Take from the top what ends before the number; whether anything is left."""
    while here and here[0][1] < number:
        heappop(here)
    return bool(here)


def _merged(spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    for first, last in sorted(spans):
        if found and first <= found[-1][1] + 1:
            found[-1] = (found[-1][0], max(found[-1][1], last))
        else:
            found.append((first, last))
    return found


def _number(address: Address) -> int:
    """Addresses of both versions in one order, with room between them."""
    return (address.version << _BITS + 1) + int(address)


@functools.lru_cache(maxsize=_REMEMBERED)
def network_in(cidr: str) -> Network | None:
    """The network that a text names; None for any other text."""
    try:
        return ipaddress.ip_network(cidr, strict=False)
    except ValueError:
        return None


@functools.lru_cache(maxsize=_REMEMBERED)
def address_in(text: str) -> Address | None:
    """The address that a text names; None for any other text."""
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None
