# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whole runs of propagation over bodies: what is written, what fails alone, and what a hostile leaf cannot do."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.errors import Conflict, FabricError, Forbidden
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.model import ClusterId, State
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.propagation.model import Mode
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.propagation.operations import SliceOp
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.resources import Resource
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.services_text import propagation_text
from ansible_collections.liqo.fabric.plugins.module_utils._kube.client import Api, Listing
from ansible_collections.liqo.fabric.plugins.module_utils._liqo import resources
from ansible_collections.liqo.fabric.plugins.module_utils._run import propagate, service_act
from ansible_collections.liqo.fabric.plugins.module_utils._run.act import StalePlan

from tests.unit.bodies import body, tenant
from tests.unit.offloaded import (
    HONEST,
    HUB,
    NAMES,
    NATIVE,
    ORIGIN,
    PLACE,
    World,
    a_slice,
    address,
    endpoint,
    offloaded,
    rows,
    run,
    written,
)


@pytest.fixture
def world() -> World:
    return offloaded()


def refusing(verb: str, resource: Resource) -> Callable[[str, Resource], FabricError | None]:
    problem = Forbidden(what=f"cannot {verb} {resource}", where="here", why="403", next="grant it", status=403)
    return lambda asked, of: problem if (asked, of) == (verb, resource) else None


def test_a_plan_writes_nothing_and_a_run_writes_what_was_planned(world: World) -> None:
    planned = run(world, check_mode=True)
    assert (planned["changed"], written(world)) == (True, {name: {} for name in NAMES})
    done = run(world)
    assert written(world) == HONEST
    assert done["plan"] == planned["plan"]
    assert (done["changed"], done["failures"]) == (True, [])
    again = run(world)
    assert (again["changed"], again["plan"], again["failures"]) == (False, [], [])


def test_a_run_waits_until_liqo_has_made_the_slices(world: World) -> None:
    done = run(world, wait=True)
    assert done["failures"] == []
    assert {row["outcome"] for row in done["services"]} == {"created"}


def test_absent_takes_everything_away_again(world: World) -> None:
    run(world)
    gone = run(world, state=State.ABSENT)
    assert {row["outcome"] for row in gone["services"]} == {"removed"}
    assert written(world) == {name: {} for name in NAMES}


def test_what_a_leaf_lists_too_much_is_written_nowhere_and_named_in_the_report(world: World) -> None:
    native = world["leaf-b"].one("EndpointSlice", "web-local", PLACE)
    native["endpoints"] += [
        endpoint("web-c", address("leaf-b", 66)),
        endpoint("evil", address("leaf-b", 67)),
        endpoint("web-a", "10.96.0.1"),
    ]
    labels = {"kubernetes.io/service-name": "web", ORIGIN: HUB}
    world["leaf-b"].put(a_slice("further", PLACE, NATIVE, [endpoint("x", "127.0.0.1")], **labels))
    result = run(world)
    assert written(world) == HONEST
    assert [fault["name"] for fault in rows(result)["leaf-b"]["faults"]] == ["foreign-pod", "unknown-pod"]  # type: ignore[attr-defined]
    assert [failure["fault"] for failure in result["failures"]] == ["not-its-own"]
    assert {name: rows(result)[name]["outcome"] for name in ("leaf-a", "leaf-c")} == {
        "leaf-a": "created",
        "leaf-c": "created",
    }
    assert "foreign-pod: leaf-b lists web-a, which hub has on leaf-a (and 1 more)" in propagation_text(result)


@pytest.mark.parametrize("at", ["10.96.0.1", address("leaf-a"), "169.254.169.254", "127.0.0.1"])
def test_an_address_that_is_not_the_leafs_is_written_nowhere(world: World, at: str) -> None:
    world["leaf-b"].one("EndpointSlice", "web-local", PLACE)["endpoints"] = [endpoint("web-b", at)]
    result = run(world)
    assert written(world) == {
        name: {peer: of for peer, of in HONEST[name].items() if peer != "leaf-b"} for name in NAMES
    }
    assert [(failure["fault"], failure["where"]) for failure in result["failures"]] == [
        ("not-its-own", "cluster leaf-b")
    ]


def test_a_cluster_that_consumes_the_hub_cannot_say_where_its_namespaces_are(world: World) -> None:
    told = {"demo": {"remoteNamespace": "kube-system", "phase": "Accepted"}}
    for namespace, labels in (
        (tenant("leaf-b"), {"liqo.io/remote-cluster-id": "leaf-c"}),
        (tenant("leaf-b"), {"liqo.io/remote-cluster-id": "leaf-b", "liqo.io/replicated": "true"}),
    ):
        world[HUB].put(
            body(
                resources.NAMESPACE_MAP,
                "theirs",
                namespace,
                metadata={"labels": labels},
                spec={"desiredMapping": {"demo": "kube-system"}},
                status={"currentMapping": told},
            )
        )
        run(world)
        assert written(world) == HONEST
        assert {place for name in NAMES for (kind, place, _) in world[name].store if kind == "ShadowEndpointSlice"} == {
            PLACE
        }


def test_a_leaf_that_refuses_a_write_fails_alone(world: World) -> None:
    world["leaf-b"].refuse = refusing("create", resources.SHADOW_SLICE)
    result = run(world)
    assert written(world) == {**HONEST, "leaf-b": {}}
    assert {name: row["outcome"] for name, row in rows(result).items()} == {
        "leaf-a": "created",
        "leaf-b": "failed",
        "leaf-c": "created",
    }
    assert [failure["fault"] for failure in result["failures"]] == ["missing-right"]


def test_a_leaf_that_cannot_be_read_keeps_what_is_written_about_it(world: World) -> None:
    run(world)
    world["leaf-b"].refuse = refusing("list", resources.ENDPOINT_SLICE)
    result = run(world)
    assert written(world) == HONEST
    assert (result["changed"], result["summary"]["unreachable"]) == (False, 1)
    assert {name: row["outcome"] for name, row in rows(result).items()} == {
        "leaf-a": "in_sync",
        "leaf-b": "blocked",
        "leaf-c": "in_sync",
    }


def test_nothing_is_concluded_from_a_part_of_the_virtual_nodes(world: World) -> None:
    run(world)
    world[HUB].refuse = refusing("list", resources.VIRTUAL_NODE)
    result = run(world)
    assert written(world) == HONEST
    assert [failure["fault"] for failure in result["failures"]] == ["missing-right"]


def test_the_part_of_the_virtual_nodes_that_rights_in_tenant_namespaces_show_does_not_stand_for_all(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(world)
    everything, refused = world[HUB].list, refusing("list", resources.VIRTUAL_NODE)("list", resources.VIRTUAL_NODE)
    assert refused is not None

    def in_namespaces(resource: Resource, *, namespace: str | None = None, **selectors: str | None) -> Listing:
        if resource == resources.VIRTUAL_NODE and namespace is None:
            raise refused
        return everything(resource, namespace=namespace, **selectors)

    monkeypatch.setattr(world[HUB], "list", in_namespaces)
    result = run(world)
    assert written(world) == HONEST
    assert [failure["fault"] for failure in result["failures"]] == ["missing-right"]


def test_liqo_that_does_not_follow_is_named_for_the_leaf_where_it_does_not(world: World) -> None:
    world["leaf-b"].asleep = True
    result = run(world, wait=True, wait_timeout_s=0.5)
    assert {name: row["outcome"] for name, row in rows(result).items()} == {
        "leaf-a": "created",
        "leaf-b": "failed",
        "leaf-c": "created",
    }
    (failure,) = result["failures"]
    assert (failure["fault"], failure["where"]) == ("wait-timeout", "cluster leaf-b")
    assert "leaf-b has made the slice demo-hub/lf-web.leaf-" in failure["why"]


def test_without_waiting_what_liqo_has_to_do_is_pending(world: World) -> None:
    world["leaf-b"].asleep = True
    run(world)
    result = run(world)
    assert (written(world), result["failures"]) == (HONEST, [])
    assert {name: row["outcome"] for name, row in rows(result).items()} == {
        "leaf-a": "in_sync",
        "leaf-b": "pending",
        "leaf-c": "in_sync",
    }


def test_an_exception_of_one_write_is_a_failure_of_its_leaf(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    original = service_act.write

    def write(op: SliceOp, api: Api) -> None:
        if op.cluster == "leaf-b":
            raise ValueError("what-the-cluster-said")
        original(op, api)

    monkeypatch.setattr(service_act, "write", write)
    result = run(world)
    assert written(world) == {**HONEST, "leaf-b": {}}
    (failure,) = result["failures"]
    assert failure["fault"] == "not-understood"
    assert "what-the-cluster-said" not in str(result)
    assert rows(result)["leaf-a"]["outcome"] == "created"


def test_a_leaf_that_takes_all_its_time_leaves_the_others_their_rounds(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another run forestalls both leaves in the first round, which takes leaf-b longer than it may."""
    original, rounds = service_act.execute, list[set[str]]()

    def execute(ops: Sequence[SliceOp], *rest: Any, **options: Any) -> service_act.Result:
        rounds.append({op.cluster for op in ops})
        if len(rounds) > 1:
            return original(ops, *rest, **options)
        forestalled = {
            op.id: StalePlan(what="w", where="x", why="y", next="z") for op in ops if op.cluster in "leaf-a leaf-b"
        }
        result = original([op for op in ops if op.id not in forestalled], *rest, **options)
        took_s = {**result.took_s, ClusterId("leaf-b"): 1000.0}
        return replace(result, failures={**result.failures, **forestalled}, took_s=took_s)

    monkeypatch.setattr(service_act, "SETTLE_S", 0.2)
    monkeypatch.setattr(propagate, "execute", execute)
    result = run(world, wait=True)
    assert rounds == [set(NAMES), {"leaf-a"}]
    assert written(world) == {**HONEST, "leaf-b": {}}
    assert {name: row["outcome"] for name, row in rows(result).items()} == {
        "leaf-a": "created",
        "leaf-b": "failed",
        "leaf-c": "created",
    }
    (failure,) = result["failures"]
    assert (failure["fault"], failure["where"]) == ("unsettled", "cluster leaf-b")


def test_a_leaf_that_is_forestalled_again_and_again_fails_alone(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service_act, "SETTLE_S", 0.05)
    world["leaf-b"].refuse = lambda verb, _resource: (
        Conflict(what="w", where="x", why="409", next="z", status=409) if verb == "create" else None
    )
    result = run(world, wait=True)
    assert written(world) == {**HONEST, "leaf-b": {}}
    assert [(failure["fault"], failure["where"]) for failure in result["failures"]] == [("conflict", "cluster leaf-b")]


def test_a_mode_that_needs_policies_writes_them_first_and_is_left_in_the_right_order(world: World) -> None:
    done = run(world, Mode.EXCLUSIVE)
    order = [op["kind"] for op in done["plan"] if op["cluster"] == "leaf-a"]
    assert order[:4] == ["MutatingAdmissionPolicy"] * 2 + ["MutatingAdmissionPolicyBinding"] * 2
    assert order[4:6] == ["ShadowEndpointSlice"] * 2
    assert written(world) == HONEST
