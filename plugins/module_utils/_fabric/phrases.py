# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Parts of messages. A cluster may hold thousands of objects: a message names a few of them."""

from __future__ import annotations

from collections.abc import Sequence

NAMED = 5
"""How many of a longer list are named."""


def few(texts: Sequence[str]) -> str:
    """The first texts, separated by commas, and how many more there are."""
    rest = len(texts) - NAMED
    return ", ".join(texts[:NAMED]) + (f" and {rest} more" if rest > 0 else "")
