# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One value of a link, by the name under which people look for it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from .links import Link, link_result
from .objects import Endpoint

VALUES: Mapping[str, Callable[[Link], Any]] = {
    "evidence": lambda link: "unknown" if link.evidence.rung is None else str(link.evidence.rung),
    "why_not_next": lambda link: link.evidence.why_not_next,
    "faults": lambda link: sorted({fault.name.value for fault in link.evidence.faults}),
    "notes": lambda link: list(link.evidence.notes),
    "kind": lambda link: link.kind.value,
    "latency_ms": lambda link: link.latency_ms,
    "server": lambda link: None if link.server is None else str(link.server),
    "service_type": lambda link: link.service_type,
    "endpoint": lambda link: _address(link.advertised),
    "endpoint_used": lambda link: _address(link.used),
    "owners": lambda link: [str(owner) for owner in link.owners],
    "all": link_result,
}
"""What is None or empty where the link has no such value."""


def _address(endpoint: Endpoint | None) -> str | None:
    """``10.0.0.7:51840``, an IPv6 address in brackets: all are UDP, and of several addresses Liqo dials the first."""
    if endpoint is None or not endpoint.addresses:
        return None
    host = endpoint.addresses[0]
    return f"[{host}]:{endpoint.port}" if ":" in host else f"{host}:{endpoint.port}"
