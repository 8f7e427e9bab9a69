# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""want + have -> what our ShadowEndpointSlices should say: the pods of each other leaf at their addresses at home.

Liqo maps the addresses and keeps readiness. A slice goes as soon as its link is gone: otherwise Liqo would publish the
addresses as they are, and traffic could reach pods of another cluster.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace

from ..faults import CONNECTED, only
from ..model import ClusterId, FabricName, Pair
from ..objects import ClusterState, Fact, FactName, Later
from .assignment import assigned
from .faults import Refusal
from .gate import usable_link
from .model import ClusterServices, Propagation, ShadowSpec, Use, World, ours_for
from .offers import Homes, Offers, usable_by
from .paths import reach_of

PREFIX = "lf-"


@dataclass(frozen=True, slots=True, kw_only=True)
class Desired:
    """What one leaf should have for one Service."""

    shadows: dict[str, ShadowSpec] = field(default_factory=dict)
    """By name."""
    refusals: tuple[Refusal, ...] = ()
    """Endpoints that this leaf, unlike others, may not use."""


def desired_shadows(want: Propagation, world: World, offers: Offers, leaf: ClusterId, *, exclusive: bool) -> Desired:
    """The wanted ShadowEndpointSlices of a Service on one leaf; those of providers that could not be read are left
    out, see ``unknown_providers``.
    """
    here, homes = world[leaf], offers.homes
    if not isinstance(here, ClusterServices):
        return Desired()
    found: dict[str, ShadowSpec] = {}
    refusals: list[Refusal] = []
    reach, namespace = reach_of(here.state), homes.namespaces[leaf]
    taken = frozenset(one.meta.name for one in here.shadows if one.meta.namespace == namespace)
    held = ours_for(here, namespace, homes.key)
    for provider in homes.leaves:
        there = world.get(provider)
        if provider == leaf or not isinstance(there, ClusterServices) or not _may_rely(want, here, provider):
            continue
        groups, refused = usable_by(here, reach, offers.by_leaf[provider], there)
        refusals += refused
        remap, alive = _remap(here, provider), not is_blind(here.state, there.state)
        own = [one for one in held if one.source == provider]
        for name, (ports, endpoints) in assigned(groups, own, _names(homes.key.name, provider), taken).items():
            found[name] = ShadowSpec(
                owners=frozenset({want.fabric}),
                key=homes.key,
                source=provider,
                endpoints=tuple(replace(endpoint, ready=alive) for endpoint in endpoints),
                ports=ports,
                use=Use.EXCLUSIVE if exclusive else Use.ADDITIVE,
                remap=remap,
            )
    return Desired(shadows=found, refusals=tuple(refusals))


def is_blind(here: ClusterState, there: ClusterState) -> bool:
    """Does a cluster take a tunnel for alive that the other end calls dead? That of a gateway that died says nothing.

    Liqo would keep the endpoints ready, so that we have to say that they are not.
    """
    one, other = only(here.side(there.id).connections), only(there.side(here.id).connections)
    if one is None or other is None:
        return False
    return one.value == CONNECTED and other.value not in (CONNECTED, "")


def unknown_providers(world: World, homes: Homes, leaf: ClusterId) -> frozenset[ClusterId]:
    """Leaves whose pods, or the links to which, are not known now: what is written about them stays."""
    here = world.get(leaf)
    return frozenset(
        one
        for one in homes.leaves
        if one != leaf
        and (
            not isinstance(world.get(one), ClusterServices)
            or (isinstance(here, ClusterServices) and here.state.hides("Configuration", one))
        )
    )


def slice_name(service: str, provider: ClusterId, number: int) -> str:
    """The name of a new slice. Neither Services nor clusters have dots in their names, so that no two names meet."""
    return f"{PREFIX}{service}.{provider}" + (f".{number + 1}" if number else "")


def joined(spec: ShadowSpec, owners: Iterable[FabricName]) -> ShadowSpec:
    """The wanted spec with the fabrics that want it already."""
    return replace(spec, owners=spec.owners | frozenset(owners))


def _names(service: str, provider: ClusterId) -> Callable[[int], str]:
    return lambda number: slice_name(service, provider, number)


def _may_rely(want: Propagation, here: ClusterServices, provider: ClusterId) -> bool:
    """Is there a shortcut to the provider, now or soon, that is to stay?"""
    pair = Pair.of(here.id, provider)
    return pair not in want.leaving and (pair in want.coming or usable_link(here.state, provider))


def _remap(here: ClusterServices, provider: ClusterId) -> tuple[str, ...] | Later:
    for configuration in here.state.side(provider).configurations:
        if configuration.remap is not None:
            return configuration.remap.pod
    return Later(fact=Fact(name=FactName.CONFIGURED, cluster=here.id, peer=provider))
