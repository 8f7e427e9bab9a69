# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From the threads that watch clusters to events in the loop of whoever reacts to them."""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

from .._fabric.changes import Change
from .._fabric.debounce import Moment
from .._fabric.model import ClusterId, Pair
from .._fabric.outbox import News, Outbox
from .._fabric.terminal import inert, one_line
from .._kube.clock import Clock
from .cluster_watch import RETRY_S, ClusterWatch
from .watch_options import WatchOptions

MOST_CHANGES = 5000
"""Of one cluster, between two events."""


async def stream(
    put: Callable[[dict[str, Any]], Awaitable[None]],
    options: WatchOptions,
    *,
    note: Callable[[str], None],
    clock: Clock | None = None,
    retry_s: float = RETRY_S,
) -> None:
    """Puts events until it is cancelled; then every watch is closed.

    ``note`` gets lines for a log, in any thread. No text of an event is a template, since rulebooks hand events on as
    variables of a playbook. Raises only what is a bug.
    """
    loop = asyncio.get_running_loop()
    inbox: asyncio.Queue[tuple[News, Moment]] = asyncio.Queue()
    clock = clock or Clock()

    members = frozenset(cluster.id for cluster in options.clusters)
    bounded = _Bounded(members)

    def tell(news: News) -> None:
        kept = bounded.take(news)
        if kept is None:
            return
        # The loop may end first: then nobody wants to know.
        with suppress(RuntimeError):
            loop.call_soon_threadsafe(inbox.put_nowait, (kept, _now(clock)))

    watches = [
        ClusterWatch(
            cluster,
            options.entries[cluster.name],
            members=members,
            tell=tell,
            note=lambda text: note(one_line(text)),
            connect_timeout_s=options.connect_timeout_s,
            poll_s=options.poll_s,
            retry_s=retry_s,
        )
        for cluster in options.clusters
    ]
    try:
        for watch in watches:
            watch.start()
        await _relay(inbox, lambda event: put(inert(event)), options, clock, bounded)
    finally:
        for watch in watches:
            watch.close()


class _Bounded:
    """Changes of one cluster between two events, so many at most: who tells more is not listened to any closer."""

    def __init__(self, members: frozenset[ClusterId]) -> None:
        self._members = members
        self._lock = threading.Lock()
        self._told: Counter[ClusterId] = Counter()

    def take(self, news: News) -> News | None:
        """What is to be told in its place; None when enough was told already."""
        if not isinstance(news, Change):
            return news
        cluster = news.cluster
        with self._lock:
            self._told[cluster] += 1
            count = self._told[cluster]
        if count < MOST_CHANGES:
            return news
        pairs = frozenset(Pair.of(cluster, peer) for peer in self._members if peer != cluster)
        reason = f"{cluster}: more changes than are told one by one"
        return Change(cluster=cluster, reason=reason, pairs=pairs) if count == MOST_CHANGES else None

    def begin_anew(self) -> None:
        with self._lock:
            self._told.clear()


async def _relay(
    inbox: asyncio.Queue[tuple[News, Moment]],
    give: Callable[[dict[str, Any]], Awaitable[None]],
    options: WatchOptions,
    clock: Clock,
    bounded: _Bounded,
) -> None:
    outbox = Outbox(debounce_s=options.debounce_s, max_delay_s=options.max_delay_s)
    while True:
        events = outbox.take(clock.monotonic())
        if events:
            bounded.begin_anew()
        for event in events:
            await give(event)
        with suppress(TimeoutError):
            news, moment = await asyncio.wait_for(inbox.get(), outbox.due_in(clock.monotonic()))
            outbox.add(news, moment)


def _now(clock: Clock) -> Moment:
    return Moment(monotonic=clock.monotonic(), wall=clock.now())
