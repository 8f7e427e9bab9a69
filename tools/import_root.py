# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes the checkout visible as `ansible_collections.liqo.fabric`, wherever it lies.

Ansible and Python want that path above the collection: a link inside the checkout, ignored by git, gives it to them
without moving the clone.
"""

from __future__ import annotations

from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[1]
IMPORT_ROOT = CHECKOUT / ".cache"


def link_checkout() -> Path:
    """IMPORT_ROOT/ansible_collections/liqo/fabric leads to the checkout; returns IMPORT_ROOT."""
    link = IMPORT_ROOT / "ansible_collections" / "liqo" / "fabric"
    link.parent.mkdir(parents=True, exist_ok=True)
    if not link.is_symlink():
        link.symlink_to("../../..", target_is_directory=True)
    return IMPORT_ROOT


if __name__ == "__main__":
    link_checkout()
