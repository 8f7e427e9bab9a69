# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plans + states + what was looked up beside them -> findings, before anything is written.

Templates that do not exist, versions that are too old and fields that a version lacks are refused while planning
(see plan.py): they need no look-up.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from .addresses import has_room, inside, is_ipv6, overlap
from .errors import FailureName
from .exposure import balancers, dialled_names, ipv6_alone, node_ports, shared_addresses
from .findings import Check, Finding, Level, in_order
from .model import ClusterId, Pair
from .objects import ClusterState, ConfigurationSpec, Endpoint, GatewayClientSpec, GatewayServerSpec, Kind
from .operations import LinkPlan, Op
from .phrases import few
from .pools import DEFAULT_POOLS
from .relabel import step
from .room import gateway_room
from .scene import Scene, Seen

NEWEST_TESTED = (1, 2)
"""Liqo's newest minor version that this collection was tried with."""
REMAPS_FROM_OUTSIDE = (1, 2, 0)
"""Before it IPAM refuses a network of a peer that lies outside of its pools, and the link never comes up."""
UNDERLAY_MTU = 1500
WIREGUARD_V4, WIREGUARD_V6 = 60, 80
"""Bytes that WireGuard adds to a packet: 20 or 40 of IP, 8 of UDP, 32 of its own."""


def preflight(
    plans: Mapping[Pair, LinkPlan], states: Mapping[ClusterId, ClusterState], seen: Mapping[ClusterId, Seen]
) -> tuple[Finding, ...]:
    """Everything that can be said before the first write, the gravest first. Pure."""
    scene = Scene(plans={pair: plan for pair, plan in sorted(plans.items()) if plan.ops}, states=states, seen=seen)
    here = (_answers, _rights, _versions, _pools_and_remaps, _shared_networks, _mtu)
    checks = (*here, node_ports, balancers, shared_addresses, dialled_names, ipv6_alone, gateway_room)
    return in_order(finding for check in checks for finding in check(scene))


def _answers(scene: Scene) -> Iterator[Finding]:
    """What the API server said of a dry run, and what it did not want to say at all."""
    for pair, op in scene.ops():
        seen = scene.of(op.cluster)
        for problem, check in ((seen.unreachable, Check.RIGHTS), (seen.refused.get(op.id), Check.DRY_RUN)):
            if problem is not None:
                texts = {"what": problem.what, "where": problem.where, "why": problem.why, "next": problem.next}
                found = scene.finding(check, Level.ERROR, op.cluster, pair, **texts)
                yield replace(found, fault=problem.fault)
    for cluster, seen in scene.seen.items():
        for check, problem in seen.unanswered.items():
            what = f"not checked: {_SUBJECT[check]}"
            texts = {"what": what, "why": f"{problem.what}: {problem.why}", "next": "nothing, a run finds it out"}
            yield scene.finding(check, Level.INFO, cluster, None, **texts)
        for number, why in (
            (seen.unmade, "the API server tries nothing in a namespace that is not there yet"),
            (seen.untried, "only so many writes of one link to one cluster are tried"),
        ):
            if number:
                texts = {
                    "what": f"writes that could not be tried: {number}",
                    "why": why,
                    "next": "nothing, a run finds out whether they are taken",
                }
                yield scene.finding(Check.DRY_RUN, Level.INFO, cluster, None, **texts)


_SUBJECT = {
    Check.RIGHTS: "whether this user may write all that is planned",
    Check.DRY_RUN: "whether the API server would take the first writes",
    Check.NODE_PORT: "whether other Services use the declared NodePorts and load balancer addresses",
    Check.LOAD_BALANCER: "whether the load balancer gives one address to several Services",
    Check.IPAM_POOL: "the address pools of Liqo's IPAM",
    Check.QUOTA: "whether ResourceQuotas leave room for gateways",
}


def _rights(scene: Scene) -> Iterator[Finding]:
    """One finding per link and cluster, the same text for all links that lack the same."""
    missing: dict[tuple[Pair, ClusterId], set[str]] = {}
    lost: dict[tuple[Pair, ClusterId, Kind], list[Op]] = {}
    for pair, op in scene.ops():
        denied = scene.of(op.cluster).denied.get(op.id, ())
        if denied and op.relabels:
            lost.setdefault((pair, op.cluster, op.kind), []).append(op)
        elif denied:
            missing.setdefault((pair, op.cluster), set()).update(denied)
    for (pair, _cluster, _kind), ops in lost.items():
        yield _labels(scene, pair, ops)
    for (pair, cluster), rights in missing.items():
        yield scene.finding(
            Check.RIGHTS,
            Level.ERROR,
            cluster,
            pair,
            what="the plan needs rights that this user does not have",
            why=f"missing on {cluster}: {', '.join(sorted(rights))}",
            next="grant them, for all namespaces or in the tenant namespaces, or use credentials that have them",
        )


def _labels(scene: Scene, pair: Pair, ops: Sequence[Op]) -> Finding:
    """Labels of one kind that we may not write. Without those of the key Secret each change of the gateway makes new
    keys."""
    first = ops[0]
    grave = first.kind is Kind.SECRET
    denied = {right for op in ops for right in scene.of(op.cluster).denied[op.id]}
    found = scene.finding(
        Check.RIGHTS,
        Level.ERROR if grave else Level.WARNING,
        first.cluster,
        pair,
        what=f"{first.kind.value} {few([f'{op.namespace}/{op.name}' for op in ops])} {first.reason}",
        why=f"missing on {first.cluster}: {', '.join(sorted(denied))}",
        next=step(first),
    )
    return replace(found, fault=FailureName.LOST_LABEL, leaves_out=() if grave else tuple(op.id for op in ops))


def _versions(scene: Scene) -> Iterator[Finding]:
    """Of the clusters that were read: where only one side is removed the other one may be gone."""
    for cluster in sorted({cluster for pair in scene.plans for cluster in pair if cluster in scene.states}):
        version = scene.states[cluster].version
        if version is None:
            texts = {
                "what": "the version of Liqo is not known",
                "why": "neither the cluster id ConfigMap nor the controller-manager tells it",
                "next": "check that it is 1.0.1 or newer",
            }
            yield scene.finding(Check.VERSION, Level.INFO, cluster, None, **texts)
        elif version[:2] > NEWEST_TESTED:
            texts = {
                "what": f"Liqo {_dotted(version)} is newer than this collection",
                "why": f"the newest version that it was tried with is {_dotted(NEWEST_TESTED)}",
                "next": "try one link first, and look for a newer release of liqo.fabric",
            }
            yield scene.finding(Check.VERSION, Level.WARNING, cluster, None, **texts)
    for pair in scene.plans:
        versions = {cluster: scene.states[cluster].version for cluster in pair if cluster in scene.states}
        known = {version[:2] for version in versions.values() if version is not None}
        if len(known) > 1:
            level = Level.WARNING if max(known) > NEWEST_TESTED else Level.INFO
            what = " and ".join(
                f"{cluster} runs Liqo {_dotted(version or ())}" for cluster, version in versions.items()
            )
            texts = {
                "what": what,
                "why": "a shortcut works between different versions, but each has its own abilities",
                "next": "upgrade the older cluster when you can",
            }
            yield scene.finding(Check.SKEW, level, pair.a, pair, **texts)


def _new_cidrs(scene: Scene) -> Iterator[tuple[Pair, Op, ConfigurationSpec]]:
    """Configurations that make Liqo ask its IPAM for networks."""
    for pair, op in scene.ops(Kind.CONFIGURATION):
        if isinstance(op.after, ConfigurationSpec) and any(change.field == "remote" for change in op.changes):
            yield pair, op, op.after


def _pools_and_remaps(scene: Scene) -> Iterator[Finding]:
    for pair, op, spec in _new_cidrs(scene):
        seen, version = scene.of(op.cluster), scene.states[op.cluster].version
        pools = seen.pools or DEFAULT_POOLS
        outside = [cidr for cidr in (*spec.remote.pod, *spec.remote.external) if not inside(cidr, pools)]
        if outside and (version is None or version < REMAPS_FROM_OUTSIDE):
            sure = seen.pools is not None and version is not None
            assumed = "" if seen.pools else " (the default, since they could not be read)"
            yield scene.finding(
                Check.IPAM_POOL,
                Level.ERROR if sure else Level.WARNING,
                op.cluster,
                pair,
                what=f"{op.peer}'s {few(outside)} lies outside of the IPAM pools of {op.cluster}",
                why=f"Liqo before 1.2.0 gives such a peer no network; its pools are {few(pools)}{assumed}",
                next=f"add it to ipam.pools of Liqo on {op.cluster}, or upgrade Liqo there to 1.2.0",
            )
        others = [used for used in seen.networks if used.peer != op.peer]
        for cidr in spec.remote.pod:
            taken = next((used for used in others if overlap(used.cidr, cidr)), None)
            if taken is None:
                continue
            whose = f"{op.cluster}'s own {taken.of}" if taken.peer is None else f"what {taken.peer} has there as"
            yield _remap(scene, pair, op.cluster, op.peer, cidr, f"{cidr} overlaps {whose} {taken.cidr}")
            if seen.pools is not None and not has_room(cidr, pools, [used.cidr for used in seen.networks]):
                yield scene.finding(
                    Check.IPAM_POOL,
                    Level.WARNING,
                    op.cluster,
                    pair,
                    what=f"no room is left in the IPAM pools of {op.cluster} for {op.peer}'s {cidr}",
                    why=f"its pools are {few(pools)}, and no free network of that size is in them",
                    next=f"add a pool to ipam.pools of Liqo on {op.cluster}",
                )


def _shared_networks(scene: Scene) -> Iterator[Finding]:
    """Peers that are new to the same cluster at the same time and have the same addresses."""
    new: dict[ClusterId, list[tuple[Pair, ClusterId, str]]] = {}
    for pair, op, spec in _new_cidrs(scene):
        for cidr in spec.remote.pod:
            for _other, peer, known in new.get(op.cluster, ()):
                if peer != op.peer and overlap(known, cidr):
                    why = f"{cidr} overlaps {peer}'s {known}, and one of the two must give way"
                    yield _remap(scene, pair, op.cluster, op.peer, cidr, why, may=True)
            new.setdefault(op.cluster, []).append((pair, op.peer, cidr))


def _remap(
    scene: Scene, pair: Pair, cluster: ClusterId, peer: ClusterId, cidr: str, why: str, *, may: bool = False
) -> Finding:
    return scene.finding(
        Check.REMAP,
        Level.INFO,
        cluster,
        pair,
        what=f"{peer}'s pod CIDR {cidr} {'may' if may else 'will'} be seen as another CIDR on {cluster}",
        why=why,
        next=f"nothing; once the link is up `remap` of the result says how {cluster} addresses the pods of {peer}",
    )


def _mtu(scene: Scene) -> Iterator[Finding]:
    """The MTU of the way between two clusters is not known, but most often it is 1500 bytes or less."""
    for pair, plan in scene.plans.items():
        gateways = [op for op in plan.ops if isinstance(op.after, (GatewayServerSpec, GatewayClientSpec))]
        wished = [change.after for op in gateways for change in op.changes if change.field == "mtu"]
        if not wished or not isinstance(wished[0], int):
            continue
        dialled = [getattr(op.after, "endpoint", None) for op in gateways]
        over_ipv6 = any(isinstance(end, Endpoint) and is_ipv6(end.addresses[0]) for end in dialled)
        overhead = WIREGUARD_V6 if over_ipv6 else WIREGUARD_V4
        if wished[0] > UNDERLAY_MTU - overhead:
            yield scene.finding(
                Check.MTU,
                Level.WARNING,
                plan.server or pair.a,
                pair,
                what=f"mtu {wished[0]} needs a network between the clusters that carries {wished[0] + overhead} bytes",
                why=f"WireGuard adds {overhead} bytes, and most networks carry {UNDERLAY_MTU}",
                next=f"set mtu to {UNDERLAY_MTU - overhead} or less, unless every hop carries larger packets",
            )


def _dotted(version: tuple[int, ...]) -> str:
    return ".".join(map(str, version)) or "?"
