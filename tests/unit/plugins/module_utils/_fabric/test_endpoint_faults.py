# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A server behind NAT: what both gateways hear outweighs what the server advertises, and every advice is true."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import yaml
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.evidence import Evidence, Rung, weigh, weigh_alone
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.faults import FaultName
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.gathered import gather
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.model import ClientEndpoint, ClusterId, Settings
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.objects import ClusterState, Endpoint, Kind
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.plan import plan_link

from tests.unit import build

A, B = build.link()
"""A healthy shortcut: leaf-a is the server, and both heard from each other a moment ago."""

NAT = Endpoint(addresses=("203.0.113.7",), port=51841)
NAT_GIVEN: dict[str, Any] = {"address": "203.0.113.7", "port": 51841}
LONG_AGO = "2025-12-31T23:59:39Z"

DIALLED = {
    "another address and port": NAT,
    "another address": Endpoint(addresses=("203.0.113.7",), port=build.ENDPOINT.port),
    "another port": Endpoint(addresses=build.ENDPOINT.addresses, port=51841),
    "a name": Endpoint(addresses=("vpn.example.org",), port=51841),
    "several addresses": Endpoint(addresses=("203.0.113.7", "203.0.113.8"), port=51841),
    "another port of one of its addresses": Endpoint(addresses=(build.ADDRESS, "203.0.113.8"), port=51841),
    "IPv6": Endpoint(addresses=("2001:db8::7",), port=51841),
}
every_way = pytest.mark.parametrize("dials", DIALLED.values(), ids=DIALLED.keys())


def behind_nat(dials: Endpoint = NAT) -> ClusterState:
    return build.edit(B, Kind.CLIENT, endpoint=dials)


def silent(state: ClusterState, peer: str, how: str) -> ClusterState:
    """The gateway of a cluster has not heard from the peer a moment ago."""
    connections = {
        "no Connection": (),
        "an old one": (build.connection(state.id, peer, at=LONG_AGO),),
        "an error": (build.connection(state.id, peer, value="Error"),),
        "never measured": (build.connection(state.id, peer, at=None),),
        "two of them": (build.connection(state.id, peer), build.connection(state.id, peer)),
    }
    return build.having(state, connections=connections[how])


def declared_by(advice: str) -> dict[str, Any]:
    """The setting that an advice or note names."""
    return dict(yaml.safe_load(advice.partition("declare it with ")[2].partition(" where ")[0]))


def settings(found: dict[str, Any]) -> Settings:
    return Settings(client_endpoint=ClientEndpoint(**found["client_endpoint"]))


def names(evidence: Evidence) -> list[FaultName]:
    return [fault.name for fault in evidence.faults]


@every_way
def test_a_link_whose_gateways_hear_each_other_is_fresh_whatever_the_client_dials(dials: Endpoint) -> None:
    evidence = weigh(A, behind_nat(dials))
    assert (evidence.rung, evidence.faults) == (Rung.FRESH, ())
    (note,) = evidence.notes
    assert note.startswith(f"leaf-b: GatewayClient liqo-tenant-leaf-a/leaf-a dials {dials}, the server is at ")


@every_way
def test_who_declares_what_the_note_says_has_no_note_and_an_empty_plan(dials: Endpoint) -> None:
    (note,) = weigh(A, behind_nat(dials)).notes
    declared = settings(declared_by(note))
    evidence = weigh(A, behind_nat(dials), declared=declared)
    assert (evidence.rung, evidence.faults, evidence.notes) == (Rung.FRESH, (), ())
    wish = build.shortcut(client_endpoint=declared.client_endpoint)
    assert plan_link(wish, A, behind_nat(dials), fabric=build.RETAIL).ops == ()


@every_way
def test_what_is_gathered_of_it_declares_it_and_changes_nothing(dials: Endpoint) -> None:
    found = gather(build.pair(), A, behind_nat(dials))
    assert found.refused == ()
    assert weigh(A, behind_nat(dials), declared=settings(found.shortcut)).faults == ()
    wish = build.shortcut(client_endpoint=settings(found.shortcut).client_endpoint)
    assert plan_link(wish, A, behind_nat(dials), fabric=build.RETAIL).ops == ()


def test_a_server_that_advertises_nothing_needs_both_parts_declared() -> None:
    nameless = build.edit(A, Kind.SERVER, endpoint=None)
    evidence = weigh(nameless, behind_nat())
    assert (evidence.rung, evidence.faults) == (Rung.FRESH, ())
    (note,) = evidence.notes
    assert declared_by(note) == {"client_endpoint": {"address": "203.0.113.7", "port": 51841}}
    assert gather(build.pair(), nameless, behind_nat()).shortcut["client_endpoint"] == {
        "address": "203.0.113.7",
        "port": 51841,
    }
    declared = settings(declared_by(note))
    assert weigh(nameless, behind_nat(), declared=declared) == weigh(A, B)
    wish = build.shortcut(client_endpoint=declared.client_endpoint)
    assert plan_link(wish, nameless, behind_nat(), fabric=build.RETAIL).ops == ()


def test_without_a_tunnel_nothing_is_gathered_of_what_a_client_once_dialled() -> None:
    nameless = silent(build.edit(A, Kind.SERVER, endpoint=None), "leaf-b", "an error")
    assert "client_endpoint" not in gather(build.pair(), nameless, behind_nat()).shortcut


@pytest.mark.parametrize("how", ["no Connection", "an old one", "an error", "never measured", "two of them"])
@pytest.mark.parametrize("liar", ["leaf-a", "leaf-b"])
def test_one_cluster_alone_does_not_make_its_link_fresh(liar: str, how: str) -> None:
    """It calls its own gateway connected, and may advertise or dial anything."""
    one = A if liar == "leaf-a" else silent(A, "leaf-b", how)
    other = behind_nat() if liar == "leaf-b" else silent(behind_nat(), "leaf-a", how)
    evidence = weigh(one, other)
    assert evidence.rung is Rung.DECLARED
    assert FaultName.STALE_ENDPOINT in names(evidence)
    assert evidence.notes == ()


def test_hearing_settles_the_endpoint_and_nothing_else() -> None:
    renumbered = build.renumbered(A)
    evidence = weigh(renumbered, behind_nat())
    assert (evidence.rung, names(evidence)) == (Rung.DECLARED, [FaultName.CIDR_DRIFT])


@pytest.mark.parametrize("how", ["heard", "no Connection"])
@every_way
def test_of_a_declared_link_both_ways_out_are_true(dials: Endpoint, how: str) -> None:
    """The pair is declared without client_endpoint: the next apply would let the client dial the server."""
    one = A if how == "heard" else silent(A, "leaf-b", how)
    evidence = weigh(one, behind_nat(dials), declared=Settings())
    (fault,) = evidence.faults
    assert (fault.name, fault.cluster) == (FaultName.STALE_ENDPOINT, "leaf-b")
    assert evidence.rung is (Rung.FRESH if how == "heard" else Rung.DECLARED)
    assert f"the next apply lets GatewayClient liqo-tenant-leaf-a/leaf-a dial {build.ENDPOINT}" in fault.repair
    (op,) = plan_link(build.shortcut(), one, behind_nat(dials), fabric=build.RETAIL).ops
    assert [(change.field, change.after) for change in op.changes] == [("endpoint", build.ENDPOINT)]
    wish = build.shortcut(client_endpoint=settings(declared_by(fault.repair)).client_endpoint)
    assert plan_link(wish, one, behind_nat(dials), fabric=build.RETAIL).ops == ()


@every_way
def test_a_plan_that_ends_what_works_says_so_with_the_declaration_that_keeps_it(dials: Endpoint) -> None:
    plan = plan_link(build.shortcut(), A, behind_nat(dials), fabric=build.RETAIL)
    (note,) = plan.notes
    assert f"both gateways hear from each other while it dials {dials}; where {dials} is meant (NAT), declare" in note
    wish = build.shortcut(client_endpoint=settings(declared_by(note)).client_endpoint)
    kept = plan_link(wish, A, behind_nat(dials), fabric=build.RETAIL)
    assert (kept.ops, kept.notes) == ((), ())


def test_a_plan_has_no_such_note_where_the_tunnel_is_down_or_the_endpoint_is_declared() -> None:
    down = silent(A, "leaf-b", "an old one")
    assert plan_link(build.shortcut(), down, behind_nat(), fabric=build.RETAIL).notes == ()
    moved = build.shortcut(client_endpoint=ClientEndpoint(address="203.0.113.9", port=51841))
    assert [op.kind for op in plan_link(moved, A, behind_nat(), fabric=build.RETAIL).ops] == [Kind.CLIENT]
    assert plan_link(moved, A, behind_nat(), fabric=build.RETAIL).notes == ()
    assert plan_link(build.shortcut(), A, B, fabric=build.RETAIL).notes == ()


def test_a_plan_that_changes_something_else_has_no_such_note() -> None:
    adopted = plan_link(build.shortcut(), *build.adopted(A, behind_nat()), fabric=build.RETAIL, adopt=True)
    assert {op.reason for op in adopted.ops} == {"adopted"}
    assert ["hear from each other" in note for note in adopted.notes] == [False]


@pytest.mark.parametrize("alive", [True, False])
@pytest.mark.parametrize("declared", [Settings(), Settings(client_endpoint=ClientEndpoint(**NAT_GIVEN))])
def test_no_declaration_is_named_for_a_client_of_another_protocol(declared: Settings, alive: bool) -> None:
    """No declaration says the protocol, and one of its address and port would not keep it."""
    one = A if alive else silent(A, "leaf-b", "an error")
    other = behind_nat(replace(NAT, protocol="TCP"))
    stale = [fault for fault in weigh(one, other, declared=declared).faults if fault.name is FaultName.STALE_ENDPOINT]
    assert ["client_endpoint" in fault.repair for fault in stale] == [False]
    assert stale[0].repair.startswith("the next apply lets GatewayClient liqo-tenant-leaf-a/leaf-a dial ")
    assert all("client_endpoint" not in note for note in weigh(A, other).notes)


def test_of_a_working_link_the_declaration_is_named_first() -> None:
    (fault,) = weigh(A, behind_nat(), declared=Settings()).faults
    assert fault.repair.startswith("declare it with client_endpoint: { address: 203.0.113.7, port: 51841 } where ")


@pytest.mark.parametrize("how", ["heard", "no Connection"])
def test_a_client_that_left_the_declared_endpoint_is_led_back(how: str) -> None:
    one = A if how == "heard" else silent(A, "leaf-b", how)
    override = ClientEndpoint(address="203.0.113.7", port=51841)
    evidence = weigh(one, B, declared=Settings(client_endpoint=override))
    (fault,) = evidence.faults
    assert fault.name is FaultName.STALE_ENDPOINT
    assert fault.detail.endswith(f"dials {build.ENDPOINT}, the declaration says {NAT}")
    assert "take client_endpoint out of its declaration" in fault.repair
    (op,) = plan_link(build.shortcut(client_endpoint=override), one, B, fabric=build.RETAIL).ops
    assert [(change.field, change.after) for change in op.changes] == [("endpoint", NAT)]
    assert plan_link(build.shortcut(), one, B, fabric=build.RETAIL).ops == ()


def test_a_declared_endpoint_that_never_answers_is_named_as_the_declaration() -> None:
    dead = [silent(A, "leaf-b", "an error"), silent(behind_nat(), "leaf-a", "an error")]
    declared = Settings(client_endpoint=ClientEndpoint(address="203.0.113.7", port=51841))
    evidence = weigh(*dead, declared=declared)
    assert (evidence.rung, set(names(evidence))) == (Rung.AGREED, {FaultName.DEAD_TUNNEL})
    for fault in evidence.faults:
        assert f"{NAT}, which client_endpoint declares, leads to the gateway server at {build.ENDPOINT}" in fault.repair
    alone = weigh_alone(dead[1], ClusterId("leaf-a"), because="leaf-a did not answer", declared=declared)
    assert [f"{NAT}, which client_endpoint declares" in fault.repair for fault in alone.faults] == [True]


def test_what_the_client_does_not_dial_yet_is_not_called_unreachable() -> None:
    declared = Settings(client_endpoint=ClientEndpoint(address="203.0.113.7", port=51841))
    evidence = weigh(silent(A, "leaf-b", "an error"), B, declared=declared)
    assert [f"client can reach {build.ENDPOINT}" in fault.repair for fault in evidence.faults] == [False, True]


@pytest.mark.parametrize("alive", [True, False])
def test_no_declaration_is_named_for_a_peering(alive: bool) -> None:
    one = A if alive else silent(A, "leaf-b", "no Connection")
    peered = build.having(behind_nat(), peering=("Tenant leaf-a",))
    evidence = weigh(one, peered)
    assert evidence.rung is (Rung.FRESH if alive else Rung.DECLARED)
    told = evidence.notes if alive else [fault.repair for fault in evidence.faults]
    assert ["client_endpoint" in text for text in told] == [False]


@pytest.mark.parametrize("address", ["127.0.0.1", "10.151.0.9", "169.254.169.254", "{{ lookup('pipe', 'id') }}"])
def test_no_advice_to_declare_what_no_server_may_advertise(address: str) -> None:
    dials = Endpoint(addresses=(address,), port=51841)
    evidence = weigh(A, behind_nat(dials))
    assert evidence.rung is Rung.FRESH
    assert ["client_endpoint" in note for note in evidence.notes] == [False]
    assert "client_endpoint" not in gather(build.pair(), A, behind_nat(dials)).shortcut


def test_a_refused_endpoint_that_nobody_dials_is_a_note_where_nothing_is_declared() -> None:
    odd = build.edit(A, Kind.SERVER, endpoint=Endpoint(addresses=("127.0.0.1",), port=51840))
    evidence = weigh(odd, behind_nat())
    assert (evidence.rung, evidence.faults) == (Rung.FRESH, ())
    assert declared_by(evidence.notes[0])["client_endpoint"]["address"] == "203.0.113.7"
    assert names(weigh(odd, behind_nat(), declared=Settings())) == [FaultName.REFUSED_ENDPOINT]


def test_no_part_of_an_endpoint_declares_nothing() -> None:
    """As a pair says that the default of all others does not hold for it."""
    (fault,) = weigh(A, behind_nat(), declared=Settings(client_endpoint=ClientEndpoint())).faults
    assert fault.detail.endswith(f"the server is at {build.ENDPOINT}")
