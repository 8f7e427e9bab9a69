# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What became of each link, and what states that only look bring back: plans, results and observed states -> report."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from .._fabric.desired import desired_side
from .._fabric.errors import FabricError, attempt
from .._fabric.facts import value_of
from .._fabric.gathered import gather, others_own
from .._fabric.intents import Intent
from .._fabric.links import describe
from .._fabric.model import ClusterId, Fabric, Pair, State
from .._fabric.objects import ClusterState
from .._fabric.operations import LinkPlan, Op
from .._fabric.phrases import few
from .._fabric.removal import outcome_of
from .._fabric.report import LinkReport, Outcome
from .._fabric.rotation import key_wishes
from .._fabric.sight import hidden_peerings
from .._liqo.render import manifest
from .act import Result, clusters_of


def reached(plan: LinkPlan, states: Mapping[ClusterId, ClusterState | FabricError]) -> bool:
    """Do all goals hold already?"""
    for fact in plan.goals:
        state = states[fact.cluster]
        if isinstance(state, FabricError) or value_of(fact, state.side(fact.peer)) is None:
            return False
    return True


Problems = dict[Pair, FabricError]


def gathered(
    fabric: Fabric, wanted: Mapping[Pair, Intent], states: Mapping[ClusterId, ClusterState | FabricError]
) -> tuple[tuple[dict[str, Any], ...], Problems]:
    """The wishes of which this fabric may be the owner: its own links and those of nobody; and what went wrong."""
    found: list[dict[str, Any]] = []
    problems: Problems = {}
    for pair in wanted if fabric.state is State.GATHERED else ():
        one, other = states[pair.a], states[pair.b]
        if not isinstance(one, ClusterState) or not isinstance(other, ClusterState):
            continue
        wish = attempt(
            partial(_gather, fabric, pair, one, other), what=f"cannot gather {pair}", where=clusters_of(pair)
        )
        if isinstance(wish, FabricError):
            problems[pair] = wish
        elif wish is not None:
            found.append(wish)
    return tuple(found), problems


def _gather(fabric: Fabric, pair: Pair, one: ClusterState, other: ClusterState) -> dict[str, Any] | None:
    return None if _not_gathered(fabric, pair, one, other) else gather(pair, one, other).shortcut


def _not_gathered(fabric: Fabric, pair: Pair, one: ClusterState, other: ClusterState) -> str:
    """Why the link is not gathered, as a note; empty where it is."""
    owners = others_own(fabric.name, one, other)
    if owners:
        return f"not gathered, it belongs to {few(owners)}"
    evidence = [text for state in (one, other) for text in state.side(pair.other(state.id)).carries_peering()]
    if evidence:
        return f"not gathered, it is a peering: {few(evidence)}"
    for consumer, provider, _kinds in hidden_peerings(pair, (one, other)):
        return f"not gathered: our rights do not show whether {consumer} is peered with {provider} as its provider"
    claimants = [state.id for state in (one, other) if state.side(pair.other(state.id)).link_objects()]
    if len(claimants) == 1:
        # Declared it would be made on the other one, too, and that has not said that it wants it.
        return f"not gathered: only {claimants[0]} has a part of it; declare it if it is meant"
    return ""


def rendered(
    fabric: Fabric,
    wanted: Mapping[Pair, Intent],
    plans: Mapping[Pair, LinkPlan],
    states: Mapping[ClusterId, ClusterState | FabricError],
) -> tuple[dict[ClusterId, tuple[dict[str, Any], ...]], Problems]:
    """Every object of every wanted link by cluster, whether it is there or not; and what went wrong."""
    manifests: dict[ClusterId, list[dict[str, Any]]] = {}
    problems: Problems = {}
    for pair, intent in wanted.items() if fabric.state is State.RENDERED else ():
        if plans[pair].blocked is not None:
            continue
        found = attempt(
            partial(_render, fabric, intent, plans[pair], states), what=f"cannot render {pair}", where=clusters_of(pair)
        )
        if isinstance(found, FabricError):
            problems[pair] = found
            continue
        for cluster, objects in found.items():
            manifests.setdefault(cluster, []).extend(objects)
    return {cluster: tuple(manifests[cluster]) for cluster in sorted(manifests)}, problems


def _render(
    fabric: Fabric, intent: Intent, plan: LinkPlan, states: Mapping[ClusterId, ClusterState | FabricError]
) -> dict[ClusterId, list[dict[str, Any]]]:
    """The manifests of one link by cluster."""
    found: dict[ClusterId, list[dict[str, Any]]] = {}
    if intent.shortcut is None or plan.server is None:
        return found
    for cluster in plan.pair:
        here, there = states[cluster], states[plan.pair.other(cluster)]
        if isinstance(here, ClusterState) and isinstance(there, ClusterState):
            side = desired_side(
                intent.shortcut,
                here,
                there,
                server=plan.server,
                fabric=fabric.name,
                adopt=fabric.adopt,
                keys=key_wishes(intent.shortcut, here, there, rotate=False),
            )
            found[cluster] = [
                manifest(one.spec, name=one.name, namespace=one.namespace, peer=there.id) for one in side.objects()
            ]
    return found


def link_report(
    intent: Intent,
    first: LinkPlan,
    planned: tuple[Op, ...],
    last: LinkPlan,
    result: Result,
    states: Mapping[ClusterId, ClusterState | FabricError],
    fabric: Fabric,
    check_mode: bool,
) -> LinkReport:
    """What became of one link; what was written is told also where the rest cannot be."""
    found = attempt(
        lambda: _link_report(intent, first, planned, last, result, states, fabric, check_mode),
        what=f"cannot describe {first.pair}",
        where=clusters_of(first.pair),
    )
    if isinstance(found, LinkReport):
        return found
    return LinkReport(
        pair=first.pair,
        outcome=Outcome.FAILED,
        planned=planned,
        done=result.done,
        failure=result.failure or last.blocked or found,
    )


def _link_report(
    intent: Intent,
    first: LinkPlan,
    planned: tuple[Op, ...],
    last: LinkPlan,
    result: Result,
    states: Mapping[ClusterId, ClusterState | FabricError],
    fabric: Fabric,
    check_mode: bool,
) -> LinkReport:
    failure = result.failure or last.blocked
    declared = intent.shortcut.settings if intent.shortcut else None
    return LinkReport(
        pair=first.pair,
        outcome=_outcome(intent, first, planned if check_mode else result.done, last, result, states),
        planned=planned,
        done=result.done,
        failure=failure,
        notes=(_notes(intent, fabric, states) if failure is None else ()) or last.notes or first.notes,
        link=describe(first.pair, states.get(first.pair.a), states.get(first.pair.b), declared=declared),
        claimed_alone=not intent.named and _claimants(first.pair, states, fabric) == 1,
    )


def _claimants(pair: Pair, states: Mapping[ClusterId, ClusterState | FabricError], fabric: Fabric) -> int:
    """How many clusters of a pair say that it belongs to this fabric."""
    ends = [(states.get(cluster), pair.other(cluster)) for cluster in pair]
    return sum(isinstance(state, ClusterState) and fabric.name in state.side(peer).owners() for state, peer in ends)


def _notes(intent: Intent, fabric: Fabric, states: Mapping[ClusterId, ClusterState | FabricError]) -> tuple[str, ...]:
    one, other = (states.get(cluster) for cluster in intent.pair)
    if fabric.state is not State.GATHERED or not isinstance(one, ClusterState) or not isinstance(other, ClusterState):
        return ()
    note = _not_gathered(fabric, intent.pair, one, other)
    if note:
        return (note,)
    refused = gather(intent.pair, one, other).refused
    return tuple(f"{one} is not gathered: it must be {one.wanted}" for one in refused)


def _outcome(
    intent: Intent,
    first: LinkPlan,
    ops: tuple[Op, ...],
    last: LinkPlan,
    result: Result,
    states: Mapping[ClusterId, ClusterState | FabricError],
) -> Outcome:
    if result.failure is not None:
        return Outcome.FAILED
    if last.blocked is not None:
        return Outcome.BLOCKED
    if intent.shortcut is None:
        return outcome_of(last, ops)
    if not last.ops and not reached(last, states):
        return Outcome.PENDING
    if not ops:
        return Outcome.IN_SYNC
    return Outcome.REPAIRED if first.existed else Outcome.CREATED
