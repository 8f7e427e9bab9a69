# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options ``keys`` and ``rotate_keys``: what a task may say, and what it is told otherwise."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.errors import InputError
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.model import Fabric, Keys, Pair
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.wishes import parse_wishes, resolve

from tests.unit.build import pair

AB, AC = pair("leaf-a", "leaf-b"), pair("leaf-a", "leaf-c")


def fabric(rotate_keys: Any = None, **given: Any) -> Fabric:
    """leaf-a <-> leaf-b and leaf-a <-> leaf-c; leaf-c is called edge by the user."""
    return resolve(
        parse_wishes(
            {
                "fabric": "retail",
                "clusters": [{"name": "leaf-a"}, {"name": "leaf-b"}, {"name": "edge", "cluster_id": "leaf-c"}],
                "shortcuts": [{"between": ["leaf-a", "leaf-b"], "keys": "liqo"}, {"between": ["edge", "leaf-a"]}],
                "defaults": {"keys": "own"},
                "state": "present",
                "rotate_keys": rotate_keys,
                **given,
            }
        )
    )


def test_a_pair_takes_the_default_back() -> None:
    assert [shortcut.settings.keys for shortcut in fabric().shortcuts] == [Keys.LIQO, Keys.OWN]


@pytest.mark.parametrize(
    ("asked", "pairs"),
    [
        (None, set()),
        ([], set()),
        ("all", {AB, AC}),
        ([["leaf-b", "leaf-a"]], {AB}),
        ([["leaf-a", "edge"], ["leaf-c", "leaf-a"]], {AC}),
    ],
)
def test_all_or_some_of_the_wished_pairs_rotate(asked: Any, pairs: set[Pair]) -> None:
    assert fabric(asked).rotate_keys == pairs


@pytest.mark.parametrize(
    ("asked", "given", "message"),
    [
        ("leaf-a", {}, "rotate_keys: 'leaf-a' is no list of pairs (write all, or [[leaf-a, leaf-b]])"),
        (True, {}, "rotate_keys: True is no list of pairs (write all, or [[leaf-a, leaf-b]])"),
        (["leaf-a"], {}, "rotate_keys[0]: 'leaf-a' is no pair of clusters of this task (write it as [leaf-a, leaf-b])"),
        (
            [["leaf-a", 7]],
            {},
            "rotate_keys[0]: ['leaf-a', 7] is no pair of clusters of this task (write it as [leaf-a, leaf-b])",
        ),
        (
            [["leaf-a"]],
            {},
            "rotate_keys[0]: ['leaf-a'] is no pair of clusters of this task (write it as [leaf-a, leaf-b])",
        ),
        (
            [["leaf-b", "leaf-c"]],
            {},
            "rotate_keys: leaf-b <-> leaf-c is not among the shortcuts (name pairs of shortcuts only)",
        ),
        ("all", {"state": "absent"}, "rotate_keys: has no meaning with state absent (remove it)"),
    ],
)
def test_anything_else_is_refused_in_a_sentence(asked: Any, given: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError) as refused:
        fabric(asked, **given)
    assert [str(violation) for violation in refused.value.violations] == [message]
