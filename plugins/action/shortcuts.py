# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs the module of the same name as Ansible would without this file, and shows its progress meanwhile.

The module does all the work and writes its progress into a file that only a local connection lets it share with us.
"""

from __future__ import annotations

import shutil
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ansible import constants
from ansible.plugins.action.normal import ActionModule as NormalAction
from ansible.utils.display import Display
from ansible_collections.liqo.fabric.plugins.module_utils import oldest_python

oldest_python.require()

from ansible_collections.liqo.fabric.plugins.module_utils._fabric.progress import LONGEST_LINE
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.terminal import one_line
from ansible_collections.liqo.fabric.plugins.module_utils._run.progress import VARIABLE

LOOK_S = 0.5
"""How often the file is looked at."""


class ActionModule(NormalAction):  # type: ignore[misc]  # Ansible has no type information
    """For Ansible."""

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        with self._progress_shown():
            result: dict[str, Any] = super().run(tmp, task_vars)
        return result

    @contextmanager
    def _progress_shown(self) -> Iterator[None]:
        """Whatever goes wrong here costs the progress, never the task."""
        file = self._file()
        if file is None:
            yield
            return
        before = self._task.environment
        # Ansible makes it a part of the command, which gets past sudo; the environment of this process would not.
        self._task.environment = [*_as_list(before), {VARIABLE: str(file)}]
        follower = Follower(file)
        follower.start()
        try:
            yield
        finally:
            self._task.environment = before
            follower.stop()
            shutil.rmtree(file.parent, ignore_errors=True)

    def _file(self) -> Path | None:
        """A new empty file in a folder of its own that only we may enter; None where there is no progress."""
        if getattr(self._connection, "transport", None) != "local" or self._task.async_val or self._task.no_log:
            return None
        try:
            file = Path(tempfile.mkdtemp(prefix="liqo-fabric-progress-", dir=constants.DEFAULT_LOCAL_TMP), "lines")
            file.touch(mode=0o600)
        except OSError:
            return None
        return file


class Follower(threading.Thread):
    """Shows the lines of a file as they are written, until it is stopped."""

    def __init__(self, file: Path) -> None:
        super().__init__(name="progress", daemon=True)
        self._file = file
        self._read = 0
        self._over = threading.Event()

    def run(self) -> None:
        while not self._over.wait(LOOK_S):
            self.show()
        self.show()

    def stop(self) -> None:
        self._over.set()
        self.join()

    def show(self) -> None:
        """Show the whole lines that are new."""
        try:
            with self._file.open("rb") as source:
                source.seek(self._read)
                whole, end, _part = source.read().rpartition(b"\n")
        except OSError:
            return
        self._read += len(whole + end)
        for line in whole.decode("utf-8", errors="replace").split("\n") if end else ():
            Display().display(one_line(line, longest=LONGEST_LINE), stderr=True)


def _as_list(environment: Any) -> list[Any]:
    """The environment of a task: a list of dictionaries, or one dictionary once it is templated."""
    if not environment:
        return []
    return list(environment) if isinstance(environment, list) else [environment]
