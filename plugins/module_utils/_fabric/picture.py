# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Clusters and links of a result as a picture: Mermaid for pages, DOT for Graphviz. Works on the result alone."""

from __future__ import annotations

import html

from .columns import Row, counted, milliseconds
from .shown import Shown, shown_links
from .terminal import one_line

_HEALTHY = ("fresh", "proven")
_LONGEST = 80
_OF_WORDS = " -_.,:/()"


def mermaid(result: Row) -> str:
    """A flowchart. Peerings are arrows from consumer to provider, shortcuts are thick lines, unhealthy links dotted."""
    names = _clusters(result)
    ids = {name: f"c{number}" for number, name in enumerate(names)}
    lines = ["graph LR"]
    for name in names:
        lines.append(
            f'  {ids[name]}["{_mermaid_text(name)}"]' + (":::unreachable" if not _reachable(result, name) else "")
        )
    shown = _links(result)
    for link in shown.rows:
        one, other = _ends(link)
        arrow = "-->" if _is_peering(link) else "==="
        if not _is_healthy(link):
            arrow = "-.->" if _is_peering(link) else "-.-"
        lines.append(f'  {ids[one]} {arrow}|"{_mermaid_text(_label(link))}"| {ids[other]}')
    for number, (name, count) in enumerate(sorted(shown.left_out.items())):
        lines.append(f'  m{number}["{_mermaid_text(_more(name, count))}"]')
    if any(not _reachable(result, name) for name in names):
        lines.append("  classDef unreachable stroke-dasharray: 4")
    return "\n".join(lines) + "\n"


def dot(result: Row) -> str:
    """A graph for Graphviz. Peerings have an arrow, shortcuts are bold, unhealthy links dashed."""
    lines = ["digraph fabric {", "  node [shape=box];"]
    for name in _clusters(result):
        style = "" if _reachable(result, name) else " [style=dashed]"
        lines.append(f'  "{_dot_text(name)}"{style};')
    shown = _links(result)
    for name, count in sorted(shown.left_out.items()):
        lines.append(f'  "{_dot_text(_more(name, count))}";')
    for link in shown.rows:
        one, other = _ends(link)
        style = "solid" if _is_peering(link) else "bold"
        direction = "forward" if _is_peering(link) else "none"
        style = style if _is_healthy(link) else "dashed"
        label = _dot_text(_label(link))
        lines.append(f'  "{_dot_text(one)}" -> "{_dot_text(other)}" [dir={direction}, style={style}, label="{label}"];')
    return "\n".join([*lines, "}"]) + "\n"


def _clusters(result: Row) -> list[str]:
    """All that are named, those that are only ends of links included; sorted."""
    ends = {str(end) for link in _links(result).rows for end in (*link["between"], *_ends(link))}
    return sorted(ends | {str(name) for name in result.get("clusters") or ()})


def _links(result: Row) -> Shown[Row]:
    return shown_links(result, (link for link in result.get("links") or () if link.get("kind") != "absent"))


def _more(cluster: str, count: int) -> str:
    return f"{cluster}: {counted(count, 'more link')}"


def _ends(link: Row) -> tuple[str, str]:
    """Of a peering the consumer first."""
    one, other = link["between"]
    for way in link.get("peering") or ():
        return str(way["consumer"]), str(way["provider"])
    return str(one), str(other)


def _reachable(result: Row, name: str) -> bool:
    """A cluster of which the result says nothing is not known to be unreachable."""
    state = (result.get("clusters") or {}).get(name) or {}
    return bool(state.get("reachable", True))


def _is_peering(link: Row) -> bool:
    return bool(link.get("kind") == "peering")


def _is_healthy(link: Row) -> bool:
    return _rung(link) in _HEALTHY


def _rung(link: Row) -> str:
    return str((link.get("evidence") or {}).get("rung") or "unknown")


def _label(link: Row) -> str:
    latency = link.get("latency_ms")
    return _rung(link) + (f", {milliseconds(latency)}" if isinstance(latency, (int, float)) else "")


def _mermaid_text(text: str) -> str:
    """What stands between quotes: all but words are numbers of characters, so that no text is HTML or a directive."""
    shown = one_line(text, longest=_LONGEST)
    return "".join(letter if letter.isalnum() or letter in _OF_WORDS else f"#{ord(letter)};" for letter in shown)


def _dot_text(text: str) -> str:
    """What stands between quotes; Graphviz reads entities of HTML there."""
    shown = html.escape(one_line(text, longest=_LONGEST), quote=False)
    return shown.replace("\\", "\\\\").replace('"', '\\"')
