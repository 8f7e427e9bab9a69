# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The table of verbs: complete for what is read and written, and asked for in the words of Kubernetes."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.model import Shortcut
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.objects import Kind
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.operations import Op, Verb
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.plan import plan_link
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.removal import plan_removal
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.resources import Resource
from ansible_collections.liqo.fabric.plugins.module_utils._liqo import resources
from ansible_collections.liqo.fabric.plugins.module_utils._liqo.resources import (
    BEFORE_REMOVING,
    BEFORE_WRITING,
    FOR_INFO,
    RESOURCE_BY_KIND,
    STEADY,
    WHO,
    Query,
)
from ansible_collections.liqo.fabric.plugins.module_utils._liqo.rights import (
    RIGHTS,
    Job,
    Place,
    Right,
    narrowed,
    rights_of,
)
from ansible_collections.liqo.fabric.plugins.module_utils._run.act import FOLLOWED
from hypothesis import given

from tests.unit.build import RETAIL, cluster_id
from tests.unit.pretend_liqo import World
from tests.unit.strategies import law, wishes, worlds


def granted(job: Job) -> set[tuple[Resource, str]]:
    """What the role of a job may do."""
    jobs = {Job.QUERY, job}
    return {(it.resource, verb) for one in jobs for it in RIGHTS[one] for verb in (*it.verbs, *it.useful)}


def op(verb: Verb = Verb.CREATE, kind: Kind = Kind.PUBLIC_KEY, namespace: str = "liqo-tenant-leaf-b") -> Op:
    return Op(
        cluster=cluster_id("leaf-a"), peer=cluster_id("leaf-b"), verb=verb, kind=kind, name="leaf-b",
        namespace=namespace, reason="",
    )  # fmt: skip


@law
@given(wishes, worlds)
def test_every_write_of_a_plan_is_in_the_table(wish: Shortcut, world: World) -> None:
    a, b = (world.clusters[cluster_id(name)] for name in ("leaf-a", "leaf-b"))
    plans = {
        Job.SHORTCUT: plan_link(wish, a, b, fabric=RETAIL),
        Job.REMOVAL: plan_removal(wish.pair, a, b, fabric=RETAIL),
    }
    for job, plan in plans.items():
        needed = {(right.resource, right.verb) for each in plan.ops for right in rights_of(each)}
        assert needed <= granted(job)


@pytest.mark.parametrize(
    ("queries", "job"),
    [
        ((WHO, *STEADY, *FOR_INFO), Job.QUERY),
        ((WHO, *STEADY, *BEFORE_WRITING), Job.SHORTCUT),
        ((WHO, *STEADY, *BEFORE_WRITING, *BEFORE_REMOVING), Job.REMOVAL),
    ],
)
def test_every_list_of_a_run_is_in_the_table(queries: tuple[Query, ...], job: Job) -> None:
    allowed = granted(job) | (granted(Job.SHORTCUT) if job is Job.REMOVAL else set())
    assert {(query.resource, "list") for query in queries} <= allowed


def test_every_watch_of_a_run_is_in_the_table() -> None:
    followed = {resource for kinds in FOLLOWED.values() for resource in kinds}
    assert {(resource, "watch") for resource in followed} <= granted(Job.SHORTCUT) | granted(Job.REMOVAL)


def test_only_namespaced_kinds_are_granted_in_namespaces() -> None:
    grants = [grant for job in Job for grant in RIGHTS[job]]
    assert all(grant.resource.namespaced or grant.place is Place.CLUSTER for grant in grants)
    assert all(grant.verbs or grant.useful for grant in grants)


def test_every_kind_that_is_written_is_known() -> None:
    assert RESOURCE_BY_KIND.keys() == set(Kind)


def test_a_question_for_all_namespaces_names_none() -> None:
    (right,) = rights_of(op())
    assert right.review()["spec"] == {
        "resourceAttributes": {"verb": "create", "group": "networking.liqo.io", "resource": "publickeies"}
    }


@pytest.mark.parametrize(
    ("asked", "namespace", "name"),
    [
        (op(), "liqo-tenant-leaf-b", ""),
        (op(Verb.UPDATE), "liqo-tenant-leaf-b", "leaf-b"),
        (op(Verb.CREATE, Kind.NAMESPACE, ""), "", ""),
        (op(Verb.UPDATE, Kind.NAMESPACE, ""), "leaf-b", "leaf-b"),
        (op(Verb.DELETE, Kind.FOREIGN_CLUSTER, ""), "", "leaf-b"),
    ],
)
def test_the_narrower_question(asked: Op, namespace: str, name: str) -> None:
    for right in rights_of(asked):
        assert narrowed(right, asked) == replace(right, namespace=namespace, name=name)


def test_a_right_reads_like_the_words_of_a_role() -> None:
    assert str(Right(verb="update", resource=resources.PUBLIC_KEY)) == "update publickeies.networking.liqo.io"
