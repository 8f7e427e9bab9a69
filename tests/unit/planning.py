# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plans as tests look at them."""

from __future__ import annotations

from ansible_collections.liqo.fabric.plugins.module_utils._fabric.model import FabricName, Shortcut
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.objects import ClusterState, Fact, FactName
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.operations import LinkPlan, Op
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.plan import plan_link

from tests.unit.build import RETAIL, cluster_id, shortcut


def plan(a: ClusterState, b: ClusterState, wish: Shortcut | None = None, *, fabric: FabricName = RETAIL) -> LinkPlan:
    """The plan for a wish with default settings, or for the given one; it must not be blocked."""
    found = plan_link(wish or shortcut(), a, b, fabric=fabric)
    assert found.blocked is None, str(found.blocked)
    return found


def only_op(found: LinkPlan) -> Op:
    (op,) = found.ops
    return op


def rows(found: LinkPlan) -> list[tuple[str, dict[str, object]]]:
    """Each operation with the values that it sets."""
    return [(op.id, {change.field: change.after for change in op.changes}) for op in found.ops]


def fact(name: FactName, cluster: str, peer: str, newer_than: str | None = None) -> Fact:
    return Fact(name=name, cluster=cluster_id(cluster), peer=cluster_id(peer), newer_than=newer_than)
