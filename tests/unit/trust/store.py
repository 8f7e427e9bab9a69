# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What one API server stores and how it answers a request, without a network: lists, gets, writes, rights, watches.

Nothing here is random and no clock is read, so that two servers with the same past give the same answers.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import parse_qs, urlsplit

from ansible_collections.liqo.fabric.plugins.module_utils._fabric.resources import Resource
from ansible_collections.liqo.fabric.plugins.module_utils._liqo import connector, resources

from tests.unit.bodies import Body

KINDS = {
    (resource.group, resource.plural): resource
    for module in (resources, connector)
    for resource in vars(module).values()
    if isinstance(resource, Resource)
}
BY_KIND = {resource.kind: resource for resource in KINDS.values()}
Place = tuple[str, str]
"""Namespace, empty for none, and name."""


@dataclass(frozen=True, slots=True)
class Request:
    """One request, as far as an answer depends on it."""

    method: str
    target: str
    """Path and query."""
    body: Body = field(default_factory=dict)

    @property
    def query(self) -> Mapping[str, str]:
        return {key: values[0] for key, values in parse_qs(urlsplit(self.target).query).items()}

    @property
    def path(self) -> str:
        return self.target.partition("?")[0]

    @property
    def watches(self) -> bool:
        return "watch=1" in self.target

    @property
    def name(self) -> str:
        """Tells the creates in one collection apart."""
        metadata = self.body.get("metadata")
        return str(metadata.get("name", "")) if isinstance(metadata, dict) else ""


@dataclass(frozen=True, slots=True)
class Written:
    """A write that was stored."""

    method: str
    path: str
    """Of the object."""
    body: Body


@dataclass(frozen=True, slots=True)
class Found:
    """An answer: a status, and a JSON object or its encoded form."""

    status: int
    body: Body


@dataclass(frozen=True, slots=True)
class _Target:
    resource: Resource
    namespace: str | None
    name: str | None


Controllers = Callable[["Store"], None]


class Store:
    """The objects of one cluster. ``controllers`` work after every write; ``start`` is when this world begins.

    Bodies are shared with other stores and never changed in place.
    """

    def __init__(self, cluster: str, bodies: Iterable[Body], controllers: Controllers, start: datetime) -> None:
        self.cluster = cluster
        self.start = start
        self.kinds: dict[Resource, dict[Place, Body]] = {}
        self.writes: list[Written] = []
        self.events: list[tuple[Resource, Body]] = []
        """Events of watches, in their order; the resource version of each is its place plus FIRST."""
        self._version = FIRST
        self._controllers = controllers
        for body in bodies:
            place = _place(body)
            self.kinds.setdefault(BY_KIND[body["kind"]], {})[place] = body

    def of(self, resource: Resource) -> dict[Place, Body]:
        return self.kinds.setdefault(resource, {})

    def put(self, resource: Resource, body: Body) -> Body:
        """Stored as new or in the place of the same name, as controllers write it too."""
        place = _place(body)
        self._version += 1
        old = self.of(resource).get(place)
        metadata = {
            "uid": f"uid of {resource.kind} {place[0]}/{place[1]} at {self._version}",
            "generation": 1,
            "creationTimestamp": "2026-01-01T00:00:00Z",
            **({"uid": old["metadata"]["uid"]} if old else {}),
            **body["metadata"],
            "resourceVersion": str(self._version),
        }
        stored = {"apiVersion": resource.api_version, "kind": resource.kind, **body, "metadata": metadata}
        self.of(resource)[place] = stored
        self._tell(resource, "MODIFIED" if old else "ADDED", stored)
        return stored

    def drop(self, resource: Resource, place: Place) -> None:
        body = self.of(resource).pop(place, None)
        if body is not None:
            self._version += 1
            gone = {**body, "metadata": {**body["metadata"], "resourceVersion": str(self._version)}}
            self._tell(resource, "DELETED", gone)

    def _tell(self, resource: Resource, kind: str, body: Body) -> None:
        self.events.append((resource, {"type": kind, "object": body}))

    def answer(self, request: Request) -> Found:
        """What an API server says to anything but a watch."""
        if request.path.endswith("/selfsubjectaccessreviews"):
            return Found(201, {**request.body, "status": {"allowed": True}})
        target = _parse(request.path)
        if target is None:
            return _status(404, "NotFound")
        return getattr(self, f"_{request.method.lower()}")(request, target)  # type: ignore[no-any-return]

    def _get(self, request: Request, target: _Target) -> Found:
        held = self.of(target.resource)
        if target.name is not None:
            body = held.get((target.namespace or "", target.name))
            return Found(200, body) if body is not None else _status(404, "NotFound", target)
        selector = request.query.get("labelSelector", "")
        items = [
            body
            for (namespace, _name), body in sorted(held.items(), key=lambda item: item[0])
            if target.namespace in (None, namespace) and matches(body, selector)
        ]
        metadata = {"resourceVersion": str(self._version)}
        kind = f"{target.resource.kind}List"
        return Found(
            200, {"kind": kind, "apiVersion": target.resource.api_version, "metadata": metadata, "items": items}
        )

    def _post(self, request: Request, target: _Target) -> Found:
        place = _place(request.body)
        if place in self.of(target.resource):
            return _status(409, "AlreadyExists", target)
        return self._write(request, target, 201)

    def _put(self, request: Request, target: _Target) -> Found:
        old = self.of(target.resource).get((target.namespace or "", target.name or ""))
        if old is None:
            return _status(404, "NotFound", target)
        if request.body["metadata"].get("resourceVersion") != old["metadata"]["resourceVersion"]:
            return _status(409, "Conflict", target)
        return self._write(request, target, 200)

    def _write(self, request: Request, target: _Target, status: int) -> Found:
        if "dryRun" in request.query:
            return Found(status, request.body)
        name = request.body["metadata"]["name"]
        path = target.resource.path(namespace=target.namespace, name=name)
        self.writes.append(Written(request.method, path, request.body))
        stored = self.put(target.resource, request.body)
        self._controllers(self)
        return Found(status, stored)

    def _delete(self, request: Request, target: _Target) -> Found:
        place = (target.namespace or "", target.name or "")
        old = self.of(target.resource).get(place)
        if old is None:
            return _status(404, "NotFound", target)
        if request.body.get("preconditions", {}).get("uid") not in (None, old["metadata"]["uid"]):
            return _status(409, "Conflict", target)
        if "dryRun" not in request.query:
            self.writes.append(Written("DELETE", request.path, {}))
            self.drop(target.resource, place)
            self._controllers(self)
        return Found(200, {"kind": "Status", "status": "Success"})

    def followed(self, request: Request) -> tuple[Resource | None, int, str, str | None]:
        """What a watch is about: the kind, the first event, the selector and the namespace."""
        target = _parse(request.path)
        version = request.query.get("resourceVersion", "")
        first = max(int(version) - FIRST, 0) if version.isdecimal() and len(version) < 10 else 0
        if target is None:
            return None, first, "", None
        return target.resource, first, request.query.get("labelSelector", ""), target.namespace


FIRST = 1_000_000
"""Newer than every recorded resource version; that of a list of what was there at first."""


def encoded(body: object) -> bytes:
    return json.dumps(body, separators=(",", ":")).encode()


def matches(body: Body, selector: str) -> bool:
    labels = body["metadata"].get("labels") or {}
    for part in selector.split(","):
        key, _, value = part.partition("=")
        if key and (key not in labels or (value and labels[key] != value)):
            return False
    return True


def _place(body: Body) -> Place:
    metadata = body["metadata"]
    return metadata.get("namespace") or "", metadata["name"]


def _parse(path: str) -> _Target | None:
    words = path.strip("/").split("/")
    group, rest = ("", words[2:]) if words[0] == "api" else (words[1] if len(words) > 1 else "", words[3:])
    namespace = None
    if rest[:1] == ["namespaces"] and len(rest) > 2:
        _, namespace, *rest = rest
    resource = KINDS.get((group, rest[0])) if rest and len(rest) <= 2 else None
    if resource is None:
        return None
    return _Target(resource, namespace, rest[1] if len(rest) == 2 else None)


def _status(code: int, reason: str, target: _Target | None = None) -> Found:
    details = {"name": target.name, "kind": target.resource.plural} if target is not None else {}
    message = f"{target.resource.plural} {target.name!r}: {reason}" if target is not None else "no such path"
    body = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "message": message, "reason": reason}
    return Found(code, {**body, "details": details, "code": code})
