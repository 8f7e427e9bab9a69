# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Identities on clusters that are dictionaries: what is written, what is left alone, and what is said of failures."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.access import (
    AccessReport,
    Subject,
    access_result,
    failure_text,
)
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.errors import FabricError, FailureName, Forbidden
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.model import Cluster, FabricName, Pair
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.resources import Resource
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.text import result_text
from ansible_collections.liqo.fabric.plugins.module_utils._kube.limits import DEFAULT
from ansible_collections.liqo.fabric.plugins.module_utils._liqo import resources
from ansible_collections.liqo.fabric.plugins.module_utils._liqo.identity import Identity
from ansible_collections.liqo.fabric.plugins.module_utils._liqo.rights import Job
from ansible_collections.liqo.fabric.plugins.module_utils._run.rbac import manage_access, rbac

from tests.unit.bodies import body, config_map
from tests.unit.build import RETAIL, cluster_id
from tests.unit.pretend_api import PretendApi

A, B = cluster_id("leaf-a"), cluster_id("leaf-b")
ROBOT = Identity(fabric=RETAIL, name="robot", jobs=frozenset({Job.SHORTCUT}), account=True)
PAIRED = Identity(
    fabric=RETAIL, name="robot", jobs=frozenset({Job.SHORTCUT}), account=True, pairs=frozenset({Pair.of(A, B)})
)


def api(**options: Any) -> PretendApi:
    return PretendApi("leaf-a", [config_map("leaf-a")], **options)


def run(cluster: PretendApi | FabricError, who: Identity = ROBOT, **options: Any) -> AccessReport:
    asked: dict[str, Any] = {"state": "present", "check_mode": False, "parallel": 1, **options}
    one = cluster if isinstance(cluster, FabricError) else cluster.as_api()
    return manage_access(who, [Cluster(id=A, name="leaf-a", labels={})], {A: one}, **asked)


def kinds(report: AccessReport) -> list[str]:
    return [f"{op.verb.value} {op.kind.value}" for op in report.done]


def test_everything_is_made_once_the_account_first_and_the_bindings_last() -> None:
    cluster = api()
    made = run(cluster)
    assert kinds(made) == [
        "create ServiceAccount",
        "create ClusterRole",
        "create Role",
        "create ClusterRoleBinding",
        "create RoleBinding",
    ]
    assert access_result(made)["summary"]["created"] == 5
    again = run(cluster)
    assert (again.planned, access_result(again)["changed"]) == ((), False)
    assert access_result(again)["summary"]["in_sync"] == 1


def test_check_mode_lists_the_same_and_writes_nothing() -> None:
    cluster = api()
    before = set(cluster.store)
    planned = run(cluster, check_mode=True)
    assert set(cluster.store) == before
    assert planned.planned == run(cluster).done


def test_what_was_added_by_hand_is_taken_away() -> None:
    cluster = api()
    run(cluster)
    cluster.one("ClusterRole", "robot")["rules"].append({"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]})
    cluster.one("ClusterRoleBinding", "robot")["subjects"].append({"kind": "User", "name": "eve"})
    repaired = run(cluster)
    assert kinds(repaired) == ["update ClusterRole", "update ClusterRoleBinding"]
    assert "pods" in access_result(repaired)["diff"]["before"]
    assert "User eve" in access_result(repaired)["diff"]["before"]
    assert run(cluster).planned == ()


def test_a_binding_to_another_role_is_made_anew() -> None:
    cluster = api()
    run(cluster)
    cluster.one("ClusterRoleBinding", "robot")["roleRef"]["name"] = "cluster-admin"
    assert kinds(run(cluster)) == ["delete ClusterRoleBinding", "create ClusterRoleBinding"]
    assert cluster.one("ClusterRoleBinding", "robot")["roleRef"]["name"] == "robot"


def test_narrowing_to_pairs_takes_the_wide_rights_away_once_the_narrow_ones_are_there() -> None:
    cluster = api()
    run(cluster)
    assert "secrets" in str(cluster.one("ClusterRole", "robot")["rules"])
    narrowed = kinds(run(cluster, PAIRED))
    assert narrowed[0] == "create Namespace"
    assert "secrets" not in str(cluster.one("ClusterRole", "robot")["rules"])
    assert cluster.one("RoleBinding", "robot", "liqo-tenant-leaf-b")["roleRef"]["name"] == "robot-tenant"
    widened = kinds(run(cluster))
    assert widened[-2:] == ["delete RoleBinding", "delete ClusterRole"]
    assert ("RoleBinding", "liqo-tenant-leaf-b", "robot") not in cluster.store


def test_absent_removes_what_is_ours_and_keeps_the_tenant_namespaces() -> None:
    cluster = api()
    run(cluster, PAIRED)
    gone = run(cluster, Identity(fabric=RETAIL, name="robot"), state="absent")
    assert access_result(gone)["summary"]["deleted"] == 7
    assert kinds(gone)[-1] == "delete ServiceAccount"
    assert {key[0] for key in cluster.store} == {"ConfigMap", "Namespace"}
    assert run(cluster, Identity(fabric=RETAIL, name="robot"), state="absent").planned == ()


def test_absent_leaves_what_another_fabric_made_and_what_has_no_mark() -> None:
    cluster = api()
    other = Identity(fabric=FabricName("other"), name="robot", jobs=frozenset({Job.QUERY}), account=True)
    run(cluster, other)
    before = set(cluster.store)
    assert run(cluster, Identity(fabric=RETAIL, name="robot"), state="absent").planned == ()
    assert set(cluster.store) == before


@pytest.mark.parametrize("owner", ["fabric other", "somebody else"])
def test_an_object_of_the_same_name_that_is_not_ours_stops_everything_on_that_cluster(owner: str) -> None:
    cluster = api()
    if owner == "somebody else":
        cluster.put(body(resources.CLUSTER_ROLE, "robot", rules=[]))
    else:
        subjects = (Subject(kind="User", name="x"),)
        run(
            cluster,
            Identity(fabric=FabricName("other"), name="robot", jobs=frozenset({Job.QUERY}), subjects=subjects),
        )
    before = set(cluster.store)
    refused = run(cluster)
    problem = refused.clusters[A]
    assert problem is not None
    assert problem.fault is FailureName.NAME_TAKEN
    assert owner in problem.why
    assert set(cluster.store) == before
    assert "robot is not as declared on 1 of 1 clusters" in failure_text(refused)


def test_a_refusal_of_the_server_is_the_failure_of_that_cluster() -> None:
    def refuse(verb: str, resource: Resource) -> FabricError | None:
        if (verb, resource) == ("create", resources.CLUSTER_ROLE):
            return Forbidden(what=f"cannot create {resource}", where="leaf-a", why="escalation", next="x", status=403)
        return None

    failed = run(api(refuse=refuse))
    assert kinds(failed) == ["create ServiceAccount"]
    result = access_result(failed)
    assert (result["summary"]["failed"], result["changed"]) == (1, True)
    assert result["failures"][0]["why"] == "escalation"
    head, _, title, account, role, *_rest = result_text(result).splitlines()
    assert head == "identity robot of fabric retail: 0 of 1 cluster in sync, 1 created, 1 cluster failed"
    assert title == "Written, as planned"
    assert ("ServiceAccount" in account, "(not done)" in account) == (True, False)
    assert ("ClusterRole" in role, "(not done)" in role) == (True, True)
    assert "leaf-a: cannot create" in result_text(result)


def test_a_cluster_that_is_another_one_gets_nothing() -> None:
    cluster = PretendApi("leaf-a", [config_map("leaf-z")])
    problem = run(cluster).clusters[A]
    assert problem is not None
    assert problem.fault is FailureName.WRONG_CLUSTER
    assert len(cluster.store) == 1


def two(one: PretendApi | FabricError, other: PretendApi | FabricError) -> tuple[AccessReport, list[Any]]:
    """A run over leaf-a and leaf-b, and what it came to on leaf-a."""
    clusters = [Cluster(id=key, name=key, labels={}) for key in (A, B)]
    apis = {key: it if isinstance(it, FabricError) else it.as_api() for key, it in ((A, one), (B, other))}
    report = manage_access(ROBOT, clusters, apis, state="present", check_mode=False, parallel=1)
    mine = [[op for op in ops if op.cluster == A] for ops in (report.planned, report.done)]
    return report, [*mine, report.clusters[A]]


def test_roles_that_one_cluster_marks_falsely_are_removed_there_and_nowhere_else() -> None:
    """So no limit is needed as there is for links: whoever can put the mark on roles of a cluster harms that one."""
    hostile = PretendApi("leaf-b", [config_map("leaf-b")])
    run_there = manage_access(
        ROBOT, [Cluster(id=B, name="leaf-b", labels={})], {B: hostile.as_api()}, state="present", check_mode=False,
        parallel=1,
    )  # fmt: skip
    made = hostile.one("ClusterRole", "robot")
    for number in range(100):
        false = {**made, "metadata": {**made["metadata"], "name": f"victim-{number}", "uid": f"victim {number}"}}
        hostile.put(false)
    report, on_a = two(api(), hostile)
    unreachable = FabricError(what="w", where="x", why="y", next="z", fault=FailureName.UNREACHABLE)
    assert on_a == two(api(), unreachable)[1]
    assert len(run_there.done) == len(on_a[1]) == 5
    assert [op.verb.value for op in report.done if op.cluster == B] == ["delete"] * 100
    assert {op.name for op in report.done if op.cluster == B} == {f"victim-{number}" for number in range(100)}


def test_all_that_is_done_on_one_cluster_has_one_limit_of_time_together() -> None:
    """A server that takes its time with each of many deletions must not keep the run for ever."""

    class Unlimited(PretendApi):
        def within(self, seconds: float) -> PretendApi:
            assert seconds == DEFAULT.writing_s
            limited = PretendApi(self.cluster, [])
            limited.store = self.store
            return limited

        def _ask(self, verb: str, resource: Resource) -> None:
            pytest.fail(f"{verb} {resource} without a limit")

    assert len(run(Unlimited("leaf-a", [config_map("leaf-a")])).done) == 5


def test_manifests_need_no_cluster_and_are_what_would_be_written() -> None:
    params = {
        "fabric": "retail",
        "name": "robot",
        "clusters": [{"name": "leaf-a", "kubeconfig": "/nowhere"}],
        "jobs": ["shortcut"],
        "subjects": [],
        "service_account": True,
        "service_account_namespace": None,
        "hubs": [],
        "pairs": None,
        "needed_only": False,
        "state": "rendered",
    }
    rendered = rbac(params, check_mode=False)
    cluster = api()
    for manifest in rendered.rendered[A]:
        cluster.put(dict(manifest))
    assert run(cluster).planned == ()
