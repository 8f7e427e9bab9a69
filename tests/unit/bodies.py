# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bodies as the API server of a cluster with Liqo sends them, private keys included: what `_liqo` must read."""

from __future__ import annotations

import base64
import copy
import hashlib
from collections.abc import Iterable
from typing import Any

from ansible_collections.liqo.fabric.plugins.module_utils._fabric.resources import Resource
from ansible_collections.liqo.fabric.plugins.module_utils._liqo import resources
from ansible_collections.liqo.fabric.plugins.module_utils._liqo.cluster import Raw

from tests.unit.build import ENDPOINT, T1, key, networks

Body = dict[str, Any]


def private_key(name: str) -> bytes:
    """32 bytes that must never be seen again."""
    return hashlib.sha256(f"private key of {name}".encode()).digest()


def body(resource: Resource, name: str, namespace: str = "", *, peer: str = "", **content: Any) -> Body:
    """The frame that every object has; ``labels``, ``annotations`` and such of ``metadata`` may be given."""
    metadata: Body = {
        "name": name,
        "uid": f"uid of {resource.kind} {namespace}/{name}",
        "resourceVersion": "42",
        "generation": 1,
        "creationTimestamp": "2026-01-01T00:00:00Z",
        "labels": {"liqo.io/remote-cluster-id": peer} if peer else {},
        **content.pop("metadata", {}),
    }
    if namespace:
        metadata["namespace"] = namespace
    return {"apiVersion": resource.api_version, "kind": resource.kind, "metadata": metadata, **content}


def tenant(peer: str = "leaf-b") -> str:
    return f"liqo-tenant-{peer}"


def config_map(cluster: str = "leaf-a", version: str = "v1.2.0") -> Body:
    labels = {"app.kubernetes.io/name": "clusterid-configmap", "app.kubernetes.io/version": version}
    name = "liqo-clusterid-configmap"
    return body(resources.CONFIG_MAP, name, "liqo", metadata={"labels": labels}, data={"CLUSTER_ID": cluster})


def local_networks(cluster: str = "leaf-a") -> list[Body]:
    own = networks(cluster)
    cidrs = {"pod": own.pod[0], "external": own.external[0], "service": "10.96.0.0/12", "internal": "10.80.0.0/16"}
    return [network(f"{kind}-cidr", cidr) for kind, cidr in cidrs.items()]


def network(kind: str, cidr: str, *, name: str = "") -> Body:
    labels = {"ipam.liqo.io/network-type": kind}
    return body(
        resources.NETWORK, name or kind, "liqo", metadata={"labels": labels}, spec={"cidr": cidr}, status={"cidr": cidr}
    )


def namespace(peer: str = "leaf-b") -> Body:
    labels = {"liqo.io/remote-cluster-id": peer, "liqo.io/tenant-namespace": "true"}
    return body(resources.NAMESPACE, tenant(peer), metadata={"labels": labels}, spec={"finalizers": ["kubernetes"]})


def configuration(peer: str = "leaf-b", *, modern: bool = True) -> Body:
    cidrs = networks(peer)
    remote = {"cidr": {"pod": list(cidrs.pod), "external": list(cidrs.external)}}
    condition = {"type": "NetworkCIDRsConfigured", "status": "True", "observedGeneration": 1}
    status: Body = {"remote": copy.deepcopy(remote), **({"conditions": [condition]} if modern else {})}
    local = {"cidr": {"pod": ["10.200.0.0/16"], "external": ["10.70.0.0/16"]}}
    return body(
        resources.CONFIGURATION, peer, tenant(peer), peer=peer, spec={"local": local, "remote": remote}, status=status
    )


def gateway_server(peer: str = "leaf-b") -> Body:
    return body(
        resources.GATEWAY_SERVER,
        peer,
        tenant(peer),
        peer=peer,
        spec={
            "mtu": 1340,
            "endpoint": {"port": 51840, "serviceType": "LoadBalancer"},
            "secretRef": {"name": ""},
            "serverTemplateRef": _template("WgGatewayServerTemplate", "wireguard-server"),
        },
        status={"endpoint": _endpoint(), "secretRef": {"name": f"gw-{peer}", "namespace": tenant(peer)}},
    )


def gateway_client(peer: str = "leaf-b") -> Body:
    return body(
        resources.GATEWAY_CLIENT,
        peer,
        tenant(peer),
        peer=peer,
        spec={
            "mtu": 1340,
            "endpoint": _endpoint(),
            "clientTemplateRef": _template("WgGatewayClientTemplate", "wireguard-client"),
        },
        status={"secretRef": {"name": f"gw-{peer}", "namespace": tenant(peer)}},
    )


def _endpoint() -> Body:
    return {"addresses": list(ENDPOINT.addresses), "port": ENDPOINT.port, "protocol": "UDP"}


def _template(kind: str, name: str) -> Body:
    return {"apiVersion": "networking.liqo.io/v1beta1", "kind": kind, "name": name, "namespace": "liqo"}


def public_key(peer: str = "leaf-b", *, here: str = "leaf-a") -> Body:
    found = body(resources.PUBLIC_KEY, peer, tenant(peer), peer=peer, spec={"publicKey": key(f"{peer} to {here}")})
    found["metadata"]["labels"]["networking.liqo.io/gateway-resource"] = "true"
    return found


def secret(peer: str = "leaf-b", *, here: str = "leaf-a", private: bytes | None = None) -> Body:
    private = private or private_key(here)
    found = body(
        resources.SECRET,
        f"gw-{peer}",
        tenant(peer),
        peer=peer,
        type="Opaque",
        data={"privateKey": base64.b64encode(private).decode(), "publicKey": key(f"{here} to {peer}")},
    )
    found["metadata"]["labels"]["networking.liqo.io/gateway-resource"] = "true"
    return found


def connection(peer: str = "leaf-b", **status: Any) -> Body:
    status = {"value": "Connected", "latency": {"value": "1.5ms", "timestamp": T1}, **status}
    return body(resources.CONNECTION, f"gw-{peer}", tenant(peer), peer=peer, spec={"type": "Server"}, status=status)


def foreign_cluster(peer: str = "leaf-b", *, role: str = "Unknown") -> Body:
    modules = {name: {"enabled": name == "networking"} for name in ("networking", "authentication", "offloading")}
    status = {"role": role, "modules": modules}
    return body(resources.FOREIGN_CLUSTER, peer, peer=peer, spec={"clusterID": peer}, status=status)


def template(resource: Resource, name: str) -> Body:
    return body(resource, name, "liqo", spec={"template": {}})


def owned_by(kind: str, child: Body) -> Body:
    """The object with an owner of that kind."""
    child["metadata"]["ownerReferences"] = [{"kind": kind, "name": "x", "uid": "y", "controller": True}]
    return child


def made_for(kind: str, held: Body) -> Body:
    """The key Secret as Liqo makes it: the gateway is its owner, and not its controller."""
    metadata = held["metadata"]
    place, name = metadata["namespace"], metadata["name"].removeprefix("gw-")
    owner = {
        "apiVersion": "networking.liqo.io/v1beta1",
        "kind": kind,
        "name": name,
        "uid": f"uid of {kind} {place}/{name}",
    }
    metadata["ownerReferences"] = [owner]
    return held


def raw(bodies: Iterable[Body], *, liqo_namespace: str = "liqo") -> Raw:
    """All bodies sorted into the lists in which an API server sends them; every kind of a steady read has one."""
    listed: dict[Resource, tuple[Body, ...]] = {query.resource: () for query in resources.STEADY}
    for one in bodies:
        resource = _RESOURCES[one["kind"]]
        listed[resource] = (*listed.get(resource, ()), one)
    return Raw(liqo_namespace=liqo_namespace, objects=listed, read_at=T1)


_RESOURCES = {resource.kind: resource for resource in vars(resources).values() if isinstance(resource, Resource)}


def linked_cluster(here: str = "leaf-a", peer: str = "leaf-b", *, is_server: bool = True) -> list[Body]:
    """One end of a healthy shortcut that liqoctl made."""
    return [
        config_map(here),
        *local_networks(here),
        namespace(peer),
        configuration(peer),
        gateway_server(peer) if is_server else gateway_client(peer),
        public_key(peer, here=here),
        made_for("GatewayServer" if is_server else "GatewayClient", secret(peer, here=here)),
        connection(peer),
        foreign_cluster(peer),
        template(resources.SERVER_TEMPLATE, "wireguard-server"),
        template(resources.CLIENT_TEMPLATE, "wireguard-client"),
    ]
