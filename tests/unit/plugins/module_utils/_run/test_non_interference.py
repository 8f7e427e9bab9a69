# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whatever one cluster answers, and whatever exception that brings in our code, the links of others do not notice.

leaf-b is the odd one; the link of leaf-a and leaf-c has drifted, and must be repaired by the same run.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.liqo.fabric.plugins.module_utils._fabric import links as links_module
from ansible_collections.liqo.fabric.plugins.module_utils._fabric import report as report_module
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.errors import FabricError, FailureName
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.model import ClusterId, Pair, State, Tolerance
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.objects import Kind
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.operations import Op, laters
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.plan import plan_link
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.report import Report, report_result
from ansible_collections.liqo.fabric.plugins.module_utils._liqo import cluster as cluster_module
from ansible_collections.liqo.fabric.plugins.module_utils._liqo import resources
from ansible_collections.liqo.fabric.plugins.module_utils._liqo.names import MANAGED, OWNERS
from ansible_collections.liqo.fabric.plugins.module_utils._run import act, diagnose, outcomes, preflight, reconcile
from ansible_collections.liqo.fabric.plugins.module_utils._run.read import Depth, Reading, read_clusters
from ansible_collections.liqo.fabric.plugins.module_utils._run.who import who_of
from ansible_collections.liqo.fabric.plugins.module_utils._run.world import World as Feeds

from tests.unit import bodies
from tests.unit.build import RETAIL, cluster_id, shortcut
from tests.unit.pretend_api import PretendApi
from tests.unit.spoiled import SECRET, spoil
from tests.unit.three_leaves import AB, AC, BC, TO_A, World, drifted, fabric_of, leaf, of, run

A, B = cluster_id("leaf-a"), cluster_id("leaf-b")


@pytest.fixture
def world() -> World:
    return drifted()


def ends_alone(report: Report, *concerned: Pair) -> list[FabricError]:
    """The failures of these links; the others are as if nothing had happened."""
    assert of(report, AC).outcome == "repaired", of(report, AC).failure
    assert [op.id for op in of(report, AC).done] == ["update leaf-c/Configuration/liqo-tenant-leaf-a/leaf-a"]
    failed = {link.pair: link.failure for link in report.links if link.failure is not None}
    assert failed.keys() == set(concerned)
    result = report_result(report)
    assert SECRET not in str(result)
    assert "bug" not in str(result)
    return list(failed.values())


def understood(problems: list[FabricError]) -> None:
    for problem in problems:
        assert problem.fault is FailureName.NOT_UNDERSTOOD
        # Who mends it finds the place.
        assert "ValueError at " in problem.why or "TypeError at " in problem.why
        assert ".py:" in problem.why


def test_an_exception_while_a_cluster_is_read(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    spoil(monkeypatch, cluster_module, "_networks", lambda raw: "leaf-b" in raw.address)
    understood(ends_alone(run(world), AB, BC))


def test_an_exception_of_a_request(world: World) -> None:
    def refuse(verb: str, _resource: object) -> None:
        raise ValueError(SECRET) if verb == "list" else TypeError

    world["leaf-b"].refuse = refuse
    understood(ends_alone(run(world), AB, BC))


def test_an_exception_while_a_link_is_planned(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    spoil(monkeypatch, reconcile, "plan_intent", lambda intent, *_rest: intent.pair == AB)
    understood(ends_alone(run(world), AB))


def test_an_exception_while_marks_are_looked_for(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    spoil(monkeypatch, reconcile, "intents", lambda _fabric, states: any(state.id == "leaf-b" for state in states))
    understood(ends_alone(run(world), AB, BC))


def test_an_exception_while_a_write_is_tried(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    del world["leaf-b"].store["PublicKey", TO_A, "leaf-a"]
    spoil(monkeypatch, preflight, "build", lambda _spec, *, peer, name, **_rest: "PublicKey" in str(type(_spec)))
    spoil(monkeypatch, preflight, "used_networks", lambda raw: "leaf-b" in raw.address)
    understood(ends_alone(run(world), AB))


def test_an_exception_while_findings_are_made(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    del world["leaf-b"].store["PublicKey", TO_A, "leaf-a"]
    spoil(monkeypatch, preflight, "preflight", lambda _plans, states, _seen: "leaf-b" in states)
    understood(ends_alone(run(world), AB))


def test_an_exception_while_a_write_is_made(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    del world["leaf-b"].store["PublicKey", TO_A, "leaf-a"]
    spoil(monkeypatch, act, "build", lambda _spec, *, peer, **_rest: "PublicKey" in str(type(_spec)))
    understood(ends_alone(run(world), AB))


def test_what_was_written_before_an_exception_is_told(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    del world["leaf-b"].store["PublicKey", TO_A, "leaf-a"]
    world["leaf-a"].one("GatewayServer", "leaf-b", "liqo-tenant-leaf-b")["spec"]["mtu"] = 1300
    spoil(monkeypatch, act, "build", lambda _spec, *, peer, **_rest: "PublicKey" in str(type(_spec)))
    report = run(world)
    understood(ends_alone(report, AB))
    assert [op.id for op in of(report, AB).done] == ["update leaf-a/GatewayServer/liqo-tenant-leaf-b/leaf-b"]
    assert report.changed


def test_an_exception_while_a_link_is_waited_for(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world["leaf-b"].one("Connection", "gw-leaf-a", TO_A)["status"]["value"] = "Connecting"
    spoil(monkeypatch, act, "value_of", lambda fact, _side: fact.peer == "leaf-b" or fact.cluster == "leaf-b")
    understood(ends_alone(run(world), AB))


def test_an_exception_while_a_timeout_is_explained(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world["leaf-b"].one("Connection", "gw-leaf-a", TO_A)["status"]["value"] = "Connecting"
    spoil(monkeypatch, diagnose, "parse_workloads", lambda *_bodies: True)
    understood(ends_alone(run(world), AB))


@pytest.mark.parametrize("name", ["describe", "reached"])
def test_an_exception_while_a_link_is_reported(world: World, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    spoil(monkeypatch, outcomes, name, lambda plan, *_rest, **_named: getattr(plan, "pair", plan) == AB)
    understood(ends_alone(run(world), AB))


def test_an_exception_while_the_result_of_a_link_is_written(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    spoil(monkeypatch, report_module, "link_result", lambda link: link.pair == AB)
    described_without(run(world))


def test_an_exception_while_the_result_of_a_cluster_is_written(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    spoil(monkeypatch, links_module, "_features", lambda state: state is not None and state.id == "leaf-b")
    described_without(run(world))


def described_without(report: Report) -> None:
    result = report_result(report)
    assert result["changed"]
    assert [row["outcome"] for row in result["links"]] == ["in_sync", "repaired", "in_sync"]
    assert SECRET not in str(result)
    assert [failure["fault"] for failure in result["failures"]] == ["not-understood"]


@pytest.mark.parametrize("state", [State.GATHERED, State.RENDERED])
def test_an_exception_in_states_that_only_look(world: World, monkeypatch: pytest.MonkeyPatch, state: State) -> None:
    spoil(monkeypatch, outcomes, "gather", lambda pair, *_rest: pair == AB)
    spoil(monkeypatch, outcomes, "manifest", lambda _spec, *, peer, **_rest: peer == "leaf-b")
    report = run(world, state)
    assert [link.pair for link in report.broken] == ([AB] if state is State.GATHERED else [AB, BC])
    understood([link.failure for link in report.broken if link.failure is not None])
    assert report.gathered or report.rendered


def test_a_link_that_one_cluster_alone_claims_is_not_gathered(world: World) -> None:
    """Who applies what was gathered would have it made on the other cluster, too."""
    alone = bodies.linked_cluster("leaf-a", "leaf-c", is_server=True)
    world["leaf-a"] = PretendApi("leaf-a", alone)
    report = run(world, State.GATHERED, pairs=())
    assert [wish["between"] for wish in report.gathered] == [list(AC), list(BC)]
    assert of(report, AB).notes == ("not gathered: only leaf-b has a part of it; declare it if it is meant",)


def test_a_cluster_that_says_that_it_is_another_one_blocks_its_own_links(world: World) -> None:
    world["leaf-b"].one("ConfigMap", "liqo-clusterid-configmap", "liqo")["data"]["CLUSTER_ID"] = "leaf-c"
    for problem in ends_alone(run(world), AB, BC):
        assert problem.fault is FailureName.WRONG_CLUSTER
        assert "leaf-b" in problem.where


class Turncoat(PretendApi):
    """Leaf-b, until it has answered a number of readings; from then on it is another cluster."""

    def __init__(self, readings: int, change: Callable[[PretendApi], None]) -> None:
        super().__init__("leaf-b", leaf("leaf-b"))
        self.left = readings
        self.change = change

    def list(self, resource: Any, **options: Any) -> Any:
        if resource.kind == "ConfigMap":
            if self.left == 0:
                self.change(self)
            self.left -= 1
        return super().list(resource, **options)


def as_leaf_c(api: PretendApi) -> None:
    api.one("ConfigMap", "liqo-clusterid-configmap", "liqo")["data"]["CLUSTER_ID"] = "leaf-c"


def installed_anew(api: PretendApi) -> None:
    api.one("ConfigMap", "liqo-clusterid-configmap", "liqo")["metadata"]["uid"] = "another one"


@pytest.mark.parametrize(
    ("readings", "change"), [(0, as_leaf_c), (1, as_leaf_c), (2, as_leaf_c), (1, installed_anew), (2, installed_anew)]
)
def test_a_cluster_that_becomes_another_one_during_the_run(
    world: World, readings: int, change: Callable[[PretendApi], None]
) -> None:
    world["leaf-b"] = Turncoat(readings, change)
    # Something to write in leaf-b in every round, so that it is read again and again.
    del world["leaf-b"].store["PublicKey", TO_A, "leaf-a"]
    before = set(world["leaf-c"].store)
    report = run(world, wait=False)
    assert of(report, AC).outcome == "repaired"
    assert {op.cluster for link in report.links for op in link.done if link.pair != AC} <= {"leaf-b"}
    assert set(world["leaf-c"].store) == before
    problem = of(report, AB).failure
    assert problem is not None
    assert problem.fault is FailureName.WRONG_CLUSTER


def test_nothing_is_written_to_a_cluster_that_has_become_another_one(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ansible_collections.liqo.fabric.plugins.module_utils._run.who.CONFIRMED_S", 0.0)
    world["leaf-b"] = Turncoat(2, as_leaf_c)
    del world["leaf-b"].store["PublicKey", TO_A, "leaf-a"]
    report = run(world)
    assert of(report, AB).failure is not None
    assert not of(report, AB).done
    assert ("PublicKey", TO_A, "leaf-a") not in world["leaf-b"].store
    assert isinstance(of(report, AC).done[0], Op)


def marked_by(name: str, *peers: str) -> Iterator[bodies.Body]:
    """What a cluster can write by itself: links with any peers that look like those of the fabric."""
    for peer in peers:
        found = bodies.configuration(peer)
        found["metadata"]["labels"][MANAGED] = "true"
        found["metadata"]["annotations"] = {OWNERS: "retail"}
        yield from (bodies.namespace(peer), found)


def exactly(world: World, tolerate: Tolerance) -> Report:
    """Leaf-a and leaf-c are declared to be linked, and nothing else is."""
    fabric = replace(fabric_of(State.EXACT, [AC]), tolerate=tolerate)
    apis = {ClusterId(name): api.as_api() for name, api in world.items()}
    return reconcile.reconcile(fabric, apis, limits=reconcile.Limits(wait_timeout_s=0.2), check_mode=False)


@pytest.mark.parametrize("tolerate", [Tolerance(links=1), Tolerance(links=50, percent=True)])
def test_links_that_one_cluster_alone_marks_do_not_use_up_what_is_tolerated(world: World, tolerate: Tolerance) -> None:
    for one in marked_by("leaf-b", *(f"stranger-{number}" for number in range(20))):
        world["leaf-b"].put(one)
    report = exactly(world, tolerate)
    assert of(report, AC).outcome == "repaired"
    assert len(report.broken) == 20
    assert not report.failed
    assert exactly(world, Tolerance()).failed


def test_a_cluster_with_too_many_peers_is_not_read(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster_module, "MOST_PEERS", 10)
    for one in marked_by("leaf-b", *(f"stranger-{number}" for number in range(20))):
        world["leaf-b"].put(one)
    for problem in ends_alone(run(world), AB, BC):
        assert problem.fault is FailureName.LIMIT_REACHED


def test_a_link_does_not_wait_for_the_threads_of_a_cluster_that_answers_late(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both links are carried out at the same time; what leaf-b is told to write is answered when all else is over."""
    del world["leaf-b"].store["PublicKey", TO_A, "leaf-a"]
    done = threading.Event()
    waited: list[bool] = []

    def late(verb: str, _resource: object) -> None:
        if verb == "create":
            waited.append(done.wait(20))

    def told(verb: str, _resource: object) -> None:
        if verb == "update":
            done.set()

    world["leaf-b"].refuse = late
    world["leaf-c"].refuse = told
    report = run(world, wait=False)
    assert waited == [True]
    assert of(report, AC).outcome == "repaired"
    assert of(report, AB).outcome == "repaired"


def test_a_value_of_a_cluster_that_has_become_another_one_is_not_written_to_its_peer(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    del world["leaf-b"].store["GatewayClient", TO_A, "leaf-a"]
    server = world["leaf-a"].one("GatewayServer", "leaf-b", "liqo-tenant-leaf-b")
    told = {**server, "metadata": {**server["metadata"], "resourceVersion": "43"}, "status": server["status"]}
    server["status"] = {}
    clusters = fabric_of().clusters[:2]
    apis = {cluster.id: world[cluster.name].as_api() for cluster in clusters}
    peers = {A: frozenset({B}), B: frozenset({A})}
    readings = read_clusters(apis, clusters, who=who_of(clusters), peers=peers, depth=Depth.WRITING, parallel=2)
    read = {key: reading for key, reading in readings.items() if isinstance(reading, Reading)}
    plan = plan_link(shortcut(A, B), read[A].state, read[B].state, fabric=RETAIL)
    (op,) = [op for op in plan.ops if op.kind is Kind.CLIENT]
    assert [later.fact.cluster for later in laters(op.after)] == [A]
    seen = Feeds(read)
    seen[A].put(resources.GATEWAY_SERVER, told)
    monkeypatch.setattr("ansible_collections.liqo.fabric.plugins.module_utils._run.who.CONFIRMED_S", 0.0)
    as_leaf_c(world["leaf-a"])
    with pytest.raises(FabricError) as raised:
        act.write(op, seen)
    assert raised.value.fault is FailureName.WRONG_CLUSTER
    assert ("GatewayClient", TO_A, "leaf-a") not in world["leaf-b"].store
