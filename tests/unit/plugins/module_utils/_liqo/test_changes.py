# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which differences between two bodies count: what the fabric must react to, and not what Liqo writes all the time."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from datetime import datetime
from itertools import pairwise
from typing import Any

import pytest
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.changes import Change, SeenService, changes_event
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.resources import Resource
from ansible_collections.liqo.fabric.plugins.module_utils._liqo.changes import change_of
from ansible_collections.liqo.fabric.plugins.module_utils._liqo.resources import (
    CONFIGURATION,
    CONNECTION,
    ENDPOINT_SLICE,
)
from hypothesis import given
from hypothesis import strategies as st

from tests.unit import bodies
from tests.unit.bodies import Body
from tests.unit.build import cluster_id, pair
from tests.unit.strategies import law

A, B = cluster_id("leaf-a"), cluster_id("leaf-b")


def endpoint(address: str, pod: str, **conditions: bool) -> Body:
    return {"addresses": [address], "conditions": conditions, "targetRef": {"kind": "RemotePod", "name": pod}}


def endpoint_slice() -> Body:
    labels = {"offloading.liqo.io/origin": "hub", "kubernetes.io/service-name": "web"}
    return {
        **bodies.body(ENDPOINT_SLICE, "web-1", "shop", metadata={"labels": labels}),
        "addressType": "IPv4",
        "endpoints": [endpoint("10.1.0.1", "web-a", ready=True), endpoint("10.1.0.2", "web-b", ready=True)],
        "ports": [{"name": "http", "port": 80, "protocol": "TCP"}, {"name": "admin", "port": 81, "protocol": "TCP"}],
    }


BEFORE: dict[Resource, Body] = {
    CONNECTION: bodies.connection(),
    CONFIGURATION: bodies.configuration(),
    ENDPOINT_SLICE: endpoint_slice(),
}


def change(resource: Resource, old: Body | None, new: Body | None) -> Change | None:
    return change_of(A, resource, old, new, peers=[B])


def edited(resource: Resource, value: Any, *path: str | int) -> Body:
    """The body of before with one value set."""
    body: Any = copy.deepcopy(BEFORE[resource])
    inner = body
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = value
    return dict(body)


@pytest.mark.parametrize(
    ("resource", "value", "path", "reason"),
    [
        (CONNECTION, "Error", ("status", "value"), "leaf-a: Connection for leaf-b is Error, was Connected"),
        (CONNECTION, "", ("status", "value"), "leaf-a: Connection for leaf-b is without a value, was Connected"),
        (
            CONFIGURATION,
            ["10.9.0.0/16"],
            ("spec", "remote", "cidr", "pod"),
            "Configuration for leaf-b has another spec",
        ),
        (CONFIGURATION, ["10.9.0.0/16"], ("status", "remote", "cidr", "pod"), "for leaf-b has another remap"),
        (ENDPOINT_SLICE, ["10.1.0.9"], ("endpoints", 0, "addresses"), "2 of 2 ready after 2 of 2 ready"),
        (ENDPOINT_SLICE, False, ("endpoints", 0, "conditions", "ready"), "1 of 2 ready after 2 of 2 ready"),
        (ENDPOINT_SLICE, "web-c", ("endpoints", 0, "targetRef", "name"), "of Service web has other endpoints or ports"),
        (ENDPOINT_SLICE, 8080, ("ports", 0, "port"), "EndpointSlice shop/web-1 of Service web has other"),
        (ENDPOINT_SLICE, "UDP", ("ports", 0, "protocol"), "has other endpoints or ports"),
    ],
)
def test_what_the_fabric_must_react_to_is_told(
    resource: Resource, value: Any, path: tuple[str | int, ...], reason: str
) -> None:
    found = change(resource, BEFORE[resource], edited(resource, value, *path))
    assert found is not None
    assert reason in found.reason


@pytest.mark.parametrize(
    ("resource", "value", "path"),
    [
        (CONNECTION, {"value": "9ms", "timestamp": "2027-01-01T00:00:00Z"}, ("status", "latency")),
        (CONNECTION, {"type": "Client"}, ("spec",)),
        (CONFIGURATION, [], ("status", "conditions")),
        (ENDPOINT_SLICE, "node-2", ("endpoints", 0, "nodeName")),
        (ENDPOINT_SLICE, None, ("endpoints", 0, "conditions", "serving")),
        *(
            (resource, value, ("metadata", key))
            for resource in BEFORE
            for key, value in {"annotations": {"any": "thing"}, "resourceVersion": "43", "managedFields": []}.items()
        ),
    ],
)
def test_noise_is_no_change(resource: Resource, value: Any, path: tuple[str | int, ...]) -> None:
    assert change(resource, BEFORE[resource], edited(resource, value, *path)) is None


@pytest.mark.parametrize("part", ["endpoints", "ports"])
def test_the_order_in_a_slice_is_no_change(part: str) -> None:
    body = endpoint_slice()
    assert change(ENDPOINT_SLICE, body, {**body, part: body[part][::-1]}) is None


@pytest.mark.parametrize("resource", BEFORE, ids=str)
def test_coming_and_going_is_told(resource: Resource) -> None:
    assert change(resource, None, BEFORE[resource]) is not None
    assert change(resource, BEFORE[resource], None) is not None


def test_a_connection_without_a_value_may_come_and_go_unnoticed() -> None:
    fresh = bodies.connection(value="")
    assert change(CONNECTION, None, fresh) is None
    assert change(CONNECTION, fresh, None) is None


def test_an_empty_slice_that_goes_is_told_too() -> None:
    empty = {**endpoint_slice(), "endpoints": [], "ports": []}
    assert change(ENDPOINT_SLICE, empty, None) is not None


def test_a_change_of_a_link_names_its_pair_and_one_of_a_slice_its_service() -> None:
    of_link, of_slice = (change(resource, None, BEFORE[resource]) for resource in (CONFIGURATION, ENDPOINT_SLICE))
    assert of_link is not None
    assert (of_link.cluster, of_link.pairs, of_link.service) == (A, frozenset({pair()}), None)
    assert of_slice is not None
    assert of_slice.pairs == frozenset()
    assert of_slice.service == SeenService(cluster=A, namespace="shop", name="web")


@pytest.mark.parametrize(
    ("labels", "metadata"),
    [({}, {"name": "y" * 9000}), ({}, {"namespace": "y" * 9000}), ({"kubernetes.io/service-name": "y" * 9000}, {})],
    ids=["slice", "namespace", "service"],
)
def test_long_names_of_a_cluster_are_cut(labels: Body, metadata: Body) -> None:
    body = endpoint_slice()
    old_labels = body["metadata"]["labels"]
    body["metadata"] = {**body["metadata"], **metadata, "labels": {**old_labels, **labels}}
    found = change(ENDPOINT_SLICE, None, body)
    assert found is not None
    assert len(found.reason) < 500
    assert found.reason.endswith("is new, 2 of 2 ready")
    assert found.service == (
        None if labels or "namespace" in metadata else SeenService(cluster=A, namespace="shop", name="web")
    )


def test_the_event_of_a_cluster_with_very_many_slices_is_small() -> None:
    told: list[Change] = []
    for number in range(5000):
        name = f"{number}" + "y" * 58
        labels = {"kubernetes.io/service-name": name}
        body = bodies.body(ENDPOINT_SLICE, name * 50, name, metadata={"labels": labels})
        found = change(ENDPOINT_SLICE, None, body)
        assert found is not None
        told.append(found)
    event = changes_event(told, first_seen=datetime.min, last_seen=datetime.min)
    assert event["liqo"]["services"]
    assert len(json.dumps(event)) < 50_000


@pytest.mark.parametrize("resource", [CONNECTION, CONFIGURATION], ids=str)
def test_a_link_to_a_cluster_that_does_not_matter_is_no_change(resource: Resource) -> None:
    assert change_of(A, resource, None, BEFORE[resource], peers=[]) is None
    assert change_of(A, resource, None, BEFORE[resource], peers=[A]) is None


_KEYS = st.sampled_from(["spec", "status", "metadata", "endpoints", "ports", "value", "remote", "addresses", "ready"])
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(0, 3) | st.sampled_from(["", "x", "Connected"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(_KEYS, inner, max_size=3),
    max_leaves=8,
)
_ANY_BODY = st.none() | st.dictionaries(_KEYS, _JSON, max_size=4)
_METADATA = st.dictionaries(st.sampled_from(["annotations", "resourceVersion", "managedFields", "generation"]), _JSON)


@law
@given(resource=st.sampled_from(list(BEFORE)), old=_ANY_BODY, new=_ANY_BODY)
def test_whatever_a_server_sends_there_is_an_answer_that_does_not_depend_on_the_direction(
    resource: Resource, old: Body | None, new: Body | None
) -> None:
    assert (change(resource, old, new) is None) == (change(resource, new, old) is None)
    assert change(resource, old, copy.deepcopy(old)) is None


def _with_metadata(body: Body, extra: Body) -> Body:
    return {**body, "metadata": {**body["metadata"], **extra}}


def _later(body: Body) -> Body:
    status = {**body.get("status", {}), "latency": {"value": "3ms"}, "observed": 1}
    return {**body, "status": status}


@law
@given(resource=st.sampled_from(list(BEFORE)), extra=_METADATA, noise=st.lists(st.sampled_from([_later]), max_size=1))
def test_metadata_and_latency_never_count(resource: Resource, extra: Body, noise: list[Callable[[Body], Body]]) -> None:
    new = _with_metadata(BEFORE[resource], extra)
    for disturb in noise:
        new = disturb(new)
    assert change(resource, BEFORE[resource], new) is None


@law
@given(states=st.lists(st.sampled_from(["", "Connecting", "Connected", "Error", None]), min_size=2, max_size=8))
def test_as_many_changes_are_told_as_the_value_of_a_connection_has(states: list[str | None]) -> None:
    seen = [bodies.connection(value=state) if state is not None else None for state in states]
    told = [change(CONNECTION, old, new) for old, new in pairwise(seen)]
    differ = [(old or "") != (new or "") for old, new in pairwise(states)]
    assert [found is not None for found in told] == differ
