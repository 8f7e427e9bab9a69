# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A run that finds nothing to do, over many simulated API servers, beside a bare script that sends the same LISTs."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks import machine, results, summary
from benchmarks.apiserver import names, peers_of
from benchmarks.contestants import Figures, Pair, bare_lists, module_task, playbook_task
from benchmarks.results import Row, say

RATIO_GOAL = 1.5
REQUESTS_GOAL = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """So many clusters, each linked with so many peers, whose API servers take so long to answer."""

    clusters: int
    peers: int
    delay_ms: int

    def pairs(self) -> list[Pair]:
        known = names(self.clusters)
        return [
            (known[number], known[peer])
            for number in range(self.clusters)
            for peer in peers_of(number, self.clusters, self.peers)
            if number < peer
        ]


CASES = tuple(
    Case(clusters=clusters, peers=peers, delay_ms=delay_ms)
    for clusters, peers in ((50, 4), (200, 4), (500, 4), (50, 49))
    for delay_ms in (0, 50)
)


def run(*, repeat: int, quick: bool) -> None:
    facts = machine.facts()
    rows = []
    for case in CASES[:1] if quick else CASES:
        pairs = case.pairs()
        say(f"steady: {case.clusters} API servers, {len(pairs)} links, {case.delay_ms} ms ...")
        with simulated(case) as servers:
            row: Row = {**asdict(case), "links": len(pairs), "ours": [], "bare": [], "playbook": []}
            for _number in range(repeat):
                row["bare"].append(bare_lists(servers.kubeconfigs))
                servers.asked()
                row["ours"].append(_checked(module_task(servers.kubeconfigs, pairs), len(pairs), servers.asked()))
                row["playbook"].append(playbook_task(servers.kubeconfigs, pairs))
                servers.asked()
            say(f"  {_cells(row)[3]} s beside {_cells(row)[4]} s")
            rows.append(row)
    results.keep("steady", rows, render(rows), facts)


def _checked(found: Figures, links: int, asked: Mapping[str, int]) -> Figures:
    """Without the result, which may be large; but it must say that everything was in sync."""
    result = found.pop("result")
    if result["summary"]["in_sync"] != links or result["changed"]:
        raise AssertionError(f"the run was no steady one: {result['summary']}")
    return {**found, "requests": asked["most"], "writes": asked["writes"]}


def render(rows: list[Row]) -> str:
    head = (
        "clusters", "links", "delay", "inside the task (s)", "bare script (s)", "ratio", "processor time (s)",
        "of the bare script (s)", "requests per cluster", "writes", "peak memory", "whole ansible-playbook (s)",
    )  # fmt: skip
    return summary.table(head, [_cells(row) for row in rows])


def _cells(row: Row) -> tuple[str, ...]:
    def figures(of: str, what: str) -> list[float]:
        return [float(one[what]) for one in row[of]]

    value = summary.ratio(figures("ours", "seconds"), figures("bare", "seconds"))
    requests = max(figures("ours", "requests"))
    return (
        str(row["clusters"]),
        str(row["links"]),
        f"{row['delay_ms']} ms",
        summary.middle(figures("ours", "seconds")),
        summary.middle(figures("bare", "seconds")),
        summary.verdict(value, RATIO_GOAL),
        summary.middle(figures("ours", "processor")),
        summary.middle(figures("bare", "processor")),
        f"{requests:.0f} ({'met' if requests <= REQUESTS_GOAL else 'MISSED'}, goal {REQUESTS_GOAL})",
        f"{max(figures('ours', 'writes')):.0f}",
        f"{max(figures('ours', 'peak_bytes')) / 2**20:.0f} MiB",
        summary.middle(figures("playbook", "seconds")),
    )


class Servers:
    """The simulated API servers of a case, in their own process."""

    def __init__(self, folder: Path, process: subprocess.Popen[str], clusters: int) -> None:
        self.kubeconfigs = {name: str(folder / name) for name in names(clusters)}
        self._process = process

    def asked(self) -> dict[str, int]:
        """Requests since the last call: ``most`` of one cluster, ``all``, and ``writes``."""
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        found: dict[str, int] = json.loads(self._process.stdout.readline())
        return found


@contextmanager
def simulated(case: Case) -> Iterator[Servers]:
    with tempfile.TemporaryDirectory(prefix="liqo-fabric-bench-") as folder:
        command = [sys.executable, "-m", "benchmarks.apiserver", folder]
        numbers = [str(case.clusters), str(case.peers), str(case.delay_ms)]
        with subprocess.Popen(
            [*command, *numbers], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as process:
            assert process.stdout is not None and process.stdin is not None
            try:
                if process.stdout.readline() != "ready\n":
                    raise RuntimeError("the simulated API servers did not start")
                yield Servers(Path(folder), process, case.clusters)
            finally:
                process.kill()
