# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbooks without any cluster: whom they would talk to, and what they refuse before that.

No kubeconfig of these inventories exists, so that every link that a run sees to is blocked and named.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

LEAVES = ("leaf-a", "leaf-b", "leaf-c")
MESH = [{"between": ["leaf-a", "leaf-b"]}, {"between": ["leaf-a", "leaf-c"]}, {"between": ["leaf-b", "leaf-c"]}]
ALL = [{"name": leaf, "kubeconfig": f"/nowhere/{leaf}"} for leaf in LEAVES]


def run(folder: Path | None, name: str, *arguments: str, **variables: Any) -> str:
    """What the playbook of this name printed; ``variables`` are like ``-e``, without the prefix liqo_fabric_."""
    given = {"name": "retail", "shortcuts": MESH, **variables}
    extra = {f"liqo_fabric_{key}": value for key, value in given.items()}
    command = [str(Path(sys.executable).with_name("ansible-playbook")), f"liqo.fabric.{name}", "-e", json.dumps(extra)]
    done = subprocess.run(
        [*command, *(("-i", str(folder)) if folder else ()), *arguments],
        env={**os.environ, "ANSIBLE_NOCOLOR": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 2, done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    return done.stdout


def inventory(folder: Path, *leaves: str, variables: Mapping[str, Any] | None = None) -> Path:
    groups = {
        "liqo_hubs": {"hosts": {"hub": {"liqo_kubeconfig": "/nowhere/hub"}}},
        "liqo_leaves": {"hosts": {leaf: {"liqo_kubeconfig": f"/nowhere/{leaf}"} for leaf in leaves}},
    }
    (folder / "inventory.yml").write_text(yaml.safe_dump({"all": {"children": groups, "vars": dict(variables or {})}}))
    return folder


def blocked(log: str) -> list[str]:
    """The links of each report."""
    return re.findall(r"^  (leaf-. <-> leaf-.)  blocked", log, re.MULTILINE)


@pytest.mark.parametrize(
    ("name", "arguments", "variables", "complaint"),
    [
        (
            "apply",
            ["--limit", "hub"],
            {},
            "--limit hub leaves no host of the group liqo_leaves, so there is nothing to do",
        ),
        ("rollout", ["--limit", "hub"], {}, "--limit hub leaves no host of the group liqo_leaves, so there is nothing"),
        ("rollout", [], {"plan_file": "p"}, "A rollout cannot have liqo_fabric_plan_file, since each wave has"),
        ("rollout", [], {"scope": ["leaf-a"]}, "A rollout cannot have liqo_fabric_scope, since each wave has"),
        ("rollout", [], {"saved_plan": "p"}, "A rollout cannot have liqo_fabric_saved_plan, since each wave has"),
        (
            "apply",
            [],
            {"needs_plan": True},
            "carries out nothing but an approved plan (liqo_fabric_needs_plan), and none",
        ),
        ("rollout", [], {"needs_plan": "yes"}, "carries out nothing but an approved plan (liqo_fabric_needs_plan)"),
        (
            "apply",
            [],
            {"saved_plan": "x"},
            "saved_plan: there is no plan to carry out: it is no saved plan, or a part of one",
        ),
        (
            "apply",
            [],
            {"saved_plan": ""},
            "saved_plan: there is no plan to carry out: it is no saved plan, or a part of one",
        ),
        ("apply", [], {"only": [["leaf-a", "leaf-x"]]}, "['leaf-a', 'leaf-x'] is no pair of clusters of this task"),
    ],
)
def test_what_cannot_be_meant_is_refused(
    tmp_path: Path, name: str, arguments: list[str], variables: dict[str, Any], complaint: str
) -> None:
    assert complaint in run(inventory(tmp_path, *LEAVES), name, *arguments, **variables)


def test_a_rollout_needs_hosts() -> None:
    log = run(None, "rollout", clusters=ALL)
    assert "The inventory has no host in the group liqo_leaves." in log
    assert "liqo_fabric_clusters" not in log


def test_clusters_of_a_variable_need_no_inventory() -> None:
    assert len(blocked(run(None, "apply", clusters=ALL))) == 3


def test_a_limit_chooses_links_and_an_explicit_scope_wins(tmp_path: Path) -> None:
    folder = inventory(tmp_path, *LEAVES)
    assert blocked(run(folder, "plan", "--limit", "leaf-c,leaf-a")) == ["leaf-a <-> leaf-c"]
    assert blocked(run(folder, "plan", "--limit", "leaf-c", scope=["leaf-a", "leaf-b"])) == ["leaf-a <-> leaf-b"]


def test_a_slice_sees_to_the_links_that_its_leaves_anchor(tmp_path: Path) -> None:
    log = run(inventory(tmp_path, "leaf-a", "leaf-c"), "apply", clusters=ALL, slice=True)
    assert blocked(log) == ["leaf-a <-> leaf-b", "leaf-a <-> leaf-c"]


def test_waves_of_the_inventory_hold_and_a_failed_one_says_how_to_go_on(tmp_path: Path) -> None:
    folder = inventory(tmp_path, *LEAVES, variables={"liqo_fabric_waves": [1, "50%"]})
    log = run(folder, "rollout", "--limit", "leaf-*")
    assert [line for line in log.splitlines() if '"msg": "Wave' in line][:1] == ['    "msg": "Wave 1 (leaf-a)"']
    assert "Wave 2 (leaf-b) failed, and no later wave was begun. 1 of 1 links are blocked or failed." in log
    assert f"goes on: ansible-playbook liqo.fabric.rollout -i {folder} --limit 'leaf-*'" in log
    assert "Wave 3" not in log
