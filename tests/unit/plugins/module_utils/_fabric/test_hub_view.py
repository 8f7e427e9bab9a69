# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which clusters a hub makes leaves, and when a host would be two clusters."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.errors import FabricError, InputError
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.hub_view import (
    LEAF_ROLES,
    HubView,
    check_names,
    leaves_of,
    no_hub_answered,
)
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.objects import Side

from tests.unit import build

EVERYTHING = ("networking", "authentication", "offloading")


def hub(name: str, **roles: str) -> HubView:
    """A hub with peers ``leaf_a="Provider"``, each with all modules."""
    sides = [peer(name, leaf.replace("_", "-"), role) for leaf, role in roles.items()]
    return HubView(name=name, state=build.cluster(name, *sides))


def peer(here: str, leaf: str, role: str, modules: tuple[str, ...] = EVERYTHING) -> Side:
    return replace(
        build.side(here, leaf), foreign_cluster=build.foreign_cluster(here, leaf, role=role, modules=modules)
    )


def test_a_leaf_is_listed_once_with_all_hubs_that_know_it() -> None:
    one, two = hub("hub-a", leaf_b="Provider", leaf_a="Provider"), hub("hub-b", leaf_b="ConsumerAndProvider")
    found = leaves_of([two, one], roles=LEAF_ROLES)
    assert {leaf: [view.name for view in views] for leaf, views in found.items()} == {
        "leaf-a": ["hub-a"],
        "leaf-b": ["hub-b", "hub-a"],
    }
    assert list(found) == ["leaf-a", "leaf-b"]


def test_only_the_roles_that_are_asked_for_are_leaves() -> None:
    view = hub("hub", leaf_a="Provider", leaf_b="Consumer", leaf_c="Unknown")
    assert list(leaves_of([view], roles=LEAF_ROLES)) == ["leaf-a", "leaf-c"]
    assert list(leaves_of([view], roles=["Consumer"])) == ["leaf-b"]


def test_what_an_ended_peering_left_behind_is_no_leaf() -> None:
    left = HubView(name="hub", state=build.cluster("hub", peer("hub", "leaf-a", "Unknown", modules=())))
    assert leaves_of([left], roles=LEAF_ROLES) == {}


def test_a_hub_is_no_leaf_of_another_one() -> None:
    assert list(leaves_of([hub("hub-a", hub_b="Provider"), hub("hub-b")], roles=LEAF_ROLES)) == []


def test_an_id_that_could_lead_out_of_a_folder_is_passed_over() -> None:
    view = HubView(name="hub", state=build.cluster("hub", peer("hub", "../etc/passwd", "Provider")))
    assert leaves_of([view], roles=LEAF_ROLES) == {}


def test_two_hubs_that_are_declared_to_be_one_cluster_are_refused() -> None:
    main, other = build.cluster_id("hub-a"), build.cluster_id("hub-b")
    check_names({"main": main, "other": other}, where="here")
    with pytest.raises(InputError, match="two is cluster hub-a, like one"):
        check_names({"one": main, "two": main}, where="here")


def test_every_dead_hub_is_named() -> None:
    problems = {
        name: FabricError(what="no answer", where=f"{name} at https://{name}:6443", why="it is down", next="start it")
        for name in ("hub-a", "hub-b")
    }
    told = str(no_hub_answered(problems))
    assert "hub-a at https://hub-a:6443" in told
    assert "hub-b at https://hub-b:6443" in told
