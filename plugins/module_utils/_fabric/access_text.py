# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The result of ``rbac`` as a person reads it."""

from __future__ import annotations

from .columns import Row, aligned, counted, failure_lines

_WORDS = {"created": "to create", "updated": "to update", "deleted": "to delete"}


def access_text(result: Row) -> str:
    """How many clusters are in sync, every write, and what is in the way."""
    lines = [_summary_line(result)]
    if result.get("plan"):
        lines += ["", "Would be written" if result.get("check_mode") else "Written, as planned"]
        lines += aligned([_write_cells(op, result) for op in result["plan"]], indent="  ")
    failures = result.get("failures") or ()
    if failures:
        lines += ["", "What is in the way"]
        for failure in failures:
            lines += failure_lines(failure)
    return "\n".join(lines)


def _summary_line(result: Row) -> str:
    summary = result.get("summary") or {}
    parts = [f"{summary.get('in_sync', 0)} of {counted(summary.get('clusters', 0), 'cluster')} in sync"]
    for key, planned in _WORDS.items():
        if summary.get(key):
            parts.append(f"{summary[key]} {planned if result.get('check_mode') else key}")
    if summary.get("failed"):
        parts.append(f"{counted(summary['failed'], 'cluster')} failed")
    if result.get("state") == "rendered":
        parts = [f"manifests for {counted(summary.get('clusters', 0), 'cluster')}"]
    return f"identity {result.get('name', '?')} of fabric {result.get('fabric', '?')}: {', '.join(parts)}"


def _write_cells(op: Row, result: Row) -> list[str]:
    name = f"{op.get('namespace')}/{op.get('name')}" if op.get("namespace") else str(op.get("name"))
    written = f"{op.get('action')} {op.get('cluster')}/{op.get('kind')}/{name}" in (result.get("changes") or ())
    undone = "" if written or result.get("check_mode") else " (not done)"
    return [str(op.get("cluster")), str(op.get("action")), str(op.get("kind")), name, f"{op.get('reason')}{undone}"]
