# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The molecule scenarios are one scenario: they differ only in how clusters come and go."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from tools.import_root import CHECKOUT

MOLECULE = CHECKOUT / "molecule"
SCENARIOS = ("default", "kind")
OWN_FILES = {"create.yml", "destroy.yml", "molecule.yml"}


def test_scenarios_have_the_same_settings() -> None:
    first, second = ((MOLECULE / scenario / "molecule.yml").read_text(encoding="utf-8") for scenario in SCENARIOS)
    assert first == second


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_a_scenario_has_no_file_of_its_own_but_those_that_make_and_remove_clusters(scenario: str) -> None:
    files = {str(path.relative_to(MOLECULE / scenario)) for path in (MOLECULE / scenario).rglob("*") if path.is_file()}
    assert files == OWN_FILES


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_every_playbook_but_create_and_destroy_is_shared_and_exists(scenario: str) -> None:
    settings = yaml.safe_load((MOLECULE / scenario / "molecule.yml").read_text(encoding="utf-8"))
    playbooks = settings["provisioner"]["playbooks"]
    own = {action for action, playbook in playbooks.items() if Path(playbook).parts[:2] != ("..", "shared")}
    assert own == {"create", "destroy"}
    assert all((MOLECULE / scenario / playbook).is_file() for playbook in playbooks.values())


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_what_makes_clusters_does_not_use_the_collection(scenario: str) -> None:
    for name in ("create.yml", "destroy.yml"):
        assert "liqo.fabric." not in (MOLECULE / scenario / name).read_text(encoding="utf-8")


def test_both_scenarios_make_clusters_of_the_same_names() -> None:
    names = {"hub", "leaf-a", "leaf-b", "leaf-c"}
    kind = yaml.safe_load((MOLECULE / "kind" / "create.yml").read_text(encoding="utf-8"))[0]["vars"]
    assert {kind["hub"]["name"], *(leaf["name"] for leaf in kind["leaves"])} == names
    assert "up --leaves 3" in (MOLECULE / "default" / "create.yml").read_text(encoding="utf-8")


def test_the_scenario_of_the_role_rbac_uses_the_clusters_of_the_scenario_default() -> None:
    settings = yaml.safe_load((MOLECULE / "rbac" / "molecule.yml").read_text(encoding="utf-8"))
    playbooks = settings["provisioner"]["playbooks"]
    assert {playbooks[action] for action in ("create", "destroy")} == {
        "../default/create.yml",
        "../default/destroy.yml",
    }
    assert all((MOLECULE / "rbac" / playbook).is_file() for playbook in playbooks.values())
    default = yaml.safe_load((MOLECULE / "default" / "molecule.yml").read_text(encoding="utf-8"))
    assert settings["scenario"] == default["scenario"]
