# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Before the first write: is the port of a gateway server free, and does its client find it?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TypeAlias

from .addresses import is_ipv6
from .dialling import reaches
from .findings import Check, Finding, Level
from .legal import is_host, is_ip
from .model import ClusterId, Pair, ServiceType
from .objects import ClusterState, Endpoint, GatewayClientSpec, GatewayServerSpec, Kind
from .operations import Op
from .phrases import few
from .reported import address_problem
from .scene import Scene, ServicePorts


def _servers(scene: Scene, *fields: str) -> Iterator[tuple[Pair, Op, GatewayServerSpec]]:
    """Servers that get one of these fields."""
    for pair, op in scene.ops(Kind.SERVER):
        if isinstance(op.after, GatewayServerSpec) and any(change.field in fields for change in op.changes):
            yield pair, op, op.after


_Planned: TypeAlias = dict[ClusterId, dict[tuple[str, str], Op]]


def _planned(scene: Scene) -> _Planned:
    """What is done to gateway servers, by cluster, and by namespace and name."""
    found: _Planned = {}
    for _pair, op in scene.ops(Kind.SERVER):
        found.setdefault(op.cluster, {})[op.namespace, op.name] = op
    return found


def _other_servers(scene: Scene, op: Op, by_cluster: _Planned) -> Iterator[tuple[str, GatewayServerSpec]]:
    """The other gateway servers of the cluster as they will be, with a name for a message."""
    planned = by_cluster[op.cluster]
    for found in planned.values():
        if (found.namespace, found.name) != (op.namespace, op.name) and isinstance(found.after, GatewayServerSpec):
            yield f"the planned gateway server for {found.peer}", found.after
    for side in scene.states[op.cluster].sides.values():
        for held in side.servers:
            if (held.meta.namespace, held.meta.name) not in planned:
                yield f"the gateway server for {side.peer}", held.spec


def _foreign_services(scene: Scene, op: Op) -> Iterable[ServicePorts]:
    """Services that are not those of the gateway itself, which lie in its own namespace."""
    return [found for found in scene.of(op.cluster).services or () if found.namespace != op.namespace]


def node_ports(scene: Scene) -> Iterator[Finding]:
    """A NodePort belongs to one Service of the cluster, whatever the protocol."""
    planned = _planned(scene)
    for pair, op, spec in _servers(scene, "node_port", "service_type"):
        if spec.node_port is None or spec.service_type == ServiceType.CLUSTER_IP:
            continue
        users = [name for name, other in _other_servers(scene, op, planned) if other.node_port == spec.node_port]
        # The Service of another gateway is known by its gateway, if that says its port.
        users = users or [f"Service {it}" for it in _foreign_services(scene, op) if spec.node_port in it.node_ports]
        what = f"NodePort {spec.node_port} of {op.cluster}"
        yield from _taken(scene, Check.NODE_PORT, pair, op, what, users, "choose another node_port, or none")


def balancers(scene: Scene) -> Iterator[Finding]:
    """Services may share the address of a load balancer, if each has its own port there."""
    planned = _planned(scene)
    for pair, op, spec in _servers(scene, "load_balancer_ip", "service_type", "port"):
        address = spec.load_balancer_ip
        if address is None or spec.service_type != ServiceType.LOAD_BALANCER:
            continue
        users = [
            name
            for name, other in _other_servers(scene, op, planned)
            if other.service_type == ServiceType.LOAD_BALANCER
            and (other.load_balancer_ip, other.port) == (address, spec.port)
        ]
        users = users or [
            f"Service {it}"
            for it in _foreign_services(scene, op)
            if address in it.addresses and (spec.port, "UDP") in it.ports
        ]
        what, step = f"{address}:{spec.port}/UDP of {op.cluster}", "choose another port or load_balancer_ip"
        yield from _taken(scene, Check.LOAD_BALANCER, pair, op, what, users, step)


def shared_addresses(scene: Scene) -> Iterator[Finding]:
    """Where all Services share an address, as with K3s, the second Service with the same port never gets it."""
    planned = _planned(scene)
    for pair, op, spec in _servers(scene, "service_type", "port"):
        services = [one for one in _foreign_services(scene, op) if one.given]
        if not _wants_any_address(spec) or not services:
            continue
        users = [one for one in services if (spec.port, "UDP") in one.ports]
        names = [f"Service {one}" for one in users] or [
            name
            for name, other in _other_servers(scene, op, planned)
            if _wants_any_address(other) and other.port == spec.port
        ]
        why = _why_shared(users, services)
        if names and why:
            yield scene.finding(
                Check.LOAD_BALANCER,
                Level.INFO,
                op.cluster,
                pair,
                what=f"{spec.port}/UDP of {op.cluster} is also the port of {few(names)}",
                why=why,
                next="set another port for this link, unless each Service gets an address of its own there",
            )


def share_a_port(state: ClusterState, ops: Iterable[Op]) -> bool:
    """Do two gateway servers of a cluster wait for any address at the same port, one of them in these operations?"""
    planned = [op.after for op in ops if isinstance(op.after, GatewayServerSpec)]
    held = [server.spec for side in state.sides.values() for server in side.servers]
    new = [spec.port for spec in planned if _wants_any_address(spec)]
    taken = {spec.port for spec in held if _wants_any_address(spec)}
    return len(new) != len(set(new)) or bool(taken.intersection(new))


def _wants_any_address(spec: GatewayServerSpec) -> bool:
    return spec.service_type == ServiceType.LOAD_BALANCER and spec.load_balancer_ip is None


def _why_shared(users: Sequence[ServicePorts], services: Sequence[ServicePorts]) -> str:
    """What shows that the load balancer may give the same address again; empty where nothing does."""
    holders: dict[str, list[ServicePorts]] = {}
    for one in services:
        for address in one.given:
            holders.setdefault(address, []).append(one)
    for user in users or services:
        shared = [address for address in user.given if len(holders[address]) > 1]
        if shared:
            address = min(shared)
            others = [f"{one}" for one in holders[address] if one is not user]
            return f"the load balancer there gives {address} to several Services: {few([f'{user}', *others])}"
    if len({one.given for one in services}) == 1:
        return f"the only address of load balancers there is {few(sorted(services[0].given))}, of {services[0]}"
    return ""


def dialled_names(scene: Scene) -> Iterator[Finding]:
    """A host name is for the gateway to look up; what our own resolver says of it is only good to know."""
    for pair, op, endpoint in _dialled(scene):
        name = endpoint.addresses[0]
        found = scene.of(op.cluster).names.get(name)
        if found is None:
            continue
        networks = scene.states[op.cluster].networks
        bad = next((why for one in found.addresses if (why := address_problem(one, networks))), "")
        if bad:
            yield scene.finding(
                Check.ENDPOINT,
                Level.WARNING,
                op.cluster,
                pair,
                what=f"{op.cluster} is to dial {name}, which must not lead there",
                why=f"where this runs the name resolves to an address that would be refused: {bad}",
                next=f"see where the name leads from {op.cluster}, or set client_endpoint to an address of {op.peer}",
            )
        elif found.problem:
            yield scene.finding(
                Check.ENDPOINT,
                Level.INFO,
                op.cluster,
                pair,
                what=f"{op.cluster} is to dial {name}, which does not resolve where this runs",
                why=found.problem,
                next=f"nothing, if it resolves in {op.cluster}; else set client_endpoint to an address of {op.peer}",
            )


def ipv6_alone(scene: Scene) -> Iterator[Finding]:
    """Liqo needs IPv4 alone, so that not every cluster has IPv6."""
    for pair, op, endpoint in _dialled(scene):
        servers = scene.states[op.peer].side(op.cluster).servers if op.peer in scene.states else ()
        told = [server.endpoint for server in servers if server.endpoint is not None]
        if is_ipv6(endpoint.addresses[0]) and any(reaches(endpoint, seen) for seen in told):
            yield scene.finding(
                Check.ENDPOINT,
                Level.INFO,
                op.cluster,
                pair,
                what=f"{op.cluster} is to dial the IPv6 address {endpoint.addresses[0]}",
                why=f"{op.peer} has no IPv4 address and no name for it",
                next=f"see that gateway pods of {op.cluster} can reach IPv6, or set client_endpoint",
            )


def names_to_look_up(ops: Iterable[Op]) -> tuple[str, ...]:
    """The host names that clients are to dial by these operations, each once."""
    endpoints = [_new_endpoint(op) for op in ops]
    found = [endpoint.addresses[0] for endpoint in endpoints if endpoint is not None]
    return tuple(dict.fromkeys(name for name in found if is_host(name) and not is_ip(name)))


def _dialled(scene: Scene) -> Iterator[tuple[Pair, Op, Endpoint]]:
    """Clients that get an endpoint which is known by now."""
    for pair, op in scene.ops(Kind.CLIENT):
        endpoint = _new_endpoint(op)
        if endpoint is not None:
            yield pair, op, endpoint


def _new_endpoint(op: Op) -> Endpoint | None:
    if not isinstance(op.after, GatewayClientSpec) or not any(change.field == "endpoint" for change in op.changes):
        return None
    return op.after.endpoint if isinstance(op.after.endpoint, Endpoint) else None


def _taken(
    scene: Scene, check: Check, pair: Pair, op: Op, what: str, users: Sequence[str], step: str
) -> Iterator[Finding]:
    """An error for what serves somebody else already."""
    if users:
        why = f"used by {few(users)}"
        yield scene.finding(check, Level.ERROR, op.cluster, pair, what=f"{what} is taken", why=why, next=step)
