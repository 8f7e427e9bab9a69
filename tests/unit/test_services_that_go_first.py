# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which links the role leaves alone because Services could not be moved off them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import yaml
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.model import ClusterId, Pair
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.propagation.model import (
    ClusterServices,
    Mode,
    SliceEndpoint,
    World,
)
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.propagation.report import propagation_result

from tests.pages import ROOT
from tests.unit.build import pair
from tests.unit.propagated import begun, listing, planned, run, unread
from tests.unit.reflection import LEAVES, MESH, scene, want

try:
    from ansible.template import trust_as_template
except ImportError:  # ansible-core before 2.19 trusts every text

    def trust_as_template(value: str) -> str:
        return value


A, B, C = LEAVES
ELSEWHERE, AT_ELSEWHERE = "10.99.0.0/16", "10.99.0.7"
EXPRESSION = yaml.safe_load((ROOT / "roles/fabric/vars/main.yml").read_text())["_fabric_still_used"]


def lying() -> dict[ClusterId, ClusterServices]:
    """After a run leaf-b says that it has other pod addresses than its peers know, and its pod is at one of them."""
    world = dict(run(want(Mode.EXCLUSIVE), begun(scene(*MESH))).clusters)
    state = world[B].state
    world[B] = replace(world[B], state=replace(state, networks=replace(state.networks, pod=(ELSEWHERE,))))
    return listing(world, B, endpoints=(SliceEndpoint(addresses=(AT_ELSEWHERE,), pod="web-b"),))


def result_of(world: World, *leaving: Pair) -> dict[str, Any]:
    return propagation_result(planned(want(Mode.EXCLUSIVE, leaving=frozenset(leaving or {pair(A, C)})), world))


def kept(result: Mapping[str, Any]) -> list[list[str]]:
    """What the role gives to the option keep_links."""
    members = [{"name": str(leaf)} for leaf in LEAVES]
    variables = {"fabric_services_result": result, "_fabric_members": members}
    found: list[list[str]] = Templar(loader=DataLoader(), variables=variables).template(trust_as_template(EXPRESSION))
    return [list(names) for names in found]


def test_what_one_leaf_lists_keeps_no_link_between_others_from_being_removed() -> None:
    result = result_of(lying())
    # The rows of the others name the lie.
    assert {row["cluster"]: row["failure"]["fault"] for row in result["services"] if row["failure"]} == {
        A: "not-its-own",
        C: "not-its-own",
    }
    assert kept(result) == []


def test_a_link_of_a_leaf_whose_services_could_not_be_moved_stays() -> None:
    world: World = {**lying(), A: unread(A)}
    assert kept(result_of(world, pair(A, C), pair(B, C))) == [[A, C]]


def test_what_is_no_leaf_of_the_run_is_not_named() -> None:
    assert kept({"still_used": [{"between": [A, "hub"]}, {"between": [A, B]}]}) == [[A, B]]
    assert kept({"msg": "came to no result"}) == []
