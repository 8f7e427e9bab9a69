# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The table of verbs -> roles and bindings of one cluster, and their bodies.

Over the whole cluster a ClusterRoleBinding grants what lies in tenant namespaces, so that it also holds for those to
come, and a job that needs Secrets sees all of them. For named pairs a RoleBinding in each of their tenant namespaces
does; then no other namespace is seen, and none can be made.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from .._fabric.access import BINDINGS, AccessKind, AccessSpec, HeldAccess, Place, Rule, Subject
from .._fabric.model import Cluster, ClusterId
from .._fabric.objects import NamespaceSpec
from .._fabric.resources import Resource
from .body import Json, items_at, map_at, text_at, texts_at, writable
from .build import build
from .by_peer import TENANT_PREFIX
from .identity import Identity
from .names import IDENTITY, MANAGED, OWNERS, read_owners, write_owners
from .parse import labels_of
from .resources import (
    CLUSTER_ROLE,
    CLUSTER_ROLE_BINDING,
    NAMESPACE,
    ROLE,
    ROLE_BINDING,
    SECRET,
    SERVICE_ACCOUNT,
)
from .rights import Grant, Side, grants
from .rights import Place as Where

RESOURCE_BY_ACCESS_KIND: dict[AccessKind, Resource] = {
    AccessKind.NAMESPACE: NAMESPACE,
    AccessKind.ACCOUNT: SERVICE_ACCOUNT,
    AccessKind.CLUSTER_ROLE: CLUSTER_ROLE,
    AccessKind.ROLE: ROLE,
    AccessKind.CLUSTER_BINDING: CLUSTER_ROLE_BINDING,
    AccessKind.BINDING: ROLE_BINDING,
}

_GROUP = CLUSTER_ROLE.group
_LONGEST_MORE = 200
_ORDER = ("get", "list", "watch", "create", "update", "delete")
_IN_ITSELF = ("get", "update", "delete")
"""What a RoleBinding can grant on the namespace in which it lies."""


def wanted_access(identity: Identity, cluster: Cluster) -> dict[Place, AccessSpec]:
    """Every object that the identity needs on one cluster, in the order in which they are made."""
    side = Side.HUB if cluster.id in identity.hubs else Side.LEAF
    wide, local, tenant = _Rights(), _Rights(), _Rights()
    for grant in grants(identity.jobs, side):
        verbs = _verbs(grant, identity)
        if identity.pairs is not None and grant.resource == NAMESPACE:
            tenant.add(grant.resource, [verb for verb in verbs if verb in _IN_ITSELF])
        elif grant.place is Where.LIQO_NAMESPACE:
            local.add(grant.resource, verbs)
        elif grant.place is Where.TENANT_NAMESPACES and identity.pairs is not None:
            tenant.add(grant.resource, verbs)
        else:
            wide.add(grant.resource, verbs)
    local.without(wide)
    name, liqo = identity.name, cluster.liqo_namespace
    tenant_role = f"{name}-tenant"
    namespaces = [f"{TENANT_PREFIX}{peer}" for peer in _peers(identity, cluster)]
    found: dict[Place, AccessSpec] = {(AccessKind.NAMESPACE, "", one): AccessSpec() for one in namespaces}
    subjects = identity.subjects
    if identity.account:
        account = Subject(kind="ServiceAccount", name=name, namespace=identity.account_namespace or liqo)
        found[AccessKind.ACCOUNT, account.namespace, name] = AccessSpec()
        subjects = (*subjects, account)
    if wide.rules:
        found[AccessKind.CLUSTER_ROLE, "", name] = AccessSpec(rules=wide.rules)
        found[AccessKind.CLUSTER_BINDING, "", name] = _binding(AccessKind.CLUSTER_ROLE, name, subjects)
    if local.rules:
        found[AccessKind.ROLE, liqo, name] = AccessSpec(rules=local.rules)
        found[AccessKind.BINDING, liqo, name] = _binding(AccessKind.ROLE, name, subjects)
    if namespaces:
        found[AccessKind.CLUSTER_ROLE, "", tenant_role] = AccessSpec(rules=tenant.rules)
    for namespace in namespaces:
        found[AccessKind.BINDING, namespace, name] = _binding(AccessKind.CLUSTER_ROLE, tenant_role, subjects)
    order = list(AccessKind)
    return {
        place: spec if place[0] is AccessKind.NAMESPACE else replace(spec, owners=frozenset({identity.fabric}))
        for place, spec in sorted(found.items(), key=lambda item: (order.index(item[0][0]), item[0]))
    }


class _Rights:
    """Rights in one kind of place, merged as they come."""

    def __init__(self) -> None:
        self._verbs: dict[Resource, set[str]] = {}

    def add(self, resource: Resource, verbs: Iterable[str]) -> None:
        self._verbs.setdefault(resource, set()).update(verbs)

    def without(self, others: _Rights) -> None:
        """Drop what is granted in a wider place already."""
        for resource, verbs in self._verbs.items():
            verbs.difference_update(others._verbs.get(resource, ()))

    @property
    def rules(self) -> tuple[Rule, ...]:
        """One rule per API group and set of verbs."""
        kinds: dict[tuple[str, tuple[str, ...]], list[str]] = {}
        for resource, verbs in self._verbs.items():
            if verbs:
                key = (resource.group, tuple(sorted(verbs, key=_ORDER.index)))
                kinds.setdefault(key, []).append(resource.plural)
        return tuple(
            sorted(
                Rule(group=group, resources=tuple(sorted(plurals)), verbs=verbs)
                for (group, verbs), plurals in kinds.items()
            )
        )


def _verbs(grant: Grant, identity: Identity) -> tuple[str, ...]:
    """To compare the keys of a link is not worth the sight of every Secret in a cluster."""
    if not identity.useful or (grant.resource == SECRET and not grant.verbs and identity.pairs is None):
        return grant.verbs
    return (*grant.verbs, *grant.useful)


def _peers(identity: Identity, cluster: Cluster) -> list[ClusterId]:
    pairs = identity.pairs or frozenset()
    return sorted(pair.other(cluster.id) for pair in pairs if cluster.id in pair)


def _binding(kind: AccessKind, name: str, subjects: Iterable[Subject]) -> AccessSpec:
    return AccessSpec(role=f"{kind.value} {name}", subjects=tuple(sorted(set(subjects))))


def selector(name: str) -> str:
    """Finds every object of an identity."""
    return f"{MANAGED}=true,{IDENTITY}={name}"


def parse_access(kind: AccessKind, body: Json) -> tuple[Place, HeldAccess]:
    """One object as found, whoever made it."""
    metadata = ("metadata",)
    place = (kind, text_at(body, *metadata, "namespace"), text_at(body, *metadata, "name"))
    is_ours = labels_of(body).get(MANAGED) == "true"
    owners = read_owners(map_at(body, *metadata, "annotations").get(OWNERS, "")) if is_ours else frozenset()
    spec = AccessSpec(owners=owners)
    if kind in (AccessKind.CLUSTER_ROLE, AccessKind.ROLE):
        spec = replace(spec, rules=tuple(sorted(_parse_rule(rule) for rule in items_at(body, "rules"))))
    if kind in BINDINGS:
        role = f"{text_at(body, 'roleRef', 'kind')} {text_at(body, 'roleRef', 'name')}"
        spec = replace(spec, role=role, subjects=tuple(sorted(map(_parse_subject, items_at(body, "subjects")))))
    return place, HeldAccess(spec=spec, uid=text_at(body, *metadata, "uid"))


def _parse_rule(rule: object) -> Rule:
    groups = texts_at(rule, "apiGroups")
    parts = rule if isinstance(rule, dict) else {}
    more = {key: value for key, value in parts.items() if key not in ("apiGroups", "resources", "verbs")}
    if len(groups) != 1:
        more["apiGroups"] = list(groups)
    return Rule(
        group=groups[0] if groups else "",
        resources=texts_at(rule, "resources"),
        verbs=texts_at(rule, "verbs"),
        more=_shown(more) if more else "",
    )


def _shown(more: object) -> str:
    """A rule with more is none of ours, whatever it is."""
    try:
        return json.dumps(more, sort_keys=True)[:_LONGEST_MORE]
    except (RecursionError, ValueError):
        return "..."


def _parse_subject(subject: object) -> Subject:
    return Subject(
        kind=text_at(subject, "kind"), name=text_at(subject, "name"), namespace=text_at(subject, "namespace")
    )


def build_access(place: Place, spec: AccessSpec, *, identity: str, current: Json | None = None) -> dict[str, Any]:
    """The body to create, or with ``current`` to replace an object: what we own is set, all else is kept."""
    kind, namespace, name = place
    if kind is AccessKind.NAMESPACE:
        return build(NamespaceSpec(), name=name, namespace="", peer=ClusterId(name.removeprefix(TENANT_PREFIX)))
    body = writable(current)
    resource = RESOURCE_BY_ACCESS_KIND[kind]
    body.update(apiVersion=resource.api_version, kind=resource.kind)
    metadata = body["metadata"]
    metadata["name"] = name
    if namespace:
        metadata["namespace"] = namespace
    metadata["labels"] = {**(metadata.get("labels") or {}), MANAGED: "true", IDENTITY: identity}
    metadata["annotations"] = {**(metadata.get("annotations") or {}), OWNERS: write_owners(spec.owners)}
    if spec.rules is not None:
        body["rules"] = [_rule_body(rule) for rule in spec.rules]
    if spec.role is not None:
        role_kind, role_name = spec.role.split(" ")
        body["roleRef"] = {"apiGroup": _GROUP, "kind": role_kind, "name": role_name}
        body["subjects"] = [_subject_body(subject) for subject in spec.subjects or ()]
    return body


def _rule_body(rule: Rule) -> dict[str, list[str]]:
    return {"apiGroups": [rule.group], "resources": list(rule.resources), "verbs": list(rule.verbs)}


def _subject_body(subject: Subject) -> dict[str, str]:
    if subject.kind == "ServiceAccount":
        return {"kind": subject.kind, "name": subject.name, "namespace": subject.namespace}
    return {"apiGroup": _GROUP, "kind": subject.kind, "name": subject.name}
