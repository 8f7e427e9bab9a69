# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Processes of the lab: found again by any later command, ended with all that they started."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from lab import process
from lab.api import wait_for
from lab.layout import Lab, Wishes, plan_lab
from lab.process import ProcessError


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    made = plan_lab(Wishes(leaves=1), slot=0, state=tmp_path / "state", cache=tmp_path / "cache", binaries={})
    made.state.mkdir()
    made.cache.mkdir()
    yield made
    process.kill_all(made.state)


SLEEP = [sys.executable, "-c", "import time; time.sleep(600)"]


def test_started_process_is_known_by_name_until_stopped(lab: Lab) -> None:
    process.start(lab, "sleeper", SLEEP)
    assert process.alive(lab, "sleeper")
    assert process.stop(lab, "sleeper")
    assert not process.alive(lab, "sleeper")
    assert not process.stop(lab, "sleeper")


def test_restart_uses_the_recorded_command_and_environment(lab: Lab) -> None:
    shows = [sys.executable, "-c", "import os, time; print(os.environ['SHOWN'], flush=True); time.sleep(600)"]
    first = process.start(lab, "shower", shows, env={"SHOWN": "here"})
    second = process.restart(lab, "shower")
    log = process.log_file(lab, "shower")
    wait_for(lambda: log.read_text().endswith("here\n"), "its output", timeout_s=10)
    assert first.pid != second.pid
    assert not process.is_running(first)


def test_restart_of_what_never_ran_is_refused(lab: Lab) -> None:
    with pytest.raises(ProcessError, match="never started"):
        process.restart(lab, "nothing")


def test_reused_pid_is_not_mistaken_for_ours(lab: Lab) -> None:
    record = process.start(lab, "sleeper", SLEEP)
    assert not process.is_running(replace(record, started=record.started - 1))


def test_process_that_ignores_termination_is_forced(lab: Lab) -> None:
    stubborn = (
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('set', flush=True); time.sleep(600)"
    )
    process.start(lab, "stubborn", [sys.executable, "-c", stubborn])
    wait_for(lambda: "set" in process.log_file(lab, "stubborn").read_text(), "its handler", timeout_s=10)
    assert process.stop(lab, "stubborn", grace_s=0.2)
    assert not process.alive(lab, "stubborn")


def test_ended_process_is_reported_with_the_end_of_its_log(lab: Lab) -> None:
    process.start(lab, "failing", [sys.executable, "-c", "raise SystemExit('no port left')"])
    wait_for(lambda: not process.alive(lab, "failing"), "its end", timeout_s=10)
    with pytest.raises(ProcessError, match=r"failing has ended by itself.*failing\.log.*no port left"):
        process.require(lab, "failing")


def test_kill_all_finds_orphans_that_no_record_knows(lab: Lab) -> None:
    parent = f"import subprocess; print(subprocess.Popen({SLEEP!r}, start_new_session=True).pid, flush=True)"
    process.start(lab, "parent", [sys.executable, "-c", parent])
    log = process.log_file(lab, "parent")
    wait_for(lambda: log.read_text().strip(), "the orphan", timeout_s=10)
    orphan = int(log.read_text())
    process.kill_all(lab.state)
    assert process.start_time(orphan) is None
    assert process.marked_pids(lab.state) == []


def test_another_labs_processes_are_left_alone(lab: Lab, tmp_path: Path) -> None:
    other = replace(lab, state=tmp_path / "state-of-another")
    record = process.start(other, "sleeper", SLEEP)
    try:
        process.kill_all(lab.state)
        assert process.is_running(record)
    finally:
        process.kill_all(other.state)


def test_listener_is_seen_in_the_namespace_of_its_process(lab: Lab) -> None:
    listens = (
        "import socket, time; s = socket.create_server(('127.0.0.1', 0));"
        "print(s.getsockname()[1], flush=True); time.sleep(600)"
    )
    process.start(lab, "listener", [sys.executable, "-c", listens])
    log = process.log_file(lab, "listener")
    wait_for(lambda: log.read_text().strip(), "its port", timeout_s=10)
    port = int(log.read_text())
    assert process.listens(lab, "listener", port)
    assert not process.listens(lab, "listener", 1)


@pytest.mark.skipif(os.geteuid() != 0, reason="mounts need root")
def test_private_folder_is_empty_but_for_what_the_lab_needs(lab: Lab, tmp_path: Path) -> None:
    (lab.state / "needed").touch()
    hidden = tmp_path / "hidden"
    hidden.touch()
    look = (
        f"import os; print(os.path.exists({str(hidden)!r}), os.path.exists({str(lab.state / 'needed')!r}), flush=True)"
    )
    process.start(lab, "looker", [sys.executable, "-c", look], private=(str(tmp_path),))
    log = process.log_file(lab, "looker")
    wait_for(lambda: log.read_text().endswith("\n"), "its answer", timeout_s=10)
    assert log.read_text().split() == ["False", "True"]
    assert hidden.exists()
