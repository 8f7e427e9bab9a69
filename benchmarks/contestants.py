# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Those who are measured, each as a process of its own; every function returns what a run of it cost."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

from tools.import_root import CHECKOUT, IMPORT_ROOT
from tools.kubernetes_core import kubernetes_core_folder

Figures = dict[str, Any]
"""seconds, processor and peak_bytes; of the module also ``result``."""

TIMEOUT_S = 900.0
HERE = Path(__file__).parent
COLLECTIONS = os.pathsep.join([str(IMPORT_ROOT), str(kubernetes_core_folder().parents[2])])
LOCAL = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}
Pair = tuple[str, str]


def module_task(kubeconfigs: Mapping[str, str], pairs: Iterable[Pair], **options: Any) -> Figures:
    """One run of `liqo.fabric.shortcuts` over all pairs; RuntimeError with its message when it fails."""
    arguments = _arguments(kubeconfigs, pairs, **options)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "arguments.json")
        file.write_text(json.dumps(arguments))
        done = _run([sys.executable, "-m", "benchmarks.module_process", str(file)], check=False)
    result = json.loads(done.stdout)
    if result.get("failed"):
        raise RuntimeError(f"shortcuts failed: {result['msg']}")
    return {**_figures(done), "result": result}


def playbook_task(kubeconfigs: Mapping[str, str], pairs: Iterable[Pair], **options: Any) -> Figures:
    """The same as a task of a playbook; the time is that of the whole `ansible-playbook`."""
    task = {"name": "Shortcuts", "liqo.fabric.shortcuts": _arguments(kubeconfigs, pairs, **options)}
    return playbook([{"name": "Benchmark", "hosts": "localhost", "gather_facts": False, "tasks": [task]}])


def playbook(plays: list[dict[str, Any]], inventory: Mapping[str, Any] | None = None) -> Figures:
    """Any playbook; seconds of the whole process."""
    with tempfile.TemporaryDirectory() as folder:
        play_file, inventory_file = Path(folder, "play.yml"), Path(folder, "inventory.yml")
        play_file.write_text(yaml.safe_dump(plays, sort_keys=False))
        inventory_file.write_text(yaml.safe_dump(inventory or {"all": {"hosts": {"localhost": LOCAL}}}))
        started = time.monotonic()
        _run([str(Path(sys.executable).with_name("ansible-playbook")), "-i", str(inventory_file), str(play_file)])
        return {"seconds": time.monotonic() - started}


def _arguments(kubeconfigs: Mapping[str, str], pairs: Iterable[Pair], **options: Any) -> dict[str, Any]:
    return {
        "fabric": "bench",
        "clusters": [{"name": name, "kubeconfig": path} for name, path in kubeconfigs.items()],
        "shortcuts": [{"between": list(pair)} for pair in pairs],
        **options,
    }


def bare_lists(kubeconfigs: Mapping[str, str]) -> Figures:
    """The LISTs of a steady run and nothing else."""
    return _figures(_run([sys.executable, "-m", "benchmarks.bare_lists", *kubeconfigs.values()]))


def floor(kubeconfigs: Mapping[str, str], pairs: Iterable[Pair]) -> Figures:
    """The bare script that writes the same objects as early as each can be written."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "arguments.json")
        file.write_text(json.dumps({"kubeconfigs": dict(kubeconfigs), "pairs": list(pairs)}))
        return _figures(_run([sys.executable, "-m", "benchmarks.floor", str(file)]))


def liqoctl_loop(program: Path, kubeconfigs: Mapping[str, str], pairs: Iterable[Pair]) -> Figures:
    """One `liqoctl network connect --wait` after the other; the first cluster of a pair runs the server."""
    started = time.monotonic()
    for server, client in pairs:
        sides = ["--kubeconfig", kubeconfigs[client], "--remote-kubeconfig", kubeconfigs[server]]
        _run([str(program), "network", "connect", *sides, "--skip-confirm", "--wait"])
    return {"seconds": time.monotonic() - started}


def kubernetes_core_create(kubeconfigs: Mapping[str, str], pairs: Iterable[Pair]) -> Figures:
    """The playbook of looped `kubernetes.core.k8s` tasks."""
    hosts: dict[str, dict[str, Any]] = {
        name: {**LOCAL, "kubeconfig": path, "servers": [], "clients": []} for name, path in kubeconfigs.items()
    }
    for server, client in pairs:
        hosts[server]["servers"].append(client)
        hosts[client]["clients"].append(server)
    return playbook(yaml.safe_load((HERE / "peer_create.yml").read_text()), {"all": {"hosts": hosts}})


def kubernetes_core_read(kubeconfigs: Mapping[str, str]) -> Figures:
    """What a steady run reads, with looped `kubernetes.core.k8s_info` tasks."""
    hosts = {name: {**LOCAL, "kubeconfig": path} for name, path in kubeconfigs.items()}
    return playbook(yaml.safe_load((HERE / "peer_steady.yml").read_text()), {"all": {"hosts": hosts}})


def _figures(done: subprocess.CompletedProcess[str]) -> Figures:
    found: Figures = json.loads(done.stderr.strip().splitlines()[-1])
    return found


def _run(command: list[str], *, check: bool = True) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "ANSIBLE_COLLECTIONS_PATH": COLLECTIONS}
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=TIMEOUT_S, check=False, env=environment, cwd=CHECKOUT
    )
    if check and done.returncode != 0:
        raise RuntimeError(f"{' '.join(command[:4])} ended with {done.returncode}:\n{done.stdout}\n{done.stderr}")
    return done
