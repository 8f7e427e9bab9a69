# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Laws of propagation: whatever is there, a run ends, ends as wished, and never leaves a pod without a way."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from ansible_collections.liqo.fabric.plugins.module_utils._fabric.model import State
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.operations import Verb
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.propagation.model import Mode, Origin, Slice
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.propagation.operations import holds
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.propagation.plan import plan_services
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.build import EDGE
from tests.unit.propagated import begun, ops_of, run
from tests.unit.reflection import LEAVES, MESH, Scene, scene, want
from tests.unit.strategies import law

scenes = st.builds(
    lambda pods, up, down, policies, remaps: Scene(
        pods=dict(zip(LEAVES, pods, strict=True)),
        shortcuts={
            **dict.fromkeys(scene(*up).shortcuts, True),
            **dict.fromkeys(scene(*down).shortcuts, False),
        },
        policies=policies,
        hub_remaps=remaps,
    ),
    st.tuples(*(st.frozensets(st.sampled_from([f"web-{leaf[-1]}{n}" for n in range(3)])) for leaf in LEAVES)),
    st.lists(st.sampled_from(MESH), unique=True),
    st.lists(st.sampled_from(MESH), unique=True, max_size=1),
    st.frozensets(st.sampled_from(LEAVES)),
    st.frozensets(st.sampled_from(LEAVES), max_size=1),
)
modes = st.sampled_from(Mode)
states = st.sampled_from([State.PRESENT, State.EXACT, State.ABSENT])


@law
@given(scenes, modes, states, modes)
def test_a_run_ends_with_nothing_left_to_do(some: Scene, before: Mode, state: State, mode: Mode) -> None:
    world = run(want(before), begun(some))
    world = run(want(mode, state=state), world)
    assert ops_of(want(mode, state=state), world) == ()
    for plan in plan_services(want(mode, state=state), world.clusters):
        unmet = [
            str(goal)
            for goal in plan.goals
            if not holds(goal, world.clusters[goal.cluster].slices, world.clusters[goal.cluster].state)
        ]
        assert unmet == []


@law
@given(scenes, modes)
def test_absent_leaves_everything_as_it_was(some: Scene, mode: Mode) -> None:
    untouched = begun(some)
    world = run(want(mode, state=State.ABSENT), run(want(mode), begun(some)))
    for key, here in world.clusters.items():
        assert here.shadows == ()
        assert bare(here.slices) == bare(untouched.clusters[key].slices)
        assert here.services == untouched.clusters[key].services
        assert here.policies in (None, untouched.clusters[key].policies)


def bare(slices: Iterable[Slice]) -> set[tuple[object, ...]]:
    """Without versions and the marks of a touch."""
    return {(one.meta.name, one.endpoints) for one in slices}


@law
@given(scenes, modes)
def test_each_pod_is_used_once_in_mode_exclusive(some: Scene, before: Mode) -> None:
    world = run(want(Mode.EXCLUSIVE), run(want(before), begun(some)))
    for leaf in LEAVES:
        here = world.clusters[leaf]
        if here.policies is None:
            continue
        ready = [e.pod for one in here.slices for e in one.endpoints if e.ready and one.origin is not Origin.NATIVE]
        assert len(ready) == len(set(ready))


@law
@given(scenes, modes, modes, states)
def test_what_another_fabric_wants_stays(some: Scene, theirs: Mode, ours: Mode, state: State) -> None:
    edge = replace(want(theirs), fabric=EDGE)
    world = run(edge, begun(some))
    mine = want(ours, state=state)
    for op in ops_of(mine, world):
        if op.verb is Verb.DELETE:
            held = [one for one in world.clusters[op.cluster].shadows if one.meta.name == op.name]
            assert all(EDGE not in one.owners for one in held)
            assert EDGE not in getattr(op.before, "owners", frozenset())


@law
@given(scenes, modes)
def test_two_fabrics_that_leave_one_after_the_other_leave_nothing(some: Scene, mode: Mode) -> None:
    both = [want(mode), replace(want(mode), fabric=EDGE)]
    world = begun(some)
    for wish in both:
        world = run(wish, world)
    assert ops_of(both[0], world) == (), "the second to come disturbs the first"
    world = run(replace(both[0], state=State.ABSENT), world)
    assert ops_of(both[1], world) == (), "the first to leave disturbs the second"
    world = run(replace(both[1], state=State.ABSENT), world)
    for here in world.clusters.values():
        assert here.shadows == ()
        assert not here.policies
        assert not any(service.owners for service in here.services)


@law
@given(scenes, modes)
def test_the_order_of_clusters_changes_nothing(some: Scene, mode: Mode) -> None:
    world = begun(some).clusters
    turned = dict(reversed(list(world.items())))
    one, other = plan_services(want(mode), world), plan_services(want(mode), turned)
    assert [(plan.ops, plan.goals, plan.choices, plan.gates) for plan in one] == [
        (plan.ops, plan.goals, plan.choices, plan.gates) for plan in other
    ]
