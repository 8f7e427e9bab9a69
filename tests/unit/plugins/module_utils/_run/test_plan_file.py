# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A run that carries out an approved plan writes that plan and nothing else, whatever the clusters do meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.errors import FabricError, FailureName
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.model import Cluster, ClusterId, Fabric, FabricName
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.report import LinkReport, Report
from ansible_collections.liqo.fabric.plugins.module_utils._run.plan_file import approval
from ansible_collections.liqo.fabric.plugins.module_utils._run.reconcile import Limits, reconcile

from tests.unit import bodies
from tests.unit.build import pair, shortcut
from tests.unit.pretend_api import PretendApi

AB, AC = pair("leaf-a", "leaf-b"), pair("leaf-a", "leaf-c")
FABRIC = Fabric(
    name=FabricName("retail"),
    clusters=tuple(Cluster(id=ClusterId(name), name=name, labels={}) for name in ("leaf-a", "leaf-b", "leaf-c")),
    shortcuts=(shortcut(*AB), shortcut(*AC)),
)

World = dict[str, PretendApi]


@pytest.fixture
def world() -> World:
    """Both links are as declared but for the MTU of their clients."""
    peers = {"leaf-a": ("leaf-b", "leaf-c"), "leaf-b": ("leaf-a",), "leaf-c": ("leaf-a",)}
    apis = {
        name: PretendApi(
            name, (one for peer in found for one in bodies.linked_cluster(name, peer, is_server=name < peer))
        )
        for name, found in peers.items()
    }
    for name in ("leaf-b", "leaf-c"):
        client_of(apis, name)["spec"]["mtu"] = 1400
    return apis


def client_of(world: World, name: str) -> Any:
    return world[name].one("GatewayClient", "leaf-a", "liqo-tenant-leaf-a")


def go(world: World, file: Path, *, check_mode: bool = False, word: str | None = None) -> Report:
    approve = approval(FABRIC, file=None if word else str(file), word=word, check_mode=check_mode)
    apis = {ClusterId(name): api.as_api() for name, api in world.items()}
    limits = Limits(wait=False, wait_timeout_s=0.2)
    return reconcile(FABRIC, apis, limits=limits, check_mode=check_mode, approve=approve)


def of(report: Report, peer: str) -> LinkReport:
    return next(link for link in report.links if peer in link.pair)


def during_the_first_write(world: World, name: str, change: Callable[[], None]) -> None:
    """What happens elsewhere while a run writes to a cluster."""
    changes = [change]

    def refuse(verb: str, _kind: object) -> None:
        if verb == "update" and changes:
            changes.pop()()

    world[name].refuse = refuse


def test_an_approved_plan_is_carried_out(world: World, tmp_path: Path) -> None:
    go(world, tmp_path / "plan.json", check_mode=True)
    assert [link.outcome for link in go(world, tmp_path / "plan.json").links] == ["repaired", "repaired"]
    assert [client_of(world, name)["spec"]["mtu"] for name in ("leaf-b", "leaf-c")] == [1340, 1340]


def test_an_address_that_moves_meanwhile_stops_its_link_and_no_other(world: World, tmp_path: Path) -> None:
    go(world, tmp_path / "plan.json", check_mode=True)
    before = client_of(world, "leaf-b")["spec"]["endpoint"]
    server = world["leaf-a"].one("GatewayServer", "leaf-b", "liqo-tenant-leaf-b")
    during_the_first_write(world, "leaf-b", lambda: server["status"]["endpoint"].update(addresses=["198.51.100.66"]))
    report = go(world, tmp_path / "plan.json")
    failure = of(report, "leaf-b").failure
    assert failure is not None
    assert failure.fault is FailureName.PLAN_MOVED
    assert "198.51.100.66" in failure.why
    assert client_of(world, "leaf-b")["spec"]["endpoint"] == before
    assert of(report, "leaf-c").outcome == "repaired"


def test_a_plan_for_another_cluster_of_the_same_id_is_refused(world: World, tmp_path: Path) -> None:
    word = go(world, tmp_path / "plan.json", check_mode=True).saved_plan
    (who,) = (one for (kind, _, _), one in world["leaf-b"].store.items() if kind == "ConfigMap")
    who["metadata"]["uid"] = "installed anew"
    for given in (None, word):
        with pytest.raises(FabricError, match="leaf-b is another cluster") as refused:
            go(world, tmp_path / "plan.json", word=given)
        assert refused.value.fault is FailureName.PLAN_MOVED
    assert client_of(world, "leaf-c")["spec"]["mtu"] == 1400


@pytest.mark.parametrize(
    "content",
    [None, b"", b"7", b'{"plan": ["a"]}', b"[" * 200_000],
    ids=["no file", "empty", "number", "no format", "deep"],
)
def test_a_file_without_a_plan_is_refused_before_any_cluster_is_asked(tmp_path: Path, content: bytes | None) -> None:
    file = tmp_path / "plan.json"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(FabricError, match="there is no plan to carry out") as refused:
        approval(FABRIC, file=str(file), word=None, check_mode=False)
    assert (refused.value.fault, refused.value.where) == (FailureName.NO_PLAN, str(file))
