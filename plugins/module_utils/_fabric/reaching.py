# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""After a wait has timed out: why a Service has no address, and what is known of the address that a client dials."""

from __future__ import annotations

from dataclasses import dataclass

from .addresses import is_ipv6
from .legal import is_ip
from .model import ClusterId
from .objects import Endpoint
from .phrases import few
from .scene import LookUp


@dataclass(frozen=True, slots=True, kw_only=True)
class NoAddress:
    """What was looked up about a Service of type LoadBalancer that has got no address."""

    said: str = ""
    """Its last Event of type Warning."""
    is_unheard: bool = False
    """Our rights do not show Events."""
    rivals: tuple[str, ...] = ()
    """Services with the same port that have an address."""

    def why(self, cluster: ClusterId, port: int) -> str:
        """What follows the sentence that it has none."""
        told = f"; its last warning: {self.said}" if self.said else ""
        if self.is_unheard:
            told = "; why is not seen, since this user may not list events there"
        taken = f"; {few(self.rivals)} has {port}/UDP on {cluster} already" if self.rivals else ""
        return told + taken

    @property
    def step(self) -> str:
        """What else may help."""
        return ", or another port where all Services share an address" if self.rivals else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialled:
    """What is known of an endpoint from which no answer comes."""

    endpoint: Endpoint
    """With the one address that the client dials."""
    looked_up: LookUp | None = None
    """Of a host name: what the resolver of this machine says."""
    others: tuple[str, ...] = ()
    """What the client could dial as well."""

    @property
    def address(self) -> str:
        return self.endpoint.addresses[0]

    @property
    def is_name(self) -> bool:
        """Liqo's client makes no Connection before it has found an address for a name."""
        return not is_ip(self.address)

    def seen(self, client: ClusterId) -> str:
        """What follows the sentence that no answer comes."""
        if is_ipv6(self.address):
            return f"; gateway pods of {client} need IPv6 to reach it"
        known = self.looked_up.addresses if self.looked_up is not None else ()
        return self.unresolved or (f"; where this runs {self.address} is {few(known)}" if known else "")

    @property
    def unresolved(self) -> str:
        """What follows the sentence that a gateway does not run: Liqo's client ends when its resolver fails."""
        problem = self.looked_up.problem if self.looked_up is not None else ""
        return f"; {self.address} does not resolve where this runs ({problem})" if problem else ""

    def step(self, server: ClusterId) -> str:
        """What else may help."""
        return f", for {server} also advertises {few(self.others)}" if self.others else ""


def dialled(endpoint: Endpoint) -> Endpoint:
    """Without the addresses that Liqo's client does not try."""
    return Endpoint(addresses=endpoint.addresses[:1], port=endpoint.port, protocol=endpoint.protocol)
