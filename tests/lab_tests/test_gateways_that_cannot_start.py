# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Real API servers refuse gateway pods: the plan warns, the failure quotes them, and the step that it names helps."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from lab.api import Api, ApiError
from tests.lab_tests.laboratory import Laboratory, Task, eventually

pytestmark = pytest.mark.lab

LEAVES = ("leaf-a", "leaf-b", "leaf-c")
AB, AC, BC = ("leaf-a", "leaf-b"), ("leaf-a", "leaf-c"), ("leaf-b", "leaf-c")
TO_A = "liqo-tenant-leaf-a"
NAME = "liqo-fabric-no-pods"
ADMISSION = "admissionregistration.k8s.io/v1"
PATIENCE_S = 15
"""Enough for what cannot start to be told in the progress; a link that can come up needs less."""
LABEL = re.compile(r"kubectl label --overwrite namespace (\S+) (\S+)=(\w+)\)")
RESTART = re.compile(r"at once after kubectl -n (\S+) rollout restart deployment/(\S+);")


@pytest.fixture(autouse=True)
def _clean(lab: Laboratory) -> Iterator[None]:
    lab.unlink(AB, AC, BC)
    yield
    for kind in ("ValidatingAdmissionPolicyBinding", "ValidatingAdmissionPolicy"):
        lab.api("leaf-b").delete(ADMISSION, kind, NAME)
    lab.unlink(AB, AC, BC)


def tenant(api: Api, peer: str, **labels: str) -> None:
    """A tenant namespace as a cluster with defaults of its own would give it."""
    pod_security = {f"pod-security.kubernetes.io/{key}": value for key, value in labels.items()}
    labels = {"liqo.io/remote-cluster-id": peer, "liqo.io/tenant-namespace": "true", **pod_security}
    api.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": f"liqo-tenant-{peer}", "labels": labels}})


def run(lab: Laboratory, *arguments: str, **options: Any) -> Task:
    wishes = [
        {"between": list(AB), "server": "leaf-a"},
        {"between": list(AC), "server": "leaf-a"},
        {"between": list(BC), "server": "leaf-b"},
    ]
    return lab.shortcuts(LEAVES, [], *arguments, shortcuts=wishes, **options)


def warnings(task: Task) -> list[tuple[str, str]]:
    return [(one["check"], one["cluster"]) for one in task.result["preflight"] if one["level"] == "warning"]


def failure(task: Task, pair: tuple[str, str]) -> Mapping[str, str]:
    found: Mapping[str, str] = task.link(*pair)["failure"]
    assert found["fault"] == "dead-gateway", found
    return found


def restart(api: Api, text: str) -> None:
    """What `kubectl rollout restart` does, to the Deployment that the message names."""
    found = RESTART.search(text)
    assert found, text
    again = {"metadata": {"annotations": {"kubectl.kubernetes.io/restartedAt": str(time.time())}}}
    api.patch("apps/v1", "Deployment", found[2], {"spec": {"template": again}}, namespace=found[1])


def test_what_refuses_pods_is_planned_for_quoted_and_cured_by_what_the_message_says(lab: Laboratory) -> None:
    leaf_a, leaf_b, leaf_c = (lab.api(leaf) for leaf in LEAVES)
    tenant(leaf_a, "leaf-b", enforce="baseline", warn="restricted")
    # Neither of these stops a pod.
    tenant(leaf_a, "leaf-c", warn="restricted", audit="baseline")
    tenant(leaf_c, "leaf-a", enforce="privileged")
    quota(leaf_c, 0)
    deny_gateway_pods(leaf_b, "liqo-tenant-leaf-c")

    planned = run(lab, "--check")
    assert not planned.failed, planned.log
    assert warnings(planned) == [("pod-security", "leaf-a"), ("quota", "leaf-c")]

    failed = run(lab, wait_timeout=PATIENCE_S)
    assert failed.failed
    assert set(failed.outcomes.values()) == {"failed"}, failed.log
    assert "(its gateway on leaf-a cannot start, pod-security: violates PodSecurity" in failed.log
    strict, tight, denied = (failure(failed, pair) for pair in (AB, AC, BC))
    assert (strict["cause"], tight["cause"], denied["cause"]) == ("pod-security", "quota", "admission-policy")
    for found, leaf in ((strict, leaf_a), (tight, leaf_c), (denied, leaf_b)):
        assert leaf.url in found["where"]
        assert "(condition ReplicaFailure: pods " in found["why"]
    assert 'violates PodSecurity "baseline:latest": ' in strict["why"]
    assert f"exceeded quota: {NAME}, requested: pods=1, used: pods=0, limited: pods=0" in tight["why"]
    assert f"ValidatingAdmissionPolicy '{NAME}'" in denied["why"]
    assert "no gateways here" in denied["why"]

    label = LABEL.search(strict["next"])
    assert label, strict
    leaf_a.patch("v1", "Namespace", label[1], {"metadata": {"labels": {label[2]: label[3]}}})
    assert f"raise ResourceQuota {NAME} in {TO_A}" in tight["next"]
    quota(leaf_c, 9)
    assert f"have the ValidatingAdmissionPolicy {NAME} let the pods of liqo-tenant-leaf-c in" in denied["next"]
    leaf_b.delete(ADMISSION, "ValidatingAdmissionPolicyBinding", NAME)
    eventually(lambda: not _is_denied(leaf_b, "liqo-tenant-leaf-c"), what="the policy is no longer in force")
    for api, found in ((leaf_a, strict), (leaf_b, denied), (leaf_c, tight)):
        restart(api, found["next"])
    healed = run(lab, wait_timeout=90)
    assert not healed.failed, healed.log
    assert run(lab, "--check").result["plan"] == []


def quota(api: Api, pods: int) -> None:
    """A ResourceQuota, counted; the lab runs no controller that does it."""
    hard = {"hard": {"pods": str(pods)}}
    api.apply({"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": NAME}, "spec": hard}, TO_A)
    counted = {"status": {**hard, "used": {"pods": "0"}}}
    api.patch("v1", "ResourceQuota", NAME, counted, namespace=TO_A, sub="status")


def deny_gateway_pods(api: Api, namespace: str) -> None:
    """From when this returns the API server takes no pods of gateways in this namespace."""
    rule = {"apiGroups": [""], "apiVersions": ["*"], "operations": ["CREATE"], "resources": ["pods"]}
    expression = f"request.namespace != '{namespace}'"
    policy = {
        "matchConstraints": {"resourceRules": [rule]},
        "validations": [{"expression": expression, "message": "no gateways here"}],
    }
    binding = {"policyName": NAME, "validationActions": ["Deny"]}
    for kind, spec in (("ValidatingAdmissionPolicy", policy), ("ValidatingAdmissionPolicyBinding", binding)):
        api.create({"apiVersion": ADMISSION, "kind": kind, "metadata": {"name": NAME}, "spec": spec})
    tenant(api, "leaf-c")
    eventually(lambda: _is_denied(api, namespace), what="the policy is in force")


def _is_denied(api: Api, namespace: str) -> bool:
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": NAME},
        "spec": {"containers": [{"name": "x", "image": "x"}], "automountServiceAccountToken": False},
    }
    try:
        api.request("POST", f"{api.path('v1', 'Pod', namespace)}?dryRun=All", pod)
    except ApiError as refusal:
        return "no gateways here" in str(refusal)
    return False
