# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two hubs of two owners on the same leaves, with Services of the same name: the case that broke the one of 2025."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from lab import datapath, peering, places
from tests.lab_tests.laboratory import Laboratory, Task, eventually

pytestmark = [pytest.mark.lab, pytest.mark.long, pytest.mark.timeout(900)]

LEAVES = ("leaf-a", "leaf-b", "leaf-c")
HUBS = {"retail": "hub", "edge": "hub2"}
"""The hub of each fabric."""
PAIRS = (("leaf-a", "leaf-c"), ("leaf-b", "leaf-c"))


@pytest.fixture(scope="module")
def lab() -> Iterator[Laboratory]:
    laboratory = Laboratory("two-hubs")
    laboratory.command("down")
    laboratory.command("up", "--hubs", "2", "--leaves", "3", "--fast-ping", "--kube-proxy", timeout_s=1800)
    assert not laboratory.shortcuts(LEAVES, PAIRS).failed
    yield laboratory
    laboratory.command("down")


def propagate(lab: Laboratory, fabric: str, **options: Any) -> Task:
    hub = HUBS[fabric]
    params = {
        "fabric": fabric,
        "clusters": lab.clusters([hub, *LEAVES]),
        "hubs": [hub],
        "services": [{"namespace": "demo", "name": "web"}],
        "mode": "exclusive",
        **options,
    }
    return lab.module("propagation", {key: value for key, value in params.items() if value is not None})


def seen_from_leaf_c(lab: Laboratory, *hubs: str) -> dict[str, list[Mapping[str, Any]]]:
    """The endpoints in use of each hub's Service web."""
    options = {"clusters": lab.clusters([*hubs, *LEAVES]), "hubs": list(hubs)}
    rows = lab.module("propagation_info", options).result["services"]
    found = [row for row in rows if row["cluster"] == "leaf-c" and row["name"] == "web"]
    assert all(row["faults"] == [] for row in found), found
    return {row["hub"]: [one for one in row["endpoints"] if one["ready"]] for row in found}


def test_two_owners_use_two_shortcuts_each_for_their_own_pods(lab: Laboratory) -> None:
    for fabric in HUBS:
        run = propagate(lab, fabric)
        assert not run.failed, run.log
    running = places.load(lab.name)
    for hub, endpoints in seen_from_leaf_c(lab, *HUBS.values()).items():
        ways = {(one["pod"], one["path"]) for one in endpoints if one["cluster"] in ("leaf-a", "leaf-b")}
        assert ways == {("web-leaf-a", "direct"), ("web-leaf-b", "direct")}
        for one in endpoints:
            if one["path"] == "direct":
                who = datapath.identify(running, "leaf-c", f"demo-{hub}/web-leaf-c", one["address"])
                assert (who["cluster"], who["namespace"]) == (one["cluster"], f"demo-{hub}")
    gone = propagate(lab, "retail", state="absent", services=None)
    assert not gone.failed, gone.log
    ways_left = {hub: {one["path"] for one in found} for hub, found in seen_from_leaf_c(lab, *HUBS.values()).items()}
    assert "direct" not in ways_left["hub"]
    assert "direct" in ways_left["hub2"]
    assert not propagate(lab, "edge").result["changed"]
    assert not propagate(lab, "edge", state="absent", services=None).failed
    policies = lab.api("leaf-c").list("admissionregistration.k8s.io/v1", "MutatingAdmissionPolicy")
    assert policies == []


def test_a_namespace_that_liqo_keeps_from_a_leaf_is_named(lab: Laboratory) -> None:
    for hub in HUBS.values():
        api = lab.api(hub)
        api.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "same"}})
        api.create(
            {
                "apiVersion": "offloading.liqo.io/v1beta1",
                "kind": "NamespaceOffloading",
                "metadata": {"name": "offloading", "namespace": "same"},
                "spec": {
                    "namespaceMappingStrategy": "EnforceSameName",
                    "podOffloadingStrategy": "LocalAndRemote",
                    "clusterSelector": {"nodeSelectorTerms": []},
                },
            }
        )
        service = peering.demo_service("same")
        api.create({**service, "metadata": {**service["metadata"], "namespace": "same"}})
        if hub == "hub":
            eventually(lambda: lab.api("leaf-a").get("v1", "Namespace", "same") is not None, what="namespace same")

    def refused() -> bool:
        maps = lab.api("hub2").list("offloading.liqo.io/v1beta1", "NamespaceMap")
        return all(_phase(body) == "CreationLoopBackOff" for body in maps)

    eventually(refused, what="the second hub is refused")
    run = propagate(lab, "edge", services=[{"namespace": "same", "name": "same"}])
    assert run.failed
    assert {failure["fault"] for failure in run.result["failures"]} == {"namespace-clash"}


def _phase(body: Mapping[str, Any]) -> str:
    current = (body.get("status") or {}).get("currentMapping") or {}
    return str((current.get("same") or {}).get("phase"))
