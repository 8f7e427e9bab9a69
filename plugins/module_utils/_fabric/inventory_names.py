# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which names of an inventory a cluster may have.

Hosts and groups are made of its id and its labels, which its owner chooses. A leaf whose id already means something
else is left out and named; the others stay.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from .inventory_hosts import Host

RESERVED = frozenset({"all", "localhost", "ungrouped"})
"""What Ansible means by itself: all hosts, the controller, hosts without a group."""

_LONGEST = 255
_NAME_A_SERVER = ("kubeconfig", "context", "host")
_OURS = frozenset({"liqo_hubs", "liqo_leaves", "liqo_consumers", "liqo_providers"})
_OURS_PREFIX = "liqo_health_"


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """Names that the inventory holds for something else, before the hosts of this file are added."""

    groups: Collection[str] = ()
    hosts: Collection[str] = ()
    clusters: Mapping[str, str] = field(default_factory=dict)
    """The hosts that are declared to be clusters, each with the cluster id that is declared."""

    def why_not(self, leaf: str) -> str:
        """Why a leaf with this id cannot be a host, or the one of this name; empty if it can."""
        declared = self.clusters.get(leaf, leaf)
        if declared != leaf:
            return f"the host of this name is declared to be cluster {declared}"
        twin = next((name for name, cluster in self.clusters.items() if cluster == leaf and name != leaf), None)
        return self.why(leaf) if twin is None else f"host {twin} is declared to be this cluster"

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
        why = taken.why_not(host.name)
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


def beside_declared(host: Host, declared: Mapping[str, Any]) -> Host:
    """What is added to a host that other sources declare, with these variables.

    How it is reached is theirs to say: the identity that a leaf gave a hub is never used for it, and a file of the
    pattern only when nothing that is declared says how.
    """
    variables = dict(host.variables)
    if "liqo_labels" in declared:
        variables.pop("liqo_labels_told", None)
    is_reached = any(declared.get(f"liqo_{name}") not in (None, "") for name in _NAME_A_SERVER)
    # Without a value, an earlier file of the plugin has listed the host, and says nothing of how it is reached.
    is_ours = declared.get("liqo_reached_by", "") is None
    if is_reached or (variables["liqo_reached_by"] == "identity_dir" and not is_ours):
        variables.pop("liqo_kubeconfig", None)
        variables["liqo_reached_by"] = None
    return replace(host, variables=variables)


def may_be_joined(group: str, taken: Taken) -> bool:
    """May text of a cluster put a host into the group?"""
    is_ours = group in _OURS or group.startswith(_OURS_PREFIX)
    return len(group) <= _LONGEST and not is_ours and not taken.why(group)
