# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The agent's smaller decisions: cables, status bodies, delays, and reading a path from tunnel counters."""

from __future__ import annotations

from typing import Any

import pytest

from lab.agent.containers import restart_delay_s
from lab.agent.plugs import Plug, plan_plug
from lab.agent.pods import parse_pod
from lab.agent.probe import checksum
from lab.agent.registry import PodEntry
from lab.agent.status import Reported, pod_status
from lab.datapath import NOBODY, DataPathError, choose_pod, count_hits, follow, remap
from tests.lab import agent_bodies as make

NODE = {
    "metadata": {"name": "n1"},
    "spec": {"interface": {"gateway": {"name": "liqo.g1"}, "node": {"ip": "10.80.0.4"}}},
}


def fabric(peer: str, **interface: Any) -> dict[str, Any]:
    both = {"node": {"name": "liqo.n1"}, "gateway": {"ip": "10.80.0.3"}, **interface}
    meta = {"namespace": f"liqo-tenant-{peer}", "name": peer, "labels": {"liqo.io/remote-cluster-id": peer}}
    return {"metadata": meta, "spec": {"interface": both}}


def test_a_cable_takes_each_name_and_address_from_where_liqo_keeps_it() -> None:
    plug = plan_plug(parse_pod(make.gateway()), "n1", [NODE], [fabric("hub"), fabric("leaf-b")])
    assert plug == Plug(node_link="liqo.n1", node_ip="10.80.0.4", gateway_link="liqo.g1", gateway_ip="10.80.0.3")


@pytest.mark.parametrize(
    ("nodes", "fabrics"),
    [([], [fabric("leaf-b")]), ([NODE], []), ([NODE], [fabric("hub")]), ([NODE], [fabric("leaf-b", gateway={})])],
    ids=["no InternalNode", "no InternalFabric", "of another peer", "no address yet"],
)
def test_there_is_no_cable_before_liqo_has_decided_everything(nodes: list[Any], fabrics: list[Any]) -> None:
    assert plan_plug(parse_pod(make.gateway()), "n1", nodes, fabrics) is None


def test_a_pod_that_is_ready_says_so_in_conditions_and_containers() -> None:
    want = Reported(ip="198.19.16.6", ready=True, started_at="t0", restarts={"c1": 2})
    status = pod_status(parse_pod(make.gateway()), want, host_ip="198.18.0.11", now="t1")["status"]
    assert status["podIP"] == "198.19.16.6"
    assert {c["type"]: c["status"] for c in status["conditions"]}["Ready"] == "True"
    assert [(c["ready"], c["restartCount"]) for c in status["containerStatuses"]] == [(True, 0), (True, 2), (True, 0)]


def test_a_pod_that_is_held_says_why() -> None:
    want = Reported(ip="198.19.16.6", ready=False, started_at="t0", reason="HeldByLab", message="held")
    status = pod_status(parse_pod(make.gateway()), want, host_ip="198.18.0.11", now="t1")["status"]
    assert {c["type"]: c["status"] for c in status["conditions"]}["ContainersReady"] == "False"
    assert status["containerStatuses"][0]["state"] == {"waiting": {"reason": "HeldByLab"}}
    assert status["message"] == "held"


def test_restarts_wait_longer_each_time_up_to_a_limit() -> None:
    delays = [restart_delay_s(n) for n in range(8)]
    assert delays == [0.0, 0.5, 1.0, 2.0, 4.0, 8.0, 10.0, 10.0]


def test_a_shortcut_is_read_as_a_direct_path() -> None:
    busy = {("leaf-a", "leaf-b"), ("leaf-b", "leaf-a")}
    assert follow("leaf-a", busy) == ("leaf-a", "leaf-b")


def test_a_path_through_the_hub_is_read_in_order() -> None:
    busy = {("leaf-a", "hub"), ("hub", "leaf-a"), ("hub", "leaf-b"), ("leaf-b", "hub")}
    assert follow("leaf-a", busy) == ("leaf-a", "hub", "leaf-b")


def test_a_path_that_gets_no_answer_is_read_as_far_as_packets_went() -> None:
    assert follow("leaf-a", {("leaf-a", "hub")}) == ("leaf-a", "hub")
    assert follow("leaf-a", set()) == ("leaf-a",)


def test_remapping_keeps_the_host_part() -> None:
    assert remap("10.42.3.11", "10.42.0.0/16", "10.43.0.0/16") == "10.43.3.11"


def test_hits_are_counted_by_who_answered_and_failures_beside_them() -> None:
    a, b = {"cluster": "leaf-a", "pod": "web"}, {"cluster": "leaf-b", "pod": "web"}
    assert count_hits([a, None, b, a]) == {("leaf-a", "web"): 2, ("leaf-b", "web"): 1, NOBODY: 1}
    assert count_hits([]) == {}


def test_a_name_means_the_demo_pod_first() -> None:
    def entry(namespace: str) -> PodEntry:
        return PodEntry(
            namespace=namespace, name="web", uid=namespace, role="demo", peer="", ip="", netns="x", running=True
        )

    entries = [entry("demo"), entry("other")]
    assert choose_pod(entries, "leaf-a", "web").namespace == "demo"
    assert choose_pod(entries, "leaf-a", "other/web").namespace == "other"
    with pytest.raises(DataPathError, match="demo/web, other/web"):
        choose_pod(entries, "leaf-a", "nothing")


def test_the_checksum_of_a_packet_with_its_checksum_is_zero() -> None:
    packet = bytes.fromhex("0800") + bytes(2) + b"\x12\x34\x00\x01" + b"payload!"
    with_sum = packet[:2] + checksum(packet).to_bytes(2, "big") + packet[4:]
    assert checksum(with_sum) == 0
