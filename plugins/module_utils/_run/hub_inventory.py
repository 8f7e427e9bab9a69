# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hubs -> the hosts of an inventory: hubs are read, then the leaves that they know, each step in parallel.

A hub or leaf that cannot be read spoils no other one; what it would have told is missing, and a warning says so.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from .._fabric.blame import blame
from .._fabric.errors import FabricError, FailureName, InputError, Violation
from .._fabric.hub_view import HubView, check_names, leaves_of, no_hub_answered
from .._fabric.inventory_hosts import Host, Hub, Leaf, hosts_of
from .._fabric.inventory_names import RESERVED
from .._fabric.model import Cluster, ClusterId
from .._fabric.unquoted import is_quotable, quoted
from .._fabric.wishes import check_limits, parse_clusters
from .._kube.auth_options import CLUSTER_AUTH_SPEC
from .._kube.client import Api
from .._kube.secrets_in_options import secret_values, without_userinfo
from .._liqo.peers import parse_notes
from .._liqo.resources import FOREIGN_CLUSTER
from .identities import keep_identities
from .info import read_states
from .parallel import attempt_all
from .paths import beside
from .read import CANNOT_READ, Depth, read_cluster
from .targets import open_apis
from .who import Who

AGENT = "foreign_clusters"
PLACEHOLDER = "{cluster_id}"

Warn = Callable[[str], None]
Params = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Inventory:
    """What was found."""

    hosts: tuple[Host, ...]
    complete: bool
    """Every hub was read, so that nothing is missing that another run would list."""


def read_inventory(params: Params, *, folder: str, where: str, warn: Warn) -> Inventory:
    """``params`` are the options of the inventory plugin, of the right types; relative paths start at ``folder``.

    Raises InputError before any request, and FabricError when no hub could be read.
    """
    _check(params, where)
    parallel = params["parallel_clusters"]
    entries = [beside(entry, folder) for entry in params["hubs"]]
    apis = _by_name(entries, open_apis({**params, "clusters": entries}, agent=AGENT))
    read = attempt_all(
        lambda entry: _read_hub(entry, apis[entry["name"]], params),
        entries,
        what=CANNOT_READ,
        where=lambda entry: f"hub {entry['name']}",
        limit=parallel,
        gives_way=True,
    )
    hubs = _each_once([_hub(entry, seen) for entry, seen in zip(entries, read, strict=True)], entries)
    views = tuple(hub.seen for hub in hubs if isinstance(hub.seen, HubView))
    problems = {hub.name: hub.seen for hub in hubs if isinstance(hub.seen, FabricError)}
    if not views:
        raise no_hub_answered(problems)
    for problem in problems.values():
        warn(f"a hub is listed without its leaves: {problem}")
    themselves = {hub.id for hub in hubs}
    known = leaves_of(views, roles=params["leaf_roles"])
    leaves = [Leaf(id=leaf, hubs=its_hubs) for leaf, its_hubs in known.items() if leaf not in themselves]
    open_hubs = {name: api.within(params["timeout"]) for name, api in apis.items() if not isinstance(api, FabricError)}
    leaves = _connect(leaves, open_hubs, params, folder, warn)
    if params["read_leaves"]:
        leaves = _ask(leaves, params, warn)
    ids = {*(view.state.id for view in views), *(leaf.id for leaf in leaves)}
    hosts, odd = blame(
        lambda among: hosts_of(*_without(hubs, leaves, ids - among), region_labels=params["region_labels"]),
        ids,
        what="cannot list this cluster",
    )
    _warn_of(odd, "is listed without what it says" if len(odd) == 1 else "are listed without what they say", warn)
    return Inventory(hosts=hosts, complete=not problems)


def _without(hubs: Sequence[Hub], leaves: Sequence[Leaf], odd: set[ClusterId]) -> tuple[list[Hub], list[Leaf]]:
    """Hubs and leaves as if these clusters had not been read."""
    if not odd:
        return list(hubs), list(leaves)
    fault = FailureName.NOT_UNDERSTOOD
    unread = FabricError(what="left out", where="it", why="what it says cannot be understood", next="", fault=fault)
    left = [replace(leaf, hubs=tuple(hub for hub in leaf.hubs if hub.state.id not in odd)) for leaf in leaves]
    return (
        [replace(hub, seen=unread, declared_id=hub.id) if hub.id in odd else hub for hub in hubs],
        [replace(leaf, seen=unread) if leaf.id in odd else leaf for leaf in left if leaf.hubs],
    )


def _check(params: Params, where: str) -> None:
    found: list[Violation] = []
    names = [entry["name"] for entry in params["hubs"]]
    for name in sorted({name for name in names if names.count(name) > 1}):
        found.append(Violation(path="hubs", message=f"{name} is there twice", hint="list each hub once"))
    if not names:
        found.append(Violation(path="hubs", message="no hub is given", hint="name at least one, with its kubeconfig"))
    pattern = params["kubeconfig_pattern"]
    if pattern and PLACEHOLDER not in pattern:
        what = f"{pattern!r} would be the same file for every leaf"
        found.append(Violation(path="kubeconfig_pattern", message=what, hint=f"write {PLACEHOLDER} in it"))
    check_limits(params, found)
    for index, name in enumerate(names):
        if not is_quotable(name) or not name.isprintable():
            what = f"{quoted(name)} is no name of a host"
            found.append(Violation(path=f"hubs[{index}].name", message=what, hint="name it as the inventory does"))
    for name in sorted(RESERVED.intersection(names)):
        what = f"{name} means something else to Ansible"
        found.append(Violation(path=f"hubs[{name}].name", message=what, hint="give the hub another name"))
    if found:
        raise InputError(found, where=where)
    check_names({entry["name"]: _declared_id(entry) for entry in params["hubs"]}, where=where)


def _declared_id(entry: Params) -> ClusterId:
    return ClusterId(entry.get("cluster_id") or entry["name"])


def _by_name(entries: Sequence[Params], apis: Mapping[ClusterId, Api | FabricError]) -> dict[str, Api | FabricError]:
    return {entry["name"]: apis[_declared_id(entry)] for entry in entries}


def _read_hub(entry: Params, api: Api | FabricError, params: Params) -> HubView:
    """A hub that did not say its id is asked for it."""
    if isinstance(api, FabricError):
        raise api
    (cluster,) = parse_clusters([entry], [])
    who = Who(cluster, any_id=not entry.get("cluster_id"))
    reading = read_cluster(api.within(params["timeout"]), who, peers=frozenset(), depth=Depth.INFO)
    if FOREIGN_CLUSTER in reading.raw.unread:
        raise FabricError(
            what="cannot list foreignclusters.core.liqo.io",
            where=api.where,
            why="the credentials lack that right, and nothing else names the leaves",
            next="grant list on foreignclusters.core.liqo.io to them, or use others",
            fault=FailureName.MISSING_RIGHT,
        )
    return HubView(name=entry["name"], state=reading.state, notes=parse_notes(reading.raw))


def _hub(entry: Params, seen: HubView | FabricError) -> Hub:
    (cluster,) = parse_clusters([entry], [])
    variables = {f"liqo_{name}": _shown(value) for name, value in entry.items() if _may_be_shown(name, value)}
    if cluster.liqo_namespace != "liqo":
        variables["liqo_namespace"] = cluster.liqo_namespace
    return Hub(name=entry["name"], seen=seen, declared_id=cluster.id, connection=variables, labels=dict(cluster.labels))


def _each_once(hubs: Sequence[Hub], entries: Sequence[Params]) -> list[Hub]:
    """The hubs, where one that says to be the same cluster as another one counts as not read. What is declared wins."""
    declared = {entry["name"] for entry in entries if entry.get("cluster_id")}
    first: dict[ClusterId, str] = {}
    for hub in sorted(hubs, key=lambda hub: hub.name not in declared):
        first.setdefault(hub.id, hub.name)
    return [hub if first[hub.id] == hub.name else _namesake(hub, first[hub.id]) for hub in hubs]


def _namesake(hub: Hub, other: str) -> Hub:
    problem = FabricError(
        what="this cluster is no hub of its own",
        where=hub.name,
        why=f"it says that it is cluster {hub.id}, like {other}",
        next="list each hub once, and give each its cluster_id",
        fault=FailureName.WRONG_CLUSTER,
    )
    return replace(hub, seen=problem)


def _may_be_shown(name: str, value: Any) -> bool:
    """A connection option that is set and, credentials in its URL left out, holds no secret."""
    if name not in CLUSTER_AUTH_SPEC or value in (None, "") or isinstance(value, Mapping):
        return False
    return not secret_values({name: _shown(value)}, {})


def _shown(value: Any) -> Any:
    return without_userinfo(value) if isinstance(value, str) and "@" in value else value


def _connect(leaves: Sequence[Leaf], hubs: Mapping[str, Api], params: Params, folder: str, warn: Warn) -> list[Leaf]:
    """A file of the pattern that exists comes first, as a person put it there; then the identity.

    Without either the path of the pattern stays, so that whoever uses it is told which file is missing.
    """
    pattern = params["kubeconfig_pattern"]
    by_pattern = {leaf.id: _by_pattern(pattern, leaf.id, folder) for leaf in leaves} if pattern else {}
    lacking = [leaf for leaf in leaves if leaf.id not in by_pattern or not by_pattern[leaf.id].is_file()]
    kept: dict[ClusterId, str | FabricError] = {}
    if params["identity_dir"]:
        where = Path(folder, Path(params["identity_dir"]).expanduser()).absolute()
        kept = keep_identities(lacking, hubs, where, parallel=params["parallel_clusters"])
        _warn_of(kept, "have no usable identity", warn)
    ways = {leaf: (str(path), "kubeconfig_pattern") for leaf, path in by_pattern.items()}
    ways |= {leaf: (path, "identity_dir") for leaf, path in kept.items() if isinstance(path, str)}
    return [
        replace(leaf, kubeconfig=ways[leaf.id][0], reached_by=ways[leaf.id][1]) if leaf.id in ways else leaf
        for leaf in leaves
    ]


def _by_pattern(pattern: str, leaf: ClusterId, folder: str) -> Path:
    return Path(folder, Path(pattern.replace(PLACEHOLDER, leaf)).expanduser()).absolute()


def _ask(leaves: Sequence[Leaf], params: Params, warn: Warn) -> list[Leaf]:
    """What the leaves say themselves, those that something says how to reach."""
    entries = [{"name": str(leaf.id), "kubeconfig": leaf.kubeconfig} for leaf in leaves if leaf.kubeconfig]
    clusters: tuple[Cluster, ...] = parse_clusters(entries, [])
    apis = open_apis({**params, "clusters": entries}, agent=AGENT)
    states = read_states(clusters, apis, timeout_s=params["timeout"], parallel=params["parallel_clusters"])
    _warn_of(states, "could not be read, so that only what others say of them is known", warn)
    return [replace(leaf, seen=states.get(leaf.id)) for leaf in leaves]


def _warn_of(answers: Mapping[ClusterId, object], what: str, warn: Warn) -> None:
    """One warning for each kind of failure, however many leaves it concerns."""
    by_fault: dict[FailureName, dict[ClusterId, FabricError]] = {}
    for leaf, answer in answers.items():
        if isinstance(answer, FabricError):
            by_fault.setdefault(answer.fault, {})[leaf] = answer
    for problems in by_fault.values():
        first = next(iter(problems.values()))
        alike = " The others fail alike." if len(problems) > 1 else ""
        warn(f"{', '.join(problems)} {what}: {first}{alike}")


def files_are_there(hosts: Sequence[Host]) -> bool:
    """Are the files that were written for these hosts still there? Only those of ``identity_dir`` are ours."""
    return all(
        Path(host.variables["liqo_kubeconfig"]).is_file()
        for host in hosts
        if host.variables["liqo_reached_by"] == "identity_dir"
    )
