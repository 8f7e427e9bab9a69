# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a wish means where something is there already: who is the server, what is adopted, what is dialled."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.model import (
    ClientEndpoint,
    Template,
)
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.objects import (
    Endpoint,
    Kind,
    TemplateRef,
)

from tests.unit.build import (
    EDGE,
    HELD_KINDS,
    OURS,
    adopted,
    cluster,
    cluster_id,
    edit,
    link,
    namespace,
    owners,
    server,
    shortcut,
    without,
)
from tests.unit.planning import only_op, plan, rows

A, B = cluster_id("leaf-a"), cluster_id("leaf-b")
_NAT = ClientEndpoint(address="203.0.113.7", port=4500)


def test_a_client_behind_nat_dials_what_the_user_says() -> None:
    a, b = link()
    override = Endpoint(addresses=("203.0.113.7",), port=4500)
    assert rows(plan(a, b, shortcut(client_endpoint=_NAT))) == [
        ("update leaf-b/GatewayClient/liqo-tenant-leaf-a/leaf-a", {"endpoint": override})
    ]
    assert plan(a, edit(b, Kind.CLIENT, endpoint=override), shortcut(client_endpoint=_NAT)).ops == ()


@pytest.mark.parametrize(
    ("override", "dialled"),
    [
        (ClientEndpoint(address="203.0.113.7"), Endpoint(addresses=("203.0.113.7",), port=51840)),
        (ClientEndpoint(port=4500), Endpoint(addresses=("192.0.2.10",), port=4500)),
    ],
)
def test_half_an_override_is_completed_by_what_the_server_advertises(
    override: ClientEndpoint, dialled: Endpoint
) -> None:
    a, b = link()
    assert only_op(plan(a, b, shortcut(client_endpoint=override))).changes[0].after == dialled


def test_templates_lie_in_the_liqo_namespace_of_their_own_cluster_unless_told() -> None:
    a, b = link()
    elsewhere = replace(b, liqo_namespace="kube-liqo", templates=None)
    assert only_op(plan(a, elsewhere)).changes[0].after == TemplateRef(name="wireguard-client", namespace="kube-liqo")
    told = shortcut(client_template=Template(name="wireguard-client", namespace="liqo"))
    assert plan(a, elsewhere, told).ops == ()


def test_what_liqoctl_made_is_adopted_without_a_write() -> None:
    a, b = adopted(*link())
    assert plan(a, b).ops == ()


def test_names_and_places_of_what_is_there_are_kept() -> None:
    a, b = link()
    renamed = replace(server(mtu=1450).meta, name="by-hand", namespace="tunnels")
    op = only_op(plan(edit(a, Kind.SERVER, mtu=1450, meta=renamed), b))
    assert (op.name, op.namespace) == ("by-hand", "tunnels")


def test_new_objects_go_into_the_tenant_namespace_that_is_there() -> None:
    a, b = link()
    elsewhere = edit(without(a, Kind.PUBLIC_KEY), Kind.NAMESPACE, meta=replace(namespace().meta, name="tenant-of-b"))
    assert only_op(plan(elsewhere, b)).namespace == "tenant-of-b"


def test_what_is_missing_among_adopted_objects_is_made_with_our_mark() -> None:
    a, b = adopted(*link())
    op = only_op(plan(without(a, Kind.PUBLIC_KEY), b))
    assert op.after is not None
    assert op.after.owners == OURS


def test_a_second_fabric_joins_the_owners_of_every_object() -> None:
    found = plan(*link(), fabric=EDGE)
    assert {(op.cluster, op.kind) for op in found.ops} == {
        *((A, kind) for kind in HELD_KINDS if kind is not Kind.CLIENT),
        *((B, kind) for kind in HELD_KINDS if kind is not Kind.SERVER),
    }
    for op in found.ops:
        assert op.reason.startswith("another fabric joins or leaves its owners")
        assert not op.disturbs
        changes = {change.field: change.after for change in op.changes}
        assert changes.pop("owners") == owners("edge", "retail")
        assert set(changes) == ({"wishes"} if op.kind in (Kind.SERVER, Kind.CLIENT) else set())


@pytest.mark.parametrize(
    ("first", "wished", "server_id"),
    [("leaf-a", None, A), ("leaf-b", None, B), ("leaf-a", "leaf-a", A), ("leaf-a", "leaf-b", A)],
)
def test_a_role_that_exists_stays_whatever_is_wished(first: str, wished: str | None, server_id: str) -> None:
    ends = link(first, "leaf-b" if first == "leaf-a" else "leaf-a")
    found = plan(*ends, shortcut(server=wished))
    assert (found.server, found.ops) == (server_id, ())
    moved = "the server stays on leaf-a: remove the shortcut first to move it to leaf-b"
    assert found.notes == ((moved,) if wished == "leaf-b" else ())


@pytest.mark.parametrize(("wished", "server_id"), [(None, A), ("leaf-a", A), ("leaf-b", B)])
def test_without_a_gateway_the_wish_decides_and_then_the_smaller_id(wished: str | None, server_id: str) -> None:
    for ends in ((cluster("leaf-a"), cluster("leaf-b")), (cluster("leaf-b"), cluster("leaf-a"))):
        assert plan(*ends, shortcut(server=wished)).server == server_id


def test_a_client_alone_says_who_the_server_is() -> None:
    a, b = link("leaf-b", "leaf-a")[::-1]
    assert plan(a, without(b, Kind.SERVER)).server == "leaf-b"
