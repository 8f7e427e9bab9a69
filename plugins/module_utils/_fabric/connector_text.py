# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The result of ``connector`` as a person reads it."""

from __future__ import annotations

from .columns import Row, aligned, aligned_blocks, counted, failure_lines, wrapped

NONE = "-"


def connector_text(result: Row) -> str:
    """What there is, what of it is carried over and what not, what is written, what is in the way."""
    lines = [_summary_line(result)]
    rows = result.get("connections") or ()
    if rows:
        table = [["OBJECT", "HUB", "BETWEEN", "LINK", "CARRIED OVER", "SAYS"], *(_cells(row) for row in rows)]
        lines.append("")
        for row, block in zip((None, *rows), aligned_blocks(table), strict=True):
            lines += block
            for note in row.get("notes") or () if row is not None else ():
                lines += wrapped(str(note), head="      note: ")
    if result.get("plan"):
        lines += ["", "Would be written" if result.get("check_mode") else "Written, as planned"]
        lines += aligned([_write_cells(op, result) for op in result["plan"]], indent="  ")
    if result.get("notes"):
        lines += ["", "Good to know"]
        for note in result["notes"]:
            lines += wrapped(str(note), head="  ")
    failures = result.get("failures") or ()
    if failures:
        lines += ["", "What is in the way"]
        for failure in failures:
            lines += failure_lines(failure)
    return "\n".join(lines)


def _summary_line(result: Row) -> str:
    summary = result.get("summary") or {}
    number = summary.get("connections", 0)
    parts = [counted(number, "ForeignClusterConnection")]
    if number:
        parts.append(f"{summary.get('carried', 0)} carried over")
    if summary.get("running"):
        parts.append(f"controller running on {counted(summary['running'], 'hub')}")
    if summary.get("planned"):
        done = f"{counted(summary['planned'], 'write')} to do"
        if not result.get("check_mode"):
            done = f"{summary.get('done', 0)} of {counted(summary['planned'], 'write')} done"
        parts.append(done)
    elif result.get("state") == "absent" and not result.get("failures"):
        parts.append("nothing left of the connector")
    return f"connector of 2025: {', '.join(parts)}"


def _cells(row: Row) -> list[str]:
    says = str(row.get("phase") or NONE)
    return [
        f"{row.get('namespace')}/{row.get('name')}",
        str(row.get("hub")),
        " <-> ".join(str(end) or NONE for end in row.get("between") or ()),
        str(row.get("link")),
        "no" if row.get("shortcut") is None else "yes",
        f"{says}: {row['error']}" if row.get("error") else says,
    ]


def _write_cells(op: Row, result: Row) -> list[str]:
    name = f"{op.get('namespace')}/{op.get('name')}" if op.get("namespace") else str(op.get("name"))
    place = f"{op.get('cluster')}/{op.get('kind')}/{name}"
    undone = not result.get("check_mode") and f"{op.get('action')} {place}" not in (result.get("changes") or ())
    reason = f"{op.get('reason')}{' (not done)' if undone else ''}"
    return [str(op.get("cluster")), str(op.get("action")), str(op.get("kind")), name, reason]
