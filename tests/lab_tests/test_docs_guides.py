# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plays of the guides do what the guides say."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.lab_tests.laboratory import ROOT, Laboratory, eventually, now, playbook, write_inventory
from tests.pages import blocks_of

pytestmark = [pytest.mark.lab, pytest.mark.long]

AB = ("leaf-a", "leaf-b")
VARIABLES = {
    "liqo_fabric_name": "retail",
    "liqo_fabric_shortcuts": [{"between": list(AB), "server": "leaf-a"}],
    "liqo_fabric_defaults": {"service_type": "NodePort"},
}


@pytest.fixture
def fabric(lab: Laboratory, tmp_path: Path) -> Iterator[Path]:
    """The folder of an inventory, plays lie beside it; the two leaves are not linked before and after."""
    lab.unlink(AB)
    folder = tmp_path / "fabric"
    folder.mkdir()
    write_inventory(lab, folder, VARIABLES)
    yield folder
    assert not lab.shortcuts(AB, [AB], state="absent", fabric="retail").failed
    lab.unlink(AB)


def play(page: str, name: str, fabric: Path) -> str:
    """The play of a page whose first line begins with the comment ``# name``, as a file beside the inventory."""
    (text,) = (text for text in blocks_of(ROOT / "docs" / page, "yaml") if text.startswith(f"# {name}"))
    file = fabric.parent / name
    file.write_text(text, encoding="utf-8")
    return str(file)


def test_links_that_are_there_become_wishes_with_which_nothing_is_to_be_done(lab: Laboratory, fabric: Path) -> None:
    connect(lab)
    (fabric / "group_vars/all.yml").unlink()
    playbook(play("migration.md", "gather.yml", fabric), inventory=str(fabric))
    wishes = yaml.safe_load((fabric / "group_vars/all/declaration.yml").read_text(encoding="utf-8"))
    assert [wish["between"] for wish in wishes["liqo_fabric_shortcuts"]] == [list(AB)]
    assert "fabric retail: 1 in sync" in playbook("liqo.fabric.plan", inventory=str(fabric))
    playbook("liqo.fabric.apply", "-e", "liqo_fabric_adopt=true", inventory=str(fabric))
    assert link(lab)["owners"] == ["retail"]


def connect(lab: Laboratory) -> None:
    """As a person does it by hand."""
    lab.liqoctl(
        "network",
        "connect",
        f"--kubeconfig={lab.kubeconfig('leaf-a')}",
        f"--remote-kubeconfig={lab.kubeconfig('leaf-b')}",
        "--gw-server-service-type=NodePort",
        "--skip-confirm",
        "--wait",
    )


def test_manifests_fill_up_in_three_steps_and_then_nothing_is_left(lab: Laboratory, fabric: Path) -> None:
    render = play("gitops.md", "render.yml", fabric)
    kinds: list[dict[str, list[str]]] = []
    for left in (("GatewayClient", "PublicKey"), ("PublicKey",), ()):
        # What was applied in the step before needs a moment until Liqo has answered.
        eventually(partial(leaves, render, fabric, left), what=f"only {left} is left", every_s=1)
        kinds.append({leaf: synchronise(lab, leaf, fabric) for leaf in AB})
    assert kinds[0] == {
        "leaf-a": ["Namespace", "Configuration", "GatewayServer"],
        "leaf-b": ["Namespace", "Configuration"],
    }
    assert sorted(kinds[-1]["leaf-b"]) == ["Configuration", "GatewayClient", "Namespace", "PublicKey"]
    shown, real = (list(yaml.safe_load_all(text)) for text in (page_manifests(), manifests(fabric, "leaf-b")))
    assert [shape(body) for body in shown] == [shape(body) for body in real]
    eventually(lambda: link(lab)["evidence"]["rung"] == "fresh", what="the tunnel carries traffic", every_s=1)
    since = now()
    assert "fabric retail: 1 in sync" in playbook("liqo.fabric.apply", inventory=str(fabric))
    assert lab.writes(since, AB) == 0


def leaves(render: str, fabric: Path, left: tuple[str, ...]) -> bool:
    """Write what is known by now; is this all that is not?"""
    said = re.findall(r'"msg": "leaf-[ab]: (.*)"', playbook(render, inventory=str(fabric)))
    return {kind for kinds in said for kind in kinds.split(", ") if kind} == set(left)


def synchronise(lab: Laboratory, leaf: str, fabric: Path) -> list[str]:
    """What a GitOps controller does with the file of one cluster; the kinds in it."""
    bodies = list(yaml.safe_load_all(manifests(fabric, leaf)))
    for body in bodies:
        lab.api(leaf).apply(body)
    return [body["kind"] for body in bodies]


def manifests(fabric: Path, leaf: str) -> str:
    return (fabric.parent / f"manifests/{leaf}.yml").read_text(encoding="utf-8")


def page_manifests() -> str:
    return next(
        text for text in blocks_of(ROOT / "docs/gitops.md", "yaml") if text.startswith("# manifests/leaf-b.yml")
    )


def shape(thing: Any) -> Any:
    """Keys, and values without what differs from lab to lab: numbers, addresses, keys."""
    if isinstance(thing, dict):
        return {name: shape(value) for name, value in thing.items()}
    if isinstance(thing, list):
        return [shape(value) for value in thing]
    return thing if isinstance(thing, str) and re.fullmatch(r"[A-Za-z./-]+[a-z0-9]?", thing) else type(thing).__name__


def link(lab: Laboratory) -> Mapping[str, Any]:
    return lab.module("peering_info", {"clusters": lab.clusters(AB)}).link(*AB)
