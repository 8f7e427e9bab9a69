# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a hub says of its peers beside the links."""

from __future__ import annotations

import base64

import pytest
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.hub_view import Identity, PeerNotes
from ansible_collections.liqo.fabric.plugins.module_utils._liqo.peers import parse_identity_kubeconfig, parse_notes

from tests.unit import bodies, hubs
from tests.unit.build import cluster_id


def notes(*found: bodies.Body) -> PeerNotes:
    return parse_notes(bodies.raw(found))[cluster_id("leaf-a")]


def test_a_peered_leaf_has_labels_an_address_and_an_identity() -> None:
    assert notes(*hubs.peered("leaf-a", {"region": "eu"})) == PeerNotes(
        labels={"region": "eu"},
        api_server="https://leaf-a.example:6443",
        identity=Identity(namespace="liqo-tenant-leaf-a", secret="kubeconfig-controlplane-leaf-a"),
    )


def test_labels_of_the_virtual_node_win_and_liqos_own_are_left_out() -> None:
    foreign = hubs.provider("leaf-a")
    foreign["metadata"]["labels"] |= {"region": "us", "tier": "edge", "networking.liqo.io/x": "y"}
    found = notes(foreign, hubs.virtual_node("leaf-a", {"region": "eu", "topology.kubernetes.io/zone": "z1"}))
    assert found.labels == {"region": "eu", "tier": "edge", "topology.kubernetes.io/zone": "z1"}


def test_an_identity_of_a_resource_slice_is_not_that_of_the_hub() -> None:
    assert notes(hubs.provider("leaf-a"), hubs.identity("leaf-a", "ResourceSlice")).identity is None


def test_an_identity_that_liqo_has_not_answered_is_none() -> None:
    waiting = hubs.identity("leaf-a")
    del waiting["status"]
    assert notes(hubs.provider("leaf-a"), waiting).identity is None


def test_conditions_that_are_not_good_are_complaints() -> None:
    conditions = {"NetworkConnectionStatus": "Error", "NetworkGatewayPresence": "Ready"}
    found = notes(hubs.provider("leaf-a", conditions=conditions))
    assert found.complaints == ("networking: NetworkConnectionStatus is Error",)


def test_modules_that_are_not_enabled_and_dead_api_servers() -> None:
    foreign = hubs.provider("leaf-a", conditions={"NetworkConnectionStatus": "Error"})
    foreign["status"]["modules"]["networking"]["enabled"] = False
    foreign["status"]["conditions"] = [{"type": "APIServerStatus", "status": "Error", "message": "no route"}]
    assert notes(foreign).complaints == ("APIServerStatus is Error (no route)",)


@pytest.mark.parametrize("data", [{}, {"kubeconfig": "no base64!"}, {"kubeconfig": base64.b64encode(b"\xff").decode()}])
def test_a_secret_without_a_kubeconfig_has_no_text(data: dict[str, str]) -> None:
    assert parse_identity_kubeconfig({**hubs.identity_secret("leaf-a"), "data": data}) == ""


def test_the_kubeconfig_of_an_identity_is_decoded() -> None:
    assert parse_identity_kubeconfig(hubs.identity_secret("leaf-a", "apiVersion: v1")) == "apiVersion: v1"
