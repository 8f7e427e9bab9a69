# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""want + have -> operations, for one pair that shall be there. Removal has its own file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from .desired import DesiredSide, Wanted, choose_server, desired_side, gateway_names
from .endpoint_faults import working_endpoints
from .errors import FabricError, FailureName
from .faults import View
from .model import ClusterId, FabricName, Pair, Shortcut
from .objects import (
    ClusterState,
    Configuration,
    ConfigurationSpec,
    Fact,
    FactName,
    Held,
    KeySecret,
    Kind,
    Later,
    PublicKeySpec,
    Side,
    names,
)
from .operations import BOOKKEEPING, LinkPlan, Op, Verb, complete, diff, laters, ordered
from .owners import differences, refuse_conflict
from .phrases import few
from .relabel import LOST, is_unlabelled, refuse_foreign, refuse_lost, relabels
from .rotation import in_shortest_order, key_wishes
from .sight import refuse_peering, refuse_unread
from .steps import DUPLICATES, being_deleted, see_pods_of_liqo

IN_PLACE_CIDRS = (1, 2, 0)
"""Before it the Configuration controller keeps the old Networks when CIDRs change, so the object must be made anew."""
OLDEST = (1, 0, 1)
"""1.0.0 rewrites the source of remapped traffic wrongly."""
SERVICE_METADATA = (1, 2, 0)
"""First with serviceAnnotations and serviceLabels; older API servers would drop them silently."""


def plan_link(
    shortcut: Shortcut,
    one: ClusterState,
    other: ClusterState,
    *,
    fabric: FabricName,
    allow_peering: bool = False,
    adopt: bool = False,
    force_conflicts: bool = False,
    rotate_keys: bool = False,
) -> LinkPlan:
    """What brings the pair from what it is to what is wanted. Pure: the same input gives the same plan.

    To ``adopt`` a link that nobody has marked is to mark it, and nothing else: what else differs is left to the next
    run. ``force_conflicts`` has its way against the settings of another owner.
    """
    one, other = sorted((one, other), key=lambda state: state.id)
    sides = (one.side(other.id), other.side(one.id))
    existed = any(side.link_objects() for side in sides)
    try:
        for state, side in zip((one, other), sides, strict=True):
            refuse_unread(state, side.peer)
            _refuse_unusable(state, side)
        refuse_peering(shortcut.pair, (one, other), allow=allow_peering)
        server, notes = choose_server(shortcut, *sides)
        _refuse_unsupported(shortcut, one if one.id == server else other)
        keys = key_wishes(shortcut, one, other, rotate=rotate_keys)
        ops: list[Op] = []
        for here, there in ((one, other), (other, one)):
            desired = desired_side(shortcut, here, there, server=server, fabric=fabric, adopt=adopt, keys=keys)
            _refuse_templates(desired, here)
            notes += _quarrels(shortcut.pair, desired.gateway, here.id, fabric, force_conflicts)
            desired, note = _without_unreadable_key(desired, there, there.side(here.id))
            notes += (*desired.notes, *note)
            ops += _side_ops(desired, here, there)
    except FabricError as problem:
        return LinkPlan(pair=shortcut.pair, existed=existed, blocked=problem)
    renews = any(wish.renews for wish in keys.values())
    if adopt and any(not held.spec.owners for side in sides for held in side.adoptable()):
        ops, note = _only_marks(ops)
        notes, renews = notes + note, False
    if any(op.kind is Kind.CLIENT and any(change.field == "endpoint" for change in op.changes) for op in ops):
        notes += working_endpoints(View(one, other.id, other), View(other, one.id, one), shortcut.settings)
    ops = in_shortest_order(_across(ops), keys, sides) if renews else _across(ops)
    return LinkPlan(
        pair=shortcut.pair,
        server=server,
        ops=ordered(ops),
        goals=tuple(replace(goal, afresh=renews) for goal in _goals(ops, *sides)),
        existed=existed,
        notes=notes,
        client_endpoint=shortcut.settings.client_endpoint,
    )


def refuse_duplicates(side: Side) -> None:
    """Every getter of Liqo fails on two objects of one kind for one peer, and so do we, by name."""
    groups: tuple[tuple[str, Sequence[Held]], ...] = (
        ("tenant namespaces", side.namespaces),
        ("Configurations", side.configurations),
        ("gateways", side.gateways()),
        ("PublicKeys", side.public_keys),
    )
    for kind, held in groups:
        if len(held) > 1:
            found = gateway_names(side) if kind == "gateways" else names(held)
            raise FabricError(
                what=f"{len(held)} {kind} for {side.peer} in {side.cluster}: {found}",
                where=f"cluster {side.cluster}",
                why="Liqo uses one per peer and fails on more",
                next=DUPLICATES,
                fault=FailureName.DUPLICATE_OBJECTS,
            )


def _refuse_unusable(state: ClusterState, side: Side) -> None:
    refuse_duplicates(side)
    why = "Liqo and this collection find the networks of a cluster by this label"
    refuse_lost(state.id, state.lost, why=why)
    refuse_foreign(side)
    if state.version is not None and state.version < OLDEST:
        raise FabricError(
            what=f"Liqo {'.'.join(map(str, state.version))} on {state.id} is too old for shortcuts",
            where=f"cluster {state.id}",
            why="it rewrites addresses of remapped peers wrongly",
            next="upgrade it to 1.0.1 or newer",
            fault=FailureName.TOO_OLD,
        )
    if not state.networks.pod or not state.networks.external:
        missing = "pod" if not state.networks.pod else "external"
        raise FabricError(
            what=f"{state.id} has no {missing} CIDR yet",
            where=f"cluster {state.id}, namespace {state.liqo_namespace}, Networks",
            why="Liqo's IPAM has not answered",
            next=see_pods_of_liqo(state.id, state.liqo_namespace),
            fault=FailureName.NO_CIDRS,
        )
    for held in side.held():
        if held.meta.terminating:
            raise being_deleted(held, state.id)


def _refuse_unsupported(shortcut: Shortcut, server: ClusterState) -> None:
    settings = shortcut.settings
    asked = [name for name in ("service_annotations", "service_labels") if getattr(settings, name) is not None]
    if asked and server.version is not None and server.version < SERVICE_METADATA:
        raise FabricError(
            what=f"{' and '.join(asked)} need Liqo 1.2.0, {server.id} runs {'.'.join(map(str, server.version))}",
            where=f"cluster {server.id}, server of {shortcut.pair}",
            why="its API has no such field and would drop it",
            next="leave them out for this pair, upgrade the cluster, or put them into its gateway template",
            fault=FailureName.TOO_OLD,
        )


def _refuse_templates(desired: DesiredSide, here: ClusterState) -> None:
    """A gateway with an unknown template freezes the ForeignCluster of the peer, so it is not even written."""
    gateway = desired.gateway
    template = getattr(gateway.spec, "template", None)
    if here.templates is None or template is None or (gateway.kind, template) in here.templates:
        return
    known = ", ".join(sorted(str(ref) for kind, ref in here.templates if kind is gateway.kind)) or "none"
    raise FabricError(
        what=f"Wg{gateway.kind.value}Template {template} does not exist",
        where=f"cluster {here.id}",
        why=f"templates there: {known}",
        next=f"correct {'server' if gateway.kind is Kind.SERVER else 'client'}_template and its namespace",
        fault=FailureName.UNKNOWN_TEMPLATE,
    )


def _without_unreadable_key(
    desired: DesiredSide, there: ClusterState, back: Side
) -> tuple[DesiredSide, tuple[str, ...]]:
    """Without the key of the peer a PublicKey can only be trusted, as long as the gateway is there.

    It is not known without the right to read the Secret, nor as long as the Secret lacks a label.
    """
    key, hidden, lost = desired.public_key, there.hides("Secret", back.peer), is_unlabelled(back)
    if not (hidden or lost) or not isinstance(key.spec, PublicKeySpec) or not isinstance(key.spec.key, Later):
        return desired, ()
    if lost and key.held is None:
        return desired, ()
    if key.held is None or not back.gateways():
        raise FabricError(
            what=f"the key of {there.id} cannot be read",
            where=f"cluster {there.id}, Secrets of the tenant namespace",
            why="our rights do not allow to list Secrets there",
            next="grant get and list on secrets in the tenant namespace, as Liqo's peering-user role does",
            fault=FailureName.MISSING_RIGHT,
        )
    kept = replace(key, spec=replace(key.spec, key=key.held.spec.key))  # type: ignore[union-attr]
    why = "its Secret lost a label" if lost else "no right to list its Secrets"
    return replace(desired, public_key=kept), (f"key of {there.id} not compared: {why}",)


def _quarrels(pair: Pair, gateway: Wanted, cluster: ClusterId, fabric: FabricName, force: bool) -> tuple[str, ...]:
    """Refuse what another owner would undo, unless forced; what they merely wish otherwise is a note."""
    if not force:
        where = f"cluster {cluster}, {gateway.kind.value} {gateway.namespace}/{gateway.name}"
        refuse_conflict(pair, gateway.held, gateway.spec, fabric=fabric, where=where)
    return tuple(
        f"{owner} wants another {' and '.join(found)}"
        for owner, found in differences(gateway.held, gateway.spec, fabric).items()
    )


def _only_marks(ops: list[Op]) -> tuple[list[Op], tuple[str, ...]]:
    """Of the operations the marks alone, and a note about the rest."""
    marks = []
    rest = []
    for op in ops:
        if op.verb is Verb.UPDATE and op.before is not None and op.after is not None:
            after = replace(op.before, owners=op.after.owners, wishes=op.after.wishes)
            mark = replace(op, after=after, needs=frozenset(), awaits=(), reason="adopted")
            marks += [mark] if mark.changes else []
        if op.verb is not Verb.UPDATE or any(change.field not in BOOKKEEPING for change in op.changes):
            rest.append(f"{op.id} ({op.reason})")
    return marks, (f"adopted as it is, left to the next run: {few(rest)}",) if rest else ()


def _side_ops(desired: DesiredSide, here: ClusterState, there: ClusterState) -> list[Op]:
    ops: list[Op] = []
    for wanted in desired.objects():
        if wanted.kind is Kind.CONFIGURATION and _must_replace(wanted, here):
            ops += _replacement(wanted, here.id, there.id)
            continue
        op = _op(wanted, here.id, there.id)
        if op is not None:
            ops.append(op)
    ops += [_without(held, here.id, there.id, desired) for held in desired.surplus if not held.meta.terminating]
    ops = _relabelled_first(relabels(here.side(there.id), desired.surplus), ops)
    made = {op.kind: op.id for op in ops if op.verb is Verb.CREATE}
    ops = [_within(op, made) for op in ops]
    return [_after_leftovers(op, here.side(there.id)) for op in ops]


def _relabelled_first(labels: list[Op], ops: list[Op]) -> list[Op]:
    """Liqo looks for the key Secret as soon as a gateway changes, so that it must find it by then."""
    first = frozenset(op.id for op in labels if op.kind is Kind.SECRET)
    gateways = (Kind.SERVER, Kind.CLIENT)
    return labels + [replace(op, needs=op.needs | first) if op.kind in gateways else op for op in ops]


def _without(held: KeySecret, cluster: ClusterId, peer: ClusterId, desired: DesiredSide) -> Op:
    used = getattr(desired.gateway.spec, "secret", None) or "the Secret of the gateway"
    return Op(
        cluster=cluster,
        peer=peer,
        verb=Verb.DELETE,
        kind=Kind.SECRET,
        name=held.meta.name,
        namespace=held.meta.namespace,
        reason=f"{used} takes its place, and Liqo stops at two",
        uid=held.meta.uid,
    )


def _op(wanted: Wanted, cluster: ClusterId, peer: ClusterId) -> Op | None:
    """The write that makes one object as wanted; None when it is."""
    if wanted.held is None:
        reason = f"{cluster} has no {wanted.kind.value} for {peer}"
        return Op(
            cluster=cluster,
            peer=peer,
            verb=Verb.CREATE,
            kind=wanted.kind,
            name=wanted.name,
            namespace=wanted.namespace,
            reason=reason,
            after=wanted.spec,
        )
    changes = diff(wanted.held.spec, wanted.spec)
    if not changes:
        return None
    reason = "; ".join(_because(change.field, change.before, change.after) for change in changes)
    return Op(
        cluster=cluster,
        peer=peer,
        verb=Verb.UPDATE,
        kind=wanted.kind,
        name=wanted.name,
        namespace=wanted.namespace,
        reason=reason,
        before=wanted.held.spec,
        after=complete(wanted.spec, wanted.held.spec),
        uid=wanted.held.meta.uid,
    )


def _because(field: str, before: object, after: object) -> str:
    if field == "labelled":
        return LOST
    if field == "owners":
        return "another fabric joins or leaves its owners"
    if field == "wishes":
        return "how each of its owners wants it is written down"
    if field == "key":
        return (
            "key is not that of the peer's gateway"
            if not isinstance(after, Later)
            else "the peer's gateway gets a new key"
        )
    return f"{field} is {_text(before)}, wanted {_text(after)}"


def _text(value: object) -> str:
    if value is None or value == "":
        return "not set"
    return str(value.value) if hasattr(value, "value") else str(value)


def _must_replace(wanted: Wanted, here: ClusterState) -> bool:
    held = wanted.held
    if not isinstance(held, Configuration) or not isinstance(wanted.spec, ConfigurationSpec):
        return False
    in_place = held.has_conditions or (here.version is not None and here.version >= IN_PLACE_CIDRS)
    return held.spec.remote != wanted.spec.remote and not in_place


def _replacement(wanted: Wanted, cluster: ClusterId, peer: ClusterId) -> list[Op]:
    update = _op(wanted, cluster, peer)
    if update is None:
        return []
    reason = f"{update.reason}; Liqo before 1.2.0 takes new CIDRs only with a new Configuration"
    delete = replace(update, verb=Verb.DELETE, after=None, reason=reason)
    gone = Fact(name=FactName.NETWORK_GONE, cluster=cluster, peer=peer)
    create = replace(
        update, verb=Verb.CREATE, before=None, uid="", reason=reason, needs=frozenset({delete.id}), awaits=(gone,)
    )
    return [delete, create]


def _after_leftovers(op: Op, side: Side) -> Op:
    """A new Configuration waits until the networks of one that an earlier run deleted are gone."""
    gone = Fact(name=FactName.NETWORK_GONE, cluster=op.cluster, peer=op.peer)
    leftovers = op.kind is Kind.CONFIGURATION and op.verb is Verb.CREATE and side.network_children
    return replace(op, awaits=(*op.awaits, gone)) if leftovers and gone not in op.awaits else op


def _within(op: Op, made: dict[Kind, str]) -> Op:
    """Edges on one side: everything after its namespace, a new gateway after the Configuration is configured."""
    needs = set(op.needs)
    awaits = list(op.awaits)
    if op.kind is not Kind.NAMESPACE and Kind.NAMESPACE in made and op.verb is Verb.CREATE:
        needs.add(made[Kind.NAMESPACE])
    if op.kind in (Kind.SERVER, Kind.CLIENT) and Kind.SECRET in made:
        needs.add(made[Kind.SECRET])
    if op.kind in (Kind.SERVER, Kind.CLIENT) and op.verb is Verb.CREATE:
        if Kind.CONFIGURATION in made:
            needs.add(made[Kind.CONFIGURATION])
        awaits.append(Fact(name=FactName.CONFIGURED, cluster=op.cluster, peer=op.peer))
    awaits += [later.fact for later in laters(op.after)]
    return replace(op, needs=frozenset(needs), awaits=tuple(awaits))


def _across(ops: list[Op]) -> list[Op]:
    """Edges between the sides: what takes a value from the other side's gateway comes after that gateway's write."""
    gateway_op = {op.cluster: op for op in ops if op.kind in (Kind.SERVER, Kind.CLIENT)}
    secret_op = {op.cluster: op for op in ops if op.kind is Kind.SECRET and op.verb is Verb.CREATE}
    label_op = {op.cluster: op for op in ops if op.kind is Kind.SECRET and op.relabels}
    linked = []
    for op in [_after_label(op, label_op.get(op.peer)) for op in ops]:
        source = gateway_op.get(op.peer)
        own_key = secret_op.get(op.peer)
        if own_key is not None and any(later.fact.secret for later in laters(op.after)):
            linked.append(replace(op, needs=op.needs | {own_key.id}))
            continue
        waits_for = {later.fact.name for later in laters(op.after)}
        follows_server = FactName.ENDPOINT in waits_for
        follows_gateway = FactName.KEY in waits_for and source is not None and source.verb is Verb.CREATE
        if source is not None and (follows_server or follows_gateway):
            linked.append(replace(op, needs=op.needs | {source.id}))
        else:
            linked.append(op)
    return linked


def _after_label(op: Op, label: Op | None) -> Op:
    """The key of a gateway is read once its Secret is found by its labels."""
    reads_key = label is not None and FactName.KEY in {later.fact.name for later in laters(op.after)}
    return replace(op, needs=op.needs | {label.id}) if label is not None and reads_key else op


def _goals(ops: list[Op], one: Side, other: Side) -> tuple[Fact, ...]:
    disturbed = any(op.disturbs for op in ops)
    return tuple(
        Fact(
            name=FactName.CONNECTED,
            cluster=side.cluster,
            peer=side.peer,
            newer_than=side.connections[0].latency_at if disturbed and len(side.connections) == 1 else None,
        )
        for side in (one, other)
    )
