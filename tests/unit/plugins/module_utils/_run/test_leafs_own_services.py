# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whole runs over a leaf with a Service of its own, and over slices of ours that lost labels or annotations."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

import pytest
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.errors import FabricError, Forbidden
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.model import State
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.resources import Resource
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.text import result_text
from ansible_collections.liqo.fabric.plugins.module_utils._liqo import resources

from tests.unit.offloaded import HONEST, HUB, NAMES, ORIGIN, PLACE, World, offloaded, rows, run, written
from tests.unit.pretend_api import PretendApi


@pytest.fixture
def world() -> World:
    return offloaded()


OWN: dict[str, dict[str, Any]] = {
    "with a selector": {"selector": {"app": "local-only"}, "type": "ClusterIP"},
    "headless": {"selector": {"app": "local-only"}, "clusterIP": "None"},
    "without a selector": {"type": "ClusterIP"},
    "an ExternalName": {"type": "ExternalName", "externalName": "example.org"},
}
"""Services that a leaf may have of its own."""
LABELS_OF_OTHERS: tuple[dict[str, str], ...] = (
    {},
    {"liqo.io/managed": "true"},
    {ORIGIN: "another-hub", "liqo.io/managed": "true"},
    {ORIGIN: "No Id"},
)


def own_service(api: PretendApi, spec: Mapping[str, Any], labels: Mapping[str, str]) -> None:
    """The leaf has a Service of its own; its slices, if there are any, have the labels of the Service."""
    service = api.one("Service", "web", PLACE)
    service["metadata"]["labels"] = dict(labels)
    service["spec"] = dict(spec)
    native = api.one("EndpointSlice", "web-local", PLACE)
    del native["metadata"]["labels"][ORIGIN]
    native["metadata"]["labels"] |= labels


def faults(result: dict[str, Any]) -> list[str]:
    """Of the Service on leaf-a."""
    found: Any = rows(result)["leaf-a"]["faults"]
    return [fault["name"] for fault in found]


@pytest.mark.parametrize("labels", LABELS_OF_OTHERS, ids=["no label", "managed", "of another hub", "of nobody"])
@pytest.mark.parametrize("kind", OWN)
def test_a_service_of_a_leafs_own_is_not_touched_whenever_it_comes(
    world: World, kind: str, labels: Mapping[str, str]
) -> None:
    run(world)
    before = copy.deepcopy(world["leaf-a"].one("Service", "web", PLACE))
    own_service(world["leaf-a"], OWN[kind], labels)
    own = copy.deepcopy(world["leaf-a"].one("Service", "web", PLACE))
    result = run(world)
    found = written(world)
    assert (found["leaf-a"], found["leaf-b"]["leaf-c"]) == ({}, HONEST["leaf-b"]["leaf-c"])
    assert result["failures"] == []
    assert faults(result) == ["own-service"]
    assert world["leaf-a"].one("Service", "web", PLACE) == own
    assert run(world)["plan"] == []
    assert "the Service demo-hub/web of leaf-a is not hub:demo/web" in result_text(result)
    world["leaf-a"].put(before)
    world["leaf-a"].one("EndpointSlice", "web-local", PLACE)["metadata"]["labels"][ORIGIN] = HUB
    run(world)
    assert written(world) == HONEST


def test_services_of_a_leaf_may_be_hidden(world: World) -> None:
    def refuse(verb: str, resource: Resource) -> FabricError | None:
        if resource != resources.SERVICE:
            return None
        return Forbidden(what=f"cannot {verb}", where="leaf-a", why="403", next="grant it", status=403)

    world["leaf-a"].refuse = refuse
    assert run(world)["failures"] == []
    assert written(world) == HONEST
    own_service(world["leaf-a"], OWN["headless"], {})
    assert faults(run(world)) == ["own-service"]
    assert written(world)["leaf-a"] == {}


@pytest.mark.parametrize("again", [False, True], ids=["before the first run", "after a run"])
def test_a_service_that_is_not_there_is_not_called_another_one(world: World, again: bool) -> None:
    """Its slices of the hub are there already, or still."""
    if again:
        run(world)
    service = world["leaf-a"].store.pop(("Service", PLACE, "web"))
    native = world["leaf-a"].store.pop(("EndpointSlice", PLACE, "web-local"))
    result = run(world)
    assert (faults(result), result["failures"]) == ([], [])
    assert "the Service demo-hub/web is not there on leaf-a (yet); Liqo makes it" in result_text(result)
    assert (written(world)["leaf-a"], written(world)["leaf-b"]["leaf-c"]) == ({}, HONEST["leaf-b"]["leaf-c"])
    assert run(world)["plan"] == []
    world["leaf-a"].put(service)
    world["leaf-a"].put(native)
    run(world)
    assert written(world) == HONEST


def test_all_services_of_a_leaf_are_listed_once_and_only_when_one_of_a_hub_is_not_found(world: World) -> None:
    asked: list[str | None] = []
    plain = world["leaf-a"].list

    def note(resource: Resource, *, label_selector: str | None = None, **place: Any) -> Any:
        asked.extend([label_selector] if resource == resources.SERVICE else [])
        return plain(resource, label_selector=label_selector, **place)

    world["leaf-a"].list = note  # type: ignore[method-assign]
    run(world, check_mode=True)
    assert asked == [ORIGIN]
    asked.clear()
    del world["leaf-a"].store[("Service", PLACE, "web")]
    run(world, check_mode=True)
    assert asked == [ORIGIN, None]


def test_where_services_are_hidden_a_missing_one_is_named_as_either(world: World) -> None:
    def refuse(verb: str, resource: Resource) -> FabricError | None:
        if resource != resources.SERVICE:
            return None
        return Forbidden(what=f"cannot {verb}", where="leaf-a", why="403", next="grant it", status=403)

    world["leaf-a"].refuse = refuse
    del world["leaf-a"].store[("EndpointSlice", PLACE, "web-local")]
    result = run(world)
    assert "the Service demo-hub/web of leaf-a is not hub:demo/web, or is not there, but hub" in result_text(result)
    assert faults(result) == ["own-service"]


SLICE_LABELS = ("endpointslice.kubernetes.io/managed-by", "kubernetes.io/service-name", ORIGIN)
OURS_ALONE = ("liqo-fabric.github.io/path", "liqo-fabric.github.io/managed")


def shadow(world: World) -> dict[str, Any]:
    """One of the slices of leaf-a, to be changed in place."""
    return world["leaf-a"].one("ShadowEndpointSlice", "lf-web.leaf-b", PLACE)


@pytest.mark.parametrize("value", [None, "", "leaf-c"])
@pytest.mark.parametrize("label", [*SLICE_LABELS, *OURS_ALONE])
def test_a_slice_of_ours_that_lost_a_label_is_found_and_labelled_again(
    world: World, label: str, value: str | None
) -> None:
    run(world)
    before = copy.deepcopy(shadow(world)["metadata"]["labels"])
    del shadow(world)["metadata"]["labels"][label]
    if value is not None:
        shadow(world)["metadata"]["labels"][label] = value
    assert [op["action"] for op in run(world, check_mode=True)["plan"]] == ["update"]
    assert run(world)["failures"] == []
    assert shadow(world)["metadata"]["labels"] == before
    assert run(world)["plan"] == []


@pytest.mark.parametrize("label", [*SLICE_LABELS, *OURS_ALONE])
def test_a_slice_of_ours_that_lost_a_label_goes_when_it_is_no_longer_wanted(world: World, label: str) -> None:
    run(world)
    del shadow(world)["metadata"]["labels"][label]
    assert run(world, state=State.ABSENT)["failures"] == []
    assert written(world) == {name: {} for name in NAMES}


@pytest.mark.parametrize("state", [State.PRESENT, State.ABSENT])
def test_a_slice_without_the_annotation_of_its_owners_is_that_of_whoever_declares_its_service(
    world: World, state: State
) -> None:
    run(world)
    before = copy.deepcopy(shadow(world)["metadata"]["annotations"])
    del shadow(world)["metadata"]["annotations"]["liqo-fabric.github.io/owners"]
    assert run(world, state=state)["failures"] == []
    if state is State.ABSENT:
        assert written(world) == {name: {} for name in NAMES}
    else:
        assert shadow(world)["metadata"]["annotations"] == before


def test_a_steady_run_lists_the_slices_of_ours_alone(world: World) -> None:
    run(world)
    asked: list[tuple[str, str | None]] = []
    for api in world.values():
        plain = api.list

        def note(resource: Resource, *, _plain: Any = plain, label_selector: str | None = None, **place: Any) -> Any:
            asked.append((resource.kind, label_selector))
            return _plain(resource, label_selector=label_selector, **place)

        api.list = note  # type: ignore[method-assign]
    assert run(world)["plan"] == []
    assert ("ShadowEndpointSlice", None) not in asked
