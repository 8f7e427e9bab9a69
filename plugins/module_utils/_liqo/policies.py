# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The two admission policies of mode exclusive: static, without a server, and without a word about any one Service.

*suppress* looks at slices that a hub reflected, *fallback* at those that Liqo makes of our ShadowEndpointSlices; each
has the other kind as its parameters, of the same namespace and Service, and endpoints are matched by the name of their
pod. ``serving``, which Liqo never sets, is the memory: on a reflected endpoint whether the path through the hub is in
order, on one of ours that its address was taken from there.

A reflected endpoint that is out of use also loses its address to the field path of its target, and gets one that leads
nowhere. kube-proxy knows an endpoint by its address alone: with the same one in two slices, ready in one of them only,
it takes whichever slice it sees first.

Both are written so that doing them twice changes nothing, and so that several slices of a Service may come in any
order: the API server evaluates a policy once for each parameter.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable
from typing import Any

from .._fabric.propagation.model import HeldPolicy, Policies, PolicySpec, Use
from .._fabric.propagation.operations import SliceKind
from .._fabric.propagation.policies import POLICY_NAMES
from .body import Json, at, map_at, says, text_at
from .names import (
    MANAGED,
    MANAGED_BY,
    OWNERS,
    PATH,
    REFLECTION,
    REMAP,
    SERVICE_NAME,
    SLICE_MANAGER,
    read_owners,
    write_owners,
)

FALLBACK, SUPPRESS = POLICY_NAMES
NOWHERE = "192.0.2.1"
"""The address of a reflected endpoint that is out of use; reserved for documentation by RFC 5737."""

_MADE_BY_LIQO = {"liqo.io/managed-by": "shadowendpointslice"}
_REFLECTED = {"matchLabels": {**_MADE_BY_LIQO, SLICE_MANAGER: REFLECTION}}


def _ours(*uses: Use) -> dict[str, Any]:
    """The selector of slices of ours with one of these uses."""
    values = [use.value for use in uses]
    return {
        "matchLabels": {**_MADE_BY_LIQO, SLICE_MANAGER: MANAGED_BY},
        "matchExpressions": [{"key": PATH, "operator": "In", "values": values}],
    }


_SLICE = {"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice"}

_NAMED = "has(e.targetRef) && has(p.targetRef) && p.targetRef.name == e.targetRef.name"
_SAME_POD = f"params.endpoints.exists(p, {_NAMED})"
_REMEMBERED = "has(e.conditions.serving) && has(e.conditions.ready) && !e.conditions.ready"
_READY = "(has(e.conditions.ready) && e.conditions.ready)"
_CIDRS = f"object.metadata.annotations['{REMAP}'].split(',')"
_OUTSIDE = f"!e.addresses.all(a, {_CIDRS}.exists(c, cidr(c).containsIP(a)))"
_BAD = f"(!{_READY} || {_OUTSIDE})"
_UP = "has(p.conditions.serving) ? p.conditions.serving : (has(p.conditions.ready) && p.conditions.ready)"
_HUB_IS_UP = f"params.endpoints.exists(p, {_NAMED} && ({_UP}))"
_KEPT = "has(p.targetRef.fieldPath) && p.targetRef.fieldPath != ''"
_FROM_HUB = f"params.endpoints.filter(p, {_NAMED}).map(p, ({_KEPT}) ? [p.targetRef.fieldPath] : p.addresses)[0]"
_TAKEN = "(has(e.conditions.serving) && e.conditions.serving)"

_SAME_SERVICE = f"params.metadata.labels['{SERVICE_NAME}'] == object.metadata.labels['{SERVICE_NAME}']"


def _patch(op: str, field: str, condition: str, value: str) -> str:
    path = f'"/endpoints/" + string(i) + "{field}"'
    return f'object.endpoints.transformList(i, e, {condition}, JSONPatch{{op: "{op}", path: {path}, value: {value}}})'


_EXPRESSIONS = {
    SUPPRESS: [
        _patch("add", "/conditions/serving", f"{_SAME_POD} && !({_REMEMBERED})", _READY),
        _patch("add", "/targetRef/fieldPath", f"{_SAME_POD} && !({_REMEMBERED})", "e.addresses[0]"),
        _patch("replace", "/addresses", _SAME_POD, f"['{NOWHERE}']"),
        _patch("add", "/conditions/ready", _SAME_POD, "false"),
    ],
    FALLBACK: [
        _patch("add", "/conditions/ready", f"{_BAD} && {_SAME_POD}", _HUB_IS_UP),
        _patch("replace", "/addresses", f"{_BAD} && {_HUB_IS_UP}", _FROM_HUB),
        _patch("add", "/conditions/serving", f"{_BAD} && {_HUB_IS_UP}", "true"),
        _patch("add", "/conditions/ready", f"{_OUTSIDE} && !{_SAME_POD} && !{_TAKEN}", "false"),
    ],
}
_SELECTED = {SUPPRESS: _REFLECTED, FALLBACK: _ours(Use.EXCLUSIVE, Use.LEAVING)}
_PARAMETERS = {SUPPRESS: _ours(Use.EXCLUSIVE), FALLBACK: _REFLECTED}
_FURTHER = {
    SUPPRESS: [],
    FALLBACK: [f"has(object.metadata.annotations) && '{REMAP}' in object.metadata.annotations"],
}


def policy_spec(name: str) -> dict[str, Any]:
    """The ``spec`` of one of the two policies."""
    conditions = [
        "has(object.endpoints) && size(object.endpoints) > 0 && has(params.endpoints)",
        _SAME_SERVICE,
        *_FURTHER[name],
    ]
    return {
        "failurePolicy": "Ignore",
        "reinvocationPolicy": "Never",
        "paramKind": dict(_SLICE),
        "matchConstraints": {
            "objectSelector": copy.deepcopy(_SELECTED[name]),
            "resourceRules": [
                {
                    "apiGroups": ["discovery.k8s.io"],
                    "apiVersions": ["v1"],
                    "operations": ["CREATE", "UPDATE"],
                    "resources": ["endpointslices"],
                }
            ],
        },
        "matchConditions": [{"name": f"c{number}", "expression": one} for number, one in enumerate(conditions)],
        "mutations": [
            {"patchType": "JSONPatch", "jsonPatch": {"expression": " + ".join(_EXPRESSIONS[name])}},
        ],
    }


def binding_spec(name: str) -> dict[str, Any]:
    """The ``spec`` of the binding of a policy."""
    selector = copy.deepcopy(_PARAMETERS[name])
    return {"policyName": name, "paramRef": {"selector": selector, "parameterNotFoundAction": "Allow"}}


def parse_policies(policies: Iterable[Json], bindings: Iterable[Json]) -> Policies:
    """What there is of ours among the policies and bindings of a cluster."""
    return {
        f"{kind.value}/{name}": parse_policy(kind, body)
        for kind, bodies in ((SliceKind.POLICY, policies), (SliceKind.BINDING, bindings))
        for body in bodies
        for name in [text_at(body, "metadata", "name")]
        if name in POLICY_NAMES
    }


def parse_policy(kind: SliceKind, body: Json) -> HeldPolicy:
    """A policy or binding of one of our names."""
    wanted = policy_spec if kind is SliceKind.POLICY else binding_spec
    return HeldPolicy(
        uid=text_at(body, "metadata", "uid"),
        owners=read_owners(map_at(body, "metadata", "annotations").get(OWNERS, "")),
        intact=says(at(body, "spec"), wanted(text_at(body, "metadata", "name"))),
    )


def build_policy(kind: SliceKind, spec: PolicySpec, *, name: str, current: Json | None = None) -> dict[str, Any]:
    """The body of a policy or of its binding; its whole text is ours."""
    body: dict[str, Any] = copy.deepcopy(dict(current)) if current else {}
    metadata = body.setdefault("metadata", {})
    metadata["name"] = name
    metadata["labels"] = {**(metadata.get("labels") or {}), MANAGED: "true"}
    metadata["annotations"] = {**(metadata.get("annotations") or {}), OWNERS: write_owners(spec.owners)}
    body["spec"] = policy_spec(name) if kind is SliceKind.POLICY else binding_spec(name)
    return body
