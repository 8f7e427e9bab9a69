# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A leaf that reports addresses and networks that are not its own stops its own links, and no value of it is copied."""

from __future__ import annotations

from ansible_collections.liqo.fabric.plugins.module_utils._fabric.errors import FailureName
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.model import State
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.report import Outcome, Report
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.resources import Json, Resource
from ansible_collections.liqo.fabric.plugins.module_utils._liqo import resources

from tests.unit.pretend_api import PretendApi
from tests.unit.three_leaves import AB, AC, BC, World, drifted, leaf, of, run

TO_B = "liqo-tenant-leaf-b"


def blocked_by(report: Report, fault: FailureName) -> None:
    """The links of leaf-b are blocked, the drift of the other one is repaired."""
    assert of(report, AC).outcome is Outcome.REPAIRED
    failures = [of(report, pair).failure for pair in (AB, BC)]
    assert {failure.fault for failure in failures if failure is not None} == {fault}


def dialled(world: World, cluster: str) -> Json:
    endpoint: Json = world[cluster].one("GatewayClient", "leaf-b", TO_B)["spec"]["endpoint"]
    return endpoint


def claiming(world: World, cidr: str) -> World:
    world["leaf-b"].one("Network", "pod-cidr", "liqo")["status"]["cidr"] = cidr
    return world


def test_a_cidr_that_is_not_its_own_is_not_given_to_its_peers() -> None:
    world = claiming(drifted(), "0.0.0.0/0")
    blocked_by(run(world), FailureName.REFUSED_CIDRS)
    for cluster in ("leaf-a", "leaf-c"):
        held = world[cluster].one("Configuration", "leaf-b", TO_B)["spec"]["remote"]["cidr"]
        assert "0.0.0.0/0" not in held["pod"]


def test_an_address_of_the_clients_own_cluster_is_not_dialled() -> None:
    world = drifted()
    before = dialled(world, "leaf-c")
    server = world["leaf-b"].one("GatewayServer", "leaf-c", "liqo-tenant-leaf-c")
    server["status"]["endpoint"]["addresses"] = ["10.96.0.1"]
    report = run(world)
    failure = of(report, BC).failure
    assert failure is not None
    assert failure.fault is FailureName.REFUSED_ENDPOINT
    assert (of(report, AB).outcome, of(report, AC).outcome) == (Outcome.IN_SYNC, Outcome.REPAIRED)
    assert dialled(world, "leaf-c") == before


class Turning(PretendApi):
    """As soon as its server is written, it advertises another address."""

    def replace(self, resource: Resource, body: Json, *, dry_run: bool = False) -> Json:
        if resource == resources.GATEWAY_SERVER:
            endpoint = {"addresses": ["169.254.169.254"], "port": 51840, "protocol": "UDP"}
            body = {**body, "status": {"endpoint": endpoint}}
        return super().replace(resource, body, dry_run=dry_run)


def test_an_address_that_is_known_only_after_a_write_is_judged_before_it_is_dialled() -> None:
    world = drifted()
    world["leaf-b"] = Turning("leaf-b", leaf("leaf-b"))
    world["leaf-b"].one("GatewayServer", "leaf-c", "liqo-tenant-leaf-c")["spec"]["endpoint"]["port"] = 4500
    before = dialled(world, "leaf-c")
    report = run(world, wait_timeout_s=5.0)
    failure = of(report, BC).failure
    assert failure is not None
    assert failure.fault is FailureName.REFUSED_ENDPOINT
    assert [op.split()[1] for op in (op.id for op in of(report, BC).done)] == [
        "leaf-b/GatewayServer/liqo-tenant-leaf-c/leaf-c"
    ]
    assert of(report, AC).outcome is Outcome.REPAIRED
    assert dialled(world, "leaf-c") == before


def test_a_removal_does_not_ask_what_a_cluster_reports() -> None:
    world = claiming(drifted(), "0.0.0.0/0")
    report = run(world, State.ABSENT, [AB, BC], check_mode=True)
    assert [of(report, pair).outcome for pair in (AB, BC)] == [Outcome.REMOVED, Outcome.REMOVED]


def test_nothing_that_is_refused_is_rendered() -> None:
    report = run(claiming(drifted(), "8.8.8.0/24"), State.RENDERED)
    assert report.rendered
    assert "8.8.8.0" not in str(report.rendered)
