# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The clusters of a run as they change: kept current by watches, or by polling where the rights lack watch.

Whoever waits for a fact looks at a side, and sleeps until anything changed on either side of that link. Nobody else is
woken, so that a fabric with many links costs no more per change than one with a single link.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from time import monotonic, thread_time

from .._fabric.errors import FabricError
from .._fabric.model import ClusterId, Pair
from .._fabric.objects import Side
from .._fabric.resources import Json, Resource
from .._kube.stop import STOP
from .._kube.watching import Event
from .._liqo.body import text_at
from .._liqo.by_peer import ByPeer, key_of
from .._liqo.cluster import parse_side
from .follower import UNUSABLE, Follower, Kept
from .read import Reading

LONGEST_VERSION = 20
"""Digits; etcd counts in 64 bits."""
FIRST_LOOKS = 20
LOOKS_A_S = 10


class Changes:
    """How often a link changed, for the one who waits for it.

    A cluster may change all the time, and each look costs what it holds: the waits pause so that there are LOOKS_A_S at
    most after the first ones, and that looking takes a third of the time of a processor.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._count = 0
        self._looks_left = float(FIRST_LOOKS)
        self._woken_at = monotonic()
        self._worked_s: float | None = None
        STOP.register(self)

    @property
    def count(self) -> int:
        """How many changes there were; to be taken before looking, and given to wait_beyond after."""
        with self._changed:
            return self._count

    def wait_beyond(self, count: int, *, timeout_s: float) -> bool:
        """Sleep until a change that is not among the first ``count``, or the stop; False when the time is over."""
        ends = monotonic() + max(0.0, timeout_s)
        STOP.pause(max(0.0, min(self._pause_s(), ends - monotonic())))
        with self._changed:
            is_new = self._changed.wait_for(
                lambda: self._count > count or STOP.is_set, timeout=max(0.0, ends - monotonic())
            )
        self._looks_left = min(FIRST_LOOKS, self._looks_left + LOOKS_A_S * (monotonic() - self._woken_at)) - 1
        self._woken_at, self._worked_s = monotonic(), thread_time()
        return is_new

    def _pause_s(self) -> float:
        """Before another look is worth its cost."""
        looked_s = 0.0 if self._worked_s is None else thread_time() - self._worked_s
        soonest = self._woken_at + max(0.0, 1 - self._looks_left) / LOOKS_A_S
        return max(soonest - monotonic(), 2 * looked_s)

    def interrupt(self) -> None:
        """For the stop."""
        with self._changed:
            self._changed.notify_all()

    def add(self) -> None:
        with self._changed:
            self._count += 1
            self._changed.notify_all()


class World:
    """All clusters that a run has read."""

    def __init__(self, readings: Mapping[ClusterId, Reading]) -> None:
        self._lock = threading.Lock()
        self._changes: dict[ClusterId, dict[ClusterId, Changes]] = {}
        self._feeds = {
            cluster: Feed(cluster, reading, self._notify, partial(self._notify_all, cluster))
            for cluster, reading in readings.items()
        }

    def __contains__(self, cluster: object) -> bool:
        return cluster in self._feeds

    def __getitem__(self, cluster: ClusterId) -> Feed:
        return self._feeds[cluster]

    def changes(self, pair: Pair) -> Changes:
        """What happens on both sides of a pair."""
        one, other = pair
        with self._lock:
            found = self._changes.setdefault(one, {}).get(other)
            if found is None:
                found = Changes()
                self._changes[one][other] = self._changes.setdefault(other, {})[one] = found
            return found

    def close(self) -> None:
        """End every watch; returns at once, the threads follow."""
        for feed in self._feeds.values():
            feed.close()

    def _notify(self, cluster: ClusterId, peers: Iterable[ClusterId]) -> None:
        """Those who wait; a cluster may make up any number of peers."""
        with self._lock:
            known = self._changes.get(cluster, {})
            concerned = [known[peer] for peer in peers if peer in known]
        for changes in concerned:
            changes.add()

    def _notify_all(self, cluster: ClusterId) -> None:
        with self._lock:
            concerned = list(self._changes.get(cluster, {}).values())
        for changes in concerned:
            changes.add()


class Feed:
    """One cluster: what was listed, plus what watches and our own writes told since."""

    def __init__(
        self,
        cluster: ClusterId,
        reading: Reading,
        notify: Callable[[ClusterId, Iterable[ClusterId]], None],
        notify_all: Callable[[], None],
    ) -> None:
        self.cluster = cluster
        self.api = reading.api
        self._who = reading.who
        self.version = reading.state.version
        self.networks = reading.state.networks
        self.liqo_namespace = reading.raw.liqo_namespace
        self._scopes = reading.scopes
        self._notify = notify
        self._notify_all = notify_all
        self._lock = threading.Lock()
        self._closed = False
        self._followers: dict[Resource, tuple[Follower, ...]] = {}
        self._objects = ByPeer(reading.raw.objects)
        self._kept = Kept()
        self._parsed: dict[ClusterId, Side] = {}
        self._unusable: dict[Resource, FabricError] = {}

    def side(self, peer: ClusterId) -> Side:
        """What the cluster holds about a peer right now. Raises FabricError while that cannot be known because what the
        cluster sends is of no use: no waiting would end that."""
        with self._lock:
            for problem in self._unusable.values():
                raise problem
            if peer not in self._parsed:
                self._parsed[peer] = parse_side(self._objects, self.cluster, peer)
            return self._parsed[peer]

    def confirm(self) -> None:
        """Before a write; raises FabricError when another cluster answers than the one that was read."""
        self._who.confirm(self.api)

    def get(self, resource: Resource, *, namespace: str, name: str) -> Json | None:
        """One body as last seen."""
        with self._lock:
            return self._objects.all(resource).get((namespace, name))

    def put(self, resource: Resource, body: Json) -> None:
        """Remember a body, unless a newer version of the same object is known already."""
        with self._lock:
            if _is_older(body, self._objects.all(resource).get(key_of(body))):
                return
            touched = self._touched(self._objects.put(resource, body))
        self._notify(self.cluster, touched)

    def drop(self, resource: Resource, *, namespace: str, name: str) -> None:
        """Forget an object that is gone."""
        with self._lock:
            touched = self._touched(self._objects.drop(resource, (namespace, name)))
        self._notify(self.cluster, touched)

    def _touched(self, peers: set[ClusterId]) -> set[ClusterId]:
        for peer in peers:
            self._parsed.pop(peer, None)
        return peers

    def follow(self, resources: Iterable[Resource]) -> None:
        """Keep these kinds current from now on; asking twice changes nothing."""
        for resource in resources:
            with self._lock:
                if self._closed or resource in self._followers:
                    continue
                followers = tuple(
                    Follower(
                        self.api,
                        scope,
                        changed=partial(self._take, resource),
                        listed=partial(self._take_list, resource),
                        heard=partial(self._hear, resource),
                        kept=self._kept,
                    )
                    for scope in self._scopes.get(resource, ())
                )
                self._followers[resource] = followers
            for follower in followers:
                follower.start()

    def close(self) -> None:
        with self._lock:
            self._closed = True
            followers = [follower for some in self._followers.values() for follower in some]
        for follower in followers:
            follower.close()

    def _hear(self, resource: Resource, problem: FabricError | None) -> None:
        """An API server that does not answer may come back in time."""
        unusable = problem if problem is not None and problem.fault in UNUSABLE else None
        with self._lock:
            if unusable is None:
                self._unusable.pop(resource, None)
                return
            self._unusable[resource] = unusable
        self._notify_all()

    def _take(self, resource: Resource, event: Event) -> None:
        if event.type == "DELETED":
            namespace, name = key_of(event.object)
            self.drop(resource, namespace=namespace, name=name)
        else:
            self.put(resource, event.object)

    def _take_list(self, resource: Resource, bodies: tuple[Json, ...]) -> None:
        fresh = {key_of(body): body for body in bodies}
        with self._lock:
            known = self._objects.all(resource)
            changed = [body for key, body in fresh.items() if known.get(key) != body]
            touched = {peer for key in known.keys() - fresh.keys() for peer in self._objects.drop(resource, key)}
            touched.update(peer for body in changed for peer in self._objects.put(resource, body))
            self._touched(touched)
        self._notify(self.cluster, touched)


def _is_older(body: Json, known: Json | None) -> bool:
    """Resource versions of one object compare as numbers: promised since Kubernetes 1.35 and true of every etcd."""
    if known is None or text_at(body, "metadata", "uid") != text_at(known, "metadata", "uid"):
        return False
    versions = [text_at(one, "metadata", "resourceVersion") for one in (body, known)]
    if not all(version.isdecimal() and len(version) <= LONGEST_VERSION for version in versions):
        return False
    return int(versions[0]) < int(versions[1])
