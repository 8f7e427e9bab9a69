# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What people want: clusters, pairs and the settings of a shortcut. Nothing here knows how Kubernetes spells it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NewType

from .errors import FabricError
from .legal import is_dns_label

ClusterId = NewType("ClusterId", str)
"""Liqo's id of a cluster, a DNS label. It is also the name of a cluster in every result."""

FabricName = NewType("FabricName", str)

LONGEST_CLUSTER_ID = 51
"""So that ``liqo-tenant-<id>`` is still a legal namespace name."""


def is_cluster_id(text: str) -> bool:
    """Can Liqo have given this id to a cluster?"""
    return len(text) <= LONGEST_CLUSTER_ID and is_dns_label(text)


class ServiceType(StrEnum):
    """How the Service in front of a gateway server is exposed."""

    LOAD_BALANCER = "LoadBalancer"
    NODE_PORT = "NodePort"
    CLUSTER_IP = "ClusterIP"


class Keys(StrEnum):
    """Who makes the key pairs of a link."""

    LIQO = "liqo"
    """Its controllers, for new gateways. What is there stays, also an own pair."""
    OWN = "own"
    """This collection: one pair per side, in a Secret of its own."""


class State(StrEnum):
    """What a run does with the pairs that it is given."""

    PRESENT = "present"
    """Add and repair."""
    EXACT = "exact"
    """Also remove what this fabric owns and no longer wants."""
    ABSENT = "absent"
    GATHERED = "gathered"
    """Only look, and say what is there in the form of wishes."""
    RENDERED = "rendered"
    """Only look, and say what would be written as manifests."""


@dataclass(frozen=True, slots=True, order=True)
class Pair:
    """Two different clusters in canonical order, so that the order in which a person names them never matters."""

    a: ClusterId
    b: ClusterId

    @classmethod
    def of(cls, one: ClusterId, other: ClusterId) -> Pair:
        """The pair of two clusters; a ValueError when they are the same one."""
        if one == other:
            raise ValueError(f"{one} cannot be paired with itself")
        return cls(min(one, other), max(one, other))

    def __iter__(self) -> Iterator[ClusterId]:
        return iter((self.a, self.b))

    def __contains__(self, cluster: object) -> bool:
        return cluster in (self.a, self.b)

    def other(self, cluster: ClusterId) -> ClusterId:
        """The one that is not ``cluster``."""
        return self.b if cluster == self.a else self.a

    def __str__(self) -> str:
        return f"{self.a} <-> {self.b}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """Name of a gateway template; without a namespace it lies in the Liqo namespace of its cluster."""

    name: str
    namespace: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientEndpoint:
    """What the client dials instead of what the server advertises, for a server behind NAT; false without any part."""

    address: str | None = None
    port: int | None = None

    def __bool__(self) -> bool:
        return bool(self.address or self.port)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How one shortcut is made. None means: no opinion, what is there stays."""

    server: ClusterId | None = None
    """The cluster that shall run the gateway server; None lets the planner choose."""
    service_type: ServiceType = ServiceType.LOAD_BALANCER
    port: int = 51840
    node_port: int | None = None
    load_balancer_ip: str | None = None
    mtu: int = 1340
    server_template: Template = Template(name="wireguard-server")
    client_template: Template = Template(name="wireguard-client")
    client_endpoint: ClientEndpoint | None = None
    service_annotations: Mapping[str, str] | None = None
    service_labels: Mapping[str, str] | None = None
    keys: Keys = Keys.LIQO
    trusted_cidrs: tuple[str, ...] = ()
    """Sorted; CIDRs that the two clusters may report though they would be refused otherwise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shortcut:
    """One wish: this pair, made like this."""

    pair: Pair
    settings: Settings
    source: str = field(default="", compare=False)
    """Where it is asked for, for messages: `shortcuts[0].mesh, shortcuts[3]`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """A cluster of the run as the user declared it, without its connection."""

    id: ClusterId
    name: str
    """How the user calls it in ``between``; most often the id itself."""
    liqo_namespace: str = "liqo"
    labels: Mapping[str, str]
    labels_told: bool = False
    """The labels are what the cluster, or a hub of it, told earlier; no one declared them."""


class ScopeRule(StrEnum):
    """Which links a scope of clusters means."""

    INSIDE = "inside"
    """Those with both ends in the scope."""
    ANCHORED = "anchored"
    """Those whose smaller cluster id is in the scope, so that disjoint scopes share no link and together miss none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What a run may touch; None means no limit."""

    clusters: frozenset[ClusterId] | None = None
    rule: ScopeRule = ScopeRule.INSIDE
    pairs: frozenset[Pair] | None = None

    def __contains__(self, pair: Pair) -> bool:
        if self.pairs is not None and pair not in self.pairs:
            return False
        if self.clusters is None:
            return True
        ends = (pair.a,) if self.rule is ScopeRule.ANCHORED else tuple(pair)
        return all(end in self.clusters for end in ends)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tolerance:
    """How many links may be blocked or failed before the task as a whole fails."""

    links: int = 0
    percent: bool = False
    """``links`` is a share of all links of the run."""

    def allows(self, failed: int, *, of: int) -> bool:
        return 100 * failed <= self.links * of if self.percent else failed <= self.links


@dataclass(frozen=True, slots=True, kw_only=True)
class Fabric:
    """All wishes of one run, sorted and free of contradictions (see wishes.py)."""

    name: FabricName
    clusters: tuple[Cluster, ...]
    shortcuts: tuple[Shortcut, ...]
    state: State = State.PRESENT
    allow_peering_pairs: bool = False
    rotate_keys: frozenset[Pair] = frozenset()
    """Wanted pairs whose gateways get new keys in this run, whatever they have."""
    every_owned_pair: bool = False
    """With state absent and no shortcut named: whatever carries this fabric's mark."""
    adopt: bool = False
    """Put the mark on wanted links that nobody has marked, and do nothing else to them."""
    force_conflicts: bool = False
    """Have our way where another fabric that wants the same link wants it differently."""
    max_removals: int = 5
    """With state exact: an undeclared link stays if more than so many of them end in its two clusters."""
    keep_links: frozenset[Pair] = frozenset()
    """Links that are not removed in this run: Services may still use them."""
    forget: tuple[ClusterId, ...] = ()
    """Clusters that are gone for good: what the others hold about them is removed."""
    scope: Scope = field(default_factory=Scope)
    tolerate: Tolerance = field(default_factory=Tolerance)
    notes: tuple[str, ...] = ()
    """What a person should know of the wishes."""
    refused: Mapping[Pair, FabricError] = field(default_factory=dict)
    """Pairs that are not begun because of the labels that clusters tell, each with the reason."""
    unlabelled: tuple[ClusterId, ...] = ()
    """Clusters that a selector might pick if their labels were known: a link of theirs may be wanted after all."""

    @property
    def searches(self) -> bool:
        """Links are also found by what the clusters hold of them, not only by their names."""
        return self.every_owned_pair or self.state in (State.EXACT, State.GATHERED)

    @property
    def pairs(self) -> tuple[Pair, ...]:
        """The wanted pairs, sorted."""
        return tuple(shortcut.pair for shortcut in self.shortcuts)
