# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the last lines of `make test` say must be what happened."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from tools.run_stages import Outcome, run_stage, summary

REPORT = '<testsuites><testsuite tests="9" failures="{failures}" errors="{errors}" skipped="2"/></testsuites>'


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder whose Makefile has the one stage `check`; write its recipe to the returned file."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "Makefile").write_text("check:\n\t@bash recipe\n", encoding="utf-8")
    return tmp_path / "recipe"


def test_tests_of_a_pytest_stage_are_counted(stage: Path) -> None:
    stage.write_text(writes(REPORT.format(failures=0, errors=0)), encoding="utf-8")
    outcome = run_stage("check", 10)
    assert (outcome.result, outcome.passed, outcome.failed, outcome.skipped) == ("ok", 7, 0, 2)


def test_failures_and_errors_of_a_pytest_stage_are_failed_tests(stage: Path) -> None:
    stage.write_text(writes(REPORT.format(failures=1, errors=2)) + "exit 1\n", encoding="utf-8")
    outcome = run_stage("check", 10)
    assert (outcome.result, outcome.passed, outcome.failed) == ("failed with exit code 2", 4, 3)


def test_a_stage_that_fails_without_a_failing_test_counts_as_one_failure(stage: Path) -> None:
    stage.write_text("exit 1\n", encoding="utf-8")
    assert run_stage("check", 10).failed == 1


def test_a_stage_over_its_deadline_is_ended_and_counts_as_a_failure(stage: Path) -> None:
    stage.write_text("exec sleep 60\n", encoding="utf-8")
    outcome = run_stage("check", 1)
    assert (outcome.result, outcome.failed) == ("not finished after 1 s", 1)
    assert outcome.seconds < 30


def test_the_last_line_sums_all_stages() -> None:
    first = Outcome(stage="unit", result="ok", seconds=1, passed=3, failed=0, skipped=0)
    second = Outcome(stage="lab", result="failed with exit code 2", seconds=2, passed=4, failed=1, skipped=2)
    assert summary([first, second]).splitlines()[-1] == "7 passed, 1 failed, 2 skipped"
    assert summary([first]).splitlines()[-1] == "3 passed, 0 failed"


def test_failed_tests_are_named_in_the_summary(stage: Path) -> None:
    case = '<testcase classname="tests.lab" name="test_two"><failure message="no"/></testcase>'
    report = f'<testsuites><testsuite tests="1" failures="1" errors="0" skipped="0">{case}</testsuite></testsuites>'
    stage.write_text(writes(report) + "exit 1\n", encoding="utf-8")
    assert "    failed: tests.lab::test_two" in summary([run_stage("check", 10)]).splitlines()


def test_a_stage_over_its_deadline_may_still_write_its_report(stage: Path) -> None:
    report = writes(REPORT.format(failures=1, errors=0)).strip()
    stage.write_text(f"trap {shlex.quote(report + '; exit 1')} INT\nsleep 60\n", encoding="utf-8")
    assert run_stage("check", 1).passed == 6


def writes(report: str) -> str:
    return f"echo '{report}' > ${{PYTEST_ADDOPTS#--junitxml=}}\n"
