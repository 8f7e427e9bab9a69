# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults on demand: what `break` does to a running lab and `mend` undoes.

Each active fault is one empty file in the lab's faults folder, named `<cluster>.<what>` or `<cluster>.gateway.<peer>`.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from lab import net, process
from lab.agent.addresses import routed_block
from lab.agent.registry import PodEntry, read_registry
from lab.api import Api, wait_for
from lab.layout import Cluster, Lab, LayoutError

_PATIENCE_S = 120.0
_CONTROLLERS = ("ipam", "webhook", "manager")
"""In the order in which they start."""
_FOLLOWERS = ("kcm", "crd-replicator")
"""Other processes that need the API server."""


class FaultError(ValueError):
    """A fault that cannot be made; the text says what can."""


class What(StrEnum):
    """What can break in a cluster."""

    APISERVER = "apiserver"
    """Its process is stopped; the port refuses."""
    NETWORK = "network"
    """The world drops what goes to or comes from the cluster; clients time out. Its own processes go on."""
    GATEWAY = "gateway"
    """Gateway pods are killed and held, all of them or those towards one peer."""
    CONTROLLERS = "controllers"
    """Liqo's manager, ipam and webhook are stopped."""
    FABRIC = "fabric"
    """Liqo's fabric process is killed and held."""


@dataclass(frozen=True, slots=True, order=True)
class Fault:
    """One thing that is broken on purpose."""

    cluster: str
    what: What
    peer: str = ""

    @property
    def file_name(self) -> str:
        return ".".join(part for part in (self.cluster, self.what.value, self.peer) if part)

    def __str__(self) -> str:
        towards = f" towards {self.peer}" if self.peer else ""
        said = {
            What.APISERVER: "API server stopped",
            What.NETWORK: "cut off from the network",
            What.GATEWAY: f"gateways held down{towards}",
            What.CONTROLLERS: "manager, ipam and webhook stopped",
            What.FABRIC: "fabric held down",
        }
        return f"{self.cluster}: {said[self.what]}"


def parse_fault(lab: Lab, target: str, what: str) -> Fault:
    """The fault that `break TARGET WHAT` names; WHAT may be `gateway:PEER`. Raises FaultError."""
    kind, _, peer = what.partition(":")
    try:
        lab.cluster(target)
        if peer:
            lab.cluster(peer)
        fault = Fault(target, What(kind), peer)
    except LayoutError as error:
        raise FaultError(str(error)) from error
    except ValueError:
        raise FaultError(f"cannot break {what!r}; use {', '.join(What)} or gateway:PEER") from None
    if peer and fault.what is not What.GATEWAY:
        raise FaultError(f"{kind} takes no peer; only gateway:PEER does")
    if lab.rootless and fault.what in (What.NETWORK, What.GATEWAY, What.FABRIC):
        raise FaultError(f"{kind} cannot break: lab {lab.name} has no root, so no network, and its gateways are stubs")
    return fault


def active_faults(lab: Lab) -> frozenset[Fault]:
    """What is broken on purpose now."""
    found = set()
    for path in lab.faults.iterdir() if lab.faults.is_dir() else ():
        cluster, what, *peer = path.name.split(".")
        found.add(Fault(cluster, What(what), peer[0] if peer else ""))
    return frozenset(found)


def active(lab: Lab) -> list[str]:
    """Sentences for people, sorted."""
    return [str(fault) for fault in sorted(active_faults(lab))]


def holds_gateway(faults: Iterable[Fault], cluster: str, peer: str) -> bool:
    """Whether the cluster's gateways towards the peer must not run."""
    return any(f.cluster == cluster and f.what is What.GATEWAY and f.peer in ("", peer) for f in faults)


def holds(faults: Iterable[Fault], cluster: str, what: What) -> bool:
    return any(f.cluster == cluster and f.what is what for f in faults)


def break_(lab: Lab, target: str, what: str) -> str:
    """The fault is in effect; returns a sentence. Raises FaultError."""
    fault = parse_fault(lab, target, what)
    lab.faults.mkdir(parents=True, exist_ok=True, mode=0o700)
    (lab.faults / fault.file_name).touch()
    cluster = lab.cluster(fault.cluster)
    match fault.what:
        case What.APISERVER:
            process.stop(lab, cluster.process("apiserver"))
        case What.CONTROLLERS:
            for name in reversed(_CONTROLLERS):
                process.stop(lab, cluster.process(name))
            _tell_agent(lab)
        case What.NETWORK:
            net.nft(lab.world_namespace, render_cut(cluster))
        case What.GATEWAY | What.FABRIC:
            _tell_agent(lab)
            wait_for(lambda: _none_runs(lab, fault), str(fault), timeout_s=_PATIENCE_S, every_s=0.05)
    return str(fault)


def mend(lab: Lab, target: str | None = None) -> list[str]:
    """Nothing is broken any more, in one cluster or in all; returns what was undone, as sentences."""
    if target is not None:
        try:
            lab.cluster(target)
        except LayoutError as error:
            raise FaultError(str(error)) from error
    undone = [f for f in sorted(active_faults(lab)) if target in (None, f.cluster)]
    for fault in undone:
        _undo(lab, fault)
    return [f"mended: {fault}" for fault in undone]


def _undo(lab: Lab, fault: Fault) -> None:
    cluster = lab.cluster(fault.cluster)
    match fault.what:
        case What.APISERVER:
            process.restart(lab, cluster.process("apiserver"))
        case What.CONTROLLERS:
            for name in _CONTROLLERS:
                process.restart(lab, cluster.process(name))
        case What.NETWORK:
            net.nft(lab.world_namespace, f"table ip {cut_table(cluster)} {{}}\ndelete table ip {cut_table(cluster)}\n")
    (lab.faults / fault.file_name).unlink(missing_ok=True)
    if fault.what in (What.GATEWAY, What.FABRIC, What.CONTROLLERS):
        _tell_agent(lab)
    if fault.what is What.APISERVER:
        api = Api(cluster.user_kubeconfig)
        wait_for(api.ready, f"the API server of {cluster.name}", timeout_s=_PATIENCE_S)
        _revive(lab, cluster)


def _revive(lab: Lab, cluster: Cluster) -> None:
    """What ended because its API server was gone runs again, as a kubelet would see to."""
    broken = _CONTROLLERS if holds(active_faults(lab), cluster.name, What.CONTROLLERS) else ()
    for name in (*_CONTROLLERS, *_FOLLOWERS):
        started = process.read(lab, cluster.process(name)) is not None
        if started and name not in broken and not process.alive(lab, cluster.process(name)):
            process.restart(lab, cluster.process(name))


def _tell_agent(lab: Lab) -> None:
    """The agent reads the faults folder again."""
    record = process.read(lab, "agent")
    if record is None or not process.is_running(record):
        raise FaultError(f"the node agent of lab {lab.name} does not run; `up` starts it")
    os.kill(record.pid, signal.SIGHUP)


def _none_runs(lab: Lab, fault: Fault) -> bool:
    return not any(entry.running and stops(fault, entry) for entry in read_registry(lab, fault.cluster))


def stops(fault: Fault, entry: PodEntry) -> bool:
    """Whether the fault holds down this pod of its cluster."""
    return entry.role == fault.what.value and fault.peer in ("", entry.peer)


def cut_table(cluster: Cluster) -> str:
    """Name of the nftables table in the world that cuts a cluster off."""
    return f"cut-{cluster.name}"


def render_cut(cluster: Cluster) -> str:
    """Rules that drop whatever passes between the cluster's addresses and any other address.

    In prerouting, because what the world's own processes send passes it too, on loopback, and they then time out
    instead of getting an error; before the Services are translated.
    """
    own = f"{{ {cluster.node_ip}, {cluster.loadbalancer_cidr}, {routed_block(cluster)} }}"
    name = cut_table(cluster)
    return (
        f"table ip {name} {{}}\ndelete table ip {name}\ntable ip {name} {{\n"
        "  chain cut {\n    type filter hook prerouting priority -400;\n"
        f"    ip saddr {own} ip daddr != {own} drop\n"
        f"    ip daddr {own} ip saddr != {own} drop\n  }}\n}}\n"
    )
