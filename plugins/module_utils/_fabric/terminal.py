# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Text that somebody else has written, on a terminal, in a log and in a message.

Everything that a person may read goes through here: no text can move the cursor, begin a line of its own, run from
right to left, fill the screen, reach into other lines with marks, or hide letters that take place and show nothing.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from unicodedata import category

LONGEST = 2000
"""Letters of one text: more than any sentence of ours has."""
LONGEST_REASON = 10 * LONGEST
"""Of a message that names all that is wrong in the options of a task."""

MOST_STACKED = 4
"""Marks above or below one letter. Scripts that have most of them, such as Hebrew and Tibetan, need no more."""
MOST_MARKS = 6
"""The same, with marks that have a place of their own."""

_SHOWS_NOTHING = frozenset(
    "\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u2800\u3164\uffa0\U00016fe4\U0001d159"
) | {chr(number) for first, last in ((0xFE00, 0xFE0F), (0xE0100, 0xE01EF)) for number in range(first, last + 1)}
"""Fillers, blanks and selectors that count as printable."""
_OPENS_TEMPLATE = re.compile(r"\{(?=[{%#])|^#(?=jinja2:)")


def one_line(text: str, *, longest: int = LONGEST) -> str:
    """The text in one line of printable letters, cut where it is longer than ``longest``.

    White space becomes a space; what else cannot be printed or seen, and marks beyond those that a letter may have, are
    written as Python would escape them.
    """
    if not (text.isascii() and text.isprintable()):
        text = "".join(_letters(" ".join(text[: 2 * longest].split()), ""))
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
    return text if text.isascii() and text.isprintable() else "".join(_letters(text, "\n\t"))


def _letters(text: str, kept: str) -> Iterator[str]:
    """Each letter as it is shown; those of ``kept`` stay, though they are not printable."""
    # What stands before the text is not to be changed by it, so that no mark may be its first letter.
    stacked, marks = MOST_STACKED, MOST_MARKS
    for letter in text:
        if not letter.isprintable() or letter in _SHOWS_NOTHING:
            stacked, marks = MOST_STACKED, MOST_MARKS
            yield letter if letter in kept else _escaped(letter)
            continue
        kind = category(letter)
        if kind[0] != "M":
            stacked, marks = (MOST_STACKED, MOST_MARKS) if letter == " " else (0, 0)
            yield letter
            continue
        stacked, marks = stacked + (kind != "Mc"), marks + 1
        if stacked > MOST_STACKED or marks > MOST_MARKS:
            stacked, marks = MOST_STACKED, MOST_MARKS
            yield _escaped(letter)
        else:
            yield letter


def _escaped(letter: str) -> str:
    return letter.encode("unicode_escape").decode("ascii")
