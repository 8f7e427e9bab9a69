# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A lab as tests use it: mostly through the same commands as a person, ``python -m lab`` and ``ansible-playbook``."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from itertools import combinations
from pathlib import Path
from typing import Any

import yaml

from lab import audit, faults, places
from lab.api import Api

ROOT = Path(__file__).resolve().parents[2]
NETWORKING = "/apis/networking.liqo.io/v1beta1"
LINK_KINDS = ("configurations", "gatewayservers", "gatewayclients", "publickeies")


@dataclass(frozen=True)
class Task:
    """The outcome of one Ansible task."""

    failed: bool
    result: Mapping[str, Any]
    log: str
    """Everything that ansible-playbook printed."""

    def link(self, one: str, other: str) -> Mapping[str, Any]:
        return next(row for row in self.result["links"] if row["between"] == sorted((one, other)))

    @property
    def outcomes(self) -> dict[str, str]:
        return {"<->".join(row["between"]): row["outcome"] for row in self.result["links"]}


@dataclass(frozen=True)
class Laboratory:
    """A running lab."""

    name: str

    def command(self, *arguments: str, check: bool = True, timeout_s: float = 600) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "lab", "--name", self.name, *arguments],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=timeout_s,
            check=False,
        )
        if check and done.returncode != 0:
            raise AssertionError(f"lab {' '.join(arguments)} failed:\n{done.stdout}\n{done.stderr}")
        return done.stdout

    def liqoctl(self, *arguments: str, version: str = "1.2.0", check: bool = True) -> str:
        """Liqo's own client, as built for the lab."""
        program = places.load(self.name).binary(version, "liqoctl")
        done = subprocess.run(
            [str(program), *arguments], capture_output=True, text=True, timeout=200, check=False, cwd=ROOT
        )
        if check and done.returncode != 0:
            raise AssertionError(f"liqoctl {' '.join(arguments)} failed:\n{done.stdout}\n{done.stderr}")
        return done.stdout

    def kubeconfig(self, cluster: str) -> Path:
        return places.load(self.name).cluster(cluster).user_kubeconfig

    def api(self, cluster: str) -> Api:
        return Api(self.kubeconfig(cluster))

    def break_(self, cluster: str, what: str) -> None:
        self.command("break", cluster, what)

    def mend(self) -> None:
        faults.mend(places.load(self.name))

    def writes(self, since: str, clusters: Iterable[str], *, agent: str = "liqo.fabric") -> int:
        """Writes that clients of this name made, by the audit logs."""
        return self._audited(since, clusters, agent)["writes"]

    def requests(self, since: str, clusters: Iterable[str], *, agent: str = "liqo.fabric") -> int:
        return self._audited(since, clusters, agent)["requests"]

    def _audited(self, since: str, clusters: Iterable[str], agent: str) -> dict[str, int]:
        counts = {"requests": 0, "writes": 0}
        for name in clusters:
            cluster = places.load(self.name).cluster(name)
            audit.settle(cluster)
            for row in audit.count(audit.read(cluster.audit_log, since=datetime.fromisoformat(since))):
                if row.agent.startswith(agent):
                    counts["requests"] += row.requests
                    counts["writes"] += row.writes
        return counts

    def clusters(self, names: Iterable[str]) -> list[dict[str, Any]]:
        return [{"name": name, "kubeconfig": str(self.kubeconfig(name))} for name in names]

    def module(self, module: str, options: Mapping[str, Any], *arguments: str) -> Task:
        """Run one task with ansible-playbook and bring back its result, failed or not."""
        with tempfile.TemporaryDirectory() as folder:
            answer = Path(folder, "result.json")
            task = {"name": "Act", f"liqo.fabric.{module}": dict(options), "register": "result", "ignore_errors": True}
            keep = {
                "name": "Keep the result",
                "ansible.builtin.copy": {"content": "{{ result | to_json }}", "dest": str(answer), "mode": "0600"},
                "check_mode": False,
                "diff": False,
            }
            play = {"name": "Test", "hosts": "localhost", "gather_facts": False, "tasks": [task, keep]}
            Path(folder, "play.yml").write_text(yaml.safe_dump([play]))
            log = playbook(str(Path(folder, "play.yml")), *arguments)
            result = json.loads(answer.read_text())
        return Task(failed=bool(result.get("failed")), result=result, log=log)

    def shortcuts(
        self, names: Iterable[str], pairs: Iterable[tuple[str, str]], *arguments: str, **options: Any
    ) -> Task:
        """The shortcuts module over clusters and pairs, with NodePort unless told otherwise."""
        wishes = [{"between": list(pair)} for pair in pairs]
        params = {
            "fabric": "test",
            "clusters": self.clusters(names),
            "shortcuts": wishes,
            "defaults": {"service_type": "NodePort"},
            **options,
        }
        return self.module("shortcuts", {key: value for key, value in params.items() if value is not None}, *arguments)

    def link_objects(self, cluster: str, peer: str) -> dict[str, list[dict[str, Any]]]:
        """What makes a link on one side, by plural."""
        api = self.api(cluster)
        found: dict[str, list[dict[str, Any]]] = {}
        for plural in LINK_KINDS:
            items = api.request("GET", f"{NETWORKING}/{plural}")["items"]
            found[plural] = [item for item in items if item["metadata"]["namespace"] == f"liqo-tenant-{peer}"]
        return found

    def unlink(self, *pairs: tuple[str, str]) -> None:
        """As if none had ever been linked, by whomever; the collection keeps a namespace that it did not make."""
        sides = [side for pair in pairs for side in (pair, pair[::-1])]
        held = [side for side in sides if any(self.link_objects(*side).values())]
        if held:
            linked = sorted({min(side, side[::-1]) for side in held})
            names = sorted({name for pair in linked for name in pair})
            removed = self.shortcuts(names, linked, state="absent")
            assert not removed.failed, removed.log
        apis = {cluster: self.api(cluster) for cluster, _peer in sides}
        for cluster, peer in sides:
            apis[cluster].delete("v1", "Namespace", f"liqo-tenant-{peer}")
        for cluster, peer in sides:
            name = f"liqo-tenant-{peer}"
            gone = partial(_is_gone, apis[cluster], name)
            eventually(gone, what=f"namespace {name} of {cluster} gone")

    def unlink_all(self) -> None:
        leaves = [cluster.name for cluster in places.load(self.name).leaves]
        self.unlink(*combinations(leaves, 2))

    def everything(self, cluster: str) -> set[str]:
        """Every Liqo object, namespace, Secret, Service, Deployment of a cluster, to compare before and after."""
        api = self.api(cluster)
        found: set[str] = set()
        groups = [group for group in api.request("GET", "/apis")["groups"] if group["name"].endswith("liqo.io")]
        paths = [f"/apis/{group['preferredVersion']['groupVersion']}" for group in groups]
        for path in paths:
            for resource in api.request("GET", path)["resources"]:
                if "/" not in resource["name"]:
                    found |= _named(resource["name"], api.request("GET", f"{path}/{resource['name']}")["items"])
        for path in ("/api/v1/namespaces", "/api/v1/secrets", "/api/v1/services", "/apis/apps/v1/deployments"):
            found |= _named(path.rpartition("/")[2], api.request("GET", path)["items"])
        return found


def _is_gone(api: Api, namespace: str) -> bool:
    return api.get("v1", "Namespace", namespace) is None


def _named(plural: str, items: Iterable[Mapping[str, Any]]) -> set[str]:
    return {f"{plural} {item['metadata'].get('namespace', '')}/{item['metadata']['name']}" for item in items}


def write_inventory(lab: Laboratory, folder: Path, variables: Mapping[str, Any]) -> None:
    """The folder becomes an inventory of the lab, with these variables for all hosts."""
    (folder / "inventory.yml").write_text(lab.command("inventory"))
    (folder / "group_vars").mkdir()
    (folder / "group_vars/all.yml").write_text(yaml.safe_dump(dict(variables)))


def playbook(*arguments: str, inventory: str = "", check: bool = True) -> str:
    """Run ansible-playbook as a person would; its whole output."""
    environment = {**os.environ, "ANSIBLE_COLLECTIONS_PATH": str(ROOT / ".cache"), "ANSIBLE_NOCOLOR": "1"}
    done = subprocess.run(
        [
            str(Path(sys.executable).with_name("ansible-playbook")),
            *(["-i", inventory] if inventory else []),
            *arguments,
        ],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    if check and done.returncode != 0:
        raise AssertionError(f"ansible-playbook {' '.join(arguments)} failed:\n{done.stdout}\n{done.stderr}")
    return done.stdout + done.stderr


def now() -> str:
    """A moment for ``since``, by the clock of this machine, on which all API servers of a lab run."""
    return datetime.now(UTC).isoformat()


def eventually(holds: Callable[[], bool], *, what: str, timeout_s: float = 60, every_s: float = 0.2) -> None:
    """Wait until something that no watch of ours shows is true."""
    deadline = time.monotonic() + timeout_s
    while not holds():
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {timeout_s:g} s: {what}")
        time.sleep(every_s)
