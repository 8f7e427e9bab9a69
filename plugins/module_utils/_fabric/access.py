# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Roles, bindings and ServiceAccounts of one identity: wanted + held -> what is to be written.

Pure. Which rights an identity needs is not known here, see _liqo/roles.py.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from .errors import FabricError, FailureName
from .model import ClusterId, FabricName
from .objects import Marked
from .operations import Verb, Write, diff
from .report import diff_of, op_row
from .task import Task


class AccessKind(StrEnum):
    """Kinds that an identity consists of, in the order in which they are made. They go in the reverse order."""

    NAMESPACE = "Namespace"
    """Of a tenant, where a binding shall lie in one that is not there yet. It is never changed or removed."""
    ACCOUNT = "ServiceAccount"
    CLUSTER_ROLE = "ClusterRole"
    ROLE = "Role"
    CLUSTER_BINDING = "ClusterRoleBinding"
    BINDING = "RoleBinding"


BINDINGS = frozenset({AccessKind.CLUSTER_BINDING, AccessKind.BINDING})


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Rule:
    """Verbs on kinds of one API group, each sorted as _liqo/roles.py does."""

    group: str
    resources: tuple[str, ...]
    verbs: tuple[str, ...]
    more: str = ""
    """JSON of everything else in a rule that was found: such a rule is none of ours."""

    def __str__(self) -> str:
        kinds = ", ".join(f"{plural}.{self.group}" if self.group else plural for plural in self.resources)
        return f"{', '.join(self.verbs)}: {kinds}" + (f" {self.more}" if self.more else "")


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Subject:
    """Who gets the rights."""

    kind: str
    """User, Group or ServiceAccount."""
    name: str
    namespace: str = ""

    def __str__(self) -> str:
        return f"{self.kind} {self.namespace + '/' if self.namespace else ''}{self.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessSpec(Marked):
    """What we own of one object; None where its kind has no such field."""

    rules: tuple[Rule, ...] | None = None
    role: str | None = None
    """What a binding grants, like ``ClusterRole liqo-fabric-retail-query``. Kubernetes never lets it change."""
    subjects: tuple[Subject, ...] | None = None


Place = tuple[AccessKind, str, str]
"""Kind, namespace (empty for a cluster-scoped kind) and name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldAccess:
    """One object as found."""

    spec: AccessSpec
    uid: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessOp(Write):
    """A write for an identity. There is no other cluster that it is about, but in the namespace of a tenant."""

    kind: AccessKind
    before: AccessSpec | None = None
    after: AccessSpec | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessReport:
    """What became of one identity on all clusters; in check mode what would."""

    fabric: FabricName
    name: str
    state: str
    check_mode: bool
    planned: tuple[AccessOp, ...] = ()
    done: tuple[AccessOp, ...] = ()
    clusters: Mapping[ClusterId, FabricError | None] = field(default_factory=dict)
    """Why a cluster is not as wished; None where it is."""
    rendered: Mapping[ClusterId, tuple[Mapping[str, Any], ...]] = field(default_factory=dict)


def plan_access(
    cluster: ClusterId,
    wanted: Mapping[Place, AccessSpec],
    held: Mapping[Place, HeldAccess],
    *,
    fabric: FabricName,
    where: str,
) -> tuple[AccessOp, ...]:
    """What makes ``wanted`` of ``held``, in order. Raises FabricError for an object of a needed name that is not ours.

    ``held`` are the objects with the label of the identity, and those that have a wanted name. What has the mark of
    another fabric, or none, is never touched.
    """
    ops: list[AccessOp] = []
    for place in sorted(wanted, key=_rank):
        ops += _make(cluster, place, wanted[place], held.get(place), fabric, where)
    # Rights go last, so that nobody who keeps some is without them in between; their bindings before them.
    for place in sorted(held.keys() - wanted.keys(), key=_rank, reverse=True):
        if held[place].spec.owners == {fabric}:
            ops.append(_op(cluster, Verb.DELETE, place, "it is no longer wanted", held[place]))
    return tuple(ops)


def _make(
    cluster: ClusterId, place: Place, spec: AccessSpec, held: HeldAccess | None, fabric: FabricName, where: str
) -> list[AccessOp]:
    kind, _namespace, name = place
    if held is None:
        return [replace(_op(cluster, Verb.CREATE, place, f"{cluster} has no {kind.value} {name}"), after=spec)]
    if kind is AccessKind.NAMESPACE:
        return []
    if held.spec.owners != {fabric}:
        raise _taken(place, held, where)
    changes = diff(held.spec, spec)
    if not changes:
        return []
    reason = f"{' and '.join(change.field for change in changes)} differ"
    if any(change.field == "role" for change in changes):
        old = _op(cluster, Verb.DELETE, place, "it grants another role, which cannot be changed", held)
        new = replace(_op(cluster, Verb.CREATE, place, old.reason), after=spec, needs=frozenset({old.id}))
        return [old, new]
    return [replace(_op(cluster, Verb.UPDATE, place, reason, held), after=spec)]


def _op(cluster: ClusterId, verb: Verb, place: Place, reason: str, held: HeldAccess | None = None) -> AccessOp:
    kind, namespace, name = place
    return AccessOp(
        cluster=cluster,
        peer=cluster,
        verb=verb,
        kind=kind,
        namespace=namespace,
        name=name,
        reason=reason,
        before=held.spec if held else None,
        uid=held.uid if held else "",
    )


def _rank(place: Place) -> tuple[int, str, str]:
    return (list(AccessKind).index(place[0]), place[1], place[2])


def _taken(place: Place, held: HeldAccess, where: str) -> FabricError:
    kind, namespace, name = place
    owners = ", ".join(sorted(held.spec.owners))
    return FabricError(
        what=f"the name of {kind.value} {namespace + '/' if namespace else ''}{name} is taken",
        where=where,
        why=f"it belongs to {f'fabric {owners}' if owners else 'somebody else: it has no mark of a fabric'}",
        next="choose another name for the identity, or delete the object if no one needs it",
        fault=FailureName.NAME_TAKEN,
    )


def access_result(report: AccessReport) -> dict[str, Any]:
    """The result of the task; every key is always there."""
    acted = report.planned if report.check_mode else report.done
    failures = {str(problem): problem for problem in report.clusters.values() if problem is not None}
    verbs = [op.verb for op in acted]
    touched = {op.cluster for op in acted}
    return {
        "task": Task.RBAC.value,
        "changed": bool(acted),
        "fabric": report.fabric,
        "name": report.name,
        "state": report.state,
        "check_mode": report.check_mode,
        "summary": {
            "clusters": len(report.clusters),
            "in_sync": sum(problem is None and key not in touched for key, problem in report.clusters.items()),
            "created": verbs.count(Verb.CREATE),
            "updated": verbs.count(Verb.UPDATE),
            "deleted": verbs.count(Verb.DELETE),
            "failed": sum(problem is not None for problem in report.clusters.values()),
        },
        "clusters": {
            str(key): {"ok": problem is None, "failure": problem.as_result() if problem else None}
            for key, problem in sorted(report.clusters.items())
        },
        "plan": [{key: value for key, value in op_row(op).items() if key != "peer"} for op in report.planned],
        "changes": [op.id for op in report.done],
        "rendered": {str(key): list(manifests) for key, manifests in sorted(report.rendered.items())},
        "failures": [failures[text].as_result() for text in sorted(failures)],
        "diff": diff_of(acted),
    }


def failure_text(report: AccessReport) -> str:
    """One line for ``msg``; empty when nothing failed."""
    problems = sorted({str(problem) for problem in report.clusters.values() if problem is not None})
    if not problems:
        return ""
    count = sum(problem is not None for problem in report.clusters.values())
    rest = f" ({len(problems) - 1} more under failures)" if len(problems) > 1 else ""
    return f"{report.name} is not as declared on {count} of {len(report.clusters)} clusters. {problems[0]}{rest}"


def places_to_look_up(wanted: Iterable[Place], held: Iterable[Place]) -> tuple[Place, ...]:
    """Wanted objects that a list by label did not show: some other object may have their name."""
    return tuple(sorted(set(wanted) - set(held), key=_rank))
