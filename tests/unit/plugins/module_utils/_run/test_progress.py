# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where progress goes: into a file that somebody has made, or nowhere; and no run is the worse for it."""

from __future__ import annotations

import os
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.errors import FabricError, not_understood
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.model import Pair
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.objects import FactName
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.operations import LinkPlan
from ansible_collections.liqo.fabric.plugins.module_utils._run import progress as module
from ansible_collections.liqo.fabric.plugins.module_utils._run.act import execute_all
from ansible_collections.liqo.fabric.plugins.module_utils._run.progress import (
    SILENT,
    VARIABLE,
    Progress,
    Told,
    progress,
)

from tests.unit.build import cluster_id, pair, side
from tests.unit.planning import fact

AC = pair("leaf-a", "leaf-c")
CONNECTED = fact(FactName.CONNECTED, "leaf-a", "leaf-c")


class OneSide:
    """A world in which the two clusters are linked by everything but a Connection."""

    count = 0

    def __getitem__(self, cluster: str) -> Any:
        return self

    def __contains__(self, cluster: object) -> bool:
        return False

    api = type("Api", (), {"url": "https://leaf-a"})

    def follow(self, resources: object) -> None:
        pass

    def side(self, peer: str) -> Any:
        return side("leaf-a", "leaf-c")

    def changes(self, pair: object) -> Any:
        return self

    def wait_beyond(self, count: int, *, timeout_s: float) -> bool:
        return False


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.mark.parametrize("asked", ["", "/nowhere/lines"])
def test_a_run_that_nobody_follows_is_silent(asked: str) -> None:
    with progress({VARIABLE: asked} if asked else {}) as told:
        assert told is SILENT


def test_a_pipe_without_a_reader_does_not_stop_the_run(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "lines")
    with progress({VARIABLE: str(tmp_path / "lines")}) as told:
        assert told is SILENT


def test_a_link_that_is_done_is_told_while_another_one_waits() -> None:
    done, seen = threading.Event(), []

    class Heard(Progress):
        def ended(self, ended: Pair, failure: FabricError | None, *, again: bool) -> None:
            seen.append((ended, failure is None))
            done.set()

    class Patient(OneSide):
        def wait_beyond(self, count: int, *, timeout_s: float) -> bool:
            assert done.wait(20)
            return False

    never = replace(CONNECTED, newer_than="2999-01-01T00:00:00Z")
    plans = [LinkPlan(pair=AC, goals=(never,)), LinkPlan(pair=pair())]
    world: Any = Patient()
    execute_all(plans, world, parallel=2, timeout_s=30, wait=True, progress=Heard())
    assert seen == [(pair(), True), (AC, False)]


def test_no_file_is_made(tmp_path: Path) -> None:
    with progress({VARIABLE: str(tmp_path / "lines")}) as told:
        assert told is SILENT
    assert list(tmp_path.iterdir()) == []


def test_lines_are_appended_to_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "lines"
    file.write_text("first\n")
    monkeypatch.setattr(module, "TICK_S", 0.01)
    with progress({VARIABLE: str(file)}) as told:
        assert isinstance(told, Told)
        written = file.stat().st_size
        monkeypatch.setattr(told, "lines", lambda: ["  second"] if file.stat().st_size == written else [])
        while file.stat().st_size == written:
            pass
    assert file.read_text() == "first\n  second\n"


def test_a_listener_that_is_gone_is_told_nothing_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "TICK_S", 0.01)
    asked: list[list[str]] = []

    def refuse(lines: list[str]) -> bool:
        asked.append(lines)
        return False

    told = Told(refuse)
    monkeypatch.setattr(told, "lines", lambda: ["line"])
    with told:
        told._thread.join()
    assert asked == [["line"]]


def test_a_link_that_waits_in_vain_says_so_meanwhile_and_at_its_end(clock: Clock) -> None:
    told = Told(lambda _lines: True, clock=clock)
    plan = LinkPlan(pair=AC, goals=(CONNECTED,))
    world: Any = OneSide()
    told.links([plan], world)
    told.waits(AC, [CONNECTED])
    clock.now = 7
    (meanwhile,) = told.lines()
    assert meanwhile.startswith("  leaf-a <-> leaf-c: waits until leaf-a is connected to leaf-c (")
    assert meanwhile.endswith("), 7 s")


def test_a_cluster_that_sends_junk_is_shown_with_the_reason(clock: Clock) -> None:
    class Junk(OneSide):
        def side(self, peer: str) -> Any:
            raise not_understood(ValueError(), what="cannot follow it", where="leaf-a")

    told = Told(lambda _lines: True, clock=clock)
    world: Any = Junk()
    told.links([LinkPlan(pair=AC, goals=(CONNECTED,))], world)
    told.waits(AC, [CONNECTED])
    clock.now = 7
    (line,) = told.lines()
    assert "cannot be understood (ValueError)" in line


@pytest.mark.parametrize("links", [1, 20])
def test_no_event_waits_while_a_cluster_is_looked_at(links: int, clock: Clock) -> None:
    ended = list[bool]()

    class Large(OneSide):
        def side(self, peer: str) -> Any:
            event = threading.Thread(target=told.wrote, args=[AC, 1], daemon=True)
            event.start()
            event.join(5)
            ended.append(not event.is_alive())
            return super().side(peer)

    told = Told(lambda _lines: True, clock=clock)
    world: Any = Large()
    others = [LinkPlan(pair=pair("leaf-a", f"other-{number}")) for number in range(links - 1)]
    told.links([LinkPlan(pair=AC, goals=(CONNECTED,)), *others], world)
    told.waits(AC, [CONNECTED])
    clock.now = 12
    assert told.lines()
    assert ended == [True]


def test_a_line_that_cannot_be_made_does_not_end_the_progress(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "TICK_S", 0.01)
    told_lines: list[list[str]] = []
    turns = iter([ValueError(), TypeError()])

    def lines() -> list[str]:
        for problem in turns:
            raise problem
        return ["at last"]

    def tell(lines: list[str]) -> bool:
        told_lines.append(lines)
        return False

    told = Told(tell)
    monkeypatch.setattr(told, "lines", lines)
    with told:
        told._thread.join(10)
    assert told_lines == [["at last"]]


def test_reading_is_told_even_when_it_fails(clock: Clock) -> None:
    told = Told(lambda _lines: True, clock=clock)
    during: list[str] = []

    def read(cluster: str) -> str:
        clock.now += 6
        during.extend(told.lines())
        if cluster == "leaf-b":
            raise ValueError(cluster)
        return f"{cluster} read"

    call = told.reading(read, ["leaf-a", "leaf-b", "leaf-c"], cluster_id)
    assert call("leaf-a") == "leaf-a read"
    with pytest.raises(ValueError, match="leaf-b"):
        call("leaf-b")
    clock.now += 6
    call("leaf-c")
    assert during == [
        "  0 of 3 clusters read, waits for leaf-a, 6 s",
        "  2 of 3 clusters read, waits for leaf-c, 6 s",
    ]


def test_the_silent_one_hands_calls_on_unchanged() -> None:
    assert SILENT.reading(len, ["a"], cluster_id) is len
