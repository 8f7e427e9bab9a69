# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An API server that sends without end, or what nobody asked for: an error of its cluster within a bounded time."""

from __future__ import annotations

import gzip
import itertools
import json
import socket
import threading
import time
import tracemalloc
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager, suppress
from typing import Any

import pytest
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.errors import (
    ApiError,
    FabricError,
    FailureName,
    Unreachable,
)
from ansible_collections.liqo.fabric.plugins.module_utils._kube.client import Api
from ansible_collections.liqo.fabric.plugins.module_utils._kube.connection import connect
from ansible_collections.liqo.fabric.plugins.module_utils._kube.limits import Limits
from ansible_collections.liqo.fabric.plugins.module_utils._kube.retry import RetryPolicy
from ansible_collections.liqo.fabric.plugins.module_utils._kube.watching import Ended
from ansible_collections.liqo.fabric.plugins.module_utils._liqo.resources import CONNECTION, NAMESPACE

from tests.unit import bodies

Sent = Iterable[bytes]
PATIENCE_S = 10


class Hostile:
    """A server that answers each request with these bytes, and breaks the connection off after them."""

    def __init__(self, answer: Callable[[str], Sent]) -> None:
        self.answer = answer
        self.targets: list[str] = []
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.socket.getsockname()[1]}"

    def serve(self) -> None:
        with suppress(OSError):
            while True:
                connection, _address = self.socket.accept()
                threading.Thread(target=self.speak, args=(connection,), daemon=True).start()

    def speak(self, connection: socket.socket) -> None:
        with suppress(OSError), connection:
            asked = b""
            while b"\r\n\r\n" not in asked:
                asked += connection.recv(65536)
            self.targets.append(asked.split(b" ", 2)[1].decode())
            for part in self.answer(self.targets[-1]):
                connection.sendall(part)


@contextmanager
def hostile(answer: Callable[[str], Sent], *, delays_s: tuple[float, ...] = (), **limits: Any) -> Iterator[Api]:
    server = Hostile(answer)
    threading.Thread(target=server.serve, daemon=True).start()
    policy = RetryPolicy(delays_s=delays_s)
    with (
        closing(server.socket),
        closing(connect("leaf-a", {"host": server.url}, limits=Limits(**limits), retry=policy)) as api,
    ):
        yield api
        # Ends the thread too, which waits for a connection.
        server.socket.shutdown(socket.SHUT_RDWR)


def head(*lines: str, status: str = "200 OK") -> bytes:
    return "\r\n".join([f"HTTP/1.1 {status}", "Connection: close", *lines, "", ""]).encode("latin-1")


def answer(body: object, *lines: str, status: str = "200 OK") -> list[bytes]:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return [head(f"Content-Length: {len(content)}", *lines, status=status), content]


def a_list(*items: object, **metadata: object) -> dict[str, object]:
    return {"metadata": {"resourceVersion": "1", **metadata}, "items": list(items)}


def endless(first: bytes, again: bytes, pause_s: float = 0.0) -> Iterator[bytes]:
    yield first
    while True:
        time.sleep(pause_s)
        yield again


def refused(api: Api, fault: FailureName, words: str) -> FabricError:
    """The error with which a list ends, in time."""
    started = time.monotonic()
    with pytest.raises(FabricError, match=words) as caught:
        api.list(CONNECTION)
    assert time.monotonic() - started < PATIENCE_S
    assert caught.value.fault is fault
    assert caught.value.where.startswith("leaf-a at http://")
    return caught.value


@pytest.mark.parametrize("items", [[], [bodies.connection()] * 3])
def test_pages_without_end_are_left_at_the_limit(items: list[object]) -> None:
    tokens = itertools.count()
    with hostile(lambda _: answer(a_list(*items, **{"continue": f"t{next(tokens)}"})), pages=7) as api:
        refused(api, FailureName.LIMIT_REACHED, "more than 7 pages of one list")
        assert api.counters.requests == 7


def test_objects_and_bytes_of_one_list_are_bounded_over_all_pages() -> None:
    tokens = itertools.count()

    def page(_target: str) -> Sent:
        return answer(a_list(bodies.connection(), bodies.connection(), **{"continue": f"t{next(tokens)}"}))

    with hostile(page, items=10) as api:
        refused(api, FailureName.LIMIT_REACHED, "more than 10 objects")
        assert api.counters.requests == 5
    with hostile(page, list_bytes=10_000) as api:
        refused(api, FailureName.LIMIT_REACHED, "more than 10000 bytes of one list")


def test_a_name_of_a_next_page_that_is_too_long_is_asked_for_nowhere() -> None:
    with hostile(lambda _: answer(a_list(**{"continue": "x" * 101})), continue_token=100) as api:
        refused(api, FailureName.LIMIT_REACHED, "a continue token of more than 100 characters")
        assert api.counters.requests == 1


def test_all_lists_of_one_reading_have_a_limit_together() -> None:
    three = answer(a_list(*[bodies.connection()] * 3))
    bounds: list[tuple[dict[str, Any], str]] = [
        ({"reading_items": 10}, "more than 10 objects"),
        ({"reading_bytes": 5000}, "more than 5000 bytes"),
    ]
    for limits, words in bounds:
        with hostile(lambda _: three, **limits) as api:
            reading = api.within(30)
            with pytest.raises(FabricError, match=f"{words} in all") as caught:
                for _list in range(20):
                    reading.within(20).list(CONNECTION)
            assert caught.value.fault is FailureName.LIMIT_REACHED
            assert 1 < api.counters.requests < 20
            assert len(api.within(30).list(CONNECTION).items) == 3


def test_one_look_that_is_repeated_all_the_time_takes_little() -> None:
    three = answer(a_list(*[bodies.connection()] * 3))
    bounds: list[dict[str, Any]] = [{"glance_items": 5}, {"glance_bytes": 3000}]
    for limits in bounds:
        with hostile(lambda _: three, **limits) as api:
            look = api.within(30).glance(5)
            assert len(look.list(CONNECTION).items) == 3
            with pytest.raises(FabricError) as caught:
                for _list in range(5):
                    look.list(CONNECTION)
            assert caught.value.fault is FailureName.LIMIT_REACHED
            assert len(api.glance(5).list(CONNECTION).items) == 3


def test_the_same_next_page_twice_is_no_list() -> None:
    with hostile(lambda _: answer(a_list(**{"continue": "same"}))) as api:
        refused(api, FailureName.NOT_UNDERSTOOD, "same next page twice")
        assert api.counters.requests == 2


@pytest.mark.parametrize("lines", [(), ("Transfer-Encoding: chunked",), ("Content-Length: 99999999999",)])
def test_an_answer_without_end_is_left_at_the_limit_and_not_kept(lines: tuple[str, ...]) -> None:
    part = b"x" * 60_000
    chunk = f"{len(part):x}\r\n".encode() + part + b"\r\n" if "Transfer-Encoding: chunked" in lines else part
    with hostile(lambda _: endless(head(*lines), chunk), answer_bytes=2_000_000) as api:
        tracemalloc.start()
        try:
            refused(api, FailureName.LIMIT_REACHED, "more than 2000000 bytes")
            assert tracemalloc.get_traced_memory()[1] < 10_000_000
        finally:
            tracemalloc.stop()


def test_an_error_page_without_end_is_read_no_further_than_needed() -> None:
    with hostile(lambda _: endless(head(status="403 Forbidden"), b"x" * 60_000)) as api:
        refused(api, FailureName.API_ERROR, "answered 403: this is no answer of Kubernetes")


@pytest.mark.parametrize("rounds", [1, 2])
@pytest.mark.parametrize("status", ["200 OK", "403 Forbidden"])
def test_a_compressed_answer_is_not_unfolded(rounds: int, status: str) -> None:
    bomb = b" " * 50_000_000
    for _round in range(rounds):
        bomb = gzip.compress(bomb, 1)
    lines = "Content-Encoding: " + ", ".join(["gzip"] * rounds)
    with hostile(lambda _: answer(bomb, lines, status=status)) as api:
        tracemalloc.start()
        try:
            with pytest.raises(FabricError, match="compressed" if status == "200 OK" else "no answer of"):
                api.list(CONNECTION)
            assert tracemalloc.get_traced_memory()[1] < 5_000_000
        finally:
            tracemalloc.stop()


SLOW = 0.05


@pytest.mark.parametrize(
    ("first", "again"),
    [
        (b"", b"H"),
        (b"HTTP/1.1 200 OK\r\n", b"X-Header: y\r\n"),
        (b"HTTP/1.1 200 OK\r\nX-Header: ", b"y"),
        (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
        (head("Content-Length: 100000", status="500 Oops"), b" "),
    ],
)
@pytest.mark.parametrize("verb", ["list", "watch"])
def test_a_server_that_only_trickles_ends_at_the_deadline(first: bytes, again: bytes, verb: str) -> None:
    with hostile(lambda _: endless(first, again, SLOW), call_deadline_s=0.5) as api:
        started = time.monotonic()
        with pytest.raises(Unreachable, match=r"0\.5 s for one request") as caught:
            api.list(CONNECTION) if verb == "list" else api.watch(CONNECTION, resource_version="1", timeout_s=300)
        assert time.monotonic() - started < PATIENCE_S
        assert caught.value.fault is FailureName.LIMIT_REACHED


TRICKLES = [
    (head("Content-Length: 100000"), b" "),
    (head("Transfer-Encoding: chunked"), b"1\r\n \r\n"),
    (head("Transfer-Encoding: chunked"), b"0"),
    (head("Transfer-Encoding: chunked") + b"0\r\n", b"X-Trailer: y\r\n"),
]


@pytest.mark.parametrize(("first", "again"), TRICKLES)
def test_a_body_that_only_trickles_ends_at_the_deadline(first: bytes, again: bytes) -> None:
    with hostile(lambda _: endless(first, again, SLOW), call_deadline_s=0.5) as api:
        refused(api, FailureName.LIMIT_REACHED, r"0\.5 s for one request")


@pytest.mark.parametrize(("first", "again"), TRICKLES)
def test_a_watch_that_only_trickles_ends_after_its_time(first: bytes, again: bytes) -> None:
    with hostile(lambda _: endless(first, again, SLOW), watch_grace_s=0.3) as api:
        started = time.monotonic()
        with api.watch(CONNECTION, resource_version="1", timeout_s=0.2) as watch:
            assert (list(watch), watch.ended) == ([], Ended.BROKEN)
        assert time.monotonic() - started < PATIENCE_S


def test_pages_that_only_trickle_end_with_the_time_of_the_list_or_of_the_cluster() -> None:
    tokens = itertools.count()

    def page(_target: str) -> Sent:
        time.sleep(0.1)
        return answer(a_list(**{"continue": f"t{next(tokens)}"}))

    with hostile(page, list_s=0.5) as api:
        refused(api, FailureName.LIMIT_REACHED, r"0\.5 s for one list")
        refused(api.within(0.3), FailureName.LIMIT_REACHED, r"0\.3 s for this cluster")


def test_no_redirection_is_followed() -> None:
    with hostile(lambda _: answer(a_list())) as other:
        for code in (301, 302, 303, 307, 308):
            elsewhere = answer(b"", f"Location: {other.url}/x", status=f"{code} Elsewhere")
            with hostile(lambda _, said=elsewhere: said) as api:  # type: ignore[misc]  # bound in this round
                with pytest.raises(ApiError, match="redirects elsewhere"):
                    api.list(CONNECTION)
                with pytest.raises(ApiError, match="redirects elsewhere"):
                    api.watch(CONNECTION, resource_version="1", timeout_s=1)
                assert api.counters.requests == 2
        assert other.list(CONNECTION).items == ()
        assert other.counters.requests == 1


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"\0" * 100,
        b"HTTP/1.1 abc OK\r\n\r\n",
        b"HTTP/1.1 99 OK\r\n\r\n",
        b"HTTP/1.1 1000 OK\r\n\r\n",
        b"HTTP/9.9 200 OK\r\n\r\n",
        b"HTTP/1.1 200 " + b"x" * 100_000 + b"\r\n\r\n",
        head(*["X: y"] * 1000),
        head("X: " + "y" * 100_000),
        head("Content-Length: -5") + b"{}",
        head("Content-Length: 5, 6") + b"{}",
        head("Content-Length: \xb2") + b"{}",
        head("Content-Length: " + "9" * 5000) + b"{}",
        head("Content-Length: 100") + b"{}",
        head("Transfer-Encoding: chunked") + b"zz\r\n{}\r\n",
        head("Transfer-Encoding: chunked") + b"-5\r\n{}\r\n",
        head("Transfer-Encoding: chunked") + b"f" * 60_000 + b"\r\n{}\r\n",
        head("Transfer-Encoding: chunked", "Content-Length: 2") + b"2\r\n{}\r\n0\r\n\r\n",
        head("Date: \x1b[2J", "Content-Length: 2") + b"{}",
        head("Content-Length: 2", " folded", "no colon", "Retry-After: \xb2", status="429 x\x1b") + b"{}",
        head(status="204 No Content"),
        *(head("Content-Length: 0", status=f"{code} x") for code in (201, 299, 304, 400, 401, 418, 599, 999)),
    ],
)
def test_whatever_stands_where_http_should_be_is_an_error_of_that_cluster(said: bytes) -> None:
    with hostile(lambda _: [said]) as api:
        for call in (
            lambda: api.list(CONNECTION),
            lambda: api.get(NAMESPACE, name="x"),
            lambda: api.create(NAMESPACE, {"metadata": {"name": "x"}}),
            lambda: api.request(method="POST", path="/version", body={}),
            lambda: list(api.watch(CONNECTION, resource_version="1", timeout_s=1)),
        ):
            try:
                call()
            except FabricError as problem:
                assert str(problem).isprintable()


def test_a_confirmed_write_counts_although_its_answer_is_of_no_use() -> None:
    with hostile(lambda _: answer(b"{{{", status="201 Created")) as api:
        with pytest.raises(FabricError) as caught:
            api.create(NAMESPACE, {"metadata": {"name": "x"}})
        assert caught.value.fault is FailureName.NOT_UNDERSTOOD
        assert api.counters.writes == 1


def test_an_answer_about_another_object_is_refused() -> None:
    with hostile(lambda _: answer(bodies.namespace())) as api:
        with pytest.raises(FabricError, match="another object"):
            api.get(NAMESPACE, name="kube-system")
        with pytest.raises(FabricError, match="another object"):
            api.create(NAMESPACE, {"metadata": {"name": "x"}})


@pytest.mark.parametrize("name", ["..", ".", "../../secrets/x", "a/b", "a?x=y", "a#b", "a%2e", "a b", "a\n", "", "ü"])
def test_no_name_of_a_cluster_leads_to_another_path(name: str) -> None:
    with hostile(lambda _: answer({})) as api:
        body = {"metadata": {"name": name, "namespace": "b", "resourceVersion": "1"}}
        elsewhere = {"metadata": {"name": "a", "namespace": name, "resourceVersion": "1"}}
        for call in (
            lambda: api.get(CONNECTION, name=name, namespace="b"),
            lambda: api.get(CONNECTION, name="a", namespace=name),
            lambda: api.delete(CONNECTION, name=name, namespace="b", uid="u"),
            lambda: api.delete(CONNECTION, name="a", namespace=name, uid="u"),
            lambda: api.list(CONNECTION, namespace=name),
            lambda: api.watch(CONNECTION, namespace=name, resource_version="1", timeout_s=1),
            lambda: api.replace(CONNECTION, body),
            lambda: api.replace(CONNECTION, elsewhere),
            lambda: api.create(CONNECTION, elsewhere),
        ):
            with pytest.raises(FabricError, match="part of a URL") as caught:
                call()
            assert caught.value.fault is FailureName.NOT_UNDERSTOOD
        assert api.counters.requests == 0
