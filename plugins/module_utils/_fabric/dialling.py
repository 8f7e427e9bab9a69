# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which of the addresses that a gateway server advertises its client dials.

Liqo's client dials the first address of its list and knows no other one; a host name is looked up every five minutes.
A load balancer may have several addresses, in an order that changes. So the order counts when a client is written: as
long as the address that it dials is one of the server's, nothing is to be done.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from ipaddress import ip_address

from .addresses import is_ipv6
from .errors import FabricError, FailureName
from .facts import Value, advertised
from .legal import is_inert, is_ip
from .model import ClientEndpoint, ClusterId
from .objects import Endpoint, GatewayServer, Later, LocalNetworks
from .phrases import few
from .reported import NO_HOST, address_problem, protocol_problem

MOST_JUDGED = 256
"""Addresses of one server; K3s advertises all nodes."""
MOST_WRITTEN = 16
_LONGEST_QUOTED = 64
_NOTHING = ClientEndpoint()
"""Named by the user."""

ENDPOINT_STEP = "correct the Service of the gateway server, or name the address as client_endpoint when it is meant"


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """Who dials whom."""

    server: ClusterId
    client: ClusterId
    networks: LocalNetworks
    """Of the client's cluster."""
    override: ClientEndpoint | None = None

    @property
    def is_pinned(self) -> bool:
        """The user says which address is dialled."""
        return self.override is not None and bool(self.override.address)

    def allows(self, held: Endpoint) -> bool:
        """May the client dial it? An address that the user names is trusted."""
        return self.is_pinned or not (protocol_problem(held) or address_problem(held.addresses[0], self.networks))


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """What a server advertises, as one client may use it."""

    usable: tuple[str, ...] = ()
    """The one to dial first: IPv4 before host names, since those must resolve, and IPv6 last. Liqo needs IPv4 alone."""
    refused: tuple[str, ...] = ()
    """Why each other address must not be dialled."""


def offer(seen: Endpoint, networks: LocalNetworks) -> Offer:
    """The advertised addresses as a client with these ``networks`` may use them, each once."""
    wrong = protocol_problem(seen)
    if wrong:
        return Offer(refused=(wrong,))
    usable: dict[str, str] = {}
    refused: list[str] = []
    for number, address in enumerate(dict.fromkeys(seen.addresses[:MOST_JUDGED]), start=1):
        problem = address_problem(address, networks)
        if problem:
            refused.append(_named(address, number) if problem == NO_HOST else problem)
        else:
            usable.setdefault(_canonical(address), address)
    return Offer(usable=tuple(sorted(usable.values(), key=_rank)), refused=tuple(refused))


def reaches(held: Endpoint | Later | None, seen: Endpoint, override: ClientEndpoint | None = None) -> bool:
    """Does a client that dials ``held`` reach what the server advertises, or what the user names in place of it?"""
    if not isinstance(held, Endpoint):
        return False
    wanted = override or _NOTHING
    among = (wanted.address,) if wanted.address else seen.addresses
    same_port = (held.port, held.protocol) == (wanted.port or seen.port, seen.protocol)
    return same_port and (held.addresses[0] in among or is_among(held.addresses[0], among[:MOST_JUDGED]))


def in_full(override: ClientEndpoint | None) -> Endpoint | None:
    """The endpoint that the user names, when nothing of it is left to the server."""
    if override is None or not override.address or not override.port:
        return None
    return Endpoint(addresses=(override.address,), port=override.port)


def override_of(dials: Endpoint, server: GatewayServer) -> ClientEndpoint | None:
    """The override with which the client of a server dials this; None where it needs none, or none is known to."""
    seen = advertised(server)
    if seen is None:
        # What is advertised for an earlier type or port will soon be another.
        is_silent = server.endpoint is None
        return ClientEndpoint(address=dials.addresses[0], port=dials.port) if is_silent else None
    is_among = reaches(dials, replace(seen, port=dials.port, protocol=dials.protocol))
    address = None if is_among else dials.addresses[0]
    port = dials.port if dials.port != seen.port else None
    return ClientEndpoint(address=address, port=port) if address or port else None


def to_dial(seen: Endpoint, way: Way, *, held: Endpoint | Later | None = None) -> Endpoint:
    """What the client shall dial: ``held`` as long as that reaches the server, else the best of what is advertised.

    Raises FabricError when nothing of it may be dialled.
    """
    if isinstance(held, Endpoint) and reaches(held, seen, way.override) and way.allows(held):
        return held
    wanted = way.override or _NOTHING
    port = wanted.port or seen.port
    if wanted.address:
        return Endpoint(addresses=(wanted.address,), port=port, protocol=seen.protocol)
    found = offer(seen, way.networks)
    if found.usable:
        return Endpoint(addresses=found.usable[:MOST_WRITTEN], port=port, protocol=seen.protocol)
    raise FabricError(
        what=f"the endpoint that {way.server} advertises is refused for {way.client}",
        where=f"cluster {way.server}, GatewayServer for {way.client}",
        why=few(found.refused),
        next=ENDPOINT_STEP,
        fault=FailureName.REFUSED_ENDPOINT,
    )


def resolve(later: Later, value: Value, networks: LocalNetworks, *, held: Endpoint | Later | None = None) -> Value:
    """What takes the place of a Later once its fact has a value; ``networks`` are those of the cluster that gets it.

    Raises FabricError for an endpoint of which nothing may be dialled.
    """
    if isinstance(value, Endpoint):
        ends = later.fact
        way = Way(server=ends.cluster, client=ends.peer, networks=networks, override=later.override)
        return to_dial(value, way, held=held)
    if isinstance(value, str):
        return value
    raise TypeError(f"{later.fact} brings no value")


def left_out(seen: Endpoint, way: Way) -> tuple[str, ...]:
    """A note about advertised addresses that the client is not given; none when there is nothing to say."""
    if len(seen.addresses) < 2 or way.is_pinned:
        return ()
    refused = offer(seen, way.networks).refused
    return (f"left out of what {way.server} advertises to {way.client}: {few(refused)}",) if refused else ()


def _rank(address: str) -> int:
    return 2 if is_ipv6(address) else 0 if is_ip(address) else 1


def is_among(address: str, others: tuple[str, ...]) -> bool:
    """Is it one of the others, in whatever spelling?"""
    wanted = _canonical(address)
    return any(_canonical(other) == wanted for other in others)


@lru_cache(maxsize=4096)
def _canonical(address: str) -> str:
    """The same text for the same address in another spelling."""
    return str(ip_address(address)) if is_ip(address) else address.lower().removesuffix(".")


def _named(address: str, number: int) -> str:
    """Text that is no address is repeated only where it is short and harmless."""
    quoted = f"'{address}'" if len(address) <= _LONGEST_QUOTED and is_inert(address) else f"number {number} of its list"
    return f"{quoted} is no address"
