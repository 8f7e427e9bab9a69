# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which way packets to an address take, seen from one cluster: a question of the CIDRs that it knows."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from ..model import ClusterId
from ..objects import ClusterState, Configuration


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
    if _is_in(address, here.networks.pod):
        return Way(path=Path.LOCAL)
    for peer in sorted(here.sides):
        remap = next((held.remap for held in here.side(peer).configurations if held.remap is not None), None)
        if remap is None:
            continue
        if _is_in(address, remap.pod):
            return Way(path=Path.HUB if peer == hub else Path.DIRECT, through=peer)
        if peer == hub and _is_in(address, remap.external):
            return Way(path=Path.VIA_HUB, through=hub)
    return Way(path=Path.UNMAPPED)


def mapped(address: str, configuration: Configuration) -> str | None:
    """How a cluster with this Configuration reaches a pod that has ``address`` at home; None when it cannot."""
    if configuration.remap is None:
        return None
    for native, seen in zip(configuration.spec.remote.pod, configuration.remap.pod, strict=False):
        if _is_in(address, (native,)):
            there, here = ipaddress.ip_network(native), ipaddress.ip_network(seen)
            host = int(ipaddress.ip_address(address)) - int(there.network_address)
            return str(here.network_address + host)
    return None


def _is_in(address: str, cidrs: Iterable[str]) -> bool:
    try:
        one = ipaddress.ip_address(address)
        return any(one in ipaddress.ip_network(cidr, strict=False) for cidr in cidrs)
    except ValueError:
        return False
