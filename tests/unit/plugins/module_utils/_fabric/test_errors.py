# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Errors as people read them."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
from ansible_collections.liqo.fabric.plugins.module_utils._fabric import errors
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.errors import (
    Conflict,
    FabricError,
    FailureName,
    InputError,
    NotFound,
    Violation,
    WaitTimeout,
)
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.obstacles import ObstacleName

ROOT = Path(__file__).resolve().parents[5]


def _is_a_failure(kind: object) -> bool:
    return isinstance(kind, type) and issubclass(kind, FabricError) and kind is not FabricError


def test_an_error_is_one_line_with_where_what_why_and_next() -> None:
    error = FabricError(what="cannot read", where="leaf-a at https://h:6443", why="it is down", next="start it")
    assert str(error) == "leaf-a at https://h:6443: cannot read: it is down. Next: start it."


def test_line_breaks_and_full_stops_from_elsewhere_do_not_break_the_line() -> None:
    error = FabricError(what="a\nb", where="c", why="the server said:\n  no.", next="try again.")
    assert str(error) == "c: a b: the server said: no. Next: try again."


def test_the_result_has_the_name_and_the_four_fields_and_nothing_else() -> None:
    error = WaitTimeout(what="w", where="x", why="y", next="z", last_seen="Connecting")
    expected = {"fault": "wait-timeout", "cause": "", "what": "w", "where": "x", "why": "y", "next": "z"}
    assert error.as_result() == expected
    assert error.last_seen == "Connecting"


def test_wrong_input_names_every_violation_once_and_in_order() -> None:
    mtu = Violation(path="shortcuts[1].mtu", message="20 is too small", hint="1280 to 9000")
    name = Violation(path="clusters[0].name", message="is missing")
    error = InputError([mtu, name, mtu])
    assert error.violations == (name, mtu)
    assert error.why == "clusters[0].name: is missing; shortcuts[1].mtu: 20 is too small (1280 to 9000)"
    assert error.what == "2 wrong values"


def test_wrong_input_without_a_violation_is_a_defect_of_the_caller() -> None:
    with pytest.raises(ValueError, match="at least one"):
        InputError([])


@pytest.mark.parametrize("kind", [kind for kind in vars(errors).values() if _is_a_failure(kind)])
def test_every_class_has_a_name_of_its_own(kind: type[FabricError]) -> None:
    assert kind.fault is not FailureName.OTHER


def test_the_name_of_a_class_can_be_made_more_particular() -> None:
    error = WaitTimeout(what="w", where="x", why="y", next="z", last_seen="", fault=FailureName.DEAD_GATEWAY)
    assert error.as_result()["fault"] == "dead-gateway"
    assert WaitTimeout.fault is FailureName.WAIT_TIMEOUT


def test_names_are_words_with_hyphens_and_meanings_are_sentences() -> None:
    for name in FailureName:
        assert re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", name.value)
        assert FailureName(name.value) is name
        assert name.meaning.endswith(".")
    assert len({name.meaning for name in FailureName}) == len(FailureName)


def test_every_place_that_raises_the_general_error_names_what_it_is() -> None:
    unnamed = [
        f"{path.name}:{node.lineno}"
        for path in sorted((ROOT / "plugins").rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "FabricError"
        and "fault" not in {keyword.arg for keyword in node.keywords}
    ]
    assert unnamed == []


def test_the_page_for_troubles_lists_every_name_with_its_meaning_and_no_other() -> None:
    faults, _, causes = (ROOT / "docs/troubleshooting.md").read_text().partition("## Pods that cannot start")
    rows = dict(re.findall(r"^\| `([a-z0-9-]+)` \| (.*?) \|", faults, re.MULTILINE))
    assert rows == {name.value: name.meaning for name in FailureName}
    assert re.findall(r"^\| `([a-z-]+)` \|", causes, re.MULTILINE) == [name.value for name in ObstacleName]


@pytest.mark.parametrize(("reason", "expected"), [("AlreadyExists", True), ("Conflict", False)])
def test_a_conflict_tells_a_taken_name_from_a_stale_version(reason: str, expected: bool) -> None:
    error = Conflict(what="w", where="x", why="y", next="z", status=409, reason=reason)
    assert error.already_exists is expected


def test_fields_are_keyword_only() -> None:
    with pytest.raises(TypeError):
        NotFound("w", "x", "y", "z")  # type: ignore[call-arg]
