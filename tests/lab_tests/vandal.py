# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Vandalises one leaf of a lab through its own API server, with everything that a real API server accepts.

A write that the API server refuses is counted and told, so that a test knows which attacks took place. The text of
each attack creates a file if a template engine or a shell ever runs it.

`python -m tests.lab_tests.vandal LAB LEAF CANARY` does it by hand.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lab.api import Api, ApiError
from tests.lab_tests.laboratory import NETWORKING, Laboratory

NETWORKING_API = "networking.liqo.io/v1beta1"
MARKS = ("liqo-fabric.github.io/owners", "liqo-fabric.github.io/wishes")
REMOTE = "liqo.io/remote-cluster-id"
KINDS = ("Configuration", "GatewayServer", "GatewayClient", "PublicKey", "Connection")
CROWD = 200
"""Objects of one kind: enough to see that none of them is followed one by one."""
ESCAPES = "\x1b]0;owned\x07\x1b[1A\x1b[2K\x1b[31mretail\u202e\u0085\r\nok: [localhost] => everything is fine"


def texts(canary: Path) -> tuple[str, ...]:
    """One text for each interpreter that must never see it."""
    run = f"touch {canary}"
    return (
        f'{{{{ lookup("ansible.builtin.pipe", "{run}") }}}}',
        f"{{% for x in [1] %}}{{{{ lookup('ansible.builtin.pipe', '{run}') }}}}{{% endfor %}}",
        f"{{{{ lookup(*(['pipe']+['{run}'])) }}}}",
        f"$({run})",
        f"`{run}`",
        f"'; {run}; '",
        f"x\n{run}\n",
        f"!!python/object/apply:os.system ['{run}']",
        ESCAPES,
    )


@dataclass
class Vandal:
    """Who controls one leaf: write access to all of its objects, and to the status of each."""

    api: Api
    canary: Path
    done: Counter[str] = field(default_factory=Counter)
    """Attacks that the API server accepted, by name."""
    refused: dict[str, str] = field(default_factory=dict)
    """Attacks that it did not accept, with what it said."""

    def deface_texts(self) -> None:
        """Free text wherever the kinds have some: annotations, template names, addresses, latencies, labels."""
        words = texts(self.canary)
        for kind, body in self._links():
            for number, text in enumerate(words):
                self._annotate(kind, body, {f"example.com/{number}": text})
            self._annotate(kind, body, {MARKS[0]: f"test,{ESCAPES},{words[0]}", MARKS[1]: words[1]})
        for kind, body in self._links():
            self._annotate(kind, body, {"kubectl.kubernetes.io/last-applied-configuration": words[0]})
            self._patch("owner", kind, body, {"metadata": {"ownerReferences": [_owner(words[3])]}})
        for kind, reference in (("GatewayServer", "serverTemplateRef"), ("GatewayClient", "clientTemplateRef")):
            for body in self._all(kind):
                for text in words:
                    self._patch("template", kind, body, {"spec": {reference: {"name": text, "namespace": text}}})
                self._patch("service annotation", kind, body, {"spec": {"serviceAnnotations": {"a": words[0]}}})
                self._patch("address", kind, body, {"spec": {"endpoint": {"addresses": [words[0], ESCAPES]}}})
        for body in self._all("Connection"):
            latency = {"value": words[0], "timestamp": "9999-12-31T23:59:59Z"}
            self._patch("latency", "Connection", body, {"status": {"latency": latency}}, sub="status")
            self._patch("value", "Connection", body, {"status": {"value": words[0]}}, sub="status")

    def deface_marks(self, *, peer: str) -> None:
        """Marks, labels and settings that belong to other clusters and other fabrics; JSON that is deep."""
        for kind, body in self._links():
            self._annotate(kind, body, {MARKS[0]: "test,edge,retail", MARKS[1]: "[" * 100_000})
            self._patch("foreign label", kind, body, {"metadata": {"labels": {REMOTE: peer}}})

    def claim_clusters(self, names: tuple[str, ...]) -> None:
        """Tenant namespaces with the mark of the fabric, for clusters of which the leaf may say nothing."""
        for name in names:
            labels = {REMOTE: name, "liqo.io/tenant-namespace": "true", "liqo-fabric.github.io/managed": "true"}
            metadata = {"name": f"liqo-tenant-{name.lower()}", "labels": labels, "annotations": {MARKS[0]: "test"}}
            self._try("claim", self.api.create, _namespace(metadata))

    def crowd(self, namespace: str) -> None:
        """Many keys, all for the same peer."""
        for number in range(CROWD):
            metadata = {"name": f"crowd-{number}", "namespace": namespace, "labels": {REMOTE: namespace[12:]}}
            body = {
                "apiVersion": NETWORKING_API,
                "kind": "PublicKey",
                "metadata": metadata,
                "spec": {"publicKey": "AAAA"},
            }
            self._try("crowd", self.api.create, body)

    def advertise(self, address: str, port: int) -> None:
        """Where the gateways of this leaf say that they listen; Liqo's own controllers must be stopped for it."""
        endpoint = {"addresses": [address], "port": port, "protocol": "UDP"}
        for body in self._all("GatewayServer"):
            self._patch("endpoint", "GatewayServer", body, {"status": {"endpoint": endpoint}}, sub="status")

    def connect(self, value: str) -> None:
        """What the leaf says of its tunnels."""
        for body in self._all("Connection"):
            self._patch("connection", "Connection", body, {"status": {"value": value}}, sub="status")

    def list_pods(self, namespace: str, service: str, addresses: tuple[str, ...], pod: str) -> None:
        """Endpoints of a Service at addresses of others, under the name of a pod of another leaf."""
        body = {
            "apiVersion": "discovery.k8s.io/v1",
            "kind": "EndpointSlice",
            "metadata": {
                "name": f"{service}-evil",
                "namespace": namespace,
                "labels": {"kubernetes.io/service-name": service, "endpointslice.kubernetes.io/managed-by": "evil"},
            },
            "addressType": "IPv4",
            "ports": [{"name": "http", "port": 80, "protocol": "TCP"}],
            "endpoints": [
                {"addresses": [address], "conditions": {"ready": True}, "targetRef": _pod(namespace, pod)}
                for address in addresses
            ],
        }
        self._try("endpoints", self.api.create, body)

    def label_cluster(self) -> None:
        """The flag of Liqo's controller-manager that names the labels of the cluster."""
        path = "/apis/apps/v1/namespaces/liqo/deployments/liqo-controller-manager"
        body = self.api.request("GET", path)
        container = body["spec"]["template"]["spec"]["containers"][0]
        text = texts(self.canary)[2]
        flags = [f"--cluster-labels=region=eu,tier={text},{text}=x,ansible_connection=local,evil={ESCAPES}"]
        container["args"] = [one for one in container["args"] if not one.startswith("--cluster-labels")] + flags
        self._try("cluster labels", lambda one: self.api.request("PUT", path, one), body)

    def impersonate(self, other: str) -> None:
        """The leaf says from now on that it is another cluster."""
        path = self.api.path("v1", "ConfigMap", "liqo", "liqo-clusterid-configmap")
        self._try(
            "identity",
            lambda one: self.api.request("PATCH", path, one, content_type="application/merge-patch+json"),
            {"data": {"CLUSTER_ID": other}},
        )

    def _links(self) -> Iterator[tuple[str, Mapping[str, Any]]]:
        for kind in KINDS:
            for body in self._all(kind):
                yield kind, body

    def _all(self, kind: str) -> list[dict[str, Any]]:
        plural = {"PublicKey": "publickeies"}.get(kind, f"{kind.lower()}s")
        return list(self.api.request("GET", f"{NETWORKING}/{plural}")["items"])

    def _annotate(self, kind: str, body: Mapping[str, Any], annotations: Mapping[str, str]) -> None:
        self._patch("annotation", kind, body, {"metadata": {"annotations": annotations}})

    def _patch(self, name: str, kind: str, body: Mapping[str, Any], change: dict[str, Any], *, sub: str = "") -> None:
        metadata = body["metadata"]

        def act(one: dict[str, Any]) -> object:
            return self.api.patch(NETWORKING_API, kind, metadata["name"], one, namespace=metadata["namespace"], sub=sub)

        self._try(f"{name} of {kind}", act, change)

    def _try(self, name: str, act: Callable[[dict[str, Any]], object], body: dict[str, Any]) -> None:
        try:
            act(body)
        except ApiError as error:
            if error.status not in (400, 403, 404, 409, 413, 422):
                raise
            self.refused[name] = str(error)
        else:
            self.done[name] += 1


def _namespace(metadata: Mapping[str, Any]) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": dict(metadata)}


def _owner(text: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": text, "name": text, "uid": text}


def _pod(namespace: str, name: str) -> dict[str, str]:
    return {"kind": "Pod", "namespace": namespace, "name": name, "uid": "0"}


def main(lab: str, leaf: str, canary: str) -> None:
    vandal = Vandal(Laboratory(lab).api(leaf), Path(canary))
    vandal.deface_texts()
    vandal.label_cluster()
    for name, count in sorted(vandal.done.items()):
        print(f"done     {count:4} {name}")
    for name, why in sorted(vandal.refused.items()):
        print(f"refused       {name}: {why[:150]}")


if __name__ == "__main__":
    main(*sys.argv[1:])
