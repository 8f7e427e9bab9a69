# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Words of a person that a message must not quote: somebody wrote a kubeconfig where something else belongs."""

from __future__ import annotations

import re

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
