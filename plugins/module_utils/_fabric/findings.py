# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is said about a plan before its first write, and which links that stops."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from .errors import FabricError, FailureName
from .model import ClusterId, Pair
from .operations import LinkPlan
from .phrases import NAMED


class Level(StrEnum):
    """How much a finding matters; an error stops its link."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


class Check(StrEnum):
    """What was looked at."""

    RIGHTS = "rights"
    VERSION = "version"
    SKEW = "skew"
    IPAM_POOL = "ipam-pool"
    REMAP = "remap"
    NODE_PORT = "node-port"
    LOAD_BALANCER = "load-balancer"
    ENDPOINT = "endpoint"
    MTU = "mtu"
    DRY_RUN = "dry-run"
    POD_SECURITY = "pod-security"
    QUOTA = "quota"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that a person should know before anything is written."""

    check: Check
    level: Level
    cluster: ClusterId
    pair: Pair | None = None
    """The link; None for what concerns every link of the cluster. An error always names its link."""
    where: str
    what: str
    why: str
    next: str
    fault: FailureName = FailureName.OTHER
    """The name of the failure that an error becomes."""
    leaves_out: tuple[str, ...] = ()
    """The operations that are left out because of it, while the rest of their link goes on."""

    def __post_init__(self) -> None:
        if self.level is Level.ERROR and self.pair is None:
            raise ValueError(f"an error of {self.check} stops no link")

    def as_result(self) -> dict[str, Any]:
        """One entry of `preflight` in the result of a task."""
        return {
            "cluster": self.cluster,
            "between": list(self.pair or ()),
            "check": self.check.value,
            "level": self.level.value,
            "what": self.what,
            "why": self.why,
            "next": self.next,
        }

    def sort_key(self) -> tuple[Any, ...]:
        """The gravest first, then by place."""
        rank = list(Level).index(self.level)
        return rank, self.cluster, self.pair is not None, tuple(self.pair or ()), self.check, self.what, self.why


def in_order(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Each one once, the gravest first."""
    return tuple(sorted(dict.fromkeys(findings), key=Finding.sort_key))


def refusals(findings: Iterable[Finding]) -> dict[Pair, FabricError]:
    """Why links must not be begun, by pair: their first error, which names the others."""
    by_pair: dict[Pair, list[Finding]] = {}
    for finding in in_order(findings):
        if finding.level is Level.ERROR and finding.pair is not None:
            by_pair.setdefault(finding.pair, []).append(finding)
    return {pair: _refusal(found) for pair, found in by_pair.items()}


def left_out(findings: Iterable[Finding]) -> frozenset[str]:
    """The operations that are not carried out, although their links are."""
    return frozenset(op for finding in findings for op in finding.leaves_out)


def refuse(plan: LinkPlan, refused: Mapping[Pair, FabricError]) -> LinkPlan:
    """The plan, or a blocked one without operations; what blocks it already stays the reason."""
    reason = refused.get(plan.pair)
    if reason is None or plan.blocked is not None:
        return plan
    return replace(plan, ops=(), goals=(), blocked=reason)


def _refusal(found: list[Finding]) -> FabricError:
    first, *more = found
    also = "".join(f"; also {finding.where}: {finding.what}: {finding.why}" for finding in more[:NAMED])
    also += f"; and {len(more) - NAMED} more" if len(more) > NAMED else ""
    steps = "; ".join(dict.fromkeys(finding.next for finding in found[: NAMED + 1]))
    return FabricError(what=first.what, where=first.where, why=f"{first.why}{also}", next=steps, fault=first.fault)
