# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A plan as data: what check mode shows and what a real run executes are these same objects."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from heapq import heapify, heappop, heappush
from typing import TypeVar

from .errors import FabricError
from .model import ClientEndpoint, ClusterId, Pair, ServiceType
from .objects import Fact, GatewayServerSpec, Kind, LabelsSpec, Later, LostLabels, Marked, Spec
from .phrases import few

_W = TypeVar("_W", bound="Write")


class Verb(StrEnum):
    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"


BOOKKEEPING = frozenset({"labelled", "owners", "wishes"})
"""Fields that lie in labels and annotations: a change of them disturbs no traffic."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One field that is not as wanted. ``after`` may be a Later."""

    field: str
    before: object
    after: object


@dataclass(frozen=True, slots=True, kw_only=True)
class Write:
    """One write to one object of one cluster. It may start when every operation of ``needs`` has succeeded."""

    cluster: ClusterId
    peer: ClusterId
    """The cluster that it is about."""
    verb: Verb
    kind: StrEnum
    name: str
    namespace: str = ""
    reason: str
    before: Marked | None = None
    after: Marked | None = None
    uid: str = ""
    """The object that was seen while planning; empty for create."""
    needs: frozenset[str] = frozenset()
    again: bool = False
    """The second change of the same object in one plan."""

    @property
    def id(self) -> str:
        """Stable and readable, unique in a plan: ``update leaf-b/GatewayServer/leaf-a``."""
        place = f"{self.namespace}/" if self.namespace else ""
        return f"{self.verb.value} {self.cluster}/{self.kind.value}/{place}{self.name}{' again' if self.again else ''}"

    @property
    def changes(self) -> tuple[Change, ...]:
        """The fields that the operation sets."""
        return diff(self.before, self.after) if self.after is not None else ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Op(Write):
    """A write to an object of a link. It may start only when every fact of ``awaits`` holds, too."""

    kind: Kind
    before: Spec | None = None
    after: Spec | None = None
    awaits: tuple[Fact, ...] = ()
    lost: LostLabels | None = None
    """Of one that relabels: what it writes."""

    @property
    def relabels(self) -> bool:
        """True when labels are all that is written, of an object whose content is not ours to read or to write."""
        return isinstance(self.after, LabelsSpec)

    @property
    def disturbs(self) -> bool:
        """True when the tunnel may be re-made, so that an older proof of life no longer counts."""
        return self.kind not in (Kind.NAMESPACE, Kind.SECRET, Kind.FOREIGN_CLUSTER) and any(
            change.field not in BOOKKEEPING for change in self.changes
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkPlan:
    """Everything that would be done for one pair."""

    pair: Pair
    server: ClusterId | None = None
    ops: tuple[Op, ...] = ()
    goals: tuple[Fact, ...] = ()
    """What must hold in the end, when the user wants to wait."""
    existed: bool = False
    """Some object of the link was there before."""
    blocked: FabricError | None = None
    notes: tuple[str, ...] = ()
    client_endpoint: ClientEndpoint | None = None
    """What is declared of what the client dials."""
    stays_on: frozenset[ClusterId] = frozenset()
    """Of a removal: the clusters on which the link is left as it is, since it also belongs to others."""


def diff(before: Marked | None, after: Marked) -> tuple[Change, ...]:
    """Fields of ``after`` that differ from ``before``; None in ``after`` is no opinion, an empty map is like none."""
    changes = []
    for name in _field_names(after):
        old = getattr(before, name, None)
        new = getattr(after, name)
        if before is None and name in BOOKKEEPING:
            continue
        if new is not None and new != old and not (new == {} and old is None):
            changes.append(Change(field=name, before=old, after=new))
    return tuple(changes)


def set_fields(spec: Marked | None) -> dict[str, object]:
    """The fields that a write of the spec sets, by name; those of no opinion are left out."""
    if spec is None:
        return {}
    return {name: value for name in _field_names(spec) if (value := getattr(spec, name)) is not None}


def still_planned(op: Write, held: Marked, wanted: Marked) -> bool:
    """Is every field that the write sets as it was when it was planned, or as wanted already?

    A write sets all of its fields, also those that were right: what changed meanwhile would be undone. ``wanted`` is
    ``op.after`` with the values that are known by now.
    """
    return all(
        getattr(held, name) in (getattr(op.before, name, None), value) for name, value in set_fields(wanted).items()
    )


def complete(wanted: Spec, held: Spec) -> Spec:
    """What will be there after an update: the wish, and where it has no opinion what is held.

    But no NodePort goes over to a ClusterIP Service: Kubernetes would refuse it.
    """
    gaps = {name: getattr(held, name) for name in _field_names(wanted) if getattr(wanted, name) is None}
    if isinstance(wanted, GatewayServerSpec) and wanted.service_type == ServiceType.CLUSTER_IP:
        gaps.pop("node_port", None)
    return replace(wanted, **gaps)


def laters(spec: Marked | None) -> tuple[Later, ...]:
    """The values of a spec that are not known yet."""
    if spec is None:
        return ()
    values = [getattr(spec, name) for name in _field_names(spec)]
    return tuple([value for value in values if isinstance(value, Later)])


def ordered(ops: Iterable[Op]) -> tuple[Op, ...]:
    """Operations so that each comes after those it needs, ties by cluster and the order in which objects are made."""
    return in_order(sorted(ops, key=lambda op: (_RANK[op.kind], op.cluster, op.id)))


def in_order(ops: Iterable[_W]) -> tuple[_W, ...]:
    """Each operation after those that it needs, otherwise as they came.

    Thousands of operations may share what they need, so that each set of needs is counted once.
    """
    by_id = {op.id: op for op in ops}
    listed = list(by_id.values())
    open_needs: dict[frozenset[str], int] = {}
    behind: dict[frozenset[str], list[int]] = {}
    needed_by: dict[str, list[frozenset[str]]] = {}
    for index, op in enumerate(listed):
        if op.needs not in behind:
            known = [name for name in op.needs if name in by_id]
            open_needs[op.needs] = len(known)
            for name in known:
                needed_by.setdefault(name, []).append(op.needs)
        behind.setdefault(op.needs, []).append(index)
    ready = [index for needs, found in behind.items() if not open_needs[needs] for index in found]
    heapify(ready)
    done: list[_W] = []
    names = list(by_id)
    while ready:
        index = heappop(ready)
        done.append(listed[index])
        for needs in needed_by.get(names[index], ()):
            open_needs[needs] -= 1
            if not open_needs[needs]:
                for follower in behind[needs]:
                    heappush(ready, follower)
    if len(done) < len(listed):
        stuck = by_id.keys() - {op.id for op in done}
        raise ValueError(f"operations need each other: {few(sorted(stuck))}")
    return tuple(done)


_RANK = {kind: index for index, kind in enumerate(Kind)}


def _field_names(spec: Marked) -> Iterable[str]:
    """Asked for every object of every link, where ``dataclasses.fields`` would build a new tuple each time."""
    return spec.__dataclass_fields__
