# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Figures of repeated measurements: medians, ranges, ratios, tables, and whether a goal is met."""

from __future__ import annotations

import re
import statistics
from collections.abc import Sequence


def middle(values: Sequence[float]) -> str:
    """Median with the range in brackets; the value alone when there is one."""
    if not values:
        return "-"
    median = _short(statistics.median(values))
    return median if len(values) == 1 else f"{median} ({_short(min(values))} .. {_short(max(values))})"


def ratio(ours: Sequence[float], floor: Sequence[float]) -> float | None:
    """Of the medians; None where one of the two was not measured."""
    return statistics.median(ours) / statistics.median(floor) if ours and floor else None


def verdict(value: float | None, goal: float) -> str:
    """A ratio beside its goal; the exact value decides, not what is shown of it."""
    if value is None:
        return "-"
    return f"{value:.2f} ({'met' if value <= goal else 'MISSED'}, goal {goal:g})"


def linear(amounts: Sequence[tuple[int, float]]) -> float:
    """How much more one unit costs at the largest size than at the smallest; 1 is linear. Sizes are positive."""
    ordered = sorted(amounts)
    (least, at_least), (most, at_most) = ordered[0], ordered[-1]
    return (at_most / most) / (at_least / least)


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def between_markers(text: str, name: str, new: str) -> str:
    """The text with something else between ``<!-- name: begin -->`` and its end; ValueError without the markers."""
    begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
    pattern = re.compile(f"{re.escape(begin)}.*?{re.escape(end)}", re.DOTALL)
    if not pattern.search(text):
        raise ValueError(f"there is no {begin} followed by {end}")
    return pattern.sub(lambda _found: f"{begin}\n{new.strip()}\n{end}", text)


def _short(value: float) -> str:
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"
