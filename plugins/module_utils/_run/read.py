# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Clusters -> what they hold. A constant number of LISTs per cluster, all clusters in parallel.

Where our rights span only single tenant namespaces, as those of Liqo's peering-user do, the lists of these namespaces
take the place of those of the whole cluster. Each reading begins with who answers, see who.py.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import TypeAlias

from .._fabric.errors import FabricError, Forbidden, NotFound
from .._fabric.legal import is_dns_name
from .._fabric.model import Cluster, ClusterId
from .._fabric.objects import ClusterState
from .._fabric.resources import Json, Resource
from .._kube.client import Api, Listing
from .._kube.limits import DEFAULT
from .._liqo.body import text_at
from .._liqo.by_peer import TENANT_PREFIX, tenant_of
from .._liqo.cluster import Raw, parse_cluster, too_old
from .._liqo.names import REMOTE_CLUSTER_ID, TENANT_NAMESPACE
from .._liqo.parse import labels_of
from .._liqo.resources import (
    BEFORE_REMOVING,
    BEFORE_WRITING,
    FOR_EVENTS,
    FOR_INFO,
    NAMESPACE,
    SECRET,
    STEADY,
    Query,
)
from .parallel import in_parallel, of_each
from .progress import SILENT, Progress
from .who import Who

REQUESTS_PER_CLUSTER = 5
"""In flight at once: more would cost more TLS handshakes than they save round trips."""
READ_S = DEFAULT.reading_s
"""For one reading of one cluster with all its requests, however many pages they have."""
CANNOT_READ = "cannot read the cluster"


class Depth(Enum):
    """How much is read."""

    STEADY = STEADY
    WRITING = (*STEADY, *BEFORE_WRITING)
    REMOVING = (*STEADY, *BEFORE_WRITING, *BEFORE_REMOVING)
    INFO = (*STEADY, *FOR_INFO)
    EVENTS = FOR_EVENTS


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """How a kind was listed, so that it can be watched or polled the same way."""

    query: Query
    namespaces: tuple[str, ...] | None = None
    """None for one list over the whole cluster, which can be watched from ``resource_version``."""
    names: tuple[str, ...] | None = None
    """Where a cluster-scoped kind may not be listed: the objects to get one by one."""
    resource_version: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One cluster as read: the bodies, and where each list can be continued."""

    api: Api
    who: Who
    raw: Raw
    state: ClusterState
    """Under the declared id."""
    scopes: Mapping[Resource, tuple[Scope, ...]] = field(default_factory=dict)


Outcome: TypeAlias = "Reading | FabricError"


def read_clusters(
    apis: Mapping[ClusterId, Api | FabricError],
    clusters: Iterable[Cluster],
    *,
    who: Mapping[ClusterId, Who],
    peers: Mapping[ClusterId, frozenset[ClusterId]],
    depth: Depth,
    parallel: int,
    others: frozenset[ClusterId] = frozenset(),
    progress: Progress = SILENT,
) -> dict[ClusterId, Outcome]:
    """Every cluster once; one that cannot be read, or is another one than declared, is its error.

    ``peers`` are the clusters that matter to each one, ``others`` those that may; they say where to look when rights
    are narrow.
    """

    def read(cluster: Cluster, api: Api) -> Reading:
        own = peers.get(cluster.id, frozenset())
        return read_cluster(api, who[cluster.id], peers=own, others=others - {cluster.id}, depth=depth)

    return of_each(read, clusters, apis, what=CANNOT_READ, limit=parallel, progress=progress)


def read_cluster(
    api: Api, who: Who, *, peers: frozenset[ClusterId], depth: Depth, others: frozenset[ClusterId] = frozenset()
) -> Reading:
    """One cluster; raises FabricError when it cannot be reached, does not let us in, has no Liqo, or is another one."""
    in_time = api.within(READ_S)
    raw = who.read(in_time)
    look_by_name = depth in (Depth.WRITING, Depth.REMOVING)
    try:
        reading = _extend(
            in_time, who, raw, {}, peers=peers, others=others, queries=depth.value, look_by_name=look_by_name
        )
    except NotFound as missing:
        if old := too_old(raw, api.where):
            raise old from missing
        raise
    return replace(reading, api=api)


def deepen(reading: Reading, *, peers: frozenset[ClusterId], queries: Sequence[Query]) -> Reading:
    """The same reading with further kinds, and with tenant namespaces that lost their labels."""
    in_time = reading.api.within(READ_S)
    reading.who.read(in_time)
    more = _extend(
        in_time,
        reading.who,
        reading.raw,
        reading.scopes,
        peers=peers,
        others=frozenset(),
        queries=queries,
        look_by_name=True,
    )
    return replace(more, api=reading.api)


def _extend(
    api: Api,
    who: Who,
    raw: Raw,
    scopes: Mapping[Resource, tuple[Scope, ...]],
    *,
    peers: frozenset[ClusterId],
    others: frozenset[ClusterId],
    queries: Sequence[Query],
    look_by_name: bool,
) -> Reading:
    results = in_parallel(
        lambda query: _list_or_none(api, query, raw.liqo_namespace), queries, limit=REQUESTS_PER_CLUSTER
    )
    found = dict(zip(queries, results, strict=True))
    of_namespaces = next((query for query in queries if query.resource == NAMESPACE), None)
    namespaces = found.get(of_namespaces) if of_namespaces is not None else None
    listed = raw.of(NAMESPACE) + (namespaces.items if namespaces is not None else ())
    refused_now = of_namespaces is not None and namespaces is None
    narrow = refused_now or NAMESPACE in raw.unread
    look_for = peers | others if narrow else peers if look_by_name else frozenset()
    tenants, refused = _tenant_namespaces(api, listed, look_for)
    names = {*map(_name, tenants)}
    if names - {*map(_name, raw.of(NAMESPACE))}:
        # What was looked for in the tenant namespaces that were known is looked for again in all of them.
        found |= {query: None for query in STEADY if query.resource in {*raw.read_in, *raw.unread} - {NAMESPACE}}
    objects, more_scopes, unread, read_in = _gather(api, found, sorted(names), raw.liqo_namespace)
    objects[NAMESPACE] = tenants
    if refused_now:
        names |= {f"{TENANT_PREFIX}{peer}" for peer in look_for - refused}
    # A watch by label would neither see those that lost theirs, nor that they go.
    if refused_now or (not narrow and not all(map(_has_tenant_label, tenants))):
        more_scopes[NAMESPACE] = (Scope(query=Query(resource=NAMESPACE), names=tuple(sorted(names))),)
    raw = replace(
        raw,
        objects={**raw.objects, **objects},
        unread=(raw.unread - read_in.keys()) | unread,
        read_in={**raw.read_in, **read_in},
        unseen=raw.unseen | refused if narrow else frozenset(),
    )
    state = parse_cluster(raw, who.id)
    secrets = _unlabelled_secrets(api, state, peers)
    if secrets:
        raw = replace(raw, objects={**raw.objects, SECRET: (*raw.of(SECRET), *secrets)})
        state = parse_cluster(raw, who.id)
    return Reading(api=api, who=who, raw=raw, state=state, scopes={**scopes, **more_scopes})


def _unlabelled_secrets(api: Api, state: ClusterState, peers: frozenset[ClusterId]) -> list[Json]:
    """The key Secrets that no list by label shows although a gateway names them: their metadata and nothing else.

    Only of gateways to ``peers``, so that a cluster with thousands of gateways costs no more requests than it has links
    that matter.
    """
    sides = [state.side(peer) for peer in sorted(peers) if peer in state.sides and not state.hides("Secret", peer)]
    places = [
        (gateway.meta.namespace, name)
        for side in sides
        if side.key_secret() is None
        for gateway in side.gateways()[:1]
        for name in [gateway.secret_name or gateway.default_secret_name]
        if is_dns_name(name)
    ]

    def look(place: tuple[str, str]) -> Json | None:
        try:
            return api.metadata(SECRET, namespace=place[0], name=place[1])
        except Forbidden:
            return None

    if not places:
        return []
    return [body for body in in_parallel(look, places, limit=REQUESTS_PER_CLUSTER) if body is not None]


def list_scope(api: Api, scope: Scope) -> tuple[tuple[Json, ...], str, int]:
    """What a scope stands for, again, the version from which a watch goes on, empty where none can, and how many bytes
    were listed."""
    if scope.names is not None:
        found = (_get(api, scope.query.resource, name) for name in scope.names)
        return tuple(body for body in found if body is not None), "", 0
    listing = _list(api, scope.query, scope.namespaces)
    return listing.items, listing.resource_version, listing.size


def _get(api: Api, resource: Resource, name: str) -> Json | None:
    try:
        return api.get(resource, name=name)
    except NotFound:
        return None


def _list(api: Api, query: Query, namespaces: tuple[str, ...] | None) -> Listing:
    if namespaces is None:
        return api.list(query.resource, label_selector=query.selector)
    parts = [api.list(query.resource, namespace=name, label_selector=query.selector) for name in namespaces]
    items = tuple(item for part in parts for item in part.items)
    return replace(parts[-1], items=items, size=sum(part.size for part in parts))


def _list_or_none(api: Api, query: Query, liqo_namespace: str) -> Listing | None:
    """None where our rights do not allow one list of it all."""
    try:
        return _list(api, query, (liqo_namespace,) if query.in_liqo_namespace else None)
    except Forbidden:
        return None


def _tenant_namespaces(
    api: Api, listed: tuple[Json, ...], look_for: frozenset[ClusterId]
) -> tuple[tuple[Json, ...], frozenset[ClusterId]]:
    """All tenant namespaces: the listed ones, and those of the given peers that only their default name gives away.

    And the peers for which we were not allowed to look. Needed where namespaces cannot be listed, and before writing,
    since a namespace may have lost its labels.
    """
    known = {tenant_of(_name(body)) or labels_of(body).get(REMOTE_CLUSTER_ID) for body in listed}

    def look(peer: ClusterId) -> Json | Forbidden | None:
        try:
            return _get(api, NAMESPACE, f"{TENANT_PREFIX}{peer}")
        except Forbidden as refusal:
            return refusal

    missing = sorted(look_for - known)
    looked_up = dict(zip(missing, in_parallel(look, missing, limit=REQUESTS_PER_CLUSTER), strict=True))
    bodies = [answer for answer in looked_up.values() if answer is not None and not isinstance(answer, Forbidden)]
    by_name = {_name(body): body for body in (*listed, *bodies)}
    refused = frozenset(peer for peer, answer in looked_up.items() if isinstance(answer, Forbidden))
    return tuple(by_name[name] for name in sorted(by_name)), refused


def _gather(
    api: Api, found: Mapping[Query, Listing | None], tenants: Sequence[str], liqo_namespace: str
) -> tuple[
    dict[Resource, tuple[Json, ...]],
    dict[Resource, tuple[Scope, ...]],
    frozenset[Resource],
    dict[Resource, frozenset[str]],
]:
    """Objects and scopes by kind, the kinds that were read nowhere, and where those were that were not read everywhere.

    What could not be listed at once is listed in each namespace.
    """
    objects: dict[Resource, tuple[Json, ...]] = {}
    scopes: dict[Resource, tuple[Scope, ...]] = {}
    unread: set[Resource] = set()
    read_in: dict[Resource, frozenset[str]] = {}
    for query, at_once in found.items():
        resource = query.resource
        listing, scope = (at_once, None) if at_once is not None else _narrow(api, query, tenants, liqo_namespace)
        if listing is None:
            unread.add(resource)
            continue
        if scope is None:
            namespaces = (liqo_namespace,) if query.in_liqo_namespace else None
            scope = Scope(query=query, namespaces=namespaces, resource_version=listing.resource_version)
        else:
            places = frozenset(scope.namespaces or ())
            read_in[resource] = places & read_in.get(resource, places)
        objects[resource] = objects.get(resource, ()) + listing.items
        scopes[resource] = (*scopes.get(resource, ()), scope)
    return objects, scopes, frozenset(unread), read_in


def _narrow(api: Api, query: Query, tenants: Sequence[str], liqo_namespace: str) -> tuple[Listing | None, Scope | None]:
    """The list over the tenant namespaces and that of Liqo, as far as each may be read; None when none may.

    The scope has the namespaces that were read: an object in another one may be there unseen.
    """
    if not query.resource.namespaced or query.in_liqo_namespace:
        return None, None
    parts: list[tuple[str, Listing]] = []
    for namespace in (*tenants, liqo_namespace):
        try:
            parts.append((namespace, api.list(query.resource, namespace=namespace, label_selector=query.selector)))
        except Forbidden:
            continue
    if not parts:
        return None, None
    items = tuple(item for _name, part in parts for item in part.items)
    scope = Scope(query=query, namespaces=tuple(name for name, _part in parts))
    return replace(parts[-1][1], items=items), scope


def _has_tenant_label(body: Json) -> bool:
    return TENANT_NAMESPACE in labels_of(body)


def _name(body: Json) -> str:
    return text_at(body, "metadata", "name")
