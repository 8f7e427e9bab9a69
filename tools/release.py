# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Builds the tarball of a release into dist/, unless what is to be released contradicts itself.

VERSION=0.1.0 python -m tools.release

Without VERSION, the version is that of the tag of a workflow on GitHub.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping
from pathlib import Path

import yaml

from tools.build_check import build
from tools.import_root import CHECKOUT

DIST = "dist"
_VERSION = re.compile(r"[0-9]+\.[0-9]+\.[0-9]+([-+][0-9A-Za-z.+-]+)?", re.ASCII)


def version_in(environment: Mapping[str, str]) -> str:
    """The version that is asked for. Raises ValueError where that is none."""
    found = environment.get("VERSION") or environment.get("GITHUB_REF_NAME", "").removeprefix("v")
    if not _VERSION.fullmatch(found):
        raise ValueError("the variable VERSION, or the tag, is no version such as 0.1.0")
    return found


def main() -> int:
    try:
        problems = contradictions(CHECKOUT, version_in(os.environ))
    except ValueError as refused:
        sys.exit(f"release: {refused}")
    for problem in problems:
        print(f"release: {problem}", file=sys.stderr)
    if not problems:
        folder = CHECKOUT / DIST
        folder.mkdir(exist_ok=True)
        print(f"release: {build(folder).relative_to(CHECKOUT)}")
    return bool(problems)


def contradictions(checkout: Path, version: str) -> list[str]:
    """Where galaxy.yml and the changelog do not say what the release is to be."""
    galaxy = yaml.safe_load((checkout / "galaxy.yml").read_text(encoding="utf-8"))["version"]
    notes = yaml.safe_load((checkout / "changelogs" / "changelog.yaml").read_text(encoding="utf-8"))["releases"]
    left = sorted(path.name for path in (checkout / "changelogs" / "fragments").glob("*.y*ml"))
    problems = []
    if galaxy != version:
        problems.append(f"galaxy.yml has the version {galaxy}, not {version}: change it, or name the tag v{galaxy}")
    if version not in notes:
        problems.append(f"changelogs/changelog.yaml has no release {version}: run `make changelog` and commit it")
    if left:
        problems.append(f"{', '.join(left)}: in no release notes yet: run `make changelog` and commit it")
    return problems


if __name__ == "__main__":
    sys.exit(main())
