# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How much work a call is, without a clock: the steps of the interpreter, which are the same on every machine."""

from __future__ import annotations

import itertools
import sys
import threading
from collections.abc import Callable
from types import FrameType
from typing import Any


def steps(do: Callable[[], object]) -> int:
    """How many lines of Python are carried out, where each turn of a loop or of a comprehension is one.

    Those of threads that it starts count, too.
    """
    counter = itertools.count()

    def trace(frame: FrameType, event: str, _argument: object) -> Any:
        if event == "line":
            next(counter)
        return trace

    before, before_in_threads = sys.gettrace(), threading.gettrace()
    threading.settrace(trace)
    sys.settrace(trace)
    try:
        do()
    finally:
        sys.settrace(before)
        threading.settrace(before_in_threads)
    return next(counter)


def grows_with(do: Callable[[int], object], size: int) -> float:
    """By which factor the work of `do` grows when its size is four times as large: 4 when it is linear.

    What it keeps in caches is there before.
    """
    do(4 * size)
    return steps(lambda: do(4 * size)) / steps(lambda: do(size))
