# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An Ansible inventory of a lab: one host per cluster, as the collection's playbooks want it."""

from __future__ import annotations

from typing import Any

import yaml

from lab.layout import WITHOUT_ROOT, Cluster, Lab, clusters_in_words


def inventory(lab: Lab) -> dict[str, Any]:
    """Groups liqo_hubs and liqo_leaves.

    Each host knows its kubeconfig (absolute path), its labels and its Liqo version.
    """
    return {
        "all": {
            "children": {
                "liqo_hubs": {"hosts": {hub.name: _host(hub) for hub in lab.hubs}},
                "liqo_leaves": {"hosts": {leaf.name: _host(leaf) for leaf in lab.leaves}},
            }
        }
    }


def render(lab: Lab) -> str:
    """YAML text of the inventory."""
    head = f"# Inventory of the lab {lab.name}: {clusters_in_words(lab)}.\n"
    if lab.rootless:
        head += f"# {WITHOUT_ROOT}\n"
    return head + yaml.safe_dump(inventory(lab), sort_keys=False)


def _host(cluster: Cluster) -> dict[str, Any]:
    return {
        "liqo_kubeconfig": str(cluster.user_kubeconfig),
        "liqo_labels": {"region": cluster.region},
        "liqo_version": cluster.liqo,
    }
