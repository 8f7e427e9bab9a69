# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Links as they are, each merged from what its two clusters say: the two accounts are independent and may differ.

A cluster that could not be read leaves its end unknown, which is never the same as absent.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from itertools import zip_longest
from typing import Any, TypeAlias

from .errors import FabricError, attempt
from .evidence import Evidence, Rung, weigh, weigh_alone
from .faults import key_matches, only
from .model import ClusterId, FabricName, Pair, Settings
from .objects import Cidrs, ClusterState, Endpoint, LocalNetworks, Side
from .plan import IN_PLACE_CIDRS, SERVICE_METADATA
from .sight import hidden_peerings, may_hold

DIRECT_CONNECTIONS = (1, 2, 0)
"""First with Liqo's own direct connections between providers."""

Seen: TypeAlias = "ClusterState | FabricError | None"
"""A cluster as read, why it was not, or None for one that is not among the clusters of the task."""


class LinkKind(StrEnum):
    """What two clusters are to each other."""

    PEERING = "peering"
    """At least one side has a module beside networking: a Tenant, an Identity or a VirtualNode."""
    SHORTCUT = "shortcut"
    """Networking alone, on both sides."""
    HALF_CONFIGURED = "half-configured"
    """Networking alone, on one side; the other was read and has nothing."""
    FOREIGN = "foreign"
    """The peer is not among the clusters of the task."""
    ABSENT = "absent"
    """Both sides were read and have nothing."""
    UNKNOWN = "unknown"
    """A side could not be read, or our rights hide a part of it, and the rest does not tell."""


class Role(StrEnum):
    """Which gateway an end has."""

    SERVER = "server"
    CLIENT = "client"


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """What one cluster says about its peer; None where it says nothing."""

    cluster: ClusterId
    reachable: bool | None
    """None for a cluster that is not among those of the task."""
    peer_role: str | None = None
    """Liqo's word for what the peer is here: Consumer, Provider, ConsumerAndProvider or Unknown."""
    modules: tuple[str, ...] = ()
    """Modules that are enabled with the peer, sorted."""
    role: Role | None = None
    mtu: int | None = None
    """Bytes."""
    key_matches: bool | None = None
    """The key that is trusted here is that of the peer's gateway; None when one of the two was not seen."""
    native: Cidrs | None = None
    """The CIDRs of the peer, as the peer is believed to use them."""
    remap: Cidrs | None = None
    """The CIDRs under which the peer is addressed from here, in the order of ``native``; None while unsettled."""
    connection: str | None = None
    """Connected, Connecting, Error, or empty."""
    latency_ms: float | None = None
    latency_at: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """Two clusters and what is between them."""

    pair: Pair
    kind: LinkKind
    peering: tuple[tuple[ClusterId, ClusterId], ...] = ()
    """(consumer, provider), sorted; two of them when each consumes the other."""
    server: ClusterId | None = None
    """The end that runs the gateway server; None when there is none or when the ends contradict each other."""
    service_type: str | None = None
    advertised: Endpoint | None = None
    """Where the server says it is reached."""
    used: Endpoint | None = None
    """What the client dials."""
    owners: tuple[FabricName, ...] = ()
    """Fabrics that have marked objects of the link, sorted."""
    ends: tuple[End, End]
    """In the order of the pair."""
    evidence: Evidence

    @property
    def latency_ms(self) -> float | None:
        """The worse of what the two ends measured; None unless both did so a moment ago."""
        if self.evidence.rung is None or self.evidence.rung < Rung.FRESH:
            return None
        return max((end.latency_ms for end in self.ends if end.latency_ms is not None), default=None)


def links_of(states: Mapping[ClusterId, ClusterState | FabricError]) -> tuple[Link, ...]:
    """Every link of which any cluster holds something, sorted by pair, those with foreign peers included."""
    return tuple(describe(pair, states.get(pair.a), states.get(pair.b)) for pair in sorted(linked_pairs(states)))


def linked_pairs(states: Mapping[ClusterId, ClusterState | FabricError]) -> set[Pair]:
    """The pairs of these links."""
    return {
        Pair.of(cluster, peer)
        for cluster, state in states.items()
        if isinstance(state, ClusterState)
        for peer, side in state.sides.items()
        if peer != cluster and _holds_link(side)
    }


def describe(pair: Pair, one: Seen, other: Seen, *, declared: Settings | None = None) -> Link:
    """The link of a pair, ``one`` and ``other`` in its order, whatever is known of them.

    ``declared`` are the settings of this pair, where they are known.
    """
    sides = [
        state.side(pair.other(cluster))
        for cluster, state in zip(pair, (one, other), strict=True)
        if isinstance(state, ClusterState)
    ]
    servers = {cluster for side in sides for cluster in side.claimed_servers()}
    server = only([held for side in sides for held in side.servers])
    client = only([held for side in sides for held in side.clients])
    dialled = client.spec.endpoint if client is not None else None
    return Link(
        pair=pair,
        kind=_kind(pair, sides, one, other),
        peering=tuple(sorted({way for side in sides for way in ways_of(side)})),
        server=next(iter(servers)) if len(servers) == 1 else None,
        service_type=str(server.spec.service_type) if server is not None else None,
        advertised=server.endpoint if server is not None else None,
        used=dialled if isinstance(dialled, Endpoint) else None,
        owners=tuple(sorted({owner for side in sides for owner in side.owners()})),
        ends=(_end(pair.a, pair.b, one, other), _end(pair.b, pair.a, other, one)),
        evidence=_evidence(pair, one, other, declared),
    )


def described_link(
    pair: Pair, one: Seen, other: Seen, *, declared: Settings | None = None
) -> tuple[dict[str, Any], FabricError | None]:
    """One entry of ``links``; with an error, and as if neither end had been read, where the ends are not understood."""
    where = f"clusters {pair.a} and {pair.b}"
    row = attempt(
        lambda: link_result(describe(pair, one, other, declared=declared)), what=f"cannot describe {pair}", where=where
    )
    return (link_result(describe(pair, row, row)), row) if isinstance(row, FabricError) else (row, None)


def described_cluster(
    cluster: ClusterId, seen: ClusterState | FabricError
) -> tuple[dict[str, Any], FabricError | None]:
    """One value of ``clusters``, and why the cluster was not read or cannot be described."""
    if isinstance(seen, FabricError):
        return cluster_result(cluster, seen), seen
    what = f"cannot describe {cluster}"
    row = attempt(lambda: cluster_result(cluster, seen), what=what, where=f"cluster {cluster}")
    return (cluster_result(cluster, row), row) if isinstance(row, FabricError) else (row, None)


def link_result(link: Link) -> dict[str, Any]:
    """One entry of ``links`` in the result of a task; the same keys whatever is known."""
    evidence = link.evidence
    return {
        "between": list(link.pair),
        "kind": link.kind.value,
        "peering": [{"consumer": consumer, "provider": provider} for consumer, provider in link.peering],
        "server": link.server,
        "service_type": link.service_type,
        "endpoint": {"advertised": _endpoint_result(link.advertised), "used": _endpoint_result(link.used)},
        "latency_ms": link.latency_ms,
        "owners": list(link.owners),
        "ends": [_end_result(end) for end in link.ends],
        "evidence": {
            "rung": "unknown" if evidence.rung is None else str(evidence.rung),
            "level": None if evidence.rung is None else int(evidence.rung),
            "why_not_next": evidence.why_not_next,
            "faults": [
                {"name": fault.name.value, "cluster": fault.cluster, "detail": fault.detail, "repair": fault.repair}
                for fault in evidence.faults
            ],
            "notes": list(evidence.notes),
        },
    }


def cluster_result(cluster: ClusterId, seen: ClusterState | FabricError) -> dict[str, Any]:
    """One value of ``clusters`` in the result of a task; the same keys whether the cluster was read or not."""
    state = seen if isinstance(seen, ClusterState) else None
    networks = state.networks if state is not None else LocalNetworks()
    info = state.info if state is not None else None
    return {
        "cluster": cluster,
        "reachable": state is not None,
        "version": ".".join(map(str, state.version)) if state is not None and state.version else None,
        "features": _features(state),
        "liqo_namespace": state.liqo_namespace if state is not None else None,
        "address": state.address if state is not None else None,
        "api_server": (info.api_server or None) if info is not None else None,
        "labels": dict(sorted(info.cluster_labels.items())) if info is not None else {},
        "networks": {
            "pod": list(networks.pod),
            "external": list(networks.external),
            "service": list(networks.service),
            "internal": list(networks.internal),
        },
        "virtual_kubelets": dict(sorted(info.virtual_kubelets.items())) if info is not None else {},
        "unread": list(state.hidden()) if state is not None else [],
        "read_at": state.read_at if state is not None else None,
        "notes": list(state.notes) if state is not None else [],
        "failure": seen.as_result() if isinstance(seen, FabricError) else None,
    }


def _features(state: ClusterState | None) -> dict[str, bool | None]:
    """What the Liqo of a cluster can do; None where its version is not known."""
    version = state.version if state is not None else None
    sides = state.sides.values() if state is not None else ()
    if version is None and any(held.has_conditions for side in sides for held in side.configurations):
        # Image tags may be anything, but only these versions write conditions.
        version = IN_PLACE_CIDRS
    info = state.info if state is not None else None
    denied = info.denies_direct_connections if info is not None else None
    direct = None if version is None else version >= DIRECT_CONNECTIONS
    return {
        "cidrs_in_place": None if version is None else version >= IN_PLACE_CIDRS,
        "service_metadata": None if version is None else version >= SERVICE_METADATA,
        "direct_connections": direct if not direct else (None if denied is None else not denied),
    }


def _end_result(end: End) -> dict[str, Any]:
    return {
        "cluster": end.cluster,
        "reachable": end.reachable,
        "peer_role": end.peer_role,
        "modules": list(end.modules),
        "role": end.role.value if end.role is not None else None,
        "mtu": end.mtu,
        "key_matches": end.key_matches,
        "remap": {name: _remap_result(end, name) for name in ("pod", "external")},
        "connection": end.connection,
        "latency_ms": end.latency_ms,
        "latency_at": end.latency_at,
    }


def _remap_result(end: End, name: str) -> list[dict[str, str | None]]:
    """How each CIDR of the peer is addressed from this end; the order is that of Liqo, which pairs them by it."""
    native: tuple[str, ...] = getattr(end.native, name, ())
    remapped: tuple[str, ...] = getattr(end.remap, name, ())
    # Before 1.2.0 Liqo remaps the first CIDR alone.
    return [{"native": one, "remapped": other or None} for one, other in zip_longest(native, remapped[: len(native)])]


def _endpoint_result(endpoint: Endpoint | None) -> dict[str, Any] | None:
    if endpoint is None:
        return None
    return {"addresses": list(endpoint.addresses), "port": endpoint.port, "protocol": endpoint.protocol}


def _holds_link(side: Side) -> bool:
    """A tenant namespace or an empty ForeignCluster alone are leftovers, not a link."""
    modules = side.foreign_cluster.modules if side.foreign_cluster else frozenset()
    return bool(side.link_objects() or side.connections or side.peering or modules)


def _kind(pair: Pair, sides: list[Side], one: Seen, other: Seen) -> LinkKind:
    if one is None or other is None:
        return LinkKind.FOREIGN
    if any(side.carries_peering() for side in sides):
        return LinkKind.PEERING
    states = [state for state in (one, other) if isinstance(state, ClusterState)]
    if len(states) < 2 or any(_is_half_seen(state, side) for state, side in zip(states, sides, strict=True)):
        return LinkKind.UNKNOWN
    if any(hidden_peerings(pair, states)):
        return LinkKind.UNKNOWN
    holding = [side for side in sides if side.link_objects()]
    return (LinkKind.ABSENT, LinkKind.HALF_CONFIGURED, LinkKind.SHORTCUT)[len(holding)]


def _is_half_seen(state: ClusterState, side: Side) -> bool:
    """Nothing of a link was seen here, and some of it may be there all the same."""
    return not side.link_objects() and may_hold(state, side.peer)


def ways_of(side: Side) -> set[tuple[ClusterId, ClusterId]]:
    """Who consumes whom: the role that Liqo derived, and the objects that it derives it from, since it may lag."""
    role = side.foreign_cluster.role if side.foreign_cluster else ""
    kinds = {text.partition(" ")[0] for text in side.peering}
    ways = set()
    if role in ("Consumer", "ConsumerAndProvider") or "Tenant" in kinds:
        ways.add((side.peer, side.cluster))
    if role in ("Provider", "ConsumerAndProvider") or kinds & {"Identity", "VirtualNode"}:
        ways.add((side.cluster, side.peer))
    return ways


def _end(cluster: ClusterId, peer: ClusterId, here: Seen, there: Seen) -> End:
    if not isinstance(here, ClusterState):
        return End(cluster=cluster, reachable=None if here is None else False)
    side = here.side(peer)
    configuration, connection, gateway = only(side.configurations), only(side.connections), only(side.gateways())
    foreign = side.foreign_cluster
    role = None if gateway is None else (Role.SERVER if side.servers else Role.CLIENT)
    return End(
        cluster=cluster,
        reachable=True,
        peer_role=foreign.role if foreign is not None else None,
        modules=tuple(sorted(foreign.modules)) if foreign is not None else (),
        role=role,
        mtu=gateway.spec.mtu if gateway is not None else None,
        key_matches=key_matches(here, there) if isinstance(there, ClusterState) else None,
        native=configuration.spec.remote if configuration is not None else None,
        remap=configuration.remap if configuration is not None else None,
        connection=connection.value if connection is not None else None,
        latency_ms=connection.latency_ms if connection is not None else None,
        latency_at=connection.latency_at if connection is not None else None,
    )


def _evidence(pair: Pair, one: Seen, other: Seen, declared: Settings | None) -> Evidence:
    if isinstance(one, ClusterState) and isinstance(other, ClusterState):
        return weigh(one, other, declared=declared)
    if isinstance(one, ClusterState):
        return weigh_alone(one, pair.b, because=_because(pair.b, other), declared=declared)
    if isinstance(other, ClusterState):
        return weigh_alone(other, pair.a, because=_because(pair.a, one), declared=declared)
    return Evidence(rung=None, why_not_next=_because(pair.a, one))


def _because(cluster: ClusterId, seen: FabricError | ClusterState | None) -> str:
    if isinstance(seen, FabricError):
        return f"{cluster}: {seen.what}: {seen.why}"
    return f"{cluster} is not among the clusters of the task"
