# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A small client of the Kubernetes API for the lab itself: plain JSON, patient with an API server that is starting.

The collection does not use it, and it does not use the collection: what is tested and what builds the test bed stay
apart.
"""

from __future__ import annotations

import base64
import json
import ssl
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote, urlencode

import urllib3
import yaml

Object = dict[str, Any]
T = TypeVar("T")

MERGE_PATCH = "application/merge-patch+json"
APPLY_PATCH = "application/apply-patch+yaml"
_AGENT = "liqo-fabric-lab"
_PATIENCE_S = 30.0


class ApiError(RuntimeError):
    """What the API server refused, or that it could not be reached (status 0)."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


class Api:
    """One API server, as an administrator or as the bearer of a token. Safe to share between threads."""

    def __init__(self, kubeconfig: Path, *, token: str = "", agent: str = _AGENT) -> None:
        """Raises OSError when the kubeconfig cannot be read."""
        config = yaml.safe_load(kubeconfig.read_text())
        cluster = config["clusters"][0]["cluster"]
        self.name: str = config["clusters"][0]["name"]
        self.url: str = cluster["server"]
        user = {} if token else config["users"][0]["user"]
        self._headers = {"Accept": "application/json", "User-Agent": agent}
        if token:
            self._headers["Authorization"] = f"Bearer {token}"
        self._pool = urllib3.PoolManager(
            ssl_context=_tls(cluster["certificate-authority-data"], user), maxsize=16, block=False, retries=False
        )
        self._plurals: dict[tuple[str, str], tuple[str, bool]] = {}

    def request(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        content_type: str = "application/json",
        timeout_s: float = 30.0,
    ) -> Any:
        """The decoded answer.

        Throttled and not yet served requests are repeated for a while; everything else that fails raises ApiError.
        """
        encoded = None if body is None else json.dumps(body)
        headers = {**self._headers, "Content-Type": content_type}
        deadline = time.monotonic() + _PATIENCE_S
        while True:
            status, answer = self._once(method, path, encoded, headers, timeout_s)
            if status < 300 and status > 0:
                return json.loads(answer) if answer[:1] in (b"{", b"[") else answer.decode()
            if status not in (429, 503) or time.monotonic() > deadline:
                raise ApiError(status, f"{self.name}: {method} {path} got {status}: {_message(answer)}")
            time.sleep(0.2)

    def _once(
        self, method: str, path: str, body: str | None, headers: Mapping[str, str], timeout_s: float
    ) -> tuple[int, bytes]:
        try:
            answer = self._pool.request(method, self.url + path, body=body, headers=headers, timeout=timeout_s)
        except urllib3.exceptions.HTTPError as error:
            raise ApiError(0, f"{self.name}: {self.url} cannot be reached ({type(error).__name__})") from error
        return answer.status, answer.data

    def ready(self) -> bool:
        """The API server says that it can serve."""
        try:
            return bool(self.request("GET", "/readyz", timeout_s=2.0) == "ok")
        except ApiError:
            return False

    def path(self, api: str, kind: str, namespace: str = "", name: str = "", sub: str = "") -> str:
        """URL path of a kind, of an object or of a subresource; asks the API server for the plural once per kind."""
        prefix = f"/apis/{api}" if "/" in api else f"/api/{api}"
        plural, namespaced = self._plural(prefix, kind)
        parts = [prefix, *(["namespaces", namespace] if namespaced and namespace else []), plural, name, sub]
        return "/".join(quote(part, safe="/:") for part in parts if part)

    def _plural(self, prefix: str, kind: str) -> tuple[str, bool]:
        if (prefix, kind) not in self._plurals:
            for known in self.request("GET", prefix)["resources"]:
                if "/" not in known["name"]:
                    self._plurals[prefix, known["kind"]] = (known["name"], known["namespaced"])
        try:
            return self._plurals[prefix, kind]
        except KeyError:
            raise ApiError(404, f"{self.name}: {prefix} has no kind {kind}") from None

    def get(self, api: str, kind: str, name: str, namespace: str = "") -> Object | None:
        """The object, or None when there is none."""
        try:
            return dict(self.request("GET", self.path(api, kind, namespace, name)))
        except ApiError as error:
            if error.status == 404:
                return None
            raise

    def list(self, api: str, kind: str, namespace: str = "", *, selector: str = "") -> list[Object]:
        query = f"?{urlencode({'labelSelector': selector})}" if selector else ""
        return list(self.request("GET", self.path(api, kind, namespace) + query)["items"])

    def create(self, body: Object, namespace: str = "") -> Object | None:
        """The created object, or None when one of that name is there already.

        `namespace` is for bodies that name none.
        """
        where = body["metadata"].get("namespace") or namespace
        try:
            return dict(self.request("POST", self.path(body["apiVersion"], body["kind"], where), body))
        except ApiError as error:
            if error.status == 409:
                return None
            raise

    def apply(self, body: Object, namespace: str = "") -> Object:
        """Server-side apply, with force."""
        meta = body["metadata"]
        path = self.path(body["apiVersion"], body["kind"], meta.get("namespace") or namespace, meta["name"])
        query = urlencode({"fieldManager": _AGENT, "force": "true"})
        return dict(self.request("PATCH", f"{path}?{query}", body, content_type=APPLY_PATCH))

    def patch(self, api: str, kind: str, name: str, body: Object, *, namespace: str = "", sub: str = "") -> Object:
        """JSON merge patch of the object or of its subresource."""
        path = self.path(api, kind, namespace, name, sub)
        return dict(self.request("PATCH", path, body, content_type=MERGE_PATCH))

    def delete(self, api: str, kind: str, name: str, namespace: str = "", *, grace_s: int | None = None) -> bool:
        """False when there was none."""
        query = "" if grace_s is None else f"?gracePeriodSeconds={grace_s}"
        try:
            self.request("DELETE", self.path(api, kind, namespace, name) + query)
        except ApiError as error:
            if error.status == 404:
                return False
            raise
        return True

    def watch(self, path: str, *, since: str = "", timeout_s: int = 1800) -> Iterator[tuple[str, Object]]:
        """(type, object) of each change as it happens, BOOKMARKs too, until the server closes.

        From the resourceVersion `since` on; without it, first one ADDED per object that exists. Raises ApiError when
        the connection breaks or `since` is too old (410).
        """
        query = urlencode({"watch": "true", "timeoutSeconds": timeout_s, "allowWatchBookmarks": "true"})
        if since:
            query += f"&resourceVersion={quote(since)}"
        timeout = urllib3.Timeout(connect=5.0, read=timeout_s + 60.0)
        try:
            answer = self._pool.request(
                "GET", f"{self.url}{path}?{query}", headers=self._headers, preload_content=False, timeout=timeout
            )
            if answer.status != 200:
                raise ApiError(answer.status, f"{self.name}: watch {path}: {_message(answer.read())}")
            for line in _lines(answer.stream(65536)):
                event = json.loads(line)
                if event["type"] == "ERROR":
                    raise ApiError(event["object"].get("code", 500), f"{self.name}: watch {path}: {event['object']}")
                yield event["type"], event["object"]
        except urllib3.exceptions.HTTPError as error:
            raise ApiError(0, f"{self.name}: watch {path} broke ({type(error).__name__})") from error


def wait_for(probe: Callable[[], T], what: str, *, timeout_s: float, every_s: float = 0.1) -> T:
    """The first true answer of the probe; raises TimeoutError that names what was awaited and the last error."""
    deadline = time.monotonic() + timeout_s
    last = ""
    while True:
        try:
            if answer := probe():
                return answer
        except ApiError as error:
            last = f"; last error: {error}"
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited {timeout_s:.0f} s in vain for {what}{last}")
        time.sleep(every_s)


def _tls(authority: str, user: Mapping[str, str]) -> ssl.SSLContext:
    context = ssl.create_default_context(cadata=base64.b64decode(authority).decode())
    if "client-certificate-data" in user:
        with tempfile.NamedTemporaryFile() as pem:  # ssl takes the pair from a file only
            pem.write(base64.b64decode(user["client-certificate-data"]) + base64.b64decode(user["client-key-data"]))
            pem.flush()
            context.load_cert_chain(pem.name)
    return context


def _message(answer: bytes) -> str:
    try:
        return str(json.loads(answer)["message"])[:400]
    except (ValueError, KeyError, TypeError):
        return answer[:200].decode(errors="replace")


def _lines(chunks: Iterator[bytes]) -> Iterator[bytes]:
    rest = b""
    for chunk in chunks:
        *whole, rest = (rest + chunk).split(b"\n")
        yield from (line for line in whole if line)
