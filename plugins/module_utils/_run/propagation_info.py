# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Looking at Services without touching them: hubs and leaves are read once, in parallel."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .._fabric.blame import over_all
from .._fabric.errors import InputError, Violation
from .._fabric.propagation.view import sights_result
from .._fabric.propagation.wishes import parse_hubs
from .._fabric.wishes import check_limits, parse_clusters
from .query import parse_query
from .service_read import read_services, world_of
from .targets import open_apis
from .who import who_of

_SELECTED = ("task", "changed", "summary", "failures")


def propagation_info(params: Mapping[str, Any]) -> dict[str, Any]:
    """The result of the module ``propagation_info``, ``params`` as Ansible checked them.

    Raises InputError with every violation before any request; what cannot be read is under ``failures``.
    """
    found: list[Violation] = []
    clusters = parse_clusters(params["clusters"], found)
    ids = {cluster.name: cluster.id for cluster in clusters} | {cluster.id: cluster.id for cluster in clusters}
    hubs = parse_hubs(params, ids, found)
    check_limits(params, found)
    if found:
        raise InputError(found)
    select = parse_query(params["query"]) if params["query"] else None
    apis = open_apis(params, agent="propagation_info")
    readings = read_services(clusters, apis, hubs=hubs, parallel=params["parallel_clusters"], who=who_of(clusters))
    world = world_of(readings)
    result, _world = over_all(lambda seen: sights_result(seen, hubs), world, what="cannot tell the ways of Services")
    if select is None:
        return {**result, "result": None}
    return {**{key: result[key] for key in _SELECTED}, "result": select(result)}
