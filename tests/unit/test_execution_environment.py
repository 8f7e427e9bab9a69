# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The execution environment as far as it can be built without a container engine.

What an image would hold comes from three places: the build context, what the collection says that it needs, and the
package index. Each is looked at by the program that a build uses for it.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import venv
from importlib import metadata
from pathlib import Path

import pytest
import yaml

from tools.build_check import build, install

ROOT = Path(__file__).resolve().parents[2]
DEFINITION = yaml.safe_load((ROOT / "execution-environment.yml").read_text())
PYTHON_NEEDS = [line for line in (ROOT / "requirements.txt").read_text().splitlines() if not line.startswith("#")]


def run(*command: str | Path, environment: dict[str, str] | None = None) -> str:
    done = subprocess.run(
        [str(part) for part in command],
        env={**os.environ, **(environment or {})},
        capture_output=True,
        text=True,
        check=False,
        timeout=280,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def builder(*arguments: str | Path) -> str:
    return run(Path(sys.executable).with_name("ansible-builder"), *arguments)


@pytest.fixture(scope="module")
def collections(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The collection as an image would have it: built and installed."""
    folder = tmp_path_factory.mktemp("image")
    return install(build(folder), folder / "installed")


@pytest.fixture(scope="module")
def python_needs(collections: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a build would install with pip for the collections, as a requirements file."""
    file = tmp_path_factory.mktemp("needs") / "requirements.txt"
    builder("introspect", collections, "--write-pip", file)
    return file


def test_the_definition_makes_a_build_context(tmp_path: Path) -> None:
    builder(
        "create",
        "--file",
        ROOT / "execution-environment.yml",
        "--context",
        tmp_path,
        "--output-filename",
        "Containerfile",
    )
    containerfile = (tmp_path / "Containerfile").read_text()
    assert f'ARG EE_BASE_IMAGE="{DEFINITION["images"]["base_image"]["name"]}"' in containerfile
    # The base image has no git, with which the collection is fetched.
    stages = re.split(r"^FROM \S+ AS (\w+)$", containerfile, flags=re.MULTILINE)
    assert "RUN $PKGMGR install -y git-core" in stages[stages.index("galaxy") + 1]
    wanted = yaml.safe_load((tmp_path / "_build/requirements.yml").read_text())
    assert wanted == DEFINITION["dependencies"]["galaxy"]


def test_the_image_gets_a_core_that_the_collection_takes() -> None:
    lowest = yaml.safe_load((ROOT / "meta/runtime.yml").read_text())["requires_ansible"]
    assert DEFINITION["dependencies"]["ansible_core"]["package_pip"].startswith(f"ansible-core{lowest}")


def test_a_build_finds_every_python_package_that_the_modules_need(python_needs: Path) -> None:
    found = {line.partition(" ")[0] for line in python_needs.read_text().splitlines()}
    left_out = {re.split("[<>=]", need)[0].lower() for need in set(PYTHON_NEEDS) - found}
    # The builder leaves out what ansible-core brings along.
    brought = {re.split("[<>=;!( ]", need)[0].lower() for need in metadata.requires("ansible-core") or ()}
    assert len(found) >= 3
    assert left_out <= brought


@pytest.mark.long
def test_with_what_a_build_installs_the_collection_works(collections: Path, python_needs: Path, tmp_path: Path) -> None:
    venv.create(tmp_path / "image", with_pip=True)
    programs = tmp_path / "image/bin"
    core = DEFINITION["dependencies"]["ansible_core"]["package_pip"]
    run(programs / "python", "-m", "pip", "install", "--quiet", core, "--requirement", python_needs)
    run(programs / "python", "-c", "import cryptography, jmespath, kubernetes, urllib3, yaml")
    alone = {"ANSIBLE_COLLECTIONS_PATH": str(collections), "PYTHONPATH": ""}
    modules = sorted(path.stem for path in (ROOT / "plugins/modules").glob("[!_]*.py"))
    documented = json.loads(run(programs / "ansible-doc", "--list", "--json", "liqo.fabric", environment=alone))
    assert sorted(documented) == [f"liqo.fabric.{module}" for module in modules]
    clusters = json.dumps(
        [{"name": name, "host": "https://127.0.0.1:1", "api_key": "x"} for name in ("leaf-a", "leaf-b")]
    )
    asked = run(
        *(programs / "ansible", "localhost", "-m", "liqo.fabric.peering_info", "-a", f'{{"clusters": {clusters}}}'),
        environment=alone,
    )
    assert "127.0.0.1:1" in asked
    assert "unreachable" in asked
