# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""`module_defaults: group/liqo.fabric.all` reaches every module that takes clusters, and their pages say so."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from tools.import_root import CHECKOUT

MODULES = sorted(path.stem for path in (CHECKOUT / "plugins" / "modules").glob("[!_]*.py"))
ALL = yaml.safe_load((CHECKOUT / "meta" / "runtime.yml").read_text(encoding="utf-8"))["action_groups"]["all"]
GROUP = "liqo.fabric.all"


@pytest.fixture(scope="module")
def documented() -> Mapping[str, Any]:
    """What ansible-doc shows of each module, by its short name; fragments are in it."""
    program = str(Path(sys.executable).with_name("ansible-doc"))
    names = [f"liqo.fabric.{module}" for module in MODULES]
    shown = subprocess.run([program, "--json", *names], capture_output=True, text=True, check=True, env=os.environ)
    return {name.rpartition(".")[2]: entry["doc"] for name, entry in json.loads(shown.stdout).items()}


def test_the_group_holds_only_modules() -> None:
    assert set(ALL) <= set(MODULES)
    assert sorted(ALL) == ALL


@pytest.mark.parametrize("module", MODULES)
def test_a_module_that_takes_clusters_is_in_the_group(module: str, documented: Mapping[str, Any]) -> None:
    assert ("clusters" in documented[module]["options"]) == (module in ALL)


@pytest.mark.parametrize("module", MODULES)
def test_the_documentation_says_whether_a_module_is_in_the_group(module: str, documented: Mapping[str, Any]) -> None:
    membership = documented[module]["attributes"].get("action_group", {}).get("membership", [])
    assert membership == ([GROUP] if module in ALL else [])


@pytest.mark.parametrize("module", MODULES)
def test_a_module_says_what_it_does_in_check_and_diff_mode(module: str, documented: Mapping[str, Any]) -> None:
    assert {"check_mode", "diff_mode", "idempotent"} <= set(documented[module]["attributes"])
