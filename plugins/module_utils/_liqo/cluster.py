# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""All listed bodies of one cluster -> ClusterState: by_peer.py says which object belongs to which peer."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from .._fabric.command import command
from .._fabric.errors import FabricError, FailureName
from .._fabric.legal import is_label_key, is_label_value
from .._fabric.model import ClusterId
from .._fabric.objects import (
    ClusterInfo,
    ClusterState,
    Kind,
    LocalNetworks,
    LostLabels,
    Meta,
    Side,
    TemplateRef,
)
from .._fabric.phrases import few
from .._fabric.resources import Resource
from .._fabric.versions import parse_version
from . import parse
from .body import Json, as_cluster_id, cluster_at, items_at, text_at, texts_at
from .by_peer import ByPeer, key_of
from .labels import labels_of_liqo
from .names import NETWORK_TYPE, REMOTE_CLUSTER_ID, VIRTUAL_KUBELET
from .resources import (
    CLIENT_TEMPLATE,
    CONFIG_MAP,
    CONFIGURATION,
    CONNECTION,
    DEPLOYMENT,
    FOREIGN_CLUSTER,
    GATEWAY_CHILDREN,
    GATEWAY_CLIENT,
    GATEWAY_SERVER,
    NAMESPACE,
    NETWORK,
    NETWORK_CHILDREN,
    PEERING,
    PUBLIC_KEY,
    SECRET,
    SERVER_TEMPLATE,
)

_TAG = re.compile(r"[A-Za-z0-9_][-A-Za-z0-9_.]{0,127}")
_OWN_NETWORKS = ("pod-cidr", "external-cidr")
"""How the names begin that Liqo's chart gives to the networks that peers must know; also the values of their label."""
MOST_PEERS = 10_000
OLDEST_KINDS = (1, 0)
"""The version that brought the kinds that are read here."""


_LIST_PEERS = command("kubectl", "get", "foreignclusters.core.liqo.io")


@dataclass(frozen=True, slots=True, kw_only=True)
class Raw:
    """What the API server of one cluster listed."""

    liqo_namespace: str
    objects: Mapping[Resource, tuple[Json, ...]]
    """Kinds that were not asked for have no key."""
    unread: frozenset[Resource] = frozenset()
    """Kinds that our rights do not show."""
    read_in: Mapping[Resource, frozenset[str]] = field(default_factory=dict)
    """Kinds that our rights show in these namespaces only."""
    unseen: frozenset[ClusterId] = frozenset()
    """Peers of whose tenant namespace our rights do not even show whether it is there."""
    read_at: str = ""
    address: str = ""

    def of(self, resource: Resource) -> tuple[Json, ...]:
        return self.objects.get(resource, ())


@dataclass(frozen=True, slots=True)
class _Parts:
    """The bodies of one peer, by kind."""

    by_resource: Mapping[Resource, Iterable[Json]]

    def of(self, resource: Resource) -> Sequence[Json]:
        return tuple(self.by_resource.get(resource, ()))


def parse_cluster_id(raw: Raw, where: str) -> ClusterId:
    """The id that the cluster reports; a FabricError without Liqo, or with two of it."""
    named = {text_at(body, "data", "CLUSTER_ID") for body in raw.of(CONFIG_MAP)} - {""}
    ids = {as_cluster_id(text) for text in named}
    if "" in ids:
        raise FabricError(
            what="the cluster does not tell its Liqo cluster id",
            where=f"{where}, namespace {raw.liqo_namespace}",
            why="what the cluster id ConfigMap holds is no cluster id (lower case letters, digits and -)",
            next="correct CLUSTER_ID in the ConfigMap with label app.kubernetes.io/name=clusterid-configmap",
            fault=FailureName.NOT_UNDERSTOOD,
        )
    if len(ids) == 1:
        return ids.pop()
    if ids:
        raise FabricError(
            what=f"several Liqo cluster ids: {few(sorted(ids))}",
            where=f"{where}, namespace {raw.liqo_namespace}",
            why="more than one cluster id ConfigMap is there",
            next="remove the ConfigMap that an old installation left behind",
            fault=FailureName.DUPLICATE_OBJECTS,
        )
    raise FabricError(
        what="no Liqo found",
        where=f"{where}, namespace {raw.liqo_namespace}",
        why="there is no ConfigMap with label app.kubernetes.io/name=clusterid-configmap",
        next="install Liqo there, set liqo_namespace if it is installed in another namespace, or write this label on"
        " the ConfigMap with CLUSTER_ID again if that lost it",
        fault=FailureName.NO_LIQO,
    )


def too_old(raw: Raw, where: str) -> FabricError | None:
    """Why a cluster lacks kinds that are read, where its Liqo is older than these kinds."""
    version = _version(raw)
    if version is None or version >= OLDEST_KINDS:
        return None
    return FabricError(
        what=f"Liqo {'.'.join(map(str, version))} is too old for shortcuts",
        where=f"{where}, namespace {raw.liqo_namespace}",
        why="it has none of the kinds that make a network connection, which Liqo 1.0 brought",
        next="upgrade it to 1.0.1 or newer",
        fault=FailureName.TOO_OLD,
    )


def parse_cluster(raw: Raw, cluster: ClusterId) -> ClusterState:
    """The state of one cluster with a side for every peer of which anything is held.

    Raises FabricError where there are more peers than any fabric has.
    """
    by_peer = ByPeer(raw.objects)
    peers = [peer for peer in by_peer.peers() if peer != cluster]
    if len(peers) > MOST_PEERS:
        raise FabricError(
            what=f"{cluster} holds objects of {len(peers)} peers",
            where=f"cluster {cluster}",
            why=f"more than {MOST_PEERS} peers are not looked at",
            next=f"remove the objects of peers that are not there ({_LIST_PEERS})",
            fault=FailureName.LIMIT_REACHED,
        )
    return ClusterState(
        id=cluster,
        liqo_namespace=raw.liqo_namespace,
        version=_version(raw),
        networks=_networks(raw),
        sides={peer: parse_side(by_peer, cluster, peer) for peer in peers},
        read_at=raw.read_at,
        lost=_unlabelled_networks(raw),
        templates=_templates(raw),
        unread=tuple(sorted(resource.kind for resource in raw.unread)),
        read_in={resource.kind: places for resource, places in raw.read_in.items()},
        unseen=raw.unseen,
        address=raw.address,
        uid=next((text_at(body, "metadata", "uid") for body in raw.of(CONFIG_MAP)), ""),
        info=_info(raw) if DEPLOYMENT in raw.objects else None,
        notes=tuple(_left_out(by_peer, cluster)),
    )


def parse_side(objects: ByPeer, cluster: ClusterId, peer: ClusterId) -> Side:
    """What the cluster holds about one peer; an empty side when that is nothing."""
    return _side(cluster, peer, _Parts(objects.of(peer)))


def parse_cluster_labels(deployments: Iterable[Json]) -> dict[str, str] | None:
    """The labels that Liqo was installed with; None where its controller-manager is not among the Deployments."""
    managers = [body for body in deployments if _is_controller_manager(body)]
    return _cluster_labels(_flags(managers)) if managers else None


def parse_peer_labels(foreign_clusters: Iterable[Json]) -> dict[ClusterId, dict[str, str]]:
    """The labels on the ForeignClusters of a hub, by the cluster that each stands for."""
    found = {cluster_at(body, "spec", "clusterID"): body for body in foreign_clusters}
    return {cluster: legal_labels(parse.labels_of(body)) for cluster, body in found.items() if cluster}


def legal_labels(labels: Mapping[str, str]) -> dict[str, str]:
    """Those that Kubernetes would take as labels."""
    return {key: value for key, value in labels.items() if is_label_key(key) and is_label_value(value)}


def _left_out(by_peer: ByPeer, cluster: ClusterId) -> Iterator[str]:
    """What of a cluster is not looked at, as one phrase for each reason."""
    strangers = by_peer.strangers()
    if strangers:
        yield f"left out, since the peer that they name is no cluster id: {few(strangers)}"
    if cluster in by_peer.peers():
        own = [
            f"{resource.kind} {'/'.join(filter(None, key_of(body)))}"
            for resource, bodies in by_peer.of(cluster).items()
            for body in bodies
        ]
        yield f"left out, since the peer that they name is the cluster itself: {few(own)}"


def _side(cluster: ClusterId, peer: ClusterId, parts: _Parts) -> Side:
    foreign = parts.of(FOREIGN_CLUSTER)
    side = Side(
        cluster=cluster,
        peer=peer,
        namespaces=tuple(parse.parse_namespace(body, peer) for body in parts.of(NAMESPACE)),
        configurations=tuple(parse.parse_configuration(body, peer) for body in parts.of(CONFIGURATION)),
        servers=tuple(parse.parse_gateway_server(body, peer) for body in parts.of(GATEWAY_SERVER)),
        clients=tuple(parse.parse_gateway_client(body, peer) for body in parts.of(GATEWAY_CLIENT)),
        public_keys=tuple(parse.parse_public_key(body, peer) for body in parts.of(PUBLIC_KEY)),
        secrets=tuple(parse.parse_key_secret(body, peer) for body in parts.of(SECRET)),
        connections=tuple(parse.parse_connection(body, peer) for body in parts.of(CONNECTION)),
        foreign_cluster=parse.parse_foreign_cluster(foreign[0], peer) if foreign else None,
        gateway_children=_children(parts, GATEWAY_CHILDREN),
        network_children=_children(parts, NETWORK_CHILDREN),
        peering=tuple(
            f"{resource.kind} {text_at(body, 'metadata', 'name')}"
            for resource in PEERING
            for body in parts.of(resource)
        ),
    )
    objects, known = side.link_objects(), [held.meta.name for held in side.namespaces]
    if not objects or any(held.meta.namespace in known for held in objects):
        return side
    name = objects[0].meta.namespace
    labels = tuple(sorted(f"{key}={value}" for key, value in labels_of_liqo(NAMESPACE, peer).items()))
    return replace(side, lost_namespace=Meta(name=name, lost=LostLabels(resource=str(NAMESPACE), labels=labels)))


def _children(parts: _Parts, resources: Iterable[Resource]) -> tuple:  # type: ignore[type-arg]
    return tuple(parse.parse_child(body, resource.kind) for resource in resources for body in parts.of(resource))


def _networks(raw: Raw) -> LocalNetworks:
    """The cluster's own networks by name, as a list has them, without those that IPAM has not answered yet."""
    found: dict[str, list[str]] = {}
    for body in sorted(raw.of(NETWORK), key=lambda body: text_at(body, "metadata", "name")):
        if text_at(body, "metadata", "namespace") == raw.liqo_namespace:
            cidr = text_at(body, "status", "cidr")
            if cidr:
                found.setdefault(parse.labels_of(body).get(NETWORK_TYPE, ""), []).append(cidr)
    kinds = ("pod", "external", "service", "internal")
    pod, external, service, internal = (tuple(found.get(f"{kind}-cidr", ())) for kind in kinds)
    return LocalNetworks(pod=pod, external=external, service=service, internal=internal)


def _unlabelled_networks(raw: Raw) -> tuple[Meta, ...]:
    """The networks of the cluster itself that only their names give away: Liqo does not find them either."""
    found = []
    for body in raw.of(NETWORK):
        place, name = key_of(body)
        kind = next((kind for kind in _OWN_NETWORKS if name == kind or name.startswith(f"{kind}-")), None)
        if kind and place == raw.liqo_namespace and parse.labels_of(body).get(NETWORK_TYPE) != kind:
            lost = LostLabels(resource=str(NETWORK), labels=(f"{NETWORK_TYPE}={kind}",))
            found.append(parse.parse_meta(body, lost))
    return tuple(sorted(found, key=lambda meta: meta.name))


def _templates(raw: Raw) -> frozenset[tuple[Kind, TemplateRef]] | None:
    if SERVER_TEMPLATE not in raw.objects or CLIENT_TEMPLATE not in raw.objects:
        return None
    return frozenset(
        (kind, TemplateRef(name=text_at(body, "metadata", "name"), namespace=text_at(body, "metadata", "namespace")))
        for kind, resource in ((Kind.SERVER, SERVER_TEMPLATE), (Kind.CLIENT, CLIENT_TEMPLATE))
        for body in raw.of(resource)
    )


def _version(raw: Raw) -> tuple[int, ...] | None:
    """The image of the controller-manager where it was read, else what the chart wrote on the cluster id ConfigMap."""
    for body in raw.of(DEPLOYMENT):
        if _is_controller_manager(body):
            version = parse_version(_image_tag(body))
            if version is not None:
                return version
    for body in raw.of(CONFIG_MAP):
        return parse_version(parse.labels_of(body).get("app.kubernetes.io/version", ""))
    return None


def _info(raw: Raw) -> ClusterInfo:
    arguments = _arguments_of(raw.of(DEPLOYMENT))
    values = _flags(raw.of(DEPLOYMENT))
    key, value = VIRTUAL_KUBELET.split("=")
    return ClusterInfo(
        api_server=values.get("api-server-address-override", ""),
        cluster_labels=_cluster_labels(values),
        denies_direct_connections="--deny-direct-connections" in arguments
        or values.get("deny-direct-connections") == "true",
        virtual_kubelets={
            provider: _image_tag(body).removeprefix("v")
            for body in raw.of(DEPLOYMENT)
            if parse.labels_of(body).get(key) == value
            for provider in [as_cluster_id(parse.labels_of(body).get(REMOTE_CLUSTER_ID, ""))]
            if provider
        },
    )


def _arguments_of(deployments: Iterable[Json]) -> list[str]:
    """The command line of Liqo's controller-manager."""
    return [text for body in deployments if _is_controller_manager(body) for text in _arguments(body)]


def _flags(deployments: Iterable[Json]) -> dict[str, str]:
    arguments = [text for text in _arguments_of(deployments) if text.startswith("--") and "=" in text]
    return dict(text.removeprefix("--").split("=", 1) for text in arguments)


def _cluster_labels(flags: Mapping[str, str]) -> dict[str, str]:
    parts = dict(part.split("=", 1) for part in flags.get("cluster-labels", "").split(",") if "=" in part)
    return legal_labels(parts)


def _is_controller_manager(body: Json) -> bool:
    return parse.labels_of(body).get("app.kubernetes.io/name") == "controller-manager"


def _container(body: Json) -> object:
    containers = items_at(body, "spec", "template", "spec", "containers")
    return containers[0] if containers else None


def _arguments(body: Json) -> tuple[str, ...]:
    return texts_at(_container(body), "args")


def _image_tag(body: Json) -> str:
    image = text_at(_container(body), "image")
    tag = image.rpartition(":")[2]
    return tag if "@" not in image and _TAG.fullmatch(tag) else ""
