# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""wishes -> observed -> plan -> act -> observed again, until the plan is empty. The only place that knows the order."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from .._fabric.blame import blame
from .._fabric.errors import FabricError, FailureName, attempt
from .._fabric.findings import Finding, in_order, left_out, refusals, refuse
from .._fabric.intents import Intent, intents, plan_intent, to_read
from .._fabric.model import Cluster, ClusterId, Fabric, Pair, State
from .._fabric.objects import ClusterState, Kind
from .._fabric.operations import LinkPlan, Op
from .._fabric.relabel import without
from .._fabric.removal_limit import limit_removals
from .._fabric.report import Report
from .._fabric.saved_plan import beyond, to_saved, to_word
from .._fabric.sight import is_blind, unsearched
from .._kube.client import Api
from .._kube.stop import STOP
from .._liqo.resources import BEFORE_REMOVING, BEFORE_WRITING, Query
from . import act
from .outcomes import gathered, link_report, reached, rendered
from .parallel import attempt_all
from .preflight import look_ahead
from .progress import SILENT, Progress
from .read import CANNOT_READ, Depth, Outcome, Reading, deepen, read_clusters
from .who import who_of
from .world import World

LOOKING = (State.GATHERED, State.RENDERED)
"""States that write nothing."""
ROUNDS = 3
"""Act on one link at most so often; a healthy run needs one round and then an empty plan."""
STALE_PAUSE_S = 0.5
"""After a round in which somebody else was quicker, such as another run: time for them to get on."""
STALE_ROUND_S = 1.0
"""What such a round takes at least of the time that the link may wait."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How patient and how parallel a run is."""

    wait: bool = True
    wait_timeout_s: float = 120.0
    parallel_links: int = 32
    parallel_clusters: int = 32


Readings = dict[ClusterId, Outcome]
Approve = Callable[[Mapping[Pair, LinkPlan], Mapping[ClusterId, ClusterState | FabricError]], None]
"""Sees the whole plan, and what it was made for, before anything is written; raises FabricError to stop the run."""


def reconcile(
    fabric: Fabric,
    apis: Mapping[ClusterId, Api | FabricError],
    *,
    limits: Limits,
    check_mode: bool,
    approve: Approve | None = None,
    preflight: bool = True,
    progress: Progress = SILENT,
) -> Report:
    """Make the fabric as wished, or with ``check_mode`` say what that would take.

    Raises what ``approve`` raises; every other failure is in the report. What was approved is all that is done: a link
    that turns out to need more fails.
    With ``preflight`` what would be written is tried before, and links that could not be completed are not begun.
    """
    run = _Run(fabric, apis, limits, progress, exactly=approve is not None)
    readings, wanted = run.look()
    plans = run.plan(wanted, readings)
    if fabric.state not in LOOKING and any(plan.ops for plan in plans.values()):
        readings = run.deepen(readings, [plan for plan in plans.values() if plan.ops])
        plans = run.plan(wanted, readings)
    seen = _states(readings)
    plans = limit_removals(plans, seen, fabric)
    findings: tuple[Finding, ...] = unsearched(fabric, seen)
    if preflight and fabric.state not in LOOKING:
        plans, more = run.preflight(plans, readings)
        findings = in_order((*findings, *more))
    if approve is not None:
        approve(plans, seen)
    planned = {pair: plan.ops for pair, plan in plans.items()}
    first, results = plans, {pair: act.Result() for pair in plans}
    if not check_mode and fabric.state not in LOOKING:
        readings, plans, results, planned = run.carry_out(wanted, readings, plans, planned)
    states = _states(readings)
    wishes, not_gathered = gathered(fabric, wanted, states)
    manifests, not_rendered = rendered(fabric, wanted, plans, states)
    for pair, problem in {**not_gathered, **not_rendered}.items():
        results[pair] = replace(results[pair], failure=problem)
    links = tuple(
        link_report(wanted[pair], first[pair], planned[pair], plans[pair], results[pair], states, fabric, check_mode)
        for pair in plans
    )
    return Report(
        fabric=fabric.name,
        state=fabric.state,
        check_mode=check_mode,
        links=links,
        clusters=states,
        tolerate=fabric.tolerate,
        gathered=wishes,
        rendered=manifests,
        preflight=findings,
        saved_plan=to_word(to_saved(fabric, first, seen)) if check_mode and fabric.state not in LOOKING else "",
    )


class _Run:
    """What stays the same during a run."""

    def __init__(
        self,
        fabric: Fabric,
        apis: Mapping[ClusterId, Api | FabricError],
        limits: Limits,
        progress: Progress,
        *,
        exactly: bool,
    ) -> None:
        self.fabric = fabric
        self.apis = apis
        self.limits = limits
        self.progress = progress
        self.exactly = exactly
        self.who = who_of(fabric.clusters)
        self.intents: dict[Pair, Intent] = {}
        self.refused: dict[Pair, FabricError] = {}
        """Links that must not be begun in this run, whatever is read later."""
        self.left_out: frozenset[str] = frozenset()
        """Operations that are not carried out in this run, while the rest of their links is."""

    def look(self) -> tuple[Readings, dict[Pair, Intent]]:
        """Every cluster that matters, and what shall become of which pair."""
        depth = Depth.REMOVING if self.fabric.state is State.ABSENT else Depth.STEADY
        readings = self.read(to_read(self.fabric), depth)
        readings = self._intend(readings)
        ends = {cluster for intent in self.intents.values() for cluster in intent.clusters}
        more = self.read([c for c in self.fabric.clusters if c.id in ends - readings.keys()], depth)
        readings = {**readings, **more}
        if self.fabric.state is State.GATHERED:
            blind = [key for key, seen in _states(readings).items() if is_blind(seen)]
            readings = self._with(readings, sorted(blind), BEFORE_WRITING)
        leaving = {cluster for intent in self._removals() for cluster in intent.clusters}
        if leaving and depth is Depth.STEADY:
            readings = self._with(readings, sorted(leaving & readings.keys()), BEFORE_WRITING + BEFORE_REMOVING)
        return readings, self.intents

    def _intend(self, readings: Readings) -> Readings:
        """Sets what shall become of each pair; a cluster with marks that cannot be understood becomes an error."""
        read = {key: reading.state for key, reading in readings.items() if isinstance(reading, Reading)}
        found, problems = blame(
            lambda among: intents(self.fabric, [state for key, state in read.items() if key in among]),
            read,
            what="cannot understand the marks of links",
        )
        self.intents = {intent.pair: intent for intent in found}
        return {**readings, **problems}

    def _removals(self) -> list[Intent]:
        return [intent for intent in self.intents.values() if intent.shortcut is None] if self._writes() else []

    def _writes(self) -> bool:
        return self.fabric.state not in LOOKING

    def peers(self) -> dict[ClusterId, frozenset[ClusterId]]:
        peers: dict[ClusterId, set[ClusterId]] = {cluster.id: set() for cluster in self.fabric.clusters}
        for pair in {*self.fabric.pairs, *self.intents}:
            for cluster in pair:
                peers.setdefault(cluster, set()).add(pair.other(cluster))
        lost = frozenset(self.fabric.forget)
        return {cluster: frozenset(found) | (lost - {cluster}) for cluster, found in peers.items()}

    def read(self, clusters: Iterable[Cluster], depth: Depth) -> Readings:
        return read_clusters(
            self.apis,
            clusters,
            who=self.who,
            peers=self.peers(),
            others=frozenset(cluster.id for cluster in self.fabric.clusters) if self.fabric.searches else frozenset(),
            depth=depth,
            parallel=self.limits.parallel_clusters,
            progress=self.progress,
        )

    def deepen(self, readings: Readings, plans: Iterable[LinkPlan]) -> Readings:
        """Read what is needed only before writing, of both ends of the links that would be written to.

        Of a peering either end may have the objects that our rights show.
        """
        ends = {cluster for plan in plans for cluster in plan.pair}
        return self._with(readings, sorted(ends & readings.keys()), BEFORE_WRITING)

    def _with(self, readings: Readings, ids: Sequence[ClusterId], queries: Sequence[Query]) -> Readings:
        peers = self.peers()

        def more(cluster: ClusterId) -> Reading:
            reading = readings[cluster]
            if isinstance(reading, FabricError):
                raise reading
            missing = [query for query in queries if query.resource not in reading.scopes]
            return deepen(reading, peers=peers[cluster], queries=missing) if missing else reading

        found = attempt_all(
            self.progress.reading(more, ids, lambda cluster: cluster),
            ids,
            what=CANNOT_READ,
            where=lambda cluster: f"cluster {cluster}",
            limit=self.limits.parallel_clusters,
            gives_way=True,
        )
        return {**readings, **dict(zip(ids, found, strict=True))}

    def plan(self, wanted: Mapping[Pair, Intent], readings: Readings) -> dict[Pair, LinkPlan]:
        """The plan of every pair; blocked where one of its clusters could not be read."""
        states = _states(readings)
        if self.fabric.state is State.GATHERED:
            return {pair: LinkPlan(pair=pair) for pair in wanted}
        return self._allowed({pair: self._plan_one(intent, states) for pair, intent in wanted.items()})

    def _allowed(self, plans: Mapping[Pair, LinkPlan]) -> dict[Pair, LinkPlan]:
        return {pair: without(refuse(plan, self.refused), self.left_out) for pair, plan in plans.items()}

    def _plan_one(self, intent: Intent, states: Mapping[ClusterId, ClusterState | FabricError]) -> LinkPlan:
        found = attempt(
            lambda: plan_intent(intent, states, self.fabric),
            what=f"cannot plan {intent.pair}",
            where=act.clusters_of(intent.pair),
        )
        return LinkPlan(pair=intent.pair, blocked=found) if isinstance(found, FabricError) else found

    def preflight(
        self, plans: Mapping[Pair, LinkPlan], readings: Readings
    ) -> tuple[dict[Pair, LinkPlan], tuple[Finding, ...]]:
        """The plans without those that an error of the findings stops, and the findings."""
        findings = look_ahead(plans, readings, parallel=self.limits.parallel_clusters)
        self.refused, self.left_out = refusals(findings), left_out(findings)
        return self._allowed(plans), findings

    def carry_out(
        self,
        wanted: Mapping[Pair, Intent],
        readings: Readings,
        plans: dict[Pair, LinkPlan],
        planned: dict[Pair, tuple[Op, ...]],
    ) -> tuple[Readings, dict[Pair, LinkPlan], dict[Pair, act.Result], dict[Pair, tuple[Op, ...]]]:
        """Rounds of execution and observation, until nothing is left to do or nothing more can be done."""
        results = {pair: act.Result() for pair in plans}
        open_pairs = set(plans)
        rounds = dict.fromkeys(plans, 0)
        hindered_s = dict.fromkeys(plans, 0.0)
        while True:
            todo, failed = self._unfinished(plans, open_pairs, rounds, readings)
            for pair, failure in failed.items():
                results[pair] = replace(results[pair], failure=failure)
                open_pairs.discard(pair)
            if not todo:
                break
            for pair, outcome in self._execute(todo, readings):
                # Two runs that make the same link hinder each other often, and not for long. What other links take of
                # the time of a round is not counted for this one.
                hindered_s[pair] += max(outcome.took_s, STALE_ROUND_S)
                rounds[pair] += not outcome.stale or hindered_s[pair] > self.limits.wait_timeout_s
                results[pair] = replace(outcome, done=results[pair].done + outcome.done)
                if any(op.kind is Kind.SECRET and not op.relabels for op in outcome.done):
                    # A rotation that has begun is not begun again; what is left of it is ordinary repair.
                    self.fabric = replace(self.fabric, rotate_keys=self.fabric.rotate_keys - {pair})
                if outcome.failure is not None and not outcome.stale:
                    open_pairs.discard(pair)
            if STOP.is_set:
                break
            readings = {**readings, **self._read_again(todo)}
            again = {plan.pair: wanted[plan.pair] for plan in todo if plan.pair in open_pairs}
            plans = {**plans, **self.plan(again, readings)}
            for pair in again:
                moved = self._moved(planned[pair], plans[pair], readings) if self.exactly else None
                if moved is not None:
                    results[pair] = replace(results[pair], failure=moved)
                    open_pairs.discard(pair)
                    continue
                new = tuple(op for op in plans[pair].ops if op.id not in {old.id for old in planned[pair]})
                planned[pair] = planned[pair] + new
        return readings, plans, results, planned

    def _moved(self, approved: Iterable[Op], plan: LinkPlan, readings: Readings) -> FabricError | None:
        """Why a link may not go on: its plan is no longer what was approved."""
        found = attempt(
            lambda: beyond(approved, plan.ops, _states(readings)),
            what=f"cannot compare {plan.pair} with what was approved",
            where=act.clusters_of(plan.pair),
        )
        return _not_approved(plan.pair, found) if isinstance(found, str) else found

    def _read_again(self, worked_on: Iterable[LinkPlan]) -> Readings:
        touched = {cluster for plan in worked_on for cluster in plan.pair}
        deep = Depth.REMOVING if self._removals() else Depth.WRITING
        return self.read([cluster for cluster in self.fabric.clusters if cluster.id in touched], deep)

    def _unfinished(
        self, plans: Mapping[Pair, LinkPlan], open_pairs: Iterable[Pair], rounds: Mapping[Pair, int], readings: Readings
    ) -> tuple[list[LinkPlan], dict[Pair, FabricError]]:
        """The links with something to do, and why another round would not help the others."""
        states = _states(readings)
        todo: list[LinkPlan] = []
        failed: dict[Pair, FabricError] = {}
        for pair in sorted(open_pairs):
            has_work = attempt(
                partial(self._has_work, plans[pair], states),
                what=f"cannot see what is left to do for {pair}",
                where=act.clusters_of(pair),
            )
            if isinstance(has_work, FabricError):
                failed[pair] = has_work
            elif has_work and rounds[pair] == ROUNDS:
                failed[pair] = _restless(plans[pair])
            elif has_work:
                todo.append(plans[pair])
        return todo, failed

    def _has_work(self, plan: LinkPlan, states: Mapping[ClusterId, ClusterState | FabricError]) -> bool:
        if plan.blocked is not None:
            return False
        return bool(plan.ops) or (self.limits.wait and not reached(plan, states))

    def _execute(self, plans: list[LinkPlan], readings: Readings) -> list[tuple[Pair, act.Result]]:
        world = World({key: reading for key, reading in readings.items() if isinstance(reading, Reading)})
        self.progress.links(plans, world)
        try:
            found = act.execute_all(
                plans,
                world,
                parallel=self.limits.parallel_links,
                timeout_s=self.limits.wait_timeout_s,
                wait=self.limits.wait,
                progress=self.progress,
            )
        finally:
            world.close()
        if any(result.stale for result in found):
            STOP.pause(STALE_PAUSE_S)
        return [(plan.pair, result) for plan, result in zip(plans, found, strict=True)]


def _states(readings: Readings) -> dict[ClusterId, ClusterState | FabricError]:
    return {key: reading.state if isinstance(reading, Reading) else reading for key, reading in readings.items()}


def _restless(plan: LinkPlan) -> FabricError:
    changes = "; ".join(op.reason for op in plan.ops) or "its tunnel goes up and down"
    return FabricError(
        what=f"{plan.pair} does not settle",
        where=f"clusters {plan.pair.a} and {plan.pair.b}",
        why=f"after {ROUNDS} rounds there is still something to do: {changes}",
        next="look for another tool that manages the same objects, or a field that this version of Liqo does not keep",
        fault=FailureName.UNSETTLED,
    )


def _not_approved(pair: Pair, moved: str) -> FabricError:
    return FabricError(
        what=f"{pair} needs something else than the plan that was approved",
        where=f"clusters {pair.a} and {pair.b}",
        why=f"since then {moved}",
        next="make a new plan in check mode, look at it, and apply that",
        fault=FailureName.PLAN_MOVED,
    )
