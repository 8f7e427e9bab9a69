# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every statement of the trust model names a test that exists."""

from __future__ import annotations

import re

import pytest

from tests.pages import ROOT, is_test

ROWS = re.findall(r"^\| (.+?) \| `(tests/[^`]+)` \|$", (ROOT / "docs/trust.md").read_text(), re.MULTILINE)


def test_there_are_statements_about_each_attacker() -> None:
    text = (ROOT / "docs/trust.md").read_text()
    sections = [part for part in text.split("\n## ") if "| shown by |" in part]
    assert len(sections) == 4
    # No row of these tables is without its test.
    assert sum(part.count("\n| ") - 1 for part in sections) == len(ROWS)


@pytest.mark.parametrize(("statement", "test"), ROWS, ids=[row[1].rpartition("::")[2] for row in ROWS])
def test_a_statement_is_shown_by_a_test(statement: str, test: str) -> None:
    assert is_test(test), statement
