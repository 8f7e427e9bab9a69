# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run came to, as the result of a task: one schema whether there are no links, one, or ten thousand."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from .errors import FabricError, attempt
from .findings import Finding
from .links import Link, described_cluster, link_result
from .model import ClusterId, FabricName, Pair, State, Tolerance
from .objects import ClusterState
from .operations import Change, Op, Verb, Write
from .task import Task
from .terminal import LONGEST, one_line


class Outcome(StrEnum):
    """What became of one link; in check mode what would become of it."""

    IN_SYNC = "in_sync"
    CREATED = "created"
    REPAIRED = "repaired"
    REMOVED = "removed"
    PARTLY_REMOVED = "partly_removed"
    """One cluster has nothing of it any more; on the other one it stays, since its objects also belong to others."""
    LEFT = "left"
    """This fabric took its mark away. The link stays as it is, since it also belongs to others."""
    PENDING = "pending"
    """Nothing is left to write, but the tunnel is not up yet and the run did not wait."""
    BLOCKED = "blocked"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkReport:
    """One pair of the run."""

    pair: Pair
    outcome: Outcome
    planned: tuple[Op, ...] = ()
    done: tuple[Op, ...] = ()
    failure: FabricError | None = None
    notes: tuple[str, ...] = ()
    link: Link | None = None
    """As last seen; None when no end could be read."""
    claimed_alone: bool = False
    """It is not declared, and one cluster alone marks it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """The whole run."""

    fabric: FabricName
    state: State
    check_mode: bool
    links: tuple[LinkReport, ...]
    clusters: Mapping[ClusterId, ClusterState | FabricError]
    tolerate: Tolerance = field(default_factory=Tolerance)
    gathered: tuple[Mapping[str, Any], ...] = ()
    """With state gathered: the option ``shortcuts`` that would bring about what is there."""
    rendered: Mapping[ClusterId, tuple[Mapping[str, Any], ...]] = field(default_factory=dict)
    """With state rendered: manifests by cluster."""

    preflight: tuple[Finding, ...] = ()
    """What was found before the first write."""
    saved_plan: str = ""
    """In check mode the plan as one word, for a later run that shall carry out exactly that."""

    @property
    def broken(self) -> tuple[LinkReport, ...]:
        """The links that are blocked or failed."""
        return tuple(link for link in self.links if link.failure is not None)

    @property
    def failed(self) -> bool:
        """More links are blocked or failed than the user tolerates.

        Where any are tolerated, those that one cluster alone marks do not count: it could mark any number.
        """
        if not self.tolerate.links:
            return bool(self.broken)
        counted = [link for link in self.links if not link.claimed_alone]
        return not self.tolerate.allows(sum(link.failure is not None for link in counted), of=len(counted))

    @property
    def changed(self) -> bool:
        """A write was confirmed, or in check mode would be made."""
        return any(link.planned if self.check_mode else link.done for link in self.links)

    @property
    def failures(self) -> tuple[FabricError, ...]:
        """Why links are blocked or failed, each reason once."""
        found = {str(link.failure): link.failure for link in self.links if link.failure is not None}
        return tuple(found[text] for text in sorted(found))


def report_result(report: Report) -> dict[str, Any]:
    """The result of the task; every key is always there.

    What cannot be described of one link or cluster is missing there, with a failure.
    """
    outcomes = [link.outcome for link in report.links]
    clusters = {key: described_cluster(key, report.clusters[key]) for key in sorted(report.clusters)}
    rows = [_rows(link, check_mode=report.check_mode) for link in report.links]
    unread = {id(seen) for seen in report.clusters.values() if isinstance(seen, FabricError)}
    problems = [problem for _row, problem in clusters.values() if problem is not None and id(problem) not in unread]
    problems += [row.problem for row in rows if row.problem is not None]
    failures = {str(problem): problem for problem in (*report.failures, *problems)}
    return {
        "task": Task.SHORTCUTS.value,
        "changed": report.changed,
        "fabric": report.fabric,
        "state": report.state.value,
        "check_mode": report.check_mode,
        "summary": {
            "links": len(report.links),
            **{outcome.value: outcomes.count(outcome) for outcome in Outcome},
            "unreachable": len(unread),
        },
        "clusters": {str(key): row for key, (row, _problem) in clusters.items()},
        "links": [row.link for row in rows],
        "plan": [op for row in rows for op in row.plan],
        "saved_plan": report.saved_plan,
        "preflight": [finding.as_result() for finding in report.preflight],
        "failures": [failures[text].as_result() for text in sorted(failures)],
        "rerun": _rerun(report),
        "gathered": [dict(wish) for wish in report.gathered],
        "rendered": {str(key): list(manifests) for key, manifests in report.rendered.items()},
        "diff": {side: "".join(row.diff[side] for row in rows) for side in ("before", "after")},
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rows:
    """What the result says of one link."""

    link: dict[str, Any]
    plan: list[dict[str, Any]] = field(default_factory=list)
    diff: Mapping[str, str] = field(default_factory=lambda: {"before": "", "after": ""})
    problem: FabricError | None = None


def _rows(link: LinkReport, *, check_mode: bool) -> _Rows:
    def rows() -> _Rows:
        acted = link.planned if check_mode else link.done
        return _Rows(link=_link_row(link), plan=[op_row(op) for op in link.planned], diff=diff_of(acted))

    where = f"clusters {link.pair.a} and {link.pair.b}"
    found = attempt(rows, what=f"cannot describe {link.pair}", where=where)
    if isinstance(found, FabricError):
        return _Rows(link=_link_row(replace(link, link=None, failure=link.failure or found)), problem=found)
    return found


def op_row(op: Write) -> dict[str, Any]:
    """One entry of ``plan``. A value that is not known yet reads ``(known after ...)``."""
    return {
        "cluster": op.cluster,
        "peer": op.peer,
        "action": op.verb.value,
        "kind": op.kind.value,
        "namespace": op.namespace,
        "name": op.name,
        "reason": op.reason,
        "fields": {
            change.field: {"before": _plain(change.before), "after": _plain(change.after)} for change in op.changes
        },
    }


def diff_of(ops: Iterable[Write]) -> dict[str, str]:
    """Two YAML texts of the fields that we own, for ``--diff``."""
    before: list[str] = []
    after: list[str] = []
    for op in ops:
        title = one_line(f"{op.cluster}/{op.kind.value}/{op.namespace + '/' if op.namespace else ''}{op.name}:")
        if op.verb is Verb.CREATE:
            after += [title, *_lines(op.changes, "after")]
        elif op.verb is Verb.DELETE:
            before.append(f"{title} exists")
        else:
            before += [title, *_lines(op.changes, "before")]
            after += [title, *_lines(op.changes, "after")]
    return {"before": "\n".join([*before, ""]) if before else "", "after": "\n".join([*after, ""]) if after else ""}


def failure_text(report: Report) -> str:
    """One line that names what failed, for ``msg``; the first reason in full."""
    first = report.failures[0]
    rest = f" ({len(report.failures) - 1} more under failures)" if len(report.failures) > 1 else ""
    return f"{len(report.broken)} of {len(report.links)} links are blocked or failed. {first}{rest}"


def _rerun(report: Report) -> dict[str, Any]:
    """What to run again once the failures are seen to, as values of the options ``scope`` and ``only``."""
    pairs = [link.pair for link in report.broken]
    return {
        "clusters": sorted({str(cluster) for pair in pairs for cluster in pair}),
        "pairs": [[pair.a, pair.b] for pair in pairs],
    }


def _link_row(link: LinkReport) -> dict[str, Any]:
    seen = link_result(link.link) if link.link is not None else {"between": [link.pair.a, link.pair.b]}
    return {
        **seen,
        "outcome": link.outcome.value,
        "changes": [op.id for op in link.done],
        "failure": link.failure.as_result() if link.failure is not None else None,
        "notes": list(link.notes),
    }


def _lines(changes: Iterable[Change], which: str) -> list[str]:
    found = [(change.field, _plain(getattr(change, which))) for change in changes]
    return [f"  {name}: {_shown(json.dumps(value, sort_keys=True, ensure_ascii=False))}" for name, value in found]


def _shown(text: str) -> str:
    """One line; of a text that is too long for it the digest too, so that two different ones look different."""
    if len(text) <= LONGEST:
        return one_line(text)
    digest = hashlib.sha256(text.encode(errors="replace")).hexdigest()[:16]
    return f"{one_line(text, longest=LONGEST // 4)} ({len(text)} letters, sha256 {digest})"


def _plain(value: object) -> Any:
    """JSON of a field's value."""
    if value is None or isinstance(value, (bool, int, str)):
        return value.value if isinstance(value, StrEnum) else value
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (frozenset, set)):
        return sorted(str(item) for item in value)
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return str(value)
