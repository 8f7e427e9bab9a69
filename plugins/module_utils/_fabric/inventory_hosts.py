# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hubs and leaves as they were read -> hosts of an inventory, with their variables and groups.

Everything is of plain types, so that it can be cached as JSON. No credential comes here, only the paths of files.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from .errors import FabricError, FailureName
from .faults import CONNECTED, FaultName, only
from .hub_view import HubView, Identity, PeerNotes
from .legal import is_label_key, is_label_value
from .links import Link, cluster_result, links_of, ways_of
from .model import ClusterId, is_cluster_id
from .most import MOST_LABELS, MOST_LINKS
from .objects import ClusterState

_SILENT = (FaultName.DEAD_TUNNEL, FaultName.STALE_LATENCY)
_NO_WORD = re.compile(r"[^A-Za-z0-9_]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Hub:
    """One hub of the configuration."""

    name: str
    seen: HubView | FabricError
    declared_id: ClusterId
    """What it is believed to be while it cannot be read."""
    connection: Mapping[str, Any] = field(default_factory=dict)
    """Variables with the connection options that are no secret."""
    labels: Mapping[str, str] = field(default_factory=dict)
    """What the configuration says; they win over those of the cluster."""

    @property
    def id(self) -> ClusterId:
        return self.seen.state.id if isinstance(self.seen, HubView) else self.declared_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaf:
    """One leaf, and how it is reached."""

    id: ClusterId
    hubs: tuple[HubView, ...]
    """Those that know it, at least one."""
    kubeconfig: str = ""
    """A path; empty when nothing says how to reach the leaf."""
    reached_by: str | None = None
    seen: ClusterState | FabricError | None = None
    """None when it was not asked."""

    @property
    def notes(self) -> tuple[PeerNotes, ...]:
        return tuple(hub.notes[self.id] for hub in self.hubs if self.id in hub.notes)

    def identity(self) -> tuple[HubView, Identity] | None:
        """That of the first hub that has one."""
        for hub in self.hubs:
            identity = hub.notes[self.id].identity if self.id in hub.notes else None
            if identity is not None:
                return hub, identity
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """One host of the inventory."""

    name: str
    groups: tuple[str, ...]
    variables: Mapping[str, Any]


def hosts_of(hubs: Sequence[Hub], leaves: Sequence[Leaf], *, region_labels: Sequence[str]) -> tuple[Host, ...]:
    """One host per hub, read or not, and one per leaf.

    What two clusters say of their link is merged; who was not asked leaves its end unknown.
    """
    states = {hub.id: hub.seen.state if isinstance(hub.seen, HubView) else hub.seen for hub in hubs}
    states |= {leaf.id: _not_asked(leaf.id) if leaf.seen is None else leaf.seen for leaf in leaves}
    told = [state for hub in hubs for state in [states[hub.id]] if isinstance(state, ClusterState)]
    links: dict[ClusterId, list[Link]] = {}
    listed = {*(hub.id for hub in hubs), *(leaf.id for leaf in leaves)}
    # First those between hosts of the inventory, which are kept where there are too many.
    for link in sorted(links_of(states), key=lambda link: not listed.issuperset(link.pair)):
        for cluster in link.pair if all(map(is_cluster_id, link.pair)) else ():
            links.setdefault(cluster, []).append(link)
    hosts = [_hub_host(hub, links.get(hub.id, []), told, region_labels) for hub in hubs]
    hosts += [_leaf_host(leaf, links.get(leaf.id, []), told, region_labels) for leaf in leaves]
    return tuple(replace(host, groups=(*host.groups, *_connected_to(host, listed))) for host in hosts)


def _connected_to(host: Host, listed: Container[str]) -> list[str]:
    """Groups of the hosts that it is connected with. A cluster that is no host of the inventory makes no group."""
    return [group_name(f"connected_to_{peer}") for peer in host.variables["liqo_connected_to"] if peer in listed]


def group_name(text: str) -> str:
    """Without what Ansible does not like in the name of a group: `connected_to_leaf_a`, `liqo_version_1_2_0`."""
    return _NO_WORD.sub("_", text)


def is_connected(link: Link, hubs: Collection[ClusterId]) -> bool | None:
    """Both ends call the tunnel connected, and have heard from each other a moment ago; of its own links, a hub's word
    is enough while the other end was not read.

    None where no end that was read says otherwise, and a leaf alone says so: no leaf says this of another cluster.
    """
    ends = [end for end in link.ends if end.reachable]
    silent = any(fault.name in _SILENT for fault in link.evidence.faults)
    if not ends or silent or any(end.connection != CONNECTED for end in ends):
        return False
    return True if len(ends) == len(link.ends) or any(end.cluster in hubs for end in ends) else None


def _hub_host(hub: Hub, links: Sequence[Link], told: Sequence[ClusterState], region_labels: Sequence[str]) -> Host:
    seen = hub.seen.state if isinstance(hub.seen, HubView) else hub.seen
    problems = [] if isinstance(seen, ClusterState) else [f"{seen.what}: {seen.why}"]
    variables = {
        **hub.connection,
        **_facts(hub.id, seen, links, told),
        "liqo_health": "unreachable" if problems else "healthy",
        "liqo_health_reasons": problems,
        "liqo_peered_hubs": [],
        "liqo_reached_by": "hubs",
    }
    return _host(hub.name, "liqo_hubs", variables, {**_labels(seen), **hub.labels}, region_labels)


def _leaf_host(leaf: Leaf, links: Sequence[Link], told: Sequence[ClusterState], region_labels: Sequence[str]) -> Host:
    reasons = list(_complaints(leaf, links))
    health = "unhealthy" if reasons else "healthy"
    if isinstance(leaf.seen, FabricError) and leaf.seen.fault == FailureName.UNREACHABLE:
        health = "unreachable"
        reasons.insert(0, f"{leaf.seen.what}: {leaf.seen.why}")
    variables: dict[str, Any] = {
        **_facts(leaf.id, leaf.seen, links, told),
        "liqo_health": health,
        "liqo_health_reasons": reasons,
        "liqo_peered_hubs": [hub.name for hub in leaf.hubs],
        "liqo_reached_by": leaf.reached_by,
    }
    if not isinstance(leaf.seen, ClusterState):
        variables["liqo_networks"] |= _networks_by_hub(leaf)
    servers = [notes.api_server for notes in leaf.notes if notes.api_server]
    variables["liqo_api_server"] = variables["liqo_api_server"] or (servers[0] if servers else None)
    if leaf.kubeconfig:
        variables["liqo_kubeconfig"] = leaf.kubeconfig
    if (held := leaf.identity()) is not None:
        hub, identity = held
        variables["liqo_identity"] = {"hub": hub.name, "namespace": identity.namespace, "secret": identity.secret}
    by_hubs: dict[str, str] = {}
    for notes in reversed(leaf.notes):
        by_hubs |= notes.labels
    return _host(leaf.id, "liqo_leaves", variables, {**by_hubs, **_labels(leaf.seen)}, region_labels)


def _facts(
    cluster: ClusterId, seen: ClusterState | FabricError | None, links: Sequence[Link], hubs: Sequence[ClusterState]
) -> dict[str, Any]:
    """The same variables for every host."""
    told = cluster_result(cluster, _not_asked(cluster) if seen is None else seen)
    witnesses = [*hubs, *([seen] if isinstance(seen, ClusterState) else [])]
    known = {hub.id for hub in hubs}
    shown = links[:MOST_LINKS]
    return {
        "liqo_cluster_id": str(cluster),
        "liqo_reachable": None if seen is None else isinstance(seen, ClusterState),
        "liqo_failure": str(seen) if isinstance(seen, FabricError) else None,
        "liqo_version": told["version"],
        "liqo_api_server": told["api_server"],
        "liqo_networks": told["networks"],
        "liqo_roles": sorted(_roles(cluster, witnesses)),
        "liqo_links": {str(link.pair.other(cluster)): _link(link, known) for link in shown},
        "liqo_left_out": {"links": max(0, len(links) - MOST_LINKS), "labels": 0},
        "liqo_connected_to": sorted(str(link.pair.other(cluster)) for link in shown if is_connected(link, known)),
    }


def _link(link: Link, hubs: Collection[ClusterId]) -> dict[str, Any]:
    rung = link.evidence.rung
    connected = is_connected(link, hubs)
    heard = [end.latency_ms for end in link.ends if end.latency_ms is not None]
    return {
        "kind": link.kind.value,
        "connected": connected,
        "evidence": "unknown" if rung is None else str(rung),
        "server": None if link.server is None else str(link.server),
        "latency_ms": max(heard) if connected is not False and heard else None,
    }


def _roles(cluster: ClusterId, witnesses: Iterable[ClusterState]) -> Iterator[str]:
    """What a cluster is in its peerings, as it says itself and as hubs say. What a leaf says of another is left out."""
    sides = [side for state in witnesses for side in state.sides.values() if cluster in (side.cluster, side.peer)]
    ways = {way for side in sides for way in ways_of(side)}
    if any(consumer == cluster for consumer, _provider in ways):
        yield "consumer"
    if any(provider == cluster for _consumer, provider in ways):
        yield "provider"


def _complaints(leaf: Leaf, links: Sequence[Link]) -> Iterator[str]:
    """What is wrong by what hubs say, and with the tunnels to them."""
    for hub in leaf.hubs:
        if leaf.id in hub.notes:
            yield from (f"{hub.name}: {complaint}" for complaint in hub.notes[leaf.id].complaints)
        foreign = hub.state.side(leaf.id).foreign_cluster
        if foreign is None or "networking" not in foreign.modules:
            continue
        for link in links:
            if hub.state.id in link.pair and is_connected(link, (hub.state.id,)) is False:
                silent = [fault for fault in link.evidence.faults if fault.name in _SILENT]
                told = "; ".join(f"{fault.cluster}: {fault.detail}" for fault in silent)
                yield told or f"{hub.name}: there is no connected tunnel"


def _networks_by_hub(leaf: Leaf) -> dict[str, list[str]]:
    """The CIDRs that a hub was told when the two were joined."""
    for hub in leaf.hubs:
        configuration = only(hub.state.side(leaf.id).configurations)
        if configuration is not None:
            remote = configuration.spec.remote
            return {"pod": list(remote.pod), "external": list(remote.external)}
    return {}


def _labels(seen: ClusterState | FabricError | None) -> dict[str, str]:
    return dict(seen.info.cluster_labels) if isinstance(seen, ClusterState) and seen.info is not None else {}


def _host(
    name: str, group: str, variables: dict[str, Any], labels: Mapping[str, str], region_labels: Sequence[str]
) -> Host:
    legal = {label: value for label, value in sorted(labels.items()) if is_label_key(label)}
    region = next((legal[label] for label in region_labels if legal.get(label) and is_label_value(legal[label])), None)
    shown = dict(list(legal.items())[:MOST_LABELS])
    variables["liqo_left_out"] |= {"labels": len(legal) - len(shown)}
    if legal:
        # An empty one would hide what the group variables of a person say.
        variables["liqo_labels"] = shown
        variables["liqo_labels_told"] = True
    variables["liqo_region"] = region
    groups = [group, *(f"liqo_{role}s" for role in variables["liqo_roles"]), f"liqo_health_{variables['liqo_health']}"]
    groups += [f"liqo_region_{region}"] if region else []
    groups += [f"liqo_version_{variables['liqo_version']}"] if is_label_value(variables["liqo_version"] or None) else []
    return Host(name=name, groups=tuple(map(group_name, groups)), variables=variables)


def _not_asked(cluster: ClusterId) -> FabricError:
    """Stands for a cluster of which only others tell."""
    return FabricError(
        what="it was not asked", where=cluster, why="only hubs were read", next="", fault=FailureName.NO_CREDENTIALS
    )
