# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""When a request is worth repeating, and how long to wait before: pure decisions over values."""

from __future__ import annotations

from dataclasses import dataclass, field

from .reachability import Cause

# 501 and 505 say that the request itself is not understood.
_HOPELESS = frozenset({501, 505})


def _limits() -> dict[Cause, int]:
    return {
        # An API server that restarts refuses for a few seconds.
        Cause.REFUSED: 4,
        Cause.BROKEN: 4,
        # These cost a whole timeout each.
        Cause.TIMED_OUT: 1,
        Cause.NO_HANDSHAKE: 1,
        Cause.NO_ANSWER: 1,
        Cause.UNRESOLVED: 1,
        Cause.UNROUTED: 1,
        Cause.PROXY: 1,
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """How one attempt ended badly: with an answer (`status`) or without one (`cause`)."""

    status: int | None = None
    retry_after_s: float | None = None
    """What the server asked for, by header or in its Status."""
    cause: Cause | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPolicy:
    """Finite: at most one repetition per entry of `delays_s`."""

    delays_s: tuple[float, ...] = (0.2, 0.5, 1.0, 2.0, 4.0)
    """Seconds before the first, second ... repetition; a longer Retry-After wins."""
    repetitions_by_cause: dict[Cause, int] = field(default_factory=_limits)
    """Repetitions worth their time when there was no answer; a cause that is not named is never repeated."""

    def delay_s(self, failure: Failure, *, repeatable: bool, repetitions: int) -> float | None:
        """Seconds to wait before trying again, or None to give up; `repetitions` is how many were made so far.

        What is not `repeatable` may have done its work although its answer was lost.
        """
        if repetitions >= self._worth(failure, repeatable=repeatable):
            return None
        return max(self.delays_s[repetitions], failure.retry_after_s or 0.0)

    def _worth(self, failure: Failure, *, repeatable: bool) -> int:
        """How many repetitions this failure deserves in all."""
        if failure.cause is not None:
            if not repeatable and not failure.cause.before_sending:
                return 0
            return min(self.repetitions_by_cause.get(failure.cause, 0), len(self.delays_s))
        status = failure.status or 0
        # A POST may be repeated here: objects are created by name, so that a second one is refused, not doubled.
        # 429 is also what an API server says while it sets up the storage of a new kind.
        worthwhile = status == 429 or (status >= 500 and status not in _HOPELESS)
        return len(self.delays_s) if worthwhile else 0
