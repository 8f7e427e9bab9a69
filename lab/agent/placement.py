# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which node an unscheduled pod goes to: the few rules of the Kubernetes scheduler that Liqo's pods use. Pure.

Node selector, required node affinity (expressions and the node's name), taints against tolerations, readiness; then the
node with the fewest pods of the same owner. Resources, pod affinity and preferences are not looked at.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

Body = Mapping[str, Any]

NOT_READY = "node.kubernetes.io/not-ready"
"""Taint that the API server gives each new node; the controller that takes it away does not run in the lab."""


def pick_node(pod: Body, nodes: Iterable[Body], pods: Iterable[Body]) -> str | None:
    """Name of the node for a pod; None when no node suits (yet)."""
    suitable: list[str] = sorted(n["metadata"]["name"] for n in nodes if suits(pod, n))
    if not suitable:
        return None
    mine = owner_of(pod)
    load = dict.fromkeys(suitable, 0)
    for other in pods:
        node = other["spec"].get("nodeName")
        if node in load and owner_of(other) == mine and not other["metadata"].get("deletionTimestamp"):
            load[node] += 1
    return min(suitable, key=lambda name: (load[name], name))


def taints_when_ready(node: Body) -> list[Body] | None:
    """The taints that a ready node keeps, when it has one too many; else None."""
    taints = node["spec"].get("taints") or []
    kept = [taint for taint in taints if taint["key"] != NOT_READY]
    return kept if _is_ready(node) and len(kept) < len(taints) else None


def owner_of(pod: Body) -> tuple[str, str]:
    """What a pod is a replica of: its namespace and the uid of its controller (its own uid when it has none)."""
    meta = pod["metadata"]
    for owner in meta.get("ownerReferences") or ():
        if owner.get("controller"):
            return meta["namespace"], owner["uid"]
    return meta["namespace"], meta["uid"]


def suits(pod: Body, node: Body) -> bool:
    """Whether the pod may run on the node."""
    spec, labels = pod["spec"], node["metadata"].get("labels") or {}
    if not all(labels.get(key) == value for key, value in (spec.get("nodeSelector") or {}).items()):
        return False
    affinity = (spec.get("affinity") or {}).get("nodeAffinity") or {}
    terms = (affinity.get("requiredDuringSchedulingIgnoredDuringExecution") or {}).get("nodeSelectorTerms")
    if terms is not None and not any(_term_matches(term, node) for term in terms):
        return False
    return (
        _is_ready(node)
        and not node["spec"].get("unschedulable")
        and _tolerates_all(spec.get("tolerations") or (), node)
    )


def _is_ready(node: Body) -> bool:
    conditions = (node.get("status") or {}).get("conditions") or ()
    return any(c["type"] == "Ready" and c["status"] == "True" for c in conditions)


def _term_matches(term: Body, node: Body) -> bool:
    expressions, fields = term.get("matchExpressions") or (), term.get("matchFields") or ()
    if not expressions and not fields:
        return False
    labels = node["metadata"].get("labels") or {}
    names = {"metadata.name": node["metadata"]["name"]}
    return all(_holds(e, labels) for e in expressions) and all(_holds(e, names) for e in fields)


def _holds(expression: Body, value_by_key: Mapping[str, str]) -> bool:
    have, wanted, operator = value_by_key.get(expression["key"]), expression.get("values") or (), expression["operator"]
    match operator:
        case "In":
            return have in wanted
        case "NotIn":
            return have not in wanted
        case "Exists":
            return have is not None
        case "DoesNotExist":
            return have is None
    return False


def _tolerates_all(tolerations: Iterable[Body], node: Body) -> bool:
    hard = [t for t in node["spec"].get("taints") or () if t["effect"] in ("NoSchedule", "NoExecute")]
    known = list(tolerations)
    return all(any(_tolerates(t, taint) for t in known) for taint in hard)


def _tolerates(toleration: Body, taint: Body) -> bool:
    if toleration.get("effect") and toleration["effect"] != taint["effect"]:
        return False
    if toleration.get("operator", "Equal") == "Exists":
        return not toleration.get("key") or toleration["key"] == taint["key"]
    return bool(toleration.get("key") == taint["key"] and toleration.get("value", "") == taint.get("value", ""))
