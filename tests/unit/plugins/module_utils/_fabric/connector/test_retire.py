# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""In which order the connector goes, and what keeps it: the controller must never see an object deleted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.connector.model import (
    ConnectorKind,
    ConnectorOp,
    Gone,
    GoneName,
    Remains,
)
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.connector.retire import (
    Retirement,
    plan_retirement,
    safe_to_lose,
)
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.errors import FabricError, FailureName
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.model import ClusterId
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.objects import ClusterState, Kind
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.operations import Verb

from tests.unit.build import adopted, cluster, edit, link, with_side, without
from tests.unit.connector import (
    FINALIZER,
    HUB,
    LEAVES,
    NAMES,
    binding,
    connection,
    fabric,
    hub_remains,
    leaf_remains,
    meta,
    role,
    wanted,
)

AB = ("leaf-a", "leaf-b")


def plan(*remains: Remains, **facts: Any) -> Retirement:
    return plan_retirement({one.cluster: one for one in remains}, wanted(**facts), NAMES)


def ids(ops: tuple[ConnectorOp, ...]) -> list[str]:
    return [op.id for op in ops]


def test_everything_goes_and_the_controller_first() -> None:
    found = plan(hub_remains(connection()), leaf_remains("leaf-a"), leaf_remains("leaf-b"))
    system = NAMES.controller_namespace
    assert ids(found.ops) == [
        f"update hub/Deployment/{system}/liqo-shortcutmanager",
        "update hub/ForeignClusterConnection/default/leaf-b-leaf-a",
        "delete hub/ForeignClusterConnection/default/leaf-b-leaf-a",
        "delete hub/CustomResourceDefinition/foreignclusterconnections.networking.liqo.io",
        "delete hub/ClusterRoleBinding/liqo-shortcutmanager-rolebinding",
        "delete hub/ClusterRole/liqo-shortcutmanager-role",
        f"delete hub/Namespace/{system}",
        "delete leaf-a/ClusterRoleBinding/liqo-gatewayclients-reader-binding",
        "delete leaf-a/ClusterRole/liqo-gatewayclients-reader",
        "delete leaf-b/ClusterRoleBinding/liqo-gatewayclients-reader-binding",
        "delete leaf-b/ClusterRole/liqo-gatewayclients-reader",
    ]
    assert found.notes == ()


def remove(op: ConnectorOp, remains: Remains) -> Remains:
    """What a write leaves, with a Kubernetes that is as slow as it may be: pods stay until they are taken."""

    def left(things: tuple[Any, ...]) -> tuple[Any, ...]:
        return tuple(one for one in things if one.meta.uid != op.uid)

    if op.kind is ConnectorKind.DEPLOYMENT:
        return replace(remains, controllers=tuple(replace(one, replicas=0) for one in remains.controllers))
    if op.kind is ConnectorKind.CONNECTION and op.verb is Verb.UPDATE:
        (one,) = (one for one in remains.connections if one.meta.uid == op.uid)
        free = replace(one, finalizers=frozenset(), meta=replace(one.meta, finalizers=()))
        rest = left(remains.connections)
        return replace(remains, connections=rest if one.meta.terminating else (*rest, free))
    if op.kind is ConnectorKind.CONNECTION:
        return replace(remains, connections=left(remains.connections))
    if op.kind is ConnectorKind.DEFINITION:
        return replace(remains, definition=None)
    if op.kind is ConnectorKind.NAMESPACE:
        return replace(remains, namespace=None, controllers=())
    return replace(remains, bindings=left(remains.bindings), roles=left(remains.roles))


def ready(found: Retirement, world: Mapping[ClusterId, Remains]) -> list[ConnectorOp]:
    names = {op.id for op in found.ops}
    return [
        op for op in found.ops if not op.needs & names and all(fact.holds(world[fact.cluster]) for fact in op.awaits)
    ]


def test_whatever_is_ready_first_and_wherever_a_run_stops_the_same_writes_are_done_in_a_safe_order() -> None:
    begin = {
        HUB: hub_remains(connection(), connection("leaf-a", "leaf-c", name="x")),
        **{leaf: leaf_remains(leaf) for leaf in LEAVES},
    }
    all_ids = set(ids(plan_retirement(begin, wanted(), NAMES).ops))
    for pick in (0, -1):
        world = dict(begin)
        done: list[ConnectorOp] = []
        while True:
            # Planned anew after every single write, as a run that is interrupted there would.
            found = plan_retirement(world, wanted(), NAMES)
            free = ready(found, world)
            if not free and not any(world[HUB].pods):
                break
            if not free:
                assert not any(op.kind is ConnectorKind.CONNECTION for op in done)
                world[HUB] = replace(world[HUB], pods=())
                continue
            op = free[pick]
            if op.kind is ConnectorKind.CONNECTION:
                assert not world[HUB].runs
            if op.kind is ConnectorKind.DEFINITION:
                assert world[HUB].connections == ()
            if op.cluster != HUB or op.kind is ConnectorKind.NAMESPACE:
                assert world[HUB].definition is None
            done.append(op)
            world[op.cluster] = remove(op, world[op.cluster])
        assert set(ids(tuple(done))) == all_ids
        assert len(done) == len(all_ids)
        assert plan_retirement(world, wanted(), NAMES).ops == ()
        assert all(goal.holds(world[goal.cluster]) for goal in found.goals)


def test_pods_that_are_not_gone_hold_every_object_although_the_controller_is_scaled_down() -> None:
    hub = hub_remains(connection())
    stopped = replace(hub, controllers=(replace(hub.controllers[0], replicas=0),))
    found = plan(stopped)
    assert ready(found, {HUB: stopped}) == []
    assert ready(found, {HUB: replace(stopped, pods=())}) == [found.ops[0]]
    assert found.ops[0].kind is ConnectorKind.CONNECTION


def test_an_object_that_is_being_deleted_only_loses_its_finalizer() -> None:
    going = connection(meta=meta("x", "default", terminating=True, finalizers=(FINALIZER, "example.com/other")))
    op = plan(hub_remains(going)).ops[1]
    assert (op.verb, [(c.field, c.after) for c in op.changes]) == (
        Verb.UPDATE,
        [("finalizers", ("example.com/other",))],
    )
    assert not [op for op in plan(hub_remains(going)).ops if op.kind is op.kind.CONNECTION and op.verb is Verb.DELETE]


def test_an_object_is_deleted_only_as_it_was_seen() -> None:
    delete = plan(hub_remains(connection())).ops[2]
    assert (delete.verb, delete.resource_version) == (Verb.DELETE, "7")


def test_nothing_is_left_to_do_on_a_hub_that_has_nothing() -> None:
    empty = Remains(cluster=HUB)
    assert plan(empty, Remains(cluster=LEAVES[0])).ops == ()


def test_the_right_on_a_leaf_stays_as_long_as_another_hub_has_it() -> None:
    found = plan(hub_remains(connection()), leaf_remains("leaf-a", "hub", "europe"))
    assert not [op for op in found.ops if op.cluster == "leaf-a"]
    assert found.notes[0].startswith("ClusterRole liqo-gatewayclients-reader stays on leaf-a, since it is also granted")
    both = plan(
        hub_remains(connection()), hub_remains(cluster="europe"), leaf_remains("leaf-a", "hub", "europe"),
        hubs=("europe", "hub"),
    )  # fmt: skip
    on_leaf = [op for op in both.ops if op.cluster == "leaf-a"]
    assert len(on_leaf) == 2
    assert {fact.cluster for fact in on_leaf[0].awaits} == {"hub", "europe"}


def test_of_the_hub_only_rights_of_the_controller_go() -> None:
    mine = binding("liqo-shortcutmanager-rolebinding", "liqo-shortcutmanager-role", account=True)
    metrics = binding("metrics-auth-rolebinding", "metrics-auth-role", account=True)
    shared = replace(binding("shared", "foreignclusterconnection-viewer-role"), users=frozenset({"alice"}))
    mixed = replace(binding("mixed", "view", account=True), users=frozenset({"alice"}))
    own = [role("liqo-shortcutmanager-role"), role("foreignclusterconnection-viewer-role")]
    others = [role("metrics-auth-role", own=False), role("view", own=False)]
    found = plan(hub_remains(bindings=(mine, metrics, shared, mixed), roles=(*own, *others)))
    rights = [op.name for op in found.ops if op.kind in (ConnectorKind.BINDING, ConnectorKind.ROLE)]
    assert rights == [mine.meta.name, metrics.meta.name, "liqo-shortcutmanager-role"]
    assert found.notes == ("ClusterRole metrics-auth-role of hub stays: other software uses that name, too",)


def safe(
    *states: ClusterState | FabricError, declared: tuple[tuple[str, str], ...] = (AB,), one: Any = None, **facts: Any
) -> tuple[tuple[FabricError, ...], tuple[str, ...]]:
    seen = dict(zip(LEAVES, states, strict=False))
    return safe_to_lose([one or connection()], wanted(**facts), fabric(*declared), seen)


def test_a_link_that_is_adopted_and_as_declared_is_safe() -> None:
    assert safe(*link()) == ((), ())


A, B = link()
DOWN = FabricError(what="cannot be read", where="leaf-b", why="down", next="start it")


@pytest.mark.parametrize(
    ("states", "declared", "why"),
    [
        (adopted(A, B), (AB,), "fabric retail does not own leaf-a, leaf-b, liqo-tenant-leaf-a, liqo-tenant-leaf-b"),
        ((A, *adopted(B)), (AB,), "fabric retail does not own leaf-a, liqo-tenant-leaf-a"),
        ((edit(A, Kind.SERVER, mtu=1300), B), (AB,), "it is not as declared: mtu is 1300, wanted 1340"),
        ((A, without(B, Kind.CONFIGURATION)), (AB,), "it is not as declared: leaf-b has no Configuration for leaf-a"),
        ((A, B), (), "there is a link, but shortcuts does not declare it"),
        ((cluster("leaf-a"), cluster("leaf-b")), (AB,), "it is not as declared: leaf-a has no Namespace for leaf-b"),
        ((A, DOWN), (AB,), "leaf-b: cannot be read (down)"),
        ((A,), (AB,), "leaf-b is not among the clusters of the task"),
    ],
    ids=["no mark", "half marked", "drift", "missing", "undeclared", "no link", "unread", "unknown"],
)
def test_what_could_be_lost_is_refused_with_a_reason(
    states: tuple[ClusterState | FabricError, ...], declared: tuple[tuple[str, str], ...], why: str
) -> None:
    (refusal,), notes = safe(*states, declared=declared)
    assert refusal.fault is FailureName.NOT_ADOPTED
    assert refusal.why.startswith(why)
    assert refusal.next.endswith("or name default/leaf-b-leaf-a under abandon to leave its link as it is")
    assert notes == ()
    refused, notes = safe(*states, declared=declared, abandon=frozenset({"default/leaf-b-leaf-a"}))
    assert refused == ()
    assert "abandoned" in notes[0]


def test_a_tunnel_that_is_down_is_refused() -> None:
    side = A.side(LEAVES[1])
    (refusal,), _ = safe(with_side(A, replace(side, connections=())), B)
    assert refusal.why == "not yet true: leaf-a is connected to leaf-b"


def test_in_check_mode_a_link_that_will_have_been_adopted_is_safe_unless_it_has_drifted() -> None:
    assert safe(*adopted(A, B), coming=True) == ((), ())
    (refusal,), _ = safe(edit(adopted(A)[0], Kind.SERVER, mtu=1300), *adopted(B), coming=True)
    assert refusal.why.startswith("it is not as declared")


def test_objects_without_any_link_may_go() -> None:
    refused, notes = safe(cluster("leaf-a"), cluster("leaf-b"), declared=())
    assert refused == ()
    assert "there is no link between leaf-a and leaf-b, and none is declared" in notes[0]
    refused, notes = safe(A, B, one=connection("leaf-a", "leaf-a", name="odd"))
    assert (refused, notes) == ((), ("ForeignClusterConnection default/odd of hub joins no two clusters",))


def test_what_is_left_is_named_for_a_person_who_waits() -> None:
    hub = hub_remains(connection())
    assert [meta.name for meta in Gone(name=GoneName.PODS, cluster=HUB).left(hub)] == ["liqo-shortcutmanager-1"]
    assert str(Gone(name=GoneName.CONNECTIONS, cluster=HUB)) == "the ForeignClusterConnections of hub are gone"
