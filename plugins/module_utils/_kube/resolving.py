# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the resolver of this machine says of host names: never waited for longer than a moment."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterable

from .stop import STOP

PATIENCE_S = 3.0
"""For all names together. A resolver may take half a minute, and a name may be chosen by somebody else."""
MOST_NAMES = 200
"""A client dials one name of each peer."""
MOST_ADDRESSES = 16
TURN_S = 0.1


def resolve(names: Iterable[str], *, patience_s: float = PATIENCE_S) -> dict[str, tuple[str, ...] | str]:
    """The addresses of each name, or why there are none; names beyond MOST_NAMES are left out."""
    wanted = list(dict.fromkeys(names))[:MOST_NAMES]
    found: dict[str, tuple[str, ...] | str] = {}
    threads = [threading.Thread(target=_look_up, args=(name, found), name="resolver", daemon=True) for name in wanted]
    for thread in threads:
        thread.start()
    until = time.monotonic() + patience_s
    for thread in threads:
        while thread.is_alive() and time.monotonic() < until and not STOP.is_set:
            thread.join(min(TURN_S, max(until - time.monotonic(), 0.0)))
    known = dict(found)
    return {name: known.get(name, f"the resolver gave no answer within {patience_s:g} s") for name in wanted}


def _look_up(name: str, found: dict[str, tuple[str, ...] | str]) -> None:
    try:
        answers = socket.getaddrinfo(name, None, type=socket.SOCK_DGRAM)
    except OSError as problem:
        found[name] = problem.strerror or str(problem)
    except ValueError:
        # As a label that is too long.
        found[name] = "it is no name of DNS"
    else:
        found[name] = tuple(dict.fromkeys(str(address[0]) for *_kind, address in answers))[:MOST_ADDRESSES]
