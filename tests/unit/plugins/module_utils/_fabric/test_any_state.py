# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whatever two clusters answer, what is concluded from it raises nothing and can be handed out as JSON."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.liqo.fabric.plugins.module_utils._fabric import evidence, text
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.case import Clues
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.diagnosis import diagnose
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.facts import last_seen, value_of
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.findings import refusals
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.gathered import gather, others_own
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.hub_view import LEAF_ROLES, HubView, leaves_of
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.info_result import info_result
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.links import describe
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.model import Keys, Shortcut, State
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.objects import ClusterState, Fact, FactName
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.operations import LinkPlan
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.picture import dot, mermaid
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.plan import plan_link
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.preflight import preflight
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.reaching import NoAddress
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.removal import plan_forget, plan_removal
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.report import (
    LinkReport,
    Outcome,
    Report,
    report_result,
)
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.resources import Resource
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.scene import Seen
from ansible_collections.liqo.fabric.plugins.module_utils._liqo import health, resources, surroundings
from ansible_collections.liqo.fabric.plugins.module_utils._liqo.cluster import Raw, parse_cluster
from ansible_collections.liqo.fabric.plugins.module_utils._liqo.render import manifest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit import bodies, junk
from tests.unit.bodies import Body
from tests.unit.build import RETAIL, T1, cluster_id, pair, shortcut
from tests.unit.strategies import law

OTHERWISE = shortcut(service_type="NodePort", node_port=30000, keys=Keys.OWN)
RESOURCES = {kind.kind: kind for kind in vars(resources).values() if isinstance(kind, Resource)}


def answers(here: str, peer: str, *, is_server: bool) -> list[Body]:
    """A whole cluster, with what a peering and a removal would also read."""
    labels = {"labels": {"liqo.io/remote-cluster-id": peer}}
    return [
        *bodies.linked_cluster(here, peer, is_server=is_server),
        bodies.body(resources.TENANT, peer, bodies.tenant(peer), peer=peer, spec={"clusterID": peer}),
        bodies.body(resources.ROUTE_CONFIGURATION, peer, bodies.tenant(peer), metadata=labels),
        bodies.body(resources.WG_SERVER, peer, bodies.tenant(peer), metadata=labels),
        bodies.body(resources.SERVICE, f"gw-{peer}", bodies.tenant(peer), spec={"type": "LoadBalancer"}),
    ]


def listed(found: list[Body], kinds: list[str]) -> Raw:
    objects: dict[Resource, tuple[Any, ...]] = {query.resource: () for query in resources.STEADY}
    for kind, one in zip(kinds, found, strict=True):
        objects[RESOURCES[kind]] = (*objects.get(RESOURCES[kind], ()), one)
    return Raw(liqo_namespace="liqo", objects=objects, read_at=T1)


@st.composite
def odd_cluster(draw: st.DrawFn, here: str, peer: str, *, is_server: bool) -> Raw:
    """A cluster of which some answers are odd, some are missing, and some come twice."""
    found = answers(here, peer, is_server=is_server)
    for index in draw(st.sets(st.integers(0, len(found) - 1), min_size=1, max_size=3)):
        found[index] = draw(junk.changed(found[index]))
    kinds = [one["kind"] for one in answers(here, peer, is_server=is_server)]
    pairs = list(zip(kinds, found, strict=True))
    for index in draw(st.sets(st.integers(0, len(pairs) - 1), max_size=2)):
        twin = {**pairs[index][1], "metadata": {**bodies.connection()["metadata"], "name": "twin"}}
        pairs.append((pairs[index][0], twin))
    for index in sorted(draw(st.sets(st.integers(0, len(pairs) - 1), max_size=2)), reverse=True):
        del pairs[index]
    return listed([one for _kind, one in pairs], [kind for kind, _one in pairs])


def conclude(one: Raw, other: Raw, *, wishes: tuple[Shortcut, ...] = (shortcut(), OTHERWISE)) -> None:
    """Everything that a run may make of two clusters."""
    a, b = parse_cluster(one, cluster_id("leaf-a")), parse_cluster(other, cluster_id("leaf-b"))
    raws = {a.id: one, b.id: other}
    states = {a.id: a, b.id: b}
    handed_out(info_result(states))
    evidence.weigh(a, b)
    evidence.weigh_alone(a, b.id, because="x")
    leaves_of([HubView(name="hub", state=a)], roles=LEAF_ROLES)
    for state in (a, b):
        for side in state.sides.values():
            for name in FactName:
                fact = Fact(name=name, cluster=state.id, peer=side.peer, newer_than=T1)
                value_of(fact, side)
                last_seen(fact, side)
    handed_out(gather(pair(), a, b).shortcut, others_own(RETAIL, a, b))
    plans = [
        plan_link(wish, a, b, fabric=RETAIL, allow_peering=True, adopt=adopt, rotate_keys=rotate)
        for wish in wishes
        for adopt in (False, True)
        for rotate in (False, True)
    ]
    plans.append(plan_removal(pair(), a, b, fabric=RETAIL, allow_peering=True))
    plans.append(plan_forget(b.id, a, fabric=RETAIL, allow_peering=True))
    for plan in plans:
        report_on(plan, states, raws)
    diagnose_all(a, b, raws)


def report_on(plan: LinkPlan, states: dict[Any, ClusterState], raws: dict[Any, Raw]) -> None:
    seen = {
        cluster: Seen(
            networks=surroundings.used_networks(raw),
            pools=surroundings.ipam_pools(raw.of(resources.DEPLOYMENT)),
            services=surroundings.service_ports(raw.of(resources.SERVICE)),
        )
        for cluster, raw in raws.items()
    }
    findings = preflight({plan.pair: plan}, states, seen)
    refusals(findings)
    link = describe(plan.pair, *(states[cluster] for cluster in plan.pair))
    failure = plan.blocked
    row = LinkReport(
        pair=plan.pair,
        outcome=Outcome.IN_SYNC if failure is None else Outcome.BLOCKED,
        planned=plan.ops,
        failure=failure,
        link=link,
        notes=plan.notes,
    )
    report = Report(
        fabric=RETAIL,
        state=State.PRESENT,
        check_mode=True,
        links=(row,),
        clusters=states,
        preflight=findings,
        rendered={
            op.cluster: (manifest(op.after, name=op.name, namespace=op.namespace, peer=op.peer),)
            for op in plan.ops
            if op.after is not None and not op.relabels
        },
    )
    result = report_result(report)
    handed_out(result)
    assert text.result_text(result)
    assert mermaid(result)
    assert dot(result)


def diagnose_all(a: ClusterState, b: ClusterState, raws: dict[Any, Raw]) -> None:
    sides = {a.id: a.side(b.id), b.id: b.side(a.id)}
    for cluster, raw in raws.items():
        clues = Clues(
            where="x",
            version=a.version,
            workloads=health.parse_workloads(raw.of(resources.DEPLOYMENT)),
            networks=tuple(map(health.parse_allocation, raw.of(resources.NETWORK))),
            pools=surroundings.ipam_pools(raw.of(resources.DEPLOYMENT)) or (),
            no_address=NoAddress(),
            gateway_missing=True,
        )
        other = a.id if cluster == b.id else b.id
        for name in FactName:
            fact = Fact(name=name, cluster=cluster, peer=other)
            found = diagnose(
                pair(), [fact], sides, {a.id: clues, b.id: clues}, served_by=health.SERVED_BY, timeout_s=1.0
            )
            handed_out(found.as_result())


def handed_out(*results: Any) -> None:
    """AWX stores results as JSON, which has no NaN."""
    json.dumps(results, allow_nan=False)


@law
@given(odd_cluster("leaf-a", "leaf-b", is_server=True), odd_cluster("leaf-b", "leaf-a", is_server=False))
def test_any_two_clusters_come_to_a_result(one: Raw, other: Raw) -> None:
    conclude(one, other)


@pytest.mark.parametrize("value", [None, junk.DEEP, junk.LONG, "x" * 70_000], ids=lambda value: repr(value)[:9])
def test_every_place_of_a_cluster_takes_every_odd_value(value: Any) -> None:
    found, other = answers("leaf-a", "leaf-b", is_server=True), answers("leaf-b", "leaf-a", is_server=False)
    kinds = [one["kind"] for one in found]
    peer = listed(other, [one["kind"] for one in other])
    for index, real in enumerate(found):
        for path in junk.paths(real):
            odd = [*found[:index], junk.copied(real, path, value), *found[index + 1 :]]
            conclude(listed(odd, kinds), peer, wishes=(OTHERWISE,))


def test_a_cluster_that_names_itself_as_its_peer_has_no_such_side() -> None:
    raw = bodies.raw([*bodies.linked_cluster("leaf-a", "leaf-b"), bodies.configuration("leaf-a")])
    state = parse_cluster(raw, cluster_id("leaf-a"))
    assert set(state.sides) == {"leaf-b"}
    (note,) = state.notes
    assert "the cluster itself: Configuration liqo-tenant-leaf-a/leaf-a" in note


def test_objects_of_no_cluster_are_counted_and_a_few_of_them_named() -> None:
    odd = []
    for number in range(1000):
        one = bodies.foreign_cluster(f"x{number}")
        one["spec"]["clusterID"] = f"x'; id {number}; '"
        odd.append(one)
    state = parse_cluster(bodies.raw([*bodies.linked_cluster(), *odd]), cluster_id("leaf-a"))
    assert set(state.sides) == {"leaf-b"}
    (note,) = state.notes
    assert note.endswith("and 995 more")
    assert len(note) < 300


def test_a_steady_cluster_has_no_notes() -> None:
    assert parse_cluster(bodies.raw(bodies.linked_cluster()), cluster_id("leaf-a")).notes == ()


def test_two_versions_of_liqo_with_another_number_of_cidrs() -> None:
    """leaf-a has two pod CIDRs, of which the Liqo 1.1 of leaf-b remaps the first one alone."""
    held = bodies.configuration("leaf-a", modern=False)
    held["spec"]["remote"]["cidr"]["pod"].append("10.99.0.0/16")
    others = [one for one in bodies.linked_cluster("leaf-b", "leaf-a") if one["kind"] != "Configuration"]
    state = parse_cluster(bodies.raw([*others, held]), cluster_id("leaf-b"))
    a = parse_cluster(bodies.raw(bodies.linked_cluster()), cluster_id("leaf-a"))
    (link,) = info_result({state.id: state, a.id: replace(a, version=(1, 2, 0))})["links"]
    native = held["spec"]["remote"]["cidr"]["pod"]
    assert link["ends"][1]["remap"]["pod"] == [
        {"native": native[0], "remapped": native[0]},
        {"native": native[1], "remapped": None},
    ]
