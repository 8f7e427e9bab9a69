# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Label selectors as Kubernetes writes and understands them: ``region=eu, tier in (shop, depot), !retired``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from .legal import is_label_key, is_label_value

_TOKEN = re.compile(r"\s*(==|!=|[=!(),<>]|[^\s=!(),<>]+|$)")
_NUMBER = re.compile(r"[-+]?[0-9]{1,18}")
"""As many digits as always fit into the 64 bits that Kubernetes compares."""
_SYMBOLS = frozenset({"==", "!=", *"=!(),<>", ""})


class SelectorError(ValueError):
    """One sentence: what is wrong with a selector, and at which character, counted from 1."""


class Operator(StrEnum):
    """How a requirement looks at the value of its key."""

    IN = "in"
    NOT_IN = "notin"
    EXISTS = "exists"
    MISSING = "missing"
    GREATER = ">"
    LESS = "<"


@dataclass(frozen=True, slots=True, kw_only=True)
class Requirement:
    """One part of a selector. ``a=b`` is ``a in (b)`` and ``a!=b`` is ``a notin (b)``."""

    key: str
    operator: Operator
    values: frozenset[str] = frozenset()

    def matches(self, labels: Mapping[str, str]) -> bool:
        """As Kubernetes decides: a key that is absent fulfils ``notin``, and a value that is no number no ``<``."""
        value = labels.get(self.key)
        match self.operator:
            case Operator.EXISTS:
                return value is not None
            case Operator.MISSING:
                return value is None
            case Operator.IN:
                return value in self.values
            case Operator.NOT_IN:
                return value not in self.values
        (bound,) = self.values
        if value is None or not _NUMBER.fullmatch(value):
            return False
        return int(value) > int(bound) if self.operator is Operator.GREATER else int(value) < int(bound)

    def __str__(self) -> str:
        values = ",".join(sorted(self.values)) or ","  # () would be no value at all
        match self.operator:
            case Operator.EXISTS:
                return self.key
            case Operator.MISSING:
                return f"!{self.key}"
            case Operator.IN | Operator.NOT_IN:
                return f"{self.key} {self.operator} ({values})"
        return f"{self.key}{self.operator}{values}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Selector:
    """All requirements must hold; without any, everything matches."""

    requirements: tuple[Requirement, ...] = ()

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Does something with these labels belong to the selection?"""
        return all(requirement.matches(labels) for requirement in self.requirements)

    def __str__(self) -> str:
        return ",".join(str(requirement) for requirement in self.requirements)


def parse_selector(text: str) -> Selector:
    """The selector that a text means; an empty text matches everything. Raises SelectorError.

    Stricter than the API server in one thing: it takes ``a in ()`` for one empty value, which nobody means.
    """
    tokens = _Tokens(text)
    if tokens.peek == "":
        return Selector()
    found = [_requirement(tokens)]
    while tokens.peek == ",":
        tokens.take()
        found.append(_requirement(tokens))
    if tokens.peek != "":
        raise tokens.wrong("',' or the end")
    return Selector(requirements=tuple(found))


class _Tokens:
    """Words and symbols of a text, with the place of the next one. The end is an empty token, any number of times."""

    def __init__(self, text: str) -> None:
        self._found = [(match.group(1), match.start(1) + 1) for match in _TOKEN.finditer(text)]
        self._next = 0

    @property
    def peek(self) -> str:
        return self._found[self._next][0]

    @property
    def place(self) -> int:
        return self._found[self._next][1]

    def take(self) -> str:
        token = self.peek
        self._next = min(self._next + 1, len(self._found) - 1)
        return token

    def wrong(self, expected: str) -> SelectorError:
        found = repr(self.peek) if self.peek else "the end"
        return SelectorError(f"at character {self.place} there is {found} instead of {expected}")


def _requirement(tokens: _Tokens) -> Requirement:
    if tokens.peek == "!":
        tokens.take()
        return Requirement(key=_key(tokens), operator=Operator.MISSING)
    key = _key(tokens)
    match tokens.peek:
        case "" | ",":
            return Requirement(key=key, operator=Operator.EXISTS)
        case "=" | "==":
            tokens.take()
            return Requirement(key=key, operator=Operator.IN, values=frozenset({_value(tokens)}))
        case "!=":
            tokens.take()
            return Requirement(key=key, operator=Operator.NOT_IN, values=frozenset({_value(tokens)}))
        case "in" | "notin":
            return Requirement(key=key, operator=Operator(tokens.take()), values=_value_set(tokens))
        case "<" | ">":
            return Requirement(key=key, operator=Operator(tokens.take()), values=frozenset({_number(tokens)}))
    raise tokens.wrong("one of =, ==, !=, in, notin, <, >, ',' or the end")


def _key(tokens: _Tokens) -> str:
    key = tokens.peek
    if key in _SYMBOLS:
        raise tokens.wrong("the key of a label")
    if not is_label_key(key):
        raise SelectorError(f"at character {tokens.place} {key!r} cannot be the key of a label")
    return tokens.take()


def _value(tokens: _Tokens) -> str:
    """May be empty, as in ``a=``."""
    value = tokens.peek
    if value in ("", ",", ")"):
        return ""
    if value in _SYMBOLS:
        raise tokens.wrong("the value of a label")
    if not is_label_value(value):
        raise SelectorError(f"at character {tokens.place} {value!r} cannot be the value of a label")
    return tokens.take()


def _value_set(tokens: _Tokens) -> frozenset[str]:
    if tokens.peek != "(":
        raise tokens.wrong("'('")
    tokens.take()
    if tokens.peek == ")":
        raise tokens.wrong("at least one value")
    values = {_value(tokens)}
    while tokens.peek == ",":
        tokens.take()
        values.add(_value(tokens))
    if tokens.peek != ")":
        raise tokens.wrong("',' or ')'")
    tokens.take()
    return frozenset(values)


def _number(tokens: _Tokens) -> str:
    # Not below 0: what follows an operator must be a possible value of a label, and those begin with no sign.
    if not _NUMBER.fullmatch(tokens.peek) or not is_label_value(tokens.peek):
        raise tokens.wrong("a whole number")
    return tokens.take()
