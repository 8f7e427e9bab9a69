# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Workflows do what anybody can do here: they call targets of the Makefile, and actions of a known commit."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from tools.import_root import CHECKOUT
from tools.matrix import CELLS

GITHUB = CHECKOUT / ".github"
WORKFLOWS = sorted(path.name for path in (GITHUB / "workflows").iterdir())
MAKEFILE = (CHECKOUT / "Makefile").read_text(encoding="utf-8")
TARGETS = set(re.findall(r"^([a-z-]+):", MAKEFILE, re.MULTILINE))
PINNED = re.compile(r"[a-z-]+/[a-z-]+@[0-9a-f]{40}")


def workflow(name: str) -> Any:
    return yaml.safe_load((GITHUB / "workflows" / name).read_text(encoding="utf-8"))


def steps(name: str) -> Iterator[dict[str, Any]]:
    for job in workflow(name)["jobs"].values():
        yield from job["steps"]


def called(name: str) -> set[str]:
    """The targets that a workflow makes."""
    return {target for step in steps(name) for target in re.findall(r"\bmake ([a-z-]+)", step.get("run", ""))}


@pytest.mark.parametrize("name", WORKFLOWS)
def test_every_target_exists(name: str) -> None:
    assert called(name)
    assert called(name) <= TARGETS


@pytest.mark.parametrize("name", WORKFLOWS)
def test_every_action_is_pinned_to_a_commit(name: str) -> None:
    used = [step["uses"] for step in steps(name) if "uses" in step]
    assert used
    assert [action for action in used if not PINNED.fullmatch(action)] == []


@pytest.mark.parametrize("name", WORKFLOWS)
def test_a_job_may_only_read_and_ends_some_time(name: str) -> None:
    assert workflow(name)["permissions"] == {"contents": "read"}
    assert all("timeout-minutes" in job for job in workflow(name)["jobs"].values())


def test_all_checks_run_in_ci() -> None:
    stages = {"lint", "test-unit", "build", "importer", "test-lab", "test-molecule", "matrix"}
    assert stages <= called("ci.yml")


def test_the_matrix_is_the_one_that_runs_here() -> None:
    assert workflow("ci.yml")["jobs"]["matrix"]["strategy"]["matrix"]["cell"] == list(CELLS)


def test_the_scenario_that_needs_a_container_engine_runs_in_ci() -> None:
    assert any(step.get("run") == "make test-molecule SCENARIOS=kind" for step in steps("ci.yml"))


def test_only_the_step_that_publishes_has_a_secret() -> None:
    secret = [step for name in WORKFLOWS for step in steps(name) if "secrets." in str(step)]
    assert [step["run"] for step in secret] == ["make publish"]


@pytest.mark.parametrize("name", WORKFLOWS)
def test_no_expression_becomes_a_part_of_a_command(name: str) -> None:
    """GitHub puts the value into the script as it is, and a branch or a tag may be called like a command."""
    assert [step["run"] for step in steps(name) if "${{" in step.get("run", "")] == []
    used = {word for step in steps(name) for word in re.findall(r"\$\{\{\s*([\w.]+)", str(step.get("env", "")))}
    assert used <= {"matrix.cell", "secrets.GALAXY_API_KEY"}


def test_recipes_know_no_variable_that_a_workflow_fills_with_text_of_others() -> None:
    recipes = [line for line in MAKEFILE.splitlines() if line.startswith("\t")]
    used = set(re.findall(r"\$[({](\w+)", "\n".join(recipes).replace("$$", "")))
    assert used == {
        "CELLS", "CHECKS", "COLLECTION", "MAKEFILE_LIST", "OLDEST_CELL", "SCENARIOS", "STAGES", "UNTAGGED_CELL"
    }  # fmt: skip
    given = {name for file in WORKFLOWS for step in steps(file) for name in {**step.get("env", {})} if name in used}
    assert given == {"CELLS"}


def test_what_holds_the_token_installs_nothing_and_what_it_runs_was_installed_by_hashes() -> None:
    needs, recipe = target("publish")
    assert (needs, recipe) == (
        "",
        ["@.cache/publisher/bin/ansible-galaxy collection publish dist/liqo-fabric-*.tar.gz"],
    )
    needs, recipe = target("publisher")
    assert needs == ""
    assert [line for line in recipe if "install" in line and "--require-hashes" not in line] == []
    lines = (CHECKOUT / "requirements-publish.txt").read_text(encoding="utf-8").splitlines()
    wanted = [line for line in lines if not line.startswith("#")]
    assert len(wanted) > 5
    assert [line for line in wanted if not re.fullmatch(r"[\w-]+==[\w.]+ --hash=sha256:[0-9a-f]{64}", line)] == []
    pinned = set((CHECKOUT / "constraints-dev.txt").read_text(encoding="utf-8").lower().splitlines())
    assert [line for line in wanted if line.lower().partition(" ")[0] not in pinned] == []


def target(name: str) -> tuple[str, list[str]]:
    """What a target needs, and its recipe."""
    found = re.search(rf"^{name}:([^#\n]*).*\n((?:\t.*\n)+)", MAKEFILE, re.MULTILINE)
    assert found
    return found[1].strip(), [line.strip() for line in found[2].splitlines()]


def test_a_report_of_a_fault_asks_for_what_we_need() -> None:
    form = yaml.safe_load((GITHUB / "ISSUE_TEMPLATE" / "bug.yml").read_text(encoding="utf-8"))
    needed = {part["id"] for part in form["body"] if part.get("validations", {}).get("required")}
    assert needed == {"happened", "steps", "output", "status", "versions"}


@pytest.mark.parametrize("name", ["bug.yml", "feature.yml"])
def test_a_form_has_what_github_demands(name: str) -> None:
    form = yaml.safe_load((GITHUB / "ISSUE_TEMPLATE" / name).read_text(encoding="utf-8"))
    assert {"name", "description", "body"} <= set(form)
    assert all(part["attributes"].get("label") or part["type"] == "markdown" for part in form["body"])
