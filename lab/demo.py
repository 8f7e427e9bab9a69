# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""First contact: a lab, the collection's own playbooks on it, and packets on both paths. `python -m lab.demo`.

Shows each command as a person would type it, and runs exactly that. Every figure is measured in the run that prints it.
"""

from __future__ import annotations

import argparse
import datetime
import os
import shlex
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from lab import audit, datapath, inventory, places
from lab.api import Api, ApiError
from lab.datapath import DataPathError
from lab.layout import Lab, LayoutError
from lab.table import table

ROOT = Path(__file__).resolve().parents[1]
FROM, TO = "leaf-a", "leaf-b"
FABRIC = f"""\
liqo_fabric_name: demo
liqo_fabric_shortcuts:
  - between: [{FROM}, {TO}]
  - between: [{FROM}, leaf-c]
liqo_fabric_defaults:
  service_type: NodePort
"""
_PINGS = 100
_PING_INTERVAL_S = 0.02
_TRANSFER_S = 3.0
_ENDPOINT_S = 30.0
"""How long the hub may take to tell a leaf the address of a pod on another one."""


class DemoError(Exception):
    """A step did not do what the next one needs; the text says which."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """One way between two pods."""

    way: str
    address: str
    clusters: tuple[str, ...]
    latency_ms: float
    mbit_s: float


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit status; the lab stays unless `--down`."""
    options = _parser().parse_args(arguments)
    stage = Stage(options.name)
    try:
        _show(stage, options.leaves)
    except (DemoError, LayoutError, DataPathError, ApiError, OSError, TimeoutError) as error:
        print(f"\ndemo: {error}", file=sys.stderr)
        print(f"demo: the lab is left as it is; look with: {stage.lab_command('status')}", file=sys.stderr)
        print(f"demo: clean up with: {stage.lab_command('down')}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(f"\ndemo: interrupted; clean up with: {stage.lab_command('down')}", file=sys.stderr)
        return 130
    if options.down:
        stage.title("Clean up")
        stage.run(*stage.lab_arguments("down"))
    else:
        _how_to_go_on(stage)
    return 0


class Stage:
    """Prints and runs, in the checkout, with the checkout's collection and the interpreter of this process."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._number = 0
        self._started = time.monotonic()
        self._environment = {
            **os.environ,
            "PATH": os.pathsep.join((str(Path(sys.executable).parent), os.environ.get("PATH", ""))),
            "ANSIBLE_COLLECTIONS_PATH": str(ROOT / ".cache"),
            # One picture without the noise that is no part of it.
            "ANSIBLE_LOCALHOST_WARNING": "false",
            "ANSIBLE_INVENTORY_UNPARSED_WARNING": "false",
        }

    @property
    def folder(self) -> Path:
        """The demo's inventory; goes with the lab."""
        return places.state_folder(self.name) / "fabric"

    def title(self, text: str) -> None:
        self._number += 1
        seconds = time.monotonic() - self._started
        print(f"\n{self._number}. {text}  ({seconds:.0f} s)\n", flush=True)

    def run(self, *command: str) -> None:
        """Runs a command on the caller's terminal after showing it; raises DemoError when it fails."""
        print(f"$ {typed(command)}", flush=True)
        done = subprocess.run(command, cwd=ROOT, env=self._environment, check=False)
        if done.returncode != 0:
            raise DemoError(f"`{typed(command)}` failed with status {done.returncode}")

    def playbook(self, name: str) -> None:
        self.run("ansible-playbook", f"liqo.fabric.{name}", "-i", str(self.folder))

    def lab_arguments(self, *arguments: str) -> tuple[str, ...]:
        return ("python", "-m", "lab", "--name", self.name, *arguments)

    def lab_command(self, *arguments: str) -> str:
        return typed(self.lab_arguments(*arguments))


def typed(command: Sequence[str]) -> str:
    """As a person would type it: the home folder as ~."""
    home = f"{Path.home()}/"
    return " ".join(
        "~/" + shlex.quote(word.removeprefix(home)) if word.startswith(home) else shlex.quote(word) for word in command
    )


def _show(stage: Stage, leaves: int) -> None:
    was_there = places.read(places.state_folder(stage.name)) is not None
    stage.title(f"A hub and {leaves} leaves: real API servers, real Liqo; the hub peered with each leaf")
    stage.run(*stage.lab_arguments("up", "--leaves", str(leaves), "--kube-proxy"))
    lab = places.load(stage.name)

    stage.title("The fabric as an inventory: one host per cluster, and which leaves shall talk directly")
    _write_inventory(stage, lab)
    if was_there:
        print("\nThis lab was up before; what an earlier demo made goes first, so that there is something to see.\n")
        stage.playbook("teardown")

    stage.title("What would change: nothing is written")
    stage.playbook("plan")
    stage.title("Make it so")
    stage.playbook("apply")
    stage.title("How the fabric is, seen from both ends of every link")
    stage.playbook("status")

    stage.title(f"From the pod web-{FROM} to the pod web-{TO}, on both ways")
    if lab.rootless:
        print("Without root there are no tunnels, so there is nothing to measure.")
    else:
        _compare(lab)

    stage.title("Apply again: nothing to do, nothing written")
    since = datetime.datetime.now(datetime.UTC)
    stage.playbook("apply")
    requests, writes = _asked(lab, since)
    print(f"The audit logs of the API servers count {requests} requests of this run, {writes} of them writes.")
    if writes:
        raise DemoError("the second apply wrote something")


def _write_inventory(stage: Stage, lab: Lab) -> None:
    texts = {"inventory.yml": inventory.render(lab), "group_vars/all.yml": FABRIC}
    for name, text in texts.items():
        file = stage.folder / name
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        file.write_text(text)
        stage.run("cat", str(file))
        print(flush=True)


def _compare(lab: Lab) -> None:
    """Ping and TCP through the hub and over the shortcut, as a table."""
    api = Api(lab.cluster(FROM).user_kubeconfig)
    target = datapath.find_pod(lab, TO, f"web-{TO}")
    through_hub = _hub_address(api)
    over_shortcut = datapath.direct_address(api, TO, target.ip)
    if over_shortcut is None:
        raise DemoError(f"{FROM} knows no direct address of {TO}, although the shortcut was made")
    ways = [_measure(lab, "through the hub", through_hub), _measure(lab, "over the shortcut", over_shortcut)]
    head = ("WAY", "ADDRESS SEEN BY THE SENDER", "CLUSTERS ON THE PATH", "ROUND TRIP", "TCP")
    rows = [
        (w.way, w.address, " > ".join(w.clusters), f"{w.latency_ms:.2f} ms", f"{w.mbit_s:.0f} Mbit/s") for w in ways
    ]
    print("\n".join(table([head, *rows])))
    print(f"\nRound trip: median of {_PINGS} pings. TCP: one stream for {_TRANSFER_S:g} s, counted by the receiver.")
    print(f"{TO} has the pod at {target.ip}; {FROM} has the same pod CIDR, so Liqo shows it under another address.")


def _measure(lab: Lab, way: str, address: str) -> Measured:
    pod = f"web-{FROM}"
    answered = datapath.identify(lab, FROM, pod, address)
    if (answered["cluster"], answered["pod"]) != (TO, f"web-{TO}"):
        raise DemoError(f"at {address} answers the pod {answered['pod']} of {answered['cluster']}")
    ping = datapath.ping(lab, FROM, pod, address, count=_PINGS, interval_s=_PING_INTERVAL_S)
    if ping.median_ms is None:
        raise DemoError(f"no ping from {FROM}/{pod} to {address} ({way}) was answered")
    clusters = datapath.trace(lab, FROM, pod, address)
    transfer = datapath.transfer(lab, FROM, pod, address, seconds=_TRANSFER_S)
    return Measured(way=way, address=address, clusters=clusters, latency_ms=ping.median_ms, mbit_s=transfer.mbit_s)


def _hub_address(api: Api) -> str:
    deadline = time.monotonic() + _ENDPOINT_S
    while (found := datapath.hub_address(api, f"web-{TO}")) is None:
        if time.monotonic() > deadline:
            raise DemoError(f"the hub has not told {FROM} an address of web-{TO} within {_ENDPOINT_S:.0f} s")
        time.sleep(0.5)
    return found


def _asked(lab: Lab, since: datetime.datetime) -> tuple[int, int]:
    """Requests and writes of the collection at all API servers."""
    requests = writes = 0
    for cluster in lab.clusters:
        audit.settle(cluster)
        rows = [
            row
            for row in audit.count(audit.read(cluster.audit_log, since=since))
            if row.agent.startswith("liqo.fabric")
        ]
        requests += sum(row.requests for row in rows)
        writes += sum(row.writes for row in rows)
    return requests, writes


def _how_to_go_on(stage: Stage) -> None:
    stage.title("The lab stays; go on with it")
    folder = typed([str(stage.folder)])
    playbook = f"ansible-playbook liqo.fabric.{{}} -i {folder}".format
    rows = {
        "once in this shell": ("export PATH=$PWD/.venv/bin:$PATH",),
        "see what runs": (stage.lab_command("status"),),
        "change the fabric": (f"${{EDITOR:-vi}} {folder}/group_vars/all.yml", playbook("plan"), playbook("apply")),
        "break a tunnel, see it, mend it": (
            stage.lab_command("break", TO, f"gateway:{FROM}"),
            playbook("status"),
            stage.lab_command("mend"),
        ),
        "use kubectl, or the lab's liqoctl as $LIQOCTL": (f'eval "$({stage.lab_command("env")})"',),
        "be in a pod": (stage.lab_command("exec", FROM, f"web-{FROM}", "--", "ip", "address"),),
        "remove the links": (playbook("teardown"),),
        "remove the lab": (stage.lab_command("down"),),
    }
    for purpose, commands in rows.items():
        print(f"{purpose}:", *(f"    {command}" for command in commands), sep="\n")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m lab.demo",
        description="A lab with a hub and leaves; plan, apply and status on it; traffic on both ways; apply again.",
    )
    parser.add_argument("--name", default="demo", help="which lab")
    parser.add_argument("--leaves", type=int, default=3, help="3 or more")
    after = parser.add_mutually_exclusive_group()
    after.add_argument("--down", action="store_true", help="take the lab down in the end")
    after.add_argument("--keep", action="store_false", dest="down", help="leave the lab up to go on with it (default)")
    return parser


if __name__ == "__main__":
    sys.exit(main())
