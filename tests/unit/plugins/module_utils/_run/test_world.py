# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run knows of its clusters while they change, without any watch: bodies are put in by hand."""

from __future__ import annotations

import copy
from typing import Any, cast

import pytest
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.model import ClusterId
from ansible_collections.liqo.fabric.plugins.module_utils._kube.client import Api
from ansible_collections.liqo.fabric.plugins.module_utils._liqo import resources
from ansible_collections.liqo.fabric.plugins.module_utils._liqo.cluster import parse_cluster
from ansible_collections.liqo.fabric.plugins.module_utils._run.read import Reading
from ansible_collections.liqo.fabric.plugins.module_utils._run.world import World

from tests.unit import bodies
from tests.unit.build import cluster_id, pair, who

A, B, C = (cluster_id(name) for name in ("leaf-a", "leaf-b", "leaf-c"))


def reading(cluster: ClusterId, *peers: str) -> Reading:
    raw = bodies.raw(body for peer in peers for body in bodies.linked_cluster(cluster, peer))
    return Reading(api=cast(Api, None), who=who(cluster), raw=raw, state=parse_cluster(raw, cluster))


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
