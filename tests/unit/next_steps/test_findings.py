# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A finding before the first write is not there any more after somebody has done what it says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.findings import Check, Finding, refusals
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.model import ClusterId, Shortcut
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.objects import ClusterState
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.plan import plan_link
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.preflight import preflight
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.scene import Seen, ServicePorts, UsedNetwork

from tests.unit.build import RETAIL, cluster, cluster_id, shortcut
from tests.unit.next_steps.following import is_said
from tests.unit.plugins.module_utils._fabric.test_preflight import problem

A, B = cluster_id("leaf-a"), cluster_id("leaf-b")
OP = plan_link(shortcut(), cluster("leaf-a"), cluster("leaf-b"), fabric=RETAIL).ops[0]


@dataclass(frozen=True)
class Scene:
    """Two clusters without a link, what is declared, and what was looked up."""

    a: Mapping[str, Any] = field(default_factory=dict)
    b: Mapping[str, Any] = field(default_factory=dict)
    declared: Shortcut = field(default_factory=shortcut)
    seen: Mapping[ClusterId, Seen] = field(default_factory=dict)

    def findings(self) -> tuple[Finding, ...]:
        states: dict[ClusterId, ClusterState] = {A: cluster("leaf-a", **self.a), B: cluster("leaf-b", **self.b)}
        plan = plan_link(self.declared, states[A], states[B], fabric=RETAIL)
        assert plan.blocked is None
        return preflight({plan.pair: plan}, states, self.seen)


def scene(
    a: Mapping[str, Any] | None = None, *, seen: Seen | None = None, pod: str | None = None, **settings: Any
) -> Scene:
    looked = {A: seen} if seen is not None else {}
    return Scene(a or {}, {"pod": pod} if pod else {}, shortcut(**settings), looked)


def services(*, at: str = "192.0.2.9") -> Seen:
    """Of somebody else, on a NodePort and on an address of a load balancer."""
    ports = frozenset({(51840, "UDP")})
    found = ServicePorts(
        namespace="shop", name="web", node_ports=frozenset({30500}), ports=ports, addresses=frozenset({at})
    )
    return Seen(services=(found,))


OWN = UsedNetwork(cidr="10.42.0.0/16", of="pod CIDR")
OLD: dict[str, Any] = {"version": (1, 1, 2)}
POOLS = ("10.0.0.0/8", "172.16.0.0/12", "100.64.0.0/10")
ANOTHER_PORT = "choose another node_port, or none"
NODE_PORT: dict[str, Any] = {"service_type": "NodePort", "node_port": 30500}

STEPS: list[tuple[str, Scene, Scene]] = [
    (
        "grant them, for all namespaces or in the tenant namespaces, or use credentials that have them",
        scene(seen=Seen(denied={OP.id: ("create publickeies.networking.liqo.io",)})),
        scene(seen=Seen()),
    ),
    ("check that it is 1.0.1 or newer", scene({"version": None}), scene({"version": (1, 2, 0)})),
    (
        "try one link first, and look for a newer release of liqo.fabric",
        scene({"version": (9, 0, 0)}),
        scene({"version": (1, 2, 0)}),
    ),
    ("upgrade the older cluster when you can", scene({"version": (1, 0, 1)}), scene({"version": (1, 2, 0)})),
    (
        "add it to ipam.pools of Liqo on {}, or upgrade Liqo there to 1.2.0",
        scene(OLD, pod="192.168.0.0/16", seen=Seen(pools=POOLS)),
        scene(OLD, pod="192.168.0.0/16", seen=Seen(pools=(*POOLS, "192.168.0.0/16"))),
    ),
    (
        "add it to ipam.pools of Liqo on {}, or upgrade Liqo there to 1.2.0",
        scene(OLD, pod="192.168.0.0/16", seen=Seen(pools=POOLS)),
        scene({"version": (1, 2, 0)}, pod="192.168.0.0/16", seen=Seen(pools=POOLS)),
    ),
    (
        "add a pool to ipam.pools of Liqo on {}",
        scene(pod="10.42.0.0/16", seen=Seen(networks=(OWN,), pools=("10.42.0.0/16",))),
        scene(pod="10.42.0.0/16", seen=Seen(networks=(OWN,), pools=("10.42.0.0/16", "172.16.0.0/12"))),
    ),
    (
        "choose another node_port, or none",
        scene(seen=services(), **NODE_PORT),
        scene(seen=services(), **NODE_PORT | {"node_port": 30501}),
    ),
    (
        "choose another node_port, or none",
        scene(seen=services(), **NODE_PORT),
        scene(seen=services(), service_type="NodePort"),
    ),
    (
        "choose another port or load_balancer_ip",
        scene(seen=services(), load_balancer_ip="192.0.2.9"),
        scene(seen=services(), load_balancer_ip="192.0.2.9", port=51841),
    ),
    (
        "choose another port or load_balancer_ip",
        scene(seen=services(), load_balancer_ip="192.0.2.9"),
        scene(seen=services(), load_balancer_ip="192.0.2.10"),
    ),
    ("set mtu to {} or less, unless every hop carries larger packets", scene(mtu=1441), scene(mtu=1440)),
]


@pytest.mark.parametrize(("text", "before", "after"), STEPS)
def test_who_follows_the_step_is_not_told_again(text: str, before: Scene, after: Scene) -> None:
    assert [one for one in before.findings() if is_said(text, one.next)], [one.next for one in before.findings()]
    assert not [one for one in after.findings() if is_said(text, one.next)]


@pytest.mark.parametrize(
    ("text", "before"),
    [
        ("nothing, a run finds it out", scene(seen=Seen(unanswered={Check.RIGHTS: problem()}))),
        ("nothing, a run finds out whether they are taken", scene(seen=Seen(unmade=3))),
        (
            "nothing; once the link is up `remap` of the result says how {} addresses the pods of {}",
            scene(pod="10.42.0.0/16", seen=Seen(networks=(OWN,))),
        ),
    ],
)
def test_where_nothing_is_to_be_done_nothing_is_stopped(text: str, before: Scene) -> None:
    found = before.findings()
    assert [one for one in found if is_said(text, one.next)], [one.next for one in found]
    assert refusals(found) == {}


def test_the_mtu_that_is_named_is_one_that_is_taken() -> None:
    (found,) = (one for one in scene(mtu=1500).findings() if one.check is Check.MTU)
    named = int(found.next.split()[3])
    assert not [one for one in scene(mtu=named).findings() if one.check is Check.MTU]
    assert replace(scene(), declared=shortcut(mtu=named)).findings() == ()
