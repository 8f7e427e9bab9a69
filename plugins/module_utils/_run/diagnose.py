# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""After a wait has timed out: look up what explains it, as far as our rights go, and name it.

Never on the way of a healthy run. A clue that cannot be read is left out, so that a diagnosis is never worse than none.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from .._fabric.diagnosis import Clues, diagnose
from .._fabric.errors import FabricError, Unauthorized, Unreachable
from .._fabric.faults import only
from .._fabric.objects import Fact, FactName, Side
from .._fabric.operations import LinkPlan
from .._fabric.resources import Json, Resource
from .._kube.client import Api
from .._liqo.health import (
    SERVED_BY,
    lacks_address,
    parse_allocation,
    parse_workloads,
)
from .._liqo.names import GATEWAY_PREFIX
from .._liqo.resources import DAEMON_SET, DEPLOYMENT, NETWORK, POD, SERVICE
from .._liqo.surroundings import ipam_pools
from .gateway_look import look_at_gateway, tolerant
from .parallel import in_parallel
from .world import Feed, World

PATIENCE_S = 6.0
"""All look-ups in one cluster together."""

_OF_GATEWAYS = frozenset({FactName.ENDPOINT, FactName.KEY, FactName.RENEWED, FactName.CONNECTED})


def explain_timeout(plan: LinkPlan, waiting: Sequence[Fact], world: World, timeout_s: float) -> FabricError:
    """The failure of a link whose ``waiting`` facts did not come true in ``timeout_s``. Never raises a FabricError.

    It is the error of a cluster itself where what the cluster sends is of no use.
    """
    clusters = tuple(cluster for cluster in plan.pair if cluster in world)
    wanted = frozenset(fact.name for fact in waiting)
    try:
        sides = {cluster: world[cluster].side(plan.pair.other(cluster)) for cluster in clusters}
    except FabricError as unusable:
        return unusable
    clues = in_parallel(lambda cluster: _look(world[cluster], sides[cluster], wanted), clusters, limit=2)
    return diagnose(
        plan.pair,
        waiting,
        sides,
        dict(zip(clusters, clues, strict=True)),
        served_by=SERVED_BY,
        timeout_s=timeout_s,
        client_endpoint=plan.client_endpoint,
    )


def _look(feed: Feed, side: Side, wanted: frozenset[FactName]) -> Clues:
    api = feed.api.within(PATIENCE_S)
    try:
        return _clues(api, feed, side, wanted)
    except (Unreachable, Unauthorized) as failure:
        return Clues(where=api.where, failure=failure)


def _clues(api: Api, feed: Feed, side: Side, wanted: frozenset[FactName]) -> Clues:
    liqo = feed.liqo_namespace
    deployments = _listed(api, DEPLOYMENT, liqo)
    daemons = _listed(api, DAEMON_SET, liqo)
    pods = _listed(api, POD, liqo)
    known = deployments is not None or daemons is not None
    workloads = parse_workloads((*(deployments or ()), *(daemons or ())), pods) if known else None
    clues = Clues(where=api.where, version=feed.version, workloads=workloads)
    if wanted & _OF_GATEWAYS:
        clues = _gateway_clues(api, side, clues)
    if FactName.CONFIGURED in wanted:
        networks = _listed(api, NETWORK, None)
        clues = replace(
            clues,
            networks=None if networks is None else tuple(parse_allocation(body) for body in networks),
            pools=ipam_pools(deployments or ()) or (),
        )
    return clues


def _gateway_clues(api: Api, side: Side, clues: Clues) -> Clues:
    """By name, so that it works with the rights of Liqo's peering-user too."""
    look = look_at_gateway(api, side)
    server = only(side.servers)
    service: Json | FabricError | None = None
    if server is not None:
        place = {"name": f"{GATEWAY_PREFIX}{server.meta.name}", "namespace": server.meta.namespace}
        service = tolerant(lambda: api.get(SERVICE, **place))
    return replace(
        clues,
        gateway=look.workload,
        gateway_missing=look.is_missing,
        unseen=tuple(look.unseen),
        lacks_address=isinstance(service, Mapping) and lacks_address(service),
    )


def _listed(api: Api, resource: Resource, namespace: str | None) -> tuple[Json, ...] | None:
    """The objects, or None where our rights or the server do not show them."""
    found = tolerant(lambda: api.list(resource, namespace=namespace).items)
    return None if isinstance(found, FabricError) else found
