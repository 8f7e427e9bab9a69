# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Services: wishes -> observed -> plan -> act -> observed again, until the plan is empty and Liqo has followed."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from .._fabric.blame import over_all
from .._fabric.errors import FabricError, FailureName
from .._fabric.model import ClusterId
from .._fabric.operations import in_order
from .._fabric.propagation.model import Propagation, ServiceKey, World
from .._fabric.propagation.operations import ServicePlan, SliceFact, SliceOp
from .._fabric.propagation.plan import plan_services
from .._fabric.propagation.report import PropagationReport, rows_of
from .._fabric.propagation.still_used import still_used
from .._kube.client import Api
from .._kube.stop import STOP
from .act import StalePlan
from .service_act import Result, execute, interrupted, overdue, truth_of
from .service_read import Readings, ServiceReading, read_services, world_of
from .who import who_of

ROUNDS = 8
"""Act on one cluster at most so often: a policy that takes effect late needs more than one round."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How patient and how parallel a run is."""

    wait: bool = True
    wait_timeout_s: float = 60.0
    parallel_clusters: int = 32


def propagate(
    want: Propagation, apis: Mapping[ClusterId, Api | FabricError], *, limits: Limits, check_mode: bool
) -> PropagationReport:
    """Make the Services as wished, or with ``check_mode`` say what that would take. Failures are in the report."""
    who = who_of(want.clusters)
    budgets = _Budgets((cluster.id for cluster in want.clusters), limits.wait_timeout_s)

    def read() -> Readings:
        return read_services(want.clusters, apis, hubs=want.hubs, parallel=limits.parallel_clusters, who=who)

    def plan(readings: Readings) -> tuple[Readings, tuple[ServicePlan, ...]]:
        """The plans; a cluster whose content cannot be planned over is an error."""
        plans, world = over_all(
            partial(_planned, want), world_of(readings), what="cannot plan Services over this cluster"
        )
        return {**readings, **{key: seen for key, seen in world.items() if isinstance(seen, FabricError)}}, plans

    readings, plans = plan(read())
    log = _Log(plans)
    while not check_mode:
        reached = _reached(readings, budgets.open)
        ops = [op for plan in plans for op in plan.ops if op.id not in log.failed and op.cluster in budgets.open]
        # What has failed for good is not waited for.
        goals = [goal for plan in plans for goal in plan.goals if (plan.key, goal.cluster) not in log.failures]
        unmet = _unmet(goals, reached) if limits.wait else []
        if not ops and not unmet:
            break
        result = execute(ops, goals, reached, wait=limits.wait, patience_s=budgets.left_s)
        log.add(plans, result)
        budgets.spend({op.cluster for op in ops} | {goal.cluster for goal in unmet}, result.took_s)
        if STOP.is_set:
            break
        readings, plans = plan(read())
    if not check_mode:
        log.close(plans, readings, wait=limits.wait)
    planned = in_order(op for ops in log.planned.values() for op in ops)
    settled = limits.wait and not check_mode
    used, world = over_all(
        partial(still_used, want, planned=planned if check_mode else (), settled=settled),
        world_of(readings),
        what="cannot tell which links Services of this cluster use",
    )
    return PropagationReport(
        fabric=want.fabric,
        state=want.state,
        check_mode=check_mode,
        rows=rows_of(
            log.first if check_mode else _latest(log.first, plans),
            planned=log.planned,
            done=log.done,
            failures=log.failures,
            waiting=log.pending,
            check_mode=check_mode,
        ),
        gates=tuple((plan.key, gate) for plan in plans if plan.key is not None for gate in plan.gates),
        planned=planned,
        done=tuple(op for ops in log.done.values() for op in ops),
        world=world,
        still_used=used,
        notes=tuple(note for plan in plans for note in plan.notes),
        elsewhere=tuple(failure for (key, _cluster), failure in log.failures.items() if key is None),
    )


def _planned(want: Propagation, world: World) -> tuple[ServicePlan, ...]:
    """The plans, of which the operations can be brought into an order."""
    plans = plan_services(want, world)
    in_order(op for plan in plans for op in plan.ops)
    return plans


class _Budgets:
    """How often, and how long, each cluster is still worked on. Reading is not waiting, and none takes from another."""

    def __init__(self, clusters: Iterable[ClusterId], patience_s: float) -> None:
        self.left_s = dict.fromkeys(clusters, patience_s)
        self._rounds = dict.fromkeys(self.left_s, ROUNDS)

    @property
    def open(self) -> frozenset[ClusterId]:
        """A first round is had by all, however short the time."""
        return frozenset(
            key for key, rounds in self._rounds.items() if rounds == ROUNDS or (rounds > 0 and self.left_s[key] > 0)
        )

    def spend(self, clusters: Iterable[ClusterId], took_s: Mapping[ClusterId, float]) -> None:
        """A round of these clusters is over, of which each took so long."""
        for key in clusters:
            self._rounds[key] -= 1
            self.left_s[key] -= took_s.get(key, 0.0)


class _Log:
    """What was planned, done and failed so far, by Service; policies are under None."""

    def __init__(self, plans: Sequence[ServicePlan]) -> None:
        self.first = plans
        self.planned: dict[ServiceKey | None, tuple[SliceOp, ...]] = {}
        self.done: dict[ServiceKey | None, tuple[SliceOp, ...]] = {}
        self.failures: dict[tuple[ServiceKey | None, ClusterId], FabricError] = {}
        self.failed: set[str] = set()
        self.stale: dict[str, FabricError] = {}
        """Operations of the last round that no longer fitted what is there: they are planned anew."""
        self.pending: frozenset[tuple[ServiceKey, ClusterId]] = frozenset()
        self._plan(plans)

    def _plan(self, plans: Iterable[ServicePlan]) -> None:
        for plan in plans:
            known = {op.id for op in self.planned.get(plan.key, ())}
            new = tuple(op for op in plan.ops if op.id not in known)
            if new:
                self.planned[plan.key] = self.planned.get(plan.key, ()) + new

    def add(self, plans: Sequence[ServicePlan], result: Result) -> None:
        self._plan(plans)
        done = {op.id for op in result.done}
        self.stale = {key: problem for key, problem in result.failures.items() if isinstance(problem, StalePlan)}
        failed = {key: problem for key, problem in result.failures.items() if key not in self.stale}
        for plan in plans:
            self.done[plan.key] = self.done.get(plan.key, ()) + tuple(op for op in plan.ops if op.id in done)
            for op in plan.ops:
                if op.id in failed:
                    self.failures.setdefault((plan.key, op.cluster), failed[op.id])
        self.failed |= failed.keys()

    def close(self, plans: Sequence[ServicePlan], readings: Readings, *, wait: bool) -> None:
        """What is still not so after the last look is pending, or where one waited for it a failure."""
        reached = _reached(readings, readings)
        pending = set()
        done = {op.id for ops in self.done.values() for op in ops}
        for plan in plans:
            for op in plan.ops:
                if op.id not in done | self.failed:
                    self.failures.setdefault((plan.key, op.cluster), self.stale.get(op.id) or _not_done(op))
            if plan.key is None:
                continue
            unmet = _unmet(plan.goals, reached)
            for cluster in {fact.cluster for fact in unmet}:
                if wait:
                    own = [fact for fact in unmet if fact.cluster == cluster]
                    self.failures.setdefault((plan.key, cluster), _why(own, reached[cluster]))
                else:
                    pending.add((plan.key, cluster))
        self.pending = frozenset(pending)


def _reached(readings: Readings, among: Collection[ClusterId]) -> dict[ClusterId, ServiceReading]:
    return {key: one for key, one in readings.items() if key in among and isinstance(one, ServiceReading)}


def _unmet(goals: Iterable[SliceFact], readings: Mapping[ClusterId, ServiceReading]) -> list[SliceFact]:
    """The goals that are not true of what was read."""
    return [
        goal
        for goal in goals
        if goal.cluster in readings
        and truth_of(goal, readings[goal.cluster].services.slices, readings[goal.cluster]) is not True
    ]


def _why(unmet: Sequence[SliceFact], reading: ServiceReading) -> FabricError:
    """Why goals in one cluster do not hold."""
    if STOP.is_set:
        return interrupted(unmet[0].cluster)
    seen = (truth_of(fact, reading.services.slices, reading) for fact in unmet)
    return next((found for found in seen if isinstance(found, FabricError)), overdue(unmet))


def _not_done(op: SliceOp) -> FabricError:
    """Why an operation is left over when all rounds, or all the time, of its cluster are used up."""
    return FabricError(
        what=f"there is still something to do: {op.verb.value} {op.kind.value} {op.namespace}/{op.name}",
        where=f"cluster {op.cluster}",
        why=f"{op.reason}; all rounds of this cluster, or all the time that wait_timeout gives it, are used up",
        next="run again; if that does not help look for another tool that manages the same objects",
        fault=FailureName.UNSETTLED,
    )


def _latest(first: Sequence[ServicePlan], last: Sequence[ServicePlan]) -> list[ServicePlan]:
    """The newest plan of each Service; one that needs nothing any more is no longer planned."""
    by_key = {plan.key: plan for plan in (*first, *last) if plan.key is not None}
    return [by_key[key] for key in sorted(by_key)]
