# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Commands that a message suggests: the one place where they are put together."""

from __future__ import annotations

import shlex


def command(*words: str) -> str:
    """The command with each word quoted where a shell would take it for more than a word."""
    return shlex.join(words)
