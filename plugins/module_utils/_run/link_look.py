# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A look at one link: its two clusters are read, and nobody else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .._fabric.declared import settings_by_pair, wishes_of_one_pair
from .._fabric.errors import FabricError, InputError, Violation, attempt
from .._fabric.link_value import VALUES
from .._fabric.links import describe
from .._fabric.model import Pair
from .._fabric.wishes import check_limits, parse_clusters
from .info import read_states, selected
from .targets import open_apis

WHERE = "lookup liqo.fabric.link"


def link_value(ends: Sequence[str], params: Mapping[str, Any]) -> Any:
    """The value ``params["value"]`` of the link between two clusters, given by name or id, judged by what is declared.

    ``params`` are the options of the lookup. Raises InputError before any request, and FabricError when one of the two
    cannot be read: half an account of a link is none.
    """
    found: list[Violation] = []
    clusters = parse_clusters(params["clusters"], found)
    check_limits(params, found)
    by_name = {name: cluster for cluster in clusters for name in (cluster.name, cluster.id)}
    if params["value"] not in VALUES:
        what = f"{params['value']!r} is no value of a link"
        found.append(Violation(path="value", message=what, hint=f"there are {', '.join(VALUES)}"))
    for name in ends:
        if name not in by_name:
            what = f"{name} is not among the clusters"
            found.append(Violation(path="clusters", message=what, hint=f"there are {', '.join(sorted(by_name))}"))
    if not found and len({by_name[name].id for name in ends}) != 2:
        what = f"{', '.join(ends) or 'nothing'} is no pair"
        found.append(Violation(path="_terms", message=what, hint="name two different clusters"))
    if found:
        raise InputError(found, where=WHERE)
    two = [cluster for cluster in clusters if cluster in [by_name[name] for name in ends]]
    entries = [entry for entry in params["clusters"] if entry["name"] in {cluster.name for cluster in two}]
    try:
        wishes = wishes_of_one_pair({**params, "clusters": entries})
    except InputError as refused:
        raise InputError(refused.violations, where=WHERE) from refused
    apis = open_apis({**params, "clusters": entries}, agent="link")
    states = read_states(two, apis, timeout_s=params["timeout"], parallel=len(two))
    for state in states.values():
        if isinstance(state, FabricError):
            raise state
    pair = Pair.of(*states)
    declared = settings_by_pair(selected(wishes, apis, parallel=len(two))).get(pair)
    value = attempt(
        lambda: VALUES[params["value"]](describe(pair, states[pair.a], states[pair.b], declared=declared)),
        what=f"cannot describe {pair}",
        where=f"clusters {pair.a} and {pair.b}",
    )
    if isinstance(value, FabricError):
        raise value
    return value
