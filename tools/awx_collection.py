# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fetches the collection awx.awx, for the test that it takes what extensions/awx says.

It comes out of the package `ansible`, of which 12 is the last release that has it.
"""

from __future__ import annotations

from pathlib import Path

from tools.kept import kept_folder
from tools.kubernetes_core import fetch

ANSIBLE_VERSION = "12.3.0"
WANTED = "ansible_collections/awx/awx/"


def awx_collections() -> Path:
    """The collections path that has awx.awx in it once it was fetched."""
    return kept_folder("awx.awx") / f"ansible-{ANSIBLE_VERSION}"


def main() -> None:
    if not (awx_collections() / WANTED / "MANIFEST.json").exists():
        print(f"awx.awx: fetching it from the package ansible {ANSIBLE_VERSION} (once, about 55 MB)")
        fetch(awx_collections(), WANTED, ANSIBLE_VERSION)


if __name__ == "__main__":
    main()
