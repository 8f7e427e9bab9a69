# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The labels by which Liqo and this collection find the objects of a link: what they must be, and which are lost."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from .._fabric.model import ClusterId, FabricName
from .._fabric.objects import LostLabels
from .._fabric.resources import Resource
from .body import Json, at
from .names import GATEWAY_RESOURCE, MANAGED, REMOTE_CLUSTER_ID, TENANT_NAMESPACE
from .resources import NAMESPACE, PUBLIC_KEY, SECRET

_MORE: Mapping[str, tuple[str, ...]] = {
    NAMESPACE.kind: (TENANT_NAMESPACE,),
    PUBLIC_KEY.kind: (GATEWAY_RESOURCE,),
    SECRET.kind: (GATEWAY_RESOURCE,),
}
"""Labels with the text true by kind, beside the one with the id of the peer."""


def labels_of_liqo(resource: Resource, peer: ClusterId) -> dict[str, str]:
    """The labels by which Liqo finds an object of this kind that is about a peer."""
    return {REMOTE_CLUSTER_ID: peer, **dict.fromkeys(_MORE.get(resource.kind, ()), "true")}


def lost_labels(
    resource: Resource, body: Json, peer: ClusterId, owners: Collection[FabricName] = ()
) -> LostLabels | None:
    """What of the labels of Liqo, and of our own, is missing or wrong; None when all are right.

    ``owners`` are the fabrics that the annotation of the object names.
    """
    found = at(body, "metadata", "labels")
    labels: Mapping[str, object] = found if isinstance(found, dict) else {}
    ours, owned, more = labels.get(MANAGED) == "true", bool(owners), _MORE.get(resource.kind, ())
    # Asked for every object of every link, of which hardly one has lost any.
    if ours == owned and labels.get(REMOTE_CLUSTER_ID) == peer and all(labels.get(key) == "true" for key in more):
        return None
    missing = [f"{key}={value}" for key, value in labels_of_liqo(resource, peer).items() if labels.get(key) != value]
    if owned and not ours:
        missing.append(f"{MANAGED}=true")
    return LostLabels(resource=str(resource), labels=tuple(sorted(missing)), unclaimed=ours and not owned)
