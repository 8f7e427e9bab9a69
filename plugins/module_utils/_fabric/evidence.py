# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How much is known of a link: the rung that it reached, why not the next one, and every fault found on the way.

Each rung rests on the ones below it. What is wrong is decided in faults.py; nothing here reads a clock: every cluster
brings the moment at which its API server was read.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from .endpoint_faults import endpoint_faults
from .faults import (
    Fault,
    View,
    agreement_faults,
    freshness_faults,
    handshake_faults,
    is_connected,
    own_faults,
    unread_keys,
)
from .model import ClusterId, Settings
from .most import MOST_FAULTS
from .objects import ClusterState

LINK_KINDS = ("Configuration", "GatewayServer", "GatewayClient", "PublicKey")


class Rung(IntEnum):
    """The ladder of evidence, lowest first; ``str()`` is the word for it."""

    ABSENT = 0
    """Nothing is on either side."""
    DECLARED = 1
    """Objects are on at least one side."""
    AGREED = 2
    """Both sides are complete and say the same: CIDRs, keys, MTU, and endpoint unless the tunnel shows that it leads
    there."""
    HANDSHAKEN = 3
    """Both gateways call the tunnel connected."""
    FRESH = 4
    """Both have heard from the other a moment ago."""
    PROVEN = 5
    """A probe crossed the data path in both directions."""

    def __str__(self) -> str:
        return self.name.lower()


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What is known of one link."""

    rung: Rung | None
    """None: nothing was seen where we could look, and not everywhere could we look."""
    why_not_next: str
    """One phrase; empty on the last rung."""
    faults: tuple[Fault, ...] = ()
    notes: tuple[str, ...] = ()
    """What differs and does no harm, a sentence each."""


def weigh(one: ClusterState, other: ClusterState, *, declared: Settings | None = None) -> Evidence:
    """The evidence of what two clusters hold about each other, whichever is named first; FRESH at most.

    ``declared`` are the settings of the link, where they are known. What both gateways have heard of each other shows
    where the client dials, and nothing else: it outweighs what the server advertises. It takes the word of both
    clusters, each about its own gateway.
    """
    here, there = sorted((one, other), key=lambda state: state.id)
    views = (View(here, there.id, there), View(there, here.id, here))
    if not any(view.side.link_objects() for view in views):
        return _nothing_seen(views)
    stale = [fault for view in views for fault in freshness_faults(view)]
    alive = not stale and all(is_connected(view) for view in views)
    disagreements = agreement_faults(*views, declared)
    holding = all(view.side.link_objects() for view in views)
    misled = list(endpoint_faults(*views, declared, alive=alive)) if holding else []
    drift: list[Fault] = []
    notes: tuple[str, ...] = ()
    if not alive:
        disagreements += misled
    elif declared is not None:
        drift = misled
    else:
        notes = tuple(_note(fault) for fault in misled)
    unread = [fault for view in views for fault in unread_keys(view)]
    broken = [fault for view in views for fault in handshake_faults(view, declared, is_expected=not disagreements)]
    # Gateways shake hands only with the right keys, so that a handshake also proves keys that we may not read.
    unproven = unread if broken or any(view.connection is None for view in views) else []
    rung, blocking = Rung.DECLARED, disagreements + unproven
    for next_rung, faults in ((Rung.AGREED, broken), (Rung.HANDSHAKEN, stale), (Rung.FRESH, [])):
        if blocking:
            break
        rung, blocking = next_rung, faults
    return Evidence(
        rung=rung,
        why_not_next=_why(blocking) if blocking else "no probe was sent through the tunnel",
        faults=(*disagreements, *drift, *unread, *broken, *stale)[:MOST_FAULTS],
        notes=notes,
    )


def weigh_alone(here: ClusterState, peer: ClusterId, *, because: str, declared: Settings | None = None) -> Evidence:
    """The evidence when only one of the two clusters could be read; DECLARED at most. ``because`` says why."""
    view = View(here, peer, None)
    faults: tuple[Fault, ...] = ()
    if view.side.link_objects():
        found = (*own_faults(view), *handshake_faults(view, declared, is_expected=False), *freshness_faults(view))
        faults = found[:MOST_FAULTS]
    return Evidence(rung=Rung.DECLARED if view.side.link_objects() else None, why_not_next=because, faults=faults)


def _nothing_seen(views: tuple[View, View]) -> Evidence:
    """Nothing is there, unless our rights hide it."""
    for view in views:
        hidden = [kind for kind in LINK_KINDS if view.here.hides(kind, view.peer)]
        if hidden:
            why = f"{view.here.id}: our rights do not show {', '.join(hidden)}"
            return Evidence(rung=None, why_not_next=why)
    return Evidence(rung=Rung.ABSENT, why_not_next="neither side holds anything of a link")


def _note(fault: Fault) -> str:
    """About a link that works, as nobody has declared that it is to be otherwise."""
    advice = f"; {fault.repair}" if fault.repair else ""
    return f"{fault.cluster}: {fault.detail}, and both gateways hear from each other{advice}"


def _why(blocking: list[Fault]) -> str:
    first = blocking[0]
    more = f" (and {len(blocking) - 1} more)" if len(blocking) > 1 else ""
    return f"{first.cluster}: {first.detail}{more}"
