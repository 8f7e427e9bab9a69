# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Builders of what the connector of 2025 leaves, as the core sees it; for tests only."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ansible_collections.liqo.fabric.plugins.module_utils._fabric.connector.model import (
    Binding,
    Controller,
    ForeignClusterConnection,
    Remains,
    Role,
    Wanted,
)
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.connector.retire import Names
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.model import Cluster, ClusterId, Fabric, State
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.objects import Meta

from tests.unit.build import RETAIL, pair, shortcut

HUB = ClusterId("hub")
LEAVES = (ClusterId("leaf-a"), ClusterId("leaf-b"))
FINALIZER = "foreignclusterconnection.finalizers.networking.liqo.io"
NAMES = Names(controller_namespace="liqo-shortcutmanager-system", leaf_role="liqo-gatewayclients-reader")


def meta(name: str, namespace: str = "", **facts: Any) -> Meta:
    return Meta(name=name, namespace=namespace, uid=f"uid of {namespace}/{name}", resource_version="7", **facts)


def connection(
    client: str = "leaf-b", server: str = "leaf-a", *, name: str = "", hub: str = "hub", **facts: Any
) -> ForeignClusterConnection:
    """As the command of the connector wrote it, and connected."""
    facts = {
        "meta": meta(name or f"{client}-{server}", "default", finalizers=(FINALIZER,)),
        "mtu": 1340,
        "port": 51840,
        "service_type": "LoadBalancer",
        "finalizers": frozenset({FINALIZER}),
        "connected": True,
        "phase": "Connected",
        **facts,
    }
    return ForeignClusterConnection(hub=ClusterId(hub), client=ClusterId(client), server=ClusterId(server), **facts)


def hub_remains(*connections: ForeignClusterConnection, cluster: str = "hub", **facts: Any) -> Remains:
    """A hub on which the controller runs."""
    facts = {
        "controllers": (Controller(meta=meta("liqo-shortcutmanager", NAMES.controller_namespace), replicas=1),),
        "pods": (meta("liqo-shortcutmanager-1", NAMES.controller_namespace),),
        "definition": meta("foreignclusterconnections.networking.liqo.io"),
        "namespace": meta(NAMES.controller_namespace),
        "bindings": (binding("liqo-shortcutmanager-rolebinding", "liqo-shortcutmanager-role", account=True),),
        "roles": (role("liqo-shortcutmanager-role"), role("view", own=False)),
        **facts,
    }
    return Remains(cluster=ClusterId(cluster), connections=connections, **facts)


def leaf_remains(cluster: str = "leaf-a", *users: str) -> Remains:
    """A leaf with the right of the controller, granted to these hubs."""
    name = NAMES.leaf_role
    granted = replace(binding(f"{name}-binding", name), users=frozenset(users or ("hub",)))
    return Remains(cluster=ClusterId(cluster), bindings=(granted,), roles=(role(name, own=False),))


def binding(name: str, granted: str, *, account: bool = False) -> Binding:
    accounts = frozenset({NAMES.controller_namespace} if account else ())
    return Binding(meta=meta(name), role=granted, accounts=accounts)


def role(name: str, *, own: bool = True) -> Role:
    return Role(meta=meta(name), is_connectors=own)


def clusters(*names: str) -> tuple[Cluster, ...]:
    return tuple(Cluster(id=ClusterId(name), name=name, labels={}) for name in names or (HUB, *LEAVES))


def fabric(*pairs: tuple[str, str], **settings: Any) -> Fabric:
    """Retail, with these pairs declared."""
    wishes = tuple(shortcut(*ends, **settings) for ends in pairs)
    return Fabric(name=RETAIL, clusters=clusters(), shortcuts=wishes)


def wanted(*, hubs: tuple[str, ...] = ("hub",), coming: bool = False, **facts: Any) -> Wanted:
    facts = {"state": State.ABSENT, "fabric": RETAIL, **facts}
    pairs = frozenset({pair()} if coming else ())
    return Wanted(hubs=tuple(map(ClusterId, hubs)), coming=pairs, **facts)
