# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module `shortcuts` as Ansible runs it, in a process of its own: `python -m benchmarks.module_process ARGUMENTS`.

ARGUMENTS is a JSON file with the options. The module's own result goes to standard output as always; a line of JSON on
standard error says how long its main function took, imports excluded, and the peak of memory of the whole process.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from pathlib import Path

from ansible.module_utils.testing import patch_module_args
from ansible_collections.liqo.fabric.plugins.modules import shortcuts


def main() -> None:
    arguments = json.loads(Path(sys.argv[1]).read_text())
    before = resource.getrusage(resource.RUSAGE_SELF)
    started = time.monotonic()
    try:
        with patch_module_args(arguments):
            shortcuts.main()
    finally:
        sys.stdout.flush()
        report(started, before)


def report(started: float, before: resource.struct_rusage) -> None:
    """The line on standard error."""
    seconds, used = time.monotonic() - started, resource.getrusage(resource.RUSAGE_SELF)
    processor = used.ru_utime + used.ru_stime - before.ru_utime - before.ru_stime
    figures = {"seconds": seconds, "processor": processor, "peak_bytes": memory_bytes("VmHWM")}
    print(json.dumps(figures), file=sys.stderr, flush=True)


def memory_bytes(which: str = "VmRSS") -> int:
    """Of this process: ``VmRSS`` now, ``VmHWM`` at its peak. (ru_maxrss begins with what the parent had.)"""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{which}:")) * 1024


if __name__ == "__main__":
    main()
