# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bodies of a hub -> what it says of its peers beside the links: labels, conditions, and its identity at each."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator
from itertools import islice

from .._fabric.hub_view import Identity, PeerNotes
from .._fabric.model import ClusterId
from .body import Json, at, cluster_at, items_at, map_at, text_at
from .cluster import Raw, legal_labels, parse_peer_labels
from .parse import MODULES
from .resources import FOREIGN_CLUSTER, IDENTITY, VIRTUAL_NODE

CONTROL_PLANE = "ControlPlane"
"""Type of the identity with which a hub asks a leaf for resources. The other type is one per ResourceSlice."""

MOST_COMPLAINTS = 20
"""More conditions than Liqo has."""
_GOOD = ("Established", "Ready")
_OWN = "liqo.io"


def parse_notes(raw: Raw) -> dict[ClusterId, PeerNotes]:
    """By peer, for every ForeignCluster."""
    labels = parse_peer_labels(raw.of(FOREIGN_CLUSTER))
    for body in sorted(raw.of(VIRTUAL_NODE), key=lambda body: text_at(body, "metadata", "name")):
        # Liqo gives a virtual node the labels that its cluster was installed with.
        peer = cluster_at(body, "spec", "clusterID")
        labels[peer] = {**labels.get(peer, {}), **legal_labels(map_at(body, "spec", "labels"))}
    identities = {cluster_at(body, "spec", "clusterID"): body for body in raw.of(IDENTITY) if _is_usable(body)}
    notes = {}
    for body in raw.of(FOREIGN_CLUSTER):
        peer = cluster_at(body, "spec", "clusterID")
        if not peer:
            continue
        notes[peer] = PeerNotes(
            labels={key: value for key, value in sorted(labels.get(peer, {}).items()) if not _is_own(key)},
            api_server=text_at(body, "status", "apiServerUrl"),
            complaints=tuple(islice(_complaints(body), MOST_COMPLAINTS)),
            identity=_identity(identities[peer]) if peer in identities else None,
        )
    return notes


def parse_identity_kubeconfig(secret: Json) -> str:
    """The text of the kubeconfig in an identity's Secret; empty when there is none."""
    try:
        return base64.b64decode(text_at(secret, "data", "kubeconfig"), validate=True).decode()
    except (binascii.Error, ValueError):
        return ""


def _is_usable(identity: Json) -> bool:
    return text_at(identity, "spec", "type") == CONTROL_PLANE and bool(
        text_at(identity, "status", "kubeconfigSecretRef", "name")
    )


def _identity(body: Json) -> Identity:
    return Identity(
        namespace=text_at(body, "metadata", "namespace"), secret=text_at(body, "status", "kubeconfigSecretRef", "name")
    )


def _complaints(foreign: Json) -> Iterator[str]:
    """What liqoctl would call unhealthy, of the modules that are enabled and of the API server."""
    status = at(foreign, "status")
    parts = [("", status)]
    parts += [
        (f"{module}: ", at(status, "modules", module))
        for module in MODULES
        if at(status, "modules", module, "enabled") is True
    ]
    for prefix, part in parts:
        for condition in items_at(part, "conditions"):
            state = text_at(condition, "status")
            if state not in _GOOD:
                message = text_at(condition, "message")
                yield f"{prefix}{text_at(condition, 'type')} is {state or 'None'}" + (
                    f" ({message})" if message else ""
                )


def _is_own(label: str) -> bool:
    """Liqo's own labels say nothing of the cluster."""
    domain = label.partition("/")[0] if "/" in label else ""
    return domain == _OWN or domain.endswith(f".{_OWN}")
