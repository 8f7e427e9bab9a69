# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From the connector of 2025 to a fabric: on real clusters, under traffic, with a stand-in for the controller."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from lab.api import Api
from tests.lab_tests import connector_of_2025 as connector
from tests.lab_tests.connector_of_2025 import StandIn
from tests.lab_tests.laboratory import Laboratory, Task, eventually, now, playbook, write_inventory
from tests.lab_tests.traffic import Traffic

pytestmark = pytest.mark.lab

FABRIC = "test"
HUB = "hub"
CLIENT, SERVER = "leaf-c", "leaf-b"
PAIR = (SERVER, CLIENT)
LEAVES = ("leaf-a", "leaf-b", "leaf-c")
CLUSTERS = (HUB, *LEAVES)
DECLARED = {
    "between": ["leaf-b", "leaf-c"],
    "server": "leaf-b",
    "service_type": "NodePort",
    "port": 51840,
    "mtu": 1450,
}


@pytest.fixture(scope="module")
def apis(lab: Laboratory) -> dict[str, Api]:
    return {cluster: lab.api(cluster) for cluster in CLUSTERS}


@pytest.fixture
def stand_in(lab: Laboratory, apis: dict[str, Api]) -> Iterator[StandIn]:
    """The connector with one link and one object, as it is found in 2026; its stand-in works."""
    lab.unlink(PAIR)
    connector.install(lab, HUB, LEAVES)
    controller = StandIn(lab, HUB)
    try:
        with controller.working():
            name = connector.connect(lab, HUB, CLIENT, SERVER)
            eventually(
                lambda: _finalizers(apis[HUB], name) == [connector.FINALIZER], what="the stand-in holds its object"
            )
            yield controller
            assert controller.problems == []
    finally:
        connector.uninstall(lab, HUB, LEAVES)
        lab.unlink(PAIR)


def test_a_link_moves_to_a_fabric_without_a_lost_packet_and_the_connector_is_gone(
    lab: Laboratory, apis: dict[str, Api], stand_in: StandIn, tmp_path: Path
) -> None:
    declaration = tmp_path / "imported.yml"
    write_inventory(lab, tmp_path, {"liqo_fabric_name": FABRIC, "migrate_connector_file": str(declaration)})
    before = _link(lab)
    steps: dict[str, float] = {}
    with Traffic(lab, (CLIENT, SERVER), tmp_path / "answers") as traffic:
        since = now()
        planned = _role(tmp_path, "main", "--check", "--diff")
        assert lab.writes(since, CLUSTERS) == 0
        assert not declaration.exists()

        imported = _role(tmp_path, "import")
        assert lab.writes(since, CLUSTERS) == 0
        assert yaml.safe_load(declaration.read_text()) == {"liqo_fabric_shortcuts": [DECLARED]}
        assert "timeoutSeconds 120 belongs to a run" in declaration.read_text()
        assert "mtu 1450 is more than the 1340 that fit most networks" in imported

        steps["adopt"] = traffic.now_s
        adopted = _role(tmp_path, "adopt")
        steps["adopted"] = traffic.now_s
        assert _link(lab) == before
        assert _written(adopted) <= _written(planned)

        retired = _role(tmp_path, "retire")
        steps["retired"] = traffic.now_s
        assert len(_written(retired)) == 13, retired
        assert _written(adopted) | _written(retired) == _written(planned)
        since = now()
        again = _role(tmp_path, "main")
        assert lab.writes(since, CLUSTERS) == 0
        assert re.search(r"localhost\s+: ok=\d+\s+changed=0\s", again), again
    assert connector.remains(apis, HUB) == []
    assert stand_in.resets == []
    assert _link(lab) == before
    assert _owners(lab) == {FABRIC}
    assert len(traffic.answered) > 100
    assert traffic.lost_at_s == [], steps
    assert yaml.safe_load(declaration.read_text()) == {"liqo_fabric_shortcuts": [DECLARED]}


@pytest.mark.long
def test_what_is_not_adopted_is_not_retired_and_an_interrupted_run_is_gone_on_with(
    lab: Laboratory, apis: dict[str, Api], stand_in: StandIn
) -> None:
    since = now()
    refused = _connector(lab, "absent")
    assert refused.failed
    assert [failure["fault"] for failure in refused.result["failures"]] == ["not-adopted"]
    assert "fabric test does not own" in refused.result["msg"]
    assert lab.writes(since, CLUSTERS) == 0
    assert connector.pods(apis[HUB])

    assert not lab.shortcuts(PAIR, [], shortcuts=[DECLARED], fabric=FABRIC, defaults=None, adopt=True).failed
    name = f"{CLIENT}-{SERVER}"
    _hold(apis[HUB], name, [connector.FINALIZER, "example.com/somebody-else"])
    stuck = _connector(lab, "absent", wait_timeout=3)
    assert [failure["fault"] for failure in stuck.result["failures"]] == ["stuck-finalizer"], stuck.log
    assert "example.com/somebody-else" in stuck.result["msg"]
    assert not connector.pods(apis[HUB])
    _hold(apis[HUB], name, [])
    assert not _connector(lab, "absent").failed
    assert connector.remains(apis, HUB) == []
    assert stand_in.resets == []
    assert _connector(lab, "absent").result["changed"] is False


@pytest.mark.long
def test_an_object_that_is_deleted_under_its_controller_takes_the_link_with_it(
    lab: Laboratory, apis: dict[str, Api], stand_in: StandIn
) -> None:
    """What the order of a retirement protects from: without this the other tests could not fail."""
    name = f"{CLIENT}-{SERVER}"
    apis[HUB].delete(connector.API, connector.KIND, name, connector.OBJECTS)
    eventually(lambda: not connector.objects(apis[HUB]), what="the object is gone")
    assert stand_in.resets == [name]
    assert not any(lab.link_objects(CLIENT, SERVER).values())


def _role(folder: Path, step: str, *arguments: str) -> str:
    """One entry point of the role, on the inventory of the folder; what was printed."""
    task = {
        "name": "Migrate",
        "ansible.builtin.import_role": {"name": "liqo.fabric.migrate_connector", "tasks_from": step},
    }
    play = folder / f"{step}.yml"
    play.write_text(yaml.safe_dump([{"name": "Migrate", "hosts": "localhost", "gather_facts": False, "tasks": [task]}]))
    return playbook(str(play), *arguments, inventory=str(folder))


def _written(log: str) -> set[tuple[str, ...]]:
    """The writes that a report lists: cluster, action, kind and name."""
    found = re.findall(r"^ {2,}(hub|leaf-.)\s+(update|delete|create)\s+(\w+)\s+(\S+)", log, re.MULTILINE)
    return set(found)


def _connector(lab: Laboratory, state: str, **options: Any) -> Task:
    params = {
        "fabric": FABRIC,
        "clusters": lab.clusters(CLUSTERS),
        "hubs": [HUB],
        "shortcuts": [DECLARED],
        "state": state,
        **options,
    }
    return lab.module("connector", params)


def _link(lab: Laboratory) -> dict[str, Any]:
    """What a tunnel that is made anew would change: specs and uids of its objects, and its gateway pods."""
    found: dict[str, Any] = {}
    for cluster, peer in (PAIR, PAIR[::-1]):
        for plural, items in lab.link_objects(cluster, peer).items():
            found[f"{cluster} {plural}"] = [(item["metadata"]["uid"], item["spec"]) for item in items]
        selector = "networking.liqo.io/component=gateway"
        gateways = lab.api(cluster).list("v1", "Pod", f"liqo-tenant-{peer}", selector=selector)
        found[f"{cluster} pods"] = [pod["metadata"]["uid"] for pod in gateways]
        assert len(gateways) == 1
    return found


def _owners(lab: Laboratory) -> set[str]:
    """Of all objects but the PublicKeys: a gateway shakes hands anew at every write to one."""
    found = [lab.link_objects(*sides) for sides in (PAIR, PAIR[::-1])]
    bodies = [body for held in found for plural, items in held.items() if plural != "publickeies" for body in items]
    assert len(bodies) == 4
    return {body["metadata"]["annotations"]["liqo-fabric.github.io/owners"] for body in bodies}


def _finalizers(hub: Api, name: str) -> list[str]:
    one = hub.get(connector.API, connector.KIND, name, connector.OBJECTS)
    return list((one or {}).get("metadata", {}).get("finalizers") or [])


def _hold(hub: Api, name: str, finalizers: list[str]) -> None:
    body = {"metadata": {"finalizers": finalizers}}
    hub.patch(connector.API, connector.KIND, name, body, namespace=connector.OBJECTS)
