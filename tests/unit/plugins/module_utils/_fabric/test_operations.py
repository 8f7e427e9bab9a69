# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Operations as data: what they say they change, and their order."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.objects import FactName, Kind, Later, NamespaceSpec
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.operations import (
    Change,
    Op,
    Verb,
    complete,
    diff,
    laters,
    ordered,
)

from tests.unit.build import client, cluster_id, owners, public_key, server
from tests.unit.planning import fact


def op(kind: Kind = Kind.CONFIGURATION, cluster: str = "leaf-a", **given: Any) -> Op:
    given = {"verb": Verb.CREATE, "name": "leaf-b", "reason": "missing", **given}
    return Op(cluster=cluster_id(cluster), peer=cluster_id("leaf-b"), kind=kind, **given)


def test_an_id_says_what_is_done_where() -> None:
    assert op(namespace="tenant").id == "create leaf-a/Configuration/tenant/leaf-b"
    assert op(Kind.FOREIGN_CLUSTER, verb=Verb.DELETE).id == "delete leaf-a/ForeignCluster/leaf-b"


def test_an_update_shows_the_fields_that_differ() -> None:
    held, wanted = server(mtu=1450, port=1).spec, server().spec
    assert diff(held, wanted) == (
        Change(field="mtu", before=1450, after=1340),
        Change(field="port", before=1, after=51840),
    )


def test_none_is_no_opinion() -> None:
    assert diff(server(node_port=30000, load_balancer_ip="192.0.2.1").spec, server().spec) == ()


@pytest.mark.parametrize(
    ("held", "wanted", "differs"),
    [(None, {}, False), ({"a": "b"}, {}, True), (None, {"a": "b"}, True), ({"a": "b"}, {"a": "b"}, False)],
)
def test_an_empty_map_is_like_none(held: dict[str, str] | None, wanted: dict[str, str], differs: bool) -> None:
    assert bool(diff(server(service_labels=held).spec, server(service_labels=wanted).spec)) is differs


def test_a_create_shows_all_that_it_sets_but_labels_and_owners() -> None:
    made = op(Kind.CLIENT, after=client().spec)
    assert [change.field for change in made.changes] == ["mtu", "endpoint", "template"]
    assert {change.before for change in made.changes} == {None}


def test_a_delete_changes_no_field() -> None:
    assert op(verb=Verb.DELETE).changes == ()


@pytest.mark.parametrize(
    ("kind", "before", "after", "disturbs"),
    [
        (Kind.SERVER, server(mtu=1).spec, server().spec, True),
        (Kind.SERVER, None, server().spec, True),
        (Kind.SERVER, server(labelled=False).spec, server().spec, False),
        (Kind.SERVER, server(owners=owners("edge")).spec, server().spec, False),
        (Kind.NAMESPACE, None, NamespaceSpec(), False),
    ],
)
def test_only_what_may_remake_the_tunnel_disturbs_it(kind: Kind, before: Any, after: Any, disturbs: bool) -> None:
    assert op(kind, before=before, after=after).disturbs is disturbs


def test_after_an_update_the_fields_without_opinion_are_as_before() -> None:
    assert complete(server(mtu=1400).spec, server(node_port=30000).spec) == server(mtu=1400, node_port=30000).spec


def test_no_nodeport_goes_over_to_a_clusterip_service() -> None:
    held = server(service_type="NodePort", node_port=30000).spec
    assert complete(server(service_type="ClusterIP").spec, held) == server(service_type="ClusterIP").spec
    assert complete(server().spec, held) == server(node_port=30000).spec


def test_values_to_come_are_found_in_any_field() -> None:
    later = Later(fact=fact(FactName.KEY, "leaf-b", "leaf-a"))
    assert laters(public_key(key=later).spec) == (later,)
    assert laters(server().spec) == ()
    assert laters(None) == ()


def test_the_order_follows_needs_then_kind_then_cluster() -> None:
    last = op(Kind.NAMESPACE, "leaf-a")
    first = op(Kind.PUBLIC_KEY, "leaf-b")
    second = op(Kind.CONFIGURATION, "leaf-b")
    third = op(Kind.SERVER, "leaf-a")
    last = replace(last, needs=frozenset({first.id}))
    expected = (second, third, first, last)
    assert ordered([last, first, third, second]) == expected
    assert ordered([third, second, first, last]) == expected


def test_operations_that_need_each_other_are_our_own_mistake() -> None:
    one, other = op(Kind.SERVER), op(Kind.CLIENT)
    with pytest.raises(ValueError, match="operations need each other: create leaf-a/GatewayClient/leaf-b, create"):
        ordered([replace(one, needs=frozenset({other.id})), replace(other, needs=frozenset({one.id}))])
