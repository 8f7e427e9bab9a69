# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A pair that a fabric refuses, for what is declared or for what clusters tell, is planned after the step is taken."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.intents import intents, plan_intent
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.model import Cluster, ClusterId, Fabric, Pair, State
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.objects import ClusterState
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.operations import LinkPlan
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.removal_limit import limit_removals
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.sight import unsearched
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.wishes import parse_wishes, resolve

from tests.unit.build import RETAIL, client, cluster, cluster_id, link, pair, shortcut, side
from tests.unit.next_steps.following import is_said

A, B, C = (cluster_id(f"leaf-{letter}") for letter in "abc")
AB, AC, BC = pair("leaf-a", "leaf-b"), pair("leaf-a", "leaf-c"), pair("leaf-b", "leaf-c")
States = Mapping[ClusterId, ClusterState]


def fabric(*wanted: Pair, clusters: str = "abc", **options: Any) -> Fabric:
    declared = tuple(Cluster(id=one, name=one, labels={}) for one in (cluster_id(f"leaf-{one}") for one in clusters))
    shortcuts = tuple(shortcut(one.a, one.b) for one in sorted(wanted))
    return Fabric(name=RETAIL, clusters=declared, shortcuts=shortcuts, **options)


def linked(*pairs: Pair) -> dict[ClusterId, ClusterState]:
    states = {name: cluster(name) for name in (A, B, C)}
    for one in pairs:
        for held in (side(one.a, one.b), side(one.b, one.a, gateway=client(one.b, one.a))):
            states[held.cluster] = replace(states[held.cluster], sides={**states[held.cluster].sides, held.peer: held})
    return states


def planned(wanted: Fabric, states: States) -> dict[Pair, LinkPlan]:
    plans = {one.pair: plan_intent(one, states, wanted) for one in intents(wanted, states.values())}
    return limit_removals(plans, states, wanted)


def said(wanted: Fabric, states: States, about: Pair) -> str:
    blocked = planned(wanted, states)[about].blocked
    assert blocked is not None
    return blocked.next


def is_planned(wanted: Fabric, states: States, about: Pair) -> bool:
    plan = planned(wanted, states).get(about)
    return plan is not None and plan.blocked is None


def test_more_links_go_when_that_is_what_shortcuts_says() -> None:
    exact, states = fabric(state=State.EXACT, max_removals=1), linked(AB, AC)
    step = said(exact, states, AB)
    assert is_said(LIMIT, step)
    (limit,) = (int(word) for word in step.replace(",", " ").split() if word.isdigit())
    assert is_planned(replace(exact, max_removals=limit), states, AB)
    # Or else it says now what is meant, or the one link is named.
    assert is_planned(fabric(AB, AC, state=State.EXACT, max_removals=1), states, AB)
    assert is_planned(fabric(AB, state=State.ABSENT), states, AB)


LIMIT = "see whether shortcuts says what you mean; if it does, set max_removals to {}, or remove {} with state absent"


def test_a_link_goes_when_nothing_is_in_the_way_of_its_services() -> None:
    wanted, states = fabric(state=State.ABSENT, every_owned_pair=True, keep_links=frozenset({AB})), linked(AB)
    assert is_said("look at what is in the way of the Services on {}, then run again", said(wanted, states, AB))
    assert is_planned(replace(wanted, keep_links=frozenset()), states, AB)


def test_a_link_with_a_cluster_of_no_task_goes_when_the_cluster_is_added_or_forgotten() -> None:
    exact = fabric(clusters="ab", state=State.EXACT)
    states = linked(AC)
    lonely = {name: state for name, state in states.items() if name != C}
    assert said(exact, lonely, AC) == "add it to clusters and run again, or name it under forget if it is gone for good"
    assert is_planned(fabric(state=State.EXACT), states, AC)
    assert is_planned(replace(exact, forget=(C,)), lonely, AC)


def test_links_are_looked_for_everywhere_once_the_rights_show_it_or_the_pairs_are_named() -> None:
    a, b = link()
    partly = replace(a, unread=("PublicKey",))
    exact = fabric(AB, clusters="ab", state=State.EXACT)
    (found,) = unsearched(exact, {A: partly, B: b})
    assert found.next == "grant list on Namespaces and on the kinds of a link, or name the pairs that you mean"
    assert unsearched(exact, {A: a, B: b}) == ()
    assert unsearched(replace(exact, state=State.PRESENT), {A: partly, B: b}) == ()


TWO_MESHES = [{"mesh": {"selector": "x"}, "mtu": 1400}, {"mesh": {"selector": "y"}, "mtu": 1300}]
TOLD = frozenset({A, B})


def labelled(*shortcuts: dict[str, Any], labels: str, **options: Any) -> Fabric:
    """Both clusters tell these labels."""
    task = {"fabric": "retail", "clusters": [{"name": A}, {"name": B}], "shortcuts": list(shortcuts), **options}
    return resolve(parse_wishes(task), {one: dict.fromkeys(labels, "") for one in (A, B)}, told_by=TOLD)


@pytest.mark.parametrize(
    "followed",
    [labelled(*TWO_MESHES, labels="x"), labelled(*TWO_MESHES, {"between": [A, B], "mtu": 1300}, labels="xy")],
    ids=["other labels", "named with between"],
)
def test_a_pair_that_is_wanted_in_two_ways_is_one_after_the_step(followed: Fabric) -> None:
    refused = labelled(*TWO_MESHES, labels="xy").refused[AB]
    assert refused.next == "correct the labels of these clusters, or set these settings for the pair, with between"
    assert followed.refused == {}
    assert followed.pairs == (AB,)


def test_naming_that_pair_without_the_setting_would_not_help() -> None:
    assert AB in labelled(*TWO_MESHES, {"between": [A, B]}, labels="xy").refused


@pytest.mark.parametrize(
    "followed",
    [labelled(TWO_MESHES[0], labels="x", only=[[A, B]]), labelled(TWO_MESHES[0], labels="y", only=[])],
    ids=["other labels", "without the pair"],
)
def test_a_pair_that_is_picked_no_more_is_no_failure_after_the_step(followed: Fabric) -> None:
    refused = labelled(TWO_MESHES[0], labels="y", only=[[A, B]]).refused[AB]
    assert refused.next == "look at the labels of these clusters, or take the pair out of only"
    assert followed.refused == {}
