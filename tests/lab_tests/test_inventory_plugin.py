# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The inventory plugin and the lookup on real clusters: what they say and never show, and that playbooks take it."""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.lab_tests.laboratory import ROOT, Laboratory, eventually, playbook

pytestmark = pytest.mark.lab

LEAVES = ("leaf-a", "leaf-b", "leaf-c")
AB = ("leaf-a", "leaf-b")
VARIABLES = {
    "liqo_fabric_name": "test",
    "liqo_fabric_shortcuts": [{"between": list(AB)}],
    "liqo_fabric_defaults": {"service_type": "NodePort"},
}
DEAD = "http://127.0.0.1:9"
RIGHTS: Mapping[str, Any] = {
    "apiVersion": "rbac.authorization.k8s.io/v1",
    "kind": "ClusterRoleBinding",
    "metadata": {"name": "identity-of-the-hub"},
    "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": "hub"}],
    "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "cluster-admin"},
}
"""On a leaf, for the user that Liqo makes out of the id of the hub."""


@dataclass(frozen=True)
class Listed:
    """What ansible-inventory printed."""

    hosts: Mapping[str, Mapping[str, Any]]
    groups: Mapping[str, list[str]]
    text: str
    """Everything, warnings too."""


@dataclass(frozen=True)
class Project:
    """A folder with an inventory file and a kubeconfig for each cluster."""

    folder: Path

    def configure(self, **options: Any) -> str:
        file = self.folder / "retail.foreign_clusters.yml"
        config = {"plugin": "liqo.fabric.foreign_clusters", "hubs": [{"name": "hub", "kubeconfig": "k/hub"}], **options}
        file.write_text(yaml.safe_dump(config))
        return str(file)

    def inventory(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        file = self.folder / "retail.foreign_clusters.yml"
        return subprocess.run(
            [str(Path(sys.executable).with_name("ansible-inventory")), "-i", str(file), *arguments],
            env={**os.environ, "ANSIBLE_COLLECTIONS_PATH": str(ROOT / ".cache"), "ANSIBLE_NOCOLOR": "1"},
            capture_output=True,
            text=True,
            timeout=120,
            check=True,
        )

    def list(self) -> Listed:
        done = self.inventory("--list", "-vvv")
        # What -v says comes first.
        listed = json.loads(done.stdout[done.stdout.index("\n{") :])
        groups = {name: group.get("hosts", []) for name, group in listed.items() if name != "_meta"}
        return Listed(hosts=listed["_meta"]["hostvars"], groups=groups, text=done.stdout + done.stderr)


@pytest.fixture(scope="module")
def project(lab: Laboratory, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """leaf-a and leaf-b are connected while the tests of this file run."""
    folder = tmp_path_factory.mktemp("fabric")
    (folder / "k").mkdir()
    for name in ("hub", *LEAVES):
        shutil.copy(lab.kubeconfig(name), folder / "k" / name)
    (folder / "group_vars").mkdir()
    (folder / "group_vars/all.yml").write_text(yaml.safe_dump(VARIABLES))
    made = lab.shortcuts(AB, [AB])
    assert not made.failed, made.log
    yield Project(folder)
    gone = lab.shortcuts(AB, [AB], state="absent")
    assert not gone.failed, gone.log


def secrets(lab: Laboratory, project: Project) -> set[str]:
    """What must never be shown: all that Secrets of the hub hold, and the credentials of the kubeconfigs."""
    found: set[str] = set()
    texts = [(project.folder / "k" / name).read_text() for name in ("hub", *LEAVES)]
    for secret in lab.api("hub").request("GET", "/api/v1/secrets")["items"]:
        for value in (secret.get("data") or {}).values():
            text = base64.b64decode(value).decode(errors="replace")
            found |= {value, text}
            texts += [text] if "current-context" in text else []
    for text in texts:
        for entry in yaml.safe_load(text)["users"]:
            found |= {value for value in entry["user"].values() if isinstance(value, str)}
    return {text for text in found if len(text) > 20}


def test_every_leaf_is_listed_with_what_is_known_of_it(lab: Laboratory, project: Project) -> None:
    project.configure(kubeconfig_pattern="k/{cluster_id}")
    seen: list[Listed] = []

    def are_connected() -> bool:
        seen.append(project.list())
        return "leaf-b" in seen[-1].groups.get("connected_to_leaf_a", [])

    eventually(are_connected, what="leaf-a and leaf-b are connected", timeout_s=60)
    found = seen[-1]
    assert sorted(found.hosts) == ["hub", *LEAVES]
    assert (found.groups["liqo_hubs"], sorted(found.groups["liqo_leaves"])) == (["hub"], list(LEAVES))
    assert (found.groups["liqo_consumers"], sorted(found.groups["liqo_providers"])) == (["hub"], list(LEAVES))
    assert sorted(found.groups["connected_to_hub"]) == list(LEAVES)
    assert sorted(found.groups["connected_to_leaf_b"]) == ["hub", "leaf-a"]
    assert sorted(found.groups["liqo_version_1_2_0"]) == ["hub", *LEAVES]
    assert sorted(found.groups["liqo_health_healthy"]) == ["hub", *LEAVES]
    regions = yaml.safe_load(lab.command("inventory"))["all"]["children"]["liqo_leaves"]["hosts"]
    for leaf in LEAVES:
        assert found.hosts[leaf]["liqo_region"] == regions[leaf]["liqo_labels"]["region"]
        assert leaf in found.groups[f"liqo_region_{found.hosts[leaf]['liqo_region']}"]
        assert found.hosts[leaf]["liqo_links"]["hub"]["evidence"] == "fresh"
    assert found.hosts["leaf-a"]["liqo_links"]["leaf-b"]["kind"] == "shortcut"
    assert "__ansible_unsafe" not in found.text
    assert [secret for secret in secrets(lab, project) if secret in found.text] == []


def test_hubs_alone_tell_role_health_region_and_networks(lab: Laboratory, project: Project) -> None:
    project.configure(read_leaves=False)
    found = project.list()
    leaf = found.hosts["leaf-a"]
    (network,) = [
        body["status"]["cidr"]
        for body in lab.api("leaf-a").request("GET", "/apis/ipam.liqo.io/v1alpha1/networks")["items"]
        if body["metadata"]["labels"].get("ipam.liqo.io/network-type") == "pod-cidr"
    ]
    assert leaf["liqo_networks"]["pod"] == [network]
    assert (leaf["liqo_roles"], leaf["liqo_health"], leaf["liqo_version"]) == (["provider"], "healthy", None)
    assert "leaf-a" in found.groups[f"liqo_region_{leaf['liqo_region']}"]
    assert leaf["liqo_identity"]["secret"] == "kubeconfig-controlplane-leaf-a"
    graph = project.inventory("--graph").stdout
    assert "|--@liqo_leaves:\n  |  |--leaf-a\n  |  |--leaf-b\n  |  |--leaf-c\n" in graph


def test_playbooks_take_the_inventory_and_a_dead_hub_hides_nobody(project: Project) -> None:
    hubs = [{"name": "gone", "host": DEAD}, {"name": "hub", "kubeconfig": "k/hub"}]
    kept = {"cache": True, "cache_plugin": "ansible.builtin.jsonfile", "cache_connection": str(project.folder / "kept")}
    file = project.configure(hubs=hubs, kubeconfig_pattern="k/{cluster_id}", read_leaves=False, **kept)
    log = playbook("liqo.fabric.plan", inventory=file)
    assert "fabric test: 1 in sync" in log
    assert "127.0.0.1:9" in log, "the dead hub is named"
    assert list((project.folder / "kept").iterdir()) == [], "what lacks a hub is not kept"


def test_an_identity_is_a_connection_with_the_rights_that_its_user_has(lab: Laboratory, project: Project) -> None:
    # The hub reaches the leaf under another address than this machine.
    addresses = {name: lab.api(name).url for name in LEAVES}
    here = {"liqo_host": f"{addresses}[liqo_cluster_id]"}
    file = project.configure(identity_dir="ids", read_leaves=False, compose=here)
    leaf = lab.api("leaf-a")
    leaf.create(dict(RIGHTS))
    try:
        log = playbook("liqo.fabric.plan", inventory=file, check=False)
    finally:
        leaf.delete(RIGHTS["apiVersion"], RIGHTS["kind"], RIGHTS["metadata"]["name"])
    assert "leaf-b at https://127.0.0.1:" in log
    assert "[missing-right]" in log, "Liqo itself gives the hub few rights"
    assert "leaf-a at " not in log, "leaf-a, where its user has rights, was read"
    assert sorted(path.name for path in (project.folder / "ids").iterdir()) == [f"{name}.kubeconfig" for name in LEAVES]
    assert {path.stat().st_mode & 0o777 for path in (project.folder / "ids").iterdir()} == {0o600}
    found = project.list()
    assert found.hosts["leaf-a"]["liqo_reached_by"] == "identity_dir"
    assert [secret for secret in secrets(lab, project) if secret in found.text] == []


def test_the_lookup_says_how_the_link_is(lab: Laboratory, project: Project, tmp_path: Path) -> None:
    file = project.configure(kubeconfig_pattern="k/{cluster_id}", read_leaves=False)
    answer = tmp_path / "answer.json"
    values = ("evidence", "kind", "server", "endpoint", "endpoint_used", "latency_ms", "owners")
    looks = {value: f"{{{{ lookup('liqo.fabric.link', 'leaf-a', 'leaf-b', value='{value}') }}}}" for value in values}
    copy = {"content": "{{ found | to_json }}", "dest": str(answer), "mode": "0600"}
    task = {"name": "Look", "ansible.builtin.copy": copy, "vars": {"found": looks}}
    play = {"name": "Test", "hosts": "localhost", "gather_facts": False, "tasks": [task]}
    (tmp_path / "play.yml").write_text(yaml.safe_dump([play]))
    playbook(str(tmp_path / "play.yml"), inventory=file)
    found = json.loads(answer.read_text())
    server = found["server"]
    assert server in AB
    (gateway,) = lab.link_objects(server, AB[AB[0] == server])["gatewayservers"]
    endpoint = gateway["status"]["endpoint"]
    assert found["endpoint"] == found["endpoint_used"] == f"{endpoint['addresses'][0]}:{endpoint['port']}"
    assert (found["evidence"], found["kind"], found["owners"]) == ("fresh", "shortcut", ["test"])
    assert float(found["latency_ms"]) > 0
