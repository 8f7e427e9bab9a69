# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The seed of this process, and how many wrong answers were given: the summary of pytest names both."""

from __future__ import annotations

import os
import secrets
from collections import Counter

_GIVEN = os.environ.get("LIQO_FABRIC_TRUST_SEED", "1")
SEED = secrets.token_hex(4) if _GIVEN == "random" else _GIVEN
_counts: Counter[str] = Counter()


def add(answers: int) -> None:
    """One more run, with so many wrong answers."""
    _counts.update(runs=1, answers=answers)


def line() -> str:
    """What was done, empty when nothing was."""
    if not _counts["runs"]:
        return ""
    return f"trust: seed {SEED}, {_counts['answers']} wrong answers in {_counts['runs']} runs"
