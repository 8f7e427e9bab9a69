# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The action that shows a result, through ansible-playbook as a person sees it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml
from ansible_collections.liqo.fabric.plugins.action.report import ARGUMENT_SPEC
from ansible_collections.liqo.fabric.plugins.modules import report

RESULT = {
    "task": "shortcuts",
    "changed": True,
    "fabric": "retail",
    "state": "present",
    "summary": {"links": 1, "in_sync": 1},
    "clusters": {},
    "links": [{"between": ["leaf-a", "leaf-b"], "outcome": "in_sync", "changes": [], "notes": []}],
    "plan": [],
    "failures": [],
}


def play(folder: Path, options: dict[str, Any], *arguments: str) -> subprocess.CompletedProcess[str]:
    """One task, its result registered and a second task that says what it was."""
    tasks = [
        {"name": "Show", "liqo.fabric.report": options, "register": "shown"},
        {"name": "Say", "ansible.builtin.debug": {"msg": "changed={{ shown.changed }} first={{ shown.text[:12] }}"}},
    ]
    file = folder / "play.yml"
    file.write_text(yaml.safe_dump([{"name": "Test", "hosts": "localhost", "gather_facts": False, "tasks": tasks}]))
    command = [str(Path(sys.executable).with_name("ansible-playbook")), "-i", "localhost,", str(file), *arguments]
    environment = {**os.environ, "ANSIBLE_NOCOLOR": "1"}
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=120)


def test_the_text_is_printed_and_nothing_else(tmp_path: Path) -> None:
    done = play(tmp_path, {"result": RESULT})
    assert done.returncode == 0, done.stdout + done.stderr
    shown = done.stdout.partition("TASK [Show]")[2].partition("TASK [Say]")[0]
    assert [line for line in shown.splitlines()[1:] if line] == ["fabric retail: 1 in sync", "ok: [localhost]"]


def test_nothing_is_changed_and_the_text_is_returned(tmp_path: Path) -> None:
    assert "changed=False first=fabric retai" in play(tmp_path, {"result": RESULT}).stdout


def test_check_mode_shows_the_same(tmp_path: Path) -> None:
    assert "fabric retail: 1 in sync" in play(tmp_path, {"result": RESULT}, "--check").stdout


def test_an_odd_result_is_no_reason_to_fail(tmp_path: Path) -> None:
    done = play(tmp_path, {"result": ["odd"]})
    assert done.returncode == 0
    assert "no result of a task of liqo.fabric, but" in done.stdout


def test_an_unknown_option_is_refused_in_one_sentence(tmp_path: Path) -> None:
    done = play(tmp_path, {"result": RESULT, "colour": "red"})
    assert done.returncode != 0
    assert "Unsupported parameters for" in done.stdout + done.stderr
    assert "colour" in done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr


def test_the_documented_options_are_those_in_use() -> None:
    documented = yaml.safe_load(report.DOCUMENTATION)["options"]
    facts = ("type", "required", "default")
    shown = {name: {fact: option[fact] for fact in facts if fact in option} for name, option in documented.items()}
    assert shown == ARGUMENT_SPEC
