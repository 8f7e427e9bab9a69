# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run that takes long says, with times as plain numbers."""

from __future__ import annotations

from ansible_collections.liqo.fabric.plugins.module_utils._fabric.model import Pair
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.objects import Fact, FactName, Kind
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.operations import Op, Verb
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.progress import (
    LONGEST_LINE,
    MANY_LINKS,
    QUIET_S,
    REPEAT_S,
    Story,
)
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.build import cluster_id, pair
from tests.unit.planning import fact

ENDPOINT = fact(FactName.ENDPOINT, "leaf-a", "leaf-c")
CONNECTED = fact(FactName.CONNECTED, "leaf-a", "leaf-c")
AC = pair("leaf-a", "leaf-c")
CREATE = Op(
    cluster=cluster_id("leaf-c"),
    peer=cluster_id("leaf-a"),
    verb=Verb.CREATE,
    kind=Kind.CLIENT,
    name="leaf-a",
    reason="it is missing",
)


def look(awaited: Fact) -> str:
    return f"no {awaited.name} yet"


def story(writes: int = 8) -> Story:
    """One link that began at 0, together with the run."""
    begun = Story(0)
    begun.links({AC: writes}, 0)
    return begun


def test_a_quick_run_says_nothing() -> None:
    run = story()
    run.wrote(AC, 3)
    run.waits(AC, [ENDPOINT], 1)
    assert run.lines(QUIET_S - 0.1, look) == []
    run.ended(AC, now=QUIET_S - 0.1)
    assert run.lines(100, look) == []


def test_a_wait_names_who_is_awaited_and_the_state_seen_last() -> None:
    run = story()
    run.wrote(AC, 3)
    run.waits(AC, [ENDPOINT, CONNECTED], 1)
    (line,) = run.lines(13, look)
    assert line == (
        "  leaf-a <-> leaf-c: 3 of 8 writes, waits until leaf-a advertises an endpoint to leaf-c (no endpoint yet) "
        "and 1 more, 12 s"
    )


def test_the_state_is_looked_at_when_the_line_is_said() -> None:
    run = story(writes=0)
    run.waits(AC, [CONNECTED], 0)
    assert run.lines(10, lambda _fact: "Connection Connecting") == [
        "  leaf-a <-> leaf-c: waits until leaf-a is connected to leaf-c (Connection Connecting), 10 s"
    ]
    assert "Connection Error" in run.lines(20, lambda _fact: "Connection Error")[0]


def test_why_a_gateway_does_not_start_is_said_at_once_and_as_long_as_it_is_so() -> None:
    told = story()
    told.waits(AC, [CONNECTED], 0)
    assert len(told.lines(5, look)) == 1
    told.because(AC, "quota: no pods")
    assert told.lines(6, look) == [f"  {AC}: 0 of 8 writes, waits until {CONNECTED} (quota: no pods), 6 s"]
    told.because(AC, "quota: no pods")
    assert told.lines(7, look) == []
    assert "(quota: no pods)" in told.lines(17, look)[0]
    told.because(AC, "")
    assert "quota" not in told.lines(28, look)[0]
    told.because(AC, "quota: no pods")
    told.waits(AC, [ENDPOINT], 29)
    assert "quota" not in told.lines(40, look)[0]


def test_a_write_without_an_answer_names_the_cluster() -> None:
    run = story()
    run.waits(AC, [CREATE], 0)
    (line,) = run.lines(6, look)
    assert line.endswith("0 of 8 writes, waits for the answer of leaf-c to create GatewayClient leaf-a, 6 s")


def test_a_wait_is_said_again_only_after_a_while_and_a_step_at_once() -> None:
    run = story()
    run.waits(AC, [ENDPOINT], 0)
    assert len(run.lines(6, look)) == 1
    assert run.lines(7, look) == []
    assert run.lines(6 + REPEAT_S - 0.1, look) == []
    assert len(run.lines(6 + REPEAT_S, look)) == 1
    run.wrote(AC, 4)
    assert len(run.lines(6 + REPEAT_S + 1, look)) == 1
    run.wrote(AC, 4)
    assert run.lines(6 + REPEAT_S + 2, look) == []


def test_the_time_counts_from_the_begin_of_this_wait() -> None:
    run = story()
    run.waits(AC, [ENDPOINT], 0)
    run.waits(AC, [CONNECTED], 20)
    run.waits(AC, [CONNECTED], 25)
    assert run.lines(30, look)[0].endswith(", 10 s")


def test_every_end_is_said_once() -> None:
    other = pair("leaf-a", "leaf-b")
    third = pair("leaf-b", "leaf-c")
    run = story()
    run.links({other: 2, third: 1}, 0)
    run.wrote(AC, 8)
    run.ended(AC, now=20)
    run.ended(other, failure="cannot create it: no rights", now=20)
    run.ended(third, failure="its fields have changed", again=True, now=20)
    assert run.lines(21, look) == [
        "  leaf-a <-> leaf-c: done, 8 of 8 writes",
        "  leaf-a <-> leaf-b: failed: cannot create it: no rights",
        "  leaf-b <-> leaf-c: to be planned again: its fields have changed",
    ]
    assert run.lines(60, look) == []


def test_a_link_that_is_planned_again_begins_anew() -> None:
    run = story()
    run.wrote(AC, 8)
    run.ended(AC, failure="it is gone", again=True, now=20)
    run.lines(21, look)
    run.links({AC: 2}, 22)
    run.wrote(AC, 1)
    assert run.lines(23, look) == ["  leaf-a <-> leaf-c: 1 of 2 writes"]


def test_a_wait_that_has_only_begun_is_not_said_though_the_run_is_long() -> None:
    run = story()
    run.waits(AC, [ENDPOINT], 30)
    run.reading(2, 30)
    run.asks(cluster_id("leaf-a"), 30)
    assert run.lines(34, look) == []
    assert len(run.lines(35, look)) == 2


def test_reading_names_the_clusters_that_have_not_answered() -> None:
    run = Story(0)
    run.reading(300, 0)
    for number, name in enumerate(["leaf-x", "leaf-a", "leaf-b", "leaf-c", "leaf-d"]):
        run.asks(cluster_id(name), number)
    run.answered(cluster_id("leaf-d"))
    assert run.lines(4.9, look) == []
    assert run.lines(5, look) == ["  1 of 300 clusters read, waits for leaf-x, leaf-a, leaf-b and 1 more, 5 s"]
    assert run.lines(14, look) == []
    for name in ("leaf-x", "leaf-a", "leaf-b"):
        run.answered(cluster_id(name))
    assert run.lines(15, look) == ["  4 of 300 clusters read, waits for leaf-c, 12 s"]
    run.answered(cluster_id("leaf-c"))
    assert run.lines(99, look) == []


def many(count: int = 300) -> tuple[Story, list[Pair]]:
    pairs = [pair(f"leaf-{number:03}", "m") for number in range(count)]
    run = Story(0)
    run.links(dict.fromkeys(pairs, 8), 0)
    return run, pairs


def test_many_links_share_one_line_that_names_who_holds_up_most() -> None:
    run, pairs = many()
    for each in pairs[:120]:
        run.ended(each, now=3)
    for each in pairs[120:122]:
        run.ended(each, failure="no rights", now=3)
    for number, each in enumerate(pairs[122:]):
        awaited = cluster_id("m") if number < 100 else each.a if number < 103 else cluster_id("x")
        run.waits(each, [Fact(name=FactName.ENDPOINT, cluster=awaited, peer=each.a)], 4 + number / 1000)
    (line,) = run.lines(34, look)
    assert line == (
        "  120 of 300 links done, 2 failed, 178 under way: 100 wait for m (no endpoint yet, 30 s), "
        "75 wait for x (no endpoint yet, 30 s), 1 wait for leaf-222 (no endpoint yet, 30 s), 2 for 2 other clusters"
    )
    assert run.lines(34 + REPEAT_S - 1, look) == []
    assert len(run.lines(34 + REPEAT_S, look)) == 1


def test_many_links_that_are_all_over_are_no_news() -> None:
    run, pairs = many(MANY_LINKS + 1)
    for each in pairs:
        run.ended(each, now=20)
    assert run.lines(21, look) == []


EVENTS = st.one_of(
    st.tuples(st.just("wrote"), st.integers(0, 14), st.integers(0, 8)),
    st.tuples(st.just("waits"), st.integers(0, 14), st.sampled_from([ENDPOINT, CONNECTED, CREATE])),
    st.tuples(st.just("ended"), st.integers(0, 14), st.sampled_from([None, "no\nrights"])),
    st.tuples(st.just("tick"), st.just(0), st.floats(0, 3)),
)


@given(count=st.integers(1, 15), events=st.lists(EVENTS, max_size=80))
def test_output_stays_small_whatever_happens(count: int, events: list[tuple[str, int, object]]) -> None:
    run, pairs = many(count)
    now, said, steps = 0.0, 0, 0
    for kind, number, what in events:
        each = pairs[number % count]
        if kind == "wrote":
            run.wrote(each, what)  # type: ignore[arg-type]
        elif kind == "waits":
            run.waits(each, [what], now)  # type: ignore[list-item]
        elif kind == "ended":
            steps += 1
            run.ended(each, failure=what, now=now)  # type: ignore[arg-type]
        else:
            now += what  # type: ignore[operator]
            lines = run.lines(now, look)
            assert not lines or now >= QUIET_S
            assert all(line.isprintable() and len(line) <= LONGEST_LINE for line in lines)
            said += len(lines)
    repeats = 1 + now // REPEAT_S
    allowed = repeats if count > MANY_LINKS else count * (repeats + 8) + steps
    assert said <= allowed
