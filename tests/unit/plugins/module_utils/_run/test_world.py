# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run knows of its clusters while they change, without any watch: bodies are put in by hand."""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import Any, cast

import pytest
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.errors import (
    FabricError,
    FailureName,
    Unreachable,
    attempt,
    not_understood,
)
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.model import ClusterId
from ansible_collections.liqo.fabric.plugins.module_utils._kube.client import Api
from ansible_collections.liqo.fabric.plugins.module_utils._kube.limits import Limits
from ansible_collections.liqo.fabric.plugins.module_utils._kube.stop import STOP
from ansible_collections.liqo.fabric.plugins.module_utils._liqo import resources
from ansible_collections.liqo.fabric.plugins.module_utils._liqo.cluster import parse_cluster
from ansible_collections.liqo.fabric.plugins.module_utils._liqo.resources import Query
from ansible_collections.liqo.fabric.plugins.module_utils._run import world as module
from ansible_collections.liqo.fabric.plugins.module_utils._run.follower import Kept
from ansible_collections.liqo.fabric.plugins.module_utils._run.read import Reading, Scope
from ansible_collections.liqo.fabric.plugins.module_utils._run.world import Changes, World

from tests.unit import bodies
from tests.unit.build import cluster_id, pair, who
from tests.unit.pretend_api import PretendApi

A, B, C = (cluster_id(name) for name in ("leaf-a", "leaf-b", "leaf-c"))


def reading(cluster: ClusterId, *peers: str, api: PretendApi | None = None) -> Reading:
    raw = bodies.raw(body for peer in peers for body in bodies.linked_cluster(cluster, peer))
    scopes = {resources.CONNECTION: (Scope(query=Query(resource=resources.CONNECTION)),)}
    state = parse_cluster(raw, cluster)
    return Reading(api=cast(Api, api), who=who(cluster), raw=raw, state=state, scopes=scopes)


@pytest.fixture
def world() -> World:
    return World({A: reading(A, "leaf-b", "leaf-c"), B: reading(B, "leaf-a")})


def lost(peer: str, version: str = "43") -> dict[str, Any]:
    body = copy.deepcopy(bodies.connection(peer, value="Error"))
    body["metadata"]["resourceVersion"] = version
    return body


def test_a_change_is_seen_and_told_to_the_link_that_it_concerns_alone(world: World) -> None:
    one, other = world.changes(pair("leaf-a", "leaf-b")), world.changes(pair("leaf-a", "leaf-c"))
    assert world[A].side(B).connections[0].value == "Connected"
    seen = one.count, other.count
    world[A].put(resources.CONNECTION, lost("leaf-b"))
    assert world[A].side(B).connections[0].value == "Error"
    assert world[A].side(C).connections[0].value == "Connected"
    assert one.wait_beyond(seen[0], timeout_s=0)
    assert not other.wait_beyond(seen[1], timeout_s=0)


def test_an_older_version_changes_nothing(world: World) -> None:
    world[A].put(resources.CONNECTION, lost("leaf-b", "41"))
    assert world[A].side(B).connections[0].value == "Connected"


def test_what_is_gone_is_gone(world: World) -> None:
    changes = world.changes(pair("leaf-a", "leaf-b"))
    before = changes.count
    world[B].drop(resources.CONNECTION, namespace="liqo-tenant-leaf-a", name="gw-leaf-a")
    assert world[B].side(A).connections == ()
    assert changes.wait_beyond(before, timeout_s=0)


def test_peers_that_a_cluster_makes_up_are_remembered_by_nothing_that_waits(world: World) -> None:
    waiting = world.changes(pair("leaf-a", "leaf-b"))
    for number in range(20):
        world[A].put(resources.CONNECTION, bodies.connection(f"made-up-{number}"))
    assert world.changes(pair("leaf-a", "leaf-b")) is waiting
    assert {peer for waits in world._changes.values() for peer in waits} == {A, B}


def test_a_cluster_that_changes_all_the_time_is_looked_at_a_few_times_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each look takes as much of the processor as the cluster makes it take."""
    now = [0.0]

    def pause(seconds: float) -> None:
        now[0] += seconds

    monkeypatch.setattr(module, "monotonic", lambda: now[0])
    monkeypatch.setattr(STOP, "pause", pause)
    for looks_take_s, most in ((0.0, module.FIRST_LOOKS + 10 * module.LOOKS_A_S), (1.0, 4)):
        monkeypatch.setattr(module, "thread_time", (lambda: now[0]) if looks_take_s else lambda: 0.0)
        changes, begun, looks = Changes(), now[0], 0
        while now[0] < begun + 10:
            count = changes.count
            changes.add()
            assert changes.wait_beyond(count, timeout_s=100)
            now[0] += looks_take_s
            looks += 1
        assert most - 1 <= looks <= most + 1


PATIENCE_S = 10
JUNK = not_understood(ValueError(), what="cannot list connections", where="leaf-a")
DOWN = Unreachable(what="cannot list connections", where="leaf-a", why="refused", next="start it")


def test_who_waits_for_a_cluster_that_sends_junk_is_told_at_once_and_nobody_else() -> None:
    api = PretendApi("leaf-a", [], lambda verb, _resource: JUNK if verb == "list" else None)
    world = World({A: reading(A, "leaf-b", api=api), B: reading(B, "leaf-a"), C: reading(C, "leaf-b")})
    waiting, other = world.changes(pair("leaf-a", "leaf-b")), world.changes(pair("leaf-b", "leaf-c"))
    seen = waiting.count, other.count
    world[A].follow([resources.CONNECTION])
    try:
        assert waiting.wait_beyond(seen[0], timeout_s=PATIENCE_S)
        with pytest.raises(FabricError) as caught:
            world[A].side(B)
        assert caught.value.fault is FailureName.NOT_UNDERSTOOD
        assert world[B].side(A).connections
        assert other.count == seen[1]
    finally:
        world.close()


def test_all_kinds_of_a_cluster_that_are_followed_have_a_limit_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "Kept", lambda: Kept(Limits(reading_items=3)))
    kinds = (resources.CONNECTION, resources.CONFIGURATION)
    many = [bodies.body(kind, f"x{number}", "liqo-tenant-leaf-b") for kind in kinds for number in range(2)]
    scopes = {kind: (Scope(query=Query(resource=kind)),) for kind in kinds}
    world = World({A: replace(reading(A, "leaf-b", api=PretendApi("leaf-a", many)), scopes=scopes)})
    waiting = world.changes(pair("leaf-a", "leaf-b"))
    world[A].follow(kinds)
    try:
        count = waiting.count
        while not isinstance(found := attempt(lambda: world[A].side(B), what="", where=""), FabricError):
            assert waiting.wait_beyond(count, timeout_s=PATIENCE_S)
            count = waiting.count
        assert found.fault is FailureName.LIMIT_REACHED
    finally:
        world.close()


def test_a_cluster_that_is_away_is_waited_for_and_one_that_is_understood_again_is_believed(world: World) -> None:
    feed = world[A]
    feed._hear(resources.CONNECTION, DOWN)
    assert feed.side(B).connections
    feed._hear(resources.CONNECTION, JUNK)
    feed._hear(resources.CONFIGURATION, None)
    with pytest.raises(FabricError):
        feed.side(B)
    feed._hear(resources.CONNECTION, None)
    assert feed.side(B).connections


@pytest.mark.parametrize("version", ["9" * 5000, "x", "", "\N{SUPERSCRIPT TWO}"])
def test_an_absurd_version_is_no_older_one(world: World, version: str) -> None:
    world[A].put(resources.CONNECTION, lost("leaf-b", version))
    assert world[A].side(B).connections[0].value == "Error"
