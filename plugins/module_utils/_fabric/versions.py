# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one reader of versions of Liqo, which are tags of images and labels: any text can be there."""

from __future__ import annotations

import re

_VERSION = re.compile(r"v?([0-9]{1,6}(?:\.[0-9]{1,6}){1,3})(?:[-+].*)?")


def parse_version(text: str) -> tuple[int, ...] | None:
    """(1, 2, 0) of ``v1.2.0`` or ``1.2.0-rc.1``; None for a digest, a branch name or nothing."""
    match = _VERSION.fullmatch(text)
    return tuple(map(int, match[1].split("."))) if match else None
