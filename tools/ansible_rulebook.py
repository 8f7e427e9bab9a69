# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Installs ansible-rulebook into an environment of its own, for the tests of the event source.

Its packages are not among ours: its pins would hold back what the collection is developed with. It needs Java.
"""

from __future__ import annotations

import shutil
import subprocess
import venv
from pathlib import Path

from tools.environment import pinned
from tools.kept import kept_folder

VERSION = "1.3.2"
_OF_THE_COLLECTION = ("ansible-core", "cryptography", "jmespath", "PyYAML", "urllib3")


def rulebook_folder() -> Path:
    """The environment, once it was made."""
    return kept_folder("ansible-rulebook") / VERSION


def rulebook_program() -> Path:
    """Where the command lies once it was installed."""
    return rulebook_folder() / "bin" / "ansible-rulebook"


def why_not() -> str:
    """Why it cannot run here; empty when it can."""
    if shutil.which("java") is None:
        return "ansible-rulebook needs Java 17 or newer, such as the package openjdk-17-jre-headless"
    program = rulebook_program()
    return "" if program.exists() else f"{program} is not there: run `make ansible-rulebook`"


def main() -> None:
    """Without Java nothing is installed, which is no failure: the tests say then that they are skipped."""
    if shutil.which("java") is None:
        print(why_not())
    elif not rulebook_program().exists():
        print(f"ansible-rulebook: installing {VERSION} into {rulebook_folder()} (once, about a minute)")
        install(rulebook_folder())


def install(folder: Path) -> None:
    """Beside it, the packages that the collection needs, in the versions of its own environment."""
    venv.create(folder, with_pip=True, clear=True)
    command = [str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*command, f"ansible-rulebook=={VERSION}", *pinned(*_OF_THE_COLLECTION)], check=True)


if __name__ == "__main__":
    main()
