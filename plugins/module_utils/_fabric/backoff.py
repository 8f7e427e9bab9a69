# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How long a thing that comes and goes has to wait until it is told again. Each thing waits for itself only."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)

FREE = 3
"""So often in a row a thing is told at once."""
FIRST_S = 30.0
"""The first pause after that; each further pause is twice as long, up to LONGEST_S."""
LONGEST_S = 600.0
CALM_S = 600.0
"""For each time of this length in which nothing was heard of a thing, one time that it was told is forgotten."""


@dataclass(slots=True)
class _Record:
    times: int = 0
    told_at: float = 0.0
    heard_at: float = 0.0


class Backoff(Generic[K]):
    """Moments are seconds of a monotonic clock."""

    def __init__(self) -> None:
        self._records: dict[K, _Record] = {}

    def heard(self, key: K, now: float) -> float:
        """The moment from which on this news of the thing may be told."""
        record = self._records.setdefault(key, _Record(heard_at=now))
        record.times = max(0, record.times - int((now - record.heard_at) / CALM_S))
        record.heard_at = now
        if record.times < FREE:
            return now
        return record.told_at + min(FIRST_S * 2.0 ** min(record.times - FREE, 10), LONGEST_S)

    def told(self, key: K, now: float) -> None:
        record = self._records.setdefault(key, _Record(heard_at=now))
        record.times, record.told_at = record.times + 1, now
