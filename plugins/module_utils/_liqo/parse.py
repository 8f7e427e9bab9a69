# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""API bodies -> the objects of ``_fabric``, one function per kind. Private keys end here: the public half goes on."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable

from .._fabric.model import ClusterId
from .._fabric.moments import instant
from .._fabric.objects import (
    Child,
    Cidrs,
    Configuration,
    ConfigurationSpec,
    Connection,
    Endpoint,
    ForeignCluster,
    GatewayClient,
    GatewayClientSpec,
    GatewayServer,
    GatewayServerSpec,
    Held,
    KeySecret,
    Kind,
    LostLabels,
    Marked,
    Meta,
    NamespaceSpec,
    PublicKey,
    PublicKeySpec,
    TemplateRef,
    TenantNamespace,
)
from .._fabric.resources import Resource
from .body import Json, at, int_at, items_at, map_at, port_at, text_at, texts_at, word_at
from .labels import lost_labels
from .names import GATEWAY_PREFIX, OWNERS, WISHES, read_owners, read_wishes
from .resources import (
    CONFIGURATION,
    CONNECTION,
    FOREIGN_CLUSTER,
    GATEWAY_CLIENT,
    GATEWAY_SERVER,
    NAMESPACE,
    PUBLIC_KEY,
    SECRET,
)

KEY_BYTES = 32
LONGEST_LATENCY_MS = 3_600_000.0
"""No answer of a peer takes so long."""
_P = 2**255 - 19
_OF_LOW_ORDER = frozenset(
    {
        0,
        1,
        325606250916557431795983626356110631294008115727848805560023387167927233504,
        39382357235489614581723060781553021112529911719440698176882885853963445705823,
        _P - 1,
        _P,
        _P + 1,
    }
)
"""Points of Curve25519 with which every secret comes to the same result."""
_REMAINS = ("NamespaceContentRemaining", "NamespaceFinalizersRemaining", "NamespaceDeletionContentFailure")
"""Conditions of a namespace that say what is left in it."""
_MS_BY_UNIT = {"ns": 1e-6, "µs": 1e-3, "μs": 1e-3, "us": 1e-3, "ms": 1.0, "s": 1e3}
_DURATION = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,9})?)(ns|µs|μs|us|ms|s)")
MODULES = ("networking", "authentication", "offloading")


def parse_meta(body: Json, lost: LostLabels | None = None) -> Meta:
    metadata = at(body, "metadata")
    return Meta(
        lost=lost,
        name=text_at(metadata, "name"),
        namespace=text_at(metadata, "namespace"),
        uid=text_at(metadata, "uid"),
        resource_version=text_at(metadata, "resourceVersion"),
        created_at=text_at(metadata, "creationTimestamp"),
        terminating=bool(text_at(metadata, "deletionTimestamp")),
        finalizers=texts_at(metadata, "finalizers"),
    )


def parse_namespace(body: Json, peer: ClusterId) -> TenantNamespace:
    """A tenant namespace. Kubernetes holds it until it is empty, which its spec's finalizer shows."""
    meta, marked = _marked(NAMESPACE, body, peer)
    return TenantNamespace(
        meta=meta,
        spec=NamespaceSpec(labelled=marked.labelled, owners=marked.owners),
        remaining="; ".join(
            [
                text_at(condition, "message")
                for condition in items_at(body, "status", "conditions")
                if text_at(condition, "type") in _REMAINS and text_at(condition, "status") == "True"
            ][: len(_REMAINS)]
        ),
    )


def parse_configuration(body: Json, peer: ClusterId) -> Configuration:
    """A Configuration and its remap, once that is complete.

    Before 1.2.0 Liqo looks at the first CIDR of each list alone. From then on each one must have its remap, and a
    condition must say so for this very generation.
    """
    meta, marked = _marked(CONFIGURATION, body, peer)
    remote = _cidrs(at(body, "spec", "remote", "cidr"))
    remap = _cidrs(at(body, "status", "remote", "cidr"))
    conditions = items_at(body, "status", "conditions")
    has_conditions = at(body, "status", "conditions") is not None
    settled = any(remap.pod[:1]) and any(remap.external[:1])
    if has_conditions:
        generation = int_at(body, "metadata", "generation")
        settled = _covers(remap.pod, remote.pod) and _covers(remap.external, remote.external)
        settled = settled and any(
            text_at(condition, "type") == "NetworkCIDRsConfigured"
            and text_at(condition, "status") == "True"
            and int_at(condition, "observedGeneration") == generation
            for condition in conditions
        )
    return Configuration(
        meta=meta,
        spec=ConfigurationSpec(labelled=marked.labelled, owners=marked.owners, remote=remote),
        remap=remap if settled else None,
        has_conditions=has_conditions,
    )


def parse_gateway_server(body: Json, peer: ClusterId) -> GatewayServer:
    meta, marked = _marked(GATEWAY_SERVER, body, peer)
    spec = at(body, "spec")
    return GatewayServer(
        meta=meta,
        spec=GatewayServerSpec(
            labelled=marked.labelled,
            owners=marked.owners,
            wishes=marked.wishes,
            mtu=int_at(spec, "mtu") or 0,
            port=port_at(spec, "endpoint", "port") or 0,
            service_type=word_at(spec, "endpoint", "serviceType") or "ClusterIP",
            node_port=port_at(spec, "endpoint", "nodePort"),
            load_balancer_ip=text_at(spec, "endpoint", "loadBalancerIP") or None,
            template=_template(at(spec, "serverTemplateRef")),
            service_annotations=map_at(spec, "serviceAnnotations") or None,
            service_labels=map_at(spec, "serviceLabels") or None,
            secret=text_at(spec, "secretRef", "name") or None,
        ),
        endpoint=_endpoint(at(body, "status", "endpoint")),
        secret_name=_secret_name(body),
        default_secret_name=f"{GATEWAY_PREFIX}{text_at(body, 'metadata', 'name')}",
        pod_ip=text_at(body, "status", "internalEndpoint", "ip"),
    )


def parse_gateway_client(body: Json, peer: ClusterId) -> GatewayClient:
    meta, marked = _marked(GATEWAY_CLIENT, body, peer)
    spec = at(body, "spec")
    return GatewayClient(
        meta=meta,
        spec=GatewayClientSpec(
            labelled=marked.labelled,
            owners=marked.owners,
            wishes=marked.wishes,
            mtu=int_at(spec, "mtu") or 0,
            endpoint=_endpoint(at(spec, "endpoint")),
            template=_template(at(spec, "clientTemplateRef")),
            secret=text_at(spec, "secretRef", "name") or None,
        ),
        secret_name=_secret_name(body),
        default_secret_name=f"{GATEWAY_PREFIX}{text_at(body, 'metadata', 'name')}",
        pod_ip=text_at(body, "status", "internalEndpoint", "ip"),
    )


def parse_public_key(body: Json, peer: ClusterId) -> PublicKey:
    meta, marked = _marked(PUBLIC_KEY, body, peer)
    return PublicKey(
        meta=meta,
        spec=PublicKeySpec(
            labelled=marked.labelled, owners=marked.owners, key=_canonical(text_at(body, "spec", "publicKey"))
        ),
    )


def parse_held(kind: Kind, body: Json, peer: ClusterId) -> Held:
    """An object of a kind that we write."""
    parsers: dict[Kind, Callable[[Json, ClusterId], Held]] = {
        Kind.NAMESPACE: parse_namespace,
        Kind.CONFIGURATION: parse_configuration,
        Kind.SERVER: parse_gateway_server,
        Kind.CLIENT: parse_gateway_client,
        Kind.PUBLIC_KEY: parse_public_key,
    }
    return parsers[kind](body, peer)


def parse_key_secret(body: Json, peer: ClusterId) -> KeySecret:
    """The public key of a gateway's Secret; empty when it has none of the right length."""
    owners = read_owners(map_at(body, "metadata", "annotations").get(OWNERS, ""))
    return KeySecret(
        meta=parse_meta(body, lost_labels(SECRET, body, peer, owners)),
        public_key=_canonical(text_at(body, "data", "publicKey")),
        owners=owners,
        made_for=_made_for(body),
    )


def parse_connection(body: Json, peer: ClusterId) -> Connection:
    latency = at(body, "status", "latency")
    timestamp = text_at(latency, "timestamp")
    return Connection(
        meta=parse_meta(body, lost_labels(CONNECTION, body, peer)),
        value=word_at(body, "status", "value"),
        latency_ms=parse_latency(text_at(latency, "value")),
        latency_at=timestamp if instant(timestamp) is not None else None,
    )


def parse_latency(text: str) -> float | None:
    """Milliseconds of a Go duration such as ``850µs``, ``12ms``, ``1.5s``; None for Liqo's marker of "no latency"."""
    match = _DURATION.fullmatch(text)
    found = float(match[1]) * _MS_BY_UNIT[match[2]] if match else None
    return found if found is not None and found <= LONGEST_LATENCY_MS else None


def parse_foreign_cluster(body: Json, peer: ClusterId) -> ForeignCluster:
    modules = at(body, "status", "modules")
    return ForeignCluster(
        meta=parse_meta(body, lost_labels(FOREIGN_CLUSTER, body, peer)),
        role=word_at(body, "status", "role") or "Unknown",
        modules=frozenset(name for name in MODULES if at(modules, name, "enabled") is True),
    )


def parse_child(body: Json, kind: str) -> Child:
    owners = items_at(body, "metadata", "ownerReferences")
    of_gateway = any(text_at(owner, "kind") == "InternalFabric" for owner in owners)
    return Child(kind=kind, meta=parse_meta(body), of_gateway=of_gateway)


def labels_of(body: Json) -> dict[str, str]:
    return map_at(body, "metadata", "labels")


def _marked(resource: Resource, body: Json, peer: ClusterId) -> tuple[Meta, Marked]:
    """The object with its owners, and whether Liqo's labels and our own are as they must be."""
    annotations = map_at(body, "metadata", "annotations")
    owners = read_owners(annotations.get(OWNERS, ""))
    lost = lost_labels(resource, body, peer, owners)
    wishes = read_wishes(annotations.get(WISHES, ""))
    return parse_meta(body, lost), Marked(labelled=lost is None, owners=owners, wishes=wishes)


def _cidrs(cidr: object) -> Cidrs:
    return Cidrs(pod=texts_at(cidr, "pod"), external=texts_at(cidr, "external"))


def _covers(remap: tuple[str, ...], spec: tuple[str, ...]) -> bool:
    return bool(spec) and len(remap) == len(spec) and all(remap)


def _endpoint(body: object) -> Endpoint | None:
    """None without a usable address: a server on a NotReady node advertises one empty string."""
    addresses = tuple(address for address in texts_at(body, "addresses") if address)
    port = port_at(body, "port")
    if not addresses or port is None:
        return None
    return Endpoint(addresses=addresses, port=port, protocol=word_at(body, "protocol") or "UDP")


def _template(ref: object) -> TemplateRef:
    return TemplateRef(name=text_at(ref, "name"), namespace=text_at(ref, "namespace"))


def _secret_name(body: Json) -> str | None:
    return text_at(body, "spec", "secretRef", "name") or text_at(body, "status", "secretRef", "name") or None


def _made_for(body: Json) -> str | None:
    """The uid of the gateway that is the only owner of a Secret; empty where an owner is anything else."""
    if not at(body, "metadata", "ownerReferences"):
        return None
    owners = items_at(body, "metadata", "ownerReferences")
    owner = owners[0] if len(owners) == 1 else {}
    kind = (text_at(owner, "apiVersion").partition("/")[0], text_at(owner, "kind"))
    is_gateway = kind in [(one.group, one.kind) for one in (GATEWAY_SERVER, GATEWAY_CLIENT)]
    return text_at(owner, "uid") if is_gateway else ""


def _canonical(encoded: str) -> str:
    """The same text for the same bytes; empty for what is no key, or one that everybody shares a secret with."""
    try:
        key = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        return ""
    is_key = len(key) == KEY_BYTES and int.from_bytes(key, "little") % 2**255 not in _OF_LOW_ORDER
    return base64.b64encode(key).decode() if is_key else ""
