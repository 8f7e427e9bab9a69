# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Three leaves with three links, of which one has drifted, and a run over them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ansible_collections.liqo.fabric.plugins.module_utils._fabric.model import (
    Cluster,
    ClusterId,
    Fabric,
    FabricName,
    Pair,
    State,
)
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.report import LinkReport, Report
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.resources import Resource
from ansible_collections.liqo.fabric.plugins.module_utils._liqo import resources
from ansible_collections.liqo.fabric.plugins.module_utils._run.reconcile import Limits, reconcile

from tests.unit import bodies
from tests.unit.bodies import Body, body
from tests.unit.build import pair, shortcut
from tests.unit.pretend_api import PretendApi

NAMES = ("leaf-a", "leaf-b", "leaf-c")
AB, AC, BC = pair("leaf-a", "leaf-b"), pair("leaf-a", "leaf-c"), pair("leaf-b", "leaf-c")
TO_A = "liqo-tenant-leaf-a"

World = dict[str, PretendApi]


def workload(resource: Resource, name: str, namespace: str, component: str, ready: int = 1) -> Body:
    labels = {"app.kubernetes.io/name": component}
    status = {"readyReplicas": ready, "desiredNumberScheduled": 1, "numberReady": ready}
    return body(resource, name, namespace, metadata={"labels": labels}, spec={"replicas": 1}, status=status)


def leaf(name: str) -> Iterator[Body]:
    """A leaf with healthy links to both others; the one whose name comes first is the server."""
    for peer in NAMES:
        if peer != name:
            yield from bodies.linked_cluster(name, peer, is_server=name < peer)
            yield workload(resources.DEPLOYMENT, f"gw-{peer}", f"liqo-tenant-{peer}", "gateway")
    for component in ("controller-manager", "ipam"):
        yield workload(resources.DEPLOYMENT, f"liqo-{component}", "liqo", component)
    yield workload(resources.DAEMON_SET, "liqo-fabric", "liqo", "fabric")


def drifted() -> World:
    """All is well but for a lost label in the link of leaf-a and leaf-c."""
    apis = {name: PretendApi(name, leaf(name)) for name in NAMES}
    apis["leaf-c"].one("Configuration", "leaf-a", TO_A)["metadata"]["labels"] = {}
    return apis


def fabric_of(state: State = State.PRESENT, pairs: Iterable[Pair] = (AB, AC, BC)) -> Fabric:
    return Fabric(
        name=FabricName("retail"),
        clusters=tuple(Cluster(id=ClusterId(name), name=name, labels={}) for name in NAMES),
        shortcuts=tuple(shortcut(*wanted) for wanted in pairs),
        state=state,
    )


def run(
    world: World,
    state: State = State.PRESENT,
    pairs: Iterable[Pair] = (AB, AC, BC),
    wait_timeout_s: float = 0.2,
    *,
    check_mode: bool = False,
    wait: bool = True,
) -> Report:
    apis = {ClusterId(name): api.as_api() for name, api in world.items()}
    limits = Limits(wait=wait, wait_timeout_s=wait_timeout_s)
    return reconcile(fabric_of(state, pairs), apis, limits=limits, check_mode=check_mode)


def of(report: Report, wanted: Pair) -> LinkReport:
    return next(link for link in report.links if link.pair == wanted)
