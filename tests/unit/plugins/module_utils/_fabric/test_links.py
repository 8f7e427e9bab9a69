# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two accounts of a link become one, and what is unknown stays unknown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.errors import FabricError
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.evidence import Rung
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.links import (
    Link,
    LinkKind,
    Role,
    Seen,
    cluster_result,
    describe,
    link_result,
    links_of,
)
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.model import ClusterId
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.objects import (
    Cidrs,
    ClusterInfo,
    ClusterState,
    Endpoint,
    Kind,
)

from tests.unit import build

A, B = build.link()
EMPTY_A, EMPTY_B = build.cluster("leaf-a"), build.cluster("leaf-b")
DOWN = FabricError(
    what="cannot list configmaps", where="leaf-b at https://192.0.2.2:6443", why="192.0.2.2:6443/TCP refuses", next="x"
)


def described(one: Seen, other: Seen) -> Link:
    return describe(build.pair(), one, other)


def peered(state: ClusterState, *, role: str = "Unknown", peering: tuple[str, ...] = ()) -> ClusterState:
    side = build.only_side(state)
    return build.having(
        state, peering=peering, foreign_cluster=build.foreign_cluster(side.cluster, side.peer, role=role)
    )


def test_both_ends_of_a_healthy_shortcut_are_merged() -> None:
    link = described(A, B)
    assert (link.kind, link.server, link.service_type) == (LinkKind.SHORTCUT, "leaf-a", "LoadBalancer")
    assert link.advertised == link.used == build.ENDPOINT
    assert [(end.cluster, end.role, end.mtu, end.key_matches, end.connection) for end in link.ends] == [
        ("leaf-a", Role.SERVER, 1340, True, "Connected"),
        ("leaf-b", Role.CLIENT, 1340, True, "Connected"),
    ]
    assert (link.latency_ms, link.owners) == (2.0, (build.RETAIL,))


def test_what_the_client_dials_is_told_apart_from_what_the_server_advertises() -> None:
    elsewhere = Endpoint(addresses=("192.0.2.99",), port=1)
    link = described(A, build.edit(B, Kind.CLIENT, endpoint=elsewhere))
    assert (link.advertised, link.used) == (build.ENDPOINT, elsewhere)


def test_each_end_says_how_it_addresses_the_other() -> None:
    remap = Cidrs(pod=("10.240.0.0/16",), external=("10.241.0.0/16",))
    link = link_result(described(build.edit(A, Kind.CONFIGURATION, remap=remap), B))
    native = build.networks("leaf-b")
    assert link["ends"][0]["remap"] == {
        "pod": [{"native": native.pod[0], "remapped": "10.240.0.0/16"}],
        "external": [{"native": native.external[0], "remapped": "10.241.0.0/16"}],
    }
    assert link["ends"][1]["remap"]["pod"][0]["native"] == build.networks("leaf-a").pod[0]


def test_more_remapped_cidrs_than_there_are_have_no_place() -> None:
    """Liqo 1.1 and older remaps the first one alone, others all of them."""
    two = Cidrs(pod=("10.71.0.0/16", "10.72.0.0/16"))
    link = link_result(described(build.edit(A, Kind.CONFIGURATION, remap=two), B))
    assert link["ends"][0]["remap"]["pod"] == [{"native": build.networks("leaf-b").pod[0], "remapped": "10.71.0.0/16"}]


def test_a_remap_that_is_not_settled_is_null_beside_its_cidr() -> None:
    link = link_result(described(build.edit(A, Kind.CONFIGURATION, remap=None), B))
    assert link["ends"][0]["remap"]["pod"] == [{"native": build.networks("leaf-b").pod[0], "remapped": None}]


@pytest.mark.parametrize(
    ("changed", "matches"),
    [
        (build.edit(A, Kind.PUBLIC_KEY, key=build.key("old")), [False, True]),
        (build.without(A, Kind.PUBLIC_KEY), [None, True]),
        (build.having(A, secrets=()), [True, None]),
    ],
    ids=["another key", "no key held", "no key to compare with"],
)
def test_keys_match_per_direction_or_it_is_not_known(changed: ClusterState, matches: list[bool | None]) -> None:
    assert [end.key_matches for end in described(changed, B).ends] == matches


def test_two_servers_are_no_server() -> None:
    link = described(A, build.cluster("leaf-b", build.side("leaf-b", "leaf-a")))
    assert (link.server, [end.role for end in link.ends]) == (None, [Role.SERVER, Role.SERVER])


def test_an_old_latency_is_not_that_of_the_link() -> None:
    silent = build.having(B, connections=(build.connection("leaf-b", "leaf-a", at="2025-12-31T00:00:00Z"),))
    link = described(A, silent)
    assert (link.latency_ms, [end.latency_ms for end in link.ends]) == (None, [2.0, 2.0])


KINDS: dict[str, tuple[Seen, Seen, LinkKind]] = {
    "networking alone on both sides": (A, B, LinkKind.SHORTCUT),
    "a role on one side": (peered(A, role="Provider"), B, LinkKind.PEERING),
    "a Tenant while the role lags": (A, peered(B, peering=("Tenant leaf-a",)), LinkKind.PEERING),
    "a role, the other end not read": (peered(A, role="Provider"), DOWN, LinkKind.PEERING),
    "networking on one side": (A, EMPTY_B, LinkKind.HALF_CONFIGURED),
    "nothing": (EMPTY_A, EMPTY_B, LinkKind.ABSENT),
    "networking, the other end not read": (A, DOWN, LinkKind.UNKNOWN),
    "nothing, the other end not read": (EMPTY_A, DOWN, LinkKind.UNKNOWN),
    "neither end read": (DOWN, DOWN, LinkKind.UNKNOWN),
    "a peer that the task does not name": (A, None, LinkKind.FOREIGN),
    "a peering with a peer that the task does not name": (peered(A, role="Provider"), None, LinkKind.FOREIGN),
}


@pytest.mark.parametrize(("one", "other", "kind"), KINDS.values(), ids=KINDS.keys())
def test_the_kind_of_a_link_needs_both_ends(one: Seen, other: Seen, kind: LinkKind) -> None:
    assert described(one, other).kind is kind


@pytest.mark.parametrize(
    ("one", "ways"),
    [
        (peered(A, role="Provider"), [("leaf-a", "leaf-b")]),
        (peered(A, role="Consumer"), [("leaf-b", "leaf-a")]),
        (peered(A, role="ConsumerAndProvider"), [("leaf-a", "leaf-b"), ("leaf-b", "leaf-a")]),
        (peered(A, peering=("Tenant leaf-b",)), [("leaf-b", "leaf-a")]),
        (peered(A, peering=("Identity controlplane-leaf-b", "VirtualNode leaf-b")), [("leaf-a", "leaf-b")]),
        (A, []),
    ],
    ids=["provider", "consumer", "both", "Tenant", "Identity and VirtualNode", "none"],
)
def test_a_peering_has_the_direction_from_consumer_to_provider(one: ClusterState, ways: list[tuple[str, str]]) -> None:
    assert list(described(one, B).peering) == ways


def test_an_end_that_was_not_read_is_unknown_and_the_other_still_tells() -> None:
    link = described(A, DOWN)
    near, far = link.ends
    assert (far.reachable, far.role, far.connection, far.key_matches) == (False, None, None, None)
    assert (near.reachable, near.role, link.server, link.advertised) == (True, Role.SERVER, "leaf-a", build.ENDPOINT)
    assert link.evidence.rung is Rung.DECLARED
    assert link.evidence.why_not_next == "leaf-b: cannot list configmaps: 192.0.2.2:6443/TCP refuses"


def test_the_client_alone_tells_who_the_server_is() -> None:
    link = describe(build.pair(), DOWN, B)
    assert (link.server, link.used, link.advertised) == ("leaf-a", build.ENDPOINT, None)


def listed(*states: ClusterState, **down: FabricError) -> list[tuple[str, str]]:
    seen: Mapping[ClusterId, ClusterState | FabricError] = {
        **{state.id: state for state in states},
        **{ClusterId(name.replace("_", "-")): problem for name, problem in down.items()},
    }
    return [(str(link.pair), link.kind.value) for link in links_of(seen)]


def test_every_pair_with_something_on_it_is_listed_once_and_sorted() -> None:
    c = build.cluster("leaf-c", build.side("leaf-c", "elsewhere"))
    expected = [("elsewhere <-> leaf-c", "foreign"), ("leaf-a <-> leaf-b", "shortcut")]
    assert listed(A, B, c) == listed(c, B, A) == expected


def test_a_link_to_a_cluster_that_was_not_read_is_not_foreign() -> None:
    assert listed(A, leaf_b=DOWN) == [("leaf-a <-> leaf-b", "unknown")]


def test_what_a_removed_link_left_behind_is_no_link() -> None:
    leftover = build.cluster("leaf-a", build.side("leaf-a", "leaf-b"))
    leftover = build.having(
        build.without(leftover, Kind.CONFIGURATION, Kind.SERVER, Kind.PUBLIC_KEY),
        connections=(),
        foreign_cluster=build.foreign_cluster(modules=()),
    )
    assert listed(leftover, EMPTY_B) == []


@pytest.mark.parametrize(("one", "other"), [row[:2] for row in KINDS.values()], ids=KINDS.keys())
def test_a_link_has_the_same_keys_whatever_is_known(one: Seen, other: Seen) -> None:
    result, healthy = link_result(described(one, other)), link_result(described(A, B))
    assert result.keys() == healthy.keys()
    assert [end.keys() for end in result["ends"]] == [end.keys() for end in healthy["ends"]]
    assert [end["remap"].keys() for end in result["ends"]] == [{"pod", "external"}] * 2
    assert result["evidence"].keys() == healthy["evidence"].keys()


def test_a_cluster_has_the_same_keys_whether_it_was_read_or_not() -> None:
    read, unread = cluster_result(A.id, A), cluster_result(ClusterId("leaf-b"), DOWN)
    assert read.keys() == unread.keys()
    assert (read["networks"].keys(), read["features"].keys()) == (unread["networks"].keys(), unread["features"].keys())
    assert (unread["reachable"], unread["failure"]) == (False, DOWN.as_result())
    assert (read["reachable"], read["failure"], read["version"]) == (True, None, "1.2.0")


INFO = ClusterInfo(denies_direct_connections=True)


@pytest.mark.parametrize(
    ("state", "features"),
    [
        (replace(A, info=ClusterInfo()), (True, True, True)),
        (replace(A, info=INFO), (True, True, False)),
        (A, (True, True, None)),
        (replace(A, version=(1, 1, 2), info=ClusterInfo()), (False, False, False)),
        (replace(A, version=None, info=ClusterInfo()), (True, True, True)),
        (build.cluster("leaf-a", version=None), (None, None, None)),
    ],
    ids=["1.2.0", "denied", "flags not read", "1.1.2", "told by its conditions", "unknown version"],
)
def test_features_follow_the_version_or_are_not_known(state: ClusterState, features: tuple[bool | None, ...]) -> None:
    assert tuple(cluster_result(state.id, state)["features"].values()) == features
