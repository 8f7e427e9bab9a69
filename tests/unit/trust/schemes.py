# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lies that fit together: what somebody would answer who knows the collection and wants something.

A scheme makes of an honest answer the one that is sent, or None where it has nothing to say.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping
from random import Random
from typing import Any

from ansible_collections.liqo.fabric.plugins.module_utils._liqo import resources as r

from tests.unit.bodies import Body
from tests.unit.trust.store import Found, Request, Store

PEER = "liqo.io/remote-cluster-id"
OWNERS = "liqo-fabric.github.io/owners"
MANAGED = "liqo-fabric.github.io/managed"
OTHERS = ("leaf-a", "leaf-b", "leaf-c", "hub", *(f"leaf-{letter}" for letter in "uvwxyz"))
LINK_KINDS = ("Namespace", "Configuration", "GatewayServer", "GatewayClient", "PublicKey", "Connection", "Secret")
EVIDENCE = ("ForeignCluster", "Tenant", "Identity", "VirtualNode")
MANY = 120

Clusters = Mapping[str, Store]
Scheme = Callable[[Random, Request, Found, Clusters, str], "Found | None"]


def _items(found: Found) -> list[Body]:
    items = found.body.get("items")
    return items if isinstance(items, list) else []


def _kind(found: Found) -> str:
    return str(found.body.get("kind", "")).removesuffix("List")


def _with(found: Found, items: list[Body]) -> Found:
    return Found(found.status, {**found.body, "items": items})


def _refused(code: int, reason: str) -> Found:
    message = f"no: {reason}"
    return Found(code, {"kind": "Status", "status": "Failure", "message": message, "reason": reason, "code": code})


def _each(found: Found, change: Callable[[Body], None]) -> Found | None:
    """Each object of a list, or the one object, after a change."""
    if "items" in found.body:
        items = copy.deepcopy(_items(found))
        for item in items:
            change(item)
        return _with(found, items) if items else None
    if "metadata" not in found.body or found.status >= 400:
        return None
    body = copy.deepcopy(found.body)
    change(body)
    return Found(found.status, body)


def _impersonates(_rng: Random, request: Request, _found: Found, clusters: Clusters, victim: str) -> Found | None:
    """It is another leaf, in everything that it says."""
    other = clusters["leaf-c" if victim != "leaf-c" else "leaf-a"]
    return other.answer(request) if request.method == "GET" and not request.watches else None


def _empties(_rng: Random, _request: Request, found: Found, _clusters: Clusters, _victim: str) -> Found | None:
    """It holds nothing at all, but itself."""
    return _with(found, []) if _items(found) and _kind(found) != "ConfigMap" else None


def _hides(rng: Random, request: Request, found: Found, _clusters: Clusters, _victim: str) -> Found | None:
    """Our rights show some kinds, and of some only those in some namespaces."""
    if request.method != "GET" or _kind(found) in ("ConfigMap", "Network", ""):
        return None
    whole = "/namespaces/" not in request.path
    return _refused(403, "Forbidden") if rng.random() < (0.7 if whole else 0.3) else None


def _hides_peerings(_rng: Random, _request: Request, found: Found, _clusters: Clusters, _victim: str) -> Found | None:
    """Nothing says that anyone is peered."""
    return _refused(403, "Forbidden") if _kind(found) in EVIDENCE else None


def _claims_links(_rng: Random, _request: Request, found: Found, _clusters: Clusters, victim: str) -> Found | None:
    """It is linked with all others by links of ours."""
    items = _items(found)
    if _kind(found) not in LINK_KINDS or not items:
        return None
    return _with(found, [*items, *(_twin(items[0], peer) for peer in OTHERS if peer != victim)])


def _twin(item: Body, peer: str) -> Body:
    twin = copy.deepcopy(item)
    metadata = twin["metadata"]
    metadata["labels"] = {**(metadata.get("labels") or {}), PEER: peer, MANAGED: "true"}
    metadata["annotations"] = {**(metadata.get("annotations") or {}), OWNERS: "retail"}
    metadata["uid"] = f"claim of {peer}"
    if twin["kind"] == "Namespace":
        metadata["name"] = f"liqo-tenant-{peer}"
    else:
        metadata["name"] = metadata["name"] if twin["kind"] in ("Secret", "Connection") else peer
        metadata["namespace"] = f"liqo-tenant-{peer}"
    return twin


def _other_owners(rng: Random, _request: Request, found: Found, _clusters: Clusters, _victim: str) -> Found | None:
    """Its objects belong to others, too, or to others alone."""
    owners = rng.choice(("edge", "edge,retail", ",".join(f"fabric-{number}" for number in range(40))))

    def mark(body: Body) -> None:
        body["metadata"]["annotations"] = {**(body["metadata"].get("annotations") or {}), OWNERS: owners}
        body["metadata"]["labels"] = {**(body["metadata"].get("labels") or {}), MANAGED: "true"}

    return _each(found, mark)


def _is_going(_rng: Random, _request: Request, found: Found, _clusters: Clusters, _victim: str) -> Found | None:
    """Everything is being deleted, and something holds it."""

    def doom(body: Body) -> None:
        body["metadata"].update(deletionTimestamp="2026-11-30T19:22:14Z", finalizers=["example.com/hold"])

    return _each(found, doom) if _kind(found) != "ConfigMap" else None


def _has_pods(_rng: Random, _request: Request, found: Found, clusters: Clusters, victim: str) -> Found | None:
    """Every pod of every cluster runs on it, at addresses of its own, of others, and of the machine that runs this."""
    if _kind(found) != "EndpointSlice":
        return None
    pods = sorted(
        {
            endpoint.get("targetRef", {}).get("name", "")
            for store in clusters.values()
            for body in store.of(r.ENDPOINT_SLICE).values()
            for endpoint in body.get("endpoints") or []
        }
    )
    addresses = ("10.42.0.99", "10.44.0.17", "10.96.0.1", "127.0.0.1", "169.254.169.254")

    def host(body: Body) -> None:
        body["endpoints"] = [
            {"addresses": [address], "conditions": {"ready": True}, "targetRef": {"kind": "Pod", "name": pod}}
            for pod in pods
            for address in addresses
        ]

    return _each(found, host)


def _has_networks(rng: Random, _request: Request, found: Found, _clusters: Clusters, _victim: str) -> Found | None:
    """Its networks are everything, or those of others."""
    cidr = rng.choice(("0.0.0.0/0", "10.44.0.0/16", "10.96.0.0/12", "10.0.0.0/8", "203.0.113.0/24"))

    def change(body: Body) -> None:
        for part in ("spec", "status"):
            for name, value in list(_walk(body.get(part))):
                if name == "cidr" and isinstance(value["cidr"], str):
                    value["cidr"] = cidr
                elif name in ("pod", "external"):
                    value[name] = [cidr]

    return _each(found, change) if _kind(found) in ("Network", "Configuration") else None


def _has_endpoints(rng: Random, _request: Request, found: Found, _clusters: Clusters, _victim: str) -> Found | None:
    """Its gateways are reached inside of others."""
    address = rng.choice(("127.0.0.1", "10.44.0.1", "169.254.169.254", "224.0.0.1", "10.96.0.1", "198.18.0.11"))

    def change(body: Body) -> None:
        for name, value in list(_walk(body)):
            if name == "addresses":
                value["addresses"] = [address]

    return _each(found, change) if _kind(found) in ("GatewayServer", "GatewayClient") else None


def _is_crowded(_rng: Random, _request: Request, found: Found, _clusters: Clusters, _victim: str) -> Found | None:
    """More than a hundred objects where there was one."""
    items = _items(found)
    if not items or len(str(items[0])) > 1500:
        return None
    crowd = [
        {**items[0], "metadata": {**items[0]["metadata"], "name": f"n-{number}", "uid": f"u-{number}"}}
        for number in range(MANY)
    ]
    return _with(found, [*items, *crowd])


def _forgets(_rng: Random, request: Request, found: Found, _clusters: Clusters, _victim: str) -> Found | None:
    """It takes every write and keeps none."""
    return Found(found.status, request.body) if request.method != "GET" and found.status < 300 else None


def _refuses(rng: Random, request: Request, _found: Found, _clusters: Clusters, _victim: str) -> Found | None:
    """It takes no write, for whatever reason."""
    if request.method == "GET":
        return None
    answers = ((409, "Conflict"), (403, "Forbidden"), (422, "Invalid"), (500, "Oops"), (404, "NotFound"))
    return _refused(*rng.choice(answers))


def _changes_uids(rng: Random, _request: Request, found: Found, _clusters: Clusters, _victim: str) -> Found | None:
    """No object is the one that it was."""

    def change(body: Body) -> None:
        body["metadata"]["uid"] = f"uid {rng.random()}"

    return _each(found, change)


def _says_anything_of_services(
    rng: Random, _request: Request, found: Found, _clusters: Clusters, _victim: str
) -> Found | None:
    """Its slices are for Services of others, made by us."""
    if _kind(found) not in ("EndpointSlice", "ShadowEndpointSlice"):
        return None
    service = rng.choice(("hub/shop/solo", "hub/demo/web", "leaf-a/demo/web", "hub/kube-system/dns"))

    def change(body: Body) -> None:
        metadata = body["metadata"]
        labels = {"kubernetes.io/service-name": service.rpartition("/")[2], MANAGED: "true"}
        labels["endpointslice.kubernetes.io/managed-by"] = "liqo-fabric"
        metadata["labels"] = {**(metadata.get("labels") or {}), **labels}
        marks = {"liqo-fabric.github.io/service": service, OWNERS: "retail"}
        metadata["annotations"] = {**(metadata.get("annotations") or {}), **marks}
        metadata["namespace"] = rng.choice(("shop-hub", "demo-hub", "kube-system"))

    return _each(found, change)


def _walk(value: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    if isinstance(value, dict):
        for name in list(value):
            yield name, value
            yield from _walk(value[name])
    elif isinstance(value, list):
        for part in value:
            yield from _walk(part)


SCHEMES: Mapping[str, Scheme] = {
    "impersonates": _impersonates,
    "empties": _empties,
    "hides": _hides,
    "hides peerings": _hides_peerings,
    "claims links": _claims_links,
    "other owners": _other_owners,
    "is going": _is_going,
    "has pods": _has_pods,
    "has networks": _has_networks,
    "has endpoints": _has_endpoints,
    "is crowded": _is_crowded,
    "forgets": _forgets,
    "refuses": _refuses,
    "changes uids": _changes_uids,
    "says anything of services": _says_anything_of_services,
}
