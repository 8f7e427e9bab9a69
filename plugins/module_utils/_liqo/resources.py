# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The kinds that we read and write, where they live in the API, and how much of them a run lists."""

from __future__ import annotations

from dataclasses import dataclass

from .._fabric.objects import Kind
from .._fabric.resources import Resource
from .names import (
    CLUSTER_ID_CONFIG_MAP,
    CONTROLLER_MANAGER,
    GATEWAY_DEPLOYMENT,
    GATEWAY_RESOURCE,
    MANAGED_BY,
    ORIGIN,
    SLICE_MANAGER,
    TENANT_NAMESPACE,
    VIRTUAL_KUBELET,
)


def _networking(kind: str, plural: str) -> Resource:
    return Resource(group="networking.liqo.io", version="v1beta1", plural=plural, kind=kind, namespaced=True)


CONFIG_MAP = Resource(group="", version="v1", plural="configmaps", kind="ConfigMap", namespaced=True)
NAMESPACE = Resource(group="", version="v1", plural="namespaces", kind="Namespace", namespaced=False)
SECRET = Resource(group="", version="v1", plural="secrets", kind="Secret", namespaced=True)
DEPLOYMENT = Resource(group="apps", version="v1", plural="deployments", kind="Deployment", namespaced=True)
DAEMON_SET = Resource(group="apps", version="v1", plural="daemonsets", kind="DaemonSet", namespaced=True)
REPLICA_SET = Resource(group="apps", version="v1", plural="replicasets", kind="ReplicaSet", namespaced=True)
POD = Resource(group="", version="v1", plural="pods", kind="Pod", namespaced=True)
EVENT = Resource(group="", version="v1", plural="events", kind="Event", namespaced=True)
RESOURCE_QUOTA = Resource(group="", version="v1", plural="resourcequotas", kind="ResourceQuota", namespaced=True)
SERVICE = Resource(group="", version="v1", plural="services", kind="Service", namespaced=True)

CONFIGURATION = _networking("Configuration", "configurations")
GATEWAY_SERVER = _networking("GatewayServer", "gatewayservers")
GATEWAY_CLIENT = _networking("GatewayClient", "gatewayclients")
PUBLIC_KEY = _networking("PublicKey", "publickeies")
CONNECTION = _networking("Connection", "connections")
INTERNAL_FABRIC = _networking("InternalFabric", "internalfabrics")
ROUTE_CONFIGURATION = _networking("RouteConfiguration", "routeconfigurations")
FIREWALL_CONFIGURATION = _networking("FirewallConfiguration", "firewallconfigurations")
WG_SERVER = _networking("WgGatewayServer", "wggatewayservers")
WG_CLIENT = _networking("WgGatewayClient", "wggatewayclients")
SERVER_TEMPLATE = _networking("WgGatewayServerTemplate", "wggatewayservertemplates")
CLIENT_TEMPLATE = _networking("WgGatewayClientTemplate", "wggatewayclienttemplates")
NETWORK = Resource(group="ipam.liqo.io", version="v1alpha1", plural="networks", kind="Network", namespaced=True)
FOREIGN_CLUSTER = Resource(
    group="core.liqo.io", version="v1beta1", plural="foreignclusters", kind="ForeignCluster", namespaced=False
)
TENANT = Resource(group="authentication.liqo.io", version="v1beta1", plural="tenants", kind="Tenant", namespaced=True)
IDENTITY = Resource(
    group="authentication.liqo.io", version="v1beta1", plural="identities", kind="Identity", namespaced=True
)
VIRTUAL_NODE = Resource(
    group="offloading.liqo.io", version="v1beta1", plural="virtualnodes", kind="VirtualNode", namespaced=True
)

NAMESPACE_MAP = Resource(
    group="offloading.liqo.io", version="v1beta1", plural="namespacemaps", kind="NamespaceMap", namespaced=True
)
SHADOW_SLICE = Resource(
    group="offloading.liqo.io",
    version="v1beta1",
    plural="shadowendpointslices",
    kind="ShadowEndpointSlice",
    namespaced=True,
)
ENDPOINT_SLICE = Resource(
    group="discovery.k8s.io", version="v1", plural="endpointslices", kind="EndpointSlice", namespaced=True
)
POLICY = Resource(
    group="admissionregistration.k8s.io",
    version="v1",
    plural="mutatingadmissionpolicies",
    kind="MutatingAdmissionPolicy",
    namespaced=False,
)
BINDING = Resource(
    group="admissionregistration.k8s.io",
    version="v1",
    plural="mutatingadmissionpolicybindings",
    kind="MutatingAdmissionPolicyBinding",
    namespaced=False,
)


def _rbac(kind: str, plural: str, *, namespaced: bool) -> Resource:
    return Resource(group="rbac.authorization.k8s.io", version="v1", plural=plural, kind=kind, namespaced=namespaced)


SERVICE_ACCOUNT = Resource(group="", version="v1", plural="serviceaccounts", kind="ServiceAccount", namespaced=True)
CLUSTER_ROLE = _rbac("ClusterRole", "clusterroles", namespaced=False)
CLUSTER_ROLE_BINDING = _rbac("ClusterRoleBinding", "clusterrolebindings", namespaced=False)
ROLE = _rbac("Role", "roles", namespaced=True)
ROLE_BINDING = _rbac("RoleBinding", "rolebindings", namespaced=True)

RESOURCE_BY_KIND = {
    Kind.NAMESPACE: NAMESPACE,
    Kind.CONFIGURATION: CONFIGURATION,
    Kind.SECRET: SECRET,
    Kind.SERVER: GATEWAY_SERVER,
    Kind.CLIENT: GATEWAY_CLIENT,
    Kind.PUBLIC_KEY: PUBLIC_KEY,
    Kind.CONNECTION: CONNECTION,
    Kind.FOREIGN_CLUSTER: FOREIGN_CLUSTER,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """One LIST. Link objects are listed without a selector, to find those that lost their label."""

    resource: Resource
    selector: str | None = None
    in_liqo_namespace: bool = False


WHO = Query(resource=CONFIG_MAP, selector=CLUSTER_ID_CONFIG_MAP, in_liqo_namespace=True)
"""The first request to a cluster: is it there, is Liqo there, and is it the one that is meant?"""

STEADY = (
    Query(resource=NETWORK),
    Query(resource=NAMESPACE, selector=TENANT_NAMESPACE),
    Query(resource=CONFIGURATION),
    Query(resource=GATEWAY_SERVER),
    Query(resource=GATEWAY_CLIENT),
    Query(resource=PUBLIC_KEY),
    Query(resource=CONNECTION),
    Query(resource=SECRET, selector=GATEWAY_RESOURCE),
    Query(resource=FOREIGN_CLUSTER),
)
"""With WHO these ten tell whether anything is to be done."""

PEERING = (TENANT, IDENTITY, VIRTUAL_NODE)
"""Kinds that only a real peering has."""

BEFORE_WRITING = (
    *(Query(resource=resource) for resource in PEERING),
    Query(resource=SERVER_TEMPLATE),
    Query(resource=CLIENT_TEMPLATE),
)
"""Read only once something is to be done."""

GATEWAY_CHILDREN = (WG_SERVER, WG_CLIENT, DEPLOYMENT, INTERNAL_FABRIC)
NETWORK_CHILDREN = (NETWORK, ROUTE_CONFIGURATION, FIREWALL_CONFIGURATION)
"""What Liqo derives from a link and must remove itself."""

BEFORE_REMOVING = (
    *(Query(resource=resource) for resource in (WG_SERVER, WG_CLIENT, INTERNAL_FABRIC)),
    Query(resource=DEPLOYMENT, selector=GATEWAY_DEPLOYMENT),
    Query(resource=ROUTE_CONFIGURATION),
    Query(resource=FIREWALL_CONFIGURATION),
)

LIQO_DEPLOYMENT = Query(resource=DEPLOYMENT, selector=CONTROLLER_MANAGER, in_liqo_namespace=True)

FOR_INFO = (
    *(Query(resource=resource) for resource in PEERING),
    LIQO_DEPLOYMENT,
    Query(resource=DEPLOYMENT, selector=VIRTUAL_KUBELET),
)

OF_HUBS = (
    Query(resource=NAMESPACE_MAP),
    Query(resource=VIRTUAL_NODE),
    Query(resource=SERVICE),
    Query(resource=ENDPOINT_SLICE),
    Query(resource=DEPLOYMENT, selector=VIRTUAL_KUBELET),
)
"""What a hub tells of its Services, beside STEADY."""

OF_LEAVES = (
    LIQO_DEPLOYMENT,
    Query(resource=FOREIGN_CLUSTER),
    Query(resource=ENDPOINT_SLICE, selector=ORIGIN),
    Query(resource=SHADOW_SLICE, selector=f"{SLICE_MANAGER}={MANAGED_BY}"),
    Query(resource=SERVICE, selector=ORIGIN),
    Query(resource=POLICY),
    Query(resource=BINDING),
)
"""What a leaf tells of the Services that hubs reflect, beside STEADY. The last two may not be served, and Services may
be hidden."""

FOR_EVENTS = (
    Query(resource=NAMESPACE, selector=TENANT_NAMESPACE),
    Query(resource=CONFIGURATION),
    Query(resource=CONNECTION),
    Query(resource=ENDPOINT_SLICE, selector=ORIGIN),
)
"""What is watched to learn that a fabric has changed; the namespaces tell to which peer the others belong."""
