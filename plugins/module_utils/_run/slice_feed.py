# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The slices of a cluster as they change, for those who wait until Liqo has made them what they shall be."""

from __future__ import annotations

import threading

from .._fabric.errors import FabricError
from .._fabric.propagation.model import Slice
from .._fabric.resources import Json
from .._kube.watching import Event
from .._liqo.by_peer import key_of
from .._liqo.resources import ENDPOINT_SLICE, Query
from .._liqo.services import parse_slice
from .follower import UNUSABLE, Follower
from .read import Scope
from .service_read import ServiceReading
from .world import Changes


class SliceFeed:
    """EndpointSlices of one cluster, kept current by a watch, or by polling where the rights lack it."""

    def __init__(self, reading: ServiceReading, changes: Changes) -> None:
        self._changes = changes
        self._lock = threading.Lock()
        self._slices: dict[tuple[str, str], Slice] = {}
        self.unusable: FabricError | None = None
        """Set while what the cluster sends is of no use: no waiting would end that."""
        self._take_list(reading.slices.items)
        scope = Scope(
            query=Query(resource=ENDPOINT_SLICE, selector=reading.selector),
            resource_version=reading.slices.resource_version,
        )
        self._follower = Follower(reading.api, scope, changed=self._take, listed=self._take_list, heard=self._hear)
        self._follower.start()

    def slices(self) -> tuple[Slice, ...]:
        """All of them, as last seen."""
        with self._lock:
            return tuple(self._slices.values())

    def close(self) -> None:
        self._follower.close()

    def _hear(self, problem: FabricError | None) -> None:
        self.unusable = problem if problem is not None and problem.fault in UNUSABLE else None
        if self.unusable is not None:
            self._changes.add()

    def _take(self, event: Event) -> None:
        with self._lock:
            if event.type == "DELETED":
                self._slices.pop(key_of(event.object), None)
            else:
                self._slices[key_of(event.object)] = parse_slice(event.object)
        self._changes.add()

    def _take_list(self, bodies: tuple[Json, ...]) -> None:
        slices = {key_of(body): parse_slice(body) for body in bodies}
        with self._lock:
            changed, self._slices = slices != self._slices, slices
        # Whoever polls sees the same list again and again.
        if changed:
            self._changes.add()
