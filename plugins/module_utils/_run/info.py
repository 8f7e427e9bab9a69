# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Looking without touching: every cluster of a task is read once, in parallel; one that fails spoils no other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .._fabric.errors import FabricError, InputError, Violation
from .._fabric.info_result import info_result
from .._fabric.model import Cluster, ClusterId
from .._fabric.objects import ClusterState
from .._fabric.wishes import check_limits, parse_clusters
from .._kube.client import Api
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
    clusters = _parse(params)
    select = parse_query(params["query"]) if params["query"] else None
    apis = open_apis(params, agent="peering_info")
    states = read_states(clusters, apis, timeout_s=params["timeout"], parallel=params["parallel_clusters"])
    result = info_result(states)
    if select is None:
        return {**result, "result": None}
    return {**{key: result[key] for key in _SELECTED}, "result": select(result)}


def read_states(
    clusters: Sequence[Cluster], apis: Mapping[ClusterId, Api | FabricError], *, timeout_s: float, parallel: int
) -> dict[ClusterId, ClusterState | FabricError]:
    """What each cluster holds, or why that is not known; reading one takes ``timeout_s`` at most."""
    ids = frozenset(cluster.id for cluster in clusters)

    def read(cluster: Cluster, api: Api) -> ClusterState:
        peers = ids - {cluster.id}
        return read_cluster(api.within(timeout_s), Who(cluster), peers=peers, depth=Depth.INFO).state

    return of_each(read, clusters, apis, what=CANNOT_READ, limit=parallel)


def _parse(params: Mapping[str, Any]) -> tuple[Cluster, ...]:
    found: list[Violation] = []
    clusters = parse_clusters(params["clusters"], found)
    check_limits(params, found)
    if found:
        raise InputError(found)
    return clusters
