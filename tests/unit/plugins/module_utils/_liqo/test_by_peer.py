# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Objects sorted by peer one change after the other, as watches tell them, are sorted like all of them at once."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.model import ClusterId
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.resources import Resource
from ansible_collections.liqo.fabric.plugins.module_utils._liqo import resources
from ansible_collections.liqo.fabric.plugins.module_utils._liqo.by_peer import ByPeer, key_of
from hypothesis import given
from hypothesis import strategies as st

from tests.unit import bodies
from tests.unit.strategies import law

RESOURCES = {resource.kind: resource for resource in vars(resources).values() if isinstance(resource, Resource)}
PEERS = ("leaf-b", "leaf-c")
OBJECTS = [body for peer in PEERS for body in bodies.linked_cluster("leaf-a", peer)]


@st.composite
def changes(draw: st.DrawFn) -> list[tuple[str, bodies.Body]]:
    """Objects that appear, disappear, and gain, change and lose the label of their peer, in any order."""
    found = []
    for body in draw(st.lists(st.sampled_from(OBJECTS), max_size=40)):
        changed = copy.deepcopy(body)
        labelled = draw(st.sampled_from(("as it is", "", *PEERS)))
        if labelled != "as it is":
            changed["metadata"]["labels"].pop("liqo.io/remote-cluster-id", None)
            changed["metadata"]["labels"].update({"liqo.io/remote-cluster-id": labelled} if labelled else {})
        found.append((draw(st.sampled_from(("put", "put", "drop"))), changed))
    return found


def sorted_bodies(held: ByPeer) -> dict[str, dict[str, list[tuple[str, str]]]]:
    return {
        peer: {str(kind): sorted(key_of(body) for body in found) for kind, found in held.of(peer).items()}
        for peer in held.peers()
    }


@law
@given(changes())
def test_a_change_at_a_time_is_like_all_at_once_and_names_whom_it_touched(steps: list[tuple[str, bodies.Body]]) -> None:
    held = ByPeer({})
    there: dict[tuple[Resource, tuple[str, str]], bodies.Body] = {}
    for verb, body in steps:
        resource, before = RESOURCES[body["kind"]], {peer: held.of(peer) for peer in held.peers()}
        if verb == "put":
            there[(resource, key_of(body))] = body
            touched = held.put(resource, body)
        else:
            there.pop((resource, key_of(body)), None)
            touched = held.drop(resource, key_of(body))
        after = {peer: held.of(peer) for peer in held.peers()}
        assert {peer for peer in before.keys() | after.keys() if before.get(peer) != after.get(peer)} <= touched
    listed: dict[Resource, list[bodies.Body]] = {}
    for (resource, _key), body in there.items():
        listed.setdefault(resource, []).append(body)
    assert sorted_bodies(held) == sorted_bodies(ByPeer(listed))


def test_an_object_without_label_follows_its_namespace() -> None:
    tenant = {**bodies.body(resources.NAMESPACE, "by-hand"), "spec": {}}
    tenant["metadata"]["labels"] = {"liqo.io/remote-cluster-id": "leaf-b", "liqo.io/tenant-namespace": "true"}
    lost = bodies.body(resources.CONFIGURATION, "x", "by-hand")
    held = ByPeer({resources.CONFIGURATION: [lost]})
    assert held.peers() == ()
    assert held.put(resources.NAMESPACE, tenant) == {"leaf-b"}
    assert list(held.of(held.peers()[0])[resources.CONFIGURATION]) == [lost]
    assert held.drop(resources.NAMESPACE, ("", "by-hand")) == {"leaf-b"}
    assert held.peers() == ()


@pytest.mark.parametrize("peer", ["{{ lookup('pipe', 'id') }}", "--all", "a b", "Leaf"])
def test_a_namespace_of_a_peer_that_is_no_cluster_id_is_of_no_peer(peer: str) -> None:
    tenant = {**bodies.body(resources.NAMESPACE, "by-hand"), "spec": {}}
    tenant["metadata"]["labels"] = {"liqo.io/remote-cluster-id": peer, "liqo.io/tenant-namespace": "true"}
    held = ByPeer({resources.CONFIGURATION: [bodies.body(resources.CONFIGURATION, "x", "by-hand")]})
    assert held.put(resources.NAMESPACE, tenant) == set()
    assert held.peers() == ()


class Counted(dict[str, Any]):
    """A body that counts how often one of its fields is looked up."""

    looks = 0

    def get(self, *args: Any) -> Any:
        Counted.looks += 1
        return super().get(*args)

    def __getitem__(self, key: str) -> Any:
        Counted.looks += 1
        return super().__getitem__(key)


@pytest.mark.parametrize("peers", [("leaf-b", "leaf-c"), ("leaf-b", "")])
def test_a_namespace_that_moves_to_another_peer_costs_the_same_whatever_lies_in_it(peers: tuple[str, str]) -> None:
    def tenant(peer: str) -> dict[str, Any]:
        namespace = bodies.body(resources.NAMESPACE, "by-hand")
        namespace["metadata"]["labels"] = {"liqo.io/remote-cluster-id": peer, "liqo.io/tenant-namespace": "true"}
        return namespace

    lying = [Counted(bodies.body(resources.CONFIGURATION, f"c{number}", "by-hand")) for number in range(50)]
    held = ByPeer({resources.NAMESPACE: [tenant(peers[0])], resources.CONFIGURATION: lying})
    Counted.looks = 0
    for turn in range(1, 5):
        held.put(resources.NAMESPACE, tenant(peers[turn % 2]))
        assert [len(tuple(held.of(ClusterId(peer)).get(resources.CONFIGURATION, ()))) for peer in peers] == (
            [0, 50] if turn % 2 and peers[1] else [0, 0] if turn % 2 else [50, 0]
        )
    assert Counted.looks == 0
