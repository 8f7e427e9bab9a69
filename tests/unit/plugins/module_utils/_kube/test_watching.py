# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a stream of bytes becomes events, and how it ends."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator

import pytest
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.errors import (
    ApiError,
    FabricError,
    FailureName,
    Gone,
)
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.resources import Resource
from ansible_collections.liqo.fabric.plugins.module_utils._kube.limits import DEFAULT, Limits
from ansible_collections.liqo.fabric.plugins.module_utils._kube.watching import Ended, Watch
from hypothesis import given, settings
from hypothesis import strategies as st
from urllib3.exceptions import ProtocolError

THING = Resource(group="example.io", version="v1", plural="things", kind="Thing", namespaced=False)


class CannedResponse:
    """Stands for an answer of urllib3 that has begun: these chunks, then its end or an exception."""

    def __init__(self, chunks: Iterable[bytes], then: Exception | None = None) -> None:
        self.chunks = list(chunks)
        self.then = then
        self.is_closed = False

    def read1(self, _amount: int) -> bytes:
        if self.chunks:
            return self.chunks.pop(0)
        if self.then:
            raise self.then
        return b""

    def shutdown(self) -> None:
        """Nobody reads in another thread here."""

    def close(self) -> None:
        self.is_closed = True


class EndlessResponse(CannedResponse):
    """Sends for as long as somebody reads."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        super().__init__(())
        self.endless = chunks

    def read1(self, _amount: int) -> bytes:
        return next(self.endless)


def line(kind: str, *, name: str = "a", version: str = "7", **other: object) -> bytes:
    body = {"metadata": {"name": name, "resourceVersion": version}} | other
    return json.dumps({"type": kind, "object": body}, separators=(",", ":")).encode() + b"\n"


def watch(*chunks: bytes, then: Exception | None = None, limits: Limits = DEFAULT) -> Watch:
    return Watch(
        CannedResponse(chunks, then),  # type: ignore[arg-type]  # a stand-in
        resource=THING,
        namespace=None,
        resource_version="1",
        where="leaf-a at https://h:6443",
        limits=limits,
    )


def test_events_arrive_in_order_however_the_bytes_are_cut() -> None:
    content = line("ADDED", name="ä") + line("MODIFIED", name="b") + line("DELETED", name="c")
    for size in (1, 7, 64, len(content)):
        chunks = [content[start : start + size] for start in range(0, len(content), size)]
        seen = [(event.type, event.object["metadata"]["name"]) for event in watch(*chunks)]  # type: ignore[index]
        assert seen == [("ADDED", "ä"), ("MODIFIED", "b"), ("DELETED", "c")]


def test_the_newest_version_is_remembered_also_from_bookmarks_which_are_no_events() -> None:
    watching = watch(line("ADDED", version="8"), line("BOOKMARK", version="20"))
    assert [event.type for event in watching] == ["ADDED"]
    assert watching.resource_version == "20"


def test_without_events_the_version_to_resume_from_is_the_first() -> None:
    watching = watch()
    assert list(watching) == []
    assert (watching.resource_version, watching.ended) == ("1", Ended.SERVER)


def test_an_expired_version_raises_gone() -> None:
    status = {"type": "ERROR", "object": {"kind": "Status", "code": 410, "reason": "Expired", "message": "too old"}}
    watching = watch(line("ADDED"), json.dumps(status).encode() + b"\n")
    assert next(watching).type == "ADDED"
    with pytest.raises(Gone) as caught:
        next(watching)
    assert (caught.value.reason, list(watching)) == ("Expired", [])


def test_another_error_in_the_stream_keeps_its_status() -> None:
    status = {"type": "ERROR", "object": {"kind": "Status", "code": 500, "message": "etcd is away"}}
    with pytest.raises(ApiError, match="etcd is away"):
        next(watch(json.dumps(status).encode() + b"\n"))


def test_a_broken_connection_ends_the_iteration_after_the_last_whole_event() -> None:
    watching = watch(line("ADDED"), line("MODIFIED")[:20], then=ProtocolError("Connection broken"))
    assert [event.type for event in watching] == ["ADDED"]
    assert watching.ended is Ended.BROKEN


@pytest.mark.parametrize(
    "rubbish",
    [
        b"<html>",
        b"[]",
        b"\xff",
        b'{"type": "ADDED"}',
        b'{"type": "ADDED", "object": null}',
        b'{"type": "ADDED", "object": []}',
        b'{"type": "ADDED", "object": {"metadata": null}}',
        b'{"type": "ADDED", "object": {"metadata": {"name": "../../secrets/x"}}}',
        b'{"type": "ADDED", "object": {"metadata": {"name": "a", "namespace": "b"}}}',
        b'{"type": "MODIFIED", "object": {"metadata": {"name": "a"}, "spec": "text"}}',
        b'{"type": null, "object": {"metadata": {"name": "a"}}}',
        b'{"type": ["ADDED"], "object": {"metadata": {"name": "a"}}}',
        b'{"type": "BOOKMARK", "object": {}}',
        b'{"object": {"metadata": {"name": "a"}}}',
        b'{"type": "ADDED", "object": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b'{"type": "ADDED", "object": {"metadata": {"name": "a", "generation": ' + b"9" * 5000 + b"}}}",
    ],
)
def test_a_line_that_is_no_event_is_an_error_of_that_cluster(rubbish: bytes) -> None:
    watching = watch(rubbish + b"\n", line("ADDED"))
    with pytest.raises(FabricError, match="cannot watch things") as caught:
        next(watching)
    assert caught.value.fault is FailureName.NOT_UNDERSTOOD
    assert (list(watching), watching.ended) == ([], Ended.BROKEN)


@pytest.mark.parametrize("status", [b"null", b"[]", b'"x"', b"{}", b'{"code": true}', b'{"code": -1, "message": []}'])
def test_an_error_event_that_is_no_status_still_is_an_error(status: bytes) -> None:
    with pytest.raises(ApiError, match="answered 500: no reason given"):
        next(watch(b'{"type": "ERROR", "object": ' + status + b"}\n"))


@pytest.mark.parametrize("size", [1, 1000])
def test_a_line_without_end_is_left_at_the_limit(size: int) -> None:
    def forever() -> Iterator[bytes]:
        for _chunk in range(100_000):
            yield b"x" * size
        pytest.fail("it is read on and on")

    watching = watch(limits=Limits(line_bytes=5000))
    watching._response = EndlessResponse(forever())  # type: ignore[assignment]
    with pytest.raises(FabricError, match="more than 5000 bytes") as caught:
        next(watching)
    assert caught.value.fault is FailureName.LIMIT_REACHED
    assert watching.ended is Ended.BROKEN


def test_events_without_end_are_left_at_the_limit() -> None:
    watching = watch(line("ADDED") * 20, limits=Limits(events=10))
    with pytest.raises(FabricError, match="more than 10 events") as caught:
        list(watching)
    assert caught.value.fault is FailureName.LIMIT_REACHED


@pytest.mark.parametrize("values", [[], ["text" * 10] * 100, [{}] * 1000, [[[[[]]]]] * 200])
def test_an_event_counts_by_its_bytes_and_by_its_values(values: list[object]) -> None:
    """Python needs twenty times the memory for values that take three bytes each."""
    sent = line("ADDED", spec={"values": values})
    (event,) = watch(sent)
    small = [value for value in values if not isinstance(value, str)]
    assert event.size == len(sent) - 1 if not small else event.size > 4 * len(sent)


def test_a_closed_watch_brings_nothing_more_and_holds_no_connection() -> None:
    response = CannedResponse([line("ADDED"), line("ADDED")])
    watching = watch()
    watching._response = response  # type: ignore[assignment]
    with watching:
        pass
    assert (list(watching), watching.ended, response.is_closed) == ([], Ended.CLOSED, True)


PARTS = [
    b"{",
    b"}",
    b"[",
    b"]",
    b'"',
    b"\n",
    b"null",
    b":",
    b"\\ud800",
    b"NaN",
    b"\xff",
    b'"type"',
    b'"ADDED"',
    b'"object"',
    line("ADDED"),
]


@settings(max_examples=300, deadline=None)
@given(st.lists(st.lists(st.sampled_from(PARTS) | st.binary(max_size=3), max_size=8).map(b"".join), max_size=6))
def test_any_bytes_are_events_or_an_error_of_that_cluster(chunks: list[bytes]) -> None:
    watching = watch(*chunks)
    try:
        for event in watching:
            assert event.object["metadata"]["name"]  # type: ignore[index]
    except FabricError as problem:
        assert str(problem).isprintable()
    assert watching.ended is not None
    assert list(watching) == []
