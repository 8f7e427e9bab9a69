# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the API servers of a lab with a hub and three linked leaves answered, as `recorded.json.gz` holds it.

`python -m tests.unit.trust.recording LAB` writes that file. The lab has three leaves and nothing of this collection;
it gets a second Service (`solo`, with pods on leaf-a and leaf-c alone), all three shortcuts, and at last mode exclusive
for both Services. The lab keeps them.

No secret goes into the file: private keys and kubeconfigs in Secrets, and what an Identity or a Tenant was given, are
replaced by text that was never a credential. Managed fields and the inner parts of pod templates are left out.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import sys
import time
from collections.abc import Iterable, Iterator
from itertools import combinations
from pathlib import Path
from typing import Any

from ansible_collections.liqo.fabric.plugins.module_utils._fabric.resources import Resource
from ansible_collections.liqo.fabric.plugins.module_utils._liqo import resources

from lab import peering, places
from lab.api import Api, ApiError
from tests.lab_tests import services
from tests.lab_tests.laboratory import Laboratory
from tests.unit import hubs

FILE = Path(__file__).with_name("recorded.json.gz")
LEAVES = ("leaf-a", "leaf-b", "leaf-c")
CLUSTERS = ("hub", *LEAVES)
SOLO = ("leaf-a", "leaf-c")
SERVICES = [{"namespace": "demo", "name": name} for name in ("solo", "web")]
FRESH_S = 5.0
"""After that long each gateway has measured a latency, and Liqo has reflected the new Service."""
NAMESPACES = ("liqo", "liqo-tenant-", "demo")
"""What is kept of namespaced kinds: all that begins like one of these."""
_LEFT_OUT = {"clusterroles", "clusterrolebindings", "roles", "rolebindings", "serviceaccounts"}
_OF_SERVICES = (resources.ENDPOINT_SLICE, resources.SHADOW_SLICE, resources.POLICY, resources.BINDING)
"""The kinds that propagation changes; recorded a second time after it."""
_KEPT_OF_CONTAINERS = ("name", "image", "args")
_COUNTED = (resources.FIREWALL_CONFIGURATION, resources.ROUTE_CONFIGURATION, resources.POD)
"""Kinds that a run only counts: one is kept for each namespace, without its rules."""
Body = dict[str, Any]
Objects = dict[str, list[Body]]
"""By cluster."""


def prepare(laboratory: Laboratory) -> None:
    """The second Service, and a shortcut between any two leaves."""
    lab = places.load(laboratory.name)
    hub = laboratory.api("hub")
    for leaf in SOLO:
        if hub.get("v1", "Pod", f"solo-{leaf}", "demo") is None:
            peering.add_demo_pod(hub, lab.cluster(leaf), f"solo-{leaf}", {"app": "solo"})
    if hub.get("v1", "Service", "solo", "demo") is None:
        hub.create(peering.demo_service("solo"))
    before = services.propagate(laboratory, fabric="retail", state="absent", services=None)
    made = laboratory.shortcuts(LEAVES, combinations(LEAVES, 2), fabric="retail")
    if before.failed or made.failed:
        raise RuntimeError(before.log + made.log)
    time.sleep(FRESH_S)


def record(laboratory: Laboratory) -> None:
    """Everything, and what propagation changes once more after it."""
    found = {"linked": _recorded(laboratory, _kinds())}
    run = services.propagate(laboratory, mode="exclusive", fabric="retail", services=SERVICES)
    if run.failed:
        raise RuntimeError(run.log)
    found["propagated"] = _recorded(laboratory, _OF_SERVICES)
    # An object on each line, so that `zcat` and `diff` show what a new recording changes.
    text = ",\n".join(f'"{part}": {_text(objects)}' for part, objects in found.items())
    FILE.write_bytes(gzip.compress(f"{{{text}}}\n".encode(), mtime=0))


def _text(objects: Objects) -> str:
    lines = {
        cluster: ",\n".join(json.dumps(body, sort_keys=True, separators=(",", ":")) for body in bodies)
        for cluster, bodies in objects.items()
    }
    return "{" + ",\n".join(f'"{cluster}": [\n{bodies}\n]' for cluster, bodies in lines.items()) + "}"


def load() -> tuple[Objects, Objects]:
    """The recorded objects with the shortcuts made, and the same with both Services in mode exclusive."""
    found: dict[str, Objects] = json.loads(gzip.decompress(FILE.read_bytes()))
    linked, propagated = found["linked"], found["propagated"]
    kinds = {resource.kind for resource in _OF_SERVICES}
    kept = {name: [body for body in bodies if body["kind"] not in kinds] for name, bodies in linked.items()}
    return linked, {name: kept[name] + propagated[name] for name in linked}


def _kinds() -> list[Resource]:
    found = {one for one in vars(resources).values() if isinstance(one, Resource) and one.plural not in _LEFT_OUT}
    return sorted(found, key=str)


def _recorded(laboratory: Laboratory, kinds: Iterable[Resource]) -> Objects:
    return {name: list(_objects(laboratory.api(name), kinds)) for name in CLUSTERS}


def _objects(api: Api, kinds: Iterable[Resource]) -> Iterator[Body]:
    for resource in kinds:
        try:
            listed = api.request("GET", resource.path())
        except ApiError as problem:
            if problem.status == 404:
                continue
            raise
        items = [item for item in listed["items"] if _matters(resource, item)]
        for item in _few(items) if resource in _COUNTED else items:
            yield _scrubbed({"apiVersion": resource.api_version, "kind": resource.kind, **item})


def _few(items: Iterable[Body]) -> Iterator[Body]:
    seen: set[str] = set()
    for item in items:
        if item["metadata"]["namespace"] not in seen:
            seen.add(item["metadata"]["namespace"])
            yield item


def _matters(resource: Resource, item: Body) -> bool:
    metadata = item["metadata"]
    labels = metadata.get("labels") or {}
    if resource == resources.NAMESPACE:
        return str(metadata["name"]).startswith(NAMESPACES)
    if resource == resources.CONFIG_MAP:
        return labels.get("app.kubernetes.io/name") == "clusterid-configmap"
    if resource == resources.SECRET:
        return "networking.liqo.io/gateway-resource" in labels or "liqo.io/identity-type" in labels
    return not resource.namespaced or str(metadata["namespace"]).startswith(NAMESPACES)


def _scrubbed(item: Body) -> Body:
    item["metadata"].pop("managedFields", None)
    if item["kind"] == "Secret":
        item["data"] = {key: _throwaway(item, key, value) for key, value in (item.get("data") or {}).items()}
    spec = item.get("spec") or {}
    _trim(item)
    for key in ("authParams", "csr", "publicKey", "signature", "proxyURL"):
        if item["kind"] in ("Identity", "Tenant") and key in spec:
            spec[key] = {} if isinstance(spec[key], dict) else ""
    if item["kind"] == "Tenant":
        item.get("status", {}).pop("authParams", None)
    return item


def _trim(value: object) -> None:
    """Pods and templates of pods keep what says which program runs, and where."""
    if isinstance(value, list):
        for part in value:
            _trim(part)
    if not isinstance(value, dict):
        return
    if "containers" in value:
        kept = {key: value[key] for key in ("nodeName", "hostNetwork") if key in value}
        containers = [{key: one[key] for key in _KEPT_OF_CONTAINERS if key in one} for one in value["containers"]]
        value.clear()
        value.update(kept, containers=containers)
        return
    for key in ("containerStatuses", "initContainerStatuses", "rules", "strategy"):
        value.pop(key, None)
    for part in value.values():
        _trim(part)


def _throwaway(item: Body, key: str, value: str) -> str:
    """Of the same shape and never used by anything; a public key is no secret and stays."""
    if key == "publicKey":
        return value
    name = f"{item['metadata']['namespace']}/{item['metadata']['name']} {key}"
    if key == "kubeconfig":
        return base64.b64encode(hubs.kubeconfig("https://127.0.0.1:6443").encode()).decode()
    return base64.b64encode(hashlib.sha256(f"throwaway {name}".encode()).digest()).decode()


if __name__ == "__main__":
    laboratory = Laboratory(sys.argv[1])
    prepare(laboratory)
    record(laboratory)
    print(f"{FILE}: {FILE.stat().st_size / 1024:.0f} KiB")
