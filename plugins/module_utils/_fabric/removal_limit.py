# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""With state exact: how many links may go that are marked as ours and not declared, so that a mistake removes few.

For each link the undeclared links that end in one of its two clusters are counted, each cluster by what it marks
itself, whether its peers can be read or not. Links elsewhere do not count. A number over all clusters would change with
the answer of any of them, so that one cluster could stop the removal of links of others, or bring it about.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Union

from .errors import FabricError, FailureName, attempt
from .model import ClusterId, Fabric, Pair, State
from .objects import ClusterState
from .operations import LinkPlan, Verb
from .phrases import few
from .removal import would_go

States = Mapping[ClusterId, Union[ClusterState, FabricError]]


def limit_removals(plans: Mapping[Pair, LinkPlan], states: States, fabric: Fabric) -> dict[Pair, LinkPlan]:
    """The plans, those of undeclared links blocked whose clusters would lose more such links than ``max_removals``."""
    if fabric.state is not State.EXACT:
        return dict(plans)
    limit = _Limit(states, fabric)
    return {pair: limit.applied(plan) for pair, plan in plans.items()}


class _Limit:
    def __init__(self, states: States, fabric: Fabric) -> None:
        self._states = states
        self._fabric = fabric
        self._clusters = {cluster.id for cluster in fabric.clusters} - set(fabric.unlabelled)
        self._kept = {*fabric.pairs, *fabric.refused}
        self._known: dict[ClusterId, frozenset[Pair]] = {}

    def applied(self, plan: LinkPlan) -> LinkPlan:
        if not self._counts(plan.pair) or all(op.verb is not Verb.DELETE for op in plan.ops):
            return plan
        going = attempt(
            partial(self._going, plan.pair),
            what=f"cannot count the links that would go with {plan.pair}",
            where=f"clusters {plan.pair.a} and {plan.pair.b}",
        )
        if not isinstance(going, FabricError):
            if len(going) <= self._fabric.max_removals:
                return plan
            going = _too_many(plan.pair, going, self._fabric)
        return replace(plan, ops=(), goals=(), blocked=going)

    def _counts(self, pair: Pair) -> bool:
        return pair not in self._kept and pair in self._fabric.scope and self._clusters.issuperset(pair)

    def _going(self, pair: Pair) -> frozenset[Pair]:
        """The link itself, and the undeclared links that its clusters mark as ours."""
        return frozenset({pair}).union(*(self._marked_on(cluster) for cluster in pair))

    def _marked_on(self, cluster: ClusterId) -> frozenset[Pair]:
        state = self._states.get(cluster)
        if cluster not in self._known and isinstance(state, ClusterState):
            self._known[cluster] = frozenset(
                Pair.of(cluster, side.peer)
                for side in state.sides.values()
                if side.peer != cluster
                and self._counts(Pair.of(cluster, side.peer))
                and would_go(side, self._fabric.name, allow_peering=self._fabric.allow_peering_pairs)
            )
        return self._known.get(cluster, frozenset())


def _too_many(pair: Pair, going: frozenset[Pair], fabric: Fabric) -> FabricError:
    links = "1 link that is" if len(going) == 1 else f"{len(going)} links that are"
    return FabricError(
        what=f"{pair.a} and {pair.b} have {links} not declared, and max_removals is {fabric.max_removals}",
        where=f"fabric {fabric.name}",
        why=f"these would be removed: {few([str(one) for one in sorted(going)])}",
        next=f"see whether shortcuts says what you mean; if it does, set max_removals to {len(going)}, or remove {pair}"
        " with state absent",
        fault=FailureName.TOO_MANY_REMOVALS,
    )
