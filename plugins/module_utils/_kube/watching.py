# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One watch: the events of an open stream, until it ends for whatever reason.

It does not list, resume or repeat by itself: whoever waits has to look at the whole state again anyway.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from .._fabric.errors import FabricError
from .._fabric.resources import Json, Resource
from .answers import api_error, refusal_of_status
from .door import LimitReachedError, NotKubernetesError, as_fabric_error, metadata_in, object_of, read_json, weight
from .limits import DEFAULT, Limits

if TYPE_CHECKING:
    from types import TracebackType

    from urllib3 import BaseHTTPResponse

_CHUNK = 64 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One change, in the order in which the server applied them."""

    type: str
    """ADDED, MODIFIED or DELETED."""
    object: Json
    size: int = 0
    """Bytes that the server sent for it; more where it holds very many values."""


class Ended(StrEnum):
    """Why a watch brings no more events."""

    SERVER = "server"
    """The server closed the stream, as it does when the time it was asked for is over."""
    BROKEN = "broken"
    """The connection was lost, or was silent for longer than the server was asked to keep it."""
    CLOSED = "closed"
    """close() was called."""


def cannot_watch(resource: Resource, namespace: str | None) -> str:
    """For the `what` of an error."""
    return f"cannot watch {resource}" + (f" in {namespace}" if namespace else "")


class Watch(Iterator[Event]):
    """One thread iterates, any thread may close; also a context manager.

    Iteration ends normally in all cases of `Ended`: list again, or resume at `resource_version`. An ERROR event raises
    Gone (list again) or another ApiError. What is no event, and more events or longer ones than are taken, raise
    FabricError: list again, but not at once.
    """

    def __init__(
        self,
        response: BaseHTTPResponse,
        *,
        resource: Resource,
        namespace: str | None,
        resource_version: str,
        where: str,
        limits: Limits = DEFAULT,
    ) -> None:
        self.resource_version = resource_version
        """The newest one seen, bookmarks included."""
        self.ended: Ended | None = None
        self._response = response
        self._resource = resource
        self._namespace = namespace
        self._what = cannot_watch(resource, namespace)
        self._where = where
        self._limits = limits
        self._events = 0
        self._lines: deque[bytes] = deque()
        self._begun = bytearray()
        self._closing = threading.Event()
        # Held while the socket is read: a file descriptor must not be closed under a reader, another thread could get
        # the same number.
        self._reading = threading.Lock()

    def __iter__(self) -> Watch:
        return self

    def __enter__(self) -> Watch:
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _value: BaseException | None, _traceback: TracebackType | None
    ) -> None:
        self.close()

    def __next__(self) -> Event:
        try:
            while (line := self._line()) is not None:
                event = self._event(line)
                if event is not None:
                    return event
        except (NotKubernetesError, LimitReachedError) as problem:
            self._end(Ended.BROKEN)
            raise as_fabric_error(problem, what=self._what, where=self._where) from problem
        except FabricError:
            self._end(Ended.SERVER)
            raise
        raise StopIteration

    def close(self) -> None:
        """Ends the iteration, also one that waits in another thread; returns when the connection is closed."""
        self._closing.set()
        # Refused when the connection is closed or was handed back already: then nobody reads.
        with suppress(OSError, ValueError, RuntimeError):
            self._response.shutdown()
        self._end(Ended.CLOSED)

    def _line(self) -> bytes | None:
        """The next whole line, or None when there will be none."""
        from urllib3.exceptions import HTTPError

        with self._reading:
            while not self._lines:
                if self.ended is not None:
                    return None
                try:
                    arrived = self._response.read1(_CHUNK)
                except (HTTPError, OSError, ValueError):
                    # ValueError is what a TLS socket says when it was shut down between two reads.
                    self._release(Ended.BROKEN)
                    continue
                if not arrived:
                    self._release(Ended.SERVER)
                self._take(arrived)
            return self._lines.popleft()

    def _take(self, arrived: bytes) -> None:
        """Looks at every byte once, however few arrive at a time."""
        *ends, rest = arrived.split(b"\n")
        for end in ends:
            self._lines.append(bytes(self._begun + end))
            self._begun.clear()
        self._begun += rest
        if len(self._begun) > self._limits.line_bytes:
            raise LimitReachedError(f"an event of more than {self._limits.line_bytes} bytes")

    def _event(self, line: bytes) -> Event | None:
        """None for what carries nothing: bookmarks."""
        self._events += 1
        if self._events > self._limits.events:
            raise LimitReachedError(f"more than {self._limits.events} events in one watch")
        event = read_json(line, self._limits)
        kind, body = event.get("type"), event.get("object")
        if kind == "ERROR":
            raise api_error(refusal_of_status(body, self._limits), what=self._what, where=self._where)
        if kind not in ("ADDED", "MODIFIED", "DELETED", "BOOKMARK"):
            raise NotKubernetesError("has an event of no known type")
        found = None if kind == "BOOKMARK" else object_of(body, resource=self._resource, namespace=self._namespace)
        version = metadata_in(body).get("resourceVersion")
        if version and isinstance(version, str):
            self.resource_version = version
        return None if found is None else Event(type=kind, object=found, size=weight(line))

    def _end(self, reason: Ended) -> None:
        with self._reading:
            self._release(reason)
            self._lines.clear()

    def _release(self, reason: Ended) -> None:
        if self.ended is None:
            self.ended = Ended.CLOSED if self._closing.is_set() else reason
        self._response.close()
