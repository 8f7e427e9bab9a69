# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A run that finds nothing to do, over the real API servers of a large lab."""

from __future__ import annotations

from benchmarks import machine, summary
from benchmarks.benchlab import kubeconfigs, leaves, running, unlink
from benchmarks.contestants import Pair, bare_lists, kubernetes_core_read, module_task, playbook_task
from benchmarks.results import Row, keep, say
from benchmarks.steady import RATIO_GOAL

SIZES = (3, 6, 12)


def ring(names: list[str]) -> list[Pair]:
    pairs = {(min(pair), max(pair)) for pair in zip(names, [*names[1:], names[0]], strict=True)}
    return sorted(pairs)


def run(name: str, *, repeat: int, quick: bool) -> None:
    facts, sizes = machine.facts(), SIZES[:1] if quick else SIZES
    rows: list[Row] = []
    with running(name, "--leaves", str(max(sizes))) as lab:
        for size in sizes:
            names = leaves(lab)[:size]
            paths, pairs = kubeconfigs(lab, names), ring(names)
            module_task(paths, pairs)
            row: Row = {"clusters": size, "links": len(pairs), "ours": [], "bare": [], "playbook": [], "peer": []}
            for _number in range(repeat):
                row["bare"].append(bare_lists(paths))
                row["ours"].append(_steady(module_task(paths, pairs)))
                row["playbook"].append(playbook_task(paths, pairs))
                row["peer"].append(kubernetes_core_read(paths))
            say(f"real: {size} clusters: {summary.middle([one['seconds'] for one in row['ours']])} s")
            rows.append(row)
            unlink(lab, pairs)
    keep("real", rows, render(rows), facts)


def _steady(found: dict[str, object]) -> dict[str, object]:
    result = found.pop("result")
    if not isinstance(result, dict) or result["changed"] or result["summary"]["in_sync"] != result["summary"]["links"]:
        raise AssertionError("the run was no steady one")
    return found


def render(rows: list[Row]) -> str:
    head = (
        "clusters",
        "links",
        "inside the task (s)",
        "bare script (s)",
        "ratio",
        "whole ansible-playbook (s)",
        "looped k8s_info (s)",
    )

    def seconds(row: Row, of: str) -> list[float]:
        return [float(one["seconds"]) for one in row[of]]

    return summary.table(
        head,
        [
            (
                str(row["clusters"]),
                str(row["links"]),
                summary.middle(seconds(row, "ours")),
                summary.middle(seconds(row, "bare")),
                summary.verdict(summary.ratio(seconds(row, "ours"), seconds(row, "bare")), RATIO_GOAL),
                summary.middle(seconds(row, "playbook")),
                summary.middle(seconds(row, "peer")),
            )
            for row in rows
        ],
    )
