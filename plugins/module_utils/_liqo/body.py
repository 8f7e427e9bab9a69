# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading API bodies, as ``json.loads`` makes them, without assuming that a field is there or has the right type."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from .._fabric.legal import is_port
from .._fabric.model import ClusterId, is_cluster_id

Json = Mapping[str, object]

_BEYOND_INT64 = 2**63
"""Numbers of Kubernetes. A longer one of a broken server could not even be printed."""
_WORD = re.compile(r"[A-Za-z0-9]{1,63}")


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
    return value if isinstance(value, int) and not isinstance(value, bool) and abs(value) < _BEYOND_INT64 else None


def port_at(body: object, *path: str) -> int | None:
    """The port at a path, or None."""
    value = int_at(body, *path)
    return value if is_port(value) else None


def word_at(body: object, *path: str) -> str:
    """The text at a path where it is one word, as the states of Liqo are; empty for anything else."""
    value = text_at(body, *path)
    return value if _WORD.fullmatch(value) else ""


def cluster_at(body: object, *path: str) -> ClusterId:
    """The cluster id at a path; empty for a text that is none."""
    return as_cluster_id(text_at(body, *path))


def as_cluster_id(text: str) -> ClusterId:
    """The text as a cluster id; empty when it is none."""
    return ClusterId(text if is_cluster_id(text) else "")


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


def writable(current: Json | None) -> dict[str, Any]:
    """A body to write, from the one that is there: its metadata, labels and annotations are maps of its own.

    The rest is shared with ``current``, and must be replaced instead of changed. What should be a map and is none is
    left out.
    """
    body: dict[str, Any] = dict(current or {})
    metadata = body["metadata"] = own_map(body.get("metadata"))
    for name in ("labels", "annotations"):
        if name in metadata:
            metadata[name] = own_map(metadata[name])
    return body


def own_map(value: object) -> dict[str, Any]:
    """A copy of a map, to change; empty for anything else."""
    return dict(value) if isinstance(value, Mapping) else {}
