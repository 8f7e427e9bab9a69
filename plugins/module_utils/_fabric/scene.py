# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the checks before the first write look at: plans, states, and what was looked up beside them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from .errors import FabricError, FailureName
from .findings import Check, Finding, Level
from .model import ClusterId, Pair
from .objects import ClusterState, Kind
from .operations import LinkPlan, Op

_FAULT = {
    Check.NODE_PORT: FailureName.PORT_TAKEN,
    Check.LOAD_BALANCER: FailureName.PORT_TAKEN,
    Check.RIGHTS: FailureName.MISSING_RIGHT,
    Check.IPAM_POOL: FailureName.OUTSIDE_POOL,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class UsedNetwork:
    """A CIDR that the IPAM of a cluster has given out."""

    cidr: str
    of: str
    """Whose it is, for a message: ``pod CIDR`` of the cluster itself, or ``network leaf-c-pod``."""
    peer: ClusterId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ServicePorts:
    """What a Service takes of the ports of its cluster."""

    namespace: str
    name: str
    node_ports: frozenset[int] = frozenset()
    ports: frozenset[tuple[int, str]] = frozenset()
    """Number and protocol."""
    addresses: frozenset[str] = frozenset()
    """Of its load balancer, those it has and the one it asks for."""
    given: frozenset[str] = frozenset()
    """Those it has, names included."""

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class LookUp:
    """What the resolver of the machine where the play runs says of a host name."""

    addresses: tuple[str, ...] = ()
    problem: str = ""
    """Why there is no answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Quota:
    """A ResourceQuota: how much is used of what it bounds."""

    name: str
    hard: Mapping[str, int | None]
    """By resource; None for what is no plain number."""
    used: Mapping[str, int | None] = field(default_factory=dict)
    is_scoped: bool = False
    """It counts some pods only, so that it may not concern a gateway."""

    def full(self, resources: Iterable[str]) -> tuple[str, ...]:
        """Those of the resources of which nothing is free: `pods: 3 of 3 used`."""
        found = []
        for resource in resources:
            hard, used = self.hard.get(resource), self.used.get(resource, 0)
            if hard is not None and used is not None and used >= hard:
                found.append(f"{resource}: {used} of {hard} used")
        return tuple(found)


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What was looked up in one cluster. None where it was not."""

    denied: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Rights that are missing, by operation: ``create publickeies.networking.liqo.io``."""
    refused: Mapping[str, FabricError] = field(default_factory=dict)
    """Why the API server would not take an operation."""
    unmade: int = 0
    """Operations that cannot be tried, since their namespace is not there yet."""
    untried: int = 0
    """Operations that are not tried, since their links have too many."""
    unanswered: Mapping[Check, FabricError] = field(default_factory=dict)
    """Checks that could not be made."""
    unreachable: FabricError | None = None
    networks: tuple[UsedNetwork, ...] = ()
    pools: tuple[str, ...] | None = None
    services: tuple[ServicePorts, ...] | None = None
    names: Mapping[str, LookUp] = field(default_factory=dict)
    """Host names that clients of this cluster are to dial."""
    levels: Mapping[str, str] = field(default_factory=dict)
    """By namespace that enforces one: the Pod Security level that lets no privileged pod in."""
    quotas: Mapping[str, tuple[Quota, ...]] = field(default_factory=dict)
    """By namespace that is there and gets a gateway."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """All that the checks look at; only plans with something to do."""

    plans: Mapping[Pair, LinkPlan]
    states: Mapping[ClusterId, ClusterState]
    seen: Mapping[ClusterId, Seen]

    def ops(self, *kinds: Kind) -> Iterator[tuple[Pair, Op]]:
        """Operations with their pairs, of these kinds or all, in their order."""
        for pair, plan in self.plans.items():
            for op in plan.ops:
                if not kinds or op.kind in kinds:
                    yield pair, op

    def of(self, cluster: ClusterId) -> Seen:
        return self.seen.get(cluster) or Seen()

    def where(self, cluster: ClusterId) -> str:
        state = self.states.get(cluster)
        address = state.address if state else ""
        return f"cluster {cluster} at https://{address}" if address else f"cluster {cluster}"

    def finding(self, check: Check, level: Level, cluster: ClusterId, pair: Pair | None, **texts: str) -> Finding:
        return Finding(
            check=check,
            level=level,
            cluster=cluster,
            pair=pair,
            fault=_FAULT.get(check, FailureName.OTHER),
            where=texts.get("where") or self.where(cluster),
            what=texts["what"],
            why=texts["why"],
            next=texts["next"],
        )
