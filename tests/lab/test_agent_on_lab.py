# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The node agent, the data path and the faults on a real lab: a hub and two leaves, peered, and a shortcut by liqoctl.

Set LIQO_FABRIC_TEST_LAB to the name of a lab that runs already to use that one; it must have a load balancer delay.
"""

from __future__ import annotations

import contextlib
import datetime
import os
import stat
import subprocess
import time
from collections.abc import Iterator
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any

import pytest

from lab import datapath, faults, net, places, process
from lab.agent import volumes
from lab.agent.registry import PodEntry, read_registry
from lab.api import Api, ApiError, wait_for
from lab.down import down
from lab.layout import Cluster, Lab, Wishes
from lab.up import up

pytestmark = [
    pytest.mark.lab,
    pytest.mark.slow,
    pytest.mark.timeout(600),
    pytest.mark.skipif(os.geteuid() != 0, reason="pods with real networks need root"),
]
NETWORKING = "networking.liqo.io/v1beta1"
LOADBALANCER_DELAY_S = 2.0
PATIENCE_S = 90.0
POD_A, POD_B = "web-leaf-a", "web-leaf-b"


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    running = os.environ.get("LIQO_FABRIC_TEST_LAB")
    if running:
        yield places.load(running)
        return
    wishes = Wishes(name="agent-tests", leaves=2, delay_loadbalancer_s=LOADBALANCER_DELAY_S)
    yield up(wishes, fresh=False, say=print)
    assert down(places.state_folder(wishes.name)) == []


@pytest.fixture(scope="module")
def shortcut(lab: Lab) -> Iterator[str]:
    """A direct link from leaf-a (client) to leaf-b (server); yields the address of leaf-b's pod over it."""
    both = [f"--kubeconfig={lab.cluster('leaf-a').user_kubeconfig}"]
    both.append(f"--remote-kubeconfig={lab.cluster('leaf-b').user_kubeconfig}")
    liqoctl(lab, "network", "connect", *both, "--gw-server-service-type=NodePort", "--wait")
    address = wait_for(
        lambda: datapath.direct_address(api(lab, "leaf-a"), "leaf-b", entry(lab, "leaf-b", POD_B).ip),
        "the remap of leaf-b",
        timeout_s=PATIENCE_S,
    )
    wait_for(lambda: answers(lab, str(address)), "the shortcut to carry packets", timeout_s=PATIENCE_S)
    yield str(address)
    liqoctl(lab, "network", "reset", *both, "--skip-confirm")


@pytest.fixture(autouse=True)
def _mended(lab: Lab) -> Iterator[None]:
    yield
    faults.mend(lab)


def liqoctl(lab: Lab, *arguments: str) -> None:
    done = subprocess.run([lab.liqoctl, *arguments], capture_output=True, text=True, check=False, timeout=200)
    assert done.returncode == 0, done.stdout + done.stderr


def api(lab: Lab, cluster: str) -> Api:
    return Api(lab.cluster(cluster).user_kubeconfig)


def entry(lab: Lab, cluster: str, pod: str) -> PodEntry:
    return datapath.find_pod(lab, cluster, pod)


def gateway(lab: Lab, cluster: str, peer: str) -> PodEntry:
    return next(e for e in read_registry(lab, cluster) if e.role == "gateway" and e.peer == peer)


def address_through_hub(lab: Lab) -> str:
    """How leaf-a reaches leaf-b's pod by what the hub has reflected."""
    leaf = api(lab, "leaf-a")
    return str(wait_for(lambda: datapath.hub_address(leaf, POD_B), "the hub's endpoints", timeout_s=PATIENCE_S))


def answers(lab: Lab, address: str) -> bool:
    """Whether leaf-a's pod gets answers from an address."""
    return datapath.ping(lab, "leaf-a", POD_A, address, count=3).received > 0


def connection(lab: Lab, cluster: str, peer: str) -> dict[str, Any]:
    found = api(lab, cluster).list(NETWORKING, "Connection", selector=f"liqo.io/remote-cluster-id={peer}")
    return dict(found[0].get("status") or {}) if found else {}


def is_connected_since(lab: Lab, cluster: str, peer: str, moment: datetime.datetime) -> bool:
    status = connection(lab, cluster, peer)
    measured = (status.get("latency") or {}).get("timestamp")
    return bool(
        status.get("value") == "Connected"
        and measured
        and datetime.datetime.fromisoformat(measured) > moment.replace(microsecond=0)
    )


def wait_connected(lab: Lab, cluster: str, peer: str, moment: datetime.datetime) -> None:
    """The cluster has measured its link to the peer after the moment."""
    what = f"{cluster} to see {peer}"
    wait_for(lambda: is_connected_since(lab, cluster, peer, moment), what, timeout_s=PATIENCE_S)


def create_pod(cluster_api: Api, name: str) -> None:
    spec = {"nodeName": "n1", "containers": [{"name": "c", "image": "any"}]}
    cluster_api.create({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": spec}, "default")


def is_ready(body: dict[str, Any] | None) -> bool:
    conditions = ((body or {}).get("status") or {}).get("conditions") or []
    return any(c["type"] == "Ready" and c["status"] == "True" for c in conditions)


def test_pods_of_two_leaves_reach_each_other_through_the_hub(lab: Lab) -> None:
    address = address_through_hub(lab)
    wait_for(lambda: answers(lab, address), "the gateways to carry packets", timeout_s=PATIENCE_S)
    assert datapath.identify(lab, "leaf-a", POD_A, address)["pod"] == POD_B
    assert datapath.trace(lab, "leaf-a", POD_A, address) == ("leaf-a", "hub", "leaf-b")


def test_over_a_shortcut_packets_go_straight_though_both_leaves_use_the_same_addresses(lab: Lab, shortcut: str) -> None:
    assert lab.cluster("leaf-a").pod_cidr == lab.cluster("leaf-b").pod_cidr
    assert datapath.identify(lab, "leaf-a", POD_A, shortcut)["cluster"] == "leaf-b"
    assert datapath.trace(lab, "leaf-a", POD_A, shortcut) == ("leaf-a", "leaf-b")
    assert datapath.transfer(lab, "leaf-a", POD_A, shortcut, seconds=0.5).bytes > 0


def test_exec_runs_in_the_pods_network_and_passes_the_exit_code(lab: Lab, capfd: pytest.CaptureFixture[str]) -> None:
    own = entry(lab, "leaf-a", POD_A).ip
    assert datapath.exec_in_pod(lab, "leaf-a", POD_A, ["ip", "-4", "-br", "address"]) == 0
    assert f"{own}/32" in capfd.readouterr().out
    assert datapath.exec_in_pod(lab, "leaf-a", POD_A, ["sh", "-c", "exit 7"]) == 7


def test_the_keys_of_a_gateway_are_for_the_owner_only_and_go_with_the_pod(lab: Lab) -> None:
    hub = api(lab, "hub")
    old = gateway(lab, "hub", "leaf-a")
    folder = volumes.folder(lab) / old.uid
    files = [path for path in folder.rglob("*") if path.is_file() and "roots" not in path.parts]
    assert {path.name for path in files} >= {"privateKey", "token"}
    assert all(stat.S_IMODE(path.stat().st_mode) == 0o600 for path in files)
    hub.delete("v1", "Pod", old.name, old.namespace)
    wait_for(lambda: not folder.exists(), "the folder of the old pod to go", timeout_s=PATIENCE_S)
    wait_for(lambda: gateway(lab, "hub", "leaf-a").running, "a new gateway pod", timeout_s=PATIENCE_S)
    assert gateway(lab, "hub", "leaf-a").uid != old.uid


def test_a_pod_is_started_answers_and_disappears_with_its_namespace(lab: Lab) -> None:
    leaf = api(lab, "leaf-b")
    create_pod(leaf, "short-lived")
    wait_for(lambda: is_ready(leaf.get("v1", "Pod", "short-lived", "default")), "the pod", timeout_s=PATIENCE_S)
    found = entry(lab, "leaf-b", "default/short-lived")
    assert wait_for(lambda: who_is(lab, found.ip), "its server", timeout_s=PATIENCE_S) == "short-lived"
    leaf.delete("v1", "Pod", "short-lived", "default")
    gone = wait_for(lambda: not net.exists(found.netns), "the end of its namespace", timeout_s=PATIENCE_S)
    assert gone
    assert wait_for(lambda: leaf.get("v1", "Pod", "short-lived", "default") is None, "its end", timeout_s=PATIENCE_S)


def who_is(lab: Lab, address: str) -> str:
    try:
        return datapath.identify(lab, "leaf-b", POD_B, address)["pod"]
    except datapath.DataPathError:
        return ""


def test_a_load_balancer_gets_its_address_after_the_delay_and_loses_it_with_its_type(lab: Lab) -> None:
    leaf = api(lab, "leaf-a")
    spec = {"type": "LoadBalancer", "selector": {"a": "b"}, "ports": [{"port": 51900, "protocol": "UDP"}]}
    started = time.monotonic()
    leaf.create({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "balanced"}, "spec": spec}, "default")
    wait_for(lambda: ingress(leaf), "the address", timeout_s=PATIENCE_S, every_s=0.05)
    assert time.monotonic() - started >= lab.delay_loadbalancer_s > 0
    (address,) = ingress(leaf)
    assert ip_address(address["ip"]) in ip_network(lab.cluster("leaf-a").loadbalancer_cidr)
    leaf.patch("v1", "Service", "balanced", {"spec": {"type": "ClusterIP"}}, namespace="default")
    wait_for(lambda: not ingress(leaf), "the end of the address", timeout_s=PATIENCE_S)
    leaf.delete("v1", "Service", "balanced", "default")


def ingress(cluster_api: Api) -> list[Any]:
    service = cluster_api.get("v1", "Service", "balanced", "default") or {}
    return list(((service.get("status") or {}).get("loadBalancer") or {}).get("ingress") or [])


@pytest.mark.usefixtures("shortcut")
def test_a_gateway_that_is_held_down_is_noticed_by_its_peer_and_heals_when_mended(lab: Lab) -> None:
    faults.break_(lab, "leaf-a", "gateway:leaf-b")
    assert not gateway(lab, "leaf-a", "leaf-b").running
    assert gateway(lab, "leaf-a", "hub").running
    wait_for(lambda: connection(lab, "leaf-b", "leaf-a").get("value") == "Error", "the fault", timeout_s=PATIENCE_S)
    moment = datetime.datetime.now(datetime.UTC)
    assert faults.mend(lab) == ["mended: leaf-a: gateways held down towards leaf-b"]
    wait_connected(lab, "leaf-b", "leaf-a", moment)
    wait_connected(lab, "leaf-a", "leaf-b", moment)


def test_a_cluster_without_network_times_out_and_its_own_processes_go_on(lab: Lab) -> None:
    leaf = lab.cluster("leaf-b")
    faults.break_(lab, "leaf-b", "network")
    assert faults.active(lab) == ["leaf-b: cut off from the network"]
    argv = ["sh", "-c", f"exec 3<>/dev/tcp/{leaf.node_ip}/{leaf.apiserver_port}"]
    cut_off = net.enter(lab.world_namespace, ["timeout", "2", "bash", *argv[1:]])
    assert subprocess.run(cut_off, capture_output=True, check=False, timeout=30).returncode == 124
    assert served_by_loopback_of_the_world(lab, leaf)
    faults.mend(lab)
    assert subprocess.run(cut_off, capture_output=True, check=False, timeout=30).returncode == 0


def served_by_loopback_of_the_world(lab: Lab, cluster: Cluster) -> bool:
    command = f"exec 3<>/dev/tcp/127.0.0.1/{cluster.apiserver_port}"
    argv = net.enter(lab.world_namespace, ["timeout", "5", "bash", "-c", command])
    return subprocess.run(argv, capture_output=True, check=False, timeout=30).returncode == 0


def test_an_api_server_that_is_stopped_refuses_and_the_agent_serves_it_again_afterwards(lab: Lab) -> None:
    leaf = api(lab, "leaf-b")
    faults.break_(lab, "leaf-b", "apiserver")
    with pytest.raises(ApiError):
        leaf.request("GET", "/api/v1/pods", timeout_s=5)
    faults.mend(lab)
    create_pod(leaf, "after-restart")
    wait_for(lambda: is_ready(leaf.get("v1", "Pod", "after-restart", "default")), "a pod", timeout_s=PATIENCE_S)
    leaf.delete("v1", "Pod", "after-restart", "default")


def test_fabric_and_controllers_that_are_broken_say_so_in_their_pods(lab: Lab) -> None:
    leaf = api(lab, "leaf-a")

    def unready() -> set[str]:
        names = {p["metadata"]["name"] for p in leaf.list("v1", "Pod", "liqo") if not is_ready(p)}
        return {name.split("-")[1] for name in names}

    faults.break_(lab, "leaf-a", "fabric")
    faults.break_(lab, "leaf-a", "controllers")
    wait_for(lambda: unready() == {"fabric", "controller", "ipam", "webhook"}, "the faults", timeout_s=PATIENCE_S)
    assert not process.alive(lab, lab.cluster("leaf-a").process("manager"))
    faults.mend(lab)
    wait_for(lambda: unready() == set(), "the mending", timeout_s=PATIENCE_S)
    assert process.alive(lab, lab.cluster("leaf-a").process("manager"))


def test_the_agent_ends_in_three_seconds_leaves_nothing_and_brings_all_back(lab: Lab) -> None:
    record = process.read(lab, "agent")
    assert record is not None
    started = time.monotonic()
    assert process.stop(lab, "agent", grace_s=10.0)
    assert time.monotonic() - started < 3.0
    assert net.namespaces(lab) == [lab.world_namespace]
    assert not volumes.folder(lab).exists()
    assert net.mounts_below(lab.state) == []
    assert not programs(lab) & {"gateway", "wireguard", "virtual-kubelet", "fabric", "podserver.py"}
    moment = datetime.datetime.now(datetime.UTC)
    process.restart(lab, "agent")
    for leaf in lab.leaves:
        wait_connected(lab, leaf.name, "hub", moment)
        wait_connected(lab, "hub", leaf.name, moment)
    address = address_through_hub(lab)
    wait_for(lambda: answers(lab, address), "packets through the hub", timeout_s=PATIENCE_S)


def programs(lab: Lab) -> set[str]:
    """Base names of everything in the command lines that run for the lab."""
    names: set[str] = set()
    for pid in process.marked_pids(lab.state):
        with contextlib.suppress(OSError):
            parts = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
            names |= {part.decode(errors="replace").rpartition("/")[2] for part in parts}
    return names
