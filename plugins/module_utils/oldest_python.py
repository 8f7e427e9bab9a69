# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one thing that cannot wait for a face: a Python that is too old, which would complain of a piece of its library.

Every face asks it before it imports anything else of the collection. The code here runs on those old versions too.
"""

from __future__ import annotations

import json
import sys

OLDEST = (3, 11)


def require() -> None:
    """Returns on a Python that is new enough; else a module ends with the sentence, and a plugin raises it."""
    if sys.version_info >= OLDEST:
        return
    said = (
        f"liqo.fabric needs Python {'.'.join(map(str, OLDEST))} or newer, and {sys.executable} is"
        f" {'.'.join(map(str, sys.version_info[:3]))}. Next: set ansible_python_interpreter, for localhost too, to"
        " a newer one that has the packages of requirements.txt."
    )
    if "ansible.plugins" in sys.modules:
        raise ImportError(said)
    # Elsewhere this is a module, of which older versions of Ansible would show the traceback.
    sys.stdout.write(json.dumps({"failed": True, "msg": said}))
    raise SystemExit(1)
