# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Labels, annotations and names: Liqo's, and the mark by which this collection knows its own objects."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping

from .._fabric.legal import is_name
from .._fabric.model import FabricName
from .body import map_at

REMOTE_CLUSTER_ID = "liqo.io/remote-cluster-id"
REPLICATED = "liqo.io/replicated"
"""Label with the text true: another cluster made this object, and Liqo copied it here."""
TENANT_NAMESPACE = "liqo.io/tenant-namespace"
GATEWAY_RESOURCE = "networking.liqo.io/gateway-resource"
IDENTITY_TYPE = "liqo.io/identity-type"
NETWORK_TYPE = "ipam.liqo.io/network-type"
POD_SECURITY = {f"pod-security.kubernetes.io/{mode}": "privileged" for mode in ("enforce", "audit", "warn")}
"""A gateway pod is privileged; Liqo sets these itself from 1.1 on."""

COMPONENT = "app.kubernetes.io/name"
"""Label of every part of Liqo's installation: which one it is."""
CLUSTER_ID_CONFIG_MAP = "app.kubernetes.io/name=clusterid-configmap"
CONTROLLER_MANAGER = "app.kubernetes.io/name=controller-manager,app.kubernetes.io/component=controller-manager"
IPAM = "app.kubernetes.io/name=ipam"
VIRTUAL_KUBELET = "offloading.liqo.io/component=virtual-kubelet"
GATEWAY_DEPLOYMENT = "networking.liqo.io/component=gateway"

SERVICE_NAME = "kubernetes.io/service-name"
SLICE_MANAGER = "endpointslice.kubernetes.io/managed-by"
MANAGED_BY = "liqo-fabric"
"""Value of SLICE_MANAGER on our slices."""
REFLECTION = "endpointslice.reflection.liqo.io"
"""Value of SLICE_MANAGER on those that a hub reflected."""
ORIGIN = "offloading.liqo.io/origin"
"""Label of every slice of a reflected Service, those of the leaf's own pods included, and of ours."""
PATH = "liqo-fabric.github.io/path"
"""Label of our slices with their Use. It is never taken away, since Liqo would leave it on what it made of them."""
REMAP = "liqo-fabric.github.io/remap"
"""Annotation of our slices: the CIDRs of the peer as the leaf maps them, separated by commas."""

GATEWAY_PREFIX = "gw-"
"""Before a gateway's name it is that of the gateway's Deployment, Service, Connection and Secret."""

MANAGED = "liqo-fabric.github.io/managed"
"""Label: one of our fabrics made this object."""
OWNERS = "liqo-fabric.github.io/owners"
"""Annotation: the fabrics that want it, sorted and separated by commas."""

IDENTITY = "liqo-fabric.github.io/identity"
"""Label of roles, bindings and ServiceAccounts: the name of the identity for which they were made."""

WISHES = "liqo-fabric.github.io/wishes"
"""Annotation of a gateway: JSON of the settings that each of these fabrics wants, by name of the fabric."""


LONGEST_MARK = 16384
"""Letters of such an annotation. A longer one is none of ours."""

MOST_OWNERS = 64
"""An object that more fabrics claim is claimed by none: nobody could agree about it."""


def write_owners(owners: Iterable[FabricName]) -> str:
    """The annotation's value."""
    return ",".join(sorted(owners))


def read_owners(value: str) -> frozenset[FabricName]:
    """The fabrics of an annotation's value; what cannot be the name of a fabric is none."""
    if len(value) > LONGEST_MARK:
        return frozenset()
    names = frozenset(FabricName(name) for name in map(str.strip, value.split(",")) if is_name(name))
    return names if len(names) <= MOST_OWNERS else frozenset()


def write_wishes(wishes: Mapping[FabricName, Mapping[str, str]]) -> str:
    """The annotation's value."""
    return json.dumps(wishes, sort_keys=True, separators=(",", ":"))


def read_wishes(value: str) -> dict[FabricName, dict[str, str]] | None:
    """The settings of an annotation's value; None when there are none or somebody garbled it."""
    if not value or len(value) > LONGEST_MARK:
        return None
    try:
        found = json.loads(value)
    except (ValueError, RecursionError):
        return None
    if not isinstance(found, dict):
        return None
    return {FabricName(name): map_at(found, name) for name in found if is_name(name)}
