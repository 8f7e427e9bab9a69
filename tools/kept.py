# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the checks keep, outside the checkout, what is expensive to fetch again. The lab uses the same folder."""

from __future__ import annotations

import os
from pathlib import Path


def kept_folder(name: str) -> Path:
    """The folder `name` in the cache of this project, made when missing; `LIQO_FABRIC_CACHE` moves the cache."""
    caches = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    folder = Path(os.environ.get("LIQO_FABRIC_CACHE") or Path(caches) / "liqo-fabric") / name
    folder.mkdir(parents=True, exist_ok=True)
    return folder
