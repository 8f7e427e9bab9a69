# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The objects of the connector of 2025 as the API server sends them."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.connector.model import (
    Asked,
    ConnectorKind,
    FinalizersSpec,
    ReplicasSpec,
)
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.model import ClusterId
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.objects import NamespaceSpec
from ansible_collections.liqo.fabric.plugins.module_utils._liqo import connector
from ansible_collections.liqo.fabric.plugins.module_utils._liqo.resources import DEPLOYMENT

from tests.unit.bodies import Body, body

HUB = ClusterId("hub")
NETWORKING = {
    "mtu": 1450,
    "serverGatewayType": connector.SERVER_GATEWAY_TYPE,
    "serverTemplateName": "wireguard-server",
    "serverTemplateNamespace": "liqo",
    "serverServiceType": "NodePort",
    "serverServicePort": 51840,
    "clientGatewayType": "example.com/v1/others",
    "clientTemplateName": "mine",
    "clientTemplateNamespace": "elsewhere",
    "timeoutSeconds": 120,
    "wait": True,
}


def connection(**content: Any) -> Body:
    return body(connector.FOREIGN_CLUSTER_CONNECTION, "a-b", "default", **content)


def test_a_whole_object_is_read() -> None:
    spec = {"foreignClusterA": "leaf-a", "foreignClusterB": "leaf-b", "networking": NETWORKING}
    status = {"isConnected": True, "phase": "Connected", "errorMessage": ""}
    finalizers = {"finalizers": [connector.FINALIZER, "example.com/x"]}
    found = connector.parse_connection(connection(spec=spec, status=status, metadata=finalizers), HUB)
    assert (found.client, found.server, found.name) == ("leaf-a", "leaf-b", "default/a-b")
    assert (found.mtu, found.port, found.service_type) == (1450, 51840, "NodePort")
    assert found.of_server == Asked(template="wireguard-server", template_namespace="liqo")
    assert found.of_client == Asked(
        gateway_type="example.com/v1/others", template="mine", template_namespace="elsewhere"
    )
    assert (found.timeout_s, found.wait, found.connected, found.phase) == (120, True, True, "Connected")
    assert found.finalizers == {connector.FINALIZER}
    assert found.meta.finalizers == (connector.FINALIZER, "example.com/x")


@pytest.mark.parametrize("spec", [None, {}, {"networking": None}, {"networking": {"mtu": "many", "wait": "yes"}}])
def test_what_is_missing_or_of_the_wrong_type_is_nothing(spec: Any) -> None:
    found = connector.parse_connection(connection(spec=spec), HUB)
    assert found.pair is None
    assert (found.mtu, found.port, found.service_type, found.timeout_s, found.wait) == (0, 0, "", None, None)
    assert (found.connected, found.phase, found.finalizers) == (False, "", frozenset())


def test_a_deployment_without_replicas_has_one() -> None:
    place = (DEPLOYMENT, "c", connector.CONTROLLER_NAMESPACE)
    assert connector.parse_controller(body(*place, spec={})).replicas == 1
    assert connector.parse_controller(body(*place, spec={"replicas": 0})).replicas == 0


def test_subjects_of_a_binding_are_told_apart() -> None:
    subjects = [
        {"kind": "User", "name": "hub"},
        {"kind": "ServiceAccount", "name": "x", "namespace": "y"},
        {"kind": "Group", "name": "g"},
    ]
    granted = {"kind": "ClusterRole", "name": "r"}
    found = connector.parse_binding(body(connector.CLUSTER_ROLE_BINDING, "b", subjects=subjects, roleRef=granted))
    assert (found.role, set(found.users), set(found.accounts), found.others) == ("r", {"hub"}, {"y"}, 1)


@pytest.mark.parametrize(
    ("name", "labels", "resources", "own"),
    [
        ("liqo-shortcutmanager-role", {}, ["secrets"], True),
        ("x", {"app.kubernetes.io/name": "liqo-shortcutmanager"}, ["secrets"], True),
        ("viewer", {}, ["foreignclusterconnections", "foreignclusterconnections/status"], True),
        ("metrics-auth-role", {}, ["tokenreviews"], False),
        ("admin", {}, ["foreignclusterconnections", "secrets"], False),
        ("empty", {}, [], False),
    ],
)
def test_a_role_is_the_connectors_by_name_label_or_what_it_is_about(
    name: str, labels: dict[str, str], resources: list[str], own: bool
) -> None:
    rules = [{"resources": resources, "verbs": ["get"]}]
    found = connector.parse_role(body(connector.CLUSTER_ROLE, name, metadata={"labels": labels}, rules=rules))
    assert found.is_connectors is own


def test_a_write_changes_one_field_and_keeps_the_rest() -> None:
    deployment = body(DEPLOYMENT, "c", "n", spec={"replicas": 2, "template": {"x": 1}})
    stopped = connector.build_retired(ReplicasSpec(replicas=0), deployment)
    assert stopped == {**deployment, "spec": {"replicas": 0, "template": {"x": 1}}}
    held = connection(metadata={"finalizers": ["a", "b"]}, spec={"y": 2})
    freed = connector.build_retired(FinalizersSpec(finalizers=("b",)), held)
    assert freed["metadata"] == {**held["metadata"], "finalizers": ["b"]}
    assert freed["spec"] == held["spec"]
    assert connector.retired_spec(ConnectorKind.CONNECTION, held) == FinalizersSpec(finalizers=("a", "b"))
    assert connector.retired_spec(ConnectorKind.DEPLOYMENT, deployment) == ReplicasSpec(replicas=2)
    with pytest.raises(TypeError, match="NamespaceSpec"):
        connector.build_retired(NamespaceSpec(), held)
