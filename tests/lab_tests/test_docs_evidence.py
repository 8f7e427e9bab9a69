# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The scenarios in docs/evidence.md: the commands are run as they stand there, and show what stands there."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from ipaddress import ip_address, ip_network
from pathlib import Path

import pytest
import yaml

from tests.lab_tests.laboratory import ROOT, Laboratory, eventually, playbook, write_inventory
from tests.pages import blocks, blocks_of, sections

pytestmark = pytest.mark.lab

PAGE = ROOT / "docs/evidence.md"
RUNGS = sections(PAGE)
AB = ("leaf-a", "leaf-b")

SHELL = """set -e
python() {{
  if [ "$1 $2" = "-m lab" ]; then shift 2; (cd {root} && {python} -m lab --name {lab} "$@"); else {python} "$@"; fi
}}
"""
"""The same commands for the lab of the tests, which has another name."""


@pytest.fixture(scope="module")
def folder(lab: Laboratory, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Where a person stands who has done the page about getting started on the lab: `fabric` lies here."""
    folder = tmp_path_factory.mktemp("evidence")
    (folder / "fabric").mkdir()
    (variables,) = blocks_of(ROOT / "docs/start-lab.md", "yaml")
    write_inventory(lab, folder / "fabric", yaml.safe_load(variables))
    yield folder
    lab.mend()
    playbook("liqo.fabric.teardown", inventory=str(folder / "fabric"))


@pytest.fixture
def applied(folder: Path) -> Path:
    playbook("liqo.fabric.apply", inventory=str(folder / "fabric"))
    return folder


def scenario(rung: str) -> tuple[str, list[str]]:
    """The commands of a rung, and the lines that they show in the end."""
    found = blocks(RUNGS[rung])
    (commands,) = (block.text for block in found if block.language == "sh")
    (shown,) = (block.text for block in found if not block.language)
    return commands, shown.splitlines()


def shell(lab: Laboratory, folder: Path, commands: str) -> str:
    """What the commands print. Raises AssertionError when one fails."""
    environment = {**os.environ, "ANSIBLE_COLLECTIONS_PATH": str(ROOT / ".cache"), "ANSIBLE_NOCOLOR": "1"}
    environment["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{environment['PATH']}"
    script = SHELL.format(root=ROOT, python=sys.executable, lab=lab.name) + commands
    done = subprocess.run(
        ["bash", "-c", script], cwd=folder, env=environment, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def plain(line: str) -> str:
    """A line without its spacing, and without numbers, addresses and durations."""
    return " ".join(re.sub(r"\d[\d.:/]*(?:ms)?", "#", line).split())


def missing(output: str, wanted: list[str]) -> list[str]:
    """Lines of the page that the output lacks."""
    printed = {plain(line) for line in output.splitlines()}
    return [line for line in wanted if plain(line) not in printed]


def run_as_written(lab: Laboratory, folder: Path, rung: str) -> None:
    """The last command is repeated until it shows what the page says: nobody waits for it with a clock."""
    commands, wanted = scenario(rung)
    *before, last = commands.splitlines()
    if before:
        shell(lab, folder, "\n".join(line for line in before if not line.startswith("sleep ")))
    seen = [""]

    def shows() -> bool:
        seen[0] = shell(lab, folder, last)
        return not missing(seen[0], wanted)

    try:
        eventually(shows, what=f"the page shows what {last} does", timeout_s=90, every_s=1)
    except AssertionError as problem:
        raise AssertionError(f"{problem}; missing {missing(seen[0], wanted)} in\n{seen[0]}") from None


def test_every_rung_has_a_scenario_and_something_to_do() -> None:
    rungs = ["absent", "declared", "agreed", "handshaken", "fresh", "proven"]
    assert list(RUNGS)[: len(rungs)] == rungs
    assert [rung for rung in rungs if "**What to do**" not in RUNGS[rung]] == []


def test_fresh(lab: Laboratory, folder: Path) -> None:
    run_as_written(lab, folder, "fresh")


def test_declared(lab: Laboratory, applied: Path) -> None:
    run_as_written(lab, applied, "declared")


@pytest.mark.long  # The demo sends traffic over a shortcut in every run.
def test_proven(lab: Laboratory, applied: Path) -> None:
    """The page has the addresses of one lab; here they are those under which each leaf sees the other."""
    commands, wanted = scenario("proven")
    link = lab.module("peering_info", {"clusters": lab.clusters(AB)}).link(*AB)
    for line, end in zip(commands.splitlines(), link["ends"], strict=True):
        (remap,) = end["remap"]["pod"]
        at_home = lab.api({"leaf-a": "leaf-b", "leaf-b": "leaf-a"}[end["cluster"]])
        pods = at_home.list("v1", "Pod", "demo-hub")
        (address,) = (pod["status"]["podIP"] for pod in pods if pod["metadata"]["name"].startswith("web-leaf"))
        offset = int(ip_address(address)) - int(ip_network(remap["native"]).network_address)
        seen_as = ip_network(remap["remapped"])[offset]
        assert f"exec {end['cluster']} " in line
        assert missing(shell(lab, applied, line.replace("10.40.0.16", str(seen_as))), wanted) == []


@pytest.mark.long  # What a plan and a dead gateway look like, other tests see in every run.
@pytest.mark.parametrize("rung", ["agreed", "handshaken", "absent"])
def test_from_a_link_to_nothing(lab: Laboratory, applied: Path, rung: str) -> None:
    run_as_written(lab, applied, rung)
