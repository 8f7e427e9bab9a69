# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pins in constraints-dev.txt every package that a fresh environment of requirements-dev.txt holds."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import venv
from pathlib import Path

from tools.import_root import CHECKOUT

HEADER = "# Written by `make lock`: exact versions of everything that requirements-dev.txt installs.\n"


def main() -> int:
    lines = (CHECKOUT / "requirements-dev.txt").read_text(encoding="utf-8").splitlines()
    direct = [line for line in lines if line and not line.startswith(("#", "-c"))]
    with tempfile.TemporaryDirectory(prefix="liqo-fabric-lock-") as scratch:
        venv.create(scratch, with_pip=True)
        pip = [str(Path(scratch) / "bin" / "python"), "-m", "pip", "--disable-pip-version-check"]
        subprocess.run([*pip, "install", "--quiet", *direct], check=True)
        frozen = subprocess.run([*pip, "freeze"], check=True, capture_output=True, text=True).stdout
    (CHECKOUT / "constraints-dev.txt").write_text(HEADER + frozen, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
