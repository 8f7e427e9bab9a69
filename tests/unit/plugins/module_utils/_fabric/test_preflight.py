# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is said before the first write, and which links it stops."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.errors import FabricError, FailureName
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.findings import (
    Check,
    Finding,
    Level,
    in_order,
    left_out,
    refusals,
    refuse,
)
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.model import ClientEndpoint, ClusterId, Pair, Shortcut
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.objects import ClusterState, Kind, LostLabels
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.operations import LinkPlan
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.plan import plan_link
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.preflight import preflight
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.scene import Seen, ServicePorts, UsedNetwork
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.build import RETAIL, cluster, cluster_id, edit, link, only_side, pair, server, shortcut, side, with_side
from tests.unit.pretend_liqo import World
from tests.unit.strategies import law, wishes, worlds

A, B, C = (cluster_id(name) for name in ("leaf-a", "leaf-b", "leaf-c"))
SERVICES = frozenset({"node-port", "load-balancer"})


def found(
    *states: ClusterState, wish: Iterable[Shortcut] = (), seen: dict[ClusterId, Seen] | None = None
) -> list[tuple[str, str, str, str]]:
    """Check, level, cluster and what of every finding for the wishes, by default leaf-a and leaf-b."""
    return [(one.check, one.level, one.cluster, one.what) for one in findings(*states, wish=wish, seen=seen)]


def findings(
    *states: ClusterState, wish: Iterable[Shortcut] = (), seen: dict[ClusterId, Seen] | None = None
) -> tuple[Finding, ...]:
    by_id = {state.id: state for state in states}
    plans = {one.pair: plan_of(one, by_id) for one in (*wish,) or (shortcut(),)}
    return preflight(plans, by_id, seen or {})


def plan_of(wish: Shortcut, by_id: dict[ClusterId, ClusterState]) -> LinkPlan:
    planned = plan_link(wish, by_id[wish.pair.a], by_id[wish.pair.b], fabric=RETAIL)
    assert planned.blocked is None, str(planned.blocked)
    return planned


def three(**facts: Any) -> tuple[ClusterState, ...]:
    return tuple(cluster(name, **facts) for name in ("leaf-a", "leaf-b", "leaf-c"))


def problem(what: str = "cannot create it") -> FabricError:
    return FabricError(
        what=what,
        where="leaf-a at https://10.0.0.1:6443",
        why="a policy says no",
        next="ask for it",
        fault=FailureName.REJECTED,
    )


def test_a_cluster_that_was_not_read_takes_part_in_no_comparison() -> None:
    states = {A: cluster("leaf-a", version=(1, 0, 1)), B: cluster("leaf-b")}
    plan = plan_of(shortcut(), states)
    alone = replace(plan, ops=tuple(op for op in plan.ops if op.cluster == A))
    assert all(one.check is not Check.SKEW for one in preflight({pair(): alone}, {A: states[A]}, {}))


def test_a_new_link_without_anything_odd_gives_no_finding() -> None:
    assert found(cluster("leaf-a"), cluster("leaf-b")) == []


def test_nothing_is_said_where_nothing_is_to_be_done() -> None:
    a, b = link()
    seen = {A: Seen(unmade=0, networks=(UsedNetwork(cidr=b.networks.pod[0], of="pod CIDR"),))}
    assert found(replace(a, version=(2, 0, 0)), b, seen=seen) == []


def test_a_missing_right_stops_every_link_that_needs_it_with_one_text() -> None:
    states = three()
    wish = [shortcut("leaf-a", "leaf-b"), shortcut("leaf-a", "leaf-c"), shortcut("leaf-b", "leaf-c")]
    plans = {one.pair: plan_of(one, {state.id: state for state in states}) for one in wish}
    denied = {
        op.id: ("create publickeies.networking.liqo.io",)
        for plan in plans.values()
        for op in plan.ops
        if op.kind is Kind.PUBLIC_KEY and op.cluster == A
    }
    refused = refusals(findings(*states, wish=wish, seen={A: Seen(denied=denied)}))
    assert refused.keys() == {pair("leaf-a", "leaf-b"), pair("leaf-a", "leaf-c")}
    assert len({str(reason) for reason in refused.values()}) == 1
    assert "create publickeies.networking.liqo.io" in str(refused[pair()])
    assert refused[pair()].fault is FailureName.MISSING_RIGHT


def test_lost_labels_that_may_not_be_written_are_one_warning_for_each_kind() -> None:
    a, b = link()
    seen = only_side(a)
    crowd = tuple(
        replace(
            seen.connections[0],
            meta=replace(
                seen.connections[0].meta,
                name=f"odd-{number}",
                uid=f"u{number}",
                lost=LostLabels(resource="connections.networking.liqo.io", labels=("a=b",)),
            ),
        )
        for number in range(1000)
    )
    a = with_side(a, replace(seen, connections=crowd))
    plan = plan_of(shortcut(), {A: a, B: b})
    lost = [op.id for op in plan.ops if op.relabels]
    assert len(lost) == 1000
    (one,) = findings(a, b, seen={A: Seen(denied=dict.fromkeys(lost, ("patch connections.networking.liqo.io",)))})
    assert (one.level, one.fault) == ("warning", FailureName.LOST_LABEL)
    assert "odd-0, " in one.what
    assert "and 995 more lost a label" in one.what
    assert left_out([one]) == set(lost)


def test_what_the_api_server_refuses_and_an_api_server_that_is_silent_stop_the_link() -> None:
    states = (cluster("leaf-a"), cluster("leaf-b"))
    first = plan_of(shortcut(), {state.id: state for state in states}).ops[0]
    refused = findings(*states, seen={first.cluster: Seen(refused={first.id: problem()})})
    assert [(one.check, one.level, one.what) for one in refused] == [("dry-run", "error", "cannot create it")]
    assert refusals(refused)[pair()].fault is FailureName.REJECTED
    silent = findings(*states, seen={B: Seen(unreachable=problem("no answer"))})
    assert [(one.level, one.cluster, one.pair) for one in silent] == [("error", B, pair())]


def test_what_could_not_be_asked_is_only_mentioned() -> None:
    checks = (Check.RIGHTS, Check.DRY_RUN, Check.NODE_PORT, Check.IPAM_POOL)
    seen = {A: Seen(unmade=3, unanswered={check: problem() for check in checks})}
    told = findings(cluster("leaf-a"), cluster("leaf-b"), seen=seen)
    assert {one.level for one in told} == {Level.INFO}
    assert len(told) == 5
    assert refusals(told) == {}


@pytest.mark.parametrize(
    ("versions", "expected"),
    [
        (((1, 2, 0), (1, 2, 5)), []),
        (((1, 0, 1), (1, 2, 0)), [("skew", "info", A)]),
        ((None, (1, 2, 0)), [("version", "info", A)]),
        (((1, 2, 0), (1, 3, 0)), [("skew", "warning", A), ("version", "warning", B)]),
    ],
)
def test_versions(versions: tuple[tuple[int, ...] | None, ...], expected: list[tuple[str, str, str]]) -> None:
    states = [cluster(name, version=version) for name, version in zip(("leaf-a", "leaf-b"), versions, strict=True)]
    told = [one[:3] for one in found(*states) if one[0] in ("version", "skew")]
    assert sorted(told) == sorted(expected)


OUTSIDE = "100.64.0.0/16"


@pytest.mark.parametrize(
    ("version", "pools", "level"),
    [
        ((1, 1, 2), ("10.0.0.0/8", "172.16.0.0/12"), "error"),
        ((1, 1, 2), None, "warning"),
        (None, ("10.0.0.0/8", "172.16.0.0/12"), "warning"),
        ((1, 1, 2), ("100.64.0.0/10", "172.16.0.0/12"), None),
        ((1, 2, 0), ("10.0.0.0/8", "172.16.0.0/12"), None),
    ],
)
def test_a_peer_outside_of_the_pools_of_an_old_ipam(
    version: tuple[int, ...] | None, pools: tuple[str, ...] | None, level: str | None
) -> None:
    a, b = cluster("leaf-a", version=version), cluster("leaf-b", pod=OUTSIDE)
    b = replace(b, networks=replace(b.networks, external=("172.20.0.0/16",)))
    told = [one for one in found(a, b, seen={A: Seen(pools=pools)}) if one[0] == "ipam-pool"]
    what = f"leaf-b's {OUTSIDE} lies outside of the IPAM pools of leaf-a"
    assert told == ([("ipam-pool", level, A, what)] if level else [])


def test_a_pod_cidr_that_is_used_already_will_be_seen_as_another_one() -> None:
    a, b = cluster("leaf-a", pod="10.42.0.0/16"), cluster("leaf-b", pod="10.42.0.0/16")
    seen = {A: Seen(networks=(UsedNetwork(cidr="10.42.0.0/16", of="pod CIDR"),))}
    (told,) = findings(a, b, seen=seen)
    assert (told.check, told.level, told.cluster) == ("remap", "info", A)
    assert told.what == "leaf-b's pod CIDR 10.42.0.0/16 will be seen as another CIDR on leaf-a"
    assert told.why == "10.42.0.0/16 overlaps leaf-a's own pod CIDR 10.42.0.0/16"


def test_what_the_peer_itself_has_there_already_is_no_clash() -> None:
    a, b = cluster("leaf-a"), cluster("leaf-b", pod="10.42.0.0/16")
    networks = (UsedNetwork(cidr="10.42.0.0/16", of="network leaf-b-pod", peer=B),)
    assert found(a, b, seen={A: Seen(networks=networks)}) == []


def test_two_new_peers_with_the_same_addresses_may_give_way_to_each_other() -> None:
    states = (cluster("leaf-a"), cluster("leaf-b", pod="10.42.0.0/16"), cluster("leaf-c", pod="10.42.0.0/16"))
    told = found(*states, wish=[shortcut("leaf-a", "leaf-b"), shortcut("leaf-a", "leaf-c")])
    what = "leaf-c's pod CIDR 10.42.0.0/16 may be seen as another CIDR on leaf-a"
    assert told == [("remap", "info", A, what)]


def test_pools_without_room_for_a_remap() -> None:
    a, b = cluster("leaf-a"), cluster("leaf-b", pod="10.42.0.0/16")
    networks = (UsedNetwork(cidr="10.42.0.0/16", of="pod CIDR"),)
    full, roomy = ({A: Seen(networks=networks, pools=pools)} for pools in (("10.42.0.0/16",), ("10.42.0.0/15",)))
    assert "ipam-pool" in {one[0] for one in found(a, b, seen=full)}
    assert "ipam-pool" not in {one[0] for one in found(a, b, seen=roomy)}


NODE_PORT: dict[str, Any] = {"service_type": "NodePort", "node_port": 30500}


def taken_by(*, seen: Seen | None = None, a: ClusterState | None = None, others: Iterable[Shortcut] = ()) -> list[str]:
    """The reasons why leaf-a's port is taken, by pair."""
    states = (a or cluster("leaf-a"), cluster("leaf-b"), cluster("leaf-c"))
    wish = [shortcut("leaf-a", "leaf-b", **NODE_PORT), *others]
    told = findings(*states, wish=wish, seen={A: seen or Seen()})
    return [f"{one.pair}: {one.why}" for one in told if one.check is Check.NODE_PORT and one.level is Level.ERROR]


def service(namespace: str = "shop", **facts: Any) -> Seen:
    return Seen(services=(ServicePorts(namespace=namespace, name="web", **facts),))


def test_a_node_port_of_another_service() -> None:
    assert taken_by() == []
    assert taken_by(seen=service(node_ports=frozenset({30501}))) == []
    assert taken_by(seen=service(node_ports=frozenset({30500}))) == ["leaf-a <-> leaf-b: used by Service shop/web"]


def test_the_service_of_the_gateway_itself_is_no_clash() -> None:
    assert taken_by(seen=service("liqo-tenant-leaf-b", node_ports=frozenset({30500}))) == []


def test_a_node_port_of_another_planned_server_stops_both() -> None:
    others = [shortcut("leaf-a", "leaf-c", **NODE_PORT)]
    assert taken_by(others=others) == [
        "leaf-a <-> leaf-b: used by the planned gateway server for leaf-c",
        "leaf-a <-> leaf-c: used by the planned gateway server for leaf-b",
    ]


def test_a_node_port_of_a_server_that_is_there_already() -> None:
    held = side("leaf-a", "leaf-c", gateway=server("leaf-a", "leaf-c", **NODE_PORT))
    a = with_side(cluster("leaf-a"), held)
    assert taken_by(a=a) == ["leaf-a <-> leaf-b: used by the gateway server for leaf-c"]


def test_a_node_port_that_another_server_gives_up_in_the_same_run_is_free() -> None:
    a, c = link("leaf-a", "leaf-c")
    a = edit(a, Kind.SERVER, **NODE_PORT)
    wish = [
        shortcut("leaf-a", "leaf-b", **NODE_PORT),
        shortcut("leaf-a", "leaf-c", **{**NODE_PORT, "node_port": 30501}),
    ]
    assert [one for one in found(a, cluster("leaf-b"), c, wish=wish) if one[0] == "node-port"] == []


@pytest.mark.parametrize(
    ("port", "seen", "clash"),
    [
        (51840, Seen(), "used by the planned gateway server for leaf-c"),
        (51841, Seen(), None),
        (51841, service(ports=frozenset({(51840, "UDP")}), addresses=frozenset({"192.0.2.9"})),
         "used by Service shop/web"),
        (51841, service(ports=frozenset({(51840, "TCP")}), addresses=frozenset({"192.0.2.9"})), None),
        (51841, service(ports=frozenset({(51840, "UDP")}), addresses=frozenset({"192.0.2.8"})), None),
    ],
)  # fmt: skip
def test_links_that_share_a_load_balancer_need_different_ports(port: int, seen: Seen, clash: str | None) -> None:
    wish = [
        shortcut("leaf-a", "leaf-b", load_balancer_ip="192.0.2.9"),
        shortcut("leaf-a", "leaf-c", load_balancer_ip="192.0.2.9", port=port),
    ]
    told = [one.why for one in findings(*three(), wish=wish, seen={A: seen}) if one.pair == pair("leaf-a", "leaf-b")]
    assert told == ([clash] if clash else [])


@pytest.mark.parametrize(
    ("mtu", "address", "warned"),
    [(1440, "192.0.2.1", False), (1441, "192.0.2.1", True), (1420, "2001:db8::1", False), (1421, "2001:db8::1", True)],
)
def test_an_mtu_that_needs_more_than_most_networks_carry(mtu: int, address: str, warned: bool) -> None:
    wish = shortcut(mtu=mtu, client_endpoint=ClientEndpoint(address=address, port=4500))
    told = found(cluster("leaf-a"), cluster("leaf-b"), wish=[wish])
    assert [one[:2] for one in told] == ([("mtu", "warning")] if warned else [])


def an_error(where: Pair = pair(), what: str = "no") -> Finding:  # noqa: B008 - frozen
    return Finding(check=Check.RIGHTS, level=Level.ERROR, cluster=where.a, pair=where, where="x", what=what, why="y",
                   next="z")  # fmt: skip


def test_an_error_must_name_its_link() -> None:
    with pytest.raises(ValueError, match="stops no link"):
        replace(an_error(), pair=None)


def test_a_link_with_several_errors_names_them_all() -> None:
    reason = refusals([an_error(what="one"), an_error(what="two")])[pair()]
    assert str(reason) == "x: one: y; also x: two: y. Next: z."


def test_of_very_many_errors_a_few_are_named() -> None:
    crowd = [an_error(what=f"odd {number:03}") for number in range(100)]
    reason = str(refusals(crowd)[pair()])
    assert reason.count("odd") == 6
    assert "and 94 more" in reason


def test_what_blocks_a_plan_already_stays_the_reason() -> None:
    plan = LinkPlan(pair=pair(), blocked=problem())
    assert refuse(plan, refusals([an_error()])) is plan


AN_OP = plan_of(shortcut(), {A: cluster("leaf-a"), B: cluster("leaf-b")}).ops[0]
_texts = st.sampled_from(("one", "two"))
_pairs = st.sampled_from((pair("leaf-a", "leaf-b"), pair("leaf-a", "leaf-c"), pair("leaf-b", "leaf-c")))
_findings = st.builds(
    lambda level, check, where, what: replace(an_error(where, what), level=level, check=check),
    st.sampled_from(list(Level)), st.sampled_from(list(Check)), _pairs, _texts,
)  # fmt: skip


@law
@given(st.lists(_findings, max_size=8), st.randoms(use_true_random=False))
def test_a_link_is_stopped_exactly_by_its_own_errors_in_whatever_order_they_come(
    some: list[Finding], random: Any
) -> None:
    errors = {one.pair for one in some if one.level is Level.ERROR}
    assert refusals(some).keys() == errors
    shuffled = random.sample(some, len(some))
    assert in_order(shuffled) == in_order(some)
    assert {key: str(why) for key, why in refusals(shuffled).items()} == {
        key: str(why) for key, why in refusals(some).items()
    }
    for where in (pair("leaf-a", "leaf-b"), pair("leaf-a", "leaf-c"), pair("leaf-b", "leaf-c")):
        stopped = refuse(LinkPlan(pair=where, ops=(AN_OP,)), refusals(some))
        assert bool(stopped.ops) == (where not in errors)
        assert (stopped.blocked is not None) == (where in errors)


@law
@given(wishes, worlds)
def test_only_what_was_asked_can_stop_a_link_whatever_state_it_is_in(wish: Shortcut, world: World) -> None:
    states = dict(world.clusters)
    plan = plan_link(wish, states[A], states[B], fabric=RETAIL)
    told = preflight({wish.pair: plan}, states, {})
    errors = {one.check.value for one in told if one.level is Level.ERROR}
    assert errors <= SERVICES
    assert told == preflight({wish.pair: plan}, dict(reversed(states.items())), {})
    if not plan.ops:
        assert told == ()
    denied = {op.id: ("create it",) for op in plan.ops[:1]}
    asked = preflight({wish.pair: plan}, states, {op.cluster: Seen(denied=denied) for op in plan.ops[:1]})
    assert bool(refusals(asked)) == bool(plan.ops)
