# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every name of a failure is given by some code, and its row in docs/troubleshooting.md agrees with what that says.

That each row is there is held by test_docs.py.
"""

from __future__ import annotations

import ast
import functools
import re
from collections.abc import Iterator
from typing import TypeGuard

import pytest
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.errors import FailureName

from tests.pages import ROOT
from tests.unit.next_steps.texts import read

PAGE = (ROOT / "docs/troubleshooting.md").read_text(encoding="utf-8")
ROWS = dict(re.findall(r"^\| `([a-z0-9-]+)` \|.*\| ([^|]+) \|$", PAGE, re.MULTILINE))
"""By fault: what to do."""

AS_THE_MESSAGE_SAYS = {FailureName.OTHER, FailureName.DEAD_GATEWAY, FailureName.WAIT_TIMEOUT}
"""Their rows send the reader to the message."""

SHORTEST = 4
"""Letters of a word that says something."""


@functools.cache
def given() -> dict[str, frozenset[str]]:
    """By the name of a member: the next steps that stand beside it in the code."""
    found: dict[str, set[str]] = {}
    reading = read("plugins")
    reading.said()
    for room in reading.rooms:
        for node in ast.walk(room.tree):
            if _is_member(node) and room.path.name != "errors.py":
                found.setdefault(node.attr, set())
            beside = {keyword.arg: keyword.value for keyword in node.keywords} if isinstance(node, ast.Call) else {}
            fault = beside.get("fault")
            if _is_member(fault) and "next" in beside:
                texts = reading.texts_of(beside["next"], room)
                found.setdefault(fault.attr, set()).update(text for text in texts if " " in text)
    return {member: frozenset(texts) for member, texts in found.items()}


def _is_member(node: ast.AST | None) -> TypeGuard[ast.Attribute]:
    return isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "FailureName"


def classes_with_a_name() -> Iterator[str]:
    """Members that a class of errors has as its own: whoever raises the class gives the name."""
    tree = ast.parse((ROOT / "plugins/module_utils/_fabric/errors.py").read_text(encoding="utf-8"))
    for node in tree.body:
        for line in node.body if isinstance(node, ast.ClassDef) else ():
            if isinstance(line, ast.Assign) and _is_member(line.value):
                yield line.value.attr


def words(text: str) -> set[str]:
    """The beginnings of the words that say something, so that `links` is `link`."""
    return {word[:5] for word in re.findall(r"[a-z]+", text.lower()) if len(word) >= SHORTEST}


@pytest.mark.parametrize("name", FailureName, ids=str)
def test_every_name_is_given_by_some_code(name: FailureName) -> None:
    assert name.name in {*given(), *classes_with_a_name()}


@pytest.mark.parametrize("name", sorted(set(FailureName) - AS_THE_MESSAGE_SAYS), ids=str)
def test_the_page_says_what_the_message_says(name: FailureName) -> None:
    row = ROWS[name.value]
    apart = [text for text in given().get(name.name, ()) if not words(text) & words(row)]
    assert apart == [], f"docs/troubleshooting.md says of {name}: {row}"


def test_the_steps_of_most_names_stand_beside_them() -> None:
    """Or the test above would compare nothing."""
    assert len([name for name, texts in given().items() if texts]) > len(FailureName) / 2
