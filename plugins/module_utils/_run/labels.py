# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The labels by which selectors pick clusters: from the task, from Liqo on each cluster, from ForeignClusters of hubs.

Only what a selector needs is read: nothing without one, two LISTs per cluster, one per hub.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from .._fabric.errors import FabricError, FailureName
from .._fabric.model import Cluster, ClusterId
from .._fabric.topology import Labels
from .._fabric.wishes import Wishes
from .._kube.client import Api
from .._liqo.cluster import parse_cluster_labels, parse_peer_labels
from .._liqo.resources import FOREIGN_CLUSTER, LIQO_DEPLOYMENT
from .parallel import attempt_all, of_each
from .read import READ_S
from .who import Who

Apis = Mapping[ClusterId, Api | FabricError]

CANNOT_READ = "cannot read Liqo's cluster labels"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadLabels:
    """What is known of the labels of all clusters that a selector may pick."""

    by_cluster: Labels
    """The clusters whose labels are known, be there any or none."""
    problems: Mapping[ClusterId, FabricError] = field(default_factory=dict)
    """Why those of the others are not."""
    told_by: frozenset[ClusterId] = frozenset()
    """The clusters whose labels come from clusters, be it themselves or hubs."""


def read_labels(wishes: Wishes, apis: Apis, *, parallel: int) -> ReadLabels:
    """The labels of every selectable cluster; a declared label wins over the cluster's own, and this over a hub's.

    Raises FabricError when a hub that is asked for cannot be read: then nothing is known of any cluster.
    """
    if not wishes.needs_labels:
        return ReadLabels(by_cluster={})
    of_hubs = _read_hubs(wishes, apis, parallel) if "hub" in wishes.labels_from else {}
    own: dict[ClusterId, Mapping[str, str] | FabricError] = {}
    if "cluster" in wishes.labels_from:
        own = dict(of_each(_own_labels, wishes.selectable, apis, what=CANNOT_READ, limit=parallel))
    inventory, asked = wishes.labels_of_inventory, "inventory" in wishes.labels_from
    found: dict[ClusterId, Mapping[str, str]] = {}
    problems: dict[ClusterId, FabricError] = {}
    for cluster in wishes.selectable:
        labels = own.get(cluster.id, {})
        if isinstance(labels, FabricError):
            problems[cluster.id] = labels
        else:
            reported = {**of_hubs.get(cluster.id, {}), **labels}
            declared = inventory[cluster.id].items()
            found[cluster.id] = reported | {key: value for key, value in declared if asked or key in reported}
    told = {"cluster", "hub"}.intersection(wishes.labels_from)
    told_by = frozenset(cluster.id for cluster in wishes.selectable) if told else frozenset()
    return ReadLabels(by_cluster=found, problems=problems, told_by=told_by)


def _read_hubs(wishes: Wishes, apis: Apis, parallel: int) -> dict[ClusterId, dict[str, str]]:
    """Where two hubs say something else of a cluster, the one with the smaller id is right."""

    def read(hub: ClusterId) -> dict[ClusterId, dict[str, str]]:
        api = apis[hub]
        if isinstance(api, FabricError):
            raise api
        return parse_peer_labels(api.within(READ_S).list(FOREIGN_CLUSTER).items)

    found: dict[ClusterId, dict[str, str]] = {}
    answers = attempt_all(
        read, wishes.hubs, what=CANNOT_READ, where=lambda hub: f"cluster {hub}", limit=parallel, gives_way=True
    )
    for hub, answer in reversed(list(zip(wishes.hubs, answers, strict=True))):
        if isinstance(answer, FabricError):
            raise FabricError(
                what=f"cannot read the labels of ForeignClusters on hub {hub}, so it is not known what selectors pick",
                where=answer.where,
                why=f"{answer.what}: {answer.why}",
                next=f"{answer.next}; or leave hub out of labels_from",
                fault=answer.fault,
            ) from answer
        for cluster, labels in answer.items():
            found[cluster] = {**found.get(cluster, {}), **labels}
    return found


def _own_labels(cluster: Cluster, api: Api) -> Mapping[str, str]:
    in_time, namespace, query = api.within(READ_S), cluster.liqo_namespace, LIQO_DEPLOYMENT
    Who(cluster).read(in_time)
    deployments = in_time.list(query.resource, namespace=namespace, label_selector=query.selector).items
    labels = parse_cluster_labels(deployments)
    if labels is None:
        raise FabricError(
            what=CANNOT_READ,
            where=api.where,
            why=f"there is no Deployment of Liqo's controller-manager in namespace {namespace}",
            next="install Liqo there, set liqo_namespace, or leave cluster out of labels_from",
            fault=FailureName.NO_LIQO,
        )
    return labels
