# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Network namespaces of a lab: the world, its bridge, one node per cluster, and the cables to pods.

Every creation may be repeated and heals what an interrupted one left; `remove_all` takes all of it away and says what
is left. Nothing is ever created in the machine's own namespace, so two labs cannot meet.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from lab.layout import WORLD_GATEWAY, Cluster, Lab

NAMESPACES = Path("/run/netns")
POD_GATEWAY = "169.254.1.1"
"""Next hop of every pod of a node; on-link, the same for all."""
TUNNEL_MTU = 1340
_WORLD_ROUTE_VIA = "198.18.0.254"
"""Nobody has this address. Liqo's manager writes the interface of its default route into the NAT rules of gateways, so
there must be a default route, and its interface must be named as that of a gateway: eth0."""
_SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_PACKAGES = {"ip": "iproute2", "nft": "nftables", "nsenter": "util-linux", "mount": "mount", "chroot": "coreutils"}
_STOP_S = 3.0
_COMMAND_S = 30.0


class NetError(Exception):
    """One sentence: what could not be done in which namespace, and what to do about it."""


def tool(name: str) -> str:
    """The path of a system program; raises NetError that names the package when it is missing."""
    found = _find(name)
    if found is None:
        package = _PACKAGES.get(name, name)
        raise NetError(f"the lab needs the program {name}; on Debian or Ubuntu: apt-get install {package}")
    return found


def check_tools() -> None:
    """Returns when every system program that the lab needs is there; else raises NetError, one sentence for all."""
    missing = [name for name in _PACKAGES if _find(name) is None]
    if missing:
        packages = " ".join(sorted({_PACKAGES[name] for name in missing}))
        raise NetError(f"the lab needs {', '.join(missing)}; on Debian or Ubuntu: apt-get install {packages}")


def _find(name: str) -> str | None:
    return shutil.which(name, path=f"{os.environ.get('PATH', '')}:{_SYSTEM_PATH}")


def exists(namespace: str) -> bool:
    return (NAMESPACES / namespace).exists()


def enter(namespace: str, argv: Sequence[str]) -> list[str]:
    """The command that runs `argv` in a namespace, with a private view of mounts."""
    return [tool("ip"), "netns", "exec", namespace, *argv]


def enter_network(namespace: str, argv: Sequence[str]) -> list[str]:
    """The command that runs `argv` in a namespace with the machine's own mounts.

    Network namespaces that it creates are seen everywhere.
    """
    return [tool("nsenter"), f"--net={NAMESPACES / namespace}", *argv]


def _run(argv: Sequence[str], *, text_in: str | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(argv, input=text_in, text=True, capture_output=True, check=False, timeout=_COMMAND_S)


def ip(namespace: str, lines: Iterable[str], *, keep_going: bool = False) -> str:
    """Runs lines of `ip` in a namespace, as one batch, and returns its complaints.

    Raises NetError at the first line that fails, unless `keep_going`.
    """
    argv = [tool("ip"), *(["-force"] if keep_going else []), "-n", namespace, "-batch", "-"]
    done = _run(argv, text_in="\n".join(lines) + "\n")
    if done.returncode and not keep_going:
        raise NetError(f"ip failed in namespace {namespace}: {' '.join(done.stderr.split())}")
    return done.stderr


def nft(namespace: str, document: str) -> None:
    """Loads an nftables document in a namespace, all or nothing; raises NetError."""
    done = _run(enter_network(namespace, [tool("nft"), "-f", "-"]), text_in=document)
    if done.returncode:
        raise NetError(f"nft refused the rules for namespace {namespace}: {' '.join(done.stderr.split())}")


def set_sysctls(namespace: str, value_by_path: Mapping[str, str]) -> None:
    """Kernel settings of a namespace, by path below /proc/sys; raises NetError."""
    script = "; ".join(f"echo {value} > /proc/sys/{path}" for path, value in value_by_path.items())
    done = _run(enter(namespace, ["sh", "-ec", script]))
    if done.returncode:
        raise NetError(f"kernel settings of {namespace} cannot be changed: {done.stderr.strip()}")


def add_namespace(namespace: str) -> None:
    """The namespace exists and its loopback is up; raises NetError."""
    if not exists(namespace):
        done = _run([tool("ip"), "netns", "add", namespace])
        if done.returncode and not exists(namespace):
            raise NetError(f"cannot create network namespace {namespace} (root is needed): {done.stderr.strip()}")
    ip(namespace, ["link set lo up"])


def delete_namespace(namespace: str) -> None:
    """The namespace is gone, with every link in it; no error when it was not there."""
    _run([tool("ip"), "netns", "delete", namespace])


def create_world(lab: Lab) -> None:
    """The lab's world exists: a bridge eth0 with all node addresses, and forwarding. Completes a half-made one."""
    world = lab.world_namespace
    add_namespace(world)
    complaints = ip(world, world_lines(lab), keep_going=True)
    if "dev eth0" not in _run([tool("ip"), "-n", world, "route", "show", "default"]).stdout:
        raise NetError(f"the network of {world} could not be built: {' '.join(complaints.split())}")
    set_sysctls(world, {"net/ipv4/ip_forward": "1"})


def world_lines(lab: Lab) -> list[str]:
    """`ip` lines that make the world. Each may fail because it was done before."""
    addresses = [f"{WORLD_GATEWAY}/24"]
    for cluster in lab.clusters:
        addresses.append(f"{cluster.node_ip}/24")
    return [
        "link add eth0 type bridge",
        # A bridge without a port that is up stays down.
        "link add spare0 type veth peer name spare1",
        "link set spare0 master eth0",
        "link set spare0 up",
        "link set spare1 up",
        *(f"address replace {address} dev eth0" for address in addresses),
        "link set eth0 up",
        f"route replace default via {_WORLD_ROUTE_VIA} dev eth0",
    ]


def create_node(lab: Lab, cluster: Cluster, *, near: str, far: str) -> None:
    """The cluster's node namespace exists anew, with a cable to the world (addresses `near` and `far`)."""
    delete_namespace(cluster.node_namespace)
    add_namespace(cluster.node_namespace)
    forwarding = {"net/ipv4/ip_forward": "1"}
    loose = {f"net/ipv4/conf/{which}/rp_filter": "0" for which in ("all", "default")}
    set_sysctls(cluster.node_namespace, {**forwarding, **loose})
    _cable(lab, cluster.node_namespace, link=f"n{cluster.index}", near=near, far=far)


def plug_world_pod(lab: Lab, namespace: str, *, number: int, near: str, far: str) -> None:
    """A fresh namespace whose eth0 has address `far`, routed by the world."""
    delete_namespace(namespace)
    add_namespace(namespace)
    _cable(lab, namespace, link=f"h{number}", near=near, far=far)


def _cable(lab: Lab, namespace: str, *, link: str, near: str, far: str) -> None:
    """A veth pair from the world (`link`, address `near`) to a namespace (eth0, address `far`), of one /30."""
    ip(lab.world_namespace, [f"link delete {link}"], keep_going=True)
    ip(
        lab.world_namespace,
        [
            f"link add {link} type veth peer name eth0 netns {namespace}",
            f"address add {near}/30 dev {link}",
            f"link set {link} up",
        ],
    )
    ip(namespace, [f"address add {far}/30 dev eth0", "link set eth0 up", f"route add default via {near} dev eth0"])


def plug_node_pod(cluster: Cluster, namespace: str, *, number: int, address: str) -> None:
    """A fresh namespace whose eth0 has a pod address, routed by the cluster's node."""
    link = f"p{number}"
    delete_namespace(namespace)
    ip(cluster.node_namespace, [f"link delete {link}"], keep_going=True)
    add_namespace(namespace)
    ip(
        cluster.node_namespace,
        [
            f"link add {link} type veth peer name eth0 netns {namespace}",
            f"address add {POD_GATEWAY}/32 dev {link}",
            f"link set {link} up",
            f"route replace {address}/32 dev {link}",
        ],
    )
    ip(
        namespace,
        [
            f"address add {address}/32 dev eth0",
            "link set eth0 up",
            f"route add {POD_GATEWAY} dev eth0 scope link",
            f"route add default via {POD_GATEWAY}",
        ],
    )


def plug_gateway(
    cluster: Cluster, namespace: str, *, node_link: str, node_ip: str, gateway_link: str, gateway_ip: str
) -> None:
    """A cable between node and gateway with the names and addresses that Liqo chose for its geneve tunnel.

    It stands for that tunnel: the kernel may lack geneve.
    """
    node = cluster.node_namespace
    ip(node, [f"link delete {node_link}"], keep_going=True)
    ip(
        node,
        [
            f"link add {node_link} type veth peer name {gateway_link} netns {namespace}",
            f"address add {node_ip}/32 dev {node_link}",
            f"link set {node_link} mtu {TUNNEL_MTU} up",
        ],
    )
    ip(namespace, [f"address add {gateway_ip}/32 dev {gateway_link}", f"link set {gateway_link} mtu {TUNNEL_MTU} up"])


def namespaces(lab: Lab) -> list[str]:
    """All network namespaces of the lab that exist, sorted."""
    if not NAMESPACES.is_dir():
        return []
    return sorted(path.name for path in NAMESPACES.iterdir() if path.name.startswith(lab.namespace_prefix))


def processes_in(names: Iterable[str]) -> dict[int, str]:
    """Process id -> namespace, for everything that runs in one of the network namespaces."""
    name_by_inode: dict[int, str] = {}
    for name in names:
        try:
            name_by_inode[(NAMESPACES / name).stat().st_ino] = name
        except FileNotFoundError:
            continue
    found: dict[int, str] = {}
    for entry in Path("/proc").iterdir() if name_by_inode else ():
        if entry.name.isdigit():
            try:
                inode = (entry / "ns/net").stat().st_ino
            except OSError:
                continue
            if inode in name_by_inode:
                found[int(entry.name)] = name_by_inode[inode]
    return found


def end_processes(names: Sequence[str], *, grace_s: float) -> None:
    """Nothing runs any more in the namespaces: SIGTERM, SIGKILL after the grace period. The caller is spared."""
    deadline = time.monotonic() + grace_s
    asked: set[int] = set()
    while running := set(processes_in(names)) - {os.getpid()}:
        late = time.monotonic() > deadline
        for pid in running if late else running - asked:
            try:
                os.kill(pid, signal.SIGKILL if late else signal.SIGTERM)
            except ProcessLookupError:
                continue
        asked |= running
        if time.monotonic() > deadline + _STOP_S:
            return
        time.sleep(0.02)


def mounts_below(folder: Path) -> list[str]:
    """Mount points in a folder, innermost first."""
    points = [line.split()[1].replace("\\040", " ") for line in Path("/proc/self/mounts").read_text().splitlines()]
    return sorted((p for p in points if p.startswith(f"{folder}/")), reverse=True)


def remove_all(lab: Lab) -> list[str]:
    """Ends what runs in the lab's namespaces, deletes them and its mounts; returns what is left, best empty."""
    end_processes(namespaces(lab), grace_s=_STOP_S)
    for name in namespaces(lab):
        delete_namespace(name)
    for point in mounts_below(lab.state):
        _run([tool("umount"), "--lazy", point])
    return leftovers(lab)


def leftovers(lab: Lab) -> list[str]:
    """What still exists of the lab's network, as short phrases."""
    left = namespaces(lab)
    running = [f"process {pid} in {name}" for pid, name in sorted(processes_in(left).items())]
    return [
        *running,
        *(f"network namespace {name}" for name in left),
        *(f"mount {point}" for point in mounts_below(lab.state)),
    ]
