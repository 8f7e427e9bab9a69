# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every next step that the code can say is followed by a test, or a note says why none can; see catalogue.yml."""

from __future__ import annotations

import ast
import functools
import json
from pathlib import Path

import yaml

from tests.pages import ROOT
from tests.unit.next_steps.texts import read

CATALOGUE = Path(__file__).with_name("catalogue.yml")


@functools.cache
def catalogue() -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = yaml.safe_load(CATALOGUE.read_text(encoding="utf-8"))
    return found


@functools.cache
def said() -> dict[str, str]:
    """Each text of the code, and one place that says it."""
    return {one.text: one.place for one in read("plugins", "extensions").said()}


@functools.cache
def names_in(file: str) -> frozenset[str]:
    """The names of the tests in a file, those of a class with it before them."""
    path = ROOT / file
    if not path.is_file():
        return frozenset()
    tree = ast.parse(path.read_text(encoding="utf-8"))
    classes = [node for node in tree.body if isinstance(node, ast.ClassDef)]
    inside = {f"{one.name}::{node.name}" for one in classes for node in one.body if isinstance(node, ast.FunctionDef)}
    return frozenset(inside | {node.name for node in tree.body if isinstance(node, ast.FunctionDef)})


def test_every_next_step_of_the_code_is_in_the_catalogue() -> None:
    known = {text for section in catalogue().values() for text in section}
    missing = [
        f"{place} says a next step that no test is known to follow. Write one, and add below followed_by in"
        f" {CATALOGUE.relative_to(ROOT)}:\n  {json.dumps(text, ensure_ascii=False)}:\n"
        "    tests/unit/.../test_x.py::test_that_follows_it\nor, where no test can follow it, the reason below notes."
        for text, place in said().items()
        if text not in known
    ]
    assert not missing, "\n\n" + "\n\n".join(missing)


def test_the_catalogue_has_no_step_that_the_code_does_not_say() -> None:
    gone = [text for section in catalogue().values() for text in section if text not in said()]
    assert not gone, f"no line of the code says these any more, take them out of {CATALOGUE.relative_to(ROOT)}: {gone}"


def test_a_step_is_followed_or_has_a_note_and_not_both() -> None:
    assert catalogue().keys() == {"followed_by", "notes"}
    assert not catalogue()["followed_by"].keys() & catalogue()["notes"].keys()
    assert all(len(note) > 20 for note in catalogue()["notes"].values())


def test_the_tests_that_follow_exist() -> None:
    places = {text: test.partition("::") for text, test in catalogue()["followed_by"].items()}
    lost = {text: "::".join(place[::2]) for text, place in places.items() if place[2] not in names_in(place[0])}
    assert lost == {}


def test_texts_are_read_wherever_the_code_puts_them() -> None:
    """One of each way in which the code says a step; a way that is not read any more would hide steps."""
    ways = {
        "handed on by name": "run again; what was written stays, and the next run completes it",
        "handed on by its place": "add the key",
        "one of two": "name two different clusters",
        "in a table": "look at the load of the API server and of its etcd",
        "in a table of functions": "look at the pod ({})",
        "in a value of an enumeration": "use a token, a client certificate or an exec plugin",
        "in a constant of another file": "delete those that are not meant, then run again",
        "in what a function returns": "write except: [leaf-a, [leaf-b, leaf-c]]",
        "in a dictionary of texts": "upgrade the older cluster when you can",
        "with a command": "remove the objects of peers that are not there (kubectl get foreignclusters.core.liqo.io)",
    }
    assert {way: text for way, text in ways.items() if text not in said()} == {}
