# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pictures of a result, and the test that asks for evidence, as a playbook sees them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.errors import AnsibleFilterError
from ansible_collections.liqo.fabric.plugins.filter.to_dot import to_dot
from ansible_collections.liqo.fabric.plugins.filter.to_mermaid import to_mermaid
from ansible_collections.liqo.fabric.plugins.test.evidence_at_least import evidence_at_least

FOLDER = Path(__file__).resolve().parents[4] / "plugins/filter"


def link(one: str, other: str, *, kind: str = "shortcut", rung: str | None = "fresh", **facts: Any) -> dict[str, Any]:
    peering = [{"consumer": one, "provider": other}] if kind == "peering" else []
    between = sorted((one, other))
    return {"between": between, "kind": kind, "peering": peering, "evidence": {"rung": rung}, **facts}


FABRIC = {
    "clusters": {name: {"reachable": True} for name in ("hub", "leaf-a", "leaf-b")},
    "links": [
        link("hub", "leaf-a", kind="peering", latency_ms=1.1),
        link("hub", "leaf-b", kind="peering", latency_ms=1.2),
        link("leaf-a", "leaf-b", latency_ms=0.6),
    ],
}


@pytest.mark.parametrize("picture", [to_mermaid, to_dot], ids=lambda picture: picture.__name__)
def test_the_documented_sample_is_the_picture_of_such_a_fabric(picture: Any) -> None:
    sample = yaml.safe_load((FOLDER / f"{picture.__name__}.yml").read_text())["RETURN"]["_value"]["sample"]
    assert picture(FABRIC).split() == sample.split()


def test_a_consumer_comes_first_whatever_the_names() -> None:
    drawn = to_dot({"clusters": {}, "links": [link("west", "east", kind="peering")]})
    assert '"west" -> "east" [dir=forward' in drawn


def test_what_is_not_healthy_or_not_reached_is_broken() -> None:
    result = {"clusters": {"leaf-a": {"reachable": False}}, "links": [link("leaf-a", "leaf-b", rung="agreed")]}
    assert '"leaf-a" [style=dashed];' in to_dot(result)
    assert "style=dashed, label=" in to_dot(result)
    assert '-.-|"agreed"|' in to_mermaid(result)
    assert 'c0["leaf-a"]:::unreachable' in to_mermaid(result)


EVIL = (
    '"]; evil --> leaf-a; subgraph x["',
    "<script>alert(1)</script>&lt;b&gt;",
    '%%{init: {"securityLevel": "loose"}}%%',
    'x\nclick c0 "javascript:alert(1)"',
    'a -- b }\n digraph { c [URL="javascript:alert(1)"]',
    'x\\" [label=<<b>x</b>>]; y',
    "`**markdown**`",
    "\x1b[2J\u202e\ud800",
    "x" * 10_000,
)


@pytest.mark.parametrize("text", EVIL)
def test_no_text_leaves_its_place_in_a_picture(text: str) -> None:
    odd = {**link("leaf-a", text, kind="peering", rung=text), "peering": [{"consumer": text, "provider": text}]}
    result = {"clusters": {text: {"reachable": False}}, "links": [odd]}
    drawn = to_mermaid(result)
    assert re.sub(r'"[^"\n]*"', "Q", drawn).splitlines() == [
        "graph LR",
        *sorted(
            {
                f"  c{number}[Q]" + ("" if name == "leaf-a" else ":::unreachable")
                for number, name in enumerate(sorted(("leaf-a", text)))
            }
        ),
        f"  c{sorted(('leaf-a', text)).index(text)} -.->|Q| c{sorted(('leaf-a', text)).index(text)}",
        "  classDef unreachable stroke-dasharray: 4",
    ]
    assert not re.search(r"%|<|[{]|`|&", drawn)
    assert all(line.isprintable() and len(line) < 1200 for line in drawn.splitlines())
    graph = to_dot(result)
    words = re.sub(r'"(?:[^"\\\n]|\\["\\])*"', "Q", graph)
    assert sorted(words.splitlines()) == sorted(
        [
            "digraph fabric {",
            "  node [shape=box];",
            "  Q;",
            "  Q [style=dashed];",
            "  Q -> Q [dir=forward, style=dashed, label=Q];",
            "}",
        ]
    )
    assert "<" not in graph
    assert all(line.isprintable() and len(line) < 1200 for line in graph.splitlines())


@pytest.mark.parametrize("picture", [to_mermaid, to_dot], ids=lambda picture: picture.__name__)
@pytest.mark.parametrize("odd", [None, "text", {"msg": "refused"}], ids=str)
def test_what_is_no_result_is_refused_in_one_sentence(picture: Any, odd: Any) -> None:
    with pytest.raises(AnsibleFilterError, match=r"no result with links; give it what liqo\.fabric\.peering_info"):
        picture(odd)


@pytest.mark.parametrize(
    ("reached", "wanted", "enough"),
    [("fresh", "fresh", True), ("proven", "fresh", True), ("agreed", "fresh", False), (None, "absent", False)],
)
def test_rungs_rest_on_each_other(reached: str | None, wanted: str, enough: bool) -> None:
    assert evidence_at_least(link("leaf-a", "leaf-b", rung=reached), wanted) is enough


def test_a_rung_or_a_link_that_is_none_is_refused() -> None:
    with pytest.raises(AnsibleFilterError, match="'good' is no rung of evidence; use one of absent, declared"):
        evidence_at_least(link("leaf-a", "leaf-b"), "good")
    with pytest.raises(AnsibleFilterError, match="this is no link"):
        evidence_at_least("leaf-a", "fresh")
