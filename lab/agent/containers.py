# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Containers as processes: one program in a root file system of its own, started again with a growing delay."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from lab import net
from lab.agent import podserver

_FIRST_DELAY_S = 0.5
_LONGEST_DELAY_S = 10.0
_STABLE_S = 20.0

# Arguments: root, source and target of each bind, `--`, command. `ip netns exec` has made the mounts private already.
_ENTER_ROOT = """
set -e
root=$1; shift
mount -t tmpfs -o mode=755,size=16m none "$root"
mkdir -p "$root/dev" "$root/proc" "$root/sys" "$root/tmp" "$root/run" "$root/etc" "$root/var" "$root/usr/bin"
ln -s /run "$root/var/run"
echo "127.0.0.1 localhost" > "$root/etc/hosts"
for shared in dev proc sys; do mount --rbind "/$shared" "$root/$shared"; done
while [ "$1" != -- ]; do
  if [ -d "$1" ]; then mkdir -p "$root$2"; else mkdir -p "$root${2%/*}"; : > "$root$2"; fi
  mount --bind "$1" "$root$2"
  shift 2
done
shift
exec chroot "$root" "$@"
"""


def restart_delay_s(quick_ends: int) -> float:
    """How long to wait before the next start, after this many ends in a row that came soon after their start."""
    return 0.0 if quick_ends == 0 else min(_FIRST_DELAY_S * 2.0 ** (quick_ends - 1), _LONGEST_DELAY_S)


def rooted_command(namespace: str, root: Path, binds: Mapping[str, Path], argv: Sequence[str]) -> list[str]:
    """The command that runs `argv` in a namespace and in a root of its own; `binds` maps inner to outer paths."""
    pairs = [part for inner, outer in binds.items() for part in (str(outer), inner)]
    return net.enter(namespace, ["sh", "-c", _ENTER_ROOT, "sh", str(root), *pairs, "--", *argv])


def server_command(namespace: str, *, cluster: str, pod: str, pod_namespace: str) -> list[str]:
    """The command of a demo pod's server."""
    # -I and -S: the server needs the standard library only, and starts faster and smaller so.
    python = [sys.executable, "-I", "-S", podserver.__file__]
    return net.enter(namespace, [*python, "--cluster", cluster, "--namespace", pod_namespace, "--pod", pod])


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """What a container executes."""

    argv: tuple[str, ...]
    env: Mapping[str, str]
    log: Path


class RunningContainer:
    """One container's process over all its restarts. Used by its pod's thread only."""

    def __init__(self, command: Command, ended: Callable[[], None]) -> None:
        """`ended` is called, from another thread, whenever the process ends."""
        self._command = command
        self._ended = ended
        self._child: subprocess.Popen[bytes] | None = None
        self._started_at = 0.0
        self._quick_ends = 0
        self._start_at = 0.0
        self.restarts = 0

    @property
    def running(self) -> bool:
        return self._child is not None and self._child.poll() is None

    @property
    def pid(self) -> int | None:
        return self._child.pid if self._child and self.running else None

    def ensure(self) -> float | None:
        """Starts the process if it may; else returns the monotonic time when it may. None: it runs."""
        if self.running:
            return None
        if self._child is not None:
            self._note_end()
        if time.monotonic() < self._start_at:
            return self._start_at
        self._start()
        return None

    def _note_end(self) -> None:
        lived_s = time.monotonic() - self._started_at
        self._quick_ends = 1 if lived_s > _STABLE_S else self._quick_ends + 1
        self._start_at = time.monotonic() + restart_delay_s(self._quick_ends)
        self._child = None
        self.restarts += 1

    def _start(self) -> None:
        self._command.log.parent.mkdir(parents=True, exist_ok=True)
        with self._command.log.open("ab") as log:
            self._child = subprocess.Popen(
                self._command.argv,
                env=dict(self._command.env),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self._started_at = time.monotonic()
        threading.Thread(target=self._await_end, args=(self._child,), daemon=True).start()

    def _await_end(self, child: subprocess.Popen[bytes]) -> None:
        child.wait()
        self._ended()

    def ask_to_end(self) -> None:
        """SIGTERM; no error when it has ended."""
        if self._child is not None and self.running:
            self._child.terminate()

    def end(self, deadline: float) -> None:
        """The process has ended: by itself until the monotonic deadline, by SIGKILL after it."""
        if self._child is None:
            return
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._child.wait(max(0.0, deadline - time.monotonic()))
        if self.running:
            self._child.kill()
            self._child.wait()


def base_env(mark: Mapping[str, str]) -> dict[str, str]:
    """Variables of every container; nothing of the agent's own environment beyond the lab's mark."""
    return {"PATH": "/usr/bin:/bin:/usr/sbin:/sbin", "HOME": "/", "LANG": os.environ.get("LANG", "C.UTF-8"), **mark}
