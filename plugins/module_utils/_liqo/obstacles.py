# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bodies of a Deployment and what belongs to it -> what keeps its pods from running, as far as Kubernetes says it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice

from .._fabric.obstacles import Obstacle, ObstacleName, obstacle, refusal
from .body import Json, at, int_at, items_at, text_at
from .events import seen_last

MOST = 500
"""Pods, ReplicaSets, containers and conditions that are looked at. A gateway has one pod of three containers."""
MOST_EVENTS = 5000
"""Warnings about a workload that are looked at. Kubernetes forgets them after an hour, and counts what repeats."""

_NO_IMAGE = frozenset(
    {
        "ErrImagePull",
        "ImagePullBackOff",
        "InvalidImageName",
        "ErrImageNeverPull",
        "ImageInspectError",
        "RegistryUnavailable",
        "SignatureValidationFailed",
    }
)
_ON_ITS_WAY = frozenset({"", "ContainerCreating", "PodInitializing"})
_EVENTS = {
    "FailedScheduling": ObstacleName.UNSCHEDULABLE,
    "FailedMount": ObstacleName.CONTAINER,
    "FailedAttachVolume": ObstacleName.NODE,
    "FailedCreatePodSandBox": ObstacleName.NODE,
    "FailedCreatePodContainer": ObstacleName.NODE,
    "NetworkNotReady": ObstacleName.NODE,
    "NodeNotReady": ObstacleName.NODE,
    "Evicted": ObstacleName.NODE,
    "BackOff": ObstacleName.CRASH,
}
"""What else an Event can tell: why a container is not started, which the pod itself calls ContainerCreating."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Around:
    """What lies beside a Deployment in its namespace; None where our rights do not show it."""

    pods: Sequence[Json] | None = None
    """The Deployment's own."""
    replica_sets: Sequence[Json] | None = None
    events: Sequence[Json] | None = None


def obstacle_of(workload: Json, around: Around) -> Obstacle | None:
    """The most particular reason that is given; None where there is none, or only that all is on its way."""
    found = next(_obstacles(workload, around), None)
    if found is not None and found.name is ObstacleName.SECURITY_CONSTRAINT:
        return replace(found, about=text_at(workload, "spec", "template", "spec", "serviceAccountName"))
    return found


def _obstacles(workload: Json, around: Around) -> Iterator[Obstacle]:
    """The most particular one first."""
    if int_at(workload, "spec", "replicas") == 0:
        yield obstacle(ObstacleName.SCALED, "spec.replicas", "0 pods are asked for")
    yield from _replica_failure(workload, "")
    events = _Events(workload, around)
    pods = sorted(around.pods or (), key=lambda pod: text_at(pod, "metadata", "creationTimestamp"), reverse=True)
    for find in (_living, _failed, _leaving):
        for pod in pods[:MOST]:
            yield from find(pod, events)
    for replicas in (around.replica_sets or ())[:MOST]:
        yield from _replica_failure(replicas, f" of ReplicaSet {text_at(replicas, 'metadata', 'name')}")
    if not pods:
        yield from _without_pods(workload, events)
    said = _condition(workload, "Progressing", "False")
    if said is not None:
        found = refusal("condition Progressing", text_at(said, "message"))
        yield replace(found, name=ObstacleName.NOT_READY) if found.name is ObstacleName.REFUSED else found


def _replica_failure(body: Json, of: str) -> Iterator[Obstacle]:
    said = _condition(body, "ReplicaFailure", "True")
    if said is not None:
        yield refusal(f"condition ReplicaFailure{of}", text_at(said, "message"))


def _without_pods(workload: Json, events: _Events) -> Iterator[Obstacle]:
    if at(workload, "spec", "paused") is True:
        yield obstacle(ObstacleName.PAUSED, "spec.paused", "the Deployment is paused")
    seen, now = int_at(workload, "status", "observedGeneration"), int_at(workload, "metadata", "generation")
    if (seen or 0) < (now or 0):
        yield obstacle(ObstacleName.UNOBSERVED, "status", "no controller has acted on what is asked for")
    yield from events.last()


def _living(pod: Json, events: _Events) -> Iterator[Obstacle]:
    """What a pod that is to run says."""
    if _is_leaving(pod) or _is_over(pod) or _condition(pod, "Ready", "True") is not None:
        return
    name = text_at(pod, "metadata", "name")
    unplaced = _condition(pod, "PodScheduled", "False")
    if unplaced is not None:
        gated = text_at(unplaced, "reason") == "SchedulingGated"
        kind = ObstacleName.GATED if gated else ObstacleName.UNSCHEDULABLE
        yield obstacle(kind, f"pod {name} is not scheduled", text_at(unplaced, "message"), pod=name)
    for statuses in ("initContainerStatuses", "containerStatuses"):
        for container in items_at(pod, "status", statuses)[:MOST]:
            yield from _of_container(container, name, events)
    yield from events.last(pod=name)


def _of_container(container: object, pod: str, events: _Events) -> Iterator[Obstacle]:
    name = text_at(container, "name")
    source = f"pod {pod}, container {name}" if name else f"pod {pod}"
    reason, message = (text_at(container, "state", "waiting", key) for key in ("reason", "message"))
    ended = _ended(container)
    if reason in _NO_IMAGE:
        # Kubelets before 1.31 say only that they pull again later; the Event has the words of the registry.
        pulled = next(events.last(pod=pod, saying="Failed to pull image"), None)
        said = pulled.said if pulled is not None else message or text_at(container, "image")
        yield obstacle(ObstacleName.IMAGE, source, f"{reason}: {said}", pod=pod)
    elif reason == "CrashLoopBackOff" or (ended and reason in _ON_ITS_WAY):
        yield obstacle(ObstacleName.CRASH, source, _joined(reason, ended or message), about=name, pod=pod)
    elif reason not in _ON_ITS_WAY:
        yield obstacle(ObstacleName.CONTAINER, source, _joined(reason, message), pod=pod)


def _ended(container: object) -> str:
    """How a container that is not ready ended last; empty where it is ready, has not ended, or has ended well."""
    if at(container, "ready") is True or int_at(container, "state", "terminated", "exitCode") == 0:
        return ""
    for state in ("state", "lastState"):
        code = int_at(container, state, "terminated", "exitCode")
        if code is not None:
            reason, message = (text_at(container, state, "terminated", key) for key in ("reason", "message"))
            return _joined(f"it ended with exit code {code}" + (f" ({reason})" if reason else ""), message)
    return ""


def _failed(pod: Json, events: _Events) -> Iterator[Obstacle]:
    """A pod that its node refused or threw out."""
    if not _is_leaving(pod) and text_at(pod, "status", "phase") == "Failed":
        name, said = text_at(pod, "metadata", "name"), (text_at(pod, "status", key) for key in ("reason", "message"))
        yield obstacle(ObstacleName.NODE, f"pod {name} has failed", _joined(*said), pod=name)


def _leaving(pod: Json, events: _Events) -> Iterator[Obstacle]:
    """The next pod of a gateway is made when the one before it is gone."""
    if _is_leaving(pod):
        name, node = text_at(pod, "metadata", "name"), text_at(pod, "spec", "nodeName")
        said = f"it is being deleted since {text_at(pod, 'metadata', 'deletionTimestamp')}"
        said += f", and its node {node} has not confirmed that it has ended" if node else ""
        yield obstacle(ObstacleName.TERMINATING, f"pod {name}", said, pod=name)


class _Events:
    """The warnings about a workload and what belongs to it, the last one first."""

    def __init__(self, workload: Json, around: Around) -> None:
        self._name = text_at(workload, "metadata", "name")
        self._pods = None if around.pods is None else {text_at(pod, "metadata", "name") for pod in around.pods}
        warnings = (event for event in around.events or () if text_at(event, "type") == "Warning")
        found = islice(filter(self._concerns, warnings), MOST_EVENTS)
        self._warnings = sorted(found, key=seen_last, reverse=True)
        self._of_pod: dict[str, list[Json]] = {}
        for event in self._warnings:
            if text_at(event, "involvedObject", "kind") == "Pod":
                self._of_pod.setdefault(text_at(event, "involvedObject", "name"), []).append(event)

    def last(self, *, pod: str = "", saying: str = "") -> Iterator[Obstacle]:
        """Of all, or of one pod."""
        for event in self._of_pod.get(pod, ()) if pod else self._warnings:
            kind, name = (text_at(event, "involvedObject", key) for key in ("kind", "name"))
            reason, message = text_at(event, "reason"), text_at(event, "message")
            if message.startswith(saying):
                source = f"Event {reason} of {kind} {name}"
                if kind == "Pod":
                    yield obstacle(_EVENTS.get(reason, ObstacleName.NOT_READY), source, message, pod=name)
                else:
                    yield refusal(source, message)

    def _concerns(self, event: Json) -> bool:
        """What a pod says of itself, such as that it is not scheduled, is newer than any Event about it."""
        kind, name = (text_at(event, "involvedObject", key) for key in ("kind", "name"))
        if kind == "Pod" and self._pods is not None:
            return name in self._pods and text_at(event, "reason") != "FailedScheduling"
        if kind in ("Pod", "ReplicaSet"):
            return name.startswith(f"{self._name}-")
        return kind in ("Deployment", "DaemonSet") and name == self._name


def _joined(*parts: str) -> str:
    return ": ".join(part for part in parts if part)


def _is_leaving(pod: Json) -> bool:
    return bool(text_at(pod, "metadata", "deletionTimestamp"))


def _is_over(pod: Json) -> bool:
    return text_at(pod, "status", "phase") in ("Failed", "Succeeded")


def _condition(body: Json, kind: str, status: str) -> object | None:
    """The condition of this type, if it has this status."""
    for condition in items_at(body, "status", "conditions")[:MOST]:
        if text_at(condition, "type") == kind:
            return condition if text_at(condition, "status") == status else None
    return None
