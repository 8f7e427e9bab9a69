# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which room of the house may import which: the rules, and a checker that reads the syntax trees.

Nothing is imported, so a tree that is broken or only a sample can be checked too.
Imports under TYPE_CHECKING count like all others.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

COLLECTION = ("ansible_collections", "liqo", "fabric")
MODULE_UTILS = ("plugins", "module_utils")
FACES = "faces"
CORE_ROOMS = ("_fabric", "_liqo", "_kube", "_run")
NO_CODE = frozenset({"doc_fragments"})

WORLD = frozenset(
    {"asyncio", "getpass", "glob", "http", "io", "logging", "os", "pathlib", "select", "selectors", "shutil"}
)
WORLD |= {"signal", "socket", "socketserver", "ssl", "subprocess", "tempfile", "urllib"}
CHANCE = frozenset({"concurrent", "multiprocessing", "random", "secrets", "threading", "time", "uuid"})
CLOCK_METHODS = frozenset({"now", "utcnow", "today"})
WORLD_BUILTINS = frozenset({"input", "open", "print"})
CLIENT_PACKAGES = frozenset({"kubernetes", "requests", "urllib3", "websocket"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """What one room may use."""

    rooms: frozenset[str]
    """Rooms of ours that it may import, beside itself."""
    only_modules: frozenset[str] | None = None
    """Where set: the modules of those rooms that it may import, as `room.module`."""
    packages: frozenset[str] | None = None
    """Foreign packages that it may import beside the standard library; None for any."""
    forbidden: frozenset[str] = frozenset()
    """Top-level packages that it must not import, the standard library included."""
    pure: bool = False
    """No clock, no files, no terminal."""


_PURE = Rule(rooms=frozenset(), packages=frozenset({"netaddr"}), forbidden=WORLD | CHANCE, pure=True)
RULES = {
    "_fabric": _PURE,
    "_liqo": Rule(rooms=frozenset({"_fabric"}), packages=_PURE.packages, forbidden=WORLD | CHANCE, pure=True),
    "_kube": Rule(
        rooms=frozenset({"_fabric"}),
        only_modules=frozenset({"_fabric.command", "_fabric.errors", "_fabric.resources", "_fabric.unquoted"}),
        forbidden=frozenset({"ansible"}),
    ),
    "_run": Rule(rooms=frozenset({"_fabric", "_kube", "_liqo"}), forbidden=CLIENT_PACKAGES | {"ansible"}),
    FACES: Rule(rooms=frozenset({"_run", "_fabric"}), forbidden=CLIENT_PACKAGES),
    "lab": Rule(rooms=frozenset(), forbidden=frozenset({"ansible", "ansible_collections", "tests"})),
}


def violations(root: Path) -> list[str]:
    """One line `file:line: what` for each import or call that breaks RULES in the checkout `root`; sorted."""
    found: list[str] = []
    for path in source_files(root):
        room = room_of(path.relative_to(root).with_suffix("").parts)
        if room is None:
            continue
        tree = ast.parse(path.read_text(encoding="utf-8"), filename=str(path))
        found += [
            f"{path.relative_to(root)}:{line}: {what}" for line, what in _breaches(tree, room, path.relative_to(root))
        ]
    return sorted(found)


def source_files(root: Path) -> Iterator[Path]:
    for top in ("plugins", "extensions", "lab"):
        yield from sorted((root / top).rglob("*.py"))


def room_of(parts: tuple[str, ...]) -> str | None:
    """The room of a module, given by its path below the collection; None for what belongs to no room."""
    if parts[:1] == ("lab",):
        return "lab"
    if parts[:2] == MODULE_UTILS:
        # A loose file beside the four packages serves the faces.
        return parts[2] if parts[2:] and parts[2] in CORE_ROOMS else FACES
    if parts[:1] in (("plugins",), ("extensions",)) and not NO_CODE.intersection(parts):
        return FACES
    return None


def _breaches(tree: ast.AST, room: str, path: Path) -> Iterator[tuple[int, str]]:
    rule = RULES[room]
    for node in ast.walk(tree):
        for target in _imports(node, path):
            if problem := _import_problem(target, room, rule):
                yield node.lineno, problem  # type: ignore[attr-defined]  # only import statements have targets
        if rule.pure and isinstance(node, ast.Call) and (problem := _call_problem(node, room)):
            yield node.lineno, problem


def _imports(node: ast.AST, path: Path) -> list[tuple[str, ...]]:
    """Dotted names that a statement imports; relative ones are resolved, so that they begin with COLLECTION."""
    if isinstance(node, ast.Import):
        return [tuple(alias.name.split(".")) for alias in node.names]
    if not isinstance(node, ast.ImportFrom):
        return []
    base = tuple(node.module.split(".")) if node.module else ()
    if node.level:
        package = path.parent.parts
        base = COLLECTION + package[: len(package) - (node.level - 1)] + base
    return [(*base, alias.name) for alias in node.names]


def _import_problem(target: tuple[str, ...], room: str, rule: Rule) -> str | None:
    top = target[0]
    if target[:3] == COLLECTION:
        return _own_import_problem(target[3:], room, rule)
    if top in {"lab", "plugins"}:
        return _own_import_problem(target, room, rule)
    if top in rule.forbidden:
        return f"{room} imports {top}"
    if rule.packages is not None and top not in sys.stdlib_module_names and top not in rule.packages:
        return f"{room} imports {top}"
    return None


def _own_import_problem(inside: tuple[str, ...], room: str, rule: Rule) -> str | None:
    other = room_of(inside)
    if other is None or other == room:
        return None
    if other not in rule.rooms:
        return f"{room} imports {other}"
    module = ".".join(inside[2:4])
    if rule.only_modules is not None and module not in rule.only_modules:
        return f"{room} imports {module}"
    return None


def _call_problem(call: ast.Call, room: str) -> str | None:
    match call.func:
        case ast.Attribute(attr=name) if name in CLOCK_METHODS:
            return f"{room} reads the clock with {name}()"
        case ast.Name(id=name) if name in WORLD_BUILTINS:
            return f"{room} calls {name}()"
    return None
