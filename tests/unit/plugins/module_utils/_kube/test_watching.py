# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a stream of bytes becomes events, and how it ends."""

from __future__ import annotations

import json
from collections.abc import Iterable

import pytest
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.errors import ApiError, Gone
from ansible_collections.liqo.fabric.plugins.module_utils._kube.answers import Refusal, api_error
from ansible_collections.liqo.fabric.plugins.module_utils._kube.watching import Ended, Watch
from urllib3.exceptions import ProtocolError


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


def line(kind: str, *, name: str = "a", version: str = "7", **other: object) -> bytes:
    body = {"metadata": {"name": name, "resourceVersion": version}} | other
    return json.dumps({"type": kind, "object": body}).encode() + b"\n"


def watch(*chunks: bytes, then: Exception | None = None) -> Watch:
    def error_of(refusal: Refusal) -> ApiError:
        return api_error(refusal, what="cannot watch things", where="leaf-a at https://h:6443")

    response = CannedResponse(chunks, then)
    return Watch(response, resource_version="1", error_of=error_of)  # type: ignore[arg-type]  # a stand-in


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


@pytest.mark.parametrize("rubbish", [b"<html>\n", b"[]\n", b'{"type": "ADDED"}\n', b"\xff\n"])
def test_a_line_that_is_no_event_counts_as_broken(rubbish: bytes) -> None:
    watching = watch(rubbish, line("ADDED"))
    assert list(watching) == []
    assert watching.ended is Ended.BROKEN


def test_a_closed_watch_brings_nothing_more_and_holds_no_connection() -> None:
    response = CannedResponse([line("ADDED"), line("ADDED")])
    watching = watch()
    watching._response = response  # type: ignore[assignment]
    with watching:
        pass
    assert (list(watching), watching.ended, response.is_closed) == ([], Ended.CLOSED, True)
