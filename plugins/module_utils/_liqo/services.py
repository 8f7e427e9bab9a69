# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Services and their slices: bodies -> what propagation knows of a cluster, and specs -> bodies."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from .._fabric.legal import is_dns_label
from .._fabric.model import ClusterId
from .._fabric.objects import ClusterState, Marked
from .._fabric.propagation.desired import PREFIX
from .._fabric.propagation.model import (
    ClusterServices,
    DirectSpec,
    NamespaceMapping,
    Origin,
    PolicySpec,
    Service,
    ServiceKey,
    ShadowSpec,
    Slice,
    SliceEndpoint,
    SlicePort,
    TouchSpec,
    Use,
)
from .._fabric.propagation.operations import SliceKind
from .._fabric.resources import Resource
from .body import Json, as_cluster_id, at, int_at, items_at, map_at, text_at, texts_at
from .by_peer import key_of, tenant_of
from .names import (
    MANAGED,
    MANAGED_BY,
    ORIGIN,
    OWNERS,
    PATH,
    REFLECTION,
    REMAP,
    REMOTE_CLUSTER_ID,
    REPLICATED,
    SERVICE_NAME,
    SLICE_MANAGER,
    read_owners,
    write_owners,
)
from .parse import labels_of, parse_meta
from .policies import NOWHERE, parse_policies, parse_policy
from .resources import BINDING, ENDPOINT_SLICE, NAMESPACE, NAMESPACE_MAP, POLICY, SERVICE, SHADOW_SLICE, VIRTUAL_NODE

DIRECT = "liqo.io/use-direct-connections"
"""Annotation of a Service; only the exact text true counts."""

MADE_FOR = "liqo-fabric.github.io/service"
"""Annotation of our slices: hub/namespace/name of the Service."""
TOUCHED = "liqo-fabric.github.io/touched"
"""Annotation of any slice: written to have Liqo apply it anew."""

_LONGEST_PHASE, _LONGEST_NOTE = 40, 1000
"""What is longer is not of Liqo or not of this collection, and is not shown as a whole."""

_MANAGERS = {
    "endpointslice-controller.k8s.io": Origin.NATIVE,
    REFLECTION: Origin.REFLECTED,
    MANAGED_BY: Origin.OURS,
}

RESOURCE_BY_SLICE_KIND: Mapping[SliceKind, Resource] = {
    SliceKind.POLICY: POLICY,
    SliceKind.BINDING: BINDING,
    SliceKind.SHADOW: SHADOW_SLICE,
    SliceKind.SLICE: ENDPOINT_SLICE,
    SliceKind.SERVICE: SERVICE,
}

Objects = Mapping[Resource, "tuple[Json, ...] | None"]
"""Bodies by kind; None where the API does not serve the kind."""


def parse_services(state: ClusterState, objects: Objects, *, all_services: bool = False) -> ClusterServices:
    """One cluster, from what was listed; kinds that were not asked for count as empty.

    With ``all_services`` those of the list are all that the cluster has, not only those that hubs made.
    """

    def of(resource: Resource) -> tuple[Json, ...]:
        return objects.get(resource) or ()

    mappings = tuple(one for body in of(NAMESPACE_MAP) if _is_own_map(body, state) for one in parse_mappings(body))
    offloaded = {one.namespace for one in mappings}
    policies = objects.get(POLICY)
    shadows = tuple(
        one for body in _once(of(SHADOW_SLICE)) for one in [parse_shadow(body)] if one.origin is Origin.OURS
    )
    return ClusterServices(
        state=state,
        services=tuple(
            parse_service(body, state.id)
            for body in _once(of(SERVICE))
            if text_at(body, "metadata", "namespace") in offloaded and is_dns_label(text_at(body, "metadata", "name"))
        ),
        mappings=mappings,
        nodes={
            text_at(body, "metadata", "name"): as_cluster_id(text_at(body, "spec", "clusterID"))
            for body in of(VIRTUAL_NODE)
        },
        slices=tuple(parse_slice(body) for body in _once(of(ENDPOINT_SLICE))),
        shadows=shadows,
        policies=parse_policies(policies, of(BINDING)) if policies is not None else None,
        reflected=frozenset(_reflected(of(SERVICE))) if objects.get(SERVICE) is not None else None,
        present=frozenset(map(key_of, of(SERVICE))) if all_services else None,
    )


def _reflected(services: Iterable[Json]) -> Iterator[tuple[str, str, ClusterId]]:
    """Namespace, name and hub of each Service that a hub made on this cluster."""
    for body in services:
        hub = as_cluster_id(labels_of(body).get(ORIGIN, ""))
        if hub:
            yield (*key_of(body), hub)


def _once(bodies: Iterable[Json]) -> Iterable[Json]:
    """Each object once: nothing can be done twice because a list has it twice."""
    return {key_of(body): body for body in bodies}.values()


def _is_own_map(body: Json, hub: ClusterState) -> bool:
    """Did the hub make this NamespaceMap, for the leaf in whose tenant namespace it is?

    A cluster that consumes the hub may write NamespaceMaps of its own into its own tenant namespace there.
    """
    labels, namespace = labels_of(body), text_at(body, "metadata", "namespace")
    owners = [peer for peer, side in hub.sides.items() if any(one.meta.name == namespace for one in side.namespaces)]
    peer = owners[0] if owners else tenant_of(namespace)
    hidden = not peer and NAMESPACE.kind in hub.unread
    return labels.get(REPLICATED) != "true" and (hidden or peer == labels.get(REMOTE_CLUSTER_ID))


def parse_mappings(body: Json) -> tuple[NamespaceMapping, ...]:
    """A NamespaceMap: where each namespace of the hub is on one leaf, also those that are not there yet.

    The hub says which namespaces these are and how they are called on the leaf. The leaf writes the status: it says
    only whether they are there.
    """
    leaf = as_cluster_id(labels_of(body).get(REMOTE_CLUSTER_ID, ""))
    current, desired = at(body, "status", "currentMapping"), map_at(body, "spec", "desiredMapping")
    return tuple(
        NamespaceMapping(
            namespace=name,
            leaf=leaf,
            remote=remote,
            phase=text_at(current, name, "phase")[:_LONGEST_PHASE]
            if text_at(current, name, "remoteNamespace") == remote
            else "",
        )
        for name, remote in sorted(desired.items())
        if leaf and is_dns_label(name) and is_dns_label(remote)
    )


def parse_service(body: Json, hub: ClusterId) -> Service:
    """A Service of a hub."""
    annotations = map_at(body, "metadata", "annotations")
    meta = parse_meta(body)
    return Service(
        key=ServiceKey(hub, meta.namespace, meta.name),
        labels=labels_of(body),
        direct=annotations.get(DIRECT) == "true",
        owners=read_owners(annotations.get(OWNERS, "")),
        selects=bool(map_at(body, "spec", "selector")) and text_at(body, "spec", "type") != "ExternalName",
        meta=meta,
    )


def parse_slice(body: Json) -> Slice:
    """An EndpointSlice or a ShadowEndpointSlice."""
    labels, annotations = labels_of(body), map_at(body, "metadata", "annotations")
    content = at(body, "spec", "template") if text_at(body, "kind") == SHADOW_SLICE.kind else body
    origin = _MANAGERS.get(labels.get(SLICE_MANAGER, ""), Origin.OTHER)
    # Native slices copy the label of a reflected Service, but their addresses are the cluster's own.
    mapped = origin in (Origin.REFLECTED, Origin.OURS)
    named = as_cluster_id(labels.get(ORIGIN, "")) or None
    return Slice(
        meta=parse_meta(body),
        service=labels.get(SERVICE_NAME, ""),
        origin=origin,
        source=named if mapped else None,
        hub=named if origin is Origin.NATIVE else None,
        address_type=text_at(content, "addressType") or "IPv4",
        endpoints=tuple(_endpoint(item) for item in items_at(content, "endpoints")),
        ports=tuple(_port(item) for item in items_at(content, "ports")),
        use=next((use for use in Use if use == labels.get(PATH)), Use.ADDITIVE),
        remap=tuple(part for part in annotations.get(REMAP, "")[:_LONGEST_NOTE].split(",") if part),
        owners=read_owners(annotations.get(OWNERS, "")) if origin is Origin.OURS else frozenset(),
        key=_key(annotations.get(MADE_FOR, "")),
        touched=annotations.get(TOUCHED, "")[:_LONGEST_NOTE],
    )


def parse_shadow(body: Json) -> Slice:
    """A ShadowEndpointSlice. One of ours that lost a label is known by the annotation that names its Service."""
    one, labels = parse_slice(body), labels_of(body)
    if one.origin is Origin.REFLECTED or (one.key is None and one.origin is not Origin.OURS):
        return one
    owners = read_owners(map_at(body, "metadata", "annotations").get(OWNERS, ""))
    service = one.key.name if one.key is not None else one.service
    source = _source_in(one.meta.name, service) or as_cluster_id(labels.get(ORIGIN, "")) or None
    wanted = {SLICE_MANAGER: MANAGED_BY, MANAGED: "true", SERVICE_NAME: service, ORIGIN: source, PATH: one.use.value}
    return replace(
        one,
        origin=Origin.OURS,
        source=source,
        hub=None,
        service=service,
        owners=owners,
        labelled=all(labels.get(key) == value for key, value in wanted.items()),
        unclaimed=not owners,
    )


def _source_in(name: str, service: str) -> ClusterId:
    """The leaf that the name of a slice of ours holds; empty for a name that older versions gave."""
    start = f"{PREFIX}{service}."
    return as_cluster_id(name.removeprefix(start).partition(".")[0] if name.startswith(start) else "")


def parse_written(kind: SliceKind, body: Json, cluster: ClusterId) -> Marked:
    """What an object has of the fields that are written of its kind; the other half of the two builders of bodies."""
    if kind is SliceKind.SHADOW:
        return ShadowSpec.of(parse_shadow(body))
    if kind is SliceKind.SLICE:
        return TouchSpec(touched=parse_slice(body).touched)
    if kind is SliceKind.SERVICE:
        service = parse_service(body, cluster)
        return DirectSpec(direct=service.direct, owners=service.owners)
    held = parse_policy(kind, body)
    return PolicySpec(owners=held.owners, intact=held.intact)


def _key(text: str) -> ServiceKey | None:
    hub, *names = text[:_LONGEST_NOTE].split("/")
    if len(names) != 2 or not as_cluster_id(hub) or not all(map(is_dns_label, names)):
        return None
    return ServiceKey(as_cluster_id(hub), *names)


def _endpoint(item: object) -> SliceEndpoint:
    conditions = at(item, "conditions")
    ready, serving = at(conditions, "ready"), at(conditions, "serving")
    addresses, kept = texts_at(item, "addresses"), text_at(item, "targetRef", "fieldPath")
    return SliceEndpoint(
        addresses=(kept,) if kept and addresses == (NOWHERE,) else addresses,
        pod=text_at(item, "targetRef", "name"),
        ready=ready is not False,
        serving=serving if isinstance(serving, bool) else None,
        node=text_at(item, "nodeName"),
        hostname=text_at(item, "hostname"),
        zone=text_at(item, "zone"),
    )


def _port(item: object) -> SlicePort:
    return SlicePort(
        name=text_at(item, "name"),
        port=int_at(item, "port"),
        protocol=text_at(item, "protocol") or "TCP",
        app_protocol=text_at(item, "appProtocol"),
    )


def build_slice_body(spec: Marked, *, name: str, namespace: str, current: Json | None = None) -> dict[str, Any]:
    """The body to create, or with ``current`` to replace: of a ShadowEndpointSlice, a touched slice or a Service.

    Only what we own is set, all else is kept.
    """
    body: dict[str, Any] = copy.deepcopy(dict(current)) if current else {}
    metadata = body.setdefault("metadata", {})
    metadata.update(name=name, namespace=namespace)
    annotations = dict(metadata.get("annotations") or {})
    if isinstance(spec, ShadowSpec):
        _set_shadow(body, metadata, annotations, spec)
    elif isinstance(spec, TouchSpec):
        annotations[TOUCHED] = spec.touched
    elif isinstance(spec, DirectSpec):
        _put(annotations, DIRECT, "true" if spec.direct else "")
        _put(annotations, OWNERS, write_owners(spec.owners))
    else:
        raise TypeError(f"no body is made of a {type(spec).__name__}")
    metadata["annotations"] = annotations
    return body


def _set_shadow(body: dict[str, Any], metadata: dict[str, Any], annotations: dict[str, str], spec: ShadowSpec) -> None:
    if spec.key is None or not isinstance(spec.remap, tuple):
        raise TypeError(f"the slice of {spec.key} is not known in full: {spec.remap}")
    body.update(apiVersion=SHADOW_SLICE.api_version, kind=SHADOW_SLICE.kind)
    metadata["labels"] = {
        **(metadata.get("labels") or {}),
        ORIGIN: spec.source,
        SERVICE_NAME: spec.key.name,
        SLICE_MANAGER: MANAGED_BY,
        PATH: spec.use.value,
        MANAGED: "true",
    }
    annotations[REMAP] = ",".join(spec.remap)
    annotations[MADE_FOR] = f"{spec.key.hub}/{spec.key.namespace}/{spec.key.name}"
    _put(annotations, OWNERS, write_owners(spec.owners))
    body["spec"] = {
        "template": {
            "addressType": "IPv4",
            "endpoints": [_endpoint_body(endpoint) for endpoint in spec.endpoints],
            "ports": [_port_body(port) for port in spec.ports],
        }
    }


def _endpoint_body(endpoint: SliceEndpoint) -> dict[str, Any]:
    target = {"targetRef": {"kind": "RemotePod", "name": endpoint.pod}} if endpoint.pod else {}
    optional = {"hostname": endpoint.hostname, "zone": endpoint.zone}
    return {
        "addresses": list(endpoint.addresses),
        "conditions": {"ready": endpoint.ready},
        **target,
        **{key: value for key, value in optional.items() if value},
    }


def _port_body(port: SlicePort) -> dict[str, Any]:
    optional = {"name": port.name, "port": port.port, "appProtocol": port.app_protocol}
    return {"protocol": port.protocol, **{key: value for key, value in optional.items() if value not in ("", None)}}


def _put(annotations: dict[str, str], key: str, value: str) -> None:
    if value:
        annotations[key] = value
    else:
        annotations.pop(key, None)
