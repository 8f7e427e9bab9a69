# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""When a fact holds: one small pure function per fact, over what a cluster holds about a peer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Union

from .model import ServiceType
from .moments import instant
from .objects import Child, Cidrs, Endpoint, Fact, FactName, GatewayClient, GatewayServer, KeySecret, Side
from .phrases import few

Value = Union[str, Cidrs, Endpoint, bool]


def value_of(fact: Fact, side: Side) -> Value | None:
    """The value that a fact brings, True where it brings none; None while it does not hold."""
    return _RULES[fact.name](fact, side)


def last_seen(fact: Fact, side: Side) -> str:
    """What is there instead, for a person who waits."""
    return _SEEN[fact.name](side)


def advertised(server: GatewayServer) -> Endpoint | None:
    """The server's endpoint, unless it is still that of an earlier service type or port.

    The status carries no generation, but its port must fit the spec: the NodePort for NodePort, else the port itself.
    """
    seen, spec = server.endpoint, server.spec
    if seen is None:
        return None
    if spec.service_type == ServiceType.NODE_PORT:
        fits = seen.port == spec.node_port if spec.node_port else seen.port != spec.port
    else:
        fits = seen.port == spec.port
    return seen if fits else None


def is_newer(timestamp: str | None, than: str | None) -> bool:
    """Compare two RFC 3339 timestamps; one that is absent or none is oldest."""
    seen, before = instant(timestamp), instant(than)
    if before is None:
        return True
    if seen is None:
        return False
    return seen > before


def _configured(fact: Fact, side: Side) -> Value | None:
    found = [held for held in side.configurations if not held.meta.terminating]
    return found[0].remap if len(found) == 1 else None


def _endpoint(fact: Fact, side: Side) -> Value | None:
    found = [held for held in side.servers if not held.meta.terminating]
    return advertised(found[0]) if len(found) == 1 else None


def _key(fact: Fact, side: Side) -> Value | None:
    """The key of the gateway that is there, not one that a removed gateway left behind; or that of a named Secret."""
    if fact.secret:
        return next((held.public_key for held in side.secrets if held.meta.name == fact.secret), None) or None
    gateways = [held for held in side.gateways() if not held.meta.terminating]
    if len(gateways) != 1:
        return None
    keys = {secret.public_key for secret in side.secrets if _is_key_of(secret, gateways[0])}
    return (keys.pop() or None) if len(keys) == 1 else None


def _is_key_of(secret: KeySecret, gateway: GatewayServer | GatewayClient) -> bool:
    if gateway.secret_name is not None:
        return secret.meta.name == gateway.secret_name
    return secret.meta.name == gateway.default_secret_name and secret.meta.created_at >= gateway.meta.created_at


def _renewed(fact: Fact, side: Side) -> Value | None:
    """Liqo writes the address of a gateway's pod once it runs, and leaves it there until another one does."""
    return any(held.pod_ip not in ("", fact.seen) for held in side.gateways()) or None


def _connected(fact: Fact, side: Side) -> Value | None:
    if len(side.connections) != 1:
        return None
    seen = side.connections[0]
    return (seen.value == "Connected" and is_newer(seen.latency_at, fact.newer_than)) or None


def _seen_server(side: Side) -> str:
    if not side.servers:
        return "no GatewayServer"
    server = side.servers[0]
    seen = f"advertises {server.endpoint}" if server.endpoint else "has no address yet"
    return f"GatewayServer {server.meta.name} of type {server.spec.service_type} {seen}"


def _seen_connection(side: Side) -> str:
    if not side.connections:
        return "no Connection"
    seen = side.connections[0]
    return f"Connection {seen.value or 'without value'}" + (
        f", last reply {seen.latency_at}" if seen.latency_at else ""
    )


def _seen_modules(side: Side) -> str:
    held = side.foreign_cluster
    return f"ForeignCluster with {', '.join(sorted(held.modules))} enabled" if held else "no ForeignCluster"


def _seen_children(*left: object) -> str:
    return f"still there: {few([str(child) for child in left])}" if left else "gone"


_SEEN: dict[FactName, Callable[[Side], str]] = {
    FactName.CONFIGURED: lambda side: (
        "Configuration without a remap yet" if side.configurations else "no Configuration"
    ),
    FactName.ENDPOINT: _seen_server,
    FactName.KEY: lambda side: "gateway without key Secret yet" if side.gateways() else "no gateway",
    FactName.RENEWED: lambda side: (
        "gateway pod " + (few([held.pod_ip for held in side.gateways() if held.pod_ip]) or "without an address")
    ),
    FactName.CONNECTED: _seen_connection,
    FactName.IDLE: _seen_modules,
    FactName.GATEWAY_GONE: lambda side: _seen_children(*side.gateway_children),
    FactName.NETWORK_GONE: lambda side: _seen_children(*_of_network(side)),
    FactName.NAMESPACE_GONE: lambda side: _seen_children(*(f"Namespace {held.meta.name}" for held in side.namespaces)),
}


def _of_network(side: Side) -> tuple[Child, ...]:
    """What must go with the Configuration: a Configuration is made anew while its gateway, with its routes, stays."""
    return tuple(child for child in side.network_children if not (child.of_gateway and side.gateways()))


def _none_left(*children: Child | object) -> Value | None:
    return True if not children else None


_RULES: dict[FactName, Callable[[Fact, Side], Value | None]] = {
    FactName.CONFIGURED: _configured,
    FactName.ENDPOINT: _endpoint,
    FactName.KEY: _key,
    FactName.RENEWED: _renewed,
    FactName.CONNECTED: _connected,
    FactName.GATEWAY_GONE: lambda fact, side: _none_left(*side.gateways(), *side.connections, *side.gateway_children),
    FactName.NETWORK_GONE: lambda fact, side: _none_left(*side.configurations, *_of_network(side)),
    FactName.IDLE: lambda fact, side: side.foreign_cluster is None or not side.foreign_cluster.modules or None,
    FactName.NAMESPACE_GONE: lambda fact, side: _none_left(*(held for held in side.namespaces if held.spec.owners)),
}
