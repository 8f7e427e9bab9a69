# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Kubernetes control planes: one etcd for the whole lab, an API server and a controller manager per cluster."""

from __future__ import annotations

from lab import process
from lab.api import Api, wait_for
from lab.layout import KUBERNETES, SERVICE_CIDR, Cluster, Lab

ETCD = "etcd"
APISERVER = "apiserver"
CONTROLLERS = "kcm"

AUDIT_POLICY = """\
apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
  - level: Metadata
"""

_CONTROLLER_NAMES = (
    "garbage-collector-controller",
    "namespace-controller",
    "deployment-controller",
    "replicaset-controller",
    "daemonset-controller",
    "endpointslice-controller",
    "serviceaccount-controller",
    "certificatesigningrequest-signing-controller",
    "clusterrole-aggregation-controller",
    "root-ca-certificate-publisher-controller",
)


def etcd_command(lab: Lab) -> list[str]:
    client, peer = f"http://127.0.0.1:{lab.etcd_port}", f"http://127.0.0.1:{lab.etcd_peer_port}"
    return [
        str(lab.binary(KUBERNETES, "etcd")),
        f"--data-dir={lab.etcd}",
        f"--listen-client-urls={client}",
        f"--advertise-client-urls={client}",
        f"--listen-peer-urls={peer}",
        f"--initial-advertise-peer-urls={peer}",
        f"--initial-cluster=default={peer}",
        "--unsafe-no-fsync",
        "--auto-compaction-retention=10m",
        "--quota-backend-bytes=4294967296",
        "--log-level=warn",
    ]


def apiserver_command(lab: Lab, cluster: Cluster) -> list[str]:
    pki = cluster.pki
    reconcile = ["--endpoint-reconciler-type=none"] if lab.rootless else [f"--advertise-address={cluster.node_ip}"]
    return [
        str(lab.binary(KUBERNETES, "kube-apiserver")),
        f"--etcd-servers=http://127.0.0.1:{lab.etcd_port}",
        f"--etcd-prefix=/{cluster.name}",
        f"--bind-address={'127.0.0.1' if lab.rootless else '0.0.0.0'}",
        f"--secure-port={cluster.apiserver_port}",
        *reconcile,
        f"--tls-cert-file={pki / 'server.crt'}",
        f"--tls-private-key-file={pki / 'server.key'}",
        f"--client-ca-file={pki / 'ca.crt'}",
        f"--cert-dir={pki}",
        "--service-account-issuer=https://kubernetes.default.svc",
        f"--service-account-signing-key-file={pki / 'sa.key'}",
        f"--service-account-key-file={pki / 'sa.pub'}",
        "--authorization-mode=RBAC",
        f"--service-cluster-ip-range={SERVICE_CIDR}",
        "--allow-privileged=true",
        f"--audit-policy-file={lab.state / 'audit-policy.yaml'}",
        f"--audit-log-path={cluster.audit_log}",
        "--audit-log-mode=blocking",
    ]


def controllers_command(lab: Lab, cluster: Cluster) -> list[str]:
    pki = cluster.pki
    return [
        str(lab.binary(KUBERNETES, "kube-controller-manager")),
        f"--kubeconfig={cluster.kubeconfig}",
        "--leader-elect=false",
        "--secure-port=0",
        f"--controllers={','.join(_CONTROLLER_NAMES)}",
        f"--service-account-private-key-file={pki / 'sa.key'}",
        f"--root-ca-file={pki / 'ca.crt'}",
        f"--cluster-signing-cert-file={pki / 'ca.crt'}",
        f"--cluster-signing-key-file={pki / 'ca.key'}",
    ]


def start_etcd(lab: Lab) -> None:
    lab.etcd.mkdir(mode=0o700, parents=True, exist_ok=True)
    process.start(lab, ETCD, etcd_command(lab), namespace=namespace(lab))


def start_apiserver(lab: Lab, cluster: Cluster) -> None:
    """The process runs; `wait_ready` says when it serves."""
    (lab.state / "audit-policy.yaml").write_text(AUDIT_POLICY)
    cluster.audit_log.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    command, name = apiserver_command(lab, cluster), cluster.process(APISERVER)
    process.start(lab, name, command, namespace=namespace(lab))


def wait_ready(lab: Lab, cluster: Cluster, api: Api) -> None:
    """The API server is ready; raises ProcessError when it or etcd has ended, TimeoutError when it takes too long."""

    def probe() -> bool:
        process.require(lab, ETCD)
        process.require(lab, cluster.process(APISERVER))
        return api.ready()

    wait_for(probe, f"the API server of {cluster.name}", timeout_s=lab.patience_s)


def start_controllers(lab: Lab, cluster: Cluster) -> None:
    process.start(lab, cluster.process(CONTROLLERS), controllers_command(lab, cluster), namespace=namespace(lab))


def namespace(lab: Lab) -> str:
    """Network namespace of the control planes; empty in a rootless lab."""
    return "" if lab.rootless else lab.world_namespace
