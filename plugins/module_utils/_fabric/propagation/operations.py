# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plan of propagation as data: what check mode shows and what a real run executes are these same objects."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from ..errors import FabricError, FailureName
from ..model import ClusterId
from ..objects import ClusterState
from ..operations import Write
from .faults import Refusal
from .gate import Gate
from .model import Origin, ServiceKey, Slice, SliceEndpoint, Use, slices_of
from .modes import Choice
from .paths import Path, way_of


class SliceKind(StrEnum):
    """Kinds that a plan of propagation creates, changes or deletes, in the order in which that is done."""

    POLICY = "MutatingAdmissionPolicy"
    BINDING = "MutatingAdmissionPolicyBinding"
    SHADOW = "ShadowEndpointSlice"
    SLICE = "EndpointSlice"
    SERVICE = "Service"


class FactName(StrEnum):
    """What a run can wait for on one leaf about one Service."""

    MIRRORED = "mirrored"
    """Liqo has made of a ShadowEndpointSlice what it says."""
    UNMIRRORED = "unmirrored"
    """Liqo has removed what it made of one."""
    SETTLED = "settled"
    """Copies through the hub are out of use where, and only where, a direct one is there."""
    DIRECT = "direct"
    """The reflected endpoints have direct addresses."""
    RETURNED = "returned"
    """The reflected endpoints have the addresses through the hub again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SliceFact:
    """Something that Liqo's controllers on ``cluster`` bring about for a Service."""

    name: FactName
    cluster: ClusterId
    hub: ClusterId
    namespace: str
    """On the leaf."""
    service: str
    slice: str = ""
    pods: frozenset[str] = frozenset()
    """For MIRRORED: those that the slice names; for DIRECT: those of other clusters."""
    use: Use = Use.ADDITIVE

    def __str__(self) -> str:
        what = f"{self.namespace}/{self.service}"
        return {
            FactName.MIRRORED: f"{self.cluster} has made the slice {self.namespace}/{self.slice}",
            FactName.UNMIRRORED: f"{self.cluster} has removed the slice {self.namespace}/{self.slice}",
            FactName.SETTLED: f"{self.cluster} uses each pod of {what} once",
            FactName.DIRECT: f"{self.cluster} has direct addresses for {what}",
            FactName.RETURNED: f"{self.cluster} has the addresses through {self.hub} for {what} again",
        }[self.name]


@dataclass(frozen=True, slots=True, kw_only=True)
class SliceOp(Write):
    """A write for the sake of a Service. It may start only when every fact of ``awaits`` holds, too.

    ``peer`` is the cluster whose pods it is about, or the hub.
    """

    kind: SliceKind
    awaits: tuple[SliceFact, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ServicePlan:
    """Everything that would be done for one Service, or for the policies of one leaf."""

    key: ServiceKey | None
    """None for policies."""
    leaf: ClusterId | None = None
    """For policies: the leaf that they are on."""
    choices: Mapping[ClusterId, Choice] = field(default_factory=dict)
    gates: tuple[Gate, ...] = ()
    ops: tuple[SliceOp, ...] = ()
    goals: tuple[SliceFact, ...] = ()
    blocked: Mapping[ClusterId, FabricError] = field(default_factory=dict)
    """Why nothing, or not all, can be done for the Service on a leaf; under the hub, why for none."""
    refusals: tuple[Refusal, ...] = ()
    """Endpoints that leaves list and that are not used directly; those in GRAVE are under ``blocked`` as well."""
    notes: tuple[str, ...] = ()


def merged(plans: Iterable[ServicePlan]) -> list[ServicePlan]:
    """One plan for each Service: a slice that names a Service adds to its plan and takes nothing out of sight."""
    found: dict[ServiceKey | None, ServicePlan] = {}
    for plan in plans:
        first = found.get(plan.key)
        found[plan.key] = plan if first is None else _together(first, plan)
    return list(found.values())


def _together(one: ServicePlan, other: ServicePlan) -> ServicePlan:
    return replace(
        one,
        choices={**other.choices, **one.choices},
        gates=(*one.gates, *other.gates),
        ops=(*one.ops, *other.ops),
        goals=(*one.goals, *other.goals),
        blocked={**other.blocked, **one.blocked},
        refusals=(*one.refusals, *other.refusals),
        notes=(*one.notes, *other.notes),
    )


def each_once(plans: Iterable[ServicePlan]) -> list[ServicePlan]:
    """The plans with no two writes of one id.

    A plan that has a write of an earlier plan, or has one twice, does nothing on that leaf.
    """
    seen: dict[str, ServiceKey | None] = {}
    found = []
    for plan in plans:
        twice: dict[ClusterId, FabricError] = {}
        for op in plan.ops:
            if op.id in seen:
                twice[op.cluster] = _same_write(plan, op, seen[op.id])
            seen.setdefault(op.id, plan.key)
        found.append(_without(plan, twice) if twice else plan)
    return found


def _without(plan: ServicePlan, blocked: Mapping[ClusterId, FabricError]) -> ServicePlan:
    return replace(
        plan,
        ops=tuple(op for op in plan.ops if op.cluster not in blocked),
        goals=tuple(goal for goal in plan.goals if goal.cluster not in blocked),
        blocked={**plan.blocked, **blocked},
    )


def _same_write(plan: ServicePlan, op: SliceOp, other: ServiceKey | None) -> FabricError:
    return FabricError(
        what=f"cannot {op.verb.value} {op.kind.value} {op.namespace}/{op.name} for {plan.key}",
        where=f"cluster {op.cluster}",
        why=f"the same object is planned for {other} already",
        next="look which of the two the namespace on this leaf belongs to, and offload the other one elsewhere",
        fault=FailureName.NAME_TAKEN,
    )


def holds(fact: SliceFact, slices: Iterable[Slice], here: ClusterState) -> bool:
    """Is the fact true of the EndpointSlices of its cluster?"""
    if fact.name in (FactName.MIRRORED, FactName.UNMIRRORED):
        found = [one for one in slices if (one.meta.namespace, one.meta.name) == (fact.namespace, fact.slice)]
        if fact.name is FactName.UNMIRRORED:
            return not found
        return any(one.pods == fact.pods and one.use is fact.use for one in found)
    own = slices_of(slices, fact.namespace, fact.service)
    if fact.name is FactName.SETTLED:
        return not unsettled(own, exclusive_pods(own))
    reflected = [one for one in own if one.origin is Origin.REFLECTED]
    ways = {
        way_of(address, here, fact.hub).path
        for one in reflected
        for endpoint in one.endpoints
        for address in endpoint.addresses
    }
    if fact.name is FactName.RETURNED:
        return Path.DIRECT not in ways
    pods = frozenset().union(*(one.pods for one in reflected)) if reflected else frozenset()
    return not ways & {Path.VIA_HUB, Path.UNMAPPED} and fact.pods <= pods


def exclusive_pods(slices: Iterable[Slice]) -> frozenset[str]:
    """Pods whose copies through the hub have to be out of use, as our slices say."""
    return frozenset().union(*(one.pods for one in slices if one.origin is Origin.OURS and one.use is Use.EXCLUSIVE))


def unsettled(slices: Iterable[Slice], names: frozenset[str]) -> tuple[Slice, ...]:
    """The slices of one Service that the policies would write otherwise, had they a reason to look at them again.

    ``names`` are the pods that have a direct copy. A reflected copy of one of these must be out of use, and only of
    these; a direct copy must not be out of use while the one through the hub is in order.
    """
    seen = tuple(slices)
    reflected = [one for one in seen if one.origin is Origin.REFLECTED]
    wrong = [one for one in reflected if any(_is_wrong(endpoint, names) for endpoint in one.endpoints if endpoint.pod)]
    serving = {endpoint.pod for one in reflected for endpoint in one.endpoints if endpoint.serving and endpoint.pod}
    lost = [
        one
        for one in seen
        if one.origin is Origin.OURS
        and one.use is Use.EXCLUSIVE
        and any(not endpoint.ready and endpoint.pod in serving for endpoint in one.endpoints)
    ]
    return (*wrong, *lost)


def _is_wrong(endpoint: SliceEndpoint, names: frozenset[str]) -> bool:
    if endpoint.pod in names:
        return endpoint.ready or endpoint.serving is None
    return endpoint.serving is not None
