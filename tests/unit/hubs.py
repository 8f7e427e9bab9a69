# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bodies of a hub with peered leaves, credentials included."""

from __future__ import annotations

import base64
from collections.abc import Mapping

import yaml
from ansible_collections.liqo.fabric.plugins.module_utils._liqo import resources

from tests.unit.bodies import (
    Body,
    body,
    config_map,
    configuration,
    connection,
    foreign_cluster,
    gateway_server,
    local_networks,
    namespace,
    tenant,
)

TOKEN = "token-that-nobody-may-see"


def peered(leaf: str, labels: Mapping[str, str] | None = None) -> list[Body]:
    """What a hub holds about a leaf to which it offloads."""
    return [
        namespace(leaf),
        configuration(leaf),
        gateway_server(leaf),
        connection(leaf),
        provider(leaf),
        virtual_node(leaf, labels or {}),
        identity(leaf),
        identity_secret(leaf),
    ]


def hub(*leaves: str, name: str = "hub") -> list[Body]:
    """A hub with leaves in region eu."""
    return [
        config_map(name),
        *local_networks(name),
        *(one for leaf in leaves for one in peered(leaf, {"region": "eu"})),
    ]


def provider(leaf: str, *, role: str = "Provider", conditions: Mapping[str, str] | None = None) -> Body:
    """A ForeignCluster with all modules; ``conditions`` of networking by type."""
    found = foreign_cluster(leaf, role=role)
    found["status"]["apiServerUrl"] = f"https://{leaf}.example:6443"
    modules = {name: {"enabled": True} for name in found["status"]["modules"]}
    listed = [{"type": kind, "status": status} for kind, status in (conditions or {}).items()]
    found["status"]["modules"] = {**modules, "networking": {"enabled": True, "conditions": listed}}
    return found


def virtual_node(leaf: str, labels: Mapping[str, str]) -> Body:
    spec = {"clusterID": leaf, "labels": {**labels, "liqo.io/provider": "kubeadm"}}
    return body(resources.VIRTUAL_NODE, leaf, tenant(leaf), peer=leaf, spec=spec)


def identity(leaf: str, kind: str = "ControlPlane") -> Body:
    name = f"controlplane-{leaf}" if kind == "ControlPlane" else f"resourceslice-{leaf}"
    return body(
        resources.IDENTITY,
        name,
        tenant(leaf),
        peer=leaf,
        spec={"clusterID": leaf, "type": kind},
        status={"kubeconfigSecretRef": {"name": f"kubeconfig-{name}"}},
    )


def identity_secret(leaf: str, content: str | None = None) -> Body:
    text = kubeconfig(f"https://{leaf}.example:6443") if content is None else content
    found = body(
        resources.SECRET,
        f"kubeconfig-controlplane-{leaf}",
        tenant(leaf),
        peer=leaf,
        data={"kubeconfig": base64.b64encode(text.encode()).decode()},
    )
    found["metadata"]["labels"]["liqo.io/identity-type"] = "ControlPlane"
    return found


def kubeconfig(server: str, **user: object) -> str:
    """With a token, and what else a user may have."""
    return yaml.safe_dump(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "it", "cluster": {"server": server}}],
            "users": [{"name": "me", "user": {"token": TOKEN, **user}}],
            "contexts": [{"name": "here", "context": {"cluster": "it", "user": "me"}}],
            "current-context": "here",
        }
    )
