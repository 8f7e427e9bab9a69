# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A moment after which nothing more is read from a server, however it sends.

A timeout of a socket bounds each silence alone: a server that sends a byte now and then, in its headers or between two
chunks, or one `100 Continue` after the other, would hold a thread for ever. So every read of a connection looks at the
deadline of the request that it belongs to.
"""

from __future__ import annotations

import io
import math
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from .stop import STOP

if TYPE_CHECKING:
    import socket
    from http.client import HTTPResponse

    from urllib3 import PoolManager


@dataclass(frozen=True, slots=True)
class Allowed:
    """Time for something."""

    until: float
    """A moment of the clock."""
    words: str
    """`60 s for one request`."""


class OutOfTimeError(TimeoutError):
    """The deadline passed while the server was still sending."""


class Deadline:
    """Of one answer. May be moved while it is read: a stream has another one than its beginning."""

    def __init__(self, moment: float, monotonic: Callable[[], float]) -> None:
        self.moment = moment
        """Of the clock `monotonic`."""
        self.response: HTTPResponse | None = None
        """What is read until then."""
        self._monotonic = monotonic

    @property
    def left_s(self) -> float:
        return self.moment - self._monotonic()

    def close(self) -> None:
        """Lets go of the connection. Libraries that fail half-way leave that to the collector of garbage."""
        if self.response is not None:
            with suppress(OSError, ValueError):
                self.response.close()
            self.response = None


class _Current(threading.local):
    deadline: Deadline | None = None


_CURRENT = _Current()


@contextmanager
def applied(deadline: Deadline) -> Iterator[None]:
    """Answers to requests that this thread makes inside are read until then, also what is read of them later."""
    before, _CURRENT.deadline = _CURRENT.deadline, deadline
    try:
        yield
    finally:
        _CURRENT.deadline = before


def keep_deadlines(pool: PoolManager) -> None:
    """From now on the connections of this pool look at the deadlines. Must be called before the first request."""
    pool.pool_classes_by_scheme = {
        scheme: _with_deadlines(kind) for scheme, kind in pool.pool_classes_by_scheme.items()
    }


@cache
def _with_deadlines(pool_class: Any) -> Any:
    connection_class = pool_class.ConnectionCls

    def connect(self: Any) -> None:
        connection_class.connect(self)
        if STOP.is_set:
            # The request for which it was opened must not begin any more.
            self.close()
            raise STOP.error(what="cannot send a request", where=f"the API server at {self.host}:{self.port}")

    own = {"response_class": _response_class(connection_class.response_class), "connect": connect}
    connection = type(connection_class.__name__, (connection_class,), own)
    return type(pool_class.__name__, (pool_class,), {"ConnectionCls": connection})


@cache
def _response_class(base: type[HTTPResponse]) -> Any:
    class Response(base):  # type: ignore[valid-type, misc]  # the class that urllib3 would use
        fp: Any

        def __init__(self, sock: socket.socket, *arguments: Any, **options: Any) -> None:
            super().__init__(sock, *arguments, **options)
            if _CURRENT.deadline is not None:
                _CURRENT.deadline.response = self
                self.fp = io.BufferedReader(_Raw(self.fp.detach(), sock, _CURRENT.deadline))

    return Response


class _Raw(io.RawIOBase):
    """A socket as it is read, until the deadline."""

    def __init__(self, raw: io.RawIOBase, sock: socket.socket, deadline: Deadline) -> None:
        self._raw = raw
        self._sock = sock
        self._deadline = deadline

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        left_s = self._deadline.left_s
        if left_s <= 0:
            raise OutOfTimeError
        # The next request on this connection sets its own timeout.
        silence_s = self._sock.gettimeout()
        if left_s < (math.inf if silence_s is None else silence_s):
            self._sock.settimeout(left_s)
        try:
            return self._raw.readinto(buffer)
        except TimeoutError:
            if self._deadline.left_s <= 0:
                raise OutOfTimeError from None
            raise

    def close(self) -> None:
        self._raw.close()
        super().close()
