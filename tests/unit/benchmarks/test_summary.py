# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the report of the benchmarks claims follows from its figures."""

from __future__ import annotations

import pytest

from benchmarks import apiserver, summary


def test_a_repeated_figure_is_its_median_with_the_range() -> None:
    assert summary.middle([3.0, 1.0, 12.34]) == "3.00 (1.00 .. 12.3)"
    assert summary.middle([250.4]) == "250"
    assert summary.middle([]) == "-"


@pytest.mark.parametrize(
    ("ours", "shown"), [(1.3, "1.30 (met, goal 1.3)"), (1.3001, "1.30 (MISSED, goal 1.3)"), (None, "-")]
)
def test_a_goal_is_met_or_missed_by_the_figure_not_by_what_is_shown_of_it(ours: float | None, shown: str) -> None:
    assert summary.verdict(ours, 1.3) == shown


def test_a_ratio_is_that_of_the_medians() -> None:
    assert summary.ratio([2.0, 100.0, 3.0], [1.5, 1.0, 9.0]) == 2.0
    assert summary.ratio([], [1.0]) is None


def test_linear_compares_the_cost_of_one_unit_at_both_ends() -> None:
    assert summary.linear([(1000, 30.0), (10, 0.1), (100, 1.0)]) == pytest.approx(3.0)


def test_figures_go_between_their_markers_and_nowhere_else() -> None:
    text = "a\n<!-- x: begin -->\nold\n<!-- x: end -->\nb\n<!-- y: begin -->\n<!-- y: end -->\n"
    new = summary.between_markers(text, "x", r"\1 new")
    assert new == "a\n<!-- x: begin -->\n\\1 new\n<!-- x: end -->\nb\n<!-- y: begin -->\n<!-- y: end -->\n"
    with pytest.raises(ValueError, match="z: begin"):
        summary.between_markers(text, "z", "new")


@pytest.mark.parametrize(("clusters", "peers"), [(50, 4), (3, 4), (5, 4), (2, 1), (50, 49)])
def test_simulated_links_have_two_ends(clusters: int, peers: int) -> None:
    linked = {number: apiserver.peers_of(number, clusters, peers) for number in range(clusters)}
    assert all(number in linked[peer] for number, found in linked.items() for peer in found)
    assert {len(found) for found in linked.values()} == {min(peers, clusters - 1)}
    assert all(number not in found for number, found in linked.items())
