# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A pure model of what the API server and Liqo's controllers do to the objects of links, for the property tests only.

It is no Liqo: it knows just enough to carry out a whole plan on values, in any order that the plan allows, to stop
after any operation, and to say whether the tunnel would be up. The real controllers are tried in the lab.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from ansible_collections.liqo.fabric.plugins.module_utils._fabric.dialling import resolve
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.facts import value_of
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.model import ClusterId, ServiceType
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.objects import (
    Child,
    Cidrs,
    ClusterState,
    Configuration,
    ConfigurationSpec,
    Connection,
    Endpoint,
    Fact,
    ForeignCluster,
    GatewayClient,
    GatewayClientSpec,
    GatewayServer,
    GatewayServerSpec,
    Held,
    KeySecret,
    Kind,
    Later,
    Meta,
    NamespaceSpec,
    PublicKey,
    PublicKeySpec,
    SecretSpec,
    Side,
    Spec,
    TenantNamespace,
)
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.operations import LinkPlan, Op, Verb

from tests.unit.build import LINK_KINDS, key, of_kind, with_kind

_G = TypeVar("_G", GatewayServer, GatewayClient)

NAT_PREFIX = "203.0.113."
"""Addresses that lead to any server, as if an operator had set up a forwarding."""
_ADDRESS = {
    ServiceType.LOAD_BALANCER: "192.0.2.10",
    ServiceType.NODE_PORT: "198.51.100.10",
    ServiceType.CLUSTER_IP: "10.96.0.10",
}
_ALLOCATED_NODE_PORT = 30123
_REMAPPED = "100.64.0.0/16"
"""What takes the place of a pod CIDR that is also our own."""
_CONTROLLER_ROUNDS = 20
_START = datetime(2027, 1, 1, tzinfo=UTC)


class Refused(Exception):  # noqa: N818 - says what is the case
    """The API server would not take the write: a name that is taken, a namespace that is not there, a stale uid."""


class Stuck(Exception):  # noqa: N818 - says what is the case
    """The plan waits for something that the controllers will never bring about."""


@dataclass(frozen=True, kw_only=True)
class World:
    """Some clusters; ``clock`` counts what happened and gives uids and timestamps."""

    clusters: Mapping[ClusterId, ClusterState]
    clock: int = 0

    @classmethod
    def of(cls, *states: ClusterState) -> World:
        return cls(clusters={state.id: state for state in states})

    def side(self, cluster: ClusterId, peer: ClusterId) -> Side:
        return self.clusters[cluster].side(peer)

    def holds(self, fact: Fact) -> bool:
        return value_of(fact, self.side(fact.cluster, fact.peer)) is not None

    def with_side(self, side: Side) -> World:
        state = self.clusters[side.cluster]
        changed = replace(state, sides={**state.sides, side.peer: side})
        return replace(self, clusters={**self.clusters, side.cluster: changed})

    def __repr__(self) -> str:
        """Only what may matter, for an example that breaks a law."""
        return "\n".join(f"{self.clusters[side.cluster].version} {side}" for side in self.sides())

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        """The same for hypothesis, which has its own way with dataclasses."""
        printer.text(repr(self))

    def sides(self) -> list[Side]:
        """Every side between two clusters of this world."""
        return [state.side(peer) for state in self.clusters.values() for peer in self.clusters if peer != state.id]


def run(
    plan: LinkPlan,
    world: World,
    *,
    eager: bool = True,
    steps: int | None = None,
    pick: Callable[[Sequence[Op]], Op] = lambda ready: ready[0],
) -> World:
    """Carry out the plan, or only its first ``steps`` writes; ``pick`` chooses among those that are ready.

    Eager controllers react to every write at once, lazy ones only when the plan cannot go on without them.
    """
    left = {op.id: op for op in plan.ops}
    for _ in range(len(left) if steps is None else min(steps, len(left))):
        if not _ready(left, world):
            world = settle(world)
        ready = _ready(left, world)
        if not ready:
            raise Stuck("; ".join(f"{op.id} waits for {fact}" for op in left.values() for fact in op.awaits))
        op = left.pop(pick(ready).id)
        world = write(op, world)
        world = settle(world) if eager else world
    return world


def unreached(plan: LinkPlan, world: World) -> list[Fact]:
    """The goals that do not hold once the controllers are done and the gateways had time for another ping."""
    settled = _ping(settle(world))
    return [fact for fact in plan.goals if not settled.holds(fact)]


def write(op: Op, world: World) -> World:
    """One write, as the API server takes it; a Refused otherwise."""
    side = world.side(op.cluster, op.peer)
    world = replace(world, clock=world.clock + 1)
    if op.kind is Kind.FOREIGN_CLUSTER:
        return world.with_side(replace(side, foreign_cluster=None))
    if op.verb is Verb.CREATE:
        return world.with_side(_created(op, side, world))
    return world.with_side(_updated(op, side, world) if op.verb is Verb.UPDATE else _deleted(op, side))


def settle(world: World) -> World:
    """The controllers of all clusters work until none has anything to do."""
    for _ in range(_CONTROLLER_ROUNDS):
        before = world
        for side in world.sides():
            world = world.with_side(_controlled(side, world.clusters[side.cluster]))
        for side in world.sides():
            world = world.with_side(_tunnelled(side, world.side(side.peer, side.cluster)))
        if world.clusters == before.clusters:
            return world
    raise Stuck("the controllers do not come to rest")


def _ready(left: Mapping[str, Op], world: World) -> list[Op]:
    return [op for op in left.values() if not op.needs & left.keys() and all(map(world.holds, op.awaits))]


def _created(op: Op, side: Side, world: World) -> Side:
    spaces = [held.meta.name for held in side.namespaces if not held.meta.terminating]
    if op.kind is not Kind.NAMESPACE and op.namespace not in spaces:
        raise Refused(f"{op.id}: there is no such namespace")
    there = of_kind(side, op.kind)
    if any((held.meta.namespace, held.meta.name) == (op.namespace, op.name) for held in there):
        raise Refused(f"{op.id}: the name is taken")
    meta = Meta(name=op.name, namespace=op.namespace, uid=f"uid-{world.clock}", resource_version="1")
    return with_kind(side, op.kind, [*there, _new(meta, _resolved(op, world))])


def _new(meta: Meta, spec: Spec) -> Held | KeySecret:
    if isinstance(spec, NamespaceSpec):
        return TenantNamespace(meta=meta, spec=spec)
    if isinstance(spec, ConfigurationSpec):
        return Configuration(meta=meta, spec=spec)
    if isinstance(spec, SecretSpec):
        return KeySecret(meta=meta, public_key=key(f"{meta.namespace} {meta.uid}"), owners=spec.owners)
    if isinstance(spec, GatewayServerSpec):
        return GatewayServer(meta=meta, spec=spec)
    if isinstance(spec, GatewayClientSpec):
        return GatewayClient(meta=meta, spec=spec)
    if isinstance(spec, PublicKeySpec):
        return PublicKey(meta=meta, spec=spec)
    raise TypeError(f"labels alone make no object: {meta.name}")


def _updated(op: Op, side: Side, world: World) -> Side:
    there = of_kind(side, op.kind)
    if not any(held.meta.uid == op.uid and held.spec == op.before for held in there):
        raise Refused(f"{op.id}: the object is not the one that was planned for")
    spec = _resolved(op, world)
    return with_kind(side, op.kind, [replace(held, spec=spec) if held.meta.uid == op.uid else held for held in there])


def _deleted(op: Op, side: Side) -> Side:
    """Only a namespace stays for a while, until the controllers have emptied it."""
    there = of_kind(side, op.kind)
    if not any(held.meta.uid == op.uid for held in there):
        raise Refused(f"{op.id}: it is not there")
    rest = [held for held in there if held.meta.uid != op.uid]
    if op.kind is Kind.NAMESPACE:
        rest += [replace(held, meta=replace(held.meta, terminating=True)) for held in there if held not in rest]
    return with_kind(side, op.kind, rest)


def _resolved(op: Op, world: World) -> Spec:
    spec = op.after
    if spec is None:
        raise TypeError(f"{op.id} writes nothing")
    known: dict[str, Any] = {}
    for field in fields(spec):
        later = getattr(spec, field.name)
        if isinstance(later, Later):
            value = value_of(later.fact, world.side(later.fact.cluster, later.fact.peer))
            if value is None:
                raise Refused(f"{op.id}: {later.fact} does not hold")
            known[field.name] = resolve(later, value, world.clusters[op.cluster].networks)
    spec = replace(spec, **known)
    if isinstance(spec, GatewayServerSpec) and spec.service_type == ServiceType.CLUSTER_IP and spec.node_port:
        raise Refused(f"{op.id}: a ClusterIP Service has no NodePort")
    return spec


def _controlled(side: Side, here: ClusterState) -> Side:
    """What the controllers of one cluster make of one side."""
    side = _emptied(side)
    legacy = here.version is not None and here.version < (1, 2, 0)
    networks = _networks(side, legacy)
    side = replace(
        side,
        configurations=tuple(_configured(held, networks, here, legacy) for held in side.configurations),
        secrets=_secrets(side),
    )
    settled = any(held.remap is not None for held in side.configurations)
    route = (Child(kind="RouteConfiguration", meta=Meta(name=f"{side.peer}-node-gw"), of_gateway=True),)
    return replace(
        side,
        servers=tuple(_running(_listening(held) if settled else held, side) for held in side.servers),
        clients=tuple(_running(held, side) for held in side.clients),
        gateway_children=tuple(Child(kind="WgGateway", meta=held.meta) for held in side.gateways()),
        network_children=networks + (route if side.gateways() else ()),
        foreign_cluster=_foreign_cluster(side),
    )


def _emptied(side: Side) -> Side:
    """A namespace that is being deleted takes with it what it holds, and goes when nothing is left."""
    going = {held.meta.name for held in side.namespaces if held.meta.terminating}
    if not going:
        return side
    for kind in (*LINK_KINDS, Kind.SECRET):
        side = with_kind(side, kind, [held for held in of_kind(side, kind) if held.meta.namespace not in going])
    busy = bool(side.gateway_children or side.network_children)
    return replace(side, namespaces=tuple(held for held in side.namespaces if busy or held.meta.name not in going))


def _networks(side: Side, legacy: bool) -> tuple[Child, ...]:
    """One Network per CIDR, named after it; before 1.2.0 those of a Configuration stay when its CIDRs change."""
    found: list[Child] = []
    for held in side.configurations:
        mine = [child for child in side.network_children if child.meta.uid == f"of {held.meta.uid}"]
        wanted = [
            Child(kind="Network", meta=Meta(name=cidr, uid=f"of {held.meta.uid}"))
            for cidr in (*held.spec.remote.pod, *held.spec.remote.external)
        ]
        found += mine if mine and (legacy or not held.spec.labelled) else wanted
    return tuple(found)


def _configured(held: Configuration, networks: Sequence[Child], here: ClusterState, legacy: bool) -> Configuration:
    if not held.spec.labelled:
        return held
    cidrs = [child.meta.name for child in networks if child.meta.uid == f"of {held.meta.uid}"]
    count = len(held.spec.remote.pod)
    pod = tuple(_REMAPPED if cidr in here.networks.pod else cidr for cidr in cidrs[:count])
    remap = Cidrs(pod=pod, external=tuple(cidrs[count:]))
    return replace(held, remap=remap, has_conditions=not legacy)


def _secrets(side: Side) -> tuple[KeySecret, ...]:
    """The key Secrets. A gateway without any gets one, unless it names another; Liqo's go with their gateway."""
    names = [f"gw-{gateway.meta.name}" for gateway in side.gateways()]
    there = tuple(held for held in side.secrets if held.owners or held.meta.name in names)
    made = tuple(
        KeySecret(
            meta=Meta(name=name, namespace=gateway.meta.namespace, uid=f"{side.cluster}/{name} of {gateway.meta.uid}"),
            public_key=key(f"{side.cluster} {gateway.meta.uid}"),
        )
        for name, gateway in zip(names, side.gateways(), strict=True)
        if gateway.spec.labelled and gateway.spec.secret is None
    )
    return there or made


def _running(held: _G, side: Side) -> _G:
    """Its pod, which reads the key when it starts, and starts anew when the name of the Secret changes.

    Here the address of a pod tells the Secret and the key with which it runs. Liqo stops at two Secrets.
    """
    if not held.spec.labelled or len(side.secrets) != 1:
        return held
    (used,) = side.secrets
    if held.spec.secret not in (None, used.meta.name):
        return held
    same = held.pod_ip.split(" ")[0] == used.meta.name
    pod_ip = held.pod_ip if same else f"{used.meta.name} {used.public_key}"
    return replace(held, secret_name=used.meta.name, pod_ip=pod_ip)


def _listening(held: GatewayServer) -> GatewayServer:
    """The endpoint that its Service gets. Kubernetes keeps a NodePort that it has allocated."""
    spec = held.spec
    if not spec.labelled:
        return held
    address, port = _ADDRESS[ServiceType(spec.service_type)], spec.port
    if spec.service_type == ServiceType.LOAD_BALANCER:
        address = spec.load_balancer_ip or address
    if spec.service_type == ServiceType.NODE_PORT:
        had = held.endpoint.port if held.endpoint and held.endpoint.addresses == (address,) else _ALLOCATED_NODE_PORT
        port = spec.node_port or had
    return replace(held, endpoint=Endpoint(addresses=(address,), port=port))


def _foreign_cluster(side: Side) -> ForeignCluster | None:
    """It appears with the first object of a link, and nobody but us removes it."""
    linked = any(held.spec.labelled for held in (*side.configurations, *side.gateways()))
    held = side.foreign_cluster
    if held is None and not linked:
        return None
    role = held.role if held else "Unknown"
    meta = held.meta if held else Meta(name=side.peer, uid=f"{side.cluster}/ForeignCluster/{side.peer}")
    others = held.modules - {"networking"} if held else frozenset()
    return ForeignCluster(meta=meta, role=role, modules=others | {"networking"} if linked else others)


def _tunnelled(side: Side, back: Side) -> Side:
    """A gateway with a key of its peer makes a Connection; it goes with the gateway."""
    if not side.gateways():
        return replace(side, connections=())
    if not (side.secrets and side.public_keys and side.public_keys[0].spec.labelled):
        return side
    meta = Meta(name=f"gw-{side.gateways()[0].meta.name}", namespace=side.gateways()[0].meta.namespace)
    held = side.connections[0] if side.connections else Connection(meta=meta, value="Connecting")
    return replace(side, connections=(replace(held, value="Connected" if _is_up(side, back) else "Error"),))


def _is_up(one: Side, other: Side) -> bool:
    """Would packets pass? Judged from both sides, not from what anybody planned."""
    servers, clients = one.servers + other.servers, one.clients + other.clients
    if len(servers) != 1 or len(clients) != 1 or servers[0].spec.mtu != clients[0].spec.mtu:
        return False
    dialled, heard = clients[0].spec.endpoint, servers[0].endpoint
    if not isinstance(dialled, Endpoint) or heard is None:
        return False
    listens = dialled.addresses[0] in heard.addresses and (dialled.port, dialled.protocol) == (
        heard.port,
        heard.protocol,
    )
    arrives = dialled.addresses[0].startswith(NAT_PREFIX) or listens
    return arrives and _knows(one, other) and _knows(other, one)


def _knows(side: Side, peer: Side) -> bool:
    """Has this side the peer's key, and a remap of the CIDRs that its Configuration names by now?"""
    keys = {held.spec.key for held in side.public_keys if held.spec.labelled}
    remapped = [held for held in side.configurations if held.remap is not None and _is_current(held.remap, held.spec)]
    running = {held.pod_ip.rpartition(" ")[2] for held in peer.gateways()}
    return keys == running and len(keys) == 1 and len(remapped) == 1


def _is_current(remap: Cidrs, spec: ConfigurationSpec) -> bool:
    pods = zip(remap.pod, spec.remote.pod, strict=True)
    return remap.external == spec.remote.external and all(new in (old, _REMAPPED) for new, old in pods)


def _ping(world: World) -> World:
    """Gateways whose tunnel is up write a new timestamp."""
    now = (_START + timedelta(seconds=world.clock + 1)).isoformat()
    for side in world.sides():
        answered = tuple(
            replace(held, latency_ms=1.0, latency_at=now) if held.value == "Connected" else held
            for held in side.connections
        )
        world = world.with_side(replace(side, connections=answered))
    return replace(world, clock=world.clock + 1)
