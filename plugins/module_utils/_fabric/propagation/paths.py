# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which way packets to an address take, seen from one cluster: a question of the CIDRs that it knows."""

from __future__ import annotations

import functools
import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from ..model import ClusterId
from ..objects import ClusterState, Configuration

_REMEMBERED = 16384
"""Every pair of clusters asks for the same few texts, and to read one anew takes most of the time."""
_LONGEST_CIDR = 43


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


def way_of(address: str, here: ClusterState, hub: ClusterId) -> Way:
    """The way from ``here`` to an address, for a Service of ``hub``."""
    if is_in(address, here.networks.pod):
        return Way(path=Path.LOCAL)
    for peer in sorted(here.sides):
        remap = next((held.remap for held in here.side(peer).configurations if held.remap is not None), None)
        if remap is None:
            continue
        if is_in(address, remap.pod):
            return Way(path=Path.HUB if peer == hub else Path.DIRECT, through=peer)
        if peer == hub and is_in(address, remap.external):
            return Way(path=Path.VIA_HUB, through=hub)
    return Way(path=Path.UNMAPPED)


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
        self._unclear = _overlapping(_spans(here))

    def why_not(self, address: str, native: str, seen: str, peer: ClusterId) -> str:
        """Why packets to a pod of ``peer``, at ``address`` at home, would not go to that peer; empty when they would.

        ``seen`` is the network that the cluster maps ``native`` to.
        """
        found = _moved(address, native, seen)
        if found is None or not is_in(str(found), (seen,)):
            return f"which {self._here.id} cannot map into {seen[:_LONGEST_CIDR]}"
        if peer not in self._unclear:
            return ""
        owner = next(
            (owner for first, last, owner in _spans(self._here) if owner != peer and first <= int(found) <= last), None
        )
        if owner is None:
            return ""
        return f"which {self._here.id} maps to {found}, an address of " + (f"pods of {owner}" if owner else "its own")


_Span = tuple[int, int, ClusterId]
"""First and last address of a network, and the peer that it leads to; empty for the cluster itself."""


def _spans(here: ClusterState) -> list[_Span]:
    own = here.networks
    cidrs = [(cidr, ClusterId("")) for cidr in (*own.pod, *own.service, *own.external, *own.internal)]
    for peer, side in here.sides.items():
        cidrs += [(cidr, peer) for held in side.configurations if held.remap is not None for cidr in held.remap.pod]
    return [
        (int(found.network_address), int(found.broadcast_address), owner)
        for cidr, owner in cidrs
        for found in [_network(cidr)]
        if found is not None and found.version == 4
    ]


def _overlapping(spans: Iterable[_Span]) -> frozenset[ClusterId]:
    """The peers some of whose networks overlap with one of somebody else."""
    found: set[ClusterId] = set()
    end, owner = -1, ClusterId("")
    for first, last, whose in sorted(spans):
        if first <= end and whose != owner:
            found |= {whose, owner}
        if last > end:
            end, owner = last, whose
    return frozenset(found)


def is_in(address: str, cidrs: Iterable[str]) -> bool:
    """Does an address lie in one of the networks? False for what is no address or no network."""
    one = _address(address)
    if one is None:
        return False
    return any(found is not None and one in found for found in map(_network, cidrs))


def _moved(address: str, native: str, seen: str) -> ipaddress.IPv4Address | None:
    """The address with the same place in another network."""
    one, there, here = _address(address), _network(native), _network(seen)
    if not isinstance(one, ipaddress.IPv4Address) or there is None or here is None:
        return None
    try:
        return ipaddress.IPv4Address(int(here.network_address) + int(one) - int(there.network_address))
    except ipaddress.AddressValueError:
        return None


@functools.lru_cache(maxsize=_REMEMBERED)
def _network(cidr: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network | None:
    try:
        return ipaddress.ip_network(cidr, strict=False)
    except ValueError:
        return None


@functools.lru_cache(maxsize=_REMEMBERED)
def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None
