# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Task parameters that say what a run may do, as fields of Fabric. Which links are wanted is said elsewhere."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from .errors import Violation
from .model import ClusterId, Pair, Scope, ScopeRule, State, Tolerance, is_cluster_id

_TOLERANCE = re.compile(r"(\d+)(%?)")


def parse_run_options(
    params: Mapping[str, Any], ids: Mapping[str, ClusterId], found: list[Violation]
) -> dict[str, Any]:
    """Fields of Fabric by name; ``ids`` are cluster ids by every name that a user may give a cluster.

    Violations are appended to ``found``.
    """
    state = State(params.get("state") or "present")
    nothing_named = params.get("shortcuts") is None
    if state in (State.PRESENT, State.EXACT, State.RENDERED) and nothing_named and not params.get("forget"):
        hint = (
            "an empty list changes nothing" if state is not State.EXACT else "an empty list removes all that is owned"
        )
        _add(found, "shortcuts", f"state {state.value} needs shortcuts", f"list the pairs, {hint}")
    removals = params.get("max_removals")
    if removals is not None and removals < 0:
        _add(found, "max_removals", f"{removals} is out of range", "it must be 0 or more")
    return {
        "state": state,
        "allow_peering_pairs": bool(params.get("allow_peering_pairs")),
        "every_owned_pair": state is State.ABSENT and nothing_named,
        "adopt": bool(params.get("adopt")),
        "force_conflicts": bool(params.get("force_conflicts")),
        "max_removals": 5 if removals is None else removals,
        "keep_links": pairs_of(params.get("keep_links") or (), "keep_links", ids, found),
        "forget": _forgotten(params.get("forget") or (), ids, found),
        "scope": _scope(params, ids, found),
        "tolerate": _tolerance(params.get("tolerate"), found),
    }


def _forgotten(names: Sequence[str], ids: Mapping[str, ClusterId], found: list[Violation]) -> tuple[ClusterId, ...]:
    for index, name in enumerate(names):
        if name in ids:
            what = f"{name} is also one of clusters, so it is not gone for good"
            _add(found, f"forget[{index}]", what, "take it out of clusters, or remove its links with state absent")
        elif not is_cluster_id(name):
            _add(found, f"forget[{index}]", f"{name!r} is not a Liqo cluster id", "give the id, not a host name")
    return tuple(sorted({ClusterId(name) for name in names}))


def _scope(params: Mapping[str, Any], ids: Mapping[str, ClusterId], found: list[Violation]) -> Scope:
    names, only = params.get("scope"), params.get("only")
    clusters = None if names is None else _members(names, "scope", ids, found)
    rule = ScopeRule(params.get("scope_rule") or "inside")
    return Scope(clusters=clusters, rule=rule, pairs=pairs_of(only, "only", ids, found) if only is not None else None)


def _members(
    names: Sequence[str], option: str, ids: Mapping[str, ClusterId], found: list[Violation]
) -> frozenset[ClusterId]:
    for index, name in enumerate(names):
        if name not in ids:
            known = ", ".join(sorted(ids))
            _add(found, f"{option}[{index}]", f"unknown cluster {name!r}", f"clusters of this task are: {known}")
    return frozenset(ids[name] for name in names if name in ids)


def pairs_of(
    asked: Sequence[Any], option: str, ids: Mapping[str, ClusterId], found: list[Violation]
) -> frozenset[Pair]:
    """Pairs that an option lists, each as its two clusters by name or id; violations are appended to ``found``."""
    pairs = set()
    for index, names in enumerate(asked):
        ends = [ids.get(str(name)) for name in names] if isinstance(names, (list, tuple)) else []
        if len(ends) == 2 and ends[0] and ends[1] and ends[0] != ends[1]:
            pairs.add(Pair.of(ends[0], ends[1]))
        else:
            what = f"{names!r} is no pair of clusters of this task"
            _add(found, f"{option}[{index}]", what, "write it as [leaf-a, leaf-b]")
    return frozenset(pairs)


def _tolerance(given: Any, found: list[Violation]) -> Tolerance:
    if given is None:
        return Tolerance()
    match = _TOLERANCE.fullmatch(str(given).strip())
    if match is None or (match[2] and int(match[1]) > 100):
        _add(found, "tolerate", f"{given!r} is no number of links", "write it as 3, or as a share of them like 10%")
        return Tolerance()
    return Tolerance(links=int(match[1]), percent=bool(match[2]))


def _add(found: list[Violation], path: str, what: str, hint: str) -> None:
    found.append(Violation(path=path, message=what, hint=hint))
