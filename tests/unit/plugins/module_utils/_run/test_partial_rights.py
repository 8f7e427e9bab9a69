# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rights that show a part of a cluster: enough for what they show, and no word about what they hide.

API servers are dictionaries here and grant what manifests say, among them those of Liqo's own peering-user.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import pytest
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.errors import FailureName
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.model import Cluster, ClusterId, Fabric, Pair, State
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.report import LinkReport, Report
from ansible_collections.liqo.fabric.plugins.module_utils._liqo import resources
from ansible_collections.liqo.fabric.plugins.module_utils._liqo.identity import Identity
from ansible_collections.liqo.fabric.plugins.module_utils._liqo.resources import BEFORE_WRITING
from ansible_collections.liqo.fabric.plugins.module_utils._liqo.rights import Job
from ansible_collections.liqo.fabric.plugins.module_utils._liqo.roles import build_access, wanted_access
from ansible_collections.liqo.fabric.plugins.module_utils._run.info import read_states
from ansible_collections.liqo.fabric.plugins.module_utils._run.read import Depth, deepen, read_cluster
from ansible_collections.liqo.fabric.plugins.module_utils._run.reconcile import Limits, reconcile
from ansible_collections.liqo.fabric.plugins.module_utils._run.who import Who

from tests.unit import bodies
from tests.unit.authorized import AuthorizedApi
from tests.unit.bodies import Body, body, tenant
from tests.unit.build import RETAIL, cluster_id, pair, shortcut

A, B, C = (cluster_id(f"leaf-{letter}") for letter in "abc")
AB, AC, BC = pair("leaf-a", "leaf-b"), pair("leaf-a", "leaf-c"), pair("leaf-b", "leaf-c")
PAIRS = (AB, AC, BC)

OF_TENANT_NAMESPACE: dict[str, dict[str, list[str]]] = {
    "": {"namespaces": ["get"], "services": ["get"], "secrets": ["create", "delete", "get", "list"]},
    "apps": {"deployments": ["get"]},
    "authentication.liqo.io": {"tenants": ["create", "delete", "get", "list", "update"]},
    "networking.liqo.io": {
        **{
            plural: ["create", "delete", "get", "list", "update"]
            for plural in ("configurations", "gatewayclients", "gatewayservers", "publickeies")
        },
        "connections": ["get", "list"],
    },
}
"""ClusterRole liqo-peering-user-tenant-ns of Liqo 1.2.0."""
OF_LIQO_NAMESPACE: dict[str, dict[str, list[str]]] = {
    "": {"configmaps": ["get", "list", "watch"]},
    "ipam.liqo.io": {"networks": ["get", "list"]},
    "networking.liqo.io": {
        plural: ["get", "list"] for plural in ("wggatewayclienttemplates", "wggatewayservertemplates")
    },
}
"""Role liqo-peering-user-liqo-ns."""


def granted(name: str, namespace: str, table: dict[str, dict[str, list[str]]]) -> list[Body]:
    rules = [
        {"apiGroups": [group], "resources": [plural], "verbs": verbs}
        for group, plurals in table.items()
        for plural, verbs in plurals.items()
    ]
    metadata = {"name": name, "namespace": namespace}
    role_ref = {"kind": "Role", "name": name}
    return [
        {"kind": "Role", "metadata": metadata, "rules": rules},
        {"kind": "RoleBinding", "metadata": metadata, "roleRef": role_ref},
    ]


def peering_user(*peers: ClusterId) -> list[Body]:
    """What `liqoctl generate peering-user` grants, once for each of these peers."""
    found = granted("liqo-ns", "liqo", OF_LIQO_NAMESPACE)
    for peer in peers:
        found += granted("tenant-ns", tenant(peer), OF_TENANT_NAMESPACE)
    return found


def everything(here: ClusterId) -> list[Body]:
    identity = Identity(fabric=RETAIL, name="robot", jobs=frozenset({Job.SHORTCUT, Job.REMOVAL, Job.KEYS}))
    wanted = wanted_access(identity, Cluster(id=here, name=here, labels={}))
    return [build_access(place, spec, identity=identity.name) for place, spec in wanted.items()]


def leaf(here: ClusterId, grants: Iterable[Body], owners: str = "retail") -> AuthorizedApi:
    """Linked with both others, as this fabric made it in namespaces that were there."""
    api = AuthorizedApi(here, [], grants)
    for wanted in PAIRS:
        if here in wanted:
            for one in bodies.linked_cluster(here, wanted.other(here), is_server=here == wanted.a):
                if one["kind"] in ("Configuration", "GatewayServer", "GatewayClient", "PublicKey"):
                    one["metadata"]["labels"]["liqo-fabric.github.io/managed"] = "true"
                    one["metadata"]["annotations"] = {"liqo-fabric.github.io/owners": owners}
                api.put(one)
    return api


World = dict[ClusterId, AuthorizedApi]


def run(world: World, state: State, *pairs: Pair, check_mode: bool = False, **facts: Any) -> Report:
    fabric = Fabric(
        name=RETAIL,
        clusters=tuple(Cluster(id=name, name=name, labels={}) for name in world),
        shortcuts=tuple(shortcut(*wanted) for wanted in pairs),
        state=state,
        **facts,
    )
    limits = Limits(wait=False, wait_timeout_s=0.2)
    return reconcile(fabric, {key: api.as_api() for key, api in world.items()}, limits=limits, check_mode=check_mode)


def of(report: Report, wanted: Pair) -> LinkReport:
    return next(link for link in report.links if link.pair == wanted)


def drift(world: World, wanted: Pair) -> None:
    world[wanted.a].one("GatewayServer", wanted.b, tenant(wanted.b))["spec"]["mtu"] = 1400


def stock() -> World:
    return {A: leaf(A, peering_user(B)), B: leaf(B, peering_user(A))}


def untouched(world: World) -> Callable[[], bool]:
    before = {key: dict(api.store) for key, api in world.items()}
    return lambda: {key: api.store for key, api in world.items()} == before


@pytest.mark.parametrize("state", [State.PRESENT, State.ABSENT])
def test_the_rights_of_liqos_peering_user_are_enough_for_a_shortcut(state: State) -> None:
    world = stock()
    drift(world, AB)
    report = run(world, state, AB, check_mode=state is State.ABSENT)
    assert of(report, AB).failure is None
    assert of(report, AB).outcome == ("repaired" if state is State.PRESENT else "removed")
    (state_of_a,) = (seen for key, seen in report.clusters.items() if key == A)
    assert "ForeignCluster" in getattr(state_of_a, "unread", ())


@pytest.mark.parametrize("consumer", [A, B])
@pytest.mark.parametrize("state", [State.PRESENT, State.ABSENT])
def test_with_the_rights_of_liqos_peering_user_a_peering_is_seen_on_its_provider(
    state: State, consumer: ClusterId
) -> None:
    world = stock()
    drift(world, AB)
    provider = AB.other(consumer)
    world[provider].put(body(resources.TENANT, consumer, tenant(consumer), peer=consumer, spec={"clusterID": consumer}))
    same = untouched(world)
    report = run(world, state, AB)
    failure = of(report, AB).failure
    assert failure is not None
    assert (of(report, AB).outcome, failure.fault) == ("blocked", FailureName.CARRIES_PEERING)
    assert same()


def without_tenants(*peers: ClusterId) -> list[Body]:
    """The rights of a peering-user that somebody wrote by hand and did not think of Tenants."""
    table = {group: rules for group, rules in OF_TENANT_NAMESPACE.items() if group != "authentication.liqo.io"}
    found = granted("liqo-ns", "liqo", OF_LIQO_NAMESPACE)
    for peer in peers:
        found += granted("tenant-ns", tenant(peer), table)
    return found


@pytest.mark.parametrize("state", [State.PRESENT, State.ABSENT])
def test_rights_that_hide_peerings_block_the_pair_and_name_what_is_missing(state: State) -> None:
    world = {A: leaf(A, without_tenants(B)), B: leaf(B, without_tenants(A))}
    drift(world, AB)
    same = untouched(world)
    failure = of(run(world, state, AB), AB).failure
    assert failure is not None
    assert failure.fault is FailureName.MISSING_RIGHT
    assert "list on Tenant" in failure.next
    assert same()
    assert of(run(world, state, AB, allow_peering_pairs=True, check_mode=True), AB).failure is None


def half_blind() -> World:
    """On leaf-b the rights show the namespace of Liqo and the tenant namespace of leaf-a."""
    world = {A: leaf(A, everything(A)), B: leaf(B, peering_user(A)), C: leaf(C, everything(C))}
    world[B]._granted |= {(("list", "", "namespaces"), ""), (("get", "", "namespaces"), "")}
    return world


@pytest.mark.parametrize("state", [State.PRESENT, State.ABSENT])
def test_a_tenant_namespace_that_may_not_be_read_blocks_its_pair_and_no_other(state: State) -> None:
    world = half_blind()
    for wanted in PAIRS:
        drift(world, wanted)
    before = dict(world[C].store)
    report = run(world, state, *PAIRS, check_mode=state is State.ABSENT)
    failure = of(report, BC).failure
    assert failure is not None
    assert (of(report, BC).outcome, failure.fault) == ("blocked", FailureName.MISSING_RIGHT)
    assert failure.what == "cannot list Configuration, GatewayServer, GatewayClient, PublicKey, Connection"
    assert "the tenant namespace of leaf-c" in failure.why
    done = "repaired" if state is State.PRESENT else "removed"
    assert [of(report, wanted).outcome for wanted in (AB, AC)] == [done, done]
    assert of(report, BC).planned == ()
    about_b = {key: one for key, one in before.items() if tenant(B) in key}
    assert {key: world[C].store.get(key) for key in about_b} == about_b


def test_what_every_pair_of_ours_is_does_not_follow_from_what_is_in_sight() -> None:
    report = run(half_blind(), State.ABSENT, every_owned_pair=True, check_mode=True)
    assert {link.pair: link.outcome.value for link in report.links} == {AB: "removed", AC: "removed", BC: "blocked"}
    assert [(found.level, found.cluster) for found in report.preflight] == [("warning", B)]


def test_a_cluster_that_is_gone_is_not_forgotten_where_nobody_could_look() -> None:
    world = half_blind()
    del world[C]
    report = run(world, State.PRESENT, forget=(C,), check_mode=True)
    assert {link.pair: link.outcome.value for link in report.links} == {AC: "removed", BC: "blocked"}
    report = run(stock(), State.PRESENT, forget=(C,), check_mode=True)
    assert {link.pair: link.outcome.value for link in report.links} == {AC: "blocked", BC: "blocked"}


def test_what_may_be_a_peering_is_not_gathered_as_a_shortcut() -> None:
    world = {A: leaf(A, without_tenants(B)), B: leaf(B, without_tenants(A))}
    report = run(world, State.GATHERED)
    assert report.gathered == ()
    assert [link.notes for link in report.links] == [
        ("not gathered: our rights do not show whether leaf-a is peered with leaf-b as its provider",)
    ]
    assert [wish["between"] for wish in run(stock(), State.GATHERED).gathered] == [[A, B]]


def test_a_query_names_what_it_saw_in_part() -> None:
    seen = read_states([Cluster(id=B, name=B, labels={})], {B: half_blind()[B].as_api()}, timeout_s=5, parallel=1)[B]
    assert {"Configuration", "PublicKey", "ForeignCluster"} <= set(getattr(seen, "hidden")())  # noqa: B009


def test_a_namespace_that_is_found_by_its_name_is_read_like_the_others() -> None:
    """One that lost its labels is not looked for before something is to be written."""
    api = half_blind()[B]
    del api.one("Namespace", tenant(A))["metadata"]["labels"]["liqo.io/tenant-namespace"]
    steady = read_cluster(api.as_api(), Who(Cluster(id=B, name=B, labels={})), peers=frozenset({A}), depth=Depth.STEADY)
    assert steady.state.hides("Configuration", C)
    deep = deepen(steady, peers=frozenset({A}), queries=BEFORE_WRITING)
    assert not deep.state.hides("Configuration", A)
    assert deep.state.side(A).link_objects()
    assert deep.state.hides("Configuration", C)
