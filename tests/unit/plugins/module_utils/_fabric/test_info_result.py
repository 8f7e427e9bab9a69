# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a query returns as a whole."""

from __future__ import annotations

import json
from collections.abc import Mapping

from ansible_collections.liqo.fabric.plugins.module_utils._fabric.errors import FabricError
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.info_result import info_result
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.model import ClusterId
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.objects import Kind

from tests.unit import build

A, B = build.link()
DOWN = FabricError(
    what="cannot list configmaps", where="leaf-c at https://192.0.2.3:6443", why="192.0.2.3:6443/TCP refuses", next="x"
)


def test_no_key_is_part_of_a_result() -> None:
    stale = build.edit(B, Kind.PUBLIC_KEY, key=build.key("old"))
    text = json.dumps(info_result({A.id: A, stale.id: stale}))
    keys = [build.key("old"), *(secret.public_key for state in (A, B) for secret in build.only_side(state).secrets)]
    assert len(keys) == 3
    assert not [key for key in keys if key in text]


def test_a_query_counts_what_it_saw_and_names_what_it_did_not() -> None:
    result = info_result({A.id: A, B.id: B, ClusterId("leaf-c"): DOWN})
    summary = result["summary"]
    assert (summary["clusters"], summary["reachable"], summary["unreachable"]) == (3, 2, 1)
    assert (summary["links"], summary["kinds"]["shortcut"], summary["rungs"]["fresh"]) == (1, 1, 1)
    assert list(result["clusters"]) == ["leaf-a", "leaf-b", "leaf-c"]
    assert result["failures"] == [DOWN.as_result()]


def test_a_query_of_nothing_has_the_same_shape() -> None:
    nothing, something = info_result({}), info_result({A.id: A, B.id: B})
    assert nothing.keys() == something.keys()
    assert shape(nothing["summary"]) == shape(something["summary"])


def shape(value: object) -> object:
    """The keys of a result at every depth; lists count as one item, plain values as nothing."""
    if isinstance(value, Mapping):
        return {key: shape(item) for key, item in value.items()}
    if isinstance(value, list):
        return [shape(item) for item in value[:1]]
    return None
