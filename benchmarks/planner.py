# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The planner alone: time and memory for all pairs of rings and full meshes. No cluster, no network.

Each case runs in a process of its own, whose peak of memory is then that of the case.
"""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import asdict, dataclass
from itertools import combinations
from typing import Any

from benchmarks import machine, results, summary
from benchmarks.results import Row, say

RESERVE_BYTES = 2 * 2**30
"""Left to the rest of the machine; a case that would need more is not run, and the report says so."""

QUICK_LINKS = 50_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One fabric in one condition."""

    shape: str
    leaves: int
    healthy: bool

    @property
    def links(self) -> int:
        return self.leaves if self.shape == "ring" else self.leaves * (self.leaves - 1) // 2

    def pairs(self) -> list[tuple[int, int]]:
        if self.shape == "ring":
            return [(number, (number + 1) % self.leaves) for number in range(self.leaves)]
        return list(combinations(range(self.leaves), 2))

    def __str__(self) -> str:
        return f"{self.leaves} leaves, {self.shape}"


FABRICS = (("ring", 1000), ("mesh", 100), ("mesh", 300), ("mesh", 1000))
CASES = tuple(
    Case(shape=shape, leaves=leaves, healthy=healthy) for healthy in (False, True) for shape, leaves in FABRICS
)


def run(*, quick: bool) -> None:
    facts = machine.facts()
    rows: list[Row] = []
    for case in [case for case in CASES if not quick or case.links <= QUICK_LINKS]:
        condition = "all in sync" if case.healthy else "nothing there"
        needed = _needed_bytes(case, rows)
        if needed + RESERVE_BYTES > machine.available_bytes():
            say(f"planner: {case}, {condition}: left out, needs about {needed / 2**30:.0f} GiB")
            rows.append({**asdict(case), "links": case.links, "left_out": needed})
            continue
        say(f"planner: {case}, {case.links} links, {condition} ...")
        row = _measure(case)
        rows.append(row)
        say(f"  {row['seconds']:.2f} s, {row['plan_bytes'] / 2**20:.0f} MiB for the plans")
    results.keep("planner", rows, render(rows), facts)


def render(rows: list[Row]) -> str:
    head = (
        "fabric",
        "links",
        "condition",
        "operations",
        "processor time",
        "per link",
        "without the collector",
        "clusters' state",
        "plans",
        "per link",
    )
    text = summary.table(head, [_cells(row) for row in rows])
    for healthy in (False, True):
        measured = [row for row in rows if row["healthy"] is healthy and "left_out" not in row]
        time, bare = (
            summary.linear([(row["links"], row[of]) for row in measured])
            for of in ("seconds", "seconds_without_collector")
        )
        condition = "all in sync" if healthy else "nothing there"
        text += (
            f"\n\n{condition}: one link of the largest fabric costs {time:.2f} times the time of one of the smallest, "
            f"{bare:.2f} times without Python's cyclic collector."
        )
    return text


def _cells(row: Row) -> tuple[str, ...]:
    start = (
        f"{row['leaves']} leaves, {row['shape']}",
        str(row["links"]),
        "in sync" if row["healthy"] else "nothing there",
    )
    if "left_out" in row:
        return (*start, f"left out: needs about {row['left_out'] / 2**30:.0f} GiB", *[""] * 6)
    per_link = row["seconds"] / row["links"] * 1e6
    return (
        *start,
        str(row["operations"]),
        f"{row['seconds']:.2f} s",
        f"{per_link:.0f} µs",
        f"{row['seconds_without_collector'] / row['links'] * 1e6:.0f} µs",
        f"{row['state_bytes'] / 2**20:.0f} MiB",
        f"{row['plan_bytes'] / 2**20:.0f} MiB",
        f"{row['plan_bytes'] / row['links'] / 1024:.1f} KiB",
    )


def _needed_bytes(case: Case, rows: list[Row]) -> float:
    """Estimated from the largest measured fabric of the same condition."""
    known = [row for row in rows if row["healthy"] is case.healthy and "left_out" not in row]
    if not known:
        return 0
    largest = max(known, key=lambda row: int(row["links"]))
    return float(largest["peak_bytes"] / largest["links"] * case.links)


def _measure(case: Case) -> Row:
    command = [sys.executable, "-m", "benchmarks.planner_case", json.dumps(asdict(case))]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return {**asdict(case), "links": case.links, **found}
