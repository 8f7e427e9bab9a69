# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pings between pods of two leaves over their shortcut, while a test does something to it."""

from __future__ import annotations

import itertools
import re
import subprocess
import sys
import time
from pathlib import Path

from lab import datapath, net, places
from lab.agent import probe
from tests.lab_tests.laboratory import Laboratory, eventually

PING_S = 0.05


class Traffic:
    """Pings from a pod of the first cluster to one of the second, until the end of the block."""

    def __init__(self, lab: Laboratory, pair: tuple[str, str], answers: Path) -> None:
        self._lab = lab
        self._pair = pair
        self._answers = answers

    def __enter__(self) -> Traffic:
        made = places.load(self._lab.name)
        here, there = self._pair
        target = datapath.find_pod(made, there, f"web-{there}")
        address = datapath.direct_address(self._lab.api(here), there, target.ip)
        assert address is not None
        source = datapath.find_pod(made, here, f"web-{here}")
        eventually(lambda: datapath.ping(made, here, f"web-{here}", address, count=2).received > 0, what="a first ping")
        program = [sys.executable, "-I", "-S", probe.__file__, "ping", address]
        command = [*program, "--text", "-c", "100000", "-i", str(PING_S)]
        self._began = time.monotonic()
        with self._answers.open("w") as answers:
            self._process = subprocess.Popen(net.enter(source.netns, command), stdout=answers)
        return self

    def __exit__(self, *problem: object) -> None:
        self._process.terminate()
        self._process.wait(timeout=10)
        self.answered = self._numbers()

    def _numbers(self) -> list[int]:
        return [int(number) for number in re.findall(r"seq=(\d+)", self._answers.read_text())]

    def answers_until_now(self) -> list[float]:
        """When each ping that has been answered by now was sent, in seconds since the first."""
        return [number * PING_S for number in sorted(self._numbers())]

    @property
    def now_s(self) -> float:
        """Seconds since the first ping."""
        return round(time.monotonic() - self._began, 2)

    @property
    def lost_at_s(self) -> list[float]:
        """When those pings were sent, between the first and the last answer, that got none."""
        all_of_them = range(min(self.answered), max(self.answered) + 1)
        return [round(number * PING_S, 2) for number in sorted(set(all_of_them) - set(self.answered))]

    @property
    def gaps_s(self) -> list[float]:
        """Interruptions of more than two lost pings, in their order."""
        steps = [(later - earlier) * PING_S for earlier, later in itertools.pairwise(sorted(self.answered))]
        return [round(step, 2) for step in steps if step > 3 * PING_S]
