# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Kubeconfigs that somebody wrote into an option which is none for them: their secrets are masked all the same."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from .._fabric.unquoted import is_quotable
from .kubeconfig import is_content
from .secrets_in_options import secret_values

_SHORTEST_LINE = 16
"""A shorter one could be a line of any text."""


def secrets_anywhere(value: object) -> frozenset[str]:
    """Every secret text in kubeconfigs at any place below the value, and each line of those that are texts."""
    return frozenset(_walk(value))


def _walk(value: object) -> Iterator[str]:
    todo = [value]
    while todo:
        found = todo.pop()
        if isinstance(found, Mapping):
            if isinstance(found.get("users"), (list, tuple)):
                yield from secret_values({"kubeconfig": found}, {})
            todo += [inner for key, inner in found.items() if key != "kubeconfig" or not _is_in_place(inner)]
        elif isinstance(found, (list, tuple)):
            todo += found
        elif isinstance(found, str) and is_content(found) and not is_quotable(found):
            yield from secret_values({"kubeconfig": found}, {})
            # One more space and it would be no line of it any more: messages have single ones.
            yield from (line for text in found.splitlines() if len(line := " ".join(text.split())) > _SHORTEST_LINE)


def _is_in_place(kubeconfig: object) -> bool:
    """`secret_values` of the cluster knows it."""
    return isinstance(kubeconfig, (str, Mapping))
