# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""After a stop no request begins any more, also one whose connection was being opened, and pauses end."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
import urllib3.util.connection
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.errors import FabricError, FailureName
from ansible_collections.liqo.fabric.plugins.module_utils._kube.account import ACCOUNT, SHOWN, Account
from ansible_collections.liqo.fabric.plugins.module_utils._kube.client import Api
from ansible_collections.liqo.fabric.plugins.module_utils._kube.clock import Clock
from ansible_collections.liqo.fabric.plugins.module_utils._kube.connection import connect
from ansible_collections.liqo.fabric.plugins.module_utils._kube.stop import STOP, Stop
from ansible_collections.liqo.fabric.plugins.module_utils._liqo.resources import CONFIGURATION

from tests.unit.bodies import configuration
from tests.unit.slow_server import SlowServer, serving


@pytest.fixture
def server() -> Iterator[SlowServer]:
    with serving({"leaf-a": []}) as found:
        yield found
    STOP.clear()
    ACCOUNT.clear()


def api(server: SlowServer) -> Api:
    return connect("leaf-a", {"host": server.host("leaf-a"), "api_key": "x"})


def test_no_request_begins_after_a_stop(server: SlowServer) -> None:
    asked = api(server)
    asked.create(CONFIGURATION, configuration())
    STOP.set("SIGTERM")
    for call in (lambda: asked.create(CONFIGURATION, configuration("leaf-c")), lambda: asked.list(CONFIGURATION)):
        with pytest.raises(FabricError) as raised:
            call()
        assert raised.value.fault is FailureName.INTERRUPTED
        assert "SIGTERM" in raised.value.why
    assert len(server.began) == 1


def test_a_connection_that_was_being_opened_carries_no_request(
    server: SlowServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    really = urllib3.util.connection.create_connection

    def slowly(*arguments: Any, **options: Any) -> Any:
        opened = really(*arguments, **options)
        STOP.set("SIGINT")
        return opened

    monkeypatch.setattr(urllib3.util.connection, "create_connection", slowly)
    with pytest.raises(FabricError) as raised:
        api(server).create(CONFIGURATION, configuration())
    assert raised.value.fault is FailureName.INTERRUPTED
    assert server.began == []
    assert not ACCOUNT.changed


def test_a_pause_between_two_attempts_ends_with_the_stop() -> None:
    threading.Timer(0.05, STOP.set, ["SIGTERM"]).start()
    began = time.monotonic()
    Clock().sleep(30)
    assert time.monotonic() - began < 15
    STOP.clear()


def test_who_registers_is_interrupted_once_also_after_the_stop() -> None:
    class Waiting:
        times = 0

        def interrupt(self) -> None:
            self.times += 1

    stop, early, late = Stop(), Waiting(), Waiting()
    stop.register(early)
    stop.set("SIGTERM")
    stop.set("SIGINT")
    stop.register(late)
    assert (early.times, late.times) == (1, 1)
    assert "(SIGTERM)" in str(stop.error(what="x", where="y"))


def test_the_account_names_what_is_confirmed_and_what_is_not_answered() -> None:
    account = Account()
    assert (str(account), account.changed) == ("nothing was written", False)
    with pytest.raises(ValueError), account.sending("refused"):
        raise ValueError
    assert not account.changed
    for number in range(SHOWN + 2):
        with account.sending(f"write {number}"):
            pass
    with account.sending("the last"):
        assert str(account).endswith("write 19, and 2 more; sent, and not answered yet: the last")
    assert account.changed
