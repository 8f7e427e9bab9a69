# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Room in address pools."""

from __future__ import annotations

from ipaddress import IPv4Network, ip_network

import pytest
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.pools import (
    free_blocks,
    is_inside,
    largest_free,
    networks_of,
)
from hypothesis import given
from hypothesis import strategies as st

from tests.unit import work

POOL = IPv4Network("10.0.0.0/24")


@st.composite
def subnets(draw: st.DrawFn) -> IPv4Network:
    """A network inside the pool, or around it."""
    prefixlen = draw(st.integers(20, 30))
    address = int(POOL.network_address) + draw(st.integers(0, 255))
    found = ip_network((address, prefixlen), strict=False)
    assert isinstance(found, IPv4Network)
    return found


def pools() -> st.SearchStrategy[list[IPv4Network]]:
    """Some that are parts of others or lie side by side."""
    parts = [*POOL.subnets(new_prefix=25), *POOL.subnets(new_prefix=26), POOL]
    return st.lists(st.sampled_from(parts), max_size=4)


@given(pools(), st.lists(subnets(), max_size=8))
def test_of_several_pools_each_free_address_is_told_once_and_no_network_spans_two(
    wanted: list[IPv4Network], used: list[IPv4Network]
) -> None:
    blocks = free_blocks(wanted, used)
    free = [address for block in blocks for address in block]
    inside = {address for pool in wanted for address in pool}
    assert free == sorted(address for address in inside if not any(address in network for network in used))
    assert all(is_inside(block, wanted) for block in blocks)
    assert largest_free(wanted, used) == min((block.prefixlen for block in blocks), default=33)


def test_many_networks_and_pools_are_looked_at_once_each() -> None:
    def look(number: int) -> None:
        used = [IPv4Network((10 * 2**24 + 257 * one, 32)) for one in range(number)]
        assert largest_free([IPv4Network("10.0.0.0/8")] * number, used) < 16

    assert work.grows_with(look, 100) < 5


@given(st.lists(subnets(), max_size=8), st.integers(20, 32))
def test_what_is_free_is_all_that_is_not_taken(used: list[IPv4Network], prefixlen: int) -> None:
    blocks = free_blocks([POOL], used)
    free = {address for block in blocks for address in block}
    assert free == {address for address in POOL if not any(address in network for network in used)}
    assert sum(block.num_addresses for block in blocks) == len(free)
    fits = prefixlen >= POOL.prefixlen and any(
        not any(candidate.overlaps(network) for network in used) for candidate in POOL.subnets(new_prefix=prefixlen)
    )
    assert (prefixlen >= largest_free([POOL], used)) == fits


def test_texts_that_are_no_ipv4_network_are_left_out() -> None:
    assert networks_of(["10.0.0.0/8", "", "fd00::/8", "x", "10.1.2.3/16", "10.0.0.0/8", "10.1.0.0/16"]) == (
        ip_network("10.0.0.0/8"),
        ip_network("10.1.0.0/16"),
    )


@pytest.mark.parametrize(("text", "expected"), [("10.0.0.0/25", True), ("10.0.1.0/25", False), ("10.0.0.0/16", False)])
def test_a_network_that_is_only_partly_in_a_pool_is_not_inside(text: str, expected: bool) -> None:
    assert is_inside(IPv4Network(text), [POOL]) is expected
