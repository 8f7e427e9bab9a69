# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What happened in a fabric, as events for those who react to it: `{"liqo": {...}}`.

Rulebooks branch on these keys, so they are part of the interface; docs/keeping-current.md lists them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from .errors import FabricError
from .model import ClusterId, Pair
from .most import MOST_REASONS, MOST_SERVICES_NAMED


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class SeenService:
    """A Service by the names under which a cluster knows it; a leaf may have another namespace for it than its hub."""

    cluster: ClusterId
    namespace: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One thing that is not what it was, seen in one cluster."""

    cluster: ClusterId
    reason: str
    """For people: `leaf-a: Connection gw-leaf-b is Error, was Connected`."""
    pairs: frozenset[Pair] = frozenset()
    service: SeenService | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Lost:
    """A cluster cannot be read any more, or could never be."""

    cluster: ClusterId
    problem: FabricError


@dataclass(frozen=True, slots=True, kw_only=True)
class Back:
    """A cluster that was lost is read again. What changed meanwhile is told by Changes, if it had been read before."""

    cluster: ClusterId


def changes_event(changes: Iterable[Change], *, first_seen: datetime, last_seen: datetime) -> dict[str, Any]:
    """One event for all that was seen between two moments (aware); its clusters have both ends of every pair.

    Of the reasons and Services of one cluster there are so many, whatever the others tell.
    """
    seen = tuple(changes)
    pairs = {pair for change in seen for pair in change.pairs}
    clusters = {change.cluster for change in seen} | {cluster for pair in pairs for cluster in pair}
    return {
        "liqo": {
            "clusters": sorted(clusters),
            "pairs": [list(pair) for pair in sorted(pairs)],
            "services": [
                {"cluster": one.cluster, "namespace": one.namespace, "name": one.name} for one in _services(seen)
            ],
            "reasons": _reasons(seen),
            "first_seen": rfc3339(first_seen),
            "last_seen": rfc3339(last_seen),
        }
    }


def _services(seen: Iterable[Change]) -> list[SeenService]:
    named: dict[ClusterId, set[SeenService]] = {}
    for change in seen:
        if change.service is not None:
            named.setdefault(change.service.cluster, set()).add(change.service)
    return sorted(one for services in named.values() for one in sorted(services)[:MOST_SERVICES_NAMED])


def _reasons(seen: Iterable[Change]) -> list[str]:
    """In the order in which things happened; the numbers of those that are left out come last."""
    tellers = {change.reason: (change.cluster, bool(change.pairs)) for change in seen}
    told = Counter(tellers.values())
    counted: Counter[tuple[ClusterId, bool]] = Counter()
    found: list[str] = []
    for reason, teller in tellers.items():
        counted[teller] += 1
        if counted[teller] < MOST_REASONS or told[teller] == MOST_REASONS:
            found.append(reason)
    more = {teller: number - MOST_REASONS + 1 for teller, number in told.items() if number > MOST_REASONS}
    return [*found, *(f"{cluster}: and {number} more" for (cluster, _of_links), number in more.items())]


def lost_event(lost: Lost, *, since: datetime) -> dict[str, Any]:
    """A cluster is out of reach; the keys beside `cluster` and `since` are those of `failures` in a result."""
    return {"liqo": {"unreachable": {"cluster": lost.cluster, **lost.problem.as_result(), "since": rfc3339(since)}}}


def back_event(back: Back, *, since: datetime) -> dict[str, Any]:
    """A cluster is in reach again; `since` is when it was lost."""
    return {"liqo": {"reachable": {"cluster": back.cluster, "unreachable_since": rfc3339(since)}}}


def rfc3339(moment: datetime) -> str:
    """With milliseconds."""
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
