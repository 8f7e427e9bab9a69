# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Roles come from the table of verbs: the least that it says, in the narrowest place where it is of use."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.access import AccessKind, AccessSpec, Subject
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.errors import InputError
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.model import Cluster, Pair
from ansible_collections.liqo.fabric.plugins.module_utils._liqo import resources
from ansible_collections.liqo.fabric.plugins.module_utils._liqo.identity import Identity, parse_identity
from ansible_collections.liqo.fabric.plugins.module_utils._liqo.rights import RIGHTS, Job, Side, grants
from ansible_collections.liqo.fabric.plugins.module_utils._liqo.roles import (
    build_access,
    parse_access,
    wanted_access,
)

from tests.unit.build import RETAIL, cluster_id

ROBOT = Subject(kind="User", name="robot")
LEAF = Cluster(id=cluster_id("leaf-a"), name="leaf-a", labels={})
HUB = Cluster(id=cluster_id("hub"), name="hub", labels={})


def identity(*jobs: Job, **options: Any) -> Identity:
    base: dict[str, Any] = {"subjects": (ROBOT,), "hubs": frozenset({HUB.id})}
    return Identity(fabric=RETAIL, name="robot", jobs=frozenset(jobs), **{**base, **options})


def rights(specs: Iterable[AccessSpec]) -> set[tuple[str, str]]:
    """(verb, kind) of all rules."""
    return {
        (verb, f"{plural}.{rule.group}" if rule.group else plural)
        for spec in specs
        for rule in spec.rules or ()
        for plural in rule.resources
        for verb in rule.verbs
    }


def table(jobs: Iterable[Job], side: Side, *, useful: bool = True) -> set[tuple[str, str]]:
    return {
        (verb, str(grant.resource))
        for grant in grants(jobs, side)
        for verb in (*grant.verbs, *(grant.useful if useful else ()))
    }


@pytest.mark.parametrize("useful", [True, False])
@pytest.mark.parametrize("job", Job)
@pytest.mark.parametrize(("cluster", "side"), [(LEAF, Side.LEAF), (HUB, Side.HUB)])
def test_roles_grant_what_the_table_says_and_nothing_else(
    cluster: Cluster, side: Side, job: Job, *, useful: bool
) -> None:
    found = wanted_access(identity(job, useful=useful), cluster)
    secrets = {
        (verb, "secrets")
        for grant in grants([job], side)
        if grant.resource == resources.SECRET
        for verb in (grant.useful if not grant.verbs else ())
    }
    needed = table([job], side, useful=False)
    assert rights(found.values()) == table([job], side, useful=useful) - (secrets - needed)


def test_who_only_looks_sees_secrets_of_named_pairs_alone() -> None:
    assert ("list", "secrets") not in rights(wanted_access(identity(Job.QUERY), LEAF).values())
    pairs = frozenset({Pair.of(LEAF.id, HUB.id)})
    found = wanted_access(identity(Job.QUERY, pairs=pairs), LEAF)
    assert [name for (_kind, _namespace, name), spec in found.items() if ("list", "secrets") in rights([spec])] == [
        "robot-tenant"
    ]


@pytest.mark.parametrize("job", [Job.SHORTCUT, Job.REMOVAL, Job.KEYS])
def test_who_makes_shortcuts_only_looks_at_hubs(job: Job) -> None:
    assert wanted_access(identity(job), HUB) == wanted_access(identity(Job.QUERY), HUB)
    assert wanted_access(identity(job), LEAF) != wanted_access(identity(Job.QUERY), LEAF)


def test_services_are_written_on_hubs_only_and_shadow_slices_on_leaves_only() -> None:
    on_hub, on_leaf = (rights(wanted_access(identity(Job.PROPAGATION), one).values()) for one in (HUB, LEAF))
    shadow = "shadowendpointslices.offloading.liqo.io"
    assert ("update", "services") in on_hub - on_leaf
    assert {("create", shadow), ("update", shadow), ("delete", shadow)} <= on_leaf - on_hub


def test_no_rule_has_a_wildcard_and_none_reads_single_secrets() -> None:
    found = rights(wanted_access(identity(*Job), LEAF).values())
    assert not {part for pair in found for part in pair if "*" in part}
    assert {verb for verb, kind in found if kind == "secrets"} == {"list", "watch", "create", "delete"}


def test_over_the_whole_cluster_only_what_lies_in_the_liqo_namespace_is_bound_there() -> None:
    found = wanted_access(identity(Job.QUERY), LEAF)
    assert [(kind.value, namespace, name) for kind, namespace, name in found] == [
        ("ClusterRole", "", "robot"),
        ("Role", "liqo", "robot"),
        ("ClusterRoleBinding", "", "robot"),
        ("RoleBinding", "liqo", "robot"),
    ]
    assert ("list", "configmaps") in rights([found[AccessKind.ROLE, "liqo", "robot"]])
    assert ("list", "configmaps") not in rights([found[AccessKind.CLUSTER_ROLE, "", "robot"]])


def test_for_pairs_nothing_of_a_tenant_namespace_holds_elsewhere() -> None:
    pairs = frozenset({Pair.of(LEAF.id, cluster_id("leaf-b")), Pair.of(cluster_id("leaf-b"), cluster_id("leaf-c"))})
    found = wanted_access(identity(Job.SHORTCUT, Job.REMOVAL, pairs=pairs), LEAF)
    bindings = [place for place in found if place[0] is AccessKind.BINDING]
    assert [place[1] for place in bindings] == ["liqo", "liqo-tenant-leaf-b"]
    assert found[bindings[1]].role == "ClusterRole robot-tenant"
    assert (AccessKind.NAMESPACE, "", "liqo-tenant-leaf-b") in found
    wide = rights([found[AccessKind.CLUSTER_ROLE, "", "robot"]])
    assert wide == {(verb, "foreignclusters.core.liqo.io") for verb in ("list", "watch", "delete")} | {
        ("list", "services")
    }
    tenant = rights([found[AccessKind.CLUSTER_ROLE, "", "robot-tenant"]])
    assert {verb for verb, kind in tenant if kind == "namespaces"} == {"get", "update", "delete"}
    assert ("list", "secrets") in tenant


def test_a_cluster_without_a_pair_grants_nothing_in_tenant_namespaces() -> None:
    found = wanted_access(identity(Job.SHORTCUT, pairs=frozenset()), LEAF)
    assert "robot-tenant" not in {name for _kind, _namespace, name in found}
    assert ("list", "secrets") not in rights(found.values())


@pytest.mark.parametrize(("namespace", "place"), [(None, "liqo"), ("automation", "automation")])
def test_the_service_account_is_made_and_bound(namespace: str | None, place: str) -> None:
    found = wanted_access(identity(Job.QUERY, subjects=(), account=True, account_namespace=namespace), LEAF)
    assert (AccessKind.ACCOUNT, place, "robot") in found
    account = Subject(kind="ServiceAccount", name="robot", namespace=place)
    assert {spec.subjects for spec in found.values() if spec.role} == {(account,)}


@pytest.mark.parametrize("job", Job)
def test_what_is_built_is_read_back(job: Job) -> None:
    for place, spec in wanted_access(identity(job, account=True), LEAF).items():
        body = build_access(place, spec, identity="robot")
        assert parse_access(place[0], body)[0] == place
        assert parse_access(place[0], body)[1].spec == spec


def test_a_change_keeps_what_is_not_ours_and_drops_rules_that_are_not() -> None:
    place, spec = next(iter(wanted_access(identity(Job.QUERY), LEAF).items()))
    body = build_access(place, spec, identity="robot")
    body["metadata"] |= {"resourceVersion": "7", "labels": {**body["metadata"]["labels"], "team": "net"}}
    body["rules"].append({"nonResourceURLs": ["/metrics"], "verbs": ["get"]})
    held = parse_access(place[0], body)[1].spec
    assert held != spec
    assert "/metrics" in str(held.rules)
    again = build_access(place, spec, identity="robot", current=body)
    assert again["metadata"]["labels"]["team"] == "net"
    assert again["metadata"]["resourceVersion"] == "7"
    assert parse_access(place[0], again)[1].spec == spec


def test_a_mark_counts_only_with_its_label() -> None:
    place, spec = next(iter(wanted_access(identity(Job.QUERY), LEAF).items()))
    body = build_access(place, spec, identity="robot")
    del body["metadata"]["labels"]["liqo-fabric.github.io/managed"]
    assert parse_access(place[0], body)[1].spec.owners == frozenset()


def params(**options: Any) -> dict[str, Any]:
    base: dict[str, Any] = {
        "fabric": "retail",
        "name": "robot",
        "clusters": [{"name": "hub"}, {"name": "leaf-a"}],
        "jobs": ["query"],
        "subjects": [],
        "service_account": True,
        "service_account_namespace": None,
        "hubs": ["hub"],
        "pairs": None,
        "needed_only": False,
        "state": "present",
    }
    return {**base, **options}


@pytest.mark.parametrize(
    ("options", "paths"),
    [
        ({"name": "Robot"}, {"name"}),
        ({"name": "a" * 57}, {"name"}),
        ({"fabric": "a b"}, {"fabric"}),
        ({"clusters": [], "hubs": []}, {"clusters"}),
        ({"jobs": []}, {"jobs"}),
        ({"service_account": False}, {"subjects"}),
        ({"service_account_namespace": "a/b"}, {"service_account_namespace"}),
        ({"subjects": [{"kind": "ServiceAccount", "name": "x"}]}, {"subjects[0].namespace"}),
        ({"subjects": [{"kind": "Group", "name": "x", "namespace": "y"}]}, {"subjects[0].namespace"}),
        ({"hubs": ["leaf-z"], "pairs": [["hub"]]}, {"hubs", "pairs[0]"}),
    ],
)
def test_every_violation_is_named(options: dict[str, Any], paths: set[str]) -> None:
    with pytest.raises(InputError) as refused:
        parse_identity(params(**options))
    assert {violation.path for violation in refused.value.violations} == paths


def test_what_is_removed_needs_neither_jobs_nor_subjects() -> None:
    found, clusters = parse_identity(params(state="absent", jobs=[], service_account=False))
    assert (found.name, [cluster.id for cluster in clusters]) == ("robot", ["hub", "leaf-a"])


def test_the_jobs_of_the_module_are_those_of_the_table() -> None:
    from ansible_collections.liqo.fabric.plugins.modules.rbac import ARGUMENT_SPEC

    assert ARGUMENT_SPEC["jobs"]["choices"] == list(Job)
    assert set(RIGHTS) == set(Job)
    assert resources.SECRET in {grant.resource for grant in RIGHTS[Job.KEYS]}
