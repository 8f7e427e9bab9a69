# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Strategies: wishes for leaf-a and leaf-b, and the states in which a run may find the two clusters.

A state begins as a healthy link, or as nothing, and is then damaged in any number of places. What the planner refuses
to touch (duplicates, objects that are being deleted, peerings) is left out here; test_plan_refusals.py has it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from ansible_collections.liqo.fabric.plugins.module_utils._fabric.model import ClientEndpoint, FabricName, ServiceType
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.objects import (
    Cidrs,
    ClusterState,
    Endpoint,
    Kind,
    TemplateRef,
)
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from tests.unit.build import (
    EDGE,
    HELD_KINDS,
    LINK_KINDS,
    cluster,
    edit,
    foreign_cluster,
    having,
    key,
    link,
    marked,
    of_kind,
    only_side,
    owners,
    renumbered,
    shortcut,
    side,
    with_kind,
    with_side,
    without,
)
from tests.unit.pretend_liqo import NAT_PREFIX, World, settle

law = settings(
    derandomize=True, max_examples=80, deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow]
)
"""Always the same examples: a law that fails does so for everybody."""

Damage = Callable[[ClusterState], ClusterState]

VERSIONS = ((1, 0, 1), (1, 1, 2), (1, 2, 0), None)
OWNED = (owners(), owners("retail"), owners("edge"), owners("edge", "retail"))
ELSEWHERE = Endpoint(addresses=("192.0.2.99",), port=40000)


_OVERRIDES = (
    None,
    ClientEndpoint(address=f"{NAT_PREFIX}7"),
    ClientEndpoint(address=f"{NAT_PREFIX}7", port=4500),
)
_EXPOSED = (
    {"service_type": ServiceType.LOAD_BALANCER},
    {"service_type": ServiceType.LOAD_BALANCER, "load_balancer_ip": "192.0.2.77"},
    {"service_type": ServiceType.NODE_PORT},
    {"service_type": ServiceType.NODE_PORT, "node_port": 30500},
    {"service_type": ServiceType.NODE_PORT, "node_port": 30123},
    {"service_type": ServiceType.CLUSTER_IP},
)
_WISHES = tuple(
    shortcut(mtu=mtu, port=port, server=server, client_endpoint=override, **exposed)
    for mtu in (1340, 1400)
    for port in (51840, 51841)
    for server in (None, "leaf-a", "leaf-b")
    for override in _OVERRIDES
    for exposed in _EXPOSED
)

wishes = st.sampled_from(_WISHES)
"""Settings that fit together."""


def _spec_damage(kind: Kind, **changes: object) -> Damage:
    return lambda state: edit(state, kind, **changes) if of_kind(only_side(state), kind) else state


def _loss(kind: Kind) -> Damage:
    return lambda state: without(state, kind)


def _namespace_loss(state: ClusterState) -> ClusterState:
    """A namespace takes all that it holds with it."""
    return having(without(state, *HELD_KINDS), secrets=(), connections=())


def _keys_loss(state: ClusterState) -> ClusterState:
    """A Secret that is gone with the pod that ran with it; a pod that outlives its Secret keeps a key nobody sees."""
    for kind in (Kind.SERVER, Kind.CLIENT):
        if of_kind(only_side(state), kind):
            state = edit(state, kind, pod_ip="")
    return having(state, secrets=())


_LOSSES = (*(_loss(kind) for kind in LINK_KINDS), _namespace_loss)
_LABELS = tuple(_spec_damage(kind, labelled=False) for kind in HELD_KINDS)
_OWNERS = (
    marked,
    lambda state: marked(state, "retail"),
    *(_spec_damage(kind, owners=held) for kind in HELD_KINDS for held in OWNED),
)
_CIDRS = (
    renumbered,
    _spec_damage(Kind.CONFIGURATION, remote=Cidrs(pod=("10.9.0.0/16",), external=("10.8.0.0/16",))),
)
_GATEWAYS = (
    _spec_damage(Kind.SERVER, mtu=1450),
    _spec_damage(Kind.SERVER, port=51899),
    _spec_damage(Kind.SERVER, service_type="NodePort", node_port=None),
    _spec_damage(Kind.SERVER, service_type="ClusterIP"),
    _spec_damage(Kind.SERVER, node_port=30111),
    _spec_damage(Kind.SERVER, template=TemplateRef(name="old", namespace="liqo")),
    _spec_damage(Kind.CLIENT, mtu=1450),
    _spec_damage(Kind.CLIENT, endpoint=ELSEWHERE),
    _spec_damage(Kind.CLIENT, endpoint=None),
    _spec_damage(Kind.CLIENT, template=TemplateRef(name="old", namespace="liqo")),
    _spec_damage(Kind.PUBLIC_KEY, key=key("of an older gateway")),
)
_NOT_READY = (
    _spec_damage(Kind.CONFIGURATION, remap=None),
    _spec_damage(Kind.SERVER, endpoint=None),
    _spec_damage(Kind.SERVER, secret_name=None),
    lambda state: having(state, connections=()),
    _keys_loss,
    lambda state: having(state, foreign_cluster=None),
)


def _settled_alone(state: ClusterState) -> ClusterState:
    """The cluster after its own controllers have seen everything once, so that Networks carry their owner."""
    other = cluster(only_side(state).peer)
    return settle(World.of(state, other)).clusters[state.id]


def _with_bystanders(state: ClusterState) -> ClusterState:
    """The cluster with a shortcut to leaf-c that nobody asked about, and a peering with the hub."""
    hub = replace(
        side(state.id, "hub"),
        foreign_cluster=foreign_cluster(state.id, "hub", role="Consumer", modules=("networking", "authentication")),
        peering=("Tenant hub",),
    )
    return with_side(with_side(state, side(state.id, "leaf-c")), hub)


_BYSTANDERS = {name: dict(_with_bystanders(cluster(name)).sides) for name in ("leaf-a", "leaf-b")}


def _healthy(server: str, client: str) -> dict[str, tuple[ClusterState, ...]]:
    """Each of two linked clusters in every version, as its controllers left it, and as they have not seen it yet."""
    found: dict[str, tuple[ClusterState, ...]] = {}
    for end in link(server, client):
        by_version = [_settled_alone(replace(end, version=version)) for version in VERSIONS]
        unseen = [having(state, network_children=(), connections=()) for state in by_version]
        found[end.id] = (*by_version, *unseen)
    return found


_HEALTHY = (_healthy("leaf-a", "leaf-b"), _healthy("leaf-b", "leaf-a"))
"""Linked either way."""


def _damaged(state: ClusterState, damages: list[Damage | None]) -> ClusterState:
    """None wipes out everything: a cluster that nobody has touched yet."""
    for damage in damages:
        if damage is None:
            return replace(state, sides=_BYSTANDERS[state.id])
        state = damage(state)
    return replace(state, sides={**state.sides, **_BYSTANDERS[state.id]})


_groups = (_CIDRS, _LOSSES, _GATEWAYS, _LABELS, _OWNERS, _NOT_READY, (None,))
_damages = st.lists(st.one_of([st.sampled_from(group) for group in _groups]), max_size=4)


@st.composite
def _worlds(draw: st.DrawFn) -> World:
    ends = draw(st.sampled_from(_HEALTHY))
    a, b = (_damaged(draw(st.sampled_from(ends[name])), draw(_damages)) for name in ("leaf-a", "leaf-b"))
    world = World.of(a, b)
    return settle(world) if draw(st.booleans()) else world


def _owned_by(world: World, owners_of: Callable[[frozenset[FabricName]], frozenset[FabricName]]) -> World:
    """The world with other owners on every object of the pair."""
    for found in world.sides():
        changed = found
        for kind in HELD_KINDS:
            held = of_kind(found, kind)
            specs = [replace(one.spec, owners=owners_of(one.spec.owners)) for one in held]
            marked_anew = [replace(one, spec=spec) for one, spec in zip(held, specs, strict=True)]
            changed = with_kind(changed, kind, marked_anew)
        world = world.with_side(changed)
    return world


worlds = _worlds()
"""leaf-a and leaf-b in any state; each is linked to leaf-c too, and peered with a hub."""
worlds_without_others = worlds.map(lambda world: _owned_by(world, lambda found: found - {EDGE}))
"""No other fabric owns anything of the pair; some objects may have been made by hand."""
worlds_of_ours = worlds.map(lambda world: _owned_by(world, lambda found: owners("retail")))
"""Everything of the pair is ours alone."""
worlds_shared = worlds.filter(lambda world: any(side.held() for side in world.sides())).map(
    lambda world: _owned_by(world, lambda found: found | {EDGE})
)
"""Another fabric wants everything of the pair; part of it is also ours."""
