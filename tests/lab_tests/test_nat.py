# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A gateway server behind a real NAT: made, judged and gathered by its declaration, and judged without one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from lab import datapath, places
from tests.lab_tests.laboratory import Laboratory, eventually, playbook, write_inventory

pytestmark = pytest.mark.lab

BC = ("leaf-b", "leaf-c")
NODE_PORT = 31841
NAT = {"address": "203.0.113.7", "port": 51841}
SHORTCUT = {
    "between": list(BC),
    "server": "leaf-b",
    "service_type": "NodePort",
    "node_port": NODE_PORT,
    "client_endpoint": NAT,
}
VARIABLES: dict[str, Any] = {
    "liqo_fabric_name": "nat",
    "liqo_fabric_shortcuts": [SHORTCUT],
    "liqo_fabric_waves": ["100%"],
    "liqo_fabric_evidence_timeout": 30,
}
PLAY = """
- hosts: leaf-b
  gather_facts: false
  tasks:
    - liqo.fabric.peering_info:
        clusters: "{{ groups.liqo_leaves | liqo.fabric.clusters(hostvars) }}"
        shortcuts: "{{ liqo_fabric_shortcuts }}"
        query: links[?between == ['leaf-b', 'leaf-c']]
      delegate_to: localhost
      register: seen
    - ansible.builtin.assert:
        that:
          - seen.result[0] is liqo.fabric.evidence_at_least('fresh')
          - seen.result[0].evidence.notes == []
          - lookup('liqo.fabric.link', 'leaf-b', 'leaf-c') == 'fresh'
          - lookup('liqo.fabric.link', 'leaf-b', 'leaf-c', value='faults') == []
          - lookup('liqo.fabric.link', 'leaf-b', 'leaf-c', shortcuts=[]) == 'fresh'
          - lookup('liqo.fabric.link', 'leaf-b', 'leaf-c', value='notes', shortcuts=[]) | length == 1
"""


@pytest.fixture(scope="module")
def linked(lab: Laboratory, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """An inventory whose only link a rollout has made through the NAT; its wave has passed."""
    folder = tmp_path_factory.mktemp("nat")
    write_inventory(lab, folder, VARIABLES)
    nat(lab)
    assert "fabric nat: 1 created" in playbook("liqo.fabric.rollout", inventory=str(folder))
    yield folder
    nat(lab, "--off")
    playbook("liqo.fabric.teardown", inventory=str(folder))


def nat(lab: Laboratory, *options: str) -> None:
    lab.command("nat", f"leaf-b:{NODE_PORT}", f"{NAT['address']}:{NAT['port']}", *options)


def evidence(lab: Laboratory, **options: Any) -> dict[str, Any]:
    seen = lab.module("peering_info", {"clusters": lab.clusters(BC), **options})
    return dict(seen.link(*BC)["evidence"])


def test_a_declared_nat_is_in_sync_fresh_and_carries_traffic(lab: Laboratory, linked: Path) -> None:
    assert "fabric nat: 1 in sync" in playbook("liqo.fabric.apply", inventory=str(linked))
    status = playbook("liqo.fabric.status", inventory=str(linked))
    told = " ".join(status.partition("leaf-b <-> leaf-c")[2].split())
    assert f"dialled {NAT['address']}:{NAT['port']}/UDP" in told
    assert " fresh" in told
    assert "stale-endpoint" not in told
    assert "note: leaf-c: GatewayClient" not in told
    (linked / "play.yml").write_text(PLAY)
    playbook(str(linked / "play.yml"), inventory=str(linked))
    made = places.load(lab.name)
    address = datapath.direct_address(lab.api("leaf-c"), "leaf-b", datapath.find_pod(made, "leaf-b", "web-leaf-b").ip)
    assert address is not None
    assert datapath.ping(made, "leaf-c", "web-leaf-c", address, count=3).received > 0


@pytest.mark.long
def test_without_a_declaration_it_is_fresh_and_the_note_says_what_one_needs(lab: Laboratory, linked: Path) -> None:
    found = evidence(lab)
    assert (found["rung"], found["faults"]) == ("fresh", [])
    (note,) = found["notes"]
    assert yaml.safe_load(note.partition("declare it with ")[2]) == {"client_endpoint": NAT}
    gathered = lab.module("shortcuts", {"fabric": "nat", "clusters": lab.clusters(BC), "state": "gathered"})
    (shortcut,) = gathered.result["gathered"]
    assert shortcut["client_endpoint"] == NAT
    again = lab.module("shortcuts", {"fabric": "nat", "clusters": lab.clusters(BC), "shortcuts": [shortcut]}, "--check")
    assert again.outcomes == {"leaf-b<->leaf-c": "in_sync"}


@pytest.mark.long
def test_a_declared_endpoint_at_which_nothing_answers_is_named_as_what_is_declared(
    lab: Laboratory, linked: Path
) -> None:
    lab.break_("leaf-b", "gateway:leaf-c")
    found: list[dict[str, Any]] = []

    def is_named() -> bool:
        found.append(evidence(lab, shortcuts=[SHORTCUT]))
        repairs = [fault["repair"] for fault in found[-1]["faults"] if fault["name"] == "dead-tunnel"]
        return any("203.0.113.7:51841/UDP, which client_endpoint declares" in repair for repair in repairs)

    eventually(is_named, what="the declaration is named", timeout_s=60)
    assert found[-1]["rung"] == "agreed"
    undeclared = evidence(lab)
    assert undeclared["rung"] == "declared"
    assert "stale-endpoint" in [fault["name"] for fault in undeclared["faults"]]
