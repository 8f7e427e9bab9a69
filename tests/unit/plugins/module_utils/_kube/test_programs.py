# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Programs of somebody else, and how they end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from ansible_collections.liqo.fabric.plugins.module_utils._kube.limits import DEFAULT
from ansible_collections.liqo.fabric.plugins.module_utils._kube.programs import Program, Run


def run(script: str, *, seconds: float = 20.0, **environ: str) -> Run:
    command = [sys.executable, "-c", script]
    return Program(command, environ={"PATH": os.environ["PATH"], **environ}).finish(seconds=seconds)


def is_running(pid: int) -> bool:
    """A zombie is not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def wait_until_gone(pid: int) -> None:
    deadline = time.monotonic() + 10
    while is_running(pid):
        assert time.monotonic() < deadline, f"process {pid} is still there"
        time.sleep(0.01)


def test_output_complaint_and_status_are_told() -> None:
    found = run("import sys; print('yes'); print('no', file=sys.stderr); sys.exit(3)")
    assert found == Run(output=b"yes\n", complaint=b"no\n", status=3)


def test_it_has_no_input_and_the_environment_that_it_is_given() -> None:
    script = "import os, sys; print(repr(sys.stdin.read()), os.environ['GIVEN'], 'HOME' in os.environ)"
    assert run(script, GIVEN="x").output == b"'' x False\n"


def test_it_has_a_session_of_its_own() -> None:
    assert int(run("import os; print(os.getsid(0))").output) != os.getsid(0)


def test_one_that_cannot_be_started_raises_an_os_error(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No such file"):
        Program([str(tmp_path / "nothing")], environ={})


CHILD = "import subprocess, sys; child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"


def test_when_time_is_up_it_is_killed_with_its_children() -> None:
    started = time.monotonic()
    found = run(CHILD + "print(child.pid, flush=True); child.wait()", seconds=1.0)
    assert found.status is None
    assert time.monotonic() - started < 10
    wait_until_gone(int(found.output))


def test_one_that_does_not_listen_to_signals_is_killed_too() -> None:
    script = "import os, signal, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
    found = run(script + "print(os.getpid(), flush=True); time.sleep(600)", seconds=1.0)
    wait_until_gone(int(found.output))


def test_an_interruption_from_another_thread_kills_it_with_its_children(tmp_path: Path) -> None:
    program = Program([sys.executable, "-c", CHILD + "print(child.pid, flush=True); child.wait()"], environ=os.environ)
    ends: list[Run] = []
    thread = threading.Thread(target=lambda: ends.append(program.finish(seconds=60)))
    thread.start()
    deadline = time.monotonic() + 20
    while not program._printed:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    program.interrupt()
    thread.join(10)
    assert ends[0].status == -9
    wait_until_gone(int(ends[0].output))


OURS = """
import os, signal, sys
from ansible_collections.liqo.fabric.plugins.module_utils._kube.programs import Program
script = "import os, subprocess; child = subprocess.Popen(['sleep', '600']);"
script += "os.write(1, f'{os.getpid()} {child.pid}'.encode()); child.wait()"
program = Program([sys.executable, "-c", script], environ=os.environ)
print(os.read(program._process.stdout.fileno(), 100).decode(), flush=True)
os._exit(0) if sys.argv[1] == "exit" else os.kill(os.getpid(), int(sys.argv[1]))
"""


@pytest.mark.parametrize("end", ["exit", str(int(signal.SIGTERM)), str(int(signal.SIGKILL))])
def test_it_does_not_outlive_us_however_we_end(end: str) -> None:
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        [sys.executable, "-c", OURS, end], env=environ, capture_output=True, text=True, check=False, timeout=60
    )
    pids = [int(pid) for pid in done.stdout.split()]
    assert len(pids) == 2, done.stderr
    for pid in pids:
        wait_until_gone(pid)


@pytest.mark.parametrize("end", ["", "; import time; time.sleep(600)"])
def test_output_without_end_is_cut_off(end: str) -> None:
    started = time.monotonic()
    found = run(f"while True: print('x' * 65536){end}", seconds=60.0 if not end else 2.0)
    assert found.status is None
    assert time.monotonic() - started < 30
    assert len(found.output) <= DEFAULT.plugin_bytes + 65536


def test_complaints_without_end_are_no_reason_to_keep_more_than_their_end() -> None:
    script = (
        "import sys, time\nend = time.monotonic() + 0.5\nwhile time.monotonic() < end: sys.stderr.write('x' * 65536)\n"
    )
    found = run(script + "sys.stderr.write('the end'); print('ok')")
    assert (found.output, found.status) == (b"ok\n", 0)
    assert len(found.complaint) == DEFAULT.complaint_bytes
    assert found.complaint.endswith(b"the end")


def test_complaints_without_end_do_not_hold_up_the_end_of_time() -> None:
    started = time.monotonic()
    assert run("import sys\nwhile True: sys.stderr.write('x' * 65536)", seconds=1.0).status is None
    assert time.monotonic() - started < 10


def test_a_child_that_is_left_behind_does_not_hold_up_the_answer() -> None:
    started = time.monotonic()
    found = run(CHILD + "print(child.pid)", seconds=60.0)
    assert found.status == 0
    assert time.monotonic() - started < 20
    os.kill(int(found.output), 9)


def test_one_that_closes_its_output_is_still_waited_for() -> None:
    assert run("import os, time, sys; os.close(1); os.close(2); time.sleep(0.3); os._exit(5)").status == 5


def test_no_descriptor_is_left() -> None:
    before = len(list(Path("/dev/fd").iterdir()))
    run("print('yes')")
    assert len(list(Path("/dev/fd").iterdir())) == before
