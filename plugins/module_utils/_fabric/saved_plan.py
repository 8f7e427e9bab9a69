# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A plan that somebody approves before it is carried out: as data without secrets, and what moved since.

A plan follows from the wishes and from what the clusters hold, so the same plan made again is the approved one.
It travels as a file of JSON, as that file in base64, or as one word for whatever hands text from one job to the next.
"""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Iterable, Mapping
from typing import Any

from .errors import FabricError, FailureName
from .model import Fabric, Pair
from .operations import LinkPlan, Op
from .report import op_row

FORMAT = "liqo.fabric plan 1"
SHOWN = 5
"""So many differences are named in a refusal."""
MOST_BYTES = 64 * 2**20
"""No word unfolds to more; the plan of 10 000 new links has less."""
_URL_SAFE = str.maketrans("+/", "-_")


def to_saved(fabric: Fabric, plans: Mapping[Pair, LinkPlan]) -> dict[str, Any]:
    """The plan as JSON: every write with what it was planned for, and every link that is blocked."""
    return {
        "format": FORMAT,
        "fabric": fabric.name,
        "state": fabric.state.value,
        "plan": [_row(op) for pair in sorted(plans) for op in plans[pair].ops],
        "blocked": {str(pair): str(plan.blocked) for pair, plan in sorted(plans.items()) if plan.blocked is not None},
    }


def to_word(saved: Mapping[str, Any]) -> str:
    """The saved plan in letters and digits, which no template language, shell or YAML takes for anything else."""
    return base64.urlsafe_b64encode(zlib.compress(json.dumps(saved, sort_keys=True).encode(), 9)).decode()


def from_word(word: str, *, where: str) -> Any:
    """What `to_word` was given, or what is in the plan file of which this is the base64.

    Raises FabricError when it was cut short, or never was one.
    """
    try:
        raw = base64.urlsafe_b64decode(word.translate(_URL_SAFE))
        return json.loads(raw if raw.startswith(b"{") else _unfolded(raw))
    except (ValueError, zlib.error) as error:
        raise FabricError(
            what="there is no plan to carry out",
            where=where,
            why="it is no saved plan, or a part of one",
            next="give it the whole saved_plan of a run in check mode",
            fault=FailureName.NO_PLAN,
        ) from error


def _unfolded(raw: bytes) -> bytes:
    unfolding = zlib.decompressobj()
    text = unfolding.decompress(raw, MOST_BYTES)
    if not unfolding.eof:
        raise ValueError("it goes on")
    return text


def refuse_moved(saved: Any, fabric: Fabric, plans: Mapping[Pair, LinkPlan], *, where: str) -> None:
    """Raises FabricError that says what moved unless the plan made now is the saved one."""
    if not isinstance(saved, Mapping) or saved.get("format") != FORMAT:
        raise FabricError(
            what="this is no saved plan",
            where=where,
            why=f"it does not say format {FORMAT!r}",
            next="make it with liqo.fabric.plan, or with the same task in check mode",
            fault=FailureName.NO_PLAN,
        )
    now = to_saved(fabric, plans)
    moved = [
        f"{name} was {saved.get(name)}, now {now[name]}" for name in ("fabric", "state") if saved.get(name) != now[name]
    ]
    moved += [f"{pair} is blocked now" for pair in now["blocked"] if pair not in (saved.get("blocked") or {})]
    moved += _differences(_by_id(saved.get("plan") or ()), _by_id(now["plan"]))
    if moved:
        rest = f"; and {len(moved) - SHOWN} more" if len(moved) > SHOWN else ""
        raise FabricError(
            what="the saved plan is no longer what would be done, nothing was written",
            where=where,
            why="; ".join(moved[:SHOWN]) + rest,
            next="make a new plan in check mode, look at it, and apply that",
            fault=FailureName.PLAN_MOVED,
        )


def _row(op: Op) -> dict[str, Any]:
    return {**op_row(op), "id": op.id, "uid": op.uid, "after": sorted(op.needs)}


def _by_id(rows: Iterable[Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    return {str(row.get("id")): row for row in rows}


def _differences(before: Mapping[str, Mapping[str, Any]], now: Mapping[str, Mapping[str, Any]]) -> list[str]:
    moved = [f"{key} is new" for key in now if key not in before]
    for key, row in before.items():
        if key not in now:
            moved.append(f"{key} is no longer to be done")
        elif row != now[key]:
            moved.append(f"{key}: {_what_differs(row, now[key])}")
    return moved


def _what_differs(row: Mapping[str, Any], now: Mapping[str, Any]) -> str:
    if row.get("uid") != now.get("uid"):
        return "it is another object of the same name"
    old, new = row.get("fields") or {}, now.get("fields") or {}
    for name in sorted({*old, *new}):
        if old.get(name) != new.get(name):
            was, is_ = (side.get(name) or {} for side in (old, new))
            which = "before" if was.get("before") != is_.get("before") else "after"
            kind = "is" if which == "before" else "is wanted as"
            return f"{name} {kind} {is_.get(which)!r}, not {was.get(which)!r}"
    return "its order or reason differs"
