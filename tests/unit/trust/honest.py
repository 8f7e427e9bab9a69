# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The worlds in which cases play: a hub and three leaves as they were recorded, and what a run finds to do there."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from enum import StrEnum
from functools import cache
from itertools import permutations

from ansible_collections.liqo.fabric.plugins.module_utils._liqo import resources
from ansible_collections.liqo.fabric.plugins.module_utils._liqo.connector import FOREIGN_CLUSTER_CONNECTION

from tests.unit.bodies import Body
from tests.unit.trust import recording
from tests.unit.trust.controllers import settle
from tests.unit.trust.recording import CLUSTERS, LEAVES
from tests.unit.trust.store import Store


class World(StrEnum):
    """What a run finds."""

    LINKED = "linked"
    """Three healthy shortcuts."""
    DRIFTED = "drifted"
    """The same, with something to repair on every link."""
    UNLINKED = "unlinked"
    """No shortcut yet."""
    PROPAGATED = "propagated"
    """Linked, and both Services in mode exclusive."""


Bodies = Mapping[str, list[Body]]


SHOP = "shop"
"""The namespace of Service `solo`, which is not offloaded to leaf-b."""


@cache
def _recorded() -> tuple[Bodies, Bodies]:
    linked, propagated = recording.load()
    return _with_shop(linked), _with_shop(propagated)


@cache
def bodies_of(world: World) -> Bodies:
    linked, propagated = _recorded()
    if world is World.PROPAGATED:
        return propagated
    found = copy.deepcopy(dict(linked))
    if world is World.DRIFTED:
        for name in LEAVES:
            for body in found[name]:
                _drift(name, body)
    if world is World.UNLINKED:
        for here, peer in permutations(LEAVES, 2):
            found[here] = [body for body in found[here] if not _of_link(body, peer)]
    return found


@cache
def start() -> datetime:
    """When the newest latency was measured."""
    linked, _propagated = _recorded()
    return max(
        datetime.fromisoformat(body["status"]["latency"]["timestamp"])
        for bodies in linked.values()
        for body in bodies
        if body["kind"] == resources.CONNECTION.kind
    )


@cache
def date() -> str:
    """The clock of every API server, as an HTTP date."""
    return format_datetime(start().astimezone(UTC) + timedelta(seconds=2), usegmt=True)


def stores(world: World) -> dict[str, Store]:
    """All clusters of a world, in which Liqo works."""
    return {name: Store(name, bodies_of(world)[name], settle, start()) for name in CLUSTERS}


def _with_shop(recorded: Bodies) -> Bodies:
    """Service `solo` in a namespace of its own, of which leaf-b has nothing, and what the connector left on the hub."""
    found: dict[str, list[Body]] = {}
    for name, bodies in recorded.items():
        found[name] = [_moved(body) for body in bodies if name != "leaf-b" or not _of_solo(body)]
    for body in found["hub"]:
        if body["kind"] == "NamespaceMap" and body["metadata"]["name"] in recording.SOLO:
            body["spec"]["desiredMapping"][SHOP] = f"{SHOP}-hub"
            body["status"]["currentMapping"][SHOP] = {"phase": "Accepted", "remoteNamespace": f"{SHOP}-hub"}
    found["hub"] += [_connection("leaf-c", "leaf-a"), _connection("leaf-b", "leaf-a")]
    return found


def _of_solo(body: Body) -> bool:
    metadata = body["metadata"]
    return metadata.get("namespace", "").startswith("demo") and "solo" in metadata["name"]


def _moved(body: Body) -> Body:
    if not _of_solo(body):
        return copy.deepcopy(body)
    text = json.dumps(body)
    for before, after in (('"demo"', f'"{SHOP}"'), ('"demo-hub"', f'"{SHOP}-hub"'), ("/demo/", f"/{SHOP}/")):
        text = text.replace(before, after)
    moved: Body = json.loads(text)
    return moved


def _connection(client: str, server: str) -> Body:
    networking = {"mtu": 1340, "serverServicePort": 51840, "serverServiceType": "NodePort", "timeoutSeconds": 120}
    return {
        "apiVersion": FOREIGN_CLUSTER_CONNECTION.api_version,
        "kind": FOREIGN_CLUSTER_CONNECTION.kind,
        "metadata": {"name": f"{client}-{server}", "namespace": "default", "uid": f"uid of {client}-{server}"},
        "spec": {"foreignClusterA": client, "foreignClusterB": server, "networking": networking},
        "status": {"isConnected": True, "phase": "Connected"},
    }


def _of_link(body: Body, peer: str) -> bool:
    metadata = body["metadata"]
    named = body["kind"] in ("Namespace", "ForeignCluster") and metadata["name"] in (peer, f"liqo-tenant-{peer}")
    return named or metadata.get("namespace") == f"liqo-tenant-{peer}"


def _drift(here: str, body: Body) -> None:
    """On the side of each leaf something is not as declared: a label is lost, or an MTU differs."""
    peer = (body["metadata"].get("labels") or {}).get("liqo.io/remote-cluster-id")
    if peer not in LEAVES:
        return
    change: Callable[[Body], None] | None = _DRIFT.get(body["kind"])
    if change is not None and (here < peer or body["kind"] == "GatewayClient"):
        change(body)


def _lose_label(body: Body) -> None:
    del body["metadata"]["labels"]["liqo.io/remote-cluster-id"]


def _other_mtu(body: Body) -> None:
    body["spec"]["mtu"] = 1400


_DRIFT: Mapping[str, Callable[[Body], None]] = {"Configuration": _lose_label, "GatewayClient": _other_mtu}
