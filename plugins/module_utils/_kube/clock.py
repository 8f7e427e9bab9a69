# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Time as an argument, so that deadlines and retries can be tested without waiting for them."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from .stop import STOP


def _utc_now() -> datetime:
    return datetime.now(tz=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """`Clock()` is the real one."""

    monotonic: Callable[[], float] = time.monotonic
    """Seconds since some fixed moment; deadlines are counted in it."""
    now: Callable[[], datetime] = _utc_now
    """Wall time, aware, UTC; only for servers that send no Date."""
    sleep: Callable[[float], None] = STOP.pause
    """Ends early when the run is told to stop."""
