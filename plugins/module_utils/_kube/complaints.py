# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a foreign program says, made fit for a message: one short line without control characters or secrets."""

from __future__ import annotations

import re
from collections.abc import Iterable

from .door import shown
from .limits import DEFAULT

HIDDEN = "***"
"""In place of a secret."""

_ESCAPE = re.compile(r"\x1b(\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(\x07|\x1b\\)?)")
# A JWT, and a run of letters that is too long for a word or a UUID.
_LOOKS_SECRET = re.compile(r"\beyJ[\w.=-]{8,}|[\w+=-]{40,}")
_WORD = re.compile(r"[^\s\"'`,;:(){}\[\]<>=]{12,}")
_ERROR = re.compile(
    r"\b(error|fatal|failed|failure|expired|denied|invalid|unauthorized|unable|cannot)\b", re.IGNORECASE
)
_LINES = 20
"""Lines at the end among which an error is looked for."""
# A shorter one would be found in ordinary words, so that it is hidden as a word of its own only.
_SHORTEST = 4


def one_line(text: str, *, most: int = DEFAULT.quoted_text) -> str:
    """Cut, and without what a terminal obeys."""
    return shown(_ESCAPE.sub("", text), most=most)


def gist(said: bytes, *, secrets: Iterable[str], printed: bytes = b"") -> str:
    """The last line in which something is said, and before it the error that it goes with, if a line above names one.

    Empty when there is none. Hidden in it are the `secrets`, what looks like a token, and long words that were
    `printed` as well.
    """
    lines = [line for line in said.decode("utf-8", "replace").splitlines() if line.strip()]
    errors = [line for line in lines[-_LINES:] if _ERROR.search(line)]
    output, hidden = printed.decode("utf-8", "replace"), sorted(set(secrets), key=len, reverse=True)
    # After an error often comes a line that says where to read more.
    told = [_without(line, hidden, output) for line in dict.fromkeys((*errors[-1:], *lines[-1:]))]
    return one_line("; ".join([*(line.rstrip(".;") for line in told[:-1]), *told[-1:]]))


def _without(said: str, secrets: Iterable[str], output: str) -> str:
    line = one_line(said, most=len(said))
    for secret in secrets:
        if len(secret) >= _SHORTEST:
            line = line.replace(secret, HIDDEN)
        elif secret:
            line = re.sub(rf"(?<![^\W_]){re.escape(secret)}(?![^\W_])", HIDDEN, line)
    line = _WORD.sub(lambda word: HIDDEN if word[0] in output else word[0], line)
    return _LOOKS_SECRET.sub(HIDDEN, line)
