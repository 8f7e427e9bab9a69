# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Removal: the order that Liqo can follow, and what is never named."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.model import FabricName
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.objects import ClusterState, FactName, Kind
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.operations import LinkPlan, Verb
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.removal import (
    outcome_of,
    owned_pairs,
    plan_removal,
)
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.report import Outcome

from tests.unit.build import (
    EDGE,
    HELD_KINDS,
    OURS,
    RETAIL,
    adopted,
    cluster,
    cluster_id,
    edit,
    foreign_cluster,
    having,
    link,
    marked,
    only_side,
    owners,
    pair,
    side,
    terminating,
    twice,
    with_side,
    without,
)
from tests.unit.planning import fact

A, B = cluster_id("leaf-a"), cluster_id("leaf-b")


def removal(a: ClusterState, b: ClusterState, *, fabric: FabricName = RETAIL, allow_peering: bool = False) -> LinkPlan:
    return plan_removal(pair(), a, b, fabric=fabric, allow_peering=allow_peering)


def ids(found: LinkPlan, cluster: str = A) -> list[str]:
    return [op.id for op in found.ops if op.cluster == cluster]


def test_a_link_of_ours_goes_with_all_that_it_brought() -> None:
    assert ids(removal(*link())) == [
        "delete leaf-a/GatewayServer/liqo-tenant-leaf-b/leaf-b",
        "delete leaf-a/PublicKey/liqo-tenant-leaf-b/leaf-b",
        "delete leaf-a/Configuration/liqo-tenant-leaf-b/leaf-b",
        "delete leaf-a/ForeignCluster/leaf-b",
        "delete leaf-a/Namespace/liqo-tenant-leaf-b",
    ]


def test_each_step_waits_for_what_liqo_must_do_before() -> None:
    steps = {op.kind: op for op in removal(*link()).ops if op.cluster == A}
    before: set[str] = set()
    for kinds, name in (
        ((Kind.SERVER, Kind.PUBLIC_KEY), None),
        ((Kind.CONFIGURATION,), FactName.GATEWAY_GONE),
        ((Kind.FOREIGN_CLUSTER,), FactName.IDLE),
        ((Kind.NAMESPACE,), FactName.NETWORK_GONE),
    ):
        for kind in kinds:
            assert steps[kind].needs == before
            assert steps[kind].awaits == ((fact(name, "leaf-a", "leaf-b"),) if name else ())
        before |= {steps[kind].id for kind in kinds}


def test_the_two_sides_do_not_wait_for_each_other() -> None:
    for op in removal(*link()).ops:
        assert {need.split()[1].split("/")[0] for need in op.needs} <= {op.cluster}
        assert {awaited.cluster for awaited in op.awaits} <= {op.cluster}


def test_it_ends_when_liqo_has_removed_its_own_children() -> None:
    assert {(goal.name, goal.cluster) for goal in removal(*link()).goals} == {
        (name, cluster)
        for name in (FactName.NETWORK_GONE, FactName.GATEWAY_GONE, FactName.NAMESPACE_GONE)
        for cluster in (A, B)
    }


def test_nothing_there_is_nothing_to_remove() -> None:
    found = removal(cluster("leaf-a"), cluster("leaf-b"))
    assert (found.ops, found.existed, found.blocked) == ((), False, None)


def test_one_side_alone_is_removed_too() -> None:
    a, _ = link()
    assert {op.cluster for op in removal(a, cluster("leaf-b")).ops} == {"leaf-a"}


def test_a_namespace_that_we_did_not_make_stays() -> None:
    a, b = link()
    found = removal(edit(a, Kind.NAMESPACE, owners=owners()), b)
    assert "delete leaf-a/Namespace/liqo-tenant-leaf-b" not in ids(found)
    assert fact(FactName.NAMESPACE_GONE, "leaf-a", "leaf-b") not in found.goals


def test_a_pair_made_by_hand_is_removed_because_the_user_names_it() -> None:
    a, b = adopted(*link())
    assert [op.kind for op in removal(a, b).ops if op.cluster == A] == [
        Kind.SERVER,
        Kind.PUBLIC_KEY,
        Kind.CONFIGURATION,
        Kind.FOREIGN_CLUSTER,
    ]


def test_a_link_of_others_that_was_only_repaired_loses_the_mark_and_stays_unless_it_is_named() -> None:
    a, b = adopted(*link())
    a = edit(a, Kind.PUBLIC_KEY, owners=owners(RETAIL))
    found = plan_removal(pair(), a, b, fabric=RETAIL, named=False)
    assert [(op.verb, op.kind) for op in found.ops] == [(Verb.UPDATE, Kind.PUBLIC_KEY)]
    assert "name the pair" in found.notes[0]
    assert Verb.UPDATE not in {op.verb for op in removal(a, b).ops}


def test_a_link_that_is_all_ours_goes_without_being_named() -> None:
    a, b = link()
    assert plan_removal(pair(), a, b, fabric=RETAIL, named=False) == removal(a, b)


def test_duplicates_all_go() -> None:
    a, b = link()
    assert len([op for op in removal(twice(a, Kind.PUBLIC_KEY), b).ops if op.kind is Kind.PUBLIC_KEY]) == 3


def test_a_pair_that_another_fabric_wants_loses_only_our_mark() -> None:
    a, b = (marked(state, "edge", "retail") for state in link())
    found = removal(a, b)
    assert found.notes == ("stays for edge",)
    assert found.goals == ()
    assert len(found.ops) == 8
    for op in found.ops:
        assert (op.verb, op.reason) == (Verb.UPDATE, "retail no longer wants it")
        assert [change.after for change in op.changes] == [owners("edge")]
        assert op.uid != ""


@pytest.mark.parametrize("kind", HELD_KINDS)
def test_one_object_of_another_fabric_keeps_its_side_of_the_link_and_not_the_other(kind: Kind) -> None:
    """Whoever controls a cluster can write any mark on its objects; that decides about nothing elsewhere."""
    a, b = link() if kind is not Kind.CLIENT else link("leaf-b", "leaf-a")[::-1]
    found = removal(edit(a, kind, owners=OURS | {EDGE}), b)
    assert {op.verb for op in found.ops if op.cluster == A} == {Verb.UPDATE}
    assert [op for op in found.ops if op.cluster == B] == [op for op in removal(a, b).ops if op.cluster == B]
    assert {goal.cluster for goal in found.goals} == {B}
    assert found.notes == ("stays on leaf-a for edge",)
    assert outcome_of(found, found.ops) is Outcome.PARTLY_REMOVED


def test_a_pair_that_only_a_false_mark_names_is_not_touched_on_the_other_side() -> None:
    a, b = link()
    theirs = marked(a, "edge")
    for honest in (theirs, *adopted(a)):
        found = plan_removal(pair(), honest, b, fabric=RETAIL, named=False)
        assert {op.cluster for op in found.ops} == {B}
        assert found.stays_on == {A}


def test_a_leaf_that_takes_the_marks_off_its_own_objects_keeps_its_own_side_alone() -> None:
    a, b = link()
    found = plan_removal(pair(), a, *adopted(b), fabric=RETAIL, named=False)
    assert [op for op in found.ops if op.cluster == A] == [op for op in removal(a, b).ops if op.cluster == A]
    assert [op for op in found.ops if op.cluster == B] == []
    assert found.notes[0].startswith("stays on leaf-b since part of it was not made by this collection")


def test_what_became_of_a_link_is_told_by_what_stays() -> None:
    a, b = link()
    shared = tuple(marked(state, "edge", "retail") for state in (a, b))
    whole, ours = removal(*shared), removal(a, b)
    assert (outcome_of(ours, ours.ops), outcome_of(whole, whole.ops)) == (Outcome.REMOVED, Outcome.LEFT)
    assert outcome_of(removal(*(marked(state, "edge") for state in (a, b))), ()) is Outcome.IN_SYNC
    one_sided = removal(a, cluster("leaf-b"))
    assert outcome_of(one_sided, one_sided.ops) is Outcome.REMOVED


def test_a_fabric_that_owns_nothing_of_a_pair_takes_nothing() -> None:
    found = removal(*link(), fabric=EDGE)
    assert (found.ops, found.notes) == ((), ("stays for retail",))


PEERED: dict[str, Callable[[ClusterState], ClusterState]] = {
    "Tenant": lambda state: having(state, peering=("Tenant leaf-b",)),
    "role": lambda state: having(state, foreign_cluster=foreign_cluster(role="Consumer")),
}


@pytest.mark.parametrize("peer", PEERED.values(), ids=PEERED.keys())
def test_a_peering_is_not_removed(peer: Callable[[ClusterState], ClusterState]) -> None:
    a, b = link()
    found = removal(peer(a), b)
    assert found.ops == ()
    assert found.blocked is not None
    assert found.blocked.what == "leaf-a and leaf-b are peered, their connection is not a shortcut"


@pytest.mark.parametrize("peer", PEERED.values(), ids=PEERED.keys())
def test_even_where_peerings_are_allowed_their_namespace_and_foreigncluster_stay(
    peer: Callable[[ClusterState], ClusterState],
) -> None:
    a, b = link()
    kinds = {op.kind for op in removal(peer(a), b, allow_peering=True).ops if op.cluster == A}
    assert kinds == {Kind.SERVER, Kind.PUBLIC_KEY, Kind.CONFIGURATION}


def test_nothing_is_sent_for_what_is_being_deleted_already_but_it_is_awaited() -> None:
    a, b = link()
    for kind in (Kind.SERVER, Kind.CONFIGURATION, Kind.NAMESPACE):
        a = terminating(a, kind, "some/finalizer")
    found = removal(a, b)
    assert ids(found) == [
        "delete leaf-a/PublicKey/liqo-tenant-leaf-b/leaf-b",
        "delete leaf-a/ForeignCluster/leaf-b",
    ]
    assert all(op.needs <= {other.id for other in found.ops} for op in found.ops)
    assert fact(FactName.NAMESPACE_GONE, "leaf-a", "leaf-b") in found.goals


def test_a_foreigncluster_that_is_being_deleted_is_not_deleted_again() -> None:
    a, b = link()
    held = foreign_cluster()
    going = having(a, foreign_cluster=replace(held, meta=replace(held.meta, terminating=True)))
    assert Kind.FOREIGN_CLUSTER not in {op.kind for op in removal(going, b).ops if op.cluster == A}


def test_what_an_interrupted_removal_left_is_finished() -> None:
    a, _ = link()
    left = without(a, Kind.CONFIGURATION, Kind.SERVER, Kind.PUBLIC_KEY)
    assert ids(removal(left, cluster("leaf-b"))) == [
        "delete leaf-a/ForeignCluster/leaf-b",
        "delete leaf-a/Namespace/liqo-tenant-leaf-b",
    ]


def test_owned_pairs_are_those_with_our_mark_on_either_side() -> None:
    a, b = link()
    theirs = marked(cluster("leaf-c", side("leaf-c", "leaf-d")), "edge")
    by_hand = marked(cluster("leaf-d", side("leaf-d", "leaf-b")))
    bystander = with_side(a, only_side(marked(cluster("leaf-a", side("leaf-a", "leaf-c")), "edge")))
    assert owned_pairs((theirs, by_hand, bystander), RETAIL) == (pair("leaf-a", "leaf-b"),)
    assert owned_pairs((b,), RETAIL) == (pair("leaf-a", "leaf-b"),)
    assert owned_pairs((theirs, bystander), EDGE) == (pair("leaf-a", "leaf-c"), pair("leaf-c", "leaf-d"))


def test_one_mark_is_enough_to_own_a_pair() -> None:
    a, _ = adopted(*link())
    assert owned_pairs((a,), RETAIL) == ()
    assert owned_pairs((edit(a, Kind.PUBLIC_KEY, owners=OURS),), RETAIL) == (pair(),)
