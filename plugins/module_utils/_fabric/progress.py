# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a person reads while a run takes long: which link has advanced, and who is awaited with the state seen last.

Times are plain seconds of one clock. Output stays small: nothing at first, one line per step of a link or per
REPEAT_S of a wait, and where there are many links one line per REPEAT_S for all of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from functools import partial
from typing import Union

from .model import ClusterId, Pair
from .objects import Fact
from .operations import Op
from .terminal import one_line

QUIET_S = 5.0
"""A run that is over by then says nothing, and no wait is said before it has lasted so long."""
REPEAT_S = 10.0
"""How often a wait is said again."""
MANY_LINKS = 10
"""With more links than this there is one line for all of them."""
NAMED = 3
"""How many of a longer list are named."""
LONGEST_LINE = 300

Awaited = Union[Fact, Op]
"""A fact that Liqo brings about, or a write that a cluster has to answer."""
Look = Callable[[Fact], str]
"""The state that is seen instead of a fact, for a person."""
Line = Callable[[Look], str]
"""A line to be; made of a copy, so that other events may come meanwhile."""


class _Stage(Enum):
    OPEN = "open"
    DONE = "done"
    AGAIN = "again"
    FAILED = "failed"


@dataclass(slots=True, kw_only=True)
class _Link:
    """One link that has something to do."""

    pair: Pair
    writes: int
    written: int = 0
    awaited: tuple[Awaited, ...] = ()
    since: float
    """When the first of ``awaited`` began to be awaited."""
    because: str = ""
    """Why that takes so long, where more is known than the state seen last."""
    stage: _Stage = _Stage.OPEN
    why: str = ""
    told_at: float
    news: bool = False
    """Something has happened that no line has told yet."""


@dataclass(slots=True, kw_only=True)
class _Reads:
    """One round of reading clusters."""

    count: int
    read: int = 0
    begun: dict[ClusterId, float] = field(default_factory=dict)
    told_at: float


class Story:
    """The events of one run, and the lines that they are worth. Not safe for threads by itself."""

    def __init__(self, started: float) -> None:
        self._loud_from = started + QUIET_S
        self._links: dict[Pair, _Link] = {}
        self._reads: _Reads | None = None
        self._told_at = started - REPEAT_S

    def reading(self, count: int, now: float) -> None:
        """A round of reading ``count`` clusters begins."""
        self._reads = _Reads(count=count, told_at=now - REPEAT_S)

    def asks(self, cluster: ClusterId, now: float) -> None:
        """A cluster is being read."""
        if self._reads is not None:
            self._reads.begun[cluster] = now

    def answered(self, cluster: ClusterId) -> None:
        """A cluster was read, or could not be."""
        if self._reads is not None and self._reads.begun.pop(cluster, None) is not None:
            self._reads.read += 1

    def links(self, writes: Mapping[Pair, int], now: float) -> None:
        """Links with so many writes each are to be worked on; those that are planned again begin anew."""
        for pair, count in writes.items():
            self._links[pair] = _Link(pair=pair, writes=count, since=now, told_at=now - REPEAT_S)

    def wrote(self, pair: Pair, written: int) -> None:
        """So many writes of a link are confirmed by now."""
        link = self._links[pair]
        link.news = link.news or written > link.written
        link.written = max(link.written, written)

    def waits(self, pair: Pair, awaited: Iterable[Awaited], now: float) -> None:
        """A link can go on only when these hold or are answered; the first one is named."""
        link = self._links[pair]
        new = tuple(awaited)
        if new[:1] != link.awaited[:1]:
            link.since, link.because = now, ""
        link.awaited = new

    def because(self, pair: Pair, reason: str) -> None:
        """Why a link waits; a new reason is news."""
        link = self._links[pair]
        link.news = link.news or reason not in ("", link.because)
        link.because = reason

    def ended(self, pair: Pair, *, failure: str | None = None, again: bool = False, now: float) -> None:
        """A link is done, has failed because of ``failure``, or is to be planned again."""
        link = self._links[pair]
        link.stage = _Stage.AGAIN if again else _Stage.DONE if failure is None else _Stage.FAILED
        link.why = failure or ""
        # What ended before anything was to be said is no news later.
        link.news = now >= self._loud_from

    def lines(self, now: float, look: Look) -> list[str]:
        """What is to be said at this moment; saying it is remembered."""
        return [line(look) for line in self.due(now)]

    def due(self, now: float) -> list[Line]:
        """The same, to be looked up later: a look may take long."""
        if now < self._loud_from:
            return []
        of_links = self._summary(now) if len(self._links) > MANY_LINKS else self._link_lines(now)
        return [partial(_shown, line) for line in (*of_links, *self._reading_lines(now))]

    def _reading_lines(self, now: float) -> Iterator[Line]:
        reads = self._reads
        if reads is None or not reads.begun or now - reads.told_at < REPEAT_S:
            return
        oldest = sorted(reads.begun, key=lambda cluster: (reads.begun[cluster], cluster))
        waited = now - reads.begun[oldest[0]]
        if waited < QUIET_S:
            return
        reads.told_at = now
        text = f"{reads.read} of {reads.count} clusters read, waits for {_some(oldest)}, {waited:.0f} s"
        yield lambda _look: text

    def _link_lines(self, now: float) -> Iterator[Line]:
        for link in self._links.values():
            waits = link.stage is _Stage.OPEN and bool(link.awaited) and now - link.since >= QUIET_S
            if link.news or (waits and now - link.told_at >= REPEAT_S):
                link.told_at, link.news = now, False
                yield partial(_link_text, replace(link), now)

    def _summary(self, now: float) -> Iterator[Line]:
        if now - self._told_at < REPEAT_S:
            return
        left = [replace(link) for link in self._links.values() if link.stage is _Stage.OPEN]
        if not left:
            return
        self._told_at = now
        stages = [link.stage for link in self._links.values()]
        parts = [f"{stages.count(_Stage.DONE)} of {len(stages)} links done"]
        for stage, word in ((_Stage.FAILED, "failed"), (_Stage.AGAIN, "to be planned again")):
            parts += [f"{stages.count(stage)} {word}"] if stage in stages else []
        text = ", ".join(parts) + f", {len(left)} under way"
        yield lambda look: text + _awaited_clusters(left, now, look)


def _shown(line: Line, look: Look) -> str:
    return f"  {one_line(line(look), longest=LONGEST_LINE - 2)}"


def _link_text(link: _Link, now: float, look: Look) -> str:
    return f"{link.pair}: {_news(link, now, look)}"


def _news(link: _Link, now: float, look: Look) -> str:
    if link.stage is _Stage.FAILED:
        return f"failed: {link.why}"
    if link.stage is _Stage.AGAIN:
        return f"to be planned again: {link.why}"
    writes = [f"{link.written} of {link.writes} writes"] if link.writes else []
    if link.stage is _Stage.DONE:
        return ", ".join(["done", *writes])
    if not link.awaited:
        return ", ".join(writes)
    first = link.awaited[0]
    more = f" and {len(link.awaited) - 1} more" if len(link.awaited) > 1 else ""
    waits = (
        f"waits for {_answer(first)}"
        if isinstance(first, Op)
        else f"waits until {first} ({link.because or look(first)})"
    )
    return ", ".join([*writes, f"{waits}{more}", f"{now - link.since:.0f} s"])


def _awaited_clusters(links: Iterable[_Link], now: float, look: Look) -> str:
    """Whom the links wait for: the clusters that hold up most, each with the state that is seen for longest."""
    held_up: dict[ClusterId, list[_Link]] = {}
    for link in links:
        if link.awaited:
            held_up.setdefault(link.awaited[0].cluster, []).append(link)
    order = sorted(held_up, key=lambda cluster: (-len(held_up[cluster]), cluster))
    named = []
    for cluster in order[:NAMED]:
        oldest = min(held_up[cluster], key=lambda link: (link.since, link.pair))
        first = oldest.awaited[0]
        seen = _answer(first) if isinstance(first, Op) else oldest.because or look(first)
        named.append(f"{len(held_up[cluster])} wait for {cluster} ({seen}, {now - oldest.since:.0f} s)")
    rest = sum(len(held_up[cluster]) for cluster in order[NAMED:])
    named += [f"{rest} for {len(order) - NAMED} other clusters"] if rest else []
    return f": {', '.join(named)}" if named else ""


def _answer(op: Op) -> str:
    return f"the answer of {op.cluster} to {op.verb.value} {op.kind.value} {op.name}"


def _some(names: list[ClusterId]) -> str:
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return ", ".join(names[:NAMED]) + more
