# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""When collected things are handed over, by a clock that the tests set."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.debounce import Debouncer, Moment
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.strategies import law

START = datetime(2026, 1, 1, tzinfo=UTC)


def at(seconds: float) -> Moment:
    return Moment(monotonic=1000 + seconds, wall=START + timedelta(seconds=seconds))


def new() -> Debouncer[str]:
    return Debouncer(debounce_s=2, max_delay_s=15)


def test_nothing_is_never_due() -> None:
    assert new().due_in(1e9) is None
    assert new().take(1e9) is None


def test_what_comes_shortly_after_each_other_is_one_batch() -> None:
    collected = new()
    collected.add("a", at(0))
    collected.add("b", at(1.5))
    assert collected.due_in(at(2).monotonic) == pytest.approx(1.5)
    assert collected.take(at(3.4).monotonic) is None
    batch = collected.take(at(3.5).monotonic)
    assert batch is not None
    assert (batch.items, batch.first, batch.last) == (("a", "b"), at(0).wall, at(1.5).wall)
    assert collected.due_in(at(4).monotonic) is None


def test_what_never_stops_is_handed_over_in_time() -> None:
    collected = new()
    for second in range(15):
        collected.add(str(second), at(second))
        assert collected.take(at(second).monotonic) is None
    batch = collected.take(at(15).monotonic)
    assert batch is not None
    assert len(batch.items) == 15


@law
@given(gaps=st.lists(st.floats(0, 6), min_size=1, max_size=30))
def test_nothing_is_lost_doubled_late_or_out_of_order(gaps: list[float]) -> None:
    """Whoever sleeps for exactly ``due_in`` gets each item within the longest delay."""
    collected: Debouncer[int] = Debouncer(debounce_s=2, max_delay_s=15)
    now = 0.0
    got: list[int] = []
    arrived: list[float] = []

    def sleep_until(moment: float) -> None:
        nonlocal now
        while True:
            due = collected.due_in(1000 + now)
            if due is None or now + due > moment:
                now = moment
                return
            now += due
            batch = collected.take(1000 + now + 1e-6)
            assert batch is not None
            got.extend(batch.items)
            assert all(now - arrived[item] <= 15 + 1e-3 for item in batch.items)
            quiet = now - arrived[batch.items[-1]] >= 2 - 1e-3
            assert quiet or now - arrived[batch.items[0]] >= 15 - 1e-3

    for number, gap in enumerate(gaps):
        sleep_until(now + gap)
        arrived.append(now)
        collected.add(number, at(now))
    sleep_until(now + 100)
    assert got == list(range(len(gaps)))


def test_a_batch_that_is_taken_early_is_whole_and_an_empty_one_is_none() -> None:
    collected = new()
    assert collected.take(at(0).monotonic, early=True) is None
    collected.add("a", at(0))
    assert collected.take(at(1).monotonic) is None
    batch = collected.take(at(1).monotonic, early=True)
    assert batch is not None
    assert batch.items == ("a",)
    assert collected.due_in(at(1).monotonic) is None
