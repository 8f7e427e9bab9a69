# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The wait of one link. While it waits for a gateway, the progress also says what keeps the gateway from starting.

Nothing is looked up where no one reads the progress: a wait that times out is explained by `diagnose.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import inf
from time import monotonic

from .._fabric.errors import FabricError, attempt
from .._fabric.model import ClusterId, Pair
from .._fabric.objects import Fact
from .._fabric.terminal import one_line
from .gateway_look import OF_GATEWAYS, look_at_gateway
from .progress import Progress
from .world import Changes, World

FIRST_S, AGAIN_S = 4.0, 10.0
"""A gateway that can start needs a few seconds; the progress tells a wait from five seconds on, every ten seconds."""
LOOK_S = 5.0
"""All requests to one cluster. Meanwhile the link does not see that the wait is over."""
LONGEST_REASON = 140
"""Letters of a reason in the progress, which has one line."""


class Lookout:
    """Waits for the facts of one link."""

    def __init__(self, pair: Pair, world: World, progress: Progress) -> None:
        self._pair = pair
        self._world = world
        self._progress = progress
        self._first: Fact | None = None
        self._due = inf

    def wait(self, changes: Changes, count: int, waiting: Sequence[Fact], deadline: float) -> bool:
        """Sleep until a change beyond ``count``; False when ``deadline``, by the monotonic clock, has come."""
        self._begin(waiting[0])
        while True:
            until = min(deadline, self._due)
            if changes.wait_beyond(count, timeout_s=until - monotonic()):
                return True
            if until == deadline:
                return False
            found = attempt(lambda: self._look(waiting[0], deadline), what="cannot look at a gateway", where="-")
            self._progress.because(self._pair, "" if isinstance(found, FabricError) else found)
            self._due = monotonic() + AGAIN_S

    def _begin(self, first: Fact) -> None:
        if first == self._first:
            return
        self._first = first
        self._due = monotonic() + FIRST_S if self._progress.is_told and first.name in OF_GATEWAYS else inf

    def _look(self, fact: Fact, deadline: float) -> str:
        """What keeps the gateway of one of both ends from starting; empty where nothing does."""
        for cluster, peer in ((fact.cluster, fact.peer), (fact.peer, fact.cluster)):
            if cluster in self._world:
                reason = self._look_at(cluster, peer, min(LOOK_S, deadline - monotonic()))
                if reason:
                    return reason
        return ""

    def _look_at(self, cluster: ClusterId, peer: ClusterId, seconds: float) -> str:
        feed = self._world[cluster]
        workload = look_at_gateway(feed.api.glance(seconds), feed.side(peer)).workload
        if workload is None or workload.obstacle is None:
            return ""
        said = workload.obstacle.said.partition(" is forbidden: ")[2] or workload.obstacle.said
        return f"its gateway on {cluster} cannot start, {workload.cause}: {one_line(said, longest=LONGEST_REASON)}"
