# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A live copy of one kind of object of one API server: list, then watch, then list again when the watch breaks."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from typing import Any

from lab.api import Api, ApiError

Body = Mapping[str, Any]

_LOG = logging.getLogger(__name__)
_FIRST_RETRY_S = 0.2
_LONGEST_RETRY_S = 2.0


class Reflector:
    """Objects below one URL path, as the API server last told. Survives its restarts, and kinds that come later."""

    def __init__(self, api: Api, path: str, changed: Callable[[], None]) -> None:
        """`changed` is called, from the reflector's thread, after each change."""
        self._api = api
        self._path = path
        self._changed = changed
        self._lock = threading.Lock()
        self._body_by_uid: dict[str, Body] = {}
        self.synced = threading.Event()
        """Set once the first list has arrived."""
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"reflect {api.name} {path}", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """No further call of `changed`, but for one under way; the idle connection ends with the process."""
        self._ended.set()

    def objects(self) -> list[Body]:
        """All objects, in no order; the bodies must not be changed."""
        with self._lock:
            return list(self._body_by_uid.values())

    def _run(self) -> None:
        wait_s, last = _FIRST_RETRY_S, ""
        while not self._ended.is_set():
            try:
                self._follow()
                wait_s, last = _FIRST_RETRY_S, ""
            except (ApiError, ValueError, OSError) as error:
                if str(error) != last:
                    _LOG.info("%s", error)
                last = str(error)
                self._ended.wait(wait_s)
                wait_s = _FIRST_RETRY_S if self.synced.is_set() else min(wait_s * 2, _LONGEST_RETRY_S)

    def _follow(self) -> None:
        listed = self._api.request("GET", self._path)
        with self._lock:
            self._body_by_uid = {body["metadata"]["uid"]: body for body in listed["items"]}
        self.synced.set()
        self._changed()
        for event, body in self._api.watch(self._path, since=listed["metadata"]["resourceVersion"]):
            if self._ended.is_set():
                return
            if event != "BOOKMARK":
                self._take(event, body)

    def _take(self, event: str, body: Body) -> None:
        with self._lock:
            if event == "DELETED":
                self._body_by_uid.pop(body["metadata"]["uid"], None)
            else:
                self._body_by_uid[body["metadata"]["uid"]] = body
        self._changed()
