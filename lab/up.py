# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Brings a lab up: from nothing, or from the snapshot of one like it."""

from __future__ import annotations

import contextlib
import datetime
import fcntl
import os
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from lab import binaries, chart, controlplane, limits, liqo, net, peering, pki, places, process, slots, snapshot
from lab.api import Api, wait_for
from lab.chart import Chart
from lab.down import down
from lab.forward import READY as FORWARD_READY
from lab.layout import (
    WITHOUT_ROOT,
    Cluster,
    Lab,
    LayoutError,
    Wishes,
    can_be_peered,
    check_wishes,
    clusters_in_words,
    liqo_versions_needed,
    plan_lab,
)

AGENT = "agent"
AGENT_READY = "agent.ready"
FORWARD = "forward"
Say = Callable[[str], None]
T = TypeVar("T")


def up(wishes: Wishes, *, fresh: bool, say: Say) -> Lab:
    """The lab runs as wished and is complete; raises LayoutError when another lab has its name.

    `fresh` starts from nothing even where a snapshot would do.
    """
    check_wishes(wishes)
    if wishes.rootless and wishes.peering:
        say("without root nothing can be peered: continuing as with --no-peering")
        wishes = replace(wishes, peering=False)
    if wishes.rootless and wishes.kube_proxy:
        say("without root there is no kube-proxy: continuing without --kube-proxy")
        wishes = replace(wishes, kube_proxy=False)
    state, cache = places.state_folder(wishes.name), places.cache_root()
    if not wishes.rootless:
        net.check_tools()
    programs = binaries.ensure(binaries.keys_for(liqo_versions_needed(wishes)), cache, say)
    with _only_one(state):
        running = _keep_or_clean(wishes, state, say)
        if running is not None:
            return running
        limits.raise_inotify(say)
        lab = plan_lab(wishes, slot=slots.claim(state), state=state, cache=cache, binaries=programs)
        places.save(lab)
        process.record_self(lab, "up")
        found = None if fresh else snapshot.find(lab)
        if found is not None:
            snapshot.restore(lab, found)
        say(describe(lab) + (", from a snapshot" if found else ""))
        _bring_up(lab, restored=found is not None, say=say)
        if found is None and lab.peering:
            snapshot.save(lab)
            say("snapshot kept: the next lab of this kind starts from it")
        (lab.run / places.COMPLETE).touch()
    return lab


def describe(lab: Lab) -> str:
    """One line: what this lab is, and what in it is not real."""
    versions = sorted({c.liqo for c in lab.clusters}, reverse=True)
    ping = "200 ms (shortened)" if lab.fast_ping else "2 s (Liqo's default)"
    parts = [
        f"lab {lab.name} in slot {lab.slot}: {clusters_in_words(lab)}",
        f"Liqo {', '.join(versions)}",
        f"gateway ping {ping}",
        f"LoadBalancer addresses after {lab.delay_loadbalancer_s:g} s",
    ]
    denying = [c.name for c in lab.clusters if c.denies_direct]
    if denying:
        parts.append(f"direct connections denied by {', '.join(denying)}")
    if lab.kube_proxy:
        parts.append("kube-proxy in every cluster")
    if lab.rootless:
        parts.append(WITHOUT_ROOT)
    return "; ".join(parts)


def _bring_up(lab: Lab, *, restored: bool, say: Say) -> None:
    since = datetime.datetime.now(datetime.UTC).replace(microsecond=0)
    for cluster in lab.clusters:
        pki.make(cluster)
        pki.write_kubeconfigs(cluster)
    if not lab.rootless:
        net.create_world(lab)
    controlplane.start_etcd(lab)
    for cluster in lab.clusters:
        controlplane.start_apiserver(lab, cluster)
    _start_forward(lab)
    drawn = dict(zip((c.name for c in lab.clusters), _each(lab, lambda c: chart.render(lab, c)), strict=True))
    apis = {c.name: Api(c.user_kubeconfig) for c in lab.clusters}
    _each(lab, lambda c: _start_cluster(lab, c, apis[c.name], drawn[c.name], restored=restored))
    say("API servers serve" if restored else "API servers serve, with Liqo's chart")
    _start_agent(lab)
    _each(lab, lambda c: _start_liqo(lab, c, apis[c.name], drawn[c.name], restored=restored))
    _wait_file(lab, AGENT, AGENT_READY)
    say("Liqo is ready in every cluster")
    if lab.peering:
        _peer(lab, apis, since, restored=restored, say=say)


def _peer(lab: Lab, apis: dict[str, Api], since: datetime.datetime, *, restored: bool, say: Say) -> None:
    for hub in lab.hubs:
        for leaf in lab.leaves:
            if not can_be_peered(hub, leaf):
                say(f"{leaf.name} gets a network only: Liqo {leaf.liqo} cannot be peered by a hub of {hub.liqo}")
    if not restored:
        peering.peer_all(lab, say)
        for hub in lab.hubs:
            peering.create_demo(lab, hub, apis[hub.name])
    peering.wait_links(lab, apis, since=since)
    for hub in lab.hubs:
        peering.wait_virtual_nodes(lab, hub, apis[hub.name])
    say("every tunnel between hub and leaves is connected, virtual nodes are ready")
    for hub in lab.hubs:
        peering.wait_demo(lab, hub, apis[hub.name])
    say("the demo pods run")


def _start_cluster(lab: Lab, cluster: Cluster, api: Api, drawn: Chart, *, restored: bool) -> None:
    controlplane.wait_ready(lab, cluster, api)
    controlplane.start_controllers(lab, cluster)
    if not restored:
        liqo.install(lab, cluster, api, drawn)


def _start_liqo(lab: Lab, cluster: Cluster, api: Api, drawn: Chart, *, restored: bool) -> None:
    liqo.start(lab, cluster, drawn)
    liqo.finish(lab, cluster, api, () if restored else drawn.late)


def _start_forward(lab: Lab) -> None:
    """Ports of the machine lead to the API servers.

    A rootless lab needs none: its API servers listen on loopback of the machine.
    """
    if lab.rootless:
        return
    (lab.run / FORWARD_READY).unlink(missing_ok=True)
    process.start(lab, FORWARD, [sys.executable, "-m", "lab.forward", str(lab.state)], env=_python_env())
    _wait_file(lab, FORWARD, FORWARD_READY)


def _start_agent(lab: Lab) -> None:
    """The node agent runs; AGENT_READY appears once it watches everything."""
    (lab.run / AGENT_READY).unlink(missing_ok=True)
    command = [sys.executable, "-m", "lab.agent", str(lab.state)]
    process.start(lab, AGENT, command, namespace=controlplane.namespace(lab), env=_python_env())


def _wait_file(lab: Lab, name: str, file: str) -> None:
    def probe() -> bool:
        process.require(lab, name)
        return (lab.run / file).exists()

    wait_for(probe, f"{name} to be ready", timeout_s=lab.patience_s, every_s=0.05)


def _python_env() -> dict[str, str]:
    return {"PYTHONPATH": str(Path(__file__).parent.parent), "PYTHONUNBUFFERED": "1"}


def _each(lab: Lab, work: Callable[[Cluster], T]) -> list[T]:
    """The work for every cluster, at once; raises the first error after all have ended."""
    with ThreadPoolExecutor(len(lab.clusters)) as pool:
        return list(pool.map(work, lab.clusters))


def _keep_or_clean(wishes: Wishes, state: Path, say: Say) -> Lab | None:
    """The lab of this name if it runs as wished; otherwise remains of an earlier one are gone.

    Raises LayoutError when another lab has the name.
    """
    try:
        lab = places.read(state)
    except LayoutError:
        lab = None
    if lab is not None and places.is_complete(lab) and process.alive(lab, controlplane.ETCD):
        same = plan_lab(wishes, slot=lab.slot, state=state, cache=lab.cache, binaries=lab.binaries)
        if same == lab:
            say(f"lab {lab.name} is up already")
            return lab
        raise LayoutError(f"lab {lab.name} is up with other choices; take it down first, or use another --name")
    if any(state.iterdir()) or slots.claimed_by(state) is not None:
        say(f"removing what an earlier lab {wishes.name} left behind")
        left = down(state)
        if left:
            raise LayoutError(f"lab {wishes.name} left things behind that cannot be removed: {', '.join(left)}")
        state.mkdir(mode=0o700, parents=True)
    return None


@contextlib.contextmanager
def _only_one(state: Path) -> Iterator[None]:
    """No other `up` works on this state folder meanwhile; raises LayoutError when one does."""
    state.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(state, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise LayoutError(f"another `up` is working on {state}") from None
    else:
        yield
    finally:
        os.close(descriptor)


def stopwatch(write: Callable[[str], None]) -> Say:
    """A Say that puts the seconds since now before each line."""
    started = time.monotonic()
    return lambda text: write(f"{time.monotonic() - started:6.1f} s  {text}")
