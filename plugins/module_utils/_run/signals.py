# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A process that was told to stop ends within END_S: no request begins any more, and what it has done is told.

It is told by a signal, or by the end of the one who reads its result: an Ansible that was killed sends no signal.
The handler of a signal runs in the main thread, which may hold any lock or wait in C, so a thread of its own acts.
"""

from __future__ import annotations

import os
import select
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType

from .._kube.stop import STOP

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
END_S = 1.7
"""From the signal to the end of the process, whatever its threads wait for."""
_STDOUT = 1


@contextmanager
def obeyed(last_words: Callable[[], None]) -> Iterator[None]:
    """Inside of the block the process can be stopped. Only the main thread can see to that; others change nothing.

    ``last_words`` tells what was done when the block has not ended in time. It is called in another thread, and the
    process ends after it.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    heard, told = os.pipe()
    os.set_blocking(told, False)
    # What is ignored, as by nohup, stays ignored.
    caught = [number for number in SIGNALS if signal.getsignal(number) not in (signal.SIG_IGN, None)]
    handlers = {number: signal.signal(number, _noted) for number in caught}
    wakeup = signal.set_wakeup_fd(told, warn_on_full_buffer=False)
    over = threading.Event()
    listener = threading.Thread(target=_listen, args=(heard, over, last_words), name="signals", daemon=True)
    listener.start()
    try:
        yield
    finally:
        over.set()
        signal.set_wakeup_fd(wakeup)
        for number, handler in handlers.items():
            signal.signal(number, handler)
        # The end of the pipe ends the thread.
        os.close(told)


def _noted(_number: int, _frame: FrameType | None) -> None:
    """The interpreter has written the number into the pipe already."""


def _listen(heard: int, over: threading.Event, last_words: Callable[[], None]) -> None:
    reason = _wait(heard)
    os.close(heard)
    if reason is None:
        return
    ends_at = time.monotonic() + END_S
    STOP.set(reason)
    if over.wait(ends_at - time.monotonic()):
        return
    threading.Thread(target=_tell, args=(last_words,), daemon=True).start()
    # A result that nobody takes would block for ever.
    over.wait(0.1)
    os._exit(1)


def _wait(heard: int) -> str | None:
    """What tells the process to stop; None when the block has ended."""
    poll = select.poll()
    poll.register(heard, select.POLLIN)
    # Without events to wait for, only errors of it are told: the other end of the pipe was closed.
    poll.register(_STDOUT, 0)
    while True:
        for descriptor, event in poll.poll():
            if descriptor == _STDOUT:
                if event & (select.POLLERR | select.POLLHUP):
                    return "no one reads its result any more"
                poll.unregister(_STDOUT)
                continue
            with suppress(OSError):
                numbers = os.read(heard, 64)
                names = [signal.Signals(number).name for number in numbers if number in SIGNALS]
                if not numbers or names:
                    return names[0] if names else None


def _tell(last_words: Callable[[], None]) -> None:
    with suppress(BaseException):
        last_words()
    with suppress(Exception):
        sys.stdout.flush()
    os._exit(1)
