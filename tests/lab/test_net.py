# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Namespaces, cables and rules on the real kernel, without any cluster; root only."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from lab import net
from lab.agent import podserver, probe
from lab.agent.addresses import node_pair, routed_pair
from lab.agent.containers import Command, RunningContainer, base_env, server_command
from lab.agent.forwards import Forward, render_forwards
from lab.faults import cut_table, render_cut
from lab.layout import MAX_SLOTS, Lab, Wishes, plan_lab

pytestmark = [
    pytest.mark.lab,
    pytest.mark.skipif(os.geteuid() != 0, reason="network namespaces need root"),
]
_UDP_ECHO = """
import socket
plug = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
plug.bind(("", 51840))
print("up", flush=True)
while True:
    said, sender = plug.recvfrom(99)
    plug.sendto(said + repr(sender).encode(), sender)
"""
_UDP_ASK = """
import socket, sys
plug = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
plug.settimeout(2)
plug.sendto(b"hi ", (sys.argv[1], int(sys.argv[2])))
print(plug.recvfrom(99))
"""


def plan(tmp_path: Path, place: int) -> Lab:
    """A lab in one of the last slots, which `up` reaches only on a machine full of labs."""
    slot = MAX_SLOTS - 1 - place
    return plan_lab(Wishes(name="net", leaves=2), slot=slot, state=tmp_path / str(place), cache=tmp_path, binaries={})


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    planned = plan(tmp_path, 0)
    net.remove_all(planned)
    net.create_world(planned)
    yield planned
    assert net.remove_all(planned) == []


def gateway(lab: Lab, name: str, number: int = 1) -> tuple[str, str]:
    """Namespace and address of a pod that the world routes."""
    number += lab.cluster(name).index * 1024
    near, far = routed_pair(number)
    net.plug_world_pod(lab, lab.pod_namespace(number), number=number, near=near, far=far)
    return lab.pod_namespace(number), far


def pings(namespace: str, address: str) -> int:
    """How many of three pings are answered."""
    argv = [sys.executable, "-I", "-S", probe.__file__, "ping", address, "-c", "3", "-i", "0.02", "-W", "0.3"]
    done = subprocess.run(net.enter(namespace, argv), capture_output=True, text=True, check=False, timeout=30)
    return int(json.loads(done.stdout)["received"])


def ask_udp(namespace: str, address: str, port: int) -> str:
    argv = [sys.executable, "-I", "-S", "-c", _UDP_ASK, address, str(port)]
    done = subprocess.run(net.enter(namespace, argv), capture_output=True, text=True, check=True, timeout=30)
    return done.stdout.strip()


@contextmanager
def running(namespace: str, argv: list[str]) -> Iterator[None]:
    """A program in a namespace that prints a line when it is up."""
    with subprocess.Popen(net.enter(namespace, argv), stdout=subprocess.PIPE) as child:
        assert child.stdout is not None and child.stdout.readline()
        yield
        child.kill()


def test_a_world_may_be_made_twice(lab: Lab) -> None:
    net.create_world(lab)
    namespace, _ = gateway(lab, "leaf-a")
    assert pings(namespace, lab.hub.node_ip) == 3


def test_a_half_made_world_is_completed(lab: Lab) -> None:
    net.ip(lab.world_namespace, ["link delete spare0", "link set eth0 down"])
    net.create_world(lab)
    namespace, _ = gateway(lab, "leaf-a")
    assert pings(namespace, lab.cluster("leaf-b").node_ip) == 3


def test_labs_side_by_side_have_the_same_addresses_and_do_not_meet(lab: Lab, tmp_path: Path) -> None:
    other = plan(tmp_path, 1)
    try:
        net.create_world(other)
        here, address = gateway(lab, "leaf-a")
        there, same_address = gateway(other, "leaf-b")
        assert pings(there, address) == 0
        assert pings(here, lab.hub.node_ip) == 3
        assert pings(there, other.hub.node_ip) == 3
        assert address != same_address
    finally:
        assert net.remove_all(other) == []
    assert pings(here, lab.hub.node_ip) == 3


def test_removal_ends_what_runs_and_names_nothing_left(lab: Lab) -> None:
    namespace, _ = gateway(lab, "leaf-a")
    child = subprocess.Popen(net.enter(namespace, ["sleep", "300"]))
    assert f"process {child.pid} in {namespace}" in net.leftovers(lab) or child.poll() is None
    assert net.remove_all(lab) == []
    assert child.wait(5) != 0
    assert net.namespaces(lab) == []


def test_removal_of_nothing_is_no_error(tmp_path: Path) -> None:
    assert net.remove_all(plan(tmp_path, 2)) == []


def test_pods_of_a_node_reach_each_other_and_their_servers_say_who_they_are(lab: Lab, tmp_path: Path) -> None:
    leaf = lab.cluster("leaf-a")
    near, far = node_pair(leaf)
    net.create_node(lab, leaf, near=near, far=far)
    for number, address in ((1025, "10.42.0.11"), (1026, "10.42.0.12")):
        net.plug_node_pod(leaf, lab.pod_namespace(number), number=number, address=address)
    argv = server_command(lab.pod_namespace(1026), cluster="leaf-a", pod="web", pod_namespace="demo")
    server = RunningContainer(Command(argv=tuple(argv), env=base_env({}), log=tmp_path / "log"), lambda: None)
    server.ensure()
    assert say_who(lab.pod_namespace(1025), "10.42.0.12") == {
        "cluster": "leaf-a",
        "namespace": "demo",
        "pod": "web",
        "client": "10.42.0.11",
    }
    server.ask_to_end()
    server.end(time.monotonic() + 2)


def say_who(namespace: str, address: str) -> dict[str, str]:
    """The answer of a pod's server, once it listens."""
    argv = net.enter(namespace, [sys.executable, "-I", "-S", probe.__file__, "identify", address])
    deadline = time.monotonic() + 10
    while True:
        done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=30)
        if done.returncode == 0 or time.monotonic() > deadline:
            answer: dict[str, str] = json.loads(done.stdout)
            return answer
        time.sleep(0.05)


def test_a_node_port_leads_to_the_pod_and_the_answer_comes_from_the_node_port(lab: Lab) -> None:
    server, server_ip = gateway(lab, "leaf-a")
    client, client_ip = gateway(lab, "leaf-b")
    leaf = lab.cluster("leaf-a")
    forward = Forward(address=leaf.node_ip, port=30000, pod_ip=server_ip, pod_port=51840, answers=True)
    net.nft(lab.world_namespace, render_forwards(leaf, [forward]))
    with running(server, [sys.executable, "-I", "-S", "-c", _UDP_ECHO]):
        said = ask_udp(client, leaf.node_ip, 30000)
    assert f"('{leaf.node_ip}', 30000)" in said
    assert client_ip in said


def test_a_replaced_pod_gets_its_old_clients_at_once(lab: Lab) -> None:
    client, _ = gateway(lab, "leaf-b")
    leaf = lab.cluster("leaf-a")
    for number in (1, 2):
        server, server_ip = gateway(lab, "leaf-a", number)
        forward = Forward(address=leaf.node_ip, port=30000, pod_ip=server_ip, pod_port=51840, answers=True)
        net.nft(lab.world_namespace, render_forwards(leaf, [forward]))
        with running(server, [sys.executable, "-I", "-S", "-c", _UDP_ECHO]):
            assert "hi" in ask_udp(client, leaf.node_ip, 30000)


def test_a_cluster_that_is_cut_off_is_silent_to_others_but_not_to_itself(lab: Lab) -> None:
    mine, _ = gateway(lab, "leaf-a")
    other, _ = gateway(lab, "leaf-b")
    leaf = lab.cluster("leaf-a")
    net.nft(lab.world_namespace, render_cut(leaf))
    assert pings(other, leaf.node_ip) == 0
    assert pings(mine, lab.hub.node_ip) == 0
    assert pings(lab.world_namespace, leaf.node_ip) == 0
    assert pings(mine, leaf.node_ip) == 3
    assert pings(other, lab.hub.node_ip) == 3
    net.nft(lab.world_namespace, f"delete table ip {cut_table(leaf)}\n")
    assert pings(other, leaf.node_ip) == 3


def test_a_process_that_ends_early_is_started_again_later(lab: Lab, tmp_path: Path) -> None:
    command = Command(argv=("sh", "-c", "echo ran"), env=base_env({}), log=tmp_path / "log")
    container = RunningContainer(command, lambda: None)
    assert container.ensure() is None
    deadline = time.monotonic() + 5
    while container.running and time.monotonic() < deadline:
        time.sleep(0.01)
    due = container.ensure()
    assert due is not None and 0 < due - time.monotonic() <= 0.5
    assert container.restarts == 1


def test_missing_programs_are_named_with_their_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setattr(net, "_SYSTEM_PATH", "/nowhere")
    with pytest.raises(net.NetError, match=r"apt-get install coreutils iproute2 mount nftables util-linux"):
        net.check_tools()


def test_the_ports_of_client_and_server_agree() -> None:
    assert (probe.HTTP_PORT, probe.SINK_PORT) == (podserver.HTTP_PORT, podserver.SINK_PORT)
