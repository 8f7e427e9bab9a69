# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which verb on which kind every job needs: the one table, for the questions before a run and for roles to be granted.

Of a kind's verbs the needed ones come first; without a useful one the job is done in a humbler way.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from .._fabric.objects import Kind
from .._fabric.operations import Op, Verb
from .._fabric.resources import Resource
from .resources import (
    BINDING,
    CLIENT_TEMPLATE,
    CONFIG_MAP,
    CONFIGURATION,
    CONNECTION,
    DEPLOYMENT,
    ENDPOINT_SLICE,
    EVENT,
    FIREWALL_CONFIGURATION,
    FOREIGN_CLUSTER,
    GATEWAY_CLIENT,
    GATEWAY_SERVER,
    IDENTITY,
    INTERNAL_FABRIC,
    NAMESPACE,
    NAMESPACE_MAP,
    NETWORK,
    POD,
    POLICY,
    PUBLIC_KEY,
    REPLICA_SET,
    RESOURCE_BY_KIND,
    RESOURCE_QUOTA,
    ROUTE_CONFIGURATION,
    SECRET,
    SERVER_TEMPLATE,
    SERVICE,
    SHADOW_SLICE,
    TENANT,
    VIRTUAL_NODE,
    WG_CLIENT,
    WG_SERVER,
)


class Job(StrEnum):
    """What a person may be allowed to do; each one includes QUERY."""

    QUERY = "query"
    SHORTCUT = "shortcut"
    """Make and repair."""
    REMOVAL = "removal"
    KEYS = "keys"
    """With SHORTCUT or REMOVAL: key pairs of our own, and new ones for a link."""
    PROPAGATION = "propagation"
    """Let the Services of a hub use shortcuts, on the hub and on leaves."""


class Place(StrEnum):
    """Where a grant is needed."""

    CLUSTER = "cluster"
    """The kind is cluster-scoped, or is looked for in all namespaces."""
    LIQO_NAMESPACE = "liqo-namespace"
    TENANT_NAMESPACES = "tenant-namespaces"
    """Of all peers; over the whole cluster where they do not exist yet."""


class Side(StrEnum):
    """Which part a cluster has in a fabric."""

    HUB = "hub"
    LEAF = "leaf"


BOTH = frozenset(Side)


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """Verbs on one kind in one kind of place."""

    resource: Resource
    verbs: tuple[str, ...] = ()
    useful: tuple[str, ...] = ()
    place: Place = Place.TENANT_NAMESPACES
    sides: frozenset[Side] = BOTH
    """Propagation does not do the same on hubs as on leaves; a shortcut does not touch hubs at all, see SIDES."""


_LINK = (CONFIGURATION, GATEWAY_SERVER, GATEWAY_CLIENT, PUBLIC_KEY)

RIGHTS: dict[Job, tuple[Grant, ...]] = {
    Job.QUERY: (
        Grant(resource=CONFIG_MAP, verbs=("list",), place=Place.LIQO_NAMESPACE),
        Grant(resource=NETWORK, verbs=("list",), place=Place.LIQO_NAMESPACE),
        # In one request instead of one refused request per tenant namespace.
        Grant(resource=NETWORK, useful=("list",)),
        Grant(resource=NAMESPACE, useful=("get", "list"), place=Place.CLUSTER),
        *(Grant(resource=resource, verbs=("list",)) for resource in _LINK),
        Grant(resource=CONNECTION, verbs=("list",)),
        Grant(resource=SECRET, useful=("list",)),
        Grant(resource=FOREIGN_CLUSTER, useful=("list",), place=Place.CLUSTER),
        *(Grant(resource=resource, useful=("list",)) for resource in (TENANT, IDENTITY, VIRTUAL_NODE)),
        Grant(resource=DEPLOYMENT, useful=("list",), place=Place.LIQO_NAMESPACE),
        Grant(resource=DEPLOYMENT, useful=("list",)),
    ),
    Job.SHORTCUT: (
        Grant(resource=NAMESPACE, verbs=("get", "create", "update"), place=Place.CLUSTER),
        Grant(resource=CONFIGURATION, verbs=("get", "list", "create", "update", "delete"), useful=("watch",)),
        *(
            Grant(resource=resource, verbs=("get", "list", "create", "update"), useful=("watch",))
            for resource in (GATEWAY_SERVER, GATEWAY_CLIENT)
        ),
        Grant(resource=PUBLIC_KEY, verbs=("get", "list", "create", "update")),
        Grant(resource=CONNECTION, verbs=("list",), useful=("watch",)),
        Grant(resource=SECRET, verbs=("list",), useful=("watch",)),
        # Each peering has one on its provider, so that with those of both ends none is overlooked.
        Grant(resource=TENANT, verbs=("list",)),
        *(
            Grant(resource=resource, useful=("list", "watch"))
            for resource in (NETWORK, ROUTE_CONFIGURATION, FIREWALL_CONFIGURATION)
        ),
        *(
            Grant(resource=resource, useful=("list",), place=Place.LIQO_NAMESPACE)
            for resource in (SERVER_TEMPLATE, CLIENT_TEMPLATE)
        ),
        Grant(resource=SERVICE, useful=("list",), place=Place.CLUSTER),
        # Why a gateway cannot start: before the first write, and when it does not come up.
        *(Grant(resource=resource, useful=("list",)) for resource in (RESOURCE_QUOTA, POD, REPLICA_SET, EVENT)),
    ),
    Job.REMOVAL: (
        Grant(resource=NAMESPACE, verbs=("get", "update", "delete"), useful=("watch",), place=Place.CLUSTER),
        *(Grant(resource=it, verbs=("get", "list", "update", "delete"), useful=("watch",)) for it in _LINK),
        # The other end may be gone for good, so that one end must tell whether it is peered.
        *(Grant(resource=resource, verbs=("list",)) for resource in (TENANT, IDENTITY, VIRTUAL_NODE)),
        Grant(resource=FOREIGN_CLUSTER, useful=("list", "watch", "delete"), place=Place.CLUSTER),
        *(
            Grant(resource=resource, useful=("list", "watch"))
            for resource in (
                WG_SERVER,
                WG_CLIENT,
                DEPLOYMENT,
                INTERNAL_FABRIC,
                CONNECTION,
                NETWORK,
                ROUTE_CONFIGURATION,
                FIREWALL_CONFIGURATION,
            )
        ),
    ),
}

RIGHTS[Job.KEYS] = (Grant(resource=SECRET, verbs=("list", "create", "delete")),)

_HUB, _LEAF = frozenset({Side.HUB}), frozenset({Side.LEAF})

RIGHTS[Job.PROPAGATION] = (
    Grant(resource=NAMESPACE_MAP, verbs=("list",), place=Place.CLUSTER, sides=_HUB),
    # It tells whether Liqo maps addresses of a peer at all.
    Grant(resource=FOREIGN_CLUSTER, verbs=("list",), place=Place.CLUSTER),
    Grant(resource=VIRTUAL_NODE, verbs=("list",), place=Place.CLUSTER, sides=_HUB),
    Grant(resource=SERVICE, verbs=("get", "list", "update"), place=Place.CLUSTER, sides=_HUB),
    # It tells which Services of a leaf are the leaf's own; else its EndpointSlices do, unless there is no selector.
    Grant(resource=SERVICE, useful=("list",), place=Place.CLUSTER, sides=_LEAF),
    Grant(resource=ENDPOINT_SLICE, verbs=("get", "list", "update"), useful=("watch",), place=Place.CLUSTER),
    Grant(resource=SHADOW_SLICE, verbs=("list",), place=Place.CLUSTER),
    Grant(resource=SHADOW_SLICE, verbs=("get", "create", "update", "delete"), place=Place.CLUSTER, sides=_LEAF),
    *(
        Grant(
            resource=resource,
            useful=("get", "list", "create", "update", "delete"),
            place=Place.CLUSTER,
            sides=_LEAF,
        )
        for resource in (POLICY, BINDING)
    ),
)

SIDES: dict[Job, frozenset[Side]] = {
    Job.QUERY: BOTH,
    Job.SHORTCUT: _LEAF,
    Job.REMOVAL: _LEAF,
    Job.KEYS: _LEAF,
    Job.PROPAGATION: BOTH,
}
"""Where a job has something to do. Elsewhere QUERY is enough."""


def grants(jobs: Iterable[Job], side: Side) -> tuple[Grant, ...]:
    """All that these jobs need on a hub or a leaf, in the order of the table."""
    wanted = {Job.QUERY, *jobs}
    return tuple(
        grant for job in Job if job in wanted and side in SIDES[job] for grant in RIGHTS[job] if side in grant.sides
    )


VERBS: dict[Verb, tuple[str, ...]] = {
    Verb.CREATE: ("create",),
    # Liqo's controllers write at the same time: after a conflict the object is read again.
    Verb.UPDATE: ("get", "update"),
    Verb.DELETE: ("delete",),
}
"""What the API calls an operation."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Right:
    """One question to the API server; without a namespace it means all of them, without a name every object."""

    verb: str
    resource: Resource
    namespace: str = ""
    name: str = ""

    def __str__(self) -> str:
        return f"{self.verb} {self.resource}"

    def review(self) -> dict[str, object]:
        """The body of a SelfSubjectAccessReview."""
        attributes = {"verb": self.verb, "group": self.resource.group, "resource": self.resource.plural}
        optional = {"namespace": self.namespace, "name": self.name}
        attributes |= {key: value for key, value in optional.items() if value}
        return {
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SelfSubjectAccessReview",
            "spec": {"resourceAttributes": attributes},
        }


def rights_of(op: Op) -> tuple[Right, ...]:
    """What an operation needs, asked for the whole cluster."""
    verbs = ("patch",) if op.relabels else VERBS[op.verb]
    return tuple(Right(verb=verb, resource=RESOURCE_BY_KIND[op.kind]) for verb in verbs)


def narrowed(right: Right, op: Op) -> Right:
    """The same right for the one object of the operation. Kubernetes counts a Namespace as lying in itself."""
    namespace = op.name if op.kind is Kind.NAMESPACE and right.verb != "create" else op.namespace
    name = "" if right.verb == "create" else op.name
    return Right(verb=right.verb, resource=right.resource, namespace=namespace, name=name)
