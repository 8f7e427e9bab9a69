# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What people get wrong in their first hour, and the sentence that each of them then reads; here with real clusters.

The table is the list. One `ansible-playbook` tries all of it, and none of it may write anything anywhere. What needs no
cluster is in tests/unit/test_newcomers.py, a Liqo that is too old in tests/integration_api/test_old_liqo.py.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.lab_tests.laboratory import Laboratory, now
from tests.newcomers import Said, play

pytestmark = pytest.mark.lab

CLUSTERS = ("hub", "leaf-a", "leaf-b")
NAME = "newcomer"
INVALID = "eyJhbGciOiJSUzI1NiJ9.e30.c2lnbmF0dXJl"

CONNECTIONS: dict[str, tuple[dict[str, Any], str]] = {
    # what was done wrong: (what the task says of leaf-a, what is said)
    "the kubeconfig of another cluster": (
        {"kubeconfig": "{leaf-b}"},
        (
            "leaf-a at {leaf-b-url}: it says that it is cluster 'leaf-b', not 'leaf-a': the connection leads to another"
            " cluster, or the cluster id in this task is wrong. Next: correct the connection of leaf-a, or its"
            " cluster_id (in an inventory liqo_cluster_id) to leaf-b."
        ),
    ),
    "a wrong cluster id": (
        {"cluster_id": "leaf-z"},
        "leaf-a at {leaf-a-url}: it says that it is cluster 'leaf-a', not 'leaf-z'",
    ),
    "a token that is not valid": (
        {"kubeconfig": None, "host": "{leaf-a-url}", "api_key": INVALID, "validate_certs": False},
        (
            "leaf-a at {leaf-a-url}: cannot list configmaps in liqo: the API server answered 401:"
            " Unauthorized, it does not accept the token sent to it. Next: renew the credentials of this cluster"
            " (token, client certificate or exec plugin)"
        ),
    ),
    "a certificate that nobody trusts": (
        {"kubeconfig": None, "host": "{leaf-a-url}", "api_key": INVALID},
        (
            "is not accepted: unable to get local issuer certificate. Next: give the right ca_cert"
            " (certificate-authority in a kubeconfig), that of a proxy if one signs anew in between."
        ),
    ),
    "credentials without any right": (
        {"kubeconfig": "{powerless}"},
        (
            'User "system:serviceaccount:default:newcomer" cannot list resource "configmaps" in API group "" in the'
            ' namespace "liqo". Next: grant this user the right that is named, or use credentials that have it'
        ),
    ),
    "Liqo in another namespace": (
        {"liqo_namespace": "liqo-system"},
        (
            "leaf-a at {leaf-a-url}, namespace liqo-system: no Liqo found: there is no ConfigMap with label"
            " app.kubernetes.io/name=clusterid-configmap."
            " Next: install Liqo there, set liqo_namespace if it is installed in another namespace, or write this label"
            " on the ConfigMap with CLUSTER_ID again if that lost it."
        ),
    ),
}

WISHES: dict[str, tuple[dict[str, Any], str]] = {
    # what was done wrong: (options of the module shortcuts, what is said)
    "a typo in the name of a template": (
        {"defaults": {"server_template": "wireguard-servr"}},
        "WgGatewayServerTemplate liqo/wireguard-servr does not exist: templates there: liqo/wireguard-server. Next: ",
    ),
    "a shortcut between a hub and its leaf": (
        {"shortcuts": [{"between": ["hub", "leaf-a"]}]},
        (
            "hub and leaf-a are peered, their connection is not a shortcut: the objects of a shortcut would be those"
            " that carry the peering. Next: take the pair out of shortcuts, or set allow_peering_pairs to true if"
            " you mean it."
        ),
    ),
}

SERVICES: dict[str, tuple[dict[str, Any], str]] = {
    # what was done wrong: (one of services of the module propagation, what is said)
    "a Service that is not there": (
        {"namespace": "demo", "name": "wbe"},
        "hub, asked for by services[0]: there is no Service demo/wbe to be propagated: no hub of the task has it",
    ),
    "a namespace that is not offloaded": (
        {"namespace": "default", "name": "kubernetes"},
        (
            "there is no Service default/kubernetes to be propagated: no hub of the task has it in a namespace that is"
            " offloaded. Next: correct the name, or offload its namespace (liqoctl offload namespace)."
        ),
    ),
}


@pytest.fixture(scope="module")
def said(lab: Laboratory, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Said]:
    """What came of all of it, and nothing was written."""
    folder = tmp_path_factory.mktemp("newcomers")
    api = lab.api("leaf-a")
    places = {"powerless": str(powerless(lab, folder)), "leaf-b": str(lab.kubeconfig("leaf-b"))}
    places |= {f"{leaf}-url": lab.api(leaf).url for leaf in CLUSTERS}
    since = now()
    came = play(folder, blocks(lab, places))
    yield replace(came, places=places)
    api.delete("v1", "ServiceAccount", NAME, "default")
    assert lab.writes(since, CLUSTERS) == 0


def blocks(lab: Laboratory, places: Mapping[str, str]) -> dict[str, list[dict[str, Any]]]:
    clusters = lab.clusters(CLUSTERS)
    found: dict[str, list[dict[str, Any]]] = {}
    for mistake, (connection, _said) in CONNECTIONS.items():
        mine = {name: place_of(value, places) for name, value in connection.items()}
        wrong = {name: value for name, value in {**clusters[1], **mine}.items() if value is not None}
        found[mistake] = [act("shortcuts", {"clusters": [wrong, clusters[2]], "shortcuts": [AB]})]
    for mistake, (options, _said) in WISHES.items():
        found[mistake] = [act("shortcuts", {"clusters": clusters, "shortcuts": [AB], **options})]
    for mistake, (service, _said) in SERVICES.items():
        found[mistake] = [act("propagation", {"clusters": clusters, "hubs": ["hub"], "services": [service]})]
    return found


AB = {"between": ["leaf-a", "leaf-b"]}


def act(module: str, options: Mapping[str, Any]) -> dict[str, Any]:
    return {"name": "Act", f"liqo.fabric.{module}": {"fabric": "newcomers", **options}}


def place_of(value: Any, places: Mapping[str, str]) -> Any:
    return places.get(value[1:-1], value) if isinstance(value, str) else value


def powerless(lab: Laboratory, folder: Path) -> Path:
    """The kubeconfig of a ServiceAccount that nobody gave any role."""
    api = lab.api("leaf-a")
    api.create({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": NAME}}, "default")
    request = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {"expirationSeconds": 600}}
    path = f"/api/v1/namespaces/default/serviceaccounts/{NAME}/token"
    config = yaml.safe_load(lab.kubeconfig("leaf-a").read_text())
    config["users"][0]["user"] = {"token": api.request("POST", path, request)["status"]["token"]}
    file = folder / "powerless"
    file.touch(mode=0o600)
    file.write_text(yaml.safe_dump(config))
    return file


@pytest.mark.parametrize("mistake", CONNECTIONS)
def test_connections(said: Said, mistake: str) -> None:
    said.check(mistake, CONNECTIONS[mistake][1])


@pytest.mark.parametrize("mistake", WISHES)
def test_wishes(said: Said, mistake: str) -> None:
    said.check(mistake, WISHES[mistake][1])


@pytest.mark.parametrize("mistake", SERVICES)
def test_services(said: Said, mistake: str) -> None:
    said.check(mistake, SERVICES[mistake][1])


def test_no_token_and_no_traceback_is_shown(said: Said) -> None:
    assert INVALID not in said.log
    assert "Traceback" not in said.log
