# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an API server answered: the body of a success, and the error class of a refusal.

Pure. Words of the server are quoted only from a `Status` object, on one line and cut short; everything else that an
answer may hold (pages of a proxy, headers) stays out of messages.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from types import NoneType

from .._fabric import errors
from .._fabric.resources import Json, Resource
from .door import LimitReachedError, NotKubernetesError, metadata_in, object_of, read_json, shown
from .limits import DEFAULT, Limits
from .sent import Login, Sent

# Of a clock that is wrong, not of one that nobody has set: differences of such times cannot be counted.
_YEARS = range(1970, 2200)

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

_NOBODY = ('User "system:anonymous"', 'User "system:unauthenticated"', 'User ""')
"""As Kubernetes, and gateways before it, call somebody whom they do not know."""

_NEXT_BY_STATUS = {
    400: "report this as a defect of the collection, with the message",
    403: "grant this user the right that is named, or use credentials that have it",
    409: "run again; the next run starts from what is there now",
    410: "run again; the state is read afresh",
    422: "correct the value that the server names",
    429: "run again later, or with fewer parallel requests",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A success."""

    status: int
    body: Json
    """Empty when the answer had no body."""
    server_time: datetime
    """The server's clock, whole seconds, UTC: compare time stamps in its objects with this, not with our clock."""
    size: int = 0
    """Bytes of the body."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A part of a list."""

    items: tuple[Json, ...]
    resource_version: str
    following: str
    """The token of the next page; empty when this is the last."""


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


def read_refusal(status: int, headers: Mapping[str, str], content: bytes, limits: Limits = DEFAULT) -> Refusal:
    """What an answer outside 2xx says."""
    wait_s = _pause(headers.get("Retry-After", ""), limits)
    try:
        body = read_json(content, limits)
    except (NotKubernetesError, LimitReachedError):
        body = {}
    if body.get("kind") != "Status":
        return Refusal(status=status, retry_after_s=wait_s)
    refusal = refusal_of_status(body, limits)
    asked_s = wait_s if wait_s is not None else refusal.retry_after_s
    return replace(refusal, status=status, retry_after_s=asked_s)


def refusal_of_status(body: object, limits: Limits = DEFAULT) -> Refusal:
    """The same from a Status object, as it also comes inside a watch."""
    status = body if isinstance(body, dict) else {}
    details = status.get("details")
    details = details if isinstance(details, dict) else {}
    code, wait_s = status.get("code"), details.get("retryAfterSeconds")
    return Refusal(
        status=code if isinstance(code, int) and 400 <= code < 600 else 500,
        reason=shown(status.get("reason"), most=limits.quoted_reason),
        message=shown(status.get("message"), most=limits.quoted_text),
        causes=_causes(details, limits),
        names_object=bool(details.get("name")),
        retry_after_s=_bearable(wait_s, limits),
    )


def api_error(
    refusal: Refusal,
    *,
    what: str,
    where: str,
    quote: bool = True,
    sent: Sent | None = None,
    now: datetime | None = None,
) -> errors.ApiError:
    """The error to raise. `quote=False` leaves the server's message out, for requests whose body is secret.

    `sent` are the credentials that the request had, `now` the time by which they may have expired.
    """
    kind, next_step = _CLASS_BY_STATUS.get(refusal.status, errors.ApiError), _next_step(refusal)
    sent, now = sent or Sent(), now or datetime.now(UTC)
    fault: errors.FailureName | None = None
    said = refusal.reason or "no reason given"
    if refusal.message:
        said = refusal.message if quote else f"{said} (the message is left out, it may quote the Secret)"
    if _is_going(refusal):
        kind = errors.NamespaceTerminating
    elif _is_nobody(refusal, sent.login):
        kind, (said, next_step) = errors.NotAuthenticated, sent.login.value
        if sent.login is Login.OTHER and (objection := sent.objection(now)).fault is errors.FailureName.TOKEN_EXPIRED:
            said, next_step, fault = objection.why, objection.next_step, objection.fault
    elif refusal.status == 401:
        objection = sent.objection(now)
        said, next_step, fault = f"{said}, {objection.why}", objection.next_step, objection.fault
    elif _is_foreign(refusal):
        said = "this is no answer of Kubernetes, something before it does not let us through"
        fault = errors.FailureName.API_ERROR
    return kind(
        what=what,
        where=where,
        why=f"the API server answered {refusal.status}: {said}",
        next=next_step,
        status=refusal.status,
        reason=refusal.reason,
        fault=fault,
    )


def read_answer(
    *, status: int, headers: Mapping[str, str], content: bytes, now: datetime, limits: Limits = DEFAULT
) -> Answer:
    """Raises NotKubernetesError when the body is no JSON object that an API server sends, and LimitReachedError."""
    body = read_json(content, limits) if content else {}
    return Answer(status=status, body=body, server_time=_server_time(headers, now=now), size=len(content))


def read_page(body: Json, *, resource: Resource, namespace: str | None, limits: Limits = DEFAULT) -> Page:
    """The objects of a list, each known to be one of this kind. Raises NotKubernetesError, LimitReachedError."""
    # Go writes an empty list as null too. What has no items at all is no list: nothing must be taken for absent.
    items, metadata = body.get("items", ...), metadata_in(body)
    following, version = metadata.get("continue") or "", metadata.get("resourceVersion") or ""
    if not isinstance(items, (list, NoneType)) or not isinstance(following, str) or not isinstance(version, str):
        raise NotKubernetesError("is no list of objects")
    if len(version) > limits.name:
        raise NotKubernetesError("has no version that could be one")
    if len(following) > limits.continue_token:
        raise LimitReachedError(f"a continue token of more than {limits.continue_token} characters")
    found = tuple(object_of(item, resource=resource, namespace=namespace) for item in items or ())
    return Page(items=found, resource_version=version, following=following)


def _server_time(headers: Mapping[str, str], *, now: datetime) -> datetime:
    """`now` (our clock) stands in where something on the way has removed the Date header, or it is no date."""
    try:
        moment = parsedate_to_datetime(headers["Date"])
        moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (KeyError, ValueError, TypeError, IndexError, OverflowError):
        return now
    return moment if moment.year in _YEARS else now


def _pause(header: str, limits: Limits) -> float | None:
    """Seconds; None for a date, which Kubernetes never sends, and for what is no pause."""
    is_number = header.isascii() and header.isdigit() and len(header) <= limits.digits
    return _bearable(int(header), limits) if is_number else None


def _bearable(seconds: object, limits: Limits) -> float | None:
    if not isinstance(seconds, (int, float)) or isinstance(seconds, bool):
        return None
    return float(seconds) if 0 < seconds <= limits.pause_s else None


def _causes(details: Mapping[str, object], limits: Limits) -> tuple[str, ...]:
    causes = details.get("causes")
    found = causes[: limits.causes] if isinstance(causes, list) else []
    reasons = (shown(cause.get("reason"), most=limits.quoted_reason) for cause in found if isinstance(cause, dict))
    return tuple(filter(None, reasons))


def _is_nobody(refusal: Refusal, login: Login) -> bool:
    """Servers let those in whom they do not know, as a user without rights, unless they are told not to."""
    as_nobody = refusal.status == 403 and any(user in refusal.message for user in _NOBODY)
    # A 403 for somebody else: a proxy such as kubectl proxy may have sent credentials where we have none.
    return as_nobody or (refusal.status == 401 and login is not Login.OTHER)


def _is_foreign(refusal: Refusal) -> bool:
    """Kubernetes says which right is missing; a proxy, firewall or gateway sends a page."""
    return refusal.status in (403, 407) and not refusal.message and not refusal.reason


def _is_going(refusal: Refusal) -> bool:
    """A create in a namespace that is being deleted is a 403 like that of a missing right; only a cause tells them."""
    return refusal.status == 403 and "NamespaceTerminating" in refusal.causes


def _next_step(refusal: Refusal) -> str:
    if _is_going(refusal):
        return errors.TAKE_AWAY_CONTENT
    if refusal.status == 404:
        if refusal.names_object:
            return "run again; if it stays missing, create it"
        return "check that Liqo is installed in this cluster, in a version that has this kind"
    if _is_foreign(refusal):
        return "look at the proxy, firewall or gateway before the API server, and at the credentials that it asks for"
    if refusal.status == 403 and "cannot impersonate" in refusal.message:
        return "grant this user the right to impersonate, or leave out impersonate_user (as in the kubeconfig)"
    if 300 <= refusal.status < 400:
        return "give the address of the API server itself, this one redirects elsewhere"
    if refusal.status >= 500:
        return "look at the log of the API server, and of the webhook if one is named"
    return _NEXT_BY_STATUS.get(refusal.status, "look at the log of the API server")
