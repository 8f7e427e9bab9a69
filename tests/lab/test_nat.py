# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest

from lab.layout import LayoutError
from lab.nat import NatError, parse_nat, render_nat
from tests.lab import agent_bodies as make


def test_both_ways_are_translated() -> None:
    text = render_nat(parse_nat(make.lab(), "leaf-a:31841", "203.0.113.7:51841"))
    assert "ip daddr 203.0.113.7 udp dport 51841 notrack ip daddr set 198.18.0.11 udp dport set 31841" in text
    assert "ip saddr 198.18.0.11 udp sport 31841 ip saddr set 203.0.113.7 udp sport set 51841" in text


@pytest.mark.parametrize(
    ("target", "public", "message"),
    [
        ("leaf-a", "203.0.113.7:51841", "'' is no port"),
        ("leaf-a:99999", "203.0.113.7:51841", "'99999' is no port"),
        ("leaf-a:31841", "203.0.113.7", "'' is no port"),
        ("leaf-a:31841", "vpn.example.org:51841", "'vpn.example.org' is no IPv4 address"),
    ],
)
def test_a_wrong_nat_is_refused_with_what_would_do(target: str, public: str, message: str) -> None:
    with pytest.raises(NatError, match=message):
        parse_nat(make.lab(), target, public)


def test_an_unknown_cluster_is_named() -> None:
    with pytest.raises(LayoutError, match="leaf-z"):
        parse_nat(make.lab(), "leaf-z:31841", "203.0.113.7:51841")


def test_without_root_there_is_no_network_for_it() -> None:
    with pytest.raises(NatError, match="stubs"):
        parse_nat(make.lab(rootless=True), "leaf-a:31841", "203.0.113.7:51841")
