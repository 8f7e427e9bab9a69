# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A kubeconfig that somebody else wrote, such as one in a Secret: may it be used here at all?

Whoever may write that Secret must not get to run programs or have files read on the machine of the person.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from .._fabric.errors import FabricError, FailureName
from .kubeconfig_fields import KubeconfigError
from .kubeconfig_text import has_aliases, parse

_RUNS_PROGRAMS = ("exec", "auth-provider")
_NAMES_FILES = ("certificate-authority", "client-certificate", "client-key", "tokenFile")


def require_self_contained(text: str, *, where: str) -> None:
    """Raises FabricError, which quotes nothing of the content, unless it is a kubeconfig that stands for itself."""
    try:
        document = None if has_aliases(text) else parse(text, "it")
    except KubeconfigError:
        document = None
    if not isinstance(document, Mapping) or not document.get("clusters"):
        raise _unusable(where, "it holds no kubeconfig", "look at the Secret, Liqo has not filled it or it is damaged")
    found = sorted({key for entry in _entries(document) for key in (*_RUNS_PROGRAMS, *_NAMES_FILES) if entry.get(key)})
    if found:
        why = f"it has {', '.join(found)}, which would run programs or read files of this machine"
        raise _unusable(where, why, "give the leaf a kubeconfig of your own with kubeconfig_pattern")


def _entries(document: Mapping[object, object]) -> Iterator[Mapping[object, object]]:
    for section in ("clusters", "users"):
        entries = document.get(section)
        for entry in entries if isinstance(entries, list) else ():
            content = entry.get(section.removesuffix("s")) if isinstance(entry, Mapping) else None
            if isinstance(content, Mapping):
                yield content


def _unusable(where: str, why: str, next_step: str) -> FabricError:
    return FabricError(
        what="the kubeconfig in the Secret is not used",
        where=where,
        why=why,
        next=next_step,
        fault=FailureName.NO_CREDENTIALS,
    )
