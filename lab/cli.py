# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The command line of the lab: `python -m lab [--name NAME] VERB`."""

from __future__ import annotations

import argparse
import datetime
import json
import os
import shlex
import sys
import time
from collections.abc import Callable, Sequence

from lab import audit, binaries, datapath, down, faults, inventory, nat, net, places, process, status, up
from lab.api import ApiError
from lab.binaries import BuildError
from lab.chart import ChartError
from lab.layout import DEFAULT_LIQO, LIQO_VERSIONS, MAX_HUBS, MAX_LEAVES, LayoutError, Wishes, liqo_versions_needed
from lab.peering import PeeringError
from lab.process import ProcessError

_EXPECTED = (
    LayoutError,
    BuildError,
    ChartError,
    ProcessError,
    PeeringError,
    ApiError,
    TimeoutError,
    OSError,
    net.NetError,
    faults.FaultError,
    nat.NatError,
    datapath.DataPathError,
)
Options = argparse.Namespace


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit status; every expected failure is one sentence on standard error."""
    options = _parser().parse_args(arguments)
    verb: Callable[[Options], int] = options.verb
    try:
        return verb(options)
    except KeyboardInterrupt:
        _say(f"interrupted; `python -m lab --name {options.name} down` removes what was begun")
        return 130
    except BrokenPipeError:
        return 141
    except _EXPECTED as error:
        _say(f"lab: {error}")
        return 1


def _up(options: Options) -> int:
    wishes = Wishes(
        name=options.name,
        leaves=options.leaves,
        hubs=options.hubs,
        liqo=dict(options.liqo),
        deny_direct=frozenset(options.deny_direct),
        fast_ping=options.fast_ping,
        delay_loadbalancer_s=options.delay_loadbalancer,
        peering=options.peering,
        kube_proxy=options.kube_proxy,
        rootless=os.geteuid() != 0,
    )
    lab = up.up(wishes, fresh=options.fresh, say=up.stopwatch(_say))
    _say(f'inventory: python -m lab --name {lab.name} inventory; shell: eval "$(python -m lab --name {lab.name} env)"')
    return 0


def _down(options: Options) -> int:
    state = places.state_folder(options.name)
    if not down.exists(state):
        _say(f"there is no lab {options.name}")
        return 0
    started = time.monotonic()
    left = down.down(state)
    if left:
        _say(f"lab {options.name} could not be removed whole; left: {', '.join(left)}")
        return 1
    _say(f"lab {options.name} is gone, {time.monotonic() - started:.1f} s")
    return 0


def _status(options: Options) -> int:
    found = status.status(places.load(options.name))
    print(json.dumps(found, indent=1) if options.json else status.render(found))
    return 0


def _inventory(options: Options) -> int:
    print(inventory.render(places.load(options.name)), end="")
    return 0


def _kubeconfig(options: Options) -> int:
    print(places.load(options.name).cluster(options.cluster).user_kubeconfig)
    return 0


def _env(options: Options) -> int:
    lab = places.load(options.name)
    joined = os.pathsep.join(str(c.user_kubeconfig) for c in lab.clusters)
    print(f"export KUBECONFIG={shlex.quote(joined)}")
    print(f"export LIQOCTL={shlex.quote(str(lab.liqoctl))}")
    return 0


def _exec(options: Options) -> int:
    command = options.command[1:] if options.command[:1] == ["--"] else options.command
    if not command:
        raise LayoutError("exec: say which command, after --")
    return datapath.exec_in_pod(places.load(options.name), options.cluster, options.pod, command)


def _break(options: Options) -> int:
    print(faults.break_(places.load(options.name), options.cluster, options.what))
    return 0


def _mend(options: Options) -> int:
    for sentence in faults.mend(places.load(options.name), options.cluster) or ["nothing was broken"]:
        print(sentence)
    return 0


def _nat(options: Options) -> int:
    lab = places.load(options.name)
    wanted = nat.parse_nat(lab, options.target, options.public)
    print(nat.take_down(lab, wanted) if options.off else nat.put_up(lab, wanted))
    return 0


def _audit(options: Options) -> int:
    lab = places.load(options.name)
    cluster = lab.cluster(options.cluster)
    if process.alive(lab, cluster.process("apiserver")):
        audit.settle(cluster)
    rows = audit.count(audit.read(cluster.audit_log, since=options.since))
    print(audit.render_json(rows) if options.json else audit.render(rows))
    return 0


def _build(options: Options) -> int:
    versions = options.versions or [DEFAULT_LIQO]
    wanted = {v for version in versions for v in liqo_versions_needed(Wishes(leaves=1, liqo={"leaf-a": version}))}
    folders = binaries.ensure(binaries.keys_for(sorted(wanted)), places.cache_root(), up.stopwatch(_say))
    for key, folder in folders.items():
        print(f"{key}\t{folder}")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m lab",
        description="Real Kubernetes API servers and real Liqo on one machine, without a container engine."
        " The node agent, which plays kubelet, is the one simulated part.",
    )
    parser.add_argument("--name", default="default", help="which lab; several can run side by side")
    verbs = parser.add_subparsers(required=True, metavar="VERB")

    def add(name: str, run: Callable[[Options], int], text: str) -> argparse.ArgumentParser:
        verb = verbs.add_parser(name, help=text, description=text)
        verb.set_defaults(verb=run)
        return verb

    _up_options(add("up", _up, "start a hub (or two) and leaves, peered, with a demo namespace"))
    add("status", _status, "show clusters, processes and pods").add_argument("--json", action="store_true")
    add("down", _down, "remove the lab: processes, namespaces, mounts and files")
    add("inventory", _inventory, "print an Ansible inventory")
    add("kubeconfig", _kubeconfig, "print the path of a cluster's kubeconfig").add_argument("cluster")
    add("env", _env, "print shell lines that set KUBECONFIG and LIQOCTL")
    execute = add("exec", _exec, "run a command in a pod's network namespace")
    execute.add_argument("cluster")
    execute.add_argument("pod")
    execute.add_argument("command", nargs=argparse.REMAINDER, metavar="-- COMMAND")
    breaking = add("break", _break, "break something of a cluster, until `mend`")
    breaking.add_argument("cluster")
    breaking.add_argument("what", help="apiserver, network, gateway[:PEER], controllers or fabric")
    add("mend", _mend, "undo every fault, or those of one cluster").add_argument("cluster", nargs="?")
    translating = add("nat", _nat, "put a NodePort of a cluster behind a NAT")
    translating.add_argument("target", metavar="CLUSTER:NODEPORT")
    translating.add_argument("public", metavar="ADDRESS:PORT", help="where other clusters reach it")
    translating.add_argument("--off", action="store_true", help="take the NAT away")
    _audit_options(add("audit", _audit, "count the requests that a cluster's API server got"))
    build = add("build", _build, "build the programs of Kubernetes and Liqo into the cache")
    build.add_argument("--liqo", action="append", choices=LIQO_VERSIONS, metavar="VERSION", dest="versions")
    return parser


def _up_options(verb: argparse.ArgumentParser) -> None:
    verb.add_argument("--leaves", type=int, default=3, metavar="N", help=f"1 to {MAX_LEAVES}, default 3")
    verb.add_argument("--hubs", type=int, default=1, metavar="N", help=f"1 to {MAX_HUBS}, default 1")
    verb.add_argument(
        "--liqo",
        action="append",
        default=[],
        type=_cluster_version,
        metavar="CLUSTER=VERSION",
        help=f"Liqo of one cluster: {', '.join(LIQO_VERSIONS)}; default {DEFAULT_LIQO}",
    )
    verb.add_argument(
        "--deny-direct",
        action="append",
        default=[],
        metavar="CLUSTER",
        help="its Liqo denies direct connections (networking.denyDirectConnections of the chart)",
    )
    verb.add_argument(
        "--delay-loadbalancer",
        type=float,
        default=0.0,
        metavar="SECONDS",
        help="Services of type LoadBalancer get their address that late",
    )
    verb.add_argument(
        "--fast-ping",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="gateways ping each 200 ms instead of Liqo's 2 s, so that a dead link is noticed after 1 s instead of 10",
    )
    verb.add_argument(
        "--peering",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="peer each hub with each leaf and offload its demo namespace",
    )
    verb.add_argument(
        "--kube-proxy", action="store_true", help="run a kube-proxy per cluster, so that pods can use ClusterIPs"
    )
    verb.add_argument("--fresh", action="store_true", help="start from nothing even where there is a snapshot")


def _audit_options(verb: argparse.ArgumentParser) -> None:
    verb.add_argument("cluster")
    verb.add_argument(
        "--since", type=_time, metavar="TIME", help="requests received at or after this time (ISO 8601, default UTC)"
    )
    verb.add_argument("--json", action="store_true")


def _cluster_version(text: str) -> tuple[str, str]:
    cluster, separator, version = text.partition("=")
    if not separator:
        raise argparse.ArgumentTypeError(f"{text!r}: write it as leaf-c=1.1.2")
    return cluster, version


def _time(text: str) -> datetime.datetime:
    try:
        moment = datetime.datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r}: write it as 2026-01-31T12:00:00Z") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=datetime.UTC)


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
