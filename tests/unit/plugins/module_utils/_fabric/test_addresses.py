# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""CIDRs as text."""

from __future__ import annotations

import ipaddress

import pytest
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.addresses import has_room, inside, is_ipv6, overlap
from hypothesis import given
from hypothesis import strategies as st

from tests.unit import work
from tests.unit.strategies import law


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("10.1.0.0/16", "10.1.0.0/16", True),
        ("10.0.0.0/8", "10.9.8.0/24", True),
        ("10.1.0.0/16", "10.2.0.0/16", False),
        ("10.1.0.0/16", "fd00::/16", False),
        ("10.1.0.0/16", "nothing", False),
    ],
)
def test_overlap(one: str, other: str, expected: bool) -> None:
    assert overlap(one, other) is expected
    assert overlap(other, one) is expected


@pytest.mark.parametrize(
    ("cidr", "expected"),
    [("10.1.0.0/16", True), ("10.0.0.0/8", True), ("8.0.0.0/5", False), ("100.64.0.0/16", False), ("fd00::/64", False)],
)
def test_inside_means_as_a_whole(cidr: str, expected: bool) -> None:
    assert inside(cidr, ["192.168.0.0/16", "10.0.0.0/8"]) is expected


def test_a_host_name_is_no_ipv6_address() -> None:
    assert [is_ipv6(text) for text in ("2001:db8::1", "192.0.2.1", "gateway.example")] == [True, False, False]


_small = st.builds(lambda start, length: ipaddress.ip_network((0x0A000000 + start, length), strict=False),
                   st.integers(0, 255), st.integers(24, 32))  # fmt: skip


@law
@given(st.lists(_small, max_size=8), st.integers(24, 30))
def test_room_is_found_exactly_where_a_network_of_the_size_is_free(
    used: list[ipaddress.IPv4Network], length: int
) -> None:
    pool = ipaddress.ip_network("10.0.0.0/24")
    free = any(not any(net.overlaps(other) for other in used) for net in pool.subnets(new_prefix=length))
    wanted = f"192.0.2.0/{length}"
    assert has_room(wanted, [str(pool)], [str(net) for net in used]) is free


def test_room_in_many_pools_is_found_with_one_look_at_each_network() -> None:
    def look(number: int) -> None:
        pools = [f"10.{one}.0.0/24" for one in range(number)]
        used = [f"10.{one}.0.{host}/32" for one in range(number) for host in (0, 128)]
        assert not has_room("192.0.2.0/25", pools, used)

    assert work.grows_with(look, 20) < 5
