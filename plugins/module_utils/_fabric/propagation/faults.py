# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What can be wrong with a Service on a leaf, each with its repair, in a plan and in a view alike."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from ..model import ClusterId


class SightFault(StrEnum):
    """What can be wrong with a Service on a leaf."""

    STALE_SLICE = "stale-slice"
    """A slice says something else than what it is made of."""
    DEAD_TUNNEL = "dead-tunnel"
    """An endpoint is ready although the tunnel to it is down."""
    UNMAPPED_ADDRESS = "unmapped-address"
    """An endpoint is ready under an address that belongs to no network that the leaf knows."""
    ORPHAN_SLICE = "orphan-slice"
    """A slice of this collection without the shortcut or the Service that it is for."""
    GATE_CLOSED = "gate-closed"
    """Liqo's own direct connections are on although they are wrong for this leaf."""
    UNSETTLED = "unsettled"
    """A pod is used over both paths, or over none, although mode exclusive is in force."""
    FOREIGN_POD = "foreign-pod"
    """A leaf lists a pod that the hub places on another cluster."""
    UNKNOWN_POD = "unknown-pod"
    """A leaf lists a pod that the hub does not list, or not yet."""
    FOREIGN_ADDRESS = "foreign-address"
    """A leaf lists a pod at an address that is not one of the leaf's own pod addresses."""
    SEVERAL_ADDRESSES = "several-addresses"
    """A leaf lists one pod at more than one address."""
    OTHER_PORTS = "other-ports"
    """A leaf lists a pod with other ports than the hub."""
    OWN_SERVICE = "own-service"
    """A leaf has a Service of its own of the name that a hub reflects."""
    LOST_LABEL = "lost-label"
    """A slice of this collection lost a label or annotation."""


REPAIRS = {
    SightFault.STALE_SLICE: "run liqo.fabric.propagation again",
    SightFault.DEAD_TUNNEL: "look at the gateways of the shortcut; meanwhile run liqo.fabric.propagation",
    SightFault.UNMAPPED_ADDRESS: "run liqo.fabric.propagation, which removes the slice if it is one of its own; else"
    " look who wrote it",
    SightFault.ORPHAN_SLICE: "run liqo.fabric.propagation, which removes it",
    SightFault.GATE_CLOSED: "run liqo.fabric.propagation for the fabric that switched them on; where none did, take the"
    " annotation off the Service on the hub",
    SightFault.UNSETTLED: "run liqo.fabric.propagation again",
    SightFault.FOREIGN_POD: "ask the owner of that leaf who wrote its EndpointSlices; the pod is reached through"
    " the hub",
    SightFault.UNKNOWN_POD: "nothing, when the pod is new: the next run takes it; else remove the pod from that leaf",
    SightFault.FOREIGN_ADDRESS: "compare the pod CIDR of that leaf with the Configuration that its peer has of it (the"
    " module shortcuts repairs it), and ask the owner of the leaf; the pod is reached through the hub",
    SightFault.SEVERAL_ADDRESSES: "run liqo.fabric.propagation again when the leaf lists the pod once",
    SightFault.OWN_SERVICE: "rename one of the two Services, or leave it as it is: it takes no shortcut on that leaf;"
    " if it is that of the hub and lost its labels, delete it on that leaf, and Liqo makes it again, as it does"
    " where it is not there",
    SightFault.LOST_LABEL: "run liqo.fabric.propagation again, which writes it",
    SightFault.OTHER_PORTS: "run liqo.fabric.propagation again when Liqo has reflected the Service as it is on the hub",
}

GRAVE = frozenset({SightFault.FOREIGN_POD, SightFault.FOREIGN_ADDRESS})
"""No delay of Liqo explains these: a run calls them a failure."""


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Fault:
    """One thing that is wrong."""

    name: SightFault
    detail: str

    def as_result(self) -> dict[str, str]:
        return {"name": self.name.value, "detail": self.detail, "repair": REPAIRS[self.name]}


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Refusal:
    """An endpoint that a leaf lists and that is used on no other leaf, or not on the one of ``place``."""

    place: ClusterId
    """The cluster that has to be looked at."""
    name: SightFault
    provider: ClusterId
    """The leaf that lists the endpoint."""
    detail: str


def refusal_faults(refusals: Iterable[Refusal], place: ClusterId) -> tuple[Fault, ...]:
    """One fault for each name and provider, with the first endpoint in full and the number of the others."""
    found: dict[tuple[SightFault, ClusterId], list[str]] = {}
    for one in sorted(one for one in refusals if one.place == place):
        found.setdefault((one.name, one.provider), []).append(one.detail)
    return tuple(
        Fault(name=name, detail=details[0] + (f" (and {len(details) - 1} more)" if len(details) > 1 else ""))
        for (name, _provider), details in found.items()
    )
