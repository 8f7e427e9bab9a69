# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Takes a lab away: every process, network namespace, mount and file of it, however far its `up` had come."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from lab import net, places, process, slots
from lab.layout import Lab, LayoutError, Wishes, plan_lab

_STARTERS = ("up", "agent")
"""Processes that start others."""


def down(state: Path) -> list[str]:
    """Nothing of the lab in that state folder is left; returns what could not be removed, as phrases, best none."""
    lab = _whatever_is_known(state)
    process.kill_all(state, first=_pids(lab, _STARTERS) if lab else ())
    left = net.remove_all(lab) if lab is not None and os.geteuid() == 0 else []
    shutil.rmtree(state, ignore_errors=True)
    if state.exists():
        left.append(f"folder {state}")
    if not left:
        slots.release(state)
    return left


def exists(state: Path) -> bool:
    return state.exists() or slots.claimed_by(state) is not None


def _whatever_is_known(state: Path) -> Lab | None:
    """The lab, or one that has at least its slot: enough to find what it left on the machine."""
    try:
        lab = places.read(state)
    except LayoutError:
        lab = None
    slot = slots.claimed_by(state)
    if lab is None and slot is not None:
        return plan_lab(Wishes(name=state.name), slot=slot, state=state, cache=places.cache_root(), binaries={})
    return lab


def _pids(lab: Lab, names: tuple[str, ...]) -> list[int]:
    found = (process.read(lab, name) for name in names)
    return [r.pid for r in found if r is not None and process.is_running(r) and r.pid != os.getpid()]
