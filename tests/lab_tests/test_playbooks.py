# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbooks by name, on an inventory as a person writes it, and what they print."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.lab_tests.laboratory import Laboratory, now, playbook, write_inventory

pytestmark = pytest.mark.lab

CLUSTERS = ("hub", "leaf-a", "leaf-b", "leaf-c")
VARIABLES = {
    "liqo_fabric_name": "playbooks",
    "liqo_fabric_shortcuts": [{"between": ["leaf-a", "leaf-b"]}, {"between": ["leaf-a", "leaf-c"]}],
    "liqo_fabric_defaults": {"service_type": "NodePort"},
}
ALSO_B_AND_C = json.dumps({"liqo_fabric_shortcuts": [{"between": ["leaf-b", "leaf-c"]}]})


@dataclass(frozen=True)
class Project:
    """An inventory with the playbooks of the collection."""

    folder: Path

    def run(self, name: str, *arguments: str, check: bool = True) -> str:
        return playbook(f"liqo.fabric.{name}", *arguments, inventory=str(self.folder), check=check)


@pytest.fixture(scope="module")
def project(lab: Laboratory, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """No link of the fabric is there before and after the tests of this file."""
    folder = tmp_path_factory.mktemp("fabric")
    write_inventory(lab, folder, VARIABLES)
    project = Project(folder)
    project.run("teardown")
    yield project
    lab.mend()
    project.run("teardown")


@pytest.fixture
def applied(project: Project) -> Project:
    """Both links are there."""
    project.run("apply")
    return project


def shown(log: str) -> list[str]:
    """The lines of the report."""
    report = log.partition("TASK [liqo.fabric.fabric : Show the result]")[2].partition("\nok: [localhost]")[0]
    return report.splitlines()[1:]


def test_plan_says_what_apply_then_does_and_writes_nothing(lab: Laboratory, project: Project) -> None:
    since = now()
    planned = shown(project.run("plan"))
    assert planned[0] == "fabric playbooks: 2 to create"
    assert lab.writes(since, CLUSTERS) == 0
    made = shown(project.run("apply"))
    assert made[0] == "fabric playbooks: 2 created"
    assert writes(made) == writes(planned)
    assert len(writes(made)) == 16


def writes(report: list[str]) -> list[str]:
    """The lines of the plan, without what the preflight found."""
    text = "\n".join(report).partition("\nBefore the first write")[0]
    return [line for line in text.splitlines() if line.startswith("      ")]


def test_plan_shows_the_fields_as_a_diff(project: Project) -> None:
    project.run("teardown")
    log = project.run("plan")
    assert "+leaf-a/GatewayServer/liqo-tenant-leaf-b/leaf-b:\n+  mtu: 1340\n" in log
    assert '+  endpoint: "(known after leaf-a advertises an endpoint to leaf-b)"' in log


def test_a_second_apply_changes_and_writes_nothing(lab: Laboratory, applied: Project) -> None:
    since = now()
    log = applied.run("apply")
    assert shown(log) == ["fabric playbooks: 2 in sync"]
    assert re.search(r"localhost\s+: ok=\d+\s+changed=0\s", log)
    assert lab.writes(since, CLUSTERS) == 0


def test_apply_in_check_mode_is_a_plan(lab: Laboratory, applied: Project) -> None:
    lab.api("leaf-b").delete("networking.liqo.io/v1beta1", "GatewayClient", "leaf-a", "liqo-tenant-leaf-a")
    since = now()
    log = applied.run("apply", "--check")
    assert shown(log)[0] == "fabric playbooks: 1 to repair, 1 in sync"
    assert lab.writes(since, CLUSTERS) == 0
    assert shown(applied.run("apply"))[0] == "fabric playbooks: 1 repaired, 1 in sync"


def test_status_shows_clusters_links_and_remaps(applied: Project) -> None:
    report = shown(applied.run("status"))
    assert report[0].startswith("4 clusters; 5 links: ")
    rows = {line[:18].rstrip(): line.split() for line in report if "<->" in line}
    assert [rows[f"hub <-> {leaf}"][3] for leaf in CLUSTERS[1:]] == ["peering"] * 3
    assert rows["leaf-a <-> leaf-b"][3:6] == ["shortcut", "playbooks", "leaf-a"]
    assert any(line.startswith("    leaf-a sees pods of leaf-b, 10.42.0.0/16 as 10.") for line in report)


def test_a_leaf_that_is_down_is_reported_before_the_play_fails_and_the_shown_command_heals(
    lab: Laboratory, applied: Project
) -> None:
    lab.api("leaf-b").delete("networking.liqo.io/v1beta1", "GatewayClient", "leaf-a", "liqo-tenant-leaf-a")
    lab.break_("leaf-c", "apiserver")
    log = applied.run("apply", check=False)
    report = shown(log)
    assert report[0] == "fabric playbooks: 1 repaired, 1 blocked, 1 cluster unreachable"
    assert lab.api("leaf-c").url.removeprefix("https://") in "\n".join(report)
    assert re.search(r"localhost\s+: .* failed=1\s", log)
    command = shlex.split(report[report.index("Then run only these again:") + 1])
    assert command[:4] == ["ansible-playbook", "liqo.fabric.apply", "-i", str(applied.folder)]
    lab.mend()
    assert shown(applied.run("apply", *command[4:])) == ["fabric playbooks: 1 in sync"]


def test_status_lists_a_leaf_that_is_down_and_does_not_fail(lab: Laboratory, applied: Project) -> None:
    lab.break_("leaf-c", "apiserver")
    report = shown(applied.run("status"))
    assert report[0].startswith("4 clusters, 1 of them unreachable; 5 links: ")
    assert any(line.startswith("leaf-c") and "unreachable: 127.0.0.1:" in line for line in report)
    assert "What is in the way" in report


def test_status_names_the_fault_of_a_drifted_link(lab: Laboratory, applied: Project) -> None:
    body = {"spec": {"mtu": 1200}}
    lab.api("leaf-b").patch(
        "networking.liqo.io/v1beta1", "GatewayClient", "leaf-a", body, namespace="liqo-tenant-leaf-a"
    )
    report = shown(applied.run("status"))
    assert "    mtu-mismatch: leaf-b: MTU 1200, that of leaf-a is 1340" in report
    row = next(line for line in report if line.startswith("leaf-a <-> leaf-b"))
    assert row.split()[-1] == "declared"


def test_teardown_removes_also_what_is_no_longer_declared(applied: Project) -> None:
    applied.run("apply", "-e", ALSO_B_AND_C)
    planned = shown(applied.run("teardown", "--check"))
    assert planned[0] == "fabric playbooks: 3 to remove"
    assert shown(applied.run("teardown"))[0] == "fabric playbooks: 3 removed"
    report = shown(applied.run("status"))
    assert [line for line in report if "shortcut" in line or "half-configured" in line] == []
    assert shown(applied.run("teardown"))[-1] == "fabric playbooks: 2 not there"


def test_teardown_of_one_pair_keeps_the_other(applied: Project) -> None:
    only = json.dumps({"liqo_fabric_only": [["leaf-c", "leaf-a"]]})
    assert shown(applied.run("teardown", "-e", only))[0] == "fabric playbooks: 1 removed"
    assert shown(applied.run("plan"))[0] == "fabric playbooks: 1 to create, 1 in sync"


def test_teardown_removes_a_declared_pair_that_was_made_by_hand(lab: Laboratory, project: Project) -> None:
    project.run("teardown")
    lab.liqoctl(
        "network",
        "connect",
        f"--kubeconfig={lab.kubeconfig('leaf-a')}",
        f"--remote-kubeconfig={lab.kubeconfig('leaf-b')}",
        "--gw-server-service-type=NodePort",
        "--skip-confirm",
        "--wait",
    )
    assert shown(project.run("plan"))[0] == "fabric playbooks: 1 to create, 1 in sync"
    report = shown(project.run("teardown"))
    assert report[-1] != "fabric playbooks: no links"
    assert "fabric playbooks: 1 removed, 1 not there" in report


@pytest.mark.parametrize("name", ["plan", "apply", "teardown", "status"])
def test_an_inventory_without_leaves_is_told_what_is_missing(name: str) -> None:
    log = playbook(f"liqo.fabric.{name}", check=False)
    assert "The inventory has no host in the group liqo_leaves. Put one host per leaf there" in log
    assert "Traceback" not in log


def test_a_fabric_without_name_or_shortcuts_is_told_what_is_missing(project: Project, tmp_path: Path) -> None:
    (tmp_path / "inventory.yml").write_text((project.folder / "inventory.yml").read_text())
    bare = Project(tmp_path)
    assert "liqo_fabric_name is not set. Put" in bare.run("apply", check=False)
    assert "liqo_fabric_shortcuts is not set. Put" in bare.run("apply", "-e", "liqo_fabric_name=x", check=False)
    assert "liqo_fabric_name is not set. Put" in bare.run("teardown", check=False)


def test_pairs_to_run_again_that_are_not_declared_are_refused(project: Project) -> None:
    log = project.run("apply", "-e", json.dumps({"liqo_fabric_only": [["leaf-b", "leaf-c"]]}), check=False)
    assert "leaf-b <-> leaf-c is not among the pairs of this fabric" in log
