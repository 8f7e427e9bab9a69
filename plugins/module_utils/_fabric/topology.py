# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Wishes over names and labels -> pairs, each with the settings on which all its wishes agree.

What is said of a pair wins over what is said of a group, and that over the defaults, setting by setting. Two wishes of
the same level that differ are a contradiction. Pairs of the same wishes share one object: a mesh of a thousand clusters
has half a million pairs.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import combinations
from typing import Any

from .errors import Violation
from .model import ClientEndpoint, ClusterId, Pair
from .selectors import Selector
from .settings import AUTO, Given, about, check_exposure

Labels = Mapping[ClusterId, Mapping[str, str]]
"""By cluster. A cluster that is no key is picked by no selector."""


class Shape(StrEnum):
    """How the members of a wish are joined."""

    BETWEEN = "between"
    MESH = "mesh"
    """Every one with every other."""
    RING = "ring"
    """Each with the next one, and the last with the first."""
    STAR = "star"
    """The center with every other one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """One entry of the option ``shortcuts``, names resolved."""

    path: str
    """`shortcuts[2]`."""
    shape: Shape
    names: tuple[ClusterId, ...] = ()
    selector: Selector | None = None
    center: ClusterId | None = None
    left_out: frozenset[ClusterId] = frozenset()
    pairs_left_out: frozenset[Pair] = frozenset()
    given: Given = field(default_factory=dict)

    @property
    def source(self) -> str:
        """For messages: `shortcuts[2].mesh`, and for a pair `shortcuts[2]`."""
        return self.path if self.shape is Shape.BETWEEN else f"{self.path}.{self.shape}"

    def members(self, labels: Labels) -> tuple[ClusterId, ...]:
        """The named ones in their order, then the selected ones sorted by id, without those that are left out."""
        selected = [] if self.selector is None else [c for c in sorted(labels) if self.selector.matches(labels[c])]
        return tuple(c for c in dict.fromkeys((*self.names, *selected)) if c not in self.left_out)

    def pairs(self, labels: Labels) -> Iterable[tuple[ClusterId, ClusterId]]:
        """Each pair once, its two ids sorted."""
        found = self._joined(self.members(labels))
        if not self.pairs_left_out:
            return found
        left_out = {(pair.a, pair.b) for pair in self.pairs_left_out}
        return (pair for pair in found if pair not in left_out)

    def _joined(self, members: Sequence[ClusterId]) -> Iterator[tuple[ClusterId, ClusterId]]:
        match self.shape:
            case Shape.BETWEEN | Shape.MESH:
                return combinations(sorted(members), 2)
            case Shape.STAR:
                center = self.center
                return ((min(center, c), max(center, c)) for c in members if center is not None and c != center)
            case Shape.RING:
                following = [*members[1:], *(members[:1] if len(members) > 2 else ())]
                return ((min(one, other), max(one, other)) for one, other in zip(members, following, strict=False))


@dataclass(frozen=True, slots=True, kw_only=True)
class Merged:
    """The settings of pairs that the same wishes want; shared by all of them."""

    given: Given
    place_by_setting: Mapping[str, str]
    """Where each value comes from: `shortcuts[2]`, `defaults`."""
    source: str
    """All wishes for the pair: `shortcuts[0].mesh, shortcuts[3]`."""
    clashes: bool = False
    """Wishes of one level want something else, or their settings together make no sense; violations say what."""
    wishes: tuple[int, ...] = ()
    """The same wishes as numbers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Expansion:
    """All wishes together."""

    pairs: tuple[tuple[Pair, Merged], ...]
    """Sorted, each pair once."""
    violations: tuple[Violation, ...] = ()
    notes: tuple[str, ...] = ()
    """Wishes with a selector that connect nothing now, and may later."""


def expand(wishes: Sequence[Wish], defaults: Given, labels: Labels) -> Expansion:
    """Every wanted pair with its settings, and every contradiction."""
    alone = [(index,) for index in range(len(wishes))]
    sources: dict[tuple[ClusterId, ClusterId], tuple[int, ...]] = {}
    empty = []
    for index, wish in enumerate(wishes):
        connected = False
        for ids in wish.pairs(labels):
            connected = True
            earlier = sources.get(ids)
            sources[ids] = alone[index] if earlier is None else (*earlier, index)
        if not connected:
            empty.append(wish)
    servers = {given["server"] for given in (defaults, *(wish.given for wish in wishes)) if "server" in given} - {AUTO}
    merger = _Merger(wishes, defaults)
    shared: dict[object, Merged] = {}
    pairs = []
    for ids in sorted(sources):
        pair = Pair(*ids)
        key = (sources[ids], None if servers.isdisjoint(ids) else ids)
        merged = shared.get(key)
        if merged is None:
            merged = shared[key] = merger.merge(pair, sources[ids])
        elif merger.conflicts:
            merger.count(key[0], pair)
        pairs.append((pair, merged))
    violations = [*merger.violations(), *(_connects_nothing(wish) for wish in empty if wish.selector is None)]
    notes = [_note(wish, labels) for wish in empty if wish.selector is not None]
    return Expansion(pairs=tuple(pairs), violations=tuple(violations), notes=tuple(notes))


def clash_of(wishes: Sequence[Wish], defaults: Given, pair: Pair, merged: Merged) -> str:
    """How the wishes for one pair contradict each other, without a word on other pairs."""
    merger = _Merger(wishes, defaults)
    merger.merge(pair, merged.wishes)
    return "; ".join(map(str, merger.violations()))


@dataclass(slots=True)
class _Conflict:
    """Two wishes of one level that want something else of one setting, and the pairs that both of them want."""

    pair: Pair
    values: tuple[Any, Any]
    pairs: int = 1


class _Merger:
    """Puts wishes together and keeps what went wrong; a contradiction of two meshes is one, not one per pair."""

    def __init__(self, wishes: Sequence[Wish], defaults: Given) -> None:
        self.wishes = wishes
        self.defaults = defaults
        self.conflicts: dict[tuple[int, int, str], _Conflict] = {}
        self._by_sources: dict[tuple[int, ...], set[tuple[int, int, str]]] = {}
        self._exposure: list[Violation] = []
        self._clashes = False
        """The pair that is being merged."""

    def merge(self, pair: Pair, sources: tuple[int, ...]) -> Merged:
        """The settings of the first pair of its kind."""
        given: dict[str, Any] = {}
        places: dict[str, str] = {}
        self._clashes, exposed = False, len(self._exposure)
        for single in (True, False):
            level = [index for index in sources if (self.wishes[index].shape is Shape.BETWEEN) == single]
            for name, (value, index) in self._agreed(pair, level, sources, known=given).items():
                given[name], places[name] = value, self.wishes[index].path
        for name, value in about(pair, self.defaults).items():
            if name not in given:
                given[name], places[name] = value, "defaults"
        check_exposure(given, places, self._exposure)
        source = ", ".join(self.wishes[i].source for i in sources)
        clashes = self._clashes or len(self._exposure) > exposed
        return Merged(given=given, place_by_setting=places, source=source, clashes=clashes, wishes=sources)

    def _agreed(
        self, pair: Pair, level: Sequence[int], sources: tuple[int, ...], *, known: Given
    ) -> dict[str, tuple[Any, int]]:
        """What the wishes of one level say beyond what is known already, each setting with the first that says it."""
        found: dict[str, tuple[Any, int]] = {}
        for index in level:
            for name, value in about(pair, self.wishes[index].given).items():
                if name in known:
                    continue
                first, first_index = found.setdefault(name, (value, index))
                if first != value:
                    self._keep((first_index, index, name), pair, (first, value), sources)
        return found

    def _keep(self, key: tuple[int, int, str], pair: Pair, values: tuple[Any, Any], sources: tuple[int, ...]) -> None:
        self._clashes = True
        if key in self.conflicts:
            self.conflicts[key].pairs += 1
        else:
            self.conflicts[key] = _Conflict(pair, values)
        if key[2] != "server":  # Whether servers differ depends on the pair, so each such pair is merged by itself.
            self._by_sources.setdefault(sources, set()).add(key)

    def count(self, sources: tuple[int, ...], pair: Pair) -> None:
        """Another pair of the same wishes."""
        for key in self._by_sources.get(sources, ()):
            self.conflicts[key].pairs += 1

    def violations(self) -> Iterator[Violation]:
        yield from self._exposure
        for (first, second, name), conflict in self.conflicts.items():
            one, other = self.wishes[first], self.wishes[second]
            more = conflict.pairs - 1
            whom = f"{conflict.pair} gets" if not more else f"{conflict.pair} and {more} more get"
            values = [_shown(value) for value in conflict.values]
            yield Violation(
                path=f"{other.path}.{name}",
                message=f"{whom} {values[0]} from {one.source} and {values[1]} from {other.source}",
                hint=f"give both the same {name}, "
                + ("or name the pair once" if one.shape is Shape.BETWEEN else "or set it for the pair, with between"),
            )


def _connects_nothing(wish: Wish) -> Violation:
    members = ", ".join(wish.members({})) or "none"
    needs = "a center and another cluster" if wish.shape is Shape.STAR else "two clusters"
    what = f"connects nothing: its members are {members}"
    return Violation(
        path=wish.source, message=what, hint=f"a {wish.shape} needs {needs} that except does not leave out"
    )


def _note(wish: Wish, labels: Labels) -> str:
    members = wish.members(labels)
    which = ", ".join(members[:5]) + (", ..." if len(members) > 5 else "")
    return (
        f"{wish.source} connects nothing now: '{wish.selector}' gives it {f'only {which}' if members else 'no member'}"
    )


def _shown(value: Any) -> str:
    if isinstance(value, ClientEndpoint):
        return ":".join(str(part) for part in (value.address, value.port) if part is not None)
    return str(value)
