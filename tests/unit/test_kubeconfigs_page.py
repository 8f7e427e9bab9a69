# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every form of a kubeconfig in the documentation names a test, and every tested form is in the documentation."""

from __future__ import annotations

import re

import pytest

from tests.pages import ROOT, is_test
from tests.unit.plugins.module_utils._kube.test_kubeconfig_forms import GIVEN, REFUSED, TAKEN

PAGE = (ROOT / "docs/kubeconfigs.md").read_text()
ROWS = [line for line in PAGE.splitlines() if line.startswith("| ") and not line.startswith("| form |")]
SHOWN_BY = {row: re.findall(r"`([^`]+)`", row.rstrip("| ").rpartition(" | ")[2]) for row in ROWS}
FORMS = {*GIVEN, *TAKEN, *REFUSED}


@pytest.mark.parametrize("row", ROWS)
def test_a_row_is_shown_by_a_test(row: str) -> None:
    assert SHOWN_BY[row]
    for name in SHOWN_BY[row]:
        assert is_test(name) if "::" in name else name in FORMS, name


def test_every_form_has_a_row() -> None:
    assert FORMS - {name for names in SHOWN_BY.values() for name in names} == set()
