# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role migrate_connector as far as it needs no cluster: entry points, variables, and clusters out of reach."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.liqo.fabric.plugins.modules import connector

from tools.import_root import CHECKOUT

ROLE = CHECKOUT / "roles/migrate_connector"
SPECS: dict[str, Any] = yaml.safe_load((ROLE / "meta/argument_specs.yml").read_text())["argument_specs"]
FILES = {path.stem for path in (ROLE / "tasks").glob("*.yml")}
NOT_AN_ENTRY_POINT = {"look"}
DECIDED_BY_THE_ROLE = {"state", "coming", "connect_timeout"}


def test_every_entry_point_is_specified() -> None:
    assert set(SPECS) == FILES - NOT_AN_ENTRY_POINT


def test_the_role_takes_every_option_of_the_module() -> None:
    variables = {
        name.removeprefix("liqo_fabric_").removeprefix("migrate_connector_") for name in SPECS["main"]["options"]
    }
    assert set(connector.ARGUMENT_SPEC) - DECIDED_BY_THE_ROLE - {"fabric"} <= variables
    assert "name" in variables


@pytest.mark.parametrize("step", sorted(SPECS))
def test_every_variable_that_a_step_uses_is_specified_for_it(step: str) -> None:
    used = FILES if step == "main" else {step, "look"}
    text = "".join((ROLE / f"tasks/{name}.yml").read_text() for name in used) + (ROLE / "vars/main.yml").read_text()
    options = set(SPECS[step]["options"])
    named = {name for name in SPECS["main"]["options"] if name in text}
    assert named - options <= {"liqo_fabric_name", "liqo_fabric_wait_timeout", "migrate_connector_file"}
    assert options <= set(SPECS["main"]["options"])


def run(folder: Path, step: str, **variables: Any) -> str:
    """What ansible-playbook says of one step on clusters that are not there; the run must fail."""
    task = {
        "name": "Migrate",
        "ansible.builtin.import_role": {"name": "liqo.fabric.migrate_connector", "tasks_from": step},
    }
    play = [{"name": "Migrate", "hosts": "localhost", "gather_facts": False, "tasks": [task]}]
    (folder / "play.yml").write_text(yaml.safe_dump(play))
    clusters = [{"name": name, "kubeconfig": f"/nowhere/{name}"} for name in ("hub", "leaf-a", "leaf-b")]
    given = {"liqo_fabric_clusters": clusters, "liqo_fabric_hubs": ["hub"], **variables}
    command = [
        str(Path(sys.executable).with_name("ansible-playbook")), str(folder / "play.yml"), "-e", json.dumps(given)
    ]  # fmt: skip
    environment = {**os.environ, "ANSIBLE_NOCOLOR": "1"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 2, done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    return done.stdout + done.stderr


def test_a_hub_that_cannot_be_reached_is_one_sentence_and_nothing_is_written(tmp_path: Path) -> None:
    log = run(tmp_path, "import", migrate_connector_file=str(tmp_path / "imported.yml"))
    assert "The connector cannot be looked at. hub: " in log
    assert "/nowhere/hub" in log
    assert not (tmp_path / "imported.yml").exists()


def test_adopting_needs_the_name_of_a_fabric(tmp_path: Path) -> None:
    assert "missing required arguments: liqo_fabric_name" in run(tmp_path, "adopt")
