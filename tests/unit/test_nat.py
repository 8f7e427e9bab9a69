# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A server behind NAT, over HTTP: playbooks, module, lookup and test judge a link by what is declared of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.unit.bodies import Body
from tests.unit.served_fabric import ServedFabric, served_fabric
from tests.unit.trust.honest import World

NAT = {"address": "203.0.113.7", "port": 51841}
DIALLED = f"dialled {NAT['address']}:{NAT['port']}/UDP"
OTHERS = [{"between": ["leaf-a", "leaf-b"]}, {"between": ["leaf-a", "leaf-c"]}]
LINK = {"between": ["leaf-b", "leaf-c"]}


def declared(**settings: Any) -> dict[str, Any]:
    return {"liqo_fabric_shortcuts": [*OTHERS, {**LINK, **settings}]}


def behind_nat(body: Body) -> None:
    """The client of leaf-b or leaf-c towards the other one dials what the NAT has."""
    if body.get("kind") == "GatewayClient" and body["metadata"]["name"] in LINK["between"]:
        body["spec"]["endpoint"] = {"addresses": [NAT["address"]], "port": NAT["port"], "protocol": "UDP"}


def silent(body: Body) -> None:
    """Its gateway, and what the client dials."""
    behind_nat(body)
    if body.get("kind") == "Connection" and body["metadata"]["name"].removeprefix("gw-") in LINK["between"]:
        body["status"]["value"] = "Error"


@pytest.fixture
def fabric(tmp_path: Path) -> Iterator[ServedFabric]:
    with served_fabric(tmp_path, World.LINKED, dict.fromkeys(LINK["between"], behind_nat)) as found:
        yield found


def about(text: str) -> str:
    """What status says of the link, as one line."""
    rest = text.partition("leaf-b <-> leaf-c")[2]
    return " ".join(rest.partition("PLAY RECAP")[0].replace('"', " ").replace(",", " ").split())


def test_status_judges_by_the_declaration(fabric: ServedFabric) -> None:
    fabric.declare(**declared(client_endpoint=NAT))
    told = about(fabric.play("liqo.fabric.status").text)
    assert DIALLED in told
    assert " fresh " in told
    assert "stale-endpoint" not in told
    assert "note:" not in told


def test_status_of_a_part_of_the_hosts_takes_a_declaration_that_names_the_others(fabric: ServedFabric) -> None:
    fabric.declare(**declared(client_endpoint=NAT))
    ran = fabric.play("liqo.fabric.status", "--limit", "leaf-b,leaf-c")
    assert ran.code == 0, ran.text
    assert "note:" not in about(ran.text)
    assert "leaf-a <-> leaf-b  foreign" in ran.text


def test_without_a_declaration_status_says_what_one_needs(fabric: ServedFabric) -> None:
    fabric.declare(liqo_fabric_shortcuts=OTHERS)
    told = about(fabric.play("liqo.fabric.status").text)
    assert " fresh " in told
    assert "when this link is declared declare it with client_endpoint: { address: 203.0.113.7 port: 51841 }" in told


def test_a_plan_that_would_end_the_link_says_that_it_works_and_what_keeps_it(fabric: ServedFabric) -> None:
    fabric.declare(**declared())
    told = " ".join(fabric.play("liqo.fabric.plan").text.split())
    assert "both gateways hear from each other while it dials 203.0.113.7:51841/UDP" in told
    assert "declare it with client_endpoint: { address: 203.0.113.7, port: 51841 }" in told


def test_a_declared_endpoint_that_does_not_answer_is_named(tmp_path: Path) -> None:
    with served_fabric(tmp_path, World.LINKED, dict.fromkeys(LINK["between"], silent)) as fabric:
        fabric.declare(**declared(client_endpoint=NAT))
        told = about(fabric.play("liqo.fabric.status").text)
    assert " agreed " in told
    assert "dead-tunnel" in told
    assert "which client_endpoint declares leads to the gateway server at" in told


def test_a_wave_passes_and_its_links_are_in_sync(fabric: ServedFabric) -> None:
    waves = {"liqo_fabric_waves": ["100%"], "liqo_fabric_evidence_timeout": 6}
    fabric.declare(**declared(client_endpoint=NAT), **waves)
    ran = fabric.play("liqo.fabric.rollout")
    assert ran.code == 0, ran.text
    assert "3 in sync" in ran.text


def test_module_lookup_and_test_agree(fabric: ServedFabric) -> None:
    """The variable may be a template; an option of the lookup takes its place."""
    fabric.declare(**declared(client_endpoint="{{ from_the_provider }}"), from_the_provider=NAT)
    look = "lookup('liqo.fabric.link', 'leaf-b', 'leaf-c', value='{}')"
    undeclared = "lookup('liqo.fabric.link', 'leaf-b', 'leaf-c', value='{}', shortcuts=[])"
    tasks = [
        {
            "liqo.fabric.peering_info": {
                "clusters": "{{ groups.liqo_leaves | liqo.fabric.clusters(hostvars) }}",
                "shortcuts": "{{ liqo_fabric_shortcuts }}",
                "query": "links[?between == ['leaf-b', 'leaf-c']]",
            },
            "delegate_to": "localhost",
            "register": "seen",
        },
        {
            "ansible.builtin.assert": {
                "that": [
                    "seen.result[0] is liqo.fabric.evidence_at_least('fresh')",
                    "seen.result[0].evidence.faults == []",
                    "seen.result[0].evidence.notes == []",
                    look.format("evidence") + " == 'fresh'",
                    look.format("faults") + " == []",
                    look.format("notes") + " == []",
                    undeclared.format("evidence") + " == 'fresh'",
                    undeclared.format("notes") + " | length == 1",
                ]
            }
        },
    ]
    play = [{"hosts": "leaf-a", "gather_facts": False, "tasks": tasks}]
    (fabric.folder / "play.yml").write_text(yaml.safe_dump(play))
    ran = fabric.play("play.yml")
    assert ran.code == 0, ran.text


def test_what_is_declared_wrongly_is_refused(fabric: ServedFabric) -> None:
    ran = fabric.play("liqo.fabric.status", "-e", json.dumps(declared(client_endpoint={"address": "http://x/"})))
    assert ran.code == 2
    assert "client_endpoint.address" in ran.text
