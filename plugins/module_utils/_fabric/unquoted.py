# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Words of a person that a message must not quote: somebody wrote a kubeconfig where something else belongs."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

_KUBECONFIG = re.compile(
    r"apiVersion\b|current-context|client-key|client-certificate|certificate-authority|insecure-skip-tls"
    r"|\b(users|contexts|clusters)\W{1,3}:?\W*(name|user|context|cluster)\b|-----BEGIN|\bLS0tLS1|\beyJ[\w-]{10}"
    # A part of it, in the order of whoever wrote it.
    r"|[\"'](token|password|user)[\"']\s*:|(?<![\w.-])(token|password):\s|\buser:\s*[{&\n]"
)
INSTEAD = "a kubeconfig or key does not belong here, and is not quoted"


def is_quotable(text: str) -> bool:
    """Does it look like nothing that holds credentials?"""
    return _KUBECONFIG.search(text) is None


def quoted(value: object) -> str:
    """A value in quotes for a message, or what it is when it may hold credentials."""
    text = repr(value)
    return text if is_quotable(text) else f"a value that is not quoted ({INSTEAD})"


_FREE = frozenset({"service_annotations", "service_labels", "compose", "groups", "keyed_groups"})
"""What a person writes below these may contain any single line."""


def misplaced(value: object, path: str, *, free: bool = False) -> Iterator[str]:
    """Every place at ``path`` and below it that holds a kubeconfig or key, as a text or a dictionary.

    Where ``free``, a text of one line is none.
    """
    if isinstance(value, str):
        if not is_quotable(value) and ("\n" in value or not free):
            yield path
    elif isinstance(value, Mapping):
        if isinstance(value.get("users"), (list, tuple)) or not all(is_quotable(str(name)) for name in value):
            yield path
            return
        free = free or path.rpartition(".")[2].partition("[")[0] in _FREE
        for name, inner in value.items():
            yield from misplaced(inner, f"{path}.{name}", free=free)
    elif isinstance(value, (list, tuple)):
        for index, inner in enumerate(value):
            yield from misplaced(inner, f"{path}[{index}]", free=free)
