# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Live progress of a run: events from its threads become lines in a file, when somebody has named one.

Whoever starts a module and wants its progress makes an empty file and names it in the environment. Nothing here can
make a run fail: a file that cannot be written to is a run without progress.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from time import monotonic
from typing import TYPE_CHECKING, TypeVar

from .._fabric.errors import FabricError, attempt
from .._fabric.facts import last_seen
from .._fabric.model import ClusterId, Pair
from .._fabric.objects import Fact
from .._fabric.operations import LinkPlan
from .._fabric.progress import Awaited, Story

if TYPE_CHECKING:
    from .world import World

VARIABLE = "LIQO_FABRIC_PROGRESS"
"""Names the file to which lines are appended."""
TICK_S = 1.0
"""How often it is seen whether there is something to say."""

_T = TypeVar("_T")
_R = TypeVar("_R")


class Progress:
    """Takes events and does nothing with them; of its children one tells them."""

    is_told = False
    """Someone reads it."""

    def reading(
        self, call: Callable[[_T], _R], items: Sequence[_T], cluster: Callable[[_T], ClusterId]
    ) -> _Call[_T, _R]:
        """``call``, which reads one of the clusters of ``items``, so that it is known which have answered."""
        return call

    def links(self, plans: Iterable[LinkPlan], world: World) -> None:
        """The work on these links begins, in this world."""

    def wrote(self, pair: Pair, written: int) -> None:
        """So many writes of a link are confirmed by now."""

    def waits(self, pair: Pair, awaited: Iterable[Awaited]) -> None:
        """A link can go on only when all of these hold or are answered."""

    def because(self, pair: Pair, reason: str) -> None:
        """What keeps a link waiting, where more is known than the state seen last; empty when nothing more is."""

    def ended(self, pair: Pair, failure: FabricError | None, *, again: bool) -> None:
        """The work on a link is over; ``again`` when it is to be planned again."""


SILENT = Progress()


@contextmanager
def progress(environment: Mapping[str, str] | None = None) -> Iterator[Progress]:
    """The progress of one run, told where the environment asks for it."""
    file = _open((os.environ if environment is None else environment).get(VARIABLE, ""))
    if file is None:
        yield SILENT
        return
    try:
        with Told(lambda lines: _write(file, lines)) as told:
            yield told
    finally:
        os.close(file)


class Told(Progress):
    """Hands lines to ``tell``, from a thread of its own, until that says False."""

    is_told = True

    def __init__(self, tell: Callable[[list[str]], bool], *, clock: Callable[[], float] = monotonic) -> None:
        self._tell = tell
        self._clock = clock
        self._lock = threading.Lock()
        self._story = Story(clock())
        self._world: World | None = None
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._keep_telling, name="progress", daemon=True)

    def __enter__(self) -> Told:
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._over.set()
        self._thread.join()

    def reading(
        self, call: Callable[[_T], _R], items: Sequence[_T], cluster: Callable[[_T], ClusterId]
    ) -> _Call[_T, _R]:
        with self._lock:
            self._story.reading(len(items), self._clock())

        def watched(item: _T) -> _R:
            with self._lock:
                self._story.asks(cluster(item), self._clock())
            try:
                return call(item)
            finally:
                with self._lock:
                    self._story.answered(cluster(item))

        return watched

    def links(self, plans: Iterable[LinkPlan], world: World) -> None:
        with self._lock:
            self._world = world
            self._story.links({plan.pair: len(plan.ops) for plan in plans}, self._clock())

    def wrote(self, pair: Pair, written: int) -> None:
        with self._lock:
            self._story.wrote(pair, written)

    def waits(self, pair: Pair, awaited: Iterable[Awaited]) -> None:
        with self._lock:
            self._story.waits(pair, awaited, self._clock())

    def because(self, pair: Pair, reason: str) -> None:
        with self._lock:
            self._story.because(pair, reason)

    def ended(self, pair: Pair, failure: FabricError | None, *, again: bool) -> None:
        with self._lock:
            self._story.ended(pair, failure=_reason(pair, failure), again=again, now=self._clock())

    def lines(self) -> list[str]:
        """What is to be said now. No event waits while a cluster is looked at: it may hold a lot."""
        with self._lock:
            due, world = self._story.due(self._clock()), self._world
        return [line(partial(_look, world)) for line in due]

    def _keep_telling(self) -> None:
        while not self._over.wait(TICK_S):
            try:
                lines = self.lines()
            except Exception:
                # A value that nobody foresaw in a cluster. The run meets it too, and says so in its result.
                continue
            if lines and not self._tell(lines):
                return


def _look(world: World | None, fact: Fact) -> str:
    if world is None:
        raise TypeError("nothing is awaited before links are worked on")
    feed = world[fact.cluster]
    seen = attempt(
        lambda: last_seen(fact, feed.side(fact.peer)), what="cannot look at it", where=f"cluster {fact.cluster}"
    )
    return seen.why if isinstance(seen, FabricError) else seen


_Call = Callable[[_T], _R]


def _reason(pair: Pair, failure: FabricError | None) -> str | None:
    if failure is None:
        return None
    return f"{failure.what.removeprefix(f'{pair}: ')}: {failure.why}"


def _open(path: str) -> int | None:
    """The file, which must exist; a pipe that nobody reads is none, instead of a wait for its reader."""
    if path:
        with suppress(OSError, ValueError):
            return os.open(path, os.O_WRONLY | os.O_APPEND | os.O_NONBLOCK | os.O_CLOEXEC)
    return None


def _write(file: int, lines: Iterable[str]) -> bool:
    data = "".join(f"{line}\n" for line in lines).encode("utf-8", errors="replace")
    try:
        return os.write(file, data) == len(data)
    except OSError:
        return False
