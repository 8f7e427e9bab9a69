# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Many mistakes in one run of `ansible-playbook`, and what each of them was told."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml


@dataclass(frozen=True)
class Said:
    """What one run of ansible-playbook came to."""

    messages: Mapping[str, str]
    """By what was done wrong."""
    log: str
    places: Mapping[str, str] = field(default_factory=dict)
    """What stands for a word in braces in the tables."""

    def check(self, mistake: str, wanted: str) -> None:
        """The sentence was said, on one line, with what to do."""
        said = self.messages[mistake]
        for name, place in self.places.items():
            wanted = wanted.replace(f"{{{name}}}", place)
        assert wanted in said
        assert "\n" not in said
        assert re.search(r"Next: .+\.|Put |Supported parameters include: ", said), "nothing says what to do"


def play(folder: Path, blocks: Mapping[str, list[dict[str, Any]]], groups: Mapping[str, Any] | None = None) -> Said:
    """One play with a block of tasks for each mistake, every one of which has to fail."""
    answer = folder / "said.json"
    tasks: list[dict[str, Any]] = []
    for mistake, block in blocks.items():
        end = {"name": "End", "ansible.builtin.fail": {"msg": "nothing was refused"}}
        said = "{{ said | default({}) | combine({mistake: ansible_failed_result.msg}) }}"
        keep = {"name": "Keep", "ansible.builtin.set_fact": {"said": said}}
        tasks.append({"name": mistake, "block": [*block, end], "rescue": [keep], "vars": {"mistake": mistake}})
    content = {"content": "{{ said | to_json }}", "dest": str(answer), "mode": "0600"}
    tasks.append({"name": "Write down", "ansible.builtin.copy": content})
    (folder / "play.yml").write_text(
        yaml.safe_dump([{"name": "Newcomers", "hosts": "localhost", "gather_facts": False, "tasks": tasks}])
    )
    (folder / "inventory.yml").write_text(yaml.safe_dump({"all": {"children": dict(groups or {})}}))
    done = ansible_playbook(str(folder / "play.yml"), "-i", str(folder / "inventory.yml"))
    assert done.returncode == 0, done.stdout + done.stderr
    return Said(messages=json.loads(answer.read_text()), log=done.stdout + done.stderr)


def ansible_playbook(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [str(Path(sys.executable).with_name("ansible-playbook")), *arguments]
    environment = {**os.environ, "ANSIBLE_NOCOLOR": "1"}
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=120)
