# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest

from lab.agent.registry import PodEntry
from lab.faults import Fault, FaultError, What, holds_gateway, parse_fault, render_cut, stops
from tests.lab import agent_bodies as make


def entry(role: str, peer: str = "") -> PodEntry:
    return PodEntry(namespace="n", name="p", uid="u", role=role, peer=peer, ip="", netns="x", running=True)


def test_a_gateway_fault_may_name_a_peer() -> None:
    assert parse_fault(make.lab(), "leaf-a", "gateway:leaf-b") == Fault("leaf-a", What.GATEWAY, "leaf-b")
    assert parse_fault(make.lab(), "leaf-a", "gateway") == Fault("leaf-a", What.GATEWAY)


@pytest.mark.parametrize(
    ("target", "what", "message"),
    [
        ("leaf-z", "network", "no cluster 'leaf-z'; it has hub, leaf-a"),
        ("leaf-a", "disk", "cannot break 'disk'; use apiserver, network, gateway, controllers, fabric"),
        ("leaf-a", "gateway:leaf-z", "no cluster 'leaf-z'"),
        ("leaf-a", "fabric:leaf-b", "fabric takes no peer"),
    ],
)
def test_a_wrong_fault_is_refused_with_what_would_do(target: str, what: str, message: str) -> None:
    with pytest.raises(FaultError, match=message):
        parse_fault(make.lab(), target, what)


def test_without_root_there_is_no_network_to_break() -> None:
    with pytest.raises(FaultError, match="stubs"):
        parse_fault(make.lab(rootless=True), "leaf-a", "network")


def test_a_fault_towards_one_peer_holds_only_that_gateway() -> None:
    faults = {Fault("leaf-a", What.GATEWAY, "leaf-b")}
    assert holds_gateway(faults, "leaf-a", "leaf-b")
    assert not holds_gateway(faults, "leaf-a", "hub")
    assert not holds_gateway(faults, "leaf-b", "leaf-a")


def test_a_fault_without_peer_holds_every_gateway_of_the_cluster_and_nothing_else() -> None:
    fault = Fault("leaf-a", What.GATEWAY)
    assert stops(fault, entry("gateway", "hub"))
    assert stops(fault, entry("gateway", "leaf-b"))
    assert not stops(fault, entry("virtual-kubelet", "hub"))


def test_file_names_of_faults_are_distinct() -> None:
    faults = [Fault("leaf-a", What.GATEWAY), Fault("leaf-a", What.GATEWAY, "hub"), Fault("leaf-a", What.NETWORK)]
    assert len({f.file_name for f in faults}) == len(faults)


def test_a_cut_spares_traffic_inside_the_cluster() -> None:
    text = render_cut(make.cluster("leaf-a"))
    own = "{ 198.18.0.11, 198.18.17.0/24, 198.19.16.0/20 }"
    assert f"ip saddr {own} ip daddr != {own} drop" in text
    assert f"ip daddr {own} ip saddr != {own} drop" in text
