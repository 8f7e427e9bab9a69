# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From variables to a sentence."""

from __future__ import annotations

from pathlib import Path

import yaml
from ansible_collections.liqo.fabric.plugins.filter.complaint import complaint

ROOT = Path(__file__).resolve().parents[4]
SPECS = yaml.safe_load((ROOT / "roles/fabric/meta/argument_specs.yml").read_text())["argument_specs"]


def test_the_documented_example_comes_to_the_documented_result() -> None:
    documentation = yaml.safe_load((ROOT / "plugins/filter/complaint.yml").read_text())
    assert complaint({"liqo_fabric_nam": "retail"}, SPECS) == documentation["RETURN"]["_value"]["sample"]


def test_nothing_wrong_is_an_empty_text() -> None:
    assert complaint({"liqo_fabric_name": "retail"}, SPECS) == ""


def test_variables_of_every_entry_point_are_known() -> None:
    assert complaint({"liqo_fabric_waves": [1], "liqo_fabric_plan_file": "p"}, SPECS) == ""
