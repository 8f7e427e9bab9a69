# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A function over many clusters, carried out as if those on whose content it fails had not answered."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TypeVar

from .errors import FabricError, FailureName, not_understood
from .model import ClusterId

R = TypeVar("R")
S = TypeVar("S")


def blame(
    call: Callable[[frozenset[ClusterId]], R], clusters: Collection[ClusterId], *, what: str
) -> tuple[R, dict[ClusterId, FabricError]]:
    """The result of ``call`` over as many clusters as possible, and the errors of the others by cluster.

    ``call`` gets the clusters that it may look at, and is pure. One call is all where nothing goes wrong; otherwise the
    culprits are found by halves. A FabricError is raised as it is, and so is what goes wrong without any cluster.
    """
    ordered = sorted(clusters)
    result, problems = _grow(call, ordered, what)
    if problems:
        # One that only clashes with each of the others would pass as the first of them.
        again, others = _grow(call, ordered[::-1], what)
        result, problems = (again, others) if len(others) < len(problems) else (result, problems)
    return result, problems


def over_all(
    call: Callable[[Mapping[ClusterId, S | FabricError]], R], seen: Mapping[ClusterId, S | FabricError], *, what: str
) -> tuple[R, dict[ClusterId, S | FabricError]]:
    """The result of ``call`` over what was seen of all clusters, and that, with an error for those to blame."""

    def among(some: frozenset[ClusterId]) -> R:
        return call({key: one if key in some or isinstance(one, FabricError) else _HIDDEN for key, one in seen.items()})

    read = [key for key, one in seen.items() if not isinstance(one, FabricError)]
    result, problems = blame(among, read, what=what)
    if not problems:
        return result, dict(seen)
    left = {**seen, **problems}
    return call(left), left


_HIDDEN = FabricError(
    what="this cluster is not looked at", where="", why="it is not its turn", next="", fault=FailureName.OTHER
)


def _grow(
    call: Callable[[frozenset[ClusterId]], R], clusters: Sequence[ClusterId], what: str
) -> tuple[R, dict[ClusterId, FabricError]]:
    good: frozenset[ClusterId] = frozenset()
    problems: dict[ClusterId, FabricError] = {}
    results: list[R] = []
    left = [clusters] if clusters else []
    while left:
        some = left.pop()
        try:
            results = [call(good.union(some))]
            good = good.union(some)
        except FabricError:
            raise
        except Exception as unforeseen:
            if len(some) > 1:
                left += [some[len(some) // 2 :], some[: len(some) // 2]]
            else:
                problems[some[0]] = not_understood(unforeseen, what=what, where=f"cluster {some[0]}")
    return (results[0] if results else call(good)), problems
