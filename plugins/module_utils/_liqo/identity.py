# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who shall be allowed what: the options of the module ``rbac`` as a value."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .._fabric.access import Subject
from .._fabric.entries import known_clusters
from .._fabric.errors import InputError, Violation
from .._fabric.legal import is_dns_label
from .._fabric.model import Cluster, ClusterId, FabricName, Pair
from .._fabric.run_options import pairs_of
from .._fabric.wishes import check_fabric_name, check_limits, parse_clusters
from .rights import Job

LONGEST_NAME = 56
"""So that a name with ``-tenant`` behind it is still a label value."""

_ACCOUNT = "ServiceAccount"


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Who may do which jobs, for one fabric, under one name on every cluster."""

    fabric: FabricName
    name: str
    jobs: frozenset[Job] = frozenset()
    subjects: tuple[Subject, ...] = ()
    account: bool = False
    """Make a ServiceAccount of the same name."""
    account_namespace: str | None = None
    """None: that of Liqo."""
    useful: bool = True
    """Also the verbs without which the job is done in a humbler way."""
    pairs: frozenset[Pair] | None = None
    """Only in the tenant namespaces of these; None: over the whole cluster."""
    hubs: frozenset[ClusterId] = frozenset()


def parse_identity(params: Mapping[str, Any]) -> tuple[Identity, tuple[Cluster, ...]]:
    """The identity and the clusters of a task, whose types Ansible has checked.

    Raises InputError with all violations.
    """
    found: list[Violation] = []
    check_fabric_name(params["fabric"], found)
    clusters = parse_clusters(params["clusters"], found)
    if not clusters:
        _add(found, "clusters", "no cluster is named", "list those on which the identity must have rights")
    ids = {name: cluster.id for cluster in clusters for name in (cluster.name, cluster.id)}
    name, namespace = params["name"], params["service_account_namespace"]
    if not is_dns_label(name) or len(name) > LONGEST_NAME:
        hint = f"use at most {LONGEST_NAME} lower case letters, digits and -"
        _add(found, "name", f"{name!r} cannot be the name of roles and a ServiceAccount", hint)
    if namespace is not None and not is_dns_label(namespace):
        _add(
            found, "service_account_namespace", f"{namespace!r} is no namespace", "use lower case letters, digits and -"
        )
    subjects = _subjects(params["subjects"], found)
    if params["state"] != "absent":
        if not params["jobs"]:
            _add(found, "jobs", "none is named", f"list some of {', '.join(Job)}")
        if not subjects and not params["service_account"]:
            _add(found, "subjects", "no one gets the rights", "name subjects, or set service_account to true")
    pairs = params["pairs"]
    identity = Identity(
        fabric=FabricName(params["fabric"]),
        name=name,
        jobs=frozenset(map(Job, params["jobs"])),
        subjects=subjects,
        account=params["service_account"],
        account_namespace=namespace,
        useful=not params["needed_only"],
        pairs=pairs_of(pairs, "pairs", ids, found) if pairs is not None else None,
        hubs=frozenset(known_clusters(params["hubs"], "hubs", ids, found)),
    )
    check_limits(params, found)
    if found:
        raise InputError(found)
    return identity, clusters


def _subjects(given: Sequence[Mapping[str, Any]], found: list[Violation]) -> tuple[Subject, ...]:
    subjects = []
    for index, one in enumerate(given):
        kind, namespace = one["kind"], one.get("namespace")
        if kind == _ACCOUNT and not namespace:
            hint = "name the namespace in which it lies"
            _add(found, f"subjects[{index}].namespace", f"is missing for {one['name']}", hint)
        if kind != _ACCOUNT and namespace:
            _add(found, f"subjects[{index}].namespace", f"makes no sense for a {kind}", "leave it out")
        subjects.append(Subject(kind=kind, name=one["name"], namespace=namespace or ""))
    return tuple(subjects)


def _add(found: list[Violation], path: str, what: str, hint: str) -> None:
    found.append(Violation(path=path, message=what, hint=hint))
