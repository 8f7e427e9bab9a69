# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What happens in one cluster, told as it happens, for as long as somebody wants to know."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from .._fabric.changes import Back, Lost
from .._fabric.errors import FabricError, not_understood
from .._fabric.model import Cluster, ClusterId
from .._fabric.outbox import News
from .._fabric.resources import Json, Resource
from .._kube.client import Api
from .._kube.watching import Event
from .._liqo.by_peer import ByPeer, Key, key_of
from .._liqo.changes import change_of
from .follower import Follower, Kept, pause_s
from .read import Depth, Reading, read_cluster
from .targets import open_apis
from .who import Who

READ_S = 30.0
"""For the first reading of a cluster, with all its requests: what is silent for so long is told as lost."""
RETRY_S = 5.0

_BEGINNING = "the beginning"


class Outage:
    """Whether a cluster is lost: several requests go on at once, and each tells for itself how it fares."""

    def __init__(self) -> None:
        self._failing: set[str] = set()

    @property
    def lasts(self) -> bool:
        return bool(self._failing)

    def heard(self, part: str, problem: FabricError | None) -> bool:
        """Whether that begins an outage, or ends one: it lasts from the first failure until no part fails."""
        before = self.lasts
        if problem is None:
            self._failing.discard(part)
        else:
            self._failing.add(part)
        return self.lasts != before


class ClusterWatch:
    """Reads a cluster once, as soon as that is possible, and tells from then on what changes in it.

    ``tell`` is called in threads of this object, and no more once ``close`` has returned.
    """

    def __init__(
        self,
        cluster: Cluster,
        entry: Mapping[str, Any],
        *,
        members: frozenset[ClusterId],
        tell: Callable[[News], None],
        note: Callable[[str], None],
        connect_timeout_s: float,
        poll_s: float,
        retry_s: float = RETRY_S,
    ) -> None:
        """``entry`` is how to reach it, ``members`` are the clusters whose pairs matter, ``note`` is for a log."""
        self._cluster = cluster
        self._params = {"clusters": [entry], "connect_timeout": connect_timeout_s}
        self._members = members
        self._tell_all = tell
        self._note = note
        self._poll_s = poll_s
        self._retry_s = retry_s
        # Not held while a request is under way.
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._outage = Outage()
        self._followers: tuple[Follower, ...] = ()
        self._api: Api | None = None
        self._objects = ByPeer({})
        self._thread = threading.Thread(target=self._begin, name=f"{cluster.id} {_BEGINNING}", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        """Ends every watch; the threads follow."""
        with self._lock:
            self._stop.set()
            followers = self._followers
        for follower in followers:
            follower.close()
        if self._api is not None:
            self._api.close()

    def join(self, timeout_s: float) -> bool:
        """Wait until every thread has ended, each for that long; False when one has not."""
        self._thread.join(timeout_s)
        return not self._thread.is_alive() and all(follower.join(timeout_s) for follower in self._followers)

    def _tell(self, news: News) -> None:
        """Only with the lock, so that the order is the true one and nothing follows the end."""
        if not self._stop.is_set():
            self._tell_all(news)

    def _begin(self) -> None:
        attempts = 0
        while not self._stop.is_set():
            try:
                reading = self._read()
            except Exception as problem:
                found = not_understood(problem, what="cannot begin to watch it", where=f"cluster {self._cluster.id}")
                self._heard(_BEGINNING, found)
                attempts += 1
                self._stop.wait(pause_s(attempts, found, retry_s=self._retry_s))
            else:
                self._follow(reading)
                return

    def _read(self) -> Reading:
        api = open_apis(self._params, agent="links")[self._cluster.id]
        if isinstance(api, FabricError):
            raise api
        peers = self._members - {self._cluster.id}
        try:
            reading = read_cluster(api.within(READ_S), Who(self._cluster), peers=peers, depth=Depth.EVENTS)
            self._objects = ByPeer(reading.raw.objects)
        except BaseException:
            api.close()
            raise
        if reading.raw.unread:
            kinds = ", ".join(sorted(str(resource) for resource in reading.raw.unread))
            self._note(f"{api.where}: changes of {kinds} are not seen, since the rights to list them are missing")
        # From here on the requests have no common deadline.
        return replace(reading, api=api)

    def _follow(self, reading: Reading) -> None:
        kept = Kept()
        followers = tuple(
            Follower(
                reading.api,
                scope,
                changed=partial(self._changed, resource),
                listed=partial(self._listed, resource),
                heard=partial(self._heard, f"{resource} {number}"),
                kept=kept,
                poll_s=self._poll_s,
                retry_s=self._retry_s,
            )
            for resource, scopes in reading.scopes.items()
            for number, scope in enumerate(scopes)
        )
        self._heard(_BEGINNING, None)
        with self._lock:
            if self._stop.is_set():
                return
            self._followers, self._api = followers, reading.api
            for follower in followers:
                follower.start()

    def _heard(self, part: str, problem: FabricError | None) -> None:
        with self._lock:
            if self._outage.heard(part, problem):
                self._tell(
                    Lost(cluster=self._cluster.id, problem=problem) if problem else Back(cluster=self._cluster.id)
                )

    def _changed(self, resource: Resource, event: Event) -> None:
        with self._lock:
            self._take(resource, key_of(event.object), None if event.type == "DELETED" else event.object)

    def _listed(self, resource: Resource, bodies: tuple[Json, ...]) -> None:
        """What was missed: the last state that was seen against this one."""
        fresh = {key_of(body): body for body in bodies}
        with self._lock:
            for key in sorted({*self._objects.all(resource), *fresh}):
                self._take(resource, key, fresh.get(key))

    def _take(self, resource: Resource, key: Key, new: Json | None) -> None:
        old = self._objects.all(resource).get(key)
        touched = self._objects.drop(resource, key) if new is None else self._objects.put(resource, new)
        change = change_of(self._cluster.id, resource, old, new, peers=self._matter(touched))
        if change is not None:
            self._tell(change)

    def _matter(self, peers: Iterable[ClusterId]) -> frozenset[ClusterId]:
        return self._members.intersection(peers)
