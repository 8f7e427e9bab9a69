# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every public case that is called tried names a test that exists."""

from __future__ import annotations

import pytest

from tests.pages import ROOT, is_test

ROWS = [
    line
    for line in (ROOT / "docs/tried.md").read_text(encoding="utf-8").splitlines()
    if line.startswith("| ") and not line.startswith("| case |")
]


def test_there_are_cases() -> None:
    assert len(ROWS) >= 20


@pytest.mark.parametrize("row", ROWS)
def test_a_case_is_shown_by_a_test(row: str) -> None:
    case, behaviour, shown = (part.strip() for part in row.strip("|").split(" | "))
    assert case
    assert behaviour.endswith(".")
    assert is_test(shown.strip("`")), shown
