# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs that meet each other, a restarting API server, and one that misbehaves: the end state is always the same."""

from __future__ import annotations

import random
import ssl
import threading
from collections import deque
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import urllib3

from lab import places
from tests.integration_api.faulty_proxy import (
    Fault,
    Handler,
    Server,
    Upstream,
    faulty_server,
    lose_answer,
    pass_on,
    reset,
    silence,
    status,
)
from tests.lab_tests.laboratory import Laboratory, eventually, now

pytestmark = [pytest.mark.lab, pytest.mark.slow]

PAIR = ("leaf-b", "leaf-c")


@pytest.fixture(autouse=True)
def _clean(lab: Laboratory) -> Iterator[None]:
    lab.unlink(PAIR)
    yield
    lab.mend()
    lab.unlink(PAIR)


def assert_one_healthy_link(lab: Laboratory) -> None:
    """In sync for the next run, with one object of each kind per side."""
    healed = lab.shortcuts(PAIR, [PAIR])
    assert not healed.failed, healed.log
    assert lab.shortcuts(PAIR, [PAIR]).result["plan"] == []
    for cluster, peer in (PAIR, PAIR[::-1]):
        found = lab.link_objects(cluster, peer)
        assert len(found["configurations"]) == len(found["publickeies"]) == 1
        assert len(found["gatewayservers"] + found["gatewayclients"]) == 1


def test_two_runs_at_the_same_time_make_one_link(lab: Laboratory) -> None:
    with ThreadPoolExecutor(2) as pool:
        runs = list(pool.map(lambda _number: lab.shortcuts(PAIR, [PAIR]), range(2)))
    assert [run.outcomes["leaf-b<->leaf-c"] for run in runs if run.failed] == [], [run.log for run in runs]
    assert_one_healthy_link(lab)


def test_a_run_and_a_removal_at_the_same_time_end_in_what_the_next_run_wants(lab: Laboratory) -> None:
    assert not lab.shortcuts(PAIR, [PAIR]).failed
    with ThreadPoolExecutor(2) as pool:
        removal = pool.submit(lab.shortcuts, PAIR, [PAIR], state="absent")
        pool.submit(lab.shortcuts, PAIR, [PAIR], wait_timeout=20).result()
        removal.result()
    assert_one_healthy_link(lab)


def test_an_api_server_that_restarts_during_the_run_is_waited_for(lab: Laboratory) -> None:
    since = now()
    with ThreadPoolExecutor(1) as pool:
        run = pool.submit(lab.shortcuts, PAIR, [PAIR])
        eventually(lambda: lab.writes(since, ["leaf-c"]) > 0, what="the first write", every_s=0.01)
        lab.break_("leaf-c", "apiserver")
        lab.mend()
        outcome = run.result()
    assert_one_healthy_link(lab)
    assert outcome.outcomes["leaf-b<->leaf-c"] in ("created", "failed")


def slow(handler: Handler) -> None:
    """Takes its time."""
    handler.server.over.wait(2)
    pass_on(handler)


def conflict(handler: Handler) -> None:
    """As if somebody else had been faster; only writes can conflict."""
    (status(409, reason="Conflict") if handler.command == "PUT" else pass_on)(handler)


def expired(handler: Handler) -> None:
    """A watch that is too old."""
    (status(410, reason="Expired") if "watch=1" in handler.path else pass_on)(handler)


def hanging(handler: Handler) -> None:
    """No answer to a read; a write that hangs is one whose answer is lost."""
    (silence if handler.command == "GET" and "watch" not in handler.path else pass_on)(handler)


class Weather(deque[Fault]):
    """Instead of the stub's queue of faults: each request meets one of these with a chance of one in three.

    A kind that is named several times comes the more often.
    """

    def __init__(self, seed: int, *faults: Fault) -> None:
        super().__init__()
        self.random = random.Random(seed)
        self.kinds = faults
        self.met: set[Fault] = set()
        self.lock = threading.Lock()

    def __bool__(self) -> bool:
        return True

    def popleft(self) -> Fault:
        with self.lock:
            fault = self.random.choice([*self.kinds, *[pass_on] * 2 * len(self.kinds)])
            self.met.add(fault)
        return fault


@pytest.fixture
def proxy(lab: Laboratory) -> Iterator[Server]:
    """The misbehaving server before the API server of leaf-c."""
    cluster = places.load(lab.name).cluster("leaf-c")
    context = ssl.create_default_context(cafile=str(cluster.pki / "ca.crt"))
    context.load_cert_chain(cluster.pki / "admin.crt", cluster.pki / "admin.key")
    with (
        urllib3.PoolManager(ssl_context=context) as pool,
        faulty_server(Upstream(cluster.user_url, pool)) as server,
    ):
        yield server


@pytest.mark.parametrize(
    "faults",
    [
        (status(429, reason="TooManyRequests", retry_after="1"), status(500, reason="InternalError"), slow),
        pytest.param((conflict, expired, slow), marks=pytest.mark.long),
        # A read that hangs costs a whole read timeout, so that few do.
        pytest.param((*(reset, lose_answer) * 3, hanging), marks=[pytest.mark.long, pytest.mark.timeout(900)]),
    ],
    ids=["429, 500, slow", "409, 410, slow", "broken, lost, hanging"],
)
def test_an_api_server_that_misbehaves_changes_nothing_of_the_end(
    lab: Laboratory, proxy: Server, faults: tuple[Fault, ...]
) -> None:
    weather = Weather(7, *faults)
    proxy.faults = weather
    clusters: list[dict[str, Any]] = [*lab.clusters(["leaf-b"]), {"name": "leaf-c", "host": proxy.url}]
    for _attempt in range(5):
        run = lab.shortcuts(PAIR, [PAIR], clusters=clusters)
        assert "Traceback" not in run.log
        if not run.failed:
            break
        assert all(failure["next"] for failure in run.result["failures"])
    assert set(faults) <= weather.met, "some kind of fault was not met"
    assert not run.failed, run.log
    assert_one_healthy_link(lab)
