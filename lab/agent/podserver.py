# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The program of a demo pod: answers who it is, and sinks or sources bytes for throughput measurements.

Standard library only, and imports nothing of the lab: it is started as a file, once per pod.

TCP 8080: HTTP; every GET is answered with JSON: cluster, namespace, pod, and the client's address as the pod sees it.
TCP 9000: takes bytes until the client shuts its side down, then answers with their count as a line.
TCP 9001: sends zeros until the client closes.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import signal
import socket
import threading
from collections.abc import Callable

HTTP_PORT = 8080
SINK_PORT = 9000
SOURCE_PORT = 9001
_CHUNK = 256 * 1024


def answer_http(connection: socket.socket, identity: dict[str, str]) -> None:
    """One request, one answer, close."""
    connection.settimeout(10)
    request = b""
    while b"\r\n\r\n" not in request and (part := connection.recv(4096)):
        request += part
    body = json.dumps({**identity, "client": connection.getpeername()[0]}).encode() + b"\n"
    head = ("HTTP/1.1 200 OK", "Content-Type: application/json", f"Content-Length: {len(body)}", "Connection: close")
    connection.sendall("\r\n".join((*head, "", "")).encode() + body)


def sink(connection: socket.socket) -> None:
    """Counts what comes."""
    space, count = bytearray(_CHUNK), 0
    while got := connection.recv_into(space):
        count += got
    connection.sendall(f"{count}\n".encode())


def source(connection: socket.socket) -> None:
    """Sends until nobody listens."""
    zeros = bytes(_CHUNK)
    while True:
        connection.sendall(zeros)


def serve(port: int, talk: Callable[[socket.socket], None]) -> None:
    """Listens; each connection has a thread."""
    listener = socket.create_server(("", port), backlog=64)

    def accept() -> None:
        while True:
            connection, _ = listener.accept()
            threading.Thread(target=converse, args=(connection,), daemon=True).start()

    def converse(connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            talk(connection)

    threading.Thread(target=accept, daemon=True).start()


def main() -> None:
    parser = argparse.ArgumentParser()
    for name in ("cluster", "namespace", "pod"):
        parser.add_argument(f"--{name}", required=True)
    identity: dict[str, str] = vars(parser.parse_args())
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGINT})
    serve(HTTP_PORT, lambda connection: answer_http(connection, identity))
    serve(SINK_PORT, sink)
    serve(SOURCE_PORT, source)
    signal.sigwait({signal.SIGTERM, signal.SIGINT})


if __name__ == "__main__":
    main()
