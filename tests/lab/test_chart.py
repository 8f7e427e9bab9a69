# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Liqo's chart in the lab: sorted by the moment of creation, its command lines turned into those of processes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from lab.chart import ChartError, command_of, sort_manifests, values, with_flags
from lab.layout import Lab, Wishes, plan_lab

CLUSTER_ID = {"configMapKeyRef": {"name": "liqo-clusterid-configmap", "key": "CLUSTER_ID"}}


def lab(**wishes: Any) -> Lab:
    return plan_lab(Wishes(leaves=1, **wishes), slot=0, state=Path("/s"), cache=Path("/c"), binaries={})


def body(kind: str, name: str, **rest: Any) -> dict[str, Any]:
    return {"kind": kind, "metadata": {"name": name, "annotations": rest.pop("annotations", None)}, **rest}


def deployment(component: str, args: list[str] | None = None, env: list[Any] | None = None) -> dict[str, Any]:
    container = {"name": component, "args": args, "env": env}
    return body("Deployment", f"liqo-{component}", spec={"template": {"spec": {"containers": [container]}}})


COMPONENTS = [deployment(c) for c in ("controller-manager", "webhook", "ipam", "crd-replicator")]


def test_what_the_webhook_must_admit_comes_last_and_its_configuration_apart() -> None:
    firewall = body("FirewallConfiguration", "gw-mss-clamping")
    hook = body("ValidatingWebhookConfiguration", "liqo-webhook")
    chart = sort_manifests([firewall, hook, *COMPONENTS], cluster=lab().hub)
    assert chart.late == (firewall,)
    assert chart.webhooks == (hook,)
    assert firewall not in chart.objects
    assert hook not in chart.objects


def test_hooks_and_the_metric_agent_are_left_out() -> None:
    unwanted = [
        body("Job", "liqo-pre-delete", annotations={"helm.sh/hook": "pre-delete"}),
        body("Deployment", "liqo-metric-agent"),
        body("APIService", "v1beta1.metrics.liqo.io"),
    ]
    chart = sort_manifests([*unwanted, *COMPONENTS], cluster=lab().hub)
    assert chart.objects == tuple(COMPONENTS)


def test_webhook_service_leads_to_loopback() -> None:
    service = body("Service", "liqo-webhook", spec={"type": "ClusterIP", "ports": [{"port": 443}]})
    chart = sort_manifests([service, *COMPONENTS], cluster=lab().hub)
    assert chart.objects[0]["spec"] == {"type": "ExternalName", "externalName": "127.0.0.1"}


def test_chart_without_a_component_is_refused_by_name() -> None:
    with pytest.raises(ChartError, match="no Deployment liqo-ipam"):
        sort_manifests([c for c in COMPONENTS if "ipam" not in c["metadata"]["name"]], cluster=lab().hub)


def test_command_line_is_filled_in_as_a_kubelet_would() -> None:
    args = ["--cluster-id=$(CLUSTER_ID)", "--namespace=$(POD_NAMESPACE)", "--pod=$(POD_NAME)", "--keep=$(UNKNOWN)"]
    env = [
        {"name": "CLUSTER_ID", "valueFrom": CLUSTER_ID},
        {"name": "POD_NAMESPACE", "valueFrom": {"fieldRef": {"fieldPath": "metadata.namespace"}}},
        {"name": "POD_NAME", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
        {"name": "DEPLOYMENT_NAME", "value": "liqo-webhook"},
    ]
    command = command_of(deployment("webhook", args, env), lab().cluster("leaf-a"))
    assert command.args == ("--cluster-id=leaf-a", "--namespace=liqo", "--pod=liqo-webhook", "--keep=$(UNKNOWN)")
    assert command.env["DEPLOYMENT_NAME"] == "liqo-webhook"


def test_flags_replace_those_of_the_chart_and_add_what_it_lacks() -> None:
    args = with_flags(
        ["--webhook-port=9443", "--port", "--other=1"], {"--webhook-port": "9650", "--metrics-address": "0"}
    )
    assert args == ["--port", "--other=1", "--webhook-port=9650", "--metrics-address=0"]


def test_fast_ping_is_a_value_of_the_chart_and_off_leaves_liqos_own() -> None:
    def templates(fast: bool) -> dict[str, Any]:
        made = lab(fast_ping=fast)
        return dict(values(made, made.hub)["networking"]["gatewayTemplates"])

    assert templates(True)["ping"] == {"interval": "200ms", "updateStatusInterval": "1s"}
    assert "ping" not in templates(False)
