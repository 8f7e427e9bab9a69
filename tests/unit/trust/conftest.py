# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tells the seed of these tests."""

from __future__ import annotations

import pytest
from ansible_collections.liqo.fabric.plugins.module_utils._kube import resolving

from tests.unit.trust import tally


@pytest.fixture(autouse=True)
def _no_resolver(monkeypatch: pytest.MonkeyPatch) -> None:
    """Names that a mutation invents are asked of nobody."""
    monkeypatch.setattr(resolving, "_look_up", lambda name, found: found.update({name: "not asked in a test"}))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if line := tally.line():
        terminalreporter.write_line(line)
