# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lines for people: aligned cells and failures, for a terminal of 120 columns."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from .errors import FailureName
from .terminal import one_line

Row: TypeAlias = Mapping[str, Any]
"""A dictionary of the result of a task. Any key may be missing: the text says less then."""

WIDTH = 120
WIDEST = 110
"""A longer cell would push all others out of sight. The ids of two clusters fit."""
_GAP = "  "
_NARROWEST = 30
"""The last cell gets at least so many characters before it is wrapped, however wide the others are."""


def aligned(rows: Sequence[Sequence[str]], *, indent: str = "") -> list[str]:
    """One line per row, each column as wide as its widest cell; the last cell is wrapped below itself.

    All rows have the same number of cells.
    """
    return [line for block in aligned_blocks(rows, indent=indent) for line in block]


def aligned_blocks(rows: Sequence[Sequence[str]], *, indent: str = "") -> list[list[str]]:
    """The lines of each row, for a caller that puts something between the rows."""
    rows = [[*(one_line(cell, longest=WIDEST) for cell in row[:-1]), row[-1]] for row in rows]
    columns = len(rows[0]) - 1 if rows else 0
    widths = [max(len(row[column]) for row in rows) for column in range(columns)]
    blocks = []
    for row in rows:
        head = indent + "".join(cell.ljust(width) + _GAP for cell, width in zip(row[:-1], widths, strict=True))
        blocks.append(wrapped(row[-1], head=head))
    return blocks


def wrapped(text: str, *, head: str = "") -> list[str]:
    """The text after `head`, continued below its own beginning where a line would be too long."""
    width = max(WIDTH, len(head) + _NARROWEST)
    found = textwrap.wrap(
        one_line(text),
        width,
        initial_indent=head,
        subsequent_indent=" " * len(head),
        break_long_words=False,
        break_on_hyphens=False,
    )
    return [line.rstrip() for line in found or [head]]


def counted(number: int, noun: str) -> str:
    """``1 link``, ``2 links``."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def rest(all_of_them: Sequence[object], shown: int, noun: str, key: str, *, indent: str = "  ") -> list[str]:
    """A line about what is not shown, where there is such."""
    more = len(all_of_them) - shown
    return [f"{indent}{counted(more, f'more {noun}')} in the result, under {key}"] if more > 0 else []


def milliseconds(value: float) -> str:
    """``0.42 ms``, ``17 ms``: three figures say more than was measured."""
    return f"{value:.0f} ms" if value >= 10 else f"{value:.2g} ms"


def fault_name(failure: Row) -> str:
    """By which docs/troubleshooting.md explains the failure; empty where it has no name of its own."""
    name = str(failure.get("fault") or "")
    return "" if name == FailureName.OTHER else name


def failure_lines(failure: Row, links: Sequence[str] = ()) -> list[str]:
    """Where and what on the first line; why, what to do and which links below it."""
    name = fault_name(failure)
    title = f"{failure.get('where', '?')}: {failure.get('what', '?')}" + (f" [{name}]" if name else "")
    lines = wrapped(title, head="  ")
    cells = [[name, str(failure[name])] for name in ("why", "next") if failure.get(name)]
    if links:
        cells.append(["links", ", ".join(links)])
    return lines + aligned(cells, indent="      ")
