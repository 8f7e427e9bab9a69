# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A query selects, and a wrong one says so in one sentence before anything is asked of a cluster."""

from __future__ import annotations

import sys

import pytest
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.errors import FabricError, InputError
from ansible_collections.liqo.fabric.plugins.module_utils._run.query import parse_query

RESULT = {"links": [{"between": ["leaf-a", "leaf-b"], "kind": "shortcut"}, {"between": [], "kind": "peering"}]}


def test_a_query_selects_from_the_result() -> None:
    assert parse_query("links[?kind == 'shortcut'].between[]")(RESULT) == ["leaf-a", "leaf-b"]


def test_a_query_that_finds_nothing_gives_none() -> None:
    assert parse_query("clusters")(RESULT) is None


@pytest.mark.parametrize("expression", ["links[?", "links[", "", "unknown_function(links)", "length(links, links)"])
def test_an_expression_that_is_wrong_is_refused_by_name(expression: str) -> None:
    with pytest.raises(InputError) as refusal:
        parse_query(expression)(RESULT)
    assert f"query: {expression!r} is wrong: " in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_a_mistake_that_shows_only_on_values_is_refused_too() -> None:
    with pytest.raises(InputError, match="query: 'abs\\(links\\)' is wrong"):
        parse_query("abs(links)")(RESULT)


def test_without_the_package_the_message_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "jmespath", None)
    with pytest.raises(FabricError) as refusal:
        parse_query("links")
    assert refusal.value.what == "query needs the Python package jmespath"
    assert "pip install jmespath" in refusal.value.next
