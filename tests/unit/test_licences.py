# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every file that can carry a header says under which licence it is; REUSE.toml speaks only for those that cannot."""

from __future__ import annotations

import subprocess
from pathlib import PurePath

import pytest

from tools.import_root import CHECKOUT

HEADED = {".py", ".sh", ".yml", ".yaml", ".toml", ".cfg", ".go"}
HEADED_NAMES = {"Makefile", "run", ".ansible-lint", ".gitignore", ".gitattributes", "requirements.txt"}
WITHOUT = ("changelogs/changelog.yaml", "changelogs/fragments/")
HEADER = "SPDX-License-Identifier" + ": GPL-3.0-or-later"  # in two parts, or the tool `reuse` reads it as a header
FIRST_LINES = 6


def tracked() -> list[str]:
    done = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        pytest.skip(f"the checkout is no git repository: {done.stderr.strip()}")
    return [name for name in done.stdout.split("\0") if name and (CHECKOUT / name).is_file()]


def _beginning(name: str) -> str:
    return "\n".join((CHECKOUT / name).read_text(encoding="utf-8").splitlines()[:FIRST_LINES])


def test_files_that_can_carry_a_header_do() -> None:
    headed = [
        name
        for name in tracked()
        if (PurePath(name).suffix in HEADED or PurePath(name).name in HEADED_NAMES) and not name.startswith(WITHOUT)
    ]
    assert len(headed) > 100
    assert [name for name in headed if HEADER not in (_beginning(name) or HEADER)] == []


def test_the_licence_of_galaxy_is_the_licence_of_reuse() -> None:
    assert (CHECKOUT / "LICENSE").read_bytes() == (CHECKOUT / "LICENSES" / "GPL-3.0-or-later.txt").read_bytes()
