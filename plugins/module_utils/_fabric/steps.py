# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a failure of a run and a fault of a link advise alike, each in one place."""

from __future__ import annotations

from .command import Option, command
from .errors import TAKE_AWAY_CONTENT, FabricError, FailureName
from .model import ClusterId
from .objects import Held, TenantNamespace, names
from .phrases import few

ONE_ROLE = "delete the gateway that is wrong, or run with state absent for this pair and then again"
DUPLICATES = "delete those that are not meant, then run again"


def see_pods_of_liqo(cluster: ClusterId, namespace: str) -> str:
    """For CIDRs that Liqo has not given yet."""
    pods = command("kubectl", Option("-n"), namespace, "get", "pods")
    return f"see that the pods ipam and controller-manager of Liqo in {cluster} run ({pods}), then run again"


def being_deleted(held: Held, cluster: ClusterId) -> FabricError:
    """Why nothing is planned while an object that a link needs is on its way out."""
    if isinstance(held, TenantNamespace):
        return FabricError(
            what=f"{title(held)} is being deleted, nothing can be created in it",
            where=f"cluster {cluster}",
            why=held.remaining or f"it waits for {few(held.meta.finalizers) or 'its content'}",
            next=TAKE_AWAY_CONTENT,
            fault=FailureName.NAMESPACE_TERMINATING,
        )
    holders = few(held.meta.finalizers)
    return FabricError(
        what=f"{title(held)} is being deleted",
        where=f"cluster {cluster}",
        why=f"it waits for the finalizer {holders}" if holders else "it waits for Kubernetes' garbage collector",
        next="look why the controller of this finalizer does not remove it, and run again when the object is gone"
        if holders
        else "run again when it is gone",
        fault=FailureName.STUCK_FINALIZER,
    )


def title(held: Held) -> str:
    """Kind and name of an object, for a message."""
    kind = "Namespace" if isinstance(held, TenantNamespace) else type(held).__name__
    return f"{kind} {names([held])}"
