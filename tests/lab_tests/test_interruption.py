# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A run that dies between two writes, and the next one that heals what it left."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from lab import audit, places
from tests.lab_tests.laboratory import ROOT, Laboratory, eventually

pytestmark = [pytest.mark.lab, pytest.mark.slow]

PAIR = ("leaf-b", "leaf-c")


MADE_BY, REMOVED_BY = 8, 10
"""Writes that make a link where nothing is, and that remove it again."""


@pytest.mark.parametrize(
    "writes",
    [2, 6, *(pytest.param(writes, marks=pytest.mark.long) for writes in (1, 3, 4, 5, 7, 8, REMOVED_BY - 1))],
)
def test_a_run_killed_after_some_writes_is_healed_by_the_next(lab: Laboratory, tmp_path: Path, writes: int) -> None:
    before = _at_rest(lab)
    _kill_after(lab, tmp_path, min(writes, MADE_BY - 1), state="present")
    healed = lab.shortcuts(PAIR, [PAIR])
    assert not healed.failed, healed.log
    assert healed.outcomes["leaf-b<->leaf-c"] in ("created", "repaired", "in_sync")
    assert lab.shortcuts(PAIR, [PAIR]).result["plan"] == []
    _kill_after(lab, tmp_path, writes, state="absent")
    gone = lab.shortcuts(PAIR, [PAIR], state="absent")
    assert not gone.failed, gone.log
    assert _everything(lab) == before


@pytest.fixture(autouse=True)
def _clean(lab: Laboratory) -> Iterator[None]:
    """Eight writes make a link only where nothing is, and what a failed test leaves is no link for the next one."""
    lab.unlink(PAIR)
    yield
    lab.unlink(PAIR)


def _everything(lab: Laboratory) -> dict[str, set[str]]:
    return {cluster: lab.everything(cluster) for cluster in PAIR}


def _at_rest(lab: Laboratory) -> dict[str, set[str]]:
    """What is there when Liqo has cleared away the links of the tests before: two looks show the same."""
    looks = [_everything(lab)]

    def are_the_same() -> bool:
        looks.append(_everything(lab))
        return len(looks) > 2 and looks[-1] == looks[-2]

    eventually(are_the_same, what="nothing is being cleared away any more", every_s=2)
    return looks[-1]


def _kill_after(lab: Laboratory, folder: Path, writes: int, *, state: str) -> None:
    """Start a run and kill all of its processes once the audit logs show so many writes."""
    options = {
        "fabric": "test",
        "clusters": lab.clusters(PAIR),
        "shortcuts": [{"between": list(PAIR)}],
        "defaults": {"service_type": "NodePort"},
        "state": state,
    }
    play = [{"hosts": "localhost", "gather_facts": False, "tasks": [{"name": "Act", "liqo.fabric.shortcuts": options}]}]
    (folder / "play.yml").write_text(yaml.safe_dump(play))
    mark = f"LIQO_FABRIC_TEST_RUN={uuid.uuid4().hex}"
    name, _, value = mark.partition("=")
    logs = [places.load(lab.name).cluster(cluster).audit_log for cluster in PAIR]
    starts = [log.stat().st_size for log in logs]
    with (folder / "log").open("w") as log:
        run = subprocess.Popen(
            [str(Path(sys.executable).with_name("ansible-playbook")), str(folder / "play.yml")],
            cwd=ROOT,
            env={**os.environ, name: value, "ANSIBLE_COLLECTIONS_PATH": str(ROOT / ".cache")},
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    deadline = time.monotonic() + 60
    while _writes_since(logs, starts) < writes and run.poll() is None and time.monotonic() < deadline:
        time.sleep(0.005)
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if mark.encode() in (process / "environ").read_bytes().split(b"\0"):
                os.kill(int(process.name), signal.SIGKILL)
        except (FileNotFoundError, ProcessLookupError, PermissionError):
            continue
    run.wait()
    made = _writes_since(logs, starts)
    links = {cluster: lab.link_objects(cluster, peer) for cluster, peer in (PAIR, PAIR[::-1])}
    assert made >= writes, f"{made} writes, exit {run.returncode}\n{(folder / 'log').read_text()}\n{links}"


def _writes_since(logs: list[Path], starts: list[int]) -> int:
    found = 0
    for log, start in zip(logs, starts, strict=True):
        with log.open() as lines:
            lines.seek(start)
            for line in lines:
                if line.endswith("\n") and '"userAgent":"liqo.fabric' in line:
                    request = audit.parse(json.loads(line))
                    found += request is not None and request.write
    return found
