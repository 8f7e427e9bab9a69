# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the connector of 2025 leaves in clusters, by its names and shapes; a stand-in takes the place of its controller.

The objects are written here from their description. The stand-in does what makes the order of a migration matter: as
long as the Deployment has a pod, it keeps its finalizer on each object, and resets the network of both leaves when one
is deleted.

`python -m tests.lab_tests.connector_of_2025 LAB` leaves it and two links in a lab, without anybody who plays it.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from lab.api import Api, ApiError
from tests.lab_tests.laboratory import Laboratory, eventually

API = "networking.liqo.io/v1beta1"
KIND = "ForeignClusterConnection"
PLURAL = "foreignclusterconnections"
FINALIZER = "foreignclusterconnection.finalizers.networking.liqo.io"
DEFINITION = f"{PLURAL}.networking.liqo.io"
NAMESPACE = "liqo-shortcutmanager-system"
STAND_IN = "stand-in-for-the-connector"
IMAGE = "liqo-fabric-lab/stand-in"
"""Names no real image: the lab runs a small server for every pod that is not Liqo's."""
OBJECTS = "default"
LEAF_ROLE = "liqo-gatewayclients-reader"
HUB_ROLE = "liqo-shortcutmanager-role"
_RBAC = "rbac.authorization.k8s.io/v1"
_EXTENSIONS = "apiextensions.k8s.io/v1"

Body = dict[str, Any]


def install(lab: Laboratory, hub: str, leaves: tuple[str, ...]) -> None:
    """The kind, the controller with its rights on the hub, and the right that it needs on each leaf."""
    api = lab.api(hub)
    for body in (_definition(), *_controller()):
        api.create(body)
    eventually(lambda: _served(api), what=f"{KIND} is served")
    for leaf in map(lab.api, leaves):
        for body in _role_and_binding(LEAF_ROLE, f"{LEAF_ROLE}-binding", [{"kind": "User", "name": hub}]):
            leaf.create(body)
    eventually(lambda: bool(pods(api)), what="the stand-in has a pod")


def connect(lab: Laboratory, hub: str, client: str, server: str, *, mtu: int = 1450) -> str:
    """The object as `liqoshortcut shortcuts create` wrote it, and the link as the controller left it; its name.

    The finalizer is the controller's matter.
    """
    sides = ("--kubeconfig", str(lab.kubeconfig(client)), "--remote-kubeconfig", str(lab.kubeconfig(server)))
    settings = ("--mtu", str(mtu), "--gw-server-service-type", "NodePort")
    lab.liqoctl("network", "connect", *sides, "--skip-confirm", "--wait", *settings)
    return declare(lab, hub, client, server, mtu=mtu)


def declare(lab: Laboratory, hub: str, client: str, server: str, *, mtu: int = 1450) -> str:
    """The object alone, for a link that is there; its name."""
    name = f"{client}-{server}"
    api = lab.api(hub)
    api.create(_connection(name, client, server, mtu))
    status = {"isConnected": True, "phase": "Connected", "lastUpdated": "2025-06-01T00:00:00Z"}
    api.patch(API, KIND, name, {"status": status}, namespace=OBJECTS, sub="status")
    return name


def objects(hub: Api) -> list[Body]:
    """Every object of the kind; none when the kind is gone."""
    try:
        return list(hub.request("GET", f"/apis/{API}/{PLURAL}")["items"])
    except ApiError as error:
        if error.status == 404:
            return []
        raise


def pods(hub: Api) -> list[str]:
    return [pod["metadata"]["name"] for pod in hub.list("v1", "Pod", NAMESPACE)]


def remains(apis: Mapping[str, Api], hub: str) -> list[str]:
    """What is still there of all that `install` and `connect` made, but for the links; all others are leaves."""
    leaves = [cluster for cluster in apis if cluster != hub]
    found = [f"{hub} object {one['metadata']['name']}" for one in objects(apis[hub])]
    wanted = [
        (hub, _EXTENSIONS, "CustomResourceDefinition", DEFINITION),
        (hub, "v1", "Namespace", NAMESPACE),
        (hub, _RBAC, "ClusterRole", HUB_ROLE),
        (hub, _RBAC, "ClusterRoleBinding", "liqo-shortcutmanager-rolebinding"),
        *((leaf, _RBAC, "ClusterRole", LEAF_ROLE) for leaf in leaves),
        *((leaf, _RBAC, "ClusterRoleBinding", f"{LEAF_ROLE}-binding") for leaf in leaves),
    ]
    for cluster, version, kind, name in wanted:
        if apis[cluster].get(version, kind, name) is not None:
            found.append(f"{cluster} {kind} {name}")
    return found


def uninstall(lab: Laboratory, hub: str, leaves: tuple[str, ...]) -> None:
    """Nothing of it is left, whatever a test did; the links are somebody else's."""
    apis = {cluster: lab.api(cluster) for cluster in (hub, *leaves)}
    api = apis[hub]
    for one in objects(api):
        name, place = one["metadata"]["name"], one["metadata"]["namespace"]
        api.patch(API, KIND, name, {"metadata": {"finalizers": None}}, namespace=place)
        api.delete(API, KIND, name, place)
    api.delete(_EXTENSIONS, "CustomResourceDefinition", DEFINITION)
    api.delete("v1", "Namespace", NAMESPACE)
    for cluster, role, binding in (
        (hub, HUB_ROLE, "liqo-shortcutmanager-rolebinding"),
        *((leaf, LEAF_ROLE, f"{LEAF_ROLE}-binding") for leaf in leaves),
    ):
        apis[cluster].delete(_RBAC, "ClusterRoleBinding", binding)
        apis[cluster].delete(_RBAC, "ClusterRole", role)
    eventually(lambda: not remains(apis, hub), what="nothing is left of the connector")


class StandIn:
    """Plays the controller while its Deployment has a pod; `resets` are the objects whose leaves it disconnected."""

    def __init__(self, lab: Laboratory, hub: str) -> None:
        self._lab = lab
        self._hub = lab.api(hub)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._work, daemon=True)
        self.resets: list[str] = []
        self.problems: list[str] = []

    @contextmanager
    def working(self) -> Iterator[StandIn]:
        self._thread.start()
        try:
            yield self
        finally:
            self._stop.set()
            self._thread.join(30)

    def _work(self) -> None:
        while not self._stop.wait(0.1):
            try:
                if pods(self._hub):
                    for one in objects(self._hub):
                        self._see_to(one)
            except ApiError as error:
                if error.status not in (404, 409):
                    self.problems.append(str(error))

    def _see_to(self, one: Body) -> None:
        meta = one["metadata"]
        held = meta.get("finalizers") or []
        if not meta.get("deletionTimestamp"):
            if FINALIZER not in held:
                self._hold(meta, [*held, FINALIZER])
            return
        if FINALIZER in held:
            self.resets.append(meta["name"])
            client, server = one["spec"]["foreignClusterA"], one["spec"]["foreignClusterB"]
            sides = (str(self._lab.kubeconfig(client)), "--remote-kubeconfig", str(self._lab.kubeconfig(server)))
            self._lab.liqoctl("network", "reset", "--kubeconfig", *sides, "--skip-confirm")
            self._hold(meta, [name for name in held if name != FINALIZER])

    def _hold(self, meta: Body, finalizers: list[str]) -> None:
        body = {"metadata": {"finalizers": finalizers, "resourceVersion": meta["resourceVersion"]}}
        self._hub.patch(API, KIND, meta["name"], body, namespace=meta["namespace"])


def _served(hub: Api) -> bool:
    try:
        hub.request("GET", f"/apis/{API}/{PLURAL}")
    except ApiError:
        return False
    return True


def _definition() -> Body:
    anything = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    ends = {"foreignClusterA": {"type": "string"}, "foreignClusterB": {"type": "string"}}
    spec = {"type": "object", "required": sorted(ends), "properties": {**ends, "networking": anything}}
    group, version = API.split("/")
    return {
        "apiVersion": _EXTENSIONS,
        "kind": "CustomResourceDefinition",
        "metadata": {"name": DEFINITION},
        "spec": {
            "group": group,
            "scope": "Namespaced",
            "names": {
                "kind": KIND,
                "listKind": f"{KIND}List",
                "plural": PLURAL,
                "singular": KIND.lower(),
                "shortNames": ["fcc", "fcconnection"],
                "categories": ["liqo"],
            },
            "versions": [
                {
                    "name": version,
                    "served": True,
                    "storage": True,
                    "subresources": {"status": {}},
                    "schema": {"openAPIV3Schema": {"type": "object", "properties": {"spec": spec, "status": anything}}},
                }
            ],
        },
    }


def _controller() -> list[Body]:
    labels = {"app.kubernetes.io/name": STAND_IN}
    account = {"kind": "ServiceAccount", "name": "liqo-shortcutmanager", "namespace": NAMESPACE}
    return [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}},
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": account["name"], "namespace": NAMESPACE}},
        *_role_and_binding(HUB_ROLE, "liqo-shortcutmanager-rolebinding", [account]),
        {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {"name": STAND_IN, "namespace": NAMESPACE},
            "spec": {
                "replicas": 1,
                "selector": {"matchLabels": labels},
                "template": {
                    "metadata": {"labels": labels},
                    "spec": {
                        "serviceAccountName": account["name"],
                        "containers": [{"name": "stand-in", "image": IMAGE}],
                    },
                },
            },
        },
    ]


def _role_and_binding(role: str, binding: str, subjects: list[Body]) -> list[Body]:
    rules = [{"apiGroups": ["networking.liqo.io"], "resources": ["gatewayclients"], "verbs": ["get", "list"]}]
    return [
        {"apiVersion": _RBAC, "kind": "ClusterRole", "metadata": {"name": role}, "rules": rules},
        {
            "apiVersion": _RBAC,
            "kind": "ClusterRoleBinding",
            "metadata": {"name": binding},
            "subjects": subjects,
            "roleRef": {"apiGroup": _RBAC.partition("/")[0], "kind": "ClusterRole", "name": role},
        },
    ]


def _connection(name: str, client: str, server: str, mtu: int) -> Body:
    return {
        "apiVersion": API,
        "kind": KIND,
        "metadata": {"name": name, "namespace": OBJECTS},
        "spec": {
            "foreignClusterA": client,
            "foreignClusterB": server,
            "networking": {
                "mtu": mtu,
                "serverGatewayType": "networking.liqo.io/v1beta1/wggatewayservertemplates",
                "serverTemplateName": "wireguard-server",
                "serverTemplateNamespace": "liqo",
                "serverServiceType": "NodePort",
                "serverServicePort": 51840,
                "clientGatewayType": "networking.liqo.io/v1beta1/wggatewayclienttemplates",
                "clientTemplateName": "wireguard-client",
                "clientTemplateNamespace": "liqo",
                "timeoutSeconds": 120,
                "wait": True,
            },
        },
    }


def main(name: str) -> None:
    lab, leaves = Laboratory(name), ("leaf-a", "leaf-b", "leaf-c")
    install(lab, "hub", leaves)
    for client in leaves[1:]:
        made = connect(lab, "hub", client, leaves[0], mtu=1340)
        lab.api("hub").patch(API, KIND, made, {"metadata": {"finalizers": [FINALIZER]}}, namespace=OBJECTS)


if __name__ == "__main__":
    main(sys.argv[1])
