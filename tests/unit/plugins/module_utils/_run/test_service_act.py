# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Operations of Services in their order, and waiting for Liqo: each cluster by itself, with a time of its own."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable, Mapping
from types import SimpleNamespace
from typing import Any, cast

import pytest
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.model import ClusterId
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.objects import Meta
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.operations import Verb
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.propagation.model import Origin, Slice
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.propagation.operations import (
    FactName,
    SliceFact,
    SliceKind,
    SliceOp,
)
from ansible_collections.liqo.fabric.plugins.module_utils._kube.client import Api
from ansible_collections.liqo.fabric.plugins.module_utils._kube.limits import DEFAULT
from ansible_collections.liqo.fabric.plugins.module_utils._run import service_act
from ansible_collections.liqo.fabric.plugins.module_utils._run.world import Changes

from tests.unit import build
from tests.unit.offloaded import HUB, NAMES, PLACE

A, B = ClusterId("leaf-a"), ClusterId("leaf-b")
PATIENCE_S = 20.0


class Following:
    """A leaf on which Liqo follows a moment after each write, by one more slice."""

    unusable = None

    def __init__(self, changes: Changes) -> None:
        self.changes = changes
        self.made: tuple[Slice, ...] = ()

    def slices(self) -> tuple[Slice, ...]:
        return self.made

    def follow(self, name: str) -> None:
        self.made += (Slice(meta=Meta(name=name, namespace=PLACE), service="web", origin=Origin.OURS),)
        self.changes.add()


def a_fact(leaf: str, name: str) -> SliceFact:
    return SliceFact(
        name=FactName.MIRRORED, cluster=ClusterId(leaf), hub=HUB, namespace=PLACE, service="web", slice=name
    )


def a_write(leaf: str, name: str, *awaited: str, after: tuple[SliceOp | str, ...] = ()) -> SliceOp:
    return SliceOp(
        cluster=ClusterId(leaf),
        peer=HUB,
        verb=Verb.DELETE,
        kind=SliceKind.SHADOW,
        name=name,
        namespace=PLACE,
        reason="a test",
        needs=frozenset(one if isinstance(one, str) else one.id for one in after),
        awaits=tuple(a_fact(leaf, one) for one in awaited),
    )


def working(
    feeds: dict[str, Any],
    changes: Mapping[str, Any],
    within: Callable[[float], Any] = lambda _seconds: None,
    **patience_s: float,
) -> service_act._Run:
    reading = SimpleNamespace(
        services=SimpleNamespace(state=build.cluster("leaf-a")),
        who=SimpleNamespace(confirm=lambda _api: None),
        api=SimpleNamespace(within=within),
    )
    left_s = {ClusterId(name): patience_s.get(name[-1], PATIENCE_S) for name in NAMES}
    return service_act._Run(cast(Any, dict.fromkeys(NAMES, reading)), cast(Any, feeds), cast(Any, changes), left_s)


def test_writes_that_one_leaf_answers_late_take_no_time_from_the_steps_of_another(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    changes = Changes()
    feed = Following(changes)
    others_are_done = threading.Event()

    def write(op: SliceOp, _api: Api) -> None:
        if op.cluster == "leaf-b":
            others_are_done.wait(PATIENCE_S)
            return
        threading.Timer(0.1, feed.follow, [op.name]).start()
        if op.name == "last":
            others_are_done.set()

    monkeypatch.setattr(service_act, "write", write)
    ops = [a_write("leaf-b", "late"), a_write("leaf-a", "first"), a_write("leaf-a", "next", "first")]
    ops.append(a_write("leaf-a", "last", "next"))
    run_of_it = working({"leaf-a": feed}, {"leaf-a": changes, "leaf-b": Changes()})
    run_of_it.carry_out_all(ops)
    assert run_of_it.failures == {}
    assert others_are_done.is_set()
    assert {op.name for op in run_of_it.done} == {"late", "first", "next", "last"}


@pytest.mark.parametrize("needs", ["each other", "one of another cluster", "itself"])
def test_operations_that_cannot_be_brought_into_an_order_fail_and_no_others(
    needs: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service_act, "write", lambda _op, _api: None)
    one, other, third = a_write("leaf-b", "one"), a_write("leaf-b", "other"), a_write("leaf-a", "third")
    one = a_write("leaf-b", "one", after=(other if needs == "each other" else third if "another" in needs else one,))
    other = a_write("leaf-b", "other", after=(one,))
    run_of_it = working({}, defaultdict(Changes))
    ended = threading.Thread(target=run_of_it.carry_out_all, args=[[one, third, other]], daemon=True)
    ended.start()
    ended.join(PATIENCE_S)
    assert not ended.is_alive()
    assert run_of_it.done == [third]
    assert run_of_it.failures.keys() == {one.id, other.id}
    assert f"it comes after {next(iter(one.needs))}, which cannot come before it" in str(run_of_it.failures[one.id])


def test_what_is_written_to_one_cluster_has_one_limit_of_time_together(monkeypatch: pytest.MonkeyPatch) -> None:
    used = list[object]()
    monkeypatch.setattr(service_act, "write", lambda _op, api: used.append(api))
    given = iter([f"within {DEFAULT.writing_s}"])
    run_of_it = working(
        {}, defaultdict(Changes), within=lambda seconds: next(given) if seconds == DEFAULT.writing_s else None
    )
    run_of_it.carry_out_all([a_write("leaf-b", str(number)) for number in range(5)])
    assert used == [f"within {DEFAULT.writing_s}"] * 5


class Clock(threading.local):
    """Time passes only while something is waited for; the leaf that is waited for changes every second."""

    now = 0.0
    count = 0

    def monotonic(self) -> float:
        return self.now

    def wait_beyond(self, _count: int, *, timeout_s: float) -> bool:
        self.now += min(1.0, timeout_s)
        self.count += timeout_s >= 1.0
        return timeout_s >= 1.0


class Flipping:
    """The slices of a leaf that are others at every look."""

    unusable = None
    looks = 0

    def slices(self) -> tuple[Slice, ...]:
        self.looks += 1
        meta = Meta(name=f"lf-web.{(self.looks - 1) // 2 % 2}", namespace=PLACE)
        return (Slice(meta=meta, service="web", origin=Origin.OURS),)


class Promising(Flipping):
    """One goal after the other comes true, so that there is always progress."""

    def slices(self) -> tuple[Slice, ...]:
        self.looks += 1
        return tuple(
            Slice(meta=Meta(name=f"lf-web.{number}", namespace=PLACE), service="web", origin=Origin.OURS)
            for number in range(self.looks)
        )


@pytest.mark.parametrize("odd", [Flipping, Promising])
def test_a_leaf_that_never_comes_to_rest_takes_no_time_of_another(
    odd: type[Flipping], monkeypatch: pytest.MonkeyPatch
) -> None:
    clock, feed = Clock(), odd()
    monkeypatch.setattr(service_act, "time", clock)
    quiet = SimpleNamespace(unusable=None, slices=tuple)
    goals = [a_fact("leaf-b", f"lf-web.{number}") for number in range(1000)] + [a_fact("leaf-a", "lf-web.0")]
    run_of_it = working({"leaf-a": quiet, "leaf-b": feed}, {"leaf-a": clock, "leaf-b": clock})
    unmet = run_of_it.await_goals(goals)
    assert goals[-1] in unmet
    assert run_of_it.took_s[A] == pytest.approx(service_act.SETTLE_S)
    assert service_act.SETTLE_S <= run_of_it.took_s[B] <= service_act.LONGEST_S
    assert (run_of_it.took_s[B] > run_of_it.took_s[A]) is (odd is Promising)


def test_each_cluster_is_waited_for_as_long_as_it_has_time(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock()
    monkeypatch.setattr(service_act, "time", clock)
    quiet = SimpleNamespace(unusable=None, slices=tuple)
    run_of_it = working({"leaf-a": quiet, "leaf-b": quiet}, {"leaf-a": clock, "leaf-b": clock}, b=0.5)
    run_of_it.await_goals([a_fact("leaf-a", "x"), a_fact("leaf-b", "x")])
    assert run_of_it.took_s == {A: service_act.SETTLE_S, B: 0.5}


class Counted:
    """The slices of a leaf, none; counts how often they are looked at."""

    unusable = None

    def __init__(self) -> None:
        self.looks = 0
        self.looked_at = threading.Event()

    def slices(self) -> tuple[Slice, ...]:
        self.looks += 1
        self.looked_at.set()
        return ()


def test_changes_of_one_leaf_wake_no_wait_for_another(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service_act, "SETTLE_S", 0.3)
    feeds, changes = {"leaf-a": Counted(), "leaf-b": Counted()}, {"leaf-a": Changes(), "leaf-b": Changes()}
    run_of_it = working(feeds, changes)
    goals = [a_fact(leaf, f"lf-web.{number}") for leaf in ("leaf-a", "leaf-b") for number in range(50)]
    waiting = threading.Thread(target=run_of_it.await_goals, args=[goals], daemon=True)
    waiting.start()
    assert all(feed.looked_at.wait(PATIENCE_S) for feed in feeds.values())
    while waiting.is_alive():
        changes["leaf-b"].add()
    # At the beginning and at the end, whatever the number of goals.
    assert feeds["leaf-a"].looks == 2
    assert feeds["leaf-b"].looks > 2
