# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Does the client dial what it should: what is declared, and where nothing is, what the server advertises?

When both gateways have heard from the other a moment ago, the client dials the right place, whatever the server
advertises: a server behind NAT does not know its own address.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from .dialling import Way, in_full, override_of, reaches, to_dial
from .errors import FabricError
from .facts import advertised, last_seen
from .faults import Fault, FaultName, View, has_heard, only
from .model import ClientEndpoint, Settings
from .objects import Endpoint, Fact, FactName, GatewayClient, GatewayServer
from .reported import address_problem
from .steps import title


def endpoint_faults(one: View, other: View, declared: Settings | None, *, alive: bool) -> Iterator[Fault]:
    """Of a link of which both sides hold something; ``alive`` when both gateways have heard from the other just now.

    Of a link that is alive and not declared a fault is no more than a difference: its repair is empty, or says what
    a declaration needs so that the client goes on to dial the same.
    """
    for serving, dialling in ((one, other), (other, one)):
        server = only(serving.side.servers)
        if server is not None:
            yield from _Way(serving, dialling, server, only(dialling.side.clients), declared, alive).faults()


def working_endpoints(one: View, other: View, declared: Settings) -> tuple[str, ...]:
    """A note about a client that works where nothing declares what it dials, since a plan leads it elsewhere."""
    override = declared.client_endpoint
    if in_full(override) is not None or not all(map(has_heard, (one, other))):
        return ()
    return tuple(
        note
        for serving, dialling in ((one, other), (other, one))
        for server, client in [(only(serving.side.servers), only(dialling.side.clients))]
        if server is not None and client is not None
        for note in _Way(serving, dialling, server, client, declared, True).working()
    )


@dataclass(frozen=True, slots=True)
class _Way:
    """From a client to its server."""

    serving: View
    dialling: View
    server: GatewayServer
    client: GatewayClient | None
    declared: Settings | None
    alive: bool

    @property
    def override(self) -> ClientEndpoint | None:
        return self.declared.client_endpoint if self.declared is not None else None

    @property
    def dials(self) -> Endpoint | None:
        dials = self.client.spec.endpoint if self.client is not None else None
        return dials if isinstance(dials, Endpoint) else None

    def faults(self) -> Iterator[Fault]:
        for fault in self._found():
            if self.alive and self.declared is None:
                declare = self._declare()
                yield replace(fault, repair=f"when this link is declared, {declare}" if declare else "")
            else:
                yield fault

    def working(self) -> Iterator[str]:
        """That the plan ends what works, with the declaration that keeps it."""
        if self.client is not None and any(fault.name is FaultName.STALE_ENDPOINT for fault in self._found()):
            declare = self._declare()
            advice = f"; where {self.dials} is meant (NAT), {declare}" if declare else ""
            heard = f"both gateways hear from each other while it dials {self.dials}{advice}"
            yield f"{self.dialling.here.id}, {title(self.client)}: {heard}"

    def _found(self) -> Iterator[Fault]:
        seen, dials, client = in_full(self.override) or advertised(self.server), self.dials, self.client
        if seen is None:
            yield self._no_endpoint()
            return
        here, there = self.dialling.here, self.serving.here
        way = Way(server=there.id, client=here.id, networks=here.networks, override=self.override)
        if dials is not None and reaches(dials, seen, self.override) and (self.declared is None or way.allows(dials)):
            return
        try:
            wanted = to_dial(seen, way)
        except FabricError as refused:
            yield self.serving.fault(FaultName.REFUSED_ENDPOINT, f"{refused.what}: {refused.why}", refused.next)
            return
        if client is not None:
            where = "the declaration says" if self.override else "the server is at"
            detail = f"{title(client)} dials {dials}, {where} {wanted}"
            yield self.dialling.fault(FaultName.STALE_ENDPOINT, detail, self._redirect(client, wanted))

    def _no_endpoint(self) -> Fault:
        server, here = self.server, self.serving.here.id
        detail = last_seen(Fact(name=FactName.ENDPOINT, cluster=here, peer=self.serving.peer), self.serving.side)
        service = f"{server.meta.namespace}/gw-{server.meta.name}"
        repair = f"look at Service {service} and its gateway pod in {here}"
        if self.alive and self.client is not None:
            detail += f"; {title(self.client)} dials {self.dials}"
            declare = self._declare()
            repair = f"{declare} where {self.dials} is meant (NAT); otherwise {repair}" if declare else repair
        return self.serving.fault(FaultName.NO_ENDPOINT, detail, repair)

    def _redirect(self, client: GatewayClient, wanted: Endpoint) -> str:
        """Of a link that works the declaration comes first, since a repair would end it."""
        name, declare = title(client), self._declare()
        step = f"let {name} dial {wanted}" if self.declared is None else f"the next apply lets {name} dial {wanted}"
        if not declare:
            return step
        if self.alive:
            return f"{declare} where {self.dials} is meant (NAT); otherwise {step}"
        return f"{step}; where {self.dials} is meant (NAT), see that it leads to the server, and {declare}"

    def _declare(self) -> str:
        """What to declare so that the client goes on to dial what it dials; empty where no declaration says that."""
        dials = self.dials
        if dials is None or any(view.side.carries_peering() for view in (self.serving, self.dialling)):
            return ""
        override = override_of(dials, self.server)
        if override is None:
            seen = advertised(self.server)
            needless = self.override and seen is not None and reaches(dials, seen)
            return "take client_endpoint out of its declaration" if needless else ""
        if not reaches(dials, advertised(self.server) or in_full(override) or dials, override):
            # A declaration has an address and a port, and nothing of the protocol.
            return ""
        if override.address and address_problem(override.address, self.dialling.here.networks):
            return ""
        parts = (("address", override.address), ("port", override.port))
        given = ", ".join(f"{name}: {value}" for name, value in parts if value)
        return f"declare it with client_endpoint: {{ {given} }}"
