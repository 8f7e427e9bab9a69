# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A leaf that answers late, or whose links never come up, takes neither the places nor the rounds of the others.

There is one place, and the slow one comes first; it ends when the others have. Without a place of their own they would
never begin, and the slow one would give up.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from itertools import combinations
from typing import Any

import pytest
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.errors import FailureName
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.model import ClusterId, Pair, State
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.operations import LinkPlan, Op
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.report import Report
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.resources import Resource
from ansible_collections.liqo.fabric.plugins.module_utils._kube.answers import Answer
from ansible_collections.liqo.fabric.plugins.module_utils._kube.limits import DEFAULT
from ansible_collections.liqo.fabric.plugins.module_utils._run import act, parallel
from ansible_collections.liqo.fabric.plugins.module_utils._run import reconcile as reconcile_module
from ansible_collections.liqo.fabric.plugins.module_utils._run.reconcile import Limits, reconcile
from ansible_collections.liqo.fabric.plugins.module_utils._run.world import World as Feeds

from tests.unit.offloaded import offloaded
from tests.unit.offloaded import run as propagated
from tests.unit.pretend_api import PretendApi
from tests.unit.three_leaves import AB, AC, BC, World, drifted, fabric_of, of

PATIENCE_S = 30.0


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setattr(parallel, "HOLD_S", 0.0)

    monkeypatch.setattr(parallel, "TURN_S", 0.01)
    monkeypatch.setattr(reconcile_module, "STALE_PAUSE_S", 0.0)
    return drifted()


def one_at_a_time(world: World) -> Report:
    apis = {ClusterId(name): api.as_api() for name, api in world.items()}
    limits = Limits(wait_timeout_s=PATIENCE_S, parallel_links=1, parallel_clusters=1)
    return reconcile(fabric_of(), apis, limits=limits, check_mode=False)


def test_a_cluster_that_answers_late_is_not_waited_for_before_another_one_is_read(world: World) -> None:
    others, waited = threading.Semaphore(0), list[bool]()

    def late(verb: str, _resource: object) -> None:
        if verb == "list" and not waited:
            waited.append(all(others.acquire(timeout=PATIENCE_S) for _cluster in range(2)))

    def told(verb: str, _resource: object) -> None:
        others.release()

    world["leaf-a"].refuse = late
    world["leaf-b"].refuse = told
    world["leaf-c"].refuse = told
    report = one_at_a_time(world)
    assert waited == [True]
    assert [of(report, one).outcome for one in (AB, AC, BC)] == ["in_sync", "repaired", "in_sync"]


def test_a_link_that_does_not_come_up_is_not_waited_for_before_another_one_begins(world: World) -> None:
    status = world["leaf-b"].one("Connection", "gw-leaf-a", "liqo-tenant-leaf-a")["status"]
    status["value"] = "Connecting"

    def comes_up(verb: str, _resource: object) -> None:
        if verb == "update":
            status["value"] = "Connected"

    world["leaf-c"].refuse = comes_up
    report = one_at_a_time(world)
    assert [of(report, one).outcome for one in (AB, AC, BC)] == ["in_sync", "repaired", "in_sync"]


class Limited(PretendApi):
    """Answers only what is asked within a limit of time for all of it."""

    def within(self, seconds: float) -> PretendApi:
        assert seconds == DEFAULT.reading_s
        limited = PretendApi(self.cluster, [])
        limited.store = self.store
        return limited

    def request(self, **_given: object) -> Answer:
        pytest.fail(f"a request to {self.cluster} without a limit")

    def _ask(self, verb: str, resource: Resource) -> None:
        pytest.fail(f"{verb} {resource} of {self.cluster} without a limit")


@pytest.mark.parametrize("state", [State.PRESENT, State.ABSENT, State.EXACT, State.GATHERED])
def test_all_that_is_read_of_one_cluster_has_one_limit_of_time_together(world: World, state: State) -> None:
    limited = {name: Limited(name, api.store.values()) for name, api in world.items()}
    apis = {ClusterId(name): api.as_api() for name, api in limited.items()}
    report = reconcile(replace(fabric_of(), state=state), apis, limits=Limits(), check_mode=True)
    assert [link.failure for link in report.links] == [None] * 3
    assert report.changed is (state is not State.GATHERED)


def test_all_that_is_read_of_services_has_one_limit_of_time_together() -> None:
    limited = {name: Limited(name, api.store.values()) for name, api in offloaded().items()}
    assert propagated(limited, check_mode=True)["failures"] == []


def test_the_writes_of_one_link_have_a_limit_of_time_together(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """leaf-b says that it holds thousands of keys for leaf-a, and answers each deletion a minute later."""
    key = world["leaf-b"].one("PublicKey", "leaf-a", "liqo-tenant-leaf-a")
    for number in range(1000):
        world["leaf-b"].put({**key, "metadata": {**key["metadata"], "name": f"key-{number}", "uid": f"key {number}"}})
    later, lock, monotonic = [0.0], threading.Lock(), time.monotonic

    def late(verb: str, _resource: object) -> None:
        with lock:
            later[0] += 60.0 * (verb == "delete")

    monkeypatch.setattr(time, "monotonic", lambda: monotonic() + later[0])
    world["leaf-b"].refuse = late
    report = reconcile(
        replace(fabric_of(pairs=[AB]), state=State.ABSENT),
        {ClusterId(name): api.as_api() for name, api in world.items()},
        limits=Limits(wait_timeout_s=PATIENCE_S),
        check_mode=False,
    )
    failure = of(report, AB).failure
    assert failure is not None
    assert failure.fault is FailureName.LIMIT_REACHED
    assert sum(op.cluster == "leaf-b" for op in of(report, AB).done) < 30


def test_the_links_of_one_cluster_do_not_take_all_places_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    begun = list[Pair]()
    monkeypatch.setattr(act._Work, "carry_out", lambda work: begun.append(work.plan.pair))
    pairs = [Pair.of(*map(ClusterId, ends)) for ends in combinations("abcdefgh", 2)]
    plans = [LinkPlan(pair=one) for one in pairs]
    results = act.execute_all(plans, Feeds({}), parallel=1, timeout_s=PATIENCE_S, wait=True)
    assert len(results) == len(pairs) == len(begun)
    assert set(begun) == set(pairs)
    for cluster in "abcdefgh":
        assert max(sum(cluster in one for one in begun[at : at + 4]) for at in range(len(begun))) <= 2


def test_a_link_that_waits_long_takes_no_time_from_one_whose_plan_is_made_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another run forestalls leaf-c as often as may be, while other links wait for minutes in each round."""
    forestalled, later = [True] * (2 * reconcile_module.ROUNDS), [0.0]
    execute_all, monotonic = act.execute_all, time.monotonic

    def write(op: Op, world: Feeds, write: Callable[[Op, Feeds], bool] = act.write) -> bool:
        if forestalled:
            forestalled.pop()
            raise act.StalePlan(what="w", where="x", why="y", next="z")
        return write(op, world)

    def minutes_later(*given: Any, **options: Any) -> list[act.Result]:
        results = execute_all(*given, **options)
        later[0] += 10 * PATIENCE_S
        return results

    monkeypatch.setattr(time, "monotonic", lambda: monotonic() + later[0])
    monkeypatch.setattr(act, "execute_all", minutes_later)
    monkeypatch.setattr(act, "write", write)
    report = one_at_a_time(world)
    assert forestalled == []
    assert of(report, AC).outcome == "repaired", of(report, AC).failure
