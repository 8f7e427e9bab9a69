# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""have -> which way each endpoint of each Service takes from each leaf, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from ..errors import FabricError
from ..faults import CONNECTED, View, freshness_faults
from ..model import ClusterId
from ..objects import ClusterState
from ..phrases import few
from ..task import Task
from .faults import REPAIRS, Fault, Refusal, SightFault, refusal_faults
from .gate import Reason, closed_gates, may_be_usable, usable_link
from .model import (
    ClusterServices,
    Mode,
    Origin,
    Service,
    ServiceKey,
    Slice,
    SliceEndpoint,
    Use,
    World,
    slices_of,
)
from .offers import Homes, Offers, homes_of, may_be_own, offers_of, own_service, usable_by
from .operations import exclusive_pods, unsettled
from .paths import Path, Way, reach_of, way_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """One address of one endpoint as a leaf has it."""

    pod: str
    cluster: ClusterId | None
    """Where the pod runs; None where nobody tells."""
    address: str
    way: Way
    ready: bool
    slice: str
    why: str

    def as_result(self) -> dict[str, Any]:
        return {
            "pod": self.pod,
            "cluster": self.cluster,
            "address": self.address,
            "path": self.way.path.value,
            "through": self.way.through,
            "ready": self.ready,
            "slice": self.slice,
            "why": self.why,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """One Service on one leaf."""

    key: ServiceKey
    leaf: ClusterId
    namespace: str
    """On the leaf."""
    mode: Mode | None
    """What is in force; None where the Service takes the way through the hub."""
    endpoints: tuple[Endpoint, ...]
    faults: tuple[Fault, ...]

    def as_result(self) -> dict[str, Any]:
        return {
            "hub": self.key.hub,
            "namespace": self.key.namespace,
            "name": self.key.name,
            "cluster": self.leaf,
            "remote_namespace": self.namespace,
            "mode": self.mode.value if self.mode is not None else None,
            "endpoints": [endpoint.as_result() for endpoint in self.endpoints],
            "faults": [fault.as_result() for fault in self.faults],
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class _Usable:
    """What a leaf may use of the others for one Service."""

    here: ClusterServices
    addresses: Mapping[ClusterId, frozenset[tuple[str, ...]]]
    """Of each leaf that has a usable link to it and could be read."""
    refusals: tuple[Refusal, ...]


def sights(world: World, hubs: Iterable[ClusterId]) -> tuple[Sight, ...]:
    """Every Service of the hubs on every leaf that could be read, sorted."""
    found = []
    for hub_id in sorted(hubs):
        hub = world.get(hub_id)
        if not isinstance(hub, ClusterServices):
            continue
        for service in sorted(hub.services, key=lambda one: one.key):
            offers = offers_of(world, hub, service.key)
            usable = {
                leaf: _usable(world, offers, here)
                for leaf in offers.homes.leaves
                for here in [world.get(leaf)]
                if isinstance(here, ClusterServices)
            }
            refusals = (*offers.refusals, *(each for one in usable.values() for each in one.refusals))
            own = [
                own_service(one.here, offers.homes.namespaces[leaf], service.key)
                for leaf, one in usable.items()
                if may_be_own(one.here, service)
            ]
            refusals += tuple(each for each in own if each is not None)
            for leaf, one in usable.items():
                found.append(_sight(world, hub, service, offers, one, refusal_faults(refusals, leaf)))
    return tuple(found)


def orphans(world: World, hubs: Iterable[ClusterId]) -> tuple[tuple[ClusterId, Slice], ...]:
    """Slices of ours that belong to no Service of the hubs any more, or to a shortcut that is gone."""
    known = {
        (leaf, namespace, service.key.name)
        for hub_id in hubs
        for hub in [world.get(hub_id)]
        if isinstance(hub, ClusterServices)
        for service in hub.services
        for leaf, namespace in homes_of(hub, service.key).namespaces.items()
    }
    silent = {hub for hub in hubs if not isinstance(world.get(hub), ClusterServices)}
    return tuple(
        (leaf, one)
        for leaf in sorted(world)
        for here in [world[leaf]]
        if isinstance(here, ClusterServices)
        for one in here.shadows
        if not (one.key is not None and one.key.hub in silent)
        and ((leaf, one.meta.namespace, one.service) not in known or _has_no_link(here.state, one))
    )


def sights_result(world: World, hubs: Iterable[ClusterId]) -> dict[str, Any]:
    """The result of the module ``propagation_info``."""
    hub_ids = tuple(hubs)
    found, lost = sights(world, hub_ids), orphans(world, hub_ids)
    failures = [seen for _key, seen in sorted(world.items()) if isinstance(seen, FabricError)]
    endpoints = [endpoint for sight in found for endpoint in sight.endpoints]
    return {
        "task": Task.PROPAGATION_INFO.value,
        "changed": False,
        "summary": {
            "services": len({sight.key for sight in found}),
            "places": len(found),
            "endpoints": len(endpoints),
            **{path.value.replace("-", "_"): sum(one.way.path is path for one in endpoints) for path in Path},
            "faults": sum(len(sight.faults) for sight in found) + len(lost),
            "unreachable": len(failures),
        },
        "services": [sight.as_result() for sight in found],
        "orphans": [
            {
                "cluster": leaf,
                "namespace": one.meta.namespace,
                "name": one.meta.name,
                "service": str(one.key) if one.key is not None else None,
                "source": one.source,
                "owners": sorted(one.owners),
                "repair": REPAIRS[SightFault.ORPHAN_SLICE],
            }
            for leaf, one in lost
        ],
        "clusters": {
            str(key): {
                "reachable": isinstance(seen, ClusterServices),
                "failure": seen.as_result() if isinstance(seen, FabricError) else None,
            }
            for key, seen in sorted(world.items())
        },
        "failures": [failure.as_result() for failure in failures],
    }


def _sight(
    world: World, hub: ClusterServices, service: Service, offers: Offers, usable: _Usable, refused: tuple[Fault, ...]
) -> Sight:
    here = usable.here
    namespace = offers.homes.namespaces[here.id]
    slices = slices_of(here.slices, namespace, service.key.name)
    shadows, direct = slices_of(here.shadows, namespace, service.key.name), exclusive_pods(slices)
    endpoints = tuple(
        Endpoint(
            pod=endpoint.pod,
            cluster=_cluster_of(one, endpoint, offers, here.id),
            address=address,
            way=way_of(address, here.state, hub.id),
            ready=endpoint.ready,
            slice=one.meta.name,
            why=_why(one, endpoint, direct),
        )
        for one in slices
        for endpoint in one.endpoints
        for address in endpoint.addresses
    )
    return Sight(
        key=service.key,
        leaf=here.id,
        namespace=namespace,
        mode=_mode(service, shadows),
        endpoints=endpoints,
        faults=tuple(sorted({*refused, *_faults(world, hub, service, offers, usable, endpoints)})),
    )


def _cluster_of(one: Slice, endpoint: SliceEndpoint, offers: Offers, here: ClusterId) -> ClusterId | None:
    """Where a pod runs: what a leaf lists as its own runs there, of all others the hub tells."""
    if one.origin is Origin.NATIVE:
        return here
    places = offers.placements.get(endpoint.pod, ())
    return places[0].cluster if places else None


def _mode(service: Service, shadows: Iterable[Slice]) -> Mode | None:
    uses = {one.use for one in shadows}
    if uses:
        return Mode.EXCLUSIVE if Use.EXCLUSIVE in uses else Mode.SHADOW
    return Mode.UPSTREAM if service.direct else None


def _why(one: Slice, endpoint: SliceEndpoint, direct: frozenset[str]) -> str:
    if one.origin is Origin.NATIVE:
        return "runs here"
    if one.origin is Origin.REFLECTED:
        if endpoint.pod in direct and not endpoint.ready:
            state = "in order" if endpoint.serving else "not ready"
            return f"out of use, the direct copy counts (the way through {one.source} is {state})"
        return f"reflected by {one.source}"
    if one.origin is Origin.OURS:
        if endpoint.serving:
            return f"in place of the direct way to {one.source}, which is not in order"
        return f"direct copy of {one.source}" + ("" if endpoint.ready else ", its tunnel or pod is not ready")
    return "not of Liqo"


def _faults(
    world: World,
    hub: ClusterServices,
    service: Service,
    offers: Offers,
    usable: _Usable,
    endpoints: Iterable[Endpoint],
) -> Iterator[Fault]:
    here = usable.here
    for endpoint in endpoints:
        through = endpoint.way.through
        if endpoint.ready and endpoint.way.path is Path.UNMAPPED:
            detail = f"{endpoint.pod or 'a pod'} is ready at {endpoint.address}, which {here.id} maps to no cluster"
            yield Fault(name=SightFault.UNMAPPED_ADDRESS, detail=detail)
        if endpoint.ready and endpoint.way.path is Path.DIRECT and through is not None:
            dead = _dead(world, here.state, through)
            if dead:
                detail = f"{endpoint.pod or 'a pod'} is ready at {endpoint.address}, but {dead}"
                yield Fault(name=SightFault.DEAD_TUNNEL, detail=detail)
    namespace = offers.homes.namespaces[here.id]
    slices = slices_of(here.slices, namespace, service.key.name)
    for one in unsettled(slices, exclusive_pods(slices)):
        yield Fault(name=SightFault.UNSETTLED, detail=f"slice {one.meta.name} was not written anew since")
    for one in slices_of(here.shadows, namespace, service.key.name):
        yield from _stale(usable.addresses, one)
        if not one.labelled or one.unclaimed:
            what = "an annotation" if one.labelled else "a label"
            detail = f"slice {one.meta.name} lost {what} by which Liqo or this collection finds it"
            yield Fault(name=SightFault.LOST_LABEL, detail=detail)
    if service.direct:
        yield from _direct_faults(world, hub, service, offers.homes, here, endpoints)


def _dead(world: World, here: ClusterState, peer: ClusterId) -> str:
    """Why the tunnel to a peer is not alive, as either end says; empty when it is."""
    there = world.get(peer)
    ends = [(here, peer), *([(there.state, here.id)] if isinstance(there, ClusterServices) else [])]
    for state, other in ends:
        for connection in state.side(other).connections:
            if connection.value != CONNECTED:
                return f"the Connection of {state.id} to {other} is {connection.value or 'without value'}"
        for fault in freshness_faults(View(state, other, None)):
            return f"of {state.id}: {fault.detail}"
    return ""


def _usable(world: World, offers: Offers, here: ClusterServices) -> _Usable:
    reach = reach_of(here.state)
    refusals: tuple[Refusal, ...] = ()
    addresses = {}
    for provider, offer in offers.by_leaf.items():
        if provider != here.id and usable_link(here.state, provider):
            groups, refused = usable_by(here, reach, offer, world.get(provider))
            addresses[provider] = frozenset(endpoint.addresses for group in groups.values() for endpoint in group)
            refusals += refused
    return _Usable(here=here, addresses=addresses, refusals=refusals)


def _stale(usable: Mapping[ClusterId, frozenset[tuple[str, ...]]], one: Slice) -> Iterator[Fault]:
    if one.source is None or one.source not in usable:
        return
    gone = sorted(str(replace(e, ready=True)) for e in one.endpoints if e.addresses not in usable[one.source])
    if gone:
        detail = (
            f"slice {one.meta.name} has {gone[0]}, which {one.source} no longer has, no longer calls ready, or may not"
            " offer"
        )
        yield Fault(name=SightFault.STALE_SLICE, detail=detail)


def _direct_faults(
    world: World,
    hub: ClusterServices,
    service: Service,
    homes: Homes,
    here: ClusterServices,
    endpoints: Iterable[Endpoint],
) -> Iterator[Fault]:
    by = few(sorted(service.owners)) if service.owners else "no fabric"
    closed = [gate for gate in closed_gates(world, hub, homes.leaves) if gate.consumer == here.id]
    for gate in closed:
        if gate.reason is not Reason.UNKNOWN:
            yield Fault(name=SightFault.GATE_CLOSED, detail=f"{gate}; direct connections are switched on by {by}")
    if not closed and any(one.way.path is Path.VIA_HUB for one in endpoints):
        detail = "every gate is open, but the reflected slice has addresses through the hub"
        yield Fault(name=SightFault.STALE_SLICE, detail=detail)


def _has_no_link(here: ClusterState, one: Slice) -> bool:
    return one.source is not None and not may_be_usable(here, one.source)
