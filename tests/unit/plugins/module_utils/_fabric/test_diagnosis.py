# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Why a wait timed out: each cause by its name, with what to do and, for a tunnel, address:port/UDP."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.case import Allocation, Clues
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.diagnosis import FABRIC, IPAM, MANAGER, diagnose
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.errors import FabricError, FailureName, Unreachable
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.model import ClientEndpoint, ClusterId
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.objects import (
    ClusterState,
    Endpoint,
    Fact,
    FactName,
    Kind,
)
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.obstacles import refusal
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.pools import MOST_NETWORKS
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.reaching import Dialled, NoAddress
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.scene import LookUp
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.workload import Workload
from hypothesis import given
from hypothesis import strategies as st

from tests.unit import build
from tests.unit.build import child, cluster_id, connection, edit, having, link, pair, terminating
from tests.unit.planning import fact

A, B = cluster_id("leaf-a"), cluster_id("leaf-b")
SERVED_BY = {"liqo/network": (MANAGER, IPAM), "liqo/route": (FABRIC,)}
POOLS = ("10.0.0.0/8",)


def workload(component: str, ready: int = 1, wanted: int = 1, *, kind: str = "Deployment", state: str = "") -> Workload:
    return Workload(
        component=component,
        kind=kind,
        name=f"liqo-{component}",
        namespace="liqo",
        ready=ready,
        wanted=wanted,
        state=state,
    )


def gateway(peer: str, ready: int = 1) -> Workload:
    state = "" if ready else f"pod gw-{peer}-x: CrashLoopBackOff"
    return replace(
        workload("gateway", ready, state=state), name=f"gw-{peer}", namespace=f"liqo-tenant-{peer}", component=""
    )


RUNNING = (workload(MANAGER), workload(IPAM), workload(FABRIC, 2, 2, kind="DaemonSet"))


def clues(name: str, **changes: Any) -> Clues:
    """A cluster in which everything runs."""
    peer = "leaf-b" if name == "leaf-a" else "leaf-a"
    facts: dict[str, Any] = {
        "where": f"{name} at https://192.0.2.1:6443",
        "version": (1, 2, 0),
        "workloads": RUNNING,
        "gateway": gateway(peer),
        "networks": (),
        "pools": POOLS,
    }
    return Clues(**{**facts, **changes})


def explain(
    *facts: Fact,
    a: ClusterState | None = None,
    b: ClusterState | None = None,
    leaf_a: Clues | None = None,
    leaf_b: Clues | None = None,
    client_endpoint: ClientEndpoint | None = None,
) -> FabricError:
    """The diagnosis over the healthy link, but for what is given; ``leaf_a`` and ``leaf_b`` are clues."""
    one, other = link()
    found = {A: leaf_a or clues("leaf-a"), B: leaf_b or clues("leaf-b")}
    sides = {A: (a or one).side(B), B: (b or other).side(A)}
    return diagnose(pair(), facts, sides, found, served_by=SERVED_BY, timeout_s=8, client_endpoint=client_endpoint)


def on_a(name: FactName) -> Fact:
    return fact(name, "leaf-a", "leaf-b")


def down(component: str) -> tuple[Workload, ...]:
    return tuple(replace(one, ready=0) if one.component == component else one for one in RUNNING)


@pytest.mark.parametrize(
    ("name", "component"),
    [
        (FactName.CONFIGURED, MANAGER),
        (FactName.CONFIGURED, IPAM),
        (FactName.KEY, MANAGER),
        (FactName.ENDPOINT, MANAGER),
        (FactName.GATEWAY_GONE, MANAGER),
        (FactName.NETWORK_GONE, FABRIC),
        (FactName.IDLE, MANAGER),
    ],
)
def test_a_component_that_has_to_act_and_does_not_run(name: FactName, component: str) -> None:
    error = explain(on_a(name), leaf_a=clues("leaf-a", workloads=down(component)))
    assert error.fault is FailureName.CONTROLLER_DOWN
    assert error.where == "leaf-a at https://192.0.2.1:6443"
    assert f"liqo/liqo-{component} has 0 of" in error.why
    assert f"bring liqo-{component} of leaf-a up again" in error.next


def test_a_component_that_another_fact_needs_is_not_blamed() -> None:
    error = explain(on_a(FactName.KEY), leaf_a=clues("leaf-a", workloads=down(IPAM)))
    assert error.fault is FailureName.WAIT_TIMEOUT


def test_one_ready_pod_is_enough_for_a_deployment_and_too_few_for_a_daemon_set() -> None:
    assert not workload(MANAGER, 1, 2).is_down
    assert workload(MANAGER, 0, 0).is_down
    assert workload(FABRIC, 1, 2, kind="DaemonSet").is_down
    assert not workload(FABRIC, 2, 2, kind="DaemonSet").is_down


def pending(wanted: str, *, peer: str = "leaf-b", given: str = "") -> Allocation:
    return Allocation(name=f"liqo-tenant-{peer}/net", peer=ClusterId(peer), wanted=wanted, given=given)


def taken(*cidrs: str) -> tuple[Allocation, ...]:
    return tuple(Allocation(name="liqo/x", peer=None, wanted=cidr, given=cidr) for cidr in cidrs)


FULL = taken("10.0.0.0/9", "10.128.0.0/9")


def test_a_pool_without_a_free_network_of_that_size_is_full() -> None:
    networks = (*taken("10.0.0.0/9", "10.128.0.0/10", "10.192.0.0/11", "10.224.0.0/12"), *taken("10.241.0.0/16"))
    roomy = explain(on_a(FactName.CONFIGURED), leaf_a=clues("leaf-a", networks=(*networks, pending("10.1.0.0/16"))))
    assert roomy.fault is FailureName.WAIT_TIMEOUT
    tight = explain(on_a(FactName.CONFIGURED), leaf_a=clues("leaf-a", networks=(*networks, pending("10.0.0.0/12"))))
    assert tight.fault is FailureName.IPAM_POOL_FULL
    assert tight.why.startswith(
        "Network liqo-tenant-leaf-b/net asks for 10.0.0.0/12, but the pools 10.0.0.0/8 have no free /12: 5 Networks"
    )
    assert "add a pool (ipam.pools of Liqo's chart)" in tight.next


@pytest.mark.parametrize(
    "seen",
    [
        {"networks": None},
        {"networks": (*FULL, pending("10.1.0.0/16")), "pools": ()},
        {"networks": (*FULL, pending("10.1.0.0/16", peer="leaf-c"))},
        {"networks": (*FULL, pending("10.1.0.0/16", given="10.1.0.0/16"))},
    ],
    ids=["Networks not shown", "pools not shown", "that of another peer", "answered"],
)
def test_a_full_pool_is_not_concluded_from_less(seen: dict[str, Any]) -> None:
    error = explain(on_a(FactName.CONFIGURED), leaf_a=clues("leaf-a", **seen))
    assert error.fault is FailureName.WAIT_TIMEOUT
    assert "ipam and controller-manager on leaf-a" in error.next


def test_of_very_many_networks_only_so_many_are_looked_at() -> None:
    crowd = taken("10.0.0.1/32") * MOST_NETWORKS
    error = explain(on_a(FactName.CONFIGURED), leaf_a=clues("leaf-a", networks=(*FULL, *crowd, pending("10.1.0.0/16"))))
    assert error.fault is FailureName.WAIT_TIMEOUT
    error = explain(on_a(FactName.CONFIGURED), leaf_a=clues("leaf-a", networks=(*FULL, pending("10.1.0.0/16"), *crowd)))
    assert error.fault is FailureName.IPAM_POOL_FULL
    assert "3 Networks take them" in error.why


def test_an_ipam_that_is_down_comes_before_its_full_pool() -> None:
    seen = clues("leaf-a", workloads=down(IPAM), networks=(*FULL, pending("10.1.0.0/16")))
    assert explain(on_a(FactName.CONFIGURED), leaf_a=seen).fault is FailureName.CONTROLLER_DOWN


def test_only_an_old_ipam_refuses_what_is_outside_its_pools() -> None:
    outside = (pending("100.64.0.0/16"),)
    old = explain(on_a(FactName.CONFIGURED), leaf_a=clues("leaf-a", networks=outside, version=(1, 1, 2)))
    assert old.fault is FailureName.OUTSIDE_POOL
    assert "100.64.0.0/16" in old.next
    new = explain(on_a(FactName.CONFIGURED), leaf_a=clues("leaf-a", networks=outside))
    assert new.fault is FailureName.WAIT_TIMEOUT


def test_a_load_balancer_without_address_names_service_and_port() -> None:
    error = explain(on_a(FactName.ENDPOINT), leaf_a=clues("leaf-a", no_address=NoAddress()))
    assert error.fault is FailureName.NO_ADDRESS
    assert "Service liqo-tenant-leaf-b/gw-leaf-b of type LoadBalancer, port 51840/UDP" in error.why
    assert "NodePort" in error.next


@pytest.mark.parametrize(
    ("seen", "told", "step"),
    [
        (NoAddress(), "has got no address; seen last", "set service_type to NodePort; then"),
        (
            NoAddress(said="AllocationFailed: no available IPs"),
            "no address; its last warning: AllocationFailed: no available IPs; seen last",
            "set service_type to NodePort; then",
        ),
        (
            NoAddress(is_unheard=True),
            "no address; why is not seen, since this user may not list events there; seen last",
            "set service_type to NodePort; then",
        ),
        (
            NoAddress(rivals=("liqo-tenant-leaf-c/gw-leaf-c",)),
            "no address; liqo-tenant-leaf-c/gw-leaf-c has 51840/UDP on leaf-a already; seen last",
            "set service_type to NodePort, or another port where all Services share an address; then",
        ),
    ],
)
def test_what_is_known_of_an_address_that_does_not_come_is_told(seen: NoAddress, told: str, step: str) -> None:
    error = explain(on_a(FactName.ENDPOINT), leaf_a=clues("leaf-a", no_address=seen))
    assert error.fault is FailureName.NO_ADDRESS
    assert told in error.why
    assert step in error.next


@pytest.mark.parametrize("dead", ["leaf-a", "leaf-b"])
def test_a_dead_gateway_of_either_end_is_named_where_it_is(dead: str) -> None:
    peer = "leaf-b" if dead == "leaf-a" else "leaf-a"
    seen = clues(dead, gateway=gateway(peer, 0))
    one, other = (seen, None) if dead == "leaf-a" else (None, seen)
    error = explain(on_a(FactName.CONNECTED), leaf_a=one, leaf_b=other)
    assert error.fault is FailureName.DEAD_GATEWAY
    assert error.where == f"{dead} at https://192.0.2.1:6443"
    assert "CrashLoopBackOff" in error.why
    assert "from leaf-b to 192.0.2.10:51840/UDP of leaf-a" in error.next


def forbidden(name: str, said: str) -> Clues:
    seen = refusal("condition ReplicaFailure", said)
    return clues(name, gateway=replace(gateway("leaf-a" if name == "leaf-b" else "leaf-b", 0), obstacle=seen))


def test_a_gateway_that_cannot_start_comes_with_its_cause_and_the_step_for_it() -> None:
    said = 'pods "gw" is forbidden: violates PodSecurity "baseline:latest": privileged'
    error = explain(on_a(FactName.ENDPOINT), leaf_a=forbidden("leaf-a", said))
    assert (error.fault, error.cause, error.as_result()["cause"]) == (
        FailureName.DEAD_GATEWAY,
        "pod-security",
        "pod-security",
    )
    label = "kubectl label --overwrite namespace liqo-tenant-leaf-b pod-security.kubernetes.io/enforce=privileged"
    assert error.next.startswith(f"on leaf-a: let privileged pods into the namespace ({label}); ")
    assert error.next.endswith("; then run again")


def test_once_everything_is_written_a_link_needs_no_other_run() -> None:
    error = explain(on_a(FactName.CONNECTED), leaf_b=forbidden("leaf-b", "exceeded quota: tight, requested: pods=1"))
    assert error.where.startswith("leaf-b at ")
    assert error.cause == "quota"
    assert error.next.startswith("on leaf-b: raise ResourceQuota tight in liqo-tenant-leaf-a")
    assert error.next.endswith("; the link heals by itself when it runs")


def test_a_component_that_cannot_start_comes_with_its_cause_too() -> None:
    seen = refusal("condition ReplicaFailure", "exceeded quota: tight, requested: pods=1")
    stopped = tuple(replace(one, obstacle=seen) if one.is_down else one for one in down(IPAM))
    error = explain(on_a(FactName.CONFIGURED), leaf_a=clues("leaf-a", workloads=stopped))
    assert (error.fault, error.cause) == (FailureName.CONTROLLER_DOWN, "quota")
    assert "bring liqo-ipam of leaf-a up again (raise ResourceQuota tight in liqo (" in error.next


def test_rights_that_would_show_the_cause_are_named() -> None:
    pods = ("list pods in liqo-tenant-leaf-b", "list events in liqo-tenant-leaf-b")
    error = explain(on_a(FactName.KEY), leaf_a=clues("leaf-a", gateway=gateway("leaf-b", 0), unseen=pods))
    assert (error.fault, error.cause) == (FailureName.DEAD_GATEWAY, "")
    assert f"; why is not seen, since this user may not {', '.join(pods)}; seen last" in error.why
    blind = clues("leaf-a", gateway=None, unseen=("get deployments.apps in liqo-tenant-leaf-b",))
    error = explain(on_a(FactName.KEY), leaf_a=blind)
    assert error.fault is FailureName.WAIT_TIMEOUT
    assert error.why.startswith(
        "whether the gateway of leaf-a runs is not seen, since this user may not get deployments.apps in"
    )


@pytest.mark.parametrize(
    ("seen", "fault", "lacking"),
    [
        ({"gateway": None, "gateway_missing": True}, FailureName.DEAD_GATEWAY, "Deployment"),
        ({"service_missing": True}, FailureName.NO_ADDRESS, "Service"),
    ],
)
def test_what_liqo_could_not_make_is_named_with_the_quota_that_is_full(
    seen: dict[str, Any], fault: FailureName, lacking: str
) -> None:
    error = explain(on_a(FactName.ENDPOINT), leaf_a=clues("leaf-a", **seen))
    assert (error.fault, error.cause) == (fault, "")
    assert error.why.startswith(f"leaf-a has no {lacking} of its gateway to leaf-b; seen last: ")
    log = "kubectl -n liqo logs deployment/liqo-controller-manager"
    assert f"look at the log of Liqo's controller-manager of leaf-a ({log}), which has to make it" in error.next
    full = ("ResourceQuota tight of liqo-tenant-leaf-b has services.nodeports: 0 of 0 used",)
    error = explain(on_a(FactName.ENDPOINT), leaf_a=clues("leaf-a", **seen, full=full))
    assert (error.fault, error.cause) == (fault, "quota")
    assert full[0] in error.why
    assert error.next.startswith("raise the ResourceQuota of liqo-tenant-leaf-b on leaf-a (kubectl -n ")


def test_a_gateway_without_deployment_is_dead_unless_nobody_could_make_it() -> None:
    seen = {"gateway": None, "gateway_missing": True}
    assert explain(on_a(FactName.CONNECTED), leaf_a=clues("leaf-a", **seen)).fault is FailureName.DEAD_GATEWAY
    error = explain(on_a(FactName.CONNECTED), leaf_a=clues("leaf-a", workloads=down(MANAGER), **seen))
    assert error.fault is FailureName.CONTROLLER_DOWN


def test_a_blocked_tunnel_names_client_server_and_port() -> None:
    a, b = link()
    silent = having(b, connections=(connection("leaf-b", "leaf-a", value="Connecting", at=None),))
    error = explain(fact(FactName.CONNECTED, "leaf-b", "leaf-a"), a=a, b=silent)
    assert error.fault is FailureName.TUNNEL_BLOCKED
    assert error.why.startswith(
        "both gateways run, but leaf-b gets no answer from leaf-a at 192.0.2.10:51840/UDP; seen last: leaf-b: "
    )
    assert "let UDP pass from the nodes of leaf-b to 192.0.2.10:51840/UDP of leaf-a" in error.next


def test_a_blocked_tunnel_to_a_declared_endpoint_names_the_declaration() -> None:
    a, b = link()
    nat = ClientEndpoint(address="203.0.113.7", port=51841)
    dials = Endpoint(addresses=("203.0.113.7",), port=51841)
    silent = edit(having(b, connections=(connection("leaf-b", "leaf-a", value="Error"),)), Kind.CLIENT, endpoint=dials)
    error = explain(fact(FactName.CONNECTED, "leaf-b", "leaf-a"), a=a, b=silent, client_endpoint=nat)
    assert error.fault is FailureName.TUNNEL_BLOCKED
    assert error.next == (
        "see that 203.0.113.7:51841/UDP leads to the gateway of leaf-a at 192.0.2.10:51840/UDP and lets UDP pass from"
        " the nodes of leaf-b, or correct client_endpoint of this shortcut, which declares it; then run again"
    )
    one, other = (clues(name, gateway=None, workloads=None) for name in ("leaf-a", "leaf-b"))
    told = explain(on_a(FactName.CONNECTED), b=silent, leaf_a=one, leaf_b=other, client_endpoint=nat)
    assert "to 203.0.113.7:51841/UDP of leaf-a, as client_endpoint declares" in told.next


NAME = "gw.leaf-a.example.org"
UNKNOWN = LookUp(problem="Name or service not known")
BY_NAME = Endpoint(addresses=(NAME, "192.0.2.10"), port=51840)


def no_answer(way: Dialled, *, is_silent: bool = False, dialling: Endpoint = BY_NAME) -> FabricError:
    """leaf-b hears nothing of leaf-a, or has no Connection at all."""
    a, b = link()
    held = () if is_silent else (connection("leaf-b", "leaf-a", value="Connecting", at=None),)
    b = edit(having(b, connections=held), Kind.CLIENT, endpoint=dialling)
    return explain(fact(FactName.CONNECTED, "leaf-b", "leaf-a"), a=a, b=b, leaf_b=clues("leaf-b", dialled=way))


def way(address: str = NAME, **known: Any) -> Dialled:
    return Dialled(endpoint=Endpoint(addresses=(address,), port=51840), **known)


@pytest.mark.parametrize(
    ("seen", "told"),
    [
        (way(looked_up=UNKNOWN), f"; {NAME} does not resolve where this runs (Name or service not known); seen last"),
        (way(looked_up=LookUp(addresses=("203.0.113.7",))), f"; where this runs {NAME} is 203.0.113.7; seen last"),
        (way(), f"at {NAME}:51840/UDP; seen last"),
        (way("2001:db8::7"), "at [2001:db8::7]:51840/UDP; gateway pods of leaf-b need IPv6 to reach it; seen last"),
    ],
)
def test_where_a_tunnel_without_an_answer_leads_is_told(seen: Dialled, told: str) -> None:
    error = no_answer(seen)
    assert error.fault is FailureName.TUNNEL_BLOCKED
    assert told in error.why


def test_a_client_that_finds_no_address_for_its_name_has_no_connection() -> None:
    error = no_answer(way(looked_up=UNKNOWN), is_silent=True)
    assert error.fault is FailureName.TUNNEL_BLOCKED
    assert error.why.startswith(
        f"the gateway of leaf-b has no Connection, as long as it finds no address for {NAME}; {NAME} does not resolve"
    )
    assert error.next.startswith(f"make {NAME} resolve in leaf-b, or set server or client_endpoint")
    plain = no_answer(way("192.0.2.10"), is_silent=True, dialling=Endpoint(addresses=("192.0.2.10",), port=51840))
    assert plain.fault is FailureName.WAIT_TIMEOUT


def test_a_client_whose_resolver_fails_does_not_run_and_its_name_is_told() -> None:
    broken = clues("leaf-b", gateway=gateway("leaf-a", 0), dialled=way(looked_up=UNKNOWN))
    error = explain(on_a(FactName.CONNECTED), leaf_b=broken)
    assert error.fault is FailureName.DEAD_GATEWAY
    assert f"; {NAME} does not resolve where this runs (Name or service not known); seen last" in error.why


def test_the_other_addresses_of_the_server_are_named_and_the_one_that_is_dialled_stands_alone() -> None:
    error = no_answer(way(others=("192.0.2.10",)))
    assert (
        "client_endpoint so that the client can reach the server, for leaf-a also advertises 192.0.2.10" in error.next
    )
    assert f"gets no answer from leaf-a at {NAME}:51840/UDP;" in error.why


def test_without_rights_to_see_the_gateways_the_port_is_still_named() -> None:
    one, other = (clues(name, gateway=None, workloads=None) for name in ("leaf-a", "leaf-b"))
    error = explain(on_a(FactName.CONNECTED), leaf_a=one, leaf_b=other)
    assert error.fault is FailureName.WAIT_TIMEOUT
    assert "192.0.2.10:51840/UDP" in error.next


def held_by(kind: Kind, finalizer: str) -> ClusterState:
    a, _b = link()
    return terminating(a, kind, finalizer)


def test_a_foreign_finalizer_is_named_with_the_object_that_it_holds() -> None:
    error = explain(on_a(FactName.GATEWAY_GONE), a=held_by(Kind.SERVER, "example.com/hold"))
    assert error.fault is FailureName.STUCK_FINALIZER
    assert "GatewayServer liqo-tenant-leaf-b/leaf-b is deleted, but held by the finalizer example.com/hold" in error.why
    assert "the tool that put it on GatewayServer liqo-tenant-leaf-b/leaf-b has to take it away" in error.next


@pytest.mark.parametrize(
    ("workloads", "fault", "words"),
    [
        (RUNNING, FailureName.STUCK_FINALIZER, "look at the log of Liqo's fabric in leaf-a"),
        (None, FailureName.STUCK_FINALIZER, "look at the log of Liqo's fabric in leaf-a"),
        (down(FABRIC), FailureName.CONTROLLER_DOWN, "bring liqo-fabric of leaf-a up again"),
    ],
)
def test_a_finalizer_of_liqo_leads_to_who_serves_it(workloads: Any, fault: FailureName, words: str) -> None:
    a, _b = link()
    route = child("RouteConfiguration", terminating=True, finalizers=("liqo/route",))
    a = having(a, configurations=(), network_children=(route,))
    error = explain(on_a(FactName.NETWORK_GONE), a=a, leaf_a=clues("leaf-a", workloads=workloads))
    assert error.fault is fault
    assert "RouteConfiguration liqo-tenant-leaf-b/leaf-b is deleted, but held by the finalizer liqo/route" in error.why
    assert words in error.next


def test_a_finalizer_of_an_object_that_is_not_deleted_is_no_cause() -> None:
    a, _b = link()
    a = having(a, network_children=(child("Network", finalizers=("liqo/network",)),))
    assert explain(on_a(FactName.NETWORK_GONE), a=a).fault is FailureName.WAIT_TIMEOUT


def test_a_namespace_that_hangs_says_what_kubernetes_says() -> None:
    a, _b = link()
    a = terminating(a, Kind.NAMESPACE)
    a = build.edit(a, Kind.NAMESPACE, remaining="Some content in the namespace has finalizers remaining: x in 1 object")
    error = explain(on_a(FactName.NAMESPACE_GONE), a=a)
    assert error.fault is FailureName.NAMESPACE_TERMINATING
    assert "finalizers remaining: x in 1 object" in error.why


def test_an_api_server_that_is_gone_by_now_is_the_failure_itself() -> None:
    gone = Unreachable(what="w", where="leaf-b at https://h:1", why="h:1/TCP refused", next="n")
    assert explain(on_a(FactName.CONNECTED), leaf_b=clues("leaf-b", failure=gone)) is gone


_MAYBE_DOWN = st.lists(st.sampled_from([MANAGER, IPAM, FABRIC]), unique=True).map(
    lambda names: tuple(replace(one, ready=0) if one.component in names else one for one in RUNNING)
)


@given(
    st.lists(st.sampled_from(list(FactName)), min_size=1, max_size=4),
    st.one_of(st.none(), _MAYBE_DOWN),
    st.booleans(),
    st.booleans(),
)
def test_every_combination_has_an_answer_that_says_what_to_do(
    awaited: list[FactName], workloads: tuple[Workload, ...] | None, missing: bool, empty: bool
) -> None:
    seen = clues(
        "leaf-a",
        workloads=workloads,
        gateway=None,
        gateway_missing=missing,
        no_address=NoAddress() if missing else None,
    )
    a = build.cluster("leaf-a") if empty else link()[0]
    error = explain(*map(on_a, awaited), a=a, leaf_a=seen)
    assert error.next
    assert error.why
    if workloads is None or not any(one.is_down for one in workloads):
        assert error.fault is not FailureName.CONTROLLER_DOWN


@pytest.mark.parametrize("name", [FactName.GATEWAY_GONE, FactName.NETWORK_GONE, FactName.CONNECTED])
def test_a_peer_that_is_gone_for_good_need_not_be_asked(name: FactName) -> None:
    a, _b = link()
    seen = {A: clues("leaf-a")}
    error = diagnose(pair(), [on_a(name)], {A: a.side(B)}, seen, served_by=SERVED_BY, timeout_s=8)
    assert error.fault is FailureName.WAIT_TIMEOUT
    assert error.where == seen[A].where
