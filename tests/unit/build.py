# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Builders with valid defaults, so that a test shows only the fact that it is about. Nothing here is random.

``link()`` is a complete and healthy shortcut of leaf-a and leaf-b; the functions below it change it in one place.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable
from dataclasses import fields, replace
from typing import Any

from ansible_collections.liqo.fabric.plugins.module_utils._fabric.model import (
    Cluster,
    ClusterId,
    FabricName,
    Pair,
    Settings,
    Shortcut,
)
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.objects import (
    Child,
    Cidrs,
    ClusterState,
    Configuration,
    ConfigurationSpec,
    Connection,
    Endpoint,
    ForeignCluster,
    GatewayClient,
    GatewayClientSpec,
    GatewayServer,
    GatewayServerSpec,
    KeySecret,
    Kind,
    LocalNetworks,
    Meta,
    NamespaceSpec,
    PublicKey,
    PublicKeySpec,
    Side,
    TemplateRef,
    TenantNamespace,
)
from ansible_collections.liqo.fabric.plugins.module_utils._run.who import Who

RETAIL = FabricName("retail")
"""The fabric of a test that does not care."""
EDGE = FabricName("edge")
"""Another fabric."""

SERVER_TEMPLATE = TemplateRef(name="wireguard-server", namespace="liqo")
CLIENT_TEMPLATE = TemplateRef(name="wireguard-client", namespace="liqo")
TEMPLATES = frozenset({(Kind.SERVER, SERVER_TEMPLATE), (Kind.CLIENT, CLIENT_TEMPLATE)})

ADDRESS = "192.0.2.10"
ENDPOINT = Endpoint(addresses=(ADDRESS,), port=51840)
"""What the server of a link advertises."""

T0, T1, T2 = "2026-01-01T00:00:00Z", "2026-01-01T00:00:10Z", "2026-01-01T00:00:20Z"
"""Three moments, in their order."""

LINK_KINDS = (Kind.CONFIGURATION, Kind.SERVER, Kind.CLIENT, Kind.PUBLIC_KEY)
HELD_KINDS = (Kind.NAMESPACE, *LINK_KINDS)
_FIELD_BY_KIND = dict(
    zip(
        (*HELD_KINDS, Kind.SECRET),
        ("namespaces", "configurations", "servers", "clients", "public_keys", "secrets"),
        strict=True,
    )
)


def cluster_id(name: str) -> ClusterId:
    return ClusterId(name)


def key(name: str) -> str:
    """A WireGuard key as text, always the same for a name."""
    return base64.b64encode(hashlib.sha256(name.encode()).digest()).decode()


def pair(a: str = "leaf-a", b: str = "leaf-b") -> Pair:
    return Pair.of(ClusterId(a), ClusterId(b))


def shortcut(a: str = "leaf-a", b: str = "leaf-b", **settings: Any) -> Shortcut:
    """A wish with the settings of the model but for those that are given."""
    return Shortcut(pair=pair(a, b), settings=Settings(**settings))


def networks(name: str, pod: str | None = None) -> LocalNetworks:
    """Networks that differ from cluster to cluster."""
    number = sum(name.encode()) % 200
    return LocalNetworks(pod=(pod or f"10.{number}.0.0/16",), external=(f"100.{64 + number % 64}.0.0/16",))


def who(name: str = "leaf-a") -> Who:
    """A cluster that no run has asked yet."""
    return Who(Cluster(id=ClusterId(name), name=name, labels={}))


def cluster(
    name: str = "leaf-a",
    *sides: Side,
    pod: str | None = None,
    version: tuple[int, ...] | None = (1, 2, 0),
    **facts: Any,
) -> ClusterState:
    """A cluster with a ready Liqo; it holds the given sides, by default none."""
    state = ClusterState(
        id=ClusterId(name),
        liqo_namespace="liqo",
        version=version,
        networks=networks(name, pod),
        sides={side.peer: side for side in sides},
        read_at=T1,
        templates=TEMPLATES,
    )
    return replace(state, **facts)


def meta(kind: str, here: str, peer: str, **facts: Any) -> Meta:
    """Names as Liqo's own tools give them, and a uid that tells kind and place."""
    namespaced = kind not in ("Namespace", "ForeignCluster")
    facts = {
        "name": f"liqo-tenant-{peer}" if kind == "Namespace" else peer,
        "namespace": f"liqo-tenant-{peer}" if namespaced else "",
        "uid": f"{here}/{kind}/{peer}",
        "resource_version": "1",
        **facts,
    }
    return Meta(**facts)


def owners(*names: str) -> frozenset[FabricName]:
    return frozenset(FabricName(name) for name in names)


OURS = owners(RETAIL)


def namespace(here: str = "leaf-a", peer: str = "leaf-b", **spec: Any) -> TenantNamespace:
    spec.setdefault("owners", OURS)
    return TenantNamespace(meta=meta("Namespace", here, peer), spec=NamespaceSpec(**spec))


def configuration(
    here: str = "leaf-a", peer: str = "leaf-b", *, has_conditions: bool = True, **spec: Any
) -> Configuration:
    """A Configuration that is configured, and needed no remap."""
    spec = {"owners": OURS, "remote": networks(peer).cidrs(), **spec}
    held = ConfigurationSpec(**spec)
    at = meta("Configuration", here, peer)
    return Configuration(meta=at, spec=held, remap=held.remote, has_conditions=has_conditions)


def server(
    here: str = "leaf-a", peer: str = "leaf-b", *, endpoint: Endpoint | None = ENDPOINT, **spec: Any
) -> GatewayServer:
    """A server with the default settings, an endpoint and a key."""
    spec = {
        "owners": OURS,
        "mtu": 1340,
        "port": 51840,
        "service_type": "LoadBalancer",
        "template": SERVER_TEMPLATE,
        **spec,
    }
    at = meta("GatewayServer", here, peer)
    return GatewayServer(meta=at, spec=GatewayServerSpec(**spec), endpoint=endpoint, secret_name=f"gw-{peer}")


def client(here: str = "leaf-b", peer: str = "leaf-a", **spec: Any) -> GatewayClient:
    """A client that dials the endpoint of ``server()``."""
    spec = {"owners": OURS, "mtu": 1340, "endpoint": ENDPOINT, "template": CLIENT_TEMPLATE, **spec}
    at = meta("GatewayClient", here, peer)
    return GatewayClient(meta=at, spec=GatewayClientSpec(**spec), secret_name=f"gw-{peer}")


def public_key(here: str = "leaf-a", peer: str = "leaf-b", **spec: Any) -> PublicKey:
    """The key of the peer's gateway, as ``secret()`` has it there."""
    spec = {"owners": OURS, "key": key(f"{peer} to {here}"), **spec}
    return PublicKey(meta=meta("PublicKey", here, peer), spec=PublicKeySpec(**spec))


def secret(here: str = "leaf-a", peer: str = "leaf-b", **facts: Any) -> KeySecret:
    facts.setdefault("public_key", key(f"{here} to {peer}"))
    return KeySecret(meta=meta("Secret", here, peer, name=f"gw-{peer}"), **facts)


def connection(
    here: str = "leaf-a", peer: str = "leaf-b", *, value: str = "Connected", at: str | None = T1
) -> Connection:
    name = meta("Connection", here, peer, name=f"gw-{peer}")
    return Connection(meta=name, value=value, latency_ms=2.0 if at else None, latency_at=at)


def foreign_cluster(
    here: str = "leaf-a", peer: str = "leaf-b", *, role: str = "Unknown", modules: Iterable[str] = ("networking",)
) -> ForeignCluster:
    return ForeignCluster(meta=meta("ForeignCluster", here, peer), role=role, modules=frozenset(modules))


def child(kind: str = "Network", here: str = "leaf-a", peer: str = "leaf-b", **facts: Any) -> Child:
    """Something that Liqo made."""
    return Child(kind=kind, meta=meta(kind, here, peer, **facts))


def side(here: str = "leaf-a", peer: str = "leaf-b", *, gateway: GatewayServer | GatewayClient | None = None) -> Side:
    """One side of a healthy shortcut; its gateway is a server unless another is given."""
    held = gateway or server(here, peer)
    return Side(
        cluster=ClusterId(here),
        peer=ClusterId(peer),
        namespaces=(namespace(here, peer),),
        configurations=(configuration(here, peer),),
        servers=(held,) if isinstance(held, GatewayServer) else (),
        clients=(held,) if isinstance(held, GatewayClient) else (),
        public_keys=(public_key(here, peer),),
        secrets=(secret(here, peer),),
        connections=(connection(here, peer),),
        foreign_cluster=foreign_cluster(here, peer),
        gateway_children=(child("WgGateway", here, peer),),
        network_children=(child("Network", here, peer),),
    )


def link(a: str = "leaf-a", b: str = "leaf-b") -> tuple[ClusterState, ClusterState]:
    """Two clusters with a healthy shortcut that retail made; the first one is the server."""
    return cluster(a, side(a, b)), cluster(b, side(b, a, gateway=client(b, a)))


def adopted(*states: ClusterState) -> tuple[ClusterState, ...]:
    """The same objects without any mark, as Liqo's own tools leave them."""
    return tuple(marked(state) for state in states)


def marked(state: ClusterState, *names: str) -> ClusterState:
    """Every object of the cluster's only side with exactly these owners."""
    for kind in HELD_KINDS:
        state = edit(state, kind, owners=owners(*names)) if of_kind(only_side(state), kind) else state
    return state


def with_side(state: ClusterState, changed: Side) -> ClusterState:
    """The cluster with one side put in, or put in the place of the one that it has for the same peer."""
    return replace(state, sides={**state.sides, changed.peer: changed})


def of_kind(held_by: Side, kind: Kind) -> tuple[Any, ...]:
    """The objects of one kind."""
    found: tuple[Any, ...] = getattr(held_by, _FIELD_BY_KIND[kind])
    return found


def with_kind(held_by: Side, kind: Kind, objects: Iterable[Any]) -> Side:
    """The side with other objects of one kind."""
    changed: dict[str, Any] = {_FIELD_BY_KIND[kind]: tuple(objects)}
    return replace(held_by, **changed)


def having(state: ClusterState, **facts: Any) -> ClusterState:
    """The cluster with other fields in its only side: ``having(a, connections=())``."""
    return with_side(state, replace(only_side(state), **facts))


def only_side(state: ClusterState) -> Side:
    (found,) = state.sides.values()
    return found


def edit(state: ClusterState, kind: Kind, **changes: Any) -> ClusterState:
    """The cluster with the only object of a kind changed, in its spec or beside it."""
    (held,) = of_kind(only_side(state), kind)
    of_spec = {field.name for field in fields(held.spec)} & changes.keys()
    spec = replace(held.spec, **{name: changes[name] for name in of_spec})
    rest = {name: value for name, value in changes.items() if name not in of_spec}
    return with_side(state, with_kind(only_side(state), kind, [replace(held, spec=spec, **rest)]))


def terminating(state: ClusterState, kind: Kind, *finalizers: str) -> ClusterState:
    """The cluster with the only object of a kind deleted but held by finalizers."""
    (held,) = of_kind(only_side(state), kind)
    return edit(state, kind, meta=replace(held.meta, terminating=True, finalizers=finalizers))


def without(state: ClusterState, *kinds: Kind) -> ClusterState:
    """The cluster without any object of these kinds."""
    changed = only_side(state)
    for kind in kinds:
        changed = with_kind(changed, kind, [])
    return with_side(state, changed)


def twice(state: ClusterState, kind: Kind) -> ClusterState:
    """The cluster with a second object of a kind, as an operator makes it by hand under another name."""
    (held,) = of_kind(only_side(state), kind)
    second = replace(held, meta=replace(held.meta, name=f"{held.meta.name}-2", uid=f"{held.meta.uid}-2"))
    return with_side(state, with_kind(only_side(state), kind, [held, second]))


def renumbered(state: ClusterState, pod: str = "10.250.0.0/16") -> ClusterState:
    """The cluster after its pod CIDR changed."""
    return replace(state, networks=replace(state.networks, pod=(pod,)))


def cidrs_of(state: ClusterState) -> Cidrs:
    return state.networks.cidrs()
