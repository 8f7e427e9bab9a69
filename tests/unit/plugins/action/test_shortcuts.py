# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The progress of a running module, as ansible-playbook shows it; API servers that never answer make it run long."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml
from ansible import constants
from ansible_collections.liqo.fabric.plugins.action import shortcuts
from ansible_collections.liqo.fabric.plugins.action.shortcuts import ActionModule, Follower
from ansible_collections.liqo.fabric.plugins.module_utils._run.progress import VARIABLE

ELSEWHERE = '''
DOCUMENTATION = """
name: elsewhere
short_description: A connection that is not local
description: [For tests.]
options: {}
"""
from ansible.plugins.connection.local import Connection as Local

class Connection(Local):
    transport = "elsewhere"
'''


class Shown:
    """In the place of Ansible's Display."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def __call__(self) -> Shown:
        return self

    def display(self, line: str, *, stderr: bool) -> None:
        assert stderr
        self.lines.append(line)


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> Shown:
    display = Shown()
    monkeypatch.setattr(shortcuts, "Display", display)
    return display


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where Ansible keeps its temporary files."""
    monkeypatch.setattr(constants, "DEFAULT_LOCAL_TMP", str(tmp_path))
    return tmp_path


def action(*, transport: str = "local", **task: Any) -> ActionModule:
    made = ActionModule.__new__(ActionModule)
    made._connection = SimpleNamespace(transport=transport)
    made._task = SimpleNamespace(**{"async_val": 0, "no_log": False, "environment": None, **task})
    return made


def test_only_whole_lines_are_shown_and_each_once(tmp_path: Path, shown: Shown) -> None:
    file = tmp_path / "lines"
    file.write_bytes(b"  one\n  tw")
    follower = Follower(file)
    follower.show()
    follower.show()
    assert shown.lines == ["  one"]
    with file.open("ab") as more:
        more.write("o \x1b[31m\u00e9\n".encode() + b"\xff\n")
    follower.show()
    assert shown.lines == ["  one", r"two \x1b[31mé", "\ufffd"]
    file.unlink()
    follower.show()


def test_what_is_written_last_is_shown_too(folder: Path, shown: Shown) -> None:
    made = action()
    with made._progress_shown():
        Path(made._task.environment[-1][VARIABLE]).write_text("  last\n")
    assert shown.lines == ["  last"]


@pytest.mark.parametrize("given", [None, {"A": "1"}, [{"A": "1"}, {"B": "2"}]])
def test_the_module_is_told_of_a_private_file_and_nothing_stays(folder: Path, given: Any) -> None:
    made = action(environment=given)
    with pytest.raises(RuntimeError, match="the module failed"), made._progress_shown():
        *others, ours = made._task.environment
        assert others == ([] if given is None else given if isinstance(given, list) else [given])
        (file,) = (Path(path) for path in ours.values())
        assert file.parent.parent == folder
        assert (file.parent.stat().st_mode & 0o777, file.stat().st_mode & 0o777) == (0o700, 0o600)
        raise RuntimeError("the module failed")
    assert made._task.environment == given
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("odd", [{"transport": "ssh"}, {"async_val": 60}, {"no_log": True}])
def test_without_a_way_to_show_it_the_task_is_left_as_it_is(folder: Path, odd: dict[str, Any]) -> None:
    made = action(**odd)
    with made._progress_shown():
        assert made._task.environment is None
        assert list(folder.iterdir()) == []


def test_a_folder_that_cannot_be_made_costs_only_the_progress(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "file").touch()
    monkeypatch.setattr(constants, "DEFAULT_LOCAL_TMP", str(folder / "file"))
    made = action()
    with made._progress_shown():
        assert made._task.environment is None


@pytest.fixture
def dumb_server() -> Iterator[socket.socket]:
    """Takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0), backlog=100) as server:
        yield server


def write_play(folder: Path, port: int) -> list[str]:
    """One task on three hosts, of which one is local and waits, and a file with each result; the command to run it."""
    kubeconfig = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "c", "cluster": {"server": f"http://127.0.0.1:{port}"}}],
        "users": [{"name": "c", "user": {"token": "not-to-be-shown"}}],
        "contexts": [{"name": "c", "context": {"cluster": "c", "user": "c"}}],
        "current-context": "c",
    }
    (folder / "kubeconfig").write_text(yaml.safe_dump(kubeconfig))
    names = ["{{ inventory_hostname }}-a", "{{ inventory_hostname }}-b"]
    act = {
        "name": "Act",
        "liqo.fabric.shortcuts": {
            "clusters": [{"name": name, "kubeconfig": str(folder / "kubeconfig")} for name in names],
            "shortcuts": [{"between": names}],
        },
        "register": "result",
        "ignore_errors": True,
        "async": "{{ seconds | default(0) }}",
        "poll": 1,
    }
    keep = {
        "name": "Keep",
        "ansible.builtin.copy": {
            "content": "{{ result | to_json }}",
            "dest": f"{folder}/{{{{ inventory_hostname }}}}.json",
            "mode": "0600",
        },
    }
    defaults = {"group/liqo.fabric.all": {"fabric": "test"}}
    play = {"name": "Test", "hosts": "all", "gather_facts": False, "module_defaults": defaults, "tasks": [act, keep]}
    (folder / "play.yml").write_text(yaml.safe_dump([play]))
    hosts = {
        "near": {"ansible_connection": "local"},
        "far": {"ansible_connection": "elsewhere"},
        "later": {"ansible_connection": "local", "seconds": 100},
    }
    shared = {"ansible_python_interpreter": sys.executable}
    (folder / "hosts.yml").write_text(yaml.safe_dump({"all": {"hosts": hosts, "vars": shared}}))
    (folder / "connections").mkdir()
    (folder / "connections" / "elsewhere.py").write_text(ELSEWHERE)
    program = str(Path(sys.executable).with_name("ansible-playbook"))
    return [program, "-i", str(folder / "hosts.yml"), str(folder / "play.yml")]


def test_progress_appears_while_the_module_runs_and_changes_no_result(
    tmp_path: Path, dumb_server: socket.socket
) -> None:
    command = write_play(tmp_path, dumb_server.getsockname()[1])
    environment = {**os.environ, "ANSIBLE_NOCOLOR": "1", "ANSIBLE_CONNECTION_PLUGINS": str(tmp_path / "connections")}
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as running:
        assert running.stdout is not None
        output = []
        for line in running.stdout:
            output.append(line)
            if line.startswith("  0 of 2 clusters read, waits for near-a, near-b, "):
                # Only now can the module go on: had the line come with its result, nobody would have seen it.
                dumb_server.close()
    text = "".join(output)
    assert running.returncode == 0, text
    told = [line for line in output if "waits for" in line]
    assert told, text
    assert all("waits for near-" in line for line in told)
    assert "not-to-be-shown" not in text
    near, far, later = (json.loads((tmp_path / f"{host}.json").read_text()) for host in ("near", "far", "later"))
    assert near.keys() == far.keys()
    assert later.keys() >= {"summary", "links", "failures", "ansible_job_id"}
    assert near["summary"] == far["summary"] == later["summary"]
    assert near["summary"]["unreachable"] == 2
