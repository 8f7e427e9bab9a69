# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import ipaddress

import pytest

from lab.agent.addresses import (
    PER_CLUSTER,
    AddressesUsedUpError,
    next_balanced_ip,
    next_number,
    next_pod_ip,
    node_pair,
    number_of,
    routed_block,
    routed_pair,
)
from tests.lab import agent_bodies as make


def test_blocks_of_all_clusters_are_apart() -> None:
    blocks = [ipaddress.IPv4Network(routed_block(c)) for c in make.lab(leaves=12, hubs=2).clusters]
    assert not any(a.overlaps(b) for i, a in enumerate(blocks) for b in blocks[i + 1 :])


def test_every_cable_of_a_cluster_lies_in_its_block() -> None:
    for cluster in make.lab(leaves=12, hubs=2).clusters:
        block = ipaddress.IPv4Network(routed_block(cluster))
        last = cluster.index * PER_CLUSTER + PER_CLUSTER - 1
        ends = [*node_pair(cluster), *routed_pair(cluster.index * PER_CLUSTER + 1), *routed_pair(last)]
        assert all(ipaddress.IPv4Address(end) in block for end in ends)


def test_number_and_address_of_a_pod_are_inverse() -> None:
    leaf = make.cluster("leaf-b")
    number = next_number(leaf, [], after=0)
    assert number_of(leaf, routed_pair(number)[1]) == number


@pytest.mark.parametrize("address", ["10.42.0.11", "198.19.0.2", "198.19.16.5", "", "nonsense"])
def test_an_address_of_another_kind_has_no_number(address: str) -> None:
    assert number_of(make.cluster("leaf-a"), address) is None


def test_the_nodes_own_cable_is_nobodys_pod() -> None:
    leaf = make.cluster("leaf-a")
    assert number_of(leaf, node_pair(leaf)[1]) is None


def test_a_fresh_number_comes_after_the_last_one_and_goes_round() -> None:
    leaf = make.cluster("leaf-a")
    first = leaf.index * PER_CLUSTER
    assert next_number(leaf, [], after=first + 5) == first + 6
    assert next_number(leaf, [first + 6], after=first + 5) == first + 7
    assert next_number(leaf, [], after=first + PER_CLUSTER - 1) == first + 1


def test_a_cluster_without_free_numbers_says_so() -> None:
    leaf = make.cluster("leaf-a")
    used = range(leaf.index * PER_CLUSTER, (leaf.index + 1) * PER_CLUSTER)
    with pytest.raises(AddressesUsedUpError, match="leaf-a has 1023 pods"):
        next_number(leaf, used, after=0)


def test_pod_addresses_are_of_the_pod_cidr_and_never_shared() -> None:
    leaf = make.cluster("leaf-a")
    first = next_pod_ip(leaf, [])
    second = next_pod_ip(leaf, [first])
    assert first != second
    assert all(ipaddress.IPv4Address(a) in ipaddress.IPv4Network(leaf.pod_cidr) for a in (first, second))


def test_each_balanced_service_has_an_address_of_its_own_and_freed_ones_are_used_again() -> None:
    leaf = make.cluster("leaf-a")
    assert next_balanced_ip(leaf, []) == "198.18.17.1"
    assert next_balanced_ip(leaf, ["198.18.17.1", "198.18.17.2"]) == "198.18.17.3"
    assert next_balanced_ip(leaf, ["198.18.17.2"]) == "198.18.17.1"
