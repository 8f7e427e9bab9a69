# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is said of gateways that may not or do not start, done: the finding or the obstacle is gone.

Kubernetes decides whether a pod starts; here the lines with kubectl change what it has to decide about.
"""

from __future__ import annotations

import re
import shlex
from typing import Any

import pytest
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.model import ClusterId
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.obstacles import ENFORCE
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.scene import Seen
from ansible_collections.liqo.fabric.plugins.module_utils._liqo.health import parse_workload
from ansible_collections.liqo.fabric.plugins.module_utils._liqo.obstacles import Around
from ansible_collections.liqo.fabric.plugins.module_utils._liqo.surroundings import pod_security

from tests.unit import bodies
from tests.unit.gateway_pods import deployment
from tests.unit.next_steps.following import is_said
from tests.unit.plugins.module_utils._fabric.test_room import NS, quota, told

PRIVILEGED = (
    "let privileged pods into the namespace (kubectl label --overwrite namespace {}"
    " pod-security.kubernetes.io/enforce=privileged)"
)
LIMITS = (
    "nothing if a LimitRange or the gateway template states them; otherwise give the namespace a LimitRange"
    " (kubectl -n {} describe resourcequota {})"
)


def line_in(step: str) -> list[str]:
    """The words of the last line with kubectl."""
    found = re.findall(r"kubectl [^();]+", step)
    return shlex.split(found[-1])


def test_a_namespace_that_was_labelled_by_the_line_lets_gateways_in() -> None:
    (found,) = told(Seen(levels={NS: "baseline:latest"}))
    assert is_said(PRIVILEGED, found.next), found.next
    kubectl, verb, overwrite, kind, name, label = line_in(found.next)
    assert (kubectl, verb, overwrite, kind, name) == ("kubectl", "label", "--overwrite", "namespace", NS)
    assert label == f"{ENFORCE}=privileged"
    made = bodies.namespace("leaf-b")
    made["metadata"]["labels"][ENFORCE] = "baseline"
    assert pod_security(bodies.raw([made])) == {NS: "baseline:latest"}
    made["metadata"]["labels"].update([label.split("=")])
    assert told(Seen(levels=pod_security(bodies.raw([made])))) == []


@pytest.mark.parametrize(
    ("step", "before", "after"),
    [
        ("raise it (kubectl -n {} describe resourcequota {})", quota(0, 0), quota(0, 5)),
        (LIMITS, quota(0, 5, of="limits.cpu"), quota(0, 5)),
    ],
)
def test_a_quota_that_leaves_room_is_not_named(step: str, before: Any, after: Any) -> None:
    assert [one for one in told(before) if is_said(step, one.next)], [one.next for one in told(before)]
    assert told(after) == []


def ready(body: Any) -> Any:
    """As Kubernetes leaves it once its pod runs."""
    return {
        **body,
        "status": {"replicas": 1, "readyReplicas": 1, "observedGeneration": body["metadata"].get("generation", 0)},
    }


@pytest.mark.parametrize(
    ("step", "spec", "wanted"),
    [
        (
            "see who set it to 0 pods, its template or another tool, and set it to 1 ({})",
            {"replicas": 0},
            ["scale", "deployment/gw-leaf-b", "--replicas=1"],
        ),
        ("let it go on: {}", {"paused": True}, ["rollout", "resume", "deployment/gw-leaf-b"]),
    ],
)
def test_a_deployment_that_goes_on_after_the_line_has_no_obstacle(
    step: str, spec: dict[str, Any], wanted: list[str]
) -> None:
    stopped = deployment(**spec)
    found = parse_workload(stopped, Around()).step(ClusterId("leaf-a"))
    assert is_said(step, found), found
    assert line_in(found)[3:] == wanted
    stopped["spec"] |= {"replicas": 1, "paused": False}
    assert parse_workload(ready(stopped), Around()).step(ClusterId("leaf-a")) == ""
