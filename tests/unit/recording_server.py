# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A server on loopback that remembers what it was asked, for tests of what goes over a connection and how."""

from __future__ import annotations

import json
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

EMPTY_LIST = {"kind": "List", "apiVersion": "v1", "metadata": {"resourceVersion": "1"}, "items": []}


@dataclass(frozen=True, kw_only=True)
class Request:
    """One request."""

    method: str
    target: str
    headers: Message
    body: bytes = b""


@dataclass(kw_only=True)
class Recorder:
    """The server."""

    url: str = ""
    seen: list[Request] = field(default_factory=list)
    asked: threading.Event = field(default_factory=threading.Event)
    """A request has come."""

    @property
    def address(self) -> str:
        return self.url.partition("://")[2]

    @property
    def last(self) -> Request:
        return self.seen[-1]

    def header(self, name: str) -> list[str]:
        """All its values in the last request."""
        return [str(value) for value in self.last.headers.get_all(name) or ()]


Answer = Callable[[Request], "tuple[int, object] | None"]


def empty(_request: Request) -> tuple[int, object]:
    """A list without items."""
    return 200, EMPTY_LIST


@contextmanager
def recording(answer: Answer = empty, *, tls: ssl.SSLContext | None = None) -> Iterator[Recorder]:
    """It listens inside of the block; for None as answer it is silent until the end."""
    recorder, over = Recorder(), threading.Event()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            size = int(self.headers.get("Content-Length") or 0)
            request = Request(
                method=self.command, target=self.path, headers=self.headers, body=self.rfile.read(size) if size else b""
            )
            recorder.seen.append(request)
            recorder.asked.set()
            found = answer(request)
            if found is None:
                over.wait()
                return
            status, content = found
            if self.command == "CONNECT" and status == 200:
                self._tunnel()
                return
            body = json.dumps(content).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def _tunnel(self) -> None:
            """Where the client wants to go, if that is on this machine; api.example always is."""
            host, _, port = self.path.rpartition(":")
            target = (("127.0.0.1" if host == "api.example" else host), int(port))
            with socket.create_connection(target) as other:
                self.wfile.write(b"HTTP/1.1 200 Established\r\n\r\n")
                self.wfile.flush()
                back = threading.Thread(target=_pump, args=(other, self.connection), daemon=True)
                back.start()
                _pump(self.connection, other)
                back.join()
            self.close_connection = True

        def log_message(self, format: str, *arguments: object) -> None:
            """Nobody reads it."""

    for method in ("POST", "PUT", "DELETE", "CONNECT"):
        setattr(Handler, f"do_{method}", Handler.do_GET)

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, request: object, client_address: object) -> None:
            """A client that goes away, or does not like our certificate, is no failure of a test."""

        def get_request(self) -> tuple[socket.socket, object]:
            connection, address = super().get_request()
            if tls is not None:
                connection = tls.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
            return connection, address

    server = Server(("127.0.0.1", 0), Handler)
    recorder.url = f"http{'s' if tls else ''}://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield recorder
    finally:
        over.set()
        server.shutdown()
        server.server_close()
        thread.join()


def _pump(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
    with suppress(OSError):
        target.shutdown(socket.SHUT_RDWR)
