# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The text of the admission policies: what we wrote is known again, whatever the API server adds to it."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.propagation.model import HeldPolicy, PolicySpec
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.propagation.operations import SliceKind
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.propagation.policies import POLICY_NAMES
from ansible_collections.liqo.fabric.plugins.module_utils._liqo.policies import (
    build_policy,
    parse_policies,
    policy_spec,
)

from tests.unit.bodies import Body
from tests.unit.build import OURS

POLICY, BINDING = SliceKind.POLICY, SliceKind.BINDING


def a_body(kind: SliceKind, name: str = POLICY_NAMES[0]) -> Body:
    made = build_policy(kind, PolicySpec(owners=OURS), name=name)
    made["metadata"]["uid"] = f"uid of {name}"
    return made


def held(kind: SliceKind, *bodies: Body) -> list[HeldPolicy]:
    found = parse_policies(bodies if kind is POLICY else (), bodies if kind is BINDING else ())
    assert all(name.startswith(f"{kind.value}/") for name in found)
    return list(found.values())


@pytest.mark.parametrize("kind", [POLICY, BINDING])
@pytest.mark.parametrize("name", POLICY_NAMES)
def test_what_is_written_is_intact(kind: SliceKind, name: str) -> None:
    assert held(kind, a_body(kind, name)) == [HeldPolicy(uid=f"uid of {name}", owners=OURS, intact=True)]


def test_policies_and_bindings_are_told_apart_and_those_of_others_are_not_seen() -> None:
    stranger = a_body(POLICY)
    stranger["metadata"]["name"] = "somebody-else-s"
    found = parse_policies([*(a_body(POLICY, name) for name in POLICY_NAMES), stranger], [a_body(BINDING)])
    assert sorted(found) == [
        *(f"MutatingAdmissionPolicy/{name}" for name in sorted(POLICY_NAMES)),
        f"MutatingAdmissionPolicyBinding/{POLICY_NAMES[0]}",
    ]


def test_what_the_api_server_fills_in_does_not_count() -> None:
    policy, binding = a_body(POLICY), a_body(BINDING)
    constraints = policy["spec"]["matchConstraints"]
    constraints["matchPolicy"] = "Equivalent"
    constraints["namespaceSelector"] = {}
    constraints["resourceRules"][0]["scope"] = "*"
    policy["metadata"]["generation"] = 1
    policy["status"] = {"observedGeneration": 1}
    binding["spec"]["paramRef"]["namespace"] = ""
    assert [one.intact for one in (*held(POLICY, policy), *held(BINDING, binding))] == [True, True]


def _expression(spec: dict[str, Any]) -> None:
    spec["mutations"][0]["jsonPatch"]["expression"] += " "


def _condition(spec: dict[str, Any]) -> None:
    spec["matchConditions"][1]["expression"] = "true"


def _more_conditions(spec: dict[str, Any]) -> None:
    spec["matchConditions"].append({"name": "never", "expression": "false"})


def _fewer_operations(spec: dict[str, Any]) -> None:
    spec["matchConstraints"]["resourceRules"][0]["operations"] = ["CREATE"]


def _failure_policy(spec: dict[str, Any]) -> None:
    spec["failurePolicy"] = "Fail"


def _no_mutations(spec: dict[str, Any]) -> None:
    del spec["mutations"]


@pytest.mark.parametrize(
    "change", [_expression, _condition, _more_conditions, _fewer_operations, _failure_policy, _no_mutations]
)
def test_a_policy_that_says_something_else_is_not_intact_until_it_is_written_again(
    change: Callable[[dict[str, Any]], None],
) -> None:
    policy = a_body(POLICY)
    change(policy["spec"])
    assert [one.intact for one in held(POLICY, policy)] == [False]
    again = build_policy(POLICY, PolicySpec(owners=OURS), name=POLICY_NAMES[0], current=policy)
    assert [one.intact for one in held(POLICY, again)] == [True]


def test_a_binding_to_other_slices_is_not_intact() -> None:
    binding = a_body(BINDING)
    binding["spec"]["paramRef"]["selector"]["matchLabels"]["liqo.io/managed-by"] = "somebody"
    assert [one.intact for one in held(BINDING, binding)] == [False]


def test_foreign_labels_are_kept_and_the_body_read_is_not_touched() -> None:
    current = a_body(POLICY)
    current["metadata"]["labels"]["team"] = "shop"
    current["metadata"]["annotations"]["note"] = "kept"
    before = copy.deepcopy(current)
    made = build_policy(POLICY, PolicySpec(owners=frozenset()), name=POLICY_NAMES[0], current=current)
    assert current == before
    assert made["metadata"]["labels"] == {"team": "shop", "liqo-fabric.github.io/managed": "true"}
    assert made["metadata"]["annotations"] == {"note": "kept", "liqo-fabric.github.io/owners": ""}
    assert made["metadata"]["uid"] == current["metadata"]["uid"]


def test_a_broken_policy_keeps_no_slice_from_being_written() -> None:
    assert {policy_spec(name)["failurePolicy"] for name in POLICY_NAMES} == {"Ignore"}


def test_two_texts_never_share_a_part() -> None:
    one = policy_spec(POLICY_NAMES[0])
    one["matchConstraints"]["objectSelector"]["matchLabels"]["liqo.io/managed-by"] = "changed"
    assert [one.intact for one in held(POLICY, a_body(POLICY))] == [True]
    assert policy_spec(POLICY_NAMES[0]) != one
