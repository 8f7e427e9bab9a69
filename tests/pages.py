# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Markdown pages of the documentation, and the examples in them."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").glob("*.md"), *(ROOT / "roles").glob("*/README.md")])

_FENCED = re.compile(r"^```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_SECTION = re.compile(r"^## (.+)$", re.MULTILINE)


@dataclass(frozen=True)
class Block:
    """One fenced block; ``language`` is empty for what people type or read."""

    language: str
    text: str


def blocks(text: str) -> list[Block]:
    return [Block(language, content) for language, content in _FENCED.findall(text)]


def blocks_of(page: Path, language: str) -> list[str]:
    return [block.text for block in blocks(page.read_text(encoding="utf-8")) if block.language == language]


def sections(page: Path) -> dict[str, str]:
    """The text below each heading of the second level."""
    _before, *parts = _SECTION.split(page.read_text(encoding="utf-8"))
    return dict(zip(parts[::2], parts[1::2], strict=True))


def commands(page: Path, program: str) -> Iterator[str]:
    """What follows ``program`` in the lines of plain and shell blocks that begin with it; comments are left out."""
    for language in ("", "sh"):
        for text in blocks_of(page, language):
            for line in text.splitlines():
                found = re.match(rf"\s*(?:\$ )?{re.escape(program)} (.*)", line)
                if found:
                    # What comes before a comment, a redirection or the next command.
                    yield re.split(r"\s[#>&|]", found[1])[0]


def slug(heading: str) -> str:
    """The anchor that GitHub gives to a heading."""
    kept = re.sub(r"[^\w\- ]", "", re.sub(r"\[([^\]]+)\]\([^)]*\)", r"\1", heading).lower())
    return kept.strip().replace(" ", "-")


def anchors(page: Path) -> set[str]:
    text = _FENCED.sub("", page.read_text(encoding="utf-8"))
    return {slug(heading) for heading in re.findall(r"^#+ (.+)$", text, re.MULTILINE)}


def is_test(name: str) -> bool:
    """Is there a test of this name, given as pytest gives it: `tests/...py::test_name`, or with a class between?"""
    file, *inner, test = name.split("::")
    body = ast.parse((ROOT / file).read_text(encoding="utf-8")).body
    for wanted in inner:
        body = next((node.body for node in body if isinstance(node, ast.ClassDef) and node.name == wanted), [])
    return any(isinstance(node, ast.FunctionDef) and node.name == test for node in body)
