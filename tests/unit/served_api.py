# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""API servers on loopback that answer LISTs with given bodies, for commands that run as processes of their own."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

from ansible_collections.liqo.fabric.plugins.module_utils._fabric.resources import Resource
from ansible_collections.liqo.fabric.plugins.module_utils._liqo import resources

from tests.unit.bodies import Body
from tests.unit.pretend_api import PretendApi

_BY_PLURAL = {
    (resource.group, resource.plural): resource
    for resource in vars(resources).values()
    if isinstance(resource, Resource)
}


class ServedApi:
    """What one cluster holds, and what it was asked."""

    def __init__(self, cluster: str, bodies: Iterable[Body]) -> None:
        self.held = PretendApi(cluster, bodies)
        self.tokens: set[str] = set()
        self.requests: list[str] = []
        self.url = ""

    def answer(self, target: str) -> Body | None:
        """The list at a path; None for what is no list of a kind that we know."""
        parts = urlsplit(target)
        words = parts.path.strip("/").split("/")
        group, rest = ("", words[2:]) if words[0] == "api" else (words[1], words[3:])
        namespace = None
        if rest[0] == "namespaces" and len(rest) == 3:
            _, namespace, *rest = rest
        resource = _BY_PLURAL.get((group, rest[0])) if len(rest) == 1 else None
        if resource is None:
            return None
        selector = parse_qs(parts.query).get("labelSelector", [None])[0]
        items = self.held.list(resource, namespace=namespace, label_selector=selector).items
        return {"kind": f"{resource.kind}List", "metadata": {"resourceVersion": "1"}, "items": list(items)}


@contextmanager
def served(api: ServedApi) -> Iterator[ServedApi]:
    """It listens inside of the block, at ``api.url``."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            api.requests.append(self.path)
            api.tokens.add(self.headers.get("Authorization", ""))
            found = api.answer(self.path)
            body = json.dumps(found or {"kind": "Status", "reason": "NotFound", "code": 404}).encode()
            self.send_response(200 if found else 404)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *arguments: object) -> None:
            """Nobody reads it."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    api.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield api
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
