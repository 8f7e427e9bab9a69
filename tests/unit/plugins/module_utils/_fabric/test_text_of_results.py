# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Results of every task with hostile text in the place of each text, as a person reads them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from itertools import count
from typing import Any

import pytest
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.objects import Kind
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.operations import Op, Verb
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.picture import dot, mermaid
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.report import diff_of
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.text import result_text

from tests.unit import build
from tests.unit.trust.cases import Scene, Stage, scenes, stage

EVIL = "\n\nFORGED\r\x1b[2J\x85FORGED\u2028FORGED\u202e\ud800 {{ x }}'; id; '\""
NAMES = (
    "shortcuts present, check",
    "shortcuts absent, check",
    "shortcuts gathered",
    "shortcuts rendered",
    "propagation exclusive, check",
    "peering_info",
    "peering_info, query",
    "propagation_info",
    "connector gathered",
    "rbac, check",
)


@pytest.fixture(scope="module")
def honest(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with stage(tmp_path_factory.mktemp("stage")) as found:
        yield found


def scene(name: str) -> Scene:
    return next(one for one in scenes() if one.verb.name == name)


def texts(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The paths of all texts."""
    if isinstance(value, str):
        yield path
    elif isinstance(value, dict):
        for key, part in value.items():
            yield from texts(part, (*path, key))
    elif isinstance(value, list):
        for number, part in enumerate(value):
            yield from texts(part, (*path, number))


def poisoned(value: Any, numbers: Iterator[int]) -> Any:
    """The same with something behind each text, and behind each key that is a name."""
    if isinstance(value, str):
        return f"{value}{EVIL}{next(numbers)}"
    if isinstance(value, dict):
        return {key: poisoned(part, numbers) for key, part in value.items()}
    return [poisoned(part, numbers) for part in value] if isinstance(value, list) else value


def said(result: dict[str, Any]) -> Iterator[str]:
    yield result_text(result, again="ansible-playbook liqo.fabric.apply")
    if isinstance(result.get("links"), list):
        yield mermaid(result)
        yield dot(result)


@pytest.mark.parametrize("name", NAMES)
def test_no_text_of_a_result_leaves_its_line(honest: Stage, name: str) -> None:
    result = honest.silent(scene(name)).done.result
    assert len(list(texts(result))) > 5
    for odd in (poisoned(result, count()), {**result, "clusters": {f"x{EVIL}": {"reachable": False}}}):
        for text in said(odd):
            assert [line for line in text.split("\n") if not line.isprintable() or line.startswith("FORGED")] == []


@pytest.mark.parametrize("name", NAMES)
def test_a_text_is_cut(honest: Stage, name: str) -> None:
    result = honest.silent(scene(name)).done.result
    long = json.loads(json.dumps(result).replace('"leaf-b"', json.dumps("leaf-b" + "x" * 5000)))
    for text in said(long):
        assert max(map(len, text.split("\n"))) < 2500


def test_two_long_values_that_differ_at_their_end_differ_in_a_diff() -> None:
    held = build.server(service_annotations={"a": "x" * 5000 + "y"}).spec
    update = Op(
        cluster=build.cluster_id("leaf-a"),
        peer=build.cluster_id("leaf-b"),
        verb=Verb.UPDATE,
        kind=Kind.SERVER,
        name="x\n  FORGED",
        reason="it differs",
        before=held,
        after=replace(held, service_annotations={"a": "x" * 5000 + "z"}),
    )
    diff = diff_of([update])
    assert diff["before"] != diff["after"]
    for text in diff.values():
        assert len(text.splitlines()) == 2
        assert max(map(len, text.splitlines())) < 1000
