# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Live progress on real clusters: a cluster that does not do its part is named while the task still waits for it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.lab_tests.laboratory import ROOT, Laboratory

pytestmark = pytest.mark.lab

AC = ("leaf-a", "leaf-c")
PROGRESS = re.compile(r"^  leaf-a <-> leaf-c: |clusters read, waits for ", re.MULTILINE)


@pytest.fixture(autouse=True)
def _unlinked(lab: Laboratory) -> Iterator[None]:
    lab.unlink(AC)
    yield
    lab.mend()
    lab.unlink(AC)


def play(lab: Laboratory, folder: Path) -> list[str]:
    """The command that makes the link."""
    options = {
        "fabric": "test",
        "clusters": lab.clusters(AC),
        "shortcuts": [{"between": list(AC)}],
        "defaults": {"service_type": "NodePort"},
    }
    task = {"name": "Act", "liqo.fabric.shortcuts": options}
    (folder / "play.yml").write_text(
        yaml.safe_dump([{"name": "Test", "hosts": "localhost", "gather_facts": False, "tasks": [task]}])
    )
    return [str(Path(sys.executable).with_name("ansible-playbook")), str(folder / "play.yml")]


def test_who_is_awaited_is_told_while_the_run_waits(lab: Laboratory, tmp_path: Path) -> None:
    lab.break_("leaf-c", "controllers")
    told: list[str] = []
    output: list[str] = []
    environment = {**os.environ, "ANSIBLE_NOCOLOR": "1"}
    with subprocess.Popen(
        play(lab, tmp_path), cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as running:
        assert running.stdout is not None
        for line in running.stdout:
            output.append(line)
            if PROGRESS.match(line):
                told.append(line)
                if "waits until leaf-c " in line and len(told) == 1:
                    # The run cannot end before this, so the line was shown while it ran.
                    lab.mend()
    text = "".join(output)
    assert running.returncode == 0, text
    assert re.match(r"  leaf-a <-> leaf-c: \d+ of \d+ writes, waits until leaf-c .+ \(.+\).*, \d+ s$", told[0]), text
    assert "changed: [localhost]" in text


def test_a_run_without_work_tells_nothing(lab: Laboratory) -> None:
    assert not lab.shortcuts(AC, [AC]).failed
    again = lab.shortcuts(AC, [AC])
    assert not again.result["changed"]
    assert not PROGRESS.search(again.log), again.log
