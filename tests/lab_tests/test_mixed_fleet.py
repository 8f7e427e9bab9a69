# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Services where Liqo's own direct connections cannot be used: an older Liqo on leaf-b, and leaf-a denies them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.lab_tests.laboratory import Laboratory, eventually, now
from tests.lab_tests.services import (
    ALL_PODS,
    CLUSTERS,
    LEAVES,
    hits,
    modes,
    own_slices,
    paths,
    policies,
    propagate,
    route,
    sight,
)

pytestmark = [pytest.mark.lab, pytest.mark.long, pytest.mark.timeout(1500)]

PAIRS = (("leaf-a", "leaf-b"), ("leaf-a", "leaf-c"), ("leaf-b", "leaf-c"))
WAYS_OF_LEAF_C = {
    ("web-leaf-a", "direct"),
    ("web-leaf-b", "direct"),
    ("web-leaf-c", "local"),
    ("web-hub", "hub"),
}


@pytest.fixture(scope="module")
def lab() -> Iterator[Laboratory]:
    laboratory = Laboratory("pytest-fleet")
    laboratory.command("down")
    choices = ("--liqo", "leaf-b=1.1.2", "--deny-direct", "leaf-a")
    laboratory.command("up", "--leaves", "3", "--fast-ping", "--kube-proxy", *choices, timeout_s=1400)
    assert not laboratory.shortcuts(LEAVES, PAIRS).failed
    yield laboratory
    laboratory.command("down")


def test_auto_names_who_cannot_and_takes_another_way(lab: Laboratory) -> None:
    run = propagate(lab, mode="auto")
    assert not run.failed, run.log
    reasons = {(gate["consumer"], gate["reason"]) for gate in run.result["gates"]}
    assert {("leaf-a", "denied"), ("leaf-b", "leaf-too-old")} <= reasons
    assert set(modes(run).values()) == {"exclusive"}
    eventually(lambda: paths(sight(lab, "leaf-c")) == WAYS_OF_LEAF_C, what="the direct paths of leaf-c")
    assert route(lab, "web-leaf-b", "direct") == ("leaf-c", "leaf-b")
    assert ("web-leaf-c", "direct") in paths(sight(lab, "leaf-a"))
    assert ("web-leaf-c", "direct") in paths(sight(lab, "leaf-b"))
    eventually(lambda: set(hits(lab)) == ALL_PODS, what="every pod answers leaf-c")
    since = now()
    assert not propagate(lab, mode="auto").result["changed"]
    assert lab.writes(since, CLUSTERS) == 0


def test_shadow_works_on_an_older_leaf_and_everything_goes_again(lab: Laboratory) -> None:
    assert not propagate(lab, mode="shadow").failed
    for leaf in LEAVES:
        assert policies(lab, leaf) == []
    assert {("web-leaf-c", "direct"), ("web-leaf-c", "via-hub")} <= paths(sight(lab, "leaf-b"))
    assert not propagate(lab, state="absent", services=None).failed
    for leaf in LEAVES:
        assert own_slices(lab, leaf) == []
        assert "direct" not in {path for _pod, path in paths(sight(lab, leaf))}


def test_upstream_is_refused_with_both_reasons(lab: Laboratory) -> None:
    run = propagate(lab, mode="upstream")
    assert run.failed
    assert run.result["failures"][0]["fault"] == "gate-closed"
    assert {"denied", "leaf-too-old"} <= {gate["reason"] for gate in run.result["gates"]}
