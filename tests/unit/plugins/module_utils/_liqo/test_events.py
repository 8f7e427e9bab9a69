# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which Event is quoted, and how much of it."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.liqo.fabric.plugins.module_utils._liqo import resources
from ansible_collections.liqo.fabric.plugins.module_utils._liqo.events import LONGEST_QUOTE, last_warning

from tests.unit.bodies import Body, body
from tests.unit.gateway_pods import NS, event

NAME = "gw-leaf-b"
SERVICE = body(resources.SERVICE, NAME, NS, metadata={"uid": "uid-2"})
OLD = event("Service", NAME, "AllocationFailed", "no available IPs", at="2026-01-01T00:00:05Z")


def last(*events: Body) -> str:
    return last_warning(events, "Service", SERVICE)


def about(uid: str) -> dict[str, Any]:
    return {"involvedObject": {"kind": "Service", "name": NAME, "uid": uid}}


def test_the_last_warning_is_quoted_whatever_their_order() -> None:
    new = event("Service", NAME, "SyncLoadBalancerFailed", "quota exceeded", at="2026-01-01T00:00:06Z")
    assert last(OLD, new) == last(new, OLD) == "SyncLoadBalancerFailed: quota exceeded"
    assert last(OLD) == "AllocationFailed: no available IPs"
    assert last() == ""


@pytest.mark.parametrize(
    "when",
    [
        {"series": {"lastObservedTime": "2026-01-01T00:00:06.000000Z"}, "lastTimestamp": None},
        {"eventTime": "2026-01-01T00:00:06.123456Z", "lastTimestamp": None},
        {"metadata": {"creationTimestamp": "2026-01-01T00:00:06Z"}, "lastTimestamp": None},
    ],
    ids=["series", "eventTime", "creation"],
)
def test_both_kinds_of_events_tell_when_they_were_seen(when: dict[str, Any]) -> None:
    assert last(OLD, event("Service", NAME, "New", "it", **when)) == "New: it"


@pytest.mark.parametrize(
    "other",
    [
        event("Service", NAME, "EnsuringLoadBalancer", "x", type="Normal"),
        event("Service", "gw-leaf-c", "AllocationFailed", "x"),
        event("Pod", NAME, "Unhealthy", "x"),
        event("Service", NAME, "AllocationFailed", "x", **about("uid-1")),
    ],
    ids=["no warning", "another Service", "another kind", "one of that name before"],
)
def test_what_is_not_about_it_is_not_quoted(other: Body) -> None:
    assert last(other) == ""
    assert last(other, event("Service", NAME, "Failed", "it", **about("uid-2"))) == "Failed: it"


def test_the_words_of_a_cluster_are_cut_and_stay_in_one_line() -> None:
    said = last(event("Service", NAME, "Failed", "a\nb\x1b[2J\u202e" + "x" * 5000))
    assert said.startswith("Failed: a b\\x1b[2J\\u202exxx")
    assert len(said) == LONGEST_QUOTE
    assert said.isprintable()
