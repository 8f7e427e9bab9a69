# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Imports the built collection as Galaxy and Automation Hub do; a warning counts as an error.

Of the importer these parts run: metadata with the required tags, README, changelog, roles and playbooks, ansible-doc,
execution environment, ansible-lint. Its `ansible-test sanity` needs a container engine: `make sanity` is that part.
It has an environment of its own, since it pins packages that would hold back ours.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from tools.build_check import build
from tools.environment import environment, inside, pinned
from tools.kept import kept_folder

VERSION = "0.4.44"
SETTINGS = """\
[galaxy-importer]
check_changelog = True
check_required_tags = True
run_ansible_doc = True
run_ansible_lint = True
offline_ansible_lint = True
run_ansible_test = False
"""


def main() -> int:
    packages = [f"galaxy-importer=={VERSION}", *pinned("ansible-core", "ansible-lint")]
    programs = environment(kept_folder("galaxy-importer") / VERSION, packages)
    with tempfile.TemporaryDirectory(prefix="liqo-fabric-importer-") as scratch:
        settings = Path(scratch) / "galaxy-importer.cfg"
        settings.write_text(SETTINGS, encoding="utf-8")
        command = [str(programs / "python"), "-m", "galaxy_importer.main", str(build(Path(scratch)))]
        environ = {**inside(programs), "GALAXY_IMPORTER_CONFIG": str(settings)}
        # In the scratch folder, where it leaves its result.
        done = subprocess.run(command, cwd=scratch, env=environ, capture_output=True, text=True, check=False)
    print(done.stdout + done.stderr, end="")
    found = complaints(done.stdout + done.stderr)
    print(f"importer: {len(found)} warnings and errors")
    return bool(done.returncode or found)


def complaints(output: str) -> list[str]:
    """The lines in which the importer warns or reports an error."""
    return [line for line in output.splitlines() if line.startswith(("WARNING", "ERROR", "CRITICAL", "Traceback"))]


if __name__ == "__main__":
    sys.exit(main())
