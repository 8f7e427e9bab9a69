# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Over which links Services may still go that a run had to move off them, as the clusters were read at its end.

Each leaf tells this of its own slices only, so that no leaf keeps a link between two others.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from ..model import ClusterId, Pair, State
from ..operations import Verb
from .model import ClusterServices, DirectSpec, Origin, Propagation, ShadowSpec, Slice, World
from .offers import homes_of
from .operations import SliceKind, SliceOp
from .paths import Path, way_of

_Place = tuple[ClusterId, str, str]
"""A cluster, a namespace in it, and the name of a slice or Service there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seen:
    """What decides which slices count."""

    want: Propagation
    let_go: frozenset[_Place]
    """Slices of ours that the plan takes this fabric's mark from."""
    direct: Mapping[_Place, bool]
    """Reflected Services, by leaf: may direct addresses of theirs be there because of this fabric?"""
    settled: bool
    """Liqo has had the time to follow what was written."""


def still_used(
    want: Propagation, world: World, *, planned: Iterable[SliceOp] = (), settled: bool = True
) -> Mapping[Pair, frozenset[ClusterId]]:
    """The links among ``leaving``, with state absent among all, that Services may still use; each with the ends on
    which these Services are.

    ``planned`` is taken as done. Unless ``settled``, what Liqo has only still to follow counts as done.
    """
    ops = tuple(planned)
    seen = _Seen(
        want=want,
        let_go=frozenset((op.cluster, op.namespace, op.name) for op in ops if _lets_go(op, want)),
        direct=_direct(want, world, ops, settled),
        settled=settled,
    )
    found: dict[Pair, frozenset[ClusterId]] = {}
    for leaf in sorted(world):
        peers = _peers(want, world, leaf)
        for peer in peers & _used(seen, world, leaf) if peers else ():
            pair = Pair.of(leaf, peer)
            found[pair] = found.get(pair, frozenset()) | {leaf}
    return {pair: found[pair] for pair in sorted(found)}


def _peers(want: Propagation, world: World, leaf: ClusterId) -> frozenset[ClusterId]:
    """The other ends of the links of a leaf that Services had to be moved off."""
    if want.state is State.ABSENT and (want.leaves is None or leaf in want.leaves):
        return frozenset(world) - {leaf, *want.hubs}
    return frozenset(peer for pair in want.leaving if leaf in pair for peer in pair if peer != leaf)


def _used(seen: _Seen, world: World, leaf: ClusterId) -> frozenset[ClusterId]:
    here = world[leaf]
    if not isinstance(here, ClusterServices):
        # Nothing is known of it.
        return frozenset(world)
    return frozenset((*_over_slices_of_ours(seen, here), *_over_reflected(seen, here)))


def _over_slices_of_ours(seen: _Seen, here: ClusterServices) -> Iterator[ClusterId]:
    """The leaves whose pods slices of this fabric name, or slices that Liqo made of such and has not removed yet."""
    held = {(one.meta.namespace, one.meta.name) for one in here.shadows}
    left = [one for one in here.slices if one.origin is Origin.OURS] if seen.settled else []
    for one in here.shadows:
        place = (here.id, one.meta.namespace, one.meta.name)
        if one.source is not None and _is_ours(seen.want, one) and place not in seen.let_go:
            yield one.source
    for one in left:
        if one.source is not None and (one.meta.namespace, one.meta.name) not in held:
            yield one.source


def _over_reflected(seen: _Seen, here: ClusterServices) -> Iterator[ClusterId]:
    """The leaves to whose pods reflected slices lead directly because of this fabric."""
    for one in here.slices:
        if one.origin is not Origin.REFLECTED or one.source not in seen.want.hubs:
            continue
        # Of a hub that was not read it is not known who switched the direct connections on.
        if not seen.direct.get((here.id, one.meta.namespace, one.service), True):
            continue
        for address in {address for endpoint in one.endpoints for address in endpoint.addresses}:
            way = way_of(address, here.state, one.source)
            if way.path is Path.DIRECT and way.through is not None:
                yield way.through


def _is_ours(want: Propagation, one: Slice) -> bool:
    return want.fabric in one.owners and (one.key is None or one.key.hub in want.hubs)


def _lets_go(op: SliceOp, want: Propagation) -> bool:
    if op.kind is not SliceKind.SHADOW:
        return False
    return op.verb is Verb.DELETE or (isinstance(op.after, ShadowSpec) and want.fabric not in op.after.owners)


def _direct(want: Propagation, world: World, ops: Iterable[SliceOp], settled: bool) -> dict[_Place, bool]:
    off = {
        (op.cluster, op.namespace, op.name)
        for op in ops
        if isinstance(op.after, DirectSpec) and want.fabric not in op.after.owners
    }
    found = {}
    for hub in (here for hub_id in want.hubs for here in [world.get(hub_id)] if isinstance(here, ClusterServices)):
        for service in hub.services:
            is_on = service.direct and (hub.id, service.key.namespace, service.key.name) not in off
            may_be = want.fabric in service.owners if is_on else settled
            for leaf, namespace in homes_of(hub, service.key).namespaces.items():
                found[leaf, namespace, service.key.name] = may_be
    return found
