# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A workflow as AWX runs it: one kubeconfig for all, and what a job hands over are variables of the next one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.lab_tests.laboratory import Laboratory, now, playbook
from tests.unit.test_awx import injected

pytestmark = pytest.mark.lab

LEAVES = ("leaf-a", "leaf-b", "leaf-c")
PAIR = ("leaf-a", "leaf-b")


class Controller:
    """The part of AWX that runs jobs."""

    def __init__(self, lab: Laboratory, folder: Path) -> None:
        self.folder = folder
        groups: Any = {"liqo_hubs": {"hosts": {"hub": {}}}, "liqo_leaves": {"hosts": {leaf: {} for leaf in LEAVES}}}
        variables = {
            "liqo_fabric_name": "test",
            "liqo_fabric_shortcuts": [{"between": list(PAIR)}],
            "liqo_fabric_defaults": {"service_type": "NodePort"},
        }
        (folder / "inventory.yml").write_text(yaml.safe_dump({"all": {"children": groups, "vars": variables}}))

    def job(self, name: str, variables: dict[str, Any], *, fails: bool = False) -> tuple[dict[str, Any], str]:
        """What the job hands over, and what it printed."""
        (self.folder / "extra.json").write_text(json.dumps(variables))
        arguments = (f"liqo.fabric.{name}", "-e", f"@{self.folder}/extra.json")
        log = playbook(*arguments, inventory=str(self.folder / "inventory.yml"), check=not fails)
        assert ("failed=1" in log) == fails, log
        return json.loads(log.partition("RUN: ")[2].partition("\n")[0] or "{}"), log


@pytest.fixture
def controller(lab: Laboratory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Controller:
    kubeconfigs = {name: yaml.safe_load(lab.kubeconfig(name).read_text()) for name in ("hub", *LEAVES)}
    bundle: dict[str, Any] = {"clusters": [], "users": [], "contexts": []}
    for name, one in kubeconfigs.items():
        bundle["clusters"].append({**one["clusters"][0], "name": name})
        bundle["users"].append({**one["users"][0], "name": name})
        bundle["contexts"].append({"name": name, "context": {"cluster": name, "user": name}})
    for name, value in injected(tmp_path, yaml.safe_dump(bundle)).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("ANSIBLE_SHOW_CUSTOM_STATS", "1")
    lab.unlink(PAIR)
    return Controller(lab, tmp_path)


def test_a_workflow_carries_out_the_plan_that_was_approved_and_drift_is_told(
    lab: Laboratory, controller: Controller
) -> None:
    quiet = {"liqo_fabric_set_stats": True, "liqo_fabric_diff": False}
    approved, shown = controller.job("plan", quiet)
    assert "fabric test: 1 to create" in shown
    assert "+++ after" not in shown
    assert [approved["liqo_fabric_changed"], approved["liqo_fabric_rerun"]] == [True, []]
    made, _ = controller.job("apply", {**quiet, **approved, "liqo_fabric_needs_plan": True})
    assert made["liqo_fabric_outcomes"][0]["created"] == 1
    assert "liqo_fabric_saved_plan" not in made

    watchful = {**quiet, "liqo_fabric_fail_on_drift": True}
    unchanged, _ = controller.job("plan", watchful)
    assert unchanged["liqo_fabric_changed"] is False
    lab.api("leaf-b").delete("networking.liqo.io/v1beta1", "GatewayClient", "leaf-a", "liqo-tenant-leaf-a")
    drifted, shown = controller.job("plan", watchful, fails=True)
    assert "1 of 1 links are not as declared: leaf-a <-> leaf-b." in shown
    assert drifted["liqo_fabric_outcomes"][0]["repaired"] == 1

    since = now()
    _, refused = controller.job("apply", {**quiet, **approved, "liqo_fabric_needs_plan": True}, fails=True)
    assert "the saved plan is no longer what would be done, nothing was written" in refused
    assert lab.writes(since, PAIR) == 0
