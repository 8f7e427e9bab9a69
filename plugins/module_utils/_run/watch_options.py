# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The arguments of the event source. Nobody has checked them before, as Ansible does for a module.

No value of a connection option is ever quoted.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .._fabric.errors import InputError, Violation
from .._fabric.model import Cluster
from .._fabric.wishes import parse_clusters
from .targets import CLUSTERS_SPEC

WHERE = "arguments of liqo.fabric.links"
DEFAULTS: Mapping[str, float] = {"debounce": 2.0, "max_delay": 15.0, "poll_interval": 5.0, "connect_timeout": 5.0}
"""Seconds."""
_OF_RULEBOOK = "eda_feedback_queue"
"""ansible-rulebook adds it for sources that want to know what became of their events."""
_CLUSTER_SPEC: Mapping[str, Mapping[str, Any]] = CLUSTERS_SPEC["clusters"]["options"]


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchOptions:
    """What to watch and how patiently, in seconds."""

    clusters: tuple[Cluster, ...]
    entries: Mapping[str, Mapping[str, Any]] = field(repr=False)
    """By name of the cluster, what ``open_apis`` takes; with secrets."""
    debounce_s: float
    max_delay_s: float
    poll_s: float
    connect_timeout_s: float


def parse_watch_options(args: Mapping[str, Any]) -> WatchOptions:
    """Raises InputError that names everything that is wrong."""
    found: list[Violation] = []
    for name in sorted(args.keys() - DEFAULTS.keys() - {"clusters", _OF_RULEBOOK}):
        _add(found, name, "is no argument", f"there are clusters, {', '.join(DEFAULTS)}")
    seconds = {name: _seconds(args, name, found) for name in DEFAULTS}
    if seconds["max_delay"] < seconds["debounce"]:
        what = f"{seconds['max_delay']:g} is less than debounce, {seconds['debounce']:g}"
        _add(found, "max_delay", what, "give it the longest time that a change may wait")
    entries = _entries(args.get("clusters"), found)
    clusters = parse_clusters(entries, found) if not found else ()
    if found:
        raise InputError(found, where=WHERE)
    return WatchOptions(
        clusters=clusters,
        entries={entry["name"]: entry for entry in entries},
        debounce_s=seconds["debounce"],
        max_delay_s=seconds["max_delay"],
        poll_s=seconds["poll_interval"],
        connect_timeout_s=seconds["connect_timeout"],
    )


def _seconds(args: Mapping[str, Any], name: str, found: list[Violation]) -> float:
    given = args.get(name)
    if given is None:
        return DEFAULTS[name]
    try:
        value = 0.0 if isinstance(given, bool) else float(given)
    except (TypeError, ValueError):
        value = 0.0
    # Also not for nan, which is neither.
    if not 0 < value < float("inf"):
        _add(found, name, f"{given!r} is no number of seconds above 0", f"without it, it is {DEFAULTS[name]:g}")
        return DEFAULTS[name]
    return value


def _entries(given: Any, found: list[Violation]) -> list[dict[str, Any]]:
    if not isinstance(given, (list, tuple)) or not given:
        hint = "list the leaves of the fabric, as in the option clusters of the module liqo.fabric.shortcuts"
        _add(found, "clusters", "no list of clusters is given", hint)
        return []
    return [_entry(entry, f"clusters[{index}]", found) for index, entry in enumerate(given)]


def _entry(given: Any, path: str, found: list[Violation]) -> dict[str, Any]:
    """One cluster, with what Ansible would have done to paths."""
    if not isinstance(given, Mapping):
        _add(
            found, path, f"is a {type(given).__name__} and no dictionary", "write it as {name: leaf-a, kubeconfig: ...}"
        )
        return {}
    if not isinstance(given.get("name"), str) or not given["name"]:
        _add(found, f"{path}.name", "is no text", "name each cluster as the inventory does")
    spellings = {spelling for name, option in _CLUSTER_SPEC.items() for spelling in (name, *option.get("aliases", ()))}
    for name in sorted(str(name) for name in given if name not in spellings):
        _add(found, f"{path}.{name}", "is no option of a cluster", f"there are {', '.join(sorted(_CLUSTER_SPEC))}")
    for name in ("cluster_id", "liqo_namespace", "context", "host", "api_key"):
        if not isinstance(given.get(name), (str, type(None))):
            _add(found, f"{path}.{name}", f"is a {type(given[name]).__name__} and no text", "put it into quotes")
    if not isinstance(given.get("labels"), (Mapping, type(None))):
        _add(found, f"{path}.labels", "is no dictionary", "leave it out, the event source has no use for it")
    paths = {
        spelling
        for name, option in _CLUSTER_SPEC.items()
        if option.get("type") == "path"
        for spelling in (name, *option.get("aliases", ()))
    }
    return {
        name: str(Path(value).expanduser()) if name in paths and isinstance(value, str) else value
        for name, value in given.items()
    }


def _add(found: list[Violation], path: str, what: str, hint: str) -> None:
    found.append(Violation(path=path, message=what, hint=hint))
