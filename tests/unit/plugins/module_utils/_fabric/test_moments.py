# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Timestamps of clusters, and what is none."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.moments import instant

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-01-01T12:00:00Z", NOON),
        ("2026-01-01T12:00:00", NOON),
        ("2026-01-01t12:00:00z", NOON),
        ("2026-01-01 14:00:00.000000000+02:00", NOON),
        ("2026-01-01T12:00:00.5Z", NOON.replace(microsecond=500_000)),
        ("0001-01-01T00:00:00Z", datetime(1, 1, 1, tzinfo=UTC)),
        ("9999-12-31T23:59:59Z", datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)),
    ],
)
def test_the_moment_of_a_timestamp_is_in_utc(text: str, moment: datetime) -> None:
    assert instant(text) == moment


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "yesterday",
        "20260101T120000Z",
        "2026-01-01",
        "2026-13-01T12:00:00Z",
        "2026-01-01T12:00:60Z",
        "2026-01-01T12:00:00+25:00",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-14:00",
        "2026-01-01\x1b12:00:00Z",
        "2026-01-01T12:00:00Z\n",
        "\u0662\u0660\u0662\u0666-01-01T12:00:00Z",
    ],
    ids=ascii,
)
def test_other_text_is_no_moment(text: str | None) -> None:
    assert instant(text) is None


def test_every_two_moments_can_be_compared() -> None:
    first, last = instant("0001-01-01T00:00:00"), instant("9999-12-31T23:59:59Z")
    assert first is not None
    assert last is not None
    assert (last - first).total_seconds() > 0
