# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The kubeconfigs that leaves gave their hubs: one LIST per hub, and from it one private file per leaf."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

from .._fabric.errors import FabricError, attempt
from .._fabric.inventory_hosts import Leaf
from .._fabric.model import ClusterId
from .._fabric.resources import Json
from .._kube.client import Api
from .._kube.foreign_kubeconfig import require_self_contained
from .._liqo.body import text_at
from .._liqo.names import IDENTITY_TYPE
from .._liqo.peers import CONTROL_PLANE, parse_identity_kubeconfig
from .._liqo.resources import SECRET
from .identity_files import IdentityFiles
from .parallel import attempt_all

Secrets = Mapping[tuple[str, str], Json]
"""By namespace and name."""


def keep_identities(
    leaves: Sequence[Leaf], apis: Mapping[str, Api], folder: Path, *, parallel: int
) -> dict[ClusterId, str | FabricError]:
    """The path of the file of each leaf that has an identity, or why there is none.

    ``apis`` are those of the hubs by name. Raises FabricError when the folder is not fit for secrets.
    """
    held = [(leaf, found) for leaf in leaves if (found := leaf.identity()) is not None]
    if not held:
        return {}
    files = IdentityFiles(folder)
    hubs = sorted({hub.name for _leaf, (hub, _identity) in held})
    what = "cannot read the Secrets of identities"
    listed = attempt_all(
        lambda hub: _list(apis[hub]),
        hubs,
        what=what,
        where=lambda hub: apis[hub].where,
        limit=parallel,
        gives_way=True,
    )
    secrets = dict(zip(hubs, listed, strict=True))

    def keep(leaf: Leaf, hub: str, namespace: str, name: str) -> str:
        found = secrets[hub]
        if isinstance(found, FabricError):
            raise found
        content = parse_identity_kubeconfig(found.get((namespace, name), {}))
        require_self_contained(content, where=f"{apis[hub].where}, Secret {namespace}/{name}")
        return str(files.keep(leaf.id, content))

    return {
        leaf.id: attempt(
            partial(keep, leaf, hub.name, identity.namespace, identity.secret),
            what=f"cannot use the identity of {leaf.id}",
            where=apis[hub.name].where,
        )
        for leaf, (hub, identity) in held
    }


def _list(hub: Api) -> Secrets:
    found = hub.list(SECRET, label_selector=f"{IDENTITY_TYPE}={CONTROL_PLANE}").items
    return {(text_at(body, "metadata", "namespace"), text_at(body, "metadata", "name")): body for body in found}
