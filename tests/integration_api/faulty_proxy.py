# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A stub: an HTTP server on loopback that misbehaves on demand, because a real API server cannot be told to.

Requests that meet no fault are passed on to a real API server, or answered with an empty list when there is none.
"""

from __future__ import annotations

import contextlib
import json
import socket
import struct
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import urllib3

EMPTY_LIST = json.dumps(
    {"kind": "ConfigMapList", "apiVersion": "v1", "metadata": {"resourceVersion": "1"}, "items": []}
)
_PASSED_ON = ("authorization", "content-type", "accept", "user-agent")


@dataclass(frozen=True)
class Upstream:
    """The real API server behind the stub, with the credentials of its administrator."""

    url: str
    pool: urllib3.PoolManager


class Handler(BaseHTTPRequestHandler):
    """One request: a fault, or the way to the real server."""

    protocol_version = "HTTP/1.1"
    server: Server

    def setup(self) -> None:
        super().setup()
        self.server.connections.append(self.connection)

    def respond(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        self.body = self.rfile.read(length)
        with self.server.lock:
            self.server.seen.append(Seen(self.command, self.path, self.headers.get("User-Agent", "")))
            fault = self.server.faults.popleft() if self.server.faults else pass_on
        fault(self)

    do_GET = do_POST = do_PUT = do_DELETE = respond  # noqa: N815 - names that the standard library calls

    def do_CONNECT(self) -> None:
        """As an HTTP proxy: whatever host is asked for, the tunnel ends at the real server."""
        with self.server.lock:
            self.server.seen.append(Seen(self.command, self.path, self.headers.get("Proxy-Authorization", "")))
        if self.server.upstream is None:
            self.answer(403, b"")
            return
        host, _, port = self.server.upstream.url.removeprefix("https://").partition(":")
        with socket.create_connection((host, int(port)), timeout=30) as real:
            self.send_response(200)
            self.end_headers()
            back = threading.Thread(target=_pump, args=(real, self.connection), daemon=True)
            back.start()
            _pump(self.connection, real)
            back.join(30)
        self.close_connection = True

    def answer(self, status: int, content: bytes, **headers: str) -> None:
        self.send_response(status)
        for name, value in ({"Content-Type": "application/json"} | headers).items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def reset(self) -> None:
        """The connection ends with a TCP reset."""
        self.close_connection = True
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        # The files made of the socket keep it open.
        self.rfile.close()
        self.wfile.close()
        self.connection.close()

    def log_message(self, format: str, *args: object) -> None:
        """Tests are silent."""


Fault = Callable[[Handler], None]


@dataclass(frozen=True)
class Seen:
    """What arrived."""

    method: str
    path: str
    said: str
    """The user agent, or the authorization for a proxy."""


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, upstream: Upstream | None, port: int = 0) -> None:
        super().__init__(("127.0.0.1", port), Handler)
        self.upstream = upstream
        self.lock = threading.Lock()
        self.faults: deque[Fault] = deque()
        self.seen: list[Seen] = []
        self.over = threading.Event()
        self.connections: list[socket.socket] = []

    @property
    def url(self) -> str:
        return f"http://{self.address}"

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.server_port}"

    def will(self, *faults: Fault) -> None:
        """The next requests meet these, one each, in order of arrival."""
        self.faults.extend(faults)

    def cut_all(self) -> None:
        """The machine is gone: nobody listens, and every connection is cut."""
        self.shutdown()
        self.server_close()
        for connection in self.connections:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients that go away are what is tested here; anything else is shown."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


@contextlib.contextmanager
def faulty_server(upstream: Upstream | None = None, *, port: int = 0) -> Iterator[Server]:
    """Runs until the end of the context; requests that hang end then. Without `port` a free one is taken."""
    server = Server(upstream, port)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.over.set()
        server.shutdown()
        server.server_close()
        thread.join(5)


def pass_on(handler: Handler) -> None:
    """No fault."""
    upstream = handler.server.upstream
    if upstream is None:
        handler.answer(200, EMPTY_LIST.encode())
        return
    answer = _ask(handler, upstream)
    if answer.headers.get("Transfer-Encoding") == "chunked" and "watch=1" in handler.path:
        _pass_stream_on(handler, answer)
    else:
        handler.answer(answer.status, answer.data, Date=answer.headers["Date"])


def status(code: int, *, reason: str = "", message: str = "", retry_after: str | None = None) -> Fault:
    """Answers with a Status object, as an API server does."""
    content = json.dumps({"kind": "Status", "apiVersion": "v1", "code": code, "reason": reason, "message": message})
    headers = {} if retry_after is None else {"Retry_After": retry_after}
    return lambda handler: handler.answer(code, content.encode(), **headers)


def page(code: int, text: str, **headers: str) -> Fault:
    """Answers with something that is not Kubernetes."""
    return lambda handler: handler.answer(code, text.encode(), Content_Type="text/html", **headers)


def silence(handler: Handler) -> None:
    """Takes the request and says nothing until the test is over."""
    handler.server.over.wait()
    handler.close_connection = True


def reset(handler: Handler) -> None:
    """Takes the request and resets the connection; the real server does not see it."""
    handler.reset()


def lose_answer(handler: Handler) -> None:
    """The real server does what it is asked, but its answer never arrives."""
    if handler.server.upstream is None:
        raise ValueError("without a real server there is no answer to lose")
    _ask(handler, handler.server.upstream).read()
    handler.reset()


def cut_short(handler: Handler) -> None:
    """Promises more bytes than it sends."""
    handler.send_response(200)
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    handler.wfile.write(b'{"kind": "Config')
    handler.wfile.flush()
    handler.reset()


def trickle(handler: Handler) -> None:
    """Sends a byte every now and then, so that no silence is ever long."""
    handler.send_response(200)
    handler.send_header("Content-Length", "100000")
    handler.end_headers()
    while not handler.server.over.wait(0.05):
        try:
            handler.wfile.write(b" ")
        except OSError:
            return


def stream_then_reset(*lines: bytes) -> Fault:
    """A watch that brings these lines and breaks."""

    def fault(handler: Handler) -> None:
        handler.send_response(200)
        handler.send_header("Transfer-Encoding", "chunked")
        handler.end_headers()
        for line in lines:
            handler.wfile.write(b"%x\r\n%s\r\n" % (len(line), line))
        handler.wfile.flush()
        handler.reset()

    return fault


def _pump(source: socket.socket, target: socket.socket) -> None:
    """Bytes one way, until either side has enough."""
    with contextlib.suppress(OSError):
        while content := source.recv(65536):
            target.sendall(content)
        target.shutdown(socket.SHUT_WR)


def _ask(handler: Handler, upstream: Upstream) -> urllib3.BaseHTTPResponse:
    headers = {name: value for name, value in handler.headers.items() if name.lower() in _PASSED_ON}
    return upstream.pool.request(
        handler.command,
        upstream.url + handler.path,
        body=handler.body or None,
        headers=headers,
        preload_content=False,
        retries=False,
        timeout=30,
    )


def _pass_stream_on(handler: Handler, answer: urllib3.BaseHTTPResponse) -> None:
    handler.send_response(answer.status)
    handler.send_header("Transfer-Encoding", "chunked")
    handler.end_headers()
    for chunk in answer.stream(65536):
        handler.wfile.write(b"%x\r\n%s\r\n" % (len(chunk), chunk))
        handler.wfile.flush()
    handler.wfile.write(b"0\r\n\r\n")
