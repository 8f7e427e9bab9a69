# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The result of `peering_info` as a person reads it: a line of counts, the clusters, the links, and what is wrong."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from .columns import Row, aligned, aligned_blocks, counted, milliseconds, rest, wrapped
from .evidence import Rung
from .most import MOST_ADDRESSES_SHOWN, MOST_FAULTS_SHOWN
from .shown import in_the_way, shown_links

NONE = "-"


def status_text(result: Row) -> str:
    """Every cluster and every link, however little is known of it."""
    clusters, links = result.get("clusters") or {}, result.get("links") or ()
    lines = [_summary_line(clusters, links)]
    if clusters:
        lines += ["", *_cluster_lines(clusters)]
    if links:
        shown = shown_links(result, links)
        lines += ["", *_link_lines(shown.rows), *shown.lines("link", "links")]
    return "\n".join([*lines, *in_the_way(result)])


def _summary_line(clusters: Row, links: Sequence[Row]) -> str:
    """``3 clusters, 1 of them unreachable; 4 links: 2 fresh, 2 handshaken; 1 with faults``."""
    unreachable = sum(not state.get("reachable") for state in clusters.values())
    parts = [counted(len(clusters), "cluster") + (f", {unreachable} of them unreachable" if unreachable else "")]
    rungs = Counter(_rung(link) for link in links)
    order = [str(rung) for rung in reversed(Rung)]
    known = [f"{rungs.pop(word)} {word}" for word in order if word in rungs]
    known += [f"{count} {word}" for word, count in sorted(rungs.items())]
    parts.append(counted(len(links), "link") + (f": {', '.join(known)}" if known else ""))
    faulty = sum(bool(_evidence(link).get("faults")) for link in links)
    if faulty:
        parts.append(f"{faulty} with faults")
    return "; ".join(parts)


def _cluster_lines(clusters: Row) -> list[str]:
    rows: list[tuple[str, ...]] = [("CLUSTER", "LIQO", "POD CIDR", "EXTERNAL CIDR", "STATE")]
    for name in sorted(clusters):
        state = clusters[name]
        networks = state.get("networks") or {}
        failure = state.get("failure") or {}
        told = "reachable" if state.get("reachable") else f"unreachable: {failure.get('why', 'no reason is known')}"
        if state.get("unread"):
            told += f"; our rights do not show {_cell(state['unread'])}"
        told += "".join(f"; {note}" for note in state.get("notes") or ())
        cells = (state.get("version"), networks.get("pod"), networks.get("external"))
        rows.append((name, *map(_cell, cells), told))
    return aligned(rows)


def _link_lines(links: Sequence[Row]) -> list[str]:
    rows = [("LINK", "KIND", "FABRIC", "SERVER", "ENDPOINT", "MTU", "LATENCY", "EVIDENCE")]
    rows += [
        (
            " <-> ".join(link["between"]),
            _cell(link.get("kind")),
            _cell(link.get("owners")),
            _cell(link.get("server")),
            endpoint_text(link) or NONE,
            "/".join(dict.fromkeys(str(end["mtu"]) for end in _ends(link) if end.get("mtu"))) or NONE,
            _latency(link),
            _rung(link),
        )
        for link in links
    ]
    head, *blocks = aligned_blocks(rows)
    lines = list(head)
    limits = Counter(_limit(link) for link in links)
    for link, block in zip(links, blocks, strict=True):
        lines += [*block, *_below(link, with_limit=limits[_limit(link)] == 1)]
    # What holds for many links is said once.
    for (rung, why), count in sorted(limits.items()):
        if count > 1 and why:
            lines += wrapped(why, head=f"{counted(count, 'link')} not {rung}: ")
    return lines


def _below(link: Row, *, with_limit: bool) -> list[str]:
    """What does not fit into a column: remaps, why the evidence ends where it does, faults."""
    lines: list[str] = []
    for sentence in _remaps(link):
        lines += wrapped(sentence, head="    ")
    next_rung, why = _limit(link)
    if with_limit and why:
        lines += wrapped(why, head=f"    not {next_rung}: ")
    faults = _evidence(link).get("faults") or ()
    for fault in faults[:MOST_FAULTS_SHOWN]:
        lines += wrapped(f"{fault.get('cluster')}: {fault.get('detail')}", head=f"    {fault.get('name')}: ")
        if fault.get("repair"):
            lines += wrapped(str(fault["repair"]), head="        repair: ")
    lines += rest(faults, MOST_FAULTS_SHOWN, "fault", "faults", indent="    ")
    for note in (_evidence(link).get("notes") or ())[:MOST_FAULTS_SHOWN]:
        lines += wrapped(str(note), head="    note: ")
    return lines


def _limit(link: Row) -> tuple[str, str]:
    """The rung that was not reached, and why."""
    return _next_rung(_rung(link)), str(_evidence(link).get("why_not_next") or "")


def endpoint_text(link: Row) -> str:
    """Where the client finds the server; also the one address that it dials, where that does not say it."""
    endpoint = link.get("endpoint") or {}
    advertised, used = _address(endpoint.get("advertised")), _address(endpoint.get("used"), most=1)
    if advertised and used and advertised != used:
        return f"{advertised}, dialled {used}"
    return advertised or used


def _address(endpoint: Row | None, *, most: int = 0) -> str:
    """All addresses as far as they are few, or the first ones of them."""
    if not endpoint:
        return ""
    addresses = list(endpoint.get("addresses") or ["?"])
    rest = len(addresses) - MOST_ADDRESSES_SHOWN
    shown = ",".join(addresses[: most or MOST_ADDRESSES_SHOWN]) + (f" and {rest} more" if rest > 0 and not most else "")
    return f"{shown}:{endpoint.get('port')}/{endpoint.get('protocol')}"


def _remaps(link: Row) -> list[str]:
    """The pod CIDRs that have another name on the other side."""
    found = []
    for end, other in zip(_ends(link), reversed(_ends(link)), strict=True):
        rows = (end.get("remap") or {}).get("pod") or ()
        renamed = [
            f"{row['native']} as {row['remapped']}" for row in rows if row.get("remapped") not in (None, row["native"])
        ]
        if renamed:
            found.append(f"{end.get('cluster')} sees pods of {other.get('cluster')}, {', '.join(renamed)}")
    return found


def _ends(link: Row) -> Sequence[Row]:
    return link.get("ends") or ()


def _evidence(link: Row) -> Row:
    evidence = link.get("evidence")
    return evidence if isinstance(evidence, Mapping) else {}


def _rung(link: Row) -> str:
    return str(_evidence(link).get("rung") or "unknown")


def _next_rung(rung: str) -> str:
    words = [str(one) for one in Rung]
    return words[min(words.index(rung) + 1, len(words) - 1)] if rung in words else "known"


def _latency(link: Row) -> str:
    latency = link.get("latency_ms")
    return milliseconds(latency) if isinstance(latency, (int, float)) else NONE


def _cell(value: object) -> str:
    if value in (None, "", []):
        return NONE
    if isinstance(value, str) or not isinstance(value, Iterable):
        return str(value)
    return ", ".join(map(str, value))
