# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Timestamps of clusters: the one place that reads them."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from functools import lru_cache

_RFC3339 = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?([Zz]|[-+][0-9]{2}:[0-9]{2})?"
)

_LONGEST = 40


def instant(text: str | None) -> datetime | None:
    """The moment of an RFC 3339 timestamp in UTC, which is also taken where no zone is named; None for other text."""
    return _parsed(text) if text is not None and len(text) <= _LONGEST else None


@lru_cache(maxsize=8192)
def _parsed(text: str) -> datetime | None:
    if not _RFC3339.fullmatch(text):
        return None
    try:
        found = datetime.fromisoformat(text.upper())
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError):
        # A month 13, or a zone that leads out of the years 1 to 9999.
        return None
