# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One watch: the events of an open stream, until it ends for whatever reason.

It does not list, resume or repeat by itself: whoever waits has to look at the whole state again anyway.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from .._fabric.errors import ApiError
from .._fabric.resources import Json
from .answers import Refusal, refusal_of_status

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


class Ended(StrEnum):
    """Why a watch brings no more events."""

    SERVER = "server"
    """The server closed the stream, as it does when the time it was asked for is over."""
    BROKEN = "broken"
    """The connection was lost, or was silent for longer than the server was asked to keep it."""
    CLOSED = "closed"
    """close() was called."""


class Watch(Iterator[Event]):
    """One thread iterates, any thread may close; also a context manager.

    Iteration ends normally in all cases of `Ended`: list again, or resume at `resource_version`. An ERROR event raises:
    Gone (list again) or another ApiError.
    """

    def __init__(
        self,
        response: BaseHTTPResponse,
        *,
        resource_version: str,
        error_of: Callable[[Refusal], ApiError],
    ) -> None:
        self.resource_version = resource_version
        """The newest one seen, bookmarks included."""
        self.ended: Ended | None = None
        self._response = response
        self._error_of = error_of
        self._buffer = b""
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
        while True:
            line = self._line()
            if line is None:
                raise StopIteration
            event = self._event(line)
            if event is not None:
                return event

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
            while b"\n" not in self._buffer:
                if self.ended is not None:
                    return None
                try:
                    arrived = self._response.read1(_CHUNK)
                except (HTTPError, OSError, ValueError):
                    # ValueError is what a TLS socket says when it was shut down between two reads.
                    self._release(Ended.BROKEN)
                    continue
                self._buffer += arrived
                if not arrived:
                    self._release(Ended.SERVER)
            line, _end, self._buffer = self._buffer.partition(b"\n")
            return line

    def _event(self, line: bytes) -> Event | None:
        """None for what carries nothing: bookmarks, and a line cut off by a broken connection."""
        try:
            event = json.loads(line)
            kind, body = str(event["type"]), event["object"]
        except (ValueError, KeyError, TypeError):
            self._end(Ended.BROKEN)
            return None
        if kind == "ERROR":
            self._end(Ended.SERVER)
            raise self._error_of(refusal_of_status(body))
        self.resource_version = str(body.get("metadata", {}).get("resourceVersion") or self.resource_version)
        return None if kind == "BOOKMARK" else Event(type=kind, object=body)

    def _end(self, reason: Ended) -> None:
        with self._reading:
            self._release(reason)

    def _release(self, reason: Ended) -> None:
        if self.ended is None:
            self.ended = Ended.CLOSED if self._closing.is_set() else reason
        self._response.close()
