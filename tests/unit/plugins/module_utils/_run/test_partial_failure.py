# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A failure in one cluster is recognised by name, says what to do, and blocks only the links that it concerns.

Three leaves with three links. What is wrong is with leaf-b and its link to leaf-a; the link of leaf-a and leaf-c has
drifted, and must be repaired by the same run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import pytest
from ansible_collections.liqo.fabric.plugins.module_utils._fabric import errors
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.errors import FabricError, FailureName
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.model import Pair, State
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.report import Report
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.resources import Resource
from ansible_collections.liqo.fabric.plugins.module_utils._liqo import resources
from ansible_collections.liqo.fabric.plugins.module_utils._run import reconcile as reconcile_module
from ansible_collections.liqo.fabric.plugins.module_utils._run.writing import CONFLICT_TRIES

from tests.unit import bodies
from tests.unit.bodies import body
from tests.unit.pretend_api import PretendApi
from tests.unit.three_leaves import AB, AC, BC, TO_A, World, drifted, of, run


@pytest.fixture
def world() -> World:
    return drifted()


def failure_of(report: Report, wanted: Pair = AB) -> FabricError:
    """Why the link failed; everything that every failure must bring is checked here."""
    link = of(report, wanted)
    assert link.outcome in ("blocked", "failed")
    assert link.failure is not None
    assert link.failure.next
    assert link.failure.as_result()["fault"] == link.failure.fault.value
    assert of(report, AC).outcome == "repaired", of(report, AC).failure
    return link.failure


def api_error(kind: Callable[..., FabricError], status: int, verb: str = "list", what: str = "x") -> FabricError:
    return kind(what=f"cannot {verb} {what}", where="leaf-b", why=f"answered {status}", next="mend", status=status)


def refuse(api: PretendApi, error: FabricError, *verbs: str, kinds: Iterable[Resource] = ()) -> None:
    """These verbs end with the error, on these kinds, or on all."""
    only = tuple(kinds)
    api.refuse = lambda verb, kind: error if verb in verbs and (not only or kind in only) else None


def unlinked(api: PretendApi, peer: str) -> None:
    """As before the link was made; the tenant namespace is there."""
    namespace = f"liqo-tenant-{peer}"
    for kind, place, name in list(api.store):
        if place == namespace or (kind, name) == ("ForeignCluster", peer):
            del api.store[kind, place, name]


def test_nothing_wrong_but_the_drift_is_repaired_and_then_quiet(world: World) -> None:
    report = run(world)
    assert {str(link.pair): link.outcome.value for link in report.links} == {
        str(AB): "in_sync",
        str(AC): "repaired",
        str(BC): "in_sync",
    }
    assert not run(world).changed


@pytest.mark.parametrize(
    ("error", "fault"),
    [
        (errors.Unreachable(what="w", where="x", why="b:1/TCP refused", next="start it"), FailureName.UNREACHABLE),
        (api_error(errors.Unauthorized, 401), FailureName.CREDENTIALS_REFUSED),
        (api_error(errors.Forbidden, 403), FailureName.MISSING_RIGHT),
    ],
)
def test_a_cluster_that_cannot_be_read_blocks_its_own_links(
    world: World, error: FabricError, fault: FailureName
) -> None:
    refuse(world["leaf-b"], error, "list", "get")
    report = run(world)
    assert failure_of(report, AB).fault is fault
    assert failure_of(report, BC).fault is fault


KINDS = (
    resources.NETWORK,
    resources.CONFIGURATION,
    resources.GATEWAY_SERVER,
    resources.GATEWAY_CLIENT,
    resources.PUBLIC_KEY,
    resources.CONNECTION,
)


@pytest.mark.parametrize("state", [State.PRESENT, State.ABSENT])
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.kind)
def test_a_kind_that_the_rights_do_not_show_is_not_taken_for_missing(
    world: World, kind: Resource, state: State
) -> None:
    refuse(world["leaf-b"], api_error(errors.Forbidden, 403), "list", kinds=[kind])
    report = run(world, state, [AB])
    problem = of(report, AB).failure
    assert problem is not None
    assert (of(report, AB).outcome, problem.fault) == ("blocked", FailureName.MISSING_RIGHT)
    assert kind.kind in problem.next
    assert not report.changed


@pytest.mark.parametrize("kind", [*KINDS, resources.SECRET, resources.FOREIGN_CLUSTER], ids=lambda kind: kind.kind)
def test_one_kind_that_one_server_does_not_answer_for_stops_only_that_cluster(world: World, kind: Resource) -> None:
    refuse(world["leaf-b"], api_error(errors.ApiError, 500), "list", kinds=[kind])
    assert failure_of(run(world)).fault is FailureName.API_ERROR


def test_a_write_that_is_not_allowed_fails_only_its_link(world: World) -> None:
    del world["leaf-b"].store["PublicKey", TO_A, "leaf-a"]
    refuse(world["leaf-b"], api_error(errors.Forbidden, 403, "create"), "create")
    report = run(world)
    assert failure_of(report).fault is FailureName.MISSING_RIGHT
    assert of(report, BC).outcome == "in_sync"


def test_an_object_that_a_finalizer_holds(world: World) -> None:
    world["leaf-b"].one("GatewayClient", "leaf-a", TO_A)["metadata"] |= {
        "deletionTimestamp": "2026-01-01T00:00:00Z",
        "finalizers": ["example.com/hold"],
    }
    report = run(world)
    problem = failure_of(report)
    assert problem.fault is FailureName.STUCK_FINALIZER
    assert "GatewayClient liqo-tenant-leaf-a/leaf-a" in problem.what
    assert "example.com/hold" in problem.why
    assert of(report, BC).outcome == "in_sync"


def test_a_gateway_that_does_not_run(world: World) -> None:
    world["leaf-b"].one("Deployment", "gw-leaf-a", TO_A)["status"] = {"observedGeneration": 1}
    world["leaf-a"].one("Connection", "gw-leaf-b", "liqo-tenant-leaf-b")["status"]["value"] = "Error"
    report = run(world)
    problem = failure_of(report)
    assert problem.fault is FailureName.DEAD_GATEWAY
    assert problem.where == "leaf-b at https://leaf-b.example:6443"
    assert "192.0.2.10:51840/UDP" in problem.next
    assert of(report, BC).outcome == "in_sync"


def test_two_objects_for_one_peer(world: World) -> None:
    second = bodies.configuration("leaf-a")
    second["metadata"]["name"] = "by-hand"
    world["leaf-b"].store["Configuration", TO_A, "by-hand"] = second
    report = run(world)
    problem = failure_of(report)
    assert problem.fault is FailureName.DUPLICATE_OBJECTS
    assert "liqo-tenant-leaf-a/by-hand" in problem.what
    assert of(report, BC).outcome == "in_sync"


def test_a_namespace_that_is_being_deleted_says_what_holds_it(world: World) -> None:
    held = world["leaf-b"].one("Namespace", TO_A)
    held["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    message = "Some content in the namespace has finalizers remaining: example.com/hold in 1 resource instances"
    held["status"] = {"conditions": [{"type": "NamespaceFinalizersRemaining", "status": "True", "message": message}]}
    report = run(world)
    problem = failure_of(report)
    assert (problem.fault, problem.why) == (FailureName.NAMESPACE_TERMINATING, message)
    assert of(report, BC).outcome == "in_sync"


def test_a_namespace_whose_deletion_begins_during_the_run(world: World) -> None:
    del world["leaf-b"].store["PublicKey", TO_A, "leaf-a"]
    refuse(world["leaf-b"], api_error(errors.NamespaceTerminating, 403, "create"), "create")
    report = run(world)
    assert failure_of(report).fault is FailureName.NAMESPACE_TERMINATING
    assert of(report, BC).outcome == "in_sync"


@pytest.fixture
def unmade(world: World) -> World:
    """The link of leaf-a and leaf-b is still to be made, and nobody acts on it in leaf-b."""
    unlinked(world["leaf-a"], "leaf-b")
    unlinked(world["leaf-b"], "leaf-a")
    return world


@pytest.mark.parametrize("component", ["controller-manager", "ipam"])
def test_a_controller_that_is_down(unmade: World, component: str) -> None:
    for name in ("leaf-a", "leaf-b"):
        unmade[name].one("Deployment", f"liqo-{component}", "liqo")["status"] = {}
    report = run(unmade)
    problem = failure_of(report)
    assert problem.fault is FailureName.CONTROLLER_DOWN
    assert f"liqo/liqo-{component} has 0 of 1" in problem.why
    assert of(report, AB).done
    assert of(report, BC).outcome == "in_sync"


def test_a_pool_without_room(unmade: World) -> None:
    for name, peer in (("leaf-a", "leaf-b"), ("leaf-b", "leaf-a")):
        everything: list[Any] = [
            bodies.network("reserved", cidr, name=f"all-{number}")
            for number, cidr in enumerate(("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"))
        ]
        asked = body(resources.NETWORK, f"{peer}-pod", f"liqo-tenant-{peer}", peer=peer, spec={"cidr": "10.42.0.0/16"})
        waiting = bodies.configuration(peer) | {"status": {}}
        for one in (*everything, bodies.namespace(peer), waiting, asked):
            unmade[name].put(one)
    problem = failure_of(run(unmade))
    assert problem.fault is FailureName.IPAM_POOL_FULL
    assert "no free /16" in problem.why


def test_without_the_right_to_look_a_timeout_stays_a_timeout(unmade: World) -> None:
    hidden = (resources.DEPLOYMENT, resources.DAEMON_SET, resources.POD)
    for name in ("leaf-a", "leaf-b"):
        refuse(unmade[name], api_error(errors.Forbidden, 403), "list", "get", kinds=hidden)
    problem = failure_of(run(unmade))
    assert problem.fault is FailureName.WAIT_TIMEOUT
    assert "ipam and controller-manager" in problem.next


def test_an_api_server_that_goes_away_while_we_wait_is_the_failure(unmade: World) -> None:
    gone = errors.Unreachable(what="w", where="x", why="b:1/TCP refused", next="start it")
    refuse(unmade["leaf-b"], gone, "list", kinds=[resources.DAEMON_SET])
    assert failure_of(run(unmade)) is gone


def test_a_run_that_another_one_forestalls_again_and_again_does_not_give_up(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reconcile_module, "STALE_PAUSE_S", 0.0)
    conflict = api_error(errors.Conflict, 409, "update")
    left = [conflict] * (2 * reconcile_module.ROUNDS * CONFLICT_TRIES)
    world["leaf-c"].refuse = lambda verb, _kind: left.pop() if verb == "update" and left else None
    assert of(run(world, wait_timeout_s=30), AC).outcome == "repaired"
    assert not left


def test_a_run_that_is_always_forestalled_ends(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reconcile_module, "STALE_PAUSE_S", 0.0)
    refuse(world["leaf-c"], api_error(errors.Conflict, 409, "update"), "update")
    link = of(run(world), AC)
    assert (link.outcome, link.failure and link.failure.fault) == ("failed", FailureName.UNSETTLED)
