# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab's layout follows from a few choices, and two labs never share anything on the machine."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest

from lab.layout import (
    MAX_HUBS,
    MAX_LEAVES,
    MAX_SLOTS,
    PORTS_PER_SLOT,
    Cluster,
    Lab,
    LayoutError,
    Wishes,
    first_port,
    liqo_versions_needed,
    plan_lab,
)


def lab(slot: int = 0, **wishes: object) -> Lab:
    state = Path(f"/state/{slot}")
    return plan_lab(Wishes(**wishes), slot=slot, state=state, cache=Path("/cache"), binaries={})  # type: ignore[arg-type]


def ports_of(cluster: Cluster) -> list[int]:
    names = [name for name in dir(Cluster) if name.endswith("_port") and name not in ("_port", "forward_port")]
    return [int(getattr(cluster, name)) for name in names]


def test_lab_survives_its_json() -> None:
    made = lab(3, leaves=2, liqo={"leaf-b": "1.1.2"}, delay_loadbalancer_s=1.5, fast_ping=False)
    assert Lab.from_json(made.to_json()) == made


def test_every_field_of_a_lab_is_in_its_json() -> None:
    assert all(f'"{field.name}"' in lab().to_json() for field in fields(Lab))


def test_damaged_description_names_the_way_out() -> None:
    with pytest.raises(LayoutError, match="run `down`"):
        Lab.from_json('{"name": "x"}')


def test_first_two_leaves_share_their_pod_cidr_and_the_others_differ() -> None:
    hub, a, b, *rest = (c.pod_cidr for c in lab(leaves=MAX_LEAVES).clusters)
    assert a == b
    assert len({hub, a, *rest}) == MAX_LEAVES


def test_a_second_hub_changes_nothing_of_the_other_clusters() -> None:
    one, two = lab(leaves=3), lab(leaves=3, hubs=2)
    assert [c.name for c in two.clusters] == ["hub", "hub2", "leaf-a", "leaf-b", "leaf-c"]
    assert [c for c in two.clusters if c.name != "hub2"] == list(one.clusters)
    assert two.hub == one.hub
    assert two.leaves == one.leaves
    assert [hub.name for hub in two.hubs] == ["hub", "hub2"]


def test_a_second_hub_has_addresses_of_its_own() -> None:
    made = lab(leaves=MAX_LEAVES, hubs=MAX_HUBS)
    for own in ("node_ip", "loadbalancer_cidr", "forward_port", "node_namespace"):
        assert len({getattr(cluster, own) for cluster in made.clusters}) == len(made.clusters)
    assert made.hubs[1].pod_cidr not in {c.pod_cidr for c in made.clusters if c.name != "hub2"}


def test_no_two_processes_in_one_world_share_a_port() -> None:
    made = lab(leaves=MAX_LEAVES, hubs=MAX_HUBS)
    ports = [port for cluster in made.clusters for port in ports_of(cluster)]
    ports += [made.etcd_port, made.etcd_peer_port]
    assert len(set(ports)) == len(ports)


def test_no_two_labs_share_a_port_of_the_machine() -> None:
    used: set[int] = set()
    for slot in range(MAX_SLOTS):
        mine = {c.forward_port for c in lab(slot, leaves=MAX_LEAVES, hubs=MAX_HUBS).clusters}
        rootless = lab(slot, leaves=MAX_LEAVES, hubs=MAX_HUBS, rootless=True)
        mine |= {port for c in rootless.clusters for port in ports_of(c)}
        mine |= {rootless.etcd_port, rootless.etcd_peer_port}
        assert not used & mine
        assert all(first_port(slot) <= port < first_port(slot) + PORTS_PER_SLOT for port in mine)
        used |= mine


def test_ports_leave_room_for_node_ports_and_ephemeral_ports() -> None:
    assert first_port(MAX_SLOTS) < 30000


def test_no_two_labs_share_a_namespace_name() -> None:
    first, second = lab(1, leaves=MAX_LEAVES), lab(11, leaves=MAX_LEAVES)
    names = [
        [made.world_namespace, made.pod_namespace(1), *(c.node_namespace for c in made.clusters)]
        for made in (first, second)
    ]
    assert not set(names[0]) & set(names[1])
    assert not any(name.startswith(first.namespace_prefix) for name in names[1])


def test_what_is_stored_in_api_servers_does_not_depend_on_the_slot() -> None:
    first, second = lab(0).hub, lab(7).hub
    assert (first.apiserver_url, first.webhook_port) == (second.apiserver_url, second.webhook_port)
    assert first.user_url != second.user_url


def test_unknown_cluster_is_answered_with_the_known_ones() -> None:
    with pytest.raises(LayoutError, match=r"no cluster 'leaf-x'; it has hub, leaf-a, leaf-b"):
        lab(leaves=2).cluster("leaf-x")


@pytest.mark.parametrize(
    ("wishes", "message"),
    [
        ({"leaves": 0}, "leaves 0: use 1 to 12"),
        ({"leaves": 13}, "leaves 13: use 1 to 12"),
        ({"hubs": 0}, "hubs 0: use 1 to 2"),
        ({"hubs": 3}, "hubs 3: use 1 to 2"),
        ({"liqo": {"hub2": "1.2.0"}}, "no such cluster, there are hub, leaf-a"),
        ({"name": "a/b"}, "name 'a/b'"),
        ({"name": ".."}, r"name '\.\.'"),
        ({"liqo": {"leaf-z": "1.2.0"}}, "no such cluster"),
        ({"liqo": {"leaf-a": "0.9"}}, "use one of 1.2.0, 1.1.2, 1.0.1"),
        ({"delay_loadbalancer_s": -1.0}, "use 0 or more seconds"),
    ],
)
def test_impossible_wish_is_refused_with_what_would_do(wishes: dict[str, object], message: str) -> None:
    with pytest.raises(LayoutError, match=message):
        lab(**wishes)  # type: ignore[arg-type]


def test_all_wrong_wishes_are_named_at_once() -> None:
    with pytest.raises(LayoutError, match=r"leaves 99.*leaf-a=7"):
        lab(leaves=99, liqo={"leaf-a": "7"})


@pytest.mark.parametrize(
    ("liqo", "versions", "liqoctl"),
    [
        ({}, ("1.2.0",), "1.2.0"),
        ({"leaf-a": "1.1.2"}, ("1.2.0", "1.1.2"), "1.1.2"),
        ({"leaf-a": "1.0.1"}, ("1.2.0", "1.1.2", "1.0.1"), "1.1.2"),
    ],
)
def test_mixed_fleet_gets_the_liqoctl_that_works_with_all(
    liqo: dict[str, str], versions: tuple[str, ...], liqoctl: str
) -> None:
    wishes = Wishes(leaves=1, liqo=liqo)
    folders = {version: Path("/programs") / version for version in versions}
    made = plan_lab(wishes, slot=0, state=Path("/s"), cache=Path("/c"), binaries=folders)
    assert liqo_versions_needed(wishes) == versions
    assert made.liqoctl == Path("/programs") / liqoctl / "liqoctl"
