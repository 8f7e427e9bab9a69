# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The bodies of one cluster, sorted by the peer that each concerns, while single ones come, change and go.

A change costs the same whatever the number of peers: a cluster may have hundreds, and each of them changes often.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TypeAlias, TypeVar

from .._fabric.model import ClusterId
from .._fabric.resources import Resource
from .body import Json, as_cluster_id, cluster_at, text_at
from .names import REMOTE_CLUSTER_ID, TENANT_NAMESPACE
from .parse import labels_of
from .resources import FOREIGN_CLUSTER, NAMESPACE, PEERING

TENANT_PREFIX = "liqo-tenant-"

_NOBODY = ClusterId("")

Key: TypeAlias = "tuple[str, str]"
"""Namespace (empty for a cluster-scoped kind) and name."""

Bodies: TypeAlias = "dict[Resource, dict[Key, Json]]"


class ByPeer:
    """An object belongs to the peer of the tenant namespace in which it lies, elsewhere to the peer of its label.

    So an object that lost its label is found, and who writes into the namespace of one peer changes nothing of another
    one, whatever a label says. The peer of a namespace is the one that its name is made of, else the one of its labels.
    What lies in the Liqo namespace concerns the cluster itself. A name that is no cluster id is no peer.
    Methods that change something return the peers whose objects are not what they were.

    Whose a namespace is, is looked up when it is asked for: what lies in it is not touched when that changes.
    """

    def __init__(self, objects: Mapping[Resource, Iterable[Json]]) -> None:
        self._bodies: Bodies = {}
        # By the place that decides whose an object is, empty for one that says that itself.
        self._lying_in: dict[str, Bodies] = {}
        self._claims: dict[str, dict[ClusterId, Bodies]] = {}
        self._claimed_in: dict[ClusterId, dict[str, None]] = {}
        self._placed: dict[tuple[Resource, Key], tuple[str, ClusterId]] = {}
        self._tenants: dict[str, ClusterId] = {}
        self._namespaces: dict[ClusterId, dict[str, None]] = {}
        for resource in objects:
            self._bodies[resource] = {}
            for body in objects[resource]:
                self.put(resource, body)

    def peers(self) -> tuple[ClusterId, ...]:
        """Every peer of which anything is held, sorted."""
        found: set[ClusterId] = set()
        for place in self._lying_in:
            found.update(self._peers_in(place))
        return tuple(sorted(found))

    def of(self, peer: ClusterId) -> Mapping[Resource, Iterable[Json]]:
        """The bodies that concern a peer, each kind in the order in which they came to their namespace."""
        found: dict[Resource, list[Json]] = {}
        claimed = (self._claims[place][peer] for place in self._claimed_in.get(peer, ()) if not self._tenant(place))
        owned = (self._lying_in.get(place, {}) for place in self._namespaces.get(peer, ()))
        for bodies in (*claimed, *owned):
            for resource, held in bodies.items():
                found.setdefault(resource, []).extend(held.values())
        return {resource: tuple(bodies) for resource, bodies in found.items()}

    def all(self, resource: Resource) -> Mapping[Key, Json]:
        """Every body of a kind."""
        return self._bodies.get(resource, {})

    def strangers(self) -> tuple[str, ...]:
        """The objects that name a peer by what is no cluster id, and that belong to no peer."""
        return tuple(
            f"{resource.kind} {'/'.join(filter(None, key))}"
            for resource, bodies in self._bodies.items()
            for key, body in bodies.items()
            if not self._peer_of(*self._placed[(resource, key)]) and _claimed(resource, body)
        )

    def put(self, resource: Resource, body: Json) -> set[ClusterId]:
        """Add a body, or put it in the place of the one of the same name."""
        key = key_of(body)
        self._bodies.setdefault(resource, {})[key] = body
        placed = _place_of(resource, key, body)
        touched = {self._peer_of(*placed)}
        if (before := self._placed.get((resource, key), placed)) != placed:
            self._take_out(resource, key)
            touched.add(self._peer_of(*before))
        self._put_in(resource, key, body, placed)
        if resource == NAMESPACE:
            peer = labels_of(body).get(REMOTE_CLUSTER_ID, "") if labels_of(body).get(TENANT_NAMESPACE) else ""
            touched |= self._namespace_is_of(key[1], as_cluster_id(peer))
        return touched - {_NOBODY}

    def drop(self, resource: Resource, key: Key) -> set[ClusterId]:
        """Take a body out, if it is there."""
        if self._bodies.get(resource, {}).pop(key, None) is None:
            return set()
        touched = {self._peer_of(*self._take_out(resource, key))}
        if resource == NAMESPACE:
            touched |= self._namespace_is_of(key[1], _NOBODY)
        return touched - {_NOBODY}

    def _namespace_is_of(self, name: str, peer: ClusterId) -> set[ClusterId]:
        """What lies in a namespace follows the namespace."""
        before = self._tenants.get(name, _NOBODY)
        if not name or tenant_of(name) or before == peer:
            return set()
        touched = self._peers_in(name)
        self._own(name, before, peer)
        return touched | self._peers_in(name)

    def _own(self, name: str, before: ClusterId, peer: ClusterId) -> None:
        if before:
            del self._tenants[name]
            _remove(self._namespaces, before, name)
        if peer:
            self._tenants[name] = peer
            self._namespaces.setdefault(peer, {})[name] = None

    def _put_in(self, resource: Resource, key: Key, body: Json, placed: tuple[str, ClusterId]) -> None:
        place, claimed = placed
        self._placed[(resource, key)] = placed
        if place not in self._lying_in:
            self._lying_in[place] = {}
            if peer := tenant_of(place):
                self._namespaces.setdefault(peer, {})[place] = None
        self._lying_in[place].setdefault(resource, {})[key] = body
        if claimed:
            self._claims.setdefault(place, {}).setdefault(claimed, {}).setdefault(resource, {})[key] = body
            self._claimed_in.setdefault(claimed, {})[place] = None

    def _take_out(self, resource: Resource, key: Key) -> tuple[str, ClusterId]:
        """Where it was."""
        place, claimed = self._placed.pop((resource, key))
        lying = self._lying_in[place]
        _remove(lying, resource, key)
        if not lying:
            del self._lying_in[place]
            if peer := tenant_of(place):
                _remove(self._namespaces, peer, place)
        if claimed:
            claims = self._claims[place]
            _remove(claims[claimed], resource, key)
            if not claims[claimed]:
                _remove(self._claims, place, claimed)
                _remove(self._claimed_in, claimed, place)
        return place, claimed

    def _tenant(self, place: str) -> ClusterId:
        """The peer of a namespace."""
        return tenant_of(place) or self._tenants.get(place, _NOBODY)

    def _peer_of(self, place: str, claimed: ClusterId) -> ClusterId:
        return self._tenant(place) or claimed

    def _peers_in(self, place: str) -> set[ClusterId]:
        """Whose that is which lies there."""
        if place not in self._lying_in:
            return set()
        peer = self._tenant(place)
        return {peer} if peer else set(self._claims.get(place, ()))


_Outer = TypeVar("_Outer")
_Inner = TypeVar("_Inner")
_Held = TypeVar("_Held")


def _remove(held: dict[_Outer, dict[_Inner, _Held]], outer: _Outer, inner: _Inner) -> None:
    """Nothing empty is left."""
    del held[outer][inner]
    if not held[outer]:
        del held[outer]


def _place_of(resource: Resource, key: Key, body: Json) -> tuple[str, ClusterId]:
    """The namespace that decides whose an object is, and the peer that it names itself."""
    if resource == FOREIGN_CLUSTER:
        place, peer = "", _NOBODY
    elif resource == NAMESPACE:
        place, peer = "", tenant_of(key[1])
    elif resource in PEERING:
        place, peer = "", cluster_at(body, "spec", "clusterID")
    else:
        place, peer = key[0], _NOBODY
    return place, peer or as_cluster_id(_claimed(resource, body))


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
