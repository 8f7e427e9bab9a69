# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A plan that a person approves before it is carried out: as data without secrets, and what moved since.

A plan follows from the declaration and from what the clusters hold, so the same plan made again is the approved one.
It is approved by content: by every field that is written, in every round of the run.
It travels as a file of JSON, as that file in base64, or as one word for whatever hands text from one job to the next.
"""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import fields, is_dataclass
from enum import StrEnum
from typing import Any, Union

from .dialling import resolve
from .errors import FabricError, FailureName
from .facts import value_of
from .model import ClusterId, Fabric, Pair
from .objects import ClusterState, Endpoint, Later
from .operations import LinkPlan, Op, Verb, set_fields
from .report import op_row

FORMAT = "liqo.fabric plan 2"
SHOWN = 5
"""So many differences are named in a refusal."""
LONGEST = 120
"""So many characters of one value are shown in a refusal."""
MOST_BYTES = 64 * 2**20
"""No plan is longer; that of 10 000 new links is shorter."""
_URL_SAFE = str.maketrans("+/", "-_")

States = Mapping[ClusterId, Union[ClusterState, FabricError]]


def to_saved(fabric: Fabric, plans: Mapping[Pair, LinkPlan], states: States) -> dict[str, Any]:
    """The plan as JSON: every write with all that it sets and was planned for, and every link that is blocked.

    Each cluster that is written to is named with the uid of an object that its Liqo keeps for life, so that the plan
    holds for no other cluster of the same id.
    """
    ops = [op for pair in sorted(plans) for op in plans[pair].ops]
    return {
        "format": FORMAT,
        "fabric": fabric.name,
        "state": fabric.state.value,
        "clusters": {str(cluster): _uid(states.get(cluster)) for cluster in sorted({op.cluster for op in ops})},
        "plan": [_row(op) for op in ops],
        "blocked": {str(pair): str(plan.blocked) for pair, plan in sorted(plans.items()) if plan.blocked is not None},
    }


def to_word(saved: Mapping[str, Any]) -> str:
    """The saved plan in letters and digits, which no template language, shell or YAML takes for anything else."""
    return base64.urlsafe_b64encode(zlib.compress(json.dumps(saved, sort_keys=True).encode(), 9)).decode()


def from_word(word: str, *, where: str) -> dict[str, Any]:
    """What `to_word` was given, or what is in the plan file of which this is the base64.

    Raises FabricError when it was cut short, or never was a saved plan.
    """
    try:
        raw = base64.b64decode("".join(word.split()).translate(_URL_SAFE), altchars=b"-_", validate=True)
        return from_file(raw if raw.startswith(b"{") else _unfolded(raw), where=where)
    except (ValueError, zlib.error) as error:
        raise _no_plan(where, "it is no saved plan, or a part of one") from error


def from_file(text: bytes, *, where: str) -> dict[str, Any]:
    """The saved plan in the content of a file. Raises FabricError when that is none: anybody may have edited it."""
    if len(text) > MOST_BYTES:
        raise _no_plan(where, f"it has more than {MOST_BYTES} bytes")
    try:
        saved = json.loads(text, object_pairs_hook=_without_twins)
    except (ValueError, RecursionError) as error:
        raise _no_plan(where, "it is no JSON of a saved plan, or a part of one") from error
    if not isinstance(saved, dict) or saved.get("format") != FORMAT:
        raise _no_plan(where, f"it does not say format {FORMAT!r}")
    if not _is_complete(saved):
        raise _no_plan(where, "it has the format of a saved plan, but not its parts")
    return saved


def _no_plan(where: str, why: str) -> FabricError:
    return FabricError(
        what="there is no plan to carry out",
        where=where,
        why=why,
        next="make a plan with liqo.fabric.plan, or with the same task in check mode, and give it unchanged",
        fault=FailureName.NO_PLAN,
    )


def _unfolded(raw: bytes) -> bytes:
    unfolding = zlib.decompressobj()
    text = unfolding.decompress(raw, MOST_BYTES)
    if not unfolding.eof or unfolding.unused_data:
        raise ValueError("it goes on")
    return text


def _without_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """What stands twice in a file shows one thing to a reader and another one to a program."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands twice")
    return found


def _is_complete(saved: Mapping[str, Any]) -> bool:
    parts = [saved.get(name) for name in ("clusters", "blocked")]
    rows = saved.get("plan")
    return all(isinstance(part, dict) for part in parts) and isinstance(rows, list) and all(map(_is_row, rows))


def _is_row(row: object) -> bool:
    if not isinstance(row, dict) or not isinstance(row.get("id"), str):
        return False
    found = row.get("fields")
    return isinstance(found, dict) and all(isinstance(values, dict) for values in found.values())


def refuse_moved(
    saved: Mapping[str, Any], fabric: Fabric, plans: Mapping[Pair, LinkPlan], states: States, *, where: str
) -> None:
    """Raises FabricError that says what moved unless the plan made now is the saved one, which `from_file` gave."""
    now = to_saved(fabric, plans, states)
    try:
        moved = _moved(saved, now)
    except RecursionError as error:
        raise _no_plan(where, "its values are nested deeper than those of a plan") from error
    if moved:
        rest = f"; and {len(moved) - SHOWN} more" if len(moved) > SHOWN else ""
        raise FabricError(
            what="the saved plan is no longer what would be done, nothing was written",
            where=where,
            why="; ".join(moved[:SHOWN]) + rest,
            next="make a new plan in check mode, look at it, and apply that",
            fault=FailureName.PLAN_MOVED,
        )


def _moved(saved: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    found = [
        f"{name} was {_shown(saved.get(name))}, now {_shown(now[name])}"
        for name in ("fabric", "state")
        if saved.get(name) != now[name]
    ]
    found += [
        f"{cluster} is another cluster, or its Liqo was installed anew"
        for cluster, uid in now["clusters"].items()
        if saved["clusters"].get(cluster) != uid
    ]
    found += [f"{pair} is blocked now" for pair in now["blocked"] if pair not in saved["blocked"]]
    if saved["plan"] != now["plan"]:
        rows = _differences({row["id"]: row for row in saved["plan"]}, {row["id"]: row for row in now["plan"]})
        found += rows or ["the order of the operations differs"]
    return found


def beyond(approved: Iterable[Op], now: Iterable[Op], states: States) -> str | None:
    """What operations of a later round do that was not approved; None when all of it was.

    A value that was not known when the plan was approved may have become what its fact brings, and nothing else.
    """
    known = {op.id: op for op in approved}
    for op in now:
        old = known.get(op.id)
        if old is None:
            return f"it takes {op.id} ({op.reason})"
        if op.verb is not Verb.CREATE and op.uid != old.uid:
            return f"{op.id}: it is another object of the same name"
        for name in {**set_fields(old.after), **set_fields(op.after)}:
            was = {side: getattr(getattr(old, side), name, None) for side in ("before", "after")}
            is_ = {side: getattr(getattr(op, side), name, None) for side in ("before", "after")}
            was["after"] = (
                _brought(was["after"], was["before"], states) if was["after"] != is_["after"] else is_["after"]
            )
            if is_["after"] != was["after"]:
                return f"{op.id}: {name} is wanted as {_shown(_exact(is_['after']))}"
            if is_["before"] not in was.values():
                return f"{op.id}: {name} is {_shown(_exact(is_['before']))}"
    return None


def _brought(value: object, held: object, states: States) -> object:
    """What takes the place of a value that was not known, as far as it is known now, where ``held`` was."""
    if not isinstance(value, Later):
        return value
    state, here = states.get(value.fact.cluster), states.get(value.fact.peer)
    if not isinstance(state, ClusterState) or not isinstance(here, ClusterState):
        return value
    brought = value_of(value.fact, state.side(value.fact.peer))
    known = held if isinstance(held, Endpoint) else None
    return value if brought is None else resolve(value, brought, here.networks, held=known)


def _uid(state: ClusterState | FabricError | None) -> str:
    return state.uid if isinstance(state, ClusterState) else ""


def _row(op: Op) -> dict[str, Any]:
    """The row that people see, with every field that is written instead of those that change, and in full."""
    found = {
        name: {"before": _exact(getattr(op.before, name, None)), "after": _exact(value)}
        for name, value in set_fields(op.after).items()
    }
    return {**op_row(op), "fields": found, "id": op.id, "uid": op.uid, "after": sorted(op.needs)}


def _exact(value: object) -> Any:
    """JSON that differs wherever the values do."""
    if value is None or isinstance(value, (bool, int, str)):
        return value.value if isinstance(value, StrEnum) else value
    if isinstance(value, Mapping):
        return {str(key): _exact(item) for key, item in value.items()}
    if isinstance(value, (frozenset, set)):
        return sorted(str(item) for item in value)
    if isinstance(value, (tuple, list)):
        return [_exact(item) for item in value]
    if isinstance(value, Later) or not is_dataclass(value):
        return str(value)
    return {field.name: _exact(getattr(value, field.name)) for field in fields(value)}


def _shown(value: object) -> str:
    """A value in a sentence: on one line, escaped, and cut."""
    text = json.dumps(value, sort_keys=True)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}..."


def _differences(before: Mapping[str, Mapping[str, Any]], now: Mapping[str, Mapping[str, Any]]) -> list[str]:
    moved = [f"{key} is new" for key in now if key not in before]
    for key, row in before.items():
        if key not in now:
            moved.append(f"{_shown(key)} is no longer to be done")
        elif row != now[key]:
            moved.append(f"{key}: {_what_differs(row, now[key])}")
    return moved


def _what_differs(row: Mapping[str, Any], now: Mapping[str, Any]) -> str:
    if row.get("uid") != now["uid"]:
        return "it is another object of the same name"
    old, new = row["fields"], now["fields"]
    for name in sorted({*old, *new}):
        was, is_ = old.get(name, {}), new.get(name, {})
        if was != is_:
            which = "before" if was.get("before") != is_.get("before") else "after"
            kind = "is" if which == "before" else "is wanted as"
            return f"{_shown(name)} {kind} {_shown(is_.get(which))}, not {_shown(was.get(which))}"
    return "its order or reason differs"
