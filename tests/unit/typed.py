# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Is a value of the type that is declared for it? Dataclasses are looked through, and numbers must be finite."""

from __future__ import annotations

import collections.abc
import dataclasses
import functools
import math
import types
import typing
from enum import Enum
from typing import Any


def misfit(value: object, declared: Any, place: str = "value") -> str:
    """Where and why ``value`` is not of the declared type; empty when it is."""
    if isinstance(declared, typing.NewType):
        return misfit(value, declared.__supertype__, place)
    if declared in (Any, object):
        return ""
    if declared is None or declared is type(None):
        return "" if value is None else f"{place} is a {type(value).__name__} instead of None"
    origin, arguments = typing.get_origin(declared), typing.get_args(declared)
    if origin in (typing.Union, types.UnionType):
        found = [misfit(value, one, place) for one in arguments]
        return "" if "" in found else "; or ".join(found)
    if origin is not None:
        return _of_collection(value, origin, arguments, place)
    return _of_class(value, declared, place)


def _of_collection(value: object, origin: Any, arguments: tuple[Any, ...], place: str) -> str:
    if not isinstance(value, origin) or isinstance(value, str):
        return f"{place} is a {type(value).__name__} instead of a {origin.__name__}"
    if origin in (dict, collections.abc.Mapping) and isinstance(value, collections.abc.Mapping):
        pairs = [(key, arguments[0], f"key of {place}") for key in value]
        pairs += [(item, arguments[1], f"{place}[{key!r}]") for key, item in value.items()]
    elif origin is tuple and isinstance(value, tuple) and Ellipsis not in arguments:
        if len(value) != len(arguments):
            return f"{place} has {len(value)} values instead of {len(arguments)}"
        pairs = [
            (item, one, f"{place}[{index}]") for index, (item, one) in enumerate(zip(value, arguments, strict=True))
        ]
    elif isinstance(value, collections.abc.Collection):
        pairs = [(item, arguments[0], f"item of {place}") for item in value]
    else:
        raise TypeError(f"no rule for {origin}")
    return next((wrong for wrong in (misfit(*pair) for pair in pairs) if wrong), "")


def _of_class(value: object, declared: Any, place: str) -> str:
    fits = isinstance(value, declared) and not (isinstance(value, bool) and declared is not bool)
    if not fits:
        return f"{place} is a {type(value).__name__} instead of a {declared.__name__}"
    if isinstance(value, float) and not math.isfinite(value):
        return f"{place} is {value}"
    if not dataclasses.is_dataclass(value) or isinstance(value, Enum):
        return ""
    hints = _hints(value.__class__)
    found = (misfit(getattr(value, name), hint, f"{place}.{name}") for name, hint in hints.items())
    return next((wrong for wrong in found if wrong), "")


@functools.cache
def _hints(declared: type) -> dict[str, Any]:
    hints = typing.get_type_hints(declared)
    return {field.name: hints[field.name] for field in dataclasses.fields(declared)}
