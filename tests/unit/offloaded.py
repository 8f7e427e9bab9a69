# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A hub whose Service web is offloaded to three leaves with a mesh of shortcuts, as bodies, and a run over them.

``LiqoApi`` imitates the one thing that a run waits for: an EndpointSlice made of each ShadowEndpointSlice.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ansible_collections.liqo.fabric.plugins.module_utils._fabric.model import Cluster, ClusterId, FabricName, State
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.propagation.model import (
    Mode,
    Propagation,
    ServiceWish,
)
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.propagation.report import propagation_result
from ansible_collections.liqo.fabric.plugins.module_utils._liqo import resources
from ansible_collections.liqo.fabric.plugins.module_utils._run.propagate import Limits, propagate

from tests.unit import bodies
from tests.unit.bodies import Body, body
from tests.unit.build import networks
from tests.unit.pretend_api import PretendApi

HUB = ClusterId("hub")
NAMES = ("leaf-a", "leaf-b", "leaf-c")
PLACE = "demo-hub"
ORIGIN, MANAGER = "offloading.liqo.io/origin", "endpointslice.kubernetes.io/managed-by"
NATIVE, REFLECTION, OURS = "endpointslice-controller.k8s.io", "endpointslice.reflection.liqo.io", "liqo-fabric"


class LiqoApi(PretendApi):
    """The API of a leaf on which Liqo runs, unless it is ``asleep``."""

    asleep = False

    def _keep(self, body: Body) -> Body:
        kept = super()._keep(body)
        if body["kind"] == "ShadowEndpointSlice" and not self.asleep:
            made = copy.deepcopy({**kept, "apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice"})
            made.update(made.pop("spec")["template"])
            self.put(made)
        return kept


World = dict[str, LiqoApi]


def address(leaf: str, number: int = 1) -> str:
    """One of the pod addresses of a leaf, at home."""
    return networks(leaf).pod[0].replace(".0.0/16", f".0.{number}")


def endpoint(pod: str, at: str, **facts: Any) -> Body:
    return {"addresses": [at], "conditions": {"ready": True}, "targetRef": {"kind": "Pod", "name": pod}, **facts}


def a_slice(name: str, namespace: str, manager: str, endpoints: Iterable[Body], **labels: str) -> Body:
    found = {"kubernetes.io/service-name": "web", MANAGER: manager, **labels}
    return body(
        resources.ENDPOINT_SLICE,
        name,
        namespace,
        metadata={"labels": found},
        addressType="IPv4",
        endpoints=list(endpoints),
        ports=[{"name": "http", "port": 8080, "protocol": "TCP"}],
    )


def hub() -> Iterator[Body]:
    """The hub has a pod of the Service on each leaf, ``web-a`` on leaf-a and so on."""
    yield from (bodies.config_map(HUB), *bodies.local_networks(HUB))
    selector = {"selector": {"app": "web"}, "type": "ClusterIP"}
    yield body(resources.SERVICE, "web", "demo", metadata={"labels": {"app": "web"}}, spec=selector)
    for name in NAMES:
        yield from (bodies.namespace(name), bodies.configuration(name), bodies.foreign_cluster(name))
        yield body(
            resources.NAMESPACE_MAP,
            name,
            bodies.tenant(name),
            peer=name,
            spec={"desiredMapping": {"demo": PLACE}},
            status={"currentMapping": {"demo": {"remoteNamespace": PLACE, "phase": "Accepted"}}},
        )
        yield body(resources.VIRTUAL_NODE, f"node-{name}", bodies.tenant(name), peer=name, spec={"clusterID": name})
    pods = [endpoint(f"web-{name[-1]}", address(name), nodeName=f"node-{name}") for name in NAMES]
    yield a_slice("web-1", "demo", NATIVE, pods)


def leaf(name: str) -> Iterator[Body]:
    """A leaf with healthy links to both others, the reflected Service, and the slices of its own pod and of the hub."""
    yield from (bodies.config_map(name), *bodies.local_networks(name))
    yield from (bodies.namespace(HUB), bodies.configuration(HUB), bodies.foreign_cluster(HUB))
    for peer in NAMES:
        if peer != name:
            yield from bodies.linked_cluster(name, peer, is_server=name < peer)
    yield body(resources.SERVICE, "web", PLACE, metadata={"labels": {ORIGIN: HUB}}, spec={"selector": {"app": "web"}})
    yield a_slice("web-local", PLACE, NATIVE, [endpoint(f"web-{name[-1]}", address(name))], **{ORIGIN: HUB})
    reflected = [endpoint(f"web-{peer[-1]}", f"172.31.0.{number}") for number, peer in enumerate(NAMES) if peer != name]
    yield a_slice("web-1", PLACE, REFLECTION, reflected, **{ORIGIN: HUB})


def offloaded() -> World:
    """Nothing is propagated yet."""
    return {HUB: LiqoApi(HUB, hub()), **{name: LiqoApi(name, leaf(name)) for name in NAMES}}


def run(
    world: Mapping[str, PretendApi],
    mode: Mode = Mode.SHADOW,
    *,
    state: State = State.PRESENT,
    check_mode: bool = False,
    wait: bool = False,
    wait_timeout_s: float = 20,
) -> dict[str, Any]:
    """The result of a task of the module ``propagation``."""
    want = Propagation(
        fabric=FabricName("retail"),
        clusters=tuple(Cluster(id=ClusterId(name), name=name, labels={}) for name in world),
        hubs=(HUB,),
        wishes=(ServiceWish(namespace="demo", name="web", mode=mode, source="services[0]"),),
        state=state,
    )
    limits = Limits(wait=wait, wait_timeout_s=wait_timeout_s)
    apis = {ClusterId(name): api.as_api() for name, api in world.items()}
    return propagation_result(propagate(want, apis, limits=limits, check_mode=check_mode))


def shadows(api: PretendApi) -> dict[str, list[tuple[str, str]]]:
    """Pod and address of every endpoint that the collection wrote into a leaf, by the leaf of the pods."""
    return {
        found["metadata"]["labels"][ORIGIN]: [
            (one["targetRef"]["name"], one["addresses"][0]) for one in found["spec"]["template"]["endpoints"]
        ]
        for (kind, _namespace, _name), found in sorted(api.store.items())
        if kind == "ShadowEndpointSlice"
    }


HONEST = {
    "leaf-a": {"leaf-b": [("web-b", address("leaf-b"))], "leaf-c": [("web-c", address("leaf-c"))]},
    "leaf-b": {"leaf-a": [("web-a", address("leaf-a"))], "leaf-c": [("web-c", address("leaf-c"))]},
    "leaf-c": {"leaf-a": [("web-a", address("leaf-a"))], "leaf-b": [("web-b", address("leaf-b"))]},
}
"""What is written in the end into each leaf: pod and address by the leaf of the pods."""


def written(world: World) -> dict[str, dict[str, list[tuple[str, str]]]]:
    return {name: shadows(world[name]) for name in NAMES}


def rows(result: dict[str, object]) -> dict[str, dict[str, object]]:
    services = result["services"]
    assert isinstance(services, list)
    return {row["cluster"]: row for row in services}
