# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""API servers on loopback that take their time, or never answer, and remember when a write began and ended."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from ansible_collections.liqo.fabric.plugins.module_utils._fabric.errors import NotFound
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.resources import Resource
from ansible_collections.liqo.fabric.plugins.module_utils._liqo import resources

from tests.unit.bodies import Body
from tests.unit.pretend_api import PretendApi

_BY_PLURAL = {
    (resource.group, resource.plural): resource
    for resource in vars(resources).values()
    if isinstance(resource, Resource)
}


@dataclass
class SlowServer:
    """The clusters, each below a path of its own."""

    clusters: Mapping[str, PretendApi]
    write_s: float = 0.0
    """How long a write takes."""
    silent: frozenset[str] = frozenset()
    """Methods of requests that are never answered."""
    url: str = ""
    began: list[tuple[float, str]] = field(default_factory=list)
    """Writes, each with the moment when its request had come."""
    answered: list[str] = field(default_factory=list)
    asked: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    """Released by every request that is never answered, and by every write."""
    over: threading.Event = field(default_factory=threading.Event)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def host(self, cluster: str) -> str:
        return f"{self.url}/{cluster}"

    def handle(self, method: str, target: str, body: Body | None) -> tuple[int, Mapping[str, Any]] | None:
        """Status and body of the answer; None for none."""
        parts = urlsplit(target)
        cluster, *words = parts.path.strip("/").split("/")
        name = f"{method} {parts.path}"
        is_write = method != "GET" and "authorization" not in parts.path
        if is_write:
            with self._lock:
                self.began.append((time.monotonic(), name))
        if is_write or method in self.silent:
            self.asked.release()
        if method in self.silent:
            self.over.wait()
            return None
        if is_write:
            self.over.wait(self.write_s)
        with self._lock:
            found = _answer(self.clusters[cluster], method, words, parts.query, body)
            if is_write:
                self.answered.append(name)
        return found


def _answer(
    api: PretendApi, method: str, words: list[str], query: str, body: Body | None
) -> tuple[int, Mapping[str, Any]]:
    group, rest = ("", words[2:]) if words[0] == "api" else (words[1], words[3:])
    namespace = None
    if rest[0] == "namespaces" and len(rest) > 2:
        _, namespace, *rest = rest
    resource = _BY_PLURAL[group, rest[0]]
    try:
        match method, rest[1:], body:
            case "GET", [], _:
                selector = parse_qs(query).get("labelSelector", [None])[0]
                items = api.list(resource, namespace=namespace, label_selector=selector).items
                return 200, {"kind": "List", "metadata": {"resourceVersion": "1"}, "items": list(items)}
            case "GET", [name], _:
                return 200, api.get(resource, name=name, namespace=namespace)
            case "POST", [], dict(new):
                return 201, api.create(resource, new)
            case "PUT", [_], dict(changed):
                return 200, api.replace(resource, changed)
    except NotFound:
        pass
    return 404, {"kind": "Status", "reason": "NotFound", "code": 404}


@contextmanager
def serving(clusters: Mapping[str, Iterable[Body]], **how: Any) -> Iterator[SlowServer]:
    """It listens inside of the block."""
    slow = SlowServer({name: PretendApi(name, bodies) for name, bodies in clusters.items()}, **how)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _handle(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            found = slow.handle(self.command, self.path, json.loads(self.rfile.read(length)) if length else None)
            if found is None:
                self.close_connection = True
                return
            status, answer = found
            content = json.dumps(answer).encode()
            with suppress(OSError):
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

        do_GET = do_POST = do_PUT = do_DELETE = _handle  # noqa: N815 - names that the base class wants

        def log_message(self, format: str, *arguments: object) -> None:
            """Nobody reads it."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        request_queue_size = 128

        def handle_error(self, request: Any, client_address: Any) -> None:
            """A client that was stopped has closed its connection."""

    server = Server(("127.0.0.1", 0), Handler)
    slow.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield slow
    finally:
        slow.over.set()
        server.shutdown()
        server.server_close()
        thread.join()
