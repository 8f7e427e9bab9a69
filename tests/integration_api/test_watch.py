# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Watches on a real API server: events, bookmarks, ends of all sorts, and closing from another thread."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping

import pytest
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.errors import Forbidden, Unreachable
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.resources import Json
from ansible_collections.liqo.fabric.plugins.module_utils._kube.client import Api
from ansible_collections.liqo.fabric.plugins.module_utils._kube.connection import connect
from ansible_collections.liqo.fabric.plugins.module_utils._kube.retry import RetryPolicy
from ansible_collections.liqo.fabric.plugins.module_utils._kube.watching import Ended, Event, Watch

from tests.integration_api.conftest import CONFIGMAP, ApiServer, configmap
from tests.integration_api.faulty_proxy import Server, stream_then_reset

ADDED = b'{"type": "ADDED", "object": {"metadata": {"name": "one", "namespace": "default", "resourceVersion": "8"}}}\n'


def name_of(body: Json) -> str:
    metadata = body["metadata"]
    assert isinstance(metadata, Mapping)
    return str(metadata["name"])


def until(condition: Callable[[], bool], *, seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "did not come true"
        time.sleep(0.01)


def started(api: Api, namespace: str, *, timeout_s: float = 30) -> Watch:
    listing = api.list(CONFIGMAP, namespace=namespace)
    return api.watch(CONFIGMAP, namespace=namespace, resource_version=listing.resource_version, timeout_s=timeout_s)


@pytest.mark.lab
def test_changes_after_the_list_arrive_in_order(api: Api, namespace: str) -> None:
    api.create(CONFIGMAP, configmap(namespace, "before"))
    with started(api, namespace) as watch:
        created = api.create(CONFIGMAP, configmap(namespace, "one"))
        changed = api.replace(CONFIGMAP, {**created, "data": {"key": "new"}})
        metadata = changed["metadata"]
        assert isinstance(metadata, dict)
        api.delete(CONFIGMAP, namespace=namespace, name="one", uid=metadata["uid"])
        events = [next(watch) for _ in range(3)]
    assert [(event.type, name_of(event.object)) for event in events] == [
        ("ADDED", "one"),
        ("MODIFIED", "one"),
        ("DELETED", "one"),
    ]


@pytest.mark.lab
def test_only_what_the_selector_picks_arrives(api: Api, namespace: str) -> None:
    version = api.list(CONFIGMAP, namespace=namespace).resource_version
    with api.watch(CONFIGMAP, resource_version=version, timeout_s=30, label_selector=f"in={namespace}") as watch:
        api.create(CONFIGMAP, configmap(namespace, "out"))
        api.create(CONFIGMAP, configmap(namespace, "in", labels={"in": namespace}))
        assert name_of(next(watch).object) == "in"


@pytest.mark.lab
def test_a_watch_ends_by_itself_and_can_be_resumed_where_it_ended(api: Api, namespace: str) -> None:
    watch = started(api, namespace, timeout_s=1)
    api.create(CONFIGMAP, configmap(namespace, "one"))
    assert [name_of(event.object) for event in watch] == ["one"]
    assert watch.ended is Ended.SERVER
    api.create(CONFIGMAP, configmap(namespace, "two"))
    resumed = api.watch(CONFIGMAP, namespace=namespace, resource_version=watch.resource_version, timeout_s=30)
    with resumed:
        assert name_of(next(resumed).object) == "two"


@pytest.mark.lab
def test_closing_from_another_thread_wakes_the_reader(api: Api, namespace: str) -> None:
    watch = started(api, namespace)
    reading = threading.Event()
    events: list[Event] = []

    def read() -> None:
        reading.set()
        events.extend(watch)

    reader = threading.Thread(target=read)
    reader.start()
    assert reading.wait(5)
    api.create(CONFIGMAP, configmap(namespace, "one"))
    until(lambda: bool(events))
    before = time.monotonic()
    watch.close()
    reader.join(5)
    assert not reader.is_alive()
    assert time.monotonic() - before < 1
    assert ([event.type for event in events], watch.ended) == (["ADDED"], Ended.CLOSED)


@pytest.mark.lab
def test_without_the_verb_watch_the_answer_is_forbidden(apiserver: ApiServer, api: Api, namespace: str) -> None:
    token = apiserver.token(api, namespace=namespace, account="reader")
    apiserver.grant(api, namespace=namespace, account="reader", verbs=["get", "list"])
    humble = connect("leaf-a", {"host": apiserver.url, "api_key": token, "ca_cert": str(apiserver.ca)})
    version = humble.list(CONFIGMAP, namespace=namespace).resource_version
    with pytest.raises(Forbidden, match="watch"):
        humble.watch(CONFIGMAP, namespace=namespace, resource_version=version, timeout_s=30)


@pytest.mark.lab
def test_a_lost_server_ends_the_watch_and_shows_at_the_next_request(proxy: Server, api: Api, namespace: str) -> None:
    through = connect("leaf-a", {"host": proxy.url}, retry=RetryPolicy(delays_s=()))
    watch = started(through, namespace)
    proxy.cut_all()
    assert list(watch) == []
    assert watch.ended is Ended.BROKEN
    with pytest.raises(Unreachable):
        through.list(CONFIGMAP)


def test_a_watch_that_breaks_has_brought_what_came_before(stub: Server) -> None:
    stub.will(stream_then_reset(ADDED, ADDED[:30]))
    api = connect("leaf-a", {"host": stub.url})
    watch = api.watch(CONFIGMAP, resource_version="1", timeout_s=30)
    assert [event.type for event in watch] == ["ADDED"]
    assert (watch.ended, watch.resource_version) == (Ended.BROKEN, "8")


def test_a_deadline_of_the_cluster_shortens_a_watch(stub: Server) -> None:
    stub.will(stream_then_reset())
    connect("leaf-a", {"host": stub.url}).within(7).watch(CONFIGMAP, resource_version="1", timeout_s=300).close()
    assert "timeoutSeconds=7" in stub.seen[0].path
