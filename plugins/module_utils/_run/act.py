# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Execute the plan of one link: write what is ready, wait for what Liqo must do, never more than the plan says.

Nothing is decided here but whether the world still is what the plan was made for.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields, replace

from .._fabric.dialling import resolve
from .._fabric.errors import Conflict, FabricError, FailureName, Forbidden, NotFound
from .._fabric.facts import Value, value_of
from .._fabric.model import Pair
from .._fabric.objects import Fact, FactName, Later, SecretSpec, Spec
from .._fabric.operations import LinkPlan, Op, Verb, diff, laters, still_planned
from .._fabric.relabel import step
from .._fabric.resources import Json, Resource
from .._kube.limits import DEFAULT
from .._kube.stop import STOP
from .._liqo.body import text_at
from .._liqo.build import build, build_key_secret
from .._liqo.parse import parse_held
from .._liqo.resources import (
    CONFIGURATION,
    CONNECTION,
    FOREIGN_CLUSTER,
    GATEWAY_CHILDREN,
    GATEWAY_CLIENT,
    GATEWAY_SERVER,
    NAMESPACE,
    NETWORK_CHILDREN,
    RESOURCE_BY_KIND,
    SECRET,
)
from .diagnose import explain_timeout
from .keypair import new_key_pair
from .lookout import Lookout
from .parallel import GRACE_S, attempt_all
from .progress import SILENT, Progress
from .world import Feed, World
from .writing import CONFLICT_TRIES, create_once, delete_unchanged, put_labels

WRITES_AT_ONCE = 8
"""Of one link."""

FOLLOWED: dict[FactName, tuple[Resource, ...]] = {
    FactName.CONFIGURED: (CONFIGURATION,),
    FactName.ENDPOINT: (GATEWAY_SERVER,),
    FactName.KEY: (GATEWAY_SERVER, GATEWAY_CLIENT, SECRET),
    FactName.RENEWED: (GATEWAY_SERVER, GATEWAY_CLIENT),
    FactName.CONNECTED: (CONNECTION,),
    FactName.GATEWAY_GONE: (GATEWAY_SERVER, GATEWAY_CLIENT, CONNECTION, *GATEWAY_CHILDREN),
    FactName.NETWORK_GONE: (CONFIGURATION, *NETWORK_CHILDREN),
    FactName.IDLE: (FOREIGN_CLUSTER,),
    FactName.NAMESPACE_GONE: (NAMESPACE,),
}


class StalePlan(FabricError):  # noqa: N818 - says what is the case, like its siblings in errors.py
    """The world moved under the plan: this pair must be read and planned again."""

    fault = FailureName.CONFLICT


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What became of the plan of one link."""

    done: tuple[Op, ...] = ()
    """Confirmed writes, in their order."""
    failure: FabricError | None = None
    stale: bool = False
    took_s: float = 0.0


def execute_all(
    plans: Sequence[LinkPlan],
    world: World,
    *,
    parallel: int,
    timeout_s: float,
    wait: bool,
    progress: Progress = SILENT,
) -> list[Result]:
    """Carry out each plan, then wait for its goals if ``wait``; ``parallel`` of them at the same time.

    Whatever goes wrong with one link is the failure of that link, and what was written of it is in its result.
    """
    works = [_Work(plan, world, timeout_s, wait, progress) for plan in plans]
    in_turn = _spread(works)
    ends = attempt_all(
        _Work.carry_out,
        in_turn,
        what="cannot carry out the plan of a link",
        where=lambda work: clusters_of(work.plan.pair),
        limit=parallel,
        grace_s=2 * GRACE_S,
        gives_way=True,
    )
    end_of = {work.plan.pair: end for work, end in zip(in_turn, ends, strict=True)}
    return [work.result(end_of[work.plan.pair]) for work in works]


def _spread(works: Sequence[_Work]) -> list[_Work]:
    """In an order in which the links of one cluster are far from each other: each of them may wait for it.

    Links of which the numbers of the two clusters have the same sum share no cluster.
    """
    clusters = sorted({cluster for work in works for cluster in work.plan.pair})
    number = {cluster: index for index, cluster in enumerate(clusters)}
    return sorted(works, key=lambda work: sum(number[cluster] for cluster in work.plan.pair) % len(clusters))


class _Work:
    """The execution of one plan. What it has done so far can be seen at any time."""

    def __init__(self, plan: LinkPlan, world: World, timeout_s: float, wait: bool, progress: Progress) -> None:
        self.plan = plan
        self._world = world
        self._timeout_s = timeout_s
        self._goals = plan.goals if wait else ()
        self._progress = progress
        self._left = {op.id: op for op in plan.ops}
        self._sent: dict[str, None] = {}
        self._done: list[Op] = []
        self._took_s = 0.0
        self._told = False
        self._no_write_after = 0.0

    def result(self, end: FabricError | None) -> Result:
        """``end`` is why the plan was not completed."""
        if end is not None and end.fault is FailureName.INTERRUPTED:
            sent = tuple(self._sent)
            what = f"{self.plan.pair} was not completed"
            what += f"; sent, and not answered yet: {', '.join(sent)}" if sent else ""
            end = STOP.error(what=what, where=clusters_of(self.plan.pair))
        self._tell(end)
        return Result(done=tuple(self._done), failure=end, stale=isinstance(end, StalePlan), took_s=self._took_s)

    def _tell(self, end: FabricError | None) -> None:
        """The end of this link, once and as soon as it is known: other links may go on for long."""
        if not self._told:
            self._told = True
            self._progress.ended(self.plan.pair, end, again=isinstance(end, StalePlan))

    def carry_out(self) -> None:
        """Raises FabricError when the plan cannot be completed."""
        began = time.monotonic()
        self._no_write_after = began + max(self._timeout_s, DEFAULT.writing_s)
        try:
            self._carry_out(began + self._timeout_s)
            self._tell(None)
        except FabricError as problem:
            if problem.fault is not FailureName.INTERRUPTED:
                self._tell(problem)
            raise
        finally:
            self._took_s = time.monotonic() - began

    def _carry_out(self, deadline: float) -> None:
        plan, world, left = self.plan, self._world, self._left
        for fact in [fact for op in plan.ops for fact in op.awaits] + list(self._goals):
            world[fact.cluster].follow(FOLLOWED[fact.name])
        changes, lookout = world.changes(plan.pair), Lookout(plan.pair, world, self._progress)
        while True:
            if STOP.is_set:
                raise STOP.error(what=f"{plan.pair} was not completed", where=clusters_of(plan.pair))
            count = changes.count
            ready = [op for op in left.values() if not op.needs & left.keys() and not _missing(op.awaits, world)]
            if ready:
                self._progress.waits(plan.pair, ready)
                self._write_all(ready)
                continue
            free = [op for op in left.values() if not op.needs & left.keys()]
            waiting = _missing([fact for op in free for fact in op.awaits], world)
            if not left:
                self._goals = tuple(_from_now_on(goal, world) for goal in self._goals)
            waiting = waiting or _missing(self._goals, world)
            if not waiting:
                return
            self._progress.waits(plan.pair, waiting)
            if not lookout.wait(changes, count, waiting, deadline):
                raise explain_timeout(plan, waiting, world, self._timeout_s)

    def _write_all(self, ready: Sequence[Op]) -> None:
        """Write all ready operations at the same time; the first failure ends the link, what succeeded counts."""
        before = len(self._done)
        # Threads of its own: a cluster that answers late must not take those of other links.
        results = attempt_all(
            self._write,
            ready,
            what="cannot write",
            where=lambda op: f"cluster {op.cluster}, {op.kind} {op.namespace}/{op.name}".replace(" /", " "),
            limit=WRITES_AT_ONCE,
            grace_s=GRACE_S,
        )
        wave = {op.id for op in self._done[before:]}
        self._done[before:] = [op for op in ready if op.id in wave]
        for op, result in zip(ready, results, strict=True):
            if not isinstance(result, FabricError):
                del self._left[op.id]
        self._progress.wrote(self.plan.pair, len(self.plan.ops) - len(self._left))
        failure = next((result for result in results if isinstance(result, FabricError)), None)
        if failure is not None:
            raise failure

    def _write(self, op: Op) -> None:
        # How many writes a removal has depends on what the clusters say that they hold.
        if time.monotonic() > self._no_write_after:
            raise FabricError(
                what=f"cannot {_named(op)}",
                where=f"cluster {op.cluster}",
                why=f"more than {DEFAULT.writing_s:g} s for the writes of one link; done are {len(self._done)}",
                next="see why the API server answers late, and whether it holds what Liqo would not make; run again",
                fault=FailureName.LIMIT_REACHED,
            )
        self._sent[op.id] = None
        try:
            if write(op, self._world):
                self._done.append(op)
        finally:
            del self._sent[op.id]


def _from_now_on(goal: Fact, world: World) -> Fact:
    """A goal that must hold afresh: what is seen now, when all is written, does not count."""
    if not goal.afresh:
        return goal
    seen = [held.latency_at for held in world[goal.cluster].side(goal.peer).connections]
    return replace(goal, afresh=False, newer_than=seen[0] if len(seen) == 1 else goal.newer_than)


def _missing(facts: Iterable[Fact], world: World) -> list[Fact]:
    return [fact for fact in facts if value_of(fact, world[fact.cluster].side(fact.peer)) is None]


def write(op: Op, world: World) -> bool:
    """The one write of an operation; False when a value that was not known turns out to be there already.

    Raises StalePlan when the object is no longer the one that was planned for.
    """
    feed = world[op.cluster]
    for cluster in {op.cluster, *(later.fact.cluster for later in laters(op.after))}:
        world[cluster].confirm()
    if op.relabels:
        return _relabel(op, feed)
    if op.verb is Verb.CREATE:
        return _create(op, feed, _resolved(op, world))
    if op.verb is Verb.UPDATE:
        return _update(op, feed, _resolved(op, world))
    return _delete(op, feed)


def _resolved(op: Op, world: World) -> Spec:
    """The wanted spec with the values that are known by now."""
    spec = op.after
    if spec is None:
        raise TypeError(f"{op.id} has nothing to write")
    known: dict[str, Value] = {}
    for field in fields(spec):
        value = getattr(spec, field.name)
        if isinstance(value, Later):
            brought = value_of(value.fact, world[value.fact.cluster].side(value.fact.peer))
            if brought is None:
                raise _stale(op, f"{value.fact} no longer holds")
            held = getattr(op.before, field.name, None)
            known[field.name] = resolve(value, brought, world[op.cluster].networks, held=held)
    return replace(spec, **known) if known else spec  # type: ignore[arg-type]


def _create(op: Op, feed: Feed, spec: Spec) -> bool:
    resource = RESOURCE_BY_KIND[op.kind]
    try:
        feed.put(resource, create_once(feed.api, resource, _new_body(op, spec)))
    except Conflict as conflict:
        raise _stale(op, "somebody else created it") from conflict
    except NotFound as missing:
        raise _stale(op, "its namespace is gone") from missing
    return True


def _new_body(op: Op, spec: Spec) -> Json:
    if not isinstance(spec, SecretSpec):
        return build(spec, name=op.name, namespace=op.namespace, peer=op.peer)
    pair = new_key_pair(where=f"cluster {op.cluster}, Secret {op.namespace}/{op.name}")
    return build_key_secret(
        spec,
        name=op.name,
        namespace=op.namespace,
        peer=op.peer,
        private_key=pair.private,
        public_key=pair.public,
    )


def _update(op: Op, feed: Feed, spec: Spec) -> bool:
    """Set our fields on the newest version. Others may touch other fields in between, but not ours."""
    resource = RESOURCE_BY_KIND[op.kind]
    current = feed.get(resource, namespace=op.namespace, name=op.name)
    for _attempt in range(CONFLICT_TRIES):
        if current is None:
            raise _stale(op, "it is gone")
        held = parse_held(op.kind, current, op.peer).spec
        if text_at(current, "metadata", "uid") != op.uid or not still_planned(op, held, spec):
            raise _stale(op, "its fields have changed")
        if not diff(held, spec):
            return False
        body = build(spec, name=op.name, namespace=op.namespace, peer=op.peer, current=current)
        try:
            feed.put(resource, feed.api.replace(resource, body))
        except Conflict:
            current = _read_again(op, feed, resource)
        except NotFound:
            current = None
        else:
            return True
    raise _stale(op, f"{CONFLICT_TRIES} times somebody else wrote it at the same moment")


def _relabel(op: Op, feed: Feed) -> bool:
    """The labels alone are sent. What became of it is seen by the watch or the next reading."""
    try:
        put_labels(op, feed.api)
    except NotFound as missing:
        raise _stale(op, "it is gone") from missing
    except Conflict as conflict:
        raise _stale(op, "another object has taken its name") from conflict
    except Forbidden as refusal:
        raise FabricError(
            what=refusal.what, where=refusal.where, why=refusal.why, next=step(op), fault=FailureName.LOST_LABEL
        ) from refusal
    return True


def _read_again(op: Op, feed: Feed, resource: Resource) -> Json | None:
    try:
        current = feed.api.get(resource, name=op.name, namespace=op.namespace or None)
    except NotFound:
        return None
    feed.put(resource, current)
    return current


def _delete(op: Op, feed: Feed) -> bool:
    """What carries marks goes only with the marks that were seen while planning. False when it is gone already."""
    resource, planned = RESOURCE_BY_KIND[op.kind], op.before
    place = {"name": op.name, "namespace": op.namespace}

    def may_go(body: Json) -> bool:
        owners = parse_held(op.kind, body, op.peer).spec.owners
        return planned is not None and owners == planned.owners and text_at(body, "metadata", "uid") == op.uid

    try:
        if planned is None:
            feed.api.delete(resource, name=op.name, namespace=op.namespace or None, uid=op.uid)
            return True
        current = feed.get(resource, **place)
        if current is None:
            return False
        if not delete_unchanged(feed.api, resource, **place, current=current, may_go=may_go):
            raise _stale(op, "it is another object now, or other fabrics have marked it")
    except NotFound:
        feed.drop(resource, **place)
        return False
    except Conflict as conflict:
        raise _stale(op, "another object has taken its name") from conflict
    return True


def _stale(op: Op, why: str) -> StalePlan:
    return StalePlan(
        what=f"cannot {_named(op)}",
        where=f"cluster {op.cluster}",
        why=why,
        next="run again; if it happens again look for another tool that manages the same object",
    )


def _named(op: Op) -> str:
    return f"{op.verb} {op.kind} {op.namespace}/{op.name}".replace(" /", " ")


def clusters_of(pair: Pair) -> str:
    """For the `where` of an error that concerns both ends."""
    return f"clusters {pair.a} and {pair.b}"
