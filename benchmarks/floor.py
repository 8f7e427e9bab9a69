# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The floor of creating shortcuts: the same objects, each written as early as it can be, everything in parallel.

`python -m benchmarks.floor ARGUMENTS`, a JSON file with ``kubeconfigs`` (path by cluster) and ``pairs``. It begins like
every client by connecting and by reading the CIDRs, checks nothing, repairs nothing, and ends when both ends of every
link say Connected. The first cluster of a pair runs the server.
"""

from __future__ import annotations

import json
import resource
import sys
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

from ansible_collections.liqo.fabric.plugins.module_utils._fabric.model import ClusterId, FabricName
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.objects import (
    Cidrs,
    ConfigurationSpec,
    Endpoint,
    GatewayClientSpec,
    GatewayServerSpec,
    NamespaceSpec,
    PublicKeySpec,
    Spec,
    TemplateRef,
)
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.resources import Json, Resource
from ansible_collections.liqo.fabric.plugins.module_utils._kube.client import Api
from ansible_collections.liqo.fabric.plugins.module_utils._kube.connection import connect
from ansible_collections.liqo.fabric.plugins.module_utils._liqo import resources
from ansible_collections.liqo.fabric.plugins.module_utils._liqo.build import build
from ansible_collections.liqo.fabric.plugins.module_utils._liqo.by_peer import TENANT_PREFIX
from ansible_collections.liqo.fabric.plugins.module_utils._liqo.parse import (
    parse_connection,
    parse_gateway_server,
    parse_key_secret,
)

from benchmarks.module_process import report

WATCH_S = 600.0
WIDTH = 256
MTU, PORT, SERVICE_TYPE = 1340, 51840, "LoadBalancer"
OWNERS = frozenset({FabricName("bench")})

Place = tuple[str, str]
"""A cluster and its peer."""


class Known:
    """What Liqo's controllers have brought about, as futures by place."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._futures: dict[tuple[str, Place], Future[Any]] = {}

    def of(self, what: str, place: Place) -> Future[Any]:
        with self._lock:
            return self._futures.setdefault((what, place), Future())

    def tell(self, what: str, place: Place, value: Any) -> None:
        future = self.of(what, place)
        with self._lock:
            if value and not future.done():
                future.set_result(value)


def _endpoint(body: Json) -> Endpoint | None:
    return parse_gateway_server(body, ClusterId("")).endpoint


def _key(body: Json) -> str:
    return parse_key_secret(body, ClusterId("")).public_key


def _is_connected(body: Json) -> bool:
    return parse_connection(body, ClusterId("")).value == "Connected"


WATCHED: Mapping[str, tuple[Resource, Callable[[Json], object]]] = {
    "endpoint": (resources.GATEWAY_SERVER, _endpoint),
    "key": (resources.SECRET, _key),
    "connected": (resources.CONNECTION, _is_connected),
}


def follow(api: Api, cluster: str, what: str, known: Known) -> None:
    """List a kind, then watch it until the process ends."""
    resource_, value_of = WATCHED[what]
    selector = next(query.selector for query in resources.STEADY if query.resource == resource_)

    def tell(body: Json) -> None:
        namespace = str(body["metadata"]["namespace"])  # type: ignore[index]
        if namespace.startswith(TENANT_PREFIX):
            known.tell(what, (cluster, namespace.removeprefix(TENANT_PREFIX)), value_of(body))

    listing = api.list(resource_, label_selector=selector)
    for body in listing.items:
        tell(body)
    version = listing.resource_version
    while True:
        with api.watch(resource_, resource_version=version, timeout_s=WATCH_S, label_selector=selector) as watch:
            for event in watch:
                tell(event.object)
            version = watch.resource_version


def cidrs(api: Api) -> Cidrs:
    found = {
        body["metadata"]["labels"].get("ipam.liqo.io/network-type"): body["status"]["cidr"]  # type: ignore[index]
        for body in api.list(resources.NETWORK, namespace="liqo").items
        if "labels" in body["metadata"]  # type: ignore[operator]
    }
    return Cidrs(pod=(found["pod-cidr"],), external=(found["external-cidr"],))


class Side:
    """One end of a link."""

    def __init__(self, api: Api, place: Place, remote: Cidrs, known: Known) -> None:
        self.api, self.place, self.remote, self.known = api, place, remote, known
        self.peer = place[1]
        self.namespace = f"{TENANT_PREFIX}{self.peer}"
        self.back = (place[1], place[0])

    def _create(self, resource_: Resource, spec: Spec, *, cluster_scoped: bool = False) -> None:
        name, namespace = (self.namespace, "") if cluster_scoped else (self.peer, self.namespace)
        self.api.create(resource_, build(spec, name=name, namespace=namespace, peer=ClusterId(self.peer)))

    def start(self, pool: ThreadPoolExecutor, *, is_server: bool) -> list[Future[None]]:
        tenant = pool.submit(self._create, resources.NAMESPACE, NamespaceSpec(owners=OWNERS), cluster_scoped=True)
        parts = (self._configuration, self._server if is_server else self._client, self._public_key)

        def after_tenant(part: Callable[[], None]) -> None:
            tenant.result()
            part()

        return [pool.submit(after_tenant, part) for part in parts]

    def _configuration(self) -> None:
        self._create(resources.CONFIGURATION, ConfigurationSpec(owners=OWNERS, remote=self.remote))

    def _server(self) -> None:
        template = TemplateRef(name="wireguard-server", namespace="liqo")
        spec = GatewayServerSpec(owners=OWNERS, mtu=MTU, port=PORT, service_type=SERVICE_TYPE, template=template)
        self._create(resources.GATEWAY_SERVER, spec)

    def _client(self) -> None:
        template = TemplateRef(name="wireguard-client", namespace="liqo")
        endpoint = self.known.of("endpoint", self.back).result()
        self._create(
            resources.GATEWAY_CLIENT, GatewayClientSpec(owners=OWNERS, mtu=MTU, endpoint=endpoint, template=template)
        )

    def _public_key(self) -> None:
        key = self.known.of("key", self.back).result()
        self._create(resources.PUBLIC_KEY, PublicKeySpec(owners=OWNERS, key=key))


def connect_all(kubeconfigs: Mapping[str, str], pairs: list[Place]) -> None:
    known = Known()
    with ThreadPoolExecutor(max_workers=WIDTH) as pool:
        opened = pool.map(lambda name: connect(name, {"kubeconfig": kubeconfigs[name]}), kubeconfigs)
        apis = dict(zip(kubeconfigs, opened, strict=True))
        for name, api in apis.items():
            for what in WATCHED:
                threading.Thread(target=follow, args=(api, name, what, known), daemon=True).start()
        remotes = dict(zip(apis, pool.map(cidrs, apis.values()), strict=True))
        parts: list[Future[None]] = []
        for one, other in pairs:
            parts += Side(apis[one], (one, other), remotes[other], known).start(pool, is_server=True)
            parts += Side(apis[other], (other, one), remotes[one], known).start(pool, is_server=False)
        for part in parts:
            part.result()
        for one, other in pairs:
            known.of("connected", (one, other)).result()
            known.of("connected", (other, one)).result()


def main() -> None:
    arguments = json.loads(Path(sys.argv[1]).read_text())
    before = resource.getrusage(resource.RUSAGE_SELF)
    started = time.monotonic()
    connect_all(arguments["kubeconfigs"], [(one, other) for one, other in arguments["pairs"]])
    report(started, before)


if __name__ == "__main__":
    main()
