# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One answer to many things that happen shortly after each other, and not too late where they never stop."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """A point in time by two clocks."""

    monotonic: float
    """Seconds since some fixed moment; what is due when is counted in it."""
    wall: datetime
    """Aware; for people."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch(Generic[T]):
    """What was collected, in the order in which it came; never empty."""

    items: tuple[T, ...]
    first: datetime
    last: datetime


class Debouncer(Generic[T]):
    """Collects until nothing new came for ``debounce_s`` seconds, but at most ``max_delay_s`` after the first."""

    def __init__(self, *, debounce_s: float, max_delay_s: float) -> None:
        self._debounce_s = debounce_s
        self._max_delay_s = max_delay_s
        self._items: list[tuple[T, Moment]] = []

    def add(self, item: T, now: Moment) -> None:
        self._items.append((item, now))

    def due_in(self, monotonic: float) -> float | None:
        """Seconds until the batch is due, 0 when it is; None while there is nothing."""
        if not self._items:
            return None
        quiet_at = self._items[-1][1].monotonic + self._debounce_s
        latest_at = self._items[0][1].monotonic + self._max_delay_s
        return max(0.0, min(quiet_at, latest_at) - monotonic)

    def take(self, monotonic: float, *, early: bool = False) -> Batch[T] | None:
        """The batch if it is due, or with ``early`` any; what comes later begins a new one."""
        if not self._items or (self.due_in(monotonic) != 0 and not early):
            return None
        items, self._items = self._items, []
        walls = [moment.wall for _item, moment in items]
        return Batch(items=tuple(item for item, _moment in items), first=walls[0], last=walls[-1])
