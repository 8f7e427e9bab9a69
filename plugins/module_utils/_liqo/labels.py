# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The labels by which Liqo and this collection find the objects of a link: what they must be, and which are lost."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from .._fabric.model import ClusterId, FabricName
from .._fabric.objects import LostLabels
from .._fabric.resources import Resource
from .body import Json, map_at
from .names import GATEWAY_RESOURCE, MANAGED, REMOTE_CLUSTER_ID, TENANT_NAMESPACE
from .resources import NAMESPACE, PUBLIC_KEY, SECRET

_MORE: Mapping[Resource, tuple[str, ...]] = {
    NAMESPACE: (TENANT_NAMESPACE,),
    PUBLIC_KEY: (GATEWAY_RESOURCE,),
    SECRET: (GATEWAY_RESOURCE,),
}
"""Labels with the text true, beside the one with the id of the peer."""


def labels_of_liqo(resource: Resource, peer: ClusterId) -> dict[str, str]:
    """The labels by which Liqo finds an object of this kind that is about a peer."""
    return {REMOTE_CLUSTER_ID: peer, **dict.fromkeys(_MORE.get(resource, ()), "true")}


def lost_labels(
    resource: Resource, body: Json, peer: ClusterId, owners: Iterable[FabricName] = ()
) -> LostLabels | None:
    """What of the labels of Liqo, and of our own, is missing or wrong; None when all are right.

    ``owners`` are the fabrics that the annotation of the object names.
    """
    labels = map_at(body, "metadata", "labels")
    wanted = labels_of_liqo(resource, peer)
    missing = [f"{key}={value}" for key, value in wanted.items() if labels.get(key) != value]
    ours, owned = labels.get(MANAGED) == "true", any(True for _owner in owners)
    if owned and not ours:
        missing.append(f"{MANAGED}=true")
    if not missing and ours == owned:
        return None
    return LostLabels(resource=str(resource), labels=tuple(sorted(missing)), unclaimed=ours and not owned)
