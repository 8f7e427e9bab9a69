# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who answers: every reading of a cluster begins here, and nothing is written to a cluster that has become another one.

What a cluster reports about itself is compared, and used for nothing else: states, sides and operations carry the
declared id.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable

from .._fabric.errors import FabricError, FailureName
from .._fabric.model import Cluster, ClusterId
from .._kube.client import Api
from .._liqo.body import text_at
from .._liqo.cluster import Raw, parse_cluster_id, too_old
from .._liqo.resources import WHO

LONGEST_NAME = 63
CONFIRMED_S = 5.0
"""So long after the last look nothing is asked again before a write."""


class Who:
    """One declared cluster as a run knows it. Thread-safe."""

    def __init__(self, cluster: Cluster, *, any_id: bool = False) -> None:
        """``any_id``: the id is not declared, and that of the first reading holds from then on."""
        self.cluster = cluster
        self._id = None if any_id else cluster.id
        self._lock = threading.Lock()
        self._seen: tuple[str, ...] | None = None
        self._looked_at = 0.0

    @property
    def id(self) -> ClusterId:
        """The declared id; where none is declared, that of the first reading."""
        return self._id or self.cluster.id

    def read(self, api: Api) -> Raw:
        """The cluster id ConfigMap, from which a reading goes on.

        Raises FabricError without Liqo, when it is another cluster than declared, or another one than before.
        """
        namespace = self.cluster.liqo_namespace
        looked_at = time.monotonic()
        who = api.list(WHO.resource, namespace=namespace, label_selector=WHO.selector)
        raw = Raw(
            liqo_namespace=namespace,
            objects={WHO.resource: who.items},
            read_at=who.server_time.isoformat(),
            address=api.address,
        )
        reported = parse_cluster_id(raw, api.where)
        seen = tuple(sorted(text_at(body, "metadata", "uid") for body in who.items))
        with self._lock:
            self._id = self._id or reported
            if reported != self._id:
                raise too_old(raw, api.where) or _another(self.cluster, self._id, reported, api.where)
            if self._seen is not None and seen != self._seen:
                raise _replaced(self.cluster, api.where)
            self._seen, self._looked_at = seen, looked_at
        return raw

    def confirm(self, api: Api) -> None:
        """Before a write: look again, unless that was done a moment ago. Raises FabricError like ``read``."""
        with self._lock:
            fresh = time.monotonic() - self._looked_at < CONFIRMED_S
        if not fresh:
            self.read(api)


def who_of(clusters: Iterable[Cluster]) -> dict[ClusterId, Who]:
    """Of each cluster, for one run."""
    return {cluster.id: Who(cluster) for cluster in clusters}


def _another(cluster: Cluster, declared: ClusterId, reported: ClusterId, where: str) -> FabricError:
    return FabricError(
        what=f"it says that it is cluster {reported[:LONGEST_NAME]!r}, not {declared!r}",
        where=where,
        why="the connection leads to another cluster, or the cluster id in this task is wrong",
        next=f"correct the connection of {cluster.name}, or its cluster_id (in an inventory liqo_cluster_id) to"
        f" {reported}",
        fault=FailureName.WRONG_CLUSTER,
    )


def _replaced(cluster: Cluster, where: str) -> FabricError:
    return FabricError(
        what=f"another cluster answers for {cluster.name} than a moment ago",
        where=where,
        why="its cluster id ConfigMap is another object, so Liqo was installed anew or the address leads elsewhere now",
        next=f"see where the connection of {cluster.name} leads, and run again when that no longer changes",
        fault=FailureName.WRONG_CLUSTER,
    )
