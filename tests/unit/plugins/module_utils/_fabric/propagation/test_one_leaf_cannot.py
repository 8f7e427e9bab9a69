# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whatever one leaf answers, all that does not use its pods is planned as if that leaf were unreachable."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping
from dataclasses import replace

from ansible_collections.liqo.fabric.plugins.module_utils._fabric.errors import FailureName
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.model import ClusterId, State
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.objects import Cidrs, LocalNetworks, Meta
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.operations import in_order
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.propagation.model import (
    ClusterServices,
    HeldPolicy,
    Mode,
    NamespaceMapping,
    Origin,
    ServiceKey,
    ServiceWish,
    ShadowSpec,
    Slice,
    SliceEndpoint,
    SlicePort,
    Use,
    World,
)
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.propagation.operations import (
    ServicePlan,
    SliceKind,
    SliceOp,
)
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.propagation.plan import plan_services
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.propagation.still_used import still_used
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.propagation.view import sights_result
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit import build
from tests.unit.build import EDGE, RETAIL
from tests.unit.propagated import begun, run, unread, with_side
from tests.unit.reflection import HTTP, HUB, LEAVES, MESH, REMOTE, WEB, home, pods_cidr, remapped, scene, want
from tests.unit.strategies import law

A, B, C = LEAVES
DB = ServiceKey(HUB, "other", "db")
"""A Service whose namespace leaf-b does not have."""
BOTH = (
    ServiceWish(namespace="demo", name="web", source="services[0]"),
    ServiceWish(namespace="other", name="db", source="services[1]"),
)
many = settings(law, max_examples=200)
Clusters = dict[ClusterId, ClusterServices]


def with_db(world: Mapping[ClusterId, ClusterServices]) -> Clusters:
    """The clusters with a second Service on leaf-a and leaf-c."""
    pods = {A: "db-a", C: "db-c"}

    def listed(namespace: str, *leaves: ClusterId, hub: ClusterId | None) -> Slice:
        return Slice(
            meta=Meta(name="db-1", namespace=namespace, uid="u-db-1", resource_version="1"),
            service="db",
            origin=Origin.NATIVE,
            hub=hub,
            endpoints=tuple(
                SliceEndpoint(addresses=(home(leaf, pods[leaf]),), pod=pods[leaf], node=leaf) for leaf in leaves
            ),
            ports=(HTTP,),
        )

    hub = world[HUB]
    found = dict(world)
    found[HUB] = replace(
        hub,
        services=(*hub.services, replace(hub.services[0], key=DB)),
        mappings=(
            *hub.mappings,
            *(NamespaceMapping(namespace="other", leaf=leaf, remote="other-hub", phase="Accepted") for leaf in pods),
        ),
        slices=(*hub.slices, listed("other", *pods, hub=None)),
    )
    for leaf in pods:
        found[leaf] = replace(found[leaf], slices=(*found[leaf].slices, listed("other-hub", leaf, hub=HUB)))
    return found


EMPTY = with_db(scene(*MESH).world())
FULL = {mode: with_db(run(want(mode), begun(scene(*MESH))).clusters) for mode in (Mode.SHADOW, Mode.EXCLUSIVE)}
"""Before the first run, and after one in each mode."""

_pods = st.sampled_from(["web-a", "web-b", "web-c", "db-a", "evil", "", "x" * 300, "../\x1b]0;x\x07"])
_addresses = st.sampled_from(
    [
        home(B, "web-b"),
        home(B, "evil"),
        home(A, "web-a"),
        home(C, "web-c"),
        remapped(C).replace(".0.0/16", ".0.9"),
        "10.96.0.1",
        "127.0.0.1",
        "169.254.169.254",
        "0.0.0.0",
        "::1",
        "{{ 1 }}",
        "",
    ]
)
_ports = st.sampled_from([(HTTP,), (), (SlicePort(name="ssh", port=22),), (SlicePort(name="http", port=-(10**30)),)])
_clusters = st.sampled_from([None, HUB, A, B, C, ClusterId("another"), ClusterId("")])
_endpoints = st.builds(
    SliceEndpoint,
    addresses=st.lists(_addresses, max_size=2).map(tuple),
    pod=_pods,
    ready=st.booleans(),
    serving=st.sampled_from([None, True, False]),
    node=_pods,
    hostname=_pods,
    zone=_pods,
)
_likely = st.builds(
    lambda address, pod: SliceEndpoint(addresses=(address,), pod=pod),
    st.sampled_from([home(B, "web-b"), home(B, "evil"), home(A, "web-a"), "10.96.0.1"]),
    st.sampled_from(["web-b", "web-b", "web-c", "web-a", "evil"]),
)
_slices = st.builds(
    Slice,
    meta=st.builds(
        Meta,
        name=st.sampled_from(["web-1", "web-local", "lf-web.leaf-b", "lf-web.leaf-a", "lf-web.leaf-c", "db-1", ""]),
        namespace=st.sampled_from([REMOTE, REMOTE, "other-hub", "kube-system", ""]),
        uid=st.sampled_from(["u", ""]),
    ),
    service=st.sampled_from(["web", "web", "db", ""]),
    origin=st.sampled_from([Origin.NATIVE, *Origin]),
    source=_clusters,
    hub=st.sampled_from([HUB, None, A]),
    address_type=st.sampled_from(["IPv4", "IPv4", "IPv6", "FQDN", "x"]),
    endpoints=st.lists(_endpoints, max_size=4).map(tuple),
    ports=_ports,
    use=st.sampled_from(Use),
    remap=st.sampled_from([(), ("0.0.0.0/0",), ("x",)]),
    owners=st.frozensets(st.sampled_from([RETAIL, EDGE])),
    key=st.sampled_from([None, WEB, DB, ServiceKey(ClusterId("x"), "y", "z")]),
)
_own = next(one for one in EMPTY[B].slices if one.origin is Origin.NATIVE)
_listed = st.builds(
    lambda endpoints, ports: replace(_own, endpoints=endpoints, ports=ports),
    st.lists(_likely | _endpoints, min_size=1, max_size=3, unique_by=lambda one: one.pod).map(tuple),
    st.sampled_from([(HTTP,), (HTTP,), (HTTP,), (SlicePort(name="http", port=22),), ()]),
)
"""Slices that Kubernetes could have made for the Service on leaf-b, with anything in them."""
_cidrs = st.sampled_from(["0.0.0.0/0", "10.0.0.0/8", pods_cidr(A), pods_cidr(B), pods_cidr(C), "x", "", "::/0"])
_networks = st.builds(
    LocalNetworks,
    pod=st.lists(_cidrs, max_size=2).map(tuple),
    external=st.lists(_cidrs, max_size=2).map(tuple),
    service=st.lists(_cidrs, max_size=2).map(tuple),
    internal=st.lists(_cidrs, max_size=2).map(tuple),
)
_remaps = st.sampled_from([None, Cidrs(), Cidrs(pod=("x",)), Cidrs(pod=(pods_cidr(C),), external=("0.0.0.0/0",))])
_policies = st.sampled_from(
    [None, {}, {"MutatingAdmissionPolicy/liqo-fabric-suppress": HeldPolicy(uid="u", owners=frozenset({EDGE}))}]
)


@st.composite
def lying(draw: st.DrawFn, leaf: ClusterId = B) -> tuple[Clusters, Mode, Mode | None]:
    """The clusters with anything in the place of what one leaf answers; a mode, and the one that was there before."""
    mode, before = draw(st.sampled_from(list(FULL))), draw(st.sampled_from([None, *FULL]))
    world = dict(EMPTY if before is None else FULL[before])
    slices = [draw(_listed), *draw(st.lists(_slices, max_size=3))]
    world[leaf] = replace(
        world[leaf],
        state=replace(
            world[leaf].state,
            networks=draw(st.just(world[leaf].state.networks) | _networks),
            version=draw(st.sampled_from([None, (), (0,), (1, 2, 0), (10**30,)])),
        ),
        slices=(*(world[leaf].slices if draw(st.sampled_from([False, False, True])) else ()), *slices),
        shadows=tuple(one for one in slices if one.origin is Origin.OURS),
        policies=draw(_policies),
        services=draw(st.sampled_from([(), world[HUB].services])),
        mappings=draw(st.sampled_from([(), world[HUB].mappings])),
        nodes=draw(st.sampled_from([{}, {"leaf-c": leaf}])),
    )
    for peer in (A, C, HUB):
        held = world[leaf].state.side(peer)
        remap = draw(
            st.sampled_from([None, Cidrs(), Cidrs(pod=("x",)), Cidrs(pod=(pods_cidr(C),), external=("0.0.0.0/0",))])
        )
        value = draw(st.sampled_from(["Connected", "Error", "", "{{ x }}"]))
        if draw(st.booleans()):
            world = with_side(
                world,
                leaf,
                peer,
                configurations=tuple(replace(one, remap=remap) for one in held.configurations)
                * draw(st.integers(0, 2)),
                connections=(build.connection(leaf, peer, value=value),) * draw(st.integers(0, 2)),
            )
    return world, mode, before


def plans_of(world: World, mode: Mode, **facts: object) -> tuple[ServicePlan, ...]:
    wishes = tuple(replace(one, mode=mode) for one in BOTH)
    return plan_services(replace(want(mode), wishes=wishes, **facts), world)  # type: ignore[arg-type]


def of_others(plans: Iterable[ServicePlan]) -> list[tuple[object, ...]]:
    """Every slice that the plans write on other leaves about pods of other leaves."""
    ops = [op for plan in plans for op in plan.ops if op.kind is SliceKind.SHADOW and B not in (op.cluster, op.peer)]
    return [(op.id, op.before, op.after) for op in sorted(ops, key=lambda op: op.id)]


def elsewhere(plans: Iterable[ServicePlan], *kinds: SliceKind) -> set[str]:
    return {op.id for plan in plans for op in plan.ops if op.cluster != B and op.kind in kinds}


def of_db(plans: Iterable[ServicePlan]) -> list[tuple[object, ...]]:
    """The plan of the Service that leaf-b does not have, without what is removed from leaf-b itself."""
    return [
        (tuple(op for op in plan.ops if op.cluster != B), plan.goals, plan.choices, plan.blocked, plan.notes)
        for plan in plans
        if plan.key == DB
    ]


@many
@given(lying())
def test_all_that_does_not_use_its_pods_is_planned_as_if_it_were_unreachable(
    some: tuple[Clusters, Mode, Mode | None],
) -> None:
    world, mode, before = some
    told, silent = plans_of(world, mode), plans_of({**world, B: unread(B)}, mode)
    honest = plans_of({**world, B: (EMPTY if before is None else FULL[before])[B]}, mode)
    assert of_others(told) == of_others(silent)
    assert of_db(told) == of_db(silent)
    assert elsewhere(told, SliceKind.SERVICE) == set()
    policies = (SliceKind.POLICY, SliceKind.BINDING)
    assert elsewhere(told, *policies) <= elsewhere(honest, *policies) | elsewhere(silent, *policies)
    for plan in told:
        if plan.key is not None:
            for leaf, problem in plan.blocked.items():
                assert leaf == B or (
                    problem.fault is FailureName.NOT_ITS_OWN and "leaf-b lists web-b at" in problem.why
                )


@many
@given(lying())
def test_what_is_used_of_its_pods_is_what_the_hub_placed_there_at_addresses_of_that_leaf(
    some: tuple[Clusters, Mode, Mode | None],
) -> None:
    world, mode, _before = some
    network = ipaddress.ip_network(pods_cidr(B))
    for op in (op for plan in plans_of(world, mode) for op in plan.ops):
        if op.cluster != B and op.peer == B and isinstance(op.after, ShadowSpec) and op.after.use is not Use.LEAVING:
            assert [endpoint.pod for endpoint in op.after.endpoints] in ([], ["web-b"])
            assert op.after.ports == (HTTP,)
            for endpoint in op.after.endpoints:
                assert len(endpoint.addresses) == 1
                assert ipaddress.ip_address(endpoint.addresses[0]) in network
                assert (endpoint.hostname, endpoint.zone, endpoint.node) == ("", "", "")


@many
@given(lying(), st.sampled_from([State.PRESENT, State.ABSENT]), st.booleans())
def test_which_links_between_others_services_still_use_does_not_depend_on_it(
    some: tuple[Clusters, Mode, Mode | None], state: State, settled: bool
) -> None:
    world, mode, _before = some
    wish = want(mode, state=state, leaving=frozenset({build.pair(A, B), build.pair(A, C), build.pair(B, C)}))
    answers: list[World] = [world, {**world, B: unread(B)}]
    told, silent = ([pair for pair in still_used(wish, one, settled=settled) if B not in pair] for one in answers)
    assert told == silent


@many
@given(lying(), st.sampled_from(Mode), st.sampled_from([State.PRESENT, State.EXACT, State.ABSENT]))
def test_every_plan_and_view_is_made(some: tuple[Clusters, Mode, Mode | None], mode: Mode, state: State) -> None:
    world, _mode, _before = some
    ops: list[SliceOp] = [op for plan in plans_of(world, mode, state=state) for op in plan.ops]
    assert len(in_order(ops)) == len(ops)
    assert sights_result(world, [HUB])["summary"]["services"] == 2
