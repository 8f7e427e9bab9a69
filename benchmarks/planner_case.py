# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One case of the planner, in a process of its own: `python -m benchmarks.planner_case CASE`; JSON on standard output.

With a second argument, the profile of the planning goes to standard error.
"""

from __future__ import annotations

import cProfile
import gc
import json
import pstats
import sys
import time
from collections import defaultdict

from ansible_collections.liqo.fabric.plugins.module_utils._fabric.model import Shortcut
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.objects import ClusterState, Side
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.plan import plan_link

from benchmarks.module_process import memory_bytes
from benchmarks.planner import Case
from tests.unit import build


def make(case: Case) -> tuple[dict[str, ClusterState], list[Shortcut]]:
    """Clusters that hold healthy shortcuts, or nothing, and the wishes for all pairs."""
    wishes = [build.shortcut(_name(one), _name(other)) for one, other in case.pairs()]
    sides: dict[str, list[Side]] = defaultdict(list)
    for wish in wishes if case.healthy else []:
        a, b = wish.pair
        sides[a].append(build.side(a, b))
        sides[b].append(build.side(b, a, gateway=build.client(b, a)))
    names = [_name(number) for number in range(case.leaves)]
    return {name: build.cluster(name, *sides[name]) for name in names}, wishes


def measure(case: Case, *, profile: bool = False) -> dict[str, float]:
    states, wishes = make(case)
    state_bytes = memory_bytes()
    profiler = cProfile.Profile() if profile else None
    started = time.process_time()
    if profiler:
        profiler.enable()
    plans = [plan_link(wish, states[wish.pair.a], states[wish.pair.b], fabric=build.RETAIL) for wish in wishes]
    if profiler:
        profiler.disable()
        pstats.Stats(profiler, stream=sys.stderr).sort_stats("tottime").print_stats(15)
    seconds = time.process_time() - started
    if any(plan.blocked for plan in plans) or any(bool(plan.ops) is case.healthy for plan in plans):
        raise AssertionError(f"{case}: the plans are not those of this condition")
    figures = {
        "seconds": seconds,
        "operations": sum(len(plan.ops) for plan in plans),
        "state_bytes": state_bytes,
        "plan_bytes": memory_bytes() - state_bytes,
        "peak_bytes": memory_bytes("VmHWM"),
    }
    del plans
    return {**figures, "seconds_without_collector": _without_collector(wishes, states)}


def _without_collector(wishes: list[Shortcut], states: dict[str, ClusterState]) -> float:
    """Python's cyclic collector walks through all that is held, the state of all clusters too; how much is it?"""
    gc.disable()
    started = time.process_time()
    for wish in wishes:
        plan_link(wish, states[wish.pair.a], states[wish.pair.b], fabric=build.RETAIL)
    return time.process_time() - started


def _name(number: int) -> str:
    return f"leaf-{number:04d}"


if __name__ == "__main__":
    print(json.dumps(measure(Case(**json.loads(sys.argv[1])), profile=len(sys.argv) > 2)))
