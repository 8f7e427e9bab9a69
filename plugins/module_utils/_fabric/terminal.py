# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Text that somebody else has written, on a terminal, in a log and in a message.

Everything that a person may read goes through here: no text can move the cursor, begin a line of its own, run from
right to left or fill the screen.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from typing import Any

LONGEST = 2000
"""Letters of one text: more than any sentence of ours has."""
LONGEST_REASON = 10 * LONGEST
"""Of a message that names all that is wrong in the options of a task."""

_OPENS_TEMPLATE = re.compile(r"\{(?=[{%#])|^#(?=jinja2:)")


def one_line(text: str, *, longest: int = LONGEST) -> str:
    """The text in one line of printable letters, cut where it is longer than ``longest``.

    White space becomes a space; what else cannot be printed is written as Python would escape it.
    """
    if not text.isprintable():
        text = "".join(map(_printable, " ".join(text[: 2 * longest].split())))
    return text if len(text) <= longest else f"{text[: longest - 3]}..."


def one_lines(value: Any) -> Any:
    """The same with every text of it, however deep, in one line."""
    return _each_text(value, one_line)


def printable(value: Any) -> Any:
    """The result of a task as Ansible may show, log and keep it: of what is not printable, only line breaks and tabs.

    A number that JSON does not know is None.
    """
    return _each_text(value, _printable_text)


def inert(value: Any) -> Any:
    """The same with every text in one line that Ansible renders as it is, such as an event that becomes variables."""
    return _each_text(value, lambda text: _OPENS_TEMPLATE.sub(r"\g<0> ", one_line(text)))


def _each_text(value: Any, change: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return change(value)
    if isinstance(value, Mapping):
        return {_each_text(key, change): _each_text(item, change) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_each_text(item, change) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _printable_text(text: str) -> str:
    if text.isprintable():
        return text
    return "".join(letter if letter in "\n\t" else _printable(letter) for letter in text)


def _printable(letter: str) -> str:
    return letter if letter.isprintable() else letter.encode("unicode_escape").decode("ascii")
