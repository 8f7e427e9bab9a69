# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the agent publishes of its pods in the run folder, so that other commands of the lab find their namespaces."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

from lab.layout import Lab


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class PodEntry:
    """One pod on the node of a cluster."""

    namespace: str
    name: str
    uid: str
    role: str
    """A value of `lab.agent.pods.Role`."""
    peer: str
    ip: str
    netns: str
    """Its network namespace; empty when it has none."""
    running: bool
    """Whether its processes run; true for a pod that is only reported."""


def registry_file(lab: Lab, cluster: str) -> Path:
    return lab.run / f"pods-{cluster}.json"


def write_registry(lab: Lab, cluster: str, entries: Iterable[PodEntry]) -> None:
    """Replaces the cluster's entries in one step."""
    path = registry_file(lab, cluster)
    fresh = path.with_suffix(".new")
    fresh.write_text(json.dumps([asdict(entry) for entry in sorted(entries)], indent=1))
    fresh.rename(path)


def read_registry(lab: Lab, cluster: str) -> list[PodEntry]:
    """The cluster's pods, by namespace and name; none when the agent has not written any."""
    try:
        return [PodEntry(**entry) for entry in json.loads(registry_file(lab, cluster).read_text())]
    except FileNotFoundError:
        return []
