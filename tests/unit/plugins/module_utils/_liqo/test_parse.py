# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bodies as real clusters of each version send them, also while Liqo is still at work or somebody broke them."""

from __future__ import annotations

import base64
from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.objects import Cidrs, Configuration, Endpoint
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.versions import parse_version
from ansible_collections.liqo.fabric.plugins.module_utils._liqo import parse
from hypothesis import given
from hypothesis import strategies as st

from tests.unit import bodies
from tests.unit.build import ENDPOINT, T1, cluster_id, key, networks
from tests.unit.strategies import law

PEER = cluster_id("leaf-b")


def configuration(body: dict[str, Any]) -> Configuration:
    return parse.parse_configuration(body, PEER)


@pytest.mark.parametrize("modern", [True, False])
def test_a_configured_configuration_has_its_remap_on_every_version(modern: bool) -> None:
    held = configuration(bodies.configuration(modern=modern))
    assert (held.remap, held.has_conditions) == (networks("leaf-b").cidrs(), modern)


@pytest.mark.parametrize(
    "status",
    [
        None,
        {},
        {"remote": None},
        {"remote": {"cidr": {"pod": ["10.1.0.0/16"]}}},
        {"remote": {"cidr": {"pod": ["10.1.0.0/16"], "external": []}}},
        {"remote": {"cidr": {"pod": ["10.1.0.0/16"], "external": None}}},
        {"remote": {"cidr": {"pod": [""], "external": ["10.70.0.0/16"]}}},
    ],
    ids=str,
)
@pytest.mark.parametrize("modern", [True, False])
def test_not_configured_while_a_cidr_has_no_remap(status: dict[str, Any] | None, modern: bool) -> None:
    body = bodies.configuration(modern=modern)
    conditions = body["status"].get("conditions")
    body["status"] = {**(status or {}), **({"conditions": conditions} if conditions else {})} if modern else status
    assert configuration(body).remap is None


@pytest.mark.parametrize(
    ("change", "configured"),
    [
        ({}, True),
        ({"status": "False"}, False),
        ({"observedGeneration": 0}, False),
        ({"type": "Other"}, False),
    ],
    ids=str,
)
def test_from_1_2_on_the_condition_decides_and_must_be_of_this_generation(
    change: dict[str, Any], configured: bool
) -> None:
    body = bodies.configuration()
    body["status"]["conditions"][0] |= change
    assert (configuration(body).remap is not None) is configured


def test_the_label_of_older_versions_decides_nothing() -> None:
    body = bodies.configuration()
    body["metadata"]["labels"]["configuration.liqo.io/configured"] = "true"
    body["status"]["conditions"] = []
    assert configuration(body).remap is None


@pytest.mark.parametrize(("modern", "configured"), [(True, False), (False, True)])
def test_before_1_2_only_the_first_cidr_gets_a_remap(modern: bool, configured: bool) -> None:
    body = bodies.configuration(modern=modern)
    body["spec"]["remote"] = {"cidr": {"pod": ["10.1.0.0/16", "10.2.0.0/16"], "external": ["10.70.0.0/16"]}}
    held = configuration(body)
    assert held.spec.remote == Cidrs(pod=("10.1.0.0/16", "10.2.0.0/16"), external=("10.70.0.0/16",))
    assert (held.remap is not None) is configured


def test_the_local_cidrs_that_liqo_fills_in_are_not_ours_to_compare() -> None:
    body = bodies.configuration()
    del body["spec"]["local"]
    assert configuration(body).spec == configuration(bodies.configuration()).spec


@pytest.mark.parametrize(
    ("endpoint", "expected"),
    [
        ({"addresses": ["192.0.2.10"], "port": 51840, "protocol": "UDP"}, ENDPOINT),
        ({"addresses": ["192.0.2.10"], "port": 51840}, ENDPOINT),
        ({"addresses": ["", "192.0.2.10"], "port": 51840}, ENDPOINT),
        (
            {"addresses": ["a", "b"], "port": 1, "protocol": "TCP"},
            Endpoint(addresses=("a", "b"), port=1, protocol="TCP"),
        ),
        ({"addresses": [""], "port": 51840}, None),
        ({"addresses": [], "port": 51840}, None),
        ({"addresses": None, "port": 51840}, None),
        ({"port": 51840, "protocol": "UDP"}, None),
        ({"addresses": ["192.0.2.10"]}, None),
        (None, None),
    ],
    ids=str,
)
def test_an_endpoint_needs_an_address_and_a_port(endpoint: dict[str, Any] | None, expected: Endpoint | None) -> None:
    server, client = bodies.gateway_server(), bodies.gateway_client()
    server["status"]["endpoint"] = client["spec"]["endpoint"] = endpoint
    assert parse.parse_gateway_server(server, PEER).endpoint == expected
    assert parse.parse_gateway_client(client, PEER).spec.endpoint == expected


def test_what_the_crd_fills_in_is_no_opinion_of_anybody() -> None:
    spec = parse.parse_gateway_server(bodies.gateway_server(), PEER).spec
    assert (spec.node_port, spec.load_balancer_ip, spec.service_annotations, spec.service_labels) == (None,) * 4
    bare = bodies.gateway_server()
    del bare["spec"]["endpoint"]["serviceType"]
    assert parse.parse_gateway_server(bare, PEER).spec.service_type == "ClusterIP"


def test_keys_are_compared_as_bytes() -> None:
    body = bodies.public_key()
    held = parse.parse_public_key(body, PEER).spec.key
    assert held == key("leaf-b to leaf-a")
    assert parse.parse_key_secret(bodies.secret("leaf-a", here="leaf-b"), PEER).public_key == held


@pytest.mark.parametrize(
    "text",
    ["", "not base64!", base64.b64encode(b"short").decode(), base64.b64encode(bytes(33)).decode(), None, 5],
)
def test_what_is_no_key_is_none(text: Any) -> None:
    body = bodies.public_key()
    body["spec"]["publicKey"] = text
    assert parse.parse_public_key(body, PEER).spec.key == ""
    held = bodies.secret()
    held["data"]["publicKey"] = text
    assert parse.parse_key_secret(held, PEER).public_key == ""


def test_a_secret_gives_its_public_half_alone() -> None:
    held = parse.parse_key_secret(bodies.secret(), PEER)
    assert held.public_key == key("leaf-a to leaf-b")
    assert bodies.private_key("leaf-a").hex() not in repr(held)


@pytest.mark.parametrize(
    ("text", "latency_ms"),
    [
        ("12ms", 12.0),
        ("850µs", 0.85),
        ("850μs", 0.85),
        ("850us", 0.85),
        ("1.5s", 1500.0),
        ("500ns", 0.0005),
        ("N/A", None),
        ("", None),
        ("ms", None),
    ],
)
def test_a_latency_of_go_in_milliseconds(text: str, latency_ms: float | None) -> None:
    found = parse.parse_latency(text)
    assert found == (pytest.approx(latency_ms) if latency_ms is not None else None)


def test_a_connection_as_the_gateway_writes_it() -> None:
    held = parse.parse_connection(bodies.connection(), PEER)
    assert (held.value, held.latency_ms, held.latency_at) == ("Connected", 1.5, T1)
    fresh = bodies.connection()
    fresh["status"] = {}
    assert parse.parse_connection(fresh, PEER).value == ""
    assert parse.parse_connection(fresh, PEER).latency_at is None


def test_a_foreigncluster_without_status_knows_no_role_and_no_module() -> None:
    body = bodies.foreign_cluster(role="Provider")
    held = parse.parse_foreign_cluster(body, PEER)
    assert (held.role, set(held.modules)) == ("Provider", {"networking"})
    del body["status"]
    held = parse.parse_foreign_cluster(body, PEER)
    assert (held.role, set(held.modules)) == ("Unknown", set())


def test_routes_of_a_gateway_are_told_from_those_of_a_network() -> None:
    of_gateway, of_network = (
        bodies.owned_by(kind, bodies.connection()) for kind in ("InternalFabric", "Configuration")
    )
    assert parse.parse_child(of_gateway, "RouteConfiguration").of_gateway
    assert not parse.parse_child(of_network, "RouteConfiguration").of_gateway


def test_metadata_says_whether_and_why_an_object_is_still_there() -> None:
    body = bodies.configuration()
    assert not parse.parse_meta(body).terminating
    body["metadata"] |= {"deletionTimestamp": T1, "finalizers": ["a/b"]}
    meta = parse.parse_meta(body)
    assert (meta.terminating, meta.finalizers) == (True, ("a/b",))


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("v1.2.0", (1, 2, 0)),
        ("1.1.2", (1, 1, 2)),
        ("v1.2.0-rc.1", (1, 2, 0)),
        ("1.2.0+build", (1, 2, 0)),
        ("1.2", (1, 2)),
        ("latest", None),
        ("557c199cf", None),
        ("", None),
        ("1", None),
        ("v1.x.0", None),
    ],
)
def test_versions(text: str, version: tuple[int, ...] | None) -> None:
    assert parse_version(text) == version


_KEYS = (
    *("metadata", "spec", "status", "labels", "annotations", "name", "finalizers", "ownerReferences", "conditions"),
    *("remote", "cidr", "pod", "external", "endpoint", "addresses", "port", "publicKey", "data"),
    *("latency", "value", "modules"),
)
_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(_KEYS), inner, max_size=4),
    max_leaves=12,
)


@law
@given(st.dictionaries(st.sampled_from(_KEYS), _json, max_size=5))
def test_no_body_whatever_breaks_a_parser(body: dict[str, Any]) -> None:
    for parse_kind in (
        parse.parse_namespace,
        parse.parse_configuration,
        parse.parse_gateway_server,
        parse.parse_gateway_client,
        parse.parse_public_key,
    ):
        assert parse_kind(body, PEER).meta is not None
    for parse_other in (parse.parse_key_secret, parse.parse_connection, parse.parse_foreign_cluster):
        assert replace(parse_other(body, PEER).meta, lost=None) == parse.parse_child(body, "Network").meta


@pytest.mark.parametrize("timestamp", ["yesterday", "2026-13-01T00:00:00Z", "2026-01-01\x1b00:00:00Z", 7, None])
def test_a_latency_without_a_moment_has_none(timestamp: object) -> None:
    body = bodies.connection(latency={"value": "1ms", "timestamp": timestamp})
    assert parse.parse_connection(body, PEER).latency_at is None


@pytest.mark.parametrize(
    "text", ["nanms", "infs", "-5ms", "1e9ms", "3601s", "9" * 400 + "ms", "\u0661ms", "1ms ", "ms"]
)
def test_an_absurd_latency_is_none(text: str) -> None:
    assert parse.parse_latency(text) is None


@pytest.mark.parametrize(
    "text", ["v1." + "9" * 5000, "v1.\u00b2", "v\u0661.2.0", "1", "1.2.3.4.5", "latest", "1.2.0\n", ""], ids=ascii
)
def test_what_is_no_version_is_none(text: str) -> None:
    assert parse_version(text) is None


@pytest.mark.parametrize("number", [0, -1, 65536, 2**31, 10**30, True, "51840", 51840.0])
def test_what_is_no_port_is_not_taken_for_one(number: object) -> None:
    body = bodies.gateway_server()
    body["spec"]["endpoint"] |= {"port": number, "nodePort": number}
    body["status"]["endpoint"]["port"] = number
    found = parse.parse_gateway_server(body, PEER)
    assert (found.spec.port, found.spec.node_port, found.endpoint) == (0, None, None)


@pytest.mark.parametrize("value", ["Connected\x1b[2J", "a b", "x" * 64, "{{ 1 }}"], ids=ascii)
def test_a_state_is_one_word(value: str) -> None:
    assert parse.parse_connection(bodies.connection(value=value), PEER).value == ""


@pytest.mark.parametrize(
    "number",
    [
        0,
        1,
        2**255,
        325606250916557431795983626356110631294008115727848805560023387167927233504,
        39382357235489614581723060781553021112529911719440698176882885853963445705823,
        2**255 - 20,
        2**255 - 19,
        2**255 - 18,
    ],
    ids=hex,
)
def test_a_key_that_shares_its_secret_with_everybody_is_none(number: int) -> None:
    odd = base64.b64encode(number.to_bytes(32, "little")).decode()
    held, of_gateway = bodies.public_key(), bodies.secret()
    held["spec"]["publicKey"] = of_gateway["data"]["publicKey"] = odd
    assert parse.parse_public_key(held, PEER).spec.key == ""
    assert parse.parse_key_secret(of_gateway, PEER).public_key == ""


def test_the_points_of_low_order_are_those_that_the_exchange_of_keys_refuses() -> None:
    x25519 = pytest.importorskip("cryptography.hazmat.primitives.asymmetric.x25519")
    secret = x25519.X25519PrivateKey.from_private_bytes(b"\x42" * 32)
    for number in parse._OF_LOW_ORDER:
        with pytest.raises(ValueError, match="shared key"):
            secret.exchange(x25519.X25519PublicKey.from_public_bytes(number.to_bytes(32, "little")))
