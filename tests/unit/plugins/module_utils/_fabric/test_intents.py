# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What shall become of which pair, for each state and each way to limit a run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from itertools import combinations
from typing import Any

import pytest
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.errors import (
    FabricError,
    FailureName,
    InputError,
)
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.gathered import gather, others_own
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.intents import (
    Intent,
    intents,
    plan_intent,
    to_read,
)
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.model import (
    ClientEndpoint,
    Cluster,
    ClusterId,
    Fabric,
    Pair,
    Scope,
    ScopeRule,
    Shortcut,
    State,
    Tolerance,
)
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.objects import ClusterState, Endpoint, Kind, Side
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.operations import LinkPlan, Verb
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.plan import plan_link
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.removal_limit import limit_removals
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.run_options import parse_run_options
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.build import (
    RETAIL,
    client,
    cluster,
    cluster_id,
    edit,
    link,
    marked,
    only_side,
    owners,
    shortcut,
    side,
)
from tests.unit.strategies import law

A, B, C, D = (cluster_id(f"leaf-{letter}") for letter in "abcd")
AB, AC, BC, CD = Pair.of(A, B), Pair.of(A, C), Pair.of(B, C), Pair.of(C, D)
ALL_PAIRS = [Pair.of(one, other) for one, other in combinations((A, B, C, D), 2)]


def fabric(*wanted: Pair, clusters: str = "abcd", **fields: Any) -> Fabric:
    ids = [cluster_id(f"leaf-{letter}") for letter in clusters]
    declared = tuple(Cluster(id=one, name=one, labels={}) for one in ids)
    wishes = tuple(shortcut(one.a, one.b) for one in sorted(wanted))
    return Fabric(name=RETAIL, clusters=declared, shortcuts=wishes, **fields)


def linked(*pairs: Pair, owner: str = "retail") -> dict[ClusterId, ClusterState]:
    """Clusters a, b, c and d with healthy links of one owner between some of them."""
    states = {name: cluster(name) for name in (A, B, C, D)}
    for one in pairs:
        ends = (side(one.a, one.b), side(one.b, one.a, gateway=client(one.b, one.a)))
        for held in ends:
            mark = next(iter(marked(cluster(held.cluster, held), owner).sides.values()))
            state = states[held.cluster]
            states[held.cluster] = replace(state, sides={**state.sides, held.peer: mark})
    return states


def chosen(wishes: Fabric, states: dict[ClusterId, ClusterState]) -> dict[Pair, str]:
    return {
        intent.pair: "keep" if intent.shortcut else "forget" if intent.lost else "remove"
        for intent in intents(wishes, states.values())
    }


@pytest.mark.parametrize(
    ("state", "wanted", "expected"),
    [
        (State.PRESENT, [AB], {AB: "keep"}),
        (State.EXACT, [AB], {AB: "keep", AC: "remove"}),
        (State.EXACT, [], {AB: "remove", AC: "remove"}),
        (State.ABSENT, [AB], {AB: "remove"}),
    ],
)
def test_a_state_says_what_becomes_of_each_pair(state: State, wanted: list[Pair], expected: dict[Pair, str]) -> None:
    assert chosen(fabric(*wanted, state=state), linked(AB, AC)) == expected


def test_exact_leaves_the_links_of_others_alone() -> None:
    states = linked(AB, owner="edge")
    assert chosen(fabric(state=State.EXACT), states) == {}
    assert chosen(fabric(AC, state=State.EXACT), states) == {AC: "keep"}


def test_exact_only_takes_its_mark_from_what_another_fabric_wants_too() -> None:
    states = {key: marked(state, "retail", "edge") if state.sides else state for key, state in linked(AB).items()}
    wishes = fabric(state=State.EXACT, max_removals=0)
    plan = plan_intent(Intent(pair=AB, named=False), states, wishes)
    assert {op.verb for op in plan.ops} == {Verb.UPDATE}
    assert limit_removals({AB: plan}, states, wishes)[AB].blocked is None


@pytest.mark.parametrize(("limit", "blocked"), [(1, True), (2, False)])
def test_exact_removes_none_rather_than_more_than_max_removals(limit: int, blocked: bool) -> None:
    wishes = fabric(AB, state=State.EXACT, max_removals=limit)
    states = linked(AC, BC)
    limited = limited_plans(wishes, states)
    assert [bool(limited[one].blocked) for one in (AB, AC, BC)] == [False, blocked, blocked]
    assert limited[AB].ops
    if blocked:
        assert "leaf-a and leaf-c have 2 links that are not declared, and max_removals is 1" in str(limited[AC].blocked)
        assert "leaf-a <-> leaf-c, leaf-b <-> leaf-c" in str(limited[AC].blocked)
        assert "set max_removals to 2, or remove leaf-a <-> leaf-c with state absent" in str(limited[AC].blocked)
        assert limited[AC].ops == ()


def test_a_limit_counts_the_links_of_both_ends_and_none_elsewhere() -> None:
    """Two links that share no end are two mistakes at most, and neither of them can stop the other."""
    states = linked(AB, CD)
    assert not any(plan.blocked for plan in limited_plans(fabric(state=State.EXACT, max_removals=1), states).values())
    states = linked(AB, BC, CD)
    blocked = limited_plans(fabric(state=State.EXACT, max_removals=2), states)
    assert [bool(blocked[one].blocked) for one in (AB, BC, CD)] == [False, True, False]
    mesh = limited_plans(fabric(state=State.EXACT, max_removals=4), linked(*ALL_PAIRS))
    assert all(plan.blocked for plan in mesh.values())


def test_what_does_not_go_anyway_does_not_count() -> None:
    edge = {key: marked(state, "retail", "edge") if state.sides else state for key, state in linked(AB).items()}
    retail = linked(AC)
    states = {key: replace(retail[key], sides={**edge[key].sides, **retail[key].sides}) for key in retail}
    for fields in ({}, {"forget": (B,), "clusters": "acd"}, {"unlabelled": (B,)}, {"clusters": "acd"}):
        found = linked(AB, AC) if fields else states
        if "clusters" in fields:
            del found[B]
        wishes = fabric(state=State.EXACT, max_removals=1, **fields)
        assert limited_plans(wishes, found)[AC].blocked is None
    declared = fabric(AB, state=State.EXACT, max_removals=1)
    assert limited_plans(declared, linked(AB, AC))[AC].blocked is None


def test_links_that_services_may_still_use_stay_and_those_of_others_go() -> None:
    declared = fabric(state=State.EXACT, keep_links=frozenset({BC}))
    plans = planned(declared, linked(AC, BC))
    kept = plans[BC].blocked
    assert kept is not None
    assert (kept.fault, plans[BC].ops) == (FailureName.IN_USE, ())
    assert plans[AC].blocked is None
    assert {op.verb for op in plans[AC].ops} == {Verb.DELETE}
    # What is declared is made and repaired all the same.
    assert planned(fabric(BC, keep_links=frozenset({BC})), linked())[BC].ops


def claiming(state: ClusterState, *peers: str) -> ClusterState:
    """The cluster, which says of its own objects that this fabric has links of it with all of these."""
    false = {cluster_id(peer): side(state.id, peer) for peer in peers}
    return replace(state, sides={**false, **state.sides})


NOWHERE = [f"leaf-x{number}" for number in range(20)]
UNREAD = FabricError(what="w", where="x", why="y", next="z", fault=FailureName.UNREACHABLE)


def test_false_marks_on_one_leaf_stop_no_removal_of_a_link_between_others() -> None:
    wishes = fabric(state=State.EXACT, max_removals=1)
    states = linked(AC)
    states[B] = claiming(states[B], "leaf-a", "leaf-c")
    limited = limited_plans(wishes, states)
    assert limited[AC].blocked is None
    assert {op.cluster for op in limited[AC].ops} == {A, C}
    for false in (AB, BC):
        blocked = limited[false].blocked
        assert blocked is not None
        assert blocked.fault == FailureName.TOO_MANY_REMOVALS


@pytest.mark.parametrize("answer", ["honest", "unreachable", "marks nothing", "marks everything"])
def test_what_one_leaf_answers_does_not_decide_whether_a_link_between_others_goes(answer: str) -> None:
    states: dict[ClusterId, ClusterState | FabricError] = {**linked(AB, AC, BC)}
    if answer == "marks nothing":
        states[B] = cluster(B)
    elif answer == "marks everything":
        states[B] = claiming(linked(AB, BC)[B], *NOWHERE, D)
    elif answer == "unreachable":
        states[B] = UNREAD
    for limit, blocked in ((2, True), (3, False)):
        found = limited_plans(fabric(state=State.EXACT, max_removals=limit), states)[AC]
        assert (found.blocked is not None) is blocked
        assert told(found) == told(limited_plans(fabric(state=State.EXACT, max_removals=limit), linked(AB, AC, BC))[AC])


MARKS = st.sampled_from([frozenset(), *(owners(*names) for names in (["retail"], ["edge"], ["edge", "retail"]))])


@law
@given(
    st.sets(st.sampled_from(ALL_PAIRS)),
    st.sets(st.sampled_from(ALL_PAIRS)),
    st.sampled_from([State.PRESENT, State.EXACT, State.ABSENT]),
    MARKS,
    st.lists(st.sampled_from([*NOWHERE, "leaf-a", "leaf-c", "leaf-d"]), unique=True),
    st.integers(0, 4),
)
def test_whatever_one_leaf_marks_the_plans_of_links_between_others_are_the_same(
    linked_pairs: set[Pair], wanted: set[Pair], state: State, marks: frozenset[Any], claims: list[str], limit: int
) -> None:
    def others(states: Mapping[ClusterId, ClusterState | FabricError]) -> dict[Pair, Any]:
        wishes = fabric(*wanted, state=state, max_removals=limit, every_owned_pair=state is State.ABSENT)
        found = limited_plans(wishes, states)
        return {one: told(plan) for one, plan in found.items() if B not in one}

    states = linked(*linked_pairs)
    hostile = {peer: marked_as(held, marks) for peer, held in claiming(states[B], *claims).sides.items()}
    unreachable = others({**states, B: UNREAD})
    assert others({**states, B: replace(states[B], sides=hostile)}) == unreachable
    assert others(states) == unreachable
    assert others({**states, B: cluster(B)}) == unreachable


def marked_as(held: Side, marks: frozenset[Any]) -> Side:
    return only_side(marked(cluster(held.cluster, held), *marks))


def planned(wishes: Fabric, states: Mapping[ClusterId, ClusterState | FabricError]) -> dict[Pair, LinkPlan]:
    read = [state for state in states.values() if isinstance(state, ClusterState)]
    return {one.pair: plan_intent(one, states, wishes) for one in intents(wishes, read)}


def told(plan: LinkPlan) -> tuple[LinkPlan, str]:
    """The plan in a form that can be compared: two errors are never equal."""
    return replace(plan, blocked=None), str(plan.blocked or "")


def limited_plans(wishes: Fabric, states: Mapping[ClusterId, ClusterState | FabricError]) -> dict[Pair, LinkPlan]:
    return limit_removals(planned(wishes, states), states, wishes)


def test_exact_keeps_the_links_of_a_cluster_whose_labels_nobody_knows() -> None:
    assert chosen(fabric(state=State.EXACT, unlabelled=(C,)), linked(AB, AC)) == {AB: "remove"}


def test_forgetting_touches_only_those_that_are_left() -> None:
    states = linked(AB, BC)
    del states[C]
    wishes = fabric(AB, clusters="ab", forget=(C,))
    assert chosen(wishes, states) == {AB: "keep", BC: "forget"}
    (lost,) = (intent for intent in intents(wishes, states.values()) if intent.lost)
    plan = plan_intent(lost, states, wishes)
    assert {op.cluster for op in plan.ops} == {B}
    assert {op.verb for op in plan.ops} == {Verb.DELETE}
    assert {fact.cluster for fact in plan.goals} == {B}


def test_forgetting_refuses_a_peering() -> None:
    states = {B: replace(linked(BC)[B])}
    held = replace(states[B].side(C), peering=("Tenant leaf-c",))
    states[B] = replace(states[B], sides={C: held})
    plan = plan_intent(Intent(pair=BC, lost=C), states, fabric(clusters="ab", forget=(C,)))
    assert plan.blocked is not None
    assert "peered" in plan.blocked.what


def test_a_link_with_a_cluster_that_is_not_declared_says_how_to_go_on() -> None:
    states = linked(AC)
    del states[C]
    wishes = fabric(clusters="ab", state=State.EXACT)
    (intent,) = intents(wishes, states.values())
    blocked = plan_intent(intent, states, wishes).blocked
    assert blocked is not None
    assert "forget" in blocked.next


def scope(*clusters: ClusterId, rule: ScopeRule = ScopeRule.INSIDE) -> Scope:
    return Scope(clusters=frozenset(clusters), rule=rule)


def test_a_scope_leaves_out_links_and_clusters() -> None:
    wishes = fabric(AB, AC, BC, scope=scope(A, B))
    assert chosen(wishes, linked()) == {AB: "keep"}
    assert [one.id for one in to_read(wishes)] == [A, B]


def test_a_scope_also_holds_for_what_exact_removes() -> None:
    assert chosen(fabric(state=State.EXACT, scope=scope(A, B)), linked(AB, BC)) == {AB: "remove"}


def test_only_names_pairs_of_the_fabric() -> None:
    wishes = fabric(AB, AC, scope=Scope(pairs=frozenset({AC})))
    assert chosen(wishes, linked()) == {AC: "keep"}
    with pytest.raises(InputError, match="leaf-b <-> leaf-c is not among the pairs of this fabric"):
        intents(fabric(AB, scope=Scope(pairs=frozenset({BC}))), [])


def test_a_pair_that_no_cluster_marks_any_more_ends_no_run_that_looks_for_marks() -> None:
    """Whether a cluster marks a link is up to that cluster."""
    only = Scope(pairs=frozenset({AB, BC}))
    exact = fabric(AC, state=State.EXACT, scope=only)
    assert chosen(exact, linked(AB)) == {AB: "remove", BC: "remove"}
    found = {intent.pair: intent for intent in intents(exact, linked(AB).values())}
    states: dict[ClusterId, ClusterState | FabricError] = {**linked(AB)}
    plan = plan_intent(found[BC], states, exact)
    assert (plan.ops, plan.blocked) == ((), None)
    assert plan_intent(found[BC], {**states, B: UNREAD}, exact).blocked is UNREAD


@law
@given(st.sets(st.tuples(st.integers(0, 11), st.integers(0, 11)).filter(lambda ends: ends[0] != ends[1])), st.data())
def test_disjoint_anchored_scopes_share_no_link_and_miss_none(ends: set[tuple[int, int]], data: st.DataObject) -> None:
    names = [cluster_id(f"leaf-{number:02}") for number in range(12)]
    wanted = {Pair.of(names[one], names[other]) for one, other in ends}
    part = [data.draw(st.integers(1, 8), label="slice") for _ in names]
    slices = [
        scope(*(n for n, p in zip(names, part, strict=True) if p == k), rule=ScopeRule.ANCHORED) for k in range(1, 9)
    ]
    assert all(sum(one in part_ for part_ in slices) == 1 for one in wanted)


def gathered(one: ClusterState, other: ClusterState) -> dict[str, Any]:
    return gather(Pair.of(one.id, other.id), one, other).shortcut


NAT = Endpoint(addresses=("203.0.113.7",), port=4500)


@pytest.mark.parametrize(
    "states",
    [
        link(),
        (edit(link()[0], Kind.SERVER, mtu=1300, port=51999, endpoint=None), link()[1]),
        (edit(link()[0], Kind.SERVER, service_annotations={"a": "b"}), link()[1]),
        (link()[0], edit(link()[1], Kind.CLIENT, endpoint=NAT)),
    ],
    ids=["healthy", "settings", "annotations", "NAT"],
)
def test_applying_what_was_gathered_changes_no_setting(states: tuple[ClusterState, ClusterState]) -> None:
    wish = gathered(*states)
    found = plan_link(_shortcut(wish), *states, fabric=RETAIL)
    assert [op for op in found.ops if op.kind is Kind.SERVER] == []
    if states[0].side(B).servers[0].endpoint is not None:
        assert found.ops == ()


def _shortcut(wish: dict[str, Any]) -> Shortcut:
    """A gathered wish as the module would take it, with the defaults for what it leaves out."""
    given = {key: value for key, value in wish.items() if key != "between"}
    if "client_endpoint" in given:
        given["client_endpoint"] = ClientEndpoint(**given["client_endpoint"])
    return shortcut(*wish["between"], **given)


def test_half_a_link_is_gathered_as_far_as_it_goes() -> None:
    a, b = link()
    assert gathered(a, cluster(B))["server"] == A
    assert gathered(cluster(A), b) == {"between": [A, B]}


def test_links_of_others_are_not_gathered_but_those_of_nobody_are() -> None:
    a, b = link()
    assert others_own(RETAIL, a, b) == ()
    assert others_own(RETAIL, marked(a), marked(b)) == ()
    assert others_own(RETAIL, marked(a, "edge", "retail"), b) == ()
    assert others_own(RETAIL, marked(a, "edge"), b) == ("edge",)
    assert others_own(RETAIL, marked(a, "edge"), marked(b, "edge")) == ("edge",)


def options(**given: Any) -> tuple[dict[str, Any], list[str]]:
    found: list[Any] = []
    ids = {name: cluster_id(name) for name in ("leaf-a", "leaf-b")} | {"paris": cluster_id("leaf-b")}
    parsed = parse_run_options({"shortcuts": [], **given}, ids, found)
    return parsed, [str(violation) for violation in found]


@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        (
            {"tolerate": "some"},
            "tolerate: 'some' is no number of links (write it as 3, or as a share of them like 10%)",
        ),
        (
            {"tolerate": "101%"},
            "tolerate: '101%' is no number of links (write it as 3, or as a share of them like 10%)",
        ),
        (
            {"scope": ["leaf-z"]},
            "scope[0]: unknown cluster 'leaf-z' (clusters of this task are: leaf-a, leaf-b, paris)",
        ),
        (
            {"only": [["leaf-a"]]},
            "only[0]: ['leaf-a'] is no pair of clusters of this task (write it as [leaf-a, leaf-b])",
        ),
        (
            {"forget": ["paris"]},
            (
                "forget[0]: paris is also one of clusters, so it is not gone for good"
                " (take it out of clusters, or remove its links with state absent)"
            ),
        ),
        ({"forget": ["Leaf X"]}, "forget[0]: 'Leaf X' is not a Liqo cluster id (give the id, not a host name)"),
        (
            {"forget": ["x" * 52]},
            f"forget[0]: '{'x' * 52}' is not a Liqo cluster id (give the id, not a host name)",
        ),
        ({"max_removals": -1}, "max_removals: -1 is out of range (it must be 0 or more)"),
        (
            {"state": "exact", "shortcuts": None},
            "shortcuts: state exact needs shortcuts (list the pairs, an empty list removes all that is owned)",
        ),
    ],
)
def test_wrong_options_are_refused_in_a_sentence(given: dict[str, Any], complaint: str) -> None:
    assert options(**given)[1] == [complaint]


def test_options_take_names_and_ids() -> None:
    parsed, complaints = options(scope=["paris"], only=[["leaf-a", "paris"]], tolerate="10%")
    assert complaints == []
    assert parsed["scope"] == Scope(clusters=frozenset({B}), pairs=frozenset({AB}))
    assert parsed["tolerate"] == Tolerance(links=10, percent=True)


@pytest.mark.parametrize(
    ("tolerance", "failed", "of", "allowed"),
    [
        (Tolerance(), 0, 0, True),
        (Tolerance(), 1, 100, False),
        (Tolerance(links=2), 2, 3, True),
        (Tolerance(links=2), 3, 300, False),
        (Tolerance(links=10, percent=True), 1, 10, True),
        (Tolerance(links=10, percent=True), 1, 9, False),
    ],
)
def test_a_tolerance_is_a_number_or_a_share(tolerance: Tolerance, failed: int, of: int, allowed: bool) -> None:
    assert tolerance.allows(failed, of=of) is allowed


def test_nothing_is_read_that_decides_nothing() -> None:
    assert [one.id for one in to_read(fabric(AB))] == [A, B]
    assert [one.id for one in to_read(fabric(AB, state=State.EXACT))] == [A, B, C, D]
    assert [one.id for one in to_read(fabric(state=State.GATHERED))] == [A, B, C, D]
    assert [one.id for one in to_read(fabric(clusters="ab", forget=(C,)))] == [A, B]
