# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One exchange with one API server, repeated when that helps: the only place where a request is sent or retried.

What to repeat is decided by retry.py, what an answer means by answers.py, why there is none by reachability.py. Every
attempt ends before the deadline it was given, so that one silent cluster costs a bounded time.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Protocol, TypeVar
from urllib.parse import urlencode

from .._fabric.errors import FabricError, not_understood
from .._fabric.resources import Json
from .account import ACCOUNT
from .answers import Answer, Refusal, api_error, read_answer, read_refusal
from .clock import Clock
from .deadline import Allowed, Deadline, applied
from .door import LimitReachedError, NotKubernetesError, as_fabric_error
from .limits import Limits
from .reachability import Cause, cause_of, reason_of, unreachable
from .retry import Failure, RetryPolicy
from .session import Session
from .stop import STOP

if TYPE_CHECKING:
    from urllib3 import BaseHTTPResponse, Timeout

T = TypeVar("T")

_CHUNK = 64 * 1024
_MERGE = "application/merge-patch+json"
# urllib3 refuses a timeout of zero.
_SHORTEST_S = 0.001


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request, before any attempt."""

    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    body: Json | None = None
    what: str
    """For the error: `cannot list configurations.networking.liqo.io`."""
    is_secret: bool = False
    """An error must not quote the server, which may repeat the body."""
    accept: str = "application/json"

    @property
    def target(self) -> str:
        return f"{self.path}?{urlencode(self.query)}" if self.query else self.path

    @property
    def is_write(self) -> bool:
        """May it change a stored object? Dry runs and questions about rights do not."""
        is_question = "dryRun" in self.query or self.path.startswith("/apis/authorization.k8s.io/")
        return self.method != "GET" and not is_question

    @property
    def repeatable(self) -> bool:
        """Is a second one harmless? Not of a create: when the connection broke after sending, the object may exist."""
        return self.method != "POST" or not self.is_write


@dataclass(frozen=True, slots=True, kw_only=True)
class Counters:
    """What was sent so far."""

    requests: int = 0
    """Attempts, as the audit log of the server counts them (those that found no server included)."""
    retries: int = 0
    writes: int = 0
    """POST, PUT, PATCH and DELETE that the server confirmed, without dry runs and questions about rights."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Failed:
    """One attempt that led to nothing."""

    failure: Failure
    error: FabricError
    origin: BaseException | None = None


class SessionOpener(Protocol):
    def __call__(self) -> Session:
        """Reads the credentials afresh; raises FabricError."""


class Exchange:
    """Thread-safe. Opens its first session at once, so that wrong connection options show before any request."""

    def __init__(
        self,
        open_session: SessionOpener,
        *,
        limits: Limits,
        retry: RetryPolicy,
        clock: Clock,
        user_agent: str,
        log: Callable[[str], None] | None = None,
    ) -> None:
        self._open_session = open_session
        self._retry = retry
        self._user_agent = user_agent
        self._log = log
        self._lock = threading.Lock()
        self._renewing = threading.Lock()
        self._counters = Counters()
        self.clock = clock
        self.limits = limits
        self.session = self._opened()

    @property
    def counters(self) -> Counters:
        return self._counters

    def perform(self, call: Call, *, deadline: Allowed | None = None) -> Answer:
        """The answer, read to its end. `deadline` may end it before its own limits do.

        Raises Unreachable, ApiError, and FabricError for an answer that cannot be understood or is too large.
        """

        def receive(response: BaseHTTPResponse, _deadline: Deadline) -> Answer:
            content, rest = self._read(response, limit=self.limits.answer_bytes)
            if rest:
                raise LimitReachedError(f"more than {self.limits.answer_bytes} bytes")
            if response.headers.get("Content-Encoding", "identity") != "identity":
                raise NotKubernetesError("is compressed, which was not asked for")
            now, headers = self.clock.now(), response.headers
            return read_answer(status=response.status, headers=headers, content=content, now=now, limits=self.limits)

        if not call.is_write:
            return self._repeat(call, receive, deadline=deadline)
        with ACCOUNT.sending(f"{self.session.endpoint.cluster}: {call.what.removeprefix('cannot ')}"):
            return self._repeat(call, receive, deadline=deadline)

    def open_stream(self, call: Call, *, silence_s: float, deadline: Allowed | None = None) -> BaseHTTPResponse:
        """An answer that has begun and is read by the caller, who has to close it, for `silence_s` in all."""

        def receive(response: BaseHTTPResponse, until: Deadline) -> BaseHTTPResponse:
            until.moment = self.clock.monotonic() + silence_s
            return response

        return self._repeat(call, receive, deadline=deadline, read_timeout_s=silence_s)

    def allow(self, seconds: float, what: str) -> Allowed:
        """Time from now on, for `what`."""
        return Allowed(self.clock.monotonic() + seconds, f"{seconds:g} s for {what}")

    def close(self) -> None:
        """Closes idle connections; the next request would open them again."""
        self.session.pool.clear()

    def _repeat(
        self,
        call: Call,
        receive: Callable[[BaseHTTPResponse, Deadline], T],
        *,
        deadline: Allowed | None,
        read_timeout_s: float | None = None,
    ) -> T:
        """Attempts until one succeeds, the policy gives up, or the deadline would pass."""
        allowed = self.allow(self.limits.call_deadline_s, "one request")
        if deadline is not None and deadline.until < allowed.until:
            allowed = deadline
        session, renewed, repetitions = self._current(), False, 0
        while True:
            if STOP.is_set:
                raise STOP.error(what=call.what, where=str(session.endpoint))
            named = call if not repetitions else replace(call, what=f"{call.what} in {repetitions + 1} attempts")
            outcome = self._attempt(named, session, receive, allowed=allowed, read_timeout_s=read_timeout_s)
            if not isinstance(outcome, _Failed):
                return outcome
            is_refused = outcome.failure.status == 401 or outcome.failure.cause is Cause.OUR_CERTIFICATE
            if is_refused and not renewed:
                session, renewed = self._renew(session), True
                continue
            delay_s = self._retry.delay_s(outcome.failure, repeatable=call.repeatable, repetitions=repetitions)
            if delay_s is None or self.clock.monotonic() + delay_s >= allowed.until:
                raise outcome.error from outcome.origin
            repetitions += 1
            self._count(retries=1)
            self._say(f"{call.method} {call.path}: repetition {repetitions} in {delay_s:g} s")
            self.clock.sleep(delay_s)

    def _attempt(
        self,
        call: Call,
        session: Session,
        receive: Callable[[BaseHTTPResponse, Deadline], T],
        *,
        allowed: Allowed,
        read_timeout_s: float | None,
    ) -> T | _Failed:
        started = self.clock.monotonic()
        if started >= allowed.until:
            return self._no_answer(call, session, Cause.OUT_OF_TIME, reason=allowed.words)
        deadline, content = Deadline(allowed.until, self.clock.monotonic), _content(call)
        try:
            with applied(deadline):
                timeout = self._timeout(allowed.until - started, read_timeout_s)
                response = self._send(call, session, content, timeout=timeout)
            self._say(f"{call.method} {call.path}: {response.status} in {self._since(started) * 1000:.0f} ms")
            if 200 <= response.status < 300:
                # Confirmed, also if the answer is of no use.
                self._count(writes=1 if call.is_write else 0)
                return receive(response, deadline)
            page, _rest = self._read(response, limit=self.limits.error_bytes)
            return self._refused(call, session, read_refusal(response.status, response.headers, page, self.limits))
        except Exception as problem:
            # What a server can make of the libraries in between is not known in full.
            deadline.close()
            return self._failed(call, session, problem, allowed=allowed, elapsed_s=self._since(started))
        finally:
            # Each holds the other: it would wait for the collector of garbage.
            deadline.response = None

    def _failed(
        self, call: Call, session: Session, problem: Exception, *, allowed: Allowed, elapsed_s: float
    ) -> _Failed:
        # Imported late: the sanity tests import this file without it.
        from urllib3.exceptions import HTTPError

        if isinstance(problem, (HTTPError, OSError)):
            cause = cause_of(problem)
            self._say(f"{call.method} {call.path}: {cause.value} after {elapsed_s:.1f} s")
            reason = allowed.words if cause is Cause.OUT_OF_TIME else reason_of(problem)
            return self._no_answer(call, session, cause, reason=reason, origin=problem, elapsed_s=elapsed_s)
        where = str(session.endpoint)
        if isinstance(problem, (NotKubernetesError, LimitReachedError)):
            error = as_fabric_error(problem, what=call.what, where=where)
        else:
            error = not_understood(problem, what=call.what, where=where)
        # It would be no better a second time.
        return _Failed(failure=Failure(cause=Cause.OTHER), error=error, origin=problem)

    def _send(self, call: Call, session: Session, content: bytes | None, *, timeout: Timeout) -> BaseHTTPResponse:
        headers = session.headers.copy()
        headers["Accept"] = call.accept
        headers["User-Agent"] = self._user_agent
        if content is not None:
            headers["Content-Type"] = _MERGE if call.method == "PATCH" else "application/json"
        self._count(requests=1)
        return session.pool.request(
            call.method,
            session.endpoint.url + call.target,
            body=content,
            headers=headers,
            timeout=timeout,
            retries=False,
            redirect=False,
            preload_content=False,
            # A few bytes could become any number.
            decode_content=False,
        )

    def _timeout(self, left_s: float, read_timeout_s: float | None) -> Timeout:
        from urllib3 import Timeout

        connect_s = min(self.limits.connect_timeout_s, left_s)
        # A stream has its own measure of silence, which may be longer than a call.
        read_s = min(self.limits.read_timeout_s, left_s) if read_timeout_s is None else read_timeout_s
        return Timeout(connect=max(connect_s, _SHORTEST_S), read=max(read_s, _SHORTEST_S))

    def _read(self, response: BaseHTTPResponse, *, limit: int) -> tuple[bytes, bool]:
        """The body up to a number of bytes, and whether there is more of it."""
        chunks, size = [], 0
        try:
            # read1 returns what has arrived; read and stream would wait for a whole chunk.
            while size <= limit and (chunk := response.read1(_CHUNK)):
                chunks.append(chunk)
                size += len(chunk)
            if size <= limit:
                response.release_conn()
        finally:
            # Does nothing to a connection that went back to the pool.
            response.close()
        return b"".join(chunks)[:limit], size > limit

    def _opened(self) -> Session:
        session = self._open_session()
        # What has expired when it comes does not expire again: clocks differ, and the server is the one who judges.
        is_over = session.expires is not None and session.expires <= self.clock.now()
        return replace(session, expires=None) if is_over else session

    def _current(self) -> Session:
        session = self.session
        has_expired = session.expires is not None and session.expires <= self.clock.now()
        return self._renew(session, "the credentials have expired") if has_expired else session

    def _renew(self, stale: Session, why: str = "401") -> Session:
        """Fresh credentials, read once however many threads want them."""
        with self._renewing:
            if self.session is stale:
                self._say(f"{why}: the credentials are read again")
                self.session = self._opened()
            return self.session

    def _refused(self, call: Call, session: Session, refusal: Refusal) -> _Failed:
        error = api_error(
            refusal,
            what=call.what,
            where=str(session.endpoint),
            quote=not call.is_secret,
            sent=session.sent,
            now=self.clock.now(),
        )
        return _Failed(failure=Failure(status=refusal.status, retry_after_s=refusal.retry_after_s), error=error)

    def _no_answer(
        self,
        call: Call,
        session: Session,
        cause: Cause,
        *,
        reason: str,
        origin: BaseException | None = None,
        elapsed_s: float = 0.0,
    ) -> _Failed:
        now, objection = self.clock.now(), None
        # A server that refuses a certificate may be gone before its reason has arrived.
        may_be_ours = cause in (Cause.TLS, Cause.BROKEN) and session.sent.is_certificate
        if cause is Cause.OUR_CERTIFICATE or (may_be_ours and session.sent.is_out_of_date(now)):
            objection = session.sent.objection(now)
            cause, reason = Cause.OUR_CERTIFICATE, f"{reason} ({objection.why})"
        error = unreachable(cause, what=call.what, endpoint=session.endpoint, reason=reason, elapsed_s=elapsed_s)
        if objection is not None:
            error.fault = objection.fault
        return _Failed(failure=Failure(cause=cause), error=error, origin=origin)

    def _count(self, *, requests: int = 0, retries: int = 0, writes: int = 0) -> None:
        with self._lock:
            count = self._counters
            self._counters = Counters(
                requests=count.requests + requests, retries=count.retries + retries, writes=count.writes + writes
            )

    def _since(self, moment: float) -> float:
        return self.clock.monotonic() - moment

    def _say(self, line: str) -> None:
        if self._log:
            self._log(f"{self.session.endpoint.cluster}: {line}")


def _content(call: Call) -> bytes | None:
    return None if call.body is None else json.dumps(call.body, default=_plain).encode()


def _plain(value: object) -> object:
    """Bodies may hold any Mapping, json knows dict only."""
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} cannot be part of an API object")
