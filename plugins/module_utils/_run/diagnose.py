# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""After a wait has timed out: look up what explains it, as far as our rights go, and name it.

Never on the way of a healthy run. A clue that cannot be read is left out, so that a diagnosis is never worse than none.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from .._fabric.case import Clues
from .._fabric.diagnosis import diagnose
from .._fabric.errors import FabricError, NotFound, Unauthorized, Unreachable
from .._fabric.faults import only
from .._fabric.objects import Fact, FactName, Side
from .._fabric.operations import LinkPlan
from .._fabric.phrases import few
from .._fabric.resources import Json, Resource
from .._fabric.room import PARTS_OF_GATEWAY
from .._kube.client import Api
from .._liqo.health import (
    SERVED_BY,
    parse_allocation,
    parse_workloads,
)
from .._liqo.resources import DAEMON_SET, DEPLOYMENT, NETWORK, POD, RESOURCE_QUOTA
from .._liqo.surroundings import ipam_pools, quotas
from .address_look import look_at_address, look_at_dialled, service_of
from .gateway_look import OF_GATEWAYS, look_at_gateway, tolerant
from .parallel import in_parallel
from .world import Feed, World

PATIENCE_S = 6.0
"""All look-ups in one cluster together."""


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
    looks = in_parallel(lambda cluster: _look(world[cluster], sides[cluster], wanted), clusters, limit=2)
    clues = dict(zip(clusters, looks, strict=True))
    for cluster, side in sides.items() if FactName.CONNECTED in wanted else ():
        seen = look_at_dialled(side, sides.get(side.peer), world[cluster].networks)
        clues[cluster] = replace(clues[cluster], dialled=seen)
    return diagnose(
        plan.pair,
        waiting,
        sides,
        clues,
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
    if wanted & OF_GATEWAYS:
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
    look, server = look_at_gateway(api, side), only(side.servers)
    service = None if server is None else service_of(api, server)
    is_lacking = look.is_missing or isinstance(service, NotFound)
    return replace(
        clues,
        gateway=look.workload,
        gateway_missing=look.is_missing,
        unseen=tuple(look.unseen),
        service_missing=isinstance(service, NotFound),
        full=_full(api, side.gateways()[0].meta.namespace) if is_lacking else (),
        no_address=look_at_address(api, server) if server is not None else None,
    )


def _full(api: Api, namespace: str) -> tuple[str, ...]:
    """What ResourceQuotas of the namespace leave no room for, of all that a gateway is made of."""
    found = _listed(api, RESOURCE_QUOTA, namespace) or ()
    return tuple(
        f"ResourceQuota {quota.name} of {namespace} has {few(full)}"
        for quota in quotas(found)
        if (full := quota.full(PARTS_OF_GATEWAY))
    )


def _listed(api: Api, resource: Resource, namespace: str | None) -> tuple[Json, ...] | None:
    """The objects, or None where our rights or the server do not show them."""
    found = tolerant(lambda: api.list(resource, namespace=namespace).items)
    return None if isinstance(found, FabricError) else found
