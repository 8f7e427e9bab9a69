# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Roles and bindings of one identity: observed -> plan -> written, cluster by cluster and all at the same time."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .._fabric.access import (
    BINDINGS,
    AccessKind,
    AccessOp,
    AccessReport,
    AccessSpec,
    HeldAccess,
    Place,
    places_to_look_up,
    plan_access,
)
from .._fabric.errors import Conflict, FabricError, FailureName, NotFound
from .._fabric.model import Cluster, ClusterId
from .._fabric.operations import Verb
from .._kube.client import Api
from .._kube.limits import DEFAULT
from .._liqo.body import Json, text_at
from .._liqo.identity import Identity, parse_identity
from .._liqo.roles import RESOURCE_BY_ACCESS_KIND, build_access, parse_access, selector, wanted_access
from .parallel import GRACE_S, in_parallel, of_each
from .read import READ_S, REQUESTS_PER_CLUSTER
from .targets import open_apis
from .who import Who
from .writing import create_once

ROUNDS = 4
"""Observe, plan and act at most so often; only a conflict needs more than one, and an empty second plan."""


@dataclass(slots=True)
class _Work:
    """What became of one cluster."""

    planned: list[AccessOp] = field(default_factory=list)
    done: list[AccessOp] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """What was read."""

    held: Mapping[Place, HeldAccess]
    bodies: Mapping[Place, Json]


def rbac(params: Mapping[str, Any], *, check_mode: bool) -> AccessReport:
    """The work of the module ``rbac``, ``params`` as Ansible checked them.

    Raises InputError with every violation before any request; what fails on a cluster is in the report.
    """
    identity, clusters = parse_identity(params)
    if params["state"] == "rendered":
        return render_access(identity, clusters)
    apis = open_apis(params, agent="rbac")
    return manage_access(
        identity,
        clusters,
        apis,
        state=params["state"],
        check_mode=check_mode,
        parallel=params["parallel_clusters"],
    )


def render_access(identity: Identity, clusters: Sequence[Cluster]) -> AccessReport:
    """The manifests for each cluster; no cluster is asked."""
    rendered = {
        cluster.id: tuple(
            build_access(place, spec, identity=identity.name)
            for place, spec in wanted_access(identity, cluster).items()
        )
        for cluster in clusters
    }
    return AccessReport(
        fabric=identity.fabric,
        name=identity.name,
        state="rendered",
        check_mode=False,
        clusters=dict.fromkeys(rendered),
        rendered=rendered,
    )


def manage_access(
    identity: Identity,
    clusters: Sequence[Cluster],
    apis: Mapping[ClusterId, Api | FabricError],
    *,
    state: str,
    check_mode: bool,
    parallel: int,
) -> AccessReport:
    """Make the identity as wished, or with ``state`` absent remove what this fabric made for it.

    With ``check_mode`` say what that would take. Failures are in the report, and stop no other cluster.
    """

    works = {cluster.id: _Work() for cluster in clusters}

    def work(cluster: Cluster, api: Api) -> None:
        wanted = wanted_access(identity, cluster) if state == "present" else {}
        _on_one(identity, cluster, api, wanted, works[cluster.id], check_mode=check_mode)

    ends = of_each(work, clusters, apis, what="cannot see to the roles", limit=parallel, grace_s=GRACE_S)
    return AccessReport(
        fabric=identity.fabric,
        name=identity.name,
        state=state,
        check_mode=check_mode,
        planned=tuple(op for work in works.values() for op in work.planned),
        done=tuple(op for work in works.values() for op in work.done),
        clusters=ends,
    )


def _on_one(
    identity: Identity,
    cluster: Cluster,
    api: Api,
    wanted: Mapping[Place, AccessSpec],
    result: _Work,
    *,
    check_mode: bool,
) -> None:
    # How many roles carry the mark of the identity is up to the cluster.
    api = api.within(DEFAULT.writing_s)
    who = Who(cluster)
    for _round in range(ROUNDS):
        in_time = api.within(READ_S)
        who.read(in_time)
        found = _read(identity, in_time, wanted)
        ops = plan_access(cluster.id, wanted, found.held, fabric=identity.fabric, where=api.where)
        result.planned += [op for op in ops if op.id not in {one.id for one in result.planned}]
        if check_mode:
            _try(identity, api, ops, found)
        if check_mode or not ops:
            return
        with contextlib.suppress(Conflict):
            for op in ops:
                who.confirm(api)
                _write(identity, api, op, found)
                result.done.append(op)
    raise _restless(identity, api)


def _read(identity: Identity, api: Api, wanted: Mapping[Place, AccessSpec]) -> _Found:
    """One LIST per kind; a GET for each wanted object that none of them shows."""
    kinds: list[AccessKind] = [kind for kind in AccessKind if kind is not AccessKind.NAMESPACE]
    lists = in_parallel(
        lambda kind: api.list(RESOURCE_BY_ACCESS_KIND[kind], label_selector=selector(identity.name)),
        kinds,
        limit=REQUESTS_PER_CLUSTER,
    )
    bodies = [(kind, body) for kind, listing in zip(kinds, lists, strict=True) for body in listing.items]
    listed = [parse_access(kind, body)[0] for kind, body in bodies]
    missing = places_to_look_up(wanted, listed)
    looked_up = in_parallel(lambda place: _look_up(api, place), missing, limit=REQUESTS_PER_CLUSTER)
    bodies += [(place[0], body) for place, body in zip(missing, looked_up, strict=True) if body is not None]
    parsed = [(parse_access(kind, body), body) for kind, body in bodies]
    return _Found(
        held={place: held for (place, held), _body in parsed}, bodies={place: body for (place, _held), body in parsed}
    )


def _look_up(api: Api, place: Place) -> Json | None:
    kind, namespace, name = place
    try:
        return api.get(RESOURCE_BY_ACCESS_KIND[kind], name=name, namespace=namespace or None)
    except NotFound:
        return None


def _try(identity: Identity, api: Api, ops: Sequence[AccessOp], found: _Found) -> None:
    """Dry runs tell whether we may grant what we do not hold, and whether a namespace is there.

    Those of bindings would say that the roles of the same plan are not there yet.
    """
    for op in ops:
        if op.kind not in BINDINGS and op.verb is not Verb.DELETE:
            _write(identity, api, op, found, dry_run=True)


def _write(identity: Identity, api: Api, op: AccessOp, found: _Found, *, dry_run: bool = False) -> None:
    """Raises Conflict when what was found, marks and all, is no longer what is there."""
    resource, place = RESOURCE_BY_ACCESS_KIND[op.kind], (op.kind, op.namespace, op.name)
    current = found.bodies[place] if op.verb is not Verb.CREATE else None
    if op.verb is Verb.DELETE:
        version = text_at(current, "metadata", "resourceVersion") or None
        with contextlib.suppress(NotFound):
            api.delete(resource, name=op.name, namespace=op.namespace or None, uid=op.uid, resource_version=version)
        return
    if op.after is None:
        raise TypeError(f"{op.id} has nothing to write")
    body = build_access(place, op.after, identity=identity.name, current=current)
    if dry_run or op.verb is Verb.UPDATE:
        (api.create if op.verb is Verb.CREATE else api.replace)(resource, body, dry_run=dry_run)
    else:
        create_once(api, resource, body)


def _restless(identity: Identity, api: Api) -> FabricError:
    return FabricError(
        what=f"the roles of {identity.name} are changed again as soon as they are made",
        where=api.where,
        why=f"after {ROUNDS} rounds they are still not as declared",
        next="look in the audit log who else writes them, then run again",
        fault=FailureName.UNSETTLED,
    )
