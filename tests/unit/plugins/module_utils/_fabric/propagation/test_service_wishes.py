# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Wishes for Services: what a task may say, and that all that is wrong is said at once."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.errors import InputError
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.model import State
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.propagation.model import Mode, Propagation
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.propagation.wishes import parse_propagation

from tests.unit import build
from tests.unit.reflection import HUB, LEAVES

A, B, C = LEAVES
CLUSTERS = [{"name": name} for name in (HUB, *LEAVES)]


def params(*services: dict[str, Any], **given: Any) -> dict[str, Any]:
    """As Ansible hands them over, with the defaults of the module."""
    return {
        "fabric": "retail",
        "clusters": CLUSTERS,
        "hubs": [HUB],
        "services": list(services),
        "mode": "auto",
        "state": "present",
        "coming": [],
        "leaving": [],
        "scope": None,
        "wait_timeout": 60.0,
        "connect_timeout": 5.0,
        "parallel_clusters": 32,
        **given,
    }


def service(**given: Any) -> dict[str, Any]:
    """An entry; what is not given is None, as Ansible sets it."""
    return {"namespace": None, "name": None, "selector": None, "hub": None, "mode": None, **given}


def violations(task: dict[str, Any]) -> dict[str, str]:
    """What is wrong, by its place."""
    with pytest.raises(InputError) as refused:
        parse_propagation(task)
    return {violation.path: violation.message for violation in refused.value.violations}


WEB = service(namespace="demo", name="web")


def test_a_service_by_name_gets_the_mode_of_the_task_unless_it_has_its_own() -> None:
    want = parse_propagation(params(WEB, service(namespace="demo", name="db", mode="shadow"), mode="exclusive"))
    assert [(wish.namespace, wish.name, wish.mode, wish.source) for wish in want.wishes] == [
        ("demo", "web", Mode.EXCLUSIVE, "services[0]"),
        ("demo", "db", Mode.SHADOW, "services[1]"),
    ]
    assert (want.hubs, want.leaves, want.state) == ((HUB,), None, State.PRESENT)


def test_names_come_before_selectors_so_that_they_win() -> None:
    want = parse_propagation(params(service(selector="app=web"), WEB))
    assert [wish.source for wish in want.wishes] == ["services[1]", "services[0]"]


def test_pairs_and_scope_are_read_by_name() -> None:
    want = parse_propagation(params(WEB, coming=[[B, A]], leaving=[[A, C]], scope=[A]))
    assert want.coming == {build.pair(A, B)}
    assert want.leaving == {build.pair(A, C)}
    assert want.leaves == frozenset({A})


@pytest.mark.parametrize("state", ["exact", "absent"])
def test_without_services_a_fabric_can_be_emptied(state: str) -> None:
    want: Propagation = parse_propagation(params(state=state, services=None))
    assert want.wishes == ()


def test_everything_that_is_wrong_is_said_in_one_message() -> None:
    found = violations(
        params(
            service(),
            service(namespace="demo", name="db", selector="app=db"),
            service(name="web"),
            service(namespace="Demo", name="web_1"),
            service(selector="app in"),
            service(namespace="demo", name="web", hub="leaf-a"),
            WEB,
            service(namespace="demo", name="web", mode="shadow"),
            fabric="re tail",
            hubs=[HUB, "hub2"],
            coming=[[A]],
            leaving=[[A, "leaf-z"]],
            scope=["leaf-z"],
            wait_timeout=0.0,
            connect_timeout=-1.0,
            parallel_clusters=0,
        )
    )
    assert found.keys() == {
        "fabric",
        "hubs",
        "services[0]",
        "services[1]",
        "services[2].namespace",
        "services[3].namespace",
        "services[3].name",
        "services[4].selector",
        "services[5].hub",
        "services[7]",
        "coming[0]",
        "leaving[0]",
        "scope",
        "wait_timeout",
        "connect_timeout",
        "parallel_clusters",
    }
    assert found["services[0]"] == found["services[1]"] == "one of name and selector must be given"
    assert found["services[7]"] == "demo/web is declared as shadow, and auto by services[6]"


def test_a_task_without_hubs_or_without_services_says_so() -> None:
    assert violations(params(hubs=[])) == {"hubs": "no hub is named"}
    assert violations(params(services=None)) == {"services": "state present needs services"}
