# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Load balancers as providers make them: several addresses in any order, names, an address that never comes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from lab.agent.forwards import NO_ADDRESS
from tests.lab_tests.laboratory import NETWORKING, Laboratory, Task, eventually, now

pytestmark = pytest.mark.lab

NAMES = ("leaf-a", "leaf-b", "leaf-c")
PAIR = ("leaf-a", "leaf-c")
TENANT, SERVICE = "liqo-tenant-leaf-c", "gw-leaf-c"
FIRST = "liqo-tenant-leaf-b/gw-leaf-b"
LOST = "lb.leaf-a.invalid"
SAID = "Failed to allocate IP for it: no available IPs"


@pytest.fixture(autouse=True)
def _clean(lab: Laboratory) -> Iterator[None]:
    lab.unlink(PAIR, ("leaf-a", "leaf-b"))
    yield
    lab.unlink(PAIR, ("leaf-a", "leaf-b"))


def linked(lab: Laboratory, *arguments: str, peer: str = "leaf-c", **options: Any) -> Task:
    """A run for leaf-a, which has the server, and a peer."""
    settings = {"service_type": "LoadBalancer", "server": "leaf-a", **options.pop("settings", {})}
    return lab.shortcuts(NAMES, [("leaf-a", peer)], *arguments, defaults=settings, **options)


def advertise(lab: Laboratory, *ingress: dict[str, Any]) -> None:
    """The load balancer of leaf-a has other addresses, and Liqo has taken note."""
    api = lab.api("leaf-a")
    status = {"status": {"loadBalancer": {"ingress": list(ingress)}}}
    api.patch("v1", "Service", SERVICE, status, namespace=TENANT, sub="status")
    wanted = [one[key] for one in ingress for key in ("ip", "hostname") if key in one]

    def is_copied() -> bool:
        servers = api.request("GET", f"{NETWORKING}/namespaces/{TENANT}/gatewayservers")["items"]
        return [one["status"]["endpoint"]["addresses"] for one in servers] == [wanted]

    eventually(is_copied, what=f"Liqo advertises {wanted}")


def dialled(lab: Laboratory) -> list[str]:
    (client,) = lab.link_objects("leaf-c", "leaf-a")["gatewayclients"]
    addresses: list[str] = client["spec"]["endpoint"]["addresses"]
    return addresses


def test_the_order_of_addresses_costs_nothing_and_an_address_that_goes_is_repaired(lab: Laboratory) -> None:
    made = linked(lab)
    assert made.outcomes == {"leaf-a<->leaf-c": "created"}, made.log
    (own,) = dialled(lab)
    other = own.rpartition(".")[0] + ".99"
    for ingress in (
        [{"ip": other}, {"ip": own}],
        [{"hostname": LOST}, {"ip": "2001:db8::7"}, {"ip": "169.254.169.254"}, {"ip": own, "ipMode": "Proxy"}],
    ):
        advertise(lab, *ingress)
        since = now()
        again = linked(lab)
        assert (again.outcomes, again.result["plan"]) == ({"leaf-a<->leaf-c": "in_sync"}, []), again.log
        assert lab.writes(since, NAMES) == 0
        assert again.link(*PAIR)["evidence"]["faults"] == []
    assert "169.254.169.254" in str(again.link(*PAIR)["notes"])
    info = lab.module("peering_info", {"clusters": lab.clusters(NAMES)})
    assert info.link(*PAIR)["evidence"]["rung"] == "fresh"
    assert dialled(lab) == [own]
    advertise(lab, {"hostname": LOST}, {"ip": "169.254.169.254"}, {"ip": other})
    moved = linked(lab)
    assert moved.outcomes == {"leaf-a<->leaf-c": "repaired"}, moved.log
    assert dialled(lab) == [other, LOST]
    assert linked(lab).result["plan"] == []


@pytest.mark.long
def test_a_name_that_does_not_resolve_is_in_the_plan_and_in_the_reason(lab: Laboratory) -> None:
    assert not linked(lab).failed
    (own,) = dialled(lab)
    advertise(lab, {"hostname": LOST})
    planned = linked(lab, "--check")
    (note,) = (one for one in planned.result["preflight"] if one["check"] == "endpoint")
    assert note["what"] == f"leaf-c is to dial {LOST}, which does not resolve where this runs"
    assert planned.outcomes == {"leaf-a<->leaf-c": "repaired"}
    tried = linked(lab, wait_timeout=8)
    (failure,) = tried.result["failures"]
    # Where the resolver has no answer at all, as in the lab, Liqo's client ends again and again.
    assert failure["fault"] in ("tunnel-blocked", "dead-gateway"), tried.log
    assert f"{LOST} does not resolve where this runs" in failure["why"]
    advertise(lab, {"ip": own})
    assert linked(lab).outcomes == {"leaf-a<->leaf-c": "repaired"}


def test_an_address_that_never_comes_is_explained(lab: Laboratory) -> None:
    assert not linked(lab, peer="leaf-b").failed
    without: dict[str, Any] = {"settings": {"service_annotations": {NO_ADDRESS: "true"}}, "wait_timeout": 6}
    planned = linked(lab, "--check", **without)
    (note,) = (one for one in planned.result["preflight"] if one["check"] == "load-balancer")
    assert note["what"] == f"51840/UDP of leaf-a is also the port of Service {FIRST}"
    (failure,) = linked(lab, **without).result["failures"]
    assert failure["fault"] == "no-address"
    assert f"{FIRST} has 51840/UDP on leaf-a already" in failure["why"]
    assert "warning" not in failure["why"]
    assert "another port" in failure["next"]
    warn(lab, "AllocationFailed", SAID)
    without["settings"]["port"] = 51841
    (failure,) = linked(lab, **without).result["failures"]
    assert failure["fault"] == "no-address"
    assert f"its last warning: AllocationFailed: {SAID}" in failure["why"]
    assert FIRST not in failure["why"]


def warn(lab: Laboratory, reason: str, message: str) -> None:
    """As the controller of a load balancer does."""
    lab.api("leaf-a").create(
        {
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": {"name": f"{SERVICE}.1"},
            "involvedObject": {"apiVersion": "v1", "kind": "Service", "name": SERVICE, "namespace": TENANT},
            "type": "Warning",
            "reason": reason,
            "message": message,
            "source": {"component": "metallb-controller"},
            "firstTimestamp": "2026-01-01T00:00:00Z",
            "lastTimestamp": "2026-01-01T00:00:00Z",
            "count": 2,
        },
        TENANT,
    )
