# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Services and slices: what is read, what is written, and that all else stays as it was."""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.model import ClusterId, FabricName
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.objects import ClusterState, Fact, FactName, Later
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.propagation.model import (
    ClusterServices,
    DirectSpec,
    NamespaceMapping,
    Origin,
    PolicySpec,
    ServiceKey,
    ShadowSpec,
    Slice,
    SliceEndpoint,
    SlicePort,
    TouchSpec,
    Use,
)
from ansible_collections.liqo.fabric.plugins.module_utils._liqo import resources
from ansible_collections.liqo.fabric.plugins.module_utils._liqo.policies import NOWHERE
from ansible_collections.liqo.fabric.plugins.module_utils._liqo.services import (
    Objects,
    build_slice_body,
    parse_mappings,
    parse_service,
    parse_services,
    parse_slice,
)
from hypothesis import given
from hypothesis import strategies as st

from tests.unit import build
from tests.unit.bodies import Body, body
from tests.unit.strategies import law

HUB, A, B = (ClusterId(name) for name in ("hub", "leaf-a", "leaf-b"))
WEB = ServiceKey(HUB, "demo", "web")
MANAGER = "endpointslice.kubernetes.io/managed-by"

_words = st.sampled_from(["", "web", "zone-1"])
_endpoints = st.builds(
    SliceEndpoint,
    addresses=st.sampled_from(["10.1.0.5", "10.1.0.6"]).map(lambda address: (address,)),
    pod=_words,
    ready=st.booleans(),
    hostname=_words,
    zone=_words,
)
_ports = st.builds(
    SlicePort,
    name=_words,
    port=st.none() | st.integers(1, 65535),
    protocol=st.sampled_from(["TCP", "UDP"]),
    app_protocol=_words,
)
_shadows = st.builds(
    ShadowSpec,
    owners=st.frozensets(st.sampled_from([FabricName("retail"), FabricName("edge")]), min_size=1),
    key=st.just(WEB),
    source=st.just(B),
    endpoints=st.lists(_endpoints, max_size=3).map(tuple),
    ports=st.lists(_ports, max_size=2).map(tuple),
    use=st.sampled_from(Use),
    remap=st.sampled_from([("10.71.0.0/16",), ("10.71.0.0/16", "10.72.0.0/16")]),
)
FOREIGN: Body = {
    "apiVersion": "offloading.liqo.io/v1beta1",
    "kind": "ShadowEndpointSlice",
    "metadata": {
        "name": "lf-web.leaf-b",
        "namespace": "demo-hub",
        "uid": "u",
        "resourceVersion": "7",
        "labels": {"team": "shop", "liqo-fabric.github.io/path": "additive"},
        "annotations": {"note": "kept", "liqo-fabric.github.io/remap": "10.9.0.0/16"},
        "finalizers": ["example.org/f"],
    },
}
SHADOW = ShadowSpec(
    owners=build.OURS,
    key=WEB,
    source=B,
    endpoints=(SliceEndpoint(addresses=("10.1.0.5",), pod="web-b"),),
    ports=(SlicePort(name="http", port=8080),),
    use=Use.EXCLUSIVE,
    remap=("10.71.0.0/16",),
)


def written(spec: Any, current: Body | None = None, name: str = "lf-web.leaf-b") -> Body:
    return build_slice_body(spec, name=name, namespace="demo-hub", current=current)


def spec_of(held: Slice) -> ShadowSpec:
    assert held.source is not None
    return ShadowSpec(
        owners=held.owners,
        key=held.key,
        source=held.source,
        endpoints=held.endpoints,
        ports=held.ports,
        use=held.use,
        remap=held.remap,
    )


@law
@given(_shadows, st.sampled_from([None, FOREIGN]))
def test_what_is_written_is_read_again(spec: ShadowSpec, current: Body | None) -> None:
    held = parse_slice(written(spec, current))
    assert spec_of(held) == spec
    assert (held.origin, held.service, held.meta.name) == (Origin.OURS, "web", "lf-web.leaf-b")


@law
@given(_shadows, _shadows)
def test_writing_twice_is_like_writing_once(one: ShadowSpec, other: ShadowSpec) -> None:
    assert written(other, written(one)) == written(other)


def test_foreign_fields_of_a_slice_are_kept_and_the_body_read_is_not_touched() -> None:
    before = copy.deepcopy(FOREIGN)
    body = written(SHADOW, FOREIGN)
    assert before == FOREIGN
    metadata = body["metadata"]
    assert (metadata["uid"], metadata["resourceVersion"], metadata["finalizers"]) == ("u", "7", ["example.org/f"])
    assert metadata["labels"]["team"] == "shop"
    assert metadata["annotations"]["note"] == "kept"


def test_a_slice_of_ours_has_the_labels_by_which_liqo_and_kubernetes_find_it() -> None:
    assert written(SHADOW)["metadata"]["labels"] == {
        "offloading.liqo.io/origin": "leaf-b",
        "kubernetes.io/service-name": "web",
        MANAGER: "liqo-fabric",
        "liqo-fabric.github.io/path": "exclusive",
        "liqo-fabric.github.io/managed": "true",
    }


def test_what_is_not_known_yet_or_has_another_kind_is_never_written() -> None:
    later = Later(fact=Fact(name=FactName.CONFIGURED, cluster=A, peer=B))
    for spec in (
        ShadowSpec(key=WEB, source=B, endpoints=(), ports=(), use=Use.ADDITIVE, remap=later),
        ShadowSpec(key=None, source=B, endpoints=(), ports=(), use=Use.ADDITIVE, remap=()),
        PolicySpec(),
    ):
        with pytest.raises(TypeError):
            written(spec)


def a_slice(manager: str, **labels: str) -> Body:
    return body(
        resources.ENDPOINT_SLICE,
        "web-1",
        "demo-hub",
        metadata={"labels": {"kubernetes.io/service-name": "web", MANAGER: manager, **labels}},
        addressType="IPv4",
        endpoints=[
            {
                "addresses": ["10.1.0.5"],
                "conditions": {"ready": False, "serving": True},
                "targetRef": {"name": "web-b"},
            },
            {"addresses": ["10.1.0.6"], "nodeName": "n1"},
        ],
        ports=[{"port": 8080}],
    )


@pytest.mark.parametrize(
    ("manager", "origin", "source"),
    [
        ("endpointslice-controller.k8s.io", Origin.NATIVE, None),
        ("endpointslice.reflection.liqo.io", Origin.REFLECTED, HUB),
        ("liqo-fabric", Origin.OURS, HUB),
        ("endpointslicemirroring-controller.k8s.io", Origin.OTHER, None),
    ],
)
def test_who_made_a_slice_is_told_by_its_manager_since_native_ones_copy_the_origin_of_a_reflected_service(
    manager: str, origin: Origin, source: ClusterId | None
) -> None:
    held = parse_slice(a_slice(manager, **{"offloading.liqo.io/origin": "hub"}))
    assert (held.origin, held.source) == (origin, source)


def test_conditions_that_are_absent_mean_what_kubernetes_takes_them_for() -> None:
    first, second = parse_slice(a_slice("x")).endpoints
    assert (first.pod, first.ready, first.serving) == ("web-b", False, True)
    assert (second.pod, second.ready, second.serving, second.node) == ("", True, None, "n1")


def test_a_copy_that_the_policies_put_out_of_use_is_read_with_the_address_that_it_had() -> None:
    target = {"name": "web-b", "fieldPath": "172.31.0.5"}
    out = a_slice("endpointslice.reflection.liqo.io")
    out["endpoints"] = [{"addresses": [NOWHERE], "targetRef": target}, {"addresses": ["10.1.0.6"], "targetRef": target}]
    assert [one.addresses for one in parse_slice(out).endpoints] == [("172.31.0.5",), ("10.1.0.6",)]
    out["endpoints"] = [{"addresses": [NOWHERE]}]
    assert [one.addresses for one in parse_slice(out).endpoints] == [(NOWHERE,)]


def test_only_our_own_slices_have_owners() -> None:
    for manager, owners in (("liqo-fabric", build.OURS), ("endpointslice.reflection.liqo.io", frozenset())):
        copied = a_slice(manager)
        copied["metadata"]["annotations"] = {"liqo-fabric.github.io/owners": "retail"}
        assert parse_slice(copied).owners == owners


def test_a_touch_changes_one_annotation_and_nothing_else() -> None:
    current = a_slice("endpointslice.reflection.liqo.io")
    touched = build_slice_body(TouchSpec(touched="after 42"), name="web-1", namespace="demo-hub", current=current)
    assert parse_slice(touched).touched == "after 42"
    assert touched["metadata"].pop("annotations") == {"liqo-fabric.github.io/touched": "after 42"}
    assert touched == current


def a_service(**annotations: str) -> Body:
    found = body(resources.SERVICE, "web", "demo-hub", metadata={"labels": {"app": "web"}}, spec={"type": "ClusterIP"})
    found["metadata"]["annotations"] = annotations
    return found


def test_the_annotation_of_a_service_comes_and_goes_with_our_mark() -> None:
    plain = a_service(team="shop")
    on = build_slice_body(DirectSpec(direct=True, owners=build.OURS), name="web", namespace="demo-hub", current=plain)
    held = parse_service(on, HUB)
    assert (held.direct, held.owners, held.labels) == (True, build.OURS, {"app": "web"})
    assert on["spec"] == plain["spec"]
    assert build_slice_body(DirectSpec(direct=False), name="web", namespace="demo-hub", current=on) == plain


@pytest.mark.parametrize(("text", "direct"), [("true", True), ("True", False), ("yes", False), ("", False)])
def test_liqo_takes_only_the_exact_text_for_switched_on(text: str, direct: bool) -> None:
    assert parse_service(a_service(**{"liqo.io/use-direct-connections": text}), HUB).direct is direct


def a_map(leaf: str = "leaf-a", **facts: Any) -> Body:
    current = {
        "demo": {"remoteNamespace": "demo-hub", "phase": "Accepted"},
        "shop": {"remoteNamespace": "shop", "phase": "CreationLoopBackOff"},
    }
    return body(
        resources.NAMESPACE_MAP,
        leaf,
        facts.pop("namespace", f"liqo-tenant-{leaf}"),
        peer=leaf,
        **{
            "spec": {"desiredMapping": {"demo": "demo-hub", "new": "new-hub", "shop": "shop"}},
            "status": {"currentMapping": current},
            **facts,
        },
    )


def test_a_namespace_map_tells_what_is_there_and_what_is_only_wished_for() -> None:
    assert [(one.namespace, one.remote, one.phase, one.accepted) for one in parse_mappings(a_map())] == [
        ("demo", "demo-hub", "Accepted", True),
        ("new", "new-hub", "", False),
        ("shop", "shop", "CreationLoopBackOff", False),
    ]
    assert {one.leaf for one in parse_mappings(a_map())} == {A}
    fresh = {key: value for key, value in a_map().items() if key != "status"}
    assert [one.accepted for one in parse_mappings(fresh)] == [False, False, False]


def test_a_leaf_cannot_say_which_namespaces_are_offloaded_nor_how_they_are_called() -> None:
    told = {
        "demo": {"remoteNamespace": "kube-system", "phase": "Accepted"},
        "kube-system": {"remoteNamespace": "kube-system", "phase": "Accepted"},
    }
    lying = parse_mappings(a_map(status={"currentMapping": told}))
    assert [(one.namespace, one.remote, one.accepted) for one in lying] == [
        ("demo", "demo-hub", False),
        ("new", "new-hub", False),
        ("shop", "shop", False),
    ]
    for odd in ("nonsense", ["demo"], {"demo": "Accepted"}, None):
        assert not any(one.accepted for one in parse_mappings(a_map(status={"currentMapping": odd})))


def test_names_that_are_no_names_of_namespaces_are_left_out() -> None:
    desired = {"demo": "../kube-system", "a/b": "demo-hub", "web": "web-hub"}
    assert [one.namespace for one in parse_mappings(a_map(spec={"desiredMapping": desired}))] == ["web"]
    assert parse_mappings(a_map("Leaf A")) == ()


def mapped_leaves(*maps: Body, hub: ClusterState | None = None) -> list[ClusterId]:
    found = parse_services(hub or build.cluster("hub"), {resources.NAMESPACE_MAP: maps})
    return [one.leaf for one in found.mappings if one.namespace == "demo"]


def test_a_map_counts_only_for_the_leaf_in_whose_tenant_namespace_the_hub_made_it() -> None:
    assert mapped_leaves(a_map()) == [A]
    assert mapped_leaves(a_map(namespace="liqo-tenant-leaf-b")) == []
    assert mapped_leaves(a_map(namespace="default")) == []
    copied = a_map()
    copied["metadata"]["labels"]["liqo.io/replicated"] = "true"
    assert mapped_leaves(copied) == []


def test_a_tenant_namespace_may_have_any_name() -> None:
    tenant = replace(build.namespace("hub", "leaf-a"), meta=replace(build.namespace("hub", "leaf-a").meta, name="t"))
    hub = build.cluster("hub", replace(build.side("hub", "leaf-a"), namespaces=(tenant,)))
    assert mapped_leaves(a_map(namespace="t"), hub=hub) == [A]
    assert mapped_leaves(a_map("leaf-b", namespace="t"), hub=hub) == []
    hidden = replace(build.cluster("hub"), unread=("Namespace",))
    assert mapped_leaves(a_map(namespace="t"), hub=hidden) == [A]
    assert mapped_leaves(a_map(namespace="liqo-tenant-leaf-b"), hub=hidden) == []


def test_an_object_that_a_list_has_twice_is_there_once() -> None:
    service = a_service()
    service["metadata"]["namespace"] = "demo"
    objects: Objects = {
        resources.NAMESPACE_MAP: (a_map(),),
        resources.SERVICE: (service, service),
        resources.SHADOW_SLICE: (written(SHADOW), written(SHADOW)),
        resources.ENDPOINT_SLICE: (a_slice("x"), a_slice("x")),
    }
    found = parse_services(build.cluster("hub"), objects)
    assert (len(found.services), len(found.shadows), len(found.slices)) == (1, 1, 1)


def parsed() -> ClusterServices:
    offloaded, other = a_service(), a_service()
    offloaded["metadata"]["namespace"], other["metadata"]["namespace"] = "demo", "kube-system"
    node = body(resources.VIRTUAL_NODE, "leaf-a-node", "liqo-tenant-leaf-a", spec={"clusterID": "leaf-a"})
    shadow, foreign = written(SHADOW), written(SHADOW)
    foreign["metadata"]["labels"][MANAGER] = "endpointslice.reflection.liqo.io"
    foreign["metadata"]["name"] = "web-1"
    objects: Objects = {
        resources.NAMESPACE_MAP: (a_map(),),
        resources.SERVICE: (offloaded, other),
        resources.VIRTUAL_NODE: (node,),
        resources.SHADOW_SLICE: (shadow, foreign),
        resources.ENDPOINT_SLICE: (a_slice("x"),),
    }
    return parse_services(build.cluster("hub"), objects)


def test_of_a_cluster_only_what_propagation_is_about_is_kept() -> None:
    found = parsed()
    assert [service.key for service in found.services] == [WEB]
    assert NamespaceMapping(namespace="demo", leaf=A, remote="demo-hub", phase="Accepted") in found.mappings
    assert found.nodes == {"leaf-a-node": A}
    assert [(one.meta.name, one.origin) for one in found.shadows] == [("lf-web.leaf-b", Origin.OURS)]
    assert [one.meta.name for one in found.slices] == ["web-1"]


def test_an_api_that_does_not_serve_the_policies_is_told_from_one_that_has_none() -> None:
    objects: Objects = {resources.POLICY: None, resources.BINDING: None}
    assert parse_services(build.cluster(), objects).policies is None
    assert parse_services(build.cluster(), {resources.POLICY: (), resources.BINDING: ()}).policies == {}


def test_a_native_slice_tells_which_hub_reflected_its_service() -> None:
    native, reflected = "endpointslice-controller.k8s.io", "endpointslice.reflection.liqo.io"
    origin = {"offloading.liqo.io/origin": "hub"}
    assert parse_slice(a_slice(native, **origin)).hub == HUB
    assert parse_slice(a_slice(native)).hub is None
    assert parse_slice(a_slice(reflected, **origin)).hub is None


@pytest.mark.parametrize(
    ("spec", "selects"),
    [
        ({"selector": {"app": "web"}}, True),
        ({"selector": {}}, False),
        ({}, False),
        ({"type": "ExternalName", "selector": {"app": "web"}}, False),
    ],
)
def test_kubernetes_looks_for_pods_only_by_a_selector(spec: Body, selects: bool) -> None:
    assert parse_service({**a_service(), "spec": spec}, HUB).selects is selects


@pytest.mark.parametrize(
    "text", ["", "hub/demo", "hub/demo/web/x", "hub/demo/../x", "Hub/demo/web", "hub/demo/" + "w" * 300]
)
def test_what_names_no_service_is_no_key(text: str) -> None:
    ours = written(SHADOW)
    ours["metadata"]["annotations"]["liqo-fabric.github.io/service"] = text
    assert parse_slice(ours).key is None


@pytest.mark.parametrize("text", ["", "Leaf B", "../leaf-b", "x" * 64])
def test_what_is_no_cluster_is_no_source(text: str) -> None:
    ours = written(SHADOW)
    ours["metadata"]["labels"]["offloading.liqo.io/origin"] = text
    assert parse_slice(ours).source is None


def test_long_notes_on_a_slice_are_cut() -> None:
    ours = written(SHADOW)
    ours["metadata"]["annotations"] |= {
        "liqo-fabric.github.io/remap": "10.71.0.0/16," * 10000,
        "liqo-fabric.github.io/touched": "x" * 10000,
    }
    held = parse_slice(ours)
    assert len(held.remap) < 100
    assert len(held.touched) == 1000
