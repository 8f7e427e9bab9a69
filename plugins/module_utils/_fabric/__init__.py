# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The core that decides: wishes and what is observed -> a plan, and what is said of it. No I/O, no Ansible, no clock.

Every face imports this package before anything else of the collection, so that the one thing that cannot wait for a
face is said here: a Python that is too old, whose own complaint would name a piece of its library and not itself.
"""

from __future__ import annotations

import json
import sys

OLDEST_PYTHON = (3, 11)

if sys.version_info < OLDEST_PYTHON:
    _said = (
        f"liqo.fabric needs Python {'.'.join(map(str, OLDEST_PYTHON))} or newer, and {sys.executable} is"
        f" {'.'.join(map(str, sys.version_info[:3]))}. Next: set ansible_python_interpreter, for localhost too, to"
        " a newer one that has the packages of requirements.txt."
    )
    if "ansible.plugins" in sys.modules:
        raise ImportError(_said)
    # Elsewhere this is a module, of which older versions of Ansible would show the traceback.
    sys.stdout.write(json.dumps({"failed": True, "msg": _said}))
    raise SystemExit(1)
