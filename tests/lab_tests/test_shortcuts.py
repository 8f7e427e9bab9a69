# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Shortcuts on real API servers, real Liqo controllers and real tunnels, through ansible-playbook."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import yaml

from lab.api import Api
from tests.lab_tests.laboratory import Laboratory, Task, now

pytestmark = pytest.mark.lab

API = "networking.liqo.io/v1beta1"
LEAVES = ("leaf-a", "leaf-b", "leaf-c")
AB, AC = ("leaf-a", "leaf-b"), ("leaf-a", "leaf-c")
REQUESTS_OF_A_STEADY_RUN = 10


@pytest.fixture(scope="module")
def shortcuts(lab: Laboratory) -> Iterator[Task]:
    """a-b and a-c, made by the first run; removed after the last test of this file."""
    made = lab.shortcuts(LEAVES, [AB, AC])
    assert not made.failed, made.log
    yield made
    gone = lab.shortcuts(LEAVES, [AB, AC], state="absent")
    assert not gone.failed, gone.log


def test_links_are_made_and_carry_an_answered_tunnel(shortcuts: Task) -> None:
    assert shortcuts.outcomes == {"leaf-a<->leaf-b": "created", "leaf-a<->leaf-c": "created"}
    assert shortcuts.result["changed"]
    assert shortcuts.link(*AB)["evidence"]["rung"] in ("handshaken", "fresh")


def test_leaves_with_the_same_pod_cidr_are_remapped(lab: Laboratory, shortcuts: Task) -> None:
    own = shortcuts.result["clusters"]["leaf-a"]["networks"]["pod"]
    assert own == shortcuts.result["clusters"]["leaf-b"]["networks"]["pod"]
    seen = [
        item["status"]["remote"]["cidr"]["pod"]
        for cluster, peer in (AB, AB[::-1])
        for item in lab.link_objects(cluster, peer)["configurations"]
    ]
    assert len(seen) == 2
    assert own not in seen


def test_a_second_run_writes_nothing_and_asks_little(lab: Laboratory, shortcuts: Task) -> None:
    since = now()
    again = lab.shortcuts(LEAVES, [AB, AC])
    assert again.outcomes == {"leaf-a<->leaf-b": "in_sync", "leaf-a<->leaf-c": "in_sync"}
    assert not again.result["changed"]
    assert again.result["plan"] == []
    assert lab.writes(since, LEAVES) == 0
    assert lab.requests(since, LEAVES) <= REQUESTS_OF_A_STEADY_RUN * len(LEAVES)


def test_the_order_of_names_flips_no_role(lab: Laboratory, shortcuts: Task) -> None:
    again = lab.shortcuts(LEAVES[::-1], [AC[::-1], AB[::-1]])
    assert again.result["plan"] == []
    assert again.link(*AB)["server"] == shortcuts.link(*AB)["server"]


Drift = Callable[[Laboratory, Api, Api], None]
"""Gets the API of leaf-a, which runs the server, and that of leaf-b."""


def _patch(api: Api, kind: str, peer: str, body: dict[str, Any]) -> None:
    api.patch(API, kind, peer, body, namespace=f"liqo-tenant-{peer}")


def _drop(api: Api, kind: str, peer: str) -> None:
    assert api.delete(API, kind, peer, f"liqo-tenant-{peer}")


def _unlabel_namespace(api: Api, peer: str) -> None:
    labels = {"liqo.io/tenant-namespace": None, "liqo.io/remote-cluster-id": None}
    api.patch("v1", "Namespace", f"liqo-tenant-{peer}", {"metadata": {"labels": labels}})


def _one_side(api: Api, peer: str) -> None:
    for kind in ("GatewayClient", "PublicKey", "Configuration"):
        api.delete(API, kind, peer, f"liqo-tenant-{peer}")


WRONG_KEY = base64.b64encode(bytes(range(32))).decode()

DRIFTS: dict[str, Drift] = {
    "remote CIDR": lambda lab, a, b: _patch(
        b, "Configuration", "leaf-a", {"spec": {"remote": {"cidr": {"pod": ["10.99.0.0/16"]}}}}
    ),
    "endpoint of the client": lambda lab, a, b: _patch(
        b, "GatewayClient", "leaf-a", {"spec": {"endpoint": {"addresses": ["198.18.0.99"], "port": 1}}}
    ),
    "key on the server's side": lambda lab, a, b: _patch(a, "PublicKey", "leaf-b", {"spec": {"publicKey": WRONG_KEY}}),
    "key on the client's side": lambda lab, a, b: _patch(b, "PublicKey", "leaf-a", {"spec": {"publicKey": WRONG_KEY}}),
    "MTU of the server": lambda lab, a, b: _patch(a, "GatewayServer", "leaf-b", {"spec": {"mtu": 1200}}),
    "MTU of the client": lambda lab, a, b: _patch(b, "GatewayClient", "leaf-a", {"spec": {"mtu": 1200}}),
    "port": lambda lab, a, b: _patch(a, "GatewayServer", "leaf-b", {"spec": {"endpoint": {"port": 51999}}}),
    "service type": lambda lab, a, b: _patch(
        a, "GatewayServer", "leaf-b", {"spec": {"endpoint": {"serviceType": "ClusterIP"}}}
    ),
    "template": lambda lab, a, b: _patch(
        b, "GatewayClient", "leaf-a", {"spec": {"clientTemplateRef": {"name": "other"}}}
    ),
    "lost label": lambda lab, a, b: _patch(
        b, "Configuration", "leaf-a", {"metadata": {"labels": {"liqo.io/remote-cluster-id": None}}}
    ),
    "lost label of the namespace": lambda lab, a, b: _unlabel_namespace(a, "leaf-b"),
    "missing client": lambda lab, a, b: _drop(b, "GatewayClient", "leaf-a"),
    "missing server": lambda lab, a, b: _drop(a, "GatewayServer", "leaf-b"),
    "missing key": lambda lab, a, b: _drop(a, "PublicKey", "leaf-b"),
    "missing configuration": lambda lab, a, b: _drop(b, "Configuration", "leaf-a"),
    "one side missing": lambda lab, a, b: _one_side(b, "leaf-a"),
}


IN_EVERY_RUN = ("remote CIDR", "key on the server's side", "port", "lost label of the namespace", "one side missing")
"""One of each way in which a link drifts."""


@pytest.mark.parametrize(
    "drift", [pytest.param(drift, marks=[] if drift in IN_EVERY_RUN else pytest.mark.long) for drift in DRIFTS]
)
def test_drift_is_planned_repaired_and_then_quiet(lab: Laboratory, shortcuts: Task, drift: str) -> None:
    DRIFTS[drift](lab, lab.api("leaf-a"), lab.api("leaf-b"))
    planned = lab.shortcuts(LEAVES, [AB, AC], "--check")
    repaired = lab.shortcuts(LEAVES, [AB, AC])
    assert not repaired.failed, repaired.log
    assert repaired.outcomes == {"leaf-a<->leaf-b": "repaired", "leaf-a<->leaf-c": "in_sync"}
    assert _writes(planned.result["plan"]) == _writes(repaired.result["plan"])
    assert lab.shortcuts(LEAVES, [AB, AC]).result["plan"] == []


def _writes(plan: list[dict[str, Any]]) -> list[tuple[str, ...]]:
    return [(op["action"], op["cluster"], op["kind"], op["name"], op["reason"]) for op in plan]


def test_a_dead_gateway_is_reported_and_its_return_is_enough(lab: Laboratory, shortcuts: Task) -> None:
    lab.break_("leaf-b", "gateway:leaf-a")
    dead = lab.shortcuts(LEAVES, [AB, AC], wait_timeout=8)
    assert dead.failed
    assert dead.outcomes == {"leaf-a<->leaf-b": "failed", "leaf-a<->leaf-c": "in_sync"}
    assert [failure["fault"] for failure in dead.result["failures"]] == ["dead-gateway"]
    lab.mend()
    healed = lab.shortcuts(LEAVES, [AB, AC])
    assert healed.outcomes["leaf-a<->leaf-b"] in ("in_sync", "repaired")
    assert not healed.failed


def test_a_leaf_that_is_down_stops_only_its_own_links(lab: Laboratory, shortcuts: Task) -> None:
    address = lab.api("leaf-c").url.removeprefix("https://")
    _patch(lab.api("leaf-b"), "GatewayClient", "leaf-a", {"spec": {"mtu": 1201}})
    lab.break_("leaf-c", "apiserver")
    down = lab.shortcuts(LEAVES, [AB, AC])
    assert down.failed
    assert down.outcomes == {"leaf-a<->leaf-b": "repaired", "leaf-a<->leaf-c": "blocked"}
    assert address in down.result["msg"]
    assert down.result["clusters"]["leaf-c"]["reachable"] is False


def test_no_private_key_and_no_token_in_the_longest_log(lab: Laboratory, shortcuts: Task) -> None:
    secrets = set()
    for cluster in LEAVES:
        for item in lab.api(cluster).request("GET", "/api/v1/secrets")["items"]:
            secrets |= {
                value for key, value in item.get("data", {}).items() if key in ("privateKey", "token", "kubeconfig")
            }
    assert secrets
    _drop(lab.api("leaf-b"), "GatewayClient", "leaf-a")
    content = lab.kubeconfig("leaf-a").read_text()
    key = next(line.split()[-1] for line in content.splitlines() if "client-key-data" in line)
    inline = [{"name": "leaf-a", "kubeconfig": yaml.safe_load(content)}, *lab.clusters(LEAVES[1:])]
    task = lab.shortcuts(LEAVES, [AB, AC], "-vvv", "--diff", clusters=inline)
    assert not task.failed, task.log
    assert not [text for text in {*secrets, key} if text in task.log or base64.b64decode(text).hex() in task.log]


def test_absent_leaves_nothing_that_it_made_and_all_that_it_did_not(lab: Laboratory) -> None:
    pair = ("leaf-b", "leaf-c")
    before = {cluster: lab.everything(cluster) for cluster in pair}
    made = lab.shortcuts(pair, [pair])
    assert made.outcomes == {"leaf-b<->leaf-c": "created"}, made.log
    assert lab.everything("leaf-b") > before["leaf-b"]
    planned = lab.shortcuts(pair, [pair], "--check", state="absent")
    gone = lab.shortcuts(pair, [pair], state="absent")
    assert gone.outcomes == {"leaf-b<->leaf-c": "removed"}, gone.log
    assert _writes(planned.result["plan"]) == _writes(gone.result["plan"])
    assert {cluster: lab.everything(cluster) for cluster in pair} == before
    again = lab.shortcuts(pair, [pair], state="absent")
    assert (again.result["changed"], again.outcomes) == (False, {"leaf-b<->leaf-c": "in_sync"})


def test_a_server_behind_a_load_balancer_is_dialled_at_its_address(lab: Laboratory) -> None:
    pair = ("leaf-b", "leaf-c")
    made = lab.shortcuts(pair, [pair], defaults={"service_type": "LoadBalancer", "server": "leaf-c"})
    assert made.outcomes == {"leaf-b<->leaf-c": "created"}, made.log
    api = lab.api("leaf-c")
    service = api.get("v1", "Service", "gw-leaf-b", "liqo-tenant-leaf-b")
    client = lab.link_objects("leaf-b", "leaf-c")["gatewayclients"][0]
    assert service is not None
    address = service["status"]["loadBalancer"]["ingress"][0]["ip"]
    assert client["spec"]["endpoint"] == {"addresses": [address], "port": 51840, "protocol": "UDP"}
    moved = lab.shortcuts(pair, [pair], defaults={"service_type": "NodePort"})
    assert moved.outcomes == {"leaf-b<->leaf-c": "repaired"}, moved.log
    assert moved.link(*pair)["server"] == "leaf-c"
    assert not lab.shortcuts(pair, [pair], state="absent").failed


def test_absent_without_names_removes_what_carries_the_mark(lab: Laboratory) -> None:
    pair = ("leaf-b", "leaf-c")
    assert not lab.shortcuts(pair, [pair], fabric="short-lived").failed
    gone = lab.shortcuts(LEAVES, [], fabric="short-lived", state="absent", shortcuts=None)
    assert gone.outcomes == {"leaf-b<->leaf-c": "removed"}, gone.log


def test_the_peering_with_the_hub_is_never_touched(lab: Laboratory) -> None:
    before = lab.everything("leaf-a")
    for state in ("present", "absent"):
        task = lab.shortcuts(("hub", "leaf-a"), [("hub", "leaf-a")], state=state)
        assert task.failed
        assert task.outcomes == {"hub<->leaf-a": "blocked"}
        assert "peered" in task.result["msg"]
        assert task.result["plan"] == []
    assert lab.everything("leaf-a") == before


def test_a_removal_that_hangs_names_what_hangs_and_who_holds_it(lab: Laboratory) -> None:
    pair = ("leaf-b", "leaf-c")
    assert not lab.shortcuts(pair, [pair]).failed
    lab.break_("leaf-b", "fabric")
    hangs = lab.shortcuts(pair, [pair], state="absent", wait_timeout=6)
    assert hangs.failed
    assert "finalizer" in hangs.result["msg"]
    assert "RouteConfiguration" in hangs.result["msg"] or "FirewallConfiguration" in hangs.result["msg"]
    lab.mend()
    assert not lab.shortcuts(pair, [pair], state="absent").failed


def test_wrong_input_is_refused_in_one_message_before_anything_is_asked(lab: Laboratory) -> None:
    since = now()
    task = lab.shortcuts(
        LEAVES,
        [],
        shortcuts=[
            {"between": ["leaf-a", "leaf-a"]},
            {"between": ["leaf-a", "leaf-z"]},
            {"between": ["leaf-a", "leaf-b"], "mtu": 90000},
            {"between": ["leaf-b", "leaf-a"], "port": 0},
        ],
    )
    assert task.failed
    for part in ("itself", "leaf-z", "90000", "shortcuts[3]"):
        assert part in task.result["msg"]
    assert lab.requests(since, LEAVES) == 0


def test_a_cluster_that_is_another_one_is_refused_before_anything_is_written(lab: Laboratory) -> None:
    since = now()
    clusters = [{"name": "leaf-a", "kubeconfig": str(lab.kubeconfig("leaf-b"))}, *lab.clusters(["leaf-c"])]
    task = lab.shortcuts(LEAVES, [AC], clusters=clusters)
    assert task.failed
    assert "it says that it is cluster 'leaf-b', not 'leaf-a'" in task.result["msg"]
    assert lab.writes(since, LEAVES) == 0


def test_a_link_without_its_labels_is_removed_and_its_end_is_seen(lab: Laboratory, shortcuts: Task) -> None:
    """The last test: it takes a-b away."""
    _unlabel_namespace(lab.api("leaf-a"), "leaf-b")
    DRIFTS["lost label"](lab, lab.api("leaf-a"), lab.api("leaf-b"))
    gone = lab.shortcuts(AB, [AB], state="absent", wait_timeout=60)
    assert not gone.failed, gone.log
    assert gone.outcomes == {"leaf-a<->leaf-b": "removed"}
    assert not any(lab.link_objects(*AB).values())
