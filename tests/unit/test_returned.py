# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the modules say that they return is what they return."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Any

import pytest
import yaml
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.access import access_result
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.connector.carry import carry_over
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.connector.report import (
    ConnectorReport,
    connector_result,
)
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.errors import FabricError
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.info_result import info_result
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.model import State
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.plan import plan_link
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.propagation.model import Mode
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.propagation.report import propagation_result
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.propagation.view import sights_result
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.report import (
    LinkReport,
    Outcome,
    Report,
    report_result,
)
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.task import Task
from ansible_collections.liqo.fabric.plugins.module_utils._liqo.identity import parse_identity
from ansible_collections.liqo.fabric.plugins.module_utils._run.info import peering_info
from ansible_collections.liqo.fabric.plugins.module_utils._run.propagation_info import propagation_info
from ansible_collections.liqo.fabric.plugins.module_utils._run.rbac import manage_access, rbac

from tests.unit import build
from tests.unit.bodies import config_map
from tests.unit.connector import clusters, connection, hub_remains, wanted
from tests.unit.pretend_api import PretendApi
from tests.unit.propagated import after, planned, unread
from tests.unit.reflection import HUB, LEAVES, scene, want

BY_ANSIBLE = {"changed", "diff"}
"""Documented by Ansible itself."""
BY_CLUSTER = "clusters"
"""A mapping by cluster id: of it the entry of one cluster is documented."""
A, B, C = LEAVES


def _shortcuts() -> Mapping[str, Any]:
    one, other = build.link()
    plan = plan_link(build.shortcut(mtu=1300), one, other, fabric=build.RETAIL)
    broken = LinkReport(pair=build.pair(), outcome=Outcome.FAILED, planned=plan.ops, failure=unread(A))
    clusters = {one.id: one, other.id: other}
    return report_result(
        Report(fabric=build.RETAIL, state=State.PRESENT, check_mode=True, links=(broken,), clusters=clusters)
    )


def _asked(module: Any, **options: Any) -> Mapping[str, Any]:
    """The result of a query that reaches no cluster."""
    cluster = {"name": "hub", "kubeconfig": "/nowhere"}
    result: Mapping[str, Any] = module(
        {"clusters": [cluster], "query": None, "connect_timeout": 1, "timeout": 1, "parallel_clusters": 1, **options}
    )
    return result


def _peering_info() -> Mapping[str, Any]:
    one, other = build.link()
    return {**_asked(peering_info), **info_result({one.id: one, other.id: other, C: unread(C)})}


def _propagation() -> Mapping[str, Any]:
    wish = want(Mode.AUTO, leaving=frozenset({build.pair(A, C)}))
    return propagation_result(planned(wish, {**scene((A, B)).world(), C: unread(C)}))


def _propagation_info() -> Mapping[str, Any]:
    world = after(want(Mode.SHADOW), scene((A, B)))
    return {**_asked(propagation_info, hubs=["hub"]), **sights_result({**world, C: unread(C)}, [HUB])}


def _connector() -> Mapping[str, Any]:
    states = dict(zip(LEAVES, build.link(), strict=False))
    hub = hub_remains(connection())
    carried = carry_over(hub.connections, clusters(), states)
    return connector_result(
        ConnectorReport(
            want=wanted(), check_mode=True, remains={hub.cluster: hub}, carried=carried, failures=(unread(A),)
        )
    )


def _rbac() -> Mapping[str, Any]:
    """A cluster of which nothing was read, and another one with a plan."""
    options: dict[str, Any] = {
        "fabric": "retail",
        "name": "robot",
        "clusters": [{"name": "hub", "kubeconfig": "/nowhere"}],
        "jobs": ["query"],
        "subjects": [],
        "service_account": True,
        "service_account_namespace": None,
        "hubs": [],
        "pairs": None,
        "needed_only": False,
        "state": "present",
        "parallel_clusters": 1,
    }
    failed = rbac(options, check_mode=True)
    api = PretendApi("leaf-a", [config_map("leaf-a")]).as_api()
    identity, clusters = parse_identity({**options, "clusters": [{"name": "leaf-a"}]})
    planned = manage_access(identity, clusters, {A: api}, state="present", check_mode=True, parallel=1)
    one, other = access_result(failed), access_result(planned)
    return {**one, "plan": other["plan"], "clusters": {**one["clusters"], **other["clusters"]}}


RESULTS = {
    "connector": _connector(),
    "shortcuts": _shortcuts(),
    "peering_info": _peering_info(),
    "propagation": _propagation(),
    "propagation_info": _propagation_info(),
    "rbac": _rbac(),
}


def documented(module: str) -> dict[str, dict[str, Any]]:
    text = importlib.import_module(f"ansible_collections.liqo.fabric.plugins.modules.{module}").RETURN
    found: dict[str, dict[str, Any]] = yaml.safe_load(text)
    return found


@pytest.mark.parametrize("module", RESULTS)
def test_a_result_says_which_task_it_comes_from(module: str) -> None:
    assert RESULTS[module]["task"] == module
    assert {task.value for task in Task} == set(RESULTS)


def parts(name: str, value: Any) -> Mapping[str, Any]:
    """The parts of a value: of a list, of one of its entries."""
    if isinstance(value, list):
        value = value[0] if value else {}
    elif name == BY_CLUSTER and isinstance(value, Mapping):
        value = next(iter(value.values()), {})
    return value if isinstance(value, Mapping) else {}


@pytest.mark.parametrize("module", RESULTS)
def test_every_value_is_documented_and_every_documented_value_is_there(module: str) -> None:
    assert set(documented(module)) == set(RESULTS[module]) - BY_ANSIBLE


@pytest.mark.parametrize("module", RESULTS)
def test_documented_parts_are_there(module: str) -> None:
    result = RESULTS[module]
    for name, value in documented(module).items():
        real = parts(name, result[name]).keys()
        assert not real or set(value.get("contains", ())) <= real, name


@pytest.mark.parametrize("module", ["connector", "propagation", "propagation_info"])
def test_samples_have_all_parts(module: str) -> None:
    samples = {name: value["sample"] for name, value in documented(module).items() if "sample" in value}
    for name, sample in samples.items():
        assert parts(name, sample).keys() == parts(name, RESULTS[module][name]).keys(), name
    assert {"summary", "connections" if module == "connector" else "services"} <= samples.keys()


def test_the_sample_of_an_endpoint_has_all_parts() -> None:
    (sample,) = documented("propagation_info")["services"]["sample"]
    assert sample["endpoints"][0].keys() == RESULTS["propagation_info"]["services"][0]["endpoints"][0].keys()


@pytest.mark.parametrize("module", RESULTS)
def test_a_task_that_fails_returns_what_is_documented_for_always(module: str) -> None:
    for failure in RESULTS[module]["failures"]:
        assert failure.keys() == FabricError(what="", where="", why="", next="").as_result().keys()
    assert RESULTS[module]["failures"]
    assert documented(module)["failures"]["returned"] == "always"
