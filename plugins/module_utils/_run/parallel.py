# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Many calls at the same time, each of which fails alone, and none of which holds up the end of the process.

The threads of concurrent.futures are joined when the interpreter ends, so that one silent server would keep a process
that was told to stop.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future, InvalidStateError, wait
from contextlib import suppress
from functools import partial
from queue import Empty, SimpleQueue
from types import TracebackType
from typing import Any, TypeVar

from .._fabric.errors import FabricError, FailureName, attempt
from .._fabric.model import Cluster, ClusterId
from .._kube.client import Api
from .._kube.stop import STOP
from .progress import SILENT, Progress

GRACE_S = 0.6
"""So long after a stop the answer to a write that was sent is still awaited."""

TURN_S = 0.2

HOLD_S = 10.0
"""So long a call over a cluster or a link has a place of its own. A healthy one takes less; a cluster that answers late
or never comes to rest must not take the places of the others."""

T = TypeVar("T")
R = TypeVar("R")


class Pool:
    """Daemon threads that carry out calls in the order in which they were submitted; also a context manager.

    When the run is told to stop, calls that have not begun never begin; those that have begun count as interrupted
    ``grace_s`` seconds later, and their threads are left behind.
    With ``gives_way`` a call that has run for HOLD_S goes on and no longer counts for the limit, so that the next one
    begins; whoever waits for the results sees to that.
    """

    def __init__(self, limit: int, *, grace_s: float = 0.0, gives_way: bool = False) -> None:
        self._limit = max(1, limit)
        self._grace_s = grace_s
        self._gives_way = gives_way
        self._lock = threading.Lock()
        self._begun: dict[Future[Any], float] = {}
        """When each call began that counts for the limit."""
        self._jobs: SimpleQueue[tuple[Future[Any], Callable[[], Any]] | None] = SimpleQueue()
        self._open: set[Future[Any]] = set()
        self._threads = 0
        STOP.register(self)

    def submit(self, call: Callable[[], R]) -> Future[R]:
        """Its result raises what the call raises, and FabricError INTERRUPTED after a stop."""
        future: Future[R] = Future()
        with self._lock:
            self._open.add(future)
            starts = self._threads < min(self._limit, len(self._open))
            self._threads += starts
        future.add_done_callback(self._forget)
        if STOP.is_set:
            # A stop before this line may not have seen it, and no thread may be free to take it.
            with suppress(InvalidStateError):
                future.set_exception(_not_completed())
        self._jobs.put((future, call))
        if starts:
            self._start()
        return future

    def map(self, call: Callable[[T], R], items: Iterable[T]) -> list[Future[R]]:
        return [self.submit(partial(call, item)) for item in items]

    def interrupt(self) -> None:
        """For the stop."""
        if self._grace_s <= 0:
            self._give_up()
            return
        timer = threading.Timer(self._grace_s, self._give_up)
        timer.daemon = True
        timer.start()

    def __enter__(self) -> Pool:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        """What has not begun is dropped, what has begun is awaited; not by one whom a signal has interrupted."""
        with suppress(Empty):
            while (job := self._jobs.get_nowait()) is not None:
                job[0].cancel()
        for _thread in range(self._threads):
            self._jobs.put(None)
        if kind is None or issubclass(kind, Exception):
            for future in self._still_open():
                self._await(future)

    def result(self, future: Future[R]) -> R:
        """Of one of its calls."""
        self._await(future)
        return future.result()

    def _await(self, future: Future[Any]) -> None:
        """Turn by turn: a signal that comes just before the main thread falls asleep is seen at the next turn only."""
        while not wait((future,), timeout=TURN_S).done:
            if self._gives_way:
                self._replace_the_late()

    def _replace_the_late(self) -> None:
        """Start a thread for each call that waits, as far as a running one has had its time."""
        now = time.monotonic()
        with self._lock:
            late = [future for future, began in self._begun.items() if now - began >= HOLD_S][: self._jobs.qsize()]
            for future in late:
                del self._begun[future]
        for _future in late:
            self._start()

    def _start(self) -> None:
        threading.Thread(target=self._work, name="pool", daemon=True).start()

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            future, call = job
            with self._lock:
                self._begun[future] = time.monotonic()
            # The future may be answered already, by a stop.
            with suppress(InvalidStateError):
                try:
                    if STOP.is_set:
                        raise _not_completed()
                    result = call()
                except BaseException as problem:
                    future.set_exception(problem)
                else:
                    future.set_result(result)
            with self._lock:
                was_replaced = self._begun.pop(future, None) is None
            if was_replaced:
                return

    def _give_up(self) -> None:
        for future in self._still_open():
            with suppress(InvalidStateError):
                future.set_exception(_not_completed())

    def _still_open(self) -> list[Future[Any]]:
        with self._lock:
            return list(self._open)

    def _forget(self, future: Future[Any]) -> None:
        with self._lock:
            self._open.discard(future)


def in_parallel(call: Callable[[T], R], items: Sequence[T], *, limit: int) -> list[R]:
    """The results of ``call`` in the order of ``items``, at most ``limit`` calls at the same time.

    Raises what the first failing call raises, and FabricError INTERRUPTED after a stop.
    """
    if len(items) <= 1 and threading.current_thread() is not threading.main_thread():
        return [call(item) for item in items]
    with Pool(min(limit, len(items))) as pool:
        return [pool.result(future) for future in pool.map(call, items)]


def attempt_all(
    call: Callable[[T], R],
    items: Sequence[T],
    *,
    what: str,
    where: Callable[[T], str],
    limit: int,
    grace_s: float = 0.0,
    gives_way: bool = False,
) -> list[R | FabricError]:
    """The same, with an error in the place of each call that failed for whatever reason, or was interrupted.

    ``what`` and ``where`` say of an exception that no one foresaw what could not be done. ``gives_way`` is for calls
    over clusters or links, of which none may take the places of the others, see Pool.
    """

    def outcome(future: Future[R], item: T) -> R | FabricError:
        found = attempt(partial(pool.result, future), what=what, where=where(item))
        interrupted = isinstance(found, FabricError) and found.fault is FailureName.INTERRUPTED
        return STOP.error(what=what, where=where(item)) if interrupted else found

    with Pool(min(limit, len(items)), grace_s=grace_s, gives_way=gives_way) as pool:
        return [outcome(future, item) for future, item in zip(pool.map(call, items), items, strict=True)]


def of_each(
    read: Callable[[Cluster, Api], R],
    clusters: Iterable[Cluster],
    apis: Mapping[ClusterId, Api | FabricError],
    *,
    what: str,
    limit: int,
    grace_s: float = 0.0,
    progress: Progress = SILENT,
) -> dict[ClusterId, R | FabricError]:
    """What ``read`` returns of each cluster, or why not; whatever goes wrong with one cluster is the error of that one.

    ``what`` is the phrase for it: `cannot read the cluster`.
    """

    def call(cluster: Cluster) -> R:
        api = apis[cluster.id]
        if isinstance(api, FabricError):
            raise api
        return read(cluster, api)

    def where(cluster: Cluster) -> str:
        api = apis[cluster.id]
        return api.where if not isinstance(api, FabricError) else f"cluster {cluster.id}"

    wanted = list(clusters)
    watched = progress.reading(call, wanted, lambda cluster: cluster.id)
    found = attempt_all(watched, wanted, what=what, where=where, limit=limit, grace_s=grace_s, gives_way=True)
    return dict(zip((cluster.id for cluster in wanted), found, strict=True))


def _not_completed() -> FabricError:
    return STOP.error(what="this was not completed", where="the task")
