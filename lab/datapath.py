# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The path of packets between pods of a lab: enter a pod, measure from it, see through which gateways packets went."""

from __future__ import annotations

import ipaddress
import json
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lab import net
from lab.agent import probe
from lab.agent.pods import REMOTE_CLUSTER_ID, Role
from lab.agent.registry import PodEntry, read_registry
from lab.api import Api
from lab.layout import DEMO_NAMESPACE, Lab, LayoutError

TUNNEL_LINK = "liqo-tunnel"
"""Liqo's WireGuard interface in every gateway."""
NOBODY = ("", "")
"""Who answers a connection that fails, in the counts of `service_hits`."""
_HIT_TIMEOUT_S = 3.0
"""Long enough for a second SYN, so that one lost packet is no failure."""
_PROBE_S = 120.0
_TRACE_PINGS = 60
_TRACE_INTERVAL_S = 0.005
_TRACE_SHARE = 0.8
"""A gateway is on the path when it sent at least this share of the probes; Liqo's own pings are far fewer."""
_NETWORKING = "networking.liqo.io/v1beta1"


class DataPathError(Exception):
    """A pod or path that is not there; the text says what is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ping:
    """Echo requests from a pod to an address. Milliseconds; None when nothing came back."""

    address: str
    sent: int
    received: int
    min_ms: float | None
    median_ms: float | None
    max_ms: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Transfer:
    """Bytes over TCP from a pod to another; counted at the receiver."""

    address: str
    bytes: int
    seconds: float
    mbit_s: float


def find_pod(lab: Lab, cluster: str, pod: str) -> PodEntry:
    """The pod on that cluster's own node by `name` (demo namespace first) or `namespace/name`.

    Raises DataPathError with the pods that there are.
    """
    try:
        lab.cluster(cluster)
    except LayoutError as error:
        raise DataPathError(str(error)) from error
    inside = [entry for entry in read_registry(lab, cluster) if entry.netns]
    return choose_pod(inside, cluster, pod)


def choose_pod(entries: Iterable[PodEntry], cluster: str, pod: str) -> PodEntry:
    """The entry that is meant; raises DataPathError when none or several are."""
    known = list(entries)
    exact = [e for e in known if pod in (f"{e.namespace}/{e.name}", e.name)]
    found = [e for e in exact if e.namespace == DEMO_NAMESPACE] or exact
    if len(found) == 1:
        return found[0]
    names = ", ".join(f"{e.namespace}/{e.name}" for e in found or known) or "none"
    if found:
        raise DataPathError(f"several pods of {cluster} are called {pod}; name one of {names}")
    raise DataPathError(f"{cluster} runs no pod {pod}; pods that can be entered: {names}")


def exec_in_pod(lab: Lab, cluster: str, pod: str, argv: Sequence[str]) -> int:
    """Runs a command in the pod's network, on the caller's terminal; returns its exit code. Raises DataPathError."""
    if lab.rootless:
        raise DataPathError(f"lab {lab.name} runs without root: its pods are stubs and cannot be entered")
    entry = find_pod(lab, cluster, pod)
    command = list(argv)
    if command[:1] == ["ping"] and shutil.which("ping") is None:
        command = [*_probe_command("ping"), "--text", *command[1:]]
    return subprocess.run(net.enter(entry.netns, command), check=False).returncode


def ping(lab: Lab, cluster: str, pod: str, address: str, *, count: int = 20, interval_s: float = 0.05) -> Ping:
    """From a pod to an address. Raises DataPathError only when the pod cannot be entered."""
    said = _probe(lab, cluster, pod, "ping", address, "-c", str(count), "-i", str(interval_s), "-W", "1")
    return Ping(**said)


def transfer(lab: Lab, cluster: str, pod: str, address: str, *, seconds: float = 2.0) -> Transfer:
    """TCP from a pod to the sink of the pod behind an address. Raises DataPathError when it cannot connect."""
    return Transfer(**_probe(lab, cluster, pod, "send", address, "-t", str(seconds)))


def identify(lab: Lab, cluster: str, pod: str, address: str) -> dict[str, str]:
    """What the pod behind an address says: `cluster`, `namespace`, `pod`, and `client`, the caller as it sees it."""
    return _probe(lab, cluster, pod, "identify", address)


def service_hits(
    lab: Lab, cluster: str, pod: str, address: str, port: int = 80, *, count: int
) -> Counter[tuple[str, str]]:
    """How often which (cluster, pod) answered, of `count` new TCP connections one after the other; failed: `NOBODY`.

    `address` is a pod's, or a ClusterIP in a lab with kube-proxy. Raises DataPathError only when `pod` cannot be
    entered.
    """
    flags = ["-p", str(port), "-c", str(count), "-W", str(_HIT_TIMEOUT_S)]
    said = _probe(lab, cluster, pod, "hits", address, *flags, timeout_s=_PROBE_S + count * _HIT_TIMEOUT_S)
    return count_hits(said["answers"])


def count_hits(answers: Iterable[Mapping[str, str] | None]) -> Counter[tuple[str, str]]:
    """Answers of demo pods by (cluster, pod); None is a connection that failed."""
    return Counter((answer["cluster"], answer["pod"]) if answer else NOBODY for answer in answers)


def trace(lab: Lab, cluster: str, pod: str, address: str) -> tuple[str, ...]:
    """The clusters that packets from a pod to an address pass, in order: `("leaf-a", "hub", "leaf-b")`.

    Counts what every tunnel sends during a burst of pings; other traffic of that volume at the same time disturbs it.
    """
    before = tunnel_packets(lab)
    _probe(lab, cluster, pod, "ping", address, "-c", str(_TRACE_PINGS), "-i", str(_TRACE_INTERVAL_S), "-W", "1")
    after = tunnel_packets(lab)
    grown = {end for end, count in after.items() if count - before.get(end, 0) >= _TRACE_PINGS * _TRACE_SHARE}
    return follow(cluster, grown)


def follow(start: str, busy: Iterable[tuple[str, str]]) -> tuple[str, ...]:
    """The walk from a cluster along gateways (cluster, peer) that carried the burst, never back.

    Replies make the far end of each tunnel busy too, so a tunnel appears from both of its ends, or from one when
    nothing answers.
    """
    tunnels = {frozenset(end) for end in busy}
    path = [start]
    while True:
        onward = sorted(t for tunnel in tunnels if path[-1] in tunnel for t in tunnel - set(path))
        if not onward:
            return tuple(path)
        path.append(onward[0])


def tunnel_packets(lab: Lab) -> dict[tuple[str, str], int]:
    """Packets that each running gateway has sent into its tunnel, by (cluster, peer)."""
    found: dict[tuple[str, str], int] = {}
    for cluster in lab.clusters:
        for entry in read_registry(lab, cluster.name):
            if entry.role == Role.GATEWAY.value and entry.netns:
                command = [net.tool("ip"), "-n", entry.netns, "-s", "-j", "link", "show", TUNNEL_LINK]
                shown = subprocess.run(command, capture_output=True, text=True, check=False, timeout=10)
                if shown.returncode == 0:
                    found[cluster.name, entry.peer] = json.loads(shown.stdout)[0]["stats64"]["tx"]["packets"]
    return found


def direct_address(api: Api, peer: str, address: str) -> str | None:
    """How pods of the API server's cluster reach a pod of `peer` over a direct link; None when there is no such link.

    `address` is the pod's address in its own cluster.
    """
    for body in api.list(_NETWORKING, "Configuration", selector=f"{REMOTE_CLUSTER_ID}={peer}"):
        native = _first_pod_cidr(body.get("spec"))
        remapped = _first_pod_cidr(body.get("status"))
        if native and remapped:
            return remap(address, native, remapped)
    return None


def _first_pod_cidr(part: Mapping[str, Any] | None) -> str:
    """The pod CIDR below spec or status of a Configuration; a list since its first version, read leniently."""
    cidr = (((part or {}).get("remote") or {}).get("cidr") or {}).get("pod") or ""
    first = cidr[0] if isinstance(cidr, list) else cidr
    return str(first)


def remap(address: str, native: str, remapped: str) -> str:
    """The address with the same host part in the other CIDR; both have the same prefix length."""
    source, target = ipaddress.IPv4Network(native), ipaddress.IPv4Network(remapped)
    host = int(ipaddress.IPv4Address(address)) - int(source.network_address)
    return str(ipaddress.IPv4Address(int(target.network_address) + host))


def hub_address(api: Api, pod: str, namespace: str = "") -> str | None:
    """How pods of the API server's cluster reach a pod of another one through the hub: as the slices that the hub
    reflected say, in one namespace or in any. None when there is no such endpoint (yet).

    With two hubs the namespace says which one is meant.
    """
    selector = "endpointslice.kubernetes.io/managed-by=endpointslice.reflection.liqo.io"
    for piece in api.list("discovery.k8s.io/v1", "EndpointSlice", namespace, selector=selector):
        for endpoint in piece.get("endpoints") or ():
            if (endpoint.get("targetRef") or {}).get("name") == pod:
                return str(endpoint["addresses"][0])
    return None


def _probe_command(what: str) -> list[str]:
    return [sys.executable, "-I", "-S", probe.__file__, what]


def _probe(
    lab: Lab, cluster: str, pod: str, what: str, address: str, *flags: str, timeout_s: float = _PROBE_S
) -> dict[str, Any]:
    entry = find_pod(lab, cluster, pod)
    command = net.enter(entry.netns, [*_probe_command(what), address, *flags])
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=timeout_s)
    try:
        said: dict[str, Any] = json.loads(done.stdout)
    except ValueError:
        raise DataPathError(f"{what} from {cluster}/{pod} did not run: {done.stderr.strip()[-300:]}") from None
    if "error" in said:
        raise DataPathError(f"from {cluster}/{pod}: {said['error']}")
    return said
