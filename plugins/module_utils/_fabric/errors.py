# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The errors that cross the rooms of this collection: what failed, where, why, and what to do next.

A class of its own exists only where somebody reacts to it. Errors of other libraries never cross `_kube`; they stay
reachable as `__cause__`. No message may hold a secret: `why` quotes a server only through its `Status` object.
"""

# The names say what is the case, as those of the HTTP statuses do; a suffix Error would add nothing.
# ruff: noqa: N818

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar, TypeVar

from .terminal import LONGEST, LONGEST_REASON, one_line
from .unquoted import INSTEAD, is_quotable

T = TypeVar("T")

TAKE_AWAY_CONTENT = "take away what holds the content of the namespace, or wait until it is gone; then run again"
"""The next step where a namespace is being deleted."""

_ROOT = "/plugins/"
"""Below it lies every file of the collection, wherever that is installed or packed."""


class FailureName(StrEnum):
    """Every kind of failure, as `fault` of a failure in a result; each with its meaning as one sentence.

    Names are part of the interface: playbooks branch on them. docs/troubleshooting.md lists them all.
    """

    meaning: str

    def __new__(cls, value: str, meaning: str = "") -> FailureName:
        member = str.__new__(cls, value)
        member._value_ = value
        member.meaning = meaning
        return member

    # The connection to an API server.
    UNREACHABLE = "unreachable", "The API server of a cluster gave no answer at all."
    NO_CREDENTIALS = "no-credentials", "The connection options of a cluster cannot be used, or bring no credentials."
    TOKEN_EXPIRED = (
        "token-expired",
        "The API server does not accept the credentials, which have expired: a token or certificate says so itself.",
    )
    CREDENTIALS_REFUSED = (
        "credentials-refused",
        "The API server does not accept the credentials: they are revoked, wrong or of another cluster.",
    )
    PLUGIN_MISSING = (
        "plugin-missing",
        "The credentials plugin that a kubeconfig names is not there where the task runs.",
    )
    PLUGIN_WAITS = (
        "plugin-waits",
        "A credentials plugin waits for a person, who is not there in a task, or for an answer that does not come.",
    )
    PLUGIN_FAILED = "plugin-failed", "A credentials plugin ended, or answered something that holds no credentials."
    MISSING_RIGHT = "missing-right", "The credentials are accepted, but lack a right that is needed."
    API_ERROR = "api-error", "The API server answered with an error that no repetition cured."
    THROTTLED = "throttled", "The API server refused because of too many requests, also when asked again later."
    NOT_FOUND = "not-found", "An object, its namespace or a whole kind does not exist."
    REJECTED = "rejected", "The API server or an admission webhook does not accept the values of an object."
    CONFLICT = "conflict", "Somebody else changed the same object at the same time."
    NOT_UNDERSTOOD = "not-understood", "A cluster answered with something that cannot be understood."
    LIMIT_REACHED = "limit-reached", "A cluster answered with more, or for longer, than is read of one cluster."
    INTERRUPTED = "interrupted", "The run was told to stop before this was begun or completed."

    # What is in a cluster before anything is written.
    NO_LIQO = "no-liqo", "There is no Liqo in the namespace where it was looked for."
    WRONG_CLUSTER = "wrong-cluster", "The connection leads to another cluster than the one that was declared."
    UNKNOWN_CLUSTER = "unknown-cluster", "A link leads to a cluster that is not among those of the task."
    TOO_OLD = "too-old", "The version of Liqo in a cluster cannot do what is asked."
    NO_CIDRS = "no-cidrs", "Liqo has not given a cluster its own networks."
    UNKNOWN_TEMPLATE = "unknown-template", "The gateway template that is named does not exist."
    CARRIES_PEERING = "carries-peering", "The pair is peered, so that its connection is not a shortcut."
    DUPLICATE_OBJECTS = (
        "duplicate-objects",
        "Two objects of one kind are there for one peer, on which Liqo's controllers fail.",
    )
    LOST_LABEL = (
        "lost-label",
        "An object has lost a label by which Liqo finds it, and this collection cannot or must not write it again.",
    )
    ROLE_CONFLICT = "role-conflict", "Both clusters of a link have a gateway of the same role."
    NAMESPACE_TERMINATING = (
        "namespace-terminating",
        "The tenant namespace is being deleted and hangs, so that nothing can be created in it.",
    )
    STUCK_FINALIZER = "stuck-finalizer", "An object is deleted, but a finalizer that nothing takes away holds it."

    REFUSED_CIDRS = (
        "refused-cidrs",
        "A cluster reports CIDRs that its peer must not get: not private, too large, or around networks of the peer.",
    )
    REFUSED_ENDPOINT = (
        "refused-endpoint",
        "A gateway server advertises only addresses that its client must not dial, like one of the client's cluster.",
    )

    PORT_TAKEN = "port-taken", "A NodePort, or the port of a load balancer address, serves something else already."
    NAME_TAKEN = (
        "name-taken",
        "An object of the needed name is there and belongs to something else, or two Services need it.",
    )

    # Services that shall use shortcuts.
    GATE_CLOSED = "gate-closed", "Liqo's own direct connections would be wrong for some pair of leaves."
    NAMESPACE_CLASH = (
        "namespace-clash",
        "Liqo does not let the namespace of a Service onto a leaf: the name is taken there, most often by another hub.",
    )
    NOT_ITS_OWN = (
        "not-its-own",
        "A leaf lists pods of another cluster, or addresses that are not those of its pods, for a Service of a hub.",
    )
    NO_IPV4 = "no-ipv4", "A Service has no IPv4 address, which the mode that is asked for needs."
    NO_SERVICE = "no-service", "A Service that is named does not exist, or its namespace is not offloaded."

    # What Liqo or the network did not do in time.
    CONTROLLER_DOWN = "controller-down", "A component of Liqo that has to act does not run."
    IPAM_POOL_FULL = "ipam-pool-full", "Liqo's IPAM has no free network left for the CIDRs of the peer."
    OUTSIDE_POOL = "outside-pool", "A CIDR of the peer lies outside the pools of an IPAM that takes no other."
    NO_ADDRESS = (
        "no-address",
        "The Service of a gateway server is not there, or gets no address from its load balancer.",
    )
    DEAD_GATEWAY = "dead-gateway", "A gateway pod does not run."
    TUNNEL_BLOCKED = "tunnel-blocked", "Both gateways run, but the packets of the client do not come through."
    WAIT_TIMEOUT = "wait-timeout", "Something awaited did not come true in time, and nothing seen explains it."
    UNSETTLED = "unsettled", "A link is changed again as soon as it is made: something else manages the same objects."

    # What was asked.
    OWNERS_DISAGREE = "owners-disagree", "Two fabrics that share a link or a Service want it differently."
    IN_USE = "in-use", "A link is not removed, because Services may still use it."
    TOO_MANY_REMOVALS = (
        "too-many-removals",
        "More links that are not declared end in the clusters of this link than the task allows; it was not removed.",
    )
    NOT_ADOPTED = (
        "not-adopted",
        "An object of the connector of 2025 has a link that no fabric has taken over as it is.",
    )
    PLAN_MOVED = "plan-moved", "What would be done is no longer the plan that was saved."
    NO_PLAN = "no-plan", "A saved plan cannot be read or written."
    MISSING_PACKAGE = "missing-package", "A Python package is missing or too old where the task runs."
    WRONG_INPUT = "wrong-input", "What the task was given is refused; nothing was written."
    OTHER = "other", "Anything that has no name of its own."


class FabricError(Exception):
    """Something a person must know; `str()` of it is one line that a stranger can act on."""

    fault: FailureName = FailureName.OTHER
    """What it is, by a stable name."""
    cause: str = ""
    """What keeps a pod from running, by a stable name (see obstacles.py); empty where that is not the reason."""

    def __init__(self, *, what: str, where: str, why: str, next: str, fault: FailureName | None = None) -> None:
        """`fault` names what its class leaves open."""
        if fault is not None:
            self.fault = fault
        self.what = _one_line(what)
        """What could not be done, as a phrase: `cannot list configurations.networking.liqo.io`."""
        self.where = _one_line(where if is_quotable(where) else f"a place whose name is not quoted ({INSTEAD})")
        """Always the cluster, and its `https://host:port` when there is one; for wrong input the place in it."""
        self.why = _one_line(why, longest=LONGEST_REASON)
        """The reason, with the values seen."""
        self.next = _one_line(next)
        """What the person can do now, as an instruction."""
        super().__init__(str(self))

    def __str__(self) -> str:
        return f"{self.where}: {self.what}: {self.why}. Next: {self.next}."

    def as_result(self) -> dict[str, str]:
        """One entry of `failures` in the result of a task."""
        return {
            "fault": self.fault.value,
            "cause": self.cause,
            "what": self.what,
            "where": self.where,
            "why": self.why,
            "next": self.next,
        }


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Violation:
    """One thing that is wrong in what the user wrote."""

    path: str
    """Where, as the user would find it: `shortcuts[2].between`, `clusters[leaf-a].kubeconfig`."""
    message: str
    """What is wrong, with the offending value unless that could be secret."""
    hint: str = ""
    """How to put it right; empty when the message says so already."""

    def __str__(self) -> str:
        said = f"{self.path}: {self.message}" + (f" ({self.hint})" if self.hint else "")
        if is_quotable(said):
            return said
        path = self.path if is_quotable(self.path) else "options"
        return f"{path}: {INSTEAD}" + (f" ({self.hint})" if self.hint and is_quotable(self.hint) else "")


class InputError(FabricError):
    """The user's input is refused before anything was written; names every violation at once."""

    fault = FailureName.WRONG_INPUT

    def __init__(self, violations: Iterable[Violation], *, where: str = "options of the task") -> None:
        self.violations = tuple(sorted(set(violations)))
        """Sorted by path, without repetitions; never empty."""
        if not self.violations:
            raise ValueError("an InputError needs at least one violation")
        count = len(self.violations)
        super().__init__(
            what=f"{count} wrong value" + ("s" if count > 1 else ""),
            where=where,
            why="; ".join(str(violation) for violation in self.violations),
            next="correct the input and run again; nothing was written",
        )


class Unreachable(FabricError):
    """The API server gave no answer at all: refused, timed out, unknown name, certificate, proxy, broken connection."""

    fault = FailureName.UNREACHABLE


class ApiError(FabricError):
    """The API server answered, and the answer was an error that no retry cured."""

    fault = FailureName.API_ERROR
    http_status: ClassVar[int | None] = None
    """The HTTP status that selects a child class; None for this class, which takes all others."""

    def __init__(
        self,
        *,
        what: str,
        where: str,
        why: str,
        next: str,
        status: int,
        reason: str = "",
        fault: FailureName | None = None,
    ) -> None:
        super().__init__(what=what, where=where, why=why, next=next, fault=fault)
        self.status = status
        """HTTP status, or the `code` of a Status object that came inside a watch."""
        self.reason = reason
        """`reason` of the Status object (`AlreadyExists`, `Expired`); empty when the answer was no Status."""


class Unauthorized(ApiError):
    """401, also after the credentials were read afresh."""

    fault = FailureName.CREDENTIALS_REFUSED
    http_status = 401


class NotAuthenticated(ApiError):
    """401 or 403 of a server for which we are nobody: no right is missing, and none must be given to everybody."""

    fault = FailureName.NO_CREDENTIALS


class Forbidden(ApiError):
    """403: known but not allowed; a caller may have a humbler way (polling instead of a watch)."""

    fault = FailureName.MISSING_RIGHT
    http_status = 403


class NamespaceTerminating(ApiError):
    """403 of a create in a namespace that is being deleted: no right is missing, only the namespace has to be gone."""

    fault = FailureName.NAMESPACE_TERMINATING


class NotFound(ApiError):
    """404: the object, its namespace, or the whole kind does not exist."""

    fault = FailureName.NOT_FOUND
    http_status = 404


class Conflict(ApiError):
    """409: the world moved; read again and plan again."""

    fault = FailureName.CONFLICT
    http_status = 409

    @property
    def already_exists(self) -> bool:
        """A create met an object of the same name (otherwise a resourceVersion or uid was not the current one)."""
        return self.reason == "AlreadyExists"


class Gone(ApiError):
    """410: the resourceVersion is too old to go on from; list again."""

    fault = FailureName.CONFLICT
    http_status = 410


class Invalid(ApiError):
    """422: the object breaks the schema or a rule of admission."""

    fault = FailureName.REJECTED
    http_status = 422


class Throttled(ApiError):
    """429 until the retries were used up."""

    fault = FailureName.THROTTLED
    http_status = 429


class WaitTimeout(FabricError):
    """What was awaited did not come true in time."""

    fault = FailureName.WAIT_TIMEOUT

    def __init__(
        self,
        *,
        what: str,
        where: str,
        why: str,
        next: str,
        last_seen: str,
        fault: FailureName | None = None,
        cause: str = "",
    ) -> None:
        super().__init__(what=what, where=where, why=why, next=next, fault=fault)
        self.cause = cause
        self.last_seen = _one_line(last_seen)
        """The state seen last, in the words of the API: `Connection value Connecting`."""


def _one_line(text: str, *, longest: int = LONGEST) -> str:
    """Nothing of a server or plug-in must break our one line; the full stop is set by `__str__`."""
    return one_line(" ".join(text.split()), longest=longest).rstrip(".")


def not_understood(problem: BaseException, *, what: str, where: str) -> FabricError:
    """The error for an exception that no one foresaw, met while the answers of one cluster were used.

    It names the type of the exception and the line of our code alone: the words of the exception may quote what the
    cluster said.
    """
    if isinstance(problem, FabricError):
        return problem
    return FabricError(
        what=what,
        where=where,
        why=f"what the cluster answered cannot be understood ({type(problem).__name__}{_innermost(problem)})",
        next="look at the objects of this cluster for values that Liqo would not write, and report them as a defect",
        fault=FailureName.NOT_UNDERSTOOD,
    )


def attempt(call: Callable[[], T], *, what: str, where: str) -> T | FabricError:
    """What ``call`` returns, or why it could not: its FabricError, or ``not_understood`` for any other exception.

    This is the one place where an unforeseen exception becomes the failure of one cluster, link or Service.
    """
    try:
        return call()
    except FabricError as problem:
        return problem
    except Exception as unforeseen:
        error = not_understood(unforeseen, what=what, where=where)
        error.__cause__ = unforeseen
        return error


def lines_of(problem: BaseException) -> list[str]:
    """The lines of this collection that the exception passed, so that a defect can be found; no values."""
    return [
        f"{frame.f_code.co_filename.rpartition(_ROOT)[2]}:{line}"
        for frame, line in traceback.walk_tb(problem.__traceback__)
        if _ROOT in frame.f_code.co_filename
    ]


def _innermost(problem: BaseException) -> str:
    lines = lines_of(problem)
    return f" at {lines[-1]}" if lines else ""
