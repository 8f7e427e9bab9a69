# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run of propagation came to, as the result of a task: a row per Service and leaf."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..errors import FabricError
from ..model import ClusterId, FabricName, Pair, State
from ..operations import Verb
from ..report import Outcome, diff_of, op_row
from ..task import Task
from .faults import Fault, refusal_faults
from .gate import Gate
from .model import ClusterServices, ServiceKey, World
from .operations import ServicePlan, SliceOp

OF_LINKS = (Outcome.PARTLY_REMOVED, Outcome.LEFT)
"""What becomes of links alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceRow:
    """One Service on one leaf; the row of the hub itself has the annotation."""

    key: ServiceKey
    leaf: ClusterId
    mode: str | None
    reason: str
    outcome: Outcome
    done: tuple[SliceOp, ...] = ()
    failure: FabricError | None = None
    faults: tuple[Fault, ...] = ()
    """Endpoints of this leaf, or that this leaf would use, which are not used directly."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PropagationReport:
    """The whole run."""

    fabric: FabricName
    state: State
    check_mode: bool
    rows: tuple[ServiceRow, ...]
    gates: tuple[tuple[ServiceKey, Gate], ...]
    planned: tuple[SliceOp, ...]
    done: tuple[SliceOp, ...]
    world: World
    notes: tuple[str, ...] = ()
    elsewhere: tuple[FabricError, ...] = ()
    """Failures that belong to no Service: of the policies of a leaf."""
    still_used: Mapping[Pair, frozenset[ClusterId]] = field(default_factory=dict)
    """Links that Services were to be moved off and may still use, each with the ends on which these Services are."""

    @property
    def changed(self) -> bool:
        """A write was confirmed, or in check mode would be made."""
        return bool(self.planned if self.check_mode else self.done)

    @property
    def failures(self) -> tuple[FabricError, ...]:
        """What is blocked or failed and why, each reason once."""
        found = {str(row.failure): row.failure for row in self.rows if row.failure is not None}
        found |= {str(failure): failure for failure in self.elsewhere}
        return tuple(found[text] for text in sorted(found))


def rows_of(
    plans: Iterable[ServicePlan],
    *,
    planned: Mapping[ServiceKey | None, tuple[SliceOp, ...]],
    done: Mapping[ServiceKey | None, tuple[SliceOp, ...]],
    failures: Mapping[tuple[ServiceKey | None, ClusterId], FabricError],
    waiting: frozenset[tuple[ServiceKey, ClusterId]],
    check_mode: bool,
) -> tuple[ServiceRow, ...]:
    """A row for each Service and each leaf that it is on, and one for its hub where something is done or wrong there.

    Of ``plans`` only those of Services count. ``waiting`` are places where a goal has not come true yet.
    """
    rows = []
    for plan in plans:
        if plan.key is None:
            continue
        acted = (planned if check_mode else done).get(plan.key, ())
        places = {*plan.choices, *plan.blocked, *(op.cluster for op in acted)}
        places |= {cluster for key, cluster in failures if key == plan.key}
        places |= {refusal.place for refusal in plan.refusals}
        for place in sorted(places):
            own = tuple(op for op in acted if op.cluster == place)
            failure = failures.get((plan.key, place)) or plan.blocked.get(place)
            choice = plan.choices.get(place)
            rows.append(
                ServiceRow(
                    key=plan.key,
                    leaf=place,
                    mode=choice.mode.value if choice is not None and choice.mode is not None else None,
                    reason=choice.reason if choice is not None else "; ".join(op.reason for op in own[:1]),
                    outcome=_outcome(own, failure, blocked=place in plan.blocked, waits=(plan.key, place) in waiting),
                    done=() if check_mode else own,
                    failure=failure,
                    faults=refusal_faults(plan.refusals, place),
                )
            )
    return tuple(rows)


def _outcome(ops: tuple[SliceOp, ...], failure: FabricError | None, *, blocked: bool, waits: bool) -> Outcome:
    if failure is not None:
        return Outcome.BLOCKED if blocked else Outcome.FAILED
    verbs = {op.verb for op in ops}
    if waits:
        return Outcome.PENDING
    if not verbs:
        return Outcome.IN_SYNC
    if Verb.CREATE in verbs:
        return Outcome.CREATED
    return Outcome.REMOVED if Verb.DELETE in verbs else Outcome.REPAIRED


def propagation_result(report: PropagationReport) -> dict[str, Any]:
    """The result of the task; every key is always there."""
    acted = report.planned if report.check_mode else report.done
    outcomes = [row.outcome for row in report.rows]
    return {
        "task": Task.PROPAGATION.value,
        "changed": report.changed,
        "fabric": report.fabric,
        "state": report.state.value,
        "check_mode": report.check_mode,
        "summary": {
            "services": len({row.key for row in report.rows}),
            "rows": len(report.rows),
            **{outcome.value: outcomes.count(outcome) for outcome in Outcome if outcome not in OF_LINKS},
            "faults": sum(len(row.faults) for row in report.rows),
            "unreachable": sum(isinstance(state, FabricError) for state in report.world.values()),
        },
        "clusters": {str(key): _cluster_row(report.world[key]) for key in sorted(report.world)},
        "services": [_row(row) for row in report.rows],
        "gates": [{"service": str(key), **gate.as_result()} for key, gate in report.gates],
        "still_used": [
            {"between": list(pair), "clusters": sorted(report.still_used[pair])} for pair in report.still_used
        ],
        "plan": [op_row(op) for op in report.planned],
        "failures": [failure.as_result() for failure in report.failures],
        "diff": diff_of(acted),
    }


def failure_text(report: PropagationReport) -> str:
    """One line that names what failed, for ``msg``; the first reason in full."""
    broken = sum(row.failure is not None for row in report.rows)
    rest = f" ({len(report.failures) - 1} more under failures)" if len(report.failures) > 1 else ""
    where = f"{broken} of {len(report.rows)} places of Services are blocked or failed"
    if not broken:
        where = "The admission policies of a leaf are not as they should be"
    return f"{where}. {report.failures[0]}{rest}"


def _row(row: ServiceRow) -> dict[str, Any]:
    return {
        "hub": row.key.hub,
        "namespace": row.key.namespace,
        "name": row.key.name,
        "cluster": row.leaf,
        "mode": row.mode,
        "reason": row.reason,
        "outcome": row.outcome.value,
        "changes": [op.id for op in row.done],
        "faults": [fault.as_result() for fault in row.faults],
        "failure": row.failure.as_result() if row.failure is not None else None,
    }


def _cluster_row(seen: ClusterServices | FabricError) -> dict[str, Any]:
    if isinstance(seen, FabricError):
        return {"reachable": False, "exclusive_possible": None, "failure": seen.as_result()}
    return {"reachable": True, "exclusive_possible": seen.policies is not None, "failure": None}
