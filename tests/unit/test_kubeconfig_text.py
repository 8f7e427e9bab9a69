# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A kubeconfig that is the text of a variable, as people have it in a vault: it works, and nothing of it is shown."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest
import yaml

from tests.unit.bodies import linked_cluster
from tests.unit.recording_server import Request, recording
from tests.unit.served_api import ServedApi

TOKEN = "token-4711-" + "x1Y2" * 100
"""As long as that of a service account: longer than a name of a file may be."""
PLAY = [
    {
        "hosts": "localhost",
        "connection": "local",
        "gather_facts": False,
        "tasks": [
            {
                "liqo.fabric.peering_info": {"clusters": "{{ groups.liqo_leaves | liqo.fabric.clusters(hostvars) }}"},
                "register": "seen",
            },
            {"ansible.builtin.debug": {"msg": "{{ seen.failures | length }} failures, {{ seen.links | length }} link"}},
        ],
    }
]


@pytest.mark.parametrize("form", ["text", "text in a vault", "dictionary"])
def test_it_is_read_and_no_word_of_it_is_printed(tmp_path: Path, form: str) -> None:
    hosts: dict[str, dict[str, str]] = {}
    with ExitStack() as stack:
        for name, other in (("leaf-a", "leaf-b"), ("leaf-b", "leaf-a")):
            api = ServedApi(name, linked_cluster(name, other))

            def answer(request: Request, api: ServedApi = api) -> tuple[int, object]:
                assert request.headers["Authorization"] == f"Bearer {TOKEN}"
                found = api.answer(request.target)
                return (200, found) if found else (404, {"kind": "Status", "code": 404})

            server = stack.enter_context(recording(answer))
            config = {
                "apiVersion": "v1",
                "clusters": [{"name": "c", "cluster": {"server": server.url}}],
                "users": [{"name": "u", "user": {"token": TOKEN}}],
                "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}],
                "current-context": "x",
            }
            (tmp_path / name).write_text(yaml.safe_dump(config))
            hosts[name] = {"liqo_kubeconfig": f"{{{{ lookup('ansible.builtin.file', '{tmp_path / name}') }}}}"}
            if form == "dictionary":
                hosts[name]["liqo_kubeconfig"] = hosts[name]["liqo_kubeconfig"].replace(" }}", " | from_yaml }}")
        said = _played(tmp_path, hosts, vaulted=form == "text in a vault")
    assert "0 failures, 1 link" in said
    assert "4711" not in said
    assert "x1Y2x1Y2" not in said


def _played(folder: Path, hosts: dict[str, dict[str, str]], *, vaulted: bool) -> str:
    """What a very talkative play prints."""
    (folder / "host_vars").mkdir()
    for name, variables in hosts.items():
        (folder / "host_vars" / f"{name}.yml").write_text(yaml.safe_dump(variables))
    inventory: dict[str, object] = {"liqo_leaves": {"hosts": {name: {} for name in hosts}}}
    (folder / "hosts.yml").write_text(yaml.safe_dump(inventory))
    (folder / "play.yml").write_text(yaml.safe_dump(PLAY))
    (folder / "password").write_text("pass")
    environ = {name: value for name, value in os.environ.items() if not name.startswith("K8S_AUTH_")}
    environ |= {
        "ANSIBLE_VAULT_PASSWORD_FILE": str(folder / "password"),
        "ANSIBLE_PYTHON_INTERPRETER": sys.executable,
        "ANSIBLE_LOCAL_TEMP": str(folder / "local"),
    }

    def run(program: str, *arguments: str) -> str:
        command = [str(Path(sys.executable).with_name(program)), *arguments]
        done = subprocess.run(command, env=environ, cwd=folder, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr

    if vaulted:
        for name in hosts:
            value = run("ansible-vault", "encrypt_string", "--name", "liqo_kubeconfig", (folder / name).read_text())
            (folder / "host_vars" / f"{name}.yml").write_text(value.partition("Encryption successful")[0])
    return run("ansible-playbook", "-vvv", "-i", "hosts.yml", "play.yml")
