# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Looking without touching: every cluster of a task is read once, in parallel; one that fails spoils no other.

What is declared of a link only judges it. Where it cannot be known, the link is judged as if nothing were declared.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .._fabric.declared import settings_by_pair, wishes_of_a_look
from .._fabric.errors import FabricError
from .._fabric.info_result import info_result
from .._fabric.model import Cluster, ClusterId, Fabric, Pair, Settings
from .._fabric.objects import ClusterState
from .._fabric.wishes import Wishes, resolve
from .._kube.client import Api
from .labels import read_labels
from .parallel import of_each
from .query import parse_query
from .read import CANNOT_READ, Depth, read_cluster
from .targets import open_apis
from .who import Who

_SELECTED = ("task", "changed", "summary", "failures")


def peering_info(params: Mapping[str, Any]) -> dict[str, Any]:
    """The result of the module ``peering_info``, ``params`` as Ansible checked them.

    Raises InputError with every violation before any request; what cannot be read is under ``failures``.
    """
    wishes = wishes_of_a_look(params)
    fabric = None if wishes.needs_labels else resolve(wishes)
    select = parse_query(params["query"]) if params["query"] else None
    scope = wishes.options["scope"].clusters
    clusters = [cluster for cluster in wishes.clusters if scope is None or cluster.id in scope]
    apis = open_apis(_only(clusters if fabric is not None else wishes.clusters, params), agent="peering_info")
    states = read_states(clusters, apis, timeout_s=params["timeout"], parallel=params["parallel_clusters"])
    declared: Mapping[Pair, Settings] = {}
    problems: list[FabricError] = []
    try:
        declared = settings_by_pair(fabric or selected(wishes, apis, parallel=params["parallel_clusters"]))
    except FabricError as problem:
        problems.append(problem)
    result = info_result(states, declared=declared, problems=problems)
    if select is None:
        return {**result, "result": None}
    return {**{key: result[key] for key in _SELECTED}, "result": select(result)}


def selected(wishes: Wishes, apis: Mapping[ClusterId, Api | FabricError], *, parallel: int) -> Fabric:
    """The fabric whose clusters are picked by label. Raises FabricError when it cannot be known."""
    read = read_labels(wishes, apis, parallel=parallel)
    return resolve(wishes, read.by_cluster, told_by=read.told_by)


def _only(clusters: Sequence[Cluster], params: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters with the connections of these clusters alone."""
    names = {cluster.name for cluster in clusters}
    return {**params, "clusters": [entry for entry in params["clusters"] if entry["name"] in names]}


def read_states(
    clusters: Sequence[Cluster], apis: Mapping[ClusterId, Api | FabricError], *, timeout_s: float, parallel: int
) -> dict[ClusterId, ClusterState | FabricError]:
    """What each cluster holds, or why that is not known; reading one takes ``timeout_s`` at most."""
    ids = frozenset(cluster.id for cluster in clusters)

    def read(cluster: Cluster, api: Api) -> ClusterState:
        peers = ids - {cluster.id}
        return read_cluster(api.within(timeout_s), Who(cluster), peers=peers, depth=Depth.INFO).state

    return of_each(read, clusters, apis, what=CANNOT_READ, limit=parallel)
