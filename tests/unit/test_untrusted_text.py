# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What one leaf says reaches no template engine, no terminal and no file as more than text, on every ansible-core."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import cycle
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.pages import ROOT, blocks_of
from tests.unit.bodies import Body
from tests.unit.canary import Canary
from tests.unit.served_fabric import Change, ServedFabric, served_fabric
from tests.unit.trust.honest import World

pytestmark = pytest.mark.templates

IDENTITY = frozenset({"apiVersion", "kind", "uid", "resourceVersion", "creationTimestamp", "timestamp"})


def everywhere(texts: Iterator[str]) -> Change:
    """Each text of the spec and status, each annotation and the value of each foreign label is one of these."""

    def change(body: Body) -> None:
        for part in ("spec", "status", "data"):
            if part in body:
                body[part] = filled(body[part])
        metadata = body["metadata"]
        told = {key: next(texts) for key in metadata.get("annotations") or {}}
        metadata["annotations"] = {**told, "liqo-fabric.github.io/owners": next(texts), "evil": next(texts)}
        metadata["labels"] = {**(metadata.get("labels") or {}), "evil": next(texts)}

    def filled(value: Any) -> Any:
        if isinstance(value, str):
            return next(texts)
        if isinstance(value, dict):
            return {key: part if key in IDENTITY else filled(part) for key, part in value.items()}
        return [filled(part) for part in value] if isinstance(value, list) else value

    return change


def where_people_write(texts: Iterator[str]) -> Change:
    """What a real API server lets the owner of a leaf write, so that the rest is still worth reading."""
    chosen = {
        "GatewayClient": (("spec", "clientTemplateRef", "name"), ("spec", "secretRef", "name")),
        "GatewayServer": (("spec", "serverTemplateRef", "name"), ("spec", "serverTemplateRef", "namespace")),
        "Connection": (("status", "value"), ("status", "latency", "value")),
        "ForeignClusterConnection": (
            ("spec", "networking", "serverTemplateName"),
            ("spec", "networking", "serverServiceType"),
            ("status", "errorMessage"),
        ),
    }

    def change(body: Body) -> None:
        for path in chosen.get(body.get("kind", ""), ()):
            inner = body
            for key in path[:-1]:
                inner = inner.setdefault(key, {})
            inner[path[-1]] = next(texts)
        if body.get("kind") == "GatewayServer":
            texts_of_service = {"example.com/pool": "a b", "example.com/evil": next(texts)}
            body["spec"].setdefault("service", {})
            body["spec"]["serviceAnnotations"] = texts_of_service
        body["metadata"]["annotations"] = {"liqo-fabric.github.io/owners": next(texts), "evil": next(texts)}

    return change


VARIABLES = {
    "liqo_fabric_services": [{"namespace": "demo", "name": "web"}],
    "liqo_fabric_set_stats": True,
    "liqo_fabric_fail_on_drift": True,
    "liqo_fabric_waves": ["100%"],
    "liqo_fabric_evidence_timeout": 1,
}


@pytest.fixture
def canary(tmp_path: Path) -> Canary:
    return Canary(tmp_path / "canary")


@contextmanager
def fabric_of(folder: Path, canary: Canary, change: Callable[[Iterator[str]], Change]) -> Iterator[ServedFabric]:
    """Linked leaves, of which leaf-b says templates; so does what the connector of 2025 left on the hub."""
    texts = cycle(canary.templates)
    with served_fabric(folder, World.LINKED, {"leaf-b": change(texts), "hub": of_connector(change(texts))}) as found:
        found.declare(**VARIABLES)
        yield found


def of_connector(change: Change) -> Change:
    return lambda body: change(body) if body.get("kind") == "ForeignClusterConnection" else None


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("status", everywhere),
        ("plan", everywhere),
        ("plan", where_people_write),
        ("rollout", where_people_write),
        ("teardown", where_people_write),
    ],
)
def test_no_playbook_renders_what_a_leaf_says(
    tmp_path: Path, canary: Canary, name: str, change: Callable[[Iterator[str]], Change]
) -> None:
    with fabric_of(tmp_path, canary, change) as fabric:
        ran = fabric.play(f"liqo.fabric.{name}", "-v", "--diff", ANSIBLE_SHOW_CUSTOM_STATS="1")
    assert canary.is_alive(), ran.text
    if name == "plan":
        assert str(canary.file) in ran.text, "no template has got so far"
    assert "PLAY RECAP" in ran.text


PLAY = """
- hosts: localhost
  gather_facts: false
  vars:
    seen: "{{ lookup('liqo.fabric.link', 'leaf-a', 'leaf-b', value='all') }}"
    later: "{{ seen }}"
  tasks:
    - liqo.fabric.peering_info:
        clusters: "{{ groups.liqo_leaves | liqo.fabric.clusters(hostvars) }}"
      register: found
    - liqo.fabric.report:
        result: "{{ found }}"
      register: reported
    - ansible.builtin.set_fact:
        picture: "{{ found | liqo.fabric.to_mermaid }} {{ found | liqo.fabric.to_dot }}"
        text: "{{ reported.text }}"
        link: "{{ seen }}"
        reason: "{{ lookup('liqo.fabric.link', 'leaf-a', 'leaf-b', value='why_not_next') }}"
    - ansible.builtin.debug:
        msg: "{{ picture }} {{ text }} {{ link }} {{ later }} {{ reason }} {{ found.links | map('string') | list }}"
    - ansible.builtin.debug:
        msg: "{{ item }}"
      loop: "{{ found.links + link.evidence.faults + [reason, link, text] }}"
      when: item != reason or item is defined
    - ansible.builtin.assert:
        that: found.links | selectattr('evidence', 'defined') | rejectattr('between', 'in', [text]) | list != []
        fail_msg: "{{ text }}"
        success_msg: "{{ reason }} {{ text }}"
    - ansible.builtin.add_host:
        name: seen
        told: "{{ found.links }}"
        owners: "{{ lookup('liqo.fabric.link', 'leaf-a', 'leaf-b', value='owners') }}"
    - ansible.builtin.debug:
        msg: "{{ hostvars.seen.told }} {{ hostvars.seen.owners }} {{ hostvars.localhost }}"
    - ansible.builtin.set_stats:
        data:
          seen: "{{ link }}"
    - ansible.builtin.copy:
        content: "{{ found | to_nice_yaml }}{{ text }}{{ picture }}"
        dest: "{{ playbook_dir }}/kept.txt"
        mode: "0600"
    - ansible.builtin.fail:
        msg: "{{ text }} {{ link }}"
      ignore_errors: true
"""


@pytest.mark.parametrize("change", [everywhere, where_people_write])
def test_no_play_renders_results_lookups_and_filters(
    tmp_path: Path, canary: Canary, change: Callable[[Iterator[str]], Change]
) -> None:
    (tmp_path / "play.yml").write_text(PLAY)
    with fabric_of(tmp_path, canary, change) as fabric:
        ran = fabric.play(str(tmp_path / "play.yml"), "-v", ANSIBLE_SHOW_CUSTOM_STATS="1")
    assert canary.is_alive(), ran.text
    assert ran.code == 0, ran.text
    if change is everywhere:
        assert str(canary.file) in (tmp_path / "kept.txt").read_text(), "no template has got so far"


def test_what_is_gathered_as_the_guide_says_is_no_template_in_the_next_run(tmp_path: Path, canary: Canary) -> None:
    (play,) = (block for block in blocks_of(ROOT / "docs/migration.md", "yaml") if "state: gathered" in block)
    (tmp_path / "gather.yml").write_text(play)
    with fabric_of(tmp_path, canary, where_people_write) as fabric:
        assert fabric.play(str(tmp_path / "gather.yml")).code == 0
        (tmp_path / "fabric/group_vars/all.yml").unlink()
        ran = fabric.play("liqo.fabric.plan")
    written = (tmp_path / "fabric/group_vars/all/declaration.yml").read_text()
    assert canary.is_alive(), written
    assert not any(mark in written for mark in ("{{", "{%", "#jinja2"))
    gathered = yaml.safe_load(written)["liqo_fabric_shortcuts"]
    assert [entry["between"] for entry in gathered] == [
        ["leaf-a", "leaf-b"],
        ["leaf-a", "leaf-c"],
        ["leaf-b", "leaf-c"],
    ]
    assert "a b" in [entry.get("service_annotations", {}).get("example.com/pool") for entry in gathered]
    assert "leaf-a <-> leaf-b" in ran.text


def test_what_is_imported_from_the_connector_is_no_template_in_the_next_run(tmp_path: Path, canary: Canary) -> None:
    role = {"name": "liqo.fabric.migrate_connector", "tasks_from": "import"}
    play = [{"hosts": "localhost", "gather_facts": False, "tasks": [{"ansible.builtin.import_role": role}]}]
    (tmp_path / "import.yml").write_text(yaml.safe_dump(play))
    file = tmp_path / "fabric/group_vars/all/imported.yml"
    with fabric_of(tmp_path, canary, where_people_write) as fabric:
        (tmp_path / "fabric/group_vars/all.yml").unlink()
        file.parent.mkdir()
        imported = fabric.play(str(tmp_path / "import.yml"), "-e", f"migrate_connector_file={file}")
        assert imported.code == 0, imported.text
        fabric.play("liqo.fabric.plan", "-e", "liqo_fabric_name=retail")
    assert canary.is_alive(), file.read_text()
    assert [entry["between"] for entry in yaml.safe_load(file.read_text())["liqo_fabric_shortcuts"]] == [
        ["leaf-a", "leaf-b"], ["leaf-a", "leaf-c"]
    ]  # fmt: skip


TERMINAL = (
    "x\n\nfabric retail: 3 in sync\nFORGED",
    "x\r\nFORGED\x1b[2J\x1b[1A",
    "x\x1b]0;owned\x07",
    "x\x9b31m\x85FORGED",
    "x\u2028FORGED\u202egnp",
    "x" * 5000,
)


@pytest.mark.parametrize("name", ["plan", "status"])
def test_no_text_of_a_leaf_moves_the_cursor_or_begins_a_line(tmp_path: Path, name: str) -> None:
    change = where_people_write(cycle(TERMINAL))
    with served_fabric(tmp_path, World.LINKED, {"leaf-b": change, "hub": of_connector(change)}) as fabric:
        fabric.declare(**VARIABLES)
        ran = fabric.play(f"liqo.fabric.{name}", "-v", "--diff")
    for text in (ran.text, ran.log):
        assert [line for line in text.split("\n") if not line.isprintable()] == []
        assert [line for line in text.split("\n") if line.startswith("FORGED")] == []
        assert max(len(line) for line in text.split("\n") if "=> {" not in line and "ansible_stats" not in line) < 3000
    assert name != "plan" or "FORGED" in ran.text, "no text has got so far"
