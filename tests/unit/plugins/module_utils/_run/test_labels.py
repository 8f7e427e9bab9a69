# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Labels from three sources, of clusters that answer and of clusters that do not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, cast

import pytest
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.errors import FabricError
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.model import ClusterId
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.wishes import Wishes, parse_wishes
from ansible_collections.liqo.fabric.plugins.module_utils._kube.client import Api, Listing
from ansible_collections.liqo.fabric.plugins.module_utils._run.labels import ReadLabels, read_labels

DOWN = FabricError(what="no answer", where="somewhere", why="it is down", next="start it")


@dataclass
class PretendApi:
    """Answers lists by kind and counts them."""

    answers: Mapping[str, tuple[Mapping[str, Any], ...] | FabricError]
    address: str = "192.0.2.1:6443"
    where: str = "leaf-a at https://192.0.2.1:6443"
    asked: list[str] = field(default_factory=list)
    limited: bool = False
    """Is there a limit of time for all that is asked?"""

    def within(self, seconds: float) -> PretendApi:
        return replace(self, limited=True)

    def list(self, resource: Any, *, namespace: str | None = None, label_selector: str | None = None) -> Listing:
        assert self.limited
        self.asked.append(resource.kind)
        answer = self.answers[resource.kind]
        if isinstance(answer, FabricError):
            raise answer
        return Listing(items=answer, resource_version="1", server_time=datetime(2026, 1, 1, tzinfo=UTC))


def leaf(name: str, labels: str | None = "", *, says: str | None = None) -> PretendApi:
    args = [] if labels is None else [f"--cluster-labels={labels}"]
    manager = {
        "metadata": {"labels": {"app.kubernetes.io/name": "controller-manager"}},
        "spec": {"template": {"spec": {"containers": [{"args": args}]}}},
    }
    return PretendApi({"ConfigMap": ({"data": {"CLUSTER_ID": says or name}},), "Deployment": (manager,)})


def hub(**labels: dict[str, str]) -> PretendApi:
    bodies = tuple(
        {"metadata": {"labels": own}, "spec": {"clusterID": name.replace("_", "-")}} for name, own in labels.items()
    )
    return PretendApi({"ForeignCluster": bodies})


def wishes(*labels_from: str, selector: bool = True, hubs: tuple[str, ...] = ("hub",)) -> Wishes:
    clusters = [
        {"name": "leaf-a", "labels": {"from": "inventory"}},
        {"name": "leaf-b"},
        *({"name": name} for name in hubs),
    ]
    entry = {"mesh": {"selector": "x"}} if selector else {"between": ["leaf-a", "leaf-b"]}
    params = {"clusters": clusters, "hubs": list(hubs), "shortcuts": [entry], "labels_from": list(labels_from)}
    return parse_wishes({"fabric": "retail", "state": "present", **params})


def read(asked: Wishes, **apis: PretendApi | FabricError) -> ReadLabels:
    by_id = {ClusterId(name.replace("_", "-")): cast("Api | FabricError", api) for name, api in apis.items()}
    return read_labels(asked, by_id, parallel=1)


def test_without_a_selector_nothing_is_read() -> None:
    asked = wishes("inventory", "cluster", "hub", selector=False)
    assert read(asked) == ReadLabels(by_cluster={})


def test_the_inventory_alone_needs_no_request() -> None:
    assert read(wishes("inventory")).by_cluster == {"leaf-a": {"from": "inventory"}, "leaf-b": {}}


def test_inventory_wins_over_cluster_and_cluster_over_hub() -> None:
    found = read(
        wishes("hub", "inventory", "cluster"),
        leaf_a=leaf("leaf-a", "from=cluster,own=yes"),
        leaf_b=leaf("leaf-b", "from=cluster"),
        hub=hub(leaf_a={"from": "hub", "far": "yes", "own": "no"}, leaf_x={"from": "hub"}, hub={"from": "hub"}),
    )
    assert found.problems == {}
    assert found.by_cluster == {
        "leaf-a": {"from": "inventory", "own": "yes", "far": "yes"},
        "leaf-b": {"from": "cluster"},
    }


def test_only_what_is_asked_for_counts() -> None:
    apis = {"leaf_a": leaf("leaf-a", "own=yes"), "leaf_b": leaf("leaf-b", None)}
    assert read(wishes("cluster"), **apis).by_cluster == {"leaf-a": {"own": "yes"}, "leaf-b": {}}
    assert apis["leaf_a"].asked == ["ConfigMap", "Deployment"]


def test_a_declared_label_wins_over_a_reported_one_whatever_is_asked_for() -> None:
    found = read(
        wishes("cluster", "hub"),
        leaf_a=leaf("leaf-a", "from=cluster"),
        leaf_b=leaf("leaf-b", "from=cluster"),
        hub=hub(leaf_a={"from": "hub", "far": "yes"}),
    )
    assert found.by_cluster == {"leaf-a": {"from": "inventory", "far": "yes"}, "leaf-b": {"from": "cluster"}}


def test_what_is_no_label_is_left_out() -> None:
    odd = {"{{ x }}": "a", "x": "a b", "ok": "yes", "y" * 64: "a", "example.org/z": "", "/x": "a", "v": "9" * 64}
    flag = ",".join(f"{key}={value}" for key, value in odd.items())
    found = read(
        wishes("cluster", "hub"), leaf_a=leaf("leaf-a", flag), leaf_b=leaf("leaf-b", None), hub=hub(leaf_b=odd)
    )
    assert found.by_cluster["leaf-a"] == {"ok": "yes", "example.org/z": ""}  # type: ignore[index]
    assert found.by_cluster["leaf-b"] == {"ok": "yes", "example.org/z": ""}  # type: ignore[index]


def test_the_smaller_of_two_hubs_is_right() -> None:
    found = read(
        wishes("hub", hubs=("hub-b", "hub-a")), hub_a=hub(leaf_a={"x": "a"}), hub_b=hub(leaf_a={"x": "b", "y": "b"})
    )
    assert found.by_cluster["leaf-a"] == {"x": "a", "y": "b"}  # type: ignore[index]


@pytest.mark.parametrize(
    ("api", "why"),
    [
        (DOWN, "it is down"),
        (PretendApi({"ConfigMap": DOWN}), "it is down"),
        (PretendApi({"ConfigMap": ({"data": {"CLUSTER_ID": "leaf-a"}},), "Deployment": DOWN}), "it is down"),
        (PretendApi({"ConfigMap": ({"data": {"CLUSTER_ID": "leaf-a"}},), "Deployment": ()}), "there is no Deployment"),
        (leaf("leaf-a", "own=yes", says="leaf-z"), "it says that it is cluster 'leaf-z', not 'leaf-a'"),
    ],
    ids=["no connection", "no answer", "not allowed", "no Liqo", "another cluster"],
)
def test_a_leaf_that_cannot_be_read_is_a_problem_and_has_no_labels_at_all(
    api: PretendApi | FabricError, why: str
) -> None:
    found = read(wishes("inventory", "cluster"), leaf_a=api, leaf_b=leaf("leaf-b", "own=yes"))
    assert found.by_cluster == {"leaf-b": {"own": "yes"}}
    assert found.problems.keys() == {"leaf-a"}
    assert why in str(found.problems[ClusterId("leaf-a")])


@pytest.mark.parametrize("api", [DOWN, PretendApi({"ForeignCluster": DOWN})])
def test_a_hub_that_cannot_be_read_ends_the_run(api: PretendApi | FabricError) -> None:
    with pytest.raises(FabricError) as failure:
        read(wishes("inventory", "hub"), hub=api)
    assert str(failure.value) == (
        "somewhere: cannot read the labels of ForeignClusters on hub hub, so it is not known what selectors pick: "
        "no answer: it is down. Next: start it; or leave hub out of labels_from."
    )
