# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What new connections to a Service notice of a gateway that dies and comes back, in each mode of propagation.

The Service has one pod, on another leaf than the client. The client opens a connection every 50 ms all the while.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from benchmarks import machine, summary
from benchmarks.benchlab import kubeconfigs, running
from benchmarks.contestants import module_task, playbook
from benchmarks.results import Row, keep, say
from lab import datapath, faults, net, peering
from lab.agent import probe
from lab.api import Api, wait_for
from lab.layout import DEMO_NAMESPACE, Lab

CLIENT, HUB = "leaf-c", "hub"
NAMESPACE = "failover"
PACE_S, GIVE_UP_S = 0.05, 0.25
QUIET_S = 3.0
"""So long nothing has failed any more before an outage is over."""
PATIENCE_S = 90.0
MODES = ("upstream", "exclusive", "shadow")
PINGS = {"fast ping": ("--fast-ping",), "Liqo's default": ("--no-fast-ping",)}
SLICES = "discovery.k8s.io/v1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outage:
    """What connections noticed of one change of the tunnel. Seconds count from the change."""

    failed: int
    tried: int
    """Until the last failure."""
    last_s: float
    """When the last one that failed was given up; 0 without any."""
    slices_s: float
    """When the client's leaf had other endpoints in use."""

    def row(self) -> dict[str, float]:
        return {"failed": self.failed, "tried": self.tried, "last_s": self.last_s, "slices_s": self.slices_s}


def run(name: str, *, repeat: int, quick: bool) -> None:
    facts, rows = machine.facts(), []
    for ping, options in list(PINGS.items())[: 1 if quick else None]:
        with running(name, "--leaves", "3", "--kube-proxy", *options) as lab:
            provider = _not_remapped(lab)
            pair = (min(provider, CLIENT), max(provider, CLIENT))
            module_task(kubeconfigs(lab, pair), [pair])
            _service(lab, provider)
            for mode in MODES[: 1 if quick else None]:
                row: Row = {"ping": ping, "mode": mode, "down": [], "back": []}
                for _number in range(repeat):
                    down, back = _measure(lab, provider, mode)
                    row["down"].append(down.row())
                    row["back"].append(back.row())
                say(f"failover, {ping}, {mode}: {summary.middle([one['last_s'] for one in row['down']])} s")
                rows.append(row)
                _propagate(lab, provider, mode, state="absent")
    keep("failover", rows, render(rows), facts)


def render(rows: list[Row]) -> str:
    head = (
        "ping",
        "mode",
        "last failure after (s)",
        "failed until then",
        "other endpoints after (s)",
        "back: direct again after (s)",
        "back: failed",
    )
    return summary.table(
        head,
        [
            (
                row["ping"],
                row["mode"],
                summary.middle([one["last_s"] for one in row["down"]]),
                ", ".join(f"{one['failed']} of {one['tried']}" for one in row["down"]),
                summary.middle([one["slices_s"] for one in row["down"]]),
                summary.middle([one["slices_s"] for one in row["back"]]),
                ", ".join(str(one["failed"]) for one in row["back"]),
            )
            for row in rows
        ],
    )


def _measure(lab: Lab, provider: str, mode: str) -> tuple[Outage, Outage]:
    """The provider's gateway towards the client's leaf dies, and runs again."""
    api = Api(lab.cluster(CLIENT).user_kubeconfig)
    _propagate(lab, provider, mode)
    direct = _in_use(api)
    with _callers(lab, api) as answers:
        wait_for(lambda: len(answers()) > 20 and not _failures(answers()[-20:]), "answers", timeout_s=PATIENCE_S)
        since = time.monotonic()
        faults.break_(lab, provider, f"gateway:{CLIENT}")
        changed = since
        if mode == "upstream":
            # Nothing but a run takes it back: here one that starts when the client's leaf calls the tunnel down.
            wait_for(lambda: not _connected(api, provider), "the end of the tunnel", timeout_s=PATIENCE_S, every_s=0.05)
            _propagate(lab, provider, mode)
        wait_for(lambda: _in_use(api) != direct, "other endpoints", timeout_s=PATIENCE_S, every_s=0.05)
        changed = time.monotonic()
        down = _outage(answers, since, changed)
        since = time.monotonic()
        faults.mend(lab)
        if mode == "upstream":
            wait_for(lambda: _connected(api, provider), "the tunnel", timeout_s=PATIENCE_S, every_s=0.05)
            _propagate(lab, provider, mode)
        wait_for(lambda: _in_use(api) == direct, "the direct endpoints", timeout_s=PATIENCE_S, every_s=0.05)
        back = _outage(answers, since, time.monotonic())
    return down, back


Answers = list[tuple[float, str]]
"""When each connection began, and which cluster answered or ``nobody``."""


@contextmanager
def _callers(lab: Lab, api: Api) -> Iterator[Callable[[], Answers]]:
    body = api.get("v1", "Service", NAMESPACE, f"{NAMESPACE}-{HUB}")
    if body is None:
        raise RuntimeError(f"{CLIENT} has no Service {NAMESPACE}")
    source = datapath.find_pod(lab, CLIENT, f"{DEMO_NAMESPACE}-{HUB}/web-{CLIENT}")
    program = [sys.executable, "-I", "-S", probe.__file__, "hits", body["spec"]["clusterIP"], "-p", "80", "--text"]
    pace = ["-c", "1000000", "-i", str(PACE_S), "-W", str(GIVE_UP_S)]
    with tempfile.TemporaryFile("w+") as said:
        process = subprocess.Popen(net.enter(source.netns, [*program, *pace]), stdout=said)

        def answers() -> Answers:
            said.seek(0)
            lines = [line.split() for line in said.read().splitlines(keepends=True) if line.endswith("\n")]
            return [(float(began), who) for began, who in lines]

        try:
            yield answers
        finally:
            process.terminate()
            process.wait(10)


def _failures(answers: Answers) -> list[float]:
    return [began for began, who in answers if who == "nobody"]


def _outage(answers: Callable[[], Answers], since: float, changed: float) -> Outage:
    """Waits until nothing has failed for a while."""

    def over() -> bool:
        newest = answers()[-1][0]
        return newest > max([changed, *_failures(answers())]) + QUIET_S

    wait_for(over, "the end of the outage", timeout_s=PATIENCE_S)
    seen = [(began, who) for began, who in answers() if began >= since]
    failed = _failures(seen)
    return Outage(
        failed=len(failed),
        tried=sum(began <= failed[-1] for began, _who in seen) if failed else 0,
        last_s=failed[-1] + GIVE_UP_S - since if failed else 0.0,
        slices_s=changed - since,
    )


def _in_use(api: Api) -> frozenset[str]:
    """The addresses that kube-proxy of the client's leaf may choose from."""
    selector = f"kubernetes.io/service-name={NAMESPACE}"
    return frozenset(
        address
        for body in api.list(SLICES, "EndpointSlice", selector=selector)
        for one in body.get("endpoints") or []
        if one.get("conditions", {}).get("ready", True)
        for address in one["addresses"]
    )


def _connected(api: Api, peer: str) -> bool:
    selector = f"liqo.io/remote-cluster-id={peer}"
    found = api.list("networking.liqo.io/v1beta1", "Connection", selector=selector)
    return bool(found) and all(body.get("status", {}).get("value") == "Connected" for body in found)


def _propagate(lab: Lab, provider: str, mode: str, **options: Any) -> None:
    task = {
        "fabric": "bench",
        "clusters": [
            {"name": cluster, "kubeconfig": path} for cluster, path in kubeconfigs(lab, [HUB, provider, CLIENT]).items()
        ],
        "hubs": [HUB],
        "services": [{"namespace": NAMESPACE, "name": NAMESPACE}],
        "mode": "auto" if mode == "upstream" else mode,
        **options,
    }
    playbook(
        [
            {
                "name": "Benchmark",
                "hosts": "localhost",
                "gather_facts": False,
                "tasks": [{"name": "Services", "liqo.fabric.propagation": task}],
            }
        ]
    )


def _not_remapped(lab: Lab) -> str:
    """Of leaf-a and leaf-b, which have the same pod CIDR, the one that the hub does not remap: upstream needs it."""
    for body in Api(lab.cluster(HUB).user_kubeconfig).list("networking.liqo.io/v1beta1", "Configuration"):
        leaf = body["metadata"]["labels"]["liqo.io/remote-cluster-id"]
        if leaf != CLIENT and body["spec"]["remote"]["cidr"]["pod"] == body["status"]["remote"]["cidr"]["pod"]:
            return str(leaf)
    raise RuntimeError("the hub remaps every leaf")


def _service(lab: Lab, provider: str) -> None:
    """A namespace of the hub on these two leaves alone, with a Service whose only pod runs on the provider."""
    api = Api(lab.cluster(HUB).user_kubeconfig)
    api.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}})
    expression = {"key": "liqo.io/remote-cluster-id", "operator": "In", "values": [provider, CLIENT]}
    api.create(
        {
            "apiVersion": "offloading.liqo.io/v1beta1",
            "kind": "NamespaceOffloading",
            "metadata": {"name": "offloading", "namespace": NAMESPACE},
            "spec": {
                "namespaceMappingStrategy": "DefaultName",
                "podOffloadingStrategy": "LocalAndRemote",
                "clusterSelector": {"nodeSelectorTerms": [{"matchExpressions": [expression]}]},
            },
        }
    )
    client = Api(lab.cluster(CLIENT).user_kubeconfig)
    wait_for(
        lambda: client.get("v1", "Namespace", f"{NAMESPACE}-{HUB}") is not None,
        f"namespace {NAMESPACE} on {CLIENT}",
        timeout_s=PATIENCE_S,
    )
    pod = peering.demo_pod(lab.cluster(provider), f"{NAMESPACE}-{provider}", {"app": NAMESPACE})
    for body in (pod, peering.demo_service(NAMESPACE)):
        metadata: Mapping[str, Any] = body["metadata"]
        api.create({**body, "metadata": {**metadata, "namespace": NAMESPACE}})
    wait_for(lambda: bool(_in_use(client)), f"the pod in the slices of {CLIENT}", timeout_s=PATIENCE_S)
