# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The collection builds, installs from its tarball, and what is installed is complete: no more, no less.

Compares the plugins and playbooks of the checkout with what the installed collection offers to ansible-doc, and
refuses development files in the tarball.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import Any

from tools.import_root import CHECKOUT

PLUGIN_FOLDERS = {"modules": "module", "inventory": "inventory", "filter": "filter", "test": "test", "lookup": "lookup"}
NEVER_SHIPPED = (
    "benchmarks",
    "lab",
    "tests",
    "tools",
    "molecule",
    ".",
    "Makefile",
    "pyproject.toml",
    "requirements-dev",
    "requirements-publish",
    "constraints-dev",
    "ansible.cfg",
)
ALWAYS_SHIPPED = (
    "LICENSE",
    "README.md",
    "CHANGELOG.rst",
    "meta/extensions.yml",
    "meta/runtime.yml",
    "requirements.txt",
    "extensions/audit/event_query.yml",
    "extensions/awx/job_templates.yml",
    "extensions/eda/plugins/event_source/links.py",
    "extensions/eda/rulebooks/reconcile.yml",
)


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="liqo-fabric-build-") as scratch:
        tarball = build(Path(scratch))
        problems = wrong_files(tarball)
        collections = install(tarball, Path(scratch) / "installed")
        for kind, names in shipped_plugins().items():
            problems += undocumented(kind, names, collections)
        print(f"{tarball.name}: {tarball.stat().st_size // 1024} KiB")
    for problem in problems:
        print(f"build: {problem}", file=sys.stderr)
    return bool(problems)


def build(scratch: Path) -> Path:
    run("ansible-galaxy", "collection", "build", str(CHECKOUT), "--output-path", str(scratch), "--force")
    (tarball,) = scratch.glob("liqo-fabric-*.tar.gz")
    return tarball


def wrong_files(tarball: Path) -> list[str]:
    with tarfile.open(tarball) as archive:
        names = archive.getnames()
    stray = [
        f"{name} does not belong in the tarball (build_ignore)" for name in names if name.startswith(NEVER_SHIPPED)
    ]
    missing = [f"{name} is missing from the tarball" for name in ALWAYS_SHIPPED if name not in names]
    return stray + missing


def install(tarball: Path, collections: Path) -> Path:
    run("ansible-galaxy", "collection", "install", str(tarball), "--offline", "--no-deps", collections=collections)
    return collections


def shipped_plugins() -> dict[str, list[str]]:
    """By the kind that ansible-doc knows, the full names of what the checkout holds; kinds without any are left out."""
    names = {kind: (CHECKOUT / "plugins" / folder).glob("[!_]*.py") for folder, kind in PLUGIN_FOLDERS.items()}
    names["role"] = (CHECKOUT / "roles").iterdir()
    found = {kind: sorted(f"liqo.fabric.{path.stem}" for path in paths) for kind, paths in names.items()}
    return {kind: some for kind, some in found.items() if some}


def undocumented(kind: str, names: list[str], collections: Path) -> list[str]:
    """What ansible-doc cannot show of these plugins in the installed collection."""
    shown = json.loads(run("ansible-doc", "--json", "--type", kind, *names, collections=collections))
    return [f"ansible-doc cannot show the {kind} {name}" for name in names if not _is_documented(shown.get(name))]


def _is_documented(entry: Any) -> bool:
    """A plugin has its documentation, a role its entry points."""
    return bool(entry) and bool(entry.get("doc") or entry.get("entry_points"))


def run(*command: str, collections: Path | None = None) -> str:
    """Standard output of a command that sees only the collections below `collections`; a failure ends the check."""
    environment = {**os.environ, "ANSIBLE_COLLECTIONS_PATH": str(collections)} if collections else None
    program = Path(sys.executable).with_name(command[0])
    try:
        return subprocess.run(
            [program, *command[1:]], env=environment, check=True, capture_output=True, text=True
        ).stdout
    except subprocess.CalledProcessError as failure:
        sys.exit(f"build: `{' '.join(command)}` failed:\n{failure.stdout}{failure.stderr}")


if __name__ == "__main__":
    sys.exit(main())
