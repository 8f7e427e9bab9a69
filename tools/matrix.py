# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""`make matrix`: the collection on every ansible-core that it supports, on every Python of this machine that fits.

    python -m tools.matrix                                   all cells, then a table
    python -m tools.matrix 2.16.19/3.11 --checks docs tests  one cell, and only these checks

Each cell has an environment of its own in the cache. A Python that is not on the machine is said to be missing.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tools.environment import environment, find_python, inside, pinned
from tools.import_root import CHECKOUT
from tools.kept import kept_folder

PYTHONS_OF_CORE = {
    "2.16.19": ("3.11", "3.12"),
    "2.17.14": ("3.11", "3.12"),
    "2.18.19": ("3.11", "3.12", "3.13"),
    "2.19.14": ("3.11", "3.12", "3.13"),
    "2.20.10": ("3.12", "3.13"),
    "2.21.5": ("3.12", "3.13"),
}
"""The Python versions that each ansible-core supports on the controller, from our own lowest one on."""
CHECKS = ("docs", "tests", "templates", "sanity")
WHOLE = ("docs", "tests", "sanity")
"""Without `templates`, which is a part of `tests`."""
SANITY_PYTHON = "3.12"
"""All cores support it. Sanity takes minutes and looks at the same files on each Python: it runs once for a core."""
_PACKAGES = ("cryptography", "hypothesis", "jmespath", "netaddr", "PyYAML", "pytest", "pytest-timeout", "urllib3")


@dataclass(frozen=True, slots=True, order=True)
class Cell:
    core: str
    python: str

    def __str__(self) -> str:
        return f"{self.core}/{self.python}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    cell: Cell
    check: str
    result: str
    """`ok`, `FAILED`, or why it did not run."""
    seconds: float = 0.0


CELLS = {str(cell): cell for cell in (Cell(c, p) for c, pythons in PYTHONS_OF_CORE.items() for p in pythons)}


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tools.matrix", description=__doc__.partition("\n")[0])
    parser.add_argument("cells", nargs="*", metavar="CORE/PYTHON", help=", ".join(CELLS))
    parser.add_argument("--checks", nargs="+", choices=CHECKS, default=WHOLE)
    asked = parser.parse_args(arguments)
    unknown = [name for name in asked.cells if name not in CELLS]
    if unknown:
        parser.error(f"{', '.join(unknown)}: there is no such cell; there are {', '.join(CELLS)}")
    cells = [CELLS[name] for name in asked.cells or CELLS]
    outcomes = [outcome for cell in cells for outcome in check_cell(cell, asked.checks)]
    print("\n" + table(outcomes))
    return any(outcome.result == "FAILED" for outcome in outcomes)


def programs_of(cell: Cell) -> Path | None:
    """The folder of programs of the environment of a cell, made unless it is there; None without such a Python."""
    python = find_python(cell.python)
    if python is None:
        return None
    packages = [f"ansible-core=={cell.core}", *pinned(*_PACKAGES)]
    return environment(kept_folder("controllers") / str(cell).replace("/", "-python"), packages, python)


def check_cell(cell: Cell, checks: list[str]) -> Iterator[Outcome]:
    programs = programs_of(cell)
    if programs is None:
        yield from (Outcome(cell=cell, check=check, result="no such Python here") for check in checks)
        return
    for check in checks:
        if check == "sanity" and cell.python != SANITY_PYTHON:
            continue
        print(f"\n--- {cell} {check}", flush=True)
        started = time.monotonic()
        command = [str(programs / "python"), "-m", *command_of(check)]
        code = subprocess.run(command, cwd=CHECKOUT, env=inside(programs), check=False).returncode
        seconds = time.monotonic() - started
        yield Outcome(cell=cell, check=check, result="FAILED" if code else "ok", seconds=seconds)


def command_of(check: str) -> list[str]:
    """The Python module that does the check, with its arguments."""
    tests = ["pytest", "-q", "-m", "not lab and not slow and not long", *paths_that_concern_ansible()]
    commands = {"docs": ["tools.build_check"], "tests": tests, "sanity": ["tools.sanity"]}
    # A part of the tests: where text of clusters could be taken for a template, which no two ansible-core do alike.
    commands["templates"] = ["pytest", "-q", "-m", "templates", *paths_that_concern_ansible()]
    return commands[check]


def paths_that_concern_ansible() -> list[str]:
    """Faces, the way through an ansible module and playbooks. What no line of Ansible takes part in is left out."""
    unit = CHECKOUT / "tests" / "unit"
    plugins = unit / "plugins"
    faces = [path for path in plugins.iterdir() if path.is_dir() and path.name not in ("__pycache__", "module_utils")]
    ways = [*(plugins / "module_utils").glob("test_*.py"), *unit.glob("test_playbook*.py")]
    ways.append(unit / "test_untrusted_text.py")
    return [str(path.relative_to(CHECKOUT)) for path in sorted([*faces, *ways])]


def table(outcomes: list[Outcome]) -> str:
    """A line for each cell, a column for each check."""
    found = {(outcome.cell, outcome.check): outcome for outcome in outcomes}
    lines = [f"{'ansible-core':14}{'Python':8}" + "".join(f"{check:22}" for check in CHECKS)]
    for cell in dict.fromkeys(outcome.cell for outcome in outcomes):
        cells = "".join(f"{_said(found.get((cell, check))):22}" for check in CHECKS)
        lines.append(f"{cell.core:14}{cell.python:8}{cells}")
    return "\n".join(line.rstrip() for line in lines)


def _said(outcome: Outcome | None) -> str:
    if outcome is None:
        return "-"
    return f"{outcome.result}, {outcome.seconds:.0f} s" if outcome.seconds else outcome.result


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
