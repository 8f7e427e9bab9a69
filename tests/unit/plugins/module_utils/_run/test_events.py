# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The event source while one cluster sends junk: that cluster is told as lost, the others are watched on."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

import pytest
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.changes import Change
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.errors import FabricError, FailureName
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.legal import is_inert
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.model import Cluster, ClusterId
from ansible_collections.liqo.fabric.plugins.module_utils._liqo import changes
from ansible_collections.liqo.fabric.plugins.module_utils._liqo.resources import CONNECTION
from ansible_collections.liqo.fabric.plugins.module_utils._run import cluster_watch, events
from ansible_collections.liqo.fabric.plugins.module_utils._run.events import MOST_CHANGES, stream
from ansible_collections.liqo.fabric.plugins.module_utils._run.watch_options import WatchOptions

from tests.unit import bodies
from tests.unit.build import cluster_id, pair
from tests.unit.pretend_api import PretendApi

SECONDS = 10
NAMES = ("leaf-a", "leaf-b")
OTHER = {"leaf-a": "leaf-b", "leaf-b": "leaf-a"}


class Leaf(PretendApi):
    """Raises whatever it is told to while it is asked for Connections, as code that meets the unforeseen does."""

    def __init__(self, name: str, peer: str) -> None:
        super().__init__(name, bodies.linked_cluster(name, peer))
        self.problem: Exception | None = None

    def list(self, resource: Any, **options: Any) -> Any:
        if resource == CONNECTION and self.problem is not None:
            raise self.problem
        return super().list(resource, **options)

    def close(self) -> None:
        """Nothing is open."""


class Events:
    def __init__(self, queue: asyncio.Queue[dict[str, Any]]) -> None:
        self.queue = queue

    async def until(self, found: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """The next event of which that is true."""
        async with asyncio.timeout(SECONDS):
            while True:
                event: dict[str, Any] = (await self.queue.get())["liqo"]
                if found(event):
                    return event


@pytest.fixture
def leaves(monkeypatch: pytest.MonkeyPatch) -> dict[str, Leaf]:
    found = {"leaf-a": Leaf("leaf-a", "leaf-b"), "leaf-b": Leaf("leaf-b", "leaf-a")}

    def opened(params: Any, *, agent: str) -> dict[ClusterId, Any]:
        name = params["clusters"][0]["name"]
        return {cluster_id(name): found[name]}

    monkeypatch.setattr(cluster_watch, "open_apis", opened)
    return found


@asynccontextmanager
async def running() -> AsyncIterator[Events]:
    clusters = tuple(Cluster(id=cluster_id(name), name=name, labels={}) for name in NAMES)
    entries: dict[str, dict[str, Any]] = {name: {"name": name} for name in NAMES}
    options = WatchOptions(
        clusters=clusters, entries=entries, debounce_s=0.01, max_delay_s=1, poll_s=0.01, connect_timeout_s=1
    )
    queue: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    task = asyncio.ensure_future(stream(queue.put, options, note=lambda line: None, retry_s=0.01))
    try:
        yield Events(queue)
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


def lost(name: str, fault: FailureName = FailureName.NOT_UNDERSTOOD) -> Callable[[dict[str, Any]], bool]:
    return lambda event: (
        event.get("unreachable", {}).get("cluster") == name and event["unreachable"]["fault"] == fault.value
    )


def back(name: str) -> Callable[[dict[str, Any]], bool]:
    return lambda event: event.get("reachable", {}).get("cluster") == name


def change(name: str) -> Callable[[dict[str, Any]], bool]:
    return lambda event: any(reason.startswith(name) for reason in event.get("reasons", ()))


async def stirred(seen: Events, leaf: Leaf, found: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """The event of which that is true, while the value of a Connection goes up and down."""
    values = itertools.cycle(["Error", "Connected"])
    waiting = asyncio.ensure_future(seen.until(found))
    while not waiting.done():
        leaf.put(bodies.connection(OTHER[leaf.cluster], value=next(values)))
        await asyncio.wait({waiting}, timeout=0.05)
    return waiting.result()


@pytest.mark.parametrize("problem", [AttributeError("'str' object"), RecursionError(), KeyError("x")])
def test_a_cluster_that_nobody_understands_is_told_as_lost_and_the_others_are_watched_on(
    leaves: dict[str, Leaf], problem: Exception
) -> None:
    async def scenario() -> None:
        async with running() as seen:
            await stirred(seen, leaves["leaf-b"], change("leaf-b"))
            leaves["leaf-b"].problem = problem
            await seen.until(lost("leaf-b"))
            await stirred(seen, leaves["leaf-a"], change("leaf-a"))
            leaves["leaf-b"].problem = None
            await seen.until(back("leaf-b"))
            await stirred(seen, leaves["leaf-b"], change("leaf-b"))

    asyncio.run(scenario())


def test_a_cluster_that_cannot_be_understood_from_the_beginning_is_told_and_tried_again(
    leaves: dict[str, Leaf],
) -> None:
    async def scenario() -> None:
        leaves["leaf-b"].problem = TypeError("unhashable type")
        async with running() as seen:
            event = await seen.until(lost("leaf-b"))
            assert "unhashable" not in str(event)
            leaves["leaf-b"].problem = None
            await seen.until(back("leaf-b"))

    asyncio.run(scenario())


def test_values_that_the_comparison_did_not_foresee_are_an_outage_of_that_cluster(
    leaves: dict[str, Leaf], monkeypatch: pytest.MonkeyPatch
) -> None:
    def change_of(cluster: ClusterId, *arguments: Any, **options: Any) -> Change | None:
        found = changes.change_of(cluster, *arguments, **options)
        if found is not None and cluster == "leaf-b":
            raise ValueError("secret-text")
        return found

    monkeypatch.setattr(cluster_watch, "change_of", change_of)

    async def scenario() -> None:
        async with running() as seen:
            event = await stirred(seen, leaves["leaf-b"], lost("leaf-b"))
            assert "secret-text" not in str(event)
            await stirred(seen, leaves["leaf-a"], change("leaf-a"))

    asyncio.run(scenario())


def test_a_flood_of_changes_of_one_cluster_is_summed_up_and_takes_no_room_of_another() -> None:
    bounded = events._Bounded(frozenset(map(cluster_id, NAMES)))
    flood = [Change(cluster=cluster_id("leaf-b"), reason=f"leaf-b: {number}") for number in range(3 * MOST_CHANGES)]
    kept = [found for news in flood if (found := bounded.take(news)) is not None]
    assert len(kept) == MOST_CHANGES
    assert isinstance(kept[-1], Change)
    assert kept[-1].pairs == {pair("leaf-a", "leaf-b")}
    honest = Change(cluster=cluster_id("leaf-a"), reason="leaf-a: x")
    assert bounded.take(honest) is honest
    bounded.begin_anew()
    assert bounded.take(flood[0]) is flood[0]


def test_no_text_of_an_event_is_a_template(leaves: dict[str, Leaf]) -> None:
    evil = "{{ lookup('pipe', 'id') }} {% x %} {# y"

    async def scenario() -> None:
        leaves["leaf-b"].problem = FabricError(what=evil, where=evil, why=f"{evil}\x1b[2J", next=evil)
        async with running() as seen:
            event = await seen.until(lost("leaf-b", FailureName.OTHER))
            texts = [event["unreachable"][key] for key in ("what", "where", "why", "next")]
            assert all(map(is_inert, texts))
            assert all("lookup('pipe', 'id')" in text for text in texts)

    asyncio.run(scenario())
