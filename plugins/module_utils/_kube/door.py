# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one way in for what an API server says: from bytes to JSON, and from JSON to objects of a known shape.

Pure. What no Kubernetes API server sends is refused as a whole: bytes that are no UTF-8, NaN and Infinity, numbers of
more than 64 bits, deep nesting, an item that is no object, metadata of other types. What a real one may send, because
people may store it, is let in and made harmless: control characters, directions of writing, line separators and halves
of surrogate pairs become U+FFFD, also in keys. Tab, line feed and carriage return stay, since values of many lines are
common and are written back as they are; whatever shows a text cleans it once more for the place where it is shown.

Almost no answer holds any such character. Bytes are searched first, which costs a hundredth of reading the JSON, and
only where something was found every text is looked at.
"""

from __future__ import annotations

import json
import math
import re
from functools import cache
from typing import NoReturn, cast

from .._fabric.errors import FabricError, FailureName
from .._fabric.resources import Json, Resource
from .limits import DEFAULT, Limits

REPLACEMENT = "\N{REPLACEMENT CHARACTER}"

_HARMFUL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
# The same as escapes of JSON, and some more: a hit only means that the texts are looked at.
_ESCAPED = re.compile(rb"\\(?:[bf]|u(?:00[0189]|007[fF]|[dD][89a-fA-F]|20[26]))")
_ANY_ESCAPE = re.compile(rb"\\.", re.DOTALL)

_BYTES_OF_VALUE = 8
"""Real objects have at least so many for each value."""
_SHAPE = bytes.maketrans(b"[]", b"{}")
_NO_SHAPE = bytes(code for code in range(256) if code not in b'{}[]"')

_MAPS = ("labels", "annotations")
_FIELDS_OF_METADATA: tuple[tuple[str, type], ...] = (
    *((field, str) for field in ("namespace", "uid", "resourceVersion", "creationTimestamp", "deletionTimestamp")),
    *((field, dict) for field in _MAPS),
    *((field, list) for field in ("finalizers", "ownerReferences")),
)
_PARTS = ("spec", "status", "data")


class NotKubernetesError(Exception):
    """An answer that no Kubernetes API server gives; the words say what is wrong with it and never quote it."""


class LimitReachedError(Exception):
    """An answer that is more than is taken from one cluster; the words name the limit and its value."""


def as_fabric_error(problem: NotKubernetesError | LimitReachedError, *, what: str, where: str) -> FabricError:
    """The error of that cluster."""
    if isinstance(problem, LimitReachedError):
        return FabricError(
            what=what,
            where=where,
            why=f"it answered with {problem}, which is the limit for one cluster",
            next="look for a kind with an unusual number or size of objects in this cluster",
            fault=FailureName.LIMIT_REACHED,
        )
    return FabricError(
        what=what,
        where=where,
        why=f"its answer {problem}, so this is no Kubernetes API server, or something changes its answers",
        next="correct the address in the connection options of this cluster, or look at what stands before it",
        fault=FailureName.NOT_UNDERSTOOD,
    )


def read_json(content: bytes, limits: Limits = DEFAULT) -> Json:
    """The JSON object in these bytes, with its texts made harmless. Raises NotKubernetesError, LimitReachedError."""
    _check_nesting(content, limits)
    try:
        text = content.decode()
        body = _decoder(limits.digits).decode(text)
    except (ValueError, RecursionError, MemoryError):
        # The exception would quote the answer.
        raise NotKubernetesError("is no JSON") from None
    if not isinstance(body, dict):
        raise NotKubernetesError("is no JSON object")
    if _may_harm(content, text):
        return cast(Json, _harmless(body))
    return body


def shown(text: object, *, most: int) -> str:
    """Words of a server for a message: one line, nothing that a terminal obeys, cut; empty for what is no text."""
    if not isinstance(text, str):
        return ""
    line = " ".join(text[: 2 * most].split())
    line = "".join(letter if letter.isprintable() else REPLACEMENT for letter in line)
    return line if len(line) <= most else line[: most - 1] + "…"


def object_of(body: object, *, resource: Resource, namespace: str | None = None) -> dict[str, object]:
    """The same, once it is known to be an object of this kind, in this namespace if one is given.

    It has a name, each field that every kind has is of its type, and it says which kind it is, which the server leaves
    out in lists of built-in kinds. Raises NotKubernetesError.
    """
    metadata = metadata_in(body)
    found = cast("dict[str, object]", body)
    name, place = metadata.get("name"), metadata.get("namespace") or None
    if not isinstance(name, str) or not _is_segment(name):
        raise NotKubernetesError("has an object without a legal name")
    for field, kind in _FIELDS_OF_METADATA:
        if (value := metadata.get(field)) is not None and not isinstance(value, kind):
            raise NotKubernetesError(f"has an object whose metadata.{field} is of another type")
        if isinstance(value, str) and len(value) > DEFAULT.name:
            raise NotKubernetesError(f"has an object whose metadata.{field} has more than {DEFAULT.name} characters")
    if (place is not None) is not resource.namespaced or namespace not in (None, place):
        raise NotKubernetesError("has an object in another namespace than those that were asked for")
    for field in _MAPS:
        texts = cast("dict[str, object] | None", metadata.get(field))
        if texts and not all(isinstance(value, str) for value in texts.values()):
            raise NotKubernetesError(f"has an object whose metadata.{field} hold something else than texts")
    for field in _PARTS:
        if (value := found.get(field)) is not None and not isinstance(value, dict):
            raise NotKubernetesError(f"has an object whose {field} is no object")
    # What a server calls it otherwise is no reason to write another kind.
    found["apiVersion"], found["kind"] = resource.api_version, resource.kind
    return found


def _is_segment(name: str) -> bool:
    """Of a path, by the rule for the names of all kinds."""
    return name not in ("", ".", "..") and "/" not in name and "%" not in name and len(name) <= DEFAULT.name


def metadata_in(body: object) -> dict[str, object]:
    """The metadata of an object or of a list. Raises NotKubernetesError."""
    metadata = body.get("metadata") if isinstance(body, dict) else None
    if not isinstance(metadata, dict):
        raise NotKubernetesError("has an object without metadata")
    return metadata


def weight(content: bytes) -> int:
    """The bytes of an event, more of them where it holds so many values that Python needs more memory for them."""
    values = content.count(b",") + content.count(b"{") + content.count(b"[")
    return max(len(content), _BYTES_OF_VALUE * values)


def _check_nesting(content: bytes, limits: Limits) -> None:
    """Raises before anything is built. In bytes, because a walk over what was built takes as long as building it."""
    plain = _ANY_ESCAPE.sub(b"", content) if b"\\" in content else content
    # Brackets, all of one kind, and quotes; the quotes of a text without brackets go at once.
    nested = plain.translate(_SHAPE, _NO_SHAPE).replace(b'""', b"")
    if b'"' in nested:
        # Every second part is a text.
        nested = b"".join(nested.split(b'"')[::2])
    # Two bytes a value, at least.
    if len(content) > 2 * limits.values and len(nested) // 2 + content.count(b",") > limits.values:
        raise LimitReachedError(f"more than {limits.values} values")
    for _level in range(limits.depth):
        # Each pass takes the innermost level away.
        nested = nested.replace(b"{}", b"")
        if not nested:
            return
    raise NotKubernetesError(f"is no JSON, or is nested deeper than {limits.depth} levels")


@cache
def _decoder(digits: int) -> json.JSONDecoder:
    def whole(text: str) -> int:
        if len(text) > digits:
            raise ValueError("too many digits")
        return int(text)

    def fraction(text: str) -> float:
        value = float(text)
        if not math.isfinite(value):
            raise ValueError("no number")
        return value

    def constant(_name: str) -> NoReturn:
        raise ValueError("no number")

    return json.JSONDecoder(parse_int=whole, parse_float=fraction, parse_constant=constant)


def _may_harm(content: bytes, text: str) -> bool:
    if b"\x7f" in content or (b"\\" in content and _ESCAPED.search(content) is not None):
        return True
    return not text.isascii() and _HARMFUL.search(text) is not None


def _harmless(value: object) -> object:
    if isinstance(value, str):
        return _HARMFUL.sub(REPLACEMENT, value)
    if isinstance(value, list):
        return [_harmless(item) for item in value]
    if isinstance(value, dict):
        return {_harmless(key): _harmless(item) for key, item in value.items()}
    return value
