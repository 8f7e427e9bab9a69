# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a wait that came to nothing advises: after it the next run finds what it waited for, or another cause.

That Liqo acts again once its pods run, and that a tunnel comes up once its packets pass, only a real Liqo can show:
tests/lab_tests/test_partial_failure.py and test_load_balancers.py do for the causes that a lab can have.
"""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.diagnosis import FABRIC, MANAGER
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.errors import attempt, not_understood
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.facts import value_of
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.model import ClientEndpoint
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.objects import Endpoint, Fact, FactName, Kind
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.reaching import NoAddress

from tests.unit.build import child, cluster, connection, edit, having, link, terminating
from tests.unit.next_steps.following import is_said
from tests.unit.planning import fact
from tests.unit.plugins.module_utils._fabric.test_diagnosis import FULL, clues, down, explain, gateway, on_a, pending

A, B = link()
MADE, GONE = (A, B), (cluster("leaf-a"), cluster("leaf-b"))
AFTER = {
    FactName.CONFIGURED: MADE,
    FactName.KEY: MADE,
    FactName.ENDPOINT: MADE,
    FactName.CONNECTED: MADE,
    FactName.GATEWAY_GONE: GONE,
    FactName.NETWORK_GONE: GONE,
    FactName.NAMESPACE_GONE: GONE,
}
"""What the clusters hold when a fact has come true."""


def silent(**endpoint: Any) -> dict[str, Any]:
    """Both gateways run, and that of leaf-b hears nothing."""
    dials = Endpoint(**{"addresses": ("192.0.2.10",), "port": 51840, **endpoint})
    held = having(B, connections=(connection("leaf-b", "leaf-a", value="Connecting", at=None),))
    return {"a": A, "b": edit(held, Kind.CLIENT, endpoint=dials)}


NAT = ClientEndpoint(address="203.0.113.7", port=51841)
TO_NAT = {"addresses": ("203.0.113.7",), "port": 51841}
NO_NAME = having(edit(B, Kind.CLIENT, endpoint=Endpoint(addresses=("gw.example",), port=51840)), connections=())
OTHER_WAY = "set server or client_endpoint so that the client can reach the server{}; then run again"
CORRECT = "correct client_endpoint of this shortcut, which declares it; then run again"
BRING_UP = (
    "bring {} of {} up again (kubectl -n {} describe pods -l app.kubernetes.io/name={}), then run again: the next run"
    " goes on from here"
)
POOL_FULL = (
    "remove Networks of {} whose peers are gone (kubectl get networks.ipam.liqo.io -A), or add a pool (ipam.pools of"
    " Liqo's chart); then run again"
)
NO_ADDRESS = (
    "see that {} has a load balancer controller with a free address for Service {}/gw-{}, or set service_type to"
    " NodePort{}; then run again"
)
LOOK = "look at the gateway pod of {} in {} (kubectl {} describe pods)"
TOWARDS = " and that UDP passes from {} to {} of {}{}"
UNSEEN: dict[str, Any] = {"leaf_a": clues("leaf-a", gateway=None), "leaf_b": clues("leaf-b", gateway=None)}
AGAIN = "; then run again, or raise wait_timeout"
DEAD = {"leaf_a": clues("leaf-a", gateway=gateway("leaf-b", 0))}
NOT_DIALLING: dict[str, Any] = {"b": having(B, clients=())}
HELD = {"a": terminating(A, Kind.SERVER, "example.com/hold")}
ROUTE = child("RouteConfiguration", terminating=True, finalizers=("liqo/route",))
HELD_BY_LIQO = {"a": having(A, configurations=(), network_children=(ROUTE,))}
LACKS_ADDRESS = {"leaf_a": clues("leaf-a", no_address=NoAddress())}
OLD = clues("leaf-a", networks=(pending("100.64.0.0/16"),), version=(1, 1, 2))
FULL_POOL = clues("leaf-a", networks=(*FULL, pending("10.1.0.0/16")))
TO_B = fact(FactName.CONNECTED, "leaf-b", "leaf-a")
NO_NAMESPACE = fact(FactName.NAMESPACE_GONE, "leaf-a", "leaf-b")


LOGS = "kubectl -n {} logs {}{}"
RETRIES = "Liqo tries again by itself, after 17 minutes at the latest; then run again"
STEPS: list[tuple[str, Fact, dict[str, Any]]] = [
    (BRING_UP, on_a(FactName.CONFIGURED), {"leaf_a": clues("leaf-a", workloads=down(MANAGER))}),
    (BRING_UP, on_a(FactName.NETWORK_GONE), {"leaf_a": clues("leaf-a", workloads=down(FABRIC))}),
    (POOL_FULL, on_a(FactName.CONFIGURED), {"leaf_a": FULL_POOL}),
    (
        "add a pool with {} (ipam.pools of Liqo's chart) on {}, or upgrade it to 1.2.0",
        on_a(FactName.CONFIGURED),
        {"leaf_a": OLD},
    ),
    (
        NO_ADDRESS,
        on_a(FactName.ENDPOINT),
        LACKS_ADDRESS,
    ),
    (
        f"look at the log of Liqo's controller-manager of {{}} ({LOGS}), which has to make it; {RETRIES}",
        on_a(FactName.ENDPOINT),
        {"leaf_a": clues("leaf-a", gateway=None, gateway_missing=True)},
    ),
    (
        f"look at the log of Liqo's controller-manager of {{}}, which has to make it; {RETRIES}",
        on_a(FactName.ENDPOINT),
        {"leaf_a": clues("leaf-a", gateway=None, gateway_missing=True, workloads=None)},
    ),
    (
        f"raise the ResourceQuota of {{}} on {{}} (kubectl -n {{}} describe resourcequota); {RETRIES}",
        on_a(FactName.ENDPOINT),
        {"leaf_a": clues("leaf-a", gateway=None, gateway_missing=True, full=("no room",))},
    ),
    (f"{LOOK}; then run again", on_a(FactName.ENDPOINT), {**DEAD, **NOT_DIALLING}),
    (f"{LOOK}{TOWARDS}; then run again", on_a(FactName.ENDPOINT), DEAD),
    (f"{LOOK}; the link heals by itself when it runs", on_a(FactName.CONNECTED), {**DEAD, **NOT_DIALLING}),
    (f"{LOOK}{TOWARDS}; the link heals by itself when it runs", on_a(FactName.CONNECTED), DEAD),
    (
        f"let UDP pass from the nodes of {{}} to {{}} of {{}} (firewall, security group, NAT), or {OTHER_WAY}",
        TO_B,
        silent(),
    ),
    (
        f"see that {{}} leads to the gateway of {{}} at {{}} and lets UDP pass from the nodes of {{}}, or {CORRECT}",
        TO_B,
        {**silent(**TO_NAT), "client_endpoint": NAT},
    ),
    (
        f"see that {{}} leads to the gateway of {{}} and lets UDP pass from the nodes of {{}}, or {CORRECT}",
        TO_B,
        {**silent(**TO_NAT), "client_endpoint": NAT, "a": edit(A, Kind.SERVER, endpoint=None)},
    ),
    (f"make {{}} resolve in {{}}, or {OTHER_WAY}", TO_B, {"b": NO_NAME}),
    (f"make {{}} resolve in {{}}, or {CORRECT}", TO_B, {"b": NO_NAME, "client_endpoint": NAT}),
    (
        "look at the log of Liqo's {} in {}, which should take {} away; then run again",
        on_a(FactName.NETWORK_GONE),
        HELD_BY_LIQO,
    ),
    (
        "no component of Liqo serves {}: the tool that put it on {} has to take it away; then run again",
        on_a(FactName.GATEWAY_GONE),
        HELD,
    ),
    (f"look at Liqo's ipam and controller-manager on {{}}{AGAIN}", on_a(FactName.CONFIGURED), UNSEEN),
    (f"look at Liqo's controller-manager on {{}}{AGAIN}", on_a(FactName.KEY), UNSEEN),
    (f"look at Liqo's controller-manager on {{}}{AGAIN}", on_a(FactName.GATEWAY_GONE), UNSEEN),
    (f"look at Liqo's controller-manager on {{}}{AGAIN}", on_a(FactName.IDLE), UNSEEN),
    (f"look at the gateway pod for {{}} on {{}}; the tunnel waits for it{AGAIN}", on_a(FactName.RENEWED), UNSEEN),
    (f"look at the Service and the gateway pod for {{}} on {{}}{AGAIN}", on_a(FactName.ENDPOINT), UNSEEN),
    (f"check that the gateway pods run on {{}} and {{}}{AGAIN}", on_a(FactName.CONNECTED), {**UNSEEN, **NOT_DIALLING}),
    (f"check that the gateway pods run on {{}} and {{}}{TOWARDS}{AGAIN}", on_a(FactName.CONNECTED), UNSEEN),
    (f"look at Liqo's controller-manager, ipam and fabric pods on {{}}{AGAIN}", on_a(FactName.NETWORK_GONE), UNSEEN),
    (f"see what is left in the tenant namespace of {{}} on {{}}{AGAIN}", NO_NAMESPACE, UNSEEN),
]


@pytest.mark.parametrize(("step", "awaited", "seen"), STEPS)
def test_after_the_step_the_next_run_finds_what_it_waits_for(step: str, awaited: Fact, seen: dict[str, Any]) -> None:
    said = explain(awaited, **seen).next
    assert is_said(step, said), said
    if awaited.name in AFTER:
        ends = {state.id: state for state in AFTER[awaited.name]}
        assert value_of(awaited, ends[awaited.cluster].side(awaited.peer)) is not None


@pytest.mark.parametrize(("step", "awaited", "seen"), [one for one in STEPS if AGAIN not in one[0]])
def test_who_has_followed_it_is_told_something_else_if_that_was_not_all(
    step: str, awaited: Fact, seen: dict[str, Any]
) -> None:
    assert not is_said(step, explain(awaited, **UNSEEN, **NOT_DIALLING).next)


def test_a_defect_is_reported_with_the_line_and_the_object_is_gone_with_its_odd_value() -> None:
    odd = not_understood(ValueError("x"), what="cannot plan", where="leaf-a")
    assert (
        odd.next
        == "look at the objects of this cluster for values that Liqo would not write, and report them as a defect"
    )

    def read(value: object) -> int:
        if not isinstance(value, int):
            raise TypeError(value)
        return value

    assert attempt(lambda: read("odd"), what="cannot read", where="leaf-a").next == odd.next  # type: ignore[union-attr]
    assert attempt(lambda: read(7), what="cannot read", where="leaf-a") == 7
