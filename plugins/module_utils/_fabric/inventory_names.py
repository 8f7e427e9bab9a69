# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which names of an inventory a cluster may have.

Hosts and groups are made of its id and its labels, which its owner chooses. A leaf whose id already means something
else is left out and named; the others stay.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from .inventory_hosts import Host

RESERVED = frozenset({"all", "localhost", "ungrouped"})
"""What Ansible means by itself: all hosts, the controller, hosts without a group."""

_LONGEST = 255
_OURS = frozenset({"liqo_hubs", "liqo_leaves", "liqo_consumers", "liqo_providers"})
_OURS_PREFIX = "liqo_health_"


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """Names that the inventory holds for something else, before the hosts of this file are added."""

    groups: Collection[str] = ()
    hosts: Collection[str] = ()

    def why(self, name: str) -> str:
        """Why a cluster cannot have this name; empty if it can."""
        if name in RESERVED:
            return "Ansible means something else by this name"
        if name in self.groups:
            return "a group of the inventory has this name"
        if name in self.hosts:
            return "a host of the inventory has this name"
        return ""


def admitted(hosts: Sequence[Host], taken: Taken) -> tuple[tuple[Host, ...], tuple[str, ...]]:
    """The hosts that may be added, and a sentence for each leaf that is left out. Hubs come first and always stay."""
    kept: dict[str, Host] = {}
    refusals = []
    for host in hosts:
        if "liqo_hubs" in host.groups:
            kept[host.name] = host
            continue
        why = taken.why(host.name)
        namesake = kept.get(host.name)
        if namesake is not None:
            if namesake.variables["liqo_cluster_id"] == host.name:
                continue
            why = f"a hub that is cluster {namesake.variables['liqo_cluster_id']} has this name"
        if why:
            known_to = ", ".join(host.variables["liqo_peered_hubs"])
            refusals.append(f"leaf {host.name}, of which {known_to} tells, is left out: {why}")
        else:
            kept[host.name] = host
    return tuple(kept.values()), tuple(refusals)


def may_be_joined(group: str, taken: Taken) -> bool:
    """May text of a cluster put a host into the group?"""
    is_ours = group in _OURS or group.startswith(_OURS_PREFIX)
    return len(group) <= _LONGEST and not is_ours and not taken.why(group)
