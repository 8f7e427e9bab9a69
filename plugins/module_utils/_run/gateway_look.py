# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Does the gateway of one side run, and if not, what keeps it from running? One request while it runs.

Only while a link waits for a gateway, and only in the namespace of that gateway. What cannot be read is left out, and
the right that would show it is named.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from .._fabric.errors import FabricError, Forbidden, NotFound, Unauthorized, Unreachable
from .._fabric.faults import only
from .._fabric.objects import FactName, Side
from .._fabric.resources import Json, Resource
from .._fabric.workload import Workload
from .._kube.client import Api
from .._liqo.body import text_at
from .._liqo.health import parse_workload
from .._liqo.names import GATEWAY_PREFIX
from .._liqo.obstacles import Around
from .._liqo.resources import DEPLOYMENT, EVENT, POD, REPLICA_SET

OF_GATEWAYS = frozenset({FactName.ENDPOINT, FactName.KEY, FactName.RENEWED, FactName.CONNECTED})
"""Facts that come true only when a gateway runs."""

_T = TypeVar("_T")


@dataclass(slots=True, kw_only=True)
class GatewayLook:
    """What was seen of the Deployment of one gateway."""

    workload: Workload | None = None
    is_missing: bool = False
    """We could look, and it is not there."""
    unseen: list[str] = field(default_factory=list)
    """Rights that were missing: `list pods`."""


def look_at_gateway(api: Api, side: Side) -> GatewayLook:
    """Raises Unreachable or Unauthorized when the API server does not answer for the Deployment."""
    look, gateway = GatewayLook(), only(side.gateways())
    if gateway is None:
        return look
    namespace, name = gateway.meta.namespace, f"{GATEWAY_PREFIX}{gateway.meta.name}"
    deployment = get_or_list(api, DEPLOYMENT, namespace, name)
    look.is_missing = isinstance(deployment, NotFound)
    if isinstance(deployment, Forbidden):
        look.unseen.append(f"get {DEPLOYMENT} in {namespace}")
    if isinstance(deployment, FabricError):
        return look
    look.workload = parse_workload(deployment)
    if look.workload.is_down:
        pods, replica_sets, events = (
            _beside(api, resource, namespace, look.unseen) for resource in (POD, REPLICA_SET, EVENT)
        )
        look.workload = parse_workload(deployment, Around(pods=pods, replica_sets=replica_sets, events=events))
    return look


def tolerant(read: Callable[[], _T]) -> _T | FabricError:
    """What was read, or why not; an API server that is gone or does not know us ends the look-up."""
    try:
        return read()
    except (Unreachable, Unauthorized):
        raise
    except FabricError as problem:
        return problem


def get_or_list(api: Api, resource: Resource, namespace: str, name: str) -> Json | FabricError:
    """One object: Liqo's peering user may get it, the roles of this collection may list it."""
    found = tolerant(lambda: api.get(resource, name=name, namespace=namespace))
    if not isinstance(found, Forbidden):
        return found
    listed = tolerant(lambda: api.list(resource, namespace=namespace).items)
    if isinstance(listed, FabricError):
        return found
    return next(
        (body for body in listed if text_at(body, "metadata", "name") == name),
        NotFound(what=f"{name} is not there", where=api.where, why="it is not in the list", next="-", status=404),
    )


def _beside(api: Api, resource: Resource, namespace: str, unseen: list[str]) -> tuple[Json, ...] | None:
    """The objects of a kind beside the Deployment; of Events only the warnings. None where they are not shown."""
    try:
        if resource is EVENT:
            return api.list(resource, namespace=namespace, field_selector="type=Warning").items
        return api.list(resource, namespace=namespace).items
    except Forbidden:
        unseen.append(f"list {resource} in {namespace}")
    except FabricError:
        # Too many of them, or too slow: the Deployment alone tells enough.
        pass
    return None
