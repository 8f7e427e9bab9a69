# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The API of a cluster as a dictionary of bodies, for somebody who has only what some manifests grant."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ansible_collections.liqo.fabric.plugins.module_utils._fabric.errors import Forbidden
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.resources import Json, Resource
from ansible_collections.liqo.fabric.plugins.module_utils._kube.answers import Answer
from ansible_collections.liqo.fabric.plugins.module_utils._kube.client import Listing

from tests.unit.bodies import Body
from tests.unit.pretend_api import PretendApi

Right = tuple[str, str, str]
"""Verb, API group, plural."""


class AuthorizedApi(PretendApi):
    """Says no like the authorizer of Kubernetes; ``lost`` are rights that are taken away everywhere."""

    def __init__(self, cluster: str, bodies: Iterable[Body], manifests: Iterable[Mapping[str, Any]]) -> None:
        super().__init__(cluster, bodies)
        self.lost: set[Right] = set()
        self._granted: set[tuple[Right, str]] = set(_granted(list(manifests)))

    def may(self, right: Right, namespace: str = "") -> bool:
        """A grant without a namespace holds in all of them."""
        return right not in self.lost and bool({(right, ""), (right, namespace)} & self._granted)

    def list(
        self,
        resource: Resource,
        *,
        namespace: str | None = None,
        label_selector: str | None = None,
        field_selector: str | None = None,
    ) -> Listing:
        self._require("list", resource, namespace or "")
        return super().list(resource, namespace=namespace, label_selector=label_selector, field_selector=field_selector)

    def get(self, resource: Resource, *, name: str, namespace: str | None = None) -> Json:
        self._require("get", resource, namespace or (name if resource.kind == "Namespace" else ""))
        return super().get(resource, name=name, namespace=namespace)

    def create(self, resource: Resource, body: Json, *, dry_run: bool = False) -> Json:
        self._require("create", resource, _namespace(body))
        return super().create(resource, body, dry_run=dry_run)

    def replace(self, resource: Resource, body: Json, *, dry_run: bool = False) -> Json:
        self._require("update", resource, _namespace(body))
        return super().replace(resource, body, dry_run=dry_run)

    def delete(
        self,
        resource: Resource,
        *,
        name: str,
        uid: str,
        namespace: str | None = None,
        resource_version: str | None = None,
        dry_run: bool = False,
    ) -> None:
        self._require("delete", resource, namespace or (name if resource.kind == "Namespace" else ""))
        super().delete(
            resource, name=name, uid=uid, namespace=namespace, resource_version=resource_version, dry_run=dry_run
        )

    def request(self, *, method: str, path: str, body: Json) -> Answer:
        answer = super().request(method=method, path=path, body=body)
        spec: Any = body["spec"]
        asked = spec["resourceAttributes"]
        allowed = self.may((asked["verb"], asked["group"], asked["resource"]), asked.get("namespace", ""))
        return Answer(status=201, body={"status": {"allowed": allowed}}, server_time=answer.server_time)

    def _require(self, verb: str, resource: Resource, namespace: str) -> None:
        if not self.may((verb, resource.group, resource.plural), namespace):
            what, where = f"cannot {verb} {resource}", self.where
            raise Forbidden(what=what, where=where, why="no RBAC rule", next=f"grant {verb} on {resource}", status=403)


def _namespace(body: Json) -> str:
    metadata: Any = body["metadata"]
    return str(metadata["name"] if body["kind"] == "Namespace" else metadata.get("namespace", ""))


def _granted(manifests: list[Mapping[str, Any]]) -> Iterable[tuple[Right, str]]:
    """Each right with the namespace of the binding that grants it."""
    roles = {(one["kind"], one["metadata"].get("namespace", ""), one["metadata"]["name"]): one for one in manifests}
    for binding in manifests:
        if "roleRef" not in binding:
            continue
        namespace = binding["metadata"].get("namespace", "")
        kind = binding["roleRef"]["kind"]
        role = roles[kind, namespace if kind == "Role" else "", binding["roleRef"]["name"]]
        for rule in role["rules"]:
            for group in rule["apiGroups"]:
                for plural in rule["resources"]:
                    for verb in rule["verbs"]:
                        yield (verb, group, plural), namespace
