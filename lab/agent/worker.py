# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The life of one pod, in a thread of its own: start, watch, start again, report, end."""

from __future__ import annotations

import logging
import subprocess
import threading
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

from lab import net
from lab.agent.addresses import AddressesUsedUpError
from lab.agent.containers import restart_delay_s
from lab.agent.plugs import Plug
from lab.agent.pods import Pod, Role, is_stub
from lab.agent.registry import PodEntry
from lab.agent.sandbox import Sandbox
from lab.agent.status import STUBBED, Reported, pod_status
from lab.agent.volumes import MissingSecretError
from lab.api import Api, ApiError
from lab.layout import Cluster, Lab

_LOG = logging.getLogger(__name__)
_DELETION_GRACE_S = 5.0
FAILURES = (ApiError, MissingSecretError, AddressesUsedUpError, net.NetError, OSError, subprocess.SubprocessError)
"""What may go wrong for a while; the pod is tried again."""
STUB_MESSAGE = "stub: this lab runs without root, so nothing stands behind the pod"
HELD_MESSAGE = "held down by `break` of the lab"


class Node(Protocol):
    """What a pod's thread asks of its node."""

    lab: Lab
    cluster: Cluster
    api: Api

    def address_of(self, pod: Pod) -> tuple[str, int]:
        """The pod's address, and its number in the lab."""

    def is_held(self, pod: Pod) -> bool:
        """Whether a fault keeps the pod from running."""

    def plug_of(self, pod: Pod) -> Plug | None:
        """The cable that the pod needs, once known."""

    def changed(self) -> None:
        """Something that the node publishes has changed."""


@dataclass(frozen=True, slots=True)
class Ending:
    """Why a pod's thread has to finish."""

    grace_s: float
    delete: bool
    """Whether the pod object must go, too."""


class PodWorker:
    """One pod of the node. All its methods may be called from any thread and return at once."""

    def __init__(self, node: Node, pod: Pod) -> None:
        self._node = node
        self._pod = pod
        self._ending: Ending | None = None
        self._sandbox: Sandbox | None = None
        self._reported: Reported | None = None
        self._started_at = _now()
        self._failures = 0
        self._last_failure = ""
        self._wake = threading.Event()
        self._thread = threading.Thread(target=self._run, name=str(pod.key), daemon=True)

    def start(self) -> None:
        self._thread.start()

    def update(self, pod: Pod) -> None:
        """A newer state of the same pod has been seen."""
        self._pod = pod
        if pod.deleted and self._ending is None:
            self._ending = Ending(_DELETION_GRACE_S, delete=True)
        self._wake.set()

    def end(self, *, grace_s: float = _DELETION_GRACE_S) -> None:
        """The pod is no longer there, or the agent ends."""
        self._ending = Ending(grace_s, delete=False)
        self._wake.set()

    def poke(self) -> None:
        """Look again: something outside the pod has changed."""
        self._wake.set()

    def join(self, timeout_s: float) -> bool:
        """True when the pod's thread has finished in time."""
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    @property
    def finished(self) -> bool:
        return not self._thread.is_alive()

    def entry(self) -> PodEntry:
        """What the lab publishes of the pod."""
        pod, sandbox, reported = self._pod, self._sandbox, self._reported
        nothing_to_run = pod.role is Role.CONTROL_PLANE or self._node.lab.rootless
        running = sandbox.running if sandbox else nothing_to_run and reported is not None and reported.ready
        return PodEntry(
            namespace=pod.key.namespace,
            name=pod.key.name,
            uid=pod.key.uid,
            role=pod.role.value,
            peer=pod.peer,
            ip=reported.ip if reported else pod.ip,
            netns=sandbox.netns if sandbox else "",
            running=running,
        )

    def _run(self) -> None:
        while True:
            self._wake.clear()
            try:
                if self._ending is not None:
                    self._finish(self._ending)
                    return
                due = self._step()
                self._failures, self._last_failure = 0, ""
            except FAILURES as error:
                due = self._note_failure(error)
            self._wake.wait(None if due is None else max(0.0, due - time.monotonic()))

    def _note_failure(self, error: Exception) -> float:
        self._failures += 1
        if str(error) != self._last_failure:
            _LOG.info("%s: pod %s: %s", self._node.cluster.name, self._pod.key, error)
        self._last_failure = str(error)
        return time.monotonic() + restart_delay_s(self._failures)

    def _step(self) -> float | None:
        """Brings the pod one step on; returns the monotonic time of the next look if nothing wakes it before."""
        node, pod = self._node, self._pod
        ip, number = node.address_of(pod)
        if node.is_held(pod):
            self._destroy(grace_s=0.0)
            self._report(ip, ready=False, reason="HeldByLab", message=HELD_MESSAGE)
            return None
        if is_stub(pod, rootless=node.lab.rootless):
            self._report(ip, ready=True, reason=STUBBED, message=STUB_MESSAGE)
            return None
        if pod.role is Role.CONTROL_PLANE:
            self._report(ip, ready=True)
            return None
        sandbox = self._sandbox or self._create(pod, ip, number)
        due = sandbox.ensure_containers()
        if pod.role is Role.GATEWAY:
            sandbox.plug(node.plug_of(pod))
        self._report(ip, ready=sandbox.running, restarts=sandbox.restarts)
        return self._renew(sandbox, due)

    def _create(self, pod: Pod, ip: str, number: int) -> Sandbox:
        sandbox = Sandbox(lab=self._node.lab, cluster=self._node.cluster, pod=pod, ip=ip, number=number)
        try:
            sandbox.create(self._node.api, self._wake.set)
        except FAILURES:
            sandbox.destroy(grace_s=0.0)
            raise
        self._sandbox = sandbox
        _LOG.info("%s: pod %s runs in %s with %s", self._node.cluster.name, pod.key, sandbox.netns, ip)
        return sandbox

    def _renew(self, sandbox: Sandbox, due: float | None) -> float | None:
        """Keeps the pod's token fresh; returns the earlier of `due` and the next renewal."""
        if not sandbox.folder.renew_at:
            return due
        if time.monotonic() >= sandbox.folder.renew_at:
            sandbox.folder.renew_token(self._node.api)
        return min(due or sandbox.folder.renew_at, sandbox.folder.renew_at)

    def _report(
        self, ip: str, *, ready: bool, reason: str = "", message: str = "", restarts: dict[str, int] | None = None
    ) -> None:
        want = Reported(
            ip=ip, ready=ready, started_at=self._started_at, restarts=restarts or {}, reason=reason, message=message
        )
        if want == self._reported:
            return
        key = self._pod.key
        body = pod_status(self._pod, want, host_ip=self._node.cluster.node_ip, now=_now())
        try:
            self._node.api.patch("v1", "Pod", key.name, body, namespace=key.namespace, sub="status")
        except ApiError as error:
            if error.status != 404:
                raise
        self._reported = want
        self._node.changed()

    def _destroy(self, *, grace_s: float) -> None:
        if self._sandbox is not None:
            self._sandbox.destroy(grace_s)
            self._sandbox = None
            self._node.changed()

    def _finish(self, ending: Ending) -> None:
        self._destroy(grace_s=ending.grace_s)
        key = self._pod.key
        if ending.delete:
            # A new pod may have taken the name by now: the uid must match.
            path = f"/api/v1/namespaces/{key.namespace}/pods/{key.name}"
            options = {"apiVersion": "v1", "kind": "DeleteOptions", "gracePeriodSeconds": 0}
            try:
                self._node.api.request("DELETE", path, {**options, "preconditions": {"uid": key.uid}})
            except ApiError as error:
                if error.status not in (404, 409):
                    raise
        _LOG.info("%s: pod %s has ended", self._node.cluster.name, key)
        self._node.changed()


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
