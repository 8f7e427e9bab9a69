# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""After a wait has timed out: look up what explains it, as far as our rights go, and name it.

Never on the way of a healthy run. A clue that cannot be read is left out, so that a diagnosis is never worse than none.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TypeVar

from .._fabric.diagnosis import Clues, diagnose
from .._fabric.errors import FabricError, NotFound, Unauthorized, Unreachable
from .._fabric.faults import only
from .._fabric.objects import Fact, FactName, Side
from .._fabric.operations import LinkPlan
from .._fabric.resources import Json, Resource
from .._kube.client import Api
from .._liqo.health import (
    SERVED_BY,
    lacks_address,
    parse_allocation,
    parse_workload,
    parse_workloads,
)
from .._liqo.names import GATEWAY_PREFIX
from .._liqo.resources import DAEMON_SET, DEPLOYMENT, NETWORK, POD, SERVICE
from .._liqo.surroundings import ipam_pools
from .parallel import in_parallel
from .world import Feed, World

PATIENCE_S = 6.0
"""All look-ups in one cluster together."""

_OF_GATEWAYS = frozenset({FactName.ENDPOINT, FactName.KEY, FactName.RENEWED, FactName.CONNECTED})

_T = TypeVar("_T")


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
    workloads = parse_workloads((*(deployments or ()), *(daemons or ())), pods or ()) if known else None
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
    gateway = only(side.gateways())
    if gateway is None:
        return clues
    namespace, name = gateway.meta.namespace, f"{GATEWAY_PREFIX}{gateway.meta.name}"
    deployment = _tolerant(lambda: api.get(DEPLOYMENT, name=name, namespace=namespace))
    pods = _listed(api, POD, namespace) or ()
    service = _tolerant(lambda: api.get(SERVICE, name=name, namespace=namespace)) if side.servers else None
    return replace(
        clues,
        gateway=parse_workload(deployment, pods) if isinstance(deployment, Mapping) else None,
        gateway_missing=isinstance(deployment, NotFound),
        lacks_address=isinstance(service, Mapping) and lacks_address(service),
    )


def _listed(api: Api, resource: Resource, namespace: str | None) -> tuple[Json, ...] | None:
    """The objects, or None where our rights or the server do not show them."""
    found = _tolerant(lambda: api.list(resource, namespace=namespace).items)
    return None if isinstance(found, FabricError) else found


def _tolerant(read: Callable[[], _T]) -> _T | FabricError:
    """What was read, or why not; an API server that is gone or does not know us ends the look-up."""
    try:
        return read()
    except (Unreachable, Unauthorized):
        raise
    except FabricError as problem:
        return problem
