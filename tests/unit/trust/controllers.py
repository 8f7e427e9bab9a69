# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Liqo's controllers and the admission policies add to the objects of one cluster, as far as a run waits for it.

Each cluster is looked at alone: a gateway is connected at once, and addresses are not mapped.
"""

from __future__ import annotations

import base64
import copy
import hashlib
from datetime import timedelta

from ansible_collections.liqo.fabric.plugins.module_utils._fabric.resources import Resource
from ansible_collections.liqo.fabric.plugins.module_utils._liqo import resources as r

from tests.unit.bodies import Body
from tests.unit.trust.store import Place, Store

PEER = "liqo.io/remote-cluster-id"
GATEWAY = "networking.liqo.io/gateway-resource"
MANAGER = "endpointslice.kubernetes.io/managed-by"
OURS = {MANAGER: "liqo-fabric"}
GATEWAYS = (r.GATEWAY_SERVER, r.GATEWAY_CLIENT)
NODE_PORT = 30123


def settle(store: Store) -> None:
    """Bring statuses, Secrets, Connections, ForeignClusters and mirrored slices up to date with what is declared."""
    _collect_garbage(store)
    for body in list(store.of(r.CONFIGURATION).values()):
        _configure(store, body)
    for resource in GATEWAYS:
        for body in list(store.of(resource).values()):
            if _labels(body).get(PEER) and not body.get("status"):
                _start(store, resource, body)
    _switch_networking_off(store)
    _mirror(store)


def ping(store: Store) -> None:
    """Every gateway that is connected has measured its latency once more."""
    for body in list(store.of(r.CONNECTION).values()):
        store.put(r.CONNECTION, {**body, "status": {**body.get("status", {}), "latency": _latency(store)}})


def _latency(store: Store) -> Body:
    """Newer than the one before, and not ahead of the clock of the server."""
    at = store.start + timedelta(milliseconds=len(store.events))
    return {"value": "1.5ms", "timestamp": at.isoformat()}


def _configure(store: Store, body: Body) -> None:
    peer, remote = _labels(body).get(PEER), body.get("spec", {}).get("remote")
    if not peer or not remote or "status" in body:
        return
    generation = body["metadata"]["generation"]
    done = {"type": "NetworkCIDRsConfigured", "status": "True", "observedGeneration": generation}
    store.put(r.CONFIGURATION, {**body, "status": {"remote": remote, "conditions": [done]}})
    if ("", peer) not in store.of(r.FOREIGN_CLUSTER):
        modules = {name: {"enabled": name == "networking"} for name in ("networking", "authentication", "offloading")}
        metadata = {"name": peer, "labels": {PEER: peer}}
        status = {"role": "Unknown", "modules": modules}
        store.put(r.FOREIGN_CLUSTER, {"metadata": metadata, "spec": {"clusterID": peer}, "status": status})


def _start(store: Store, resource: Resource, body: Body) -> None:
    """A gateway gets its Secret, and its server an endpoint; the Connection follows."""
    namespace, name, peer = body["metadata"]["namespace"], body["metadata"]["name"], _labels(body)[PEER]
    secret = body["spec"].get("secretRef", {}).get("name") or f"gw-{name}"
    status: Body = {"secretRef": {"name": secret, "namespace": namespace}, "internalEndpoint": {"ip": "10.0.0.9"}}
    if resource == r.GATEWAY_SERVER:
        status["endpoint"] = {"addresses": ["198.18.0.99"], "port": NODE_PORT, "protocol": "UDP"}
    if (namespace, secret) not in store.of(r.SECRET):
        metadata = {"name": secret, "namespace": namespace, "labels": {PEER: peer, GATEWAY: "true"}}
        data = {"privateKey": _key("of no one"), "publicKey": _key(f"{store.cluster} to {peer}")}
        store.put(r.SECRET, {"metadata": metadata, "type": "Opaque", "data": data})
    store.put(resource, {**body, "status": status})
    metadata = {"name": f"gw-{name}", "namespace": namespace, "labels": {PEER: peer}}
    connected = {"value": "Connected", "latency": _latency(store)}
    store.put(r.CONNECTION, {"metadata": metadata, "spec": {}, "status": connected})


def _collect_garbage(store: Store) -> None:
    """What belongs to a namespace, a gateway or a Configuration goes with it."""
    namespaces = {name for _, name in store.of(r.NAMESPACE)}
    gateways = {place[0] for resource in GATEWAYS for place in store.of(resource)}
    configured = {place[0] for place in store.of(r.CONFIGURATION)}
    of_gateway = {*r.GATEWAY_CHILDREN, r.CONNECTION, r.SECRET}
    for resource, held in list(store.kinds.items()):
        for place, body in list(held.items()):
            if not place[0].startswith("liqo-tenant-"):
                continue
            gone = place[0] not in namespaces
            gone |= place[0] not in gateways and resource in of_gateway and _is_of_gateway(resource, body)
            gone |= place[0] not in configured and resource in r.NETWORK_CHILDREN
            if gone:
                store.drop(resource, place)


def _is_of_gateway(resource: Resource, body: Body) -> bool:
    return resource != r.SECRET or GATEWAY in _labels(body)


def _switch_networking_off(store: Store) -> None:
    linked = {place[0] for resource in (*GATEWAYS, r.CONFIGURATION) for place in store.of(resource)}
    for place, body in list(store.of(r.FOREIGN_CLUSTER).items()):
        modules = body.get("status", {}).get("modules", {})
        networking = modules.get("networking", {})
        if f"liqo-tenant-{place[1]}" not in linked and networking.get("enabled"):
            off = {**modules, "networking": {**networking, "enabled": False}}
            store.put(r.FOREIGN_CLUSTER, {**body, "status": {**body["status"], "modules": off}})


def _mirror(store: Store) -> None:
    """Each ShadowEndpointSlice of ours has an EndpointSlice; its exclusive pods are out of use in the reflected one."""
    shadows = {place: body for place, body in store.of(r.SHADOW_SLICE).items() if _is(body, OURS)}
    slices = store.of(r.ENDPOINT_SLICE)
    for place in [place for place, body in slices.items() if _is(body, OURS) and place not in shadows]:
        store.drop(r.ENDPOINT_SLICE, place)
    for place, body in shadows.items():
        metadata = {key: body["metadata"][key] for key in ("name", "namespace", "labels", "annotations")}
        wanted = {"metadata": metadata, **body["spec"]["template"]}
        if not _same(slices.get(place), wanted):
            store.put(r.ENDPOINT_SLICE, copy.deepcopy(wanted))
    for place, body in list(slices.items()):
        if _is(body, {MANAGER: "endpointslice.reflection.liqo.io"}):
            _suppress(store, place, body, _exclusive_pods(shadows, place, body))


def _exclusive_pods(shadows: dict[Place, Body], place: Place, body: Body) -> set[str]:
    service = "kubernetes.io/service-name"
    return {
        endpoint.get("targetRef", {}).get("name", "")
        for at, shadow in shadows.items()
        if at[0] == place[0]
        and _labels(shadow).get(service) == _labels(body).get(service)
        and _labels(shadow).get("liqo-fabric.github.io/path") == "exclusive"
        for endpoint in shadow["spec"]["template"].get("endpoints") or []
    }


def _suppress(store: Store, place: Place, body: Body, pods: set[str]) -> None:
    endpoints = copy.deepcopy(body.get("endpoints") or [])
    for endpoint in endpoints:
        resting = endpoint.get("targetRef", {}).get("name", "") in pods
        conditions = {"ready": not resting, **({"serving": True} if resting else {})}
        if endpoint.get("conditions", {}).get("ready", True) is resting:
            endpoint["conditions"] = conditions
    if endpoints != (body.get("endpoints") or []):
        store.put(r.ENDPOINT_SLICE, {**body, "endpoints": endpoints})


def _same(held: Body | None, wanted: Body) -> bool:
    if held is None or _labels(held) != _labels(wanted):
        return False
    names = [[one.get("targetRef") for one in body.get("endpoints") or []] for body in (held, wanted)]
    return names[0] == names[1]


def _is(body: Body, labels: dict[str, str]) -> bool:
    return labels.items() <= _labels(body).items()


def _labels(body: Body) -> dict[str, str]:
    return body["metadata"].get("labels") or {}


def _key(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
