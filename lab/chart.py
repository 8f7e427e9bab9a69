# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Liqo's own Helm chart, rendered for one cluster and sorted into what is created when.

The manifests stay Liqo's. Three things differ from an ordinary installation: hooks and the metric agent are left out,
the webhook Service leads to loopback (where the webhook process listens), and the command lines of the Deployments
start processes instead of containers.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from lab.api import Object
from lab.binaries import CHART, HELMRENDER
from lab.layout import LIQO_NAMESPACE, LIQO_VERSIONS, SERVICE_CIDR, Cluster, Lab
from lab.pki import write_private

MANAGER = "controller-manager"
_POD_FIELDS = {"metadata.namespace": LIQO_NAMESPACE, "spec.nodeName": "n1"}


class ChartError(RuntimeError):
    """Liqo's chart could not be rendered, or has another shape than the lab knows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """How a Deployment of the chart starts its container."""

    args: tuple[str, ...]
    env: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """What Liqo's chart wants of one cluster."""

    objects: tuple[Object, ...]
    webhooks: tuple[Object, ...]
    """Configurations of admission webhooks; useless and harmful where no webhook runs."""
    late: tuple[Object, ...]
    """Objects that the webhook must admit."""
    commands: Mapping[str, Command]
    """By component: controller-manager, webhook, ipam, crd-replicator."""


def values(lab: Lab, cluster: Cluster) -> Object:
    """Values of the chart, the same for every Liqo version."""
    templates: Object = {"wireguard": {"implementation": "userspace"}}
    if lab.fast_ping:
        templates["ping"] = {"interval": "200ms", "updateStatusInterval": "1s"}
    off = {"enabled": False}
    return {
        "tag": f"v{cluster.liqo}",
        "discovery": {"config": {"clusterID": cluster.name, "clusterLabels": {"region": cluster.region}}},
        "ipam": {"podCIDR": cluster.pod_cidr, "serviceCIDR": SERVICE_CIDR},
        "networking": {"gatewayTemplates": templates, "denyDirectConnections": cluster.denies_direct},
        "requirements": {"kernel": off},
        "telemetry": off,
        "storage": off,
        "metrics": off,
        "webhook": {"port": cluster.webhook_port},
        "apiServer": {"address": cluster.apiserver_url},
    }


def render(lab: Lab, cluster: Cluster) -> Chart:
    """Raises ChartError."""
    folder = lab.binary(cluster.liqo, CHART)
    values_file = lab.run / f"{cluster.name}.values.yaml"
    write_private(values_file, yaml.safe_dump(values(lab, cluster)).encode())
    command = [str(lab.binary(LIQO_VERSIONS[0], HELMRENDER)), str(folder), str(values_file), "liqo", LIQO_NAMESPACE]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    if done.returncode:
        raise ChartError(f"the chart of Liqo {cluster.liqo} cannot be rendered: {done.stderr.strip()[-400:]}")
    return sort_manifests(load(done.stdout), cluster=cluster)


def crds(lab: Lab, cluster: Cluster) -> list[Object]:
    """The CRDs of the cluster's Liqo."""
    folder = lab.binary(cluster.liqo, CHART) / "charts" / "liqo-crds" / "crds"
    return [body for path in sorted(folder.glob("*.yaml")) for body in load(path.read_text())]


def load(text: str) -> list[Object]:
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return [body for body in yaml.load_all(text, loader) if body]


def sort_manifests(manifests: Iterable[Object], *, cluster: Cluster) -> Chart:
    """The chart's manifests by the moment at which they are created; raises ChartError when a component is missing."""
    objects: list[Object] = []
    webhooks: list[Object] = []
    late: list[Object] = []
    commands: dict[str, Command] = {}
    for body in manifests:
        kind, name = body["kind"], body["metadata"]["name"]
        if _left_out(body):
            continue
        if kind == "Deployment":
            commands[name.removeprefix("liqo-")] = command_of(body, cluster)
        if kind.endswith("WebhookConfiguration"):
            webhooks.append(body)
        elif kind == "FirewallConfiguration":
            late.append(body)
        elif kind == "Service" and name == "liqo-webhook":
            objects.append({**body, "spec": {"type": "ExternalName", "externalName": "127.0.0.1"}})
        else:
            objects.append(body)
    missing = {MANAGER, "webhook", "ipam", "crd-replicator"} - commands.keys()
    if missing:
        raise ChartError(f"the chart of Liqo {cluster.liqo} has no Deployment liqo-{', liqo-'.join(sorted(missing))}")
    return Chart(
        objects=tuple(objects),
        webhooks=tuple(webhooks),
        late=tuple(late),
        commands=commands,
    )


def command_of(deployment: Object, cluster: Cluster) -> Command:
    """Arguments and environment of a Deployment's first container, with $(VARIABLES) filled in as a kubelet would."""
    container = deployment["spec"]["template"]["spec"]["containers"][0]
    env = {
        entry["name"]: _value(entry, deployment["metadata"]["name"], cluster) for entry in container.get("env") or []
    }
    args = (re.sub(r"\$\((\w+)\)", lambda m: env.get(m[1], m[0]), arg) for arg in container.get("args") or [])
    return Command(args=tuple(args), env=env)


def with_flags(args: Iterable[str], flags: Mapping[str, str]) -> list[str]:
    """The arguments with these `--flag=value`, in place of the same flags if they are there."""
    kept = [arg for arg in args if arg.partition("=")[0] not in flags]
    return [*kept, *(f"{flag}={value}" for flag, value in flags.items())]


def _left_out(body: Object) -> bool:
    annotations = body["metadata"].get("annotations") or {}
    is_hook = any("helm.sh/hook" in key for key in annotations)
    return is_hook or body["kind"] == "APIService" or "metric-agent" in body["metadata"]["name"]


def _value(entry: Mapping[str, Any], deployment: str, cluster: Cluster) -> str:
    source = entry.get("valueFrom") or {}
    if "configMapKeyRef" in source:
        if source["configMapKeyRef"]["key"] != "CLUSTER_ID":
            raise ChartError(f"{deployment} reads {source['configMapKeyRef']}, which the lab does not know")
        return cluster.name
    if "fieldRef" in source:
        path = source["fieldRef"]["fieldPath"]
        return deployment if path == "metadata.name" else _POD_FIELDS[path]
    return str(entry.get("value") or "")
