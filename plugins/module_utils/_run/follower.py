# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One list of one cluster, kept current for whoever needs it: by a watch, or by polling where that is not possible."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import suppress

from .._fabric.errors import FabricError, FailureName, Forbidden, Gone, not_understood
from .._fabric.resources import Json
from .._kube.client import Api
from .._kube.door import LimitReachedError, as_fabric_error
from .._kube.limits import DEFAULT, Limits
from .._kube.watching import Event, Watch
from .read import Scope, list_scope

POLL_S = 1.0
WATCH_S = 300.0
RETRY_S = 1.0
"""Before the second attempt in a row; each further pause is twice as long, up to one of these."""
LONGEST_S = 10.0
"""While a cluster cannot be read: most come back within seconds."""
LONGEST_OF_JUNK_S = 60.0
"""While what a cluster sends cannot be understood, or is too much: each attempt may cost a second of the processor."""
CALM_S = 10.0
"""A watch that was open for so long was worth to be opened."""

UNUSABLE = frozenset({FailureName.NOT_UNDERSTOOD, FailureName.LIMIT_REACHED})
"""Faults of what a cluster sends: waiting for it to come back is of no use."""


def pause_s(attempts: int, problem: FabricError | None, *, retry_s: float) -> float:
    """Seconds before the next attempt after so many in a row that were of no use."""
    longest_s = LONGEST_OF_JUNK_S if problem is not None and problem.fault in UNUSABLE else LONGEST_S
    return min(retry_s * 2.0 ** min(attempts - 1, 10), max(longest_s, retry_s))


def _nobody_listens(_problem: FabricError | None) -> None:
    pass


class Kept:
    """How much is kept of all lists of one cluster that are followed together; thread-safe."""

    def __init__(self, limits: Limits = DEFAULT) -> None:
        self.limits = limits
        self._lock = threading.Lock()
        self._lists: dict[Scope, tuple[int, int]] = {}

    def take(self, scope: Scope, items: int, size: int) -> None:
        """A list in the place of the one before. Raises LimitReachedError, and then that one counts on."""
        with self._lock:
            lists = {**self._lists, scope: (items, size)}
            for count, limit, what in zip(
                map(sum, zip(*lists.values(), strict=True)),
                (self.limits.reading_items, self.limits.reading_bytes),
                ("objects", "bytes"),
                strict=True,
            ):
                if count > limit:
                    raise LimitReachedError(f"more than {limit} {what} in all lists that are followed")
            self._lists = lists


class Follower:
    """A thread that goes on from where a list was read, until it is closed; the API server may come and go meanwhile.

    ``changed`` gets each event of a watch. ``listed`` gets the whole list whenever it was read again: events may have
    been missed before. ``heard`` gets the error when a request fails, when an answer cannot be understood and when one
    of the others raises, and None when all is well again. All three are called in the thread.

    The list is read again, too, when a lot was sent since. ``kept`` is that of all followers of the cluster.
    Nothing ends the thread but ``close``. Whatever goes wrong, the list is read again after a pause that grows.
    """

    def __init__(
        self,
        api: Api,
        scope: Scope,
        *,
        changed: Callable[[Event], None],
        listed: Callable[[tuple[Json, ...]], None],
        heard: Callable[[FabricError | None], None] = _nobody_listens,
        kept: Kept | None = None,
        poll_s: float = POLL_S,
        retry_s: float = RETRY_S,
    ) -> None:
        self._api = api
        self._scope = scope
        self._changed = changed
        self._listed = listed
        self._heard = heard
        self._kept = Kept() if kept is None else kept
        self._followed_bytes = 0
        self._poll_s = poll_s
        self._retry_s = retry_s
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._watch: Watch | None = None
        # A watch spans one namespace or all of them.
        self._polls = scope.names is not None or (scope.namespaces is not None and len(scope.namespaces) != 1)
        name = f"{api.cluster} {scope.query.resource}"
        self._thread = threading.Thread(target=self._keep_current, name=name, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        """Ends the watch; the thread follows."""
        self._stop.set()
        with self._lock:
            watch = self._watch
        if watch is not None:
            watch.close()

    def join(self, timeout_s: float) -> bool:
        """Wait until the thread has ended; False when the time is over."""
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _keep_current(self) -> None:
        version, hurried = self._scope.resource_version, 0
        while not self._stop.is_set():
            begun, problem = time.monotonic(), None
            try:
                version = self._go_on(version)
            except Gone:
                version = ""
            except Exception as found:
                version = ""
                problem = not_understood(
                    found, what=f"cannot follow {self._scope.query.resource}", where=self._api.where
                )
            if problem is None and (self._polls or time.monotonic() - begun >= CALM_S):
                hurried = 0
                continue
            if problem is not None and not self._stop.is_set():
                with suppress(Exception):
                    self._heard(problem)
            hurried += 1
            # A watch may end early for once: its version was too old, or the API server stops.
            if problem is not None or hurried > 1:
                self._stop.wait(pause_s(hurried, problem, retry_s=self._retry_s))

    def _go_on(self, version: str) -> str:
        """The version from which to go on, empty when the list has to be read again."""
        if self._polls or not version:
            begun = time.monotonic()
            version = self._list()
            if self._polls:
                # A list that takes long is not read all the time.
                self._stop.wait(max(self._poll_s, 2 * (time.monotonic() - begun)))
                return version
        return self._follow(version)

    def _follow(self, version: str) -> str:
        query, namespaces = self._scope.query, self._scope.namespaces
        try:
            watch = self._api.watch(
                query.resource,
                resource_version=version,
                timeout_s=WATCH_S,
                namespace=namespaces[0] if namespaces else None,
                label_selector=query.selector,
            )
        except Forbidden:
            self._polls = True
            return ""
        with watch:
            with self._lock:
                self._watch = watch
            # Closed while the watch was being opened: nobody else knows of it.
            if self._stop.is_set():
                return version
            self._heard(None)
            for event in watch:
                self._followed_bytes += event.size
                if self._followed_bytes > self._kept.limits.followed_bytes:
                    return ""
                self._changed(event)
            return watch.resource_version

    def _list(self) -> str:
        bodies, version, size = list_scope(self._api, self._scope)
        try:
            self._kept.take(self._scope, len(bodies), size)
        except LimitReachedError as problem:
            what = f"cannot follow {self._scope.query.resource}"
            raise as_fabric_error(problem, what=what, where=self._api.where) from problem
        self._followed_bytes = 0
        if not self._stop.is_set():
            self._listed(bodies)
            self._heard(None)
        return version
