# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The processes of a lab: started in sessions of their own, recorded, found again and ended.

A record in the run folder (pid and start time, so that a reused pid is never mistaken for ours) says how a process was
started, so that any later command can stop it or start it again. Every process also carries the lab's state folder in
its environment: `kill_all` finds by it what no record knows, such as the children of a killed parent.
"""

from __future__ import annotations

import contextlib
import json
import os
import shlex
import signal
import subprocess
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from lab.layout import Lab

MARK = "LIQO_FABRIC_LAB"
"""Environment variable that every process of a lab carries; its value is the lab's state folder."""
_PAGE = os.sysconf("SC_PAGE_SIZE")


class ProcessError(RuntimeError):
    """A process of the lab did not start or ended by itself; the text says which and where its log is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """How a process was started, and which one it is."""

    name: str
    pid: int
    started: int
    """Clock ticks after boot, from /proc."""
    argv: tuple[str, ...]
    env: Mapping[str, str] = field(default_factory=dict)
    """What it has beside the environment of the lab command."""
    namespace: str = ""
    """Network namespace; empty: that of the machine."""
    private: tuple[str, ...] = ()
    """Folders that are its own and empty (tmpfs in a private mount namespace), but for `keep`."""
    keep: tuple[str, ...] = ()
    """Folders that stay visible though they lie in a private one."""


def start(
    lab: Lab,
    name: str,
    argv: Sequence[str | Path],
    *,
    namespace: str = "",
    env: Mapping[str, str] | None = None,
    private: Iterable[str] = (),
) -> Record:
    """The named process runs, detached, with its output appended to `logs/<name>.log`.

    An old one of that name is stopped first.
    """
    stop(lab, name)
    wanted = Record(
        name=name,
        pid=0,
        started=0,
        argv=tuple(str(a) for a in argv),
        env=dict(env or {}),
        namespace=namespace,
        private=tuple(private),
        keep=(str(lab.state), str(lab.cache)),
    )
    lab.logs.mkdir(parents=True, exist_ok=True)
    lab.run.mkdir(parents=True, exist_ok=True)
    with log_file(lab, name).open("ab") as log:
        child = subprocess.Popen(
            full_command(wanted),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env={**os.environ, **wanted.env, MARK: str(lab.state)},
            start_new_session=True,
        )
    child.returncode = 0  # It outlives this command: Python shall not complain that nobody waited for it.
    record = Record(**{**asdict(wanted), "pid": child.pid, "started": start_time(child.pid) or 0})
    _write(lab, record)
    return record


def restart(lab: Lab, name: str) -> Record:
    """The named process runs again with its recorded command line; raises ProcessError when it was never started."""
    record = read(lab, name)
    if record is None:
        raise ProcessError(f"{name} was never started in lab {lab.name}")
    return start(lab, name, record.argv, namespace=record.namespace, env=record.env, private=record.private)


def stop(lab: Lab, name: str, *, grace_s: float = 5.0) -> bool:
    """The named process has ended; True when it was running. Its record stays, for `restart`."""
    record = read(lab, name)
    if record is None or not is_running(record):
        return False
    _end([record.pid], grace_s=grace_s)
    return True


def alive(lab: Lab, name: str) -> bool:
    record = read(lab, name)
    return record is not None and is_running(record)


def require(lab: Lab, name: str) -> None:
    """Raises ProcessError, with the end of the log, when the named process does not run."""
    if alive(lab, name):
        return
    log = log_file(lab, name)
    raise ProcessError(f"{name} has ended by itself; {log} ends with: {last_lines(log)}")


def wait(record: Record, *, timeout_s: float) -> int:
    """Exit status of a process that this very command started; ended by force, and -9, when it takes too long."""
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        pid, status = os.waitpid(record.pid, os.WNOHANG)
        if pid:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.05)
    _end([record.pid], grace_s=1.0)
    return -signal.SIGKILL


def last_lines(log: Path) -> str:
    """The end of a log on one line."""
    try:
        return " | ".join(log.read_text(errors="replace").strip().splitlines()[-3:])[-600:] or "nothing"
    except OSError:
        return "nothing"


def record_self(lab: Lab, name: str) -> None:
    """The calling process is known by that name, so that `down` can end it."""
    pid = os.getpid()
    _write(lab, Record(name=name, pid=pid, started=start_time(pid) or 0, argv=()))


def read(lab: Lab, name: str) -> Record | None:
    try:
        plain = json.loads(_record_file(lab, name).read_text())
    except (OSError, ValueError):
        return None
    return Record(
        **{**plain, "argv": tuple(plain["argv"]), "private": tuple(plain["private"]), "keep": tuple(plain["keep"])}
    )


def records(lab: Lab) -> list[Record]:
    """One per process that was ever started, by name."""
    found = (read(lab, path.stem) for path in sorted(lab.run.glob("*.process")))
    return [record for record in found if record is not None]


def is_running(record: Record) -> bool:
    return record.pid > 0 and start_time(record.pid) == record.started


def log_file(lab: Lab, name: str) -> Path:
    return lab.logs / f"{name}.log"


def marked_pids(state: Path) -> list[int]:
    """Every process of the machine that carries the mark of the lab in that state folder, except the caller."""
    wanted = f"{MARK}={state}".encode()
    found = []
    for pid in _all_pids():
        with contextlib.suppress(OSError):
            if pid != os.getpid() and wanted in Path(f"/proc/{pid}/environ").read_bytes().split(b"\0"):
                found.append(pid)
    return found


def kill_all(state: Path, *, first: Sequence[int] = ()) -> int:
    """No process of the lab in that state folder is left; returns how many there were.

    `first` are killed before the others, so that they start nothing anew.
    """
    _end(list(first), signals=(signal.SIGKILL,), grace_s=3.0)
    count = 0
    while pids := marked_pids(state):
        count += len(pids)
        _end(pids, signals=(signal.SIGKILL,), grace_s=5.0)
    return count


def memory_bytes(pids: Iterable[int]) -> int:
    """Resident memory of these processes, shared pages counted once per process."""
    total = 0
    for pid in pids:
        with contextlib.suppress(OSError, ValueError, IndexError):
            total += int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE
    return total


def listens(lab: Lab, name: str, port: int) -> bool:
    """The named process's network namespace has a listener on that TCP port."""
    record = read(lab, name)
    if record is None:
        return False
    for table in ("tcp", "tcp6"):
        with contextlib.suppress(OSError):
            for line in Path(f"/proc/{record.pid}/net/{table}").read_text().splitlines()[1:]:
                fields = line.split()
                if fields[3] == "0A" and int(fields[1].rpartition(":")[2], 16) == port:
                    return True
    return False


def start_time(pid: int) -> int | None:
    """Clock ticks after boot; None when there is no such process, or only its zombie."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] in "ZX" else int(fields[19])


def full_command(record: Record) -> list[str]:
    """The command line with which the process enters its namespaces."""
    command = list(record.argv)
    if record.private:
        mounts = "; ".join(["set -e", *(line for folder in record.private for line in _cover(folder, record.keep))])
        command = ["unshare", "--mount", "sh", "-c", f'{mounts}; exec "$@"', "sh", *command]
    if record.namespace:
        command = ["nsenter", f"--net=/run/netns/{record.namespace}", "--", *command]
    return command


def _cover(folder: str, keep: Iterable[str]) -> list[str]:
    """Shell lines that put an empty folder over this one, then show through it what is to be kept."""
    kept = [path for path in keep if path.startswith(f"{folder}/")]
    lines = [f"exec {number}<{shlex.quote(path)}" for number, path in enumerate(kept, 3)]
    lines.append(f"mount -t tmpfs none {shlex.quote(folder)}")
    for number, path in enumerate(kept, 3):
        lines += [
            f"mkdir -p {shlex.quote(path)}",
            f"mount --no-canonicalize --bind /proc/self/fd/{number} {shlex.quote(path)}",
            f"exec {number}<&-",
        ]
    return lines


def _record_file(lab: Lab, name: str) -> Path:
    return lab.run / f"{name}.process"


def _write(lab: Lab, record: Record) -> None:
    path = _record_file(lab, record.name)
    new = path.with_suffix(".new")
    new.write_text(json.dumps(asdict(record)))
    new.rename(path)


def _all_pids() -> Iterator[int]:
    return (int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit())


def _end(pids: list[int], *, grace_s: float, signals: Sequence[int] = (signal.SIGTERM, signal.SIGKILL)) -> None:
    """They are gone: asked, and forced after the grace. Raises ProcessError when one stays."""
    started = {pid: start_time(pid) for pid in pids}
    left = [pid for pid in pids if started[pid] is not None]
    for number in signals:
        for pid in left:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)
        deadline = time.monotonic() + grace_s
        while left and time.monotonic() < deadline:
            _reap(left)
            left = [pid for pid in left if start_time(pid) == started[pid]]
            if left:
                time.sleep(0.02)
        if not left:
            return
    if left:
        raise ProcessError(f"processes {', '.join(map(str, left))} do not end, not even when killed")


def _reap(pids: Iterable[int]) -> None:
    """Zombies among our own children go away."""
    for pid in pids:
        with contextlib.suppress(ChildProcessError):
            os.waitpid(pid, os.WNOHANG)
