# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What clusters hold: the objects that a link is made of, reduced to the fields that we own or read.

A ``*Spec`` is the part of an object that we compare and write, the same type for wanted and held. None in a wanted
field means "no opinion". Bodies as the API server sends them never come here; ``_liqo`` parses them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeAlias

from .model import ClientEndpoint, ClusterId, FabricName, ServiceType
from .phrases import few


class Kind(StrEnum):
    """Kinds that a plan creates, changes or deletes."""

    NAMESPACE = "Namespace"
    CONFIGURATION = "Configuration"
    SECRET = "Secret"
    SERVER = "GatewayServer"
    CLIENT = "GatewayClient"
    PUBLIC_KEY = "PublicKey"
    CONNECTION = "Connection"
    FOREIGN_CLUSTER = "ForeignCluster"


class FactName(StrEnum):
    """What a run can wait for on one cluster about one peer; facts.py says when each holds."""

    CONFIGURED = "configured"
    ENDPOINT = "endpoint"
    KEY = "key"
    RENEWED = "renewed"
    CONNECTED = "connected"
    GATEWAY_GONE = "gateway-gone"
    NETWORK_GONE = "network-gone"
    IDLE = "idle"
    NAMESPACE_GONE = "namespace-gone"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """Something that Liqo's controllers in ``cluster`` bring about for ``peer``."""

    name: FactName
    cluster: ClusterId
    peer: ClusterId
    newer_than: str | None = None
    """For CONNECTED: the latency timestamp seen before the change, which a dead gateway would leave behind."""
    afresh: bool = False
    """For CONNECTED as a goal: what was seen when the last operation was done takes the place of ``newer_than``."""
    secret: str = ""
    """For KEY: the Secret whose key is meant; empty for the one that the gateway uses."""
    seen: str = ""
    """For RENEWED: the address of the gateway pod seen before the change."""

    def __str__(self) -> str:
        if self.name is FactName.KEY and self.secret:
            return f"{self.cluster} has the key {self.secret} for {self.peer}"
        return {
            FactName.CONFIGURED: f"{self.cluster} has a remap of the CIDRs of {self.peer}",
            FactName.ENDPOINT: f"{self.cluster} advertises an endpoint to {self.peer}",
            FactName.KEY: f"{self.cluster} has a key for {self.peer}",
            FactName.RENEWED: f"{self.cluster} runs a new gateway pod to {self.peer}",
            FactName.CONNECTED: f"{self.cluster} is connected to {self.peer}",
            FactName.GATEWAY_GONE: f"{self.cluster} has removed its gateway to {self.peer}",
            FactName.NETWORK_GONE: f"{self.cluster} has released the networks of {self.peer}",
            FactName.IDLE: f"{self.cluster} has no module left with {self.peer}",
            FactName.NAMESPACE_GONE: f"{self.cluster} has removed the tenant namespace of {self.peer}",
        }[self.name]


@dataclass(frozen=True, slots=True, kw_only=True)
class Later:
    """A value that exists only once a fact holds. Shown as it is, never guessed."""

    fact: Fact
    override: ClientEndpoint | None = None

    def __str__(self) -> str:
        parts = (("address", self.override.address), ("port", self.override.port)) if self.override else ()
        given = " and ".join(f"{name} {value}" for name, value in parts if value)
        return f"(known after {self.fact}{f', with {given}' if given else ''})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cidrs:
    """CIDRs of a cluster, in the order of its API."""

    pod: tuple[str, ...] = ()
    external: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"pod {few(self.pod) or '-'}; external {few(self.external) or '-'}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """Where a gateway server is reached, and where a client dials: the first address, then the port."""

    addresses: tuple[str, ...]
    port: int
    protocol: str = "UDP"

    def __str__(self) -> str:
        hosts = (f"[{address}]" if ":" in address else address for address in self.addresses)
        return few([f"{host}:{self.port}/{self.protocol}" for host in hosts])


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateRef:
    """A gateway template in full."""

    name: str
    namespace: str

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Marked:
    """Fields of every object that we write: are the labels by which Liqo finds it right, and who owns it."""

    labelled: bool = True
    owners: frozenset[FabricName] = frozenset()
    """Fabrics that want the object; empty when it was not made by this collection."""
    wishes: Mapping[FabricName, Mapping[str, str]] | None = None
    """Of a gateway: the settings that each owner wrote down, by field; see owners.py."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NamespaceSpec(Marked):
    """The tenant namespace; it has nothing but its labels."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigurationSpec(Marked):
    """The peer's own CIDRs, as the peer reports them."""

    remote: Cidrs


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayServerSpec(Marked):
    """The listening side."""

    mtu: int
    port: int
    service_type: ServiceType | str
    node_port: int | None = None
    load_balancer_ip: str | None = None
    template: TemplateRef
    service_annotations: Mapping[str, str] | None = None
    service_labels: Mapping[str, str] | None = None
    secret: str | None = None
    """The Secret of its keys; None where Liqo makes one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayClientSpec(Marked):
    """The dialling side."""

    mtu: int
    endpoint: Endpoint | Later | None
    template: TemplateRef
    secret: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicKeySpec(Marked):
    """The peer's WireGuard key, base64 of 32 bytes."""

    key: str | Later


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretSpec(Marked):
    """A gateway's own key pair. Of the private half nothing is known here, nor anywhere but where it is written."""

    public_key: str = "(known after the pair is made)"


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelsSpec(Marked):
    """The labels of an object that Liqo made: nothing else of it is ever written."""


Spec: TypeAlias = (
    "NamespaceSpec | ConfigurationSpec | SecretSpec | GatewayServerSpec | GatewayClientSpec | PublicKeySpec"
    " | LabelsSpec"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class LostLabels:
    """What is missing or wrong of the labels by which Liqo or this collection finds an object."""

    resource: str
    """Its kind as kubectl knows it: ``configurations.networking.liqo.io``."""
    labels: tuple[str, ...] = ()
    """As they must be, ``key=value``, sorted."""
    unclaimed: bool = False
    """Our label says that one of our fabrics made it, but no annotation says which."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Meta:
    """Identity of an object as the API server gave it."""

    name: str
    namespace: str = ""
    uid: str = ""
    resource_version: str = ""
    created_at: str = ""
    """RFC 3339 with whole seconds, by the clock of the API server."""
    terminating: bool = False
    finalizers: tuple[str, ...] = ()
    lost: LostLabels | None = None
    """None where the labels are right, or nobody finds the object by a label."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TenantNamespace:
    meta: Meta
    spec: NamespaceSpec
    remaining: str = ""
    """While it is being deleted: what is left in it and holds it, in the words of Kubernetes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Configuration:
    meta: Meta
    spec: ConfigurationSpec
    remap: Cidrs | None = None
    """How this cluster addresses the peer; None until every CIDR of the spec has one."""
    has_conditions: bool = False
    """True from Liqo 1.2.0 on, which can also change CIDRs in place."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayServer:
    meta: Meta
    spec: GatewayServerSpec
    endpoint: Endpoint | None = None
    """What the server advertises; None while it has no usable address."""
    secret_name: str | None = None
    """The Secret of its keys, as its spec or else its status says; the status says so late."""
    default_secret_name: str = ""
    """The Secret that Liqo makes where nothing is said, within milliseconds."""
    pod_ip: str = ""
    """Address of the gateway pod that runs, or ran last."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayClient:
    meta: Meta
    spec: GatewayClientSpec
    secret_name: str | None = None
    default_secret_name: str = ""
    pod_ip: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicKey:
    meta: Meta
    spec: PublicKeySpec


@dataclass(frozen=True, slots=True, kw_only=True)
class KeySecret:
    """The public half of a gateway's key pair; the private half is dropped while parsing."""

    meta: Meta
    public_key: str
    """Empty also where only its labels were read, since it has lost one."""
    owners: frozenset[FabricName] = frozenset()
    """Who had it made; empty when this collection did not. It stays as it was made: a Secret is never updated."""
    made_for: str | None = None
    """The uid of the gateway that is its one owner, as Liqo writes it; empty for other owners, None for none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    meta: Meta
    value: str
    """Connected, Connecting, Error, or empty."""
    latency_ms: float | None = None
    latency_at: str | None = None
    """RFC 3339, by the clock of the gateway's node. It stops when the gateway dies; the value does not change."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ForeignCluster:
    meta: Meta
    role: str
    """Role of the peer as this cluster sees it: Consumer, Provider, ConsumerAndProvider or Unknown."""
    modules: frozenset[str]
    """Enabled ones of networking, authentication, offloading."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Child:
    """An object that Liqo derives from ours and must remove itself."""

    kind: str
    meta: Meta
    of_gateway: bool = False
    """Its owner is the gateway's InternalFabric, so it stays as long as the gateway does, whatever its kind."""

    def __str__(self) -> str:
        held = f" (held by {few(self.meta.finalizers)})" if self.meta.finalizers else ""
        place = f"{self.meta.namespace}/" if self.meta.namespace else ""
        return f"{self.kind} {place}{self.meta.name}{held}"


Held: TypeAlias = "TenantNamespace | Configuration | GatewayServer | GatewayClient | PublicKey"


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """All that one cluster holds about one peer. Tuples, because duplicates happen and must be named."""

    cluster: ClusterId
    peer: ClusterId
    namespaces: tuple[TenantNamespace, ...] = ()
    configurations: tuple[Configuration, ...] = ()
    servers: tuple[GatewayServer, ...] = ()
    clients: tuple[GatewayClient, ...] = ()
    public_keys: tuple[PublicKey, ...] = ()
    secrets: tuple[KeySecret, ...] = ()
    connections: tuple[Connection, ...] = ()
    foreign_cluster: ForeignCluster | None = None
    gateway_children: tuple[Child, ...] = ()
    network_children: tuple[Child, ...] = ()
    peering: tuple[str, ...] = ()
    """What shows a real peering, like ``Tenant hub``; empty when there is none or when it was not read."""
    lost_namespace: Meta | None = None
    """The namespace in which the objects are, where that is none of ``namespaces``."""

    def held(self) -> tuple[Held, ...]:
        """The objects that we may own, in the order in which they are made."""
        return self.namespaces + self.configurations + self.servers + self.clients + self.public_keys

    def gateways(self) -> tuple[GatewayServer | GatewayClient, ...]:
        """Servers and clients together: Liqo supports one of them per peer."""
        return self.servers + self.clients

    def key_secret(self) -> KeySecret | None:
        """The Secret with the keys of the gateway that is there."""
        used = {(held.meta.namespace, held.secret_name or held.default_secret_name) for held in self.gateways()}
        return next((held for held in self.secrets if (held.meta.namespace, held.meta.name) in used), None)

    def is_own(self, secret: KeySecret) -> bool:
        """Do its own metadata show that it was made for the gateway that is there? A gateway may name any Secret."""
        if secret.made_for is None:
            return bool(secret.owners)
        return bool(secret.made_for) and secret.made_for in {held.meta.uid for held in self.gateways()}

    def claimed_servers(self) -> frozenset[ClusterId]:
        """The cluster that runs the gateway server, as this side has it; two of them where roles contradict."""
        own = {self.cluster} if self.servers else set()
        return frozenset(own | ({self.peer} if self.clients else set()))

    def link_objects(self) -> tuple[Held, ...]:
        """Like held, without the namespace: what makes a link exist on this side."""
        return self.configurations + self.servers + self.clients + self.public_keys

    def adoptable(self) -> tuple[Held, ...]:
        """Like held, without PublicKeys: Liqo's gateways shake hands anew at every write to one, be it only a mark."""
        return self.namespaces + self.configurations + self.servers + self.clients

    def owners(self) -> frozenset[FabricName]:
        """Every fabric whose mark is on one of the objects."""
        return frozenset().union(*(thing.spec.owners for thing in self.held()))

    def carries_peering(self) -> tuple[str, ...]:
        """What shows that this is a real peering; empty when nothing does."""
        if self.peering or self.foreign_cluster is None:
            return self.peering
        role, modules = self.foreign_cluster.role, sorted(self.foreign_cluster.modules - {"networking"})
        if role != "Unknown":
            return (f"ForeignCluster {self.peer} of role {role}",)
        return (f"ForeignCluster {self.peer} with {' and '.join(modules)}",) if modules else ()


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalNetworks:
    """The networks of a cluster as its IPAM gave them."""

    pod: tuple[str, ...] = ()
    external: tuple[str, ...] = ()
    service: tuple[str, ...] = ()
    internal: tuple[str, ...] = ()

    def cidrs(self) -> Cidrs:
        """What peers must know."""
        return Cidrs(pod=self.pod, external=self.external)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterState:
    """One cluster as read, complete for the peers that matter."""

    id: ClusterId
    liqo_namespace: str
    version: tuple[int, ...] | None
    """Like (1, 2, 0); None when no label or image tells."""
    networks: LocalNetworks
    sides: Mapping[ClusterId, Side]
    read_at: str
    """RFC 3339, by the clock of the API server."""
    lost: tuple[Meta, ...] = ()
    """Of the objects of the cluster itself: those without the label by which Liqo finds its own networks."""
    templates: frozenset[tuple[Kind, TemplateRef]] | None = None
    """Gateway templates that exist (SERVER or CLIENT); None when they were not read."""
    unread: tuple[str, ...] = ()
    """Kinds that our rights do not show, so that nothing may be concluded from their absence."""
    read_in: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Kinds that our rights show in these namespaces only."""
    unseen: frozenset[ClusterId] = frozenset()
    """Peers of whose tenant namespace our rights do not even show whether it is there."""
    address: str = ""
    """host:port of the API server."""
    uid: str = ""
    """Of the object with the cluster id, which stays as long as this Liqo is installed."""
    info: ClusterInfo | None = None
    notes: tuple[str, ...] = ()
    """What of its answers was left out, a phrase for each reason."""

    def side(self, peer: ClusterId) -> Side:
        """What is held about a peer; an empty side when nothing is."""
        return self.sides.get(peer) or Side(cluster=self.id, peer=peer)

    def hides(self, kind: str, peer: ClusterId) -> bool:
        """May an object of this kind about the peer be there unseen? Of a kind that was not asked for the answer is no.

        It would be in the peer's tenant namespace. Where Namespaces can be listed and the peer has none, it is not.
        """
        if kind in self.unread:
            return True
        places = self.read_in.get(kind)
        if places is None:
            return False
        own = {held.meta.name for held in self.side(peer).namespaces}
        return not own <= places if own else "Namespace" in self.unread

    def hidden(self) -> tuple[str, ...]:
        """The kinds that our rights do not show at all, or not in every tenant namespace that is known; sorted."""
        known = {held.meta.name for side in self.sides.values() for held in side.namespaces} if self.read_in else set()
        return tuple(sorted({*self.unread, *(kind for kind, places in self.read_in.items() if not known <= places)}))

    def hides_own(self, kind: str) -> bool:
        """The same for what a cluster has about itself, in the namespace of its Liqo."""
        return kind in self.unread or self.liqo_namespace not in self.read_in.get(kind, (self.liqo_namespace,))


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterInfo:
    """What only a query wants to know of a cluster."""

    api_server: str = ""
    cluster_labels: Mapping[str, str] = field(default_factory=dict)
    denies_direct_connections: bool = False
    virtual_kubelets: Mapping[ClusterId, str] = field(default_factory=dict)
    """Version of the virtual kubelet by provider."""


def names(things: Iterable[Held | Connection]) -> str:
    """Names for a message, sorted."""
    return few(sorted(f"{thing.meta.namespace}/{thing.meta.name}".lstrip("/") for thing in things))
