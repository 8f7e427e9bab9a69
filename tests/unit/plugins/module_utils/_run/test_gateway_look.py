# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is read to learn why a gateway does not run, and what a user with few rights learns. The API is pretended."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.errors import FabricError, Forbidden, Unreachable
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.resources import Resource
from ansible_collections.liqo.fabric.plugins.module_utils._run.gateway_look import GatewayLook, look_at_gateway

from tests.unit import build
from tests.unit.bodies import Body
from tests.unit.build import cluster_id
from tests.unit.gateway_pods import NS, POD_SECURITY, container, deployment, event, refused, started, waiting
from tests.unit.pretend_api import PretendApi

ALL = {"get Deployment", "list Deployment", "list Pod", "list ReplicaSet", "list Event"}


class Spied(PretendApi):
    """Remembers what it was asked, and allows only some of it."""

    def __init__(self, found: Iterable[Body], allowed: Iterable[str] = ALL, problem: type[FabricError] = Forbidden):
        super().__init__("leaf-a", found, self._answer)
        self.asked: list[str] = []
        self.allowed = frozenset(allowed)
        self.problem = problem

    def _answer(self, verb: str, resource: Resource) -> FabricError | None:
        asked = f"{verb} {resource.kind}"
        self.asked.append(asked)
        if asked in self.allowed:
            return None
        if self.problem is Forbidden:
            return Forbidden(what=f"cannot {asked}", where="x", why="no rule", next="grant it", status=403)
        return self.problem(what=f"cannot {asked}", where="x", why="silence", next="look")


def look(api: Spied) -> GatewayLook:
    side = build.link()[0].side(cluster_id("leaf-b"))
    return look_at_gateway(api.as_api(), side)


def test_a_gateway_that_runs_costs_one_request() -> None:
    ready = deployment()
    ready["status"]["readyReplicas"] = 1
    api = Spied([ready])
    found = look(api)
    assert found.workload is not None
    assert (found.workload.is_down, found.unseen, api.asked) == (False, [], ["get Deployment"])


def test_one_that_does_not_run_is_looked_at_in_its_own_namespace() -> None:
    broken = started(container(waiting("ErrImagePull", "no such host")))
    elsewhere = started(container(waiting("CrashLoopBackOff")))
    elsewhere["metadata"]["namespace"] = "default"
    api = Spied([deployment(), broken, elsewhere, event("Pod", broken["metadata"]["name"], "Unhealthy", "x")])
    found = look(api)
    assert found.workload is not None
    assert found.workload.cause == "image-pull"
    assert api.asked == ["get Deployment", "list Pod", "list ReplicaSet", "list Event"]


def test_without_the_right_to_get_it_the_list_tells_of_the_deployment() -> None:
    found = look(Spied([refused(POD_SECURITY)], ALL - {"get Deployment"}))
    assert found.workload is not None
    assert (found.workload.cause, found.unseen, found.is_missing) == ("pod-security", [], False)
    assert look(Spied([], ALL - {"get Deployment"})).is_missing
    assert look(Spied([])).is_missing


def test_rights_that_are_missing_are_named_and_the_deployment_alone_still_tells() -> None:
    found = look(Spied([refused(POD_SECURITY)], {"get Deployment"}))
    assert found.workload is not None
    assert found.workload.cause == "pod-security"
    assert found.unseen == [
        f"list pods in {NS}",
        f"list replicasets.apps in {NS}",
        f"list events in {NS}",
    ]
    blind = look(Spied([refused(POD_SECURITY)], ()))
    assert (blind.workload, blind.is_missing, blind.unseen) == (None, False, [f"get deployments.apps in {NS}"])


def test_what_cannot_be_read_beside_it_takes_nothing_away() -> None:
    found = look(Spied([refused(POD_SECURITY)], {"get Deployment"}, Unreachable))
    assert found.workload is not None
    assert (found.workload.cause, found.unseen) == ("pod-security", [])
    with pytest.raises(Unreachable):
        look(Spied([deployment()], (), Unreachable))


def test_a_side_without_a_gateway_is_not_asked_about_it() -> None:
    api = Spied([])
    side = build.cluster("leaf-a").side(cluster_id("leaf-b"))
    assert look_at_gateway(api.as_api(), side) == GatewayLook()
    assert api.asked == []
