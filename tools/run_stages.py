# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""`make test`: runs the targets of the Makefile one after the other, all of them even after a failure, and sums up.

Each stage has a deadline, so that nothing hangs for ever. The last lines name the tests that failed and count those of
all pytest runs; a stage that failed without a failing test (a linter, a timeout) counts as one failure.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ET
from dataclasses import dataclass
from pathlib import Path

DEADLINES_S = {
    "lint": 300,
    "test-unit": 1200,
    "build": 120,
    "sanity": 600,
    "test-oldest": 720,
    "test-templates": 480,
    "lab-binaries": 2400,
    "test-lab": 3900,
    "test-molecule": 900,
}
TOTAL_S = 80 * 60
"""All stages together; the later ones get what is left."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    stage: str
    result: str
    """`ok`, or why not."""
    seconds: float
    passed: int
    failed: int
    skipped: int
    failures: tuple[str, ...] = ()
    """The tests that failed."""


def main(stages: list[str]) -> int:
    # A terminated run ends its stage too: SystemExit passes through `finally`.
    signal.signal(signal.SIGTERM, lambda number, _frame: sys.exit(128 + number))
    ends = time.monotonic() + TOTAL_S
    outcomes: list[Outcome] = []
    for stage in stages or list(DEADLINES_S):
        print(f"\n--- {stage}", flush=True)
        outcomes.append(run_stage(stage, min(DEADLINES_S[stage], ends - time.monotonic())))
        print(f"--- {stage}: {outcomes[-1].result}, {outcomes[-1].seconds:.0f} s", flush=True)
    print("\n" + summary(outcomes), flush=True)
    return any(outcome.result != "ok" for outcome in outcomes)


def run_stage(stage: str, deadline_s: float) -> Outcome:
    started = time.monotonic()
    with tempfile.NamedTemporaryFile(prefix="liqo-fabric-", suffix=".xml") as report:
        environment = {**os.environ, "PYTEST_ADDOPTS": f"--junitxml={report.name}"}
        process = subprocess.Popen(
            ["make", "--no-print-directory", "--keep-going", stage], env=environment, start_new_session=True
        )
        try:
            code = process.wait(max(deadline_s, 0))
            result = "ok" if code == 0 else f"failed with exit code {code}"
        except subprocess.TimeoutExpired:
            result = f"not finished after {deadline_s:.0f} s"
        finally:
            _end_group(process)
        seconds = time.monotonic() - started
        return read(Path(report.name), stage, result, seconds)


def _end_group(process: subprocess.Popen[bytes]) -> None:
    """Interrupted first: pytest then takes its labs down and writes its report."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGKILL):
        if process.poll() is None:
            os.killpg(process.pid, number)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(60)


def read(report: Path, stage: str, result: str, seconds: float) -> Outcome:
    """The outcome of a stage, with the tests of its JUnit report; none where pytest wrote no report."""
    total = failed = skipped = 0
    failures: list[str] = []
    root = ET.parse(report).getroot() if report.stat().st_size else ET.Element("testsuites")
    for suite in root.iter("testsuite"):
        total += int(suite.get("tests", 0))
        failed += int(suite.get("failures", 0)) + int(suite.get("errors", 0))
        skipped += int(suite.get("skipped", 0))
    for case in root.iter("testcase"):
        if case.find("failure") is not None or case.find("error") is not None:
            failures.append(f"{case.get('classname')}::{case.get('name')}")
    return Outcome(
        stage=stage,
        result=result,
        seconds=seconds,
        passed=total - failed - skipped,
        failed=failed or int(result != "ok"),
        skipped=skipped,
        failures=tuple(failures),
    )


def summary(outcomes: list[Outcome]) -> str:
    rows: list[str] = []
    for outcome in outcomes:
        rows.append(f"{outcome.stage:<14}{outcome.seconds:6.0f} s  {outcome.result}")
        rows += [f"    failed: {test}" for test in outcome.failures]
    passed, failed, skipped = (sum(getattr(o, count) for o in outcomes) for count in ("passed", "failed", "skipped"))
    return "\n".join([*rows, "", f"{passed} passed, {failed} failed" + (f", {skipped} skipped" if skipped else "")])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
