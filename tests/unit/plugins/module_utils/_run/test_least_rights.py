# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The table of verbs is neither too narrow nor too broad: enough for every job, and with one verb less not enough.

Everything is planned against API servers that are dictionaries and grant what the manifests say; lab_tests/test_rbac.py
does the same with real ones.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.access import Subject
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.model import Cluster, ClusterId, Fabric, Pair, State
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.operations import Verb
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.plan import plan_link
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.propagation.model import Mode
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.propagation.operations import SliceOp
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.report import report_result
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.resources import Resource
from ansible_collections.liqo.fabric.plugins.module_utils._liqo import resources
from ansible_collections.liqo.fabric.plugins.module_utils._liqo.identity import Identity
from ansible_collections.liqo.fabric.plugins.module_utils._liqo.resources import OF_HUBS, OF_LEAVES
from ansible_collections.liqo.fabric.plugins.module_utils._liqo.rights import VERBS, Job, Side, grants, rights_of
from ansible_collections.liqo.fabric.plugins.module_utils._liqo.roles import build_access, wanted_access
from ansible_collections.liqo.fabric.plugins.module_utils._liqo.services import RESOURCE_BY_SLICE_KIND
from ansible_collections.liqo.fabric.plugins.module_utils._run.info import read_states
from ansible_collections.liqo.fabric.plugins.module_utils._run.reconcile import Limits, reconcile

from tests.unit import bodies, build
from tests.unit.authorized import AuthorizedApi, Right
from tests.unit.build import RETAIL, cluster_id, shortcut
from tests.unit.propagated import after, begun, ops_of, run
from tests.unit.reflection import HUB, LEAVES, Reflection, scene, want

A, B = cluster_id("leaf-a"), cluster_id("leaf-b")
CLUSTERS = tuple(Cluster(id=one, name=one, labels={}) for one in (A, B))
ENDS = ((A, B, True), (B, A, False))
OLD = "v1.1.2"
Bodies = list[bodies.Body]
WRITTEN = ("Namespace", "Configuration", "GatewayServer", "GatewayClient", "PublicKey")


def identity(job: Job, *, useful: bool = False, pairs: frozenset[Pair] | None = None) -> Identity:
    subjects = (Subject(kind="User", name="robot"),)
    return Identity(fabric=RETAIL, name="robot", jobs=frozenset({job}), subjects=subjects, useful=useful, pairs=pairs)


def manifests(who: Identity, cluster: ClusterId) -> list[dict[str, Any]]:
    wanted = wanted_access(who, Cluster(id=cluster, name=cluster, labels={}))
    return [build_access(place, spec, identity=who.name) for place, spec in wanted.items()]


def nothing(here: str, peer: str, *, is_server: bool) -> Bodies:
    linked = bodies.linked_cluster(here, peer, is_server=is_server)
    return [one for one in linked if one["metadata"].get("namespace") == "liqo"]


def drifted(here: str, peer: str, *, is_server: bool) -> Bodies:
    """One object of each kind is not as it should be."""
    found = bodies.linked_cluster(here, peer, is_server=is_server)
    for one in found:
        if one["kind"] == "Namespace":
            del one["metadata"]["labels"]["liqo.io/tenant-namespace"]
        elif one["kind"] == "Configuration":
            del one["metadata"]["labels"]["liqo.io/remote-cluster-id"]
        elif one["kind"] in ("GatewayServer", "GatewayClient"):
            one["spec"]["mtu"] = 1000
        elif one["kind"] == "PublicKey":
            one["spec"]["publicKey"] = build.key("another")
    return found


def renumbered(here: str, peer: str, *, is_server: bool) -> Bodies:
    """On a Liqo that takes other CIDRs only with a new Configuration."""
    found = [one for one in bodies.linked_cluster(here, peer, is_server=is_server) if one["kind"] != "ConfigMap"]
    for one in found:
        if one["kind"] == "Configuration":
            one.update(bodies.configuration(peer, modern=False))
            one["spec"]["remote"]["cidr"]["pod"] = ["10.99.0.0/16"]
    return [*found, bodies.config_map(here, OLD)]


def owned_by(owners: str) -> Callable[..., Bodies]:
    def owned(here: str, peer: str, *, is_server: bool) -> Bodies:
        found = bodies.linked_cluster(here, peer, is_server=is_server)
        for one in found:
            if one["kind"] in WRITTEN:
                one["metadata"]["labels"]["liqo-fabric.github.io/managed"] = "true"
                one["metadata"].setdefault("annotations", {})["liqo-fabric.github.io/owners"] = owners
        return found

    return owned


STARTS: dict[Job, tuple[tuple[Callable[..., Bodies], State], ...]] = {
    Job.SHORTCUT: ((nothing, State.PRESENT), (drifted, State.PRESENT), (renumbered, State.PRESENT)),
    Job.REMOVAL: (
        (owned_by("retail"), State.ABSENT),
        (owned_by("other,retail"), State.ABSENT),
        (owned_by("retail"), State.PRESENT),
    ),
}
"""Together they need every verb that the job may need."""


def plan(who: Identity, start: Callable[..., Bodies], state: State, lost: Right | None = None) -> Mapping[str, Any]:
    """The result of a run in check mode, on both leaves without the lost right.

    Who may only remove does so also with what a leaf holds about another one that is gone for good.
    """
    if Job.REMOVAL in who.jobs and state is State.PRESENT:
        return forget(who, start, lost)
    apis = {
        here: AuthorizedApi(here, start(here, peer, is_server=is_server), manifests(who, here))
        for here, peer, is_server in ENDS
    }
    for api in apis.values():
        api.lost |= {lost} if lost else set()
    fabric = Fabric(name=RETAIL, clusters=CLUSTERS, shortcuts=(shortcut(),), state=state)
    opened = {here: api.as_api() for here, api in apis.items()}
    return report_result(reconcile(fabric, opened, limits=Limits(), check_mode=True))


def forget(who: Identity, start: Callable[..., Bodies], lost: Right | None) -> Mapping[str, Any]:
    api = AuthorizedApi(A, start(A, B, is_server=True), manifests(who, A))
    api.lost |= {lost} if lost else set()
    fabric = Fabric(name=RETAIL, clusters=CLUSTERS[:1], shortcuts=(), forget=(B,))
    return report_result(reconcile(fabric, {A: api.as_api()}, limits=Limits(), check_mode=True))


def needed(job: Job, side: Side = Side.LEAF) -> list[tuple[str, Resource]]:
    return list(dict.fromkeys((verb, grant.resource) for grant in grants([job], side) for verb in grant.verbs))


CASES = [(job, verb, resource) for job in STARTS for verb, resource in needed(job)]


@pytest.mark.parametrize("pairs", [None, frozenset({Pair.of(A, B)})], ids=["everywhere", "in these namespaces"])
@pytest.mark.parametrize("useful", [True, False])
@pytest.mark.parametrize(
    ("job", "start", "state"), [(job, *start) for job, starts in STARTS.items() for start in starts]
)
def test_the_rights_of_a_job_are_enough(
    job: Job, start: Callable[..., Bodies], state: State, *, useful: bool, pairs: frozenset[Pair] | None
) -> None:
    """For named pairs the namespaces are there already: an identity can make none."""
    who = identity(job, useful=useful, pairs=pairs)
    made = start
    if pairs and start is nothing:

        def made(here: str, peer: str, *, is_server: bool) -> Bodies:
            return [*nothing(here, peer, is_server=is_server), bodies.namespace(peer)]

    found = plan(who, made, state)
    assert found["failures"] == []
    assert {row["action"] for row in found["plan"]}


@pytest.mark.parametrize(
    ("job", "verb", "resource"), CASES, ids=[f"{job}: {verb} {resource}" for job, verb, resource in CASES]
)
def test_one_needed_verb_less_and_the_plan_is_refused_and_names_it(job: Job, verb: str, resource: Resource) -> None:
    lost = (verb, resource.group, resource.plural)
    found = [plan(identity(job), start, state, lost) for start, state in STARTS[job]]
    refused = [one for one in found if one["failures"]]
    assert refused, f"{verb} {resource} is not needed"
    for one in refused:
        assert one["links"][0]["outcome"] == "blocked"
        assert [row for row in one["plan"] if row["cluster"] in (A, B)] == []
        for failure in one["failures"]:
            assert failure["fault"] == "missing-right"
            told = f"{failure['what']} {failure['why']} {failure['next']}"
            assert verb in told
            assert resource.kind in told or str(resource) in told, told


def test_a_namespace_that_may_not_be_looked_at_is_not_taken_for_missing() -> None:
    lost = ("get", "", "namespaces")
    found = plan(identity(Job.SHORTCUT), drifted, State.PRESENT, lost)
    assert found["links"][0]["outcome"] == "blocked"
    assert {failure["what"] for failure in found["failures"]} <= {
        "cannot get the tenant namespace of leaf-a",
        "cannot get the tenant namespace of leaf-b",
    }


@pytest.mark.parametrize(("verb", "resource"), needed(Job.QUERY), ids=str)
def test_a_query_names_what_it_may_not_see(verb: str, resource: Resource) -> None:
    def look(lost: Right | None) -> Any:
        api = AuthorizedApi(A, bodies.linked_cluster(A, B), manifests(identity(Job.QUERY), A))
        api.lost |= {lost} if lost else set()
        return read_states(CLUSTERS[:1], {A: api.as_api()}, timeout_s=5, parallel=1)[A]

    whole, less = look(None), look((verb, resource.group, resource.plural))
    assert resource.kind not in whole.unread
    assert resource.kind in less.unread if hasattr(less, "unread") else f"{verb} {resource}" in str(less)


def propagation_ops() -> Iterator[SliceOp]:
    """Into every mode, from one mode into the other, out of it, and to wake up a leaf that has given up."""
    some = scene((LEAVES[0], LEAVES[1]), (LEAVES[0], LEAVES[2]), (LEAVES[1], LEAVES[2]))
    world = begun(some)
    gone = replace(want(), wishes=(), state=State.ABSENT)
    for wish in (want(Mode.SHADOW), want(Mode.EXCLUSIVE), want(Mode.SHADOW), want(Mode.UPSTREAM), gone):
        yield from ops_of(wish, world)
        world = run(wish, world)
    direct = after(want(Mode.UPSTREAM), some)
    stuck = replace(direct[LEAVES[0]], slices=some.world()[LEAVES[0]].slices)
    yield from ops_of(want(Mode.UPSTREAM), Reflection({**direct, LEAVES[0]: stuck}))


def propagation_verbs() -> dict[Side, set[tuple[str, Resource]]]:
    """What runs in every mode, and their retreats, read and write."""
    found: dict[Side, set[tuple[str, Resource]]] = {
        Side.HUB: {("list", query.resource) for query in (*OF_HUBS, *OF_LEAVES)},
        Side.LEAF: {("list", query.resource) for query in OF_LEAVES},
    }
    for op in propagation_ops():
        side = Side.HUB if op.cluster == HUB else Side.LEAF
        found[side] |= {(verb, RESOURCE_BY_SLICE_KIND[op.kind]) for verb in VERBS[op.verb]}
    return found


@pytest.mark.parametrize("side", Side)
def test_propagation_reads_and_writes_what_the_table_says_and_nothing_else(side: Side) -> None:
    """Policies are written where they are served, Deployments tell versions, and Services of a leaf which are its own:
    all that is for better ways only."""
    better = {resources.POLICY, resources.BINDING, resources.DEPLOYMENT}
    better |= {resources.SERVICE} if side is Side.LEAF else set()
    used = {(verb, resource) for verb, resource in propagation_verbs()[side] if resource not in better}
    query = set(needed(Job.QUERY, side))
    assert used == set(needed(Job.PROPAGATION, side)) - query
    allowed = {
        (verb, grant.resource) for grant in grants([Job.PROPAGATION], side) for verb in (*grant.verbs, *grant.useful)
    }
    written = {(verb, resource) for verb, resource in propagation_verbs()[side] if verb != "list"}
    assert written <= allowed


def test_own_keys_need_the_job_keys() -> None:
    one, other = build.link()
    fresh = build.cluster("leaf-a"), build.cluster("leaf-b")
    plans = [
        plan_link(shortcut(keys="own"), *fresh, fabric=RETAIL),
        plan_link(shortcut(), one, other, fabric=RETAIL, rotate_keys=True),
    ]
    needs = {(right.verb, right.resource) for found in plans for op in found.ops for right in rights_of(op)}
    assert {verb for verb, resource in needs if resource == resources.SECRET} == {"create", "delete"}
    assert not granted_on_secrets(Job.SHORTCUT) & {"create", "delete"}
    assert {"create", "delete", "list"} <= granted_on_secrets(Job.SHORTCUT, Job.KEYS)


def granted_on_secrets(*jobs: Job) -> set[str]:
    table: Iterable[Any] = grants(jobs, Side.LEAF)
    return {verb for grant in table if grant.resource == resources.SECRET for verb in (*grant.verbs, *grant.useful)}


def test_every_operation_is_one_verb_of_the_api() -> None:
    assert set(VERBS) == set(Verb)
