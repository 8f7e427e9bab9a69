# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An index of networks says of an address what a look at each network would say, at a cost that grows less."""

from __future__ import annotations

import ipaddress
from dataclasses import replace

import pytest
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.model import ClusterId
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.objects import Cidrs, ClusterState
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.propagation import paths
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.propagation.paths import Path, reach_of, way_of
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.propagation.spans import Spans, address_in, network_in
from hypothesis import given
from hypothesis import strategies as st

from tests.unit import build
from tests.unit.reflection import HUB, LEAVES, link_side
from tests.unit.strategies import law

A, B, _C = LEAVES

CIDRS = st.one_of(
    st.builds("10.0.{}.{}/{}".format, st.integers(0, 1), st.integers(0, 255), st.integers(20, 32)),
    st.builds("fd00::{:x}/{}".format, st.integers(0, 255), st.integers(118, 128)),
    st.sampled_from(("0.0.0.0/0", "::/0", "255.255.255.255/32", "no network", "")),
)
ADDRESSES = st.one_of(
    st.builds("10.0.{}.{}".format, st.integers(0, 1), st.integers(0, 255)),
    st.builds("fd00::{:x}".format, st.integers(0, 255)),
    st.sampled_from(("0.0.0.0", "255.255.255.255", "::", "11.0.0.0")),
)


@law
@given(st.lists(st.tuples(CIDRS, st.sampled_from("abcd")), max_size=12), ADDRESSES)
def test_the_index_names_the_first_two_owners(networks: list[tuple[str, str]], address: str) -> None:
    order = dict.fromkeys(owner for cidr, owner in networks if network_in(cidr) is not None)
    one = ipaddress.ip_address(address)
    owners = {owner for cidr, owner in networks for found in [network_in(cidr)] if found is not None and one in found}
    found = address_in(address)
    assert found is not None
    assert Spans(networks).at(found) == tuple(owner for owner in order if owner in owners)[:2]


def with_peers(count: int) -> ClusterState:
    """A leaf that says that it maps so many peers to the same pods as it maps leaf-b to."""
    here = build.cluster(A, link_side(A, B, remap="10.211.0.0/16"))
    side = here.sides[B]
    held = replace(side.configurations[0], remap=Cidrs(pod=("10.211.0.0/17",)))
    others = {ClusterId(f"x{n}"): replace(side, peer=ClusterId(f"x{n}"), configurations=(held,)) for n in range(count)}
    return replace(here, sides={**here.sides, **others})


@pytest.mark.parametrize("question", ["way", "reach"])
def test_what_an_address_costs_does_not_grow_with_the_peers_that_a_cluster_makes_up(
    question: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = list[str]()

    def counted(cidr: str) -> object:
        asked.append(cidr)
        return network_in(cidr)

    monkeypatch.setattr(paths, "network_in", counted)
    monkeypatch.setattr(
        "ansible_collections.liqo.fabric.plugins.module_utils._fabric.propagation.spans.network_in", counted
    )
    peers, addresses = 100, 100
    here = with_peers(peers)
    for number in range(addresses):
        if question == "way":
            assert way_of(f"10.211.0.{number}", here, HUB).path is Path.DIRECT
        else:
            assert "pods of x0" in reach_of(here).why_not(f"10.1.0.{number}", "10.1.0.0/16", "10.211.0.0/16", B)
    # Each network once, and the two that are asked about for each address.
    assert len(asked) <= peers + 10 + 3 * addresses
