# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Nothing follows from what was not read: whatever the rights hide, no peering is touched and no half is removed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import pytest
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.errors import FabricError, FailureName
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.links import LinkKind, describe
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.model import Shortcut
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.objects import ClusterState, Kind
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.operations import LinkPlan
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.plan import plan_link
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.removal import plan_forget, plan_removal
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.sight import (
    EITHER,
    NEEDED,
    OF_CONSUMERS,
    OF_PROVIDERS,
    may_hold,
    refuse_unread,
)
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.build import (
    RETAIL,
    cluster,
    cluster_id,
    edit,
    foreign_cluster,
    having,
    link,
    only_side,
    pair,
    shortcut,
)
from tests.unit.pretend_liqo import World
from tests.unit.strategies import law, wishes, worlds

A, B = cluster_id("leaf-a"), cluster_id("leaf-b")
GUARD = (EITHER, *OF_PROVIDERS, *OF_CONSUMERS)
TENANTS = frozenset({f"liqo-tenant-{name}" for name in ("leaf-a", "leaf-b", "leaf-c", "hub")})


def hiding(state: ClusterState, kinds: Iterable[str], *, narrowly: bool) -> ClusterState:
    """The cluster as somebody sees it whose rights hide these kinds, everywhere or in the tenant namespace alone."""
    hidden = frozenset(kinds)
    held = only_side(state) if len(state.sides) == 1 else state.side(B if state.id == A else A)
    seen = held
    for name in ("configurations", "servers", "clients", "public_keys", "connections", "secrets"):
        kind = {"servers": "GatewayServer", "clients": "GatewayClient", "public_keys": "PublicKey"}.get(
            name, name.capitalize().rstrip("s")
        )
        seen = replace(seen, **{name: ()}) if kind in hidden else seen  # type: ignore[arg-type]
    if EITHER in hidden:
        seen = replace(seen, foreign_cluster=None)
    seen = replace(seen, peering=tuple(one for one in seen.peering if one.split()[0] not in hidden))
    state = replace(state, sides={**state.sides, seen.peer: seen})
    if narrowly:
        places = TENANTS - {f"liqo-tenant-{seen.peer}"}
        found = dict.fromkeys(hidden - {EITHER}, places)
        return replace(state, read_in=found, unread=tuple(hidden & {EITHER}))
    return replace(state, unread=tuple(sorted(hidden)))


def peered(consumer: ClusterState, provider: ClusterState) -> tuple[ClusterState, ClusterState]:
    """Both ends as Liqo leaves them."""
    consumer = having(
        consumer,
        peering=(f"Identity controlplane-{provider.id}", f"VirtualNode {provider.id}"),
        foreign_cluster=foreign_cluster(consumer.id, provider.id, role="Provider"),
    )
    provider = having(
        provider,
        peering=(f"Tenant {consumer.id}",),
        foreign_cluster=foreign_cluster(provider.id, consumer.id, role="Consumer"),
    )
    return consumer, provider


def plans(one: ClusterState, other: ClusterState, *, allow: bool = False) -> list[LinkPlan]:
    """For everything that a run may want of the pair."""
    wanted = [
        plan_link(shortcut(), one, other, fabric=RETAIL, allow_peering=allow),
        plan_link(shortcut(mtu=1400), one, other, fabric=RETAIL, allow_peering=allow),
        plan_link(shortcut(), one, other, fabric=RETAIL, allow_peering=allow, rotate_keys=True),
    ]
    gone = [
        plan_removal(pair(), one, other, fabric=RETAIL, allow_peering=allow, named=named) for named in (True, False)
    ]
    return [*wanted, *gone, plan_forget(B, one, fabric=RETAIL, allow_peering=allow)]


@law
@given(
    st.booleans(),
    st.sets(st.sampled_from(GUARD)),
    st.sets(st.sampled_from(GUARD)),
    st.booleans(),
)
def test_whatever_the_rights_hide_no_peering_is_touched(
    reverse: bool, of_a: set[str], of_b: set[str], narrowly: bool
) -> None:
    one, other = link()
    one, other = peered(one, other) if reverse else peered(other, one)[::-1]
    one, other = hiding(one, of_a, narrowly=narrowly), hiding(other, of_b, narrowly=narrowly)
    for found in plans(one, other):
        assert found.ops == ()
        assert found.blocked is not None
        assert found.blocked.fault in (FailureName.CARRIES_PEERING, FailureName.MISSING_RIGHT)


@law
@given(
    wishes,
    worlds,
    st.sets(st.sampled_from(NEEDED), min_size=1),
    st.sampled_from([A, B]),
    st.booleans(),
)
def test_of_a_pair_that_is_half_in_sight_nothing_is_written(
    wish: Shortcut, world: World, kinds: set[str], blind: str, narrowly: bool
) -> None:
    """A tenant namespace that is not there needs no sight: where Namespaces can be listed, nothing is hidden in it."""
    states = dict(world.clusters)
    if narrowly and not world.side(cluster_id(blind), B if blind == A else A).namespaces:
        return
    states[cluster_id(blind)] = hiding(states[cluster_id(blind)], kinds, narrowly=narrowly)
    one, other = states[A], states[B]
    for found in (
        plan_link(wish, one, other, fabric=RETAIL),
        plan_removal(pair(), one, other, fabric=RETAIL),
        plan_removal(pair(), one, other, fabric=RETAIL, named=False, allow_peering=True),
    ):
        assert (found.ops, found.goals) == ((), ())
        assert found.blocked is not None
        assert found.blocked.fault is FailureName.MISSING_RIGHT
        assert all(kind in found.blocked.next for kind in kinds)


ENOUGH = {
    "the roles on both ends": ((*OF_PROVIDERS, *OF_CONSUMERS), (*OF_PROVIDERS, *OF_CONSUMERS)),
    "the role on one end": ((*OF_PROVIDERS, *OF_CONSUMERS), GUARD),
    "the Tenants of both ends, as with the rights of Liqo's peering-user": (
        (EITHER, *OF_CONSUMERS),
        (EITHER, *OF_CONSUMERS),
    ),
    "all objects of one end": ((EITHER,), GUARD),
}


@pytest.mark.parametrize("hidden", ENOUGH.values(), ids=ENOUGH)
def test_less_is_enough_to_see_that_there_is_no_peering(hidden: tuple[tuple[str, ...], tuple[str, ...]]) -> None:
    a, b = edit(link()[0], Kind.SERVER, mtu=1400), link()[1]
    found = plan_link(
        shortcut(), hiding(a, hidden[0], narrowly=False), hiding(b, hidden[1], narrowly=True), fabric=RETAIL
    )
    assert found.blocked is None
    assert found.ops


def test_with_too_little_in_sight_the_missing_rights_are_named() -> None:
    a, b = (hiding(state, GUARD, narrowly=False) for state in link())
    blocked = plan_link(shortcut(), a, b, fabric=RETAIL).blocked
    assert blocked is not None
    assert str(blocked) == (
        "clusters leaf-a and leaf-b: our rights do not show whether leaf-a is peered with leaf-b as its provider: what"
        " would tell may be there unseen, and the objects of a shortcut would be those of the peering. Next: grant one"
        " of these: on leaf-b list on Tenant; on leaf-a list on Identity and VirtualNode (module rbac grants what its"
        " jobs need), or set allow_peering_pairs to true if the pair may be peered."
    )
    assert all(found.blocked is None for found in plans(a, b, allow=True))


def test_one_end_alone_must_tell_of_both_directions() -> None:
    a, _ = link()
    blind = plan_forget(B, hiding(a, (EITHER, *OF_CONSUMERS), narrowly=False), fabric=RETAIL).blocked
    assert blind is not None
    assert "on leaf-a list on Identity and VirtualNode" in blind.next
    assert plan_forget(B, hiding(a, (EITHER,), narrowly=False), fabric=RETAIL).ops


def test_modules_of_a_peering_are_evidence_while_liqo_has_not_derived_the_role() -> None:
    a, b = link()
    a = having(a, foreign_cluster=foreign_cluster(A, B, modules=("networking", "authentication")))
    blocked = plan_removal(pair(), a, b, fabric=RETAIL).blocked
    assert blocked is not None
    assert blocked.where == "cluster leaf-a: ForeignCluster leaf-b with authentication"


@pytest.mark.parametrize(
    ("listed", "namespaces", "hides"),
    [
        (True, True, True),
        (True, False, False),
        (False, True, True),
        (False, False, True),
    ],
)
def test_a_kind_that_was_read_elsewhere_alone_hides_what_it_may_have_of_a_peer(
    listed: bool, namespaces: bool, hides: bool
) -> None:
    state = link()[0] if namespaces else cluster("leaf-a")
    state = replace(state, read_in={"PublicKey": frozenset({"liqo"})}, unread=() if listed else ("Namespace",))
    assert state.hides("PublicKey", B) is hides
    assert not state.hides("Configuration", B)
    assert not replace(state, read_in={"PublicKey": TENANTS}).hides("PublicKey", B) or not namespaces


def test_its_own_networks_are_seen_in_the_namespace_of_liqo() -> None:
    a, b = link()
    seen = replace(a, read_in={"Network": frozenset({"liqo"})})
    assert plan_link(shortcut(), seen, b, fabric=RETAIL).blocked is None
    blind = plan_link(shortcut(), replace(a, read_in={"Network": TENANTS}), b, fabric=RETAIL).blocked
    assert blind is not None
    assert "cannot list Network" in blind.what


def test_a_kind_that_is_hidden_in_one_known_namespace_is_named_in_results() -> None:
    a, _ = link()
    assert replace(a, read_in={"Secret": TENANTS}, unread=("Tenant",)).hidden() == ("Tenant",)
    assert replace(a, read_in={"Secret": frozenset({"liqo"})}, unread=("Tenant",)).hidden() == ("Secret", "Tenant")


def test_what_may_be_a_peering_is_not_called_a_shortcut() -> None:
    a, b = link()
    assert describe(pair(), a, b).kind is LinkKind.SHORTCUT
    a, b = (hiding(state, GUARD, narrowly=False) for state in (a, b))
    assert describe(pair(), a, b).kind is LinkKind.UNKNOWN


@pytest.mark.parametrize("kind", NEEDED)
def test_a_side_of_which_a_part_is_hidden_is_not_called_empty(kind: str) -> None:
    a, _ = link()
    empty = cluster("leaf-b")
    assert describe(pair(), a, empty).kind is LinkKind.HALF_CONFIGURED
    assert describe(pair(), a, replace(empty, unread=(kind,))).kind is LinkKind.UNKNOWN
    assert describe(pair(), cluster("leaf-a"), replace(empty, unread=(kind,))).kind is LinkKind.UNKNOWN


def test_a_tenant_namespace_that_may_not_be_looked_for_may_be_there() -> None:
    """Neither a list of Namespaces nor this one may be read."""
    here = cluster("leaf-a", unread=("Namespace",), unseen=frozenset({cluster_id("leaf-b")}))
    assert may_hold(here, cluster_id("leaf-b"))
    assert not may_hold(here, cluster_id("leaf-c"))
    with pytest.raises(FabricError, match="cannot get the tenant namespace of leaf-b") as refused:
        refuse_unread(here, cluster_id("leaf-b"))
    assert refused.value.fault is FailureName.MISSING_RIGHT
    refuse_unread(here, cluster_id("leaf-c"))
