# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What one cluster brings about in our code stays with that cluster: Services, queries, roles, inventories, labels.

The same as test_non_interference.py, for what is not the module shortcuts.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.liqo.fabric.plugins.module_utils._fabric import info_result as info_module
from ansible_collections.liqo.fabric.plugins.module_utils._fabric import inventory_hosts
from ansible_collections.liqo.fabric.plugins.module_utils._fabric import links as links_module
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.errors import FabricError, FailureName
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.info_result import info_result
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.model import Cluster, ClusterId
from ansible_collections.liqo.fabric.plugins.module_utils._liqo import cluster as cluster_module
from ansible_collections.liqo.fabric.plugins.module_utils._liqo.identity import Identity
from ansible_collections.liqo.fabric.plugins.module_utils._liqo.rights import Job
from ansible_collections.liqo.fabric.plugins.module_utils._run import (
    hub_inventory,
    info,
    labels,
    link_look,
    propagate,
    rbac,
    service_act,
    service_read,
)

from tests.unit import hubs, offloaded, three_leaves
from tests.unit.bodies import config_map
from tests.unit.build import RETAIL
from tests.unit.pretend_api import PretendApi
from tests.unit.spoiled import SECRET, spoil

NAMES = three_leaves.NAMES
UNDERSTOOD = FailureName.NOT_UNDERSTOOD.value


def clusters(names: tuple[str, ...] = NAMES) -> list[Cluster]:
    return [Cluster(id=ClusterId(name), name=name, labels={}) for name in names]


def faults(result: Mapping[str, Any]) -> set[str]:
    assert SECRET not in str(result)
    return {failure["fault"] for failure in result["failures"]}


def outcomes(result: Mapping[str, Any]) -> dict[str, str]:
    return {row["cluster"]: row["outcome"] for row in result["services"]}


class TestServices:
    @pytest.fixture
    def world(self) -> offloaded.World:
        return offloaded.offloaded()

    @pytest.fixture
    def honest(self) -> Mapping[str, Any]:
        """What a run over the same clusters comes to when leaf-b cannot be read."""
        world = offloaded.offloaded()
        down = FabricError(what="w", where="x", why="y", next="z", fault=FailureName.UNREACHABLE)
        world["leaf-b"].refuse = lambda _verb, _resource: down
        return offloaded.run(world)

    def of_others(self, result: Mapping[str, Any]) -> list[Any]:
        return [row for row in result["services"] if row["cluster"] != "leaf-b"]

    def test_an_exception_while_a_cluster_is_read(
        self, world: offloaded.World, honest: Mapping[str, Any], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        spoil(monkeypatch, service_read, "parse_services", lambda state, _objects: state.id == "leaf-b")
        result = offloaded.run(world)
        assert faults(result) == {UNDERSTOOD}
        assert self.of_others(result) == self.of_others(honest)
        assert result["changed"]

    def test_an_exception_while_services_are_planned(
        self, world: offloaded.World, honest: Mapping[str, Any], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        odd = "leaf-b"
        spoil(
            monkeypatch,
            propagate,
            "plan_services",
            lambda _want, seen: not isinstance(seen.get(odd, offloaded.HUB), (FabricError, str)),
        )
        result = offloaded.run(world)
        assert UNDERSTOOD in faults(result)
        assert self.of_others(result) == self.of_others(honest)
        assert result["changed"]

    def test_an_exception_while_a_write_is_made(self, world: offloaded.World, monkeypatch: pytest.MonkeyPatch) -> None:
        spoil(monkeypatch, service_act, "write", lambda op, _api: op.cluster == "leaf-b")
        result = offloaded.run(world)
        assert faults(result) == {UNDERSTOOD}
        assert outcomes(result) == {"leaf-a": "created", "leaf-b": "failed", "leaf-c": "created"}
        assert offloaded.shadows(world["leaf-a"])
        assert not offloaded.shadows(world["leaf-b"])

    def test_an_exception_while_something_is_awaited(
        self, world: offloaded.World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        # The goals of leaf-b stay open, so that they are looked at until the end.
        world["leaf-b"].asleep = True
        spoil(monkeypatch, service_act, "holds", lambda fact, *_rest: fact.cluster == "leaf-b")
        monkeypatch.setattr(service_act, "SETTLE_S", 0.2)
        result = offloaded.run(world, wait=True, wait_timeout_s=2)
        assert faults(result) == {UNDERSTOOD}
        assert outcomes(result) == {"leaf-a": "created", "leaf-b": "failed", "leaf-c": "created"}

    def test_a_cluster_that_becomes_another_one_is_not_written_to(
        self, world: offloaded.World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("ansible_collections.liqo.fabric.plugins.module_utils._run.who.CONFIRMED_S", 0.0)
        readings = 0

        def turns(verb: str, resource: Any) -> None:
            nonlocal readings
            if verb == "list" and resource.kind == "ConfigMap":
                readings += 1
                if readings > 1:
                    found = world["leaf-b"].one("ConfigMap", "liqo-clusterid-configmap", "liqo")
                    found["data"]["CLUSTER_ID"] = "leaf-c"

        world["leaf-b"].refuse = turns
        result = offloaded.run(world)
        assert FailureName.WRONG_CLUSTER.value in faults(result)
        assert not offloaded.shadows(world["leaf-b"])
        assert offloaded.shadows(world["leaf-a"])


class TestQueries:
    @pytest.fixture
    def states(self) -> Mapping[ClusterId, Any]:
        apis = {ClusterId(name): api.as_api() for name, api in three_leaves.drifted().items()}
        return info.read_states(clusters(), apis, timeout_s=5, parallel=3)

    def test_an_exception_while_a_link_is_described(
        self, states: Mapping[ClusterId, Any], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        before = {tuple(link["between"]): link for link in info_result(states)["links"]}
        spoil(
            monkeypatch,
            links_module,
            "_evidence",
            lambda pair, one, *_rest: pair == three_leaves.AB and not is_bad(one),
        )
        result = info_result(states)
        assert faults(result) == {UNDERSTOOD}
        after = {tuple(link["between"]): link for link in result["links"]}
        assert after.pop(("leaf-a", "leaf-b"))["evidence"]["rung"] == "unknown"
        assert after == {between: link for between, link in before.items() if between != ("leaf-a", "leaf-b")}

    def test_an_exception_while_links_are_looked_for(
        self, states: Mapping[ClusterId, Any], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        spoil(monkeypatch, info_module, "linked_pairs", lambda seen: not is_bad(seen.get("leaf-b", DOWN)))
        result = info_result(states)
        assert faults(result) == {UNDERSTOOD}
        assert result["summary"]["unreachable"] == 1
        assert [link["between"] for link in result["links"] if "leaf-b" not in link["between"]] == [
            ["leaf-a", "leaf-c"]
        ]

    def test_an_exception_of_the_lookup_is_an_error_with_a_name(self, monkeypatch: pytest.MonkeyPatch) -> None:
        apis = {ClusterId(name): api.as_api() for name, api in three_leaves.drifted().items()}
        monkeypatch.setattr(link_look, "open_apis", lambda *_params, **_named: apis)
        spoil(monkeypatch, link_look, "describe", lambda *_link: True)
        params = {"value": "evidence", "clusters": [{"name": name} for name in NAMES], "timeout": 5.0}
        with pytest.raises(FabricError) as raised:
            link_look.link_value(("leaf-a", "leaf-b"), params)
        assert raised.value.fault is FailureName.NOT_UNDERSTOOD


DOWN = FabricError(what="w", where="x", why="y", next="z", fault=FailureName.UNREACHABLE)


def is_bad(seen: object) -> bool:
    return isinstance(seen, FabricError)


def test_roles_that_were_made_before_an_exception_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    apis = {ClusterId(name): PretendApi(name, [config_map(name)]) for name in NAMES}
    spoil(
        monkeypatch,
        rbac,
        "create_once",
        lambda api, _resource, body: api is apis[ClusterId("leaf-b")] and body["kind"] == "Role",
    )
    robot = Identity(fabric=RETAIL, name="robot", jobs=frozenset({Job.SHORTCUT}), account=True)
    given = {key: api.as_api() for key, api in apis.items()}
    report = rbac.manage_access(robot, clusters(), given, state="present", check_mode=False, parallel=3)
    done = [f"{op.cluster} {op.kind.value}" for op in report.done if op.cluster == "leaf-b"]
    assert done == ["leaf-b ServiceAccount", "leaf-b ClusterRole"]
    problems = {key: problem and problem.fault for key, problem in report.clusters.items()}
    assert problems == {"leaf-a": None, "leaf-b": FailureName.NOT_UNDERSTOOD, "leaf-c": None}
    assert sum(op.cluster == "leaf-c" for op in report.done) == 5


def test_labels_of_a_cluster_that_cannot_be_understood_are_a_problem_of_that_cluster(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from tests.unit.plugins.module_utils._run import test_labels

    spoil(monkeypatch, labels, "parse_cluster_labels", lambda bodies: "odd" in str(bodies))
    found = test_labels.read(
        test_labels.wishes("cluster"),
        leaf_a=test_labels.leaf("leaf-a", "odd=yes"),
        leaf_b=test_labels.leaf("leaf-b", "own=yes"),
    )
    assert found.by_cluster == {"leaf-b": {"own": "yes"}}
    assert found.problems[ClusterId("leaf-a")].fault is FailureName.NOT_UNDERSTOOD


class TestInventory:
    @pytest.fixture
    def warnings(self) -> list[str]:
        return []

    def read(self, monkeypatch: pytest.MonkeyPatch, warnings: list[str], tmp_path: Path) -> dict[str, Any]:
        held = {name: PretendApi(name, hubs.hub("leaf-a", "leaf-b", name=name)) for name in ("hub-a", "hub-b")}
        monkeypatch.setattr(hub_inventory, "open_apis", lambda *_params, **_named: held)
        params = {
            "hubs": [{"name": name, "kubeconfig": name} for name in held],
            "kubeconfig_pattern": None,
            "identity_dir": None,
            "read_leaves": False,
            "leaf_roles": ["Provider"],
            "region_labels": ["region"],
            "timeout": 30.0,
            "connect_timeout": 5.0,
            "parallel_clusters": 4,
        }
        found = hub_inventory.read_inventory(params, folder=str(tmp_path), where="x.yml", warn=warnings.append)
        assert SECRET not in str(warnings) + str(found)
        return {host.name: host.variables for host in found.hosts}

    def test_an_exception_while_a_hub_is_read(
        self, monkeypatch: pytest.MonkeyPatch, warnings: list[str], tmp_path: Path
    ) -> None:
        spoil(monkeypatch, cluster_module, "_networks", lambda raw: "hub-b" in raw.address)
        found = self.read(monkeypatch, warnings, tmp_path)
        assert found.keys() == {"hub-a", "hub-b", "leaf-a", "leaf-b"}
        assert found["leaf-a"]["liqo_peered_hubs"] == ["hub-a"]
        assert len(warnings) == 1

    def test_an_exception_while_a_leaf_is_listed(
        self, monkeypatch: pytest.MonkeyPatch, warnings: list[str], tmp_path: Path
    ) -> None:
        before = self.read(monkeypatch, warnings, tmp_path)
        assert warnings == []
        spoil(
            monkeypatch,
            inventory_hosts,
            "_leaf_host",
            lambda leaf, *_rest: leaf.id == "leaf-b" and not is_bad(leaf.seen),
        )
        found = self.read(monkeypatch, warnings, tmp_path)
        assert found.keys() == before.keys()
        assert found["leaf-a"] == before["leaf-a"]
        assert found["leaf-b"]["liqo_reachable"] is False
        assert len(warnings) == 1
        assert warnings[0].startswith("leaf-b is listed without what it says")


def test_what_a_run_of_services_has_done_is_told_also_with_an_odd_fact(monkeypatch: pytest.MonkeyPatch) -> None:
    """The plan of the last look is over a world in which a cluster cannot be understood any more."""
    world = offloaded.offloaded()
    calls = 0

    def later(_want: object, seen: Mapping[str, Any]) -> bool:
        nonlocal calls
        calls += not is_bad(seen["leaf-b"])
        return calls > 1 and not is_bad(seen["leaf-b"])

    spoil(monkeypatch, propagate, "plan_services", later)
    result = offloaded.run(world)
    assert result["changed"]
    assert offloaded.shadows(world["leaf-b"])
    assert {change for row in result["services"] for change in row["changes"] if "leaf-b/" in change}
