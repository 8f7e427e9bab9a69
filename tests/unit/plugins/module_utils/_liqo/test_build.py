# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each kind: what is read, what is written, and that all else stays as it was."""

from __future__ import annotations

import base64
import copy
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.model import FabricName, ServiceType
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.objects import (
    Cidrs,
    ConfigurationSpec,
    Endpoint,
    FactName,
    GatewayClientSpec,
    GatewayServerSpec,
    Kind,
    Later,
    NamespaceSpec,
    PublicKeySpec,
    SecretSpec,
    Spec,
    TemplateRef,
)
from ansible_collections.liqo.fabric.plugins.module_utils._liqo.build import build, build_key_secret
from ansible_collections.liqo.fabric.plugins.module_utils._liqo.parse import parse_held, parse_key_secret
from hypothesis import given
from hypothesis import strategies as st

from tests.unit import bodies
from tests.unit.build import cluster_id, key, owners
from tests.unit.planning import fact
from tests.unit.strategies import law

PEER = cluster_id("leaf-b")

_words = st.sampled_from(["a", "b", "liqo", "retail", "x-1"])
_owners = st.frozensets(_words.map(FabricName), max_size=3)
_cidrs = st.lists(st.sampled_from(["10.1.0.0/16", "10.2.0.0/16", "fd00::/64"]), min_size=1, unique=True).map(tuple)
_maps = st.none() | st.dictionaries(_words, _words, min_size=1)
_ports = st.integers(1, 65535)
_endpoints = st.builds(Endpoint, addresses=st.lists(_words, min_size=1).map(tuple), port=_ports)
_templates = st.builds(TemplateRef, name=_words, namespace=_words)


def _without_node_port_where_none_can_be(spec: GatewayServerSpec) -> GatewayServerSpec:
    return replace(spec, node_port=None) if spec.service_type is ServiceType.CLUSTER_IP else spec


_specs: dict[Kind, st.SearchStrategy[Spec]] = {
    Kind.NAMESPACE: st.builds(NamespaceSpec, owners=_owners),
    Kind.CONFIGURATION: st.builds(
        ConfigurationSpec, owners=_owners, remote=st.builds(Cidrs, pod=_cidrs, external=_cidrs)
    ),
    Kind.SERVER: st.builds(
        GatewayServerSpec,
        owners=_owners,
        mtu=st.integers(576, 9000),
        port=_ports,
        service_type=st.sampled_from(ServiceType),
        node_port=st.none() | _ports,
        load_balancer_ip=st.none() | st.just("192.0.2.1"),
        template=_templates,
        service_annotations=_maps,
        service_labels=_maps,
        secret=st.none() | _words,
    ).map(_without_node_port_where_none_can_be),
    Kind.CLIENT: st.builds(
        GatewayClientSpec, owners=_owners, mtu=st.integers(576, 9000), endpoint=_endpoints, template=_templates
    ),
    Kind.PUBLIC_KEY: st.builds(PublicKeySpec, owners=_owners, key=_words.map(key)),
}
_kinds_and_specs = st.one_of([st.tuples(st.just(kind), strategy) for kind, strategy in _specs.items()])

_HELD = {
    Kind.NAMESPACE: bodies.namespace,
    Kind.CONFIGURATION: bodies.configuration,
    Kind.SERVER: bodies.gateway_server,
    Kind.CLIENT: bodies.gateway_client,
    Kind.PUBLIC_KEY: bodies.public_key,
}

_OWNED = {
    Kind.NAMESPACE: [],
    Kind.CONFIGURATION: ["spec.remote.cidr.pod", "spec.remote.cidr.external"],
    Kind.SERVER: [
        "spec.mtu",
        "spec.endpoint.port",
        "spec.endpoint.serviceType",
        "spec.endpoint.nodePort",
        "spec.endpoint.loadBalancerIP",
        *(f"spec.serverTemplateRef.{name}" for name in ("apiVersion", "kind", "name", "namespace")),
        "spec.serviceAnnotations",
        "spec.serviceLabels",
    ],
    Kind.CLIENT: [
        "spec.mtu",
        *(f"spec.endpoint.{name}" for name in ("addresses", "port", "protocol")),
        *(f"spec.clientTemplateRef.{name}" for name in ("apiVersion", "kind", "name", "namespace")),
    ],
    Kind.PUBLIC_KEY: ["spec.publicKey"],
}
"""All that an update may touch beside labels and the annotation of the mark (see the contract with Liqo)."""
_MARKS = [
    "metadata.labels.liqo.io/remote-cluster-id",
    "metadata.labels.liqo.io/tenant-namespace",
    "metadata.labels.networking.liqo.io/gateway-resource",
    "metadata.labels.liqo-fabric.github.io/managed",
    "metadata.annotations.liqo-fabric.github.io/owners",
]


def made(spec: Spec, current: dict[str, Any] | None = None) -> dict[str, Any]:
    """The body of a new object, or of one that is there, under the name that it has."""
    at = (current or {"metadata": {"name": "leaf-b", "namespace": "liqo-tenant-leaf-b"}})["metadata"]
    return build(spec, name=at["name"], namespace=at.get("namespace", ""), peer=PEER, current=current)


def flat(body: Any, path: str = "") -> dict[str, Any]:
    """Every leaf of a body by its path; lists are leaves, and so are empty maps."""
    if not isinstance(body, dict) or not body:
        return {path: body}
    found: dict[str, Any] = {}
    for name, value in body.items():
        found |= flat(value, f"{path}.{name}" if path else name)
    return found


@law
@given(_kinds_and_specs)
def test_what_is_built_is_read_back_as_it_was(drawn: tuple[Kind, Spec]) -> None:
    kind, spec = drawn
    assert parse_held(kind, made(spec), PEER).spec == spec


@law
@given(_kinds_and_specs)
def test_an_update_sets_what_is_wanted(drawn: tuple[Kind, Spec]) -> None:
    kind, spec = drawn
    assert parse_held(kind, made(spec, _HELD[kind]()), PEER).spec == spec


@law
@given(_kinds_and_specs)
def test_an_update_touches_only_owned_fields(drawn: tuple[Kind, Spec]) -> None:
    kind, spec = drawn
    current = _with_foreign_fields(_HELD[kind]())
    before, after = flat(current), flat(made(spec, current))
    differing = {path for path in before.keys() | after.keys() if before.get(path) != after.get(path)}
    allowed = {*_OWNED[kind], *_MARKS}
    assert not [path for path in differing if not any(path == one or path.startswith(f"{one}.") for one in allowed)]


@law
@given(_kinds_and_specs)
def test_building_changes_none_of_its_input(drawn: tuple[Kind, Spec]) -> None:
    kind, spec = drawn
    current = _with_foreign_fields(_HELD[kind]())
    kept = copy.deepcopy(current)
    made(spec, current)["metadata"]["labels"]["later"] = "changed"
    assert current == kept


def _with_foreign_fields(body: dict[str, Any]) -> dict[str, Any]:
    """What other tools and later versions put there."""
    metadata = body["metadata"]
    metadata["labels"] |= {"configuration.liqo.io/configured": "true", "team": "net"}
    metadata |= {"annotations": {"note": "mine"}, "finalizers": ["a/b"], "managedFields": [{"manager": "x"}]}
    body.setdefault("spec", {})["future"] = {"field": 1}
    for name in ("endpoint", "serverTemplateRef", "clientTemplateRef", "remote"):
        if name in body["spec"]:
            body["spec"][name]["future"] = "kept"
    return body


@pytest.mark.parametrize("kind", _HELD, ids=str)
def test_what_liqoctl_made_is_labelled_and_belongs_to_no_fabric(kind: Kind) -> None:
    spec = parse_held(kind, _HELD[kind](), PEER).spec
    assert (spec.labelled, spec.owners) == (True, frozenset())


@pytest.mark.parametrize(
    ("kind", "label"),
    [
        *((kind, "liqo.io/remote-cluster-id") for kind in _HELD),
        (Kind.NAMESPACE, "liqo.io/tenant-namespace"),
        (Kind.PUBLIC_KEY, "networking.liqo.io/gateway-resource"),
    ],
)
@pytest.mark.parametrize("value", [None, "other"])
def test_a_label_that_liqo_needs_is_missed_and_put_back(kind: Kind, label: str, value: str | None) -> None:
    body = _HELD[kind]()
    del body["metadata"]["labels"][label]
    if value:
        body["metadata"]["labels"][label] = value
    spec = parse_held(kind, body, PEER).spec
    assert not spec.labelled
    assert parse_held(kind, made(spec, body), PEER).spec.labelled


@pytest.mark.parametrize("kind", _HELD, ids=str)
def test_half_a_mark_is_noticed_and_made_whole(kind: Kind) -> None:
    label, annotation = "liqo-fabric.github.io/managed", "liqo-fabric.github.io/owners"
    only_annotation, only_label = _HELD[kind](), _HELD[kind]()
    only_annotation["metadata"]["annotations"] = {annotation: "retail"}
    only_label["metadata"]["labels"][label] = "true"
    for body, names in ((only_annotation, ["retail"]), (only_label, [])):
        spec = parse_held(kind, body, PEER).spec
        assert (spec.labelled, spec.owners) == (False, owners(*names))
        repaired = made(spec, body)["metadata"]
        assert (label in repaired["labels"]) is bool(names)
        assert (annotation in repaired.get("annotations", {})) is bool(names)


def test_the_last_owner_takes_the_mark_along_and_leaves_the_rest() -> None:
    spec = NamespaceSpec(owners=owners("edge", "retail"))
    body = made(spec)
    assert body["metadata"]["annotations"] == {"liqo-fabric.github.io/owners": "edge,retail"}
    body["metadata"]["annotations"]["note"] = "mine"
    left = made(NamespaceSpec(), body)
    assert left["metadata"]["annotations"] == {"note": "mine"}
    assert "liqo-fabric.github.io/managed" not in left["metadata"]["labels"]


def test_a_new_namespace_may_run_privileged_gateways_and_an_old_one_keeps_its_rules() -> None:
    modes = {f"pod-security.kubernetes.io/{mode}" for mode in ("enforce", "audit", "warn")}
    assert modes <= made(NamespaceSpec())["metadata"]["labels"].keys()
    assert not modes & made(NamespaceSpec(), bodies.namespace())["metadata"]["labels"].keys()


def test_a_created_body_is_complete() -> None:
    spec = PublicKeySpec(key=key("x"), owners=owners("retail"))
    assert made(spec) == {
        "apiVersion": "networking.liqo.io/v1beta1",
        "kind": "PublicKey",
        "metadata": {
            "name": "leaf-b",
            "namespace": "liqo-tenant-leaf-b",
            "labels": {
                "liqo.io/remote-cluster-id": "leaf-b",
                "networking.liqo.io/gateway-resource": "true",
                "liqo-fabric.github.io/managed": "true",
            },
            "annotations": {"liqo-fabric.github.io/owners": "retail"},
        },
        "spec": {"publicKey": key("x")},
    }


def test_no_field_that_1_1_does_not_know_is_written_unasked() -> None:
    spec = parse_held(Kind.SERVER, bodies.gateway_server(), PEER).spec
    assert not {"serviceAnnotations", "serviceLabels"} & made(spec, bodies.gateway_server())["spec"].keys()
    assert {"nodePort", "loadBalancerIP"}.isdisjoint(made(spec)["spec"]["endpoint"])


def test_a_service_that_becomes_clusterip_loses_its_nodeport() -> None:
    body = bodies.gateway_server()
    body["spec"]["endpoint"] |= {"nodePort": 30500, "serviceType": "NodePort"}
    spec = parse_held(Kind.SERVER, body, PEER).spec
    assert isinstance(spec, GatewayServerSpec)
    inside = replace(spec, service_type=ServiceType.CLUSTER_IP, node_port=None)
    assert "nodePort" not in made(inside, body)["spec"]["endpoint"]
    assert made(replace(spec, node_port=None), body)["spec"]["endpoint"]["nodePort"] == 30500


def test_service_metadata_is_replaced_as_a_whole() -> None:
    body = bodies.gateway_server()
    body["spec"]["serviceLabels"] = {"old": "x", "a": "b"}
    spec = parse_held(Kind.SERVER, body, PEER).spec
    wanted = GatewayServerSpec(
        mtu=1340, port=1, service_type="ClusterIP", template=TemplateRef(name="t", namespace="n"), service_labels={}
    )
    assert isinstance(spec, GatewayServerSpec)
    assert spec.service_labels == {"old": "x", "a": "b"}
    assert made(wanted, body)["spec"]["serviceLabels"] == {}


@pytest.mark.parametrize(
    "spec",
    [
        PublicKeySpec(key=Later(fact=fact(FactName.KEY, "leaf-b", "leaf-a"))),
        GatewayClientSpec(
            mtu=1340,
            endpoint=Later(fact=fact(FactName.ENDPOINT, "leaf-b", "leaf-a")),
            template=TemplateRef(name="t", namespace="n"),
        ),
        GatewayClientSpec(mtu=1340, endpoint=None, template=TemplateRef(name="t", namespace="n")),
    ],
    ids=["key", "endpoint", "no endpoint"],
)
def test_a_value_that_is_not_known_cannot_be_written(spec: Spec) -> None:
    with pytest.raises(TypeError, match="is not known"):
        made(spec)


def test_a_key_secret_has_raw_halves_both_labels_of_liqo_and_our_mark() -> None:
    private, public = bodies.private_key("x"), bytes(range(32))
    made = build_key_secret(
        SecretSpec(owners=owners("retail")),
        name="gw-leaf-b-1",
        namespace="liqo-tenant-leaf-b",
        peer=PEER,
        private_key=private,
        public_key=public,
    )
    assert made["kind"] == "Secret"
    assert {name: base64.b64decode(half) for name, half in made["data"].items()} == {
        "privateKey": private,
        "publicKey": public,
    }
    assert made["metadata"]["labels"] == {
        "liqo.io/remote-cluster-id": "leaf-b",
        "networking.liqo.io/gateway-resource": "true",
        "liqo-fabric.github.io/managed": "true",
    }
    parsed = parse_key_secret(made, PEER)
    assert (parsed.meta.name, parsed.owners) == ("gw-leaf-b-1", owners("retail"))
    assert base64.b64decode(parsed.public_key) == public
    assert base64.b64encode(private).decode() not in repr(parsed)


@pytest.mark.parametrize("make", [bodies.gateway_server, bodies.gateway_client])
def test_a_gateway_without_a_wish_for_its_secret_keeps_what_it_names(make: Callable[[], bodies.Body]) -> None:
    held = make()
    kind = Kind(held["kind"])
    held["spec"]["secretRef"] = {"name": "mine"}
    spec = parse_held(kind, held, PEER).spec
    assert isinstance(spec, GatewayServerSpec | GatewayClientSpec)
    kept = build(replace(spec, secret=None), name="leaf-b", namespace="liqo-tenant-leaf-b", peer=PEER, current=held)
    assert kept["spec"]["secretRef"] == {"name": "mine"}
    named = build(replace(spec, secret="own"), name="leaf-b", namespace="liqo-tenant-leaf-b", peer=PEER, current=held)
    assert named["spec"]["secretRef"] == {"name": "own"}
