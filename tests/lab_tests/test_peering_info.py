# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What peering_info says of real clusters, held against what Liqo's own client says of the same ones."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from tests.lab_tests.laboratory import Laboratory, Task, eventually, now

pytestmark = pytest.mark.lab

CLUSTERS = ("hub", "leaf-a", "leaf-b", "leaf-c")
AB = ("leaf-a", "leaf-b")
LISTS_PER_CLUSTER = 15
MODULES = ("networking", "authentication", "offloading")


@pytest.fixture(scope="module", autouse=True)
def shortcut(lab: Laboratory) -> Iterator[None]:
    """leaf-a and leaf-b are connected while the tests of this file run."""
    made = lab.shortcuts(AB, [AB])
    assert not made.failed, made.log
    yield
    gone = lab.shortcuts(AB, [AB], state="absent")
    assert not gone.failed, gone.log


def look(lab: Laboratory, *names: str, arguments: tuple[str, ...] = (), **options: Any) -> Task:
    task = lab.module("peering_info", {"clusters": lab.clusters(names), **options}, *arguments)
    assert not task.failed, task.log
    assert task.result["changed"] is False
    return task


@pytest.fixture(scope="module")
def seen(lab: Laboratory, shortcut: None) -> Task:
    """All clusters at one moment at which everything is well."""
    found: list[Task] = []

    def is_fresh() -> bool:
        found.append(look(lab, *CLUSTERS))
        return bool(found[-1].result["summary"]["rungs"]["fresh"] == 4)

    eventually(is_fresh, what="four links are fresh", timeout_s=120)
    return found[-1]


def liqoctl(lab: Laboratory, cluster: str, *arguments: str) -> Any:
    return json.loads(lab.liqoctl("info", *arguments, "-o", "json", "--kubeconfig", str(lab.kubeconfig(cluster))))


def towards(seen: Task, cluster: str, peer: str) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """The link of two clusters, and the end that is in the first one."""
    link = seen.link(cluster, peer)
    return link, link["ends"][link["between"].index(cluster)]


@pytest.mark.parametrize("cluster", CLUSTERS)
def test_identity_version_labels_and_networks_are_those_of_liqoctl(lab: Laboratory, seen: Task, cluster: str) -> None:
    ours = seen.result["clusters"][cluster]
    local, network = liqoctl(lab, cluster)["local"], liqoctl(lab, cluster, "--get", "network")
    assert (ours["cluster"], f"v{ours['version']}", ours["labels"], ours["api_server"]) == (
        local["clusterID"],
        local["version"],
        local["labels"],
        local["APIServerAddr"],
    )
    assert ours["networks"] == {
        "pod": network["podCIDRs"],
        "service": [network["serviceCIDR"]],
        "external": [network["externalCIDR"]],
        "internal": [network["internalCIDR"]],
    }


@pytest.mark.parametrize("cluster", CLUSTERS)
def test_peers_roles_and_modules_are_those_of_liqoctl(lab: Laboratory, seen: Task, cluster: str) -> None:
    peers = liqoctl(lab, cluster)["peerings"]["peers"]
    linked = {end for link in seen.result["links"] if cluster in link["between"] for end in link["between"]}
    assert {peer["clusterID"] for peer in peers} == linked - {cluster}
    for peer in peers:
        _link, end = towards(seen, cluster, peer["clusterID"])
        enabled = {name for name in MODULES if peer[f"{name}Status"] != "Disabled"}
        assert (end["peer_role"], set(end["modules"])) == (peer["role"], enabled)
        assert (peer["networkingStatus"] == "Healthy") == (end["connection"] == "Connected")


@pytest.mark.parametrize("cluster", CLUSTERS)
def test_remaps_and_gateways_are_those_of_liqoctl(lab: Laboratory, seen: Task, cluster: str) -> None:
    for peer, theirs in liqoctl(lab, cluster, "peer").items():
        link, end = towards(seen, cluster, peer)
        cidrs, gateway = theirs["network"]["CIDRs"], theirs["network"]["gateway"]
        for name in ("pod", "external"):
            assert [row["native"] for row in end["remap"][name]] == cidrs["remote"][name]
            assert [row["remapped"] for row in end["remap"][name]] == cidrs["remapped"][name]
        # liqoctl names the role of the peer, and the server's address on either side.
        assert end["role"] == {"Server": "client", "Client": "server"}[gateway["role"]]
        assert link["server"] == (peer if gateway["role"] == "Server" else cluster)
        endpoint = link["endpoint"]["used" if end["role"] == "client" else "advertised"]
        assert (endpoint["addresses"], endpoint["port"]) == (gateway["address"], gateway["port"])


def test_peerings_have_a_direction_and_the_shortcut_has_none(seen: Task) -> None:
    ways = {tuple(link["between"]): (link["kind"], link["peering"]) for link in seen.result["links"]}
    assert ways == {
        ("hub", "leaf-a"): ("peering", [{"consumer": "hub", "provider": "leaf-a"}]),
        ("hub", "leaf-b"): ("peering", [{"consumer": "hub", "provider": "leaf-b"}]),
        ("hub", "leaf-c"): ("peering", [{"consumer": "hub", "provider": "leaf-c"}]),
        ("leaf-a", "leaf-b"): ("shortcut", []),
    }


def test_a_healthy_link_is_complete_on_both_ends(seen: Task) -> None:
    link = seen.link(*AB)
    assert (link["owners"], link["evidence"]["faults"]) == (["test"], [])
    assert [(end["mtu"], end["key_matches"], end["connection"]) for end in link["ends"]] == [
        (1340, True, "Connected")
    ] * 2
    # Which the first measurement after a connect may exceed by far, so that no bound is asserted.
    assert link["latency_ms"] > 0


def test_looking_writes_nothing_and_asks_a_constant_number_of_questions(lab: Laboratory) -> None:
    since = now()
    look(lab, *CLUSTERS)
    assert lab.writes(since, CLUSTERS) == 0
    assert 0 < lab.requests(since, CLUSTERS) <= LISTS_PER_CLUSTER * len(CLUSTERS)


def test_check_mode_says_the_same(lab: Laboratory, seen: Task) -> None:
    checked = look(lab, *CLUSTERS, arguments=("--check",))
    assert checked.result["summary"] == seen.result["summary"]


def test_a_peer_that_the_task_does_not_name_is_foreign(lab: Laboratory) -> None:
    seen = look(lab, "leaf-a", "leaf-b")
    link, near = towards(seen, "leaf-a", "hub")
    _link, far = towards(seen, "hub", "leaf-a")
    assert (link["kind"], near["reachable"], far["reachable"]) == ("foreign", True, None)
    assert link["evidence"]["rung"] == "declared"
    assert seen.link(*AB)["kind"] == "shortcut"


def test_a_query_selects(lab: Laboratory) -> None:
    seen = look(lab, *CLUSTERS, query="links[?kind == 'shortcut'].between | [0]")
    assert seen.result["result"] == list(AB)
    assert "links" not in seen.result


def test_a_cluster_that_is_another_one_is_a_failure_of_that_cluster_alone(lab: Laboratory) -> None:
    wrong = {"name": "leaf-x", "kubeconfig": str(lab.kubeconfig("leaf-b"))}
    seen = lab.module("peering_info", {"clusters": [*lab.clusters(["leaf-a"]), wrong]})
    assert not seen.failed, seen.log
    assert not seen.result["clusters"]["leaf-x"]["reachable"]
    assert "'leaf-b', not 'leaf-x'" in seen.result["clusters"]["leaf-x"]["failure"]["what"]
    assert seen.result["clusters"]["leaf-a"]["reachable"]


def test_a_dead_api_server_is_listed_by_its_address_and_leaves_its_ends_unknown(lab: Laboratory) -> None:
    address = look(lab, "leaf-b").result["clusters"]["leaf-b"]["address"]
    lab.break_("leaf-b", "apiserver")
    seen = look(lab, *CLUSTERS)
    assert (seen.result["summary"]["clusters"], seen.result["summary"]["unreachable"]) == (4, 1)
    failure = seen.result["clusters"]["leaf-b"]["failure"]
    assert address in failure["where"]
    assert seen.result["failures"] == [failure]
    link, far = towards(seen, "leaf-b", "leaf-a")
    assert (link["kind"], far["reachable"], link["evidence"]["rung"]) == ("unknown", False, "declared")
    assert seen.link("hub", "leaf-b")["kind"] == "peering"
    assert seen.link("hub", "leaf-a")["evidence"]["rung"] == "fresh"


@pytest.mark.slow
def test_a_dead_gateway_does_not_pass_for_a_live_one(lab: Laboratory) -> None:
    """Its own Connection goes on saying Connected; only the timestamp gives it away."""
    last: dict[str, Any] = {}

    def reaches(rung: str, **faults: str) -> bool:
        last.update(look(lab, *AB).link(*AB)["evidence"])
        named = {fault["cluster"].replace("-", "_"): fault["name"] for fault in last["faults"]}
        return bool(last["rung"] == rung and named == faults)

    eventually(lambda: reaches("fresh"), what="the link is fresh", timeout_s=120, every_s=1)
    lab.break_("leaf-b", "gateway:leaf-a")
    eventually(
        lambda: reaches("agreed", leaf_a="dead-tunnel", leaf_b="stale-latency"),
        what="both ends tell the dead gateway",
        timeout_s=120,
        every_s=2,
    )
    assert last["why_not_next"].startswith("leaf-a: Connection gw-leaf-b is Error")


def test_no_private_key_is_in_the_most_talkative_log(lab: Laboratory) -> None:
    log = look(lab, *CLUSTERS, arguments=("-vvvv",)).log
    private = [
        secret["data"]["privateKey"]
        for cluster in CLUSTERS
        for secret in lab.api(cluster).request("GET", "/api/v1/secrets")["items"]
        if "privateKey" in (secret.get("data") or {})
    ]
    # The gateways of four links have eight; Liqo's authentication has more. None is quoted when this fails.
    assert len(private) >= 8
    leaked = sum(key in log or base64.b64decode(key).hex() in log for key in private)
    assert leaked == 0
