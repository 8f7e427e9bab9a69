# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes the API servers of a lab's world reachable on loopback of the machine: `python -m lab.forward STATE_FOLDER`.

Connections arrive in the machine's network namespace and leave in the world's, to the node address, so that a broken
network of a cluster is broken for people too. When an API server refuses connections the forwarder closes its own port
until it accepts again: a client then sees the refusal that it would see on a real machine.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import os
import socket
import struct
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from lab.layout import Cluster, Lab

READY = "forward.ready"
"""File in the run folder that exists while every port is served."""
_CLONE_NEWNET = 0x40000000
_CHUNK = 1 << 17
_RETRY_S = 0.2
_CONNECT_S = 75.0


class World:
    """Makes sockets that live in a network namespace, from a thread that moved there for good."""

    def __init__(self, namespace: str) -> None:
        self._thread = ThreadPoolExecutor(1, initializer=_enter, initargs=(f"/run/netns/{namespace}",))

    async def connect(self, address: str, port: int) -> socket.socket:
        """A connected TCP socket; raises OSError or TimeoutError."""
        loop = asyncio.get_running_loop()
        plug = await loop.run_in_executor(self._thread, socket.socket, socket.AF_INET, socket.SOCK_STREAM)
        plug.setblocking(False)
        try:
            async with asyncio.timeout(_CONNECT_S):
                await loop.sock_connect(plug, (address, port))
        except BaseException:
            plug.close()
            raise
        return plug


class Forwarder:
    """Serves one port of the machine."""

    def __init__(self, cluster: Cluster, world: World) -> None:
        self._cluster = cluster
        self._world = world
        self._server: asyncio.Server | None = None
        self._reopening: asyncio.Task[None] | None = None

    async def open(self) -> None:
        self._server = await asyncio.start_server(
            self._serve, "127.0.0.1", self._cluster.forward_port, reuse_address=True, limit=_CHUNK
        )

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            plug = await self._world.connect(self._cluster.node_ip, self._cluster.apiserver_port)
        except (OSError, TimeoutError) as error:
            _reset(writer)
            if isinstance(error, ConnectionRefusedError) and self._reopening is None:
                self._reopening = asyncio.create_task(self._close_until_served())
            return
        far_reader, far_writer = await asyncio.open_connection(sock=plug, limit=_CHUNK)
        await asyncio.gather(_copy(reader, far_writer), _copy(far_reader, writer))

    async def _close_until_served(self) -> None:
        if self._server is not None:
            self._server.close()
        while True:
            await asyncio.sleep(_RETRY_S)
            with contextlib.suppress(OSError, TimeoutError):
                (await self._world.connect(self._cluster.node_ip, self._cluster.apiserver_port)).close()
                await self.open()
                self._reopening = None
                return


async def forward(lab: Lab) -> None:
    """Serves until the process is ended; raises OSError when a port of the machine is taken."""
    world = World(lab.world_namespace)
    forwarders = [Forwarder(cluster, world) for cluster in lab.clusters]
    for forwarder in forwarders:
        await forwarder.open()
    (lab.run / READY).touch()
    await asyncio.Event().wait()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while chunk := await reader.read(_CHUNK):
            writer.write(chunk)
            await writer.drain()
        if writer.can_write_eof():
            writer.write_eof()
    except (OSError, asyncio.IncompleteReadError):
        _reset(writer)


def _reset(writer: asyncio.StreamWriter) -> None:
    """The peer sees a reset, not an orderly end."""
    plug = writer.get_extra_info("socket")
    with contextlib.suppress(OSError):
        plug.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


def _enter(namespace: str) -> None:
    """The calling thread is in that network namespace. (os.setns needs Python 3.12.)"""
    libc = ctypes.CDLL(None, use_errno=True)
    descriptor = os.open(namespace, os.O_RDONLY)
    try:
        if libc.setns(descriptor, _CLONE_NEWNET) != 0:
            number = ctypes.get_errno()
            raise OSError(number, f"cannot enter {namespace}: {os.strerror(number)}")
    finally:
        os.close(descriptor)


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(forward(Lab.from_json((Path(sys.argv[1]) / "lab.json").read_text())))
