# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Python environments beside .venv, for programs and controllers whose pins would hold back what we develop with."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from tools.import_root import CHECKOUT

_STAMP = "packages.txt"
"""In the environment: what it was made of, written last."""
_FIT = "import ensurepip, sys, venv; print('%d.%d' % sys.version_info[:2])"


def pinned(*names: str) -> list[str]:
    """The lines of requirements-dev.txt for these packages."""
    lines = (CHECKOUT / "requirements-dev.txt").read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line.partition("==")[0] in names]


def find_python(version: str) -> str | None:
    """An interpreter of this version, such as 3.11, that can make environments; pyenv's need not be on the PATH."""
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv") / "versions"
    candidates = [sys.executable, shutil.which(f"python{version}"), *sorted(pyenv.glob(f"{version}.*/bin/python3"))]
    return next((str(one) for one in candidates if one and _version(str(one)) == version), None)


def _version(python: str) -> str:
    return subprocess.run([python, "-c", _FIT], capture_output=True, text=True, check=False).stdout.strip()


def environment(folder: Path, packages: list[str], python: str = sys.executable) -> Path:
    """The folder of an environment that holds `packages`, made unless it is there; returns its folder of programs."""
    made_of = "\n".join([*packages, ""])
    stamp = folder / _STAMP
    if not stamp.is_file() or stamp.read_text(encoding="utf-8") != made_of:
        print(f"{folder}: installing {packages[0]} (once)", flush=True)
        subprocess.run([python, "-m", "venv", "--clear", "--without-pip", str(folder)], check=True)
        pip = [sys.executable, "-m", "pip", "--python", str(folder / "bin" / "python"), "--disable-pip-version-check"]
        subprocess.run([*pip, "install", "--quiet", "--no-compile", *packages], check=True)
        stamp.write_text(made_of, encoding="utf-8")
    return folder / "bin"


def inside(programs: Path) -> dict[str, str]:
    """The variables of a process that finds the programs of this environment first."""
    return {**os.environ, "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}", "VIRTUAL_ENV": str(programs.parent)}
