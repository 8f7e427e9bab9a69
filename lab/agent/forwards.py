# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""UDP Services of a cluster seen from the world: node ports and load balancers as stateless nftables rules. Pure.

Stateless, because with connection tracking a replaced gateway pod never got its old clients back.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from lab.agent.addresses import routed_block
from lab.layout import Cluster

Body = Mapping[str, Any]

NO_ADDRESS = "lab.liqo.fabric/no-address"
"""An annotation of Services that the load balancer of the lab passes over, as if it had none left."""


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Forward:
    """UDP to `address:port` goes to `pod_ip:pod_port`."""

    address: str
    port: int
    pod_ip: str
    pod_port: int
    answers: bool
    """Whether what the pod sends from that port appears to come from `address:port`. One forward per pod port does."""


def table_name(cluster: Cluster) -> str:
    """The cluster's nftables table in the world."""
    return f"forward-{cluster.name}"


def plan_forwards(cluster: Cluster, services: Iterable[Body], pods: Iterable[Body]) -> tuple[Forward, ...]:
    """All forwards of a cluster, sorted; a Service without a ready pod has none."""
    ready = [p for p in pods if _is_ready(p)]
    planned: dict[tuple[str, int], Forward] = {}
    for service in sorted(services, key=lambda s: (s["metadata"]["namespace"], s["metadata"]["name"])):
        for target in (p for p in ready if _selects(service, p)):
            for forward in _forwards_of(cluster, service, target):
                planned.setdefault((forward.address, forward.port), forward)
    return tuple(sorted(planned.values()))


def _forwards_of(cluster: Cluster, service: Body, pod: Body) -> list[Forward]:
    spec = service["spec"]
    found = []
    balanced = balanced_ips(service) if spec.get("type") == "LoadBalancer" else []
    for port in spec.get("ports") or ():
        if port.get("protocol") != "UDP":
            continue
        target = {"pod_ip": pod["status"]["podIP"], "pod_port": _number(port.get("targetPort"), port["port"])}
        if spec.get("type") in ("NodePort", "LoadBalancer") and port.get("nodePort"):
            found.append(Forward(address=cluster.node_ip, port=port["nodePort"], answers=not balanced, **target))
        found += [Forward(address=one, port=port["port"], answers=True, **target) for one in balanced]
    return found


def _number(target_port: Any, port: int) -> int:
    """A named target port counts as the port itself; Liqo's gateways use numbers."""
    return target_port if isinstance(target_port, int) else port


def _selects(service: Body, pod: Body) -> bool:
    selector = service["spec"].get("selector") or {}
    labels = pod["metadata"].get("labels") or {}
    same_namespace = service["metadata"]["namespace"] == pod["metadata"]["namespace"]
    return bool(selector) and same_namespace and all(labels.get(k) == v for k, v in selector.items())


def _is_ready(pod: Body) -> bool:
    status = pod.get("status") or {}
    conditions = status.get("conditions") or ()
    ready = any(c["type"] == "Ready" and c["status"] == "True" for c in conditions)
    return ready and bool(status.get("podIP")) and not pod["metadata"].get("deletionTimestamp")


def serving_pods(services: Iterable[Body], pods: Iterable[Body]) -> tuple[str, ...]:
    """Addresses of all pods behind a UDP Service that the world sees, ready or not, sorted."""
    open_services = [s for s in services if s["spec"].get("type") in ("NodePort", "LoadBalancer") and _has_udp(s)]
    addresses = {(p.get("status") or {}).get("podIP") for p in pods if any(_selects(s, p) for s in open_services)}
    return tuple(sorted(address for address in addresses if address))


def _has_udp(service: Body) -> bool:
    return any(port.get("protocol") == "UDP" for port in service["spec"].get("ports") or ())


def render_forwards(cluster: Cluster, forwards: Iterable[Forward], serving: Iterable[str] = ()) -> str:
    """An nftables document that replaces the cluster's table.

    What the pods of ``serving`` send to other clusters under their own address is dropped: between the change of a
    Service and the end of its old pod a packet of that pod is no longer translated, and WireGuard would follow it to an
    address where nobody is a moment later. On a real node connection tracking keeps the old address.
    """
    name, inward, outward = table_name(cluster), [], []
    for f in forwards:
        inward.append(
            f"ip daddr {f.address} udp dport {f.port} notrack ip daddr set {f.pod_ip} udp dport set {f.pod_port}"
        )
        if f.answers:
            outward.append(
                f"ip saddr {f.pod_ip} udp sport {f.pod_port} ip saddr set {f.address} udp sport set {f.port}"
            )
    behind = ", ".join(serving)
    if behind:
        own = f"{{ {cluster.node_ip}, {cluster.loadbalancer_cidr}, {routed_block(cluster)} }}"
        outward.append(f"ip saddr {{ {behind} }} ip daddr != {own} meta l4proto udp drop")
    chains = [
        _chain("inward", "type filter hook prerouting priority -300;", inward),
        _chain("outward", "type filter hook postrouting priority 300;", outward),
    ]
    return f"table ip {name} {{}}\ndelete table ip {name}\ntable ip {name} {{\n{''.join(chains)}}}\n"


def _chain(name: str, head: str, rules: Iterable[str]) -> str:
    lines = "".join(f"    {line}\n" for line in (head, *rules))
    return f"  chain {name} {{\n{lines}  }}\n"


def ingress_of(service: Body) -> list[Any]:
    """The addresses in a Service's load balancer status."""
    found = ((service.get("status") or {}).get("loadBalancer") or {}).get("ingress")
    return list(found or [])


def balanced_ips(service: Body) -> list[str]:
    """Those of them that the world routes: IPv4 addresses, no names."""
    return [one["ip"] for one in ingress_of(service) if "." in one.get("ip", "")]


def wants_address(service: Body) -> bool:
    """Whether the Service is of the type that gets an address from its surroundings; NO_ADDRESS keeps it without."""
    annotations = service["metadata"].get("annotations") or {}
    return bool(service["spec"].get("type") == "LoadBalancer") and NO_ADDRESS not in annotations
