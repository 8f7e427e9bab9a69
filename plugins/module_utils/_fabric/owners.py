# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who wants an object: a set of fabrics on each, and on a gateway of several fabrics also how each of them wants it.

What was made by hand carries no mark and gets none, unless the user adopts it. Without the settings of the other
owners a run could not tell their wish from drift, and two fabrics would rewrite each other's for ever. As long as there
is one owner nothing is written down: what it wants is what is there.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields, replace
from typing import TypeVar

from .errors import FabricError, FailureName
from .model import ClientEndpoint, FabricName, Pair
from .objects import GatewayClientSpec, GatewayServerSpec, Held, Spec
from .operations import BOOKKEEPING, diff

_S = TypeVar("_S", bound=Spec)

ADVERTISED = "as advertised"
"""What a fabric wrote down that wants the client to dial what the server advertises."""


def wish_of(spec: Spec, override: ClientEndpoint | None = None) -> dict[str, str]:
    """The settings in a wanted gateway as text by field, without those of no opinion; empty for other kinds."""
    if not isinstance(spec, (GatewayServerSpec, GatewayClientSpec)):
        return {}
    found = {
        field.name: _text(getattr(spec, field.name))
        for field in fields(spec)
        if field.name not in (*BOOKKEEPING, "endpoint", "secret") and getattr(spec, field.name) is not None
    }
    if isinstance(spec, GatewayClientSpec):
        found["endpoint"] = f"{override.address or ''}:{override.port or ''}" if override else ADVERTISED
    return found


def joined(spec: _S, held: Held | None, fabric: FabricName, *, wish: Mapping[str, str], adopt: bool = False) -> _S:
    """The wanted spec with its owners: those that are there and this fabric; none where none is and none shall be."""
    before = held.spec.owners if held is not None else frozenset()
    if held is not None and not before and not adopt:
        return spec
    spec = replace(spec, owners=before | {fabric})
    others = _wishes_of_others(held, spec, fabric, wish)
    return replace(spec, wishes={**others, fabric: dict(wish)}) if others else spec


def left(spec: Spec, fabric: FabricName) -> Spec:
    """The spec without this fabric's mark."""
    owners = spec.owners - {fabric}
    if spec.wishes is None:
        return replace(spec, owners=owners)
    wishes = {name: wish for name, wish in spec.wishes.items() if name in owners and len(owners) > 1}
    return replace(spec, owners=owners, wishes=wishes)


def differences(held: Held | None, wanted: Spec, fabric: FabricName) -> dict[FabricName, dict[str, tuple[str, str]]]:
    """What the other owners want differently: by owner and field, (their value, ours)."""
    ours = (wanted.wishes or {}).get(fabric, {})
    found = {
        owner: {field: (theirs[field], value) for field, value in ours.items() if theirs.get(field, value) != value}
        for owner, theirs in _wishes_of_others(held, wanted, fabric, ours).items()
    }
    return {owner: disputed for owner, disputed in sorted(found.items()) if disputed}


def _wishes_of_others(
    held: Held | None, wanted: Spec, fabric: FabricName, ours: Mapping[str, str]
) -> dict[FabricName, Mapping[str, str]]:
    """What each other owner wrote down; of one that was alone until now, what is there."""
    if held is None or not ours:
        return {}
    written = held.spec.wishes or {}
    there = wish_of(held.spec)
    if isinstance(held.spec, GatewayClientSpec) and isinstance(wanted, GatewayClientSpec):
        there["endpoint"] = ours["endpoint"] if held.spec.endpoint == wanted.endpoint else str(held.spec.endpoint)
    return {owner: written.get(owner, there) for owner in sorted(held.spec.owners - {fabric})}


def refuse_conflict(pair: Pair, held: Held | None, wanted: Spec, *, fabric: FabricName, where: str) -> None:
    """A change that another owner would change back is a conflict; where theirs is in force, a FabricError names it."""
    if held is None:
        return
    changing = {change.field for change in diff(held.spec, wanted)}
    for owner, found in differences(held, wanted, fabric).items():
        disputed = {field: values for field, values in found.items() if field in changing}
        if disputed:
            quarrel = "; ".join(
                f"{field}: {owner} {theirs}, {fabric} {ours}" for field, (theirs, ours) in disputed.items()
            )
            raise FabricError(
                what=f"{fabric} and {owner} want {pair} differently",
                where=where,
                why=quarrel,
                next=f"agree on {' and '.join(disputed)} in both fabrics, take the pair out of one of them, or set"
                " force_conflicts to true to have your way",
                fault=FailureName.OWNERS_DISAGREE,
            )


def _text(value: object) -> str:
    if isinstance(value, Mapping):
        return json.dumps(dict(value), sort_keys=True)
    return str(getattr(value, "value", value))
