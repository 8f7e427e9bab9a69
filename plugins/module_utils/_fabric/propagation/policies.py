# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The two admission policies of mode exclusive on each leaf: there while a slice of ours needs them, and gone after."""

from __future__ import annotations

from dataclasses import replace

from ..model import FabricName
from ..operations import Verb
from .model import ClusterServices, Policies, PolicySpec, Propagation, ShadowSpec, Use
from .operations import ServicePlan, SliceKind, SliceOp

POLICY_NAMES = ("liqo-fabric-fallback", "liqo-fabric-suppress")
"""Names of the policies; their bindings are called alike."""


def missing_policies(here: ClusterServices, want: Propagation) -> tuple[SliceOp, ...]:
    """What a leaf lacks of the policies and their bindings; nothing where its API does not serve them."""
    if here.policies is None:
        return ()
    ops = []
    for kind in (SliceKind.POLICY, SliceKind.BINDING):
        for name in POLICY_NAMES:
            held = _held_policy(here.policies, kind, name)
            owners = (held.owners if held is not None else frozenset()) | {want.fabric}
            after = PolicySpec(owners=owners, intact=True)
            if held == after:
                continue
            reason = "mode exclusive needs it" if held is None else "it is not as it was written, or not marked"
            ops.append(_policy_op(here, Verb.UPDATE if held else Verb.CREATE, kind, name, reason, held, after))
    bindings = frozenset(op.id for op in ops if op.kind is SliceKind.POLICY)
    return tuple(replace(op, needs=bindings) if op.kind is SliceKind.BINDING else op for op in ops)


def _held_policy(policies: Policies, kind: SliceKind, name: str) -> PolicySpec | None:
    held = policies.get(f"{kind.value}/{name}")
    return PolicySpec(owners=held.owners, intact=held.intact) if held is not None else None


def _policy_op(
    here: ClusterServices,
    verb: Verb,
    kind: SliceKind,
    name: str,
    reason: str,
    before: PolicySpec | None,
    after: PolicySpec | None,
) -> SliceOp:
    held = (here.policies or {}).get(f"{kind.value}/{name}")
    return SliceOp(
        cluster=here.id,
        peer=here.id,
        verb=verb,
        kind=kind,
        name=name,
        reason=reason,
        before=before,
        after=after,
        uid=held.uid if held is not None else "",
    )


def plan_policies(
    want: Propagation, here: ClusterServices, missing: tuple[SliceOp, ...], plans: list[ServicePlan]
) -> ServicePlan:
    """The policies of one leaf: ours while a slice of ours needs them, and gone after the last fabric has let go."""
    if here.policies is None or (want.leaves is not None and here.id not in want.leaves):
        return ServicePlan(key=None, leaf=here.id)
    relying = _relying(here, plans)
    if want.fabric in relying:
        return ServicePlan(key=None, leaf=here.id, ops=missing)
    ops = []
    for kind in (SliceKind.BINDING, SliceKind.POLICY):
        for name in POLICY_NAMES:
            held = _held_policy(here.policies, kind, name)
            if held is None or want.fabric not in held.owners:
                continue
            others = (held.owners | relying) - {want.fabric}
            wanted = replace(held, owners=others) if others else None
            verb = Verb.UPDATE if others else Verb.DELETE
            ops.append(_policy_op(here, verb, kind, name, "no slice of this fabric needs it any more", held, wanted))
    before = _before([op for plan in plans for op in plan.ops if op.cluster == here.id], ops)
    return ServicePlan(key=None, leaf=here.id, ops=tuple(replace(op, needs=before) for op in ops))


def _before(writes: list[SliceOp], ops: list[SliceOp]) -> frozenset[str]:
    """The writes that come before a policy is released.

    A policy that another fabric needs is updated, and slices of that fabric may wait for this very update.
    """
    waiting = {op.id for op in ops}
    while more := {op.id for op in writes if op.needs & waiting} - waiting:
        waiting |= more
    return frozenset(op.id for op in writes) - waiting


def _relying(here: ClusterServices, plans: list[ServicePlan]) -> frozenset[FabricName]:
    """The fabrics with a slice on the leaf that needs the policies once the plans are carried out."""
    slices = {(one.meta.namespace, one.meta.name): one.owners for one in here.shadows if one.use is not Use.ADDITIVE}
    for op in (op for plan in plans for op in plan.ops if op.cluster == here.id and op.kind is SliceKind.SHADOW):
        slices.pop((op.namespace, op.name), None)
        if isinstance(op.after, ShadowSpec) and op.after.use is not Use.ADDITIVE:
            slices[op.namespace, op.name] = op.after.owners
    return frozenset().union(*slices.values())
