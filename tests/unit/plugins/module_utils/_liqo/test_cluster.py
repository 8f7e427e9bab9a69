# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A whole cluster from its lists: what belongs to whom, and what is never kept."""

from __future__ import annotations

import base64
import copy
import random
from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.errors import FabricError
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.objects import (
    ClusterState,
    LocalNetworks,
    Side,
)
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.plan import plan_link
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.removal import plan_removal
from ansible_collections.liqo.fabric.plugins.module_utils._liqo import resources
from ansible_collections.liqo.fabric.plugins.module_utils._liqo.by_peer import ByPeer
from ansible_collections.liqo.fabric.plugins.module_utils._liqo.cluster import (
    parse_cluster,
    parse_cluster_id,
    parse_side,
)
from hypothesis import given
from hypothesis import strategies as st

from tests.unit import bodies
from tests.unit.build import RETAIL, T1, TEMPLATES, cluster_id, key, networks, pair, shortcut
from tests.unit.planning import plan
from tests.unit.strategies import law

A, B = cluster_id("leaf-a"), cluster_id("leaf-b")


def state(found: list[bodies.Body], cluster: str = "leaf-a") -> ClusterState:
    return parse_cluster(bodies.raw(found), cluster_id(cluster))


def ends() -> tuple[list[bodies.Body], list[bodies.Body]]:
    return bodies.linked_cluster(), bodies.linked_cluster("leaf-b", "leaf-a", is_server=False)


def find(found: list[bodies.Body], kind: str, name: str | None = None) -> bodies.Body:
    return next(body for body in found if body["kind"] == kind and name in (None, body["metadata"]["name"]))


def test_a_link_that_liqoctl_made_is_read_as_in_sync() -> None:
    a, b = ends()
    assert plan(state(a), state(b, "leaf-b")).ops == ()


def test_a_cluster_is_read_whole() -> None:
    found = state(bodies.linked_cluster())
    assert (found.id, found.version, found.read_at, found.liqo_namespace) == ("leaf-a", (1, 2, 0), T1, "liqo")
    own = networks("leaf-a")
    assert found.networks == replace(own, service=("10.96.0.0/12",), internal=("10.80.0.0/16",))
    assert found.templates == TEMPLATES
    assert list(found.sides) == ["leaf-b"]
    side = found.side(B)
    assert [len(getattr(side, name)) for name in ("namespaces", "configurations", "servers", "public_keys")] == [1] * 4
    assert (side.secrets[0].public_key, side.connections[0].value) == (key("leaf-a to leaf-b"), "Connected")
    assert side.foreign_cluster is not None


def test_of_a_peer_that_nobody_knows_nothing_is_held() -> None:
    assert state([]).side(cluster_id("leaf-x")) == Side(cluster=A, peer=cluster_id("leaf-x"))


def test_one_side_alone_is_read_like_within_its_cluster() -> None:
    found = bodies.linked_cluster()
    assert parse_side(ByPeer(bodies.raw(found).objects), A, B) == state(found).side(B)


@pytest.mark.parametrize("kind", ["Configuration", "GatewayServer", "PublicKey", "Secret", "Connection"])
def test_an_object_that_lost_its_label_is_found_in_its_tenant_namespace(kind: str) -> None:
    found = bodies.linked_cluster()
    field = {"GatewayServer": "servers"}.get(kind, f"{kind.lower()}s" if kind != "PublicKey" else "public_keys")
    before = len(getattr(state(found).side(B), field))
    find(found, kind)["metadata"]["labels"] = {}
    assert len(getattr(state(found).side(B), field)) == before == 1


def test_a_tenant_namespace_of_any_name_is_found_by_its_labels() -> None:
    found = bodies.linked_cluster()
    for body in found:
        if body["metadata"].get("namespace") == "liqo-tenant-leaf-b":
            body["metadata"] |= {"namespace": "tunnels", "labels": {}}
        if body["kind"] == "Namespace":
            body["metadata"]["name"] = "tunnels"
    side = state(found).side(B)
    assert [held.meta.name for held in side.namespaces] == ["tunnels"]
    assert len(side.link_objects()) == 3


def test_a_tenant_namespace_that_lost_its_labels_is_known_by_its_name() -> None:
    found = bodies.linked_cluster()
    find(found, "Namespace")["metadata"]["labels"] = {}
    (held,) = state(found).side(B).namespaces
    assert not held.spec.labelled


@pytest.mark.parametrize(
    "kind", ["Namespace", "Configuration", "GatewayServer", "PublicKey", "Secret", "Connection", "ForeignCluster"]
)
def test_a_label_that_points_to_another_peer_is_not_followed(kind: str) -> None:
    found = bodies.linked_cluster()
    find(found, kind)["metadata"]["labels"]["liqo.io/remote-cluster-id"] = "leaf-c"
    assert state(found).sides.keys() == {B}
    held = [thing for thing in vars_of(state(found).side(B)) if thing.meta.lost is not None]
    assert [thing.meta.lost.labels for thing in held] == [("liqo.io/remote-cluster-id=leaf-b",)]


def vars_of(side: Side) -> list[Any]:
    """Everything of a side that labels lead to."""
    known = [*side.held(), *side.secrets, *side.connections]
    return [*known, *([side.foreign_cluster] if side.foreign_cluster is not None else [])]


@pytest.mark.parametrize("resource", resources.PEERING, ids=lambda resource: resource.kind)
def test_a_label_hides_no_peering(resource: Any) -> None:
    held = bodies.body(resource, "hub", "liqo-tenant-hub", peer="leaf-c", spec={"clusterID": "hub"})
    assert state([held]).sides.keys() == {cluster_id("hub")}


def test_a_label_decides_where_the_place_says_nothing() -> None:
    found = bodies.linked_cluster()
    find(found, "PublicKey")["metadata"]["namespace"] = "somewhere"
    assert len(state(found).side(B).public_keys) == 1


def test_what_lies_in_the_liqo_namespace_concerns_no_peer() -> None:
    route = bodies.body(resources.ROUTE_CONFIGURATION, "node-1-gw-node", "liqo")
    assert state([bodies.config_map(), *bodies.local_networks(), route]).sides == {}


@pytest.mark.parametrize("resource", resources.PEERING, ids=lambda resource: resource.kind)
@pytest.mark.parametrize("by_label", [True, False])
def test_a_peering_shows_by_its_own_kinds(resource: Any, by_label: bool) -> None:
    held = bodies.body(resource, "hub", "liqo-tenant-hub", peer="hub" if by_label else "", spec={"clusterID": "hub"})
    side = state([held]).side(cluster_id("hub"))
    assert side.carries_peering() == (f"{resource.kind} hub",)


def test_children_are_sorted_by_what_must_go_first() -> None:
    place = {"peer": "leaf-b"}
    made = [
        bodies.body(resources.WG_SERVER, "leaf-b", "liqo-tenant-leaf-b", **place),
        bodies.body(resources.INTERNAL_FABRIC, "leaf-b", "liqo-tenant-leaf-b", **place),
        bodies.body(resources.NETWORK, "leaf-b-pod", "liqo-tenant-leaf-b", **place),
        bodies.owned_by(
            "InternalFabric", bodies.body(resources.ROUTE_CONFIGURATION, "leaf-b-node-gw", "liqo-tenant-leaf-b")
        ),
        bodies.body(resources.FIREWALL_CONFIGURATION, "leaf-b-masquerade-bypass", "liqo-tenant-leaf-b"),
    ]
    side = state(made).side(B)
    assert [child.kind for child in side.gateway_children] == ["WgGatewayServer", "InternalFabric"]
    assert [(child.kind, child.of_gateway) for child in side.network_children] == [
        ("Network", False),
        ("RouteConfiguration", True),
        ("FirewallConfiguration", False),
    ]


def test_a_network_that_ipam_has_not_answered_is_left_out() -> None:
    waiting = bodies.network("pod-cidr", "10.1.0.0/16")
    del waiting["status"]
    assert state([waiting]).networks == LocalNetworks()


def test_networks_of_peers_are_not_taken_for_our_own() -> None:
    remote = bodies.body(
        resources.NETWORK,
        "leaf-b-pod",
        "liqo-tenant-leaf-b",
        peer="leaf-b",
        status={"cidr": "10.9.0.0/16"},
        metadata={"labels": {"liqo.io/remote-cluster-id": "leaf-b", "ipam.liqo.io/network-type": "pod-cidr"}},
    )
    assert state([remote]).networks == LocalNetworks()


def test_templates_are_unknown_unless_both_kinds_were_listed() -> None:
    assert state([bodies.template(resources.SERVER_TEMPLATE, "wireguard-server")]).templates is None


@pytest.mark.parametrize(
    ("image", "label", "version"),
    [
        ("ghcr.io/liqotech/liqo-controller-manager:v1.1.2", "v1.2.0", (1, 1, 2)),
        ("registry:5000/liqo@sha256:abc", "v1.2.0", (1, 2, 0)),
        ("liqo:main", "v1.0.1", (1, 0, 1)),
        (None, "v1.0.1", (1, 0, 1)),
        (None, "", None),
    ],
)
def test_the_version_is_that_of_the_running_image_else_of_the_chart(
    image: str | None, label: str, version: tuple[int, ...] | None
) -> None:
    found = [bodies.config_map(version=label)]
    if image:
        labels = {"app.kubernetes.io/name": "controller-manager"}
        spec = {"template": {"spec": {"containers": [{"image": image}]}}}
        found.append(bodies.body(resources.DEPLOYMENT, "manager", "liqo", metadata={"labels": labels}, spec=spec))
    assert state(found).version == version


def test_a_cluster_says_who_it_is() -> None:
    assert parse_cluster_id(bodies.raw([bodies.config_map("leaf-a")]), "https://h:6443") == "leaf-a"


@pytest.mark.parametrize(
    ("found", "sentence"),
    [
        (
            [],
            (
                "https://h:6443, namespace liqo: no Liqo found: there is no ConfigMap with label app.kubernetes.io/"
                "name=clusterid-configmap. Next: install Liqo there, set liqo_namespace if it is installed in another "
                "namespace, or write this label on the ConfigMap with CLUSTER_ID again if that lost it."
            ),
        ),
        (
            [bodies.config_map("leaf-b"), bodies.config_map("leaf-a")],
            (
                "https://h:6443, namespace liqo: several Liqo cluster ids: leaf-a, leaf-b: more than one cluster id "
                "ConfigMap is there. Next: remove the ConfigMap that an old installation left behind."
            ),
        ),
    ],
    ids=["none", "two"],
)
def test_no_liqo_or_two_of_them_is_said_in_a_sentence(found: list[bodies.Body], sentence: str) -> None:
    with pytest.raises(FabricError) as refused:
        parse_cluster_id(bodies.raw(found), "https://h:6443")
    assert str(refused.value) == sentence


@law
@given(st.randoms(use_true_random=False))
def test_the_order_of_the_lists_changes_no_plan(shuffle: random.Random) -> None:
    a, b = ends()
    a += [bodies.network("pod-cidr", "10.1.0.0/16", name="pod-cidr-2"), *bodies.linked_cluster("leaf-a", "leaf-c")[5:]]
    del b[7]
    mixed_a, mixed_b = (shuffle.sample(found, len(found)) for found in (a, b))
    expected = plan(state(a), state(b, "leaf-b"))
    assert expected.ops
    assert plan(state(mixed_a), state(mixed_b, "leaf-b")) == expected


@law
@given(st.binary(min_size=32, max_size=32), st.sampled_from(["privateKey", "preSharedKey", "kubeconfig"]))
def test_no_byte_of_a_private_key_is_in_any_state_plan_or_message(private: bytes, name: str) -> None:
    found: list[list[bodies.Body]] = []
    for listed in ends():
        held = find(listed, "Secret")
        del held["data"]["privateKey"]
        held["data"][name] = base64.b64encode(private).decode()
        held["metadata"]["annotations"] = {"kubectl.kubernetes.io/last-applied-configuration": str(held["data"])}
        gateway = "GatewayServer" if not found else "GatewayClient"
        find(listed, gateway)["spec"]["mtu"] = 1
        found.append(listed)
    a, b = state(found[0]), state(found[1], "leaf-b")
    shown = [a, b, plan(a, b), plan_removal(pair(), a, b, fabric=RETAIL)]
    blocked = replace(a, templates=frozenset())
    shown += [plan_link(shortcut(), blocked, b, fabric=RETAIL)]
    for text in (f(thing) for thing in shown for f in (str, repr)):
        for form in (base64.b64encode(private).decode(), private.hex(), repr(private)):
            assert form not in text


def test_parsing_changes_no_body() -> None:
    found = bodies.linked_cluster()
    kept = copy.deepcopy(found)
    state(found)
    assert found == kept
