# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A saved plan: written to a file in check mode, and asked before a run writes anything."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .._fabric.errors import FabricError, FailureName
from .._fabric.model import Fabric
from .._fabric.saved_plan import MOST_BYTES, from_file, from_word, refuse_moved, to_saved
from .reconcile import Approve


def approval(fabric: Fabric, *, file: str | None, word: str | None, check_mode: bool) -> Approve | None:
    """What sees the whole plan before a run and refuses all but the saved one; in check mode it saves it to the file.

    None when nothing was saved. Raises FabricError at once when there is no readable plan to go by, and later when it
    cannot be saved or has moved.
    """
    if word is not None:
        approved = from_word(word, where="saved_plan")
        return lambda plans, states: refuse_moved(approved, fabric, plans, states, where="saved_plan")
    if not file:
        return None
    path = Path(file)
    if check_mode:
        return lambda plans, states: _save(path, to_saved(fabric, plans, states))
    saved = _load(path)
    return lambda plans, states: refuse_moved(saved, fabric, plans, states, where=file)


def _save(path: Path, plan: Mapping[str, Any]) -> None:
    """Whole or not at all, readable by its owner alone."""
    try:
        with tempfile.NamedTemporaryFile("w", dir=path.parent, prefix=f".{path.name}.", delete=False) as file:
            draft = Path(file.name)
            try:
                json.dump(plan, file, indent=1, sort_keys=True)
                file.flush()
                draft.replace(path)
            finally:
                draft.unlink(missing_ok=True)
    except OSError as error:
        raise FabricError(
            what="the plan cannot be saved",
            where=str(path),
            why=error.strerror or type(error).__name__,
            next="give plan_file a path in a folder that exists and may be written",
            fault=FailureName.NO_PLAN,
        ) from error


def _load(path: Path) -> Mapping[str, Any]:
    try:
        with path.open("rb") as file:
            text = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise FabricError(
            what="there is no plan to carry out",
            where=str(path),
            why=error.strerror or type(error).__name__,
            next="make it first, with liqo.fabric.plan or the same task in check mode, and the same file",
            fault=FailureName.NO_PLAN,
        ) from error
    return from_file(text, where=str(path))
