# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which hosts may be added under the names that clusters have chosen."""

from __future__ import annotations

import pytest
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.inventory_hosts import Host
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.inventory_names import (
    Taken,
    admitted,
    may_be_joined,
)

TAKEN = Taken(groups={"all", "routers"}, hosts={"db1"})


def host(name: str, group: str = "liqo_leaves", *, id: str = "") -> Host:
    return Host(name=name, groups=(group,), variables={"liqo_cluster_id": id or name, "liqo_peered_hubs": ["eu", "us"]})


@pytest.mark.parametrize("name", ["all", "localhost", "ungrouped", "routers", "db1"])
def test_a_name_that_means_something_else_is_refused_and_the_hubs_are_named(name: str) -> None:
    kept, (refusal,) = admitted([host("hub", "liqo_hubs"), host(name), host("leaf-a")], TAKEN)
    assert [one.name for one in kept] == ["hub", "leaf-a"]
    assert refusal.startswith(f"leaf {name}, of which eu, us tells, is left out: ")


def test_a_hub_is_what_a_person_calls_it_and_no_leaf_takes_its_place() -> None:
    one, other = host("hub", "liqo_hubs", id="hub-of-frankfurt"), host("hub")
    assert admitted([one, other], Taken())[0] == (one,)
    assert "a hub that is cluster hub-of-frankfurt has this name" in admitted([one, other], Taken())[1][0]


def test_a_hub_that_is_known_to_another_one_is_passed_over_without_a_word() -> None:
    hub = host("hub", "liqo_hubs")
    assert admitted([hub, host("hub")], Taken()) == ((hub,), ())


@pytest.mark.parametrize(
    "group", ["all", "routers", "db1", "liqo_hubs", "liqo_leaves", "liqo_health_healthy", "x" * 256]
)
def test_groups_that_labels_put_nothing_into(group: str) -> None:
    assert not may_be_joined(group, TAKEN)


@pytest.mark.parametrize("group", ["tier_gold", "liqo_region_eu", "_eu"])
def test_groups_that_labels_make(group: str) -> None:
    assert may_be_joined(group, TAKEN)
