# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two hubs on the same leaves, kube-proxy, and demo pods that move, on a real lab.

Set LIQO_FABRIC_TEST_LAB to the name of a lab that runs already to use that one; it must have two hubs and kube-proxy.
"""

from __future__ import annotations

import os
import signal
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab import datapath, net, places
from lab.api import Api, wait_for
from lab.down import down
from lab.layout import DEMO_NAMESPACE, Cluster, Lab, Wishes
from lab.peering import add_demo_pod, demo_namespace, demo_service, remove_demo_pod
from lab.up import up

pytestmark = [
    pytest.mark.lab,
    pytest.mark.long,
    pytest.mark.timeout(600),
    pytest.mark.skipif(os.geteuid() != 0, reason="pods with real networks need root"),
]
PATIENCE_S = 60.0
COUNT = 60
"""Enough that each of a few endpoints is chosen: to miss one of three has a chance of one in ten billion."""


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    running = os.environ.get("LIQO_FABRIC_TEST_LAB")
    if running:
        yield places.load(running)
        return
    wishes = Wishes(name="service-tests", leaves=2, hubs=2, kube_proxy=True)
    yield up(wishes, fresh=False, say=print)
    assert down(places.state_folder(wishes.name)) == []


@pytest.fixture
def shop(lab: Lab) -> Iterator[str]:
    """A Service of the first hub without pods; yields its name, which is also the value of their label `app`."""
    api, name = Api(lab.hub.user_kubeconfig), "shop"
    api.create(demo_service(name))
    yield name
    api.delete("v1", "Service", name, DEMO_NAMESPACE)


def cluster_ip(hub: Cluster, cluster: Cluster, service: str) -> str | None:
    """Of a hub's Service as pods of the cluster use it; None before Liqo has brought it there."""
    found = Api(cluster.user_kubeconfig).get("v1", "Service", service, demo_namespace(hub, cluster))
    return str(found["spec"]["clusterIP"]) if found else None


def hits(lab: Lab, hub: Cluster, cluster: Cluster, address: str, count: int = COUNT) -> Counter[tuple[str, str]]:
    """From the cluster's own demo pod in the namespace of that hub."""
    pod = f"{demo_namespace(hub, cluster)}/web-{cluster.name}"
    return datapath.service_hits(lab, cluster.name, pod, address, count=count)


def wait_hits(lab: Lab, hub: Cluster, cluster: Cluster, address: str, wanted: set[tuple[str, str]]) -> None:
    """These pods of the hub's Service, all of them and no others, answer the cluster.

    Liqo brings endpoints one by one, and kube-proxy takes them over at most once a second.
    """
    what = f"connections from {cluster.name} to reach {sorted(wanted)} of {hub.name}"
    wait_for(lambda: set(hits(lab, hub, cluster, address)) == wanted, what, timeout_s=PATIENCE_S)


def test_a_cluster_ip_reaches_the_pods_of_its_hub_and_no_others(lab: Lab) -> None:
    for hub in lab.hubs:
        wanted = {(cluster.name, f"web-{cluster.name}") for cluster in (hub, *lab.leaves)}
        for cluster in (hub, *lab.leaves):
            address = cluster_ip(hub, cluster, "web")
            assert address
            wait_hits(lab, hub, cluster, address, wanted)
            assert hits(lab, hub, cluster, address).total() == COUNT


def test_a_connection_that_nobody_answers_is_counted(lab: Lab) -> None:
    unused = "10.96.255.250"
    assert hits(lab, lab.hub, lab.leaves[0], unused, count=1) == {datapath.NOBODY: 1}


def test_a_demo_pod_moves_to_another_leaf_and_connections_follow(lab: Lab, shop: str) -> None:
    api = Api(lab.hub.user_kubeconfig)
    first, second = lab.leaves[0], lab.leaves[1]
    address = str(wait_for(lambda: cluster_ip(lab.hub, first, shop), "Service shop", timeout_s=PATIENCE_S))
    for leaf in (first, second):
        add_demo_pod(api, leaf, "shop-1", {"app": shop})
        wait_hits(lab, lab.hub, first, address, {(leaf.name, "shop-1")})
        remove_demo_pod(api, "shop-1")


def test_kube_proxy_that_was_killed_runs_again_and_follows_changes(lab: Lab, shop: str) -> None:
    leaf, api = lab.leaves[0], Api(lab.hub.user_kubeconfig)
    old = kube_proxies(leaf)
    assert len(old) == 1
    os.kill(old[0], signal.SIGKILL)
    wait_for(lambda: kube_proxies(leaf) not in ([], old), "another kube-proxy", timeout_s=PATIENCE_S)
    add_demo_pod(api, leaf, "shop-2", {"app": shop})
    address = str(wait_for(lambda: cluster_ip(lab.hub, leaf, shop), "Service shop", timeout_s=PATIENCE_S))
    wait_hits(lab, lab.hub, leaf, address, {(leaf.name, "shop-2")})
    remove_demo_pod(api, "shop-2")


def kube_proxies(cluster: Cluster) -> list[int]:
    """Process ids in the namespace of the cluster's node."""
    found = []
    for pid in net.processes_in([cluster.node_namespace]):
        try:
            name = Path(f"/proc/{pid}/comm").read_text().strip()
        except OSError:
            continue
        if name == "kube-proxy":
            found.append(pid)
    return sorted(found)
