# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whatever a cluster answers, each parser returns a value of its declared type."""

from __future__ import annotations

import functools
import typing
from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.access import AccessKind, AccessSpec
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.connector.model import (
    ConnectorKind,
    FinalizersSpec,
    ReplicasSpec,
)
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.errors import FabricError
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.objects import (
    ClusterState,
    ConfigurationSpec,
    GatewayServerSpec,
    NamespaceSpec,
    Side,
)
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.versions import parse_version
from ansible_collections.liqo.fabric.plugins.module_utils._liqo import (
    build,
    by_peer,
    changes,
    cluster,
    connector,
    events,
    health,
    names,
    parse,
    peers,
    resources,
    roles,
    surroundings,
)
from hypothesis import given
from hypothesis import strategies as st

from tests.unit import bodies, junk
from tests.unit.build import RETAIL, SERVER_TEMPLATE, cluster_id, networks
from tests.unit.strategies import law
from tests.unit.typed import misfit

PEER = cluster_id("leaf-b")
Parser = Callable[[Any], object]


def raw(resource: Any, body: Any) -> cluster.Raw:
    return cluster.Raw(liqo_namespace="liqo", objects={resource: (body, body)})


def with_peer(parser: Callable[..., object]) -> Parser:
    return typed(lambda body: parser(body, PEER), parser)


def of_lists(parser: Callable[..., object]) -> Parser:
    return typed(lambda body: parser((body, body)), parser)


def of_raw(parser: Callable[..., object], *kinds: Any) -> list[Parser]:
    return [typed(functools.partial(lambda kind, body: parser(raw(kind, body)), kind), parser) for kind in kinds]


def of_kind(parser: Callable[..., object], kind: Any) -> Parser:
    return typed(lambda body: parser(kind, body), parser)


def typed(call: Parser, parser: Callable[..., object]) -> Parser:
    """The call, which fails when its answer is not what the parser declares."""
    declared = typing.get_type_hints(parser)["return"]

    def checked(body: Any) -> object:
        answer = call(body)
        wrong = misfit(answer, declared)
        assert not wrong, f"{parser.__name__}: {wrong}"
        return answer

    checked.__name__ = parser.__name__
    return checked


def plain(parser: Callable[..., object]) -> Parser:
    return typed(parser, parser)


def cluster_id_or_refusal(body: Any) -> object:
    try:
        return plain_cluster_id(body)
    except FabricError as problem:
        return problem


plain_cluster_id = typed(
    lambda body: cluster.parse_cluster_id(raw(resources.CONFIG_MAP, body), "https://leaf-a"), cluster.parse_cluster_id
)

DEPLOYMENT = bodies.body(
    resources.DEPLOYMENT,
    "liqo-controller-manager",
    "liqo",
    metadata={
        "labels": {
            "app.kubernetes.io/name": "controller-manager",
            "offloading.liqo.io/component": "virtual-kubelet",
            "liqo.io/remote-cluster-id": "leaf-b",
        }
    },
    spec={
        "replicas": 1,
        "template": {
            "spec": {
                "containers": [
                    {
                        "image": "ghcr.io/liqotech/liqo-controller-manager:v1.2.0",
                        "args": ["--cluster-labels=region=eu", "--api-server-address-override=https://a:6443"],
                    }
                ]
            }
        },
    },
    status={"readyReplicas": 1},
)
IPAM = {
    **DEPLOYMENT,
    "metadata": {"name": "liqo-ipam", "namespace": "liqo", "labels": {"app.kubernetes.io/name": "ipam"}},
    "spec": {"template": {"spec": {"containers": [{"args": ["--pools=10.0.0.0/8,192.168.0.0/16"]}]}}},
}
POD = bodies.body(
    resources.POD,
    "gw-leaf-b-0",
    "liqo",
    status={
        "phase": "Running",
        "conditions": [{"type": "Ready", "status": "False"}],
        "containerStatuses": [{"state": {"waiting": {"reason": "CrashLoopBackOff"}}}],
    },
)
SERVICE = bodies.body(
    resources.SERVICE,
    "gw-leaf-b",
    "liqo",
    spec={"type": "LoadBalancer", "ports": [{"port": 51840, "nodePort": 30000, "protocol": "UDP"}]},
    status={"loadBalancer": {"ingress": [{"ip": "192.0.2.1"}]}},
)
IDENTITY = bodies.body(
    resources.IDENTITY,
    "controlplane-leaf-b",
    "liqo",
    spec={"clusterID": "leaf-b", "type": "ControlPlane"},
    status={"kubeconfigSecretRef": {"name": "x"}},
)
VIRTUAL_NODE = bodies.body(
    resources.VIRTUAL_NODE, "leaf-b", "liqo", spec={"clusterID": "leaf-b", "labels": {"region": "eu"}}
)
JOINED = bodies.body(
    connector.FOREIGN_CLUSTER_CONNECTION,
    "ab",
    "default",
    spec={"foreignClusterA": "leaf-a", "foreignClusterB": "leaf-b", "networking": {"mtu": 1340, "wait": True}},
)
ROLE = bodies.body(
    connector.CLUSTER_ROLE,
    "x",
    rules=[{"apiGroups": [""], "resources": ["pods"], "verbs": ["get"], "resourceNames": ["a"]}],
)
BINDING = bodies.body(
    connector.CLUSTER_ROLE_BINDING,
    "x",
    roleRef={"kind": "ClusterRole", "name": "x"},
    subjects=[{"kind": "User", "name": "x"}, {"kind": "ServiceAccount", "name": "x", "namespace": "y"}],
)
SERVING = {
    **bodies.gateway_server(),
    "metadata": {
        **bodies.gateway_server()["metadata"],
        "annotations": {names.OWNERS: "retail,edge", names.WISHES: '{"retail": {"mtu": "1340"}}'},
    },
}
REAL = [
    *bodies.linked_cluster(),
    SERVING,
    bodies.gateway_client(),
    DEPLOYMENT,
    IPAM,
    POD,
    SERVICE,
    IDENTITY,
    VIRTUAL_NODE,
    JOINED,
    ROLE,
    BINDING,
]


def change(body: Any) -> object:
    """Each way in which a watch may tell of the body."""
    real = {
        resources.CONNECTION: bodies.connection(),
        resources.CONFIGURATION: bodies.configuration(),
        resources.ENDPOINT_SLICE: {},
    }
    declared = typing.get_type_hints(changes.change_of)["return"]
    for kind, other in real.items():
        for old, new in ((body, other), (other, body), (None, body), (body, None)):
            found = changes.change_of(cluster_id("leaf-a"), kind, old, new, peers=[PEER])
            assert not misfit(found, declared)
    return None


def sorted_by_peer(body: Any) -> object:
    """Put, put again and dropped, as every kind that it may be."""
    found = by_peer.ByPeer(dict.fromkeys((resources.NAMESPACE, resources.TENANT, resources.NETWORK), (body,)))
    found.put(resources.FOREIGN_CLUSTER, body)
    found.put(resources.NAMESPACE, bodies.namespace())
    assert not misfit(found.strangers(), tuple[str, ...])
    for kind in (resources.NAMESPACE, resources.FOREIGN_CLUSTER):
        found.drop(kind, by_peer.key_of(body))
    for peer in found.peers():
        assert not misfit(cluster.parse_side(found, cluster_id("leaf-a"), peer), Side)
    return None


def built(body: Any) -> object:
    """A body to write, where the one that is there is anything."""
    current = body if isinstance(body, dict) else {}
    place: dict[str, Any] = {"name": "leaf-b", "namespace": "x", "peer": PEER, "current": current}
    owners = frozenset({RETAIL})
    server = GatewayServerSpec(
        mtu=1340, port=51840, service_type="LoadBalancer", template=SERVER_TEMPLATE, owners=owners, wishes={}
    )
    assert build.build(server, **place)["spec"]["endpoint"]["port"] == 51840
    wanted = ConfigurationSpec(remote=networks("leaf-b").cidrs(), owners=owners)
    assert build.build(wanted, **place)["spec"]["remote"]["cidr"]["pod"] == list(networks("leaf-b").pod)
    assert build.build(NamespaceSpec(), **place)["metadata"]["labels"]["liqo.io/remote-cluster-id"] == "leaf-b"
    assert connector.build_retired(ReplicasSpec(replicas=0), current)["spec"]["replicas"] == 0
    assert connector.build_retired(FinalizersSpec(finalizers=()), current)["metadata"]["finalizers"] == []
    for kind in AccessKind:
        spec = AccessSpec(owners=owners)
        assert roles.build_access((kind, "", "x"), spec, identity="x", current=current)["metadata"]["labels"]
    return None


PARSERS: list[Parser] = [
    plain(parse.parse_meta),
    with_peer(parse.parse_namespace),
    with_peer(parse.parse_configuration),
    with_peer(parse.parse_gateway_server),
    with_peer(parse.parse_gateway_client),
    with_peer(parse.parse_public_key),
    with_peer(parse.parse_key_secret),
    with_peer(parse.parse_connection),
    with_peer(parse.parse_foreign_cluster),
    typed(lambda body: parse.parse_child(body, "Network"), parse.parse_child),
    plain(parse.labels_of),
    cluster_id_or_refusal,
    of_lists(cluster.parse_cluster_labels),
    of_lists(cluster.parse_peer_labels),
    *of_raw(peers.parse_notes, resources.FOREIGN_CLUSTER, resources.IDENTITY, resources.VIRTUAL_NODE),
    plain(peers.parse_identity_kubeconfig),
    of_lists(health.parse_workloads),
    typed(lambda body: health.parse_workloads((body, IPAM), (body, POD)), health.parse_workloads),
    plain(health.parse_allocation),
    plain(health.lacks_address),
    typed(lambda body: events.last_warning([body], "Service", body), events.last_warning),
    *of_raw(surroundings.used_networks, resources.NETWORK),
    of_lists(surroundings.ipam_pools),
    of_lists(surroundings.service_ports),
    with_peer(connector.parse_connection),
    plain(connector.parse_controller),
    plain(connector.parse_binding),
    plain(connector.parse_role),
    *(of_kind(roles.parse_access, kind) for kind in AccessKind),
    *(of_kind(connector.retired_spec, kind) for kind in ConnectorKind),
    change,
    sorted_by_peer,
    built,
]


@law
@given(junk.json_values)
def test_every_parser_takes_any_json(body: Any) -> None:
    for parser in PARSERS:
        parser(body)


@law
@given(st.sampled_from(REAL).flatmap(junk.changed))
def test_every_parser_takes_a_real_body_with_odd_places(body: Any) -> None:
    for parser in PARSERS:
        parser(body)


@pytest.mark.parametrize("value", junk.FEW, ids=lambda value: repr(value)[:9])
def test_every_place_of_every_real_body_takes_every_odd_value(value: Any) -> None:
    for real in REAL:
        for path in junk.paths(real):
            odd: Any = junk.copied(real, path, value)
            for parser in PARSERS:
                parser(odd)


@pytest.mark.parametrize("text", [*junk.DATES, *junk.TEXTS], ids=lambda text: ascii(text[:20]))
def test_every_reader_of_a_text_takes_any_text(text: str) -> None:
    for reader in (parse_version, parse.parse_latency, names.read_owners, names.read_wishes):
        wrong = misfit(reader(text), typing.get_type_hints(reader)["return"])
        assert not wrong


def test_a_cluster_is_parsed_whatever_one_of_its_objects_is() -> None:
    for index, _ in enumerate(REAL):
        odd: Any
        for odd in (None, 7, "x", [], junk.DEEP):
            listed = (*REAL[:index], odd, *REAL[index + 1 :])
            kinds = dict.fromkeys((*(q.resource for q in resources.STEADY), resources.DEPLOYMENT), listed)
            answered = cluster.Raw(liqo_namespace="liqo", objects=kinds)
            assert not misfit(cluster.parse_cluster(answered, cluster_id("leaf-a")), ClusterState)
