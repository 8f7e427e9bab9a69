# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Specs -> API bodies. Starting from what is there, only the fields that we own are set; all others are kept."""

from __future__ import annotations

import base64
from typing import Any

from .._fabric.model import ClusterId, ServiceType
from .._fabric.objects import (
    ConfigurationSpec,
    Endpoint,
    GatewayClientSpec,
    GatewayServerSpec,
    Later,
    NamespaceSpec,
    PublicKeySpec,
    SecretSpec,
    Spec,
    TemplateRef,
)
from .._fabric.resources import Resource
from .body import Json, own_map, writable
from .labels import labels_of_liqo
from .names import MANAGED, OWNERS, POD_SECURITY, WISHES, write_owners, write_wishes
from .resources import (
    CLIENT_TEMPLATE,
    CONFIGURATION,
    GATEWAY_CLIENT,
    GATEWAY_SERVER,
    NAMESPACE,
    PUBLIC_KEY,
    SECRET,
    SERVER_TEMPLATE,
)


def build(spec: Spec, *, name: str, namespace: str, peer: ClusterId, current: Json | None = None) -> dict[str, Any]:
    """The body to create, or with ``current`` to replace an object. Every Later must have been resolved."""
    resource, labels, fields = _parts(spec, peer)
    body = writable(current)
    body.update(apiVersion=resource.api_version, kind=resource.kind)
    metadata = body["metadata"]
    metadata["name"] = name
    if namespace:
        metadata["namespace"] = namespace
    if current is None:
        labels = {**labels, **(POD_SECURITY if isinstance(spec, NamespaceSpec) else {})}
    metadata["labels"] = {**(metadata.get("labels") or {}), **labels}
    _set_mark(metadata, spec)
    if fields:
        body["spec"] = _merged(body.get("spec"), fields)
    return body


def build_key_secret(
    spec: SecretSpec, *, name: str, namespace: str, peer: ClusterId, private_key: bytes, public_key: bytes
) -> dict[str, Any]:
    """The Secret of a gateway with a pair of our own, 32 raw bytes each, labelled as Liqo looks for it.

    The only body with a private key: it goes to the API server and nowhere else.
    """
    pair = {"privateKey": private_key, "publicKey": public_key}
    data = {key: base64.b64encode(half).decode() for key, half in pair.items()}
    return {**build(spec, name=name, namespace=namespace, peer=peer), "type": "Opaque", "data": data}


def _parts(spec: Spec, peer: ClusterId) -> tuple[Resource, dict[str, str], dict[str, Any]]:
    """The kind, Liqo's labels and the owned fields of ``spec``."""
    resource, fields = _kind_and_fields(spec)
    return resource, labels_of_liqo(resource, peer), fields


def _kind_and_fields(spec: Spec) -> tuple[Resource, dict[str, Any]]:
    if isinstance(spec, NamespaceSpec):
        return NAMESPACE, {}
    if isinstance(spec, ConfigurationSpec):
        cidr = {"pod": list(spec.remote.pod), "external": list(spec.remote.external)}
        return CONFIGURATION, {"remote": {"cidr": cidr}}
    if isinstance(spec, SecretSpec):
        return SECRET, {}
    if isinstance(spec, GatewayServerSpec):
        return GATEWAY_SERVER, _server_fields(spec)
    if isinstance(spec, GatewayClientSpec):
        return GATEWAY_CLIENT, _client_fields(spec)
    if isinstance(spec, PublicKeySpec):
        return PUBLIC_KEY, {"publicKey": _known(spec)}
    raise TypeError(f"no body is made of a {type(spec).__name__}")


def _server_fields(spec: GatewayServerSpec) -> dict[str, Any]:
    optional = {"nodePort": spec.node_port, "loadBalancerIP": spec.load_balancer_ip}
    forbidden = {"nodePort": None} if spec.service_type == ServiceType.CLUSTER_IP else {}
    metadata = {"serviceAnnotations": spec.service_annotations, "serviceLabels": spec.service_labels}
    return {
        "mtu": spec.mtu,
        "endpoint": {
            "port": spec.port,
            "serviceType": str(getattr(spec.service_type, "value", spec.service_type)),
            **{key: value for key, value in optional.items() if value is not None},
            **forbidden,
        },
        "serverTemplateRef": _template_ref(SERVER_TEMPLATE, spec.template),
        **{key: dict(value) for key, value in metadata.items() if value is not None},
        **_secret_ref(spec),
    }


def _client_fields(spec: GatewayClientSpec) -> dict[str, Any]:
    if not isinstance(spec.endpoint, Endpoint):
        raise TypeError(f"the endpoint is not known: {spec.endpoint}")
    endpoint = spec.endpoint
    return {
        "mtu": spec.mtu,
        "endpoint": {"addresses": list(endpoint.addresses), "port": endpoint.port, "protocol": endpoint.protocol},
        "clientTemplateRef": _template_ref(CLIENT_TEMPLATE, spec.template),
        **_secret_ref(spec),
    }


def _secret_ref(spec: GatewayServerSpec | GatewayClientSpec) -> dict[str, Any]:
    return {"secretRef": {"name": spec.secret}} if spec.secret is not None else {}


def _known(spec: PublicKeySpec) -> str:
    if isinstance(spec.key, Later):
        raise TypeError(f"the key is not known: {spec.key}")
    return spec.key


def _template_ref(resource: Resource, template: TemplateRef) -> dict[str, str]:
    return {
        "apiVersion": resource.api_version,
        "kind": resource.kind,
        "name": template.name,
        "namespace": template.namespace,
    }


def _set_mark(metadata: dict[str, Any], spec: Spec) -> None:
    annotations = metadata.get("annotations", {})
    if spec.owners:
        metadata["labels"][MANAGED] = "true"
        annotations[OWNERS] = write_owners(spec.owners)
    else:
        metadata["labels"].pop(MANAGED, None)
        annotations.pop(OWNERS, None)
    if spec.wishes:
        annotations[WISHES] = write_wishes(spec.wishes)
    elif spec.wishes is not None or not spec.owners:
        annotations.pop(WISHES, None)
    if annotations:
        metadata["annotations"] = annotations


def _merged(held: object, fields: dict[str, Any]) -> dict[str, Any]:
    """Owned fields are set, those that are None dropped, the rest kept. Maps of text (labels of a Service) are one."""
    found = own_map(held)
    for key, value in fields.items():
        if value is None:
            found.pop(key, None)
        elif isinstance(value, dict) and not key.startswith("service"):
            found[key] = _merged(found.get(key), value)
        else:
            found[key] = value
    return found
