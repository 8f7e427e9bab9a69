# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which Services a run is about: those that are wished for, and those that carry our mark."""

from __future__ import annotations

from dataclasses import dataclass

from ..errors import FabricError, FailureName
from ..model import ClusterId, State
from .model import ClusterServices, Mode, Propagation, Service, ServiceKey, ServiceWish, World, ours_for
from .offers import homes_of
from .operations import ServicePlan


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """One Service and what is asked of it; mode None where it shall no longer use shortcuts."""

    service: Service
    hub: ClusterServices
    mode: Mode | None
    keep: bool = False
    """It is not wished for and not to be pruned: only what leads to strangers goes."""


def wanted_services(want: Propagation, world: World) -> tuple[list[Wanted], list[ServicePlan]]:
    """Every Service that the run is about, each once, and plans that say why others are out of reach."""
    found: dict[ServiceKey, Wanted] = {}
    missing: list[ServicePlan] = []
    seen: set[str] = set()
    for hub_id in want.hubs:
        hub = world.get(hub_id)
        if isinstance(hub, FabricError):
            key = ServiceKey(hub_id, "*", "*")
            missing.append(ServicePlan(key=key, blocked={hub_id: hub}))
            seen |= {wish.source for wish in want.wishes}
        if not isinstance(hub, ClusterServices):
            continue
        for service in hub.services:
            wish = next((one for one in want.wishes if _picks(one, service)), None)
            if wish is not None:
                seen |= {one.source for one in want.wishes if _picks(one, service)}
                mode = None if want.state is State.ABSENT else wish.mode
                found[service.key] = Wanted(service=service, hub=hub, mode=mode)
            elif _is_ours(want, world, hub, service):
                found[service.key] = Wanted(service=service, hub=hub, mode=None, keep=not _prunes(want))
    for wish in want.wishes:
        if wish.name is not None and wish.source not in seen and want.state is not State.ABSENT:
            missing.append(_no_service(want, wish))
    return [found[key] for key in sorted(found)], missing


def _prunes(want: Propagation) -> bool:
    return want.state is State.EXACT or (want.state is State.ABSENT and not want.wishes)


def _picks(wish: ServiceWish, service: Service) -> bool:
    if wish.hub not in (None, service.key.hub) or wish.namespace not in (None, service.key.namespace):
        return False
    if wish.name is not None:
        return wish.name == service.key.name
    return wish.selector is not None and wish.selector.matches(service.labels)


def _is_ours(want: Propagation, world: World, hub: ClusterServices, service: Service) -> bool:
    if want.fabric in service.owners:
        return True
    homes = homes_of(hub, service.key)
    return any(
        want.fabric in one.owners
        for leaf, namespace in homes.namespaces.items()
        for here in [world.get(leaf)]
        if isinstance(here, ClusterServices)
        for one in ours_for(here, namespace, service.key)
    )


def _no_service(want: Propagation, wish: ServiceWish) -> ServicePlan:
    hub = wish.hub or (want.hubs[0] if want.hubs else ClusterId("*"))
    key = ServiceKey(hub, wish.namespace or "*", wish.name or "*")
    problem = FabricError(
        what=f"there is no Service {key.namespace}/{key.name} to be propagated",
        where=f"{' and '.join([wish.hub] if wish.hub else want.hubs)}, asked for by {wish.source}",
        why="no hub of the task has it in a namespace that is offloaded",
        next="correct the name, or offload its namespace (liqoctl offload namespace)",
        fault=FailureName.NO_SERVICE,
    )
    return ServicePlan(key=key, blocked={hub: problem})
