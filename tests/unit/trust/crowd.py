# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A fabric in which two leaves and the hub are honest, and each of many others is full of one hostile text.

The hostile ones are copies of the recorded leaf-b under other names. leaf-a and the hub hold of each what they hold of
leaf-b, so that all of them are linked with leaf-a and peered with the hub.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from tests.unit.bodies import Body
from tests.unit.trust.controllers import settle
from tests.unit.trust.honest import World, bodies_of, start
from tests.unit.trust.store import Store
from tests.unit.trust.texts import DATES, INJECTED, JSON_TEXTS, OWNERS

MODEL = "leaf-b"
HONEST = ("hub", "leaf-a", "leaf-c")
TEXTS = (*INJECTED, *DATES[:3], *OWNERS[-3:], JSON_TEXTS[0], JSON_TEXTS[-2])
_FREE = (
    "annotations", "value", "timestamp", "message", "reason", "phase", "type", "role", "image", "args", "version",
    "clientTemplateRef", "serverTemplateRef", "apiServerUrl", "latency", "conditions", "serviceType", "endpoint",
    "internalEndpoint", "zone", "hostname", "fieldPath", "finalizers", "ownerReferences", "creationTimestamp",
)  # fmt: skip
"""Fields whose texts are replaced in the first half of the hostile leaves; in the others nearly all are."""
_KEPT = ("kind", "apiVersion", "name", "namespace", "uid", "resourceVersion", "CLUSTER_ID", "clusterID")


def names() -> tuple[str, ...]:
    return tuple(f"evil-{number:02}" for number in range(len(TEXTS)))


def stores() -> dict[str, Store]:
    """All clusters, in which Liqo works."""
    model = bodies_of(World.DRIFTED)
    found = {name: list(model[name]) for name in HONEST}
    for number, name in enumerate(names()):
        for here in ("hub", "leaf-a"):
            found[here] += [_renamed(body, name) for body in model[here] if _is_about(body, MODEL)]
        found[name] = [hostile(_renamed(body, name), TEXTS[number], wild=number % 2 == 1) for body in model[MODEL]]
    return {name: Store(name, bodies, settle, start()) for name, bodies in found.items()}


def hostile(body: Body, text: str, *, wild: bool) -> Body:
    """The object with the text in all fields that its owner may choose; its names, and by what it is found, stay."""
    found: Body = _filled(body, text, free=wild)
    metadata, own = found["metadata"], body["metadata"]
    metadata["labels"] = {**(own.get("labels") or {}), "tier": text, "region": text, text[:60]: text}
    metadata["annotations"] = {
        **(own.get("annotations") or {}),
        "liqo-fabric.github.io/owners": f"retail,{text}",
        "liqo-fabric.github.io/wishes": text,
        text[:60]: text,
    }
    return found


def _filled(value: Any, text: str, *, free: bool) -> Any:
    if isinstance(value, dict):
        return {
            key: part if key in _KEPT else _filled(part, _labels_of_cluster(key, text), free=free or key in _FREE)
            for key, part in value.items()
        }
    if isinstance(value, list):
        return [_filled(part, text, free=free) for part in value]
    return text if free and isinstance(value, str) else value


def _labels_of_cluster(key: str, text: str) -> str:
    """What the controller of Liqo is started with may say anything of the cluster."""
    return f"--cluster-labels=region=eu,tier={text}" if key == "args" else text


def _is_about(body: Body, peer: str) -> bool:
    metadata = body["metadata"]
    tenant = f"liqo-tenant-{peer}"
    return tenant in (metadata.get("namespace"), metadata["name"]) or metadata["name"] == peer


def _renamed(body: Body, name: str) -> Body:
    found: Body = json.loads(json.dumps(body).replace(MODEL, name))
    return found


def honest_writes(clusters: dict[str, Store]) -> Iterator[str]:
    """What was stored on honest clusters, without what is about hostile ones."""
    for name in HONEST:
        for write in clusters[name].writes:
            if not any(f"liqo-tenant-{evil}" in write.path or write.path.endswith(f"/{evil}") for evil in names()):
                yield f"{name} {write.method} {write.path}"
