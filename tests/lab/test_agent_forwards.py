# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest

from lab.agent.forwards import NO_ADDRESS, Forward, plan_forwards, render_forwards, serving_pods, wants_address
from tests.lab import agent_bodies as make

LEAF = make.cluster("leaf-a")
READY = make.gateway(ip="198.19.16.6", ready=True)


def forward(address: str, port: int, *, answers: bool) -> Forward:
    return Forward(address=address, port=port, pod_ip="198.19.16.6", pod_port=51840, answers=answers)


def test_a_node_port_leads_to_the_ready_pod_and_answers_for_it() -> None:
    assert plan_forwards(LEAF, [make.service()], [READY]) == (forward(LEAF.node_ip, 30000, answers=True),)


def test_a_load_balancer_with_address_answers_instead_of_its_node_port() -> None:
    service = make.service(kind="LoadBalancer", ingress="198.18.17.1")
    assert set(plan_forwards(LEAF, [service], [READY])) == {
        forward(LEAF.node_ip, 30000, answers=False),
        forward("198.18.17.1", 51840, answers=True),
    }


def test_a_load_balancer_still_without_address_is_served_at_its_node_port() -> None:
    service = make.service(kind="LoadBalancer")
    assert plan_forwards(LEAF, [service], [READY]) == (forward(LEAF.node_ip, 30000, answers=True),)


@pytest.mark.parametrize(
    "pod",
    [
        make.gateway(ip="198.19.16.6", ready=False),
        make.gateway(ip="198.19.16.6", ready=True, deleted=True),
        make.gateway(),
        make.pod("other", namespace="liqo-tenant-leaf-b", ip="198.19.16.10", ready=True),
        make.pod("elsewhere", labels={"app": "gw-leaf-b"}, ip="198.19.16.10", ready=True),
    ],
    ids=["not ready", "deleted", "no address", "other labels", "other namespace"],
)
def test_pods_that_cannot_serve_are_left_out(pod: make.Body) -> None:
    assert plan_forwards(LEAF, [make.service()], [pod]) == ()


@pytest.mark.parametrize(
    "service",
    [make.service(kind="ClusterIP", node_port=None), make.service(protocol="TCP"), make.service(selector={"a": "b"})],
    ids=["cluster ip", "tcp", "selects nothing"],
)
def test_services_without_udp_from_outside_are_left_out(service: make.Body) -> None:
    assert plan_forwards(LEAF, [service], [READY]) == ()


def test_the_order_of_objects_changes_nothing() -> None:
    services = [make.service("a", node_port=30001), make.service("b", node_port=30002)]
    assert plan_forwards(LEAF, services, [READY]) == plan_forwards(LEAF, services[::-1], [READY])


def test_rules_replace_the_clusters_own_table_only() -> None:
    text = render_forwards(LEAF, [forward(LEAF.node_ip, 30000, answers=True)])
    assert text.count("delete table ip forward-leaf-a") == 1
    assert "ip daddr 198.18.0.11 udp dport 30000 notrack ip daddr set 198.19.16.6 udp dport set 51840" in text
    assert "ip saddr 198.19.16.6 udp sport 51840 ip saddr set 198.18.0.11 udp sport set 30000" in text


def test_only_load_balancers_want_an_address() -> None:
    assert wants_address(make.service(kind="LoadBalancer"))
    assert not wants_address(make.service(kind="NodePort"))


def test_a_load_balancer_may_be_without_an_address_to_give() -> None:
    full = {**make.service(kind="LoadBalancer")}
    full["metadata"] = {**full["metadata"], "annotations": {NO_ADDRESS: "true"}}
    assert not wants_address(full)


def test_names_and_ipv6_lead_nowhere_in_the_world() -> None:
    service = {**make.service(kind="LoadBalancer")}
    service["status"] = {"loadBalancer": {"ingress": [{"hostname": "lb.example.org"}, {"ip": "2001:db8::1"}, {}]}}
    assert plan_forwards(LEAF, [service], [READY]) == (forward(LEAF.node_ip, 30000, answers=True),)


def test_two_load_balancers_serve_the_same_port_at_their_own_addresses() -> None:
    services = [
        make.service("a", kind="LoadBalancer", ingress="198.18.17.1", node_port=30001),
        make.service("b", kind="LoadBalancer", ingress="198.18.17.2", node_port=30002),
    ]
    balanced = [f.address for f in plan_forwards(LEAF, services, [READY]) if f.port == 51840]
    assert balanced == ["198.18.17.1", "198.18.17.2"]


def test_a_pod_that_serves_is_not_seen_under_its_own_address_whatever_its_state() -> None:
    leaving = make.gateway(ip="198.19.16.10", ready=True, deleted=True)
    other = make.pod("other", namespace="liqo-tenant-leaf-b", ip="198.19.16.14", ready=True)
    serving = serving_pods([make.service()], [READY, leaving, other])
    assert serving == ("198.19.16.10", "198.19.16.6")
    last = render_forwards(LEAF, [forward(LEAF.node_ip, 30000, answers=True)], serving).splitlines()[-3]
    own = "{ 198.18.0.11, 198.18.17.0/24, 198.19.16.0/20 }"
    assert last.strip() == f"ip saddr {{ 198.19.16.10, 198.19.16.6 }} ip daddr != {own} meta l4proto udp drop"


def test_pods_behind_no_service_of_the_world_go_out_under_their_own_address() -> None:
    inside = make.service(kind="ClusterIP", node_port=None)
    assert serving_pods([inside, make.service(protocol="TCP")], [READY]) == ()
    assert "drop" not in render_forwards(LEAF, [])
