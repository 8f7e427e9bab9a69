# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Facts: when what a run waits for holds, and what it says while it does not."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.facts import (
    advertised,
    is_newer,
    last_seen,
    value_of,
)
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.objects import (
    Cidrs,
    Configuration,
    Connection,
    Endpoint,
    FactName,
    GatewayServer,
    Side,
)

from tests.unit.build import (
    ENDPOINT,
    T0,
    T1,
    T2,
    child,
    client,
    configuration,
    connection,
    foreign_cluster,
    key,
    namespace,
    networks,
    owners,
    secret,
    server,
    side,
)
from tests.unit.planning import fact


def value(name: FactName, newer_than: str | None = None, **changed: Any) -> object:
    """The value of a fact on a healthy side with something changed."""
    return value_of(fact(name, "leaf-a", "leaf-b", newer_than), replace(side(), **changed))


def going(held: Any) -> Any:
    return replace(held, meta=replace(held.meta, terminating=True))


def test_on_a_healthy_side_the_facts_of_a_link_hold() -> None:
    assert value(FactName.CONFIGURED) == networks("leaf-b").cidrs()
    assert value(FactName.ENDPOINT) == ENDPOINT
    assert value(FactName.KEY) == key("leaf-a to leaf-b")
    assert value(FactName.CONNECTED) is True


def test_on_an_empty_side_only_the_facts_of_a_removal_hold() -> None:
    nothing = Side(cluster=side().cluster, peer=side().peer)
    holding = {name for name in FactName if value_of(fact(name, "leaf-a", "leaf-b"), nothing) is not None}
    assert holding == {FactName.GATEWAY_GONE, FactName.NETWORK_GONE, FactName.IDLE, FactName.NAMESPACE_GONE}


@pytest.mark.parametrize(
    "configurations",
    [(), (replace(configuration(), remap=None),), (going(configuration()),), (configuration(), configuration())],
    ids=["none", "no remap yet", "being deleted", "two"],
)
def test_not_configured(configurations: tuple[Configuration, ...]) -> None:
    assert value(FactName.CONFIGURED, configurations=configurations) is None


def test_a_remap_is_given_as_it_is() -> None:
    remapped = Cidrs(pod=("10.71.0.0/16",), external=("10.70.0.0/16",))
    assert value(FactName.CONFIGURED, configurations=(replace(configuration(), remap=remapped),)) == remapped


@pytest.mark.parametrize(
    ("type_", "port", "node_port", "seen", "holds"),
    [
        ("LoadBalancer", 51840, None, 51840, True),
        ("LoadBalancer", 51841, None, 51840, False),
        ("LoadBalancer", 51840, None, 30500, False),
        ("ClusterIP", 51840, None, 51840, True),
        ("ClusterIP", 51840, None, 30500, False),
        ("NodePort", 51840, 30500, 30500, True),
        ("NodePort", 51840, 30500, 30501, False),
        ("NodePort", 51840, None, 30999, True),
        ("NodePort", 51840, None, 51840, False),
    ],
)
def test_an_endpoint_counts_once_its_port_fits_the_spec(
    type_: str, port: int, node_port: int | None, seen: int, holds: bool
) -> None:
    at = Endpoint(addresses=("192.0.2.1",), port=seen)
    held = server(service_type=type_, port=port, node_port=node_port, endpoint=at)
    assert advertised(held) == (at if holds else None)


@pytest.mark.parametrize(
    "servers",
    [(), (server(endpoint=None),), (going(server()),), (server(), server())],
    ids=["none", "no address yet", "being deleted", "two"],
)
def test_no_endpoint(servers: tuple[GatewayServer, ...]) -> None:
    assert value(FactName.ENDPOINT, servers=servers) is None


def test_the_key_is_that_of_the_gateway_s_own_secret() -> None:
    other = secret("leaf-a", "leaf-b", public_key=key("old"))
    old = replace(other, meta=replace(other.meta, name="gw-older"))
    assert value(FactName.KEY, secrets=(old, secret())) == key("leaf-a to leaf-b")
    assert value(FactName.KEY, servers=(), clients=(client("leaf-a", "leaf-b"),)) == key("leaf-a to leaf-b")


@pytest.mark.parametrize(
    "changed",
    [
        {"servers": ()},
        {"servers": (going(server()),)},
        {"servers": (server(),), "clients": (client("leaf-a", "leaf-b"),)},
        {"secrets": ()},
        {"secrets": (replace(secret(), meta=replace(secret().meta, name="gw-older")),)},
        {"secrets": (secret(public_key=""),)},
    ],
    ids=[
        "gateway gone",
        "gateway being deleted",
        "two gateways",
        "no Secret",
        "Secret of another",
        "Secret without key",
    ],
)
def test_no_key(changed: dict[str, Any]) -> None:
    assert value(FactName.KEY, **changed) is None


@pytest.mark.parametrize(
    ("connections", "newer_than", "holds"),
    [
        ((connection(),), None, True),
        ((connection(at=None),), None, True),
        ((connection(at=T1),), T0, True),
        ((connection(at=T1),), T1, False),
        ((connection(at=T1),), T2, False),
        ((connection(at=None),), T0, False),
        ((connection(value="Connecting"),), None, False),
        ((connection(value="Error", at=T2),), T0, False),
        ((connection(value=""),), None, False),
        ((), None, False),
        ((connection(), connection()), None, False),
    ],
)
def test_connected_and_where_asked_for_newly_so(
    connections: tuple[Connection, ...], newer_than: str | None, holds: bool
) -> None:
    assert value(FactName.CONNECTED, newer_than, connections=connections) is (True if holds else None)


@pytest.mark.parametrize(
    ("one", "other", "newer"),
    [
        ("2026-01-01T00:00:01Z", "2026-01-01T00:00:00Z", True),
        ("2026-01-01T00:00:00Z", "2026-01-01T00:00:00Z", False),
        ("2026-01-01T01:00:00+01:00", "2026-01-01T00:00:00Z", False),
        ("2026-01-01T00:00:00.5Z", "2026-01-01T00:00:00Z", True),
        (None, "2026-01-01T00:00:00Z", False),
        (None, None, True),
    ],
)
def test_timestamps_are_compared_as_moments(one: str | None, other: str | None, newer: bool) -> None:
    assert is_newer(one, other) is newer


@pytest.mark.parametrize(
    ("name", "left"),
    [
        (FactName.GATEWAY_GONE, {"servers": (server(),)}),
        (FactName.GATEWAY_GONE, {"clients": (client(),)}),
        (FactName.GATEWAY_GONE, {"connections": (connection(),)}),
        (FactName.GATEWAY_GONE, {"gateway_children": (child("Deployment"),)}),
        (FactName.NETWORK_GONE, {"configurations": (configuration(),)}),
        (FactName.NETWORK_GONE, {"network_children": (child("Network"),)}),
        (FactName.NETWORK_GONE, {"network_children": (replace(child("RouteConfiguration"), of_gateway=True),)}),
        (FactName.IDLE, {"foreign_cluster": foreign_cluster(modules=["networking"])}),
        (FactName.NAMESPACE_GONE, {"namespaces": (namespace(),)}),
        (FactName.NAMESPACE_GONE, {"namespaces": (going(namespace()),)}),
    ],
    ids=str,
)
def test_gone_means_that_nothing_of_it_is_left(name: FactName, left: dict[str, Any]) -> None:
    nothing = Side(cluster=side().cluster, peer=side().peer)
    assert value_of(fact(name, "leaf-a", "leaf-b"), nothing) is True
    assert value_of(fact(name, "leaf-a", "leaf-b"), replace(nothing, **left)) is None


def test_the_routes_of_a_gateway_that_stays_are_no_leftover_of_a_network() -> None:
    route = replace(child("RouteConfiguration"), of_gateway=True)
    assert value(FactName.NETWORK_GONE, configurations=(), network_children=(route,)) is True
    assert value(FactName.NETWORK_GONE, configurations=(), network_children=(child("RouteConfiguration"),)) is None


def test_a_namespace_that_is_not_ours_need_not_go() -> None:
    assert value(FactName.NAMESPACE_GONE, namespaces=(namespace(owners=owners()),)) is True


def test_a_foreigncluster_without_modules_is_idle() -> None:
    assert value(FactName.IDLE, foreign_cluster=foreign_cluster(modules=[])) is True


@pytest.mark.parametrize(
    ("name", "changed", "sentence"),
    [
        (FactName.CONFIGURED, {"configurations": ()}, "no Configuration"),
        (FactName.CONFIGURED, {}, "Configuration without a remap yet"),
        (FactName.ENDPOINT, {"servers": ()}, "no GatewayServer"),
        (
            FactName.ENDPOINT,
            {"servers": (server(endpoint=None),)},
            "GatewayServer leaf-b of type LoadBalancer has no address yet",
        ),
        (
            FactName.ENDPOINT,
            {"servers": (server(service_type="NodePort"),)},
            "GatewayServer leaf-b of type NodePort advertises 192.0.2.10:51840/UDP",
        ),
        (FactName.KEY, {"servers": ()}, "no gateway"),
        (FactName.KEY, {}, "gateway without key Secret yet"),
        (FactName.CONNECTED, {"connections": ()}, "no Connection"),
        (
            FactName.CONNECTED,
            {"connections": (connection(value="Error"),)},
            "Connection Error, last reply 2026-01-01T00:00:10Z",
        ),
        (
            FactName.GATEWAY_GONE,
            {"gateway_children": (child("InternalFabric", finalizers=("a/b", "c/d")),)},
            "still there: InternalFabric liqo-tenant-leaf-b/leaf-b (held by a/b, c/d)",
        ),
        (FactName.NETWORK_GONE, {"network_children": ()}, "gone"),
        (FactName.IDLE, {}, "ForeignCluster with networking enabled"),
        (FactName.IDLE, {"foreign_cluster": None}, "no ForeignCluster"),
        (FactName.NAMESPACE_GONE, {}, "still there: Namespace liqo-tenant-leaf-b"),
    ],
    ids=str,
)
def test_who_waits_is_told_what_is_there_instead(name: FactName, changed: dict[str, Any], sentence: str) -> None:
    assert last_seen(fact(name, "leaf-a", "leaf-b"), replace(side(), **changed)) == sentence


def test_a_named_secret_gives_its_key_whatever_the_gateway_uses() -> None:
    new = replace(secret(public_key=key("new")), meta=replace(secret().meta, name="gw-leaf-b-1"))
    both = replace(side(), secrets=(secret(), new))
    asked = replace(fact(FactName.KEY, "leaf-a", "leaf-b"), secret="gw-leaf-b-1")
    assert value_of(asked, both) == key("new")
    assert value_of(asked, side()) is None
    assert str(asked) == "leaf-a has the key gw-leaf-b-1 for leaf-b"


def test_a_gateway_is_renewed_once_its_pod_has_another_address() -> None:
    asked = replace(fact(FactName.RENEWED, "leaf-a", "leaf-b"), seen="10.0.0.1")
    seen = {
        address: value_of(asked, replace(side(), servers=(replace(server(), pod_ip=address),)))
        for address in ("", "10.0.0.1", "10.0.0.2")
    }
    assert seen == {"": None, "10.0.0.1": None, "10.0.0.2": True}
    assert value_of(asked, replace(side(), servers=())) is None
    assert last_seen(asked, replace(side(), servers=(replace(server(), pod_ip="10.0.0.1"),))) == "gateway pod 10.0.0.1"
