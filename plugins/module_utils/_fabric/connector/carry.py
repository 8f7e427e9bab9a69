# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""ForeignClusterConnections and the links that came of them -> the option ``shortcuts`` that keeps these links.

Where there is a link, it decides: the controller never looked at an object again once it was connected, so the object
may say something else, and declaring that would make the tunnel anew. Only what no link tells comes from the object.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ..errors import FabricError, Violation
from ..gathered import Gathered, gather
from ..links import LinkKind, Seen, describe
from ..model import Cluster, ClusterId, Pair, ServiceType, Settings
from ..objects import ClusterState
from ..settings import check_exposure, parse_settings
from ..terminal import one_line
from .model import Carried, ForeignClusterConnection

LARGEST_SAFE_MTU = Settings().mtu
"""What Liqo's own tools use, since it fits most networks."""

_THERE = (LinkKind.SHORTCUT, LinkKind.HALF_CONFIGURED)


def carry_over(
    connections: Sequence[ForeignClusterConnection],
    clusters: Iterable[Cluster],
    states: Mapping[ClusterId, ClusterState | FabricError],
) -> tuple[Carried, ...]:
    """Each ForeignClusterConnection with the shortcut that takes its place, in the order given."""
    known = {cluster.id: cluster for cluster in clusters}
    first: dict[Pair, ForeignClusterConnection] = {}
    carried = []
    for connection in connections:
        pair = connection.pair
        earlier = first.setdefault(pair, connection) if pair is not None else connection
        carried.append(_carry(connection, earlier, known, states))
    return tuple(carried)


def shortcuts_of(carried: Iterable[Carried]) -> list[dict[str, Any]]:
    """The option ``shortcuts``, sorted by pair."""
    found = [dict(one.shortcut) for one in carried if one.shortcut is not None]
    return sorted(found, key=lambda entry: sorted(entry["between"]))


def _carry(
    connection: ForeignClusterConnection,
    earlier: ForeignClusterConnection,
    known: Mapping[ClusterId, Cluster],
    states: Mapping[ClusterId, ClusterState | FabricError],
) -> Carried:
    pair = connection.pair
    if pair is None:
        why = f"it joins {connection.client or 'no cluster'} with {connection.server or 'no cluster'}"
        return Carried(connection=connection, link=LinkKind.ABSENT.value, notes=(f"not carried over: {why}",))
    unknown = [cluster for cluster in pair if cluster not in known]
    one, other = (states.get(cluster) for cluster in pair)
    link = describe(pair, one, other).kind
    refusal = ""
    if unknown:
        refusal = f"{' and '.join(unknown)} {'is' if len(unknown) == 1 else 'are'} not among the clusters of the task"
    elif earlier is not connection:
        refusal = f"{earlier} is about the same two clusters, and is the one that is carried over"
    elif link is LinkKind.PEERING:
        refusal = f"{pair} is peered, so that its connection is not a shortcut"
    if refusal:
        return Carried(connection=connection, link=link.value, notes=(f"not carried over: {refusal}",))
    asked, notes = _asked(connection, known)
    entry = {"between": list(pair), **asked}
    if isinstance(one, ClusterState) and isinstance(other, ClusterState) and link in _THERE:
        entry, more = _as_it_is(entry, gather(pair, one, other), connection)
        notes = [*_not_settings(connection), *more]
    else:
        notes += [*_not_settings(connection), _why_not_seen(pair, one, other)]
    if entry.get("mtu", 0) > LARGEST_SAFE_MTU:
        notes.append(f"mtu {entry['mtu']} is more than the {LARGEST_SAFE_MTU} that fit most networks; kept as it is")
    return Carried(connection=connection, link=link.value, shortcut=entry, notes=tuple(notes))


def _asked(
    connection: ForeignClusterConnection, known: Mapping[ClusterId, Cluster]
) -> tuple[dict[str, Any], list[str]]:
    """The settings that the object asks for, and what of them no shortcut can have."""
    raw: dict[str, Any] = {"server": connection.server}
    notes = []
    if connection.service_type in set(ServiceType):
        raw["service_type"] = connection.service_type
    elif connection.service_type:
        notes.append(
            f"serverServiceType {_word(repr(connection.service_type))} is not carried over: no shortcut has it"
        )
    raw |= {name: value for name, value in (("mtu", connection.mtu), ("port", connection.port)) if value}
    for option, asked, cluster in (
        ("server_template", connection.of_server, connection.server),
        ("client_template", connection.of_client, connection.client),
    ):
        if asked.template and asked.template != getattr(Settings(), option).name:
            raw[option] = asked.template
        if asked.template_namespace and asked.template_namespace != known[cluster].liqo_namespace:
            raw[f"{option}_namespace"] = asked.template_namespace
    kept, refused = _legal(raw, known)
    notes += [f"{_word(f'{name} {raw[name]}')} is not carried over: {hint}" for name, hint in refused.items()]
    return kept, notes


def _as_it_is(
    asked: Mapping[str, Any], seen: Gathered, connection: ForeignClusterConnection
) -> tuple[dict[str, Any], list[str]]:
    """The entry of the link that is there, and where it is not what the object asks for."""
    legal, refused = _legal(seen.shortcut, seen.shortcut["between"])
    unfit = {str(one): f"it must be {one.wanted}" for one in seen.refused}
    unfit |= {f"{name} {seen.shortcut[name]}": hint for name, hint in refused.items()}
    notes = [
        f"{what} of the link cannot be declared: {hint}; the next apply sets the default"
        for what, hint in unfit.items()
    ]
    for name in sorted(asked.keys() & legal.keys() - {"between"}):
        if asked[name] != legal[name]:
            notes.append(f"{name} is {legal[name]}, as the link has it; {connection.name} says {asked[name]}")
    # Templates are only gathered where they are not the default, so what the object says of them counts no more.
    decided = {*refused, *(one.setting for one in seen.refused)}
    missing = {name: value for name, value in asked.items() if name not in decided and "template" not in name}
    return {**missing, **legal}, notes


def _legal(options: Mapping[str, Any], clusters: Iterable[ClusterId]) -> tuple[dict[str, Any], dict[str, str]]:
    """The options without those that the option ``shortcuts`` refuses, and by name what it wants instead."""
    found: list[Violation] = []
    given = parse_settings(options, "shortcut", {str(cluster): cluster for cluster in clusters}, found)
    check_exposure(given, dict.fromkeys((*given, "service_type"), "shortcut"), found)
    refused = {violation.path.removeprefix("shortcut.").partition(".")[0]: violation.hint for violation in found}
    return {name: value for name, value in options.items() if name not in refused}, refused


def _not_settings(connection: ForeignClusterConnection) -> list[str]:
    """What the object says that belongs to no link."""
    notes = []
    for side, asked in (("server", connection.of_server), ("client", connection.of_client)):
        if asked.gateway_type:
            gateway = f"{side}GatewayType {_word(asked.gateway_type)}"
            notes.append(f"{gateway} is not carried over: shortcuts are of Liqo's WireGuard")
    if connection.timeout_s is not None:
        notes.append(f"timeoutSeconds {connection.timeout_s} belongs to a run, as liqo_fabric_wait_timeout")
    if connection.wait is False:
        notes.append("wait false belongs to a run, as liqo_fabric_wait")
    if connection.meta.terminating:
        notes.append(f"{connection.name} is being deleted")
    return notes


def _word(text: str) -> str:
    """What an object says, in a note: notes become comments in a file."""
    return one_line(text, longest=100)


def _why_not_seen(pair: Pair, one: Seen, other: Seen) -> str:
    unread = [cluster for cluster, seen in zip(pair, (one, other), strict=True) if not isinstance(seen, ClusterState)]
    if unread:
        return f"as the object says, since {' and '.join(unread)} could not be read"
    return "there is no link; the next apply makes it"
