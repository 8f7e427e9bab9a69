# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""No private key, token or kubeconfig is in a temporary file after any face has run, nor after it was killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.unit import hubs
from tests.unit.bodies import linked_cluster
from tests.unit.certificates import certificates, in_base64
from tests.unit.recording_server import Recorder, Request, recording
from tests.unit.served_api import ServedApi
from tools.import_root import link_checkout

PEM = certificates()
TOKEN = "token-4711-of-a-leaf"
LOOKUP = "{{ lookup('liqo.fabric.link', 'leaf-a', 'leaf-b', clusters=leaves) }}"
EVENT_SOURCE = """
import asyncio, json, runpy, sys
main = runpy.run_path(sys.argv[1])["main"]
asyncio.run(main(asyncio.Queue(), json.loads(sys.argv[2])))
"""


@dataclass(frozen=True, kw_only=True)
class World:
    """A hub and two leaves that want to see a certificate, and a machine with a temporary folder of its own."""

    folder: Path
    servers: Mapping[str, Recorder]

    @property
    def temporary(self) -> Path:
        return self.folder / "tmp"

    def config(self, name: str) -> dict[str, object]:
        """The client's certificate, and a token for nothing."""
        config = PEM.kubeconfig(self.servers[name].url)
        config["users"][0]["user"]["token"] = TOKEN  # type: ignore[index]
        return config

    def path(self, name: str) -> str:
        path = self.folder / "kubeconfigs" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(yaml.safe_dump(self.config(name)))
        return str(path)

    def command(self, face: str) -> list[str]:
        """What a person would start."""
        leaves = [{"name": name, "kubeconfig": self.path(name)} for name in ("leaf-a", "leaf-b")]
        if face == "event source":
            collection = Path(link_checkout()) / "ansible_collections/liqo/fabric"
            script = str(collection / "extensions/eda/plugins/event_source/links.py")
            return [sys.executable, "-c", EVENT_SOURCE, script, json.dumps({"clusters": leaves})]
        if face == "inventory":
            path = self.folder / "foreign_clusters.yml"
            hub = {"name": "hub", "kubeconfig": self.path("hub")}
            path.write_text(yaml.safe_dump({"plugin": "liqo.fabric.foreign_clusters", "hubs": [hub]}))
            return [str(Path(sys.executable).with_name("ansible-inventory")), "-i", str(path), "--list"]
        contents = [{**leaf, "kubeconfig": self.config(leaf["name"])} for leaf in leaves]
        tasks: dict[str, list[dict[str, Any]]] = {
            "module": [{"liqo.fabric.peering_info": {"clusters": leaves}}],
            "module with content": [{"liqo.fabric.peering_info": {"clusters": contents}}],
            "lookup": [{"ansible.builtin.debug": {"msg": LOOKUP}}],
        }
        play = {"hosts": "localhost", "connection": "local", "gather_facts": False, "vars": {"leaves": leaves}}
        path = self.folder / "play.yml"
        path.write_text(yaml.safe_dump([{**play, "tasks": tasks[face]}]))
        return [str(Path(sys.executable).with_name("ansible-playbook")), "-i", "localhost,", str(path)]

    def start(self, face: str) -> subprocess.Popen[str]:
        for folder in ("tmp", "home"):
            (self.folder / folder).mkdir()
        environ = {name: value for name, value in os.environ.items() if not name.startswith(("K8S_AUTH_", "KUBE"))}
        environ |= {
            "HOME": str(self.folder / "home"),
            "TMPDIR": str(self.temporary),
            "ANSIBLE_LOCAL_TEMP": str(self.temporary / "local"),
            "ANSIBLE_REMOTE_TEMP": str(self.temporary / "remote"),
            "ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED": "1",
            "ANSIBLE_PYTHON_INTERPRETER": sys.executable,
        }
        return subprocess.Popen(
            self.command(face),
            env=environ,
            cwd=self.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def leaks(self) -> list[Path]:
        """Files beside the kubeconfigs in which there is something secret."""
        key = PEM.client.key
        secrets = (b"PRIVATE KEY", key.splitlines()[1], in_base64(key).encode()[:60], TOKEN.encode())
        kept = [path for folder in ("tmp", "home") for path in (self.folder / folder).rglob("*") if path.is_file()]
        return [path for path in kept if any(secret in path.read_bytes() for secret in secrets)]


@pytest.fixture
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    """Its servers are silent when the test asks for that."""
    silent = getattr(request, "param", "") == "silent"
    held = {"hub": hubs.hub("leaf-a", "leaf-b"), "leaf-a": linked_cluster("leaf-a", "leaf-b")}
    held["leaf-b"] = linked_cluster("leaf-b", "leaf-a")
    tls = PEM.server_context(tmp_path)
    with ExitStack() as stack:
        servers = {}
        for name, bodies in held.items():
            api = ServedApi(name, bodies)

            def answer(asked: Request, api: ServedApi = api) -> tuple[int, object] | None:
                found = api.answer(asked.target)
                return None if silent else ((200, found) if found else (404, {"kind": "Status", "code": 404}))

            servers[name] = stack.enter_context(recording(answer, tls=tls))
        yield World(folder=tmp_path, servers=servers)


@pytest.mark.parametrize("face", ["module", "module with content", "lookup", "inventory"])
def test_after_its_end_nothing_secret_is_left(world: World, face: str) -> None:
    with world.start(face) as running:
        said, _ = running.communicate(timeout=120)
    assert running.returncode == 0, said
    assert any(server.seen for server in world.servers.values())
    assert world.leaks() == []
    assert TOKEN not in said


@pytest.mark.parametrize("world", ["silent"], indirect=True)
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
@pytest.mark.parametrize("face", ["module", "lookup", "inventory", "event source"])
def test_killed_while_a_server_is_silent_it_leaves_nothing_secret(
    world: World, face: str, number: signal.Signals
) -> None:
    asked = world.servers["hub" if face == "inventory" else "leaf-a"].asked
    with world.start(face) as running:
        deadline = time.monotonic() + 60
        while not asked.wait(0.1) and running.poll() is None and time.monotonic() < deadline:
            pass
        with suppress(ProcessLookupError):
            os.killpg(running.pid, number)
        said, _ = running.communicate(timeout=60)
    assert asked.is_set(), said
    assert world.leaks() == []


def test_a_leak_would_be_found(world: World) -> None:
    world.temporary.mkdir()
    (world.temporary / "deep").mkdir()
    for name, content in {"key": PEM.client.key.decode(), "config": yaml.safe_dump(world.config("hub"))}.items():
        (world.temporary / "deep" / name).write_text(content)
    assert len(world.leaks()) == 2
