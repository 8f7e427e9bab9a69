# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What this process has written, for the case that it ends without a report."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

SHOWN = 20
"""Writes that are named in a sentence; the others are counted."""


class Account:
    """Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._confirmed: list[str] = []
        self._sent: dict[int, str] = {}
        self._number = 0

    @contextmanager
    def sending(self, write: str) -> Iterator[None]:
        """A write is sent inside of the block; it is confirmed when that ends without an exception."""
        with self._lock:
            self._number += 1
            number = self._number
            self._sent[number] = write
        try:
            yield
        except BaseException:
            with self._lock:
                self._sent.pop(number, None)
            raise
        with self._lock:
            self._confirmed.append(self._sent.pop(number, write))

    def clear(self) -> None:
        """A new task begins."""
        with self._lock:
            self._confirmed, self._sent = [], {}

    @property
    def changed(self) -> bool:
        """Something was written, or may have been."""
        with self._lock:
            return bool(self._confirmed or self._sent)

    def __str__(self) -> str:
        """A sentence without its full stop."""
        with self._lock:
            confirmed, sent = list(self._confirmed), list(self._sent.values())
        told = f"written: {_listed(confirmed)}" if confirmed else "nothing was written"
        return f"{told}; sent, and not answered yet: {_listed(sent)}" if sent else told


def _listed(writes: list[str]) -> str:
    rest = f", and {len(writes) - SHOWN} more" if len(writes) > SHOWN else ""
    return ", ".join(writes[:SHOWN]) + rest


ACCOUNT = Account()
"""Of this process."""
