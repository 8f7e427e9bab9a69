# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Services of the hub over shortcuts, with real traffic: leaf-c is the client, leaf-a and leaf-b share a pod CIDR."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab import peering, places
from tests.lab_tests.laboratory import Laboratory, eventually, now, playbook, write_inventory
from tests.lab_tests.services import (
    ALL_PODS,
    CLUSTERS,
    LEAVES,
    SLICES,
    connected,
    hits,
    info,
    modes,
    own_slices,
    paths,
    policies,
    propagate,
    route,
    sight,
)

pytestmark = [pytest.mark.lab, pytest.mark.slow]

PAIRS = (("leaf-a", "leaf-c"), ("leaf-b", "leaf-c"))
OFFLOADING = "offloading.liqo.io/v1beta1"


@pytest.fixture(scope="module", autouse=True)
def _linked(lab: Laboratory) -> Iterator[None]:
    """Shortcuts of leaf-c to both others, and nothing of ours in the Services before and after."""
    lab.unlink(*PAIRS, ("leaf-a", "leaf-b"))
    assert not lab.shortcuts(LEAVES, PAIRS).failed
    yield
    lab.mend()
    assert not propagate(lab, state="absent", services=None).failed
    lab.unlink(*PAIRS)


@pytest.fixture(autouse=True)
def _untouched(lab: Laboratory) -> Iterator[None]:
    yield
    lab.mend()
    eventually(lambda: all(connected(lab, *pair) for pair in PAIRS), what="both shortcuts connected")
    assert not propagate(lab, state="absent", services=None).failed


def plain_and_remapped(lab: Laboratory) -> tuple[str, str]:
    """Of leaf-a and leaf-b, which have the same pod CIDR, the one that the hub maps to itself, and the other one."""
    for body in lab.api("hub").list("networking.liqo.io/v1beta1", "Configuration"):
        native, seen = (body[part]["remote"]["cidr"]["pod"] for part in ("spec", "status"))
        leaf = body["metadata"]["labels"]["liqo.io/remote-cluster-id"]
        if native != seen:
            return next(one for one in LEAVES[:2] if one != leaf), leaf
    raise AssertionError("the hub remaps neither of two equal CIDRs")


def remap(lab: Laboratory, here: str, peer: str) -> str:
    """The CIDR under which a leaf sees the pods of another."""
    (body,) = lab.api(here).list(
        "networking.liqo.io/v1beta1", "Configuration", selector=f"liqo.io/remote-cluster-id={peer}"
    )
    return str(body["status"]["remote"]["cidr"]["pod"][0])


@pytest.mark.long
def test_check_mode_lists_what_the_run_then_writes(lab: Laboratory) -> None:
    since = now()
    planned = propagate(lab, "--check", mode="exclusive")
    assert planned.result["changed"]
    assert lab.writes(since, CLUSTERS) == 0
    done = propagate(lab, mode="exclusive")
    assert not done.failed, done.log
    first_of_each = {(row["action"], row["cluster"], row["kind"], row["name"]) for row in done.result["plan"]}
    assert {
        (row["action"], row["cluster"], row["kind"], row["name"]) for row in planned.result["plan"]
    } == first_of_each


def test_shadow_uses_both_paths_and_tells_equal_cidrs_apart(lab: Laboratory) -> None:
    run = propagate(lab, mode="shadow")
    assert not run.failed, run.log
    assert modes(run) == dict.fromkeys(LEAVES, "shadow")
    since = now()
    again = propagate(lab, mode="shadow")
    assert not again.result["changed"]
    assert lab.writes(since, CLUSTERS) == 0
    seen = sight(lab, "leaf-c")
    assert {("web-leaf-a", "direct"), ("web-leaf-a", "via-hub"), ("web-leaf-b", "direct")} <= paths(seen)
    assert seen["faults"] == []
    assert route(lab, "web-leaf-a", "direct") == ("leaf-c", "leaf-a")
    assert route(lab, "web-leaf-b", "direct") == ("leaf-c", "leaf-b")
    assert route(lab, "web-leaf-b", "via-hub") == ("leaf-c", "hub", "leaf-b")
    eventually(lambda: set(hits(lab)) == ALL_PODS, what="every pod answers leaf-c")
    # Without a shortcut of their own, leaf-a and leaf-b keep to the hub.
    assert ("web-leaf-b", "via-hub") in paths(sight(lab, "leaf-a"))


def test_exclusive_uses_each_pod_once_and_falls_back_while_the_tunnel_is_down(lab: Laboratory) -> None:
    run = propagate(lab, mode="exclusive")
    assert not run.failed, run.log
    direct = {("web-leaf-a", "direct"), ("web-leaf-b", "direct"), ("web-hub", "hub"), ("web-leaf-c", "local")}
    assert paths(sight(lab, "leaf-c")) == direct
    eventually(lambda: set(hits(lab)) == ALL_PODS, what="every pod answers leaf-c")
    since = now()
    assert not propagate(lab, mode="exclusive").result["changed"]
    assert lab.writes(since, CLUSTERS) == 0

    lab.break_("leaf-b", "gateway:leaf-c")
    broken = time.monotonic()
    eventually(lambda: ("web-leaf-b", "via-hub") in paths(sight(lab, "leaf-c")), what="the copy through the hub")
    eventually(lambda: set(hits(lab)) == ALL_PODS, what="every pod answers leaf-c, that of leaf-b through the hub")
    print(f"traffic whole again after {time.monotonic() - broken:.1f} s, with the time that looking takes")
    # The gateway that died says nothing of it: a run tells leaf-b what leaf-c knows.
    assert [fault["name"] for fault in sight(lab, "leaf-b")["faults"]] == ["dead-tunnel"]
    assert not propagate(lab, mode="exclusive").failed
    assert ("web-leaf-c", "via-hub") in paths(sight(lab, "leaf-b"))
    assert sight(lab, "leaf-b")["faults"] == []

    lab.mend()
    eventually(lambda: connected(lab, "leaf-b", "leaf-c"), what="the shortcut connected")
    assert not propagate(lab, mode="exclusive").failed
    eventually(lambda: paths(sight(lab, "leaf-c")) == direct, what="the direct paths again")
    assert ("web-leaf-c", "direct") in paths(sight(lab, "leaf-b"))


@pytest.mark.long
def test_a_service_of_a_leafs_own_loses_the_slices_and_gets_them_back_when_it_has_gone(lab: Laboratory) -> None:
    """As if its owner had put another one in the place of that of the hub."""
    assert not propagate(lab, mode="shadow").failed
    api = lab.api("leaf-c")
    own = {
        "metadata": {"labels": {"offloading.liqo.io/origin": None, "offloading.liqo.io/destination": None}},
        "spec": {"selector": {"app": "local-only"}},
    }
    kept = api.patch("v1", "Service", "web", own, namespace="demo-hub")["metadata"]["resourceVersion"]
    assert "own-service" in [fault["name"] for fault in sight(lab, "leaf-c")["faults"]]
    run = propagate(lab, mode="shadow")
    assert not run.failed, run.log
    assert own_slices(lab, "leaf-c") == []
    faults = {row["cluster"]: [fault["name"] for fault in row["faults"]] for row in run.result["services"]}
    assert faults["leaf-c"] == ["own-service"]
    service = api.get("v1", "Service", "web", "demo-hub")
    assert service is not None
    assert service["metadata"]["resourceVersion"] == kept
    assert not propagate(lab, mode="shadow").result["changed"]
    assert api.delete("v1", "Service", "web", "demo-hub")
    eventually(
        lambda: (
            "offloading.liqo.io/origin"
            in ((api.get("v1", "Service", "web", "demo-hub") or {}).get("metadata") or {}).get("labels", {})
        ),
        what="the Service of the hub on leaf-c again",
    )
    eventually(lambda: ("web-leaf-c", "local") in paths(sight(lab, "leaf-c")), what="its native slice", every_s=1)
    assert not propagate(lab, mode="shadow").failed
    assert own_slices(lab, "leaf-c") == ["lf-web.leaf-a", "lf-web.leaf-b"]
    assert sight(lab, "leaf-c")["faults"] == []


@pytest.mark.long
@pytest.mark.parametrize(
    "label",
    [
        "endpointslice.kubernetes.io/managed-by",
        "kubernetes.io/service-name",
        "offloading.liqo.io/origin",
        "liqo-fabric.github.io/path",
    ],
)
def test_a_slice_of_ours_without_a_label_is_named_and_labelled_again(lab: Laboratory, label: str) -> None:
    assert not propagate(lab, mode="shadow").failed
    body = {"metadata": {"labels": {label: None}}}
    lab.api("leaf-c").patch(OFFLOADING, "ShadowEndpointSlice", "lf-web.leaf-a", body, namespace="demo-hub")
    assert "lost-label" in [fault["name"] for fault in sight(lab, "leaf-c")["faults"]]
    run = propagate(lab, mode="shadow")
    assert [(row["action"], row["name"]) for row in run.result["plan"]] == [("update", "lf-web.leaf-a")], run.log
    assert sight(lab, "leaf-c")["faults"] == []
    assert not propagate(lab, mode="shadow").result["changed"]


@pytest.mark.long
def test_nothing_rewrites_the_slices_for_ever(lab: Laboratory) -> None:
    assert not propagate(lab, mode="exclusive").failed
    api = lab.api("leaf-c")

    def versions() -> dict[str, str]:
        bodies = api.list(SLICES, "EndpointSlice", selector="offloading.liqo.io/origin")
        return {body["metadata"]["name"]: body["metadata"]["resourceVersion"] for body in bodies}

    before = versions()
    path = "/apis/discovery.k8s.io/v1/endpointslices"
    listed = api.request("GET", f"{path}?limit=1")["metadata"]["resourceVersion"]
    # A watch that the API server ends: not one write in that time.
    assert [
        body["metadata"]["name"] for event, body in api.watch(path, since=listed, timeout_s=5) if event != "BOOKMARK"
    ] == []
    assert versions() == before


@pytest.mark.long
def test_a_retreat_and_absent_leave_what_was_there(lab: Laboratory) -> None:
    before = {leaf: paths(sight(lab, leaf)) for leaf in LEAVES}
    assert not propagate(lab, mode="exclusive").failed
    assert policies(lab, "leaf-c") == ["liqo-fabric-fallback", "liqo-fabric-suppress"]
    left = propagate(lab, mode="exclusive", leaving=[["leaf-a", "leaf-c"]])
    assert not left.failed, left.log
    assert own_slices(lab, "leaf-a") == []
    assert own_slices(lab, "leaf-c") == ["lf-web.leaf-b"]
    assert ("web-leaf-a", "via-hub") in paths(sight(lab, "leaf-c"))
    gone = propagate(lab, state="absent", services=None)
    assert not gone.failed, gone.log
    for leaf in LEAVES:
        assert own_slices(lab, leaf) == []
        assert policies(lab, leaf) == []
        assert paths(sight(lab, leaf)) == before[leaf]


@pytest.mark.long
def test_a_pod_that_moves_is_followed_by_the_next_run(lab: Laboratory) -> None:
    running = places.load(lab.name)
    hub, label = lab.api("hub"), {"app": "web"}
    assert not propagate(lab, mode="shadow").failed
    peering.add_demo_pod(hub, running.cluster("leaf-b"), "web-more", label)
    try:
        eventually(lambda: "web-more" in str(sight(lab, "leaf-b")), what="leaf-b has the new pod in its own slice")
        eventually(lambda: ("web-more", "via-hub") in paths(sight(lab, "leaf-c")), what="the hub lists the new pod")
        run = propagate(lab, mode="shadow")
        assert {row["cluster"]: row["outcome"] for row in run.result["services"]}["leaf-c"] == "repaired"
        assert ("web-more", "direct") in paths(sight(lab, "leaf-c"))
    finally:
        peering.remove_demo_pod(hub, "web-more")
    eventually(lambda: "web-more" not in str(sight(lab, "leaf-b")["endpoints"]), what="leaf-b without the pod")
    assert [fault["name"] for fault in sight(lab, "leaf-c")["faults"]] == ["stale-slice"]
    assert not propagate(lab, mode="shadow").failed
    assert sight(lab, "leaf-c")["faults"] == []


@pytest.mark.long
def test_slices_of_a_shortcut_that_somebody_removed_go_at_the_next_run(lab: Laboratory) -> None:
    assert not propagate(lab, mode="shadow").failed
    try:
        kubeconfigs = [str(lab.kubeconfig(leaf)) for leaf in ("leaf-a", "leaf-c")]
        lab.liqoctl(
            "network", "reset", "--kubeconfig", kubeconfigs[0], "--remote-kubeconfig", kubeconfigs[1], "--skip-confirm"
        )
        found = info(lab)
        assert {(row["cluster"], row["name"]) for row in found["orphans"]} >= {("leaf-c", "lf-web.leaf-a")}
        run = propagate(lab, services=[])
        assert not run.failed, run.log
        assert own_slices(lab, "leaf-c") == ["lf-web.leaf-b"]
        assert info(lab)["orphans"] == []
    finally:
        lab.unlink(PAIRS[0])
        assert not lab.shortcuts(PAIRS[0], PAIRS[:1]).failed


@pytest.mark.long
def test_exclusive_never_hands_out_an_address_that_is_not_mapped(lab: Laboratory) -> None:
    """Somebody removes the shortcut under it, after which Liqo itself would call the address at home ready."""
    gone = next(leaf for leaf in LEAVES[:2] if remap(lab, "leaf-c", leaf) != "10.42.0.0/16")
    assert not propagate(lab, mode="exclusive").failed
    try:
        sides = [f"--kubeconfig={lab.kubeconfig(gone)}", f"--remote-kubeconfig={lab.kubeconfig('leaf-c')}"]
        lab.liqoctl("network", "reset", *sides, "--skip-confirm")
        seen = sight(lab, "leaf-c")
        assert (f"web-{gone}", "via-hub") in paths(seen)
        assert "unmapped" not in {path for _pod, path in paths(seen)}
        eventually(lambda: set(hits(lab)) == ALL_PODS, what="every pod answers leaf-c")
        assert not propagate(lab, mode="exclusive").failed
        assert f"lf-web.{gone}" not in own_slices(lab, "leaf-c")
        assert (f"web-{gone}", "via-hub") in paths(sight(lab, "leaf-c"))
    finally:
        lab.unlink((gone, "leaf-c"))
        assert not lab.shortcuts((gone, "leaf-c"), [(gone, "leaf-c")]).failed


@pytest.fixture
def plain(lab: Laboratory) -> str:
    return plain_and_remapped(lab)[0]


@pytest.fixture
def pair_service(lab: Laboratory, plain: str) -> Iterator[str]:
    """Namespace pair of the hub, offloaded only to two leaves whose CIDRs the hub does not remap."""
    hub, running = lab.api("hub"), places.load(lab.name)
    hub.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "pair"}})
    expression = {"key": "liqo.io/remote-cluster-id", "operator": "In", "values": [plain, "leaf-c"]}
    hub.create(
        {
            "apiVersion": OFFLOADING,
            "kind": "NamespaceOffloading",
            "metadata": {"name": "offloading", "namespace": "pair"},
            "spec": {
                "namespaceMappingStrategy": "DefaultName",
                "podOffloadingStrategy": "LocalAndRemote",
                "clusterSelector": {"nodeSelectorTerms": [{"matchExpressions": [expression]}]},
            },
        }
    )
    eventually(lambda: lab.api("leaf-c").get("v1", "Namespace", "pair-hub") is not None, what="namespace pair-hub")
    for leaf in (plain, "leaf-c"):
        pod = peering.demo_pod(running.cluster(leaf), f"pair-{leaf}", {"app": "pair"})
        hub.create({**pod, "metadata": {**pod["metadata"], "namespace": "pair"}})
    service = peering.demo_service("pair")
    hub.create({**service, "metadata": {**service["metadata"], "namespace": "pair"}})
    eventually(
        lambda: {f"pair-{leaf}" for leaf in (plain, "leaf-c")} <= {pod for pod, _path in _pair_paths(lab)},
        what="both pods in the slices of leaf-c",
    )
    yield "pair"
    hub.delete("v1", "Namespace", "pair")
    eventually(lambda: hub.get("v1", "Namespace", "pair") is None, what="namespace pair gone")


def _pair_paths(lab: Laboratory) -> set[tuple[str, str]]:
    rows = [row for row in info(lab)["services"] if (row["cluster"], row["name"]) == ("leaf-c", "pair")]
    return {found for row in rows for found in paths(row)}


def test_upstream_is_set_while_the_gate_is_open_and_taken_away_when_it_closes(
    lab: Laboratory, plain: str, pair_service: str
) -> None:
    services = [{"namespace": pair_service, "name": pair_service}]

    def annotated() -> bool:
        body = lab.api("hub").get("v1", "Service", pair_service, pair_service)
        assert body is not None
        return (body["metadata"].get("annotations") or {}).get("liqo.io/use-direct-connections") == "true"

    run = propagate(lab, services=services)
    assert not run.failed, run.log
    assert {mode for leaf, mode in modes(run).items() if leaf != "hub"} == {"upstream"}
    assert annotated()
    assert _pair_paths(lab) == {(f"pair-{plain}", "direct"), ("pair-leaf-c", "local")}
    since = now()
    assert not propagate(lab, services=services).result["changed"]
    assert lab.writes(since, CLUSTERS) == 0

    lab.break_(plain, "gateway:leaf-c")
    eventually(lambda: not connected(lab, plain, "leaf-c"), what="the shortcut down")
    guarded = propagate(lab, services=services)
    assert not guarded.failed, guarded.log
    assert {gate["reason"] for gate in guarded.result["gates"]} == {"not-connected"}
    assert not annotated()
    assert (f"pair-{plain}", "via-hub") in _pair_paths(lab)

    lab.mend()
    eventually(lambda: connected(lab, plain, "leaf-c"), what="the shortcut connected")
    assert not propagate(lab, services=services).failed
    assert (f"pair-{plain}", "direct") in _pair_paths(lab)


@pytest.mark.long
def test_upstream_is_refused_where_the_hub_remaps(lab: Laboratory) -> None:
    run = propagate(lab, mode="upstream")
    assert run.failed
    assert run.result["failures"][0]["fault"] == "gate-closed"
    reasons = {(gate["consumer"], gate["provider"]): gate["reason"] for gate in run.result["gates"]}
    remapped = plain_and_remapped(lab)[1]
    assert {provider for (_consumer, provider), reason in reasons.items() if reason == "hub-remaps"} == {remapped}
    assert {consumer for (consumer, provider) in reasons if provider == remapped} == {*LEAVES} - {remapped}
    assert modes(propagate(lab, mode="auto"))["leaf-c"] == "exclusive"


@pytest.mark.long
def test_the_role_brings_both_and_goes_back_in_the_safe_order(lab: Laboratory, tmp_path: Path) -> None:
    variables = {
        "liqo_fabric_name": "test",
        "liqo_fabric_shortcuts": [{"between": list(pair)} for pair in PAIRS],
        "liqo_fabric_defaults": {"service_type": "NodePort"},
        "liqo_fabric_services": [{"namespace": "demo", "name": "web"}],
        "liqo_fabric_services_mode": "shadow",
        "liqo_fabric_state": "exact",
    }
    write_inventory(lab, tmp_path, variables)

    def run(name: str, *arguments: str) -> str:
        return playbook(f"liqo.fabric.{name}", *arguments, inventory=str(tmp_path))

    run("teardown")
    since = now()
    planned = run("plan")
    assert lab.writes(since, CLUSTERS) == 0
    assert "lf-web.leaf-b" in planned
    run("apply")
    assert own_slices(lab, "leaf-c") == ["lf-web.leaf-a", "lf-web.leaf-b"]
    since = now()
    run("apply")
    assert lab.writes(since, CLUSTERS) == 0
    assert "web-leaf-b" in run("status")
    fewer = ("-e", '{"liqo_fabric_shortcuts": [{"between": ["leaf-b", "leaf-c"]}]}')
    run("apply", *fewer)
    assert own_slices(lab, "leaf-c") == ["lf-web.leaf-b"]
    assert lab.link_objects("leaf-c", "leaf-a")["configurations"] == []
    run("teardown")
    assert own_slices(lab, "leaf-c") == []
    assert not lab.shortcuts(LEAVES, PAIRS).failed
