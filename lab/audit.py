# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What was asked of a lab's API servers, counted from their audit logs.

A write is a request that may change a stored object: reviews of tokens and rights, which the API server only answers,
and dry runs are none.
"""

from __future__ import annotations

import datetime
import json
import uuid
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from lab.api import Api, wait_for
from lab.layout import Cluster
from lab.table import table

_WRITE_VERBS = frozenset({"create", "update", "patch", "delete", "deletecollection"})
_ANSWER_GROUPS = frozenset({"authentication.k8s.io", "authorization.k8s.io"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One finished request; of a watch, its beginning."""

    at: datetime.datetime
    """When the API server received it."""
    user: str
    agent: str
    """User agent up to the first space: `kubectl/v1.36.3`."""
    verb: str
    resource: str
    """`plural.group/subresource`, or the path when it concerns no resource."""
    namespace: str
    name: str
    code: int
    write: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """How often one client did one thing."""

    user: str
    agent: str
    verb: str
    resource: str
    requests: int
    writes: int


def read(log: Path, *, since: datetime.datetime | None = None) -> Iterator[Request]:
    """The requests of an audit log, in the order in which they ended, received at `since` or later."""
    with log.open() as lines:
        for line in lines:
            if not line.endswith("\n"):
                return
            request = parse(json.loads(line))
            if request is not None and (since is None or request.at >= since):
                yield request


def parse(event: dict[str, Any]) -> Request | None:
    """The request that an audit event closes; None for events that close none."""
    verb = event["verb"]
    if event["stage"] != ("ResponseStarted" if verb == "watch" else "ResponseComplete"):
        return None
    target = event.get("objectRef") or {}
    return Request(
        at=datetime.datetime.fromisoformat(event["requestReceivedTimestamp"]),
        user=event["user"].get("username", ""),
        agent=event.get("userAgent", "").partition(" ")[0],
        verb=verb,
        resource=_resource(target) or event["requestURI"].partition("?")[0],
        namespace=target.get("namespace", ""),
        name=target.get("name", ""),
        code=(event.get("responseStatus") or {}).get("code", 0),
        write=_is_write(verb, target, event["requestURI"]),
    )


def count(requests: Iterable[Request]) -> list[Row]:
    """One row per user, agent, verb and resource, the most frequent first."""
    seen: Counter[tuple[str, str, str, str]] = Counter()
    writes: Counter[tuple[str, str, str, str]] = Counter()
    for r in requests:
        key = (r.user, r.agent, r.verb, r.resource)
        seen[key] += 1
        writes[key] += r.write
    return [
        Row(user=key[0], agent=key[1], verb=key[2], resource=key[3], requests=number, writes=writes[key])
        for key, number in sorted(seen.items(), key=lambda item: (-item[1], item[0]))
    ]


def settle(cluster: Cluster) -> None:
    """Every request that was answered before this call is in the log."""
    mark = f"lab-audit-mark-{uuid.uuid4().hex}"
    position = cluster.audit_log.stat().st_size
    Api(cluster.user_kubeconfig, agent=mark).request("GET", "/version")

    def logged() -> bool:
        with cluster.audit_log.open() as log:
            log.seek(position)
            return mark in str(log.read())

    wait_for(logged, f"the audit log of {cluster.name}", timeout_s=10.0, every_s=0.02)


def render(rows: Sequence[Row]) -> str:
    """A table and a line of totals."""
    head = ("REQUESTS", "WRITES", "VERB", "RESOURCE", "AGENT", "USER")
    cells = [(str(r.requests), str(r.writes), r.verb, r.resource, r.agent, r.user) for r in rows]
    total = f"{sum(r.requests for r in rows)} requests, {sum(r.writes for r in rows)} writes"
    return "\n".join([*table([head, *cells]), total])


def render_json(rows: Iterable[Row]) -> str:
    found = list(rows)
    totals = {"requests": sum(r.requests for r in found), "writes": sum(r.writes for r in found)}
    return json.dumps({**totals, "rows": [asdict(r) for r in found]}, indent=1)


def _resource(target: dict[str, Any]) -> str:
    name, group, sub = (str(target.get(key, "")) for key in ("resource", "apiGroup", "subresource"))
    return name + (f".{group}" if group else "") + (f"/{sub}" if sub else "")


def _is_write(verb: str, target: dict[str, Any], uri: str) -> bool:
    answered_only = target.get("apiGroup") in _ANSWER_GROUPS or "dryRun=" in uri
    return verb in _WRITE_VERBS and bool(target) and not answered_only
