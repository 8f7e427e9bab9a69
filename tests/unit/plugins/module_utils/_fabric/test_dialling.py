# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a client dials of all that a server advertises, and when it is left as it is."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.dialling import (
    MOST_WRITTEN,
    Way,
    left_out,
    reaches,
    resolve,
    to_dial,
)
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.errors import FabricError, FailureName
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.evidence import Rung, weigh
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.faults import FaultName
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.gathered import gather
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.model import ClientEndpoint, Settings
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.objects import (
    ClusterState,
    Endpoint,
    FactName,
    Kind,
    Later,
    LocalNetworks,
)
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.build import ENDPOINT, cluster_id, edit, having, link, pair, shortcut
from tests.unit.planning import fact, only_op, plan
from tests.unit.strategies import law

OWN = LocalNetworks(pod=("10.42.0.0/16",), service=("10.96.0.0/12",))
V4, OTHER_V4, V6, NAME = "203.0.113.7", "198.51.100.4", "2001:db8::7", "a1b2.elb.eu-west-1.amazonaws.com"
REFUSED = ("127.0.0.1", "10.96.0.1", "169.254.169.254", "kubernetes.default.svc", "fe80::1")


def at(*addresses: str, port: int = 51840, protocol: str = "UDP") -> Endpoint:
    return Endpoint(addresses=addresses, port=port, protocol=protocol)


def way(override: ClientEndpoint | None = None) -> Way:
    return Way(server=cluster_id("leaf-a"), client=cluster_id("leaf-b"), networks=OWN, override=override)


def dialled(*addresses: str, held: Endpoint | None = None) -> tuple[str, ...]:
    return to_dial(at(*addresses), way(), held=held).addresses


@pytest.mark.parametrize(
    ("advertised", "written"),
    [
        ((V4,), (V4,)),
        ((V4, OTHER_V4), (V4, OTHER_V4)),
        ((OTHER_V4, V4), (OTHER_V4, V4)),
        ((NAME, V4), (V4, NAME)),
        ((V6, V4), (V4, V6)),
        ((V6, NAME), (NAME, V6)),
        ((V6, NAME, V4), (V4, NAME, V6)),
        ((V6,), (V6,)),
        ((NAME,), (NAME,)),
        ((V4, V4, OTHER_V4, V4), (V4, OTHER_V4)),
        ((V6, V6.upper()), (V6,)),
        ((NAME, NAME.upper()), (NAME,)),
    ],
)
def test_a_new_client_dials_ipv4_before_a_name_and_ipv6_last_otherwise_in_the_order_of_the_server(
    advertised: tuple[str, ...], written: tuple[str, ...]
) -> None:
    assert dialled(*advertised) == written


@pytest.mark.parametrize("spelled", [NAME, NAME.upper(), f"{NAME}."])
def test_a_name_is_the_same_in_capitals_and_with_the_dot_at_its_end(spelled: str) -> None:
    for held, wanted in ((NAME, spelled), (spelled, NAME)):
        assert reaches(at(held), at(V4), ClientEndpoint(address=wanted))
        assert reaches(at(held), at(wanted))
    assert not reaches(at(f"x{spelled}"), at(NAME))


@pytest.mark.parametrize("bad", REFUSED)
def test_one_bad_address_does_not_refuse_the_others_and_is_named(bad: str) -> None:
    assert dialled(bad, V4) == (V4,)
    assert dialled(V4, bad) == (V4,)
    (note,) = left_out(at(bad, V4), way())
    assert note.startswith(f"left out of what leaf-a advertises to leaf-b: {bad} ")


def test_text_that_is_no_address_is_named_as_far_as_it_is_harmless() -> None:
    (note,) = left_out(at(V4, "10.0.0.1:22", "{{ x }}", "y" * 300, "a\nb"), way())
    assert note == (
        "left out of what leaf-a advertises to leaf-b: '10.0.0.1:22' is no address, number 3 of its list is no address,"
        " number 4 of its list is no address, number 5 of its list is no address"
    )


def test_with_nothing_but_bad_addresses_the_link_is_refused() -> None:
    with pytest.raises(FabricError) as caught:
        dialled(*REFUSED)
    assert caught.value.fault is FailureName.REFUSED_ENDPOINT
    assert caught.value.why.startswith("127.0.0.1 is no address of a gateway (loopback), 10.96.0.1 lies in a service")


@pytest.mark.parametrize("protocol", ["SCTP", "udp", "x"])
def test_a_protocol_is_one_of_two(protocol: str) -> None:
    with pytest.raises(FabricError, match="its protocol is neither UDP nor TCP"):
        to_dial(at(V4, protocol=protocol), way())


def test_k3s_advertises_every_node() -> None:
    nodes = [f"10.10.{number // 250}.{number % 250 + 1}" for number in range(600)]
    assert dialled(*nodes) == tuple(nodes[:MOST_WRITTEN])
    assert dialled(*nodes, held=at(nodes[-1])) == (nodes[-1],)


@pytest.mark.parametrize(
    ("held", "stays"),
    [
        (at(V4), True),
        (at(OTHER_V4), True),
        (at(V6.upper()), True),
        (at(NAME.upper()), True),
        (at(V4, "192.0.2.1"), True),
        (at("192.0.2.1", V4), False),
        (at(V4, port=4500), False),
        (at(V4, protocol="TCP"), False),
        (None, False),
    ],
)
def test_a_client_that_dials_one_of_the_addresses_is_left_as_it_is(held: Endpoint | None, stays: bool) -> None:
    seen = at(OTHER_V4, NAME, V4, V6)
    assert (to_dial(seen, way(), held=held) == held) is stays
    assert reaches(held, seen) is stays


def test_a_client_that_dials_a_bad_address_of_the_server_is_given_another_one() -> None:
    assert dialled("10.96.0.1", V4, held=at("10.96.0.1")) == (V4,)


@pytest.mark.parametrize(
    ("override", "expected"),
    [
        (None, ENDPOINT),
        (ClientEndpoint(), ENDPOINT),
        (ClientEndpoint(address="vpn.example.org"), at("vpn.example.org")),
        (ClientEndpoint(address="10.96.0.1"), at("10.96.0.1")),
        (ClientEndpoint(port=4500), at(*ENDPOINT.addresses, port=4500)),
        (ClientEndpoint(address="v6", port=1), at("v6", port=1)),
    ],
)
def test_what_the_user_names_comes_first(override: ClientEndpoint | None, expected: Endpoint) -> None:
    assert to_dial(ENDPOINT, way(override)) == expected
    later = Later(fact=fact(FactName.ENDPOINT, "leaf-a", "leaf-b"), override=override)
    assert resolve(later, ENDPOINT, OWN) == expected
    held = replace(expected, addresses=(*expected.addresses, V4))
    assert to_dial(ENDPOINT, way(override), held=held) == held


def test_a_fact_without_value_takes_nobody_s_place() -> None:
    with pytest.raises(TypeError, match="leaf-a is connected to leaf-b brings no value"):
        resolve(Later(fact=fact(FactName.CONNECTED, "leaf-a", "leaf-b")), True, OWN)


def advertising(a: ClusterState, *addresses: str, port: int = 51840) -> ClusterState:
    return edit(a, Kind.SERVER, endpoint=at(*addresses, port=port))


def dialling(b: ClusterState, *addresses: str, port: int = 51840) -> ClusterState:
    own = replace(b.networks, service=OWN.service)
    return replace(edit(b, Kind.CLIENT, endpoint=at(*addresses, port=port)), networks=own)


legal = st.sampled_from([V4, OTHER_V4, V6, NAME, "192.0.2.9", "gw.example.org", "2001:db8::1"])
lists = st.lists(legal | st.sampled_from(REFUSED), max_size=8)


@law
@given(legal, lists, st.randoms(use_true_random=False))
def test_no_order_and_no_further_address_of_a_server_is_a_reason_to_write(
    address: str, others: list[str], chance: object
) -> None:
    a, b = link()
    b = dialling(b, address)
    mixed = [address, *others]
    chance.shuffle(mixed)  # type: ignore[attr-defined]
    for addresses in ([address], [address, *others], [*others, address], mixed):
        seen = advertising(a, *addresses)
        assert plan(seen, b).ops == ()
        for declared in (None, Settings()):
            assert weigh(seen, b, declared=declared).rung is Rung.FRESH
        assert "client_endpoint" not in gather(pair(), seen, b).shortcut


@law
@given(legal, lists, st.integers(1, 65535))
def test_what_is_written_is_one_of_the_servers_and_then_stays(address: str, others: list[str], port: int) -> None:
    a, b = link()
    seen = advertising(edit(a, Kind.SERVER, port=port), *others, address, port=port)
    wish = shortcut(port=port)
    written = only_op(plan(seen, dialling(b, "192.0.2.200"), wish)).changes[0].after
    assert isinstance(written, Endpoint)
    assert set(written.addresses) <= {*others, address} - {*REFUSED}
    assert plan(seen, edit(b, Kind.CLIENT, endpoint=written), wish).ops == ()


def test_an_address_that_is_gone_is_repaired() -> None:
    a, b = link()
    seen, held = advertising(a, "198.18.17.9", "198.18.17.8"), dialling(b, "198.18.17.1")
    op = only_op(plan(seen, held))
    assert op.reason == ("endpoint is 198.18.17.1:51840/UDP, wanted 198.18.17.9:51840/UDP, 198.18.17.8:51840/UDP")
    (fault,) = weigh(having(seen, connections=()), held).faults
    assert fault.name is FaultName.STALE_ENDPOINT
    renamed = advertising(a, "c3d4.elb.eu-west-1.amazonaws.com")
    assert only_op(plan(renamed, dialling(b, NAME))).changes[0].after == at("c3d4.elb.eu-west-1.amazonaws.com")


@pytest.mark.parametrize("service_type", ["NodePort", "ClusterIP"])
def test_the_other_types_of_service_have_several_addresses_too(service_type: str) -> None:
    a, b = link()
    port = 30412 if service_type == "NodePort" else 51840
    nodes = advertising(edit(a, Kind.SERVER, service_type=service_type), "198.51.100.2", V4, port=port)
    wish = shortcut(service_type=service_type)
    assert plan(nodes, dialling(b, V4, port=port), wish).ops == ()
    assert only_op(plan(nodes, dialling(b, "198.51.100.9", port=port), wish)).changes[0].after == at(
        "198.51.100.2", V4, port=port
    )


def test_what_is_left_out_is_a_note_of_the_plan_and_stops_nothing() -> None:
    a, b = link()
    found = plan(advertising(a, "127.0.0.1", *ENDPOINT.addresses), b)
    assert found.ops == ()
    assert found.notes == (
        "left out of what leaf-a advertises to leaf-b: 127.0.0.1 is no address of a gateway (loopback)",
    )


def test_a_declared_load_balancer_ip_among_the_addresses_moves_nothing() -> None:
    a, b = link()
    seen = edit(advertising(a, OTHER_V4, V4), Kind.SERVER, load_balancer_ip=V4)
    assert plan(seen, dialling(b, OTHER_V4), shortcut(load_balancer_ip=V4)).ops == ()


def test_what_is_told_only_after_a_write_leaves_a_client_that_reaches_it() -> None:
    later = Later(fact=fact(FactName.ENDPOINT, "leaf-a", "leaf-b"))
    assert resolve(later, at(OTHER_V4, V4), OWN, held=at(V4)) == at(V4)
