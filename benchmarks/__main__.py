# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""`python -m benchmarks [PART ...]`: measure, print, and update docs/benchmarks.md."""

from __future__ import annotations

import argparse
import os
import sys

from tools.import_root import link_checkout

PARTS = ("planner", "steady", "create", "real", "failover", "rotation")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("parts", nargs="*", help=f"{', '.join(PARTS)}; all of them by default")
    parser.add_argument("--repeat", type=int, default=3, help="measurements of each kind, but for the planner")
    parser.add_argument("--lab", default="bench", help="name of the lab that is started and removed (default: bench)")
    parser.add_argument("--quick", action="store_true", help="the smallest sizes only, to see that it works")
    parser.add_argument("--record", action="store_true", help="record the answers that `steady` serves, from a lab")
    options = parser.parse_args()
    unknown = set(options.parts) - set(PARTS)
    if unknown:
        parser.error(f"there is no part {', '.join(sorted(unknown))}")
    root = str(link_checkout())
    sys.path.insert(0, root)
    # The processes that measure are started anew, and must find the collection too.
    os.environ["PYTHONPATH"] = os.pathsep.join([root, os.environ.get("PYTHONPATH", "")]).rstrip(os.pathsep)
    os.environ["ANSIBLE_COLLECTIONS_PATH"] = root
    from benchmarks import creation, failover, planner, real, recording, rotation, steady

    if options.record:
        recording.record(options.lab)
        return 0
    parts = options.parts or PARTS
    if "planner" in parts:
        planner.run(quick=options.quick)
    if "steady" in parts:
        steady.run(repeat=options.repeat, quick=options.quick)
    if "create" in parts:
        creation.run(options.lab, repeat=options.repeat, quick=options.quick)
    if "real" in parts:
        real.run(options.lab, repeat=options.repeat, quick=options.quick)
    if "failover" in parts:
        failover.run(options.lab, repeat=options.repeat, quick=options.quick)
    if "rotation" in parts:
        rotation.run(options.lab, repeat=options.repeat, quick=options.quick)
    return 0


if __name__ == "__main__":
    sys.exit(main())
