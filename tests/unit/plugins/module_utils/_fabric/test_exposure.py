# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is said before the first write about load balancers of one address, and about what a client is to dial."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.exposure import (
    names_to_look_up,
    node_ports,
    share_a_port,
)
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.findings import Check, Finding
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.model import ClientEndpoint, ServiceType, Shortcut
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.objects import ClusterState, Endpoint, Kind
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.plan import plan_link
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.preflight import preflight
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.scene import LookUp, Scene, Seen, ServicePorts

from tests.unit import work
from tests.unit.build import RETAIL, cluster, cluster_id, edit, link, server, shortcut, side, with_side

A, B = cluster_id("leaf-a"), cluster_id("leaf-b")
NAME = "a1b2.elb.eu-west-1.amazonaws.com"


def told(seen: Seen, *wish: Shortcut, at: str, states: tuple[ClusterState, ...]) -> list[Finding]:
    """The findings about links of leaf-a when ``seen`` was looked up in one cluster."""
    by_id = {state.id: state for state in states}
    plans = {one.pair: plan_link(one, *(by_id[end] for end in one.pair), fabric=RETAIL) for one in wish}
    checks = (Check.LOAD_BALANCER, Check.ENDPOINT)
    return [one for one in preflight(plans, by_id, {cluster_id(at): seen}) if one.check in checks]


def service(name: str, *given: str, port: int = 51840, protocol: str = "UDP") -> ServicePorts:
    namespace, _, name = name.partition("/")
    return ServicePorts(
        namespace=namespace,
        name=name,
        ports=frozenset({(port, protocol)}),
        addresses=frozenset(given),
        given=frozenset(given),
    )


def a_second(*services: ServicePorts, **settings: Any) -> list[str]:
    """What is said of a second gateway server of leaf-a, which has one for leaf-b."""
    a = with_side(cluster("leaf-a"), side("leaf-a", "leaf-b"))
    states = (a, cluster("leaf-b"), cluster("leaf-c"))
    found = told(Seen(services=services), shortcut("leaf-a", "leaf-c", **settings), at="leaf-a", states=states)
    assert all(one.level == "info" for one in found)
    return [f"{one.what}: {one.why}" for one in found]


FIRST = service("liqo-tenant-leaf-b/gw-leaf-b", "198.51.100.5")
TRAEFIK = service("kube-system/traefik", "198.51.100.5", port=443, protocol="TCP")


def test_the_only_address_of_a_cluster_may_be_that_of_all_its_services() -> None:
    assert a_second(FIRST) == [
        (
            "51840/UDP of leaf-a is also the port of Service liqo-tenant-leaf-b/gw-leaf-b:"
            " the only address of load balancers there is 198.51.100.5, of liqo-tenant-leaf-b/gw-leaf-b"
        )
    ]


def test_an_address_of_several_services_is_shared() -> None:
    elsewhere = service("shop/web", "198.51.100.9", port=80)
    assert a_second(FIRST, TRAEFIK, elsewhere) == [
        (
            "51840/UDP of leaf-a is also the port of Service liqo-tenant-leaf-b/gw-leaf-b: the load balancer there"
            " gives 198.51.100.5 to several Services: liqo-tenant-leaf-b/gw-leaf-b, kube-system/traefik"
        )
    ]


@pytest.mark.parametrize(
    "services",
    [
        (),
        (service("liqo-tenant-leaf-b/gw-leaf-b"),),
        (FIRST, service("shop/web", "198.51.100.6", port=80)),
        (service("liqo-tenant-leaf-b/gw-leaf-b", NAME), service("shop/web", "other.elb.amazonaws.com", port=80)),
        (FIRST, service("shop/a", "198.51.100.7", port=80), service("shop/b", "198.51.100.7", port=81)),
    ],
    ids=["no Service", "no address yet", "each has its own", "each has its own name", "only others share one"],
)
def test_where_each_service_has_its_own_address_nothing_is_said(services: tuple[ServicePorts, ...]) -> None:
    assert a_second(*services) == []


@pytest.mark.parametrize(
    "settings",
    [{"port": 51841}, {"service_type": "NodePort"}, {"load_balancer_ip": "198.51.100.77"}],
    ids=str,
)
def test_another_port_type_or_address_is_no_reason_for_a_note(settings: dict[str, Any]) -> None:
    assert a_second(FIRST, **settings) == []


def test_two_new_gateways_of_one_plan_need_two_ports_where_an_address_is_shared() -> None:
    states = (cluster("leaf-a"), cluster("leaf-b"), cluster("leaf-c"))
    wish = [shortcut("leaf-a", "leaf-b"), shortcut("leaf-a", "leaf-c")]
    found = told(Seen(services=(TRAEFIK,)), *wish, at="leaf-a", states=states)
    assert [one.what for one in found] == [
        "51840/UDP of leaf-a is also the port of the planned gateway server for leaf-c",
        "51840/UDP of leaf-a is also the port of the planned gateway server for leaf-b",
    ]
    other = [wish[0], shortcut("leaf-a", "leaf-c", port=51841)]
    assert told(Seen(services=(TRAEFIK,)), *other, at="leaf-a", states=states) == []


def test_services_are_worth_a_request_only_where_two_gateways_have_the_same_port() -> None:
    a = with_side(cluster("leaf-a"), side("leaf-a", "leaf-b"))

    def asks(held: ClusterState, **settings: Any) -> bool:
        wish = shortcut("leaf-a", "leaf-c", **settings)
        ops = plan_link(wish, held, cluster("leaf-c"), fabric=RETAIL).ops
        return share_a_port(held, [op for op in ops if op.cluster == A])

    assert asks(a)
    assert not asks(a, port=51841)
    assert not asks(a, load_balancer_ip="198.51.100.77")
    assert not asks(cluster("leaf-a"))
    on_nodes = with_side(cluster("leaf-a"), side("leaf-a", "leaf-b", gateway=server(service_type="NodePort")))
    assert not asks(on_nodes)


def dialling(*addresses: str, looked_up: LookUp | None = None, **settings: Any) -> list[tuple[str, str, str]]:
    """What is said when leaf-b is to dial what leaf-a advertises."""
    a, b = link()
    a = edit(a, Kind.SERVER, endpoint=Endpoint(addresses=addresses, port=51840))
    names = {addresses[0]: looked_up} if looked_up else {}
    found = told(Seen(names=names), shortcut(**settings), at="leaf-b", states=(a, b))
    return [(one.level, one.what, one.why) for one in found]


def test_a_name_that_does_not_resolve_here_is_good_to_know() -> None:
    assert dialling(NAME, looked_up=LookUp(problem="Name or service not known")) == [
        ("info", f"leaf-b is to dial {NAME}, which does not resolve where this runs", "Name or service not known")
    ]
    assert dialling(NAME, looked_up=LookUp(addresses=("203.0.113.7",))) == []
    assert dialling(NAME) == []


@pytest.mark.parametrize("address", ["127.0.0.1", "169.254.169.254", "10.42.0.1"])
def test_a_name_that_leads_to_an_address_that_would_be_refused_is_a_warning(address: str) -> None:
    a, b = link()
    b = cluster("leaf-b", *b.sides.values(), pod="10.42.0.0/16")
    a = edit(a, Kind.SERVER, endpoint=Endpoint(addresses=(NAME,), port=51840))
    seen = Seen(names={NAME: LookUp(addresses=("203.0.113.7", address))})
    (one,) = told(seen, shortcut(), at="leaf-b", states=(a, b))
    assert (one.level, one.cluster) == ("warning", "leaf-b")
    assert address in one.why


def test_only_ipv6_is_named() -> None:
    assert dialling("2001:db8::7") == [
        ("info", "leaf-b is to dial the IPv6 address 2001:db8::7", "leaf-a has no IPv4 address and no name for it")
    ]
    assert dialling("2001:db8::7", "203.0.113.7") == []
    assert dialling("203.0.113.7", client_endpoint=ClientEndpoint(address="2001:db8::7")) == []


def test_names_are_looked_up_where_they_are_to_be_dialled() -> None:
    a, b = link()
    named = edit(a, Kind.SERVER, endpoint=Endpoint(addresses=(NAME,), port=51840))
    assert names_to_look_up(plan_link(shortcut(), named, b, fabric=RETAIL).ops) == (NAME,)
    declared = plan_link(shortcut(client_endpoint=ClientEndpoint(address="vpn.example.org")), a, b, fabric=RETAIL)
    assert names_to_look_up(declared.ops) == ("vpn.example.org",)
    for ops in (
        plan_link(shortcut(mtu=1400), a, b, fabric=RETAIL).ops,
        plan_link(shortcut(), cluster("leaf-a"), cluster("leaf-b"), fabric=RETAIL).ops,
        plan_link(shortcut(), edit(a, Kind.SERVER, endpoint=Endpoint(addresses=("192.0.2.7",), port=51840)), b,
                  fabric=RETAIL).ops,
    ):  # fmt: skip
        assert names_to_look_up(ops) == ()


@pytest.mark.parametrize(
    ("advertised", "looked_up"),
    [
        (NAME, LookUp(problem="Name or service not known")),
        (NAME, LookUp(addresses=("127.0.0.1",))),
        ("2001:db8::7", None),
    ],
)
def test_who_names_an_address_as_the_note_says_is_not_told_again(advertised: str, looked_up: LookUp | None) -> None:
    a, b = link()
    a = edit(a, Kind.SERVER, endpoint=Endpoint(addresses=(advertised,), port=51840))
    seen = Seen(names={NAME: looked_up} if looked_up else {})
    (note,) = told(seen, shortcut(), at="leaf-b", states=(a, b))
    assert "set client_endpoint" in note.next
    named = shortcut(client_endpoint=ClientEndpoint(address="203.0.113.7"))
    assert told(seen, named, at="leaf-b", states=(a, b)) == []


def test_services_of_one_cluster_are_not_compared_with_each_other() -> None:
    def look(number: int) -> None:
        assert not a_second(*(service(f"shop/web-{one}", f"lb-{one}.example.com") for one in range(number)))

    assert work.grows_with(look, 200) < 5


def test_only_services_with_that_very_address_are_named_as_those_that_share_it() -> None:
    first = service("liqo-tenant-leaf-b/gw-leaf-b", "198.51.100.5", "198.51.100.6")
    one, other = service("shop/one", "198.51.100.6", port=80), service("shop/other", "198.51.100.5", port=80)
    (said,) = a_second(first, one, other)
    assert said.endswith("gives 198.51.100.5 to several Services: liqo-tenant-leaf-b/gw-leaf-b, shop/other")


def test_servers_of_other_clusters_are_not_looked_at_for_each_link() -> None:
    def scene(number: int) -> Scene:
        ends = [(f"left-{one}", f"right-{one}") for one in range(number)]
        states = {cluster_id(end): cluster(end) for pair in ends for end in pair}
        wish = [shortcut(*pair, server=pair[0], node_port=30000, service_type=ServiceType.NODE_PORT) for pair in ends]
        plans = {one.pair: plan_link(one, *(states[end] for end in one.pair), fabric=RETAIL) for one in wish}
        return Scene(plans=plans, states=states, seen={})

    scenes = {number: scene(number) for number in (20, 80)}
    assert work.grows_with(lambda number: list(node_ports(scenes[number])), 20) < 5
