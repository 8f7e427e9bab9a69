# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which lab has which place on the machine: two labs side by side never get the same slot.

A claim is a file `slots/N` that holds the path of the lab's state folder, in a folder of the machine (root) or of the
user. Creating it is atomic.
"""

from __future__ import annotations

import contextlib
import os
import socket
import tempfile
from pathlib import Path

from lab.layout import MAX_LEAVES, MAX_SLOTS, PORTS_PER_CLUSTER, LayoutError, first_port
from lab.process import marked_pids


def claims_folder() -> Path:
    if os.geteuid() == 0:
        return Path("/run/liqo-fabric/slots")
    return Path(os.environ.get("XDG_RUNTIME_DIR") or tempfile.gettempdir()) / f"liqo-fabric-{os.geteuid()}" / "slots"


def claim(state: Path) -> int:
    """A slot that nothing else on the machine uses, now taken.

    The one that the state folder has already, if any. Raises LayoutError when all are taken.
    """
    folder = claims_folder()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    own = claimed_by(state)
    if own is not None:
        return own
    for slot in range(MAX_SLOTS):
        if _is_abandoned(folder / str(slot)):
            (folder / str(slot)).unlink(missing_ok=True)
        with contextlib.suppress(FileExistsError), (folder / str(slot)).open("x") as file:
            file.write(str(state))
            file.flush()
            if _is_free(slot):
                return slot
            (folder / str(slot)).unlink(missing_ok=True)
    raise LayoutError(f"this machine has places for {MAX_SLOTS} labs and all are taken; take one down first")


def claimed_by(state: Path) -> int | None:
    for file in claims_folder().glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if file.read_text() == str(state):
                return int(file.name)
    return None


def release(state: Path) -> None:
    """The state folder has no slot any more, and an empty claims folder is gone."""
    slot = claimed_by(state)
    folder = claims_folder()
    if slot is not None:
        (folder / str(slot)).unlink(missing_ok=True)
    with contextlib.suppress(OSError):
        folder.rmdir()
        folder.parent.rmdir()


def _is_abandoned(file: Path) -> bool:
    """Its state folder was removed by hand and nothing runs from there."""
    try:
        state = file.read_text()
    except OSError:
        return False
    return bool(state) and not Path(state).exists() and not marked_pids(Path(state))


def _is_free(slot: int) -> bool:
    """No namespace and no port of this slot is in use, by whomever."""
    if list(Path("/run/netns").glob(f"lf{slot}-*")):
        return False
    return all(_can_listen(first_port(slot) + index * PORTS_PER_CLUSTER) for index in range(MAX_LEAVES + 1))


def _can_listen(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
