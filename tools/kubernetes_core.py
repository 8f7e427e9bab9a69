# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fetches the collection kubernetes.core, for the test that our connection options are its connection options.

It comes out of the package `ansible`, which is the only form of it on PyPI; the rest of that large package is not kept.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from tools.kept import kept_folder

ANSIBLE_VERSION = "14.5.0"
WANTED = "ansible_collections/kubernetes/core/"


def kubernetes_core_folder() -> Path:
    """Where the collection lies once it was fetched."""
    return _unpacked() / WANTED


def _unpacked() -> Path:
    return kept_folder("kubernetes.core") / f"ansible-{ANSIBLE_VERSION}"


def main() -> None:
    if not (kubernetes_core_folder() / "MANIFEST.json").exists():
        print(f"kubernetes.core: fetching it from the package ansible {ANSIBLE_VERSION} (once, about 60 MB)")
        fetch(_unpacked(), WANTED, ANSIBLE_VERSION)


def fetch(folder: Path, wanted: str, version: str) -> None:
    """`folder` holds the collection `wanted`, a path that begins with ansible_collections/ and ends with a slash."""
    with tempfile.TemporaryDirectory(prefix="liqo-fabric-ansible-") as scratch:
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary", ":all:"]
        subprocess.run([*command, "--dest", scratch, f"ansible=={version}"], check=True)
        (wheel,) = Path(scratch).glob("ansible-*.whl")
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(folder, [name for name in archive.namelist() if name.startswith(wanted)])


if __name__ == "__main__":
    main()
