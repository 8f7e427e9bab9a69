# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rig notices defects that are planted: one guard after the other is taken away, or a mistake is made."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any, TypeVar

import pytest
from ansible_collections.liqo.fabric.plugins.module_utils._fabric import report, terminal
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.errors import FabricError
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.objects import ClusterState
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.propagation.plan import plan_services
from ansible_collections.liqo.fabric.plugins.module_utils._kube import door
from ansible_collections.liqo.fabric.plugins.module_utils._liqo.cluster import parse_cluster, parse_cluster_id
from ansible_collections.liqo.fabric.plugins.module_utils._run import (
    follower,
    parallel,
    propagate,
    read,
    reconcile,
    who,
)

from tests.unit.trust.cases import Case, Scene, Stage, scenes, stage
from tests.unit.trust.hostile import Liar, Temper

R = TypeVar("R")
MOST_CASES = 30
"""One of so many shows a defect, mostly one of the first."""
SCENES = {str(scene): scene for scene in scenes()}
RUN = SCENES["shortcuts present | drifted | leaf-b"]
MAKE = SCENES["shortcuts present | unlinked | leaf-b"]
LOOK = SCENES["peering_info | linked | leaf-b"]
SERVICES = SCENES["propagation shadow | linked | leaf-b"]
CONNECTOR = SCENES["connector gathered | linked | hub"]


@pytest.fixture(scope="module")
def theatre(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """With every scene that is compared played once before anything is planted."""
    with stage(tmp_path_factory.mktemp("rig")) as found:
        for scene in (RUN, MAKE, LOOK, SERVICES):
            found.silent(scene)
        yield found


def notices(theatre: Stage, words: str, scene: Scene, temper: Temper | None = None, cases: int = MOST_CASES) -> bool:
    """Is such an offence found in one of the first cases of a scene, or with a liar of this temper?"""
    for number in range(cases):
        case = Case("rig", scene, number)
        liar = Liar(case.liar_seed(), temper) if temper is not None else None
        played = theatre.hear(scene, liar) if liar is not None else theatre.play(case)
        if any(words in offence for offence in played.offences):
            return True
    return False


def unguarded(call: Callable[[], R], *, what: str, where: str) -> R | FabricError:
    """Only what was foreseen is the error of one cluster or link."""
    try:
        return call()
    except FabricError as problem:
        return problem


def picky(state: ClusterState) -> ClusterState:
    """A parser that has not foreseen that a cluster may hold something odd."""
    for side in state.sides.values():
        if len(side.configurations) != 1 or [held.value for held in side.connections] != ["Connected"]:
            raise ValueError("this cannot be")
    return state


def test_an_exception_that_no_one_foresaw(theatre: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the guard it is an error of one cluster; without it ends the module."""
    parse = parse_cluster
    monkeypatch.setattr(read, "parse_cluster", lambda *given: picky(parse(*given)))
    assert not notices(theatre, "", LOOK, cases=6)
    monkeypatch.setattr(parallel, "attempt", unguarded)
    assert notices(theatre, "has a bug", LOOK)


def test_writes_of_which_the_result_says_nothing(theatre: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_given: Any) -> Any:
        raise RuntimeError("after everything was written")

    monkeypatch.setattr(reconcile, "link_report", broken)
    assert notices(theatre, "no account of", RUN)


def test_a_result_that_calls_a_run_with_writes_unchanged(theatre: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(report.Report, "changed", False)
    assert notices(theatre, "says that nothing changed", RUN)


def test_one_cluster_decides_over_the_links_of_others(theatre: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """As soon as some cluster has fewer links than others, no link is repaired."""
    plan = reconcile._Run._plan_one

    def hesitant(run: Any, intent: Any, states: Any) -> Any:
        found = plan(run, intent, states)
        odd = any(isinstance(state, ClusterState) and len(state.sides) != 3 for state in states.values())
        return replace(found, ops=()) if odd else found

    monkeypatch.setattr(reconcile._Run, "_plan_one", hesitant)
    assert notices(theatre, "it is not the same", RUN)


def test_a_cluster_is_whom_it_says_it_is(theatre: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing checks the id again, and what is read is kept under the id that was reported."""
    parse, declared = parse_cluster, who.Who.read

    def credulous(self: who.Who, api: Any) -> Any:
        return declared(who.Who(self.cluster, any_id=True), api)

    def by_report(raw: Any, _declared: Any) -> ClusterState:
        return parse(raw, parse_cluster_id(raw, "anywhere"))

    monkeypatch.setattr(who.Who, "read", credulous)
    monkeypatch.setattr(read, "parse_cluster", by_report)
    assert notices(theatre, "it is not the same", MAKE, Temper(scheme="impersonates"), cases=1)


def test_texts_that_are_let_in_and_out_as_they_are(theatre: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each of the two doors is enough."""
    monkeypatch.setattr(door, "_may_harm", lambda *_given: False)
    assert not notices(theatre, "", CONNECTOR)
    monkeypatch.setattr(terminal, "_letters", lambda text, _kept: text)
    assert notices(theatre, "a control character or lone surrogate in the result", CONNECTOR)
    assert notices(theatre, " in the text: ", CONNECTOR)


def test_a_follower_that_dies(theatre: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    def frail(self: follower.Follower) -> None:
        self._go_on(self._scope.resource_version)

    monkeypatch.setattr(follower.Follower, "_keep_current", frail)
    assert notices(theatre, "a thread that died", MAKE, Temper(honest_first=1))


def test_a_service_whose_way_another_leaf_decides(theatre: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where some leaf has a crowd of endpoints, nothing is done for any Service."""
    plan = plan_services

    def anxious(want: Any, world: Any) -> Any:
        services = [one for one in world.values() if not isinstance(one, FabricError)]
        odd = any(len(held.endpoints) > 20 for one in services for held in one.slices)
        return tuple(replace(one, ops=()) for one in plan(want, world)) if odd else plan(want, world)

    monkeypatch.setattr(propagate, "plan_services", anxious)
    assert notices(theatre, "it is not the same", SERVICES, Temper(scheme="has pods"), cases=1)
