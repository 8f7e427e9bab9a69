# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The result of a task as a person reads it: the summary first, then only what differs, then what went wrong.

Works on the result alone, so that what was registered hours ago reads the same. Whatever it gets, it says something,
and no text in it can leave its line.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence

from .access_text import access_text
from .columns import Row, aligned, aligned_blocks, counted, failure_lines, fault_name, milliseconds, rest, wrapped
from .command import Option, command
from .connector_text import connector_text
from .model import is_cluster_id
from .most import MOST_INFOS, MOST_LINKS_WITH_WRITES, MOST_NOTES, MOST_WRITES, MOST_WRITES_OF_LINK
from .services_text import propagation_text, services_text
from .shown import shown_links, shown_of
from .status_text import endpoint_text, status_text
from .task import Task
from .terminal import one_lines

_WORDS = {
    # outcome: (summary of a plan, summary of a run, word on the line of a plan, word on the line of a run)
    "created": ("to create", "created", "create", "created"),
    "repaired": ("to repair", "repaired", "repair", "repaired"),
    "removed": ("to remove", "removed", "remove", "removed"),
    "partly_removed": ("to remove in part", "removed in part", "remove in part", "removed in part"),
    "left": ("to leave", "left", "leave", "left"),
    "pending": ("pending", "pending", "pending", "pending"),
    "in_sync": ("in sync", "in sync", "in sync", "in sync"),
    "blocked": ("blocked", "blocked", "blocked", "blocked"),
    "failed": ("failed", "failed", "failed", "failed"),
}
_GONE = ("removed", "partly_removed", "left")
_WRITTEN = ("created", "repaired", *_GONE)
_BAD = ("blocked", "failed")


_TEXTS: Mapping[Task, Callable[[Row], str]] = {
    Task.PEERING_INFO: status_text,
    Task.PROPAGATION: propagation_text,
    Task.PROPAGATION_INFO: services_text,
    Task.CONNECTOR: connector_text,
    Task.RBAC: access_text,
}


def result_text(result: object, *, again: str = "") -> str:
    """What a task of this collection came to.

    ``again`` is the command of the run; with it the text ends with the command for only the links that failed.
    """
    if not isinstance(result, Mapping):
        return f"no result of a task of liqo.fabric, but {type(result).__name__}"
    return _text(one_lines(result), again)


def _text(result: Row, again: str) -> str:
    """Of a result in which every text is one line."""
    if isinstance(result.get("results"), list):
        return _loop_text(result["results"], again)
    if result.get("skipped"):
        return "skipped: nothing was looked at and nothing was done"
    if result.get("task") not in set(Task):
        return "\n".join(_refusal_lines(result))
    if result.get("result") is not None:
        return json.dumps(result["result"], indent=2, ensure_ascii=False)
    task = Task(result["task"])
    return "\n".join(_run_lines(result, again)) if task is Task.SHORTCUTS else _TEXTS[task](result)


def _loop_text(results: Sequence[object], again: str) -> str:
    """Item by item; those that were skipped count only when there is nothing else."""
    items = [one for one in results if isinstance(one, Mapping)]
    done = [one for one in items if not one.get("skipped")] or items[:1]
    return "\n\n".join(_text(one, again) for one in done) or "the loop had no items"


def summary_line(result: Row) -> str:
    """``fabric retail: 2 to create, 41 in sync``."""
    summary, planned = result.get("summary") or {}, is_plan(result)
    parts = [f"{summary[key]} {_summary_word(key, result, planned)}" for key in _WORDS if summary.get(key)]
    if summary.get("unreachable"):
        parts.append(f"{counted(summary['unreachable'], 'cluster')} unreachable")
    return f"fabric {result.get('fabric', '?')}: {', '.join(parts) or 'no links'}"


def is_plan(result: Row) -> bool:
    """The result of check mode: something would be written, and nothing was."""
    if "check_mode" in result:
        return bool(result["check_mode"])
    return any(link.get("outcome") in _WRITTEN and not link.get("changes") for link in _rows(result, "links"))


def failed_pairs(links: Sequence[Row]) -> list[list[str]]:
    """Those of the links that are worth another run once their reasons are gone, as in ``between``.

    What is no pair of cluster ids cannot be named to a task.
    """
    bad = [list(link.get("between") or ()) for link in links if link.get("outcome") in _BAD]
    return [pair for pair in bad if len(pair) == 2 and all(map(is_cluster_id, map(str, pair)))]


def _run_lines(result: Row, again: str) -> list[str]:
    lines = [summary_line(result)]
    writes = _writes_by_pair(result)
    differing = shown_links(
        result, (link for link in _rows(result, "links") if link.get("outcome") != "in_sync" or link.get("notes"))
    )
    shown = differing.rows
    heads = aligned_blocks([_link_cells(link, writes[_pair(link)], result) for link in shown], indent="  ")
    if shown:
        lines.append("")
    for number, (link, head) in enumerate(zip(shown, heads, strict=True)):
        lines += head
        if number < MOST_LINKS_WITH_WRITES:
            lines += _write_lines(writes[_pair(link)], link, MOST_WRITES_OF_LINK)
        notes = link.get("notes") or ()
        for note in notes[:MOST_NOTES]:
            lines += wrapped(note, head="      note: ")
        lines += rest(notes, MOST_NOTES, "note", "links", indent="      ")
    if len(shown) > MOST_LINKS_WITH_WRITES:
        more = counted(len(shown) - MOST_LINKS_WITH_WRITES, "more link")
        lines.append(f"  the writes of {more} are in the result, under plan")
    lines += differing.lines("link", "links")
    strays = [op for op in _rows(result, "plan") if _pair_of(op) not in writes]
    if strays:
        lines += ["", "  writes of no link of this list", *_write_lines(strays, {}, MOST_WRITES)]
    return lines + _preflight_lines(result) + _failure_lines(result, shown) + _again_lines(result, shown, again)


def _preflight_lines(result: Row) -> list[str]:
    """Warnings; of a plan also what is good to know of its links, while that is little.

    An error is the failure of its links, and is shown there.
    """
    found = list(result.get("preflight") or ())
    infos = [one for one in found if one.get("level") == "info" and one.get("between") and is_plan(result)]
    shown = [one for one in found if one.get("level") == "warning"] + (infos if len(infos) <= MOST_INFOS else [])
    lines = ["", "Before the first write"] if shown else []
    for one in shown:
        links = [pair_name(_pair(one))] if one.get("between") else []
        where = f"{one.get('level', '?')}, {one.get('cluster', '?')}"
        lines += failure_lines({"where": where, **{key: one.get(key) for key in ("what", "why", "next")}}, links)
    return lines


def _summary_word(outcome: str, result: Row, planned: bool) -> str:
    if outcome == "in_sync" and result.get("state") == "absent":
        return "not there"
    return _WORDS[outcome][0 if planned else 1]


def _rows(result: Row, key: str) -> Sequence[Row]:
    """A list of the result; empty where it is missing."""
    return result.get(key) or ()


def _pair(link: Row) -> tuple[str, ...]:
    return tuple(str(end) for end in link.get("between") or ())


def pair_name(between: Iterable[str]) -> str:
    return " <-> ".join(between)


def _link_cells(link: Row, writes: Sequence[Row], result: Row) -> list[str]:
    outcome = str(link.get("outcome", "?"))
    words = _WORDS.get(outcome)
    word = words[2 if is_plan(result) else 3] if words else outcome
    if outcome == "in_sync":
        word = _summary_word(outcome, result, False)
    return [pair_name(_pair(link)), word, _remark(link, writes, result)]


def _remark(link: Row, writes: Sequence[Row], result: Row) -> str:
    failure = link.get("failure")
    if failure:
        done = sum(_is_done(op, link) for op in writes)
        progress = f"{done} of {counted(len(writes), 'write')} done; " if writes and not is_plan(result) else ""
        name = fault_name(failure)
        title = f"{name}: " if name else ""
        return f"{progress}{title}{failure.get('where', '?')}: {failure.get('what', '?')}"
    if is_plan(result) or link.get("outcome") in _GONE:
        return counted(len(writes), "write") if writes else ""
    facts = [f"server {link['server']} {endpoint_text(link)}".rstrip()] if link.get("server") else []
    if link.get("latency_ms") is not None:
        facts.append(f"latency {milliseconds(link['latency_ms'])}")
    if link.get("outcome") == "pending":
        facts.append("everything is written, the tunnel is not up yet")
    return ", ".join(facts)


def _write_lines(writes: Sequence[Row], link: Row, most: int) -> list[str]:
    """The first ones of each cluster, so that one does not hide what is written to the other one."""
    shown = shown_of(writes, most, lambda op: str(op.get("cluster", "?")))
    lines = aligned([_write_cells(op, link) for op in shown.rows], indent="      ")
    return lines + [f"    {line}" for line in shown.lines("write", "plan")]


def _write_cells(op: Row, link: Row) -> list[str]:
    undone = bool(link.get("failure")) and not _is_done(op, link)
    reason = f"{op.get('reason', '')}{' (not done)' if undone else ''}"
    return [str(op.get(key, "?")) for key in ("cluster", "action", "kind", "name")] + [reason]


def _is_done(op: Row, link: Row) -> bool:
    return _op_id(op) in (link.get("changes") or ())


def _op_id(op: Row) -> str:
    """As in `changes` of a link."""
    place = f"{op['namespace']}/" if op.get("namespace") else ""
    return f"{op.get('action')} {op.get('cluster')}/{op.get('kind')}/{place}{op.get('name')}"


def _writes_by_pair(result: Row) -> dict[tuple[str, ...], list[Row]]:
    found: dict[tuple[str, ...], list[Row]] = {_pair(link): [] for link in _rows(result, "links")}
    for op in _rows(result, "plan"):
        if _pair_of(op) in found:
            found[_pair_of(op)].append(op)
    return found


def _pair_of(op: Row) -> tuple[str, ...]:
    return tuple(sorted((str(op.get("cluster")), _peer(op))))


def _peer(op: Row) -> str:
    """The other cluster of a write; by Liqo's names where the result does not say it."""
    if op.get("peer"):
        return str(op["peer"])
    return str(op.get("namespace") or op.get("name")).removeprefix("liqo-tenant-")


def _failure_lines(result: Row, shown: Sequence[Row]) -> list[str]:
    failures, concerned = _failures_of(result, shown)
    # A cluster that no link of this run needed is not a failure, but must not be passed over.
    silent = [state["failure"] for state in _states(result) if state.get("failure")]
    extra = [failure for failure in silent if failure not in failures]
    if not failures and not extra:
        return []
    lines = ["", "What is in the way" if failures else "Not reached"]
    for failure, links in zip(failures + extra, concerned + [[]] * len(extra), strict=True):
        lines += failure_lines(failure, links)
    return lines


def _failures_of(result: Row, shown: Sequence[Row]) -> tuple[list[Row], list[list[str]]]:
    """The failures of the links that are shown, and those of no link; and the links of each."""
    by_text: dict[str, list[str]] = {}
    for link in shown:
        if link.get("failure"):
            by_text.setdefault(repr(link["failure"]), []).append(pair_name(_pair(link)))
    of_links = {repr(link["failure"]) for link in _rows(result, "links") if link.get("failure")}
    failures = [
        failure for failure in result.get("failures") or () if repr(failure) in by_text or repr(failure) not in of_links
    ]
    return failures, [by_text.get(repr(failure), []) for failure in failures]


def _states(result: Row) -> list[Row]:
    clusters = result.get("clusters")
    return [state for state in clusters.values() if isinstance(state, Mapping)] if isinstance(clusters, Mapping) else []


def _again_lines(result: Row, shown: Sequence[Row], again: str) -> list[str]:
    known = {str(name) for name in result.get("clusters") or ()}
    # A cluster that is not of the task cannot be named to it.
    pairs = [pair for pair in failed_pairs(shown) if not known or known.issuperset(pair)]
    if not pairs:
        return []
    # No space in it, so that it is one word for the shell and is not broken here.
    only = json.dumps({"liqo_fabric_only": pairs}, separators=(",", ":"))
    if again:
        return ["", "Then run only these again:", f"  {again} {command(Option('-e'), only)}"]
    listed = ", ".join(f"{{ between: [{', '.join(pair)}] }}" for pair in pairs)
    return ["", *wrapped(f"shortcuts: [{listed}]", head="Then run only these again with  ")]


def _refusal_lines(result: Row) -> list[str]:
    """A task that did not come to a result: refused, or broken."""
    failures = result.get("failures")
    if isinstance(failures, Sequence) and not isinstance(failures, str) and failures:
        lines = ["it went wrong after something was changed" if result.get("changed") else "nothing was done"]
        for failure in failures:
            lines += failure_lines(failure) if isinstance(failure, Mapping) else wrapped(str(failure), head="  ")
        return lines
    said = next((str(result[key]).strip() for key in ("msg", "module_stderr") if result.get(key)), "")
    if said:
        return ["the task came to no result", *wrapped(said, head="  ")]
    known = ", ".join(sorted(map(str, result))) or "nothing"
    return [f"no result of a task of liqo.fabric; it has {known}"]
