# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""States, owners, saved plans and the limits of a run, on real clusters."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.lab_tests.laboratory import Laboratory, Task, now

pytestmark = pytest.mark.lab

LEAVES = ("leaf-a", "leaf-b", "leaf-c")
AB, BC = ("leaf-a", "leaf-b"), ("leaf-b", "leaf-c")


@pytest.fixture(autouse=True)
def _clean(lab: Laboratory) -> Iterator[None]:
    """No link between leaves, whoever made it."""
    yield
    lab.unlink(AB, BC)


def run(lab: Laboratory, *pairs: tuple[str, str], **options: Any) -> Task:
    return lab.shortcuts(LEAVES, pairs, **options)


def test_exact_removes_what_is_no_longer_wanted_and_never_more_than_allowed(lab: Laboratory) -> None:
    assert not run(lab, AB, BC).failed
    refused = run(lab, state="exact", shortcuts=[], max_removals=1)
    assert refused.failed
    assert refused.outcomes == {"leaf-a<->leaf-b": "blocked", "leaf-b<->leaf-c": "blocked"}
    assert "have 2 links that are not declared, and max_removals is 1" in refused.result["msg"]
    planned = run(lab, AB, state="exact", fabric="test", max_removals=1)
    assert planned.outcomes == {"leaf-a<->leaf-b": "in_sync", "leaf-b<->leaf-c": "removed"}, planned.log
    since = now()
    assert run(lab, AB, state="exact").outcomes == {"leaf-a<->leaf-b": "in_sync"}
    assert lab.writes(since, LEAVES) == 0


def test_two_fabrics_share_a_leaf_and_a_link_and_the_last_one_removes(lab: Laboratory) -> None:
    assert run(lab, AB).outcomes == {"leaf-a<->leaf-b": "created"}
    assert run(lab, AB, BC, fabric="edge").outcomes == {"leaf-a<->leaf-b": "repaired", "leaf-b<->leaf-c": "created"}
    for fabric, pairs in (("test", (AB,)), ("edge", (AB, BC))):
        assert run(lab, *pairs, fabric=fabric, state="exact").result["plan"] == []
    quarrel = run(lab, AB, defaults={"service_type": "NodePort", "mtu": 1300})
    assert quarrel.outcomes == {"leaf-a<->leaf-b": "blocked"}
    assert "test and edge want leaf-a <-> leaf-b differently: mtu: edge 1340, test 1300" in quarrel.result["msg"]
    forced = run(lab, AB, defaults={"service_type": "NodePort", "mtu": 1300}, force_conflicts=True)
    assert forced.outcomes == {"leaf-a<->leaf-b": "repaired"}, forced.log
    assert "edge 1340" not in str(run(lab, AB, defaults={"service_type": "NodePort", "mtu": 1300}).result.get("msg"))
    assert run(lab, AB, fabric="edge").outcomes == {"leaf-a<->leaf-b": "blocked"}
    assert run(lab, state="absent", shortcuts=None).outcomes == {"leaf-a<->leaf-b": "left"}
    assert lab.link_objects("leaf-a", "leaf-b")["gatewayservers"]
    gone = run(lab, state="absent", shortcuts=None, fabric="edge")
    assert gone.outcomes == {"leaf-a<->leaf-b": "removed", "leaf-b<->leaf-c": "removed"}, gone.log
    assert not any(lab.link_objects("leaf-a", "leaf-b").values())


def test_a_link_of_liqoctl_is_adopted_without_a_disruptive_write(lab: Laboratory) -> None:
    sides = ("--kubeconfig", str(lab.kubeconfig("leaf-b")), "--remote-kubeconfig", str(lab.kubeconfig("leaf-a")))
    lab.liqoctl("network", "connect", *sides, "--skip-confirm", "--wait", "--gw-server-service-type", "NodePort")
    specs = {cluster: _specs(lab, cluster, peer) for cluster, peer in (AB, AB[::-1])}
    pods = {cluster: _gateway_pod(lab, cluster) for cluster in AB}
    adopted = run(lab, AB, adopt=True)
    assert adopted.outcomes == {"leaf-a<->leaf-b": "repaired"}, adopted.log
    assert {field for row in adopted.result["plan"] for field in row["fields"]} == {"owners"}
    assert {cluster: _specs(lab, cluster, peer) for cluster, peer in (AB, AB[::-1])} == specs
    assert {cluster: _gateway_pod(lab, cluster) for cluster in AB} == pods
    assert run(lab, AB, state="exact").result["plan"] == []
    assert run(lab, shortcuts=[], state="exact").outcomes == {"leaf-a<->leaf-b": "removed"}


def _specs(lab: Laboratory, cluster: str, peer: str) -> list[Any]:
    return [item["spec"] for items in lab.link_objects(cluster, peer).values() for item in items]


def _gateway_pod(lab: Laboratory, cluster: str) -> list[str]:
    pods = lab.api(cluster).list("v1", "Pod", selector="networking.liqo.io/component=gateway")
    return sorted(pod["metadata"]["uid"] for pod in pods)


def test_applying_what_was_gathered_changes_nothing(lab: Laboratory) -> None:
    wishes = [{"between": list(AB), "server": "leaf-b", "mtu": 1300, "port": 51999, "service_labels": {"a": "b"}}]
    assert not run(lab, shortcuts=wishes).failed
    since = now()
    seen = run(lab, state="gathered", shortcuts=None, defaults=None)
    assert [wish["between"] for wish in seen.result["gathered"]] == [list(AB)]
    again = run(lab, shortcuts=seen.result["gathered"], defaults=None, state="exact")
    assert again.outcomes == {"leaf-a<->leaf-b": "in_sync"}, again.log
    assert lab.writes(since, LEAVES) == 0
    assert run(lab, state="gathered", shortcuts=None, fabric="edge").result["gathered"] == []


def test_rendered_manifests_are_those_that_the_run_writes(lab: Laboratory) -> None:
    before = run(lab, AB, state="rendered").result["rendered"]
    assert set(before) == set(AB)
    texts = json.dumps(before)
    assert "(known after leaf-a advertises an endpoint to leaf-b)" in texts
    assert not run(lab, AB).failed
    since = now()
    after = run(lab, AB, state="rendered").result["rendered"]
    assert "(known after" not in json.dumps(after)
    for cluster, manifests in after.items():
        api = lab.api(cluster)
        for body in manifests:
            at = (body["apiVersion"], body["kind"], body["metadata"]["name"], body["metadata"].get("namespace", ""))
            held = api.get(*at)
            assert held is not None
            assert _within(body.get("spec", {}), held.get("spec", {})), body
    assert lab.writes(since, LEAVES) == 0


def _within(part: Any, whole: Any) -> bool:
    if isinstance(part, dict):
        return isinstance(whole, dict) and all(key in whole and _within(part[key], whole[key]) for key in part)
    return bool(part == whole)


def test_what_is_held_about_a_lost_leaf_is_forgotten(lab: Laboratory) -> None:
    before = lab.everything("leaf-b")
    assert not run(lab, BC).failed
    forgotten = lab.shortcuts(("leaf-a", "leaf-b"), [], forget=["leaf-c"])
    assert forgotten.outcomes == {"leaf-b<->leaf-c": "removed"}, forgotten.log
    assert lab.everything("leaf-b") == before
    assert lab.link_objects("leaf-c", "leaf-b")["gatewayclients"]


def test_a_saved_plan_is_carried_out_exactly_or_not_at_all(lab: Laboratory, tmp_path: Path) -> None:
    file = tmp_path / "plan.json"
    missing = run(lab, AB, plan_file=str(file))
    assert "there is no plan to carry out" in missing.result["msg"]
    plan = lab.shortcuts(LEAVES, [AB], "--check", plan_file=str(file))
    assert not plan.failed, plan.log
    assert file.stat().st_mode & 0o077 == 0
    since = now()
    other = run(lab, AB, BC, plan_file=str(file))
    assert "the saved plan is no longer what would be done" in other.result["msg"]
    assert "leaf-c" in other.result["msg"]
    assert lab.writes(since, LEAVES) == 0
    done = run(lab, AB, plan_file=str(file))
    assert done.outcomes == {"leaf-a<->leaf-b": "created"}, done.log
    assert [row["name"] for row in done.result["plan"]] == [row["name"] for row in plan.result["plan"]]
    again = run(lab, AB, plan_file=str(file))
    assert "is no longer to be done" in again.result["msg"]


def test_a_dead_leaf_is_tolerated_named_and_run_again_alone(lab: Laboratory) -> None:
    lab.break_("leaf-c", "apiserver")
    tolerated = run(lab, AB, BC, tolerate="50%")
    assert not tolerated.failed, tolerated.log
    assert tolerated.outcomes == {"leaf-a<->leaf-b": "created", "leaf-b<->leaf-c": "blocked"}
    assert tolerated.result["rerun"] == {"clusters": list(BC), "pairs": [list(BC)]}
    assert "1 of 2 links are blocked or failed" in tolerated.log
    lab.mend()
    rest = run(lab, AB, BC, only=tolerated.result["rerun"]["pairs"])
    assert rest.outcomes == {"leaf-b<->leaf-c": "created"}, rest.log


def test_a_scope_keeps_a_run_away_from_other_clusters(lab: Laboratory) -> None:
    since = now()
    assert run(lab, AB, BC, scope=list(AB)).outcomes == {"leaf-a<->leaf-b": "created"}
    assert lab.requests(since, ["leaf-c"]) == 0
