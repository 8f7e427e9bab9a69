# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What keeps a gateway from starting, from the place where Kubernetes says it, and what helps."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.model import ClusterId
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.obstacles import (
    LONGEST_QUOTE,
    ObstacleName,
    Site,
    obstacle,
    step,
)
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.workload import Workload
from ansible_collections.liqo.fabric.plugins.module_utils._liqo import resources
from ansible_collections.liqo.fabric.plugins.module_utils._liqo.health import parse_workload
from ansible_collections.liqo.fabric.plugins.module_utils._liqo.obstacles import MOST_EVENTS, Around
from hypothesis import given
from hypothesis import strategies as st

from tests.unit import work
from tests.unit.bodies import Body, body
from tests.unit.gateway_pods import (
    GATEWAY,
    NS,
    POD,
    POD_SECURITY,
    REPLICAS,
    condition,
    container,
    deployment,
    ended,
    event,
    pod,
    refused,
    started,
    waiting,
)
from tests.unit.junk import json_values as junk

AGAIN = "Kubernetes tries again by itself, after 17 minutes at the latest"
RESTART = f"at once after kubectl -n {NS} rollout restart deployment/{GATEWAY}"


@dataclass(frozen=True)
class Seen:
    """One cause: what is in the cluster, what it is called, which words are quoted, which step is given."""

    name: ObstacleName
    said: str
    next: str
    deployment: Body = field(default_factory=deployment)
    pods: tuple[Body, ...] | None = ()
    replica_sets: tuple[Body, ...] = ()
    events: tuple[Body, ...] = ()


def forbidden(name: ObstacleName, message: str, *words: str) -> Seen:
    return Seen(name, f"(condition ReplicaFailure: {message})", "; ".join(words), refused(message))


CAUSES = {
    "pod-security": forbidden(
        ObstacleName.POD_SECURITY,
        POD_SECURITY,
        "let privileged pods into the namespace (kubectl label --overwrite namespace liqo-tenant-leaf-b"
        " pod-security.kubernetes.io/enforce=privileged)",
        f"{AGAIN}, {RESTART}",
    ),
    "quota": forbidden(
        ObstacleName.QUOTA,
        f'pods "{POD}" is forbidden: exceeded quota: no-pods, requested: pods=1, used: pods=0, limited: pods=0',
        f"raise ResourceQuota no-pods in {NS} (kubectl -n {NS} describe resourcequota no-pods)",
        AGAIN,
    ),
    "quota of which pods must name requests": forbidden(
        ObstacleName.QUOTA_REQUESTS,
        f'pods "{POD}" is forbidden: failed quota: compute: must specify limits.cpu for: gateway,geneve,wireguard',
        f"give {NS} a LimitRange with default requests and limits, or take them out of ResourceQuota compute",
    ),
    "limit range": forbidden(
        ObstacleName.LIMIT_RANGE,
        f'pods "{POD}" is forbidden: [minimum memory usage per Container is 100Mi, but request is 16Mi]',
        f"change the LimitRange of {NS} so that the pod is within it (kubectl -n {NS} describe limitrange)",
    ),
    "webhook": forbidden(
        ObstacleName.WEBHOOK,
        'admission webhook "validate.kyverno.svc-fail" denied the request: policy Pod/liqo-tenant-leaf-b/gw for'
        " resource violation: exceeded quota: none: violates PodSecurity",
        f"have the admission webhook validate.kyverno.svc-fail let the pods of {NS} in",
    ),
    "webhook that does not answer": forbidden(
        ObstacleName.WEBHOOK_DOWN,
        'Internal error occurred: failed calling webhook "validate.kyverno.svc-fail": failed to call webhook: Post'
        ' "https://kyverno-svc.kyverno.svc:443/validate/fail?timeout=10s": no endpoints available for service',
        "bring the admission webhook validate.kyverno.svc-fail of leaf-a up again",
    ),
    **{
        f"webhook with a wrong certificate, {name}": forbidden(
            ObstacleName.WEBHOOK_DOWN,
            'Internal error occurred: failed calling webhook "validate.kyverno.svc-fail": failed to call webhook: Post'
            f' "https://kyverno-svc.kyverno.svc:443/validate/fail?timeout=10s": {why}',
            "correct the certificate of the admission webhook validate.kyverno.svc-fail of leaf-a",
        )
        for name, why in {
            "unknown": "tls: failed to verify certificate: x509: certificate signed by unknown authority",
            "expired": "tls: failed to verify certificate: x509: certificate has expired or is not yet valid: current",
            "other name": "x509: certificate is valid for kyverno.svc, not kyverno-svc.kyverno.svc",
            "of Go 1.19": "x509: certificate signed by unknown authority",
        }.items()
    },
    **{
        f"webhook that answers with an error, {name}": forbidden(
            ObstacleName.WEBHOOK_DOWN,
            f'Internal error occurred: failed calling webhook "validate.kyverno.svc-fail": {why}',
            "look at the log of the admission webhook validate.kyverno.svc-fail of leaf-a",
        )
        for name, why in {
            "5xx": 'failed to call webhook: an error on the server ("") has prevented the request from succeeding',
            "404": "failed to call webhook: the server could not find the requested resource",
            "no https": 'Post "https://k.k.svc:443/": http: server gave HTTP response to HTTPS client',
            "another answer": "expected webhook response of admission.k8s.io/v1, Kind=AdmissionReview, got /, Kind=",
        }.items()
    },
    "admission policy": forbidden(
        ObstacleName.POLICY,
        f"pods \"{POD}\" is forbidden: ValidatingAdmissionPolicy 'no-root.example.com' with binding 'no-root' denied"
        " request: failed expression: object.spec.hostNetwork == false",
        f"have the ValidatingAdmissionPolicy no-root.example.com let the pods of {NS} in",
    ),
    "openshift": forbidden(
        ObstacleName.SECURITY_CONSTRAINT,
        f'pods "{POD}" is forbidden: unable to validate against any security context constraint: [provider "anyuid":'
        " Forbidden: not usable by user or serviceaccount, spec.containers[0].securityContext.privileged: Invalid"
        " value: true: Privileged containers are not allowed]",
        f"oc -n {NS} adm policy add-scc-to-user privileged -z gw-leaf-b",
    ),
    "service account": forbidden(
        ObstacleName.MISSING,
        f'pods "{POD}" is forbidden: error looking up service account {NS}/{GATEWAY}: serviceaccount "{GATEWAY}" not'
        " found",
        f"make {GATEWAY}, which is missing, or correct the template that names it",
    ),
    "priority class": forbidden(
        ObstacleName.MISSING,
        f'pods "{POD}" is forbidden: no PriorityClass with name network-critical was found',
        "make network-critical, which is missing",
    ),
    "anything else that is refused": forbidden(
        ObstacleName.REFUSED,
        f'pods "{POD}" is forbidden: pod node label selector conflicts with its namespace node label selector',
        "change what Kubernetes names, so that the API server of leaf-a takes the pod",
    ),
    "an image of which the pod has the words": Seen(
        ObstacleName.IMAGE,
        f'(pod {POD}, container wireguard: ImagePullBackOff: Back-off pulling image "ghcr.io/x:v1": ErrImagePull:'
        " failed to resolve reference: unexpected status from HEAD request: 403 Forbidden)",
        f"see that the nodes of leaf-a can pull the image: its name, the registry, the pull secret (kubectl -n {NS}"
        f" describe pod {POD}); Kubernetes tries again by itself within 5 minutes",
        pods=(
            started(
                container(
                    waiting(
                        "ImagePullBackOff",
                        'Back-off pulling image "ghcr.io/x:v1": ErrImagePull: failed to resolve reference: unexpected'
                        " status from HEAD request: 403 Forbidden",
                    )
                )
            ),
        ),
    ),
    "an image of which only the event has the words": Seen(
        ObstacleName.IMAGE,
        'container wireguard: ImagePullBackOff: Failed to pull image "ghcr.io/x:v1": rpc error: code = NotFound',
        "can pull the image",
        pods=(started(container(waiting("ImagePullBackOff", 'Back-off pulling image "ghcr.io/x:v1"'))),),
        events=(
            event("Pod", POD, "Failed", 'Failed to pull image "ghcr.io/x:v1": rpc error: code = NotFound'),
            event("Pod", POD, "Failed", "Error: ImagePullBackOff", at="2026-01-01T00:00:09Z"),
        ),
    ),
    "an image name": Seen(
        ObstacleName.IMAGE,
        "InvalidImageName: Failed to apply default image tag",
        "can pull the image",
        pods=(started(container(waiting("InvalidImageName", "Failed to apply default image tag"))),),
    ),
    "no node": Seen(
        ObstacleName.UNSCHEDULABLE,
        f"(pod {POD} is not scheduled: 0/3 nodes are available: 1 node(s) had untolerated taint"
        " {node-role.kubernetes.io/control-plane: }, 2 node(s) didn't match Pod's node affinity/selector.)",
        "give leaf-a a node that takes the pod, or change what the template of the pod asks of nodes",
        pods=(
            pod(
                {
                    "phase": "Pending",
                    "conditions": [
                        condition(
                            "PodScheduled",
                            "False",
                            "Unschedulable",
                            "0/3 nodes are available: 1 node(s) had untolerated taint"
                            " {node-role.kubernetes.io/control-plane: }, 2 node(s) didn't match Pod's node"
                            " affinity/selector.",
                        )
                    ],
                }
            ),
        ),
    ),
    "a scheduling gate": Seen(
        ObstacleName.GATED,
        "Scheduling is blocked due to non-empty scheduling gates",
        "let the owner of the pod's scheduling gates remove them",
        pods=(
            pod(
                {
                    "conditions": [
                        condition(
                            "PodScheduled",
                            "False",
                            "SchedulingGated",
                            "Scheduling is blocked due to non-empty scheduling gates",
                        )
                    ]
                }
            ),
        ),
    ),
    "a crash": Seen(
        ObstacleName.CRASH,
        f"(pod {POD}, container wireguard: CrashLoopBackOff: it ended with exit code 1 (Error): no module wireguard)",
        f"look at the log of the container (kubectl -n {NS} logs {POD} -c wireguard --previous)",
        pods=(
            started(
                container({"running": {}}, name="gateway", ready=True),
                container(
                    waiting("CrashLoopBackOff", "back-off 5m0s restarting failed container=wireguard"),
                    last=ended(1, "Error", "no module wireguard"),
                ),
                phase="Running",
            ),
        ),
    ),
    "too little memory": Seen(
        ObstacleName.CRASH,
        "container wireguard: CrashLoopBackOff: it ended with exit code 137 (OOMKilled)",
        f"logs {POD} -c wireguard --previous",
        pods=(started(container(waiting("CrashLoopBackOff", "back-off"), last=ended(137, "OOMKilled"))),),
    ),
    "a crash between two starts": Seen(
        ObstacleName.CRASH,
        "container wireguard: it ended with exit code 2 (Error)",
        f"logs {POD} -c wireguard --previous",
        pods=(started(container({"running": {}}, last=ended(2, "Error")), phase="Running"),),
    ),
    "an init container": Seen(
        ObstacleName.CRASH,
        "container sysctl: it ended with exit code 255 (Error)",
        f"logs {POD} -c sysctl --previous",
        pods=(
            started(
                container(waiting("PodInitializing")),
                init=(
                    container(ended(0, "Completed"), last=ended(1, "Error"), name="first", ready=True),
                    container(ended(255, "Error"), name="sysctl"),
                ),
            ),
        ),
    ),
    "a config map": Seen(
        ObstacleName.CONTAINER,
        'container wireguard: CreateContainerConfigError: configmap "wg" not found',
        f"cure what Kubernetes names (kubectl -n {NS} describe pod {POD}); it then starts the container by itself",
        pods=(started(container(waiting("CreateContainerConfigError", 'configmap "wg" not found'))),),
    ),
    "a runtime that refuses": Seen(
        ObstacleName.CONTAINER,
        "container wireguard: RunContainerError: exec: wg: not found",
        "cure what Kubernetes names",
        pods=(started(container(waiting("RunContainerError", "exec: wg: not found"))),),
    ),
    "a volume": Seen(
        ObstacleName.CONTAINER,
        f'(Event FailedMount of Pod {POD}: MountVolume.SetUp failed for volume "keys" : secret "gw-leaf-b" not found)',
        "cure what Kubernetes names",
        pods=(started(container(waiting("ContainerCreating"))),),
        events=(
            event("Pod", POD, "FailedScheduling", "0/1 nodes are available", at="2026-01-01T00:00:09Z"),
            event(
                "Pod", POD, "FailedMount", 'MountVolume.SetUp failed for volume "keys" : secret "gw-leaf-b" not found'
            ),
            event("Pod", "gw-of-before-x", "FailedMount", "of another pod", at="2026-01-01T00:00:09Z"),
            event("Pod", POD, "Pulled", "is pulled", at="2026-01-01T00:00:09Z", type="Normal"),
        ),
    ),
    "a network plugin": Seen(
        ObstacleName.NODE,
        'Failed to create pod sandbox: rpc error: plugin type="calico" failed (add)',
        f"look at the node of the pod (kubectl -n {NS} describe pod {POD})",
        pods=(started(),),
        events=(
            event(
                "Pod",
                POD,
                "FailedCreatePodSandBox",
                'Failed to create pod sandbox: rpc error: plugin type="calico" failed (add)',
                series={"count": 9, "lastObservedTime": "2026-01-01T00:01:00.000000Z"},
                lastTimestamp=None,
            ),
            event("Pod", POD, "FailedMount", "older"),
        ),
    ),
    "a probe": Seen(
        ObstacleName.NOT_READY,
        f"Event Unhealthy of Pod {POD}: Readiness probe failed: HTTP probe failed with statuscode: 503",
        f"look at the pod (kubectl -n {NS} describe pod {POD})",
        pods=(started(container({"running": {}}), phase="Running"),),
        events=(event("Pod", POD, "Unhealthy", "Readiness probe failed: HTTP probe failed with statuscode: 503"),),
    ),
    "thrown out by its node": Seen(
        ObstacleName.NODE,
        f"(pod {POD} has failed: Evicted: The node was low on resource: ephemeral-storage.)",
        "look at the node of the pod",
        pods=(
            pod(
                {
                    "phase": "Failed",
                    "reason": "Evicted",
                    "message": "The node was low on resource: ephemeral-storage.",
                }
            ),
        ),
    ),
    "a node that is gone": Seen(
        ObstacleName.TERMINATING,
        f"(pod {POD}: it is being deleted since 2026-01-01T00:00:02Z, and its node node-1 has not confirmed that it has"
        " ended)",
        f"if the node is gone for good: kubectl -n {NS} delete pod {POD} --force --grace-period=0",
        pods=(pod({"phase": "Running"}, deletionTimestamp="2026-01-01T00:00:02Z"),),
    ),
    "scaled to zero": Seen(
        ObstacleName.SCALED,
        "has 0 of 0 pods ready (spec.replicas: 0 pods are asked for)",
        f"set it to 1 (kubectl -n {NS} scale deployment/{GATEWAY} --replicas=1)",
        deployment(replicas=0),
    ),
    "paused": Seen(
        ObstacleName.PAUSED,
        "spec.paused: the Deployment is paused",
        f"let it go on: kubectl -n {NS} rollout resume deployment/{GATEWAY}",
        deployment(condition("Progressing", "Unknown", "DeploymentPaused", "Deployment is paused"), paused=True),
    ),
    "no controller": Seen(
        ObstacleName.UNOBSERVED,
        "no controller has acted on what is asked for",
        "bring the kube-controller-manager of leaf-a up again",
        deployment(generation=2),
    ),
    "only the ReplicaSet says it": Seen(
        ObstacleName.QUOTA,
        f"(condition ReplicaFailure of ReplicaSet {REPLICAS}: pods is forbidden: exceeded quota: tight,"
        " requested: pods=1)",
        "raise ResourceQuota tight",
        replica_sets=(
            body(
                resources.REPLICA_SET,
                REPLICAS,
                NS,
                status={
                    "conditions": [
                        condition(
                            "ReplicaFailure",
                            "True",
                            "FailedCreate",
                            "pods is forbidden: exceeded quota: tight, requested: pods=1",
                        )
                    ]
                },
            ),
        ),
    ),
    "only an event says it": Seen(
        ObstacleName.POD_SECURITY,
        f"(Event FailedCreate of ReplicaSet {REPLICAS}: Error creating: {POD_SECURITY})",
        "let privileged pods into the namespace",
        events=(event("ReplicaSet", REPLICAS, "FailedCreate", f"Error creating: {POD_SECURITY}"),),
    ),
    "pods are not shown, events are": Seen(
        ObstacleName.UNSCHEDULABLE,
        f"(Event FailedScheduling of Pod {POD}: 0/1 nodes are available)",
        "give leaf-a a node",
        pods=None,
        events=(event("Pod", POD, "FailedScheduling", "0/1 nodes are available"),),
    ),
    "the deadline alone": Seen(
        ObstacleName.NOT_READY,
        f'(condition Progressing: ReplicaSet "{REPLICAS}" has timed out progressing.)',
        f"look at the pod (kubectl -n {NS} describe pods)",
        deployment(
            condition(
                "Progressing",
                "False",
                "ProgressDeadlineExceeded",
                f'ReplicaSet "{REPLICAS}" has timed out progressing.',
            )
        ),
    ),
    "the ReplicaSet cannot be made": Seen(
        ObstacleName.WEBHOOK,
        'condition Progressing: admission webhook "rs.example.com" denied the request: no',
        "have the admission webhook rs.example.com let",
        deployment(
            condition(
                "Progressing",
                "False",
                "ReplicaSetCreateError",
                'admission webhook "rs.example.com" denied the request: no',
            )
        ),
    ),
}


def parsed(seen: Seen) -> Workload:
    return parse_workload(seen.deployment, Around(pods=seen.pods, replica_sets=seen.replica_sets, events=seen.events))


@pytest.mark.parametrize("case", CAUSES)
def test_each_cause_is_named_quoted_and_has_its_own_step(case: str) -> None:
    seen = CAUSES[case]
    found = parsed(seen)
    assert found.cause == seen.name.value
    assert seen.said in str(found)
    assert not [words for words in seen.next.split("; ") if words not in found.step(ClusterId("leaf-a"))]


def test_every_name_of_an_obstacle_is_tried() -> None:
    tried = {seen.name for seen in CAUSES.values()}
    # A namespace that is being deleted stops the plan before; see test_plan.py.
    assert tried == set(ObstacleName) - {ObstacleName.NAMESPACE_TERMINATING}
    site = Site(cluster="leaf-a", namespace=NS, workload=f"deployment/{GATEWAY}")
    assert all(step(obstacle(name, "here", "so"), site) for name in ObstacleName)


def test_what_is_on_its_way_is_no_obstacle() -> None:
    found = parsed(Seen(ObstacleName.CRASH, "", "", pods=(started(container(waiting("ContainerCreating"))),)))
    assert (found.obstacle, found.state) == (None, f"pod {POD}: ContainerCreating")


def test_of_several_pods_the_newest_that_is_to_run_counts() -> None:
    old = pod({"phase": "Failed", "reason": "Evicted"}, name=f"{REPLICAS}-old", created="2026-01-01T00:00:00Z")
    new = started(container(waiting("ErrImagePull", "no such host")))
    assert parsed(Seen(ObstacleName.IMAGE, "", "", pods=(old, new))).cause == "image-pull"


def test_each_warning_is_looked_at_once_however_many_pods_there_are() -> None:
    def look(number: int) -> None:
        pods = tuple(pod({"phase": "Pending"}, name=f"{REPLICAS}-{one}") for one in range(number))
        events = tuple(event("Deployment", GATEWAY, "Odd", f"no {one}") for one in range(number))
        assert parsed(Seen(ObstacleName.CRASH, "", "", pods=pods, events=events)).obstacle is None

    assert work.grows_with(look, 50) < 5


def test_warnings_about_a_gateway_have_a_limit() -> None:
    crowd = tuple(event("Deployment", GATEWAY, "Odd", f"no {one}") for one in range(MOST_EVENTS))
    last = event("Pod", POD, "FailedMount", "no such volume")
    about = (pod({"phase": "Pending"}),)
    assert parsed(Seen(ObstacleName.CRASH, "", "", pods=about, events=(last, *crowd))).cause == "container-start"
    assert parsed(Seen(ObstacleName.CRASH, "", "", pods=about, events=(*crowd, last))).obstacle is None


def test_a_gateway_that_runs_has_no_obstacle() -> None:
    ready = refused(POD_SECURITY)
    ready["status"]["readyReplicas"] = 1
    assert parsed(Seen(ObstacleName.CRASH, "", "", ready)).obstacle is None


def test_what_kubernetes_says_is_cut_and_in_one_line_and_names_are_names() -> None:
    message = f'admission webhook "x; rm -rf /" denied the request:\n\x1b[2J{"a" * 5000}'
    found = parsed(Seen(ObstacleName.WEBHOOK, "", "", refused(message)))
    assert found.obstacle is not None
    assert len(found.obstacle.said) <= LONGEST_QUOTE
    assert str(found).isprintable()
    assert "rm -rf" not in found.step(ClusterId("leaf-a"))
    evil = pod({"conditions": [condition("PodScheduled", "False", "", "no")]}, name=f"{GATEWAY}-$(reboot)")
    assert "reboot" not in parsed(Seen(ObstacleName.CRASH, "", "", pods=(evil,))).step(ClusterId("leaf-a"))


@given(st.lists(junk, max_size=3), junk, junk)
def test_any_json_beside_a_deployment_is_read(pods: list[Any], status: Any, message: Any) -> None:
    broken = {**refused("x"), "status": {"conditions": [condition("ReplicaFailure", "True", "x", message), status]}}
    around = [one for one in pods if isinstance(one, dict)]
    strange = [{**pod(), "status": one} for one in pods] + around
    for events in (around, [{**event("Pod", POD, "x", "y"), "lastTimestamp": one} for one in pods]):
        for one in (broken, deployment()):
            str(parse_workload(one, Around(pods=strange, replica_sets=around, events=events)))
