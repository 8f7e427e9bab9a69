# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Execute a plan of propagation: write what is ready, wait for what Liqo must do. Nothing is decided here."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from .._fabric.errors import Conflict, FabricError, FailureName, NotFound, attempt
from .._fabric.model import ClusterId
from .._fabric.objects import Marked
from .._fabric.operations import Verb, still_planned
from .._fabric.phrases import few
from .._fabric.propagation.model import PolicySpec, Slice
from .._fabric.propagation.operations import SliceFact, SliceOp, holds
from .._fabric.resources import Json, Resource
from .._kube.client import Api
from .._kube.limits import DEFAULT
from .._kube.stop import STOP
from .._liqo.body import text_at
from .._liqo.policies import build_policy
from .._liqo.services import RESOURCE_BY_SLICE_KIND, build_slice_body, parse_written
from .act import StalePlan
from .parallel import GRACE_S, attempt_all
from .service_read import ServiceReading
from .slice_feed import SliceFeed
from .world import Changes
from .writing import CONFLICT_TRIES, create_once, delete_unchanged

WRITES_AT_ONCE = 8
"""On one cluster."""
SETTLE_S = 3.0
"""After so long without progress the plan is made again: policies take effect a moment after they are written."""
LONGEST_S = 5 * SETTLE_S
"""After so long the plan is made again in any case."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What became of the operations."""

    done: tuple[SliceOp, ...] = ()
    failures: Mapping[str, FabricError] = field(default_factory=dict)
    """By id of the operation, those that had to wait for a failed one included."""
    unmet: tuple[SliceFact, ...] = ()
    """Goals that did not come true."""
    took_s: Mapping[ClusterId, float] = field(default_factory=dict)
    """How long each cluster itself was waited for."""


def execute(
    ops: Sequence[SliceOp],
    goals: Sequence[SliceFact],
    readings: Mapping[ClusterId, ServiceReading],
    *,
    wait: bool,
    patience_s: Mapping[ClusterId, float],
) -> Result:
    """Carry out the operations, each after those that it needs; then wait for the goals, but no longer than SETTLE_S
    without progress. Each cluster has a patience of its own for all of this. Never raises a FabricError.
    """
    changes = {key: Changes() for key in readings}
    awaited = {fact.cluster for op in ops for fact in op.awaits} | {goal.cluster for goal in goals if wait}
    feeds = {key: SliceFeed(readings[key], changes[key]) for key in sorted(awaited) if key in readings}
    try:
        run = _Run(readings, feeds, changes, patience_s)
        run.carry_out_all(ops)
        unmet = run.await_goals(goals) if wait else ()
        return Result(done=tuple(run.done), failures=run.failures, unmet=unmet, took_s=run.took_s)
    finally:
        for feed in feeds.values():
            feed.close()


class _Run:
    def __init__(
        self,
        readings: Mapping[ClusterId, ServiceReading],
        feeds: Mapping[ClusterId, SliceFeed],
        changes: Mapping[ClusterId, Changes],
        patience_s: Mapping[ClusterId, float],
    ) -> None:
        self.readings = readings
        self.feeds = feeds
        self.changes = changes
        self.patience_s = patience_s
        self.took_s: dict[ClusterId, float] = {}
        self.done: list[SliceOp] = []
        self.failures: dict[str, FabricError] = {}

    def carry_out_all(self, ops: Sequence[SliceOp]) -> None:
        """Each cluster by itself: writes that one of them answers late take no time from the steps of another."""
        cluster_of = {op.id: op.cluster for op in ops}
        groups: dict[ClusterId, list[SliceOp]] = {}
        for op in ops:
            if elsewhere := {need for need in op.needs if cluster_of.get(need, op.cluster) != op.cluster}:
                self.failures[op.id] = _in_no_order(op, elsewhere)
            groups.setdefault(op.cluster, []).append(op)
        ends = attempt_all(
            lambda cluster: self._carry_out(cluster, groups[cluster]),
            list(groups),
            what="cannot carry out the plan of Services",
            where=lambda cluster: f"cluster {cluster}",
            limit=len(groups),
            grace_s=2 * GRACE_S,
        )
        done = {op.id for op in self.done}
        for group, end in zip(groups.values(), ends, strict=True):
            if isinstance(end, FabricError):
                self.failures.update({op.id: end for op in group if op.id not in done | self.failures.keys()})

    def _carry_out(self, cluster: ClusterId, ops: Sequence[SliceOp]) -> None:
        began = time.monotonic()
        api = self.readings[cluster].api.within(DEFAULT.writing_s)
        try:
            self._in_order(ops, api, deadline=began + self.patience_s[cluster])
        finally:
            self.took_s[cluster] = time.monotonic() - began

    def _in_order(self, ops: Sequence[SliceOp], api: Api, *, deadline: float) -> None:
        left = {op.id: op for op in ops if op.id not in self.failures}
        changes = self.changes[ops[0].cluster]
        while left:
            count = changes.count
            if failed := self._cannot_be_done(left):
                self.failures.update(failed)
                left = {key: op for key, op in left.items() if key not in failed}
                continue
            free = _free(left)
            ready = [op for op in free if not self._missing(op.awaits)]
            if ready:
                for op, problem in zip(ready, self._write_all(ready, api), strict=True):
                    del left[op.id]
                    if problem is not None:
                        self.failures[op.id] = problem
                    else:
                        self.done.append(op)
            elif not changes.wait_beyond(count, timeout_s=deadline - time.monotonic()):
                for op in free:
                    self.failures[op.id] = overdue(self._missing(op.awaits))
                    del left[op.id]

    def _cannot_be_done(self, left: Mapping[str, SliceOp]) -> dict[str, FabricError]:
        """Operations that no waiting would bring about, and why."""
        if STOP.is_set:
            return {op.id: interrupted(op.cluster) for op in left.values()}
        behind = {key: op.needs & self.failures.keys() for key, op in left.items()}
        if any(behind.values()):
            return {key: self.failures[min(needs)] for key, needs in behind.items() if needs}
        free = _free(left)
        if not free:
            return {key: _in_no_order(op, op.needs & left.keys()) for key, op in left.items()}
        return {op.id: problem for op in free if (problem := self._lost(op.awaits)) is not None}

    def await_goals(self, goals: Iterable[SliceFact]) -> tuple[SliceFact, ...]:
        """Those that do not hold in the end. Each cluster is waited for by itself: none takes the time of another."""
        waits: dict[ClusterId, list[SliceFact]] = {}
        for goal in goals:
            if goal.cluster in self.feeds:
                waits.setdefault(goal.cluster, []).append(goal)
        ends = attempt_all(
            lambda cluster: self._await(cluster, waits[cluster]),
            list(waits),
            what="cannot wait for Services",
            where=lambda cluster: f"cluster {cluster}",
            limit=len(waits),
            grace_s=GRACE_S,
        )
        found = zip(waits.values(), ends, strict=True)
        return tuple(goal for some, unmet in found for goal in (some if isinstance(unmet, FabricError) else unmet))

    def _await(self, cluster: ClusterId, goals: Sequence[SliceFact]) -> list[SliceFact]:
        begun, changes = time.monotonic(), self.changes[cluster]
        one = _Wait(begun, begun + self.patience_s[cluster] - self.took_s.get(cluster, 0.0))
        try:
            while True:
                count = changes.count
                missing = self._missing(goals)
                now = time.monotonic()
                hopeless = STOP.is_set or self._lost(missing) is not None
                if not missing or hopeless or now >= one.until(len(missing), now):
                    return missing
                changes.wait_beyond(count, timeout_s=one.ends - time.monotonic())
        finally:
            self.took_s[cluster] = self.took_s.get(cluster, 0.0) + time.monotonic() - begun

    def _missing(self, facts: Iterable[SliceFact]) -> list[SliceFact]:
        found, seen = list[SliceFact](), dict[ClusterId, _Seen]()
        for fact in facts:
            if fact.cluster in self.feeds and fact.cluster not in seen:
                seen[fact.cluster] = _Seen(self.feeds[fact.cluster].slices())
            if fact.cluster not in seen or (
                truth_of(fact, seen[fact.cluster].of(fact), self.readings[fact.cluster]) is not True
            ):
                found.append(fact)
        return found

    def _lost(self, facts: Iterable[SliceFact]) -> FabricError | None:
        """Why one of these cannot be waited for."""
        feeds = (self.feeds.get(fact.cluster) for fact in facts)
        return next((feed.unusable for feed in feeds if feed is not None and feed.unusable is not None), None)

    def _write_all(self, ready: Sequence[SliceOp], api: Api) -> list[FabricError | None]:
        def confirmed(op: SliceOp) -> None:
            self.readings[op.cluster].who.confirm(api)
            write(op, api)

        return attempt_all(
            confirmed,
            ready,
            what="cannot write for a Service",
            where=lambda op: f"cluster {op.cluster}",
            limit=WRITES_AT_ONCE,
            grace_s=GRACE_S,
        )


def _free(left: Mapping[str, SliceOp]) -> list[SliceOp]:
    """Those that come after none of the others."""
    return [op for op in left.values() if not op.needs & left.keys()]


class _Seen:
    """The slices of a cluster, so that each fact is held against its own ones."""

    def __init__(self, slices: Iterable[Slice]) -> None:
        self._by_name: dict[tuple[str, str], list[Slice]] = {}
        self._by_service: dict[tuple[str, str], list[Slice]] = {}
        for one in slices:
            self._by_name.setdefault((one.meta.namespace, one.meta.name), []).append(one)
            self._by_service.setdefault((one.meta.namespace, one.service), []).append(one)

    def of(self, fact: SliceFact) -> tuple[Slice, ...]:
        if fact.slice:
            return tuple(self._by_name.get((fact.namespace, fact.slice), ()))
        return tuple(self._by_service.get((fact.namespace, fact.service), ()))


class _Wait:
    """What one cluster is waited for, and until when."""

    def __init__(self, begun: float, deadline: float) -> None:
        self.ends = begun
        self._longest = min(begun + LONGEST_S, deadline)
        self._fewest: int | None = None

    def until(self, missing: int, now: float) -> float:
        """``missing`` of the goals do not hold yet; whenever there are fewer than ever before there is new time."""
        if self._fewest is None or missing < self._fewest:
            self._fewest, self.ends = missing, min(now + SETTLE_S, self._longest)
        return self.ends


def truth_of(fact: SliceFact, slices: tuple[Slice, ...], reading: ServiceReading) -> bool | FabricError:
    """Whether the fact holds, or why that cannot be told."""
    return attempt(
        partial(holds, fact, slices, reading.services.state),
        what=f"cannot see whether {fact}",
        where=f"cluster {fact.cluster}",
    )


def interrupted(cluster: ClusterId) -> FabricError:
    return STOP.error(what="Services were not completed", where=f"cluster {cluster}")


def write(op: SliceOp, api: Api) -> None:
    """The one write of an operation. Raises StalePlan when the object is no longer the one that was planned for."""
    resource = RESOURCE_BY_SLICE_KIND[op.kind]
    place = {"name": op.name, "namespace": op.namespace}
    if op.verb is Verb.DELETE:
        _delete(op, api, resource, place)
    elif op.after is None:
        raise TypeError(f"{op.id} has nothing to write")
    elif op.verb is Verb.CREATE:
        try:
            create_once(api, resource, _body(op, op.after, None))
        except Conflict as conflict:
            raise _stale(op, "another one with other content was created meanwhile") from conflict
    else:
        _update(op, op.after, api, resource)


def _delete(op: SliceOp, api: Api, resource: Resource, place: Mapping[str, str]) -> None:
    """What carries marks goes only with the marks that were seen while planning."""

    def may_go(body: Json) -> bool:
        owners = parse_written(op.kind, body, op.cluster).owners
        return op.before is not None and owners == op.before.owners and text_at(body, "metadata", "uid") == op.uid

    with contextlib.suppress(NotFound):
        current = api.get(resource, name=op.name, namespace=op.namespace or None)
        if not delete_unchanged(api, resource, **place, current=current, may_go=may_go):
            raise _stale(op, "it is another object now, or other fabrics have marked it")


def _update(op: SliceOp, after: Marked, api: Api, resource: Resource) -> None:
    """Set our fields on the newest version. Others may touch other fields in between, but not ours."""
    for _attempt in range(CONFLICT_TRIES):
        try:
            current = api.get(resource, name=op.name, namespace=op.namespace or None)
        except NotFound as gone:
            raise _stale(op, "it is gone") from gone
        if op.uid and text_at(current, "metadata", "uid") != op.uid:
            raise _stale(op, "another object has taken its name")
        if not still_planned(op, parse_written(op.kind, current, op.cluster), after):
            raise _stale(op, "its fields have changed")
        with contextlib.suppress(Conflict):
            api.replace(resource, _body(op, after, current))
            return
    raise _stale(op, f"{CONFLICT_TRIES} times something else wrote it at the same moment")


def _in_no_order(op: SliceOp, needs: Iterable[str]) -> FabricError:
    return FabricError(
        what=f"cannot {op.verb.value} {op.kind.value} {op.namespace}/{op.name}".replace(" /", " "),
        where=f"cluster {op.cluster}",
        why=f"it comes after {few(sorted(needs))}, which cannot come before it",
        next="report this as a defect of liqo.fabric, with the plan that check mode shows",
        fault=FailureName.OTHER,
    )


def overdue(missing: Sequence[SliceFact]) -> FabricError:
    """Why a wait came to nothing."""
    fact = missing[0]
    more = f" (and {len(missing) - 1} more)" if len(missing) > 1 else ""
    return FabricError(
        what=f"{fact.namespace}/{fact.service} is not as it should be yet",
        where=f"cluster {fact.cluster}",
        why=f"waited in vain until {fact}{more}",
        next="look whether Liqo's controller-manager runs there (its log names the slice), then run again",
        fault=FailureName.WAIT_TIMEOUT,
    )


def _body(op: SliceOp, spec: Marked, current: Json | None) -> Json:
    if isinstance(spec, PolicySpec):
        return build_policy(op.kind, spec, name=op.name, current=current)
    return build_slice_body(spec, name=op.name, namespace=op.namespace, current=current)


def _stale(op: SliceOp, why: str) -> StalePlan:
    return StalePlan(
        what=f"cannot {op.verb.value} {op.kind.value} {op.namespace}/{op.name}".replace(" /", " "),
        where=f"cluster {op.cluster}",
        why=why,
        next="run again; if it happens again look for another tool that manages the same object",
    )
