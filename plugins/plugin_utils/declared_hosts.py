# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an inventory declares of its hosts, as far as that can be known while its sources are read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible.errors import AnsibleError
from ansible.inventory.helpers import get_group_vars
from ansible.utils.vars import combine_vars
from ansible.vars.plugins import get_vars_from_inventory_sources

GROUPS = ("liqo_hubs", "liqo_leaves")


def declared_hosts(inventory: Any, loader: Any, path: str) -> dict[str, Mapping[str, Any]]:
    """The variables of each host that is in a group of clusters already, those of files beside the sources included.

    ``path`` is the source that is being read. Variables that cannot be read are left out: whoever needs them says why.
    """
    hosts = {
        host.name: host for group in GROUPS if group in inventory.groups for host in inventory.groups[group].get_hosts()
    }
    sources = [*getattr(inventory, "processed_sources", ()), path]
    # Hosts become members of the group of all only when every source has been read.
    everyone = [inventory.groups["all"]] if "all" in inventory.groups else []
    return {
        name: _variables(host, list(dict.fromkeys([*everyone, *host.get_groups()])), loader, sources)
        for name, host in hosts.items()
    }


def _variables(host: Any, groups: list[Any], loader: Any, sources: list[str]) -> Mapping[str, Any]:
    inline = combine_vars(get_group_vars(groups), host.get_vars())
    try:
        of_groups = get_vars_from_inventory_sources(loader, sources, groups, "all")
        of_host = get_vars_from_inventory_sources(loader, sources, [host], "all")
    except AnsibleError:
        return dict(inline)
    return dict(combine_vars(combine_vars(combine_vars(get_group_vars(groups), of_groups), host.get_vars()), of_host))
