# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A fabric that is brought about in parts: wave by wave, under --limit, in slices, or by a plan that was approved."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.lab_tests.laboratory import Laboratory, now, playbook, write_inventory
from tests.lab_tests.services import own_slices

pytestmark = [pytest.mark.lab, pytest.mark.long]

LEAVES = ("leaf-a", "leaf-b", "leaf-c")
PAIRS = (("leaf-a", "leaf-b"), ("leaf-a", "leaf-c"), ("leaf-b", "leaf-c"))
VARIABLES: dict[str, Any] = {
    "liqo_fabric_name": "rollout",
    "liqo_fabric_shortcuts": [{"between": list(pair)} for pair in PAIRS],
    "liqo_fabric_defaults": {"service_type": "NodePort"},
    "liqo_fabric_waves": [1, 1, 1],
}


@dataclass(frozen=True)
class Run:
    """What one ansible-playbook came to."""

    log: str

    @property
    def summaries(self) -> list[str]:
        """The first line of every report, without the name of the fabric."""
        return re.findall(r"^fabric rollout: (.*)$", self.log, re.MULTILINE)

    @property
    def message(self) -> str:
        """Why the run failed."""
        return str(json.loads(re.findall(r"^fatal: \[.*?\]: FAILED! => (.*)$", self.log, re.MULTILINE)[-1])["msg"])

    @property
    def command(self) -> list[str]:
        """The arguments of the command that goes on."""
        return shlex.split(self.message.partition("the same command goes on: ansible-playbook ")[2])


@dataclass(frozen=True)
class Project:
    """A folder with an inventory."""

    folder: Path

    def run(self, name: str, *arguments: str, fails: bool = False) -> Run:
        log = playbook(f"liqo.fabric.{name}", *arguments, inventory=str(self.folder), check=not fails)
        assert not fails or "FAILED!" in log, log
        return Run(log)


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
def bare(project: Project) -> Project:
    """Nothing is there."""
    project.run("teardown")
    return project


def linked(lab: Laboratory) -> set[tuple[str, str]]:
    """Pairs of which any side holds anything."""
    return {(one, other) for one, other in PAIRS if any(lab.link_objects(one, other).values())}


def test_a_rollout_goes_from_the_canary_on_stops_at_a_broken_leaf_and_resumes(lab: Laboratory, bare: Project) -> None:
    since = now()
    planned = bare.run("rollout", "--check")
    assert planned.summaries == ["no links", "1 to create", "3 to create"]
    assert lab.writes(since, LEAVES) == 0

    lab.break_("leaf-c", "apiserver")
    stopped = bare.run("rollout", fails=True)
    assert stopped.summaries == ["no links", "1 created", "1 in sync, 2 blocked, 1 cluster unreachable"]
    assert stopped.message.startswith("Wave 3 (leaf-c) failed, and no later wave was begun. 2 of 3 links are blocked")
    lab.mend()
    assert linked(lab) == {("leaf-a", "leaf-b")}

    lab.break_("leaf-c", "gateway:leaf-b")
    arguments = [*stopped.command, "-e", "liqo_fabric_wait=false", "-e", "liqo_fabric_evidence_timeout=6"]
    unproven = Run(playbook(*arguments, check=False))
    assert unproven.message.startswith("Wave 3 (leaf-c) failed")
    assert "leaf-b <-> leaf-c is agreed (" in unproven.message
    assert "leaf-a <-> leaf-b is" not in unproven.message
    lab.mend()

    resumed = Run(playbook(*unproven.command))
    assert resumed.summaries == ["no links", "1 in sync", "3 in sync"]
    assert linked(lab) == set(PAIRS)


def test_limit_takes_the_links_among_the_hosts_that_it_leaves(lab: Laboratory, bare: Project) -> None:
    since = now()
    assert bare.run("apply", "--limit", "leaf-a,leaf-b").summaries == ["1 created"]
    assert bare.run("rollout", "--limit", "leaf-a,leaf-b").summaries == ["no links", "1 in sync"]
    assert bare.run("teardown", "--limit", "leaf-a,leaf-b").summaries[0] == "1 removed"
    assert lab.requests(since, ["leaf-c"]) == 0
    assert bare.run("apply", "--limit", "leaf-c").summaries == ["no links"]
    assert (
        "--limit hub leaves no host of the group liqo_leaves" in bare.run("apply", "--limit", "hub", fails=True).message
    )


def test_an_approved_plan_is_carried_out_or_nothing_is(lab: Laboratory, bare: Project, tmp_path: Path) -> None:
    approved = ("-e", f"liqo_fabric_plan_file={tmp_path / 'plan.json'}", "--limit", "leaf-a,leaf-b")
    bare.run("apply", *approved[2:])
    lab.api("leaf-b").delete("networking.liqo.io/v1beta1", "GatewayClient", "leaf-a", "liqo-tenant-leaf-a")
    assert bare.run("plan", *approved).summaries == ["1 to repair"]

    body = {"spec": {"mtu": 1200}}
    lab.api("leaf-a").patch(
        "networking.liqo.io/v1beta1", "GatewayServer", "leaf-b", body, namespace="liqo-tenant-leaf-b"
    )
    since = now()
    refused = bare.run("apply", *approved, fails=True)
    assert "update leaf-a/GatewayServer/liqo-tenant-leaf-b/leaf-b is new" in refused.message
    assert lab.writes(since, LEAVES) == 0

    assert bare.run("plan", *approved).summaries == ["1 to repair"]
    assert bare.run("apply", *approved).summaries == ["1 repaired"]


def test_slices_of_a_job_make_the_fabric_at_the_same_time(lab: Laboratory, bare: Project, tmp_path: Path) -> None:
    variables = {**VARIABLES, "liqo_fabric_clusters": lab.clusters(LEAVES), "liqo_fabric_slice": True}
    whole = yaml.safe_load((bare.folder / "inventory.yml").read_text())
    hosts = sorted(host for group in whole["all"]["children"].values() for host in group["hosts"])
    slices = []
    for number in range(2):
        mine = hosts[number::2]
        groups: dict[str, Any] = {
            group: {"hosts": {host: {} for host in held["hosts"] if host in mine}}
            for group, held in whole["all"]["children"].items()
        }
        folder = tmp_path / f"slice-{number}"
        (folder / "group_vars").mkdir(parents=True)
        (folder / "group_vars/all.yml").write_text(yaml.safe_dump(variables))
        (folder / "inventory.yml").write_text(yaml.safe_dump({"all": {"children": groups}}))
        slices.append(Project(folder))
    with ThreadPoolExecutor() as pool:
        runs = list(pool.map(lambda slice_: slice_.run("apply"), slices))
    assert [run.summaries for run in runs] == [["1 created"], ["2 created"]]
    assert bare.run("apply").summaries == ["3 in sync"]


def test_services_come_wave_by_wave_with_the_shortcuts(lab: Laboratory, bare: Project) -> None:
    services = {"liqo_fabric_services": [{"namespace": "demo", "name": "web"}], "liqo_fabric_services_mode": "shadow"}
    options = ("-e", json.dumps(services))
    since = now()
    planned = bare.run("rollout", "--check", *options)
    assert lab.writes(since, ("hub", *LEAVES)) == 0
    assert "lf-web.leaf-b" in planned.log
    bare.run("rollout", *options)
    try:
        for leaf in LEAVES:
            others = [f"lf-web.{other}" for other in LEAVES if other != leaf]
            assert own_slices(lab, leaf) == others
    finally:
        bare.run("teardown", *options)
    assert [own_slices(lab, leaf) for leaf in LEAVES] == [[], [], []]
    assert linked(lab) == set()


def test_services_stay_on_their_shortcut_when_the_plan_that_takes_it_away_has_moved(
    lab: Laboratory, bare: Project, tmp_path: Path
) -> None:
    services = {"liqo_fabric_services": [{"namespace": "demo", "name": "web"}], "liqo_fabric_services_mode": "shadow"}
    bare.run("apply", "-e", json.dumps(services))
    try:
        fewer = {
            **services,
            "liqo_fabric_state": "exact",
            "liqo_fabric_shortcuts": VARIABLES["liqo_fabric_shortcuts"][:2],
        }
        approved = ("-e", json.dumps(fewer), "-e", f"liqo_fabric_plan_file={tmp_path / 'plan.json'}")
        assert bare.run("plan", *approved).summaries == ["1 to remove, 2 in sync"]

        body = {"spec": {"mtu": 1200}}
        gateway = ("networking.liqo.io/v1beta1", "GatewayServer", "leaf-b")
        lab.api("leaf-a").patch(*gateway, body, namespace="liqo-tenant-leaf-b")
        since = now()
        assert "GatewayServer/liqo-tenant-leaf-b/leaf-b is new" in bare.run("apply", *approved, fails=True).message
        (tmp_path / "plan.json").rename(tmp_path / "old.json")
        assert "there is no plan to carry out" in bare.run("apply", *approved, fails=True).message
        assert lab.writes(since, ("hub", *LEAVES)) == 0

        assert bare.run("plan", *approved).summaries == ["1 to repair, 1 to remove, 1 in sync"]
        bare.run("apply", *approved)
        assert linked(lab) == set(PAIRS[:2])
        assert own_slices(lab, "leaf-b") == ["lf-web.leaf-a"]
    finally:
        bare.run("teardown", "-e", json.dumps(services))
