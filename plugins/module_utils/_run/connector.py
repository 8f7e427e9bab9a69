# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The connector of 2025: read what there is, and retire it step by step.

It is looked at again before every step, and while something is awaited every POLL_S: this happens once in the life of
a hub, and a few lists of two or three objects cost less there than watches of seven kinds.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from .._fabric.blame import over_all
from .._fabric.connector.carry import carry_over
from .._fabric.connector.model import ConnectorKind, ConnectorOp, Gone, Remains, Wanted, by_hub
from .._fabric.connector.report import ConnectorReport
from .._fabric.connector.retire import Names, Retirement, plan_retirement, safe_to_lose
from .._fabric.errors import Conflict, FabricError, FailureName, NotFound, WaitTimeout, attempt
from .._fabric.model import Cluster, ClusterId, Fabric, State
from .._fabric.operations import Verb
from .._fabric.resources import Json, Resource
from .._kube.client import Api
from .._kube.stop import STOP
from .._liqo.body import text_at
from .._liqo.connector import (
    CLUSTER_ROLE,
    CLUSTER_ROLE_BINDING,
    CONTROLLER_NAMESPACE,
    DEFINITION,
    DEFINITION_NAME,
    FOREIGN_CLUSTER_CONNECTION,
    LEAF_ROLE,
    RESOURCE_BY_CONNECTOR_KIND,
    build_retired,
    parse_binding,
    parse_connection,
    parse_controller,
    parse_role,
    retired_spec,
)
from .._liqo.parse import parse_meta
from .._liqo.resources import DEPLOYMENT, NAMESPACE, POD
from .info import read_states
from .parallel import GRACE_S, attempt_all, in_parallel, of_each
from .read import CANNOT_READ, REQUESTS_PER_CLUSTER
from .who import Who, who_of

CANNOT_CARRY = "cannot tell what the connector would be as shortcuts"
POLL_S = 0.5
TRIES = 5
"""So often a write is planned anew; who undoes it that often, as a controller elsewhere would, has to be found."""

NAMES = Names(controller_namespace=CONTROLLER_NAMESPACE, leaf_role=LEAF_ROLE)
Apis = Mapping[ClusterId, "Api | FabricError"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How patient and how parallel a run is."""

    wait_timeout_s: float = 120.0
    read_timeout_s: float = 60.0
    parallel_clusters: int = 32


def migrate(want: Wanted, fabric: Fabric, apis: Apis, *, limits: Limits, check_mode: bool) -> ConnectorReport:
    """See what the connector would be as shortcuts, or retire it. Failures are in the report.

    With state absent every cluster must be read, and no object may go whose link is not safe: nothing is written
    otherwise.
    """
    own = [cluster.id for cluster in fabric.clusters if want.state is State.ABSENT or cluster.id in want.hubs]
    who = who_of(fabric.clusters)
    seen = _read_all(own, want, apis, who, limits)
    connections = by_hub(found for found in seen.values() if isinstance(found, Remains))
    ends = {cluster for one in connections for cluster in one.pair or ()}
    states = read_states(
        [cluster for cluster in fabric.clusters if cluster.id in ends or cluster.id in own],
        apis,
        timeout_s=limits.read_timeout_s,
        parallel=limits.parallel_clusters,
    )
    carried, states = over_all(partial(carry_over, connections, fabric.clusters), states, what=CANNOT_CARRY)
    # Links of a leaf that cannot be read are only not seen; a hub that cannot be read, or is another one, is an error.
    seen = {key: problem if isinstance(problem := states[key], FabricError) else found for key, found in seen.items()}
    remains = {key: found for key, found in seen.items() if isinstance(found, Remains)}
    report = ConnectorReport(
        want=want,
        check_mode=check_mode,
        remains=seen,
        carried=carried,
        declared=frozenset(fabric.pairs) if want.declares else None,
        failures=tuple(found for found in seen.values() if isinstance(found, FabricError)),
    )
    if want.state is not State.ABSENT:
        return report
    (refused, notes), judged = over_all(partial(safe_to_lose, connections, want, fabric), states, what=CANNOT_CARRY)
    odd = [one for key, one in judged.items() if isinstance(one, FabricError) and one is not states[key]]
    plan = plan_retirement(remains, want, NAMES)
    report = replace(report, planned=plan.ops, notes=(*notes, *plan.notes), failures=(*report.failures, *odd, *refused))
    if report.failures:
        return replace(report, planned=())
    if check_mode:
        return report
    run = _Run(want, apis, who, limits)
    known = frozenset(one.meta.uid for one in connections)
    failure = attempt(
        lambda: run.carry_out(remains, known), what="cannot retire the connector", where="the clusters of the task"
    )
    return replace(report, done=tuple(run.done.values()), failures=(failure,) if failure is not None else ())


def read_remains(api: Api, cluster: ClusterId, *, is_hub: bool, rights: bool) -> Remains:
    """What a cluster holds of the connector; raises FabricError. ``rights`` are needed only to retire it."""

    def bodies(resource: Resource, namespace: str | None = None) -> tuple[Json, ...]:
        try:
            return api.list(resource, namespace=namespace).items
        except NotFound:
            return ()

    def one(resource: Resource, name: str) -> Json | None:
        try:
            return api.get(resource, name=name)
        except NotFound:
            return None

    looks: dict[str, Callable[[], tuple[Json, ...] | Json | None]] = {}
    if is_hub:
        looks = {
            "connections": lambda: bodies(FOREIGN_CLUSTER_CONNECTION),
            "controllers": lambda: bodies(DEPLOYMENT, CONTROLLER_NAMESPACE),
            "pods": lambda: bodies(POD, CONTROLLER_NAMESPACE),
            "definition": lambda: one(DEFINITION, DEFINITION_NAME),
            "namespace": lambda: one(NAMESPACE, CONTROLLER_NAMESPACE),
        }
    if rights:
        looks["bindings"] = lambda: bodies(CLUSTER_ROLE_BINDING)
        looks["roles"] = lambda: bodies(CLUSTER_ROLE)
    answers = in_parallel(lambda look: look(), list(looks.values()), limit=REQUESTS_PER_CLUSTER)
    found = dict(zip(looks, answers, strict=True))
    several = {key: value for key, value in found.items() if isinstance(value, tuple)}
    single = {key: parse_meta(value) for key, value in found.items() if isinstance(value, Mapping)}
    return Remains(
        cluster=cluster,
        controllers=tuple(map(parse_controller, several.get("controllers", ()))),
        pods=tuple(map(parse_meta, several.get("pods", ()))),
        connections=tuple(parse_connection(body, cluster) for body in several.get("connections", ())),
        definition=single.get("definition"),
        namespace=single.get("namespace"),
        bindings=tuple(map(parse_binding, several.get("bindings", ()))),
        roles=tuple(map(parse_role, several.get("roles", ()))),
    )


def _read_all(
    places: Sequence[ClusterId], want: Wanted, apis: Apis, who: Mapping[ClusterId, Who], limits: Limits
) -> dict[ClusterId, Remains | FabricError]:
    """Every place once, in parallel; one that cannot be read is its error."""

    def read(cluster: Cluster, api: Api) -> Remains:
        in_time = api.within(limits.read_timeout_s)
        who[cluster.id].read(in_time)
        rights = want.state is State.ABSENT
        return read_remains(in_time, cluster.id, is_hub=cluster.id in want.hubs, rights=rights)

    clusters = [who[place].cluster for place in places]
    return of_each(read, clusters, apis, what=CANNOT_READ, limit=limits.parallel_clusters)


class _Run:
    """One retirement: what is there decides before every step what may be written next."""

    def __init__(self, want: Wanted, apis: Apis, who: Mapping[ClusterId, Who], limits: Limits) -> None:
        self.want = want
        self.apis = apis
        self.who = who
        self.limits = limits
        self.done: dict[str, ConnectorOp] = {}
        self._tries: Counter[str] = Counter()

    def carry_out(self, remains: Mapping[ClusterId, Remains], known: frozenset[str]) -> FabricError | None:
        """None when nothing is left. ``known`` are the uids of the objects that were found safe to lose."""
        remains = dict(remains)
        deadline = time.monotonic() + self.limits.wait_timeout_s
        while True:
            plan = plan_retirement(remains, self.want, NAMES)
            new = [one for one in by_hub(remains.values()) if one.meta.uid not in known]
            if new:
                return _made_meanwhile(str(new[0]))
            ready = _ready(plan, remains)
            waiting = _waiting(plan, remains)
            if ready:
                failure = self._write_all(ready)
                if failure is not None:
                    return failure
            elif not waiting:
                return None
            elif time.monotonic() > deadline:
                return _overdue(waiting, remains, self.limits.wait_timeout_s)
            else:
                STOP.pause(POLL_S)
            touched = sorted({op.cluster for op in ready} or {fact.cluster for fact in waiting})
            for cluster, found in _read_all(touched, self.want, self.apis, self.who, self.limits).items():
                if isinstance(found, FabricError):
                    return found
                remains[cluster] = found

    def _write_all(self, ready: Sequence[ConnectorOp]) -> FabricError | None:
        """Each once, at the same time; one whose object has changed since is planned anew, but not for ever."""

        def attempt(op: ConnectorOp) -> bool:
            api = self.apis[op.cluster]
            if isinstance(api, FabricError):
                raise api
            self.who[op.cluster].confirm(api)
            try:
                return write(op, api)
            except (Conflict, NotFound):
                return False

        failures = []
        results = attempt_all(
            attempt,
            ready,
            what="cannot retire the connector",
            where=lambda op: f"cluster {op.cluster}",
            limit=REQUESTS_PER_CLUSTER,
            grace_s=GRACE_S,
        )
        for op, result in zip(ready, results, strict=True):
            if result is True:
                self.done[op.id] = op
            elif isinstance(result, FabricError):
                failures.append(result)
            self._tries[op.id] += 1
            if self._tries[op.id] > TRIES:
                failures.append(_restless(op))
        return failures[0] if failures else None


def write(op: ConnectorOp, api: Api) -> bool:
    """The one write of an operation; False when the object is no longer the one that was planned for."""
    resource = RESOURCE_BY_CONNECTOR_KIND[op.kind]
    namespace = op.namespace or None
    if op.verb is Verb.DELETE:
        version = op.resource_version or None
        api.delete(resource, name=op.name, namespace=namespace, uid=op.uid, resource_version=version)
        return True
    current = api.get(resource, name=op.name, namespace=namespace)
    if op.after is None or text_at(current, "metadata", "uid") != op.uid or retired_spec(op.kind, current) != op.before:
        return False
    api.replace(resource, build_retired(op.after, current))
    return True


def _ready(plan: Retirement, remains: Mapping[ClusterId, Remains]) -> list[ConnectorOp]:
    ids = {op.id for op in plan.ops}
    return [
        op for op in plan.ops if not op.needs & ids and all(fact.holds(remains[fact.cluster]) for fact in op.awaits)
    ]


def _waiting(plan: Retirement, remains: Mapping[ClusterId, Remains]) -> list[Gone]:
    """What is not gone yet, in the order in which it goes."""
    facts: Iterable[Gone] = (*(fact for op in plan.ops for fact in op.awaits), *plan.goals)
    return [fact for fact in dict.fromkeys(facts) if not fact.holds(remains[fact.cluster])]


def _overdue(waiting: Sequence[Gone], remains: Mapping[ClusterId, Remains], timeout_s: float) -> FabricError:
    fact = waiting[0]
    left = fact.left(remains[fact.cluster])
    held = sorted({name for meta in left for name in meta.finalizers})
    names = ", ".join(meta.name for meta in left)
    seen = f"{names} (held by {', '.join(held)})" if held else names
    return WaitTimeout(
        what=f"waited {timeout_s:g} s in vain until {fact}",
        where=f"cluster {fact.cluster}",
        why=f"still there: {seen}",
        next="see what holds it, then run again; what is done already stays done",
        last_seen=seen,
        fault=FailureName.STUCK_FINALIZER if held else None,
    )


def _restless(op: ConnectorOp) -> FabricError:
    return FabricError(
        what=f"{op.kind.value} {op.namespace}/{op.name} does not settle",
        where=f"cluster {op.cluster}",
        why=f"{TRIES} times something wrote it again at once, as a controller that runs elsewhere would",
        next=f"find and stop that controller (it is not in namespace {CONTROLLER_NAMESPACE}), then run again"
        if op.kind is ConnectorKind.CONNECTION
        else "find what writes it, such as an autoscaler or a GitOps tool, then run again",
        fault=FailureName.UNSETTLED,
    )


def _made_meanwhile(name: str) -> FabricError:
    return FabricError(
        what=f"{name} was made while the connector was being retired",
        where="the hubs of the task",
        why="it is not known whether its link is safe",
        next="stop who makes such objects, then run again",
        fault=FailureName.CONFLICT,
    )
