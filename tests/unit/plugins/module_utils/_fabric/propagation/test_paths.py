# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The way to an address, and the address of a pod as another cluster sees it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.model import ClusterId
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.objects import Cidrs, Configuration
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.propagation.paths import Path, Way, mapped, way_of

from tests.unit import build
from tests.unit.reflection import HUB, LEAVES, home, link_side, remapped, through_hub

A, B, C = LEAVES
HERE = build.cluster(
    A,
    link_side(A, HUB, remap="10.249.0.0/16", external="172.31.0.0/16"),
    link_side(A, B, remap=remapped(B), external="172.30.0.0/16"),
    replace(link_side(A, C, remap=remapped(C)), configurations=()),
)


@pytest.mark.parametrize(
    ("address", "path", "through"),
    [
        (home(A, "web"), Path.LOCAL, None),
        ("10.249.3.4", Path.HUB, HUB),
        (through_hub(C, "web"), Path.VIA_HUB, HUB),
        ("10.211.0.9", Path.DIRECT, B),
        ("172.30.0.9", Path.UNMAPPED, None),
        (home(B, "web"), Path.UNMAPPED, None),
        ("10.212.0.9", Path.UNMAPPED, None),
        ("fd00::9", Path.UNMAPPED, None),
        ("web.example.org", Path.UNMAPPED, None),
    ],
)
def test_the_cidrs_that_a_leaf_knows_tell_the_way(address: str, path: Path, through: ClusterId | None) -> None:
    assert way_of(address, HERE, HUB) == Way(path=path, through=through)


def test_a_leaf_s_own_pods_come_before_a_peer_that_has_the_same_cidr() -> None:
    own = HERE.networks.pod[0]
    here = build.cluster(A, link_side(A, B, remap=own))
    assert way_of(home(A, "web"), here, HUB) == Way(path=Path.LOCAL)


def configuration(native: tuple[str, ...], seen: tuple[str, ...] | None) -> Configuration:
    held = build.configuration(A, B, remote=Cidrs(pod=native))
    return replace(held, remap=Cidrs(pod=seen) if seen is not None else None)


@pytest.mark.parametrize(
    ("native", "seen", "address", "result"),
    [
        (("10.1.0.0/16",), ("10.1.0.0/16",), "10.1.2.3", "10.1.2.3"),
        (("10.1.0.0/16",), ("10.71.0.0/16",), "10.1.2.3", "10.71.2.3"),
        (("10.1.0.0/16", "10.2.0.0/17"), ("10.71.0.0/16", "10.72.128.0/17"), "10.2.2.3", "10.72.130.3"),
        (("10.1.0.0/16",), ("10.71.0.0/16",), "10.2.2.3", None),
        (("10.1.0.0/16",), None, "10.1.2.3", None),
        ((), (), "10.1.2.3", None),
    ],
)
def test_a_pod_keeps_its_place_in_the_cidr_that_stands_for_its_own(
    native: tuple[str, ...], seen: tuple[str, ...] | None, address: str, result: str | None
) -> None:
    assert mapped(address, configuration(native, seen)) == result
