# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Limits of the machine that many Kubernetes processes of one user run into."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

_INOTIFY_INSTANCES = Path("/proc/sys/fs/inotify/max_user_instances")
_ENOUGH = 4096
"""Every process that watches certificate files takes one or two: some 15 per cluster."""


def raise_inotify(say: Callable[[str], None], *, setting: Path = _INOTIFY_INSTANCES) -> None:
    """Processes of one user may watch enough files; says so when the machine's setting had to change, or could not."""
    try:
        now = int(setting.read_text())
        if now >= _ENOUGH:
            return
        setting.write_text(str(_ENOUGH))
    except OSError:
        say("fs.inotify.max_user_instances is low and cannot be raised here: many clusters may fail to start")
    else:
        say(f"fs.inotify.max_user_instances raised from {now} to {_ENOUGH}, until the machine restarts")
