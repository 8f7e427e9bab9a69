# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Annotations in which the fabrics write down what they own and want: ours as they were written, others as none."""

from __future__ import annotations

import json

import pytest
from ansible_collections.liqo.fabric.plugins.module_utils._liqo.names import (
    LONGEST_MARK,
    read_owners,
    read_wishes,
    write_owners,
    write_wishes,
)

from tests.unit.build import EDGE, RETAIL, owners


def test_what_is_written_is_read() -> None:
    wanted = {RETAIL: {"mtu": "1340", "service_annotations": '{"a": "[1]"}'}, EDGE: {"endpoint": "[fd00::1]:51840"}}
    assert read_wishes(write_wishes(wanted)) == wanted
    assert read_owners(write_owners(wanted)) == owners("retail", "edge")


@pytest.mark.parametrize(
    ("value", "names"),
    [
        ("retail, edge", {"retail", "edge"}),
        ("retail,\x1b]0;owned\x07,a b,{{ x }},-", {"retail"}),
        ("x" * 64, set()),
        ("retail," * LONGEST_MARK, set()),
        ("", set()),
    ],
    ids=lambda value: repr(value)[:20],
)
def test_an_owner_is_the_name_of_a_fabric(value: str, names: set[str]) -> None:
    assert read_owners(value) == names


@pytest.mark.parametrize(
    "value",
    [
        "",
        "null",
        "7",
        '["retail"]',
        "{",
        "[" * LONGEST_MARK,
        '{"a":' * (LONGEST_MARK // 5),
        '{"retail": ' + "9" * 5000 + "}",
        json.dumps({"retail": {"mtu": "1" * LONGEST_MARK}}),
    ],
    ids=lambda value: repr(value)[:20],
)
def test_garbled_settings_are_none(value: str) -> None:
    assert read_wishes(value) is None


def test_settings_are_texts_of_fabrics() -> None:
    value = json.dumps({"retail": {"mtu": 1340, "port": "1"}, "edge": ["x"], "\x1b": {"mtu": "1"}})
    assert read_wishes(value) == {"retail": {"port": "1"}, "edge": {}}
