# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which rows of a result are shown to a person: of each cluster only so many, so that none fills the screen for all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from .columns import Row, counted, failure_lines
from .most import MOST_FAILURES, MOST_STRANGERS

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown(Generic[T]):
    """Rows in their order, and of each cluster how many are not among them."""

    rows: Sequence[T]
    left_out: Mapping[str, int]

    def lines(self, noun: str, key: str) -> list[str]:
        """One line for each cluster that has more; ``key`` is where in the result all are."""
        return [
            f"  {cluster}: {counted(count, f'more {noun}')} in the result, under {key}"
            for cluster, count in sorted(self.left_out.items())
        ]


def shown_of(rows: Iterable[T], most: int, whose: Callable[[T], str]) -> Shown[T]:
    """The first ``most`` rows of each cluster; ``whose`` names the cluster that tells a row, if any."""
    told: Counter[str] = Counter()
    kept = []
    for row in rows:
        cluster = whose(row)
        told[cluster] += bool(cluster)
        if told[cluster] <= most:
            kept.append(row)
    return Shown(rows=kept, left_out={cluster: count - most for cluster, count in told.items() if count > most})


def shown_links(result: Row, links: Iterable[Row]) -> Shown[Row]:
    """All links between clusters of the task, and some of those that one of these tells to have with other clusters."""
    known = {str(name) for name in result.get("clusters") or ()}

    def whose(link: Row) -> str:
        ends = [str(end) for end in link.get("between") or ()]
        if not known or known.issuperset(ends):
            return ""
        return next((end for end in ends if end in known), "no cluster of this task")

    return shown_of(links, MOST_STRANGERS, whose)


def in_the_way(result: Row) -> list[str]:
    """What a result says to be in the way; of one place only so much."""
    failures = shown_of(result.get("failures") or (), MOST_FAILURES, lambda failure: str(failure.get("where") or ""))
    lines = ["", "What is in the way"] if failures.rows else []
    for failure in failures.rows:
        lines += failure_lines(failure)
    return lines + failures.lines("failure", "failures")
