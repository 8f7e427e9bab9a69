# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Several fabrics that want one link, and links that nobody has marked."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.model import ClientEndpoint, FabricName, Shortcut
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.objects import Kind
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.operations import BOOKKEEPING, LinkPlan, Verb
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.plan import plan_link
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.removal import plan_removal

from tests.unit.build import EDGE, RETAIL, adopted, cluster_id, edit, link, owners, pair, shortcut, without
from tests.unit.planning import plan
from tests.unit.pretend_liqo import World, run

A, B = cluster_id("leaf-a"), cluster_id("leaf-b")


def wanted_by_both(world: World | None = None) -> World:
    """The healthy link of retail, after edge joined with the same settings."""
    world = world or World.of(*link())
    return run(plan(world.clusters[A], world.clusters[B], fabric=EDGE), world)


def planned(world: World, wish: Shortcut, fabric: FabricName, *, force: bool = False) -> LinkPlan:
    return plan_link(wish, world.clusters[A], world.clusters[B], fabric=fabric, force_conflicts=force)


def test_two_fabrics_with_the_same_settings_are_both_in_sync() -> None:
    world = wanted_by_both()
    assert [planned(world, shortcut(), fabric).ops for fabric in (RETAIL, EDGE)] == [(), ()]


@pytest.mark.parametrize("world", [World.of(*link()), wanted_by_both()], ids=["joining", "both owners"])
@pytest.mark.parametrize(
    ("settings", "quarrel"),
    [
        ({"mtu": 1400}, "mtu: retail 1340, edge 1400"),
        ({"port": 51999}, "port: retail 51840, edge 51999"),
        ({"client_endpoint": ClientEndpoint(address="203.0.113.7", port=4500)}, "edge 203.0.113.7:4500"),
    ],
)
def test_what_the_other_owner_would_change_back_is_a_named_conflict(
    world: World, settings: dict[str, Any], quarrel: str
) -> None:
    found = planned(world, shortcut(**settings), EDGE)
    assert found.ops == ()
    assert found.blocked is not None
    assert found.blocked.what == "edge and retail want leaf-a <-> leaf-b differently"
    assert quarrel in found.blocked.why
    assert "force_conflicts" in found.blocked.next


def test_forced_settings_stay_until_the_other_owner_forces_its_own() -> None:
    world = wanted_by_both()
    world = run(planned(world, shortcut(mtu=1400), EDGE, force=True), world)
    again = planned(world, shortcut(mtu=1400), EDGE)
    assert (again.ops, again.blocked) == ((), None)
    assert again.notes == ("retail wants another mtu",) * 2
    other = planned(world, shortcut(), RETAIL)
    assert other.blocked is not None
    assert "mtu: edge 1400, retail 1340" in other.blocked.why


def test_drift_that_no_owner_wants_is_repaired_by_either() -> None:
    world = wanted_by_both()
    drifted = World.of(edit(world.clusters[A], Kind.SERVER, mtu=1300), world.clusters[B])
    for fabric in (RETAIL, EDGE):
        (op,) = planned(drifted, shortcut(), fabric).ops
        assert [(change.field, change.after) for change in op.changes] == [("mtu", 1340)]


def test_the_last_owner_that_leaves_removes() -> None:
    world = wanted_by_both()
    leave = plan_removal(pair(), world.clusters[A], world.clusters[B], fabric=RETAIL)
    assert {op.verb for op in leave.ops} == {Verb.UPDATE}
    world = run(leave, world)
    assert world.side(A, B).owners() == owners("edge")
    assert planned(world, shortcut(), EDGE).ops == ()
    last = plan_removal(pair(), world.clusters[A], world.clusters[B], fabric=EDGE)
    assert {op.verb for op in last.ops} == {Verb.DELETE}


def test_one_owner_writes_no_settings_down() -> None:
    world = World.of(*link())
    assert all(held.spec.wishes is None for side in world.sides() for held in side.held())
    assert all("wishes" not in {c.field for c in op.changes} for op in planned(world, shortcut(mtu=1400), RETAIL).ops)


def test_adopting_marks_every_object_but_public_keys_and_disturbs_nothing() -> None:
    world = World.of(*adopted(*link()))
    found = plan_link(shortcut(), world.clusters[A], world.clusters[B], fabric=RETAIL, adopt=True)
    assert len(found.ops) == len([held for side in world.sides() for held in side.adoptable()])
    assert Kind.PUBLIC_KEY not in {op.kind for op in found.ops}
    assert all(op.verb is Verb.UPDATE and {change.field for change in op.changes} <= BOOKKEEPING for op in found.ops)
    after = run(found, world)
    assert planned(after, shortcut(), RETAIL).ops == ()
    assert after.side(A, B).owners() == owners("retail")


def test_adopting_leaves_what_differs_to_the_next_run_and_says_so() -> None:
    a, b = adopted(*link())
    world = World.of(edit(a, Kind.SERVER, mtu=1300), without(b, Kind.PUBLIC_KEY))
    found = plan_link(shortcut(), world.clusters[A], world.clusters[B], fabric=RETAIL, adopt=True)
    assert all({change.field for change in op.changes} <= BOOKKEEPING for op in found.ops)
    (note,) = found.notes
    assert "mtu is 1300, wanted 1340" in note
    assert "create leaf-b/PublicKey" in note
    after = run(found, world)
    assert {op.verb for op in planned(after, shortcut(), RETAIL).ops} == {Verb.UPDATE, Verb.CREATE}


def test_nothing_is_adopted_unasked() -> None:
    a, b = adopted(*link())
    assert plan_link(shortcut(), a, b, fabric=RETAIL).ops == ()
