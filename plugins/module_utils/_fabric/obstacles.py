# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What keeps the pods of a Deployment from running, in the words of Kubernetes, and what to do about each.

Pure. Where the words are found is known to `_liqo/obstacles.py`. They are data: quoted, cut, never followed.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from .command import Option, command
from .legal import is_dns_name
from .terminal import one_line

LONGEST_QUOTE = 700
"""Letters of what Kubernetes says. PodSecurity needs 500 to name all that it forbids in a gateway pod."""
ENFORCE = "pod-security.kubernetes.io/enforce"
RETRIES = "Kubernetes tries again by itself, after 17 minutes at the latest"
"""The controllers of Kubernetes double the pause after each refusal, up to 1000 seconds."""


class ObstacleName(StrEnum):
    """Every kind of obstacle, as `cause` of a failure in a result; docs/troubleshooting.md lists them all."""

    POD_SECURITY = "pod-security"
    SECURITY_CONSTRAINT = "security-constraint"
    QUOTA = "quota"
    QUOTA_REQUESTS = "quota-requests"
    LIMIT_RANGE = "limit-range"
    WEBHOOK = "admission-webhook"
    WEBHOOK_DOWN = "webhook-down"
    POLICY = "admission-policy"
    NAMESPACE_TERMINATING = "namespace-terminating"
    MISSING = "missing-object"
    REFUSED = "refused-pod"
    IMAGE = "image-pull"
    UNSCHEDULABLE = "unschedulable"
    GATED = "scheduling-gate"
    CONTAINER = "container-start"
    CRASH = "crash"
    NODE = "node"
    TERMINATING = "pod-terminating"
    SCALED = "scaled-to-zero"
    PAUSED = "paused"
    UNOBSERVED = "no-controller"
    NOT_READY = "not-ready"


@dataclass(frozen=True, slots=True, kw_only=True)
class Obstacle:
    """One reason, as it stands in the cluster."""

    name: ObstacleName
    source: str
    """Where it stands: `condition ReplicaFailure`, `pod gw-x-1`."""
    said: str
    """By Kubernetes, in one line and cut."""
    about: str = ""
    """A webhook, a quota, a container or the ServiceAccount that it is about. Empty where that is no legal name."""
    pod: str = ""
    """The pod that it concerns."""

    def __str__(self) -> str:
        return f"{self.source}: {self.said}"


def obstacle(name: ObstacleName, source: str, said: str, *, about: str = "", pod: str = "") -> Obstacle:
    """An obstacle with harmless text; ``about`` and ``pod`` are left out where they are no names."""
    return Obstacle(
        name=name,
        source=one_line(source, longest=LONGEST_QUOTE),
        said=one_line(said, longest=LONGEST_QUOTE) or "no reason is given",
        about=about if is_dns_name(about) else "",
        pod=pod if is_dns_name(pod) else "",
    )


_REFUSALS: tuple[tuple[ObstacleName, re.Pattern[str]], ...] = tuple(
    (name, re.compile(pattern))
    for name, pattern in (
        # The words of a webhook are its own and may hold those of the others, so that webhooks come first.
        (ObstacleName.WEBHOOK_DOWN, r'failed calling webhook "([^"]*)"'),
        (ObstacleName.WEBHOOK, r'admission webhook "([^"]*)" denied'),
        (ObstacleName.POLICY, r"ValidatingAdmissionPolicy '([^']*)'"),
        (ObstacleName.POD_SECURITY, r"violates PodSecurity"),
        (ObstacleName.SECURITY_CONSTRAINT, r"unable to validate against any security context constraint"),
        (ObstacleName.QUOTA_REQUESTS, r"failed quota: ([^:\s]+): must specify"),
        (ObstacleName.QUOTA, r"exceeded quota: ([^,\s]+)"),
        (ObstacleName.QUOTA, r"insufficient quota to"),
        (ObstacleName.LIMIT_RANGE, r"(?:maximum|minimum) \S+ usage per |limit to request ratio"),
        (ObstacleName.NAMESPACE_TERMINATING, r"because it is being terminated"),
        (ObstacleName.MISSING, r'serviceaccount "([^"]*)" not found'),
        (ObstacleName.MISSING, r"no PriorityClass with name (\S+) was found"),
        (ObstacleName.MISSING, r'RuntimeClass "([^"]*)" not found'),
    )
)


_WRONG_ANSWER = re.compile(
    "an error on the server|could not find the requested resource|server gave HTTP response|expected webhook response"
)
"""From a webhook that is there, of which the API server says all the same that the call has failed."""


def refusal(source: str, said: str) -> Obstacle:
    """Why the API server does not take a pod, from its words."""
    text = one_line(said)
    for name, pattern in _REFUSALS:
        found = pattern.search(text)
        if found:
            return obstacle(name, source, text, about=found[1] if found.groups() else "")
    return obstacle(ObstacleName.REFUSED, source, text)


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """Where the pods should run."""

    cluster: str
    namespace: str
    workload: str
    """As kubectl takes it: `deployment/gw-leaf-b`."""

    def kubectl(self, *words: str) -> str:
        return command("kubectl", Option("-n"), self.namespace, *words)


def step(found: Obstacle, site: Site) -> str:
    """What a person can do, as one instruction that is true for this obstacle."""
    return _STEPS[found.name](found, site)


def _allow(found: Obstacle, site: Site) -> str:
    return f"{to_privileged(site.namespace)}; {_at_once(site)}"


def to_privileged(namespace: str) -> str:
    """The step that lets gateway pods pass Pod Security."""
    label = command("kubectl", "label", Option("--overwrite"), "namespace", namespace, f"{ENFORCE}=privileged")
    return f"let privileged pods into the namespace ({label})"


def _at_once(site: Site) -> str:
    return f"{RETRIES}, at once after {site.kubectl('rollout', 'restart', site.workload)}"


def _describe(kind: str) -> Callable[[Obstacle, Site], str]:
    def look(found: Obstacle, site: Site) -> str:
        return site.kubectl("describe", kind, *([found.about] if found.about else []))

    return look


def _quota(found: Obstacle, site: Site) -> str:
    look = _describe("resourcequota")(found, site)
    return f"raise ResourceQuota {found.about or 'of the namespace'} in {site.namespace} ({look}); {_at_once(site)}"


def _quota_requests(found: Obstacle, site: Site) -> str:
    return (
        f"give {site.namespace} a LimitRange with default requests and limits, or take them out of ResourceQuota"
        f" {found.about} ({_describe('resourcequota')(found, site)}); {_at_once(site)}"
    )


def _limit_range(found: Obstacle, site: Site) -> str:
    look = site.kubectl("describe", "limitrange")
    return f"change the LimitRange of {site.namespace} so that the pod is within it ({look}); {_at_once(site)}"


def _webhook(found: Obstacle, site: Site) -> str:
    name = found.about or "that is named"
    look = command("kubectl", "get", "validatingwebhookconfigurations,mutatingwebhookconfigurations")
    return (
        f"have the admission webhook {name} let the pods of {site.namespace} in ({look} shows whose it is);"
        f" {_at_once(site)}"
    )


def _webhook_down(found: Obstacle, site: Site) -> str:
    name = f"{found.about or 'that is named'} of {site.cluster}"
    if "x509: " in found.said:
        cure = f"correct the certificate of the admission webhook {name}, or the caBundle that it is checked with"
    elif _WRONG_ANSWER.search(found.said):
        cure = f"look at the log of the admission webhook {name}, which gives no answer that the API server understands"
    else:
        cure = f"bring the admission webhook {name} up again, which does not answer"
    return f"{cure}; {_at_once(site)}"


def _policy(found: Obstacle, site: Site) -> str:
    name = found.about or "that is named"
    return f"have the ValidatingAdmissionPolicy {name} let the pods of {site.namespace} in; {_at_once(site)}"


def _constraint(found: Obstacle, site: Site) -> str:
    account = found.about or "default"
    grant = command(
        "oc", Option("-n"), site.namespace, "adm", "policy", "add-scc-to-user", "privileged", Option("-z"), account
    )
    return f"let the ServiceAccount {account} use the privileged SecurityContextConstraints ({grant}); {_at_once(site)}"


def _missing(found: Obstacle, site: Site) -> str:
    name = f"{found.about}, which is missing" if found.about else "what is missing"
    return f"make {name}, or correct the template that names it; {_at_once(site)}"


def _refused(found: Obstacle, site: Site) -> str:
    return f"change what Kubernetes names, so that the API server of {site.cluster} takes the pod; {_at_once(site)}"


def _namespace(found: Obstacle, site: Site) -> str:
    return f"wait until the namespace {site.namespace} is gone"


def _look_at_pod(site: Site, pod: str) -> str:
    return site.kubectl("describe", *(["pod", pod] if pod else ["pods"]))


def _image(found: Obstacle, site: Site) -> str:
    return (
        f"see that the nodes of {site.cluster} can pull the image: its name, the registry, the pull secret"
        f" ({_look_at_pod(site, found.pod)}); Kubernetes tries again by itself within 5 minutes"
    )


def _unschedulable(found: Obstacle, site: Site) -> str:
    return (
        f"give {site.cluster} a node that takes the pod, or change what the template of the pod asks of nodes"
        f" ({_look_at_pod(site, found.pod)}); Kubernetes then places the pod by itself"
    )


def _gated(found: Obstacle, site: Site) -> str:
    return f"let the owner of the pod's scheduling gates remove them ({_look_at_pod(site, found.pod)})"


def _container(found: Obstacle, site: Site) -> str:
    return f"cure what Kubernetes names ({_look_at_pod(site, found.pod)}); it then starts the container by itself"


def _crash(found: Obstacle, site: Site) -> str:
    which = [Option("-c"), found.about] if found.about else [Option("--all-containers")]
    log = site.kubectl("logs", found.pod or site.workload, *which, Option("--previous"))
    return f"look at the log of the container ({log}); Kubernetes starts it again by itself within 5 minutes"


def _node(found: Obstacle, site: Site) -> str:
    return f"look at the node of the pod ({_look_at_pod(site, found.pod)})"


def _terminating(found: Obstacle, site: Site) -> str:
    force = site.kubectl("delete", "pod", found.pod or "NAME", Option("--force"), Option("--grace-period=0"))
    return (
        "bring the node of this pod up again, which has to confirm that the pod has ended; if the node is gone for"
        f" good: {force}"
    )


def _scaled(found: Obstacle, site: Site) -> str:
    scale = site.kubectl("scale", site.workload, Option("--replicas=1"))
    return f"see who set it to 0 pods, its template or another tool, and set it to 1 ({scale})"


def _paused(found: Obstacle, site: Site) -> str:
    return f"let it go on: {site.kubectl('rollout', 'resume', site.workload)}"


def _unobserved(found: Obstacle, site: Site) -> str:
    return f"bring the kube-controller-manager of {site.cluster} up again, which has to act on this object"


def _not_ready(found: Obstacle, site: Site) -> str:
    return f"look at the pod ({_look_at_pod(site, found.pod)})"


_STEPS: dict[ObstacleName, Callable[[Obstacle, Site], str]] = {
    ObstacleName.POD_SECURITY: _allow,
    ObstacleName.SECURITY_CONSTRAINT: _constraint,
    ObstacleName.QUOTA: _quota,
    ObstacleName.QUOTA_REQUESTS: _quota_requests,
    ObstacleName.LIMIT_RANGE: _limit_range,
    ObstacleName.WEBHOOK: _webhook,
    ObstacleName.WEBHOOK_DOWN: _webhook_down,
    ObstacleName.POLICY: _policy,
    ObstacleName.NAMESPACE_TERMINATING: _namespace,
    ObstacleName.MISSING: _missing,
    ObstacleName.REFUSED: _refused,
    ObstacleName.IMAGE: _image,
    ObstacleName.UNSCHEDULABLE: _unschedulable,
    ObstacleName.GATED: _gated,
    ObstacleName.CONTAINER: _container,
    ObstacleName.CRASH: _crash,
    ObstacleName.NODE: _node,
    ObstacleName.TERMINATING: _terminating,
    ObstacleName.SCALED: _scaled,
    ObstacleName.PAUSED: _paused,
    ObstacleName.UNOBSERVED: _unobserved,
    ObstacleName.NOT_READY: _not_ready,
}
