# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A recorded hub with three leaves on loopback, an inventory of them, and what a playbook over it does and prints."""

from __future__ import annotations

import copy
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from tests.unit.bodies import Body
from tests.unit.trust.honest import World, stores
from tests.unit.trust.recording import LEAVES
from tests.unit.trust.server import Served, Wire, serving
from tests.unit.trust.store import Found, Request, Store, encoded
from tests.unit.trust.transport import plain

Change = Callable[[Body], None]
"""Alters an object as it is about to be answered."""

VARIABLES: Mapping[str, Any] = {
    "liqo_fabric_name": "retail",
    "liqo_fabric_shortcuts": [{"mesh": {"names": list(LEAVES)}}],
    "liqo_fabric_defaults": {"service_type": "NodePort"},
    "liqo_fabric_wait_timeout": 20,
}


@dataclass(frozen=True)
class ServedFabric:
    """``folder`` holds the inventory `fabric`, and plays start there."""

    folder: Path
    stores: Mapping[str, Store] = field(repr=False)

    def play(self, *arguments: str, **environment: str) -> Ran:
        """What ansible-playbook with these arguments comes to, over this inventory."""
        log = self.folder / "ansible.log"
        log.unlink(missing_ok=True)
        done = subprocess.run(
            [str(Path(sys.executable).with_name("ansible-playbook")), "-i", str(self.folder / "fabric"), *arguments],
            env={
                **os.environ,
                "PWD": str(self.folder),
                "ANSIBLE_NOCOLOR": "1",
                "ANSIBLE_LOG_PATH": str(log),
                **environment,
            },
            cwd=self.folder,
            capture_output=True,
            check=False,
            timeout=150,
        )
        text = (done.stdout + done.stderr).decode()
        assert "Traceback" not in text, text
        return Ran(code=done.returncode, text=text, log=log.read_text(encoding="utf-8"))

    def declare(self, **variables: Any) -> None:
        """Variables of all hosts."""
        (self.folder / "fabric/group_vars/all.yml").write_text(yaml.safe_dump({**VARIABLES, **variables}))


@dataclass(frozen=True)
class Ran:
    """How a playbook ended."""

    code: int
    text: str
    """Both outputs, as a terminal gets them."""
    log: str
    """The file of ANSIBLE_LOG_PATH."""


@contextmanager
def served_fabric(folder: Path, world: World, changes: Mapping[str, Change] | None = None) -> Iterator[ServedFabric]:
    """The clusters answer inside of the block, those in ``changes`` with objects that these have altered."""
    clusters = stores(world)
    with serving() as server:
        server.show({f"1/{name}": Served(store, _voice((changes or {}).get(name))) for name, store in clusters.items()})
        hosts = {name: {"liqo_host": server.url(f"1/{name}")} for name in clusters}
        groups = {
            "liqo_hubs": {"hosts": {"hub": hosts.pop("hub")}},
            "liqo_leaves": {"hosts": hosts},
        }
        (folder / "fabric/group_vars").mkdir(parents=True)
        (folder / "fabric/hosts.yml").write_text(yaml.safe_dump({"all": {"children": groups}}))
        found = ServedFabric(folder, clusters)
        found.declare()
        yield found


def _voice(change: Change | None) -> Callable[[Request, Found], Wire | None] | None:
    if change is None:
        return None

    def speak(request: Request, found: Found) -> Wire | None:
        if request.watches or "clusterid-configmap" in request.target:
            return None
        body = copy.deepcopy(found.body if isinstance(found.body, dict) else json.loads(found.body))
        for one in body.get("items", [body]) if found.status < 300 else ():
            if "metadata" in one:
                change(one)
        return plain(encoded(body), start=f"HTTP/1.1 {found.status} OK")

    return speak
