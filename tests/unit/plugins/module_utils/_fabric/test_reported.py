# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a cluster reports of itself, and what of it its peer gets."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.errors import FailureName, InputError
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.evidence import weigh
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.faults import FaultName
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.gathered import gather
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.model import ClientEndpoint, Settings
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.objects import (
    Cidrs,
    ClusterState,
    Endpoint,
    Kind,
    LocalNetworks,
)
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.operations import LinkPlan
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.plan import plan_link
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.reported import address_problem, cidrs_problem
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.wishes import parse_wishes, resolve

from tests.unit.build import RETAIL, edit, link, pair, renumbered, shortcut

OWN = LocalNetworks(
    pod=("10.42.0.0/16", "fd00:42::/56"),
    service=("10.96.0.0/12",),
    external=("10.70.0.0/16",),
    internal=("10.80.0.0/16",),
)


def advertises(address: str) -> str:
    return address_problem(address, OWN)


@pytest.mark.parametrize(
    "address",
    [
        "203.0.113.7",
        "192.168.1.10",
        "172.18.0.3",
        "100.64.3.4",
        "198.18.0.11",
        "10.10.0.7",
        "2001:db8::1",
        "fd12:3456::7",
        "gw.leaf-b.example.org",
        "a1b2c3.elb.eu-west-1.amazonaws.com",
        "GW.Example.ORG",
    ],
)
def test_a_gateway_is_reached_at_any_address_outside_of_its_clients_cluster(address: str) -> None:
    assert advertises(address) == ""


@pytest.mark.parametrize(
    ("address", "what"),
    [
        ("127.0.0.1", "loopback"),
        ("127.8.8.8", "loopback"),
        ("::1", "this host"),
        ("0.0.0.0", "this host"),
        ("0.1.2.3", "this host"),
        ("::", "this host"),
        ("::7f00:1", "this host"),
        ("169.254.169.254", "link-local"),
        ("fe80::1", "link-local"),
        ("fec0::1", "link-local"),
        ("224.0.0.1", "multicast"),
        ("ff02::1", "multicast"),
        ("255.255.255.255", "reserved"),
        ("240.0.0.1", "reserved"),
        ("::ffff:127.0.0.1", "IPv4 inside IPv6"),
        ("::FFFF:7f00:1", "IPv4 inside IPv6"),
        ("::ffff:203.0.113.7", "IPv4 inside IPv6"),
        ("64:ff9b::a2a:1", "IPv4 inside IPv6"),
        ("2002:7f00:1::", "IPv4 inside IPv6"),
        ("fd00:ec2::254", "metadata of a cloud"),
        ("168.63.129.16", "metadata of a cloud"),
    ],
)
def test_no_gateway_is_reached_at_a_special_address(address: str, what: str) -> None:
    assert advertises(address) == f"{address} is no address of a gateway ({what})"


@pytest.mark.parametrize(
    ("address", "kind"),
    [
        ("10.42.3.4", "pod"),
        ("fd00:42::1", "pod"),
        ("10.96.0.1", "service"),
        ("10.111.255.255", "service"),
        ("10.70.0.1", "external"),
        ("10.80.1.1", "internal"),
    ],
)
def test_no_gateway_is_reached_at_an_address_of_its_clients_own_networks(address: str, kind: str) -> None:
    assert advertises(address) == f"{address} lies in a {kind} CIDR of the client's own cluster"


@pytest.mark.parametrize(
    "name",
    [
        "localhost",
        "x.localhost",
        "gateway",
        "web.default",
        "kubernetes.default.svc",
        "web.demo.svc.cluster.local",
        "web.demo.svc.k8s.example.org",
        "x.cluster.local",
        "dns.kube-system",
        "metadata.google.internal",
        "WEB.Demo.SVC",
    ],
)
def test_a_name_that_the_clients_cluster_answers_itself_is_refused(name: str) -> None:
    assert advertises(name) == f"{name.lower()} is a name inside the client's cluster"


@pytest.mark.parametrize(
    "text",
    [
        "127.1",
        "0x7f.0.0.1",
        "2130706433",
        "010.0.0.1",
        "0177.0.0.1",
        "10.0.0.1:22",
        "[::1]",
        "fe80::1%eth0",
        "10.0.0.1 ",
        "gw.example.org.",
        "-x.example.org",
        "x_y.example.org",
        "a/b",
        "{{ x }}",
        "x" * 70_000,
        "\u0661\u0660.0.0.1",
    ],
    ids=lambda text: ascii(text)[:20],
)
def test_what_is_neither_an_address_nor_a_name_is_refused_and_not_repeated(text: str) -> None:
    assert advertises(text) == "what it advertises as an address is none"


def reports(*pod: str, external: tuple[str, ...] = ("10.70.0.0/16",), trusted: tuple[str, ...] = ()) -> str:
    return cidrs_problem(Cidrs(pod=pod, external=external), OWN, trusted)


@pytest.mark.parametrize(
    "cidr",
    [
        "10.42.0.0/16",
        "10.42.7.0/24",
        "10.96.0.0/12",
        "10.128.0.0/14",
        "172.16.0.0/12",
        "192.168.0.0/16",
        "100.64.0.0/16",
        "198.18.0.0/15",
        "fd00:42::/56",
        "fd12::/48",
    ],
)
def test_equal_and_overlapping_cidrs_are_the_normal_case(cidr: str) -> None:
    assert reports(cidr) == ""


@pytest.mark.parametrize(
    ("cidr", "why"),
    [
        ("0.0.0.0/0", "is larger than a /12"),
        ("::/0", "is larger than a /48"),
        ("10.0.0.0/8", "is larger than a /12"),
        ("10.64.0.0/11", "is larger than a /12"),
        ("fc00::/7", "is larger than a /48"),
        ("203.0.113.0/24", "is no private range"),
        ("8.8.8.8/32", "is no private range"),
        ("172.32.0.0/16", "is no private range"),
        ("198.16.0.0/14", "is no private range"),
        ("127.0.0.0/16", "is no private range"),
        ("169.254.0.0/16", "is no private range"),
        ("224.0.0.0/16", "is no private range"),
        ("2001:db8::/48", "is no private range"),
        ("10.32.0.0/12", "contains the pod CIDR 10.42.0.0/16 of its peer"),
        ("10.42.0.0/15", "contains the pod CIDR 10.42.0.0/16 of its peer"),
        ("10.70.0.0/15", "contains the external CIDR 10.70.0.0/16 of its peer"),
        ("10.80.0.0/15", "contains the internal CIDR 10.80.0.0/16 of its peer"),
        ("fd00:42::/48", "contains the pod CIDR fd00:42::/56 of its peer"),
    ],
)
def test_a_cidr_that_claims_more_than_it_may_is_refused_and_can_be_trusted(cidr: str, why: str) -> None:
    assert reports(cidr) == f"pod CIDR {cidr} {why}"
    assert reports(cidr, trusted=(cidr,)) == ""
    assert reports("10.42.0.0/16", external=(cidr,)) == f"external CIDR {cidr} {why}"
    assert reports(cidr, trusted=("192.0.2.0/24",)) == f"pod CIDR {cidr} {why}"


def test_what_lies_in_a_trusted_cidr_is_trusted_too() -> None:
    assert reports("203.0.113.64/26", trusted=("203.0.113.0/24",)) == ""
    assert reports("203.0.112.0/23", trusted=("203.0.113.0/24",))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "10.42.0.0",
        "10.42.0.1/16",
        "10.42.0.0/255.255.0.0",
        "10.42.0.0/33",
        "10.42/16",
        "{{ x }}",
        "1" * 70_000,
    ],
    ids=lambda text: text[:20],
)
def test_text_that_is_no_cidr_is_refused_whatever_is_trusted(text: str) -> None:
    assert reports(text, trusted=("0.0.0.0/0",)) == "what it reports as a pod CIDR is none"


def test_a_cluster_does_not_take_all_the_room_for_peers_with_many_cidrs() -> None:
    assert reports(*(f"10.{number}.0.0/16" for number in range(128, 144))) == ""
    many = (*(f"10.{number}.0.0/16" for number in range(128, 143)), "172.16.0.0/14")
    assert reports(*many) == "its pod CIDRs are larger than a /12 together"
    assert reports(*(["10.128.0.0/24"] * 17)) == "it reports 17 pod CIDRs"


def plan(a: ClusterState, b: ClusterState, **settings: Any) -> LinkPlan:
    return plan_link(shortcut(**settings), a, b, fabric=RETAIL)


def advertising(a: ClusterState, *addresses: str, port: int = 51840) -> ClusterState:
    return edit(a, Kind.SERVER, endpoint=Endpoint(addresses=addresses, port=port))


def test_a_refused_cidr_blocks_the_link_and_names_the_cluster_that_reports_it() -> None:
    a, b = link()
    found = plan(a, renumbered(b, "0.0.0.0/0"))
    assert found.ops == ()
    assert found.blocked is not None
    assert found.blocked.fault is FailureName.REFUSED_CIDRS
    assert found.blocked.where.startswith("cluster leaf-b")
    assert "trusted_cidrs" in found.blocked.next


def test_a_trusted_cidr_is_written() -> None:
    a, b = link()
    found = plan(a, renumbered(b, "203.0.113.0/24"), trusted_cidrs=("203.0.113.0/24",))
    assert [op.id for op in found.ops] == ["update leaf-a/Configuration/liqo-tenant-leaf-b/leaf-b"]


def test_a_refused_endpoint_blocks_the_link_and_an_address_that_is_declared_does_not() -> None:
    a, b = link()
    odd = advertising(a, "10.96.0.1")
    b = replace(b, networks=replace(b.networks, service=("10.96.0.0/12",)))
    found = plan(odd, b)
    assert found.ops == ()
    assert found.blocked is not None
    assert found.blocked.fault is FailureName.REFUSED_ENDPOINT
    assert found.blocked.where.startswith("cluster leaf-a")
    pinned = plan(odd, b, client_endpoint=ClientEndpoint(address="10.96.0.1"))
    assert pinned.blocked is None
    only_port = plan(odd, b, client_endpoint=ClientEndpoint(port=4500))
    assert only_port.blocked is not None


def test_the_networks_that_count_are_those_of_the_client() -> None:
    """A server of type ClusterIP is reached in the service CIDR of its own cluster."""
    a, b = link()
    a = replace(advertising(a, "10.96.0.7"), networks=replace(a.networks, service=("10.96.0.0/12",)))
    assert plan(a, b).blocked is None


def test_what_was_written_already_is_a_fault_as_soon_as_the_settings_are_known() -> None:
    a, b = link()
    odd = replace(b, networks=replace(b.networks, pod=("203.0.113.0/24",)))
    written = edit(a, Kind.CONFIGURATION, remote=odd.networks.cidrs())
    odd_server = advertising(written, "127.0.0.1")
    dialling = edit(odd, Kind.CLIENT, endpoint=Endpoint(addresses=("127.0.0.1",), port=51840))
    assert weigh(odd_server, dialling).faults == ()
    names = {fault.name for fault in weigh(odd_server, dialling, declared=Settings()).faults}
    assert names == {FaultName.REFUSED_CIDRS, FaultName.REFUSED_ENDPOINT}
    allowed = Settings(trusted_cidrs=("203.0.113.0/24",), client_endpoint=ClientEndpoint(address="127.0.0.1"))
    assert weigh(odd_server, dialling, declared=allowed).faults == ()


def declared(cidrs: object) -> Settings:
    entries = [{"between": ["leaf-a", "leaf-b"], "trusted_cidrs": cidrs}]
    params = {"fabric": "retail", "clusters": [{"name": "leaf-a"}, {"name": "leaf-b"}], "shortcuts": entries}
    return resolve(parse_wishes(params)).shortcuts[0].settings


def test_trusted_cidrs_are_declared_in_any_order() -> None:
    assert declared(["203.0.113.0/24", "10.0.0.0/8", "10.0.0.0/8"]).trusted_cidrs == ("10.0.0.0/8", "203.0.113.0/24")


@pytest.mark.parametrize("cidr", ["10.0.0.1/8", "10.0.0.0", "all"])
def test_a_trusted_cidr_must_be_one(cidr: str) -> None:
    with pytest.raises(InputError, match=r"shortcuts\[0\]\.trusted_cidrs: '.*' is not legal"):
        declared([cidr])


def test_an_address_that_would_be_refused_is_not_gathered_as_one_to_trust() -> None:
    a, b = link()
    dialling = edit(b, Kind.CLIENT, endpoint=Endpoint(addresses=("169.254.169.254",), port=51840))
    found = gather(pair(), a, dialling)
    assert "client_endpoint" not in found.shortcut
    assert [str(wrong) for wrong in found.refused] == ["client_endpoint.address 169.254.169.254"]
    behind_nat = edit(b, Kind.CLIENT, endpoint=Endpoint(addresses=("203.0.113.7",), port=51840))
    assert gather(pair(), a, behind_nat).shortcut["client_endpoint"] == {"address": "203.0.113.7"}
