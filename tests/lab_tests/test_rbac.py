# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Exactly the rights of the table, on real API servers: every job is done with them, and not with one verb less.

The verbs that only some plans need are taken away in turn while such a plan is made in check mode, in this process: a
play for each of them would take minutes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.resources import Resource
from ansible_collections.liqo.fabric.plugins.module_utils._liqo import resources
from ansible_collections.liqo.fabric.plugins.module_utils._liqo.rights import Job, Right, Side

from tests.lab_tests.laboratory import NETWORKING, Laboratory, Task, eventually, now, playbook, write_inventory
from tests.lab_tests.rights_on_lab import LEAVES, Robot, look, needed, plan_links, robot
from tests.lab_tests.services import CLUSTERS, propagate

pytestmark = [pytest.mark.lab, pytest.mark.slow]

FABRIC = "rights"
IDENTITIES: dict[str, list[Job]] = {
    "rights-query": [Job.QUERY],
    "rights-shortcut": [Job.SHORTCUT],
    "rights-removal": [Job.REMOVAL],
    "rights-propagation": [Job.PROPAGATION],
}
ONLY_OLD = ("delete", resources.CONFIGURATION)
"""SHORTCUT needs it on Liqo before 1.2.0 only, for other CIDRs; the unit tests of least rights have such a cluster."""
Robots = Mapping[str, Robot]


@pytest.fixture(scope="module")
def robots(lab: Laboratory, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Robots]:
    """What the role makes of an inventory with one ServiceAccount per job, each with the needed verbs alone."""
    folder = tmp_path_factory.mktemp("rights")
    lab.unlink(LEAVES)
    write_inventory(lab, folder, {"liqo_fabric_name": FABRIC, "liqo_rbac_identities": _identities()})
    _play(folder, "main")
    kubeconfigs = tmp_path_factory.mktemp("robots")
    found = {name: robot(lab, CLUSTERS, kubeconfigs / name, name=name) for name in IDENTITIES}
    before = now()
    _play(folder, "main")
    assert lab.writes(before, CLUSTERS) == 0, "a second run of the role writes"
    yield found
    _play(folder, "absent")
    lab.unlink(LEAVES)
    for cluster in CLUSTERS:
        for kind in ("ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding"):
            left = lab.api(cluster).list("rbac.authorization.k8s.io/v1", kind)
            assert not {one["metadata"]["name"] for one in left} & set(IDENTITIES)


def _identities() -> list[dict[str, Any]]:
    return [
        {"name": name, "jobs": list(map(str, jobs)), "service_account": True, "needed_only": True}
        for name, jobs in IDENTITIES.items()
    ]


def _play(inventory: Path, tasks_from: str) -> None:
    role = {"name": "liqo.fabric.rbac", "tasks_from": tasks_from}
    task = {"name": "Rights", "ansible.builtin.import_role": role}
    play = {"name": "Test", "hosts": "localhost", "gather_facts": False, "tasks": [task]}
    file = inventory.with_name(f"{inventory.name}.yml")
    file.write_text(yaml.safe_dump([play]))
    log = playbook(str(file), "-vvv", inventory=str(inventory))
    assert "eyJ" not in log, "a token is shown"


def _only_leaves(one: Robot) -> list[dict[str, Any]]:
    return [cluster for cluster in one.clusters if cluster["name"] in LEAVES]


def _refused(result: Mapping[str, Any], verb: str, resource: Resource) -> bool:
    """Is it refused, and named? What is refused for another reason fails the test."""
    for failure in result["failures"]:
        told = f"{failure['what']} {failure['why']} {failure['next']}"
        assert failure["fault"] == "missing-right", told
        assert verb in told
        assert resource.kind in told or str(resource) in told, told
    return bool(result["failures"])


def _proven(one: Robot, table: Iterable[tuple[str, Resource]], state: str) -> set[tuple[str, Resource]]:
    """Those without which the plan is refused; they are taken away on both leaves, since each has one gateway."""
    found = set()
    for verb, resource in table:
        with one.without(LEAVES[0], verb, resource), one.without(LEAVES[1], verb, resource):
            if _refused(plan_links(_only_leaves(one), state=state), verb, resource):
                found.add((verb, resource))
    return found


def test_a_query_needs_each_verb_to_see_each_kind(robots: Robots) -> None:
    one = robots["rights-query"]
    whole = look(one.clusters)
    assert whole["failures"] == []
    assert whole["links"]
    for verb, resource in needed([Job.QUERY], Side.LEAF):
        with one.without("leaf-a", verb, resource):
            less = look(one.clusters)
        assert resource.kind not in whole["clusters"]["leaf-a"]["unread"]
        if less["failures"]:
            assert _refused(less, verb, resource)
        else:
            assert resource.kind in less["clusters"]["leaf-a"]["unread"]


def test_shortcuts_are_made_repaired_and_removed_with_the_needed_verbs(lab: Laboratory, robots: Robots) -> None:
    maker, remover = robots["rights-shortcut"], robots["rights-removal"]
    create, delete = ("create", resources.PUBLIC_KEY), ("delete", resources.PUBLIC_KEY)
    assert _proven(maker, [create], "present") == {create}
    _is(lab.shortcuts(LEAVES, [LEAVES], clusters=_only_leaves(maker)), "created")
    _drift(lab)
    _is(lab.shortcuts(LEAVES, [LEAVES], clusters=_only_leaves(maker)), "repaired")
    assert _proven(remover, [delete], "absent") == {delete}
    _is(lab.shortcuts(LEAVES, [LEAVES], clusters=_only_leaves(remover), state="absent"), "removed")
    assert not any(lab.link_objects(*LEAVES).values())


@pytest.mark.long
@pytest.mark.timeout(900)
def test_to_make_and_repair_shortcuts_every_needed_verb_is_needed(lab: Laboratory, robots: Robots) -> None:
    maker = robots["rights-shortcut"]
    table = needed([Job.SHORTCUT], Side.LEAF)
    lab.unlink(LEAVES)
    proven = _proven(maker, table, "present")
    _is(lab.shortcuts(LEAVES, [LEAVES], clusters=_only_leaves(maker)), "created")
    _drift(lab)
    proven |= _proven(maker, [one for one in table if one not in proven], "present")
    assert set(table) - proven == {ONLY_OLD}


@pytest.mark.long
@pytest.mark.timeout(900)
def test_to_remove_shortcuts_every_needed_verb_is_needed(lab: Laboratory, robots: Robots) -> None:
    remover = robots["rights-removal"]
    table = needed([Job.REMOVAL], Side.LEAF)
    lab.unlink(LEAVES)
    _is(lab.shortcuts(LEAVES, [LEAVES]), "created")
    proven = _proven(remover, table, "absent")
    _is(lab.shortcuts(LEAVES, [LEAVES], fabric="other"), "repaired", "in_sync")
    proven |= _proven(remover, [one for one in table if one not in proven], "absent")
    _is(lab.shortcuts(LEAVES, [LEAVES], clusters=_only_leaves(remover), state="absent"), "left")
    _is(lab.shortcuts(LEAVES, [LEAVES], fabric="other", clusters=_only_leaves(remover), state="absent"), "removed")
    assert set(table) == proven


def _is(task: Task, *outcomes: str) -> None:
    assert not task.failed, task.log
    assert task.result["links"][0]["outcome"] in outcomes, task.log


def _drift(lab: Laboratory) -> None:
    """On both sides one object of each kind is not as it should be."""
    for here, peer in (LEAVES, LEAVES[::-1]):
        api, namespace = lab.api(here), f"liqo-tenant-{peer}"
        labels: dict[str, Any] = {"metadata": {"labels": {"liqo.io/tenant-namespace": None}}}
        api.patch("v1", "Namespace", namespace, labels)
        lost = {"metadata": {"labels": {"liqo.io/remote-cluster-id": None}}}
        version = NETWORKING.removeprefix("/apis/")
        for kind in ("Configuration", "PublicKey"):
            for held in api.list(version, kind, namespace):
                api.patch(version, kind, held["metadata"]["name"], lost, namespace=namespace)
        for kind in ("GatewayServer", "GatewayClient"):
            for held in api.list(version, kind, namespace):
                api.patch(version, kind, held["metadata"]["name"], {"spec": {"mtu": 1300}}, namespace=namespace)


def test_services_take_shortcuts_with_the_needed_verbs(lab: Laboratory, robots: Robots) -> None:
    one = robots["rights-propagation"]
    _is(lab.shortcuts(LEAVES, [LEAVES]), "created")
    run = propagate(lab, clusters=one.clusters, mode="shadow")
    assert not run.failed, run.log
    assert {row["outcome"] for row in run.result["services"]} >= {"created"}
    again = propagate(lab, clusters=one.clusters, mode="shadow")
    assert not again.failed
    assert not again.result["changed"]
    gone = propagate(lab, clusters=one.clusters, state="absent", services=None)
    assert not gone.failed, gone.log
    lab.unlink(LEAVES)


@pytest.mark.parametrize(
    ("verb", "resource"),
    [
        pytest.param("create", resources.SHADOW_SLICE, marks=pytest.mark.long),
        pytest.param("list", resources.SHADOW_SLICE, marks=pytest.mark.long),
        pytest.param("list", resources.ENDPOINT_SLICE, marks=pytest.mark.long),
        pytest.param("list", resources.NAMESPACE_MAP, marks=pytest.mark.long),
        pytest.param("list", resources.SERVICE, marks=pytest.mark.long),
    ],
    ids=str,
)
def test_services_stay_as_they_are_with_one_verb_less(
    lab: Laboratory, robots: Robots, verb: str, resource: Resource
) -> None:
    """That no other verb is written anywhere is a unit test of least rights: here it would take a run of each mode."""
    one = robots["rights-propagation"]
    cluster = "hub" if resource in (resources.NAMESPACE_MAP, resources.SERVICE) else "leaf-a"
    _is(lab.shortcuts(LEAVES, [LEAVES]), "created", "in_sync")
    with one.without(cluster, verb, resource):
        run = propagate(lab, clusters=one.clusters, mode="shadow")
    assert run.failed
    told = [failure for failure in run.result["failures"] if failure["fault"] == "missing-right"]
    assert told
    assert all(f"{verb} {resource}" in failure["what"] for failure in told), told
    assert not propagate(lab, state="absent", services=None).failed


def test_for_one_pair_nothing_else_is_seen_and_the_pair_is_made(lab: Laboratory, tmp_path: Path) -> None:
    lab.unlink(LEAVES)
    name = "rights-pair"
    options = {"fabric": FABRIC, "name": name, "clusters": lab.clusters(LEAVES)}
    made = lab.module(
        "rbac", {**options, "jobs": ["shortcut", "removal"], "pairs": [list(LEAVES)], "service_account": True}
    )
    assert not made.failed, made.log
    one = robot(lab, LEAVES, tmp_path / name, name=name)
    try:
        elsewhere = Right(verb="list", resource=resources.SECRET, namespace="liqo")
        assert not one.may("leaf-a", elsewhere)
        here = Right(verb="list", resource=resources.SECRET, namespace="liqo-tenant-leaf-b")
        eventually(lambda: one.may("leaf-a", here), what="the rights of the pair on leaf-a")
        _is(lab.shortcuts(LEAVES, [LEAVES], clusters=one.clusters), "created")
        assert lab.shortcuts(LEAVES, [LEAVES], clusters=one.clusters).result["plan"] == []
        _is(lab.shortcuts(LEAVES, [LEAVES], clusters=one.clusters, state="absent"), "removed")
    finally:
        assert not lab.module("rbac", {**options, "state": "absent"}).failed
        lab.unlink(LEAVES)
