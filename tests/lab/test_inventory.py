# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The inventory that a lab gives to Ansible."""

from __future__ import annotations

from pathlib import Path

import yaml

from lab.inventory import render
from lab.layout import Wishes, plan_lab


def test_inventory_has_one_host_per_cluster_with_an_absolute_kubeconfig() -> None:
    lab = plan_lab(Wishes(leaves=2), slot=0, state=Path("/state"), cache=Path("/c"), binaries={})
    groups = yaml.safe_load(render(lab))["all"]["children"]
    assert groups["liqo_hubs"]["hosts"]["hub"]["liqo_kubeconfig"] == "/state/kubeconfigs/hub"
    assert list(groups["liqo_leaves"]["hosts"]) == ["leaf-a", "leaf-b"]
    assert groups["liqo_leaves"]["hosts"]["leaf-a"]["liqo_labels"] == {"region": "eu"}


def test_inventory_has_every_hub_among_the_hubs() -> None:
    lab = plan_lab(Wishes(leaves=1, hubs=2), slot=0, state=Path("/state"), cache=Path("/c"), binaries={})
    groups = yaml.safe_load(render(lab))["all"]["children"]
    assert list(groups["liqo_hubs"]["hosts"]) == ["hub", "hub2"]
    assert list(groups["liqo_leaves"]["hosts"]) == ["leaf-a"]
    assert "2 hubs and 1 leaf" in render(lab)
