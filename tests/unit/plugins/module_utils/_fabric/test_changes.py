# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Events as rulebooks get them."""

from __future__ import annotations

import json
from datetime import UTC, datetime

from ansible_collections.liqo.fabric.plugins.module_utils._fabric.changes import (
    Back,
    Change,
    Lost,
    SeenService,
    back_event,
    changes_event,
    lost_event,
)
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.errors import Unreachable
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.most import MOST_REASONS, MOST_SERVICES_NAMED

from tests.unit.build import cluster_id, pair

A, B = cluster_id("leaf-a"), cluster_id("leaf-b")
FIRST, LAST = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 1, 0, 0, 1, 500_000, tzinfo=UTC)


def test_changes_become_one_event_that_names_everything_once() -> None:
    service = SeenService(cluster=cluster_id("leaf-c"), namespace="shop", name="web")
    changes = [
        Change(cluster=B, reason="second", pairs=frozenset({pair()})),
        Change(cluster=A, reason="first", pairs=frozenset({pair()})),
        Change(cluster=A, reason="first", pairs=frozenset({pair()})),
        Change(cluster=cluster_id("leaf-c"), reason="third", service=service),
    ]
    assert changes_event(changes, first_seen=FIRST, last_seen=LAST) == {
        "liqo": {
            "clusters": ["leaf-a", "leaf-b", "leaf-c"],
            "pairs": [["leaf-a", "leaf-b"]],
            "services": [{"cluster": "leaf-c", "namespace": "shop", "name": "web"}],
            "reasons": ["second", "first", "third"],
            "first_seen": "2026-01-01T00:00:00.000Z",
            "last_seen": "2026-01-01T00:00:01.500Z",
        }
    }


def test_both_ends_of_a_pair_are_named_although_one_has_told() -> None:
    event = changes_event(
        [Change(cluster=A, reason="one", pairs=frozenset({pair()}))], first_seen=FIRST, last_seen=FIRST
    )
    assert event["liqo"]["clusters"] == ["leaf-a", "leaf-b"]


def test_a_storm_has_a_bounded_number_of_reasons() -> None:
    changes = [Change(cluster=A, reason=f"reason {number}") for number in range(1000)]
    reasons = changes_event(changes, first_seen=FIRST, last_seen=LAST)["liqo"]["reasons"]
    assert len(reasons) == MOST_REASONS
    assert reasons[-1] == f"leaf-a: and {1000 - MOST_REASONS + 1} more"


def of_service(number: int) -> Change:
    service = SeenService(cluster=B, namespace="shop", name=f"web-{number:04}")
    return Change(cluster=B, reason=f"leaf-b: {service.name}", service=service)


def test_a_storm_of_one_cluster_hides_no_reason_of_another_and_none_of_its_own_links() -> None:
    links = [Change(cluster=one, reason=f"{one}: link", pairs=frozenset({pair()})) for one in (A, B)]
    event = changes_event([*map(of_service, range(1000)), *links], first_seen=FIRST, last_seen=LAST)["liqo"]
    assert event["reasons"] == [
        *(f"leaf-b: web-{number:04}" for number in range(MOST_REASONS - 1)),
        "leaf-a: link",
        "leaf-b: link",
        f"leaf-b: and {1000 - MOST_REASONS + 1} more",
    ]


def test_of_each_cluster_so_many_services_are_named() -> None:
    shop = SeenService(cluster=cluster_id("leaf-c"), namespace="shop", name="web")
    changes = [*map(of_service, range(1000)), Change(cluster=shop.cluster, reason="leaf-c: web", service=shop)]
    named = changes_event(changes, first_seen=FIRST, last_seen=LAST)["liqo"]["services"]
    assert [one["name"] for one in named] == [f"web-{number:04}" for number in range(MOST_SERVICES_NAMED)] + ["web"]


def test_an_outage_and_its_end_say_when_it_began() -> None:
    problem = Unreachable(what="cannot list", where="leaf-a at https://x", why="refused", next="start it")
    lost = lost_event(Lost(cluster=A, problem=problem), since=FIRST)
    assert lost["liqo"]["unreachable"] == {
        "cluster": "leaf-a",
        "fault": "unreachable",
        "what": "cannot list",
        "where": "leaf-a at https://x",
        "why": "refused",
        "cause": "",
        "next": "start it",
        "since": "2026-01-01T00:00:00.000Z",
    }
    back = back_event(Back(cluster=A), since=FIRST)
    assert back == {"liqo": {"reachable": {"cluster": "leaf-a", "unreachable_since": "2026-01-01T00:00:00.000Z"}}}
    json.dumps([lost, back])
