# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The folders of labs on this machine, and the lab that is described in one."""

from __future__ import annotations

import os
from pathlib import Path

from lab.layout import Lab, LayoutError

COMPLETE = "complete"
"""File in the run folder that exists once `up` has finished."""


def cache_root() -> Path:
    """Programs and snapshots, shared by all labs of the user."""
    return _root("LIQO_FABRIC_CACHE", "XDG_CACHE_HOME", ".cache")


def state_folder(name: str) -> Path:
    """Everything else of the lab of that name; private."""
    return _root("LIQO_FABRIC_STATE", "XDG_STATE_HOME", ".local/state") / name


def load(name: str) -> Lab:
    """The lab of that name; raises LayoutError when there is none."""
    lab = read(state_folder(name))
    if lab is None:
        raise LayoutError(f"there is no lab {name!r}; start it with: python -m lab --name {name} up")
    return lab


def read(state: Path) -> Lab | None:
    """The lab in that state folder, or None; raises LayoutError when its description is damaged."""
    try:
        return Lab.from_json((state / "lab.json").read_text())
    except FileNotFoundError:
        return None


def save(lab: Lab) -> None:
    """The lab's folders exist, for its owner alone, and describe it."""
    for folder in (lab.state, lab.run, lab.logs, lab.faults):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    lab.state.chmod(0o700)
    new = lab.file.with_suffix(".new")
    new.write_text(lab.to_json())
    new.rename(lab.file)


def is_complete(lab: Lab) -> bool:
    return (lab.run / COMPLETE).exists()


def _root(own: str, base: str, default: str) -> Path:
    if os.environ.get(own):
        return Path(os.environ[own]).absolute()
    return Path(os.environ.get(base) or Path.home() / default).absolute() / "liqo-fabric"
