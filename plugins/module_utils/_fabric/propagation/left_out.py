# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a plan of a Service leaves out: leaves where slices of ours would be wrong, and endpoints that are refused."""

from __future__ import annotations

from collections.abc import Iterable

from ..errors import FabricError, FailureName
from ..model import ClusterId
from .faults import GRAVE, Refusal, refusal_faults
from .model import ClusterServices, Mode, World
from .modes import Choice
from .offers import IPV4, Homes, address_types, is_reflected, may_be_own, missing_service, own_service
from .wanted import Wanted


def leave_out(
    world: World, one: Wanted, homes: Homes, choices: dict[ClusterId, Choice]
) -> tuple[tuple[Refusal, ...], tuple[str, ...]]:
    """Take the leaves out of ``choices`` on which slices of ours would be wrong; why, as faults and as notes.

    Liqo's own direct connections are one switch for all leaves: there a Service of the leaf's own is a fault alone.
    """
    key = one.service.key
    refusals: list[Refusal] = []
    notes: set[str] = set()
    family = " and ".join(sorted(address_types(one.hub, key))) if has_no_ipv4(one) else ""
    for leaf, choice in choices.items():
        here = world.get(leaf)
        if choice.mode is None or not isinstance(here, ClusterServices):
            continue
        judged = may_be_own(here, one.service)
        refusal = own_service(here, homes.namespaces[leaf], key) if judged else None
        if choice.mode is Mode.UPSTREAM:
            refusals += [refusal] if refusal is not None else []
            continue
        if family:
            why = f"{key} has {family} addresses only, and slices of this collection hold IPv4"
            notes.add(f"{why}; it stays on the way through {key.hub}")
        elif not judged or is_reflected(here, homes.namespaces[leaf], key):
            continue
        else:
            missing = missing_service(here, homes.namespaces[leaf], key)
            notes |= {missing} if missing else set()
            refusals += [refusal] if refusal is not None else []
            why = refusal.detail if refusal is not None else missing or f"{key} is not reflected to {leaf}, or not yet"
        choices[leaf] = Choice(mode=None, reason=why)
    return tuple(refusals), tuple(sorted(notes))


def has_no_ipv4(one: Wanted) -> bool:
    """The hub has addresses for it, and none of them is IPv4."""
    types = address_types(one.hub, one.service.key)
    return bool(types) and IPV4 not in types


def no_ipv4(one: Wanted) -> FabricError:
    """Why a Service without IPv4 addresses cannot have the mode that was asked for."""
    return FabricError(
        what=f"{one.service.key} cannot use mode {one.mode.value if one.mode is not None else None}",
        where=f"cluster {one.hub.id}",
        why="it has no IPv4 address, and slices of this collection hold no others",
        next="give the Service an IPv4 address family, use mode upstream, or take the Service out",
        fault=FailureName.NO_IPV4,
    )


def failures_of(one: Wanted, refusals: Iterable[Refusal]) -> dict[ClusterId, FabricError]:
    """Leaves that list what is not theirs, so that these endpoints are reached through the hub."""
    grave = [refusal for refusal in refusals if refusal.name in GRAVE]
    return {
        place: FabricError(
            what=f"endpoints of {one.service.key} are not used directly",
            where=f"cluster {place}",
            why="; ".join(fault.detail for fault in refusal_faults(grave, place)),
            next="ask the owner of that leaf who wrote its EndpointSlices, and compare its pod CIDR with what its peers"
            " know of it; meanwhile these endpoints are reached through the hub",
            fault=FailureName.NOT_ITS_OWN,
        )
        for place in sorted({refusal.place for refusal in grave})
    }
