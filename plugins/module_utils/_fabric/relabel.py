# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Labels that were lost: the writes that put them back, and the command with which a person does it.

Objects that this collection makes get their labels with their other fields, see desired.py. Here are those that Liqo
makes: the key Secret and the Connection of a gateway, of which nothing but the labels is written, and what is never
written. As long as a key Secret lacks a label, Liqo does not find it: at its next look at the gateway it makes
another key pair under the same name, which the gateway pod that runs does not learn. So these labels come first.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from .command import Option, command
from .errors import FabricError, FailureName
from .model import ClusterId
from .objects import ClusterState, Connection, ForeignCluster, KeySecret, Kind, LabelsSpec, LostLabels, Meta, Side
from .operations import LinkPlan, Op, Verb
from .phrases import few

LOST = "lost a label by which Liqo or this collection finds it"


def label_command(meta: Meta, lost: LostLabels) -> str:
    """The command that puts the labels of an object back."""
    place = (Option("-n"), meta.namespace) if meta.namespace else ()
    return command("kubectl", *place, "label", lost.resource, meta.name, *lost.labels, Option("--overwrite"))


def lost_detail(title: str, meta: Meta) -> str:
    """What an object lacks, as a sentence."""
    lost = meta.lost or LostLabels(resource="")
    which = f"the label {few(lost.labels)}," if lost.labels else "a label"
    if lost.unclaimed:
        which = "the annotation with the names of its fabrics,"
    return f"{title} lacks {which} by which Liqo or this collection finds it"


def write_again(title: str, meta: Meta) -> str:
    """The repair, with its command where a person can carry it out."""
    line = f" ({label_command(meta, meta.lost)})" if meta.lost is not None and meta.lost.labels else ""
    return f"write the labels of {title} again{line}"


def foreign_secret(side: Side) -> Meta | None:
    """The Secret that the gateway names, where it lacks labels and nothing on it shows that it is the gateway's."""
    secret = side.key_secret()
    return secret.meta if secret is not None and _lacks(secret.meta) and not side.is_own(secret) else None


def _lacks(meta: Meta) -> bool:
    return meta.lost is not None and bool(meta.lost.labels) and not meta.terminating


def whose(meta: Meta) -> str:
    """The step where a Secret that lacks labels is not known to be that of the gateway that names it."""
    line = label_command(meta, meta.lost or LostLabels(resource="secrets"))
    return (
        f"see whose Secret {meta.namespace}/{meta.name} is: if it has the keys of the gateway, write its labels again"
        f" ({line}), otherwise correct secretRef of the gateway; then run again"
    )


def refuse_foreign(side: Side) -> None:
    """Raises FabricError where the gateway names a Secret that lacks labels and does not show that it is its own.

    Whoever may write a gateway would otherwise have any Secret of its namespace labelled, and then read by its label.
    """
    foreign = foreign_secret(side)
    if foreign is not None:
        raise FabricError(
            what=f"Secret {foreign.namespace}/{foreign.name} of {side.cluster} lacks the labels of a key Secret",
            where=f"cluster {side.cluster}, gateway for {side.peer}",
            why="the gateway names it, but neither is the gateway its only owner nor did this collection make it",
            next=whose(foreign),
            fault=FailureName.LOST_LABEL,
        )


def lost_networks(here: ClusterState) -> Iterator[tuple[str, Meta]]:
    """The networks of the cluster itself that lack their label, with their title."""
    return ((f"Network {meta.namespace}/{meta.name}", meta) for meta in here.lost)


def lost_on(side: Side) -> Iterator[tuple[str, Meta]]:
    """What Liqo made on one side and what lacks labels, with its title."""
    found: list[tuple[str, KeySecret | Connection | ForeignCluster | None]] = [
        ("key Secret", side.key_secret() if foreign_secret(side) is None else None),
        *(("Connection", held) for held in side.connections),
        ("ForeignCluster", side.foreign_cluster),
    ]
    for kind, held in found:
        if held is not None and held.meta.lost is not None and held.meta.lost.labels:
            yield f"{kind} {held.meta.namespace}/{held.meta.name}".replace(" /", " "), held.meta


def relabels(side: Side, surplus: Iterable[KeySecret]) -> list[Op]:
    """The writes that put the labels back of what Liqo made, unless it goes anyway."""
    going = {held.meta.name for held in surplus}
    secret = side.key_secret()
    things: list[tuple[Kind, Meta]] = [(Kind.CONNECTION, held.meta) for held in side.connections]
    if secret is not None and secret.meta.name not in going and foreign_secret(side) is None:
        things.insert(0, (Kind.SECRET, secret.meta))
    return [
        Op(
            cluster=side.cluster,
            peer=side.peer,
            verb=Verb.UPDATE,
            kind=kind,
            name=meta.name,
            namespace=meta.namespace,
            reason=LOST,
            before=LabelsSpec(labelled=False),
            after=LabelsSpec(),
            uid=meta.uid,
            lost=meta.lost,
        )
        for kind, meta in things
        if _lacks(meta)
    ]


def is_unlabelled(side: Side) -> bool:
    """Does the key Secret of the gateway lack a label, so that its key was not read?"""
    secret = side.key_secret()
    return secret is not None and secret.meta.lost is not None and not secret.public_key


def without(plan: LinkPlan, ids: frozenset[str]) -> LinkPlan:
    """The plan without these operations, for none of which another one waits."""
    if not any(op.id in ids for op in plan.ops):
        return plan
    return replace(plan, ops=tuple(op for op in plan.ops if op.id not in ids))


def step(op: Op) -> str:
    """What a person does where our rights do not allow to write labels."""
    meta = Meta(name=op.name, namespace=op.namespace)
    line = label_command(meta, op.lost) if op.lost is not None else ""
    return f"write the label on {op.cluster} ({line}), or grant the right patch on {op.kind.value}s there"


def refuse_lost(cluster: ClusterId, lost: Sequence[Meta], *, why: str) -> None:
    """Raises FabricError that names the objects whose labels this collection does not write, and how a person does."""
    lines = [label_command(meta, meta.lost) for meta in lost if meta.lost is not None]
    if lines:
        kind = lost[0].lost.resource if lost[0].lost is not None else ""
        names = few([f"{meta.namespace}/{meta.name}".lstrip("/") for meta in lost])
        raise FabricError(
            what=f"{kind} {names} of {cluster} lost a label",
            where=f"cluster {cluster}",
            why=why,
            next=f"write the label again ({'; '.join(lines[:3])}), then run again",
            fault=FailureName.LOST_LABEL,
        )
