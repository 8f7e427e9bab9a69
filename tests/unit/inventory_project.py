# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An inventory file over a served hub and a served leaf, and what ansible-inventory makes of it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.unit import hubs
from tests.unit.served_api import ServedApi

SECRET = "secret-of-the-hub"


@dataclass(frozen=True)
class Project:
    """An inventory file over one hub with two leaves, of which the first one can be read."""

    folder: Path
    hub: ServedApi
    leaf: ServedApi

    @property
    def file(self) -> Path:
        return self.folder / "retail.foreign_clusters.yml"

    def configure(self, **options: Any) -> None:
        config = {
            "plugin": "liqo.fabric.foreign_clusters",
            "hubs": [{"name": "hub", "host": self.hub.url, "api_key": SECRET}],
            "kubeconfig_pattern": "kubeconfigs/{cluster_id}",
            "read_leaves": False,
            **options,
        }
        self.file.write_text(yaml.safe_dump({name: value for name, value in config.items() if value is not None}))

    def run(self, *arguments: str, before: Path | None = None, **environment: str) -> subprocess.CompletedProcess[str]:
        """What ansible-inventory says of the file, after another source where one is given."""
        sources = [*(("-i", str(before)) if before else ()), "-i", str(self.file)]
        return self._command("ansible-inventory", *sources, *arguments, **environment)

    def list(self, *arguments: str, before: Path | None = None, **environment: str) -> Mapping[str, Any]:
        done = self.run("--list", *arguments, before=before, **environment)
        assert done.returncode == 0, done.stderr
        return {**json.loads(done.stdout), "said": done.stderr}

    def play(self, *arguments: str) -> str:
        """What a playbook over the hosts of the file prints; no task of it fails."""
        done = self._command("ansible-playbook", "-i", str(self.file), *arguments)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def _command(self, name: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        command = [str(Path(sys.executable).with_name(name)), *arguments]
        variables = {"ANSIBLE_NOCOLOR": "1", "ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED": "1", **environment}
        done = subprocess.run(
            command, env={**os.environ, **variables}, capture_output=True, text=True, check=False, timeout=120
        )
        assert "Traceback" not in done.stdout + done.stderr
        assert SECRET not in done.stdout + done.stderr
        assert hubs.TOKEN not in done.stdout + done.stderr
        return done

    def asked(self) -> int:
        """How many requests the hub got since this was asked last."""
        count = len(self.hub.requests)
        self.hub.requests.clear()
        return count


def hosts(listed: Mapping[str, Any], group: str) -> list[str]:
    found: list[str] = listed.get(group, {}).get("hosts", [])
    return sorted(found)
