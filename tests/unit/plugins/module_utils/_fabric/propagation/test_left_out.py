# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Services and leaves on which slices of ours would be wrong: they are left out, and it is said why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.errors import FailureName
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.model import Cluster, ClusterId
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.operations import Verb
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.propagation.faults import SightFault, refusal_faults
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.propagation.model import (
    ClusterServices,
    Mode,
    Origin,
    Propagation,
    ServiceKey,
    Slice,
    World,
)
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.propagation.operations import (
    ServicePlan,
    SliceKind,
    SliceOp,
    each_once,
)
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.propagation.plan import plan_services
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.report import Outcome

from tests.unit.propagated import after, begun, planned, run
from tests.unit.reflection import HUB, LEAVES, MESH, REMOTE, WEB, Reflection, scene, want

A, B, C = LEAVES
FULL = scene(*MESH)
Clusters = dict[ClusterId, ClusterServices]


def plan_of(wish: Propagation, world: World, key: ServiceKey = WEB) -> ServicePlan:
    (found,) = [plan for plan in plan_services(wish, world) if plan.key == key]
    return found


def natives(world: Mapping[ClusterId, ClusterServices], leaf: ClusterId, **facts: object) -> Clusters:
    """The clusters with other facts in the native slices of one."""
    here = world[leaf]
    slices = tuple(replace(one, **facts) if one.origin is Origin.NATIVE else one for one in here.slices)  # type: ignore[arg-type]
    return {**world, leaf: replace(here, slices=slices)}


@pytest.mark.parametrize("mode", [Mode.SHADOW, Mode.EXCLUSIVE])
def test_a_service_of_the_leafs_own_gets_no_slice_and_a_fault_that_names_both(mode: Mode) -> None:
    plan = plan_of(want(mode), natives(FULL.world(), A, hub=None))
    assert {op.cluster for op in plan.ops} == {B, C}
    (fault,) = refusal_faults(plan.refusals, A)
    assert fault.name is SightFault.OWN_SERVICE
    assert fault.detail == "the Service demo-hub/web of leaf-a is not hub:demo/web, but hub reflects endpoints to it"
    assert (plan.choices[A].mode, plan.choices[A].reason, plan.blocked) == (None, fault.detail, {})


@pytest.mark.parametrize("mode", [Mode.SHADOW, Mode.EXCLUSIVE])
def test_a_service_of_the_leafs_own_that_appears_later_loses_the_slices_of_ours(mode: Mode) -> None:
    world = run(want(mode), Reflection(natives(after(want(mode), FULL), A, hub=ClusterId("another"))))
    assert world.clusters[A].shadows == ()
    assert [one.source for one in world.clusters[B].shadows] == [A, C]


def test_a_service_that_is_not_reflected_yet_gets_no_slice_and_no_fault() -> None:
    bare = FULL.world()
    bare[A] = replace(bare[A], slices=())
    plan = plan_of(want(Mode.SHADOW), bare)
    assert (plan.choices[A].reason, plan.refusals) == ("hub:demo/web is not reflected to leaf-a, or not yet", ())
    assert {op.cluster for op in plan.ops} == {B, C}


def test_a_service_without_selector_is_not_sought_among_native_slices() -> None:
    world = natives(FULL.world(), A, hub=None)
    world[HUB] = replace(world[HUB], services=(replace(world[HUB].services[0], selects=False),))
    plan = plan_of(want(Mode.SHADOW), world)
    assert plan.refusals == ()
    assert plan.choices[A].mode is Mode.SHADOW


def two_hubs() -> tuple[Propagation, Clusters]:
    """A second hub that claims the namespace which the first one has on the leaves, with a Service of the same name."""
    world = after(want(Mode.SHADOW), FULL)
    other = ClusterId("a-hub")
    key = ServiceKey(other, "x", "web")
    hub = world[HUB]
    world[other] = replace(
        hub,
        state=replace(hub.state, id=other),
        services=(replace(hub.services[0], key=key),),
        mappings=tuple(replace(one, namespace="x") for one in hub.mappings),
        slices=tuple(replace(one, meta=replace(one.meta, namespace="x")) for one in hub.slices),
    )
    wish = replace(want(Mode.SHADOW).wishes[0], namespace=None)
    both = want(
        clusters=tuple(Cluster(id=name, name=name, labels={}) for name in sorted(world)),
        hubs=(other, HUB),
        wishes=(wish,),
    )
    return both, world


def test_a_hub_cannot_take_over_the_namespace_of_another_one() -> None:
    both, world = two_hubs()
    assert [op.id for plan in plan_services(both, world) for op in plan.ops] == []
    theirs = plan_of(both, world, ServiceKey(ClusterId("a-hub"), "x", "web"))
    assert {choice.mode for choice in theirs.choices.values()} == {None}


def test_slices_of_another_hub_are_not_taken_for_those_of_this_one() -> None:
    both, world = two_hubs()
    gone = replace(world[ClusterId("a-hub")], services=())
    assert [op.id for plan in plan_services(both, {**world, ClusterId("a-hub"): gone}) for op in plan.ops] == []


def of_type(world: Clusters, address_type: str) -> Clusters:
    """The clusters with slices of another kind of addresses everywhere."""

    def changed(one: Slice) -> Slice:
        return replace(one, address_type=address_type)

    return {key: replace(here, slices=tuple(map(changed, here.slices))) for key, here in world.items()}


@pytest.mark.parametrize("kind", ["IPv6", "FQDN"])
def test_a_service_without_ipv4_is_not_called_in_sync(kind: str) -> None:
    for mode in (Mode.SHADOW, Mode.EXCLUSIVE):
        world = of_type(FULL.world(), kind)
        plan = plan_of(want(mode), world)
        assert plan.ops == ()
        assert plan.blocked[HUB].fault is FailureName.NO_IPV4
        assert {row.leaf: row.outcome for row in planned(want(mode), world).rows}[HUB] is Outcome.BLOCKED
        assert [choice.mode for choice in plan.choices.values()] == [None, None, None]
    plan = plan_of(want(Mode.AUTO), of_type(scene((A, B)).world(), kind))
    assert plan.blocked == {}
    (note,) = plan.notes
    assert note.startswith(f"hub:demo/web has {kind} addresses only, and slices of this collection hold IPv4; it stays")


def test_of_a_service_with_both_kinds_of_addresses_the_ipv4_ones_are_used() -> None:
    world = FULL.world()
    for key, here in world.items():
        six = tuple(
            replace(one, address_type="IPv6", meta=replace(one.meta, name=f"{one.meta.name}-6"), endpoints=())
            for one in here.slices
        )
        world[key] = replace(here, slices=(*here.slices, *six))
    plan = plan_of(want(Mode.SHADOW), world)
    assert len(plan.ops) == 6
    assert (plan.notes, plan.blocked) == ((), {})


def test_slices_go_when_their_service_has_no_ipv4_address_any_more() -> None:
    world = of_type(run(want(Mode.SHADOW), begun(FULL)).clusters, "IPv6")
    assert {op.verb for op in plan_of(want(Mode.SHADOW), world).ops} == {Verb.DELETE}


def op(name: str, cluster: ClusterId = A) -> SliceOp:
    return SliceOp(
        cluster=cluster, peer=B, verb=Verb.CREATE, kind=SliceKind.SHADOW, namespace=REMOTE, name=name, reason="because"
    )


def test_of_two_writes_of_one_id_the_second_is_refused_with_all_that_belongs_to_it() -> None:
    db = ServiceKey(HUB, "demo", "db")
    first = ServicePlan(key=WEB, ops=(op("one"), op("two")))
    second = ServicePlan(key=db, ops=(op("two"), op("three"), op("three", B)))
    one, other = each_once([first, second])
    assert one == first
    assert other.ops == (op("three", B),)
    assert other.blocked[A].fault is FailureName.NAME_TAKEN
    assert other.blocked[A].why == "the same object is planned for hub:demo/web already"
    (twice,) = each_once([ServicePlan(key=db, ops=(op("one"), op("one")))])
    assert (twice.ops, list(twice.blocked)) == ((), [A])


def test_two_writes_of_one_id_never_leave_the_planner() -> None:
    both, world = two_hubs()
    world = {key: replace(here, shadows=()) for key, here in world.items()}
    world[HUB] = replace(world[HUB], services=(replace(world[HUB].services[0], selects=False),))
    other = world[ClusterId("a-hub")]
    world[other.id] = replace(other, services=(replace(other.services[0], selects=False),))
    plans = plan_services(both, world)
    ids = [found.id for plan in plans for found in plan.ops]
    assert len(ids) == len(set(ids)) > 0
    assert {problem.fault for plan in plans for problem in plan.blocked.values()} == {FailureName.NAME_TAKEN}
