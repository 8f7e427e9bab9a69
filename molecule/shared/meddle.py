# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Somebody meddles with the shortcut between two clusters, on both sides: `python meddle.py KUBECONFIG PEER ...`.

Each pair of arguments is one side: its gateway gets another MTU, it loses the peer's public key, its gateway pod dies.
Only the Kubernetes API is used, so that every scenario can share it.
"""

from __future__ import annotations

import sys
from typing import Any

from kubernetes import client, config

GROUP, VERSION = "networking.liqo.io", "v1beta1"
OTHER_MTU = 1300


def main(sides: list[str]) -> None:
    for kubeconfig, peer in zip(sides[::2], sides[1::2], strict=True):
        with config.new_client_from_config(kubeconfig) as connection:
            meddle(connection, peer)


def meddle(connection: client.ApiClient, peer: str) -> None:
    """One side of the link to `peer` differs from what was declared."""
    objects = client.CustomObjectsApi(connection)
    gateways = 0
    for plural in ("gatewayservers", "gatewayclients"):
        for gateway in held(objects, plural, peer):
            objects.patch_namespaced_custom_object(
                GROUP, VERSION, *place(gateway, plural), {"spec": {"mtu": OTHER_MTU}}
            )
            client.CoreV1Api(connection).delete_collection_namespaced_pod(gateway["metadata"]["namespace"])
            gateways += 1
    for key in held(objects, "publickeies", peer):
        objects.delete_namespaced_custom_object(GROUP, VERSION, *place(key, "publickeies"))
    if gateways != 1:
        sys.exit(f"{gateways} gateways lead to {peer}, expected one: there is nothing to meddle with")


def held(objects: client.CustomObjectsApi, plural: str, peer: str) -> list[dict[str, Any]]:
    listing = objects.list_cluster_custom_object(
        GROUP, VERSION, plural, label_selector=f"liqo.io/remote-cluster-id={peer}"
    )
    items: list[dict[str, Any]] = listing["items"]
    return items


def place(body: dict[str, Any], plural: str) -> tuple[str, str, str]:
    return body["metadata"]["namespace"], plural, body["metadata"]["name"]


if __name__ == "__main__":
    main(sys.argv[1:])
