# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading API bodies, as ``json.loads`` makes them, without assuming that a field is there or has the right type."""

from __future__ import annotations

from collections.abc import Mapping

Json = Mapping[str, object]


def at(body: object, *path: str) -> object:
    """The value at a path of keys; None as soon as one is missing."""
    for key in path:
        if not isinstance(body, dict):
            return None
        body = body.get(key)
    return body


def text_at(body: object, *path: str) -> str:
    """The text at a path; empty when there is none."""
    value = at(body, *path)
    return value if isinstance(value, str) else ""


def int_at(body: object, *path: str) -> int | None:
    """The whole number at a path, or None."""
    value = at(body, *path)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def items_at(body: object, *path: str) -> tuple[object, ...]:
    """The list at a path; empty when there is none."""
    value = at(body, *path)
    return tuple(value) if isinstance(value, (list, tuple)) else ()


def texts_at(body: object, *path: str) -> tuple[str, ...]:
    """The texts of the list at a path, in its order; a null list is empty."""
    return tuple(item for item in items_at(body, *path) if isinstance(item, str))


def map_at(body: object, *path: str) -> dict[str, str]:
    """The text-to-text map at a path, like labels."""
    value = at(body, *path)
    if not isinstance(value, dict):
        return {}
    return {key: item for key, item in value.items() if isinstance(key, str) and isinstance(item, str)}


def says(held: object, wanted: object) -> bool:
    """Is everything wanted there? What the API server fills in does not count."""
    if isinstance(wanted, Mapping):
        return isinstance(held, Mapping) and all(says(held.get(key), value) for key, value in wanted.items())
    if isinstance(wanted, (list, tuple)):
        return (
            isinstance(held, (list, tuple))
            and len(held) == len(wanted)
            and all(says(one, value) for one, value in zip(held, wanted, strict=True))
        )
    return held == wanted
