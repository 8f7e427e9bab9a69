# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tells the seed of these tests."""

from __future__ import annotations

import pytest

from tests.unit.trust import tally


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if line := tally.line():
        terminalreporter.write_line(line)
