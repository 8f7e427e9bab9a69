# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The demo namespaces, pods and Services of hubs."""

from __future__ import annotations

from lab.layout import NODE_NAME
from lab.peering import demo_namespace, demo_pod, demo_service
from tests.lab import agent_bodies as make


def test_each_hub_has_a_demo_namespace_of_its_own_on_every_leaf() -> None:
    lab = make.lab(leaves=1, hubs=2)
    first, second = lab.hubs
    leaf = lab.leaves[0]
    assert [demo_namespace(hub, leaf) for hub in lab.hubs] == ["demo-hub", "demo-hub2"]
    assert demo_namespace(first, first) == demo_namespace(second, second) == "demo"


def test_a_demo_pod_is_pinned_and_stands_behind_the_service_web() -> None:
    lab = make.lab(leaves=1)
    on_hub, on_leaf = (demo_pod(cluster) for cluster in lab.clusters)
    assert on_hub["spec"]["nodeSelector"] == {"kubernetes.io/hostname": NODE_NAME}
    assert on_leaf["spec"]["nodeSelector"] == {"liqo.io/remote-cluster-id": "leaf-a"}
    assert [pod["metadata"]["name"] for pod in (on_hub, on_leaf)] == ["web-hub", "web-leaf-a"]
    assert on_leaf["metadata"]["labels"] == demo_service()["spec"]["selector"]


def test_a_further_demo_pod_has_its_own_name_and_stands_behind_the_service_of_choice() -> None:
    leaf = make.lab(leaves=1).leaves[0]
    pod, service = demo_pod(leaf, "shop-1", {"app": "shop"}), demo_service("shop")
    assert pod["metadata"]["name"] == "shop-1"
    assert pod["metadata"]["labels"] == service["spec"]["selector"] == {"app": "shop"}
    assert demo_pod(leaf, "lonely", {})["metadata"]["labels"] == {}
