# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whole runs of propagation over bodies: what is written, what fails alone, and what a hostile leaf cannot do."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, cast

import pytest
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.errors import FabricError, Forbidden
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.model import ClusterId, State
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.objects import Meta
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.operations import Verb
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.propagation.model import Mode, Origin, Slice
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.propagation.operations import (
    FactName,
    SliceFact,
    SliceKind,
    SliceOp,
)
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.resources import Resource
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.services_text import propagation_text
from ansible_collections.liqo.fabric.plugins.module_utils._kube.client import Api
from ansible_collections.liqo.fabric.plugins.module_utils._liqo import resources
from ansible_collections.liqo.fabric.plugins.module_utils._run import service_act
from ansible_collections.liqo.fabric.plugins.module_utils._run.world import Changes

from tests.unit import build
from tests.unit.bodies import body, tenant
from tests.unit.offloaded import (
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
    run,
    shadows,
)

HONEST = {
    "leaf-a": {"leaf-b": [("web-b", address("leaf-b"))], "leaf-c": [("web-c", address("leaf-c"))]},
    "leaf-b": {"leaf-a": [("web-a", address("leaf-a"))], "leaf-c": [("web-c", address("leaf-c"))]},
    "leaf-c": {"leaf-a": [("web-a", address("leaf-a"))], "leaf-b": [("web-b", address("leaf-b"))]},
}


@pytest.fixture
def world() -> World:
    return offloaded()


def written(world: World) -> dict[str, dict[str, list[tuple[str, str]]]]:
    return {name: shadows(world[name]) for name in NAMES}


def rows(result: dict[str, object]) -> dict[str, dict[str, object]]:
    services = result["services"]
    assert isinstance(services, list)
    return {row["cluster"]: row for row in services}


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


class Flipping:
    """The slices of a leaf that are others at every look."""

    unusable = None

    def __init__(self, changes: Changes) -> None:
        self.changes = changes
        self.looks = 0

    def slices(self) -> tuple[Slice, ...]:
        self.looks += 1
        self.changes.add()
        meta = Meta(name=f"lf-web.{(self.looks - 1) // 2 % 2}", namespace=PLACE)
        return (Slice(meta=meta, service="web", origin=Origin.OURS),)


def test_a_leaf_that_never_comes_to_rest_keeps_no_round_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service_act, "SETTLE_S", 0.05)
    changes = Changes()
    feed = Flipping(changes)
    reading = SimpleNamespace(services=SimpleNamespace(state=build.cluster("leaf-b")))
    goals = [
        SliceFact(
            name=FactName.MIRRORED,
            cluster=ClusterId("leaf-b"),
            hub=HUB,
            namespace=PLACE,
            service="web",
            slice=f"lf-web.{number}",
        )
        for number in (0, 1)
    ]
    begun = time.monotonic()
    run_of_it = service_act._Run(
        cast(Any, {"leaf-b": reading}), cast(Any, {"leaf-b": feed}), changes, deadline=begun + 60
    )
    assert len(run_of_it.await_goals(goals)) >= 1
    assert time.monotonic() - begun < 10
    assert feed.looks > 2


class Following:
    """A leaf on which Liqo follows a moment after each write, by one more slice."""

    unusable = None

    def __init__(self, changes: Changes) -> None:
        self.changes = changes
        self.made: tuple[Slice, ...] = ()

    def slices(self) -> tuple[Slice, ...]:
        return self.made

    def follow(self, name: str) -> None:
        self.made += (Slice(meta=Meta(name=name, namespace=PLACE), service="web", origin=Origin.OURS),)
        self.changes.add()


def a_write(leaf: str, name: str, *awaited: str) -> SliceOp:
    cluster = ClusterId(leaf)
    facts = tuple(
        SliceFact(name=FactName.MIRRORED, cluster=cluster, hub=HUB, namespace=PLACE, service="web", slice=one)
        for one in awaited
    )
    return SliceOp(
        cluster=cluster,
        peer=HUB,
        verb=Verb.DELETE,
        kind=SliceKind.SHADOW,
        name=name,
        namespace=PLACE,
        reason="a test",
        awaits=facts,
    )


def test_writes_that_one_leaf_answers_late_take_no_time_from_the_steps_of_another(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    changes = Changes()
    feed = Following(changes)
    others_are_done = threading.Event()

    def write(op: SliceOp, _api: Api) -> None:
        if op.cluster == "leaf-b":
            others_are_done.wait(10)
            return
        threading.Timer(0.1, feed.follow, [op.name]).start()
        if op.name == "last":
            others_are_done.set()

    monkeypatch.setattr(service_act, "write", write)
    reading = SimpleNamespace(
        services=SimpleNamespace(state=build.cluster("leaf-a")),
        who=SimpleNamespace(confirm=lambda _api: None),
        api=None,
    )
    ops = [a_write("leaf-b", "late"), a_write("leaf-a", "first"), a_write("leaf-a", "next", "first")]
    ops.append(a_write("leaf-a", "last", "next"))
    run_of_it = service_act._Run(
        cast(Any, dict.fromkeys(NAMES, reading)), cast(Any, {"leaf-a": feed}), changes, deadline=time.monotonic() + 5
    )
    run_of_it.carry_out_all(ops)
    assert run_of_it.failures == {}
    assert others_are_done.is_set()
    assert {op.name for op in run_of_it.done} == {"late", "first", "next", "last"}


def test_a_mode_that_needs_policies_writes_them_first_and_is_left_in_the_right_order(world: World) -> None:
    done = run(world, Mode.EXCLUSIVE)
    order = [op["kind"] for op in done["plan"] if op["cluster"] == "leaf-a"]
    assert order[:4] == ["MutatingAdmissionPolicy"] * 2 + ["MutatingAdmissionPolicyBinding"] * 2
    assert order[4:6] == ["ShadowEndpointSlice"] * 2
    assert written(world) == HONEST
