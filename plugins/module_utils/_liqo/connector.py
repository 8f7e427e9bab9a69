# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The objects of the connector of 2025: where they are, how they read, and the two changes that are made to them.

Its kind lies in an API group of Liqo, but Liqo does not know it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .._fabric.connector.model import (
    Asked,
    Binding,
    ConnectorKind,
    Controller,
    FinalizersSpec,
    ForeignClusterConnection,
    ReplicasSpec,
    Role,
)
from .._fabric.model import ClusterId
from .._fabric.objects import Marked
from .._fabric.resources import Resource
from .body import Json, at, cluster_at, int_at, items_at, own_map, port_at, text_at, texts_at, writable
from .parse import labels_of, parse_meta
from .resources import DEPLOYMENT, NAMESPACE

CONTROLLER_NAMESPACE = "liqo-shortcutmanager-system"
FINALIZER = "foreignclusterconnection.finalizers.networking.liqo.io"
SERVER_GATEWAY_TYPE = "networking.liqo.io/v1beta1/wggatewayservertemplates"
CLIENT_GATEWAY_TYPE = "networking.liqo.io/v1beta1/wggatewayclienttemplates"
LEAF_ROLE = "liqo-gatewayclients-reader"
"""What lets the controller write to a leaf: this ClusterRole, and its binding with the suffix -binding."""

_CONTROLLER_NAME = "liqo-shortcutmanager"
_RBAC = "rbac.authorization.k8s.io"

FOREIGN_CLUSTER_CONNECTION = Resource(
    group="networking.liqo.io",
    version="v1beta1",
    plural="foreignclusterconnections",
    kind="ForeignClusterConnection",
    namespaced=True,
)
DEFINITION = Resource(
    group="apiextensions.k8s.io",
    version="v1",
    plural="customresourcedefinitions",
    kind="CustomResourceDefinition",
    namespaced=False,
)
DEFINITION_NAME = str(FOREIGN_CLUSTER_CONNECTION)
CLUSTER_ROLE = Resource(group=_RBAC, version="v1", plural="clusterroles", kind="ClusterRole", namespaced=False)
CLUSTER_ROLE_BINDING = Resource(
    group=_RBAC, version="v1", plural="clusterrolebindings", kind="ClusterRoleBinding", namespaced=False
)

RESOURCE_BY_CONNECTOR_KIND = {
    ConnectorKind.DEPLOYMENT: DEPLOYMENT,
    ConnectorKind.CONNECTION: FOREIGN_CLUSTER_CONNECTION,
    ConnectorKind.DEFINITION: DEFINITION,
    ConnectorKind.BINDING: CLUSTER_ROLE_BINDING,
    ConnectorKind.ROLE: CLUSTER_ROLE,
    ConnectorKind.NAMESPACE: NAMESPACE,
}


def parse_connection(body: Json, hub: ClusterId) -> ForeignClusterConnection:
    """One ForeignClusterConnection; none of its fields has a default or a check of its own."""
    meta = parse_meta(body)
    spec, status = at(body, "spec"), at(body, "status")
    networking = at(spec, "networking")
    wait = at(networking, "wait")
    return ForeignClusterConnection(
        hub=hub,
        meta=meta,
        client=cluster_at(spec, "foreignClusterA"),
        server=cluster_at(spec, "foreignClusterB"),
        mtu=int_at(networking, "mtu") or 0,
        port=port_at(networking, "serverServicePort") or 0,
        service_type=text_at(networking, "serverServiceType"),
        of_server=_asked(networking, "server", SERVER_GATEWAY_TYPE),
        of_client=_asked(networking, "client", CLIENT_GATEWAY_TYPE),
        timeout_s=int_at(networking, "timeoutSeconds"),
        wait=wait if isinstance(wait, bool) else None,
        finalizers=frozenset(meta.finalizers) & {FINALIZER},
        connected=at(status, "isConnected") is True,
        phase=text_at(status, "phase"),
        error=text_at(status, "errorMessage"),
    )


def parse_controller(body: Json) -> Controller:
    """A Deployment; without a number of replicas it has one."""
    replicas = int_at(body, "spec", "replicas")
    return Controller(meta=parse_meta(body), replicas=1 if replicas is None else replicas)


def parse_binding(body: Json) -> Binding:
    subjects = items_at(body, "subjects")
    of_kind = {kind: [one for one in subjects if text_at(one, "kind") == kind] for kind in ("ServiceAccount", "User")}
    return Binding(
        meta=parse_meta(body),
        role=text_at(body, "roleRef", "name"),
        accounts=frozenset(text_at(one, "namespace") for one in of_kind["ServiceAccount"]),
        users=frozenset(text_at(one, "name") for one in of_kind["User"]),
        others=len(subjects) - sum(map(len, of_kind.values())),
    )


def parse_role(body: Json) -> Role:
    meta = parse_meta(body)
    rules = items_at(body, "rules")
    plural = FOREIGN_CLUSTER_CONNECTION.plural
    about = {resource.partition("/")[0] for rule in rules for resource in texts_at(rule, "resources")}
    named = meta.name.startswith(_CONTROLLER_NAME)
    labelled = labels_of(body).get("app.kubernetes.io/name") == _CONTROLLER_NAME
    return Role(meta=meta, is_connectors=named or labelled or about == {plural})


def build_retired(spec: Marked, current: Json) -> dict[str, Any]:
    """The body of what is there with the one field set that a spec is about."""
    body = writable(current)
    if isinstance(spec, ReplicasSpec):
        body["spec"] = {**own_map(body.get("spec")), "replicas": spec.replicas}
    elif isinstance(spec, FinalizersSpec):
        body["metadata"]["finalizers"] = list(spec.finalizers)
    else:
        raise TypeError(f"nothing of the connector is changed to {type(spec).__name__}")
    return body


def retired_spec(kind: ConnectorKind, body: Mapping[str, object]) -> Marked:
    """What of a body `build_retired` would set, as it is."""
    if kind is ConnectorKind.DEPLOYMENT:
        return ReplicasSpec(replicas=parse_controller(body).replicas)
    return FinalizersSpec(finalizers=parse_meta(body).finalizers)


def _asked(networking: object, side: str, usual: str) -> Asked:
    gateway_type = text_at(networking, f"{side}GatewayType")
    return Asked(
        gateway_type="" if gateway_type == usual else gateway_type,
        template=text_at(networking, f"{side}TemplateName"),
        template_namespace=text_at(networking, f"{side}TemplateNamespace"),
    )
