# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an API server answered: the body of a success, and the error class of a refusal.

Pure. Words of the server are quoted only from a `Status` object and cut short; everything else that an answer may hold
(pages of a proxy, headers) stays out of messages.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from .._fabric import errors
from .._fabric.resources import Json

MAX_SERVER_TEXT = 256
"""Characters of a server's message that are quoted at most."""

_CLASSES: tuple[type[errors.ApiError], ...] = (
    errors.Unauthorized,
    errors.Forbidden,
    errors.NotFound,
    errors.Conflict,
    errors.Gone,
    errors.Invalid,
    errors.Throttled,
)
_CLASS_BY_STATUS = {kind.http_status: kind for kind in _CLASSES}

_NEXT_BY_STATUS = {
    400: "report this as a defect of the collection, with the message",
    401: "renew the credentials of this cluster (token, client certificate or exec plugin) in its connection options",
    403: "grant this user the right that is named, or use credentials that have it",
    409: "run again; the next run starts from what is there now",
    410: "run again; the state is read afresh",
    422: "correct the value that the server names",
    429: "run again later, or with fewer parallel requests",
}


class NotKubernetesError(Exception):
    """A success whose body is not ours to read: a portal, a proxy, another service on that port."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A success."""

    status: int
    body: Json
    """Empty when the answer had no body."""
    server_time: datetime
    """The server's clock, whole seconds, UTC: compare time stamps in its objects with this, not with our clock."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """What is kept of an answer that is an error."""

    status: int
    reason: str = ""
    """`reason` of the Status object."""
    message: str = ""
    """Its message, cut; empty when the answer was no Status object."""
    causes: tuple[str, ...] = ()
    """Reasons of the causes that the Status names."""
    names_object: bool = False
    """The Status speaks of one object by name, and not of a kind that the server does not know."""
    retry_after_s: float | None = None


def read_refusal(status: int, headers: Mapping[str, str], content: bytes) -> Refusal:
    """What an answer outside 2xx says."""
    try:
        body = json.loads(content)
    except ValueError:
        body = None
    header = headers.get("Retry-After", "")
    wait_s = float(header) if header.isdigit() else None
    if not isinstance(body, dict) or body.get("kind") != "Status":
        return Refusal(status=status, retry_after_s=wait_s)
    refusal = refusal_of_status(body)
    return Refusal(
        status=status,
        reason=refusal.reason,
        message=refusal.message,
        causes=refusal.causes,
        names_object=refusal.names_object,
        retry_after_s=wait_s if wait_s is not None else refusal.retry_after_s,
    )


def refusal_of_status(body: Json) -> Refusal:
    """The same from a Status object, as it also comes inside a watch."""
    details = body.get("details")
    details = details if isinstance(details, dict) else {}
    code, wait_s = body.get("code"), details.get("retryAfterSeconds")
    return Refusal(
        status=code if isinstance(code, int) else 500,
        reason=str(body.get("reason") or ""),
        message=_cut(str(body.get("message") or "")),
        causes=_causes(details),
        names_object=bool(details.get("name")),
        retry_after_s=float(wait_s) if isinstance(wait_s, (int, float)) and wait_s else None,
    )


def api_error(refusal: Refusal, *, what: str, where: str, quote: bool = True) -> errors.ApiError:
    """The error to raise. `quote=False` leaves the server's message out, for requests whose body is secret."""
    kind = _CLASS_BY_STATUS.get(refusal.status, errors.ApiError)
    if _is_going(refusal):
        kind = errors.NamespaceTerminating
    said = refusal.reason or "no reason given"
    if refusal.message:
        said = refusal.message if quote else f"{said} (the message is left out, it may quote the Secret)"
    return kind(
        what=what,
        where=where,
        why=f"the API server answered {refusal.status}: {said}",
        next=_next_step(refusal),
        status=refusal.status,
        reason=refusal.reason,
    )


def read_answer(*, status: int, headers: Mapping[str, str], content: bytes, now: datetime) -> Answer:
    """Raises NotKubernetesError when the body is no JSON object."""
    try:
        body = json.loads(content) if content else {}
    except ValueError as error:
        raise NotKubernetesError from error
    if not isinstance(body, dict):
        raise NotKubernetesError
    return Answer(status=status, body=body, server_time=_server_time(headers, now=now))


def _server_time(headers: Mapping[str, str], *, now: datetime) -> datetime:
    """`now` (our clock) stands in where something on the way has removed the Date header."""
    try:
        return parsedate_to_datetime(headers["Date"]).astimezone(UTC)
    except (KeyError, ValueError):
        return now


def _causes(details: Mapping[str, object]) -> tuple[str, ...]:
    causes = details.get("causes")
    found = causes if isinstance(causes, list) else []
    return tuple(str(cause["reason"]) for cause in found if isinstance(cause, dict) and cause.get("reason"))


def _is_going(refusal: Refusal) -> bool:
    """A create in a namespace that is being deleted is a 403 like that of a missing right; only a cause tells them."""
    return refusal.status == 403 and "NamespaceTerminating" in refusal.causes


def _next_step(refusal: Refusal) -> str:
    if _is_going(refusal):
        return "take away what holds the namespace, or wait until it is gone; then run again"
    if refusal.status == 404:
        if refusal.names_object:
            return "run again; if it stays missing, create it"
        return "check that Liqo is installed in this cluster, in a version that has this kind"
    if 300 <= refusal.status < 400:
        return "give the address of the API server itself, this one redirects elsewhere"
    if refusal.status >= 500:
        return "look at the log of the API server, and of the webhook if one is named"
    return _NEXT_BY_STATUS.get(refusal.status, "look at the log of the API server")


def _cut(text: str) -> str:
    return text if len(text) <= MAX_SERVER_TEXT else text[: MAX_SERVER_TEXT - 1] + "…"
