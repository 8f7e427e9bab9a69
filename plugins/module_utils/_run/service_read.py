# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Clusters -> what they hold about Services: a constant number of LISTs each, all clusters in parallel."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from .._fabric.errors import FabricError, Forbidden, NotFound
from .._fabric.model import Cluster, ClusterId
from .._fabric.propagation.model import ClusterServices, World, made_of_unlisted, reflects_to_unlisted
from .._fabric.resources import Json, Resource
from .._kube.client import Api, Listing
from .._liqo.resources import (
    BINDING,
    DEPLOYMENT,
    ENDPOINT_SLICE,
    OF_HUBS,
    OF_LEAVES,
    POLICY,
    SERVICE,
    SHADOW_SLICE,
    VIRTUAL_NODE,
    Query,
)
from .._liqo.services import parse_services
from .gateway_look import tolerant
from .parallel import in_parallel, of_each
from .read import CANNOT_READ, READ_S, REQUESTS_PER_CLUSTER, Depth, Reading, read_cluster
from .who import Who

_MAY_BE_MISSING = (POLICY, BINDING)
"""Kinds that older API servers do not serve."""
_OF_ONE_LEAF = next(query for query in OF_LEAVES if query.resource == SERVICE)
"""Without the right to it native slices tell the same; a hub needs it."""
_MAY_BE_HIDDEN = frozenset({DEPLOYMENT})
"""Tells only gates, which are unknown then."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceReading:
    """One cluster as read, and where its list of slices can be continued."""

    api: Api
    who: Who
    services: ClusterServices
    slices: Listing
    selector: str | None


Readings = Mapping[ClusterId, "ServiceReading | FabricError"]


def read_services(
    clusters: Iterable[Cluster],
    apis: Mapping[ClusterId, Api | FabricError],
    *,
    hubs: Iterable[ClusterId],
    parallel: int,
    who: Mapping[ClusterId, Who],
) -> Readings:
    """Every cluster once; one that cannot be read, or is another one than declared, is its error."""
    wanted = list(clusters)
    ids, hub_ids = frozenset(cluster.id for cluster in wanted), frozenset(hubs)

    def read(cluster: Cluster, api: Api) -> ServiceReading:
        in_time = api.within(READ_S)
        reading = read_cluster(in_time, who[cluster.id], peers=ids - {cluster.id}, depth=Depth.INFO)
        return replace(_with_services(reading, is_hub=cluster.id in hub_ids), api=api)

    return of_each(read, wanted, apis, what=CANNOT_READ, limit=parallel)


def world_of(readings: Readings) -> World:
    """What was read, without how."""
    return {
        key: reading.services if isinstance(reading, ServiceReading) else reading for key, reading in readings.items()
    }


def _with_services(reading: Reading, *, is_hub: bool) -> ServiceReading:
    raw = reading.raw
    # Where a pod runs must not depend on the part of the VirtualNodes that the rights show.
    partly = raw.unread | raw.read_in.keys()
    seen = ((set(raw.objects) - partly) | (partly & _MAY_BE_HIDDEN)) - {ENDPOINT_SLICE}
    queries = {query.resource: query for query in (*OF_LEAVES, *(OF_HUBS if is_hub else ()))}
    todo = [query for resource, query in queries.items() if resource not in seen]
    listings = in_parallel(lambda query: _list(reading.api, query), todo, limit=REQUESTS_PER_CLUSTER)
    found = {query.resource: listing for query, listing in zip(todo, listings, strict=True)}
    objects: dict[Resource, tuple[Json, ...] | None] = {
        resource: listing.items if listing is not None else None for resource, listing in found.items()
    }
    objects.setdefault(VIRTUAL_NODE, raw.of(VIRTUAL_NODE))
    slices = found[ENDPOINT_SLICE]
    if slices is None:
        raise TypeError("every API server serves EndpointSlices")
    services = parse_services(reading.state, objects)
    if made_of_unlisted(services):
        # Of what they are made was lost from the list with its label.
        objects[SHADOW_SLICE] = reading.api.list(SHADOW_SLICE).items
        services = parse_services(reading.state, objects)
    if reflects_to_unlisted(services):
        # Another one has no label of a hub, so that the list does not tell it from one that is not there.
        listed = tolerant(lambda: reading.api.list(SERVICE).items)
        if not isinstance(listed, FabricError):
            services = parse_services(reading.state, {**objects, SERVICE: listed}, all_services=True)
    return ServiceReading(
        api=reading.api,
        who=reading.who,
        services=services,
        slices=slices,
        selector=queries[ENDPOINT_SLICE].selector,
    )


def _list(api: Api, query: Query) -> Listing | None:
    try:
        return api.list(query.resource, label_selector=query.selector)
    except (NotFound, Forbidden):
        if query.resource in _MAY_BE_MISSING or query == _OF_ONE_LEAF:
            return None
        raise
