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
from .._liqo.cluster import Raw, parse_cluster_id, parse_cluster_labels, parse_peer_labels
from .._liqo.resources import FOREIGN_CLUSTER, LIQO_DEPLOYMENT, WHO
from .read import in_parallel

Apis = Mapping[ClusterId, Api | FabricError]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadLabels:
    """What is known of the labels of all clusters that a selector may pick."""

    by_cluster: Labels
    """The clusters whose labels are known, be there any or none."""
    problems: Mapping[ClusterId, FabricError] = field(default_factory=dict)
    """Why those of the others are not."""


def read_labels(wishes: Wishes, apis: Apis, *, parallel: int) -> ReadLabels:
    """The labels of every selectable cluster; those of the inventory win over the cluster's own, these over a hub's.

    Raises FabricError when a hub that is asked for cannot be read: then nothing is known of any cluster.
    """
    if not wishes.needs_labels:
        return ReadLabels(by_cluster={})
    of_hubs = _read_hubs(wishes, apis, parallel) if "hub" in wishes.labels_from else {}
    own: dict[ClusterId, Mapping[str, str] | FabricError] = {}
    if "cluster" in wishes.labels_from:
        asked = wishes.selectable
        answers = in_parallel(lambda cluster: _own_labels(cluster, apis[cluster.id]), asked, limit=parallel)
        own = dict(zip((cluster.id for cluster in asked), answers, strict=True))
    inventory = wishes.labels_of_inventory if "inventory" in wishes.labels_from else {}
    found: dict[ClusterId, Mapping[str, str]] = {}
    problems: dict[ClusterId, FabricError] = {}
    for cluster in wishes.selectable:
        labels = own.get(cluster.id, {})
        if isinstance(labels, FabricError):
            problems[cluster.id] = labels
        else:
            found[cluster.id] = {**of_hubs.get(cluster.id, {}), **labels, **inventory.get(cluster.id, {})}
    return ReadLabels(by_cluster=found, problems=problems)


def _read_hubs(wishes: Wishes, apis: Apis, parallel: int) -> dict[ClusterId, dict[str, str]]:
    """Where two hubs say something else of a cluster, the one with the smaller id is right."""

    def read(hub: ClusterId) -> dict[ClusterId, dict[str, str]] | FabricError:
        api = apis[hub]
        if isinstance(api, FabricError):
            return api
        try:
            return parse_peer_labels(api.list(FOREIGN_CLUSTER).items)
        except FabricError as problem:
            return problem

    found: dict[ClusterId, dict[str, str]] = {}
    for hub, answer in reversed(list(zip(wishes.hubs, in_parallel(read, wishes.hubs, limit=parallel), strict=True))):
        if isinstance(answer, FabricError):
            raise FabricError(
                what=f"cannot read the labels of ForeignClusters on hub {hub}, so nobody knows what selectors pick",
                where=answer.where,
                why=f"{answer.what}: {answer.why}",
                next=f"{answer.next}; or leave hub out of labels_from",
                fault=answer.fault,
            ) from answer
        for cluster, labels in answer.items():
            found[cluster] = {**found.get(cluster, {}), **labels}
    return found


def _own_labels(cluster: Cluster, api: Api | FabricError) -> Mapping[str, str] | FabricError:
    if isinstance(api, FabricError):
        return api
    namespace = cluster.liqo_namespace
    try:
        who = api.list(WHO.resource, namespace=namespace, label_selector=WHO.selector)
        raw = Raw(liqo_namespace=namespace, objects={WHO.resource: who.items})
        reported = parse_cluster_id(raw, api.where)
        query = LIQO_DEPLOYMENT
        deployments = api.list(query.resource, namespace=namespace, label_selector=query.selector).items
    except FabricError as problem:
        return problem
    labels = parse_cluster_labels(deployments)
    if reported != cluster.id:
        why = f"it says that it is cluster {reported!r}, not {cluster.id!r}"
        next_step = f"correct the connection of {cluster.name}, or set its cluster_id to {reported}"
        fault = FailureName.WRONG_CLUSTER
    elif labels is None:
        why = f"there is no Deployment of Liqo's controller-manager in namespace {namespace}"
        next_step = "install Liqo there, set liqo_namespace, or leave cluster out of labels_from"
        fault = FailureName.NO_LIQO
    else:
        return labels
    return FabricError(what="cannot read Liqo's cluster labels", where=api.where, why=why, next=next_step, fault=fault)
