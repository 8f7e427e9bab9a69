# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The table of the matrix says what happened in each cell, and a wrong name of a cell says which there are."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tools import environment, matrix
from tools.matrix import CELLS, Cell, Outcome, check_cell, paths_that_concern_ansible, table

CELL = Cell("2.16.19", "3.11")


def outcome(check: str, result: str = "ok", seconds: float = 0.0) -> Outcome:
    return Outcome(cell=CELL, check=check, result=result, seconds=seconds)


def test_every_check_has_its_result_and_time() -> None:
    text = table([outcome("docs", seconds=12.4), outcome("tests", "FAILED", 40.0)])
    assert text.splitlines()[1].split(maxsplit=2) == ["2.16.19", "3.11", f"{'ok, 12 s':22}{'FAILED, 40 s':22}{'-':22}-"]


def test_a_python_that_is_not_here_is_said_to_be_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(matrix, "find_python", lambda version: None)
    assert [one.result for one in check_cell(CELL, ["docs", "tests"])] == ["no such Python here"] * 2


@pytest.mark.parametrize(("result", "code"), [("ok", 0), ("FAILED", 1), ("no such Python here", 0)])
def test_only_what_failed_fails_the_run(monkeypatch: pytest.MonkeyPatch, result: str, code: int) -> None:
    def checked(cell: Cell, checks: list[str]) -> Iterator[Outcome]:
        yield from (outcome(check, result) for check in checks)

    monkeypatch.setattr(matrix, "check_cell", checked)
    assert matrix.main([str(CELL), "--checks", "docs"]) == code


def test_an_unknown_cell_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        matrix.main(["2.15/3.11"])
    assert "2.15/3.11: there is no such cell; there are 2.16.19/3.11," in capsys.readouterr().err


def test_the_newest_core_is_the_one_that_we_develop_with() -> None:
    assert environment.pinned("ansible-core") == [f"ansible-core=={list(CELLS.values())[-1].core}"]


def test_faces_are_among_the_tests_of_a_cell() -> None:
    chosen = paths_that_concern_ansible()
    assert {"tests/unit/plugins/action", "tests/unit/plugins/filter", "tests/unit/test_playbooks.py"} <= set(chosen)
    assert not [path for path in chosen if "/_fabric" in path]
