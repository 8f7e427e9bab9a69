# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The results of ``propagation`` and ``propagation_info`` as a person reads them."""

from __future__ import annotations

from collections.abc import Sequence

from .columns import Row, aligned, aligned_blocks, counted, rest, wrapped
from .most import FEWEST_WRITES, MOST_ENDPOINTS, MOST_FAULTS_SHOWN, MOST_GATES, MOST_ORPHANS, MOST_SERVICES, MOST_WRITES
from .shown import in_the_way, shown_of

NONE = "-"

_WORDS = {
    # outcome: (in a plan, of a run)
    "created": ("create", "created"),
    "repaired": ("change", "changed"),
    "removed": ("remove", "removed"),
    "pending": ("pending", "pending"),
    "in_sync": ("in sync", "in sync"),
    "blocked": ("blocked", "blocked"),
    "failed": ("failed", "failed"),
}


def propagation_text(result: Row) -> str:
    """The summary, every Service on every cluster, what is written, which gates are closed, what is in the way."""
    lines = [_summary_line(result)]
    services = shown_of(result.get("services") or (), MOST_SERVICES, _cluster)
    if services.rows:
        lines += ["", *_service_lines(result, services.rows), *services.lines("Service", "services")]
    if result.get("plan"):
        title = "Would be written" if result.get("check_mode") else "Written, as planned"
        each = max(MOST_WRITES // len({_cluster(op) for op in result["plan"]}), FEWEST_WRITES)
        writes = shown_of(result["plan"], each, _cluster)
        cells = [_write_cells(op) for op in writes.rows]
        lines += ["", title, *aligned(cells, indent="  "), *writes.lines("write", "plan")]
    # Several Services mostly have the same ones.
    gates = list(dict.fromkeys((row["consumer"], row["provider"], row["detail"]) for row in result.get("gates") or ()))
    if gates:
        lines += ["", "Closed for Liqo's own direct connections"]
        for consumer, provider, detail in gates[:MOST_GATES]:
            lines += wrapped(str(detail), head=f"  {consumer} to {provider}: ")
        lines += rest(gates, MOST_GATES, "gate", "gates")
    return "\n".join([*lines, *in_the_way(result)])


def services_text(result: Row) -> str:
    """Which way every endpoint of every Service takes from every leaf."""
    summary = result.get("summary") or {}
    ways = [
        f"{summary[key]} {key.replace('_', ' ')}"
        for key in ("local", "direct", "hub", "via_hub", "unmapped")
        if summary.get(key)
    ]
    counts = f"{counted(summary.get('services', 0), 'Service')}, {counted(summary.get('endpoints', 0), 'endpoint')}"
    lines = [counts + (f": {', '.join(ways)}" if ways else "") + _faults(summary) + _unreachable(summary)]
    rows = result.get("services") or ()
    if rows:
        lines += ["", *_endpoint_lines(rows)]
    orphans = shown_of(result.get("orphans") or (), MOST_ORPHANS, _cluster)
    for row in orphans.rows:
        name = f"{row.get('namespace')}/{row.get('name')}"
        where = f"{row.get('cluster')}: slice {name} for {row.get('service') or 'no Service'}"
        lines += [
            "",
            *wrapped(f"{where} belongs to nothing any more", head="  "),
            *wrapped(str(row.get("repair")), head="      repair: "),
        ]
    lines += orphans.lines("slice", "orphans")
    return "\n".join([*lines, *in_the_way(result)])


def _summary_line(result: Row) -> str:
    summary = result.get("summary") or {}
    word = 0 if result.get("check_mode") else 1
    parts = [f"{summary[key]} {words[word]}" for key, words in _WORDS.items() if summary.get(key)]
    services = counted(summary.get("services", 0), "Service")
    done = ", ".join(parts) or "nothing to do"
    return f"fabric {result.get('fabric', '?')}, {services} on its clusters: {done}{_unreachable(summary)}"


def _write_cells(op: Row) -> list[str]:
    name = f"{op.get('namespace')}/{op.get('name')}" if op.get("namespace") else str(op.get("name"))
    return [*(str(op.get(key)) for key in ("cluster", "action", "kind")), name, str(op.get("reason"))]


def _service_lines(result: Row, rows: Sequence[Row]) -> list[str]:
    word = 0 if result.get("check_mode") else 1
    table = [["SERVICE", "ON", "MODE", "OUTCOME", "WHY"]]
    for row in rows:
        outcome = str(row.get("outcome"))
        failure = row.get("failure") or {}
        table.append(
            [
                _name(row),
                str(row.get("cluster")),
                str(row.get("mode") or NONE),
                _WORDS.get(outcome, (outcome, outcome))[word],
                str(failure.get("what") or row.get("reason") or NONE),
            ]
        )
    head, *blocks = aligned_blocks(table)
    lines = list(head)
    for row, block in zip(rows, blocks, strict=True):
        lines += [*block, *_fault_lines(row.get("faults") or ())]
    return lines


def _endpoint_lines(rows: Sequence[Row]) -> list[str]:
    """One block per Service and leaf, faults below it."""
    table = [["SERVICE", "SEEN FROM", "POD", "RUNS ON", "ADDRESS", "WAY", "IN USE", "WHY"]]
    owners: list[Row | None] = [None]
    pairs = [(row, endpoint) for row in rows for endpoint in row.get("endpoints") or (None,)]
    shown = shown_of(pairs, MOST_ENDPOINTS, lambda pair: _cluster(pair[0]))
    for row, endpoint in shown.rows:
        table.append([_name(row), str(row.get("cluster")), *_endpoint_cells(endpoint)])
        owners.append(row)
    blocks = aligned_blocks(table)
    lines: list[str] = []
    for number, (owner, block) in enumerate(zip(owners, blocks, strict=True)):
        lines += block
        if owner is not None and (number + 1 == len(owners) or owners[number + 1] is not owner):
            lines += _fault_lines(owner.get("faults") or ())
    return lines + shown.lines("endpoint", "services")


def _endpoint_cells(endpoint: Row | None) -> list[str]:
    if endpoint is None:
        return [*[NONE] * 5, "it has no endpoint here"]
    return [
        str(endpoint.get("pod") or NONE),
        str(endpoint.get("cluster") or NONE),
        str(endpoint.get("address")),
        _way(endpoint),
        "yes" if endpoint.get("ready") else "no",
        str(endpoint.get("why")),
    ]


def _cluster(row: Row) -> str:
    return str(row.get("cluster") or "")


def _fault_lines(faults: Sequence[Row]) -> list[str]:
    lines: list[str] = []
    for fault in faults[:MOST_FAULTS_SHOWN]:
        lines += wrapped(str(fault.get("detail")), head=f"    {fault.get('name')}: ")
        lines += wrapped(str(fault.get("repair")), head="        repair: ")
    return lines + rest(faults, MOST_FAULTS_SHOWN, "fault", "faults", indent="    ")


def _way(endpoint: Row) -> str:
    way = str(endpoint.get("path"))
    return f"direct, {endpoint.get('through')}" if way == "direct" else way


def _faults(summary: Row) -> str:
    return f"; {counted(summary['faults'], 'fault')}" if summary.get("faults") else ""


def _unreachable(summary: Row) -> str:
    return f"; {counted(summary['unreachable'], 'cluster')} unreachable" if summary.get("unreachable") else ""


def _name(row: Row) -> str:
    return f"{row.get('hub')}:{row.get('namespace')}/{row.get('name')}"
