# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""HTTP/1.1 on loopback for several clusters, in one thread: what a store answers, unless something speaks in its place.

The first two segments of a path are the number of a case and the cluster. So one port serves all, a new case needs no
new socket, and what an old case still asks is not taken for a question of the new one.
"""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http import HTTPStatus

from tests.unit.trust.controllers import ping
from tests.unit.trust.honest import date
from tests.unit.trust.store import Found, Request, Store, encoded, matches

WATCH_POLL_S = 0.005
PING_POLLS = 10
"""So often nothing is new before gateways measure again."""


@dataclass(frozen=True, slots=True)
class Wire:
    """Bytes that are sent instead of an answer."""

    parts: Iterable[bytes]
    """Sent one after the other, as fast as the client takes them."""
    closes: bool = True
    pause_s: float = 0.0
    """Before each part."""


Voice = Callable[[Request, Found], "Wire | None"]
"""What a cluster that lies says in the place of an honest answer; None for the answer itself."""


@dataclass
class Served:
    """One cluster on the server."""

    store: Store
    voice: Voice | None = None
    answers: dict[str, bytes] = field(default_factory=dict)
    """Encoded honest answers to GETs, as long as nothing was written; may be shared with other cases till then."""
    requests: int = 0


def response(found: Found) -> bytes:
    body = encoded(found.body)
    reason = HTTPStatus(found.status).phrase
    head = (
        f"HTTP/1.1 {found.status} {reason}\r\nDate: {date()}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


class _Connection(asyncio.Protocol):
    """One connection of a client that waits for each answer before it asks again."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.rest = b""
        self.task: asyncio.Task[None] | None = None
        self.drained = asyncio.Event()
        self.drained.set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.server.open.add(transport)

    def connection_lost(self, exc: Exception | None) -> None:
        self.drained.set()
        self.server.open.discard(self.transport)
        if self.task is not None:
            self.task.cancel()

    def pause_writing(self) -> None:
        self.drained.clear()

    def resume_writing(self) -> None:
        self.drained.set()

    def data_received(self, data: bytes) -> None:
        self.rest += data
        while (taken := _taken(self.rest)) is not None:
            name, request, self.rest = taken
            served = self.server.clusters.get(name)
            if served is None:
                self.transport.close()
                return
            served.requests += 1
            self._answer(served, request)

    def _answer(self, served: Served, request: Request) -> None:
        if served.voice is None and request.method == "GET" and not request.watches:
            if request.target not in served.answers:
                served.answers[request.target] = response(served.store.answer(request))
            self.transport.write(served.answers[request.target])
            return
        if request.method != "GET":
            served.answers = {}
        if request.watches:
            self.task = asyncio.get_running_loop().create_task(self._watch(served, request))
            return
        found = served.store.answer(request)
        wire = served.voice(request, found) if served.voice is not None else None
        if wire is None:
            self.transport.write(response(found))
        else:
            self.task = asyncio.get_running_loop().create_task(self._send(wire))

    async def _send(self, wire: Wire) -> None:
        for part in wire.parts:
            if wire.pause_s:
                await asyncio.sleep(wire.pause_s)
            await self.drained.wait()
            if self.transport.is_closing():
                return
            self.transport.write(part)
            await asyncio.sleep(0)
        if wire.closes:
            self.transport.close()

    async def _watch(self, served: Served, request: Request) -> None:
        """Events from the version that was asked for, until the client goes."""
        resource, number, selector, namespace = served.store.followed(request)
        head = (
            f"HTTP/1.1 200 OK\r\nDate: {date()}\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
        )
        self.transport.write(head.encode())
        idle = 0
        while not self.transport.is_closing():
            idle += 1
            if idle % PING_POLLS == 0:
                ping(served.store)
            for kind, event in served.store.events[number:]:
                number += 1
                body = event["object"]
                here = namespace in (None, body["metadata"].get("namespace"))
                if kind != resource or not here or not matches(body, selector):
                    continue
                wire = served.voice(request, Found(200, event)) if served.voice is not None else None
                if wire is None:
                    self.transport.write(chunk(encoded(event) + b"\n"))
                else:
                    await self._send(wire)
            await asyncio.sleep(WATCH_POLL_S)


def chunk(data: bytes) -> bytes:
    return f"{len(data):x}\r\n".encode() + data + b"\r\n"


def _taken(data: bytes) -> tuple[str, Request, bytes] | None:
    """The cluster and the first whole request of what has arrived, and the rest."""
    head, end, rest = data.partition(b"\r\n\r\n")
    if not end:
        return None
    lines = head.split(b"\r\n")
    length = next((int(line[15:]) for line in lines if line[:15].lower() == b"content-length:"), 0)
    if len(rest) < length:
        return None
    method, target = lines[0].decode().split(" ")[:2]
    _, number, name, path = target.split("/", 3)
    body = json.loads(rest[:length]) if length else {}
    return f"{number}/{name}", Request(method, f"/{path}", body), rest[length:]


class Server:
    """All clusters of all cases; a thread of its own serves them."""

    def __init__(self) -> None:
        self.clusters: Mapping[str, Served] = {}
        self.loop = asyncio.new_event_loop()
        self.port = 0
        self.open: set[asyncio.Transport] = set()

    def url(self, cluster: str) -> str:
        return f"http://127.0.0.1:{self.port}/{cluster}"

    def show(self, clusters: Mapping[str, Served]) -> None:
        """Serve these from now on. Connections of clients that have not noticed are closed by their next request."""
        self.clusters = clusters

    def run(self, ready: threading.Event) -> None:
        asyncio.set_event_loop(self.loop)
        server = self.loop.run_until_complete(
            self.loop.create_server(lambda: _Connection(self), "127.0.0.1", 0, backlog=256)
        )
        self.port = server.sockets[0].getsockname()[1]
        ready.set()
        self.loop.run_forever()
        server.close()
        for transport in self.open:
            transport.abort()
        for task in asyncio.all_tasks(self.loop):
            task.cancel()
            with suppress(asyncio.CancelledError):
                self.loop.run_until_complete(task)
        # Once more, for what the end of connections has yet to do.
        self.loop.run_until_complete(asyncio.sleep(0))
        self.loop.close()


@contextmanager
def serving() -> Iterator[Server]:
    """A server that listens inside of the block."""
    server, ready = Server(), threading.Event()
    thread = threading.Thread(target=server.run, args=(ready,), name="loopback server", daemon=True)
    thread.start()
    ready.wait()
    try:
        yield server
    finally:
        server.loop.call_soon_threadsafe(server.loop.stop)
        thread.join()
