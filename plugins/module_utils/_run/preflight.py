# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The look-ups before the first write: rights, dry runs, ports of Services, pools. Only for links with something to do.

Nothing of this changes a stored object. What the answers mean is decided in _fabric/preflight.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TypeAlias, TypeVar

from .._fabric.blame import blame
from .._fabric.errors import (
    ApiError,
    Conflict,
    FabricError,
    Forbidden,
    NotFound,
    Throttled,
    not_understood,
)
from .._fabric.exposure import names_to_look_up, share_a_port
from .._fabric.findings import Check, Finding, Level, in_order
from .._fabric.model import ClusterId, Pair
from .._fabric.objects import GatewayServerSpec, Kind
from .._fabric.operations import LinkPlan, Op, Verb, laters
from .._fabric.preflight import REMAPS_FROM_OUTSIDE, preflight
from .._fabric.resources import Json
from .._fabric.room import makes_pod
from .._fabric.scene import LookUp, Quota, Seen
from .._kube.client import Api
from .._kube.resolving import resolve
from .._liqo.body import at, text_at
from .._liqo.build import build
from .._liqo.names import IPAM
from .._liqo.resources import DEPLOYMENT, RESOURCE_BY_KIND, RESOURCE_QUOTA, SERVICE
from .._liqo.rights import Right, narrowed, rights_of
from .._liqo.surroundings import ipam_pools, pod_security, quotas, service_ports, used_networks
from .parallel import Pool, attempt_all
from .read import READ_S, REQUESTS_PER_CLUSTER, Reading
from .writing import put_labels

_T = TypeVar("_T")

CANNOT_TRY = "cannot try what would be written"
REVIEWS = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
MOST_TRIED = 100
"""Writes of one link to one cluster that are tried. A new link has less than ten, but a cluster may say that it holds
thousands of objects."""


def look_ahead(
    plans: Mapping[Pair, LinkPlan], readings: Mapping[ClusterId, Reading | FabricError], *, parallel: int
) -> tuple[Finding, ...]:
    """What a person should know before anything is written. No request where no link has something to do."""
    active = {pair: plan for pair, plan in plans.items() if plan.ops}
    ops_by_cluster: dict[ClusterId, list[Op]] = {}
    for _pair, plan in sorted(active.items()):
        for op in plan.ops:
            ops_by_cluster.setdefault(op.cluster, []).append(op)
    # Where only one side is removed, the other cluster may not have been read.
    known = {key: reading for key, reading in readings.items() if isinstance(reading, Reading)}
    clusters = sorted(ops_by_cluster)
    looks = attempt_all(
        lambda cluster: _look(known[cluster], ops_by_cluster[cluster]),
        clusters,
        what=CANNOT_TRY,
        where=lambda cluster: f"cluster {cluster}",
        limit=parallel,
        gives_way=True,
    )
    seen = {
        cluster: Seen(unreachable=found) if isinstance(found, FabricError) else found
        for cluster, found in zip(clusters, looks, strict=True)
    }
    states = {key: reading.state for key, reading in known.items()}

    def decide(among: frozenset[ClusterId]) -> tuple[Finding, ...]:
        mine = {pair: plan for pair, plan in active.items() if among.issuperset({op.cluster for op in plan.ops})}
        return preflight(mine, {key: states[key] for key in among & states.keys()}, seen)

    found, problems = blame(decide, {*clusters, *states}, what=CANNOT_TRY)
    return in_order([*found, *(it for pair, plan in active.items() for it in _stopped(pair, plan, problems))])


def _stopped(pair: Pair, plan: LinkPlan, problems: Mapping[ClusterId, FabricError]) -> Iterator[Finding]:
    """The errors that stop a link because one of its clusters cannot be understood."""
    for cluster in sorted({op.cluster for op in plan.ops} & problems.keys()):
        problem = problems[cluster]
        yield Finding(
            check=Check.DRY_RUN,
            level=Level.ERROR,
            cluster=cluster,
            pair=pair,
            where=problem.where,
            what=problem.what,
            why=problem.why,
            next=problem.next,
            fault=problem.fault,
        )


@dataclass(slots=True)
class _Notes:
    """What the answers of one cluster come to."""

    where: str
    unanswered: dict[Check, FabricError] = field(default_factory=dict)
    unreachable: FabricError | None = None

    def answer(self, check: Check, future: Future[_T]) -> _T | None:
        """The answer, or None when there is none: then it is noted why."""
        try:
            return future.result()
        except ApiError as problem:
            self.unanswered.setdefault(check, problem)
        except FabricError as problem:
            self.unreachable = self.unreachable or problem
        except Exception as unforeseen:
            self.unreachable = self.unreachable or not_understood(unforeseen, what=CANNOT_TRY, where=self.where)
        return None


def _look(reading: Reading, ops: Sequence[Op]) -> Seen:
    """Everything about one cluster, in one wave of requests, and a second one where rights are narrow."""
    api = reading.api.within(READ_S)
    reading, notes = replace(reading, api=api), _Notes(where=api.where)
    made = {op.name for op in ops if op.kind is Kind.NAMESPACE and op.verb is Verb.CREATE}
    wide = sorted({right for op in ops for right in rights_of(op)}, key=str)
    wanted = _to_try([op for op in ops if op.namespace not in made], ops)
    trials = _so_many(wanted)
    bodies = _bodies(trials, reading)
    with Pool(REQUESTS_PER_CLUSTER) as pool:
        asked = {right: pool.submit(partial(_is_allowed, api, right)) for right in wide}
        tried = {op.id: pool.submit(partial(_try, op, api, bodies.get(_target(op)))) for op in trials}
        is_needed = _ports_matter(ops)
        services = pool.submit(partial(api.list, SERVICE)) if is_needed or share_a_port(reading.state, ops) else None
        pools = pool.submit(partial(_read_pools, reading)) if _pools_matter(reading, ops) else None
        limited = {place: pool.submit(partial(_read_quotas, api, place)) for place in sorted(_filled(ops) - made)}
        answers = {right: notes.answer(Check.RIGHTS, future) for right, future in asked.items()}
        denied = _denied(ops, answers, lambda right: pool.submit(partial(_is_allowed, api, right)), notes)
        refused = {key: notes.answer(Check.DRY_RUN, future) for key, future in tried.items()}
        names = look_up(names_to_look_up(ops))
        limits = {place: notes.answer(Check.QUOTA, future) for place, future in limited.items()}
        listed = notes.answer(Check.NODE_PORT if is_needed else Check.LOAD_BALANCER, services) if services else None
        found = notes.answer(Check.IPAM_POOL, pools) if pools else None
    return Seen(
        denied=denied,
        # Where a right is missing the refusal says so once more.
        refused={key: refusal for key, refusal in refused.items() if refusal is not None and key not in denied},
        unmade=sum(op.namespace in made for op in ops),
        untried=len(wanted) - len(trials),
        unanswered=notes.unanswered,
        unreachable=notes.unreachable,
        networks=used_networks(reading.raw),
        pools=found,
        services=service_ports(listed.items) if listed is not None else None,
        names=names,
        levels=pod_security(reading.raw),
        quotas={place: found for place, found in limits.items() if found},
    )


def look_up(names: Sequence[str]) -> dict[str, LookUp]:
    """What the resolver of this machine says of host names, in a few seconds at most."""
    found = resolve(names)
    return {
        name: LookUp(problem=answer) if isinstance(answer, str) else LookUp(addresses=answer)
        for name, answer in found.items()
    }


def _is_allowed(api: Api, right: Right) -> bool:
    answer = api.request(method="POST", path=REVIEWS, body=right.review())
    return at(answer.body, "status", "allowed") is True


def _denied(
    ops: Sequence[Op],
    answers: Mapping[Right, bool | None],
    ask: Callable[[Right], Future[bool]],
    notes: _Notes,
) -> dict[str, tuple[str, ...]]:
    """Rights that are missing, by operation: what is not granted everywhere may be granted in the one namespace."""
    needed = [(op, right) for op in ops for right in rights_of(op) if answers[right] is False]
    narrow = {(op.id, right): narrowed(right, op) for op, right in needed}
    # For what is not in a namespace, and is yet to be made, there is no narrower question.
    futures = {question: ask(question) for question in dict.fromkeys(narrow.values()) if question not in answers}
    granted = {question: notes.answer(Check.RIGHTS, future) for question, future in futures.items()}
    found: dict[str, tuple[str, ...]] = {}
    for (op_id, right), question in narrow.items():
        if granted.get(question, False) is False:
            found[op_id] = (*found.get(op_id, ()), str(right))
    return found


def _to_try(some: Sequence[Op], ops: Sequence[Op]) -> list[Op]:
    """Those of which everything that they set is known, and nothing that is still there is in their way."""
    going = {_target(op) for op in ops if op.verb is Verb.DELETE}
    return [op for op in some if not laters(op.after) and not (op.verb is Verb.CREATE and _target(op) in going)]


def _so_many(ops: Iterable[Op]) -> list[Op]:
    """The first ones of each link."""
    by_peer: dict[ClusterId, list[Op]] = {}
    for op in ops:
        by_peer.setdefault(op.peer, []).append(op)
    return [op for found in by_peer.values() for op in found[:MOST_TRIED]]


_Target: TypeAlias = tuple[Kind, str, str]


def _target(op: Op) -> _Target:
    return op.kind, op.namespace, op.name


def _bodies(ops: Iterable[Op], reading: Reading) -> dict[_Target, Json]:
    """What is there of all that is to be updated; of two bodies of one name the first one."""
    wanted = {_target(op) for op in ops if op.verb is Verb.UPDATE and not op.relabels}
    found: dict[_Target, Json] = {}
    for kind in {kind for kind, _namespace, _name in wanted}:
        for body in reading.raw.of(RESOURCE_BY_KIND[kind]):
            target = (kind, text_at(body, "metadata", "namespace"), text_at(body, "metadata", "name"))
            if target in wanted:
                found.setdefault(target, body)
    return found


def _try(op: Op, api: Api, current: Json | None) -> FabricError | None:
    """A dry run of one write; the refusal, or None when it would be taken or the world has moved since."""
    try:
        _write_dry(op, api, current)
    except (Conflict, NotFound):
        return None
    except Throttled:
        raise
    except ApiError as refusal:
        if refusal.status == 400 and "does not support dry run" in refusal.why:
            raise
        return refusal
    except FabricError:
        raise
    except Exception as unforeseen:
        return not_understood(unforeseen, what=CANNOT_TRY, where=f"cluster {op.cluster}")
    return None


def _write_dry(op: Op, api: Api, current: Json | None) -> None:
    resource = RESOURCE_BY_KIND[op.kind]
    if op.relabels:
        put_labels(op, api, dry_run=True)
    elif op.verb is Verb.DELETE:
        api.delete(resource, name=op.name, namespace=op.namespace or None, uid=op.uid, dry_run=True)
    elif op.after is not None and (op.verb is Verb.CREATE or current is not None):
        base = current if op.verb is Verb.UPDATE else None
        body = build(op.after, name=op.name, namespace=op.namespace, peer=op.peer, current=base)
        write = api.create if op.verb is Verb.CREATE else api.replace
        write(resource, body, dry_run=True)


def _ports_matter(ops: Sequence[Op]) -> bool:
    fields = {"node_port", "load_balancer_ip"}
    return any(
        isinstance(op.after, GatewayServerSpec) and any(change.field in fields for change in op.changes) for op in ops
    )


def _filled(ops: Sequence[Op]) -> set[str]:
    """The namespaces that get a gateway."""
    return {op.namespace for op in ops if op.verb is Verb.CREATE and makes_pod(op)}


def _read_quotas(api: Api, namespace: str) -> tuple[Quota, ...]:
    """Those of one namespace; none where our rights do not show them."""
    try:
        return quotas(api.list(RESOURCE_QUOTA, namespace=namespace).items)
    except (Forbidden, NotFound):
        return ()


def _pools_matter(reading: Reading, ops: Sequence[Op]) -> bool:
    """Only older versions refuse what lies outside of their pools."""
    version = reading.state.version
    old = version is None or version < REMAPS_FROM_OUTSIDE
    return old and any(op.kind is Kind.CONFIGURATION and op.after is not None for op in ops)


def _read_pools(reading: Reading) -> tuple[str, ...] | None:
    listing = reading.api.list(DEPLOYMENT, namespace=reading.state.liqo_namespace, label_selector=IPAM)
    return ipam_pools(listing.items)
