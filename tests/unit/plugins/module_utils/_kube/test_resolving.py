# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Host names are looked up side by side, and a resolver that is silent holds nobody up."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator

import pytest
from ansible_collections.liqo.fabric.plugins.module_utils._kube.resolving import MOST_NAMES, resolve
from ansible_collections.liqo.fabric.plugins.module_utils._kube.stop import STOP


@pytest.fixture
def resolver(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """Knows a few names and says nothing of `silent` until the event is set."""
    speak = threading.Event()

    def getaddrinfo(name: str, _port: None, **_kind: int) -> list[tuple[int, int, int, str, tuple[str, int]]]:
        if name.startswith("silent"):
            speak.wait(30)
        if name == "odd":
            raise UnicodeError("label too long")
        if name != "gw.example.org":
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        kinds = ("203.0.113.7", "203.0.113.7", "2001:db8::7")
        return [(socket.AF_INET, socket.SOCK_DGRAM, 17, "", (address, 0)) for address in kinds]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    yield speak
    speak.set()


def test_each_name_has_its_addresses_or_a_reason(resolver: threading.Event) -> None:
    assert resolve(["gw.example.org", "odd", "nowhere", "nowhere"]) == {
        "gw.example.org": ("203.0.113.7", "2001:db8::7"),
        "odd": "it is no name of DNS",
        "nowhere": "Name or service not known",
    }


def test_a_silent_resolver_takes_only_its_own_answer_away(resolver: threading.Event) -> None:
    begin = time.monotonic()
    found = resolve(["silent-1", "silent-2", "gw.example.org"], patience_s=0.2)
    assert time.monotonic() - begin < 5
    assert found["silent-1"] == "the resolver gave no answer within 0.2 s"
    assert found["gw.example.org"] == ("203.0.113.7", "2001:db8::7")


def test_nobody_waits_once_the_run_is_told_to_stop(resolver: threading.Event) -> None:
    STOP.set("SIGTERM")
    try:
        begin = time.monotonic()
        resolve(["silent"], patience_s=20)
        assert time.monotonic() - begin < 5
    finally:
        STOP.clear()


def test_no_cluster_makes_us_ask_for_any_number_of_names(resolver: threading.Event) -> None:
    assert len(resolve(f"n{number}.example.org" for number in range(MOST_NAMES + 50))) == MOST_NAMES
