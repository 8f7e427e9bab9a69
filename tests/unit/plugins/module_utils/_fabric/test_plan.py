# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Drift: for every field that we own, what is repaired, how, and why; for every other field, nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.model import (
    ServiceType,
)
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.objects import (
    Cidrs,
    ClusterState,
    Endpoint,
    FactName,
    Kind,
    Later,
    TemplateRef,
)
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.operations import Verb

from tests.unit.build import (
    ENDPOINT,
    HELD_KINDS,
    OURS,
    T1,
    child,
    cidrs_of,
    client,
    cluster,
    cluster_id,
    connection,
    edit,
    having,
    key,
    link,
    marked,
    namespace,
    owners,
    renumbered,
    secret,
    server,
    shortcut,
    side,
    without,
)
from tests.unit.planning import fact, only_op, plan, rows

A, B = cluster_id("leaf-a"), cluster_id("leaf-b")
MOVED = Endpoint(addresses=("192.0.2.99",), port=51840)


def test_a_healthy_shortcut_needs_nothing() -> None:
    found = plan(*link())
    assert (found.ops, found.notes, found.existed) == ((), (), True)


def test_with_nothing_there_everything_is_made_on_both_sides() -> None:
    found = plan(cluster("leaf-a"), cluster("leaf-b"))
    assert [op.id for op in found.ops] == [
        "create leaf-a/Namespace/liqo-tenant-leaf-b",
        "create leaf-b/Namespace/liqo-tenant-leaf-a",
        "create leaf-a/Configuration/liqo-tenant-leaf-b/leaf-b",
        "create leaf-b/Configuration/liqo-tenant-leaf-a/leaf-a",
        "create leaf-a/GatewayServer/liqo-tenant-leaf-b/leaf-b",
        "create leaf-b/GatewayClient/liqo-tenant-leaf-a/leaf-a",
        "create leaf-a/PublicKey/liqo-tenant-leaf-b/leaf-b",
        "create leaf-b/PublicKey/liqo-tenant-leaf-a/leaf-a",
    ]
    assert (found.server, found.existed) == ("leaf-a", False)
    assert all(op.after is not None and op.after.owners == OURS for op in found.ops)


def test_what_exists_only_later_is_awaited_and_not_guessed() -> None:
    found = plan(cluster("leaf-a"), cluster("leaf-b"))
    by_place = {(op.cluster, op.kind): op for op in found.ops}
    dialled = by_place[B, Kind.CLIENT]
    assert dialled.changes[1].after == Later(fact=fact(FactName.ENDPOINT, "leaf-a", "leaf-b"))
    assert str(dialled.changes[1].after) == "(known after leaf-a advertises an endpoint to leaf-b)"
    assert set(dialled.awaits) == {
        fact(FactName.CONFIGURED, "leaf-b", "leaf-a"),
        fact(FactName.ENDPOINT, "leaf-a", "leaf-b"),
    }
    assert by_place[A, Kind.SERVER].id in dialled.needs
    assert by_place[A, Kind.PUBLIC_KEY].awaits == (fact(FactName.KEY, "leaf-b", "leaf-a"),)
    assert dialled.id in by_place[A, Kind.PUBLIC_KEY].needs


def test_a_gateway_is_made_only_once_its_configuration_is_configured() -> None:
    a, b = link()
    made = next(op for op in plan(without(a, Kind.SERVER), b).ops if op.kind is Kind.SERVER)
    assert made.awaits == (fact(FactName.CONFIGURED, "leaf-a", "leaf-b"),)
    fresh = {op.kind: op for op in plan(cluster("leaf-a"), b).ops if op.cluster == A}
    assert fresh[Kind.SERVER].needs == {fresh[Kind.CONFIGURATION].id, fresh[Kind.NAMESPACE].id}


Damage = Callable[[ClusterState, ClusterState], tuple[ClusterState, ClusterState]]

DRIFT: dict[str, tuple[Damage, str, dict[str, object], str]] = {
    "MTU of the server": (
        lambda a, b: (edit(a, Kind.SERVER, mtu=1450), b),
        "update leaf-a/GatewayServer/liqo-tenant-leaf-b/leaf-b",
        {"mtu": 1340},
        "mtu is 1450, wanted 1340",
    ),
    "MTU of the client": (
        lambda a, b: (a, edit(b, Kind.CLIENT, mtu=1450)),
        "update leaf-b/GatewayClient/liqo-tenant-leaf-a/leaf-a",
        {"mtu": 1340},
        "mtu is 1450, wanted 1340",
    ),
    "template of the server": (
        lambda a, b: (edit(a, Kind.SERVER, template=TemplateRef(name="old", namespace="liqo")), b),
        "update leaf-a/GatewayServer/liqo-tenant-leaf-b/leaf-b",
        {"template": TemplateRef(name="wireguard-server", namespace="liqo")},
        "template is liqo/old, wanted liqo/wireguard-server",
    ),
    "template of the client": (
        lambda a, b: (a, edit(b, Kind.CLIENT, template=TemplateRef(name="wireguard-client", namespace="old"))),
        "update leaf-b/GatewayClient/liqo-tenant-leaf-a/leaf-a",
        {"template": TemplateRef(name="wireguard-client", namespace="liqo")},
        "template is old/wireguard-client, wanted liqo/wireguard-client",
    ),
    "endpoint of the server moved": (
        lambda a, b: (edit(a, Kind.SERVER, endpoint=MOVED), b),
        "update leaf-b/GatewayClient/liqo-tenant-leaf-a/leaf-a",
        {"endpoint": MOVED},
        "endpoint is 192.0.2.10:51840/UDP, wanted 192.0.2.99:51840/UDP",
    ),
    "client without endpoint": (
        lambda a, b: (a, edit(b, Kind.CLIENT, endpoint=None)),
        "update leaf-b/GatewayClient/liqo-tenant-leaf-a/leaf-a",
        {"endpoint": ENDPOINT},
        "endpoint is not set, wanted 192.0.2.10:51840/UDP",
    ),
    "the peer's gateway has another key": (
        lambda a, b: (a, having(b, secrets=(secret("leaf-b", "leaf-a", public_key=key("new")),))),
        "update leaf-a/PublicKey/liqo-tenant-leaf-b/leaf-b",
        {"key": key("new")},
        "key is not that of the peer's gateway",
    ),
    "key that is no key": (
        lambda a, b: (edit(a, Kind.PUBLIC_KEY, key=""), b),
        "update leaf-a/PublicKey/liqo-tenant-leaf-b/leaf-b",
        {"key": key("leaf-b to leaf-a")},
        "key is not that of the peer's gateway",
    ),
    "peer was renumbered": (
        lambda a, b: (a, renumbered(b)),
        "update leaf-a/Configuration/liqo-tenant-leaf-b/leaf-b",
        {"remote": cidrs_of(renumbered(cluster("leaf-b")))},
        "remote is pod 10.151.0.0/16; external 100.87.0.0/16, wanted pod 10.250.0.0/16; external 100.87.0.0/16",
    ),
}


@pytest.mark.parametrize(("damage", "op_id", "sets", "reason"), DRIFT.values(), ids=DRIFT.keys())
def test_one_drift_is_one_update_of_that_field(
    damage: Damage, op_id: str, sets: dict[str, object], reason: str
) -> None:
    found = plan(*damage(*link()))
    assert rows(found) == [(op_id, sets)]
    assert only_op(found).reason == reason
    assert only_op(found).uid != ""


@pytest.mark.parametrize("kind", HELD_KINDS)
@pytest.mark.parametrize("index", [0, 1])
def test_a_lost_label_is_put_back(kind: Kind, index: int) -> None:
    ends = list(link())
    if (kind, index) in ((Kind.CLIENT, 0), (Kind.SERVER, 1)):
        ends = list(link("leaf-b", "leaf-a")[::-1])
    ends[index] = edit(ends[index], kind, labelled=False)
    op = only_op(plan(ends[0], ends[1]))
    assert (op.cluster, op.kind, op.verb) == (ends[index].id, kind, Verb.UPDATE)
    assert op.reason == "lost a label by which Liqo or this collection finds it"
    assert not op.disturbs


@pytest.mark.parametrize("kind", [Kind.CONFIGURATION, Kind.SERVER, Kind.PUBLIC_KEY])
def test_a_missing_object_is_made_again(kind: Kind) -> None:
    a, b = link()
    op = next(op for op in plan(without(a, kind), b).ops if op.cluster == A)
    assert (op.verb, op.kind, op.reason) == (Verb.CREATE, kind, f"leaf-a has no {kind.value} for leaf-b")


def test_a_missing_side_is_made_again_with_the_role_that_the_other_side_implies() -> None:
    _, b = link("leaf-a", "leaf-b")
    a = cluster("leaf-a")
    found = plan(a, b, shortcut(server="leaf-b"))
    made = [op.kind for op in found.ops if op.cluster == A]
    assert made == [Kind.NAMESPACE, Kind.CONFIGURATION, Kind.SERVER, Kind.PUBLIC_KEY]
    assert found.existed


def test_a_new_gateway_of_the_peer_brings_a_new_key_later() -> None:
    a, b = link()
    found = plan(a, having(without(b, Kind.CLIENT), secrets=()))
    renewed = next(op for op in found.ops if op.kind is Kind.PUBLIC_KEY)
    assert (renewed.cluster, renewed.verb, renewed.reason) == (A, Verb.UPDATE, "the peer's gateway gets a new key")
    assert renewed.needs == {"create leaf-b/GatewayClient/liqo-tenant-leaf-a/leaf-a"}


def test_a_key_that_a_removed_gateway_left_behind_is_not_used() -> None:
    a, b = link()
    found = plan(a, without(b, Kind.CLIENT))
    renewed = next(op for op in found.ops if op.kind is Kind.PUBLIC_KEY)
    assert renewed.changes[0].after == Later(fact=fact(FactName.KEY, "leaf-b", "leaf-a"))


def test_from_1_2_on_new_cidrs_are_taken_in_place() -> None:
    a, b = link()
    assert only_op(plan(a, renumbered(b))).verb is Verb.UPDATE


@pytest.mark.parametrize("version", [(1, 0, 1), (1, 1, 2)])
def test_before_1_2_new_cidrs_need_a_new_configuration(version: tuple[int, ...]) -> None:
    a, b = link()
    old = edit(replace(a, version=version), Kind.CONFIGURATION, has_conditions=False)
    delete, create = plan(old, renumbered(b)).ops
    place = "leaf-a/Configuration/liqo-tenant-leaf-b/leaf-b"
    assert (delete.id, create.id) == (f"delete {place}", f"create {place}")
    assert create.needs == {delete.id}
    assert create.awaits == (fact(FactName.NETWORK_GONE, "leaf-a", "leaf-b"),)
    assert create.after is not None
    assert create.after.owners == OURS
    assert create.reason.endswith("; Liqo before 1.2.0 takes new CIDRs only with a new Configuration")


def test_a_replaced_configuration_keeps_its_owners_and_stays_unmarked_if_it_was() -> None:
    for names in ([], ["edge"], ["edge", "retail"]):
        a, b = link()
        old = marked(edit(replace(a, version=(1, 1, 2)), Kind.CONFIGURATION, has_conditions=False), *names)
        create = next(op for op in plan(old, renumbered(b)).ops if op.verb is Verb.CREATE)
        assert create.after is not None
        assert create.after.owners == (owners(*names) | OURS if names else owners())


def test_a_version_that_nobody_knows_is_judged_by_what_the_configuration_shows() -> None:
    a, b = link()
    unknown = replace(a, version=None)
    assert only_op(plan(unknown, renumbered(b))).verb is Verb.UPDATE
    old = edit(unknown, Kind.CONFIGURATION, has_conditions=False)
    assert [op.verb for op in plan(old, renumbered(b)).ops] == [Verb.DELETE, Verb.CREATE]


def test_a_configuration_waits_for_the_networks_that_an_interrupted_replacement_left() -> None:
    a, b = link()
    cut = having(without(a, Kind.CONFIGURATION), network_children=(child("Network"),))
    assert only_op(plan(cut, b)).awaits == (fact(FactName.NETWORK_GONE, "leaf-a", "leaf-b"),)
    clean = having(cut, network_children=())
    assert only_op(plan(clean, b)).awaits == ()


def test_a_nodeport_that_liqoctl_dropped_is_put_back_and_moves_nothing() -> None:
    """Kubernetes keeps the allocated port, so the client need not wait for anything."""
    wish = shortcut(service_type=ServiceType.NODE_PORT, node_port=30500)
    at = Endpoint(addresses=("198.51.100.1",), port=30500)
    a = cluster("leaf-a", side(gateway=server(service_type="NodePort", endpoint=at)))
    b = cluster("leaf-b", side("leaf-b", "leaf-a", gateway=client(endpoint=at)))
    found = plan(a, b, wish)
    assert rows(found) == [("update leaf-a/GatewayServer/liqo-tenant-leaf-b/leaf-b", {"node_port": 30500})]
    assert only_op(found).reason == "node_port is not set, wanted 30500"


@pytest.mark.parametrize(
    "settings",
    [
        {"port": 51999},
        {"service_type": ServiceType.NODE_PORT},
        {"service_type": ServiceType.CLUSTER_IP},
        {"load_balancer_ip": "192.0.2.77"},
    ],
    ids=str,
)
def test_a_change_that_moves_the_server_makes_the_client_follow_later(settings: dict[str, Any]) -> None:
    a, b = link()
    changed, followed = plan(a, b, shortcut(**settings)).ops
    assert {change.field for change in changed.changes} == set(settings)
    assert followed.changes[0].after == Later(fact=fact(FactName.ENDPOINT, "leaf-a", "leaf-b"))
    assert changed.id in followed.needs


UNTOUCHED: dict[str, Damage] = {
    "a NodePort that nobody asked for": lambda a, b: (edit(a, Kind.SERVER, node_port=30999), b),
    "a load balancer address that nobody asked for": lambda a, b: (
        edit(a, Kind.SERVER, load_balancer_ip="192.0.2.10"),
        b,
    ),
    "annotations of the Service": lambda a, b: (edit(a, Kind.SERVER, service_annotations={"a": "b"}), b),
    "labels of the Service": lambda a, b: (edit(a, Kind.SERVER, service_labels={"a": "b"}), b),
    "a remap that changed": lambda a, b: (edit(a, Kind.CONFIGURATION, remap=Cidrs(pod=("10.99.0.0/16",))), b),
    "a tunnel that is down": lambda a, b: (having(a, connections=(connection(value="Error"),)), b),
    "no Connection": lambda a, b: (having(a, connections=()), having(b, connections=())),
    "no ForeignCluster": lambda a, b: (having(a, foreign_cluster=None), b),
    "other finalizers and resourceVersion": lambda a, b: (
        edit(a, Kind.NAMESPACE, meta=replace(namespace().meta, finalizers=("x",), resource_version="99")),
        b,
    ),
}


@pytest.mark.parametrize("damage", UNTOUCHED.values(), ids=UNTOUCHED.keys())
def test_what_nobody_has_an_opinion_on_stays(damage: Damage) -> None:
    assert plan(*damage(*link())).ops == ()


def test_an_update_keeps_the_fields_without_opinion() -> None:
    a, b = link()
    a = edit(a, Kind.SERVER, mtu=1450, node_port=30999, service_labels={"a": "b"})
    op = only_op(plan(a, b))
    assert op.after == server(node_port=30999, service_labels={"a": "b"}).spec


def test_no_annotations_wanted_and_none_there_is_in_sync() -> None:
    assert plan(*link(), shortcut(service_annotations={}, service_labels={})).ops == ()


def test_annotations_are_owned_as_a_whole() -> None:
    a, b = link()
    a = edit(a, Kind.SERVER, service_annotations={"a": "b", "old": "x"})
    assert only_op(plan(a, b, shortcut(service_annotations={"a": "b"}))).changes[0].after == {"a": "b"}
    assert only_op(plan(a, b, shortcut(service_annotations={}))).changes[0].after == {}


def test_a_run_that_may_disturb_the_tunnel_waits_for_a_newer_sign_of_life() -> None:
    a, b = link()
    for damage, newer in (
        (a, None),
        (edit(a, Kind.SERVER, mtu=1450), T1),
        (edit(a, Kind.SERVER, labelled=False), None),
    ):
        assert plan(damage, b).goals == (
            fact(FactName.CONNECTED, "leaf-a", "leaf-b", newer),
            fact(FactName.CONNECTED, "leaf-b", "leaf-a", newer),
        )
