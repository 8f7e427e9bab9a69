# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The first thing that a person runs."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator

import pytest

from lab import places
from tests.lab_tests.laboratory import ROOT, Laboratory, playbook

pytestmark = [pytest.mark.lab, pytest.mark.slow]


@pytest.fixture(scope="module")
def printed(lab: Laboratory) -> Iterator[str]:
    """What the demo prints on the lab of the tests, whose choices are those of the demo."""
    command = [sys.executable, "-m", "lab.demo", "--name", lab.name, "--keep"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "WARNING]" not in done.stdout + done.stderr
    yield done.stdout
    playbook("liqo.fabric.teardown", inventory=str(places.state_folder(lab.name) / "fabric"))


def test_every_command_is_shown_as_typed(printed: str) -> None:
    commands = re.findall(r"^\$ (.*)", printed, re.MULTILINE)
    playbooks = [command.split()[1] for command in commands if command.startswith("ansible-playbook")]
    assert playbooks == [f"liqo.fabric.{name}" for name in ("teardown", "plan", "apply", "status", "apply")]


def test_the_shortcut_is_one_tunnel_and_the_hub_is_two(printed: str) -> None:
    figures = r"\s+10\.\d+\.\d+\.\d+\s+(.*?)\s+([\d.]+) ms\s+(\d+) Mbit/s"
    through_hub = re.search(rf"^through the hub{figures}", printed, re.MULTILINE)
    over_shortcut = re.search(rf"^over the shortcut{figures}", printed, re.MULTILINE)
    assert through_hub
    assert over_shortcut
    assert through_hub[1] == "leaf-a > hub > leaf-b"
    assert over_shortcut[1] == "leaf-a > leaf-b"


def test_the_second_apply_changes_and_writes_nothing(printed: str) -> None:
    last = printed.rpartition("$ ansible-playbook liqo.fabric.apply")[2]
    assert "fabric demo: 2 in sync" in last
    assert re.search(r"changed=0\s", last)
    assert re.search(r"count \d+ requests of this run, 0 of them writes", last)


def test_it_ends_with_how_to_go_on_and_how_to_clean_up(lab: Laboratory, printed: str) -> None:
    assert printed.rstrip().endswith(f"python -m lab --name {lab.name} down")
    assert "ansible-playbook liqo.fabric.teardown -i " in printed
