# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pairs that a plan does not touch, and the sentence that says why."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.errors import FabricError, FailureName
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.model import Shortcut, Template
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.objects import (
    ClusterState,
    Kind,
    LocalNetworks,
)
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.plan import plan_link

from tests.unit.build import (
    RETAIL,
    client,
    cluster,
    edit,
    foreign_cluster,
    having,
    link,
    server,
    shortcut,
    terminating,
    twice,
    without,
)
from tests.unit.planning import plan

Ends = tuple[ClusterState, ClusterState]


def refusal(a: ClusterState, b: ClusterState, wish: Shortcut | None = None) -> FabricError:
    found = plan_link(wish or shortcut(), a, b, fabric=RETAIL)
    assert found.blocked is not None
    assert (found.ops, found.goals, found.pair) == ((), (), shortcut().pair)
    return found.blocked


def _with_both_gateways(state: ClusterState) -> ClusterState:
    return having(state, servers=(server(),), clients=(client("leaf-a", "leaf-b"),))


BLOCKED: dict[str, tuple[Callable[[ClusterState, ClusterState], Ends], str]] = {
    "two tenant namespaces": (
        lambda a, b: (twice(a, Kind.NAMESPACE), b),
        (
            "cluster leaf-a: 2 tenant namespaces for leaf-b in leaf-a: liqo-tenant-leaf-b, liqo-tenant-leaf-b-2: "
            "Liqo uses one per peer and fails on more. Next: delete those that are not meant, then run again."
        ),
    ),
    "two Configurations": (
        lambda a, b: (a, twice(b, Kind.CONFIGURATION)),
        (
            "cluster leaf-b: 2 Configurations for leaf-a in leaf-b: liqo-tenant-leaf-a/leaf-a, "
            "liqo-tenant-leaf-a/leaf-a-2: Liqo uses one per peer and fails on more. Next: delete those that are "
            "not meant, then run again."
        ),
    ),
    "two GatewayServers": (
        lambda a, b: (twice(a, Kind.SERVER), b),
        (
            "cluster leaf-a: 2 gateways for leaf-b in leaf-a: GatewayServer liqo-tenant-leaf-b/leaf-b, "
            "liqo-tenant-leaf-b/leaf-b-2: Liqo uses one per peer and fails on more. Next: delete those that are "
            "not meant, then run again."
        ),
    ),
    "a server and a client on one side": (
        lambda a, b: (_with_both_gateways(a), b),
        (
            "cluster leaf-a: 2 gateways for leaf-b in leaf-a: GatewayServer liqo-tenant-leaf-b/leaf-b and "
            "GatewayClient liqo-tenant-leaf-b/leaf-b: Liqo uses one per peer and fails on more. Next: delete "
            "those that are not meant, then run again."
        ),
    ),
    "two PublicKeys": (
        lambda a, b: (twice(a, Kind.PUBLIC_KEY), b),
        (
            "cluster leaf-a: 2 PublicKeys for leaf-b in leaf-a: liqo-tenant-leaf-b/leaf-b, "
            "liqo-tenant-leaf-b/leaf-b-2: Liqo uses one per peer and fails on more. Next: delete those that are "
            "not meant, then run again."
        ),
    ),
    "two servers, one on each side": (
        lambda a, b: (a, having(b, clients=(), servers=(server("leaf-b", "leaf-a"),))),
        (
            "clusters leaf-a and leaf-b: leaf-a <-> leaf-b: both clusters have a gateway of the same role: Liqo "
            "needs one server and one client for a link, found leaf-a: GatewayServer liqo-tenant-leaf-b/leaf-b; "
            "leaf-b: GatewayServer liqo-tenant-leaf-a/leaf-a. Next: delete the gateway that is wrong, or run with"
            " state absent for this pair and then again."
        ),
    ),
    "two clients, one on each side": (
        lambda a, b: (having(a, servers=(), clients=(client("leaf-a", "leaf-b"),)), b),
        (
            "clusters leaf-a and leaf-b: leaf-a <-> leaf-b: both clusters have a gateway of the same role: Liqo "
            "needs one server and one client for a link, found leaf-a: GatewayClient liqo-tenant-leaf-b/leaf-b; "
            "leaf-b: GatewayClient liqo-tenant-leaf-a/leaf-a. Next: delete the gateway that is wrong, or run with"
            " state absent for this pair and then again."
        ),
    ),
    "a namespace that is being deleted": (
        lambda a, b: (terminating(a, Kind.NAMESPACE), b),
        (
            "cluster leaf-a: Namespace liqo-tenant-leaf-b is being deleted, nothing can be created in it: it waits for"
            " its content. Next: take away what holds the content of the namespace, or wait until it is gone; then run"
            " again."
        ),
    ),
    "a gateway that a finalizer holds": (
        lambda a, b: (terminating(a, Kind.SERVER, "networking.liqo.io/clusterrolebinding"), b),
        (
            "cluster leaf-a: GatewayServer liqo-tenant-leaf-b/leaf-b is being deleted: it waits for the "
            "finalizer networking.liqo.io/clusterrolebinding. Next: look why the controller of this finalizer does"
            " not remove it, and run again when the object is gone."
        ),
    ),
    "no pod CIDR": (
        lambda a, b: (a, replace(b, networks=LocalNetworks(external=("172.16.0.0/16",)))),
        (
            "cluster leaf-b, namespace liqo, Networks: leaf-b has no pod CIDR yet: Liqo's IPAM has not answered. "
            "Next: see that the pods ipam and controller-manager of Liqo in leaf-b run (kubectl -n liqo get pods), then"
            " run again."
        ),
    ),
    "no external CIDR": (
        lambda a, b: (a, replace(b, networks=LocalNetworks(pod=("10.0.0.0/16",)))),
        (
            "cluster leaf-b, namespace liqo, Networks: leaf-b has no external CIDR yet: Liqo's IPAM has not "
            "answered. Next: see that the pods ipam and controller-manager of Liqo in leaf-b run (kubectl -n liqo get"
            " pods), then run again."
        ),
    ),
    "a Liqo that is too old": (
        lambda a, b: (replace(a, version=(1, 0, 0)), b),
        (
            "cluster leaf-a: Liqo 1.0.0 on leaf-a is too old for shortcuts: it rewrites addresses of remapped "
            "peers wrongly. Next: upgrade it to 1.0.1 or newer."
        ),
    ),
    "a template that is not there": (
        lambda a, b: (replace(a, templates=frozenset()), b),
        (
            "cluster leaf-a: WgGatewayServerTemplate liqo/wireguard-server does not exist: templates there: none."
            " Next: correct server_template and its namespace."
        ),
    ),
    "a peering, by its Tenant": (
        lambda a, b: (a, having(b, peering=("Tenant leaf-a", "VirtualNode leaf-a"))),
        (
            "cluster leaf-b: Tenant leaf-a, VirtualNode leaf-a: leaf-b and leaf-a are peered, their connection is"
            " not a shortcut: the objects of a shortcut would be those that carry the peering. Next: take the "
            "pair out of shortcuts, or set allow_peering_pairs to true if you mean it."
        ),
    ),
    "a peering, by the role of the ForeignCluster": (
        lambda a, b: (having(a, foreign_cluster=foreign_cluster(role="Provider")), b),
        (
            "cluster leaf-a: ForeignCluster leaf-b of role Provider: leaf-a and leaf-b are peered, their "
            "connection is not a shortcut: the objects of a shortcut would be those that carry the peering. Next:"
            " take the pair out of shortcuts, or set allow_peering_pairs to true if you mean it."
        ),
    ),
}


@pytest.mark.parametrize(("damage", "sentence"), BLOCKED.values(), ids=BLOCKED.keys())
def test_blocked_with_a_sentence_and_without_a_write(
    damage: Callable[[ClusterState, ClusterState], Ends], sentence: str
) -> None:
    assert str(refusal(*damage(*link()))) == sentence


def test_a_peering_is_touched_only_if_the_user_says_so() -> None:
    a, b = link()
    peered = edit(having(a, peering=("Tenant leaf-b",)), Kind.SERVER, mtu=1450)
    assert refusal(peered, b)
    allowed = plan_link(shortcut(), peered, b, fabric=RETAIL, allow_peering=True)
    assert [op.kind for op in allowed.ops] == [Kind.SERVER]


@pytest.mark.parametrize("version", [(1, 0, 1), (1, 1, 2), (1, 2, 0), (1, 3), (2, 0, 0), None])
def test_versions_that_are_served(version: tuple[int, ...] | None) -> None:
    a, b = link()
    assert plan(replace(a, version=version), b).ops == ()


@pytest.mark.parametrize("wish", [{"service_annotations": {"a": "b"}}, {"service_labels": {}}], ids=str)
def test_metadata_of_the_service_needs_1_2_on_the_server(wish: dict[str, Any]) -> None:
    a, b = link()
    option = next(iter(wish))
    error = refusal(replace(a, version=(1, 1, 2)), b, shortcut(**wish))
    assert str(error) == (
        f"cluster leaf-a, server of leaf-a <-> leaf-b: {option} need Liqo 1.2.0, leaf-a runs 1.1.2: its API has no"
        " such field and would drop it. Next: leave them out for this pair, upgrade the cluster, or put them into"
        " its gateway template."
    )
    assert plan_link(shortcut(**wish), a, replace(b, version=(1, 1, 2)), fabric=RETAIL).blocked is None


def test_the_server_is_judged_wherever_it_runs() -> None:
    a, b = link("leaf-b", "leaf-a")[::-1]
    labelled = shortcut(service_labels={"a": "b"})
    assert refusal(a, replace(b, version=(1, 1, 2)), labelled).where == "cluster leaf-b, server of leaf-a <-> leaf-b"
    plan(replace(a, version=(1, 1, 2)), b, labelled)


def test_a_missing_template_names_those_that_are_there() -> None:
    a, b = link()
    error = refusal(a, b, shortcut(client_template=Template(name="fast", namespace="gateways")))
    assert (error.what, error.why) == (
        "WgGatewayClientTemplate gateways/fast does not exist",
        "templates there: liqo/wireguard-client",
    )


def test_templates_that_were_not_read_are_not_judged() -> None:
    a, b = link()
    plan(replace(a, templates=None), b)


def test_a_key_that_cannot_be_read_blocks_only_what_must_be_made() -> None:
    a, b = link()
    hidden = replace(having(b, secrets=()), unread=("Secret",))
    assert plan(a, hidden).ops == ()
    assert plan(a, hidden).notes == ("key of leaf-b not compared: no right to list its Secrets",)
    assert refusal(a, without(hidden, Kind.CLIENT)).what == "the key of leaf-b cannot be read"
    assert str(refusal(without(a, Kind.PUBLIC_KEY), hidden)) == (
        "cluster leaf-b, Secrets of the tenant namespace: the key of leaf-b cannot be read: our rights do not "
        "allow to list Secrets there. Next: grant get and list on secrets in the tenant namespace, as Liqo's "
        "peering-user role does."
    )


def test_what_the_rights_do_not_show_is_not_taken_for_missing() -> None:
    a, b = link()
    error = refusal(a, replace(without(b, Kind.PUBLIC_KEY), unread=("PublicKey",), address="192.0.2.1:6443"))
    assert error.fault is FailureName.MISSING_RIGHT
    assert str(error).startswith("cluster leaf-b at 192.0.2.1:6443/TCP: cannot list PublicKey: our rights do not show")


def test_trouble_on_one_side_keeps_the_other_untouched() -> None:
    _, b = link()
    assert refusal(cluster("leaf-a"), twice(b, Kind.PUBLIC_KEY))
