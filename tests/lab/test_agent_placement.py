# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

import pytest

from lab.agent.placement import NOT_READY, pick_node, suits, taints_when_ready
from tests.lab import agent_bodies as make

VIRTUAL_TAINT = {"key": "virtual-node.liqo.io/not-allowed", "value": "true", "effect": "NoExecute"}
VIRTUAL = make.node("leaf-a", labels={"liqo.io/type": "virtual-node"}, taints=(VIRTUAL_TAINT,))
OWN = make.node("n1", labels={"kubernetes.io/hostname": "n1"})


def affinity(*terms: dict[str, Any]) -> dict[str, Any]:
    return {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": list(terms)}}}


def expression(key: str, operator: str, *values: str) -> dict[str, Any]:
    return {"matchExpressions": [{"key": key, "operator": operator, "values": list(values)}]}


def test_a_plain_pod_stays_off_the_virtual_node() -> None:
    assert pick_node(make.pod(nodeName=None), [VIRTUAL, OWN], []) == "n1"


def test_a_pod_that_tolerates_and_selects_the_virtual_node_goes_there() -> None:
    toleration = {"key": VIRTUAL_TAINT["key"], "operator": "Exists"}
    body = make.pod(nodeName=None, tolerations=[toleration], nodeSelector={"liqo.io/type": "virtual-node"})
    assert pick_node(body, [VIRTUAL, OWN], []) == "leaf-a"


def test_replicas_spread_over_suitable_nodes() -> None:
    first = make.pod("web-1", owner="rs", nodeName="leaf-a")
    second = make.pod("web-2", owner="rs", nodeName=None, tolerations=[{"operator": "Exists"}])
    assert pick_node(second, [VIRTUAL, OWN], [first, second]) == "n1"


def test_pods_of_others_and_deleted_ones_do_not_count_when_spreading() -> None:
    foreign = make.pod("x", owner="else", nodeName="leaf-a")
    leaving = make.pod("y", owner="rs", nodeName="leaf-a", deleted=True)
    pod = make.pod("web-2", owner="rs", nodeName=None, tolerations=[{"operator": "Exists"}])
    assert pick_node(pod, [VIRTUAL, OWN], [foreign, leaving]) == "leaf-a"


def test_no_suitable_node_means_none() -> None:
    assert pick_node(make.pod(nodeName=None, nodeSelector={"gpu": "yes"}), [VIRTUAL, OWN], []) is None


def test_a_node_that_is_not_ready_gets_no_pod() -> None:
    assert pick_node(make.pod(nodeName=None), [make.node("n1", ready=False)], []) is None


@pytest.mark.parametrize(
    ("term", "fits"),
    [
        (expression("liqo.io/type", "NotIn", "virtual-node"), True),
        (expression("liqo.io/type", "In", "virtual-node"), False),
        (expression("kubernetes.io/hostname", "Exists"), True),
        (expression("kubernetes.io/hostname", "DoesNotExist"), False),
        ({"matchFields": [{"key": "metadata.name", "operator": "In", "values": ["n1"]}]}, True),
        ({"matchFields": [{"key": "metadata.name", "operator": "In", "values": ["n2"]}]}, False),
        ({}, False),
    ],
)
def test_required_affinity_decides(term: dict[str, Any], fits: bool) -> None:
    assert suits(make.pod(affinity=affinity(term)), OWN) is fits


def test_one_matching_term_of_several_is_enough() -> None:
    terms = affinity(expression("a", "Exists"), expression("kubernetes.io/hostname", "In", "n1"))
    assert suits(make.pod(affinity=terms), OWN)


@pytest.mark.parametrize(
    ("toleration", "fits"),
    [
        ({"operator": "Exists"}, True),
        ({"key": VIRTUAL_TAINT["key"], "operator": "Equal", "value": "true"}, True),
        ({"key": VIRTUAL_TAINT["key"], "value": "false"}, False),
        ({"key": VIRTUAL_TAINT["key"], "operator": "Exists", "effect": "NoSchedule"}, False),
    ],
)
def test_tolerations_match_by_key_value_and_effect(toleration: dict[str, Any], fits: bool) -> None:
    assert suits(make.pod(tolerations=[toleration]), VIRTUAL) is fits


def test_a_ready_node_loses_only_the_taint_of_nodes_that_are_not() -> None:
    unready = {"key": NOT_READY, "effect": "NoSchedule"}
    assert taints_when_ready(make.node(taints=(unready, VIRTUAL_TAINT))) == [VIRTUAL_TAINT]
    assert taints_when_ready(make.node(taints=(VIRTUAL_TAINT,))) is None
    assert taints_when_ready(make.node(taints=(unready,), ready=False)) is None
