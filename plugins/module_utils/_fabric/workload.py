# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A Deployment or DaemonSet as a diagnosis sees it: does it run, and if not, why?"""

from __future__ import annotations

from dataclasses import dataclass

from .model import ClusterId
from .obstacles import Obstacle, Site, step


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload:
    """A Deployment or DaemonSet, and how many of its pods are ready."""

    component: str
    kind: str
    name: str
    namespace: str
    ready: int
    wanted: int
    state: str = ""
    """The obstacle as text, or else the state of its pods: `pod x: Pending`."""
    obstacle: Obstacle | None = None
    """What keeps its pods from running; None while it runs, and where nothing that is shown tells."""

    @property
    def is_down(self) -> bool:
        """One ready pod is enough for a Deployment; a DaemonSet is needed on every node."""
        return self.ready < self.wanted if self.kind == "DaemonSet" else self.ready == 0

    @property
    def cause(self) -> str:
        """The name of the obstacle; empty where there is none."""
        return self.obstacle.name.value if self.obstacle else ""

    def step(self, cluster: ClusterId) -> str:
        """What a person can do about the obstacle; empty where there is none."""
        if self.obstacle is None:
            return ""
        place = f"{self.kind.lower()}/{self.name}"
        return step(self.obstacle, Site(cluster=cluster, namespace=self.namespace, workload=place))

    def __str__(self) -> str:
        state = f" ({self.state})" if self.state else ""
        return f"{self.kind} {self.namespace}/{self.name} has {self.ready} of {self.wanted} pods ready{state}"
