# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Events of Kubernetes: what a cluster said last about one of its objects."""

from __future__ import annotations

from collections.abc import Iterable

from .._fabric.moments import instant
from .._fabric.terminal import one_line
from .body import Json, text_at

LONGEST_QUOTE = 300
"""Letters of what an Event says."""


def last_warning(events: Iterable[Json], kind: str, about: Json) -> str:
    """Reason and message of the last warning about an object, in one line and cut; empty when there is none.

    An object of the same name that is gone had another uid.
    """
    name, uid = (text_at(about, "metadata", key) for key in ("name", "uid"))
    found = [
        event
        for event in events
        if text_at(event, "type") == "Warning"
        and (text_at(event, "involvedObject", "kind"), text_at(event, "involvedObject", "name")) == (kind, name)
        and text_at(event, "involvedObject", "uid") in ("", uid)
    ]
    if not found:
        return ""
    last = max(found, key=seen_last)
    said = ": ".join(part for part in (text_at(last, "reason"), text_at(last, "message")) if part)
    return one_line(said, longest=LONGEST_QUOTE)


def seen_last(event: Json) -> float:
    """When it was seen last; the clock of that cluster is compared with itself alone."""
    times = (
        text_at(event, "series", "lastObservedTime"),
        text_at(event, "lastTimestamp"),
        text_at(event, "eventTime"),
        text_at(event, "metadata", "creationTimestamp"),
    )
    return max((found.timestamp() for found in map(instant, times) if found is not None), default=0.0)
