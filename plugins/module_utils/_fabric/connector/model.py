# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What clusters hold of the connector of 2025, and the writes that retire it.

The connector is a controller on the hub that joined two leaves for each ForeignClusterConnection, and resets their
network when such an object is deleted. On the leaves it needs a ClusterRole and a binding, made by hand.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from ..model import ClusterId, FabricName, Pair, State
from ..objects import Marked, Meta
from ..operations import Write
from ..settings import Given


class ConnectorKind(StrEnum):
    """Kinds that the connector consists of, in the order in which they go."""

    DEPLOYMENT = "Deployment"
    CONNECTION = "ForeignClusterConnection"
    DEFINITION = "CustomResourceDefinition"
    BINDING = "ClusterRoleBinding"
    ROLE = "ClusterRole"
    NAMESPACE = "Namespace"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """How one end of a ForeignClusterConnection shall be made; the same fields for server and client."""

    gateway_type: str = ""
    template: str = ""
    template_namespace: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ForeignClusterConnection:
    """An object of the connector: A dials B. A field that is missing there is 0, empty or None here."""

    hub: ClusterId
    meta: Meta
    client: ClusterId
    server: ClusterId
    mtu: int = 0
    port: int = 0
    service_type: str = ""
    of_server: Asked = Asked()
    of_client: Asked = Asked()
    timeout_s: int | None = None
    wait: bool | None = None
    finalizers: frozenset[str] = frozenset()
    """Those of the connector; others are in ``meta``, too."""
    connected: bool = False
    """What the controller wrote down when it was done. It never looked again."""
    phase: str = ""
    error: str = ""

    @property
    def pair(self) -> Pair | None:
        """None where both ends are the same cluster, or one is not named."""
        named = self.client and self.server and self.client != self.server
        return Pair.of(self.client, self.server) if named else None

    @property
    def name(self) -> str:
        """`namespace/name`, by which a person points at it."""
        return f"{self.meta.namespace}/{self.meta.name}"

    def __str__(self) -> str:
        return f"{ConnectorKind.CONNECTION.value} {self.name} of {self.hub}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Controller:
    """A Deployment in the namespace of the connector."""

    meta: Meta
    replicas: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Binding:
    """A ClusterRoleBinding."""

    meta: Meta
    role: str
    """The ClusterRole that it grants."""
    accounts: frozenset[str] = frozenset()
    """Namespaces of the ServiceAccounts among its subjects."""
    users: frozenset[str] = frozenset()
    others: int = 0
    """Number of groups among its subjects."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Role:
    """A ClusterRole."""

    meta: Meta
    is_connectors: bool
    """It carries the name or label of the connector, or is about ForeignClusterConnections alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Remains:
    """What one cluster holds of the connector. On a leaf only rights are looked for."""

    cluster: ClusterId
    controllers: tuple[Controller, ...] = ()
    pods: tuple[Meta, ...] = ()
    """All pods in the namespace of the connector."""
    connections: tuple[ForeignClusterConnection, ...] = ()
    definition: Meta | None = None
    namespace: Meta | None = None
    bindings: tuple[Binding, ...] = ()
    """All of the cluster: what they refer to must stay."""
    roles: tuple[Role, ...] = ()

    @property
    def runs(self) -> bool:
        """The controller may still act."""
        return bool(self.pods) or any(one.replicas for one in self.controllers)


class GoneName(StrEnum):
    """What a write or the whole run waits for on one cluster."""

    PODS = "pods"
    CONNECTIONS = "connections"
    DEFINITION = "definition"
    NAMESPACE = "namespace"


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Gone:
    """Something that Kubernetes takes away after we asked for it."""

    name: GoneName
    cluster: ClusterId

    def holds(self, remains: Remains) -> bool:
        """Is it gone?"""
        return not self.left(remains)

    def left(self, remains: Remains) -> tuple[Meta, ...]:
        """What is still there, for a person who waits."""
        single = {GoneName.DEFINITION: remains.definition, GoneName.NAMESPACE: remains.namespace}
        if self.name in single:
            found = single[self.name]
            return (found,) if found is not None else ()
        return remains.pods if self.name is GoneName.PODS else tuple(one.meta for one in remains.connections)

    def __str__(self) -> str:
        return {
            GoneName.PODS: f"the pods of the controller on {self.cluster} are gone",
            GoneName.CONNECTIONS: f"the {ConnectorKind.CONNECTION.value}s of {self.cluster} are gone",
            GoneName.DEFINITION: f"the {ConnectorKind.DEFINITION.value} of {self.cluster} is gone",
            GoneName.NAMESPACE: f"the namespace of the controller on {self.cluster} is gone",
        }[self.name]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplicasSpec(Marked):
    """How many pods a Deployment shall have."""

    replicas: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FinalizersSpec(Marked):
    """What holds an object while it is deleted."""

    finalizers: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectorOp(Write):
    """A write that retires a part of the connector. It may start only when every fact of ``awaits`` holds, too."""

    kind: ConnectorKind
    awaits: tuple[Gone, ...] = ()
    resource_version: str = ""
    """Of a ForeignClusterConnection to be deleted: a controller that has touched it since would reset the link."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a task of the module ``connector`` asks for."""

    state: State
    """GATHERED or ABSENT."""
    fabric: FabricName
    hubs: tuple[ClusterId, ...]
    abandon: frozenset[str] = frozenset()
    """Connections, as `namespace/name`, that go whatever has become of their link."""
    coming: frozenset[Pair] = frozenset()
    """Pairs that will have been adopted when this is done for real."""
    declares: bool = True
    """The task says which shortcuts the fabric has; otherwise it may have any."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Carried:
    """One ForeignClusterConnection as a shortcut."""

    connection: ForeignClusterConnection
    link: str
    """What there is between the two clusters, a LinkKind."""
    shortcut: Given | None = None
    """An entry of the option ``shortcuts``; None where none can be made."""
    notes: tuple[str, ...] = ()
    """What is not carried over, or carried over otherwise than the object says."""


def by_hub(remains: Iterable[Remains]) -> tuple[ForeignClusterConnection, ...]:
    """All ForeignClusterConnections, sorted by hub, namespace and name."""
    found = [connection for one in remains for connection in one.connections]
    return tuple(sorted(found, key=lambda one: (one.hub, one.name)))
