# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From what is heard of clusters to the events that are given, and when.

A rulebook answers an event with a run. So a cluster or link that comes and goes all day is told less and less often;
the events of all others keep their time.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any, TypeAlias, Union

from .backoff import Backoff
from .changes import Back, Change, Lost, back_event, changes_event, lost_event
from .debounce import Debouncer, Moment
from .model import ClusterId, Pair

News: TypeAlias = Union[Change, Lost, Back]
_Key: TypeAlias = tuple[ClusterId, Pair]
"""A link as one of its clusters tells of it: a cluster makes no other one wait."""

TOGETHER_S = 60.0
"""What may be told within so many seconds anyway goes with what is told now: one run instead of several."""
MOST_KEPT = 10
"""Changes of one link that wait; of more, the first and the last are kept."""


class Outbox:
    """``add`` what is heard, and ``take`` what is due, at the latest when ``due_in`` says so."""

    def __init__(self, *, debounce_s: float, max_delay_s: float) -> None:
        self._debounce_s = debounce_s
        self._of_links: Debouncer[Change] = Debouncer(debounce_s=debounce_s, max_delay_s=max_delay_s)
        self._of_services: Debouncer[Change] = Debouncer(debounce_s=debounce_s, max_delay_s=max_delay_s)
        self._links: Backoff[_Key] = Backoff()
        self._outages: Backoff[ClusterId] = Backoff()
        self._held: dict[_Key, list[tuple[Change, Moment]]] = {}
        self._held_until: dict[_Key, float] = {}
        self._lost: dict[ClusterId, datetime] = {}
        """The clusters that were told as lost and not yet as back, each with when that was."""
        self._back_at: dict[ClusterId, float] = {}
        """Those that are back and not yet told as back."""
        self._ready: list[dict[str, Any]] = []

    def add(self, news: News, now: Moment) -> None:
        match news:
            case Change():
                self._changed(news, now)
            case Lost():
                # Who was not yet told that it is back need not be told that it is lost.
                if self._back_at.pop(news.cluster, None) is None:
                    self._lost[news.cluster] = now.wall
                    self._ready.append(lost_event(news, since=now.wall))
            case Back():
                self._lost.setdefault(news.cluster, now.wall)
                may_be_told = self._outages.heard(news.cluster, now.monotonic)
                self._back_at[news.cluster] = max(may_be_told, now.monotonic + self._debounce_s)

    def due_in(self, monotonic: float) -> float | None:
        """Seconds until something is due, 0 when it is; None while there is nothing."""
        if self._ready:
            return 0.0
        moments = [*self._back_at.values(), *self._held_until.values()]
        pauses = [max(0.0, moment - monotonic) for moment in moments]
        links, services = self._of_links.due_in(monotonic), self._of_services.due_in(monotonic)
        # Services that wait go with links that wait.
        collected = services if links is None else links
        return min([*pauses, *([] if collected is None else [collected])], default=None)

    def take(self, monotonic: float) -> list[dict[str, Any]]:
        """The events that are due, in the order in which they are given."""
        events, self._ready = self._ready, []
        events += self._collected(monotonic)
        if any(until <= monotonic for until in self._held_until.values()):
            events.append(self._release(monotonic))
        for cluster in sorted(cluster for cluster, moment in self._back_at.items() if moment <= monotonic):
            del self._back_at[cluster]
            self._outages.told(cluster, monotonic)
            events.append(back_event(Back(cluster=cluster), since=self._lost.pop(cluster)))
        return events

    def _collected(self, monotonic: float) -> list[dict[str, Any]]:
        """Services go with links, and wait for those that wait already, which saves a run.

        Links do not go with Services: each event counts for them.
        """
        links = self._of_links.take(monotonic)
        waits = links is None and self._of_links.due_in(monotonic) is not None
        services = None if waits else self._of_services.take(monotonic, early=links is not None)
        batches = [batch for batch in (links, services) if batch is not None]
        if not batches:
            return []
        changes = [change for batch in batches for change in batch.items]
        self._told(changes, monotonic)
        first, last = min(batch.first for batch in batches), max(batch.last for batch in batches)
        return [changes_event(changes, first_seen=first, last_seen=last)]

    def _changed(self, change: Change, now: Moment) -> None:
        """Changes of Services are told as they come: pods come and go all day without any fault.

        A change of several links is one of each: any set of them would be new, and none of them would ever wait.
        """
        if not change.pairs:
            self._of_services.add(change, now)
        for pair in sorted(change.pairs):
            self._link_changed(replace(change, pairs=frozenset({pair})), (change.cluster, pair), now)

    def _link_changed(self, change: Change, key: _Key, now: Moment) -> None:
        until = self._links.heard(key, now.monotonic)
        if key not in self._held and until <= now.monotonic:
            self._of_links.add(change, now)
            return
        held = self._held.setdefault(key, [])
        held[MOST_KEPT - 1 :] = []
        held.append((change, now))
        self._held_until.setdefault(key, until)

    def _release(self, monotonic: float) -> dict[str, Any]:
        keys = [key for key, until in self._held_until.items() if until <= monotonic + TOGETHER_S]
        found = sorted((item for key in keys for item in self._held.pop(key)), key=lambda item: item[1].monotonic)
        for key in keys:
            del self._held_until[key]
        self._told([change for change, _moment in found], monotonic)
        walls = [moment.wall for _change, moment in found]
        return changes_event((change for change, _moment in found), first_seen=walls[0], last_seen=walls[-1])

    def _told(self, changes: list[Change], monotonic: float) -> None:
        for key in {(change.cluster, pair) for change in changes for pair in change.pairs}:
            self._links.told(key, monotonic)
