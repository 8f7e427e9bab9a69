# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The tables of a fabric, drawn from what the module really returns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.columns import WIDTH
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.errors import FabricError
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.links import cluster_result, link_result, links_of
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.model import ClusterId
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.objects import Cidrs, ClusterState, Endpoint, Kind
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.status_text import endpoint_text, status_text

from tests.unit import build

DOWN = FabricError(
    what="cannot be read",
    where="leaf-b at https://10.9.9.9:6443",
    why="10.9.9.9:6443/TCP refused the connection",
    next="start it",
)


def seen(*states: ClusterState, down: tuple[str, ...] = ()) -> dict[str, Any]:
    everyone: Mapping[ClusterId, ClusterState | FabricError] = {
        **{state.id: state for state in states},
        **{ClusterId(name): DOWN for name in down},
    }
    return {
        "clusters": {str(name): cluster_result(name, everyone[name]) for name in everyone},
        "links": [link_result(link) for link in links_of(everyone)],
        "failures": [problem.as_result() for problem in everyone.values() if isinstance(problem, FabricError)],
    }


def test_a_whole_link_is_one_row_with_its_facts() -> None:
    lines = status_text(seen(*build.link())).splitlines()
    assert lines[0] == "2 clusters; 1 link: 1 fresh"
    assert lines[2].split() == ["CLUSTER", "LIQO", "POD", "CIDR", "EXTERNAL", "CIDR", "STATE"]
    assert [line.split()[0] for line in lines[3:5]] == ["leaf-a", "leaf-b"]
    assert lines[6].split() == ["LINK", "KIND", "FABRIC", "SERVER", "ENDPOINT", "MTU", "LATENCY", "EVIDENCE"]
    row = lines[7].split()
    assert row[:5] == ["leaf-a", "<->", "leaf-b", "shortcut", "retail"]
    assert row[6].endswith("/UDP")
    assert row[5] == "leaf-a"
    assert row[7] == "1340"
    assert row[-1] == "fresh"


def test_what_differs_and_does_no_harm_is_a_note_below_the_link() -> None:
    one, other = build.link()
    nat = Endpoint(addresses=("203.0.113.7",), port=51841)
    text = " ".join(status_text(seen(one, build.edit(other, Kind.CLIENT, endpoint=nat))).split())
    assert "2 clusters; 1 link: 1 fresh CLUSTER" in text
    assert "note: leaf-b: GatewayClient liqo-tenant-leaf-a/leaf-a dials 203.0.113.7:51841/UDP, the server" in text


def test_a_remapped_peer_is_told_from_the_end_that_remaps() -> None:
    one, other = build.link()
    (side,) = one.sides.values()
    (held,) = side.configurations
    remap = Cidrs(pod=("10.71.0.0/16",), external=held.spec.remote.external)
    seen_otherwise = replace(side, configurations=(replace(held, remap=remap),))
    lines = status_text(seen(build.with_side(one, seen_otherwise), other)).splitlines()
    native = other.networks.pod[0]
    assert [line for line in lines if " sees " in line] == [f"    leaf-a sees pods of leaf-b, {native} as 10.71.0.0/16"]


@pytest.mark.parametrize(
    ("advertised", "used", "shown"),
    [
        (["a"], ["a"], "a:51840/UDP"),
        (["a"], ["a", "b"], "a:51840/UDP"),
        (["b", "a"], ["a", "b"], "b,a:51840/UDP, dialled a:51840/UDP"),
        ([*"abcdef"], ["f"], "a,b,c,d and 2 more:51840/UDP, dialled f:51840/UDP"),
        (None, ["a", "b"], "a:51840/UDP"),
        (["a", "b"], None, "a,b:51840/UDP"),
    ],
)
def test_of_several_addresses_the_one_that_is_dialled_is_told(
    advertised: list[str] | None, used: list[str] | None, shown: str
) -> None:
    def endpoint(addresses: list[str] | None) -> dict[str, Any] | None:
        return {"addresses": addresses, "port": 51840, "protocol": "UDP"} if addresses else None

    assert endpoint_text({"endpoint": {"advertised": endpoint(advertised), "used": endpoint(used)}}) == shown


def test_what_is_wrong_stands_below_its_link_with_what_repairs_it() -> None:
    one, other = build.link()
    lines = status_text(seen(one, build.edit(other, Kind.CLIENT, mtu=1300))).splitlines()
    assert lines[0] == "2 clusters; 1 link: 1 declared; 1 with faults"
    assert any("1340/1300" in line for line in lines)
    below = lines[lines.index(next(line for line in lines if "<->" in line)) + 1 :]
    assert any(line.startswith("    not agreed: leaf-b: MTU 1300") for line in below)
    assert any(line.startswith("    mtu-mismatch: leaf-b: MTU 1300, that of leaf-a is 1340") for line in below)
    assert any(line.startswith("        repair: set both to the MTU") for line in below)


def test_an_unreachable_cluster_is_listed_with_the_reason() -> None:
    one, _other = build.link()
    lines = status_text(seen(one, down=("leaf-b",))).splitlines()
    assert lines[0].startswith("2 clusters, 1 of them unreachable; 1 link: 1 declared")
    (row,) = [line for line in lines if line.startswith("leaf-b")]
    assert "unreachable: 10.9.9.9:6443/TCP refused the connection" in row
    assert lines[-4:] == [
        "What is in the way",
        "  leaf-b at https://10.9.9.9:6443: cannot be read",
        "      why   10.9.9.9:6443/TCP refused the connection",
        "      next  start it",
    ]


def test_what_holds_for_several_links_is_said_once() -> None:
    one, other = build.link()
    third, fourth = build.link("leaf-c", "leaf-d")
    lines = status_text(seen(one, other, third, fourth)).splitlines()
    assert [line for line in lines if "no probe" in line] == [
        "2 links not proven: no probe was sent through the tunnel"
    ]


def test_no_cluster_and_no_link_is_one_line() -> None:
    assert status_text({"clusters": {}, "links": []}) == "0 clusters; 0 links"


def test_no_line_is_wider_than_the_screen() -> None:
    one, other = build.link()
    broken = build.edit(build.without(other, Kind.PUBLIC_KEY), Kind.CLIENT, mtu=1300)
    assert max(map(len, status_text(seen(one, broken)).splitlines())) <= WIDTH


def test_a_row_that_says_nothing_is_still_a_row() -> None:
    lines = status_text({"clusters": {"leaf-a": {}}, "links": [{"between": ["leaf-a", "leaf-b"]}]}).splitlines()
    assert lines[0] == "1 cluster, 1 of them unreachable; 1 link: 1 unknown"
    assert lines[-1].split() == ["leaf-a", "<->", "leaf-b", "-", "-", "-", "-", "-", "-", "unknown"]
