# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A link that a plan refuses is planned when somebody has done what the refusal says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.model import (
    ClientEndpoint,
    Keys,
    Shortcut,
    Template,
)
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.objects import ClusterState, Kind, LocalNetworks
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.operations import LinkPlan
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.plan import plan_link
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.removal import plan_removal

from tests.unit.build import (
    EDGE,
    RETAIL,
    client,
    cluster,
    edit,
    foreign_cluster,
    having,
    link,
    pair,
    renumbered,
    server,
    shortcut,
    terminating,
    twice,
    without,
)
from tests.unit.next_steps.following import is_said

A, B = link()
HELD = "look why the controller of this finalizer does not remove it, and run again when the object is gone"
CIDRS = "correct the networks of that cluster, or name the range in trusted_cidrs of the shortcut when it is meant"
ENDPOINT = "correct the Service of the gateway server, or name the address as client_endpoint when it is meant"
PEERED = "take the pair out of shortcuts, or set allow_peering_pairs to true if you mean it"
ONE_ROLE = "delete the gateway that is wrong, or run with state absent for this pair and then again"
LEAVE_OUT = "leave them out for this pair, upgrade the cluster, or put them into its gateway template"
GRANT_SIGHT = (
    "grant one of these: {} (module rbac grants what its jobs need), or set allow_peering_pairs to true if the pair may"
    " be peered"
)
AGREE = "agree on {} in both fabrics, take the pair out of one of them, or set force_conflicts to true to have your way"


@dataclass(frozen=True)
class Task:
    """Two clusters, what is declared, and how the run was told to treat it."""

    ends: tuple[ClusterState, ClusterState]
    declared: Shortcut = field(default_factory=shortcut)
    options: Mapping[str, Any] = field(default_factory=dict)

    def plan(self) -> LinkPlan:
        return plan_link(self.declared, *self.ends, **{"fabric": RETAIL, **self.options})


def task(
    a: ClusterState = A, b: ClusterState = B, *, options: Mapping[str, Any] | None = None, **settings: Any
) -> Task:
    return Task((a, b), shortcut(**settings), options or {})


def blind(state: ClusterState, *kinds: str) -> ClusterState:
    return replace(state, unread=kinds)


PEERED_A = having(A, peering=("Tenant leaf-b",), foreign_cluster=foreign_cluster(role="Provider"))
HIDDEN = ("ForeignCluster", "Tenant", "Identity", "VirtualNode")
OWNED_BY_EDGE = having(A, servers=(server(owners=frozenset({EDGE}), mtu=1300),))
AT_LOOPBACK = edit(A, Kind.SERVER, endpoint=replace(server().endpoint, addresses=("127.0.0.1",)))  # type: ignore[type-var]
NO_CLIENT = without(B, Kind.CLIENT)

STEPS: list[tuple[str, Task, Task]] = [
    ("delete those that are not meant, then run again", task(twice(A, Kind.NAMESPACE)), task()),
    ("delete those that are not meant, then run again", task(twice(A, Kind.SERVER)), task()),
    ("delete those that are not meant, then run again", task(b=twice(B, Kind.PUBLIC_KEY)), task()),
    (ONE_ROLE, task(b=having(B, clients=(), servers=(server("leaf-b", "leaf-a"),))), task(b=NO_CLIENT)),
    (ONE_ROLE, task(having(A, servers=(), clients=(client("leaf-a", "leaf-b"),))), task(without(A, Kind.SERVER))),
    (
        "take away what holds the content of the namespace, or wait until it is gone; then run again",
        task(terminating(A, Kind.NAMESPACE)),
        task(cluster()),
    ),
    (HELD, task(b=terminating(B, Kind.CLIENT, "example.org/held")), task(b=NO_CLIENT)),
    ("run again when it is gone", task(b=terminating(B, Kind.CLIENT)), task(b=NO_CLIENT)),
    ("upgrade it to 1.0.1 or newer", task(replace(A, version=(1, 0, 0))), task(replace(A, version=(1, 0, 1)))),
    (
        "see that the pods ipam and controller-manager of Liqo in {} run (kubectl -n {} get pods), then run again",
        task(b=replace(B, networks=LocalNetworks(external=B.networks.external))),
        task(),
    ),
    (LEAVE_OUT, task(replace(A, version=(1, 1, 2)), service_labels={"a": "b"}), task(replace(A, version=(1, 1, 2)))),
    (LEAVE_OUT, task(replace(A, version=(1, 1, 2)), service_labels={"a": "b"}), task(service_labels={"a": "b"})),
    (
        "correct server_template and its namespace",
        task(server_template=Template(name="wireguard-servr")),
        task(server_template=Template(name="wireguard-server", namespace="liqo")),
    ),
    (
        "correct client_template and its namespace",
        task(client_template=Template(name="wireguard-client", namespace="gateways")),
        task(client_template=Template(name="wireguard-client")),
    ),
    (
        "grant get and list on secrets in the tenant namespace, as Liqo's peering-user role does",
        task(without(A, Kind.PUBLIC_KEY), blind(having(B, secrets=()), "Secret")),
        task(without(A, Kind.PUBLIC_KEY)),
    ),
    (
        "grant get, list, create and delete on secrets there, as Liqo's peering-user role does",
        task(b=blind(having(B, secrets=()), "Secret"), keys=Keys.OWN),
        task(keys=Keys.OWN),
    ),
    (
        "grant list on {} there, as Liqo's peering-user role does for a tenant namespace",
        task(b=blind(without(B, Kind.PUBLIC_KEY), "PublicKey")),
        task(),
    ),
    (
        "grant list on {} there, as Liqo's peering-user role does for a tenant namespace",
        task(b=blind(B, "Network")),
        task(),
    ),
    (
        "grant get on namespaces, as Liqo's peering-user role does for a tenant namespace that is there",
        task(b=cluster("leaf-b", unread=("Namespace",), unseen=frozenset({A.id}))),
        task(b=cluster("leaf-b")),
    ),
    (PEERED, task(PEERED_A), task(PEERED_A, options={"allow_peering": True})),
    (
        GRANT_SIGHT,
        task(blind(A, *HIDDEN), blind(B, *HIDDEN)),
        task(blind(A, *HIDDEN), blind(B, *HIDDEN), options={"allow_peering": True}),
    ),
    (
        GRANT_SIGHT,
        task(blind(A, *HIDDEN), blind(B, *HIDDEN)),
        task(blind(A, "ForeignCluster"), blind(B, "ForeignCluster")),
    ),
    (AGREE, task(OWNED_BY_EDGE), task(OWNED_BY_EDGE, mtu=1300)),
    (AGREE, task(OWNED_BY_EDGE), task(OWNED_BY_EDGE, options={"force_conflicts": True})),
    (AGREE, task(OWNED_BY_EDGE), task(having(OWNED_BY_EDGE, servers=(server(mtu=1300),)))),
    (CIDRS, task(b=renumbered(B, "8.8.0.0/16")), task(b=renumbered(B, "8.8.0.0/16"), trusted_cidrs=("8.8.0.0/16",))),
    (CIDRS, task(b=renumbered(B, "8.8.0.0/16")), task(b=renumbered(B, "10.8.0.0/16"))),
    (
        ENDPOINT,
        task(AT_LOOPBACK, NO_CLIENT),
        task(AT_LOOPBACK, NO_CLIENT, client_endpoint=ClientEndpoint(address="127.0.0.1")),
    ),
    (ENDPOINT, task(AT_LOOPBACK, NO_CLIENT), task(A, NO_CLIENT)),
]


@pytest.mark.parametrize(("text", "before", "after"), STEPS)
def test_who_follows_the_step_gets_a_plan(text: str, before: Task, after: Task) -> None:
    blocked = before.plan().blocked
    assert blocked is not None
    assert is_said(text, blocked.next), blocked.next
    found = after.plan()
    assert found.blocked is None, str(found.blocked)


def test_a_pair_of_two_servers_can_be_removed_and_made_again() -> None:
    """The other half of that step."""
    servers = (A, having(B, clients=(), servers=(server("leaf-b", "leaf-a"),)))
    removal = plan_removal(pair(), *servers, fabric=RETAIL)
    assert removal.blocked is None
    assert {op.kind for op in removal.ops} >= {Kind.SERVER}
    assert task(cluster("leaf-a"), cluster("leaf-b")).plan().blocked is None
