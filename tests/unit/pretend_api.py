# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The API of a cluster as a dictionary of bodies: no controllers, no watches, and refusals where a test wants them."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import NoReturn, cast

from ansible_collections.liqo.fabric.plugins.module_utils._fabric.errors import (
    Conflict,
    FabricError,
    Forbidden,
    NotFound,
)
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.resources import Json, Resource
from ansible_collections.liqo.fabric.plugins.module_utils._kube.answers import Answer
from ansible_collections.liqo.fabric.plugins.module_utils._kube.client import Api, Listing
from ansible_collections.liqo.fabric.plugins.module_utils._liqo import resources

from tests.unit.bodies import Body

Refuse = Callable[[str, Resource], "FabricError | None"]
"""The error with which a verb on a kind ends, or None."""

_RESOURCES = {resource.kind: resource for resource in vars(resources).values() if isinstance(resource, Resource)}
_NOW = datetime(2026, 1, 1, tzinfo=UTC)


class PretendApi:
    """Has the methods of Api that a run uses."""

    def __init__(self, cluster: str, bodies: Iterable[Body], refuse: Refuse = lambda verb, resource: None) -> None:
        self.cluster = cluster
        self.address = f"{cluster}.example:6443"
        self.url = f"https://{self.address}"
        self.where = f"{cluster} at {self.url}"
        self.refuse = refuse
        self.version = 0
        self.store: dict[tuple[str, str, str], Body] = {}
        for one in bodies:
            self.put(one)

    def as_api(self) -> Api:
        return cast(Api, self)

    def within(self, seconds: float) -> PretendApi:
        return self

    def glance(self, seconds: float) -> PretendApi:
        return self.within(seconds)

    def put(self, body: Body) -> None:
        """As if it had been there before."""
        self.store[self._key(body)] = copy.deepcopy(body)

    def one(self, kind: str, name: str, namespace: str = "") -> Body:
        """A body, to be changed in place by a test."""
        return self.store[kind, namespace, name]

    def list(
        self,
        resource: Resource,
        *,
        namespace: str | None = None,
        label_selector: str | None = None,
        field_selector: str | None = None,
    ) -> Listing:
        self._ask("list", resource)
        found = [
            copy.deepcopy(body)
            for (kind, place, _name), body in sorted(self.store.items(), key=lambda item: item[0])
            if kind == resource.kind
            and namespace in (None, place)
            and _matches(body, label_selector)
            and field_selector in (None, f"type={body.get('type')}")
        ]
        return Listing(items=tuple(found), resource_version="1", server_time=_NOW)

    def metadata(self, resource: Resource, *, name: str, namespace: str) -> Json | None:
        self._ask("list", resource)
        found = self.store.get((resource.kind, namespace, name))
        return copy.deepcopy({key: found[key] for key in ("apiVersion", "kind", "metadata")}) if found else None

    def set_labels(
        self,
        resource: Resource,
        *,
        name: str,
        namespace: str,
        uid: str,
        labels: Mapping[str, str],
        dry_run: bool = False,
    ) -> None:
        """A dry run is always welcome, so that tests see what a write comes to."""
        if dry_run:
            return
        self._ask("patch", resource)
        body = copy.deepcopy(self._found(resource, name, namespace))
        if body["metadata"]["uid"] != uid:
            raise self._conflict(f"cannot change {resource}", "Conflict")
        body["metadata"]["labels"] = {**body["metadata"].get("labels", {}), **labels}
        self._keep(body)

    def get(self, resource: Resource, *, name: str, namespace: str | None = None) -> Json:
        self._ask("get", resource)
        return copy.deepcopy(self._found(resource, name, namespace))

    def create(self, resource: Resource, body: Json, *, dry_run: bool = False) -> Json:
        """A dry run is always welcome, so that tests see what a write comes to."""
        if dry_run:
            return copy.deepcopy(body)
        self._ask("create", resource)
        if self._key({"kind": resource.kind, **body}) in self.store:
            raise self._conflict(f"cannot create {resource}", "AlreadyExists")
        return self._keep({"apiVersion": resource.api_version, "kind": resource.kind, **copy.deepcopy(dict(body))})

    def replace(self, resource: Resource, body: Json, *, dry_run: bool = False) -> Json:
        """A dry run is always welcome, so that tests see what a write comes to."""
        if dry_run:
            return copy.deepcopy(body)
        self._ask("update", resource)
        current = self._found(resource, _metadata(body)["name"], _metadata(body).get("namespace"))
        if _metadata(current)["resourceVersion"] != _metadata(body)["resourceVersion"]:
            raise self._conflict(f"cannot change {resource}", "Conflict")
        return self._keep({"apiVersion": resource.api_version, "kind": resource.kind, **copy.deepcopy(dict(body))})

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
        """A dry run is always welcome, so that tests see what a write comes to."""
        if dry_run:
            return
        self._ask("delete", resource)
        metadata = _metadata(self._found(resource, name, namespace))
        if metadata["uid"] != uid or resource_version not in (None, metadata["resourceVersion"]):
            raise self._conflict(f"cannot delete {resource} {name}", "Conflict")
        del self.store[resource.kind, namespace or "", name]

    def request(self, *, method: str, path: str, body: Json) -> Answer:
        """Every SelfSubjectAccessReview says yes; nothing else is asked this way."""
        assert path.endswith("/selfsubjectaccessreviews"), path
        return Answer(status=201, body={"status": {"allowed": True}}, server_time=_NOW)

    def watch(self, resource: Resource, **options: object) -> NoReturn:
        """Not allowed, so that a run polls."""
        raise Forbidden(what=f"cannot watch {resource}", where=self.where, why="403", next="grant it", status=403)

    def _keep(self, body: Body) -> Body:
        self.version += 1
        version = str(1000 + self.version)
        metadata = {"uid": f"uid {version}", **body["metadata"], "resourceVersion": version}
        self.store[self._key(body)] = {**body, "metadata": metadata}
        return copy.deepcopy(self.store[self._key(body)])

    def _ask(self, verb: str, resource: Resource) -> None:
        problem = self.refuse(verb, resource)
        if problem is not None:
            raise problem

    def _found(self, resource: Resource, name: str, namespace: str | None) -> Body:
        found = self.store.get((resource.kind, namespace or "", name))
        if found is None:
            raise NotFound(what=f"cannot read {resource} {name}", where=self.where, why="404", next="run", status=404)
        return found

    def _conflict(self, what: str, reason: str) -> Conflict:
        return Conflict(what=what, where=self.where, why="409", next="run again", status=409, reason=reason)

    @staticmethod
    def _key(body: Json) -> tuple[str, str, str]:
        metadata = _metadata(body)
        return str(body["kind"]), str(metadata.get("namespace", "")), str(metadata["name"])


def _metadata(body: Json) -> Body:
    return cast(Body, body["metadata"])


def _matches(body: Body, selector: str | None) -> bool:
    labels = body["metadata"].get("labels", {})
    for part in (selector or "").split(","):
        key, _, value = part.partition("=")
        if key and (key not in labels or (value and labels[key] != value)):
            return False
    return True
