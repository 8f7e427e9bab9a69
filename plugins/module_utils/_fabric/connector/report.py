# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run over the connector came to, as the result of a task; the same keys whatever was asked and found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..errors import FabricError
from ..links import LinkKind
from ..model import ClusterId, Pair, State
from ..report import diff_of, op_row
from ..task import Task
from .carry import shortcuts_of
from .model import Carried, ConnectorOp, Remains, Wanted


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectorReport:
    """The whole run; ``remains`` and ``carried`` are as they were at its beginning."""

    want: Wanted
    check_mode: bool
    remains: Mapping[ClusterId, Remains | FabricError]
    carried: tuple[Carried, ...]
    declared: frozenset[Pair] | None = None
    """The pairs of the option ``shortcuts``; None where it was not given."""
    planned: tuple[ConnectorOp, ...] = ()
    done: tuple[ConnectorOp, ...] = ()
    notes: tuple[str, ...] = ()
    failures: tuple[FabricError, ...] = ()

    @property
    def changed(self) -> bool:
        """A write was confirmed, or in check mode would be made."""
        return bool(self.planned if self.check_mode else self.done)


def connector_result(report: ConnectorReport) -> dict[str, Any]:
    """The result of the task."""
    rows = [_row(one) for one in report.carried]
    hubs = [report.remains.get(hub) for hub in report.want.hubs]
    return {
        "task": Task.CONNECTOR.value,
        "changed": report.changed,
        "fabric": report.want.fabric,
        "state": report.want.state.value,
        "check_mode": report.check_mode,
        "summary": {
            "connections": len(rows),
            "carried": sum(row["shortcut"] is not None for row in rows),
            "running": sum(isinstance(hub, Remains) and hub.runs for hub in hubs),
            "planned": len(report.planned),
            "done": len(report.done),
        },
        "connections": rows,
        "shortcuts": shortcuts_of(report.carried),
        "adoptable": [list(pair) for pair in _adoptable(report)],
        "plan": [op_row(op) for op in report.planned],
        "changes": [op.id for op in report.done],
        "notes": list(report.notes),
        "failures": [failure.as_result() for failure in report.failures],
        "diff": diff_of(report.planned if report.check_mode else report.done),
    }


def failure_text(report: ConnectorReport) -> str:
    """One line for ``msg``; the first reason in full."""
    rest = f" ({len(report.failures) - 1} more under failures)" if len(report.failures) > 1 else ""
    if report.want.state is not State.ABSENT:
        return f"The connector cannot be looked at. {report.failures[0]}{rest}"
    begun = f"{len(report.done)} of its parts are seen to" if report.done else "nothing was written"
    return f"The connector is not retired, {begun}. {report.failures[0]}{rest}"


def _row(carried: Carried) -> dict[str, Any]:
    connection = carried.connection
    return {
        "hub": connection.hub,
        "namespace": connection.meta.namespace,
        "name": connection.meta.name,
        "between": sorted((connection.client, connection.server)),
        "server": connection.server,
        "phase": connection.phase,
        "connected": connection.connected,
        "error": connection.error,
        "link": carried.link,
        "shortcut": dict(carried.shortcut) if carried.shortcut is not None else None,
        "notes": list(carried.notes),
    }


def _adoptable(report: ConnectorReport) -> list[Pair]:
    """The pairs with a link that the fabric may take over as it is."""
    there = (LinkKind.SHORTCUT.value, LinkKind.HALF_CONFIGURED.value)
    pairs = {
        pair
        for one in report.carried
        if one.shortcut is not None and one.link in there and one.connection.name not in report.want.abandon
        if (pair := one.connection.pair) is not None and (report.declared is None or pair in report.declared)
    }
    return sorted(pairs)
