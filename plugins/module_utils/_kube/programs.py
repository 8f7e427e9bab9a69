# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A program of somebody else is run; whatever it does, that ends in time and with a bounded answer."""

from __future__ import annotations

import os
import selectors
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from .limits import DEFAULT
from .stop import STOP

_CHUNK = 64 * 1024
# A child that it leaves behind may hold its output open, so its end is looked for and not awaited on the streams.
_LOOK_S = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What became of a program."""

    output: bytes
    complaint: bytes
    """The end of its standard error."""
    status: int | None
    """Its exit status, negative for a signal; None when it was killed because it took too long or printed too much."""


def _guard(group: int) -> subprocess.Popen[bytes] | None:
    """A process that kills the group when this one ends, in whatever way: then the kernel closes the pipe between them.

    A program in a session of its own would outlive us: nobody else knows of it.
    """
    script = f"read -r _; kill -s KILL -- -{group}"
    try:
        return subprocess.Popen(  # pylint: disable=ansible-bad-function
            ["/bin/sh", "-c", script],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
    except OSError:
        return None


class Program:
    """One run of a program, without a shell and without input, in a session of its own."""

    def __init__(self, command: Sequence[str], *, environ: Mapping[str, str]) -> None:
        """Starts it. Raises OSError when that is not possible."""
        # run_command of Ansible belongs to a module and bounds neither time nor output.
        self._process = subprocess.Popen(  # pylint: disable=ansible-bad-function
            command,
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        self._guard = _guard(self._process.pid)
        self._printed, self._said = bytearray(), bytearray()
        self._over = False
        STOP.register(self)

    def finish(self, *, seconds: float) -> Run:
        """Waits for its end. When there is none in time it is killed, and all that it has started."""
        status = None
        try:
            status = self._follow(time.monotonic() + seconds)
        finally:
            if status is None:
                self.interrupt()
            self._over = True
            if self._guard is not None:
                self._guard.kill()
                self._guard.communicate()
            for stream in (self._process.stdout, self._process.stderr):
                if stream is not None:
                    stream.close()
            self._process.wait()
        return Run(output=bytes(self._printed), complaint=bytes(self._said), status=status)

    def interrupt(self) -> None:
        """Kills it and its children, in any thread. Called when the run is told to stop."""
        # Not when all is over: other processes could have its number by then.
        if not self._over:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)

    def _follow(self, until: float) -> int | None:
        """Its exit status; None as soon as there is a reason to kill it."""
        with selectors.DefaultSelector() as selector:
            selector.register(self._process.stdout, selectors.EVENT_READ, self._printed)  # type: ignore[arg-type]
            selector.register(self._process.stderr, selectors.EVENT_READ, self._said)  # type: ignore[arg-type]
            while time.monotonic() < until and len(self._printed) <= DEFAULT.plugin_bytes:
                # Looked at before the streams: what it has printed until its end is read after it.
                status = self._process.poll()
                if not selector.get_map() and status is None:
                    with suppress(subprocess.TimeoutExpired):
                        self._process.wait(_LOOK_S)
                    continue
                ready = selector.select(0 if status is not None else _LOOK_S) if selector.get_map() else []
                for key, _events in ready:
                    self._take(selector, key)
                if status is not None and not ready:
                    return status
        return None

    def _take(self, selector: selectors.BaseSelector, key: selectors.SelectorKey) -> None:
        arrived = os.read(key.fd, _CHUNK)
        if not arrived:
            selector.unregister(key.fileobj)
        key.data.extend(arrived)
        del self._said[: -DEFAULT.complaint_bytes]
