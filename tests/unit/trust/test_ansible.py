# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""ansible-playbook and ansible-inventory over a fabric with a few dozen hostile leaves, each full of another text.

No text runs, no byte of it that a terminal obeys is printed, and the link between the two honest leaves is repaired.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.unit.trust import crowd
from tests.unit.trust.server import Served, serving
from tests.unit.trust.store import Store
from tests.unit.trust.texts import CANARY, FORGED

TOKEN = "token-of-the-crowd"
LEAVES = ("leaf-a", "leaf-c", *crowd.names())
_BINARY = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ufffe]")

PLAY = """
- name: Everything that says something about clusters
  hosts: localhost
  gather_facts: false
  vars:
    wishes:
      - between: [leaf-a, leaf-c]
      - star: {{ center: leaf-a, names: {names} }}
    cluster_list: "{{{{ lookup('ansible.builtin.file', 'clusters.json') | from_json }}}}"
  tasks:
    - name: Plan
      liqo.fabric.shortcuts: &links
        fabric: retail
        clusters: "{{{{ cluster_list }}}}"
        shortcuts: "{{{{ wishes }}}}"
        defaults: {{ service_type: NodePort }}
        wait: false
        wait_timeout: 3
      check_mode: true
      diff: true
      ignore_errors: true
      register: planned
    - name: Show the plan
      liqo.fabric.report: {{ result: "{{{{ planned }}}}", again: ansible-playbook play.yml }}
    - name: Apply
      liqo.fabric.shortcuts: *links
      diff: true
      ignore_errors: true
      register: applied
    - name: Show what was done
      liqo.fabric.report: {{ result: "{{{{ applied }}}}", again: ansible-playbook play.yml }}
    - name: Look
      liqo.fabric.peering_info: {{ clusters: "{{{{ cluster_list }}}}" }}
      register: seen
    - name: Show what was seen
      liqo.fabric.report: {{ result: "{{{{ seen }}}}" }}
    - name: Draw it
      ansible.builtin.copy:
        content: "{{{{ seen | liqo.fabric.to_mermaid }}}}\\n{{{{ seen | liqo.fabric.to_dot }}}}"
        dest: "{{{{ playbook_dir }}}}/picture"
        mode: "0600"
    - name: Services
      liqo.fabric.propagation:
        fabric: retail
        clusters: "{{{{ cluster_list }}}}"
        hubs: [hub]
        services: [{{ namespace: demo, name: web }}]
      check_mode: true
      ignore_errors: true
      register: services
    - name: Show the Services
      liqo.fabric.report: {{ result: "{{{{ services }}}}" }}
    - name: Gather
      liqo.fabric.shortcuts: {{ fabric: retail, clusters: "{{{{ cluster_list }}}}", state: gathered }}
      ignore_errors: true
      register: gathered
    - name: Write down what was gathered
      ansible.builtin.copy:
        content: "{{{{ {{'gathered_shortcuts': gathered.gathered}} | to_nice_yaml }}}}"
        dest: "{{{{ playbook_dir }}}}/gathered.yml"
        mode: "0600"
    - name: Ask for one link
      ansible.builtin.debug:
        msg: "{{{{ lookup('liqo.fabric.link', 'leaf-a', item, value='all', clusters=cluster_list, errors='ignore') }}}}"
      loop: [leaf-c, {first}, {second}]
    - name: Keep the outcome
      ansible.builtin.copy:
        content: "{{{{ {{'planned': planned, 'applied': applied, 'seen': seen}} | to_json }}}}"
        dest: "{{{{ playbook_dir }}}}/outcome.json"
        mode: "0600"

- name: What was gathered is a declaration now
  hosts: localhost
  gather_facts: false
  vars_files: [gathered.yml]
  tasks:
    - name: Plan what was gathered
      liqo.fabric.shortcuts:
        fabric: retail
        clusters: "{{{{ lookup('ansible.builtin.file', 'clusters.json') | from_json }}}}"
        shortcuts: "{{{{ gathered_shortcuts }}}}"
      check_mode: true
      ignore_errors: true
"""


@dataclass
class Crowd:
    """Where the clusters listen, and the folder of the play."""

    folder: Path
    clusters: dict[str, Store]
    hosts: dict[str, str]

    def run(self, *command: str, **environment: str) -> str:
        """All that the command printed and logged; it is clean."""
        log = self.folder / "log"
        log.unlink(missing_ok=True)
        variables = {
            "ANSIBLE_NOCOLOR": "1",
            "ANSIBLE_LOG_PATH": str(log),
            "ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED": "1",
            "ANSIBLE_LOCALHOST_WARNING": "0",
            **environment,
        }
        done = subprocess.run(
            [str(Path(sys.executable).with_name(command[0])), *command[1:]],
            cwd=self.folder,
            env={**os.environ, **variables},
            capture_output=True,
            check=False,
            timeout=200,
        )
        printed = (done.stdout + done.stderr).decode("utf-8", "surrogateescape")
        assert done.returncode in (0, 2), printed[-3000:]
        self.assert_clean(printed)
        self.assert_clean(log.read_text() if log.exists() else "")
        return printed

    def assert_clean(self, text: str) -> None:
        """Nothing that a terminal obeys, no forged line, no mistake of ours, no canary."""
        found = _BINARY.search(text)
        assert found is None, repr(text[max(0, found.start() - 200) : found.end() + 50])
        assert not re.search(rf"^ {{0,3}}{FORGED}", text, re.MULTILINE)
        for word in ("Traceback", "has a bug", TOKEN):
            assert word not in text, text[max(0, text.index(word) - 300) : text.index(word) + 600]
        assert [path for path in self.folder.rglob("*") if path.name == CANARY] == []


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Crowd]:
    folder = tmp_path_factory.mktemp("crowd")
    clusters = crowd.stores()
    with serving() as server:
        server.show({f"1/{name}": Served(store) for name, store in clusters.items()})
        hosts = {name: server.url(f"1/{name}") for name in clusters}
        entries = [{"name": name, "host": hosts[name], "api_key": TOKEN} for name in ("hub", *LEAVES)]
        (folder / "clusters.json").write_text(json.dumps(entries))
        yield Crowd(folder, clusters, hosts)


def test_a_play_over_hostile_leaves_runs_nothing_of_theirs_and_repairs_the_honest_link(hostile: Crowd) -> None:
    first, second = crowd.names()[:2]
    play = PLAY.format(names=json.dumps(crowd.names()), first=first, second=second)
    (hostile.folder / "play.yml").write_text(play)
    printed = hostile.run("ansible-playbook", "play.yml", "-v")
    outcome: dict[str, Any] = json.loads((hostile.folder / "outcome.json").read_text())
    links = {tuple(row["between"]): row for row in outcome["applied"]["links"]}
    assert links["leaf-a", "leaf-c"]["outcome"] == "repaired"
    assert len(links) == 1 + len(crowd.names())
    assert list(crowd.honest_writes(hostile.clusters)) == [
        "leaf-a PUT /apis/networking.liqo.io/v1beta1/namespaces/liqo-tenant-leaf-c/configurations/leaf-c",
        "leaf-c PUT /apis/networking.liqo.io/v1beta1/namespaces/liqo-tenant-leaf-a/gatewayclients/leaf-a",
    ]
    assert "leaf-a <-> leaf-c" in printed
    hostile.assert_clean((hostile.folder / "picture").read_text())
    assert "{{" not in (hostile.folder / "gathered.yml").read_text()


def test_an_inventory_of_hostile_leaves_is_data(hostile: Crowd) -> None:
    for name in LEAVES:
        (hostile.folder / f"{name}.kubeconfig").write_text(json.dumps(_kubeconfig(hostile.hosts[name])))
    inventory = {
        "plugin": "liqo.fabric.foreign_clusters",
        "hubs": [{"name": "hub", "host": hostile.hosts["hub"], "api_key": TOKEN}],
        "kubeconfig_pattern": "{cluster_id}.kubeconfig",
        "compose": {
            "labels": "liqo_labels",
            "tier": "liqo_labels.tier",
            "failure": "liqo_failure",
            "reasons": "liqo_health_reasons",
        },
        "keyed_groups": [{"key": "liqo_labels.tier", "prefix": "tier"}, {"key": "liqo_version", "prefix": "v"}],
        "groups": {"odd": "liqo_labels | length > 1"},
    }
    (hostile.folder / "retail.foreign_clusters.yml").write_text(yaml.safe_dump(inventory))
    listed = hostile.run("ansible-inventory", "-i", "retail.foreign_clusters.yml", "--list")
    assert all(name in listed for name in LEAVES)
    wishes = {"liqo_fabric_name": "retail", "liqo_fabric_shortcuts": [{"between": ["leaf-a", "leaf-c"]}]}
    given = ("-i", "retail.foreign_clusters.yml", "-e", json.dumps(wishes))
    printed = hostile.run("ansible-playbook", "liqo.fabric.plan", "liqo.fabric.status", *given)
    assert "leaf-a <-> leaf-c" in printed


def _kubeconfig(host: str) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "it",
        "clusters": [{"name": "it", "cluster": {"server": host}}],
        "users": [{"name": "it", "user": {"token": TOKEN}}],
        "contexts": [{"name": "it", "context": {"cluster": "it", "user": "it"}}],
    }
