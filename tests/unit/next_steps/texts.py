# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which next steps the code can say: the texts that end as `next` of a failure, `repair` of a fault or `hint` of a
violation, found by reading the code.

A text is a template: `{}` stands for what is only known in a run. Where the code hands a text on (a parameter, a
variable, a table, a function that returns it), the reading follows it to the words.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path

from tests.pages import ROOT

SAYS = frozenset({"next", "repair", "hint", "next_step", "renewal"})
"""Names of parameters, keys and fields that hold a next step."""

BY_POSITION = {"UnusableError": 1, "KubeconfigError": 1, "Violation": 2}
"""Where a class takes it without its name."""

IN_PAIRS = frozenset({"Login", "_unsafe"})
"""Enumerations whose values, and functions whose results, are pairs of a reason and its next step."""

STEP_TABLES = frozenset({"_STEPS"})
"""Tables of functions that return next steps."""

OPEN = "{}"

SENTENCE = 5
"""So many words say something of their own."""

DEEPEST = 12
"""So far is a text followed from where it is said."""

HANDED_ON = frozenset({*SAYS, "step", "steps"})
"""Names of parameters of functions that only hand a next step on."""

_FIELD = re.compile(r"\{\w+\}")

_Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, slots=True)
class Said:
    """One text, and where the code says it."""

    text: str
    place: str
    """`plugins/.../file.py:12`."""


@dataclass(frozen=True, slots=True)
class Room:
    """One file, by the names that it gives to things."""

    path: Path
    tree: ast.Module
    functions: Mapping[str, _Function]
    around: Mapping[ast.AST, _Function | None]
    """In which function a node stands."""

    @classmethod
    def of(cls, path: Path) -> Room:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        around: dict[ast.AST, _Function | None] = {}

        def walk(node: ast.AST, function: _Function | None) -> None:
            around[node] = function
            inner = node if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) else function
            for child in ast.iter_child_nodes(node):
                walk(child, inner)

        walk(tree, None)
        functions = {
            node.name: node for node in ast.walk(tree) if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
        }
        return cls(path, tree, functions, around)


@dataclass(frozen=True, slots=True)
class _At:
    """Where an expression stands, and how far the reading has followed it."""

    room: Room
    function: _Function | None
    deep: int = 0
    open: frozenset[str] = frozenset()
    """Names whose words are being read: one of them in its own words is left open."""

    def moved(self, function: _Function | None, room: Room | None = None, name: str = "") -> _At:
        return _At(room or self.room, function, self.deep + 1, self.open | {name})


@dataclass(slots=True)
class Reading:
    """All files of the code."""

    rooms: Sequence[Room]
    takes: dict[str, tuple[str, int | None]] = field(default_factory=dict)
    """Functions and classes that take a next step: under which name, and at which place if it may come without."""

    def said(self) -> list[Said]:
        """Every text, sorted by file and words."""
        self.takes = {name: ("", place) for name, place in BY_POSITION.items()}
        # A function that hands its parameter on is found in one round, those that call it in the next one.
        while True:
            before = len(self.takes)
            found = {said for room in self.rooms for said in self._of(room)}
            if len(self.takes) == before:
                return sorted(found, key=lambda said: (said.place.partition(":")[0], said.text))

    def texts_of(self, value: ast.expr, room: Room) -> list[str]:
        """The templates of an expression in a file."""
        return self._texts(value, _At(room, room.around.get(value)))

    def _of(self, room: Room) -> Iterator[Said]:
        for node in ast.walk(room.tree):
            for value in self._handed(node):
                for text in self.texts_of(value, room):
                    if any(letter.isalpha() for letter in text):
                        yield Said(text, f"{room.path.relative_to(ROOT)}:{value.lineno}")

    def _handed(self, node: ast.AST) -> Iterator[ast.expr]:
        if isinstance(node, (ast.ClassDef, ast.FunctionDef)) and node.name in IN_PAIRS:
            pairs = [part for part in ast.walk(node) if isinstance(part, ast.Tuple) and len(part.elts) == 2]
            yield from (part.elts[1] for part in pairs if not isinstance(part.ctx, ast.Store))
        elif isinstance(node, ast.Call):
            parameter, place = self.takes.get(_name(node.func), ("", None))
            for keyword in node.keywords:
                if keyword.arg in SAYS or (keyword.arg and keyword.arg == parameter):
                    yield keyword.value
            if place is not None and len(node.args) > place and not any(isinstance(a, ast.Starred) for a in node.args):
                yield node.args[place]
        elif isinstance(node, ast.AnnAssign) and node.value is not None:
            yield from _declared(_name(node.target), node.value)
        elif isinstance(node, ast.Dict):
            for key, value in zip(node.keys, node.values, strict=True):
                if isinstance(key, ast.Constant) and key.value in SAYS:
                    yield value

    def _texts(self, value: ast.expr, at: _At) -> list[str]:
        """The templates of an expression; [OPEN] for what is only known in a run."""
        if at.deep > DEEPEST:
            return [OPEN]
        at = at.moved(at.function)
        match value:
            case ast.Constant(value=str() as text):
                return [_FIELD.sub(OPEN, text)]
            case ast.FormattedValue(value=inner):
                return _parts(self._texts(inner, at))
            case ast.JoinedStr() | ast.BinOp(op=ast.Add()):
                parts = value.values if isinstance(value, ast.JoinedStr) else [value.left, value.right]
                return _joined([self._texts(part, at) for part in parts])
            case ast.IfExp() | ast.BoolOp():
                ways = value.values if isinstance(value, ast.BoolOp) else [value.body, value.orelse]
                return _all(self._texts(way, at) for way in ways)
            case ast.Subscript() | ast.Name() | ast.Call():
                return self._elsewhere(value, at)
        return [OPEN]

    def _elsewhere(self, value: ast.Subscript | ast.Name | ast.Call, at: _At) -> list[str]:
        """What stands in another place than the expression."""
        if isinstance(value, ast.Name):
            return self._named(value.id, at)
        if isinstance(value, ast.Call):
            return self._called(value, at)
        place = value.slice.value if isinstance(value.slice, ast.Constant) else None
        return self._table(value.value, at, place if isinstance(place, int) else None)

    def _called(self, call: ast.Call, at: _At) -> list[str]:
        name, of = _name(call.func), call.func.value if isinstance(call.func, ast.Attribute) else None
        if name == "command":
            words = [[OPEN] if isinstance(word, ast.Starred) else self._texts(_word(word), at) for word in call.args]
            return _joined(_between(words))
        if of is not None:
            if name == "get":
                return _all([self._table(of, at), *(self._texts(other, at) for other in call.args[1:])])
            return self._texts(of, at) if name == "format_map" else [OPEN]
        for room in self._rooms_of(name, at.room):
            called = room.functions.get(name)
            if called is not None:
                returns = [node for node in ast.walk(called) if isinstance(node, ast.Return)]
                return _all(self._texts(one.value, at.moved(called, room)) for one in returns if one.value is not None)
        return [OPEN]

    def _table(self, table: ast.expr, at: _At, place: int | None = None) -> list[str]:
        """What a dictionary holds, or one part of each of the tuples in it."""
        if isinstance(table, ast.Name):
            assigned = [value for _function, value in _assigned(table.id, at)]
            table = assigned[0] if assigned else table
        if not isinstance(table, ast.Dict):
            return [OPEN]
        values = table.values
        if place is not None:
            values = [value.elts[place] for value in values if isinstance(value, ast.Tuple)]
        return _all(self._texts(value, at) for value in values)

    def _named(self, name: str, at: _At) -> list[str]:
        function = at.function
        while function is not None:
            arguments = function.args
            names = [one.arg for one in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)]
            if name in names and name in HANDED_ON:
                self._learn(function, name)
            assigned = [value for inside, value in _assigned(name, at.moved(function)) if inside is function]
            if assigned and name in at.open:
                return [OPEN]
            if assigned:
                return _all(self._texts(value, at.moved(function, name=name)) for value in assigned)
            if name in names:
                return [OPEN]
            function = at.room.around[function]
        return self._constant(name, at)

    def _constant(self, name: str, at: _At) -> list[str]:
        """A constant of this file, or of the one that it is imported from."""
        for room in self._rooms_of(name, at.room):
            assigned = [value for _function, value in _assigned(name, _At(room, None))]
            if assigned:
                return _all(self._texts(value, at.moved(None, room)) for value in assigned)
        return [OPEN]

    def _rooms_of(self, name: str, room: Room) -> list[Room]:
        """This file, and the one that it imports the name from."""
        rooms = [room]
        for node in room.tree.body:
            if isinstance(node, ast.ImportFrom) and any((alias.asname or alias.name) == name for alias in node.names):
                file = f"{(node.module or '').rpartition('.')[2]}.py"
                rooms += [other for other in self.rooms if other.path.name == file]
        return rooms

    def _learn(self, function: _Function, name: str) -> None:
        """This function takes a next step."""
        if function.name == "__init__":
            return
        positional = [one.arg for one in (*function.args.posonlyargs, *function.args.args)]
        is_method = bool(positional) and positional[0] in ("self", "cls")
        place = positional.index(name) - is_method if name in positional else None
        self.takes.setdefault(function.name, (name, place))


def read(*folders: str) -> Reading:
    files = sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))
    return Reading([Room.of(path) for path in files])


def _declared(name: str, value: ast.expr) -> Iterator[ast.expr]:
    """The default of a field that holds a next step, and calls of the functions in a table of steps."""
    if name in SAYS:
        yield value
    if name in STEP_TABLES and isinstance(value, ast.Dict):
        yield from (ast.copy_location(ast.Call(found, [], []), found) for found in value.values)


def _name(function: ast.expr) -> str:
    return (
        function.id if isinstance(function, ast.Name) else function.attr if isinstance(function, ast.Attribute) else ""
    )


def _word(word: ast.expr) -> ast.expr:
    """A word of a command, or what an option is made of."""
    return word.args[0] if isinstance(word, ast.Call) and _name(word.func) == "Option" else word


def _assigned(name: str, at: _At) -> list[tuple[_Function | None, ast.expr]]:
    """What is assigned to a name, and in which function; only of this function and of the file itself."""
    found = []
    for node in ast.walk(at.room.tree):
        inside = at.room.around.get(node)
        if inside not in (at.function, None) or not isinstance(node, (ast.Assign, ast.AnnAssign)):
            continue
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        if node.value is not None:
            found += [(inside, value) for target in targets for value in _matching(target, node.value, name)]
    return found


def _matching(target: ast.expr, value: ast.expr, name: str) -> list[ast.expr]:
    if isinstance(target, ast.Name):
        return [value] if target.id == name else []
    if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
        pairs = zip(target.elts, value.elts, strict=False)
        return [found for one, part in pairs for found in _matching(one, part, name)]
    if isinstance(target, ast.Tuple) and isinstance(value, ast.Subscript):
        # One part of what a table of tuples holds.
        places = [place for place, one in enumerate(target.elts) if isinstance(one, ast.Name) and one.id == name]
        return [ast.Subscript(value.value, ast.Constant(place), ast.Load()) for place in places]
    return []


def _all(many: Iterable[list[str]]) -> list[str]:
    return list(dict.fromkeys(text for texts in many for text in texts))


def _parts(texts: list[str]) -> list[str]:
    """What is put into a text: words of its own count, such as a list or `server`, do not make it another step."""
    return texts if any(len(text.split()) >= SENTENCE for text in texts) or len(texts) == 1 else [OPEN]


def _joined(parts: Sequence[list[str]]) -> list[str]:
    """Every way to put one of each together."""
    return list(dict.fromkeys("".join(chosen) for chosen in product(*parts)))[:64]


def _between(words: Sequence[list[str]]) -> list[list[str]]:
    spaced: list[list[str]] = []
    for word in words:
        spaced += [[" "], word] if spaced else [word]
    return spaced
