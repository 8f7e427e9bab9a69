# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A fault of a link is gone after its repair: each world of test_evidence shows one, and here its repair is made."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.evidence import Rung, weigh
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.faults import Fault, FaultName
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.model import ClientEndpoint, Settings
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.objects import ClusterState, Kind
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.plan import plan_link

from tests.unit import build
from tests.unit.next_steps.following import is_said
from tests.unit.plugins.module_utils._fabric.test_evidence import DAMAGES, A, B

POD = "look at the gateway pod for {} in {}, which should report every 10 s"
REACH = "see that the client can reach {}, and look at the gateway pods of {} and {}"
LIQO = "see that the pods ipam and controller-manager of Liqo in {} run (kubectl -n {} get pods), then run again"
HELD = "look why the controller of this finalizer does not remove it, and run again when the object is gone"
ONE_ROLE = "delete the gateway that is wrong, or run with state absent for this pair and then again"
LEADS_TO = (
    "see that {}, which client_endpoint declares, leads to the gateway server at {}; else correct it, or look at the"
    " gateway pods of {} and {}"
)
LEADS = (
    "see that {}, which client_endpoint declares, leads to the gateway server; else correct it, or look at the gateway"
    " pods of {} and {}"
)
Ends = tuple[ClusterState, ClusterState]


def found(ends: Ends, name: FaultName, declared: Settings | None = None) -> list[Fault]:
    return [fault for fault in weigh(*ends, declared=declared).faults if fault.name is name]


def said(name: str) -> list[str]:
    """The repairs of the fault that a world shows."""
    damage = DAMAGES[name]
    return [fault.repair for fault in found((damage.one, damage.other), damage.fault)]


@pytest.mark.parametrize(
    ("name", "step", "repaired"),
    [
        ("nothing on one side", "create the side of {}, or remove that of {}", (A, B)),
        (
            "nothing on one side",
            "create the side of {}, or remove that of {}",
            (build.cluster("leaf-a"), build.cluster("leaf-b")),
        ),
        ("no client", "create {} {}", (A, B)),
        ("no key of the peer", "create {} {}", (A, B)),
        ("two Configurations", "delete those that are not meant, then run again", (A, B)),
        ("two servers", ONE_ROLE, (A, build.without(B, Kind.CLIENT))),
        ("an object that hangs", HELD, (build.without(A, Kind.CONFIGURATION), B)),
        ("a side that we may not see", "grant get and list on {}", (A, B)),
        ("networks that we may not see", "grant get and list on {}", (A, B)),
        ("a Connection that we may not see", "grant get and list on {}", (A, B)),
        (
            "a key that we may not see, while the tunnel is up",
            "grant get and list on secrets in the tenant namespace for {} on {}",
            (A, B),
        ),
        ("a server without an address", "look at Service {}/gw-{} and its gateway pod in {}", (A, B)),
        ("no networks", LIQO, (A, B)),
        ("no remap", LIQO, (A, B)),
        ("a peer that was renumbered", "set spec.remote of {} {} to {}", (A, B)),
        ("a gateway without keys", "look at the controller-manager of Liqo in {}: it makes the Secret", (A, B)),
        ("an old key", "write the key of {} into {} {}", (A, B)),
        ("another MTU", "set both to the MTU that is wanted", (A, B)),
        ("an error on one side", REACH, (A, B)),
        (
            "no Connection on one side",
            "look at the gateway pod for {} in {}: it writes the Connection when it starts",
            (A, B),
        ),
        ("a gateway that fell silent", POD, (A, B)),
        ("a gateway that never measured", POD, (A, B)),
        ("a node whose clock is ahead", "set the clocks of the nodes of {}", (A, B)),
    ],
)
def test_a_fault_is_gone_after_its_repair(name: str, step: str, repaired: Ends) -> None:
    repairs = said(name)
    assert [repair for repair in repairs if is_said(step, repair)], repairs
    assert found(repaired, DAMAGES[name].fault) == []


@pytest.mark.parametrize(
    "name", ["a peer that was renumbered", "an old key", "another MTU", "a Configuration without its label"]
)
def test_the_write_of_a_repair_is_the_one_of_the_next_run(name: str) -> None:
    """What the repair names by hand, with the object and the value, is what a run would write."""
    damage = DAMAGES[name]
    (repair,) = said(name)
    plan = plan_link(build.shortcut(), damage.one, damage.other, fabric=build.RETAIL)
    (op,) = (op for op in plan.ops if op.cluster == damage.cluster)
    assert op.name in repair or "both" in repair
    if name == "a peer that was renumbered":
        assert str(build.cidrs_of(damage.one)) in repair


def test_a_tunnel_that_no_endpoint_is_known_for_gets_one_first() -> None:
    """The gateway server advertises nothing yet, and there is no client either."""
    one = build.edit(build.having(A, connections=(build.connection(value="Error"),)), Kind.SERVER, endpoint=None)
    other = build.without(B, Kind.CLIENT)
    step = (
        "see that the client can reach the gateway server, which advertises no address:port/UDP yet, and look at the"
        " gateway pods of {} and {}"
    )
    assert [fault for fault in found((one, other), FaultName.DEAD_TUNNEL) if is_said(step, fault.repair)]
    assert found((A, B), FaultName.DEAD_TUNNEL) == []


@pytest.mark.parametrize(
    ("step", "server"),
    [
        (LEADS_TO, A),
        (LEADS, build.edit(A, Kind.SERVER, endpoint=None)),
    ],
)
def test_a_declared_endpoint_that_leads_to_the_server_is_no_fault(step: str, server: ClusterState) -> None:
    declared = Settings(client_endpoint=ClientEndpoint(address="203.0.113.7", port=51841))
    dials = build.edit(B, Kind.CLIENT, endpoint=replace(build.ENDPOINT, addresses=("203.0.113.7",), port=51841))
    dead = build.having(dials, connections=(build.connection("leaf-b", "leaf-a", value="Error"),))
    repairs = [fault.repair for fault in found((server, dead), FaultName.DEAD_TUNNEL, declared)]
    assert [repair for repair in repairs if is_said(step, repair)], repairs
    assert found((server, dials), FaultName.DEAD_TUNNEL, declared) == []
    assert weigh(A, dials, declared=declared).rung is Rung.FRESH
