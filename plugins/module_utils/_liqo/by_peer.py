# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The bodies of one cluster, sorted by the peer that each concerns, while single ones come, change and go.

A change costs the same whatever the number of peers: a cluster may have hundreds, and each of them changes often.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TypeAlias

from .._fabric.model import ClusterId
from .._fabric.resources import Resource
from .body import Json, as_cluster_id, cluster_at, text_at
from .names import REMOTE_CLUSTER_ID, TENANT_NAMESPACE
from .parse import labels_of
from .resources import FOREIGN_CLUSTER, NAMESPACE, PEERING

TENANT_PREFIX = "liqo-tenant-"

Key: TypeAlias = "tuple[str, str]"
"""Namespace (empty for a cluster-scoped kind) and name."""

Bodies: TypeAlias = "dict[Resource, dict[Key, Json]]"


class ByPeer:
    """An object belongs to the peer of the tenant namespace in which it lies, elsewhere to the peer of its label.

    So an object that lost its label is found, and who writes into the namespace of one peer changes nothing of another
    one, whatever a label says. The peer of a namespace is the one that its name is made of, else the one of its labels.
    What lies in the Liqo namespace concerns the cluster itself. A name that is no cluster id is no peer.
    Methods that change something return the peers whose objects are not what they were.
    """

    def __init__(self, objects: Mapping[Resource, Iterable[Json]]) -> None:
        self._bodies: Bodies = {}
        self._sorted: dict[ClusterId, Bodies] = {}
        self._peers: dict[tuple[Resource, Key], str] = {}
        self._lying_in: dict[str, dict[tuple[Resource, Key], None]] = {}
        self._peer_by_namespace: dict[str, str] = {}
        # Tenant namespaces first, so that whatever lies in them is sorted once.
        for resource in sorted(objects, key=lambda resource: resource != NAMESPACE):
            self._bodies[resource] = {}
            for body in objects[resource]:
                self.put(resource, body)

    def peers(self) -> tuple[ClusterId, ...]:
        """Every peer of which anything is held, sorted."""
        return tuple(sorted(self._sorted))

    def of(self, peer: ClusterId) -> Mapping[Resource, Iterable[Json]]:
        """The bodies that concern a peer, each kind in the order in which they came."""
        return {resource: tuple(bodies.values()) for resource, bodies in self._sorted.get(peer, {}).items()}

    def all(self, resource: Resource) -> Mapping[Key, Json]:
        """Every body of a kind."""
        return self._bodies.get(resource, {})

    def strangers(self) -> tuple[str, ...]:
        """The objects that name a peer by what is no cluster id, and that belong to no peer."""
        return tuple(
            f"{resource.kind} {'/'.join(filter(None, key))}"
            for resource, bodies in self._bodies.items()
            for key, body in bodies.items()
            if (resource, key) not in self._peers and _claimed(resource, body)
        )

    def put(self, resource: Resource, body: Json) -> set[ClusterId]:
        """Add a body, or put it in the place of the one of the same name."""
        key = key_of(body)
        self._bodies.setdefault(resource, {})[key] = body
        self._lying_in.setdefault(key[0], {})[(resource, key)] = None
        touched = self._sort_in(resource, key, body)
        if resource == NAMESPACE:
            peer = labels_of(body).get(REMOTE_CLUSTER_ID, "") if labels_of(body).get(TENANT_NAMESPACE) else ""
            touched |= self._namespace_is_of(key[1], tenant_of(key[1]) or as_cluster_id(peer))
        return touched

    def drop(self, resource: Resource, key: Key) -> set[ClusterId]:
        """Take a body out, if it is there."""
        if self._bodies.get(resource, {}).pop(key, None) is None:
            return set()
        del self._lying_in[key[0]][(resource, key)]
        touched = self._take_out(resource, key)
        if resource == NAMESPACE:
            touched |= self._namespace_is_of(key[1], "")
        return touched

    def _namespace_is_of(self, name: str, peer: str) -> set[ClusterId]:
        """What lies in a namespace follows the namespace."""
        touched: set[ClusterId] = set()
        if self._peer_by_namespace.get(name, "") != peer:
            self._peer_by_namespace[name] = peer
            for resource, key in self._lying_in.get(name, {}):
                touched |= self._sort_in(resource, key, self._bodies[resource][key])
        return touched

    def _sort_in(self, resource: Resource, key: Key, body: Json) -> set[ClusterId]:
        peer = self._peer_of(resource, body)
        touched: set[ClusterId] = set()
        if self._peers.get((resource, key), "") != peer:
            touched |= self._take_out(resource, key)
        if peer:
            self._peers[(resource, key)] = peer
            self._sorted.setdefault(ClusterId(peer), {}).setdefault(resource, {})[key] = body
            touched.add(ClusterId(peer))
        return touched

    def _take_out(self, resource: Resource, key: Key) -> set[ClusterId]:
        peer = ClusterId(self._peers.pop((resource, key), ""))
        if not peer:
            return set()
        held = self._sorted[peer]
        del held[resource][key]
        if not held[resource]:
            del held[resource]
        if not held:
            del self._sorted[peer]
        return {peer}

    def _peer_of(self, resource: Resource, body: Json) -> str:
        namespace, name = key_of(body)
        if resource == FOREIGN_CLUSTER:
            peer = ""
        elif resource == NAMESPACE:
            peer = tenant_of(name)
        elif resource in PEERING:
            peer = cluster_at(body, "spec", "clusterID")
        else:
            peer = self._peer_by_namespace.get(namespace) or tenant_of(namespace)
        return peer or as_cluster_id(_claimed(resource, body))


def key_of(body: Json) -> Key:
    """Where an object is among those of its kind."""
    return text_at(body, "metadata", "namespace"), text_at(body, "metadata", "name")


def tenant_of(namespace: str) -> ClusterId:
    """The peer whose tenant namespace has this name by default; empty for any other name."""
    return as_cluster_id(namespace.removeprefix(TENANT_PREFIX) if namespace.startswith(TENANT_PREFIX) else "")


def _claimed(resource: Resource, body: Json) -> str:
    """The peer that an object names itself."""
    if resource == FOREIGN_CLUSTER:
        return text_at(body, "spec", "clusterID")
    return labels_of(body).get(REMOTE_CLUSTER_ID, "")
