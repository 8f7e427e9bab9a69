# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Kubernetes' own kube-proxy on the node of a cluster: what a pod sends to a ClusterIP reaches an endpoint. Pure."""

from __future__ import annotations

from lab import net, process
from lab.agent.containers import Command, base_env
from lab.layout import KUBERNETES, NODE_NAME, Cluster, Lab

NAME = "kube-proxy"


def kube_proxy(lab: Lab, cluster: Cluster) -> Command:
    """It runs in the node's network namespace, where the packets of all demo pods pass."""
    return Command(
        argv=tuple(net.enter(cluster.node_namespace, arguments(lab, cluster))),
        env=base_env({process.MARK: str(lab.state)}),
        log=lab.logs / f"{cluster.process(NAME)}.log",
    )


def arguments(lab: Lab, cluster: Cluster) -> list[str]:
    """Its command line."""
    return [
        str(lab.binary(KUBERNETES, NAME)),
        f"--kubeconfig={cluster.kubeconfig}",
        # The kubeconfig leads to loopback of the world; the node sees the API server as pods do.
        f"--master={cluster.apiserver_url}",
        "--proxy-mode=nftables",
        f"--hostname-override={NODE_NAME}",
        f"--cluster-cidr={cluster.pod_cidr}",
        # 0 keeps the machine's settings, which a node of the lab must not change.
        "--conntrack-max-per-core=0",
        "--conntrack-tcp-timeout-established=0s",
        "--conntrack-tcp-timeout-close-wait=0s",
        "--healthz-bind-address=",
        "--metrics-bind-address=",
    ]
