# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A cluster on whose content a function fails is left out, and no other one."""

from __future__ import annotations

import pytest
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.blame import blame, over_all
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.errors import FabricError, FailureName
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.model import ClusterId
from hypothesis import given
from hypothesis import strategies as st

IDS = [ClusterId(f"c{number}") for number in range(9)]
KNOWN = FabricError(what="w", where="x", why="y", next="z", fault=FailureName.UNREACHABLE)


@given(st.sets(st.sampled_from(IDS)))
def test_exactly_the_culprits_are_left_out(odd: set[ClusterId]) -> None:
    def call(some: frozenset[ClusterId]) -> list[ClusterId]:
        if some & odd:
            raise ValueError
        return sorted(some)

    result, problems = blame(call, IDS, what="cannot do it")
    assert result == [cluster for cluster in IDS if cluster not in odd]
    assert problems.keys() == odd
    for cluster, problem in problems.items():
        assert problem.fault is FailureName.NOT_UNDERSTOOD
        assert cluster in problem.where


@given(st.sampled_from(IDS))
def test_one_that_clashes_with_each_of_the_others_is_the_culprit(odd: ClusterId) -> None:
    def call(some: frozenset[ClusterId]) -> int:
        if odd in some and len(some) > 1:
            raise TypeError
        return len(some)

    result, problems = blame(call, IDS, what="cannot do it")
    assert problems.keys() == {odd}
    assert result == len(IDS) - 1


def test_without_culprits_one_call_is_all() -> None:
    calls: list[frozenset[ClusterId]] = []
    assert blame(calls.append, IDS, what="cannot do it") == (None, {})
    assert calls == [frozenset(IDS)]


def test_an_error_with_a_name_and_a_defect_without_any_cluster_are_raised() -> None:
    def known(_some: frozenset[ClusterId]) -> None:
        raise KNOWN

    def defect(_some: frozenset[ClusterId]) -> None:
        raise KeyError

    with pytest.raises(FabricError) as raised:
        blame(known, IDS, what="cannot do it")
    assert raised.value is KNOWN
    with pytest.raises(KeyError):
        blame(defect, IDS, what="cannot do it")


def test_the_culprits_are_errors_in_the_call_that_counts() -> None:
    def total(seen: object) -> int:
        assert isinstance(seen, dict)
        return sum(int(one) for one in seen.values() if not isinstance(one, FabricError))

    seen: dict[ClusterId, str | FabricError] = {IDS[0]: "1", IDS[1]: "two", IDS[2]: "3", IDS[3]: KNOWN}
    result, left = over_all(total, seen, what="cannot add")
    assert result == 4
    assert left[IDS[3]] is KNOWN
    assert isinstance(left[IDS[1]], FabricError)
    assert (left[IDS[0]], left[IDS[2]]) == ("1", "3")
