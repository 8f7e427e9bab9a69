# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One fact that did not come true, the clues that were looked up, and what is found: the values of a diagnosis."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from .errors import FabricError, FailureName
from .model import ClientEndpoint, ClusterId
from .objects import Fact, Side
from .reaching import Dialled, NoAddress
from .workload import Workload


@dataclass(frozen=True, slots=True, kw_only=True)
class Allocation:
    """A Network: what was asked of IPAM, and what it gave."""

    name: str
    """With its namespace."""
    peer: ClusterId | None
    """The peer whose CIDR it is; None for the cluster's own."""
    wanted: str
    given: str
    """Empty as long as IPAM has not answered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Clues:
    """What was looked up in one cluster after a wait had timed out."""

    where: str
    """`leaf-a at https://host:port`."""
    version: tuple[int, ...] | None = None
    failure: FabricError | None = None
    """The API server no longer answers, or no longer lets us in."""
    workloads: tuple[Workload, ...] | None = None
    """Those of Liqo itself."""
    gateway: Workload | None = None
    """The Deployment of the gateway to the peer."""
    unseen: tuple[str, ...] = ()
    """Rights that are missing to see why a gateway does not run: `list pods`."""
    gateway_missing: bool = False
    """We could look, and there is no such Deployment."""
    service_missing: bool = False
    """The same for the Service of a gateway server."""
    full: tuple[str, ...] = ()
    """Where one of these is missing, what leaves no room for it: `ResourceQuota tight has pods: 0 of 0 used`."""
    networks: tuple[Allocation, ...] | None = None
    pools: tuple[str, ...] = ()
    """Address pools of IPAM; empty when they are not known."""
    no_address: NoAddress | None = None
    """The Service of the gateway server is of type LoadBalancer and has got no address."""
    dialled: Dialled | None = None
    """Where the gateway client sends its packets."""

    def down(self, *components: str) -> Workload | None:
        """The first of these components that does not run; None also when it cannot be told."""
        for component in components:
            for workload in self.workloads or ():
                if workload.component == component and workload.is_down:
                    return workload
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One fact that did not come true, and all that is known around it."""

    fact: Fact
    sides: Mapping[ClusterId, Side]
    clues: Mapping[ClusterId, Clues]
    served_by: Mapping[str, tuple[str, ...]]
    """Components that take a finalizer away, by finalizer."""
    client_endpoint: ClientEndpoint | None = None
    """What is declared of what the client dials."""

    @property
    def side(self) -> Side:
        return self.sides[self.fact.cluster]

    @property
    def here(self) -> Clues:
        return self.clues[self.fact.cluster]

    @property
    def both(self) -> tuple[ClusterId, ...]:
        """The ends of the link that are there to be asked, that of the fact first."""
        return tuple(cluster for cluster in (self.fact.cluster, self.fact.peer) if cluster in self.clues)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """What was found."""

    fault: FailureName
    cluster: ClusterId
    why: str
    next: str
    cause: str = ""
    """The name of what keeps a pod from running."""
