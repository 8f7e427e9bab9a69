# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""want + have -> what is to be done on one leaf for one Service, in an order that leaves no pod out of reach.

A direct copy is there before the one through the hub goes out of use, and that one is in use again before the direct
copy goes. Only where the shortcut is gone already a slice of ours goes first: its addresses lead to strangers.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from ..errors import FabricError, FailureName
from ..model import ClusterId, Pair, State
from ..operations import Verb
from .desired import Desired, desired_shadows, joined, unknown_providers
from .faults import Refusal
from .gate import may_be_usable
from .model import (
    ClusterServices,
    Mode,
    Origin,
    Propagation,
    ShadowSpec,
    Slice,
    TouchSpec,
    Use,
    World,
    ours_for,
    slices_of,
)
from .modes import Choice
from .offers import Homes, Offers
from .operations import FactName, SliceFact, SliceKind, SliceOp, exclusive_pods, unsettled


@dataclass(frozen=True, slots=True, kw_only=True)
class LeafPlan:
    """The part of a plan that one leaf has."""

    ops: tuple[SliceOp, ...] = ()
    goals: tuple[SliceFact, ...] = ()
    refusals: tuple[Refusal, ...] = ()
    """Endpoints that this leaf, unlike others, may not use."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Change:
    """One of our slices: as it is, and as it shall be."""

    name: str
    held: Slice | None
    wanted: ShadowSpec | None


def plan_leaf(
    want: Propagation,
    world: World,
    offers: Offers,
    leaf: ClusterId,
    choice: Choice,
    *,
    first: frozenset[str] = frozenset(),
    before_removal: tuple[SliceFact, ...] = (),
    keep: bool = False,
) -> LeafPlan:
    """The plan of one Service on one leaf that could be read.

    ``first`` are operations that must be done before a slice relies on the policies. ``before_removal`` must hold
    before a direct copy goes because another mode takes its place. With ``keep`` the Service is not wished for: of its
    slices only those go whose shortcut is gone or about to go.
    """
    here = world[leaf]
    if not isinstance(here, ClusterServices):
        raise TypeError(f"{leaf} was not read")
    scene = _Scene(want, here, offers.homes, first, before_removal)
    desired = Desired()
    if keep:
        desired = Desired(shadows=scene.kept())
    elif choice.mode in (Mode.SHADOW, Mode.EXCLUSIVE) and want.state is not State.ABSENT:
        desired = desired_shadows(want, world, offers, leaf, exclusive=choice.mode is Mode.EXCLUSIVE)
    plan = scene.plan(scene.changes(desired.shadows, unknown_providers(world, offers.homes, leaf)))
    goals = tuple(goal for goal in plan.goals if not (keep and goal.name is FactName.MIRRORED))
    return replace(plan, goals=goals, refusals=desired.refusals)


class _Scene:
    """What stays the same while one leaf is planned."""

    def __init__(
        self,
        want: Propagation,
        here: ClusterServices,
        homes: Homes,
        first: frozenset[str],
        before_removal: tuple[SliceFact, ...],
    ) -> None:
        self.want = want
        self.here = here
        self.key = homes.key
        self.namespace = homes.namespaces[here.id]
        self.first = first
        self.before_removal = before_removal

    def kept(self) -> dict[str, ShadowSpec]:
        """The slices of ours as they are, without those whose shortcut is gone or about to go."""
        held = ours_for(self.here, self.namespace, self.key)
        return {
            one.meta.name: ShadowSpec.of(one)
            for one in held
            if self.want.fabric in one.owners and one.source is not None and self._is_to_stay(one.source)
        }

    def _is_to_stay(self, provider: ClusterId) -> bool:
        return Pair.of(self.here.id, provider) not in self.want.leaving and may_be_usable(self.here.state, provider)

    def changes(self, wanted: Mapping[str, ShadowSpec], unknown: frozenset[ClusterId]) -> list[_Change]:
        """Every slice of ours that is there or shall be, with what shall become of it."""
        held = {one.meta.name: one for one in ours_for(self.here, self.namespace, self.key)}
        found = []
        for name in sorted({*held, *wanted}):
            there, spec = held.get(name), wanted.get(name)
            if there is not None and spec is None and there.source in unknown and self.want.state is not State.ABSENT:
                spec = ShadowSpec.of(there)
            found.append(self._change(name, there, spec))
        return found

    def _change(self, name: str, held: Slice | None, spec: ShadowSpec | None) -> _Change:
        if spec is not None:
            if held is not None:
                self._refuse_conflict(held, spec)
            return _Change(name=name, held=held, wanted=joined(spec, held.owners if held is not None else ()))
        if held is None:
            raise ValueError(f"{name} is neither there nor wanted")
        if self.want.fabric not in held.owners and not held.unclaimed:
            return _Change(name=name, held=held, wanted=ShadowSpec.of(held))
        others = held.owners - {self.want.fabric}
        if others:
            return _Change(name=name, held=held, wanted=replace(ShadowSpec.of(held), owners=others))
        return _Change(name=name, held=held, wanted=None)

    def _refuse_conflict(self, held: Slice, spec: ShadowSpec) -> None:
        others = held.owners - {self.want.fabric}
        if others and held.use is not spec.use:
            theirs, ours = (Mode.EXCLUSIVE if use is Use.EXCLUSIVE else Mode.SHADOW for use in (held.use, spec.use))
            raise FabricError(
                what=f"{self.want.fabric} and {', '.join(sorted(others))} want {self.key} differently",
                where=f"{self.here.id}, ShadowEndpointSlice {self.namespace}/{held.meta.name}",
                why=f"mode: {theirs.value} and {ours.value}",
                next="agree on the mode in both fabrics, or take the Service out of one of them",
                fault=FailureName.OWNERS_DISAGREE,
            )

    def plan(self, changes: Iterable[_Change]) -> LeafPlan:
        todo = list(changes)
        lost = [self._op(Verb.DELETE, one, self._why_lost(one)) for one in todo if self._is_lost(one)]
        kept = [one for one in todo if not self._is_lost(one)]
        writes = self._givers_last(kept, [op for one in kept for op in self._written(one)])
        names = frozenset(
            endpoint.pod
            for one in kept
            if one.wanted is not None and one.wanted.use is Use.EXCLUSIVE
            for endpoint in one.wanted.endpoints
        )
        touches = self._touches(names, [*lost, *writes])
        before = frozenset(op.id for op in (*writes, *touches))
        removals = [self._removal(one, before, kept) for one in kept if one.wanted is None]
        second = [
            self._second(op, op.after, before)
            for op in writes
            if isinstance(op.after, ShadowSpec) and self._is_first_half(op.name, op.after, kept)
        ]
        ops = (*lost, *writes, *touches, *second, *removals)
        return LeafPlan(ops=ops, goals=self._goals(kept, lost, settle=bool(names or touches)))

    def _is_lost(self, one: _Change) -> bool:
        """Ours, to be removed, and without the link that its addresses need."""
        if one.held is None or one.wanted is not None or one.held.source is None:
            return False
        return not may_be_usable(self.here.state, one.held.source)

    def _why_lost(self, one: _Change) -> str:
        source = one.held.source if one.held is not None else None
        return f"its shortcut to {source} is gone, so that its addresses lead to strangers"

    def _written(self, one: _Change) -> list[SliceOp]:
        if one.held is None:
            if one.wanted is None:
                return []
            reason = f"{self.here.id} reaches these pods of {one.wanted.source} directly"
            needs = self.first if one.wanted.use is Use.EXCLUSIVE else frozenset()
            return [replace(self._op(Verb.CREATE, one, reason), needs=needs)]
        before = ShadowSpec.of(one.held)
        if one.wanted is None:
            # Out of the hands of the policies first, so that the copies through the hub are in use when it goes.
            if one.held.use is not Use.EXCLUSIVE:
                return []
            reason = "the copies through the hub come back before the direct ones go"
            return [self._op(Verb.UPDATE, replace(one, wanted=replace(before, use=Use.LEAVING)), reason)]
        wanted, reason = one.wanted, _why(before, one.wanted)
        if before.use is Use.EXCLUSIVE and wanted.use is Use.ADDITIVE:
            wanted = replace(wanted, use=Use.LEAVING)
        op = self._op(Verb.UPDATE, replace(one, wanted=wanted), reason)
        if not op.changes:
            return []
        return [replace(op, needs=self.first if wanted.use is Use.EXCLUSIVE is not before.use else frozenset())]

    def _is_first_half(self, name: str, after: ShadowSpec, kept: list[_Change]) -> bool:
        """Is the slice on its way from exclusive to additive?"""
        return after.use is Use.LEAVING and any(one.name == name and one.wanted is not None for one in kept)

    def _second(self, op: SliceOp, first: ShadowSpec, needs: frozenset[str]) -> SliceOp:
        return replace(
            op,
            before=first,
            after=replace(first, use=Use.ADDITIVE),
            reason="both paths must be used",
            needs=needs,
            awaits=(self._fact(FactName.SETTLED),),
            again=True,
        )

    def _givers_last(self, kept: list[_Change], writes: list[SliceOp]) -> list[SliceOp]:
        """A slice loses a pod only when the one that takes the pod is made: no pod is in neither for a moment.

        Where two slices of different leaves exchange pods, which are other pods then, one of them goes first.
        """
        ops, wait_for = {op.name: op for op in writes}, dict[str, dict[str, SliceFact]]()
        for giver in kept:
            for taker in self._takers(giver, kept) if giver.name in ops and giver.wanted is not None else ():
                spec = ops[taker.name].after if taker.name in ops else taker.wanted
                if isinstance(spec, ShadowSpec) and not _leads(wait_for, taker.name, giver.name):
                    wait_for.setdefault(giver.name, {})[taker.name] = self._mirror_of(taker.name, spec)
        return [
            replace(
                op,
                needs=op.needs | {ops[taker].id for taker in wait_for.get(op.name, ()) if taker in ops},
                awaits=(*op.awaits, *wait_for.get(op.name, {}).values()),
            )
            for op in writes
        ]

    def _takers(self, giver: _Change, kept: list[_Change]) -> list[_Change]:
        """The other slices that will have pods which this one has now and will not have."""
        had = giver.held.pods if giver.held is not None else frozenset()
        leaving = had - _pods(giver)
        return [one for one in kept if one is not giver and leaving & _pods(one)] if leaving else []

    def _touches(self, names: frozenset[str], writes: list[SliceOp]) -> list[SliceOp]:
        """Slices that would be made otherwise now, and that nothing else makes Liqo apply anew."""
        own = slices_of(self.here.slices, self.namespace, self.key.name)
        needs = frozenset(op.id for op in writes) | (self.first if names else frozenset())
        awaits = tuple(
            self._mirror_of(op.name, op.after)
            if isinstance(op.after, ShadowSpec)
            else self._fact(FactName.UNMIRRORED, slice=op.name)
            for op in writes
        )
        return [
            SliceOp(
                cluster=self.here.id,
                peer=self.key.hub,
                verb=Verb.UPDATE,
                kind=SliceKind.SLICE,
                namespace=self.namespace,
                name=one.meta.name,
                reason="so that Liqo applies it again and each pod is used once",
                before=TouchSpec(touched=one.touched),
                after=TouchSpec(touched=f"after {one.meta.resource_version}"),
                uid=one.meta.uid,
                needs=needs,
                awaits=awaits,
            )
            for one in unsettled(own, names)
        ]

    def _removal(self, one: _Change, needs: frozenset[str], kept: list[_Change]) -> SliceOp:
        takers = [(other.name, other.wanted) for other in self._takers(one, kept)]
        awaits = self.before_removal + tuple(self._mirror_of(name, spec) for name, spec in takers if spec is not None)
        if one.held is not None and one.held.use is not Use.ADDITIVE:
            awaits += (self._fact(FactName.SETTLED),)
        return replace(self._op(Verb.DELETE, one, "it is no longer wanted"), needs=needs, awaits=awaits)

    def _goals(self, kept: list[_Change], lost: list[SliceOp], *, settle: bool) -> tuple[SliceFact, ...]:
        own = slices_of(self.here.slices, self.namespace, self.key.name)
        made = {one.meta.name: one for one in own if one.origin is Origin.OURS}
        goals = []
        for one in kept:
            if one.wanted is None:
                goals.append(self._fact(FactName.UNMIRRORED, slice=one.name))
            elif self.want.fabric in one.wanted.owners and not _is_made(one, one.wanted, made.get(one.name)):
                goals.append(self._mirror_of(one.name, one.wanted))
        goals += [self._fact(FactName.UNMIRRORED, slice=op.name) for op in lost]
        if settle or exclusive_pods(own):
            goals.append(self._fact(FactName.SETTLED))
        return tuple(goals)

    def _mirror_of(self, name: str, spec: ShadowSpec) -> SliceFact:
        pods = frozenset(endpoint.pod for endpoint in spec.endpoints if endpoint.pod)
        return self._fact(FactName.MIRRORED, slice=name, pods=pods, use=spec.use)

    def _fact(
        self, name: FactName, *, slice: str = "", pods: frozenset[str] = frozenset(), use: Use = Use.ADDITIVE
    ) -> SliceFact:
        return SliceFact(
            name=name,
            cluster=self.here.id,
            hub=self.key.hub,
            namespace=self.namespace,
            service=self.key.name,
            slice=slice,
            pods=pods,
            use=use,
        )

    def _op(self, verb: Verb, one: _Change, reason: str) -> SliceOp:
        source = one.wanted.source if one.wanted is not None else one.held.source if one.held is not None else None
        return SliceOp(
            cluster=self.here.id,
            peer=source or self.key.hub,
            verb=verb,
            kind=SliceKind.SHADOW,
            namespace=self.namespace,
            name=one.name,
            reason=reason,
            before=ShadowSpec.of(one.held) if one.held is not None else None,
            after=one.wanted if verb is not Verb.DELETE else None,
            uid=one.held.meta.uid if one.held is not None else "",
        )


def orphan_removal(here: ClusterServices, held: Slice) -> SliceOp:
    """A slice of ours that belongs to nothing any more goes."""
    return SliceOp(
        cluster=here.id,
        peer=held.source or here.id,
        verb=Verb.DELETE,
        kind=SliceKind.SHADOW,
        namespace=held.meta.namespace,
        name=held.meta.name,
        reason=f"an orphan: {held.key} is gone or no longer reflected here",
        before=ShadowSpec.of(held),
        uid=held.meta.uid,
    )


def _is_made(change: _Change, wanted: ShadowSpec, made: Slice | None) -> bool:
    """Is there nothing to write, and has Liqo made of the slice what it says?"""
    if change.held is None or made is None or ShadowSpec.of(change.held) != wanted:
        return False
    return made.pods == change.held.pods and made.use is wanted.use


def _leads(wait_for: Mapping[str, Mapping[str, SliceFact]], name: str, other: str) -> bool:
    """Does one slice wait for another, at once or through others?"""
    return name == other or any(_leads(wait_for, taker, other) for taker in wait_for.get(name, ()))


def _pods(change: _Change) -> frozenset[str]:
    """The pods that a slice will have."""
    if change.wanted is None:
        return frozenset()
    return frozenset(endpoint.pod for endpoint in change.wanted.endpoints if endpoint.pod)


def _why(before: ShadowSpec, after: ShadowSpec) -> str:
    had, has = {e.addresses for e in before.endpoints}, {e.addresses for e in after.endpoints}
    if had != has:
        gone, new = len(had - has), len(has - had)
        return f"pods of {after.source} moved: {new} new, {gone} gone"
    if before.use is not after.use:
        return "the direct path must be the only one" if after.use is Use.EXCLUSIVE else "both paths must be used"
    if {e.ready for e in before.endpoints} != {e.ready for e in after.endpoints}:
        alive = all(e.ready for e in after.endpoints)
        return f"the tunnel to {after.source} is " + ("alive again" if alive else "dead, as its other end says")
    if before.ports != after.ports:
        return "the ports changed"
    if before.remap != after.remap:
        return f"the addresses of {after.source} are mapped elsewhere now"
    if not before.labelled:
        return "it lost a label by which Liqo or this collection finds it"
    return "it is not as it was written"
