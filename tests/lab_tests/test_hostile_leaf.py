# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One leaf is vandalised with everything that its real API server accepts; everything is run, and nothing gets out.

The lab of this module is its own: nothing has to be put right again. leaf-b is the hostile one; the link of leaf-a and
leaf-c must be made and kept whatever leaf-b says.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.liqo.fabric.plugins.module_utils._run.events import stream
from ansible_collections.liqo.fabric.plugins.module_utils._run.watch_options import parse_watch_options

from lab.api import Api
from tests.lab_tests import connector_of_2025 as connector
from tests.lab_tests.laboratory import ROOT, Laboratory, write_inventory
from tests.lab_tests.services import propagate
from tests.lab_tests.vandal import Vandal
from tools.matrix import CELLS, programs_of

pytestmark = [pytest.mark.lab, pytest.mark.slow]

API = "networking.liqo.io/v1beta1"
LEAVES = ("leaf-a", "leaf-b", "leaf-c")
AC = ("leaf-a", "leaf-c")
HOSTILE = "leaf-b"
VARIABLES: dict[str, Any] = {
    "liqo_fabric_name": "test",
    "liqo_fabric_shortcuts": [{"mesh": {"names": list(LEAVES)}}],
    "liqo_fabric_defaults": {"service_type": "NodePort"},
    "liqo_fabric_services": [{"namespace": "demo", "name": "web"}],
    "liqo_fabric_wait_timeout": 15,
}
INVENTED = ("10.96.0.1", "10.42.0.250", "198.18.0.11")
"""A Service address, one that no pod has, and a node of another leaf: of those a real API server takes in a slice."""
CORES = ("2.16.19/3.11", "2.18.19/3.12")
"""Beside the ansible-core of this environment, which is the newest. The same cells have stages of their own."""
GATHER = """
- name: Write down the links that are there
  hosts: localhost
  gather_facts: false
  tasks:
    - name: Look
      liqo.fabric.shortcuts:
        fabric: test
        clusters: "{{ groups.liqo_leaves | liqo.fabric.clusters(hostvars) }}"
        state: gathered
      register: seen
    - name: Keep the declaration
      ansible.builtin.copy:
        content: "{{ {'liqo_fabric_name': 'test', 'liqo_fabric_shortcuts': seen.gathered} | to_nice_yaml }}"
        dest: "{{ playbook_dir }}/fabric/group_vars/all/gathered.yml"
        mode: "0644"
    - name: Query
      liqo.fabric.peering_info:
        clusters: "{{ groups.liqo_leaves | liqo.fabric.clusters(hostvars) }}"
      register: info
    - name: Report
      liqo.fabric.report:
        result: "{{ info }}"
    - name: Pictures
      ansible.builtin.copy:
        content: "{{ info | liqo.fabric.to_mermaid }}{{ info | liqo.fabric.to_dot }}"
        dest: "{{ playbook_dir }}/pictures"
        mode: "0644"
    - name: Facts
      ansible.builtin.set_fact:
        kept: "{{ info.clusters }}"
        again: "{{ info.links | map(attribute='server') | list }}"
    - name: Use the facts
      ansible.builtin.debug:
        msg: "{{ kept }} {{ again }} {{ lookup('liqo.fabric.link', 'leaf-a', 'leaf-b', clusters=query_clusters) }}"
      vars:
        query_clusters: "{{ groups.liqo_leaves | liqo.fabric.clusters(hostvars) }}"
      ignore_errors: true
"""


MIGRATE = """
- name: Write down what liqo-shortcutmanager made
  hosts: localhost
  gather_facts: false
  tasks:
    - name: Import
      ansible.builtin.import_role:
        name: liqo.fabric.migrate_connector
        tasks_from: import
      vars:
        migrate_connector_file: "{{ playbook_dir }}/fabric/group_vars/all/imported.yml"
"""


@dataclass(frozen=True)
class Scene:
    """The lab after the vandal was there, with an inventory of it."""

    lab: Laboratory
    vandal: Vandal
    folder: Path

    @property
    def inventory(self) -> Path:
        return self.folder / "fabric"

    def run(self, *command: str, programs: Path | None = None) -> str:
        """Both outputs and the log of one command, after the checks that hold for every output."""
        log = self.folder / "ansible.log"
        log.unlink(missing_ok=True)
        environ = {
            **os.environ,
            "ANSIBLE_COLLECTIONS_PATH": str(ROOT / ".cache"),
            "ANSIBLE_NOCOLOR": "1",
            "ANSIBLE_LOG_PATH": str(log),
            "ANSIBLE_LOCALHOST_WARNING": "0",
        }
        where = programs or Path(sys.executable).parent
        done = subprocess.run(
            [str(where / command[0]), *command[1:]],
            cwd=self.folder,
            env=environ,
            capture_output=True,
            timeout=240,
            check=False,
        )
        output = (done.stdout + done.stderr).decode() + (log.read_text() if log.exists() else "")
        harmless(self, output)
        return output


def harmless(scene: Scene, output: str) -> None:
    """No code of the vandal ran, no control character of it is shown, and no defect of ours is met."""
    assert not scene.vandal.canary.exists(), output
    found = {one for one in output if (ord(one) < 32 and one not in "\n\t") or 127 <= ord(one) < 160 or one == "\u202e"}
    assert not found, output
    assert "Traceback" not in output
    assert "has a bug" not in output
    # A forged line would begin like one of Ansible.
    assert "\nok: [localhost] => everything is fine" not in output


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    lab = Laboratory("hostile")
    lab.command("down")
    lab.command("up", "--leaves", "3", "--fast-ping", "--kube-proxy", timeout_s=1800)
    folder = tmp_path_factory.mktemp("scene")
    (folder / "fabric").mkdir()
    try:
        made = lab.shortcuts(LEAVES, [("leaf-a", "leaf-b"), AC, ("leaf-b", "leaf-c")])
        assert not made.failed, made.log
        assert not propagate(lab).failed
        connector.install(lab, "hub", LEAVES)
        for client, server in (("leaf-a", "leaf-b"), AC):
            connector.declare(lab, "hub", client, server)
        lab.break_(HOSTILE, "controllers")
        vandal = Vandal(lab.api(HOSTILE), folder / "canary")
        vandal.crowd("liqo-tenant-leaf-a")
        vandal.claim_clusters(("localhost", "all", "hub2", "leaf-x1", "leaf-x2", "leaf-x3", "leaf-x4", "leaf-x5"))
        vandal.deface_texts()
        vandal.deface_marks(peer="leaf-c")
        vandal.deface_texts()
        vandal.label_cluster()
        vandal.advertise("127.0.0.1", 22)
        vandal.list_pods("demo-hub", "web", INVENTED, "web-leaf-c")
        write_inventory(lab, folder / "fabric", VARIABLES)
        every = folder / "fabric/group_vars/all.yml"
        (folder / "fabric/group_vars/all").mkdir()
        every.rename(folder / "fabric/group_vars/all/main.yml")
        (folder / "gather.yml").write_text(GATHER)
        (folder / "migrate.yml").write_text(MIGRATE)
        yield Scene(lab, vandal, folder)
    finally:
        lab.command("down")


@pytest.fixture
def honest(scene: Scene) -> Api:
    """The API of leaf-a, on whose side the link to leaf-c has drifted."""
    api = scene.lab.api("leaf-a")
    assert api.delete(API, "PublicKey", "leaf-c", "liqo-tenant-leaf-c")
    return api


def test_a_real_api_server_accepts_the_attacks(scene: Scene) -> None:
    """Otherwise the tests below would show little."""
    accepted = scene.vandal.done
    for name in (
        "annotation of GatewayClient",
        "template of GatewayClient",
        "template of GatewayServer",
        "address of GatewayClient",
        "latency of Connection",
        "foreign label of Configuration",
        "claim",
        "crowd",
        "cluster labels",
        "endpoint of GatewayServer",
        "endpoints",
    ):
        assert accepted[name], (name, scene.vandal.refused)


def test_the_link_of_the_others_is_repaired_and_kept(scene: Scene, honest: Api) -> None:
    planned = scene.run("ansible-playbook", "liqo.fabric.plan", "-i", "fabric", "--diff")
    assert "leaf-a <-> leaf-c" in planned, planned
    applied = scene.run("ansible-playbook", "liqo.fabric.apply", "-i", "fabric", "--diff")
    assert honest.get(API, "PublicKey", "leaf-c", "liqo-tenant-leaf-c") is not None, applied
    told = scene.lab.shortcuts(AC, [AC])
    assert told.outcomes == {"leaf-a<->leaf-c": "in_sync"}, told.log


def test_everything_else_is_run_and_nothing_gets_out(scene: Scene) -> None:
    status = scene.run("ansible-playbook", "liqo.fabric.status", "-i", "fabric", "-v")
    assert "leaf-a <-> leaf-c" in status, status
    scene.run("ansible-playbook", "liqo.fabric.rollout", "-i", "fabric", "-e", "liqo_fabric_evidence_timeout=5")
    scene.run("ansible-playbook", "liqo.fabric.apply", "-i", "fabric", "-e", "liqo_fabric_state=exact")
    scene.run("ansible-playbook", "gather.yml", "-i", "fabric", "-v")


def test_services_do_not_follow_the_hostile_leaf(scene: Scene) -> None:
    """No address that leaf-b invented is in a slice of another leaf."""
    run = propagate(scene.lab, wait_timeout=15)
    harmless(scene, run.log)
    for leaf in AC:
        slices = scene.lab.api(leaf).list("discovery.k8s.io/v1", "EndpointSlice", "demo-hub")
        shadows = scene.lab.api(leaf).request("GET", "/apis/offloading.liqo.io/v1beta1/shadowendpointslices")["items"]
        written = {
            address
            for body in [*slices, *shadows]
            for endpoint in (body.get("spec") or body).get("endpoints") or []
            for address in endpoint["addresses"]
        }
        assert not written & set(INVENTED)


def test_events_are_clean(scene: Scene) -> None:
    seen: list[Any] = []
    noted: list[str] = []

    async def listen() -> None:
        async def put(event: Any) -> None:
            seen.append(event)

        options = parse_watch_options({"clusters": scene.lab.clusters(LEAVES), "debounce": 0.2, "max_delay": 1})
        task = asyncio.create_task(stream(put, options, note=noted.append))
        await asyncio.sleep(0)
        for number in range(50):
            scene.vandal.connect(("Error", "Connected")[number % 2])
            await asyncio.wait([task], timeout=0.5)
            if task.done() or seen:
                break
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    asyncio.run(listen())
    assert seen, noted
    harmless(scene, "\n".join([*map(repr, seen), *noted]))


@pytest.mark.parametrize("core", ["newest", *CORES])
def test_no_template_of_the_leaf_runs(scene: Scene, core: str) -> None:
    """The documented ways by which its text becomes a variable: an inventory, a gathered file, a fact."""
    programs = _programs(core)
    gathered = scene.inventory / "group_vars/all/gathered.yml"
    gathered.unlink(missing_ok=True)
    hubs = {
        "plugin": "liqo.fabric.foreign_clusters",
        "hubs": [{"name": "hub", "kubeconfig": str(scene.lab.kubeconfig("hub"))}],
        "kubeconfig_pattern": str(scene.lab.kubeconfig("leaf-a")).replace("leaf-a", "{cluster_id}"),
        "compose": {
            "region": "liqo_labels.region",
            "tier": "liqo_labels.tier | default('none')",
            "all_of_it": "liqo_labels",
        },
        "groups": {"eu": "liqo_labels.region == 'eu'"},
        "keyed_groups": [{"key": "liqo_labels.tier | default('none')", "prefix": "tier"}],
    }
    file = scene.folder / "retail.foreign_clusters.yml"
    file.write_text(yaml.safe_dump(hubs))
    listed = scene.run("ansible-inventory", "-i", str(file), "--list", programs=programs)
    assert HOSTILE in listed
    scene.run("ansible-playbook", "liqo.fabric.status", "-i", str(file), "-i", "fabric", programs=programs)
    scene.run("ansible-playbook", "gather.yml", "-i", "fabric", programs=programs)
    assert gathered.is_file()
    assert "touch" not in gathered.read_text()
    planned = scene.run("ansible-playbook", "liqo.fabric.plan", "-i", "fabric", programs=programs)
    assert "fabric test: " in planned, planned
    gathered.unlink()
    # The link of leaf-a and the hostile leaf, as liqo-shortcutmanager has it, is imported as far as it is legal.
    imported = scene.inventory / "group_vars/all/imported.yml"
    scene.run("ansible-playbook", "migrate.yml", "-i", "fabric", programs=programs)
    assert imported.is_file()
    assert "touch" not in imported.read_text()
    scene.run("ansible-playbook", "liqo.fabric.plan", "-i", "fabric", programs=programs)
    imported.unlink()


def test_a_leaf_that_says_it_is_another_is_left_out(scene: Scene, honest: Api) -> None:
    """The last test but one: what leaf-b says of itself cannot be put right by anything else."""
    scene.vandal.impersonate("leaf-c")
    run = scene.lab.shortcuts(LEAVES, [("leaf-a", "leaf-b"), AC, ("leaf-b", "leaf-c")], wait_timeout=15)
    harmless(scene, run.log)
    assert run.outcomes["leaf-a<->leaf-c"] == "repaired", run.log
    assert {run.outcomes[f"{one}<->{other}"] for one, other in (("leaf-a", "leaf-b"), ("leaf-b", "leaf-c"))} == {
        "blocked"
    }


def test_a_teardown_removes_the_link_of_the_others(scene: Scene) -> None:
    removed = scene.run("ansible-playbook", "liqo.fabric.teardown", "-i", "fabric")
    for here, there in (AC, AC[::-1]):
        assert not any(scene.lab.link_objects(here, there).values()), removed


def _programs(core: str) -> Path | None:
    """Where the programs of this ansible-core are; None for that of this environment."""
    if core == "newest":
        return None
    programs = programs_of(CELLS[core])
    assert programs is not None, f"{core} needs a Python that is not on this machine"
    return programs
