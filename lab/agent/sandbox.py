# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One pod's network namespace, folder and containers: made together, gone together."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from lab import net, process
from lab.agent import volumes
from lab.agent.addresses import routed_pair
from lab.agent.containers import Command, RunningContainer, base_env, rooted_command, server_command
from lab.agent.plugs import Plug
from lab.agent.pods import Container, Pod, Role, plan_containers
from lab.api import Api
from lab.layout import WIREGUARD_GO, Cluster, Lab


@dataclass(slots=True, kw_only=True)
class Sandbox:
    """A pod that runs for real. Used by its pod's thread only."""

    lab: Lab
    cluster: Cluster
    pod: Pod
    ip: str
    number: int
    """Unique in the lab; names the namespace and the cable."""
    netns: str = ""
    plugged: Plug | None = None
    containers: dict[str, RunningContainer] = field(default_factory=dict)
    folder: volumes.PodFolder = field(init=False)

    def __post_init__(self) -> None:
        path = volumes.folder(self.lab) / self.pod.key.uid
        self.folder = volumes.PodFolder(self.cluster, self.pod, path)

    @property
    def running(self) -> bool:
        return bool(self.containers) and all(c.running for c in self.containers.values())

    @property
    def restarts(self) -> dict[str, int]:
        return {name: container.restarts for name, container in self.containers.items()}

    def create(self, api: Api, ended: Callable[[], None]) -> None:
        """Everything is there to start the containers; `ended` is called when one of them ends.

        Raises ApiError, MissingSecretError, NetError; may then be called again.
        """
        planned = plan_containers(self.pod, ip=self.ip, liqo=self.cluster.liqo)
        self.folder.path.mkdir(parents=True, exist_ok=True, mode=0o700)
        if self.pod.role is not Role.DEMO:
            self.folder.fill(api, [volume for container in planned for volume in container.volumes])
        self._connect()
        self.containers = {c.name: RunningContainer(self._command(c), ended) for c in planned}

    def _connect(self) -> None:
        if self.pod.role is Role.FABRIC:
            self.netns = self.cluster.node_namespace
            return
        self.netns = self.lab.pod_namespace(self.number)
        if self.pod.role is Role.DEMO:
            net.plug_node_pod(self.cluster, self.netns, number=self.number, address=self.ip)
        else:
            near, far = routed_pair(self.number)
            net.plug_world_pod(self.lab, self.netns, number=self.number, near=near, far=far)

    def _command(self, container: Container) -> Command:
        key = self.pod.key
        log = self.lab.logs / "pods" / f"{self.cluster.name}.{key.namespace}.{key.name}.{container.name}.log"
        env = base_env({process.MARK: str(self.lab.state)})
        if not container.program:
            argv = server_command(self.netns, cluster=self.cluster.name, pod=key.name, pod_namespace=key.namespace)
            return Command(argv=tuple(argv), env=env, log=log)
        inner = f"/usr/bin/{container.program}"
        binds = {
            inner: self.lab.binary(self.cluster.liqo, container.program),
            volumes.ACCOUNT_PATH: self.folder.account,
        }
        binds |= {volume.path: self.folder.source(volume) for volume in container.volumes}
        if container.program == "wireguard" and WIREGUARD_GO in self.lab.binaries:
            # Liqo before 1.2.0 runs it as a program of its own.
            binds["/usr/bin/wireguard-go"] = self.lab.binary(WIREGUARD_GO, "wireguard-go")
        argv = rooted_command(self.netns, self.folder.root(container.name), binds, [inner, *container.args])
        server = {
            "KUBERNETES_SERVICE_HOST": self.cluster.node_ip,
            "KUBERNETES_SERVICE_PORT": str(self.cluster.apiserver_port),
        }
        return Command(argv=tuple(argv), env={**env, **server, **container.env}, log=log)

    def ensure_containers(self) -> float | None:
        """Starts what does not run and may; returns the monotonic time of the next start that must wait, if any."""
        waits = [container.ensure() for container in self.containers.values()]
        return min((w for w in waits if w is not None), default=None)

    def plug(self, wanted: Plug | None) -> None:
        """The gateway's cable to the node is as Liqo wants it."""
        if wanted is None or wanted == self.plugged:
            return
        net.plug_gateway(
            self.cluster,
            self.netns,
            node_link=wanted.node_link,
            node_ip=wanted.node_ip,
            gateway_link=wanted.gateway_link,
            gateway_ip=wanted.gateway_ip,
        )
        self.plugged = wanted

    def destroy(self, grace_s: float) -> None:
        """Containers have ended, namespace and folder are gone. May be called again."""
        deadline = time.monotonic() + grace_s
        for container in self.containers.values():
            container.ask_to_end()
        for container in self.containers.values():
            container.end(deadline)
        self.containers = {}
        if self.netns and self.netns != self.cluster.node_namespace:
            # Programs that a container has started, such as wireguard-go.
            net.end_processes([self.netns], grace_s=max(0.1, deadline - time.monotonic()))
            net.delete_namespace(self.netns)
        self.netns, self.plugged = "", None
        self.folder.remove()
