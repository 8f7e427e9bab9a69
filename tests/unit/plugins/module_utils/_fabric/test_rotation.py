# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Own keys and their rotation: which Secrets are made and dropped, in which order, and what a dead run leaves."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.desired import desired_side
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.gathered import gather
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.intents import Intent, plan_intent
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.model import Cluster, Fabric, Keys
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.objects import (
    ClusterState,
    FactName,
    KeySecret,
    Kind,
    Later,
    PublicKeySpec,
)
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.operations import LinkPlan, Op, Verb
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.plan import plan_link
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.removal import plan_removal
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.report import op_row
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.rotation import key_wishes
from ansible_collections.liqo.fabric.plugins.module_utils._liqo.render import manifest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.build import OURS, RETAIL, cluster, edit, having, key, link, meta, only_side, pair, secret, shortcut
from tests.unit.planning import plan
from tests.unit.pretend_liqo import World, run, settle, unreached
from tests.unit.strategies import law

LEAVES = ("leaf-a", "leaf-b")
OWN = shortcut(keys=Keys.OWN)


def linked() -> World:
    """leaf-a with the server and leaf-b with the client, both with keys of Liqo and a pod that runs."""
    return settle(World.of(*link()))


def rotation(world: World, *, own: bool = False) -> LinkPlan:
    wish = OWN if own else shortcut()
    a, b = world.clusters.values()
    found = plan_link(wish, a, b, fabric=RETAIL, rotate_keys=True)
    assert found.blocked is None, found.blocked
    return found


def again(world: World, *, own: bool = False) -> LinkPlan:
    a, b = world.clusters.values()
    return plan(a, b, OWN if own else None)


def keys_of(world: World) -> dict[str, str]:
    """The keys with which the gateways run."""
    return {
        name: only_side(state).gateways()[0].pod_ip.rpartition(" ")[2] for name, state in sorted(world.clusters.items())
    }


def secrets_of(world: World) -> dict[str, list[str]]:
    return {name: [held.meta.name for held in only_side(state).secrets] for name, state in world.clusters.items()}


def ids(found: LinkPlan) -> list[str]:
    return [op.id for op in found.ops]


def test_a_rotation_replaces_both_gateways_and_then_tells_the_client_the_key_with_which_it_can_begin() -> None:
    plan = rotation(linked())
    assert ids(plan) == [
        "create leaf-a/Secret/liqo-tenant-leaf-b/gw-leaf-b-1",
        "create leaf-b/Secret/liqo-tenant-leaf-a/gw-leaf-a-1",
        "delete leaf-a/Secret/liqo-tenant-leaf-b/gw-leaf-b",
        "delete leaf-b/Secret/liqo-tenant-leaf-a/gw-leaf-a",
        "update leaf-a/PublicKey/liqo-tenant-leaf-b/leaf-b",
        "update leaf-a/GatewayServer/liqo-tenant-leaf-b/leaf-b",
        "update leaf-b/GatewayClient/liqo-tenant-leaf-a/leaf-a",
        "update leaf-b/PublicKey/liqo-tenant-leaf-a/leaf-a",
    ]
    phases = [ids(plan)[:2], ids(plan)[2:4], *([name] for name in ids(plan)[4:])]
    for before, phase in itertools.pairwise(phases):
        assert all(set(before) <= op.needs for op in plan.ops if op.id in phase)
    awaited = {op.id: [f.cluster for f in op.awaits if f.name is FactName.RENEWED] for op in plan.ops}
    assert {name: ends for name, ends in awaited.items() if ends} == {ids(plan)[-1]: list(LEAVES)}


def test_a_plan_shows_no_key_that_is_still_to_be_made() -> None:
    rows = [op_row(op) for op in rotation(linked()).ops]
    shown = [row["fields"] for row in rows if row["kind"] in ("Secret", "PublicKey") and row["action"] != "delete"]
    assert [fields["public_key"]["after"] for fields in shown[:2]] == ["(known after the pair is made)"] * 2
    assert [fields["key"]["after"] for fields in shown[2:]] == [
        "(known after leaf-b has the key gw-leaf-a-1 for leaf-a)",
        "(known after leaf-a has the key gw-leaf-b-1 for leaf-b)",
    ]


@law
@given(st.booleans(), st.booleans(), st.randoms(use_true_random=False))
def test_a_rotation_in_any_order_changes_both_keys_and_the_tunnel_is_up(own: bool, eager: bool, random: object) -> None:
    world = linked()
    for _ in range(2):
        before = keys_of(world)
        found = rotation(world, own=own)
        world = settle(run(found, world, eager=eager, pick=random.choice))  # type: ignore[attr-defined]
        assert not set(keys_of(world).values()) & set(before.values())
        assert unreached(found, world) == []
        assert again(world, own=own).ops == ()
    assert secrets_of(world) == {"leaf-a": ["gw-leaf-b-2"], "leaf-b": ["gw-leaf-a-2"]}


@law
@given(st.integers(0, 8), st.booleans(), st.booleans(), st.booleans(), st.randoms(use_true_random=False))
def test_a_rotation_that_died_is_healed_by_a_run_without_it(
    steps: int, own: bool, second: bool, eager: bool, random: object
) -> None:
    world = linked()
    if second:
        world = settle(run(rotation(world), world))
    pick = random.choice  # type: ignore[attr-defined]
    world = run(rotation(world, own=own), world, steps=steps, eager=eager, pick=pick)
    healing = again(world, own=own)
    world = settle(run(healing, world, pick=pick))
    assert unreached(healing, world) == []
    assert again(world, own=own).ops == ()
    assert [len(names) for names in secrets_of(world).values()] == [1, 1]


@law
@given(st.booleans(), st.randoms(use_true_random=False))
def test_own_keys_of_a_new_link_are_written_without_waiting_for_liqo(eager: bool, random: object) -> None:
    world = World.of(cluster("leaf-a"), cluster("leaf-b"))
    found = again(world, own=True)
    awaited = {fact.name for op in found.ops if op.kind is Kind.PUBLIC_KEY for fact in op.awaits}
    assert awaited == {FactName.KEY}
    needed = {need for op in found.ops if op.kind is Kind.PUBLIC_KEY for need in op.needs}
    assert not any("Gateway" in need for need in needed)
    world = settle(run(found, world, eager=eager, pick=random.choice))  # type: ignore[attr-defined]
    assert unreached(found, world) == []
    assert secrets_of(world) == {"leaf-a": ["gw-leaf-b-1"], "leaf-b": ["gw-leaf-a-1"]}
    assert again(world, own=True).ops == ()


def test_own_keys_once_made_stay_without_the_setting() -> None:
    world = settle(run(again(linked(), own=True), linked()))
    assert secrets_of(world) == {"leaf-a": ["gw-leaf-b-1"], "leaf-b": ["gw-leaf-a-1"]}
    assert again(world).ops == ()


def test_a_link_with_keys_of_liqo_gets_own_ones_when_they_are_wanted_and_only_then() -> None:
    assert again(linked()).ops == ()
    assert ids(again(linked(), own=True)) == ids(rotation(linked()))


def test_a_rotation_of_a_link_that_is_not_there_makes_it_as_wished() -> None:
    world = World.of(cluster("leaf-a"), cluster("leaf-b"))
    assert ids(rotation(world)) == ids(again(world))


def test_keys_that_a_person_brought_stay_and_are_replaced_only_on_demand() -> None:
    a, b = linked().clusters.values()
    brought = KeySecret(meta=meta("Secret", "leaf-a", "leaf-b", name="mine"), public_key=key("mine"))
    a = edit(having(a, secrets=(brought,)), Kind.SERVER, secret="mine", secret_name="mine")
    b = edit(b, Kind.PUBLIC_KEY, key=key("mine"))
    assert plan(a, b).ops == ()
    assert {op.cluster for op in plan(a, b, OWN).ops if op.kind is Kind.SECRET} == {"leaf-b"}
    rotated = rotation(World.of(a, b))
    assert "delete leaf-a/Secret/liqo-tenant-leaf-b/mine" in ids(rotated)
    assert "create leaf-a/Secret/liqo-tenant-leaf-b/gw-leaf-b-1" in ids(rotated)


def test_a_secret_of_somebody_else_beside_that_of_liqo_is_left_alone() -> None:
    a, b = link()
    other = KeySecret(meta=meta("Secret", "leaf-a", "leaf-b", name="other", uid="other"), public_key=key("other"))
    assert plan(having(a, secrets=(secret(), other)), b).ops == ()


def test_goals_of_a_rotation_must_hold_afresh_and_those_of_a_repair_need_not() -> None:
    assert [goal.afresh for goal in rotation(linked()).goals] == [True, True]
    a, b = link()
    assert [goal.afresh for goal in plan(edit(a, Kind.SERVER, mtu=1400), b).goals] == [False, False]


@pytest.mark.parametrize("blind", LEAVES)
@pytest.mark.parametrize("how", ["rotate", "own"])
def test_without_the_right_to_list_secrets_nothing_is_rotated(blind: str, how: str) -> None:
    states = [replace(state, unread=("Secret",)) if state.id == blind else state for state in link()]
    wish = OWN if how == "own" else shortcut()
    found = plan_link(wish, *states, fabric=RETAIL, rotate_keys=how == "rotate")
    assert found.ops == ()
    assert found.blocked is not None
    assert blind in found.blocked.where
    assert "Secrets" in found.blocked.why


def test_a_removal_takes_own_secrets_along_once_the_gateway_is_gone_and_leaves_those_of_liqo_to_it() -> None:
    world = settle(run(rotation(linked()), linked()))
    deletes = [op for op in _removal(world) if op.kind is Kind.SECRET]
    assert {op.name for op in deletes} == {"gw-leaf-b-1", "gw-leaf-a-1"}
    assert {fact.name for op in deletes for fact in op.awaits} == {FactName.GATEWAY_GONE}
    assert [op for op in _removal(linked()) if op.kind is Kind.SECRET] == []


def _removal(world: World) -> tuple[Op, ...]:
    a, b = world.clusters.values()
    return plan_removal(pair(), a, b, fabric=RETAIL).ops


def test_every_secret_of_a_rotation_is_ours() -> None:
    made = [op.after for op in rotation(linked()).ops if op.kind is Kind.SECRET and op.verb is Verb.CREATE]
    assert [spec.owners for spec in made if spec is not None] == [OURS, OURS]


def test_own_keys_are_gathered_as_a_wish_for_them_and_those_of_liqo_as_none() -> None:
    own = settle(run(again(linked(), own=True), linked()))
    assert gather(pair(), *own.clusters.values()).shortcut["keys"] == "own"
    assert "keys" not in gather(pair(), *linked().clusters.values()).shortcut


def test_a_rendered_secret_marks_the_halves_that_nobody_knows_yet() -> None:
    a, b = cluster("leaf-a"), cluster("leaf-b")
    keys = key_wishes(OWN, a, b, rotate=False)
    wanted = desired_side(OWN, a, b, server=a.id, fabric=RETAIL, keys=keys).secret
    assert wanted is not None
    body = manifest(wanted.spec, name=wanted.name, namespace=wanted.namespace, peer=b.id)
    assert (body["kind"], body["metadata"]["name"]) == ("Secret", "gw-leaf-b-1")
    assert set(body["data"].values()) == {"(known after the pair is made)"}


def test_a_rotation_is_asked_for_by_pair() -> None:
    states = linked().clusters
    declared = tuple(Cluster(id=one, name=one, labels={}) for one in states)
    fabric = Fabric(name=RETAIL, clusters=declared, shortcuts=(shortcut(),))
    intent = Intent(pair=pair(), shortcut=shortcut())
    assert plan_intent(intent, states, fabric).ops == ()
    assert plan_intent(intent, states, replace(fabric, rotate_keys=frozenset({pair()}))).ops == rotation(linked()).ops


def test_numbers_go_on_where_the_gateway_left_off_even_if_its_secret_is_lost() -> None:
    a, b = linked().clusters.values()
    a = edit(having(a, secrets=()), Kind.SERVER, secret="gw-leaf-b-7", secret_name="gw-leaf-b-7")
    assert "create leaf-a/Secret/liqo-tenant-leaf-b/gw-leaf-b-8" in ids(rotation(World.of(a, b)))


@pytest.mark.parametrize("suffix", ["9" * 5000, "\u0661", "1 "], ids=["long", "digit of another script", "blank"])
def test_a_secret_whose_name_ends_in_no_number_of_ours_counts_for_nothing(suffix: str) -> None:
    a, b = link()
    odd = replace(secret(owners=OURS), meta=meta("Secret", "leaf-a", "leaf-b", name=f"gw-leaf-b-{suffix}"))
    found = key_wishes(shortcut(), having(a, secrets=(odd,)), b, rotate=True)
    assert found[a.id].secret == "gw-leaf-b-1"


def test_the_new_key_is_that_of_the_named_secret_whatever_the_status_of_the_gateway_says() -> None:
    world = linked()
    found = rotation(world)
    made: ClusterState = run(found, world, steps=2, eager=False).clusters[next(iter(world.clusters))]
    assert len(only_side(made).secrets) == 2
    specs = [op.after for op in found.ops if isinstance(op.after, PublicKeySpec)]
    assert {spec.key.fact.secret for spec in specs if isinstance(spec.key, Later)} == {"gw-leaf-a-1", "gw-leaf-b-1"}
