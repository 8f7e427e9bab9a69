# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a pod is to the node agent: which containers run as which program, with which arguments, variables and volumes.

Pure. A pod body is the plain JSON of the API server and is read here only.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NamedTuple

Body = Mapping[str, Any]

REMOTE_CLUSTER_ID = "liqo.io/remote-cluster-id"
_LIQO_IMAGE = re.compile(r"(?:^|/)liqotech/([a-z0-9/-]+?)(?:-ci)?(?::[^/]*)?(?:@.*)?$")
_PROGRAMS = {
    "gateway": "gateway",
    "gateway/wireguard": "wireguard",
    "virtual-kubelet": "virtual-kubelet",
    "fabric": "fabric",
}
_PEER_FLAGS = ("--remote-cluster-id=", "--foreign-cluster-id=")
_REFERENCE = re.compile(r"\$\((\w+)\)")


class PodKey(NamedTuple):
    """Where a pod is found; the uid tells it from a later one of the same name."""

    namespace: str
    name: str
    uid: str

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}"


class Role(StrEnum):
    """How the agent treats a pod."""

    GATEWAY = "gateway"
    """Liqo's programs in a namespace of their own, routed by the world, and plugged into the node."""
    VIRTUAL_KUBELET = "virtual-kubelet"
    """As a gateway, but not plugged."""
    FABRIC = "fabric"
    """Liqo's program in the namespace of the node."""
    CONTROL_PLANE = "control-plane"
    """Runs as a process of the lab outside any pod; the agent only reports it."""
    DEMO = "demo"
    """Everything else: a small server in a namespace with the pod's own address."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Volume:
    """A folder inside a container."""

    path: str
    secret: str = ""
    """Name of the Secret whose entries are its files; empty for a scratch folder that the pod's containers share."""
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Container:
    """One container that runs for real."""

    name: str
    program: str
    """Name of the program among the lab's binaries; empty for the demo server."""
    args: tuple[str, ...]
    env: Mapping[str, str]
    volumes: tuple[Volume, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pod:
    """What the agent needs to know of a pod that is bound to its node."""

    key: PodKey
    role: Role
    peer: str
    """Remote cluster of a gateway or virtual kubelet; else empty."""
    service_account: str
    ip: str
    """Address in its status; empty before the agent gave it one."""
    deleted: bool
    host_network: bool
    containers: tuple[tuple[str, str], ...]
    """Name and image of every container, in order."""
    body: Body


def parse_key(body: Body) -> PodKey:
    meta = body["metadata"]
    return PodKey(meta["namespace"], meta["name"], meta["uid"])


def parse_pod(body: Body) -> Pod:
    """A pod body of the API server as the agent sees it."""
    spec, meta = body["spec"], body["metadata"]
    return Pod(
        key=parse_key(body),
        role=role_of(body),
        peer=_peer_of(body),
        service_account=spec.get("serviceAccountName") or "default",
        ip=(body.get("status") or {}).get("podIP") or "",
        deleted=bool(meta.get("deletionTimestamp")),
        host_network=bool(spec.get("hostNetwork")),
        containers=tuple((c["name"], c["image"]) for c in spec["containers"]),
        body=body,
    )


def _peer_of(body: Body) -> str:
    """Gateways and virtual kubelets know their peer from their arguments; their labels do not tell it."""
    args = [arg for container in body["spec"]["containers"] for arg in container.get("args") or ()]
    return next((arg.removeprefix(flag) for arg in args for flag in _PEER_FLAGS if arg.startswith(flag)), "")


def liqo_component(image: str) -> str | None:
    """`gateway/wireguard` for ghcr.io/liqotech/gateway/wireguard:v1.2.0; None when the image is not Liqo's."""
    found = _LIQO_IMAGE.search(image)
    return found.group(1) if found else None


def program_of(image: str) -> str | None:
    """The program that stands for an image, None when the agent runs none for it (the geneve container only waits)."""
    component = liqo_component(image)
    return _PROGRAMS.get(component) if component else None


def role_of(body: Body) -> Role:
    """The treatment of a pod, by its images and labels."""
    components = [liqo_component(c["image"]) for c in body["spec"]["containers"]]
    programs = {_PROGRAMS.get(c) for c in components if c}
    if programs & {"gateway", "wireguard"}:
        return Role.GATEWAY
    for role in (Role.VIRTUAL_KUBELET, Role.FABRIC):
        if role.value in programs:
            return role
    meta = body["metadata"]
    liqo_owned = (meta.get("labels") or {}).get("app.kubernetes.io/part-of") == "liqo"
    return Role.CONTROL_PLANE if liqo_owned or any(components) else Role.DEMO


def is_stub(pod: Pod, *, rootless: bool) -> bool:
    """Whether nothing stands behind a pod that is said to run: without root only Liqo's controllers are real."""
    return rootless and (pod.role is not Role.CONTROL_PLANE or "webhook" in pod.key.name)


def plan_containers(pod: Pod, *, ip: str, liqo: str) -> tuple[Container, ...]:
    """The containers to run for a pod with address `ip`, on a cluster with this Liqo version.

    None for a pod that is only reported.
    """
    if pod.role is Role.CONTROL_PLANE:
        return ()
    specs = pod.body["spec"]["containers"]
    if pod.role is Role.DEMO:
        return (Container(name=specs[0]["name"], program="", args=(), env={}, volumes=()),)
    planned = []
    for spec in specs:
        program = program_of(spec["image"])
        if program is not None:
            planned.append(_plan_program(pod, spec, program=program, ip=ip, liqo=liqo))
    return tuple(planned)


def _plan_program(pod: Pod, spec: Body, *, program: str, ip: str, liqo: str) -> Container:
    env = {entry["name"]: _value_of(entry, pod, ip) for entry in spec.get("env") or ()}
    args = [_expand(arg, env) for arg in spec.get("args") or ()]
    if liqo.startswith("1.0."):
        # Its gateway container waits until all these have called; there is no geneve container here.
        args = [re.sub(r"^(--concurrent-containers-names)=.*", r"\1=wireguard", arg) for arg in args]
    return Container(name=spec["name"], program=program, args=tuple(args), env=env, volumes=_volumes_of(pod, spec))


def _value_of(entry: Body, pod: Pod, ip: str) -> str:
    path = ((entry.get("valueFrom") or {}).get("fieldRef") or {}).get("fieldPath")
    if path is None:
        return str(entry.get("value") or "")
    values = {
        "spec.nodeName": pod.body["spec"].get("nodeName") or "",
        "spec.serviceAccountName": pod.service_account,
        "metadata.name": pod.key.name,
        "metadata.namespace": pod.key.namespace,
        "metadata.uid": pod.key.uid,
        "status.podIP": ip,
    }
    return str(values.get(path, ""))


def _expand(arg: str, env: Mapping[str, str]) -> str:
    """`$(NAME)` becomes the variable's value; an unknown name stays as it is, as in Kubernetes."""
    return _REFERENCE.sub(lambda found: env.get(found.group(1), found.group(0)), arg)


def _volumes_of(pod: Pod, spec: Body) -> tuple[Volume, ...]:
    source_by_name = {v["name"]: v for v in pod.body["spec"].get("volumes") or ()}
    planned = []
    for mount in spec.get("volumeMounts") or ():
        source = source_by_name.get(mount["name"], {})
        secret = (source.get("secret") or {}).get("secretName", "")
        if secret or "emptyDir" in source:
            planned.append(Volume(path=mount["mountPath"], secret=secret, name=mount["name"]))
    return tuple(planned)
