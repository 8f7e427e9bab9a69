# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""`ansible-test sanity` over the collection as it is shipped, without a container engine and outside the checkout.

Like the importers of Galaxy and Automation Hub it looks at what the tarball holds: tests, tools and lab are not in it
and are left to ruff and mypy. The environments of ansible-test are kept in a home of their own between runs.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

from tools.build_check import build
from tools.import_root import CHECKOUT
from tools.kept import kept_folder

# What ansible-core looks for to bootstrap pip, and would download from a host of its own: 2.20 and 2.21 the first, 2.18
# and 2.19 the second, 2.16 and 2.17 the third.
GET_PIP = ("get_pip_25_2.py", "get_pip_24_2.py", "get_pip_23_1_2.py")
GET_PIP_SOURCE = '''\
"""Installs pip from the wheel that comes with Python, then what ansible-test asks for from the ordinary index."""
import subprocess
import sys

wanted = [argument for argument in sys.argv[1:] if argument not in ("--no-setuptools", "--no-wheel")]
subprocess.run([sys.executable, "-m", "ensurepip"], check=True, stdout=subprocess.DEVNULL)
subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", *wanted], check=True)
'''


def main(arguments: list[str]) -> int:
    home = _prepare_home(kept_folder("ansible-test"))
    with tempfile.TemporaryDirectory(prefix="liqo-fabric-sanity-") as scratch:
        collection = Path(scratch) / "ansible_collections" / "liqo" / "fabric"
        with tarfile.open(build(Path(scratch))) as archive:
            archive.extractall(collection, filter="data")
        # Not shipped, but read by ansible-test: the Python versions of the plugins.
        (collection / "tests").mkdir()
        shutil.copy2(CHECKOUT / "tests" / "config.yml", collection / "tests")
        python = f"{sys.version_info.major}.{sys.version_info.minor}"
        command = ["ansible-test", "sanity", "--python", python, "--color", "no", *arguments]
        return subprocess.run(command, cwd=collection, env={**os.environ, "HOME": str(home)}, check=False).returncode


def _prepare_home(home: Path) -> Path:
    """A home with the bootstrap scripts and the user's own pip settings; ansible-test hands no PIP_* variable on."""
    cache = home / ".ansible" / "test" / "cache"
    cache.mkdir(parents=True, exist_ok=True)
    for name in GET_PIP:
        (cache / name).write_text(GET_PIP_SOURCE, encoding="utf-8")
    for settings in (".pip", ".config/pip"):
        theirs, ours = Path.home() / settings, home / settings
        if theirs.is_dir() and not ours.is_symlink():
            ours.parent.mkdir(parents=True, exist_ok=True)
            ours.symlink_to(theirs)
    return home


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
