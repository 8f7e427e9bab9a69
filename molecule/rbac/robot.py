# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A ServiceAccount as those who run Ansible use it: `python robot.py kubeconfig ADMIN NAME FILE`, and its roles spoilt.

`python robot.py meddle ADMIN NAME` gives it a right more and takes one away. Only the Kubernetes API is used.
"""

from __future__ import annotations

import sys
from pathlib import Path

import yaml
from kubernetes import client, config

NAMESPACE = "default"


def main(action: str, admin: str, name: str, *more: str) -> None:
    with config.new_client_from_config(admin) as connection:
        if action == "kubeconfig":
            write_kubeconfig(connection, Path(admin), name, Path(more[0]))
        else:
            meddle(connection, name)


def write_kubeconfig(connection: client.ApiClient, admin: Path, name: str, file: Path) -> None:
    """That of the administrator, with a token in the place of its credentials. The token is good for an hour."""
    request = {"spec": {"expirationSeconds": 3600, "audiences": []}}
    answer = client.CoreV1Api(connection).create_namespaced_service_account_token(name, NAMESPACE, request)
    content = yaml.safe_load(admin.read_text(encoding="utf-8"))
    content["users"][0]["user"] = {"token": answer.status.token}
    file.touch(mode=0o600)
    file.write_text(yaml.safe_dump(content), encoding="utf-8")


def meddle(connection: client.ApiClient, name: str) -> None:
    """Its first role has one rule less, and one for all Pods instead."""
    api = client.RbacAuthorizationV1Api(connection)
    role = api.read_cluster_role(f"{name}-tenant")
    role.rules = [*role.rules[1:], client.V1PolicyRule(api_groups=[""], resources=["pods"], verbs=["*"])]
    api.replace_cluster_role(f"{name}-tenant", role)


if __name__ == "__main__":
    main(*sys.argv[1:])
