# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One list of one cluster, kept current for whoever needs it: by a watch, or by polling where that is not possible."""

from __future__ import annotations

import threading
from collections.abc import Callable

from .._fabric.errors import FabricError, Forbidden, Gone
from .._fabric.resources import Json
from .._kube.client import Api
from .._kube.watching import Event, Watch
from .read import Scope, list_scope

POLL_S = 1.0
WATCH_S = 300.0
RETRY_S = 1.0


def _nobody_listens(_problem: FabricError | None) -> None:
    pass


class Follower:
    """A thread that goes on from where a list was read, until it is closed; the API server may come and go meanwhile.

    ``changed`` gets each event of a watch. ``listed`` gets the whole list whenever it was read again: events may have
    been missed before. ``heard`` gets the error when a request fails, and None when one succeeds. All three are called
    in the thread.
    """

    def __init__(
        self,
        api: Api,
        scope: Scope,
        *,
        changed: Callable[[Event], None],
        listed: Callable[[tuple[Json, ...]], None],
        heard: Callable[[FabricError | None], None] = _nobody_listens,
        poll_s: float = POLL_S,
        retry_s: float = RETRY_S,
    ) -> None:
        self._api = api
        self._scope = scope
        self._changed = changed
        self._listed = listed
        self._heard = heard
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
        version = self._scope.resource_version
        while not self._stop.is_set():
            try:
                version = self._go_on(version)
            except Gone:
                version = ""
            except FabricError as problem:
                # Only patience helps: a restarting API server comes back.
                version = ""
                if not self._stop.is_set():
                    self._heard(problem)
                    self._stop.wait(self._retry_s)

    def _go_on(self, version: str) -> str:
        """The version from which to go on, empty when the list has to be read again."""
        if not self._polls and version:
            return self._follow(version)
        version = self._list()
        if self._polls:
            self._stop.wait(self._poll_s)
        return version

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
                self._changed(event)
            return watch.resource_version

    def _list(self) -> str:
        bodies, version = list_scope(self._api, self._scope)
        if not self._stop.is_set():
            self._listed(bodies)
            self._heard(None)
        return version
