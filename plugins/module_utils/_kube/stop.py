# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether this process was told to stop: one value per process, since a signal is sent to a process.

When it is set no request is begun any more, every pause and every wait ends, and exec plugins are killed.
"""

from __future__ import annotations

import threading
from typing import Protocol
from weakref import WeakSet

from .._fabric.errors import FabricError, FailureName


class Interruptible(Protocol):
    """Something that waits, or that somebody waits for."""

    def interrupt(self) -> None:
        """End the wait; called once, in any thread, and must return at once."""


class Stop:
    """Thread-safe, but not to be set in a signal handler: the interrupted thread may hold its lock."""

    def __init__(self) -> None:
        self._event = threading.Event()
        self._lock = threading.Lock()
        self._waiting: WeakSet[Interruptible] = WeakSet()
        self._reason = ""

    @property
    def is_set(self) -> bool:
        return self._event.is_set()

    def set(self, reason: str) -> None:
        """From now on nothing new begins. ``reason`` is for the failures: `SIGTERM`."""
        with self._lock:
            self._reason = self._reason or reason
            self._event.set()
            waiting = list(self._waiting)
            self._waiting.clear()
        for one in waiting:
            one.interrupt()

    def clear(self) -> None:
        """Work may begin again, as if nothing had been told."""
        with self._lock:
            self._reason = ""
            self._event.clear()

    def pause(self, seconds: float) -> None:
        """Sleep, but no longer than until the stop."""
        self._event.wait(seconds)

    def register(self, waiting: Interruptible) -> None:
        """Interrupt this object when the stop comes, at once when it is there; the object is not kept alive."""
        with self._lock:
            if not self.is_set:
                self._waiting.add(waiting)
                return
        waiting.interrupt()

    def error(self, *, what: str, where: str) -> FabricError:
        """The failure of what was not begun or not completed because of the stop."""
        return FabricError(
            what=what,
            where=where,
            why=f"the run was told to stop ({self._reason})" if self._reason else "the run was told to stop",
            next="run again; what was written stays, and the next run completes it",
            fault=FailureName.INTERRUPTED,
        )


STOP = Stop()
"""Of this process."""
