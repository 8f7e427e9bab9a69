# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A saved plan is approved by content, passes while nothing moves, and may have been edited by anybody."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.liqo.fabric.plugins.module_utils._fabric import saved_plan
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.errors import FabricError, FailureName
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.intents import intents, plan_intent
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.model import (
    ClientEndpoint,
    Cluster,
    ClusterId,
    Fabric,
    Pair,
    Shortcut,
    State,
)
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.objects import (
    Cidrs,
    ClusterState,
    Endpoint,
    FactName,
    Kind,
    Later,
    PublicKeySpec,
    TemplateRef,
)
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.operations import LinkPlan, Op, set_fields
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.plan import plan_link
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.report import op_row
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.saved_plan import (
    beyond,
    from_file,
    from_word,
    refuse_moved,
    to_saved,
    to_word,
)
from hypothesis import example, given
from hypothesis import strategies as st

from tests.unit.build import (
    OURS,
    RETAIL,
    cluster,
    cluster_id,
    edit,
    key,
    link,
    marked,
    pair,
    renumbered,
    shortcut,
    with_side,
    without,
)
from tests.unit.planning import fact, only_op
from tests.unit.pretend_liqo import World, run, settle
from tests.unit.strategies import law, wishes, worlds

A, B, C = (cluster_id(f"leaf-{letter}") for letter in "abc")
AB, AC, BC = pair("leaf-a", "leaf-b"), pair("leaf-a", "leaf-c"), pair("leaf-b", "leaf-c")

States = dict[ClusterId, Any]


def fabric(*wanted: Pair, **fields: Any) -> Fabric:
    declared = tuple(Cluster(id=one, name=one, labels={}) for one in (A, B, C))
    shortcuts = tuple(shortcut(one.a, one.b) for one in wanted)
    return Fabric(name=RETAIL, clusters=declared, **{"shortcuts": shortcuts, **fields})


def linked(*pairs: Pair) -> States:
    """Clusters a, b and c with healthy links between some of them."""
    states = {name: replace(cluster(name), uid=f"uid of {name}") for name in (A, B, C)}
    for one in pairs:
        for state in link(*one):
            (held,) = state.sides.values()
            states[state.id] = with_side(states[state.id], held)
    return states


def planned(wanted: Fabric, states: States) -> dict[Pair, LinkPlan]:
    read = [state for state in states.values() if isinstance(state, ClusterState)]
    return {one.pair: plan_intent(one, states, wanted) for one in intents(wanted, read)}


def saved_of(wanted: Fabric, states: States) -> dict[str, Any]:
    """As it comes back from a file."""
    found: dict[str, Any] = json.loads(json.dumps(to_saved(wanted, planned(wanted, states), states)))
    return found


def refuse(saved: Mapping[str, Any], wanted: Fabric, states: States) -> None:
    refuse_moved(saved, wanted, planned(wanted, states), states, where="plan.json")


def test_the_saved_plan_passes_while_nothing_moves() -> None:
    wanted, states = fabric(AB, AC, state=State.EXACT), linked(BC)
    refuse(saved_of(wanted, states), wanted, states)


@pytest.mark.parametrize(
    ("states", "moved"),
    [
        (linked(BC, AB), "is no longer to be done"),
        (linked(), "is no longer to be done"),
        ({**linked(BC), A: edit(linked(AB)[A], Kind.SERVER, mtu=1300)}, "update leaf-a/GatewayServer"),
        ({**linked(BC), C: FabricError(what="no answer", where="leaf-c", why="refused", next="look")}, "blocked now"),
        ({**linked(BC), A: replace(linked()[A], uid="another")}, "leaf-a is another cluster"),
    ],
)
def test_what_moved_since_the_plan_was_saved_is_named(states: States, moved: str) -> None:
    wanted = fabric(AB, AC, state=State.EXACT)
    with pytest.raises(FabricError, match=moved) as refused:
        refuse(saved_of(wanted, linked(BC)), wanted, states)
    assert "nothing was written" in refused.value.what


def test_another_object_of_the_same_name_is_not_what_was_approved() -> None:
    wanted, states = fabric(state=State.EXACT), linked(AB)
    (held,) = states[A].side(B).servers
    other = {**states, A: edit(states[A], Kind.SERVER, meta=replace(held.meta, uid="another"))}
    with pytest.raises(FabricError, match="another object of the same name"):
        refuse(saved_of(wanted, states), wanted, other)


@pytest.mark.parametrize("half", [{"address": "198.51.100.66"}, {"port": 4500}], ids=str)
def test_an_override_of_what_the_client_dials_is_part_of_what_is_approved(half: dict[str, Any]) -> None:
    def wanted(**override: Any) -> Fabric:
        return fabric(shortcuts=(shortcut(client_endpoint=ClientEndpoint(**override)),))

    before = wanted(address="203.0.113.7")
    refuse(saved_of(before, linked()), before, linked())
    with pytest.raises(FabricError, match=r"endpoint.*is wanted as") as refused:
        refuse(saved_of(before, linked()), wanted(**half), linked())
    assert all(str(value) in refused.value.why for value in ("203.0.113.7", *half.values()))
    ops = planned(wanted(**half), linked())[AB].ops
    (dialled,) = (op_row(op)["fields"]["endpoint"]["after"] for op in ops if op.kind is Kind.CLIENT)
    assert all(f"{name} {value}" in dialled for name, value in half.items())


@law
@given(wishes, worlds)
def test_a_saved_plan_holds_every_field_that_is_written(wish: Shortcut, world: World) -> None:
    wanted = fabric(shortcuts=(wish,), force_conflicts=True)
    states = {**world.clusters, C: cluster("leaf-c")}
    ops = planned(wanted, states)[AB].ops
    rows = saved_of(wanted, states)["plan"]
    assert [set(row["fields"]) for row in rows] == [set(set_fields(op.after)) for op in ops]


_VALUES: tuple[object, ...] = (
    *(Endpoint(addresses=one, port=1) for one in (("a", "b"), ("a, b",), ("a",))),
    *(Cidrs(pod=one) for one in (("10.0.0.0/8", "10.1.0.0/16"), ("10.0.0.0/8, 10.1.0.0/16",))),
    TemplateRef(name="c", namespace="a/b"),
    TemplateRef(name="b/c", namespace="a"),
    *({"a": one} for one in ("1", "")),
    *("1", 1, True, None, ""),
)


def test_values_that_differ_are_saved_differently() -> None:
    texts = [json.dumps(saved_plan._exact(value)) for value in _VALUES]
    assert len(set(texts)) == len(_VALUES)


def edited(**parts: Any) -> bytes:
    return json.dumps({**saved_of(fabric(AB), linked()), **parts}).encode()


EDITED = {
    "nothing": b"",
    "no JSON": b"{",
    "no text": b"\xff\xfe{}",
    "null": b"null",
    "list": b"[]",
    "deep": b'{"format": ' + b"[" * 200_000,
    "deep in a field": edited().replace(b'"before": null', b'"before": ' + b"[" * 900 + b"]" * 900, 1),
    "a number of 5000 digits": edited(plan=7).replace(b"7", b"7" * 5000),
    "another format": edited(format="liqo.fabric plan 1"),
    "plan is a number": edited(plan=1),
    "rows are texts": edited(plan=["create leaf-a/Namespace"]),
    "rows without fields": edited(plan=[{"id": "x"}]),
    "fields are texts": edited(plan=[{"id": "x", "fields": {"mtu": "1400"}}]),
    "id is a list": edited(plan=[{"id": [], "fields": {}}]),
    "blocked is a list": edited(blocked=[]),
    "clusters are missing": edited(clusters=None),
    "a key stands twice": edited().replace(b'{"format"', b'{"plan": [], "format"'),
}


@pytest.mark.parametrize("text", EDITED.values(), ids=EDITED)
def test_a_file_that_was_edited_until_it_is_no_plan_is_refused_in_a_sentence(text: bytes) -> None:
    wanted, states = fabric(AB), linked()
    with pytest.raises(FabricError) as refused:
        refuse(from_file(text, where="plan.json"), wanted, states)
    assert refused.value.fault in (FailureName.NO_PLAN, FailureName.PLAN_MOVED)
    assert refused.value.where == "plan.json"
    assert len(str(refused.value)) < 1000


json_values = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.sampled_from(["id", "fields", "uid"]), inner),
)


@law
@given(
    st.sampled_from(["clusters", "plan", "fabric", "state"]),
    json_values | st.lists(st.fixed_dictionaries({"id": st.text(), "fields": st.just({})})),
)
@example("plan", [{"id": "\x1b[2J", "fields": {}}])
def test_whatever_stands_in_a_part_of_the_file_nothing_but_the_plan_passes(part: str, value: object) -> None:
    wanted, states = fabric(AB), linked()
    before = saved_of(wanted, states)
    with pytest.raises(FabricError) as refused:
        refuse(from_file(json.dumps({**before, part: value}).encode(), where="plan.json"), wanted, states)
    assert refused.value.fault in (FailureName.NO_PLAN, FailureName.PLAN_MOVED)
    assert str(refused.value).isprintable()


def test_two_rows_of_one_id_are_not_one() -> None:
    wanted, states = fabric(AB), linked()
    saved = saved_of(wanted, states)
    with pytest.raises(FabricError, match="the order of the operations differs"):
        refuse({**saved, "plan": [saved["plan"][0], *saved["plan"]]}, wanted, states)


def test_a_saved_plan_travels_as_one_word() -> None:
    saved = saved_of(fabric(AB, AC, state=State.EXACT), linked(BC))
    word = to_word(saved)
    assert re.fullmatch(r"[A-Za-z0-9_=-]+", word)
    assert len(word) < len(json.dumps(saved)) / 4
    assert from_word(word, where="saved_plan") == saved
    assert word == to_word(saved)


def test_a_plan_file_in_base64_is_a_saved_plan_too() -> None:
    saved = saved_of(fabric(AB), linked())
    file = json.dumps({**saved, "note": "a>b?c~" * 3}, indent=1).encode()
    slurped = base64.b64encode(file).decode()
    assert from_word(slurped, where="saved_plan")["plan"] == saved["plan"]
    with pytest.raises(FabricError, match="no JSON of a saved plan, or a part of one"):
        from_word(slurped[:400], where="saved_plan")


@pytest.mark.parametrize(
    "spoil",
    [
        lambda word: "",
        lambda word: word[:-8],
        lambda word: "hi",
        lambda word: "hi" + word,
        lambda word: word + "AAAA",
        lambda word: "ä" + word,
        lambda word: base64.b64encode(b"{" * 100_000).decode(),
    ],
)
def test_a_word_that_is_no_saved_plan_or_was_cut_short_is_refused(spoil: Callable[[str], str]) -> None:
    word = to_word(saved_of(fabric(AB), linked()))
    with pytest.raises(FabricError, match="saved plan, or a part of one") as refused:
        from_word(spoil(word), where="saved_plan")
    assert refused.value.fault is FailureName.NO_PLAN


def test_what_would_fill_the_memory_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    saved = saved_of(fabric(AB), linked())
    most = len(json.dumps(saved))
    monkeypatch.setattr(saved_plan, "MOST_BYTES", most)
    assert from_word(to_word(saved), where="saved_plan") == saved
    for larger in ({**saved, "note": "0" * most},):
        with pytest.raises(FabricError, match="no saved plan, or a part of one"):
            from_word(to_word(larger), where="saved_plan")
        with pytest.raises(FabricError, match=f"more than {most} bytes"):
            from_file(json.dumps(larger).encode(), where="plan.json")


def now(wish: Shortcut, world: World) -> tuple[Op, ...]:
    return plan_link(wish, world.clusters[A], world.clusters[B], fabric=RETAIL, force_conflicts=True).ops


@law
@given(wishes, worlds, st.integers(0, 10))
def test_what_is_left_of_an_approved_plan_is_approved(wish: Shortcut, world: World, steps: int) -> None:
    """In a round after any number of writes; only what the damage of the world makes necessary on top is not."""
    plan = plan_link(wish, world.clusters[A], world.clusters[B], fabric=RETAIL, force_conflicts=True)
    later = settle(run(plan, world, steps=steps))
    left = now(wish, later)
    known = {op.id for op in plan.ops}
    if {op.id for op in left} <= known:
        assert beyond(plan.ops, left, later.clusters) is None
    else:
        assert "it takes" in str(beyond(plan.ops, left, later.clusters))


DRIFTED = edit(link()[0], Kind.SERVER, mtu=1400), edit(link()[1], Kind.CLIENT, mtu=1400)
MOVED_SERVER = Endpoint(addresses=("192.0.2.66",), port=51840)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda a, b: (edit(a, Kind.SERVER, endpoint=MOVED_SERVER), b), "endpoint is wanted as .*192.0.2.66"),
        (lambda a, b: (a, edit(b, Kind.CLIENT, mtu=1500)), "mtu is 1500"),
        (lambda a, b: (edit(a, Kind.SERVER, service_annotations={"x": "y"}), b), "service_annotations is wanted as"),
        (lambda a, b: (marked(a, "edge", "retail"), b), "owners is wanted as"),
        (lambda a, b: (renumbered(a), b), "it takes update leaf-b/Configuration"),
        (lambda a, b: (without(a, Kind.SERVER), b), "it takes create leaf-a/GatewayServer"),
    ],
)
def test_whatever_differs_in_a_later_round_is_beyond_what_was_approved(
    change: Callable[[ClusterState, ClusterState], tuple[ClusterState, ClusterState]], told: str
) -> None:
    def ops(states: tuple[ClusterState, ...]) -> tuple[Op, ...]:
        return plan_link(shortcut(), *states, fabric=RETAIL, force_conflicts=True).ops

    approved, states = ops(DRIFTED), change(*DRIFTED)
    assert beyond(approved, ops(DRIFTED), {state.id: state for state in DRIFTED}) is None
    assert re.search(told, str(beyond(approved, ops(states), {state.id: state for state in states})))


def test_a_value_that_was_not_known_may_become_what_its_fact_brings_and_nothing_else() -> None:
    a, b = link()
    op = only_op(plan_link(shortcut(), a, without(b, Kind.PUBLIC_KEY), fabric=RETAIL))

    def with_key(key: str | Later) -> Op:
        return replace(op, after=PublicKeySpec(key=key, owners=OURS))

    approved = with_key(Later(fact=fact(FactName.KEY, "leaf-a", "leaf-b")))
    assert beyond([approved], [approved], {A: a, B: b}) is None
    assert beyond([approved], [with_key(key("leaf-a to leaf-b"))], {A: a, B: b}) is None
    assert "key is wanted as" in str(beyond([approved], [with_key(key("another"))], {A: a, B: b}))


def test_an_object_that_was_made_anew_is_not_the_approved_one() -> None:
    approved = plan_link(shortcut(), *DRIFTED, fabric=RETAIL).ops
    again = [replace(op, uid="another") for op in approved]
    assert "another object of the same name" in str(beyond(approved, again, {}))
