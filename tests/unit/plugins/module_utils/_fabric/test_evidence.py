# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How far up the ladder a link gets, and what each damage is called; repairs are held against the planner."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.evidence import Rung, weigh, weigh_alone
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.faults import FaultName
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.model import ClientEndpoint, ClusterId, Settings
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.objects import (
    ClusterState,
    Endpoint,
    Kind,
    LocalNetworks,
    Meta,
)
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.operations import Verb
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.plan import plan_link

from tests.unit import build

A, B = build.link()
"""A healthy shortcut: leaf-a is the server. Both were read, and both last heard from each other, at T1."""

ELSEWHERE = Endpoint(addresses=("192.0.2.99",), port=51840)
LONG_AGO = "2025-12-31T23:59:39Z"
"""31 s before T1."""
AHEAD = "2026-01-01T00:00:41Z"
"""31 s after T1."""


def heard(state: ClusterState, peer: str, *, at: str | None, value: str = "Connected") -> ClusterState:
    return build.having(state, connections=(build.connection(state.id, peer, value=value, at=at),))


SILENT = build.having(A, connections=())
"""Gateways that hear from each other show that the client dials the right place, see test_endpoint_faults.py."""


@dataclass(frozen=True, kw_only=True)
class Damage:
    """A link with one thing wrong, and what must be said about it."""

    one: ClusterState = A
    other: ClusterState = B
    fault: FaultName
    cluster: str
    rung: Rung = Rung.DECLARED
    others: frozenset[FaultName] = frozenset()
    """Faults that cannot be kept apart from it."""
    repair: tuple[Verb, Kind] | None = None
    """The write to ``cluster`` that the planner makes; None where no write helps."""


DAMAGES = {
    "nothing on one side": Damage(
        other=build.cluster("leaf-b"),
        fault=FaultName.HALF_CONFIGURED,
        cluster="leaf-b",
        repair=(Verb.CREATE, Kind.CONFIGURATION),
    ),
    "no client": Damage(
        other=build.without(B, Kind.CLIENT),
        fault=FaultName.MISSING_OBJECT,
        cluster="leaf-b",
        repair=(Verb.CREATE, Kind.CLIENT),
    ),
    "no key of the peer": Damage(
        one=build.without(A, Kind.PUBLIC_KEY),
        fault=FaultName.MISSING_OBJECT,
        cluster="leaf-a",
        repair=(Verb.CREATE, Kind.PUBLIC_KEY),
    ),
    "two Configurations": Damage(one=build.twice(A, Kind.CONFIGURATION), fault=FaultName.DUPLICATE, cluster="leaf-a"),
    "two servers": Damage(
        other=build.cluster("leaf-b", build.side("leaf-b", "leaf-a")), fault=FaultName.ROLE_CONFLICT, cluster="leaf-a"
    ),
    "an object that hangs": Damage(
        one=build.terminating(A, Kind.CONFIGURATION, "example.org/hold"), fault=FaultName.TERMINATING, cluster="leaf-a"
    ),
    "a Configuration without its label": Damage(
        other=build.edit(B, Kind.CONFIGURATION, labelled=False),
        fault=FaultName.LOST_LABEL,
        cluster="leaf-b",
        repair=(Verb.UPDATE, Kind.CONFIGURATION),
    ),
    "a namespace that no label gives away": Damage(
        one=build.having(A, namespaces=(), lost_namespace=Meta(name="liqo-tenant-leaf-b")),
        fault=FaultName.LOST_LABEL,
        cluster="leaf-a",
    ),
    "a side that we may not see": Damage(
        other=build.cluster("leaf-b", unread=("Configuration", "GatewayClient", "PublicKey")),
        fault=FaultName.UNREAD,
        cluster="leaf-b",
    ),
    "networks that we may not see": Damage(
        one=replace(A, networks=LocalNetworks(), unread=("Network",)), fault=FaultName.UNREAD, cluster="leaf-a"
    ),
    "a key that we may not see, while the tunnel is up": Damage(
        other=build.having(replace(B, unread=("Secret",)), secrets=()),
        fault=FaultName.KEYS_UNREAD,
        cluster="leaf-a",
        rung=Rung.FRESH,
    ),
    "a key that we may not see, while the tunnel is down": Damage(
        one=heard(A, "leaf-b", at=None, value="Connecting"),
        other=build.having(replace(B, unread=("Secret",)), secrets=()),
        fault=FaultName.KEYS_UNREAD,
        cluster="leaf-a",
        others=frozenset({FaultName.DEAD_TUNNEL}),
    ),
    "no networks": Damage(one=replace(A, networks=LocalNetworks()), fault=FaultName.NO_CIDRS, cluster="leaf-a"),
    "a peer that was renumbered": Damage(
        one=build.renumbered(A),
        fault=FaultName.CIDR_DRIFT,
        cluster="leaf-b",
        repair=(Verb.UPDATE, Kind.CONFIGURATION),
    ),
    "no remap": Damage(
        one=build.edit(A, Kind.CONFIGURATION, remap=None), fault=FaultName.UNCONFIGURED, cluster="leaf-a"
    ),
    "a server without an address": Damage(
        one=build.edit(SILENT, Kind.SERVER, endpoint=None), fault=FaultName.NO_ENDPOINT, cluster="leaf-a"
    ),
    "a peer that claims a public range": Damage(
        one=build.renumbered(A, "203.0.113.0/24"), fault=FaultName.REFUSED_CIDRS, cluster="leaf-a"
    ),
    "a server that sends its client to itself": Damage(
        one=build.edit(SILENT, Kind.SERVER, endpoint=Endpoint(addresses=("127.0.0.1",), port=51840)),
        fault=FaultName.REFUSED_ENDPOINT,
        cluster="leaf-a",
    ),
    "a client that dials elsewhere": Damage(
        one=SILENT,
        other=build.edit(B, Kind.CLIENT, endpoint=ELSEWHERE),
        fault=FaultName.STALE_ENDPOINT,
        cluster="leaf-b",
        repair=(Verb.UPDATE, Kind.CLIENT),
    ),
    "a gateway without keys": Damage(one=build.having(A, secrets=()), fault=FaultName.NO_KEY, cluster="leaf-a"),
    "an old key": Damage(
        other=build.edit(B, Kind.PUBLIC_KEY, key=build.key("old")),
        fault=FaultName.STALE_KEY,
        cluster="leaf-b",
        repair=(Verb.UPDATE, Kind.PUBLIC_KEY),
    ),
    "another MTU": Damage(
        other=build.edit(B, Kind.CLIENT, mtu=1200),
        fault=FaultName.MTU_MISMATCH,
        cluster="leaf-b",
        repair=(Verb.UPDATE, Kind.CLIENT),
    ),
    "an error on one side": Damage(
        one=heard(A, "leaf-b", at=None, value="Error"),
        fault=FaultName.DEAD_TUNNEL,
        cluster="leaf-a",
        rung=Rung.AGREED,
    ),
    "no Connection on one side": Damage(
        one=build.having(A, connections=()), fault=FaultName.DEAD_TUNNEL, cluster="leaf-a", rung=Rung.AGREED
    ),
    "a Connection that we may not see": Damage(
        one=build.having(replace(A, unread=("Connection",)), connections=()),
        fault=FaultName.UNREAD,
        cluster="leaf-a",
        rung=Rung.AGREED,
    ),
    "a gateway that fell silent": Damage(
        other=heard(B, "leaf-a", at=LONG_AGO),
        fault=FaultName.STALE_LATENCY,
        cluster="leaf-b",
        rung=Rung.HANDSHAKEN,
    ),
    "a gateway that never measured": Damage(
        other=heard(B, "leaf-a", at=None), fault=FaultName.STALE_LATENCY, cluster="leaf-b", rung=Rung.HANDSHAKEN
    ),
    "a node whose clock is ahead": Damage(
        other=heard(B, "leaf-a", at=AHEAD), fault=FaultName.CLOCK_SKEW, cluster="leaf-b", rung=Rung.HANDSHAKEN
    ),
}

every_damage = pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES.keys())


def test_a_healthy_link_is_fresh_and_only_a_probe_could_say_more() -> None:
    evidence = weigh(A, B)
    assert (evidence.rung, evidence.faults) == (Rung.FRESH, ())
    assert "probe" in evidence.why_not_next


@every_damage
def test_a_damage_has_a_name_a_place_and_a_rung(damage: Damage) -> None:
    evidence = weigh(damage.one, damage.other)
    assert (damage.fault, damage.cluster) in {(fault.name, fault.cluster) for fault in evidence.faults}
    assert evidence.rung == damage.rung


@every_damage
def test_one_damage_is_one_fault(damage: Damage) -> None:
    names = [fault.name for fault in weigh(damage.one, damage.other).faults]
    assert sorted(names) == sorted({damage.fault} | damage.others)


@every_damage
def test_the_reason_against_the_next_rung_is_the_fault(damage: Damage) -> None:
    if damage.rung is not Rung.FRESH:
        assert weigh(damage.one, damage.other).why_not_next.startswith(f"{damage.cluster}: ")


@every_damage
def test_the_order_of_clusters_changes_nothing(damage: Damage) -> None:
    assert weigh(damage.one, damage.other) == weigh(damage.other, damage.one)


@every_damage
def test_a_repair_that_is_a_write_is_one_that_the_planner_makes(damage: Damage) -> None:
    plan = plan_link(build.shortcut(), damage.one, damage.other, fabric=build.RETAIL)
    writes = {(op.verb, op.kind) for op in plan.ops if op.cluster == damage.cluster}
    if damage.repair is not None:
        assert damage.repair in writes
    elif damage.fault in (FaultName.DEAD_TUNNEL, FaultName.STALE_LATENCY, FaultName.CLOCK_SKEW):
        assert plan.ops == ()


def test_no_name_of_a_fault_is_without_an_example() -> None:
    assert {damage.fault for damage in DAMAGES.values()} == set(FaultName)


def test_two_clusters_without_anything_are_absent_to_each_other() -> None:
    assert weigh(build.cluster("leaf-a"), build.cluster("leaf-b")).rung is Rung.ABSENT


def test_what_our_rights_hide_is_not_absent() -> None:
    hidden = build.cluster("leaf-b", unread=("Configuration",))
    evidence = weigh(build.cluster("leaf-a"), hidden)
    assert evidence.rung is None
    assert evidence.why_not_next == "leaf-b: our rights do not show Configuration"


@pytest.mark.parametrize(("age_s", "rung"), [(0, Rung.FRESH), (30, Rung.FRESH), (31, Rung.HANDSHAKEN)])
def test_a_proof_of_life_counts_for_thirty_seconds_of_its_own_clusters_clock(age_s: int, rung: Rung) -> None:
    """leaf-a was read an hour later than leaf-b: only its own timestamp is held against that."""
    later = replace(A, read_at=f"2026-01-01T01:00:{age_s:02}Z")
    assert weigh(heard(later, "leaf-b", at="2026-01-01T01:00:00Z"), B).rung is rung


def test_several_reasons_are_counted() -> None:
    broken = build.edit(build.edit(B, Kind.CLIENT, mtu=1200), Kind.PUBLIC_KEY, key=build.key("old"))
    assert weigh(A, broken).why_not_next.endswith("(and 1 more)")


@pytest.mark.parametrize(
    "override", [ClientEndpoint(address="192.0.2.99", port=51840), ClientEndpoint(address="192.0.2.99")]
)
def test_a_client_that_dials_what_the_user_says_is_no_fault(override: ClientEndpoint) -> None:
    behind_nat = build.edit(B, Kind.CLIENT, endpoint=ELSEWHERE)
    assert weigh(A, behind_nat, declared=Settings(client_endpoint=override)).rung is Rung.FRESH


def test_one_readable_end_gives_what_it_shows_and_no_more_than_declared() -> None:
    evidence = weigh_alone(
        heard(A, "leaf-b", at=None, value="Error"), ClusterId("leaf-b"), because="leaf-b did not answer"
    )
    assert (evidence.rung, evidence.why_not_next) == (Rung.DECLARED, "leaf-b did not answer")
    assert [fault.name for fault in evidence.faults] == [FaultName.DEAD_TUNNEL]


def test_an_empty_end_beside_an_unknown_one_proves_nothing() -> None:
    assert weigh_alone(build.cluster("leaf-a"), ClusterId("leaf-b"), because="leaf-b did not answer").rung is None
