# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The clusters of a task: their part of an argument spec, and from it one Api each.

Importing this file needs no package beside the standard library, so that what runs on the controller may use it too.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from .._fabric.errors import FabricError
from .._fabric.model import ClusterId
from .._fabric.wishes import parse_clusters
from .._kube.auth_options import CLUSTER_AUTH_SPEC
from .._kube.client import Api
from .._kube.connection import connect
from .._kube.credentials import check_packages
from .._kube.limits import Limits
from .._kube.secrets_in_options import secret_values
from .._kube.stray_kubeconfigs import secrets_anywhere
from .parallel import attempt_all

__all__ = ["CLUSTERS_SPEC", "open_apis", "secret_values", "secrets_anywhere"]

CLUSTERS_SPEC: dict[str, dict[str, Any]] = {
    "clusters": {
        "type": "list",
        "elements": "dict",
        "required": True,
        "options": {
            "name": {"type": "str", "required": True},
            "cluster_id": {"type": "str"},
            "liqo_namespace": {"type": "str", "default": "liqo"},
            "labels": {"type": "dict", "default": {}},
            "labels_told": {"type": "bool", "default": False},
            **CLUSTER_AUTH_SPEC,
        },
    }
}
"""The option ``clusters``, documented by the fragment ``liqo.fabric.clusters``."""


def open_apis(
    params: Mapping[str, Any], *, agent: str, log: Callable[[str], None] | None = None
) -> dict[ClusterId, Api | FabricError]:
    """One Api per cluster of the task, or why there is none: a broken kubeconfig stops nobody else.

    ``params`` are checked already (see wishes.py); of them ``clusters`` is used and, where a module has them,
    ``parallel_clusters`` and ``connect_timeout``. No request is sent, but exec plugins of kubeconfigs may run.
    ``agent`` is the name of the module, for the audit logs of the clusters. Raises FabricError where no cluster at all
    can be talked to, because this machine lacks a Python package.
    """
    if params["clusters"]:
        check_packages("the machine where the task runs")
    options_by_name = {options["name"]: options for options in params["clusters"]}
    clusters = parse_clusters(params["clusters"], [])
    limits = Limits(connect_timeout_s=params.get("connect_timeout") or Limits().connect_timeout_s)

    apis = attempt_all(
        lambda name: connect(name, options_by_name[name], limits=limits, agent=agent, log=log),
        [cluster.name for cluster in clusters],
        what="cannot use the connection options",
        where=str,
        limit=params.get("parallel_clusters") or len(clusters),
        gives_way=True,
    )
    return dict(zip((cluster.id for cluster in clusters), apis, strict=True))
