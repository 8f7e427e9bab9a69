# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whole runs of propagation against the imitation of what Liqo and the policies do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ansible_collections.liqo.fabric.plugins.module_utils._fabric.errors import FabricError, FailureName
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.model import ClusterId
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.objects import Side
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.operations import in_order
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.propagation.model import (
    ClusterServices,
    Origin,
    Propagation,
    SliceEndpoint,
    World,
)
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.propagation.operations import SliceOp, holds
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.propagation.plan import plan_services
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.propagation.report import PropagationReport, rows_of
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.propagation.still_used import still_used

from tests.unit import build
from tests.unit.reflection import HUB, LEAVES, REMOTE, Reflection, Scene, settled, written

ROUNDS = 6


def ops_of(wish: Propagation, world: Reflection) -> tuple[SliceOp, ...]:
    plans = plan_services(wish, world.clusters)
    return tuple(op for plan in plans for op in plan.ops)


def run(wish: Propagation, world: Reflection) -> Reflection:
    """As many rounds as it takes, each operation after those that it needs and when what it awaits holds."""
    for _round in range(ROUNDS):
        left = {op.id: op for op in ops_of(wish, world)}
        if not left:
            break
        while left:
            ready = [op for op in left.values() if not op.needs & left.keys()]
            assert ready, "operations need each other"
            ready = [op for op in ready if is_awaited(op, world)]
            assert ready, f"nothing can go on: {sorted(left)}"
            world = written(world, ready[0])
            del left[ready[0].id]
            assert_all_reachable(world)
    return world


def is_awaited(op: SliceOp, world: Reflection) -> bool:
    """Does everything hold that the operation awaits?"""
    return all(
        holds(fact, world.clusters[fact.cluster].slices, world.clusters[fact.cluster].state) for fact in op.awaits
    )


def assert_all_reachable(world: Reflection) -> None:
    """Each pod of the Service has a ready endpoint on every leaf, whatever the run is doing just now."""
    pods = {endpoint.pod for one in world.clusters[HUB].slices for endpoint in one.endpoints}
    for leaf in LEAVES:
        slices = [one for one in world.clusters[leaf].slices if one.meta.namespace == REMOTE]
        ready = {endpoint.pod for one in slices for endpoint in one.endpoints if endpoint.ready}
        assert pods <= ready, f"{leaf} does not reach {sorted(pods - ready)}"


def begun(some: Scene) -> Reflection:
    return settled(Reflection(some.world()))


def after(wish: Propagation, some: Scene) -> dict[ClusterId, ClusterServices]:
    """The clusters when a run is over."""
    return run(wish, begun(some)).clusters


def with_side(
    world: Mapping[ClusterId, ClusterServices], here: ClusterId, peer: ClusterId, **facts: Any
) -> dict[ClusterId, ClusterServices]:
    """The clusters with other facts in what one holds about a peer; without facts it holds nothing."""
    held = world[here]
    side = replace(held.state.side(peer), **facts) if facts else Side(cluster=here, peer=peer)
    return {**world, here: replace(held, state=build.with_side(held.state, side))}


def listing(
    world: Mapping[ClusterId, ClusterServices], leaf: ClusterId, *endpoints: SliceEndpoint, **facts: Any
) -> dict[ClusterId, ClusterServices]:
    """The clusters when one lists further endpoints of its own in its slice, or has other ``facts`` in it."""
    here = world[leaf]
    native = next(one for one in here.slices if one.origin is Origin.NATIVE)
    told = replace(native, **{"endpoints": (*native.endpoints, *endpoints), **facts})
    return {**world, leaf: replace(here, slices=tuple(told if one is native else one for one in here.slices))}


def unread(cluster: ClusterId) -> FabricError:
    """Why a cluster was not read."""
    return FabricError(
        what="cannot be read", where=cluster, why="no answer", next="look", fault=FailureName.UNREACHABLE
    )


def planned(wish: Propagation, world: World) -> PropagationReport:
    """What check mode reports."""
    plans = plan_services(wish, world)
    ops = {plan.key: plan.ops for plan in plans}
    return PropagationReport(
        fabric=wish.fabric,
        state=wish.state,
        check_mode=True,
        rows=rows_of(plans, planned=ops, done={}, failures={}, waiting=frozenset(), check_mode=True),
        gates=tuple((plan.key, gate) for plan in plans if plan.key is not None for gate in plan.gates),
        planned=in_order(op for plan in plans for op in plan.ops),
        done=(),
        world=world,
        still_used=still_used(wish, world, planned=[op for plan in plans for op in plan.ops], settled=False),
    )


def hiding(here: ClusterServices, kind: str, peer: ClusterId) -> ClusterServices:
    """The cluster as seen with rights that show this kind in the tenant namespaces of all other peers."""
    spaces = {name: build.namespace(here.id, name) for name in here.state.sides}
    sides = {name: replace(side, namespaces=(spaces[name],)) for name, side in here.state.sides.items()}
    places = frozenset(space.meta.name for name, space in spaces.items() if name != peer)
    return replace(here, state=replace(here.state, sides=sides, read_in={kind: places}))
