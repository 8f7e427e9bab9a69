# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""`python -m lab.agent STATE_DIR`: the node agent of one lab, until SIGTERM. SIGHUP makes it read the faults again."""

from __future__ import annotations

import argparse
import fcntl
import logging
import os
import queue
import signal
import sys
import threading
import time
from pathlib import Path

from lab import net
from lab.agent import volumes
from lab.agent.node import ClusterNode
from lab.faults import active_faults
from lab.layout import Lab, LayoutError

_LOG = logging.getLogger("lab.agent")
_SYNC_S = 120.0
_POD_GRACE_S = 1.0
_END_S = 2.7


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m lab.agent", description="Node agent of a lab.")
    parser.add_argument("state", type=Path, help="the lab's state folder, which holds lab.json")
    arguments = parser.parse_args()
    logging.basicConfig(format="%(asctime)s.%(msecs)03d %(message)s", datefmt="%H:%M:%S", level=logging.INFO)
    try:
        lab = Lab.from_json((arguments.state / "lab.json").read_text())
    except (OSError, LayoutError) as error:
        print(f"lab.agent: {error}", file=sys.stderr)
        return 2
    lock = lock_lab(lab)
    if lock is None:
        print(f"lab.agent: another agent serves lab {lab.name}", file=sys.stderr)
        return 2
    try:
        return serve(lab)
    except net.NetError as error:
        print(f"lab.agent: {error}", file=sys.stderr)
        return 1


def lock_lab(lab: Lab) -> int | None:
    """A descriptor that keeps other agents of the same lab away; None when there is one."""
    lab.run.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(lab.run / "agent.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return None
    return descriptor


def ready_file(lab: Lab) -> Path:
    """Exists while the agent watches everything that it has to."""
    return lab.run / "agent.ready"


def serve(lab: Lab) -> int:
    """Runs until SIGTERM or SIGINT; returns the exit code."""
    # Handlers, not a blocked mask: children would inherit that and never hear SIGTERM.
    received: queue.SimpleQueue[int] = queue.SimpleQueue()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda got, _frame: received.put(got))
    clear_leftovers(lab)
    volumes.prepare(lab)
    nodes = [ClusterNode(lab, cluster) for cluster in lab.clusters]
    for node in nodes:
        node.take_faults(active_faults(lab))
        node.start()
    stub = "; without root: gateways and all other pods are stubs" if lab.rootless else ""
    _LOG.info("lab %s: %d clusters%s", lab.name, len(nodes), stub)
    threading.Thread(target=announce, args=(lab, nodes), daemon=True).start()
    while received.get() == signal.SIGHUP:
        for node in nodes:
            node.take_faults(active_faults(lab))
    stop(lab, nodes)
    return 0


def announce(lab: Lab, nodes: list[ClusterNode]) -> None:
    """The ready file appears once all clusters have been listed."""
    deadline = time.monotonic() + _SYNC_S
    late = [node.cluster.name for node in nodes if not node.wait_synced(deadline)]
    if late:
        _LOG.info("not everything could be listed in %.0f s: %s", _SYNC_S, ", ".join(late))
    else:
        ready_file(lab).touch()
        _LOG.info("ready")


def stop(lab: Lab, nodes: list[ClusterNode]) -> None:
    """All pods have ended, and what the agent made is gone."""
    deadline = time.monotonic() + _END_S
    ready_file(lab).unlink(missing_ok=True)
    for node in nodes:
        node.halt()
    for node in nodes:
        node.end_pods(grace_s=_POD_GRACE_S)
    for node in nodes:
        node.join(deadline)
    clear_leftovers(lab)
    volumes.release(lab)
    _LOG.info("ended")


def clear_leftovers(lab: Lab) -> None:
    """No pod or node namespace, registry or ready file of an earlier agent is left."""
    ready_file(lab).unlink(missing_ok=True)
    for file in lab.run.glob("pods-*.json"):
        file.unlink(missing_ok=True)
    if lab.rootless:
        return
    old = [name for name in net.namespaces(lab) if name != lab.world_namespace]
    net.end_processes(old, grace_s=0.0)
    for name in old:
        net.delete_namespace(name)


if __name__ == "__main__":
    code = main()
    # Idle watches are blocked in threads of their own; nothing is left to clean up.
    sys.stdout.flush()
    os._exit(code)
