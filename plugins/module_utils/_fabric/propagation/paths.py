# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which way packets to an address take, seen from one cluster: a question of the CIDRs that it knows."""

from __future__ import annotations

import functools
import ipaddress
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from ..model import ClusterId
from ..objects import ClusterState, Configuration
from .spans import Spans, address_in, network_in

_LONGEST_CIDR = 43
_STATES = 512
"""So many clusters, as read once, are remembered."""


class Path(StrEnum):
    """The way from a leaf to an endpoint."""

    LOCAL = "local"
    """The pod runs on the leaf itself."""
    DIRECT = "direct"
    """Over a shortcut."""
    HUB = "hub"
    """The pod runs on the hub: one tunnel, and nothing to be shortened."""
    VIA_HUB = "via-hub"
    """Through the hub to another leaf."""
    UNMAPPED = "unmapped"
    """The address belongs to no network that the leaf knows: packets go astray, or to a stranger."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """A path and the cluster at the far end of the tunnel that it takes first; none for LOCAL and UNMAPPED."""

    path: Path
    through: ClusterId | None = None


_UNMAPPED = Way(path=Path.UNMAPPED)


def way_of(address: str, here: ClusterState, hub: ClusterId) -> Way:
    """The way from ``here`` to an address, for a Service of ``hub``."""
    one = address_in(address)
    found = _ways(_Same(here), hub).at(one) if one is not None else ()
    return found[0] if found else _UNMAPPED


def mapped(address: str, configuration: Configuration) -> str | None:
    """How a cluster with this Configuration reaches a pod that has ``address`` at home; None when it cannot."""
    if configuration.remap is None:
        return None
    for native, seen in zip(configuration.spec.remote.pod, configuration.remap.pod, strict=False):
        if is_in(address, (native,)):
            found = _moved(address, native, seen)
            return str(found) if found is not None else None
    return None


class Reach:
    """Which networks one cluster has itself and which pod networks it maps its peers to, for many questions."""

    def __init__(self, here: ClusterState) -> None:
        self._here = here
        self._owners = Spans(_owned(here))

    def why_not(self, address: str, native: str, seen: str, peer: ClusterId) -> str:
        """Why packets to a pod of ``peer``, at ``address`` at home, would not go to that peer; empty when they would.

        ``seen`` is the network that the cluster maps ``native`` to.
        """
        found = _moved(address, native, seen)
        if found is None or not is_in(str(found), (seen,)):
            return f"which {self._here.id} cannot map into {seen[:_LONGEST_CIDR]}"
        owner = next((owner for owner in self._owners.at(found) if owner != peer), None)
        if owner is None:
            return ""
        return f"which {self._here.id} maps to {found}, an address of " + (f"pods of {owner}" if owner else "its own")


def reach_of(here: ClusterState) -> Reach:
    """The one of this cluster: to make it takes as long as the cluster has peers, and every Service asks it."""
    return _reach(_Same(here))


class _Same:
    """A state as itself, to remember what was made of it: to compare all of it would take too long."""

    __slots__ = ("state",)

    def __init__(self, state: ClusterState) -> None:
        self.state = state

    def __hash__(self) -> int:
        return id(self.state)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and self.state is other.state


@functools.lru_cache(maxsize=_STATES)
def _reach(here: _Same) -> Reach:
    return Reach(here.state)


@functools.lru_cache(maxsize=_STATES)
def _ways(here: _Same, hub: ClusterId) -> Spans[Way]:
    state, way = here.state, Way(path=Path.LOCAL)
    found = [(cidr, way) for cidr in state.networks.pod]
    for peer in sorted(state.sides):
        remap = next((held.remap for held in state.side(peer).configurations if held.remap is not None), None)
        if remap is not None:
            way = Way(path=Path.HUB if peer == hub else Path.DIRECT, through=peer)
            found += [(cidr, way) for cidr in remap.pod]
            if peer == hub:
                found += [(cidr, Way(path=Path.VIA_HUB, through=hub)) for cidr in remap.external]
    return Spans(found)


def _owned(here: ClusterState) -> Iterator[tuple[str, ClusterId]]:
    """Each network with the peer that it leads to; empty for the cluster itself."""
    own = here.networks
    for cidr in (*own.pod, *own.service, *own.external, *own.internal):
        yield cidr, ClusterId("")
    for peer, side in here.sides.items():
        for held in side.configurations:
            for cidr in held.remap.pod if held.remap is not None else ():
                yield cidr, peer


def is_in(address: str, cidrs: Iterable[str]) -> bool:
    """Does an address lie in one of the networks? False for what is no address or no network."""
    one = address_in(address)
    if one is None:
        return False
    return any(found is not None and one in found for found in map(network_in, cidrs))


def _moved(address: str, native: str, seen: str) -> ipaddress.IPv4Address | None:
    """The address with the same place in another network."""
    one, there, here = address_in(address), network_in(native), network_in(seen)
    if not isinstance(one, ipaddress.IPv4Address) or there is None or here is None:
        return None
    try:
        return ipaddress.IPv4Address(int(here.network_address) + int(one) - int(there.network_address))
    except ipaddress.AddressValueError:
        return None
