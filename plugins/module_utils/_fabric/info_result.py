# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a query of clusters returns: one schema, whatever could be read and however many links there are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .errors import FabricError
from .evidence import Rung
from .links import LinkKind, cluster_result, link_result, links_of
from .model import ClusterId
from .objects import ClusterState


def info_result(states: Mapping[ClusterId, ClusterState | FabricError]) -> dict[str, Any]:
    """Clusters, the links between them, and why a cluster could not be read; every key is always there."""
    links = [link_result(link) for link in links_of(states)]
    rungs = [link["evidence"]["rung"] for link in links]
    kinds = [link["kind"] for link in links]
    failures = {str(seen): seen for seen in states.values() if isinstance(seen, FabricError)}
    unreachable = sum(isinstance(seen, FabricError) for seen in states.values())
    return {
        "changed": False,
        "summary": {
            "clusters": len(states),
            "reachable": len(states) - unreachable,
            "unreachable": unreachable,
            "links": len(links),
            "faulty": sum(bool(link["evidence"]["faults"]) for link in links),
            "kinds": {kind.value: kinds.count(kind.value) for kind in LinkKind if kind is not LinkKind.ABSENT},
            "rungs": {word: rungs.count(word) for word in ("unknown", *map(str, Rung))},
        },
        "clusters": {str(key): cluster_result(key, states[key]) for key in sorted(states)},
        "links": links,
        "failures": [failures[text].as_result() for text in sorted(failures)],
    }
