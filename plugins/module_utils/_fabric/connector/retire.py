# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is left of the connector -> the writes that retire it, in the one order that loses no link.

The controller resets the network of two leaves when it sees their ForeignClusterConnection deleted. So it is stopped
first, and its pods are gone, before any of these is touched. Every write is planned from what is there, so that a run
that was interrupted is only another state.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from ..errors import FabricError, FailureName
from ..facts import value_of
from ..intents import Intent, plan_intent
from ..model import ClusterId, Fabric, Pair
from ..objects import ClusterState, Meta, Side
from ..operations import Verb, in_order
from .model import (
    Binding,
    ConnectorKind,
    ConnectorOp,
    Controller,
    FinalizersSpec,
    ForeignClusterConnection,
    Gone,
    GoneName,
    Remains,
    ReplicasSpec,
    Wanted,
    by_hub,
)

States = Mapping[ClusterId, "ClusterState | FabricError"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """How the connector calls what is its own."""

    controller_namespace: str
    leaf_role: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Retirement:
    """Everything that would be done; nothing of it while anything is refused."""

    ops: tuple[ConnectorOp, ...] = ()
    goals: tuple[Gone, ...] = ()
    refused: tuple[FabricError, ...] = ()
    notes: tuple[str, ...] = ()


def safe_to_lose(
    connections: Iterable[ForeignClusterConnection], want: Wanted, fabric: Fabric, states: States
) -> tuple[tuple[FabricError, ...], tuple[str, ...]]:
    """Why which of these objects must stay for now, and what a person should know of the others."""
    refused = []
    notes = []
    for connection in connections:
        if connection.name in want.abandon:
            notes.append(f"{connection} is abandoned; what there is of its link stays as it is")
            continue
        pair = connection.pair
        if pair is None:
            notes.append(f"{connection} joins no two clusters")
            continue
        why = _unsafe(pair, want, fabric, states)
        if why is not None:
            refused.append(_not_adopted(connection, pair, *why))
        elif pair not in fabric.pairs:
            notes.append(f"{connection}: there is no link between {pair.a} and {pair.b}, and none is declared")
    return tuple(refused), tuple(notes)


def plan_retirement(remains: Mapping[ClusterId, Remains], want: Wanted, names: Names) -> Retirement:
    """The writes and their order, once it is known that every ForeignClusterConnection may go."""
    ops: list[ConnectorOp] = []
    notes: list[str] = []
    hubs = [remains[hub] for hub in want.hubs if hub in remains]
    for hub in hubs:
        mine, more = _hub_ops(hub, names)
        ops, notes = ops + mine, notes + more
    done = tuple(Gone(name=GoneName.DEFINITION, cluster=hub.cluster) for hub in hubs)
    needs = frozenset(op.id for op in ops if op.kind in (ConnectorKind.CONNECTION, ConnectorKind.DEFINITION))
    for cluster in sorted(remains.keys() - set(want.hubs)):
        mine, more = _leaf_ops(remains[cluster], want, names)
        ops += [replace(op, needs=op.needs | needs, awaits=done) for op in mine]
        notes += more
    goals = (*done, *(Gone(name=GoneName.NAMESPACE, cluster=hub.cluster) for hub in hubs))
    return Retirement(ops=in_order(ops), goals=goals, notes=tuple(notes))


def _unsafe(pair: Pair, want: Wanted, fabric: Fabric, states: States) -> tuple[str, str] | None:
    """Why a link could be lost with its object, and what to do; None where it cannot."""
    missing = [cluster for cluster in pair if cluster not in states]
    if missing:
        return f"{' and '.join(missing)} is not among the clusters of the task", "add it to clusters"
    problem = next((seen for cluster in pair if isinstance(seen := states[cluster], FabricError)), None)
    if problem is not None:
        return f"{problem.where}: {problem.what} ({problem.why})", problem.next
    ends = [seen for cluster in pair if isinstance(seen := states[cluster], ClusterState)]
    shortcut = next((one for one in fabric.shortcuts if one.pair == pair), None)
    held = [thing for end in ends for thing in end.side(pair.other(end.id)).adoptable()]
    if shortcut is None:
        links = any(end.side(pair.other(end.id)).link_objects() for end in ends)
        return ("there is a link, but shortcuts does not declare it", "declare it and adopt it") if links else None
    strange = sorted({thing.meta.name for thing in held if want.fabric not in thing.spec.owners})
    if strange and pair not in want.coming:
        return f"fabric {want.fabric} does not own {', '.join(strange)}", "adopt it first (adopt true)"
    plan = plan_intent(Intent(pair=pair, shortcut=shortcut), states, fabric)
    if plan.blocked is not None:
        return f"{plan.blocked.what} ({plan.blocked.why})", plan.blocked.next
    if plan.ops:
        return f"it is not as declared: {plan.ops[0].reason}", "apply the fabric, then run again"
    waiting = [goal for goal in plan.goals if value_of(goal, _side(states, goal.cluster, goal.peer)) is None]
    return (f"not yet true: {waiting[0]}", "wait until the tunnel is up, then run again") if waiting else None


def _side(states: States, cluster: ClusterId, peer: ClusterId) -> Side:
    state = states[cluster]
    return state.side(peer) if isinstance(state, ClusterState) else Side(cluster=cluster, peer=peer)


def _not_adopted(connection: ForeignClusterConnection, pair: Pair, why: str, next_: str) -> FabricError:
    return FabricError(
        what=f"{connection} cannot be retired yet",
        where=f"clusters {pair.a} and {pair.b}",
        why=why,
        next=f"{next_}, or name {connection.name} under abandon to leave its link as it is",
        fault=FailureName.NOT_ADOPTED,
    )


def _hub_ops(hub: Remains, names: Names) -> tuple[list[ConnectorOp], list[str]]:
    stopped = Gone(name=GoneName.PODS, cluster=hub.cluster)
    no_objects = Gone(name=GoneName.CONNECTIONS, cluster=hub.cluster)
    no_kind = Gone(name=GoneName.DEFINITION, cluster=hub.cluster)
    stop = [_stop(hub, one) for one in hub.controllers if one.replicas]
    objects = [op for one in by_hub([hub]) for op in _release(one)]
    definition = _deletions(hub, ConnectorKind.DEFINITION, [hub.definition], "the kind of the connector")
    bindings = [one for one in hub.bindings if one.accounts == {names.controller_namespace} and not one.users]
    rights, notes = _rights(hub, [one for one in bindings if not one.others], "the controller's own right")
    namespace = _deletions(hub, ConnectorKind.NAMESPACE, [hub.namespace], "it held the controller")
    ids = {name: frozenset(op.id for op in ops) for name, ops in (("stop", stop), ("objects", objects))}
    first = frozenset(op.id for op in definition) | ids["objects"]
    return [
        *stop,
        *(replace(op, needs=op.needs | ids["stop"], awaits=(stopped,)) for op in objects),
        *(replace(op, needs=ids["stop"] | ids["objects"], awaits=(stopped, no_objects)) for op in definition),
        *(replace(op, needs=op.needs | first, awaits=(no_kind,)) for op in (*rights, *namespace)),
    ], notes


def _leaf_ops(leaf: Remains, want: Wanted, names: Names) -> tuple[list[ConnectorOp], list[str]]:
    """The right of the controller on a leaf goes, unless it is also that of a hub which is not retired now."""
    bindings = [one for one in leaf.bindings if one.role == names.leaf_role]
    strange = sorted({user for one in bindings for user in one.users - set(want.hubs)})
    accounts = sorted({account for one in bindings for account in one.accounts})
    if strange or accounts or any(one.others for one in bindings):
        whom = ", ".join([*strange, *accounts]) or "a group"
        stays = f"ClusterRole {names.leaf_role} stays on {leaf.cluster}, since it is also granted to {whom}"
        return [], [f"{stays}; if no hub needs it any more, delete it and its ClusterRoleBinding by hand"]
    reason = "it let the controller write here"
    gone = _deletions(leaf, ConnectorKind.BINDING, [one.meta for one in bindings], reason)
    role = [one.meta for one in leaf.roles if one.meta.name == names.leaf_role]
    needs = frozenset(op.id for op in gone)
    return [*gone, *(replace(op, needs=needs) for op in _deletions(leaf, ConnectorKind.ROLE, role, reason))], []


def _rights(hub: Remains, bindings: list[Binding], reason: str) -> tuple[list[ConnectorOp], list[str]]:
    """Bindings that go, and the roles of the connector to which none that stays refers."""
    going = {one.meta.uid for one in bindings}
    kept = {one.role for one in hub.bindings if one.meta.uid not in going}
    own = {one.meta.name: one.meta for one in hub.roles if one.is_connectors}
    gone = _deletions(hub, ConnectorKind.BINDING, [one.meta for one in bindings], reason)
    roles = _deletions(hub, ConnectorKind.ROLE, [meta for name, meta in own.items() if name not in kept], reason)
    needs = frozenset(op.id for op in gone)
    left = sorted({one.role for one in bindings} - own.keys())
    notes = [f"ClusterRole {name} of {hub.cluster} stays: other software uses that name, too" for name in left]
    return [*gone, *(replace(op, needs=needs) for op in roles)], notes


def _stop(hub: Remains, controller: Controller) -> ConnectorOp:
    return ConnectorOp(
        cluster=hub.cluster,
        peer=hub.cluster,
        verb=Verb.UPDATE,
        kind=ConnectorKind.DEPLOYMENT,
        name=controller.meta.name,
        namespace=controller.meta.namespace,
        reason="a controller that runs would reset the links of deleted objects",
        before=ReplicasSpec(replicas=controller.replicas),
        after=ReplicasSpec(replicas=0),
        uid=controller.meta.uid,
    )


def _release(connection: ForeignClusterConnection) -> list[ConnectorOp]:
    """Its finalizer is taken away, then it is deleted; one that is being deleted already needs the first alone."""
    meta = connection.meta
    delete = ConnectorOp(
        cluster=connection.hub,
        peer=connection.server,
        verb=Verb.DELETE,
        kind=ConnectorKind.CONNECTION,
        name=meta.name,
        namespace=meta.namespace,
        reason="a shortcut takes its place",
        uid=meta.uid,
        resource_version=meta.resource_version,
    )
    kept = tuple(name for name in meta.finalizers if name not in connection.finalizers)
    release = replace(
        delete,
        verb=Verb.UPDATE,
        reason="nothing serves its finalizer any more",
        before=FinalizersSpec(finalizers=meta.finalizers),
        after=FinalizersSpec(finalizers=kept),
        resource_version="",
    )
    ops = [release] if connection.finalizers else []
    if meta.terminating:
        return ops
    return [*ops, replace(delete, needs=frozenset(op.id for op in ops))]


def _deletions(place: Remains, kind: ConnectorKind, found: Iterable[Meta | None], reason: str) -> list[ConnectorOp]:
    return [
        ConnectorOp(
            cluster=place.cluster,
            peer=place.cluster,
            verb=Verb.DELETE,
            kind=kind,
            name=meta.name,
            namespace=meta.namespace,
            reason=reason,
            uid=meta.uid,
        )
        for meta in found
        if meta is not None and not meta.terminating
    ]
