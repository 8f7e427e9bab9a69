# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Measured figures between runs, and their way into docs/benchmarks.md."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from benchmarks import summary
from tools.import_root import CHECKOUT

DOCUMENT = CHECKOUT / "docs" / "benchmarks.md"
KEPT = CHECKOUT / ".cache" / "benchmarks.json"
"""Every single measurement of the newest run of each part; not committed."""

Row = dict[str, Any]


def keep(part: str, rows: Sequence[Row], text: str, facts: Mapping[str, str]) -> None:
    """Print a part, remember its measurements with the machine's facts before it, and put it into the document."""
    known = json.loads(KEPT.read_text()) if KEPT.exists() else {}
    known[part] = {"machine": dict(facts), "rows": list(rows)}
    KEPT.write_text(json.dumps(known, indent=1))
    where = ", ".join(f"{name} {value}" for name, value in facts.items())
    text = f"{text}\n\nMeasured on: {where}."
    print(f"\n{text}\n", flush=True)
    DOCUMENT.write_text(summary.between_markers(DOCUMENT.read_text(), part, text))


def say(text: str) -> None:
    """What is happening now."""
    print(text, flush=True)
