# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What failures of the modules connector and rbac advise, done: the connector goes, the identity is made."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.connector.retire import safe_to_lose
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.errors import FabricError
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.model import Cluster
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.objects import ClusterState, Kind
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.resources import Json, Resource
from ansible_collections.liqo.fabric.plugins.module_utils._liqo import resources
from ansible_collections.liqo.fabric.plugins.module_utils._liqo.identity import Identity
from ansible_collections.liqo.fabric.plugins.module_utils._liqo.rights import Job
from ansible_collections.liqo.fabric.plugins.module_utils._run.rbac import manage_access

from tests.unit.bodies import body, config_map
from tests.unit.build import RETAIL, adopted, cluster, cluster_id, edit, link, with_side
from tests.unit.connector import LEAVES, connection, fabric, wanted
from tests.unit.next_steps.following import is_said
from tests.unit.pretend_api import PretendApi

A, B = link()
AB = ("leaf-a", "leaf-b")
DOWN = FabricError(what="cannot be read", where="leaf-b", why="down", next="start it")
OR_ABANDON = "{}, or name {} under abandon to leave its link as it is"
NO_TUNNEL = with_side(A, replace(A.side(LEAVES[1]), connections=()))
Ends = tuple[ClusterState | FabricError, ...]


def refusals(states: Ends, *declared: tuple[str, str], **facts: Any) -> tuple[FabricError, ...]:
    """Why a ForeignClusterConnection may not go yet."""
    seen = dict(zip(LEAVES, states, strict=False))
    return safe_to_lose([connection()], wanted(**facts), fabric(*declared), seen)[0]


@pytest.mark.parametrize(
    ("step", "before", "after"),
    [
        ("add it to clusters", ((A,), (AB,)), ((A, B), (AB,))),
        ("start it", ((A, DOWN), (AB,)), ((A, B), (AB,))),
        ("declare it and adopt it", (adopted(A, B), ()), ((A, B), (AB,))),
        ("adopt it first (adopt true)", (adopted(A, B), (AB,)), ((A, B), (AB,))),
        ("apply the fabric, then run again", ((edit(A, Kind.SERVER, mtu=1300), B), (AB,)), ((A, B), (AB,))),
        ("apply the fabric, then run again", ((cluster("leaf-a"), cluster("leaf-b")), (AB,)), ((A, B), (AB,))),
        ("wait until the tunnel is up, then run again", ((NO_TUNNEL, B), (AB,)), ((A, B), (AB,))),
    ],
)
def test_an_object_of_the_connector_goes_after_the_step(step: str, before: Any, after: Any) -> None:
    (refused,) = refusals(before[0], *before[1])
    assert is_said(OR_ABANDON, refused.next)
    assert refused.next.startswith(f"{step}, or name default/leaf-b-leaf-a under abandon")
    assert refusals(after[0], *after[1]) == ()
    # The other way: its link stays as it is.
    assert refusals(before[0], *before[1], abandon=frozenset({"default/leaf-b-leaf-a"})) == ()


LEAF = cluster_id("leaf-a")
ROBOT = Identity(fabric=RETAIL, name="robot", jobs=frozenset({Job.SHORTCUT}), account=True)


class RestlessApi(PretendApi):
    """Somebody takes all rules out of the roles as soon as they are written."""

    restless = True

    def create(self, resource: Resource, body: Json, *, dry_run: bool = False) -> Json:
        return super().create(resource, self._undone(resource, body), dry_run=dry_run)

    def replace(self, resource: Resource, body: Json, *, dry_run: bool = False) -> Json:
        return super().replace(resource, self._undone(resource, body), dry_run=dry_run)

    def _undone(self, resource: Resource, body: Json) -> Json:
        return {**body, "rules": []} if self.restless and resource == resources.CLUSTER_ROLE else body


def problem(api: PretendApi, who: Identity = ROBOT) -> FabricError | None:
    """Why the identity is not as wanted after a run."""
    clusters = [Cluster(id=LEAF, name=LEAF, labels={})]
    options: dict[str, Any] = {"state": "present", "check_mode": False, "parallel": 1}
    return manage_access(who, clusters, {LEAF: api.as_api()}, **options).clusters[LEAF]


def test_a_name_that_is_taken_is_free_after_the_object_or_the_name_is_another_one() -> None:
    def taken() -> PretendApi:
        return PretendApi("leaf-a", [config_map("leaf-a"), body(resources.CLUSTER_ROLE, "robot", rules=[])])

    refused = problem(taken())
    assert refused is not None
    assert refused.next == "choose another name for the identity, or delete the object if no one needs it"
    assert problem(taken(), replace(ROBOT, name="robot-2")) is None
    deleted = taken()
    del deleted.store["ClusterRole", "", "robot"]
    assert problem(deleted) is None


def test_roles_settle_when_nobody_else_writes_them() -> None:
    api = RestlessApi("leaf-a", [config_map("leaf-a")])
    refused = problem(api)
    assert refused is not None
    assert refused.next == "look in the audit log who else writes them, then run again"
    api.restless = False
    assert problem(api) is None
