# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A list that is kept current although requests fail, and whether a cluster counts as lost meanwhile."""

from __future__ import annotations

import io
import json
import queue
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

import pytest
import urllib3
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.errors import (
    FabricError,
    FailureName,
    Forbidden,
    Gone,
    Unreachable,
    not_understood,
)
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.resources import Resource
from ansible_collections.liqo.fabric.plugins.module_utils._kube.door import LimitReachedError
from ansible_collections.liqo.fabric.plugins.module_utils._kube.limits import Limits
from ansible_collections.liqo.fabric.plugins.module_utils._kube.watching import Watch
from ansible_collections.liqo.fabric.plugins.module_utils._liqo.resources import CONNECTION, NAMESPACE, Query
from ansible_collections.liqo.fabric.plugins.module_utils._run.cluster_watch import Outage
from ansible_collections.liqo.fabric.plugins.module_utils._run.follower import Follower, Kept, pause_s
from ansible_collections.liqo.fabric.plugins.module_utils._run.read import Scope

from tests.unit import bodies
from tests.unit.pretend_api import PretendApi

PATIENCE_S = 10
DOWN = Unreachable(what="cannot list", where="leaf-a", why="refused", next="start it")
GONE = Gone(what="cannot watch", where="leaf-a", why="too old", next="run again", status=410)


class Heard:
    """What a follower tells: a number of bodies for each list, else the error or None."""

    def __init__(self) -> None:
        self._told: queue.Queue[Any] = queue.Queue()

    def next(self, timeout_s: float = PATIENCE_S) -> Any:
        return self._told.get(timeout=timeout_s)

    def put(self, told: Any) -> None:
        self._told.put(told)

    def changed(self, event: Any) -> None:
        self.put(event)

    def listed(self, bodies: tuple[Any, ...]) -> None:
        self.put(len(bodies))


@contextmanager
def following(
    api: PretendApi,
    *namespaces: str,
    scope: Scope | None = None,
    heard: Heard | None = None,
    retry_s: float = 0.01,
    kept: Kept | None = None,
) -> Iterator[Heard]:
    heard = heard or Heard()
    scope = scope or Scope(query=Query(resource=CONNECTION), namespaces=namespaces or None, resource_version="1")
    follower = Follower(
        api.as_api(),
        scope,
        changed=heard.changed,
        listed=heard.listed,
        heard=heard.put,
        kept=kept,
        poll_s=0.01,
        retry_s=retry_s,
    )
    follower.start()
    try:
        yield heard
    finally:
        follower.close()
        assert follower.join(PATIENCE_S)


class WatchedApi(PretendApi):
    """Its watches bring these bytes, the last of them again and again."""

    def __init__(self, *streams: bytes, cluster: str = "leaf-a") -> None:
        super().__init__(cluster, [bodies.connection()])
        self.streams = list(streams)
        self.asked = 0

    def watch(self, resource: Resource, **options: Any) -> Watch:  # type: ignore[override]  # the real one returns it
        self.asked += 1
        stream = self.streams[0] if len(self.streams) == 1 else self.streams.pop(0)
        answer = urllib3.HTTPResponse(body=io.BytesIO(stream), preload_content=False)
        version = options["resource_version"]
        return Watch(answer, resource=resource, namespace=None, resource_version=version, where=self.where)


def event(body: object, kind: object = "MODIFIED") -> bytes:
    return json.dumps({"type": kind, "object": body}).encode() + b"\n"


class Failing:
    """Lists end with these errors one after the other, and succeed from then on."""

    def __init__(self, *errors: FabricError | None) -> None:
        self._left = list(errors)

    def __call__(self, verb: str, resource: Resource) -> FabricError | None:
        return self._left.pop(0) if self._left else None


@pytest.mark.parametrize("namespaces", [(), ("liqo-tenant-leaf-b", "liqo")])
def test_polling_goes_on_after_a_failure_which_is_told(namespaces: Sequence[str]) -> None:
    api = PretendApi("leaf-a", [bodies.connection()], Failing(None, *[None] * (len(namespaces) - 1), DOWN, DOWN))
    with following(api, *namespaces) as heard:
        assert [heard.next() for _ in range(6)] == [1, None, DOWN, DOWN, 1, None]
        api.put(bodies.connection("leaf-c"))
        while heard.next() != (2 if not namespaces else 1):
            pass


def test_what_may_not_be_listed_is_looked_at_by_name() -> None:
    refused = Forbidden(what="cannot list namespaces", where="leaf-a", why="403", next="grant it", status=403)
    api = PretendApi("leaf-a", [bodies.namespace()], lambda verb, _resource: refused if verb != "get" else None)
    scope = Scope(query=Query(resource=NAMESPACE), names=("liqo-tenant-leaf-b", "liqo-tenant-leaf-c"))
    with following(api, scope=scope) as heard:
        assert heard.next() == 1
        api.store.clear()
        while heard.next() != 0:
            pass


def test_a_version_that_is_too_old_is_no_failure() -> None:
    with following(PretendApi("leaf-a", [], Failing(GONE))) as heard:
        assert [heard.next(), heard.next()] == [0, None]


JUNK = [
    event(None),
    event([]),
    event({"metadata": None}),
    event(bodies.connection(), kind=None),
    b"{}\n",
    b'{"type": "ADDED", "object": ' + b"[" * 100_000 + b"]" * 100_000 + b"}\n",
]


@pytest.mark.parametrize("junk", JUNK, ids=range(len(JUNK)))
def test_a_follower_that_cannot_understand_an_event_says_so_and_lists_again(junk: bytes) -> None:
    api = WatchedApi(event(bodies.connection()) + junk, event(bodies.connection("leaf-c")))
    with following(api) as heard:
        assert (heard.next(), heard.next().type) == (None, "MODIFIED")
        assert heard.next().fault is FailureName.NOT_UNDERSTOOD
        assert [heard.next(), heard.next(), heard.next()] == [1, None, None]
        assert heard.next().object["metadata"]["name"] == "gw-leaf-c"


def test_an_error_event_of_no_shape_is_an_error_of_the_cluster() -> None:
    with following(WatchedApi(event(None, "ERROR"))) as heard:
        assert heard.next() is None
        assert heard.next().fault is FailureName.API_ERROR
        assert heard.next() == 1


class Clumsy(Heard):
    """Cannot cope with what it is told, each time with one of these parts."""

    def __init__(self, *parts: str) -> None:
        super().__init__()
        self.parts = list(parts)

    def _stumble(self, part: str) -> None:
        if part in self.parts:
            self.parts.remove(part)
            raise AttributeError("'str' object has no attribute 'get'")

    def changed(self, event: Any) -> None:
        self._stumble("changed")
        super().changed(event)

    def listed(self, bodies: tuple[Any, ...]) -> None:
        self._stumble("listed")
        super().listed(bodies)

    def put(self, told: Any) -> None:
        if told is not None and not isinstance(told, int):
            self._stumble("heard")
        super().put(told)


def test_values_that_no_code_foresaw_do_not_end_a_follower() -> None:
    heard = Clumsy("changed", "heard", "listed", "listed")
    with following(WatchedApi(event(bodies.connection())), heard=heard):
        assert heard.next() is None
        told = [heard.next() for _ in range(5)]
    assert [problem.fault for problem in told[:2]] == [FailureName.NOT_UNDERSTOOD] * 2
    assert "AttributeError" in told[0].why
    assert "has no attribute" not in str(told[0])
    assert told[2:4] == [1, None]
    assert heard.parts == []


@pytest.mark.parametrize("stream", [b"", b"[]\n", event({"kind": "Status", "code": 410}, "ERROR"), b"{", event(None)])
def test_a_hostile_server_makes_no_hot_loop(stream: bytes) -> None:
    api = WatchedApi(stream)
    with following(api, retry_s=0.05) as heard:
        begun = time.monotonic()
        while time.monotonic() - begun < 1:
            with suppress(queue.Empty):
                heard.next(0.2)
    # Pauses of 0, 0.05, 0.1, 0.2, 0.4 and 0.8 seconds.
    assert 2 <= api.asked <= 7


def test_pauses_grow_up_to_a_minute_for_junk_and_to_ten_seconds_for_an_outage() -> None:
    junk = not_understood(ValueError(), what="cannot follow", where="leaf-a")
    assert [pause_s(attempt, junk, retry_s=1) for attempt in (1, 2, 3, 10, 10_000)] == [1, 2, 4, 60, 60]
    assert [pause_s(attempt, DOWN, retry_s=1) for attempt in (1, 2, 5, 10_000)] == [1, 2, 10, 10]
    assert pause_s(5, DOWN, retry_s=30) == 30


def test_an_outage_lasts_from_the_first_failure_until_no_part_fails() -> None:
    outage = Outage()
    told = [outage.heard(part, problem) for part, problem in [("a", None), ("a", DOWN), ("b", DOWN), ("a", DOWN)]]
    assert told == [False, True, False, False]
    assert outage.lasts
    assert [outage.heard("a", None), outage.heard("b", None), outage.heard("b", None)] == [False, True, False]
    assert not outage.lasts


def test_what_was_sent_since_a_list_has_a_limit_and_then_the_list_is_read_again() -> None:
    """Whoever keeps every object that a watch names would keep what a cluster makes up without end."""
    sent = [event(bodies.connection(f"made-up-{number}"), "ADDED") for number in range(3)]
    kept = Kept(Limits(followed_bytes=2 * len(sent[0])))
    with following(WatchedApi(b"".join(sent)), kept=kept) as heard:
        assert heard.next() is None
        assert [heard.next().object["metadata"]["name"] for _ in range(2)] == ["gw-made-up-0", "gw-made-up-1"]
        assert heard.next() == 1
        assert heard.next() is None


def test_all_lists_of_a_cluster_that_are_followed_have_a_limit_together() -> None:
    kept = Kept(Limits(reading_items=3, reading_bytes=100))
    one, other = (Scope(query=Query(resource=resource)) for resource in (CONNECTION, NAMESPACE))
    kept.take(one, 2, 90)
    with pytest.raises(LimitReachedError, match="more than 3 objects in all lists that are followed"):
        kept.take(other, 2, 1)
    with pytest.raises(LimitReachedError, match="more than 100 bytes"):
        kept.take(other, 1, 20)
    kept.take(one, 1, 10)
    kept.take(other, 2, 20)


def test_a_list_beyond_the_limit_is_an_error_of_its_cluster_and_is_not_kept() -> None:
    api = PretendApi("leaf-a", [bodies.connection()])
    kept = Kept(Limits(reading_items=0))
    scope = Scope(query=Query(resource=CONNECTION), namespaces=("one", "liqo-tenant-leaf-b"))
    with following(api, scope=scope, kept=kept) as heard:
        assert heard.next().fault is FailureName.LIMIT_REACHED
        assert heard.next().fault is FailureName.LIMIT_REACHED
