# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Counting requests: each one once, and only what may change a stored object as a write."""

from __future__ import annotations

import datetime
import json
from pathlib import Path
from typing import Any

import pytest

from lab.audit import Row, count, parse, read


def event(
    verb: str = "get",
    stage: str = "ResponseComplete",
    uri: str = "/api/v1/namespaces/x/pods/y",
    target: dict[str, str] | None = None,
    at: str = "2026-01-01T00:00:01.5Z",
) -> dict[str, Any]:
    return {
        "verb": verb,
        "stage": stage,
        "requestURI": uri,
        "user": {"username": "admin"},
        "userAgent": "tool/1 (linux) more",
        "objectRef": {"resource": "pods", "namespace": "x", "name": "y"} if target is None else target,
        "responseStatus": {"code": 200},
        "requestReceivedTimestamp": at,
    }


@pytest.mark.parametrize(
    ("verb", "stage", "counted"),
    [
        ("get", "ResponseComplete", True),
        ("get", "ResponseStarted", False),
        ("watch", "ResponseStarted", True),
        ("watch", "ResponseComplete", False),
    ],
)
def test_each_request_counts_once(verb: str, stage: str, counted: bool) -> None:
    assert (parse(event(verb, stage)) is not None) is counted


@pytest.mark.parametrize(
    ("verb", "uri", "target", "write"),
    [
        ("create", "/api/v1/x", {"resource": "pods"}, True),
        ("patch", "/api/v1/x", {"resource": "pods"}, True),
        ("deletecollection", "/api/v1/x", {"resource": "pods"}, True),
        ("list", "/api/v1/x", {"resource": "pods"}, False),
        ("create", "/api/v1/x?dryRun=All", {"resource": "pods"}, False),
        ("create", "/x", {"resource": "selfsubjectaccessreviews", "apiGroup": "authorization.k8s.io"}, False),
        ("create", "/x", {"resource": "tokenreviews", "apiGroup": "authentication.k8s.io"}, False),
    ],
)
def test_writes_are_what_may_change_a_stored_object(verb: str, uri: str, target: dict[str, str], write: bool) -> None:
    request = parse(event(verb, uri=uri, target=target))
    assert request is not None
    assert request.write is write


def test_resource_is_named_with_group_and_subresource() -> None:
    target = {"resource": "gatewayservers", "apiGroup": "networking.liqo.io", "subresource": "status"}
    request = parse(event("update", target=target))
    assert request is not None
    assert request.resource == "gatewayservers.networking.liqo.io/status"


def test_rows_are_grouped_and_the_most_frequent_comes_first() -> None:
    requests = [parse(event(verb)) for verb in ("get", "update", "get")]
    rows = count(r for r in requests if r is not None)
    same = {"user": "admin", "agent": "tool/1", "resource": "pods"}
    assert rows == [
        Row(verb="get", requests=2, writes=0, **same),
        Row(verb="update", requests=1, writes=1, **same),
    ]


def test_reading_starts_at_the_moment_and_stops_before_a_half_written_line(tmp_path: Path) -> None:
    log = tmp_path / "audit.log"
    early, late = event(at="2026-01-01T00:00:00Z"), event("list", at="2026-01-01T00:00:02Z")
    log.write_text(f"{json.dumps(early)}\n{json.dumps(late)}\n" + json.dumps(late)[:40])
    since = datetime.datetime(2026, 1, 1, 0, 0, 1, tzinfo=datetime.UTC)
    assert [r.verb for r in read(log, since=since)] == ["list"]
    assert [r.verb for r in read(log)] == ["get", "list"]
