# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From an answer of the API server to a body, or to the error that a caller reacts to."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from ansible_collections.liqo.fabric.plugins.module_utils._fabric import errors
from ansible_collections.liqo.fabric.plugins.module_utils._kube.answers import (
    Refusal,
    api_error,
    read_answer,
    read_refusal,
    refusal_of_status,
)
from ansible_collections.liqo.fabric.plugins.module_utils._kube.door import NotKubernetesError
from ansible_collections.liqo.fabric.plugins.module_utils._kube.limits import DEFAULT

NOW = datetime(2026, 5, 1, 12, 0, 0, tzinfo=UTC)


def status_body(code: int, *, reason: str = "", message: str = "", **details: object) -> bytes:
    body = {"kind": "Status", "apiVersion": "v1", "code": code, "reason": reason, "message": message}
    return json.dumps(body | {"details": details}).encode()


def error_for(status: int, content: bytes = b"", *, quote: bool = True) -> errors.ApiError:
    refusal = read_refusal(status, {}, content)
    return api_error(refusal, what="cannot list things", where="leaf-a at https://h:6443", quote=quote)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, errors.ApiError),
        (401, errors.Unauthorized),
        (403, errors.Forbidden),
        (404, errors.NotFound),
        (409, errors.Conflict),
        (410, errors.Gone),
        (422, errors.Invalid),
        (429, errors.Throttled),
        (500, errors.ApiError),
        (503, errors.ApiError),
        (302, errors.ApiError),
    ],
)
def test_each_status_becomes_the_class_that_callers_react_to(status: int, kind: type[errors.ApiError]) -> None:
    error = error_for(status, status_body(status, reason="Because"))
    assert type(error) is kind
    assert (error.status, error.reason) == (status, "Because")


def test_the_words_of_a_status_are_quoted() -> None:
    error = error_for(403, status_body(403, reason="Forbidden", message="user x cannot list things"))
    assert error.why == "the API server answered 403: user x cannot list things"


def test_long_words_of_the_server_are_cut() -> None:
    error = error_for(500, status_body(500, message="x" * 1000))
    assert error.why.count("x") == DEFAULT.quoted_text - 1


@pytest.mark.parametrize(
    "content", [b"<html>secret page</html>", b'{"kind":"Other","message":"secret"}', b"", b"[1]", b"\xff"]
)
def test_nothing_but_a_status_object_is_quoted(content: bytes) -> None:
    error = error_for(502, content)
    assert error.why == "the API server answered 502: no reason given"


def test_the_answer_to_a_secret_is_not_quoted() -> None:
    error = error_for(422, status_body(422, reason="Invalid", message="Invalid value: c2VjcmV0"), quote=False)
    assert "c2VjcmV0" not in str(error)
    assert "Invalid" in error.why


@pytest.mark.parametrize(
    ("causes", "fault"),
    [
        ([{"reason": "NamespaceTerminating", "field": "metadata.namespace"}], errors.FailureName.NAMESPACE_TERMINATING),
        ([{"reason": "Other"}], errors.FailureName.MISSING_RIGHT),
        ([{}, None], errors.FailureName.MISSING_RIGHT),
        (None, errors.FailureName.MISSING_RIGHT),
    ],
)
def test_a_namespace_that_goes_is_told_from_a_missing_right(causes: object, fault: errors.FailureName) -> None:
    error = error_for(403, status_body(403, reason="Forbidden", message="x", causes=causes))
    assert error.fault is fault
    assert ("namespace" in error.next) is (fault is errors.FailureName.NAMESPACE_TERMINATING)


def test_a_missing_object_is_told_from_a_missing_kind() -> None:
    of_object = error_for(404, status_body(404, reason="NotFound", message="x", name="leaf-a", kind="configurations"))
    of_kind = error_for(404, b"404 page not found")
    assert "Liqo is installed" not in of_object.next
    assert "Liqo is installed" in of_kind.next


@pytest.mark.parametrize(
    ("headers", "content", "expected"),
    [
        ({"Retry-After": "3"}, b"", 3.0),
        ({}, status_body(429, retryAfterSeconds=2), 2.0),
        ({"Retry-After": "3"}, status_body(429, retryAfterSeconds=2), 3.0),
        ({"Retry-After": "Fri, 31 Dec 1999 23:59:59 GMT"}, b"", None),
        ({}, status_body(429, retryAfterSeconds=0), None),
        ({}, b"", None),
    ],
)
def test_the_pause_asked_for_comes_from_header_or_status(
    headers: dict[str, str], content: bytes, expected: float | None
) -> None:
    assert read_refusal(429, headers, content).retry_after_s == expected


def test_a_status_inside_a_watch_reads_the_same() -> None:
    refusal = refusal_of_status({"kind": "Status", "code": 410, "reason": "Expired", "message": "too old"})
    assert refusal == Refusal(status=410, reason="Expired", message="too old")


def test_the_clock_of_the_server_is_its_date_header() -> None:
    answer = read_answer(status=200, headers={"Date": "Fri, 01 May 2026 14:00:05 +0200"}, content=b"{}", now=NOW)
    assert answer.server_time == datetime(2026, 5, 1, 12, 0, 5, tzinfo=UTC)


@pytest.mark.parametrize("headers", [{}, {"Date": "yesterday"}])
def test_our_clock_stands_in_for_a_date_that_is_missing(headers: dict[str, str]) -> None:
    assert read_answer(status=200, headers=headers, content=b"", now=NOW).server_time == NOW


@pytest.mark.parametrize("content", [b"<html>", b"[]", b'"x"', b"\xff\xfe"])
def test_a_success_that_is_no_json_object_is_not_a_kubernetes_answer(content: bytes) -> None:
    with pytest.raises(NotKubernetesError):
        read_answer(status=200, headers={}, content=content, now=NOW)
