# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""New shortcuts in a lab with real gateways: the collection, its floor, and what people use otherwise."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from itertools import combinations
from pathlib import Path

from benchmarks import machine, summary
from benchmarks.benchlab import kubeconfigs, leaves, running, unlink
from benchmarks.contestants import (
    Figures,
    Pair,
    floor,
    kubernetes_core_create,
    liqoctl_loop,
    module_task,
    playbook_task,
)
from benchmarks.results import Row, keep, say
from lab.layout import Lab

GOAL = 1.3
LEAVES = 5
MESHES = (2, 3, 4, 5)
"""Leaves of a full mesh: 1, 3, 6 and 10 links."""
DELAY_S = 30
DELAYED_MESHES = (2, 5)

Contestant = Callable[[Mapping[str, str], list[Pair]], Figures]
OURS, FLOOR, PLAYBOOK = "liqo.fabric.shortcuts", "floor", "in ansible-playbook"
LIQOCTL, KUBERNETES_CORE = "liqoctl loop", "kubernetes.core loop"


def run(name: str, *, repeat: int, quick: bool) -> None:
    facts, meshes = machine.facts(), MESHES[:1] if quick else MESHES
    with running(name, "--leaves", str(LEAVES)) as lab:
        rows = _measure(lab, meshes, _contestants(lab), repeat=repeat, delay_s=0)
    keep("create", rows, render(rows), facts)
    with running(name, "--leaves", str(LEAVES), "--delay-loadbalancer", str(DELAY_S)) as lab:
        ours = {what: run for what, run in _contestants(lab).items() if what in (OURS, FLOOR)}
        rows += _measure(lab, DELAYED_MESHES[: len(meshes)], ours, repeat=max(1, repeat - 1), delay_s=DELAY_S)
    keep("create", rows, render(rows), facts)


def _contestants(lab: Lab) -> dict[str, Contestant]:
    return {
        FLOOR: floor,
        OURS: _created,
        PLAYBOOK: playbook_task,
        LIQOCTL: partial(liqoctl_loop, Path(lab.liqoctl)),
        KUBERNETES_CORE: kubernetes_core_create,
    }


def _created(paths: Mapping[str, str], pairs: list[Pair]) -> Figures:
    found = module_task(paths, pairs)
    summary_ = found.pop("result")["summary"]
    if summary_["created"] != len(pairs):
        raise AssertionError(f"not all links were created: {summary_}")
    return found


def _measure(
    lab: Lab, meshes: tuple[int, ...], contestants: Mapping[str, Contestant], *, repeat: int, delay_s: int
) -> list[Row]:
    """Every contestant at every size, one after the other, and all of it again."""
    rows: list[Row] = [
        {"links": size * (size - 1) // 2, "leaves": size, "delay_s": delay_s, **{what: [] for what in contestants}}
        for size in meshes
    ]
    for number in range(repeat):
        for row in rows:
            names = leaves(lab)[: row["leaves"]]
            pairs = list(combinations(names, 2))
            for what, contestant in contestants.items():
                before = _busy()
                found = contestant(kubeconfigs(lab, names), pairs)
                found["machine"] = _busy() - before
                row[what].append(found)
                say(f"create {number + 1}: {row['links']} links, {what}: {found['seconds']:.1f} s")
                unlink(lab, pairs)
    return rows


def render(rows: list[Row]) -> str:
    def seconds(row: Row, what: str) -> list[float]:
        return [one["seconds"] for one in row.get(what, [])]

    def machine(row: Row, what: str) -> str:
        return summary.middle([one["machine"] for one in row.get(what, [])])

    columns = (FLOOR, OURS, PLAYBOOK, LIQOCTL, KUBERNETES_CORE)
    head = (
        "new links",
        "address after",
        *(f"{what} (s)" for what in columns),
        "ratio to the floor",
        "processor time of the machine: floor / ours (s)",
    )
    body = [
        (
            str(row["links"]),
            f"{row['delay_s']} s",
            *(summary.middle(seconds(row, what)) for what in columns),
            summary.verdict(summary.ratio(seconds(row, OURS), seconds(row, FLOOR)), GOAL),
            f"{machine(row, FLOOR)} / {machine(row, OURS)}",
        )
        for row in rows
    ]
    return summary.table(head, body)


def _busy() -> float:
    """Processor seconds that everything on the machine has used."""
    user, nice, system = (int(field) for field in Path("/proc/stat").read_text().split()[1:4])
    return (user + nice + system) / 100
