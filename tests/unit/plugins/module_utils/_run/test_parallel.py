# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Calls at the same time: each fails alone, and a stop ends the wait for all of them."""

from __future__ import annotations

import ast
import threading
from collections.abc import Iterator
from types import SimpleNamespace

import pytest
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.errors import FabricError, FailureName
from ansible_collections.liqo.fabric.plugins.module_utils._kube.stop import STOP
from ansible_collections.liqo.fabric.plugins.module_utils._run import parallel
from ansible_collections.liqo.fabric.plugins.module_utils._run.parallel import Pool, attempt_all, in_parallel
from ansible_collections.liqo.fabric.plugins.module_utils._run.world import Changes

from tools.import_root import CHECKOUT

PATIENCE_S = 20.0


@pytest.fixture(autouse=True)
def _not_stopped() -> Iterator[None]:
    yield
    STOP.clear()


def faults(found: list[object]) -> list[object]:
    return [one.fault if isinstance(one, FabricError) else one for one in found]


def test_results_are_in_the_order_of_the_items_and_no_more_than_the_limit_run() -> None:
    running, most, lock = 0, 0, threading.Lock()

    def call(item: int) -> int:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        threading.Event().wait(0.01)
        with lock:
            running -= 1
        return item * item

    assert in_parallel(call, range(12), limit=3) == [item * item for item in range(12)]
    assert most <= 3


def test_the_first_failure_is_raised_and_what_has_not_begun_never_begins() -> None:
    begun: list[int] = []

    def call(item: int) -> None:
        begun.append(item)
        raise ValueError(item)

    with pytest.raises(ValueError, match=r"^0$"):
        in_parallel(call, range(100), limit=1)
    assert len(begun) < 100


def test_each_fails_alone() -> None:
    def call(item: int) -> int:
        if item == 1:
            raise ValueError("what a cluster said")
        if item == 2:
            raise FabricError(what="w", where="x", why="y", next="z", fault=FailureName.UNREACHABLE)
        return item

    found = attempt_all(call, range(4), what="cannot do it", where=str, limit=4)
    assert faults([*found]) == [0, FailureName.NOT_UNDERSTOOD, FailureName.UNREACHABLE, 3]
    assert "what a cluster said" not in str(found[1])
    assert "(ValueError at " in str(found[1])


def test_a_stop_ends_the_wait_at_once_and_nothing_begins_any_more() -> None:
    hangs, begun = threading.Event(), threading.Semaphore(0)

    def call(item: int) -> int:
        begun.release()
        if item:
            hangs.wait(PATIENCE_S)
        return item

    def stop() -> None:
        for _call in range(3):
            begun.acquire(timeout=PATIENCE_S)
        STOP.set("SIGTERM")

    threading.Thread(target=stop, daemon=True).start()
    found = attempt_all(call, range(6), what="cannot do it", where=lambda item: f"cluster {item}", limit=2)
    assert faults([*found]) == [0, *[FailureName.INTERRUPTED] * 5]
    assert "cluster 3: cannot do it: the run was told to stop (SIGTERM)" in str(found[3])
    assert not begun.acquire(blocking=False)
    hangs.set()


def test_with_grace_the_answer_to_what_has_begun_is_awaited() -> None:
    begun = threading.Event()

    def call(item: int) -> int:
        begun.set()
        threading.Event().wait(0.2)
        return item

    def stop() -> None:
        begun.wait(PATIENCE_S)
        STOP.set("SIGTERM")

    threading.Thread(target=stop, daemon=True).start()
    found = attempt_all(call, range(2), what="cannot do it", where=str, limit=1, grace_s=PATIENCE_S)
    assert faults([*found]) == [0, FailureName.INTERRUPTED]


def test_a_call_that_takes_long_leaves_its_place_to_the_next_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two of the calls end only when all the others have, for which there is one place only."""
    monkeypatch.setattr(parallel, "HOLD_S", 0.0)
    others, released = threading.Semaphore(0), threading.Event()

    def call(item: int) -> int:
        if item < 2:
            assert released.wait(PATIENCE_S)
        else:
            others.release()
        return item

    def release() -> None:
        for _call in range(4):
            others.acquire(timeout=PATIENCE_S)
        released.set()

    threading.Thread(target=release, daemon=True).start()
    assert attempt_all(call, range(6), what="w", where=str, limit=1, gives_way=True) == [*range(6)]


def test_no_more_calls_than_the_limit_count(monkeypatch: pytest.MonkeyPatch) -> None:
    """The clock stands until the first two calls have run and wait; then they are late, and two others may begin."""
    now, begun, released = [0.0], threading.Semaphore(0), threading.Event()
    monkeypatch.setattr(parallel, "time", SimpleNamespace(monotonic=lambda: now[0]))
    monkeypatch.setattr(parallel, "TURN_S", 0.001)
    running, most, lock = 0, [0, 0], threading.Lock()

    def call(item: int) -> int:
        nonlocal running
        with lock:
            running += 1
            most[now[0] > 0] = max(most[now[0] > 0], running)
        begun.release()
        assert released.wait(PATIENCE_S)
        with lock:
            running -= 1
        return item

    def advance() -> None:
        for _call in range(2):
            begun.acquire(timeout=PATIENCE_S)
        now[0] = parallel.HOLD_S
        for _call in range(2):
            begun.acquire(timeout=PATIENCE_S)
        threading.Event().wait(0.05)
        released.set()

    threading.Thread(target=advance, daemon=True).start()
    assert attempt_all(call, range(8), what="w", where=str, limit=2, gives_way=True) == [*range(8)]
    assert most == [2, 4]


def test_what_is_submitted_after_a_stop_does_not_begin() -> None:
    STOP.set("SIGTERM")
    with Pool(1) as pool, pytest.raises(FabricError) as raised:
        pool.submit(lambda: pytest.fail("it has begun")).result(PATIENCE_S)
    assert raised.value.fault is FailureName.INTERRUPTED


def test_what_is_submitted_after_a_stop_is_answered_although_no_thread_is_free() -> None:
    hangs, begun = threading.Event(), threading.Event()

    def call() -> None:
        begun.set()
        hangs.wait(PATIENCE_S)

    with pytest.raises(FabricError) as raised, Pool(1) as pool:
        pool.submit(call)
        begun.wait(PATIENCE_S)
        STOP.set("SIGTERM")
        pool.submit(call).result(PATIENCE_S / 10)
    assert raised.value.fault is FailureName.INTERRUPTED
    hangs.set()


def test_no_thread_holds_up_the_end_of_the_process_and_no_pause_outlasts_a_stop() -> None:
    """So the threads of concurrent.futures, which are joined at the end, and time.sleep have no place here."""
    found = []
    for path in [*(CHECKOUT / "plugins").rglob("*.py"), *(CHECKOUT / "extensions").rglob("*.py")]:
        for node in ast.walk(ast.parse(path.read_text())):
            called = ast.unparse(node.func) if isinstance(node, ast.Call) else ""
            daemon = isinstance(node, ast.Call) and any(
                keyword.arg == "daemon" and ast.unparse(keyword.value) == "True" for keyword in node.keywords
            )
            is_thread = called.rpartition(".")[2] == "Thread" and not daemon
            is_pause = called == "time.sleep" or called.endswith("PoolExecutor")
            found += [f"{path.name}:{node.lineno}: {called}"] if is_thread or is_pause else []  # type: ignore[attr-defined]
    assert found == []


def test_who_waits_for_a_change_wakes_up() -> None:
    changes = Changes()
    threading.Timer(0.05, STOP.set, ["SIGTERM"]).start()
    assert changes.wait_beyond(0, timeout_s=PATIENCE_S)
    assert changes.count == 0
    assert STOP.is_set
