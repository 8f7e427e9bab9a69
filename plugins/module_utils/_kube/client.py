# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The API of one cluster, as few verbs as the work needs: list, get, create, replace, delete, watch.

The stock roles of Liqo do not grant patch, so it is there for labels alone: those of an object that must not be read,
or that is not ours to write. Objects are plain mappings, this file knows no kind; that they have
the shape of an object is known (see door.py). No exception of another library comes out of it, only Unreachable, the
family of ApiError, and FabricError for answers that cannot be understood or are too large.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime

from .._fabric.errors import Gone
from .._fabric.resources import IllegalNameError, Json, Resource
from .answers import Answer, read_page
from .deadline import Allowed
from .door import LimitReachedError, NotKubernetesError, as_fabric_error, object_of
from .exchange import Call, Counters, Exchange
from .limits import Limits
from .watching import Watch, cannot_watch

PAGE_SIZE = 500
"""Objects per request of a list."""

_DRY_RUN = {"dryRun": "All"}
_METADATA_ONLY = "application/json;as={};g=meta.k8s.io;v=v1"
"""Asks a server for nothing but the metadata of objects."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """All objects of a kind at one moment."""

    items: tuple[Json, ...]
    """Each with apiVersion and kind, which the server leaves out in lists of built-in kinds."""
    resource_version: str
    """Of the whole list: where a watch goes on."""
    server_time: datetime
    """The server's clock, whole seconds, UTC."""
    size: int = 0
    """Bytes that the server sent for all of it."""


class _Taken:
    """What was listed within one time; thread-safe."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._lock = threading.Lock()
        self._items = self._bytes = 0

    def add(self, items: int, size: int) -> None:
        """Raises LimitReachedError."""
        with self._lock:
            self._items += items
            self._bytes += size
            found = self._items, self._bytes
        most = self._limits.reading_items, self._limits.reading_bytes
        for count, limit, what in zip(found, most, ("objects", "bytes"), strict=True):
            if count > limit:
                raise LimitReachedError(f"more than {limit} {what} in all that was read of it")


class Api:
    """Thread-safe: several requests may run at once, each on its own pooled connection."""

    def __init__(self, exchange: Exchange, *, deadline: Allowed | None = None, taken: _Taken | None = None) -> None:
        self._exchange = exchange
        self._deadline = deadline
        self._taken = taken

    @property
    def cluster(self) -> str:
        """The name under which the user knows the cluster."""
        return self._exchange.session.endpoint.cluster

    @property
    def address(self) -> str:
        """`host:port` of the API server."""
        return self._exchange.session.endpoint.address

    @property
    def url(self) -> str:
        """`https://host:port`."""
        return self._exchange.session.endpoint.url

    @property
    def where(self) -> str:
        """For the `where` of an error: `leaf-a at https://host:port`."""
        return str(self._exchange.session.endpoint)

    @property
    def counters(self) -> Counters:
        """A snapshot; shared by all that `within` returned."""
        return self._exchange.counters

    def within(self, seconds: float, what: str = "this cluster") -> Api:
        """The same connection, for requests that all end within this time from now, whatever their own limits.

        All lists together have a limit, too. `what` is for the error: what has so much time.
        """
        taken = self._taken or _Taken(self._exchange.limits)
        return Api(self._exchange, deadline=self._earlier(seconds, what), taken=taken)

    def glance(self, seconds: float) -> Api:
        """Like `within`, for so few objects that it may be repeated all the time."""
        limits = self._exchange.limits
        few = replace(limits, reading_items=limits.glance_items, reading_bytes=limits.glance_bytes)
        return Api(self._exchange, deadline=self._earlier(seconds, "one look at this cluster"), taken=_Taken(few))

    def list(
        self,
        resource: Resource,
        *,
        namespace: str | None = None,
        label_selector: str | None = None,
        field_selector: str | None = None,
    ) -> Listing:
        """Every object, read page by page; without `namespace` those of all namespaces."""
        deadline = self._earlier(self._exchange.limits.list_s, "one list")
        api = Api(self._exchange, deadline=deadline, taken=self._taken)
        chosen = {"labelSelector": label_selector, "fieldSelector": field_selector}
        query = {key: value for key, value in chosen.items() if value}
        try:
            return api._list(resource, namespace=namespace, query=query | {"limit": str(PAGE_SIZE)})
        except Gone:
            # The server forgot the snapshot between two pages; in one piece it cannot.
            return api._list(resource, namespace=namespace, query=query)

    def get(self, resource: Resource, *, name: str, namespace: str | None = None) -> Json:
        """One object. Raises NotFound."""
        what = f"cannot read {_named(resource, name, namespace)}"
        with self._understood(what):
            body = self._perform("GET", resource.path(namespace=namespace, name=name), what=what).body
            return _one(resource, body, name=name, namespace=namespace)

    def metadata(self, resource: Resource, *, name: str, namespace: str) -> Json | None:
        """The metadata of one object, in a body without anything else; None when there is no such object.

        The content of the object is not asked for, and dropped where it comes all the same. Takes the right to list.
        """
        what = f"cannot read the metadata of {_named(resource, name, namespace)}"
        with self._understood(what):
            query = {"fieldSelector": f"metadata.name={name}"}
            accept = _METADATA_ONLY.format("PartialObjectMetadataList")
            path = resource.path(namespace=namespace)
            body = self._perform("GET", path, what=what, query=query, is_secret=True, accept=accept).body
            page = read_page(body, resource=resource, namespace=namespace, limits=self._exchange.limits)
        found = next((item for item in page.items if _metadata(item).get("name") == name), None)
        return None if found is None else {key: found[key] for key in ("apiVersion", "kind", "metadata")}

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
        """These labels are on the object, and nothing else of it has changed.

        Takes the right to patch. Raises NotFound, Forbidden, and Conflict when the name now belongs to an object with
        another uid.
        """
        body = {"metadata": {"uid": uid, "labels": dict(labels)}}
        what = f"cannot write the labels of {_named(resource, name, namespace)}"
        query = _DRY_RUN if dry_run else None
        accept = _METADATA_ONLY.format("PartialObjectMetadata")
        with self._understood(what):
            path = resource.path(namespace=namespace, name=name)
            self._perform("PATCH", path, what=what, query=query, body=body, is_secret=True, accept=accept)

    def create(self, resource: Resource, body: Json, *, dry_run: bool = False) -> Json:
        """The object as stored, with `dry_run` as it would be.

        Raises Conflict with `already_exists`, Invalid, Forbidden.
        After a lost answer a repetition may meet what the first attempt made: read it before taking it for foreign.
        """
        return self._write("POST", resource, body, dry_run=dry_run)

    def replace(self, resource: Resource, body: Json, *, dry_run: bool = False) -> Json:
        """The object as stored, with `dry_run` as it would be.

        Raises Conflict unless `metadata.resourceVersion` of the body is the current one.
        """
        if not _metadata(body).get("resourceVersion"):
            raise ValueError(f"{resource} {_identity(resource, body)[0]!r} is replaced without a resourceVersion")
        return self._write("PUT", resource, body, dry_run=dry_run)

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
        """Deletion is accepted; finalizers may keep the object for a while, its dependents go in the background.

        With `dry_run` it is only asked whether it would be accepted. Raises NotFound when it is gone already, Conflict
        when the name now belongs to an object with another uid.
        """
        preconditions = {"uid": uid} | ({"resourceVersion": resource_version} if resource_version else {})
        body = {
            "apiVersion": "v1",
            "kind": "DeleteOptions",
            "propagationPolicy": "Background",
            "preconditions": preconditions,
            # The server reads the options of a DELETE from its body alone, and ignores the query beside one. The query
            # is for the audit log, which shows no bodies.
            **({"dryRun": ["All"]} if dry_run else {}),
        }
        what = f"cannot delete {_named(resource, name, namespace)}"
        query = _DRY_RUN if dry_run else None
        with self._understood(what):
            path = resource.path(namespace=namespace, name=name)
            self._perform("DELETE", path, what=what, query=query, body=body)

    def watch(
        self,
        resource: Resource,
        *,
        resource_version: str,
        timeout_s: float,
        namespace: str | None = None,
        label_selector: str | None = None,
    ) -> Watch:
        """Changes after `resource_version` (of a Listing), for at most `timeout_s`. The caller closes it.

        Raises Gone when the server no longer knows that version, Forbidden where the rights lack the verb watch.
        """
        if self._deadline is not None:
            timeout_s = min(timeout_s, max(self._deadline.until - self._exchange.clock.monotonic(), 0.0))
        # Whole seconds, and 0 would mean the server's own choice, half an hour and more.
        query = {
            "watch": "1",
            "allowWatchBookmarks": "true",
            "resourceVersion": resource_version,
            "timeoutSeconds": str(max(round(timeout_s), 1)),
        }
        if label_selector:
            query["labelSelector"] = label_selector
        what = cannot_watch(resource, namespace)
        with self._understood(what):
            call = Call(method="GET", path=resource.path(namespace=namespace), query=query, what=what)
        limits = self._exchange.limits
        response = self._exchange.open_stream(call, silence_s=timeout_s + limits.watch_grace_s, deadline=self._deadline)
        return Watch(
            response,
            resource=resource,
            namespace=namespace,
            resource_version=resource_version,
            where=self.where,
            limits=limits,
        )

    def request(
        self, *, method: str, path: str, query: Mapping[str, str] | None = None, body: Json | None = None
    ) -> Answer:
        """Any other request, `path="/version"` for one."""
        return self._perform(method, path, what=f"{method} {path} failed", query=query, body=body)

    def close(self) -> None:
        """Closes the idle connections."""
        self._exchange.close()

    def _list(self, resource: Resource, *, namespace: str | None, query: Mapping[str, str]) -> Listing:
        what = f"cannot list {resource}" + (f" in {namespace}" if namespace else "")
        with self._understood(what):
            items: list[Json] = []
            path, size, pages = resource.path(namespace=namespace), 0, 0
            tokens: set[str] = set()
            while True:
                answer = self._perform("GET", path, what=what, query=query)
                page = read_page(answer.body, resource=resource, namespace=namespace, limits=self._exchange.limits)
                items += page.items
                size, pages = size + answer.size, pages + 1
                if self._taken is not None:
                    self._taken.add(len(page.items), answer.size)
                if not page.following:
                    # Every page repeats the version of the first one.
                    version = page.resource_version
                    return Listing(
                        items=tuple(items), resource_version=version, server_time=answer.server_time, size=size
                    )
                if page.following in tokens:
                    raise NotKubernetesError("names the same next page twice")
                tokens.add(page.following)
                self._check_size(pages=pages, items=len(items), size=size)
                query = {**query, "continue": page.following}

    def _earlier(self, seconds: float, what: str) -> Allowed:
        deadline = self._exchange.allow(seconds, what)
        return deadline if self._deadline is None or deadline.until < self._deadline.until else self._deadline

    def _check_size(self, *, pages: int, items: int, size: int) -> None:
        """Of a list that goes on."""
        limits = self._exchange.limits
        for found, most, what in (
            (pages, limits.pages, "pages of one list"),
            (items, limits.items, "objects of one list"),
            (size, limits.list_bytes, "bytes of one list"),
        ):
            if found >= most:
                raise LimitReachedError(f"more than {most} {what}")

    def _write(self, method: str, resource: Resource, body: Json, *, dry_run: bool) -> Json:
        is_new = method == "POST"
        name, namespace = _identity(resource, body)
        what = f"cannot {'create' if is_new else 'change'} {_named(resource, name, namespace)}"
        typed = dict(body) | {"apiVersion": resource.api_version, "kind": resource.kind}
        is_secret = not resource.group and resource.kind == "Secret"
        query = _DRY_RUN if dry_run else None
        with self._understood(what):
            path = resource.path(namespace=namespace, name=None if is_new else name)
            stored = self._perform(method, path, what=what, query=query, body=typed, is_secret=is_secret).body
            return _one(resource, stored, name=name, namespace=namespace)

    @contextmanager
    def _understood(self, what: str) -> Iterator[None]:
        """Everything that is wrong with an answer becomes an error of this cluster."""
        try:
            yield
        except (NotKubernetesError, LimitReachedError) as problem:
            raise as_fabric_error(problem, what=what, where=self.where) from problem
        except IllegalNameError as problem:
            nameless = NotKubernetesError("has a name or namespace that cannot be part of a URL")
            raise as_fabric_error(nameless, what=what, where=self.where) from problem

    def _perform(
        self,
        method: str,
        path: str,
        *,
        what: str,
        query: Mapping[str, str] | None = None,
        body: Json | None = None,
        is_secret: bool = False,
        accept: str = "application/json",
    ) -> Answer:
        call = Call(
            method=method, path=path, query=query or {}, body=body, what=what, is_secret=is_secret, accept=accept
        )
        return self._exchange.perform(call, deadline=self._deadline)


def _one(resource: Resource, body: Json, *, name: str, namespace: str | None) -> Json:
    """The body, once it is known to be the object that was asked for."""
    found = object_of(body, resource=resource, namespace=namespace)
    if _metadata(found).get("name") != name:
        raise NotKubernetesError("is about another object")
    return found


def _identity(resource: Resource, body: Json) -> tuple[str, str | None]:
    """Name and namespace of a body to be sent; ValueError without: a generated name cannot be sent twice."""
    name, namespace = _metadata(body).get("name"), _metadata(body).get("namespace")
    if not isinstance(name, str) or (resource.namespaced and not isinstance(namespace, str)):
        raise ValueError(f"a {resource.kind} is sent without metadata.name or metadata.namespace")
    return name, str(namespace) if resource.namespaced else None


def _metadata(body: Json) -> Json:
    metadata = body.get("metadata")
    return metadata if isinstance(metadata, Mapping) else {}


def _named(resource: Resource, name: str, namespace: str | None) -> str:
    return f"{resource} {namespace}/{name}" if namespace else f"{resource} {name}"
