# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where everything of a lab lives: names, addresses, ports and files, all derived from a few choices.

Pure: nothing here touches the machine. Every other file of the lab asks this one, so that two labs side by side cannot
clash and `down` knows what to look for.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

MAX_LEAVES = 12
MAX_HUBS = 2
MAX_SLOTS = 20
PORTS_PER_SLOT = 300
PORTS_PER_CLUSTER = 20
LIQO_VERSIONS = ("1.2.0", "1.1.2", "1.0.1")
DEFAULT_LIQO = LIQO_VERSIONS[0]
KUBERNETES = "kubernetes"
"""Key of the folder with etcd, kube-apiserver and kube-controller-manager in `Lab.binaries`."""
WIREGUARD_GO = "wireguard-go"
"""Key of the folder with wireguard-go in `Lab.binaries`; only Liqo before 1.2.0 runs it as a program of its own."""

WORLD_CIDR = "198.18.0.0/15"
WORLD_GATEWAY = "198.18.0.1"
SERVICE_CIDR = "10.96.0.0/16"
LIQO_NAMESPACE = "liqo"
DEMO_NAMESPACE = "demo"
WITHOUT_ROOT = "without root: control planes only, gateways and pods are stubs, no tunnel carries a packet"
"""What every output of such a lab says."""
NODE_NAME = "n1"
"""Each cluster has one node of this name, played by the node agent."""

_FIRST_PORT = 21000
_REGIONS = ("eu", "eu", "us", "us", "ap", "ap")
_OFFSET_APISERVER, _OFFSET_IPAM, _OFFSET_WEBHOOK, _OFFSET_MANAGER_WEBHOOK = 0, 1, 2, 3
_OFFSET_WEBHOOK_HEALTH, _OFFSET_MANAGER_HEALTH, _OFFSET_FABRIC_HEALTH, _OFFSET_CRD_REPLICATOR_HEALTH = 4, 5, 6, 7
_ETCD_OFFSET = PORTS_PER_SLOT - 2


class LayoutError(ValueError):
    """A choice that no lab can have; the text says which, and what would do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """One cluster of a lab. Its Liqo cluster id is its name."""

    name: str
    role: str
    """`hub` or `leaf`."""
    index: int
    """0 is the first hub, 1.. the leaves; a second hub comes behind MAX_LEAVES, so that leaves keep their numbers."""
    liqo: str
    """Liqo version without a leading v."""
    pod_cidr: str
    slot: int
    state: Path
    """The state folder of the lab, absolute."""
    rootless: bool = False
    denies_direct: bool = False
    """Its Liqo denies direct connections."""

    @property
    def region(self) -> str:
        return "core" if self.role == "hub" else _REGIONS[(self.index - 1) % len(_REGIONS)]

    @property
    def node_address(self) -> str:
        """What the Node says. Without a world nothing answers there, as the gateways are stubs then."""
        return f"198.18.0.{10 + self.index}"

    @property
    def node_ip(self) -> str:
        """The address of the node and of the API server in the lab's world; loopback where there is no world."""
        return "127.0.0.1" if self.rootless else self.node_address

    @property
    def loadbalancer_cidr(self) -> str:
        """Where Services of type LoadBalancer get an address from, each one of its own as in a cloud."""
        return f"198.18.{16 + self.index}.0/24"

    def _port(self, offset: int) -> int:
        return first_port(self.slot if self.rootless else 0) + self.index * PORTS_PER_CLUSTER + offset

    @property
    def apiserver_port(self) -> int:
        """TCP, on `node_ip` inside the world."""
        return self._port(_OFFSET_APISERVER)

    @property
    def forward_port(self) -> int:
        """TCP, on 127.0.0.1 of the machine; leads to `apiserver_port`.

        The only port that differs between labs with worlds of their own.
        """
        return first_port(self.slot) + self.index * PORTS_PER_CLUSTER + _OFFSET_APISERVER

    @property
    def ipam_port(self) -> int:
        return self._port(_OFFSET_IPAM)

    @property
    def webhook_port(self) -> int:
        return self._port(_OFFSET_WEBHOOK)

    @property
    def manager_webhook_port(self) -> int:
        return self._port(_OFFSET_MANAGER_WEBHOOK)

    @property
    def webhook_health_port(self) -> int:
        return self._port(_OFFSET_WEBHOOK_HEALTH)

    @property
    def manager_health_port(self) -> int:
        return self._port(_OFFSET_MANAGER_HEALTH)

    @property
    def fabric_health_port(self) -> int:
        return self._port(_OFFSET_FABRIC_HEALTH)

    @property
    def crd_replicator_health_port(self) -> int:
        return self._port(_OFFSET_CRD_REPLICATOR_HEALTH)

    @property
    def apiserver_url(self) -> str:
        """As other clusters and pods reach it, in the world."""
        return f"https://{self.node_ip}:{self.apiserver_port}"

    @property
    def loopback_url(self) -> str:
        """As the cluster's own processes reach it, in the world."""
        return f"https://127.0.0.1:{self.apiserver_port}"

    @property
    def user_url(self) -> str:
        """As an ordinary shell of the machine reaches it."""
        return f"https://127.0.0.1:{self.forward_port}"

    @property
    def pki(self) -> Path:
        """Folder: ca.crt, ca.key, server.crt, server.key, admin and lab (.crt, .key), sa.key, sa.pub."""
        return self.state / "pki" / self.name

    @property
    def kubeconfig(self) -> Path:
        """For the cluster's own processes in the world, as administrator `lab`."""
        return self.pki / "kubeconfig"

    @property
    def user_kubeconfig(self) -> Path:
        """For an ordinary shell of the machine, as administrator `admin`."""
        return self.state / "kubeconfigs" / self.name

    @property
    def audit_log(self) -> Path:
        """One JSON object per request, level Metadata."""
        return self.state / "audit" / f"{self.name}.log"

    @property
    def node_namespace(self) -> str:
        """Network namespace of the cluster's node: the fabric process and the pods' default gateway live there."""
        return f"lf{self.slot}-{self.name}-node"

    def process(self, what: str) -> str:
        """Name of one of the cluster's processes, as in the run and logs folders: `leaf-a.manager`."""
        return f"{self.name}.{what}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Lab:
    """Everything that the processes of a lab agree on; stored as `lab.json` in its state folder."""

    name: str
    slot: int
    """Which of the machine's places this lab has; namespaces, links and ports derive from it."""
    state: Path
    cache: Path
    clusters: tuple[Cluster, ...]
    fast_ping: bool = True
    """Liqo's detection times shortened: ping each 200 ms, status each 1 s."""
    delay_loadbalancer_s: float = 0.0
    peering: bool = True
    """Each hub is peered with each leaf and offloads a demo namespace of its own."""
    kube_proxy: bool = False
    """Each node has a kube-proxy, so that pods can use the ClusterIP of a Service."""
    rootless: bool = False
    """Control planes only: no namespaces, gateways are stubs."""
    binaries: Mapping[str, Path] = field(default_factory=dict)
    """Folder of programs by `KUBERNETES`, `WIREGUARD_GO` or Liqo version."""

    @property
    def hub(self) -> Cluster:
        """The first hub, in most labs the only one."""
        return self.clusters[0]

    @property
    def hubs(self) -> tuple[Cluster, ...]:
        return tuple(c for c in self.clusters if c.role == "hub")

    @property
    def leaves(self) -> tuple[Cluster, ...]:
        return tuple(c for c in self.clusters if c.role == "leaf")

    def cluster(self, name: str) -> Cluster:
        for cluster in self.clusters:
            if cluster.name == name:
                return cluster
        known = ", ".join(c.name for c in self.clusters)
        raise LayoutError(f"lab {self.name} has no cluster {name!r}; it has {known}")

    def binary(self, of: str, program: str) -> Path:
        """Program of Kubernetes or of a Liqo version, e.g. `binary("1.2.0", "gateway")`."""
        if of not in self.binaries:
            raise LayoutError(f"lab {self.name} was started without the programs of {of}")
        return self.binaries[of] / program

    @property
    def liqoctl(self) -> Path:
        """The liqoctl that works with every cluster of this lab.

        1.2.0 waits for a condition that older versions never set.
        """
        return self.binary(liqoctl_version(c.liqo for c in self.clusters), "liqoctl")

    @property
    def patience_s(self) -> float:
        """How long to wait for what starts in every cluster at once, on a small and busy machine."""
        return 60.0 + 20.0 * len(self.clusters)

    @property
    def world_namespace(self) -> str:
        """Network namespace of all control-plane processes; eth0 in it is a bridge with every node address."""
        return f"lf{self.slot}-world"

    @property
    def namespace_prefix(self) -> str:
        """Every network namespace and every link of this lab on the machine starts with it."""
        return f"lf{self.slot}-"

    def pod_namespace(self, number: int) -> str:
        """Network namespace of a pod that runs for real; `number` is unique in the lab."""
        return f"lf{self.slot}-g{number}"

    @property
    def etcd_port(self) -> int:
        return first_port(self.slot if self.rootless else 0) + _ETCD_OFFSET

    @property
    def etcd_peer_port(self) -> int:
        return self.etcd_port + 1

    @property
    def etcd(self) -> Path:
        return self.state / "etcd"

    @property
    def logs(self) -> Path:
        return self.state / "logs"

    @property
    def run(self) -> Path:
        """Pid files and what only the running lab needs."""
        return self.state / "run"

    @property
    def faults(self) -> Path:
        """One file per active fault; empty when nothing is broken."""
        return self.state / "faults"

    @property
    def file(self) -> Path:
        return self.state / "lab.json"

    def to_json(self) -> str:
        plain = asdict(self)
        return json.dumps(plain, indent=2, default=str, sort_keys=True) + "\n"

    @classmethod
    def from_json(cls, text: str) -> Lab:
        """The inverse of `to_json`; raises LayoutError when the text is no lab."""
        try:
            plain: dict[str, Any] = json.loads(text)
            clusters = tuple(Cluster(**{**c, "state": Path(c["state"])}) for c in plain.pop("clusters"))
            paths = {key: Path(plain.pop(key)) for key in ("state", "cache")}
            binaries = {key: Path(value) for key, value in plain.pop("binaries").items()}
            return cls(clusters=clusters, binaries=binaries, state=paths["state"], cache=paths["cache"], **plain)
        except (KeyError, TypeError, ValueError) as error:
            raise LayoutError(f"lab.json is damaged or of another version of the lab ({error}); run `down`") from error


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What the user of `up` asked for."""

    name: str = "default"
    leaves: int = 3
    hubs: int = 1
    liqo: Mapping[str, str] = field(default_factory=dict)
    """Liqo version by cluster name; the others get DEFAULT_LIQO."""
    deny_direct: frozenset[str] = frozenset()
    """Clusters whose Liqo denies direct connections."""
    fast_ping: bool = True
    delay_loadbalancer_s: float = 0.0
    peering: bool = True
    kube_proxy: bool = False
    rootless: bool = False


def cluster_names(leaves: int, hubs: int = 1) -> tuple[str, ...]:
    """`hub`, `hub2`, `leaf-a`, `leaf-b` ... in order."""
    return (*hub_names(hubs), *(f"leaf-{chr(ord('a') + i)}" for i in range(leaves)))


def hub_names(hubs: int) -> tuple[str, ...]:
    """`hub`, `hub2`."""
    return tuple("hub" if i == 0 else f"hub{i + 1}" for i in range(hubs))


def first_port(slot: int) -> int:
    """The lowest port of a lab in that slot; it may use PORTS_PER_SLOT from there."""
    return _FIRST_PORT + slot * PORTS_PER_SLOT


def pod_cidr(index: int) -> str:
    """Pod CIDR of a cluster; the first two leaves share theirs, so that remapping is real."""
    if index == 0:
        return "10.200.0.0/16"
    if index > MAX_LEAVES:
        return f"10.{200 + index - MAX_LEAVES}.0.0/16"
    return "10.42.0.0/16" if index <= 2 else f"10.{41 + index}.0.0/16"


def liqoctl_version(versions: Any) -> str:
    """The liqoctl that works with clusters of all these versions."""
    return "1.2.0" if set(versions) <= {"1.2.0"} else "1.1.2"


def clusters_in_words(lab: Lab) -> str:
    hubs = "hub" if len(lab.hubs) == 1 else f"{len(lab.hubs)} hubs"
    return f"{hubs} and {len(lab.leaves)} {'leaf' if len(lab.leaves) == 1 else 'leaves'}"


def can_be_peered(hub: Cluster, leaf: Cluster) -> bool:
    """False where only a network is possible: the manager of Liqo 1.0 ends on the key that newer consumers send it."""
    return not leaf.liqo.startswith("1.0.") or hub.liqo == leaf.liqo


def liqo_versions_needed(wishes: Wishes) -> tuple[str, ...]:
    """Versions whose programs must be built, newest first; includes the one whose liqoctl is used."""
    versions = {wishes.liqo.get(name, DEFAULT_LIQO) for name in cluster_names(wishes.leaves, wishes.hubs)}
    versions.add(liqoctl_version(versions))
    return tuple(v for v in LIQO_VERSIONS if v in versions)


def check_wishes(wishes: Wishes) -> None:
    """Raises LayoutError with one sentence for everything that is wrong."""
    wrong = []
    if not wishes.name or not all(c.isalnum() or c in "-_" for c in wishes.name):
        wrong.append(f"name {wishes.name!r}: use letters, digits, - and _")
    if not 1 <= wishes.leaves <= MAX_LEAVES:
        wrong.append(f"leaves {wishes.leaves}: use 1 to {MAX_LEAVES}")
    if not 1 <= wishes.hubs <= MAX_HUBS:
        wrong.append(f"hubs {wishes.hubs}: use 1 to {MAX_HUBS}")
    names = cluster_names(max(0, min(wishes.leaves, MAX_LEAVES)), max(1, min(wishes.hubs, MAX_HUBS)))
    for name, version in wishes.liqo.items():
        if name not in names:
            wrong.append(f"liqo {name}={version}: no such cluster, there are {', '.join(names)}")
        if version not in LIQO_VERSIONS:
            wrong.append(f"liqo {name}={version}: use one of {', '.join(LIQO_VERSIONS)}")
    for name in sorted(wishes.deny_direct.difference(names)):
        wrong.append(f"deny-direct {name}: no such cluster, there are {', '.join(names)}")
    if wishes.delay_loadbalancer_s < 0:
        wrong.append(f"delay-loadbalancer {wishes.delay_loadbalancer_s}: use 0 or more seconds")
    if wrong:
        raise LayoutError("; ".join(wrong))


def plan_lab(wishes: Wishes, *, slot: int, state: Path, cache: Path, binaries: Mapping[str, Path]) -> Lab:
    """The lab that fulfils the wishes in the given slot and folders; raises LayoutError when none can."""
    check_wishes(wishes)
    if not 0 <= slot < MAX_SLOTS:
        raise LayoutError(f"slot {slot}: this machine has places for {MAX_SLOTS} labs; take one down first")
    clusters = tuple(
        Cluster(
            name=name,
            role="hub" if name in hub_names(wishes.hubs) else "leaf",
            index=index,
            liqo=wishes.liqo.get(name, DEFAULT_LIQO),
            pod_cidr=pod_cidr(index),
            slot=slot,
            state=state,
            rootless=wishes.rootless,
            denies_direct=name in wishes.deny_direct,
        )
        for index, name in _numbered(wishes)
    )
    return Lab(
        name=wishes.name,
        slot=slot,
        state=state,
        cache=cache,
        clusters=clusters,
        fast_ping=wishes.fast_ping,
        delay_loadbalancer_s=wishes.delay_loadbalancer_s,
        peering=wishes.peering,
        kube_proxy=wishes.kube_proxy,
        rootless=wishes.rootless,
        binaries=dict(binaries),
    )


def _numbered(wishes: Wishes) -> list[tuple[int, str]]:
    """Names with the number of each, in the order of `cluster_names`."""
    first, *others = hub_names(wishes.hubs)
    leaves = cluster_names(wishes.leaves, hubs=0)
    return [(0, first), *enumerate(others, MAX_LEAVES + 1), *enumerate(leaves, 1)]
