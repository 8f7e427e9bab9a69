# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which events are given and when, by a clock that the tests set."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from itertools import combinations, pairwise
from typing import Any

from ansible_collections.liqo.fabric.plugins.module_utils._fabric.backoff import CALM_S, FREE, LONGEST_S
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.changes import Back, Change, Lost, SeenService
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.debounce import Moment
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.errors import Unreachable
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.model import ClusterId
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.outbox import MOST_KEPT, TOGETHER_S, News, Outbox
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.build import cluster_id, pair
from tests.unit.strategies import law

A, B = cluster_id("leaf-a"), cluster_id("leaf-b")
START = datetime(2026, 1, 1, tzinfo=UTC)
HOUR, DAY = 3600, 86400
DEBOUNCE, MAX_DELAY = 2.0, 15.0
Timeline = Iterable[tuple[float, News]]
Given = list[tuple[float, Mapping[str, Any]]]


def down(cluster: str) -> Lost:
    problem = Unreachable(what="cannot list", where=f"{cluster} at x", why="refused", next="start it")
    return Lost(cluster=cluster_id(cluster), problem=problem)


def up(cluster: str) -> Back:
    return Back(cluster=cluster_id(cluster))


def link(one: str, other: str, text: str = "is other") -> Change:
    return Change(cluster=cluster_id(one), reason=f"{one}: {other} {text}", pairs=frozenset({pair(one, other)}))


def outages(cluster: str, every: float, until: float, *, lasting: float = 5) -> list[tuple[float, News]]:
    """A cluster that goes again and again, and comes back after some seconds."""
    found: list[tuple[float, News]] = []
    for number in range(int(until / every)):
        found += [(number * every, down(cluster)), (number * every + lasting, up(cluster))]
    return found


def played(timeline: Timeline, *, until: float) -> Given:
    """What somebody gets who sleeps for exactly ``due_in``, each event with the second in which it was given."""
    outbox = Outbox(debounce_s=DEBOUNCE, max_delay_s=MAX_DELAY)
    found: Given = []
    now = 0.0

    def wait(end: float) -> None:
        nonlocal now
        while (pause := outbox.due_in(now)) is not None and now + pause <= end:
            now += pause
            events = outbox.take(now)
            assert events, "due, and nothing was given"
            found.extend((now, event["liqo"]) for event in events)
        now = end

    for moment, news in sorted(timeline, key=lambda one: one[0]):
        wait(moment)
        outbox.add(news, Moment(monotonic=moment, wall=START + timedelta(seconds=moment)))
    wait(until)
    return found


def of(found: Given, key: str, cluster: str) -> list[float]:
    return [moment for moment, event in found if event.get(key, {}).get("cluster") == cluster]


def about(found: Given, word: str) -> list[float]:
    """When a reason with this word was given."""
    return [moment for moment, event in found if any(word in reason for reason in event.get("reasons", ()))]


def test_one_outage_is_told_at_once_and_its_end_when_it_holds_for_a_moment() -> None:
    found = played([(10, down("leaf-b")), (40, up("leaf-b"))], until=HOUR)
    assert [moment for moment, _event in found] == [10, 40 + DEBOUNCE]
    assert found[1][1]["reachable"]["unreachable_since"] == "2026-01-01T00:00:10.000Z"


def test_a_cluster_that_comes_and_goes_all_day_makes_few_runs() -> None:
    found = played(outages("leaf-b", 20, DAY), until=DAY)
    backs = of(found, "reachable", "leaf-b")
    assert FREE < len(backs) < 24 * HOUR / LONGEST_S + 2 * FREE + 4
    # Each is lost once for each time that it is back.
    assert [key for _moment, event in found for key in event] == ["unreachable", "reachable"] * len(backs) + [
        "unreachable"
    ] * (len(of(found, "unreachable", "leaf-b")) - len(backs))


def test_it_delays_no_outage_of_another_cluster() -> None:
    others: list[tuple[float, News]] = [(HOUR, down("leaf-a")), (HOUR + 7, up("leaf-a"))]
    alone = played(others, until=DAY)
    among = played([*outages("leaf-b", 20, DAY), *others], until=DAY)
    assert [(moment, event) for moment, event in among if "leaf-a" in str(event)] == alone


@law
@given(st.lists(st.floats(0.1, 400), max_size=40), st.lists(st.floats(0.1, 400), max_size=40))
def test_whatever_one_cluster_does_outages_of_another_are_told_in_the_same_seconds(
    ours: list[float], theirs: list[float]
) -> None:
    def flapping(cluster: str, gaps: list[float]) -> list[tuple[float, News]]:
        moments = [sum(gaps[: number + 1]) for number in range(len(gaps))]
        return [(moment, (down, up)[number % 2](cluster)) for number, moment in enumerate(moments)]

    alone = played(flapping("leaf-a", ours), until=DAY)
    among = played([*flapping("leaf-a", ours), *flapping("leaf-b", theirs)], until=DAY)
    for key in ("unreachable", "reachable"):
        assert of(among, key, "leaf-a") == of(alone, key, "leaf-a")
    # In the end everyone knows what is so.
    for cluster, gaps in (("leaf-a", ours), ("leaf-b", theirs)):
        last = [next(iter(event)) for _moment, event in among if cluster in str(event)][-1:]
        assert last == ([] if not gaps else ["unreachable" if len(gaps) % 2 else "reachable"])


def test_after_a_time_of_calm_it_is_told_at_once_again() -> None:
    later = HOUR + 20 * CALM_S
    found = played([*outages("leaf-b", 20, HOUR), (later, down("leaf-b")), (later + 60, up("leaf-b"))], until=DAY)
    assert of(found, "reachable", "leaf-b")[-1] == later + 60 + DEBOUNCE


def flipping(one: str, other: str, every: float, until: float) -> list[tuple[float, News]]:
    return [(number * every, link(one, other, f"is {number}")) for number in range(int(until / every))]


def test_a_link_that_changes_all_day_makes_few_runs_and_delays_no_other_link() -> None:
    single = [(HOUR + 1, link("leaf-a", "leaf-c"))]
    found = played([*flipping("leaf-a", "leaf-b", 5, DAY), *single], until=DAY)
    assert len(about(found, "leaf-b")) < 24 * HOUR / LONGEST_S + 3 * FREE
    assert about(found, "leaf-c") == [HOUR + 1 + DEBOUNCE]


def of_link(found: Given, one: str, other: str) -> list[float]:
    """When an event named this pair."""
    return [moment for moment, event in found if [one, other] in event.get("pairs", ())]


def test_a_change_of_several_links_counts_for_each_of_them_whatever_the_others_are() -> None:
    """One object whose label moves from peer to peer concerns another set of links each time."""
    peers = [f"leaf-{number}" for number in range(2, 26)]
    steps = [peer for both in combinations(peers, 2) for peer in both] * 8
    moves: list[tuple[float, News]] = []
    for number, (old, new) in enumerate(pairwise(steps)):
        pairs = frozenset(pair("leaf-b", peer) for peer in (old, new))
        moves.append((number * 5.0, Change(cluster=B, reason=f"leaf-b: step {number}", pairs=pairs)))
    hours = len(moves) * 5 / HOUR
    assert len({change.pairs for _moment, change in moves if isinstance(change, Change)}) > 250
    found = played([*moves, (HOUR + 1, link("leaf-a", "leaf-c"))], until=len(moves) * 5 + 2 * LONGEST_S)
    for peer in peers:
        assert 0 < len(of_link(found, *pair("leaf-b", peer))) < hours * HOUR / LONGEST_S + 2 * FREE + 4
    assert len(of_link(found, "leaf-a", "leaf-c")) == 1


@law
@given(st.lists(st.tuples(st.floats(0.1, 100), st.sets(st.sampled_from("cdefg"), min_size=1)), max_size=40))
def test_every_link_of_a_change_is_told_in_the_end(steps: list[tuple[float, set[str]]]) -> None:
    timeline: list[tuple[float, News]] = []
    now = 0.0
    for number, (gap, peers) in enumerate(steps):
        now += gap
        pairs = frozenset(pair("leaf-b", f"leaf-{peer}") for peer in peers)
        timeline.append((now, Change(cluster=B, reason=f"change {number}.", pairs=pairs)))
    found = played(timeline, until=now + 2 * LONGEST_S)
    for peer in "cdefg":
        ours = [number for number, (_gap, peers) in enumerate(steps) if peer in peers]
        told = [event for _moment, event in found if ["leaf-b", f"leaf-{peer}"] in event["pairs"]]
        assert bool(told) == bool(ours)
        if ours:
            assert f"change {ours[-1]}." in told[-1]["reasons"]


def test_all_links_of_one_cluster_that_change_all_day_are_told_together() -> None:
    timeline = [one for leaf in range(50) for one in flipping(f"leaf-{leaf}", "leaf-x", 7 + leaf / 10, DAY)]
    found = played(timeline, until=DAY)
    assert len(found) < 24 * HOUR / (LONGEST_S - TOGETHER_S) + 10 * FREE
    assert len(about(found, "leaf-49:")) > 24 * HOUR / LONGEST_S / 2


def test_what_waits_is_told_in_the_end_with_its_first_and_its_last_change() -> None:
    found = played(flipping("leaf-a", "leaf-b", 5, HOUR), until=HOUR + LONGEST_S + TOGETHER_S)
    assert "leaf-a: leaf-b is 719" in found[-1][1]["reasons"]
    assert all(len(event["reasons"]) <= MOST_KEPT for _moment, event in found)
    assert all(event["pairs"] == [["leaf-a", "leaf-b"]] for _moment, event in found)


def test_changes_of_services_are_told_as_they_come() -> None:
    service = SeenService(cluster=A, namespace="shop", name="web")
    changes = [(number * 30.0, Change(cluster=A, reason=f"web {number}", service=service)) for number in range(100)]
    found = played(changes, until=HOUR)
    assert [moment for moment, _event in found] == [moment + DEBOUNCE for moment, _change in changes]


def of_service(cluster: ClusterId, number: int) -> Change:
    service = SeenService(cluster=cluster, namespace="shop", name=f"web-{number}")
    return Change(cluster=cluster, reason=f"{cluster}: web-{number}", service=service)


def test_whatever_one_cluster_tells_a_change_of_another_link_waits_for_the_longest_delay_at_most() -> None:
    """Changes of ever other links, so that none of them has to wait."""
    theirs: list[tuple[float, News]] = [(second, link("leaf-b", f"leaf-{second}")) for second in range(100)]
    for moment in range(20, 40):
        (told,) = about(played([*theirs, (moment + 0.5, link("leaf-a", "leaf-c", "is honest"))], until=HOUR), "honest")
        assert told <= moment + 0.5 + MAX_DELAY


def test_changes_of_services_delay_no_event_about_a_link() -> None:
    single: list[tuple[float, News]] = [(100.2, link("leaf-a", "leaf-c"))]
    storm = [(number * 0.5, of_service(B, number)) for number in range(400)]
    alone, among = played(single, until=HOUR), played([*storm, *single], until=HOUR)
    assert about(among, "leaf-c") == about(alone, "leaf-c") == [100.2 + DEBOUNCE]
    assert about(among, "web-0") == [MAX_DELAY]


def test_what_services_of_others_do_makes_no_event_about_a_link_come_early() -> None:
    """Each event counts for the link; the next one would wait."""
    changing: list[tuple[float, News]] = [(1 + number, link("leaf-a", "leaf-c", f"{number}")) for number in range(5)]
    services: list[tuple[float, News]] = [(number * 2.2, of_service(B, number)) for number in range(4)]
    assert about(played([*services, *changing], until=HOUR), "leaf-c") == [5 + DEBOUNCE]


def test_changes_of_services_that_wait_go_with_those_of_a_link() -> None:
    found = played([(1.5, of_service(A, 1)), (0, link("leaf-a", "leaf-b"))], until=HOUR)
    assert [(moment, event["reasons"]) for moment, event in found] == [
        (DEBOUNCE, ["leaf-a: leaf-b is other", "leaf-a: web-1"])
    ]
    assert (found[0][1]["first_seen"][-7:], found[0][1]["last_seen"][-7:]) == ("00.000Z", "01.500Z")


def test_changes_of_services_wait_for_those_of_a_link_that_came_a_moment_later() -> None:
    found = played([(0, of_service(A, 1)), (0.5, link("leaf-a", "leaf-b"))], until=HOUR)
    assert [(moment, len(event["reasons"])) for moment, event in found] == [(0.5 + DEBOUNCE, 2)]


def test_changes_of_services_wait_for_those_of_links_for_the_longest_delay_at_most() -> None:
    storm = [(number * 0.5, link("leaf-b", f"leaf-{number % 40}")) for number in range(400)]
    (told,) = about(played([*storm, (100.2, of_service(A, 1))], until=HOUR), "web-1")
    assert told <= 100.2 + MAX_DELAY
