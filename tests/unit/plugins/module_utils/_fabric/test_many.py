# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Thousands of objects of one cluster: the work grows with their number, not with its square, and messages do not."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.errors import FabricError, FailureName
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.evidence import weigh
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.most import MOST_FAULTS
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.objects import Kind
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.operations import Op, Verb, in_order
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.phrases import few
from ansible_collections.liqo.fabric.plugins.module_utils._liqo import cluster as liqo_cluster
from ansible_collections.liqo.fabric.plugins.module_utils._liqo import resources
from ansible_collections.liqo.fabric.plugins.module_utils._liqo.cluster import parse_cluster
from ansible_collections.liqo.fabric.plugins.module_utils._liqo.names import MOST_OWNERS, OWNERS, read_owners

from tests.unit import bodies
from tests.unit.bodies import Body
from tests.unit.build import cluster_id, link
from tests.unit.plugins.module_utils._fabric.test_any_state import answers, conclude, listed


def renamed(body: Body, number: int, **metadata: Any) -> Body:
    own = {**body["metadata"], "name": f"x{number}", "uid": f"uid {number}", **metadata}
    return {**body, "metadata": own}


def labelled(peer: str) -> dict[str, Any]:
    return {"labels": {"liqo.io/remote-cluster-id": peer}}


def network(number: int, **status: str) -> Body:
    cidr = f"10.{number // 250 % 250}.{number % 250}.0/24"
    body = renamed(bodies.network("pod-cidr", cidr), number)
    return {**body, "spec": {"cidr": cidr}, "status": status and {"cidr": cidr}}


MANY: dict[str, Callable[[int], Body]] = {
    "Configurations for one peer": lambda number: renamed(bodies.configuration(), number),
    "Configurations, each for another peer": lambda number: renamed(
        bodies.configuration(), number, **labelled(f"x{number}")
    ),
    "gateways": lambda number: renamed(bodies.gateway_server(), number),
    "own key Secrets": lambda number: renamed(bodies.secret(), number, annotations={OWNERS: "retail"}),
    "tenant namespaces": lambda number: renamed(bodies.namespace(), number),
    "own networks": lambda number: network(number, cidr="given"),
    "networks of a peer that wait": lambda number: {
        **network(number),
        "metadata": labelled("leaf-b") | {"name": f"x{number}"},
    },
    "ForeignClusters": lambda number: {
        **renamed(bodies.foreign_cluster(), number),
        "spec": {"clusterID": f"x{number}"},
    },
    "objects of no cluster": lambda number: {**renamed(bodies.foreign_cluster(), number), "spec": {"clusterID": "X"}},
    "Services": lambda number: {
        **renamed(bodies.body(resources.SERVICE, "x", "demo"), number),
        "spec": {"type": "LoadBalancer", "ports": [{"port": 51840, "nodePort": 30000, "protocol": "UDP"}]},
    },
}


def work(make: Callable[[int], Body], count: int) -> int:
    """How many calls are made to conclude all that a run may conclude."""
    found = [*answers("leaf-a", "leaf-b", is_server=True), *map(make, range(count))]
    other = answers("leaf-b", "leaf-a", is_server=False)
    raws = [listed(one, [body["kind"] for body in one]) for one in (found, other)]
    calls = 0

    def count_call(frame: object, event: str, argument: object) -> None:
        nonlocal calls
        calls += event in ("call", "c_call")

    sys.setprofile(count_call)
    try:
        conclude(raws[0], raws[1])
    finally:
        sys.setprofile(None)
    return calls


@pytest.mark.parametrize("make", MANY.values(), ids=MANY.keys())
def test_twice_as_many_objects_are_about_twice_the_work(make: Callable[[int], Body]) -> None:
    least, some, many = (work(make, count) for count in (100, 200, 400))
    assert many - some <= 2.5 * (some - least)


def test_operations_that_share_what_they_need_are_put_in_order_at_once() -> None:
    def op(kind: Kind, number: int, needs: frozenset[str] = frozenset()) -> Op:
        a, b = cluster_id("leaf-a"), cluster_id("leaf-b")
        return Op(cluster=a, peer=b, verb=Verb.DELETE, kind=kind, name=f"x{number}", reason="x", needs=needs)

    first = [op(Kind.SERVER, number) for number in range(20_000)]
    needs = frozenset(one.id for one in first)
    later = [op(Kind.CONFIGURATION, number, needs) for number in range(20_000)]
    begun = time.process_time()
    assert in_order([*later, *first]) == (*first, *later)
    assert time.process_time() - begun < 10


def test_a_circle_is_named_by_a_few_of_its_operations() -> None:
    a, b = cluster_id("leaf-a"), cluster_id("leaf-b")
    ops = [
        Op(cluster=a, peer=b, verb=Verb.DELETE, kind=Kind.SERVER, name=f"x{number}", reason="x") for number in range(9)
    ]
    circle = [
        Op(
            cluster=a,
            peer=b,
            verb=Verb.DELETE,
            kind=Kind.SERVER,
            name=one.name,
            reason="x",
            needs=frozenset({ops[number - 1].id}),
        )
        for number, one in enumerate(ops)
    ]
    with pytest.raises(ValueError, match=r"need each other: .* and 4 more"):
        in_order(circle)


def test_a_message_names_a_few_of_many() -> None:
    assert few([]) == ""
    assert few(list("abcde")) == "a, b, c, d, e"
    assert few(list("abcdefg")) == "a, b, c, d, e and 2 more"


def test_a_link_has_a_few_faults_of_many() -> None:
    odd = [renamed(bodies.configuration(), number, labels={}) for number in range(1000)]
    state = parse_cluster(bodies.raw([*bodies.linked_cluster(), *odd]), cluster_id("leaf-a"))
    evidence = weigh(state, link()[1])
    assert len(evidence.faults) == MOST_FAULTS
    assert len(str(evidence)) < 50_000


def test_a_cluster_with_more_peers_than_any_fabric_has_is_not_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(liqo_cluster, "MOST_PEERS", 10)
    some = [bodies.foreign_cluster(f"x{number}") for number in range(11)]
    parse_cluster(bodies.raw(some[:10]), cluster_id("leaf-a"))
    with pytest.raises(FabricError, match="11 peers") as refused:
        parse_cluster(bodies.raw(some), cluster_id("leaf-a"))
    assert refused.value.fault is FailureName.LIMIT_REACHED


def test_an_object_that_too_many_fabrics_claim_is_claimed_by_none() -> None:
    names = [f"f{number}" for number in range(MOST_OWNERS + 1)]
    assert len(read_owners(",".join(names[:-1]))) == MOST_OWNERS
    assert read_owners(",".join(names)) == frozenset()
