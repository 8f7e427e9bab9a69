# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which mode a Service gets on each leaf, and why. What is there already counts only where the gate is unknown."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from ..errors import FabricError
from ..model import ClusterId
from .gate import PASSING, Gate, Reason
from .model import ClusterServices, Mode, World


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """The mode of one Service on one leaf; None where it takes the way through the hub."""

    mode: Mode | None
    reason: str


def choose(
    wanted: Mode, leaves: Iterable[ClusterId], world: World, closed: Sequence[Gate], *, direct_now: bool
) -> Mapping[ClusterId, Choice]:
    """The choice for every leaf. ``closed`` are the closed gates of the Service, ``direct_now`` is its annotation."""
    ids = sorted(leaves)
    if wanted is Mode.SHADOW:
        return {leaf: Choice(mode=Mode.SHADOW, reason="as declared") for leaf in ids}
    if wanted is Mode.EXCLUSIVE:
        return {leaf: _exclusive(world.get(leaf), "as declared") for leaf in ids}
    lasting = [gate for gate in closed if gate.reason not in PASSING]
    unknown = any(gate.reason is Reason.UNKNOWN for gate in closed)
    down = [gate for gate in closed if gate.reason is Reason.NOT_CONNECTED]
    if wanted is Mode.AUTO and (lasting or (unknown and not direct_now)):
        first = (lasting or list(closed))[0]
        why = f"Liqo's own direct connections cannot be used ({first})"
        return {leaf: _exclusive(world.get(leaf), why) for leaf in ids}
    if lasting or down or (unknown and not direct_now):
        first = (lasting or down or list(closed))[0]
        return {leaf: Choice(mode=None, reason=f"the gate is closed: {first}") for leaf in ids}
    why = (
        "as declared" if wanted is Mode.UPSTREAM else "every gate is open, and Liqo itself keeps the endpoints current"
    )
    return {leaf: Choice(mode=Mode.UPSTREAM, reason=why) for leaf in ids}


def _exclusive(leaf: ClusterServices | FabricError | None, why: str) -> Choice:
    if not isinstance(leaf, ClusterServices):
        return Choice(mode=None, reason=f"{why}, but what the leaf can do is not known: it could not be read")
    if leaf.policies is not None:
        return Choice(mode=Mode.EXCLUSIVE, reason=why)
    return Choice(
        mode=Mode.SHADOW, reason=f"{why}; the leaf serves no MutatingAdmissionPolicy, which mode exclusive needs"
    )
