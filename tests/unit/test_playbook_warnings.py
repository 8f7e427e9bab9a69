# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""No playbook and no role of this collection makes Ansible warn, whatever becomes of the run."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.unit.served_fabric import Ran, served_fabric
from tests.unit.trust.honest import World

STRICT = {
    "ANSIBLE_DUPLICATE_YAML_DICT_KEY": "error",
    "ANSIBLE_DEPRECATION_WARNINGS": "true",
    "ANSIBLE_LOCALHOST_WARNING": "true",
}
EVERYTHING: dict[str, Any] = {
    "liqo_fabric_services": [{"namespace": "demo", "name": "web"}],
    "liqo_fabric_state": "exact",
    "liqo_fabric_waves": ["100%"],
    "liqo_fabric_set_stats": True,
    "liqo_fabric_evidence_timeout": 1,
}
STEPS = (("rbac", "main"), ("rbac", "render"), *(("migrate_connector", step) for step in ("import", "adopt", "retire")))
OF_ROLES: dict[str, Any] = {
    "liqo_rbac_identities": [{"name": "robot", "service_account": True}],
    "liqo_rbac_folder": "manifests",
    "migrate_connector_file": "imported.yml",
    "migrate_connector_abandon": ["default/leaf-b-leaf-a", "default/leaf-c-leaf-a"],
}


def warnings_of(ran: Ran) -> list[str]:
    return re.findall(r"^.*\[(?:DEPRECATION )?WARNING\].*$", ran.text, re.MULTILINE)


@pytest.mark.parametrize("name", ["plan", "apply", "status", "rollout", "teardown"])
def test_a_playbook_over_clusters_that_have_something_to_do(tmp_path: Path, name: str) -> None:
    with served_fabric(tmp_path, World.DRIFTED) as fabric:
        fabric.declare(**EVERYTHING)
        ran = fabric.play(f"liqo.fabric.{name}", "--diff", **STRICT)
    assert "PLAY RECAP" in ran.text
    assert warnings_of(ran) == []


@pytest.mark.parametrize("name", ["plan", "teardown"])
def test_a_playbook_over_a_leaf_that_does_not_answer(tmp_path: Path, name: str) -> None:
    with served_fabric(tmp_path, World.LINKED) as fabric:
        fabric.declare(**EVERYTHING)
        (tmp_path / "fabric/host_vars").mkdir()
        (tmp_path / "fabric/host_vars/leaf-b.yml").write_text("liqo_host: http://127.0.0.1:9\n")
        ran = fabric.play(f"liqo.fabric.{name}", **STRICT)
    assert "unreachable" in ran.text
    assert warnings_of(ran) == []


def test_the_roles(tmp_path: Path) -> None:
    tasks = [
        {"ansible.builtin.import_role": {"name": f"liqo.fabric.{role}", "tasks_from": step}, "ignore_errors": True}
        for role, step in STEPS
    ]
    play = [{"hosts": "localhost", "gather_facts": False, "vars": OF_ROLES, "tasks": tasks}]
    (tmp_path / "play.yml").write_text(yaml.safe_dump(play))
    with served_fabric(tmp_path, World.LINKED) as fabric:
        ran = fabric.play("play.yml", **STRICT)
    assert ran.code == 0, ran.text
    assert "Show what became of the connector" in ran.text
    assert warnings_of(ran) == []
