# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A process that is told to stop begins no write any more, ends within two seconds, and says what it has done.

Real processes and signals, against servers that are slow or never answer.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.unit import bodies, hubs
from tests.unit.bodies import Body
from tests.unit.slow_server import SlowServer, serving

CENTER = "leaf-a"
LEAVES = tuple(f"leaf-{letter}" for letter in "bcdefgh")
ENDS_IN_S = 2.0 + 1.0
"""Two seconds, and one for a machine that is busy with other tests. Without the means tested here it is 18 and more."""
ANSIBLE_ENDS_IN_S = 6.0
"""Its own way out takes a second or two."""
REACTS_IN_S = 0.2
"""A write that begins so shortly after the signal may have been on its way."""
TOKEN = "token-that-nobody-may-see"

MODULE = """
import json, sys
import tests.conftest
from tests.unit.module_arguments import patch_module_args
from importlib import import_module
module = import_module(f"ansible_collections.liqo.fabric.plugins.modules.{sys.argv[1]}")
BEFORE
with patch_module_args(json.loads(sys.stdin.read())):
    module.main()
"""
EVENTS = """
import asyncio, json, sys
import tests.conftest
from ansible_collections.liqo.fabric.extensions.eda.plugins.event_source.links import main
asyncio.run(main(asyncio.Queue(), json.loads(sys.stdin.read())))
"""


def star() -> dict[str, list[Body]]:
    """A center with a link to each leaf, each of which has lost the PublicKeys of both sides."""
    found: dict[str, list[Body]] = {CENTER: []}
    for leaf in LEAVES:
        found[CENTER] += bodies.linked_cluster(CENTER, leaf)
        found[leaf] = bodies.linked_cluster(leaf, CENTER, is_server=False)
    return {name: [one for one in all_of if one["kind"] != "PublicKey"] for name, all_of in found.items()}


@dataclass
class Process:
    """One that runs, with a temporary folder of its own."""

    process: subprocess.Popen[str]
    folder: Path

    def stop(self, number: int) -> tuple[float, float, str]:
        """When its group got the signal, as by a terminal or AWX, how long it took to end, and what it printed."""
        told = time.monotonic()
        os.killpg(self.process.pid, number)
        out, _ = self.process.communicate(timeout=30)
        return told, time.monotonic() - told, out

    def left(self) -> list[str]:
        return [path.name for path in self.folder.rglob("*") if path.is_file()]


@contextmanager
def started(command: list[str], given: str, folder: Path, **environment: str) -> Iterator[Process]:
    folder.mkdir(exist_ok=True)
    process = subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        env={**os.environ, "TMPDIR": str(folder), "PYTHONPATH": str(Path.cwd()), **environment},
    )
    assert process.stdin is not None
    process.stdin.write(given)
    process.stdin.close()
    process.stdin = None
    try:
        yield Process(process, folder)
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


def module(server: SlowServer, folder: Path, module_name: str = "shortcuts", before: str = "", **options: Any) -> Any:
    clusters = [{"name": key, "host": server.host(key), "api_key": TOKEN} for key in server.clusters]
    return started(
        [sys.executable, "-c", MODULE.replace("BEFORE", before), module_name],
        json.dumps({"clusters": clusters, **options}),
        folder / "tmp",
    )


def shortcuts(server: SlowServer, folder: Path, **more: Any) -> Any:
    options = {"fabric": "retail", "shortcuts": [{"between": [CENTER, leaf]} for leaf in LEAVES]}
    slowly = {"preflight": False, "parallel_links": 1, "wait": False}
    return module(server, folder, **{**options, **slowly, **more})


def after(server: SlowServer, requests: int) -> None:
    for _request in range(requests):
        assert server.asked.acquire(timeout=30)


def interrupted(output: str) -> Mapping[str, Any]:
    """The result, which says that the task was told to stop."""
    result: Mapping[str, Any] = json.loads(output)
    assert result["failed"]
    assert "interrupted" in {failure["fault"] for failure in result["failures"]}
    assert TOKEN not in output
    assert "Traceback" not in output
    return result


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP], ids=lambda number: number.name)
def test_no_write_begins_any_more_and_what_was_written_is_told(number: signal.Signals, tmp_path: Path) -> None:
    with serving(star(), write_s=0.3) as server, shortcuts(server, tmp_path) as run:
        after(server, 4)
        told, took_s, output = run.stop(number)
        late = [name for moment, name in server.began if moment > told + REACTS_IN_S]
    result = interrupted(output)
    assert late == []
    assert took_s < ENDS_IN_S
    assert run.process.returncode != 0
    assert result["changed"]
    assert number.name in result["msg"] + str(result["failures"])
    done = [change for link in result["links"] for change in link["changes"]]
    # A write that was on its way is confirmed, or named as not answered.
    assert 0 < len(done) <= len(server.answered) < 2 * len(LEAVES)
    assert {link["outcome"] for link in result["links"]} <= {"created", "repaired", "failed", "blocked"}
    assert sum(link["outcome"] == "failed" for link in result["links"]) > len(LEAVES) / 2
    assert run.left() == []


def test_a_write_that_is_never_answered_counts_as_a_change_and_is_named(tmp_path: Path) -> None:
    with serving(star(), silent=frozenset({"POST"})) as server, shortcuts(server, tmp_path) as run:
        after(server, 2)
        _told, took_s, output = run.stop(signal.SIGTERM)
    result = interrupted(output)
    assert took_s < ENDS_IN_S
    assert result["changed"]
    assert "sent, and not answered yet: create leaf-" in str(result["failures"])
    assert run.left() == []


@pytest.mark.parametrize("name", ["shortcuts", "peering_info", "propagation", "rbac"])
def test_a_module_that_reads_a_silent_server(name: str, tmp_path: Path) -> None:
    options: dict[str, dict[str, Any]] = {
        "shortcuts": {"fabric": "retail", "state": "exact", "shortcuts": []},
        "peering_info": {},
        "propagation": {"fabric": "retail", "hubs": [CENTER], "services": [{"namespace": "shop", "name": "web"}]},
        "rbac": {
            "fabric": "retail",
            "name": "robot",
            "jobs": ["query"],
            "subjects": [{"kind": "User", "name": "robot"}],
        },
    }
    with serving(star(), silent=frozenset({"GET"})) as server, module(server, tmp_path, name, **options[name]) as run:
        after(server, len(server.clusters))
        _told, took_s, output = run.stop(signal.SIGTERM)
    assert took_s < ENDS_IN_S
    assert not interrupted(output)["changed"]
    assert run.process.returncode != 0
    assert run.left() == []


def test_a_module_whose_result_nobody_reads_any_more_stops_too(tmp_path: Path) -> None:
    with serving(star(), write_s=0.3) as server, shortcuts(server, tmp_path) as run:
        after(server, 4)
        told = time.monotonic()
        run.process.stdout.close()
        run.process.stdout = None
        run.process.wait(timeout=30)
        took_s = time.monotonic() - told
        late = [name for moment, name in server.began if moment > told + REACTS_IN_S]
    assert late == []
    assert took_s < ENDS_IN_S
    assert run.process.returncode != 0


def test_a_module_that_is_busy_with_something_else_says_what_it_has_written(tmp_path: Path) -> None:
    busy = "import time; module.report_result = lambda report: time.sleep(60)"
    given = {"before": busy, "shortcuts": [{"between": [CENTER, LEAVES[0]]}]}
    with serving(star()) as server, shortcuts(server, tmp_path, **given) as run:
        after(server, 2)
        time.sleep(0.5)
        _told, took_s, output = run.stop(signal.SIGTERM)
    result = interrupted(output)
    assert took_s < ENDS_IN_S
    assert result["changed"]
    assert "written: leaf-" in result["msg"]
    assert result["msg"].count("create publickeies") == 2
    assert run.process.returncode != 0


def test_a_task_whose_result_has_a_defect_says_what_was_written(tmp_path: Path) -> None:
    broken = "module.report_result = lambda report: report.no_such_thing"
    given = {"before": broken, "shortcuts": [{"between": [CENTER, LEAVES[0]]}]}
    with serving(star()) as server, shortcuts(server, tmp_path, **given) as run:
        output, _ = run.process.communicate(timeout=30)
    result = json.loads(output)
    assert result["changed"]
    assert result["msg"].count("create publickeies") == 2
    assert "AttributeError" in result["msg"]


def test_an_ignored_signal_stays_ignored(tmp_path: Path) -> None:
    """As by nohup."""
    ignore = "import signal; signal.signal(signal.SIGHUP, signal.SIG_IGN)"
    with serving(star(), write_s=0.1) as server, shortcuts(server, tmp_path, before=ignore) as run:
        after(server, 2)
        run.process.send_signal(signal.SIGHUP)
        output, _ = run.process.communicate(timeout=30)
    assert len(server.answered) == 2 * len(LEAVES)
    assert json.loads(output)["changed"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda number: number.name)
def test_a_playbook_that_is_stopped_stops_its_task(number: signal.Signals, tmp_path: Path) -> None:
    """Ansible itself is gone before the task is, and nothing of that is printed: only the servers see it."""
    with serving(star(), write_s=0.3) as server:
        task = {
            "liqo.fabric.shortcuts": {
                "clusters": [{"name": key, "host": server.host(key), "api_key": TOKEN} for key in server.clusters],
                "fabric": "retail",
                "shortcuts": [{"between": [CENTER, leaf]} for leaf in LEAVES],
                "preflight": False,
                "parallel_links": 1,
                "wait": False,
            }
        }
        file = tmp_path / "play.yml"
        play = {"hosts": "localhost", "gather_facts": False, "tasks": [task]}
        file.write_text(yaml.safe_dump([{**play, "vars": {"ansible_python_interpreter": sys.executable}}]))
        program = str(Path(sys.executable).with_name("ansible-playbook"))
        home = {"ANSIBLE_LOCAL_TEMP": str(tmp_path / "ansible"), "ANSIBLE_NOCOLOR": "1"}
        with started([program, "-i", "localhost,", "-c", "local", str(file)], "", tmp_path / "tmp", **home) as run:
            after(server, 4)
            told, took_s, _output = run.stop(number)
            # Long enough for all that was still planned.
            time.sleep(max(0.0, told + ENDS_IN_S - time.monotonic()))
        late = [name for moment, name in server.began if moment > told + 1.0]
    assert took_s < ANSIBLE_ENDS_IN_S
    assert late == []
    assert len(server.began) < 2 * len(LEAVES)


def inventory(server: SlowServer, folder: Path) -> list[str]:
    config = {
        "plugin": "liqo.fabric.foreign_clusters",
        "hubs": [{"name": name, "host": server.host(name), "api_key": TOKEN} for name in server.clusters],
    }
    file = folder / "x.foreign_clusters.yml"
    file.write_text(yaml.safe_dump(config))
    return ["ansible-inventory", "-i", str(file), "--list"]


def lookup(server: SlowServer, folder: Path) -> list[str]:
    file = folder / "play.yml"
    clusters = [{"name": name, "host": server.host(name), "api_key": TOKEN} for name in server.clusters]
    task = {
        "ansible.builtin.debug": {"msg": "{{ lookup('liqo.fabric.link', 'leaf-a', 'leaf-b', clusters=clusters) }}"},
        "vars": {"clusters": clusters},
    }
    file.write_text(yaml.safe_dump([{"hosts": "localhost", "gather_facts": False, "tasks": [task]}]))
    return ["ansible-playbook", "-i", "localhost,", str(file)]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda number: number.name)
@pytest.mark.parametrize("command", [inventory, lookup], ids=lambda command: command.__name__)
def test_plugins_on_the_controller_end_too(
    command: Callable[[SlowServer, Path], list[str]], number: signal.Signals, tmp_path: Path
) -> None:
    clusters = {name: hubs.hub(name=name) for name in ("leaf-a", "leaf-b")}
    with serving(clusters, silent=frozenset({"GET"})) as server:
        name, *arguments = command(server, tmp_path)
        program = str(Path(sys.executable).with_name(name))
        home = {"ANSIBLE_LOCAL_TEMP": str(tmp_path / "ansible"), "ANSIBLE_NOCOLOR": "1"}
        with started([program, *arguments], "", tmp_path / "tmp", **home) as run:
            after(server, len(clusters))
            _told, took_s, output = run.stop(number)
    assert took_s < ANSIBLE_ENDS_IN_S
    assert TOKEN not in output
    assert run.left() == []


def test_the_event_source_ends_too(tmp_path: Path) -> None:
    clusters = {name: hubs.hub(name=name) for name in ("leaf-a", "leaf-b")}
    with serving(clusters, silent=frozenset({"GET"})) as server:
        entries = [{"name": name, "host": server.host(name), "api_key": TOKEN} for name in clusters]
        with started([sys.executable, "-c", EVENTS], json.dumps({"clusters": entries}), tmp_path / "tmp") as run:
            after(server, len(clusters))
            _told, took_s, _output = run.stop(signal.SIGINT)
    assert took_s < ENDS_IN_S
    assert run.left() == []
