# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which endpoints of each leaf other leaves may use directly.

A leaf may belong to another entity, so it speaks only for its own pods. The hub says which pods a Service has, on which
cluster each of them runs, and its ports. Of the leaf's own slices only the address and the readiness are taken. The
address must be one of the leaf's pod addresses, as the Configuration of the leaf that would use it says.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from ..errors import FabricError
from ..faults import only
from ..legal import is_dns_name
from ..model import ClusterId
from ..objects import ClusterState
from .faults import Refusal, SightFault
from .model import ClusterServices, Origin, Service, ServiceKey, Slice, SliceEndpoint, SlicePort, World, slices_of
from .paths import Reach, is_in

IPV4 = "IPv4"
Ports = tuple[SlicePort, ...]
Groups = Mapping[Ports, tuple[SliceEndpoint, ...]]
"""Endpoints by the ports that they share."""
_OF_A_HUB = frozenset({Origin.NATIVE, Origin.OTHER})
"""What a hub reflects elsewhere is no word of its own about its Services, nor is what this collection wrote."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Homes:
    """Where the namespace of a Service is: its name on each leaf that has accepted it."""

    key: ServiceKey
    namespaces: dict[ClusterId, str]

    @property
    def leaves(self) -> tuple[ClusterId, ...]:
        return tuple(sorted(self.namespaces))


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """A pod of a Service as its hub lists it."""

    cluster: ClusterId
    endpoint: SliceEndpoint
    ports: Ports


Placements = Mapping[str, tuple[Placed, ...]]
"""By the name of the pod, which is the same on its leaf; more than one only while the hub moves it between slices."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """What one leaf may offer of a Service to all others."""

    groups: Groups = field(default_factory=dict)
    """Ready pods at one address each."""
    refusals: tuple[Refusal, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Offers:
    """One Service: where it is, which pods its hub lists, and what each leaf that could be read may offer."""

    homes: Homes
    placements: Placements
    by_leaf: Mapping[ClusterId, Offer]

    @property
    def refusals(self) -> tuple[Refusal, ...]:
        return tuple(refusal for leaf in sorted(self.by_leaf) for refusal in self.by_leaf[leaf].refusals)

    def pods_elsewhere(self, leaf: ClusterId) -> frozenset[str]:
        """The ready pods that the hub lists on other leaves that have the namespace."""
        return frozenset(
            pod
            for pod, places in self.placements.items()
            if any(
                one.endpoint.ready and one.cluster != leaf and one.cluster in self.homes.namespaces for one in places
            )
        )


def homes_of(hub: ClusterServices, key: ServiceKey) -> Homes:
    """The leaves that have the namespace of a Service."""
    found = {one.leaf: one.remote for one in hub.mappings if one.namespace == key.namespace and one.accepted}
    return Homes(key=key, namespaces=found)


def offers_of(world: World, hub: ClusterServices, key: ServiceKey) -> Offers:
    """What is known of the endpoints of one Service."""
    homes, placements = homes_of(hub, key), _placements(hub, key)
    by_leaf = {
        leaf: _offer(leaf, slices_of(there.slices, homes.namespaces[leaf], key.name, Origin.NATIVE), placements, hub.id)
        for leaf in homes.leaves
        for there in [world.get(leaf)]
        if isinstance(there, ClusterServices)
    }
    return Offers(homes=homes, placements=placements, by_leaf=by_leaf)


def is_reflected(here: ClusterServices, namespace: str, key: ServiceKey) -> bool:
    """Is the Service on a leaf the one of the hub?

    Where our rights do not show Services, its native slices say so: Kubernetes copies the labels of a Service to them.
    """
    if here.reflected is not None:
        return (namespace, key.name, key.hub) in here.reflected
    return any(one.hub == key.hub for one in slices_of(here.slices, namespace, key.name, Origin.NATIVE))


def may_be_own(here: ClusterServices, service: Service) -> bool:
    """Can it be told whether the Service on a leaf is another one? One without selector has no native slices."""
    return here.reflected is not None or service.selects


def own_service(here: ClusterServices, namespace: str, key: ServiceKey) -> Refusal | None:
    """The leaf has another Service of this name, beside which Liqo puts the slices of the hub."""
    if not _gets_slices(here, namespace, key) or is_reflected(here, namespace, key):
        return None
    there = _is_there(here, namespace, key)
    if there is False:
        return None
    doubt = "" if there else ", or is not there"
    reflects = f"but {key.hub} reflects endpoints to it"
    return Refusal(
        place=here.id,
        name=SightFault.OWN_SERVICE,
        provider=here.id,
        detail=f"the Service {namespace}/{key.name} of {here.id} is not {key}{doubt}, {reflects}",
    )


def missing_service(here: ClusterServices, namespace: str, key: ServiceKey) -> str:
    """The hub reflects endpoints to a Service that is not on the leaf; empty where it is, or where none are reflected.

    Liqo makes it again, as it does after a person has deleted it.
    """
    if not _gets_slices(here, namespace, key) or _is_there(here, namespace, key) is not False:
        return ""
    return f"the Service {namespace}/{key.name} is not there on {here.id} (yet); Liqo makes it"


def _gets_slices(here: ClusterServices, namespace: str, key: ServiceKey) -> bool:
    """Does the hub reflect endpoints to the Service?"""
    slices = slices_of(here.slices, namespace, key.name, Origin.REFLECTED)
    return any(one.source == key.hub for one in slices)


def _is_there(here: ClusterServices, namespace: str, key: ServiceKey) -> bool | None:
    """Is there a Service of this name, whoever made it? None when that is not known."""
    if here.present is not None:
        return (namespace, key.name) in here.present
    return True if slices_of(here.slices, namespace, key.name, Origin.NATIVE) else None


def address_types(hub: ClusterServices, key: ServiceKey) -> frozenset[str]:
    """The kinds of addresses that the hub has for a Service; none while it has no slice."""
    return frozenset(one.address_type for one in _slices_of_hub(hub, key))


def usable_by(
    here: ClusterServices, reach: Reach, offer: Offer, provider: ClusterServices | FabricError | None
) -> tuple[Groups, tuple[Refusal, ...]]:
    """What ``here`` may use of an offer: the endpoints at addresses that it maps to pods of the provider alone.

    Without a Configuration in ``here``, because the shortcut is still to be made, the networks that the provider
    reports take its place.
    """
    if not isinstance(provider, ClusterServices):
        return {}, ()
    groups: dict[Ports, tuple[SliceEndpoint, ...]] = {}
    refusals: list[Refusal] = []
    known = _known_networks(here.state, provider.state)
    for ports, endpoints in offer.groups.items():
        accepted = []
        for endpoint in endpoints:
            why = _why_not(endpoint.addresses[0], known, reach, here.id, provider.id)
            if why:
                own = is_in(endpoint.addresses[0], provider.state.networks.pod)
                refusals.append(
                    Refusal(
                        place=here.id if own else provider.id,
                        name=SightFault.FOREIGN_ADDRESS,
                        provider=provider.id,
                        detail=f"{provider.id} lists {endpoint.pod} at {endpoint.addresses[0]}, {why}",
                    )
                )
            else:
                accepted.append(endpoint)
        if accepted:
            groups[ports] = tuple(accepted)
    return groups, tuple(refusals)


def _slices_of_hub(hub: ClusterServices, key: ServiceKey) -> tuple[Slice, ...]:
    return tuple(one for one in slices_of(hub.slices, key.namespace, key.name) if one.origin in _OF_A_HUB)


def _placements(hub: ClusterServices, key: ServiceKey) -> Placements:
    found: dict[str, list[Placed]] = {}
    for one in _slices_of_hub(hub, key):
        if one.address_type == IPV4:
            for endpoint in one.endpoints:
                cluster = hub.nodes.get(endpoint.node, hub.id)
                placed = Placed(cluster=cluster, endpoint=endpoint, ports=_sorted(one.ports))
                found.setdefault(endpoint.pod, []).append(placed)
    return {pod: tuple(places) for pod, places in found.items() if pod}


def _offer(leaf: ClusterId, slices: Iterable[Slice], placements: Placements, hub: ClusterId) -> Offer:
    listed: dict[str, set[tuple[tuple[str, ...], Ports]]] = {}
    for one in slices:
        if one.address_type == IPV4:
            for endpoint in one.endpoints:
                if endpoint.ready:
                    listed.setdefault(endpoint.pod, set()).add((endpoint.addresses, _sorted(one.ports)))
    groups: dict[Ports, list[SliceEndpoint]] = {}
    refusals: list[Refusal] = []
    for pod in sorted(listed):
        found = _accepted(leaf, pod, listed[pod], placements.get(pod, ()), hub)
        if isinstance(found, Refusal):
            refusals.append(found)
        else:
            groups.setdefault(found.ports, []).append(found.endpoint)
    return Offer(
        groups={ports: tuple(sorted(groups[ports])) for ports in sorted(groups, key=str)}, refusals=tuple(refusals)
    )


def _accepted(
    leaf: ClusterId, pod: str, listed: set[tuple[tuple[str, ...], Ports]], places: tuple[Placed, ...], hub: ClusterId
) -> Placed | Refusal:
    """A pod as others may use it: the address of the leaf, all else as the hub says."""
    here = [one for one in places if one.cluster == leaf]
    name = pod if is_dns_name(pod) else "an endpoint without the name of a pod"
    if not here and places:
        return _refusal(leaf, SightFault.FOREIGN_POD, f"{name}, which {hub} has on {places[0].cluster}")
    if not here:
        return _refusal(leaf, SightFault.UNKNOWN_POD, f"{name}, which {hub} does not list")
    addresses = {address for found, _ports in listed for address in found}
    if len(addresses) != 1 or any(len(found) != 1 for found, _ports in listed):
        return _refusal(leaf, SightFault.SEVERAL_ADDRESSES, f"{name} at {len(addresses)} addresses")
    (address,) = addresses
    if not _is_of_a_pod(address):
        return _refusal(leaf, SightFault.FOREIGN_ADDRESS, f"{name} at an address that no pod can have")
    ports = {_named(found) for _addresses, found in listed}
    for one in here:
        if _named(one.ports) in ports:
            endpoint = replace(one.endpoint, addresses=(address,), ready=True, serving=None, node="")
            return replace(one, endpoint=endpoint)
    theirs, ours = _ports_text(listed), ", ".join(map(str, here[0].ports)) or "none"
    return _refusal(leaf, SightFault.OTHER_PORTS, f"{name} with the ports {theirs}, {hub} with {ours}")


def _refusal(leaf: ClusterId, name: SightFault, what: str) -> Refusal:
    return Refusal(place=leaf, name=name, provider=leaf, detail=f"{leaf} lists {what}")


def _ports_text(listed: Iterable[tuple[tuple[str, ...], Ports]]) -> str:
    found = sorted({f"{port.port}/{port.protocol}"[:20] for _addresses, ports in listed for port in ports})
    return ", ".join(found[:3]) + (" and more" if len(found) > 3 else "") or "none"


def _named(ports: Ports) -> frozenset[tuple[str, int | None, str]]:
    return frozenset((port.name, port.port, port.protocol) for port in ports)


def _sorted(ports: Ports) -> Ports:
    return tuple(sorted(ports, key=str))


def _is_of_a_pod(text: str) -> bool:
    """Can a pod have this address? Those of the machine itself, of its link, of groups and of nothing cannot be."""
    try:
        one = ipaddress.IPv4Address(text)
    except ValueError:
        return False
    return not (one.is_loopback or one.is_link_local or one.is_multicast or one.is_unspecified or one.is_reserved)


def _known_networks(here: ClusterState, provider: ClusterState) -> Mapping[str, str | None]:
    """The pod CIDRs of the provider as ``here`` knows them, each with what ``here`` maps it to; None for not yet."""
    configuration = only(here.side(provider.id).configurations)
    if configuration is None or configuration.remap is None:
        return dict.fromkeys(provider.networks.pod)
    return dict(zip(configuration.spec.remote.pod, configuration.remap.pod, strict=False))


def _why_not(address: str, known: Mapping[str, str | None], reach: Reach, here: ClusterId, provider: ClusterId) -> str:
    """Why ``here`` may not use the address for a pod of the provider; empty when it may."""
    for native, seen in known.items():
        if is_in(address, (native,)):
            return reach.why_not(address, native, seen, provider) if seen is not None else ""
    return f"outside the pod CIDR of {provider} that {here} knows ({', '.join(known) or 'none'})"
