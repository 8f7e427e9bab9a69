# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a query of clusters returns: one schema, whatever could be read and however many links there are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .blame import blame
from .errors import FabricError
from .evidence import Rung
from .links import LinkKind, described_cluster, described_link, linked_pairs
from .model import ClusterId, Pair, Settings
from .objects import ClusterState
from .task import Task


def info_result(
    states: Mapping[ClusterId, ClusterState | FabricError],
    *,
    declared: Mapping[Pair, Settings] | None = None,
    problems: Sequence[FabricError] = (),
) -> dict[str, Any]:
    """Clusters, the links between them, and why a cluster could not be read; every key is always there.

    Links are judged by what is ``declared`` of them. ``problems`` are failures of no cluster and no link.
    """
    declared = declared or {}
    read = [key for key, seen in states.items() if isinstance(seen, ClusterState)]
    pairs, blamed = blame(
        lambda among: linked_pairs({key: states[key] for key in among}), read, what="cannot tell the links of a cluster"
    )
    states = {**states, **blamed}
    described = [
        described_link(pair, states.get(pair.a), states.get(pair.b), declared=declared.get(pair))
        for pair in sorted(pairs)
    ]
    links = [row for row, _problem in described]
    rungs = [link["evidence"]["rung"] for link in links]
    kinds = [link["kind"] for link in links]
    clusters = {key: described_cluster(key, states[key]) for key in sorted(states)}
    problems_seen = (*(problem for _row, problem in clusters.values()), *(problem for _row, problem in described))
    failures = {str(problem): problem for problem in (*problems, *problems_seen) if problem is not None}
    unreachable = sum(isinstance(seen, FabricError) for seen in states.values())
    return {
        "task": Task.PEERING_INFO.value,
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
        "clusters": {str(key): row for key, (row, _problem) in clusters.items()},
        "links": links,
        "failures": [failures[text].as_result() for text in sorted(failures)],
    }
