# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A hub with a Service and leaves with its pods, as plain values; what Liqo and the policies make of it is imitated.

The imitation knows what was seen of the real ones: a slice is made anew only when what it is made of changed or when
somebody touched it, and the policies are asked only then.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from itertools import combinations
from typing import Any

from ansible_collections.liqo.fabric.plugins.module_utils._fabric.model import Cluster, ClusterId, Pair
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.objects import (
    Cidrs,
    ClusterInfo,
    ClusterState,
    Meta,
    Side,
)
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.operations import Verb
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.propagation.gate import usable_link
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.propagation.model import (
    ClusterServices,
    DirectSpec,
    HeldPolicy,
    Mode,
    NamespaceMapping,
    Origin,
    PolicySpec,
    Propagation,
    Service,
    ServiceKey,
    ServiceWish,
    ShadowSpec,
    Slice,
    SliceEndpoint,
    SlicePort,
    TouchSpec,
    Use,
    slices_of,
)
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.propagation.operations import SliceKind, SliceOp
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.propagation.paths import mapped
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.propagation.policies import POLICY_NAMES

from tests.unit import build

HUB = ClusterId("hub")
LEAVES = tuple(ClusterId(f"leaf-{letter}") for letter in "abc")
WEB = ServiceKey(HUB, "demo", "web")
HTTP = SlicePort(name="http", port=8080)
REMOTE = "demo-hub"


def pods_cidr(leaf: ClusterId) -> str:
    return build.networks(leaf).pod[0]


def home(leaf: ClusterId, pod: str) -> str:
    """The address of a pod in its own cluster."""
    return pods_cidr(leaf).replace(".0.0/16", f".0.{1 + sum(pod.encode()) % 200}")


def remapped(leaf: ClusterId) -> str:
    """How every other leaf maps the pods of a leaf."""
    return f"10.{210 + LEAVES.index(leaf)}.0.0/16"


def through_hub(leaf: ClusterId, pod: str) -> str:
    """An address of the hub's external CIDR, as leaves see it."""
    return f"172.31.{LEAVES.index(leaf)}.{1 + sum(pod.encode()) % 200}"


def link_side(here: ClusterId, peer: ClusterId, *, remap: str, external: str = "", connected: bool = True) -> Side:
    configuration = replace(
        build.configuration(here, peer),
        remap=Cidrs(pod=(remap,), external=(external,) if external else build.networks(peer).external),
    )
    configuration = replace(configuration, spec=replace(configuration.spec, remote=build.networks(peer).cidrs()))
    connection = replace(build.connection(here, peer), value="Connected" if connected else "Error")
    return Side(
        cluster=here,
        peer=peer,
        configurations=(configuration,),
        connections=(connection,),
        foreign_cluster=build.foreign_cluster(here, peer),
    )


@dataclass(frozen=True)
class Scene:
    """Everything that a test may choose."""

    pods: Mapping[ClusterId, frozenset[str]]
    shortcuts: Mapping[Pair, bool]
    """Connected or not."""
    policies: frozenset[ClusterId] = frozenset(LEAVES)
    """Leaves whose API serves them."""
    hub_remaps: frozenset[ClusterId] = frozenset()
    version: Mapping[ClusterId, tuple[int, ...]] = field(default_factory=dict)
    denies: frozenset[ClusterId] = frozenset()

    def world(self) -> dict[ClusterId, ClusterServices]:
        """As it is before anything was written."""
        leaves = tuple(sorted(self.pods))
        hub_sides = [
            link_side(HUB, leaf, remap="10.250.0.0/16" if leaf in self.hub_remaps else pods_cidr(leaf))
            for leaf in leaves
        ]
        hub = ClusterServices(
            state=build.cluster(HUB, *hub_sides, info=ClusterInfo(virtual_kubelets=dict.fromkeys(leaves, "1.2.0"))),
            services=(Service(key=WEB, labels={"app": "web"}, meta=Meta(name="web", namespace="demo", uid="u-web")),),
            mappings=tuple(
                NamespaceMapping(namespace="demo", leaf=leaf, remote=REMOTE, phase="Accepted") for leaf in leaves
            ),
            nodes={str(leaf): leaf for leaf in leaves},
            slices=(_slice("web-1", "demo", Origin.NATIVE, self._hub_endpoints()),),
        )
        world = {HUB: hub, **{leaf: self._leaf(leaf) for leaf in leaves}}
        return settled(Reflection(world)).clusters

    def _hub_endpoints(self) -> tuple[SliceEndpoint, ...]:
        return tuple(
            SliceEndpoint(addresses=(home(leaf, pod),), pod=pod, node=leaf)
            for leaf in sorted(self.pods)
            for pod in sorted(self.pods[leaf])
        )

    def _leaf(self, leaf: ClusterId) -> ClusterServices:
        sides = [link_side(leaf, HUB, remap="10.249.0.0/16", external="172.31.0.0/16")]
        for other in self.pods:
            connected = self.shortcuts.get(Pair.of(leaf, other)) if other != leaf else None
            if connected is not None:
                sides.append(link_side(leaf, other, remap=remapped(other), connected=connected))
        native = tuple(SliceEndpoint(addresses=(home(leaf, pod),), pod=pod) for pod in sorted(self.pods[leaf]))
        return ClusterServices(
            state=build.cluster(
                leaf,
                *sides,
                version=self.version.get(leaf, (1, 2, 0)),
                info=ClusterInfo(denies_direct_connections=leaf in self.denies),
            ),
            slices=(_slice("web-local", REMOTE, Origin.NATIVE, native, hub=HUB),),
            policies={} if leaf in self.policies else None,
        )


def scene(*shortcuts: tuple[str, str], down: Iterable[tuple[str, str]] = (), **facts: Any) -> Scene:
    """Leaves a, b and c with a pod each, and these shortcuts."""
    broken = {build.pair(*names) for names in down}
    found = {build.pair(*names): build.pair(*names) not in broken for names in shortcuts}
    pods = {leaf: frozenset({f"web-{leaf[-1]}"}) for leaf in LEAVES}
    return replace(Scene(pods=pods, shortcuts=found), **facts)


MESH = tuple((str(a), str(b)) for a, b in combinations(LEAVES, 2))


def want(mode: Mode = Mode.AUTO, **facts: Any) -> Propagation:
    """The Service web of the hub in a mode."""
    clusters = tuple(Cluster(id=name, name=name, labels={}) for name in (HUB, *LEAVES))
    wish = ServiceWish(namespace="demo", name="web", mode=mode, source="services[0]")
    return replace(Propagation(fabric=build.RETAIL, clusters=clusters, hubs=(HUB,), wishes=(wish,)), **facts)


def _slice(name: str, namespace: str, origin: Origin, endpoints: tuple[SliceEndpoint, ...], **facts: Any) -> Slice:
    made = Slice(
        meta=Meta(name=name, namespace=namespace, uid=f"u-{name}", resource_version="1"),
        service="web",
        origin=origin,
        endpoints=endpoints,
        ports=(HTTP,),
    )
    return replace(made, **facts)


@dataclass
class Reflection:
    """The clusters, and of each slice that Liqo made what it was made of."""

    clusters: dict[ClusterId, ClusterServices]
    made_of: dict[tuple[ClusterId, str], tuple[Slice, str]] = field(default_factory=dict)


Place = tuple[ClusterId, str]
"""A leaf and the name of a slice on it."""


def settled(world: Reflection, which: Callable[[Place], bool] = lambda _place: True) -> Reflection:
    """After Liqo has had the time to do what it does, with all slices or with those of some places."""
    for leaf in [key for key in world.clusters if key != HUB]:
        fresh = {one.meta.name: one for one in (*_reflected(world, leaf), *_mirrored(world, leaf))}
        here = world.clusters[leaf]
        kept = [
            one
            for one in here.slices
            if one.origin is Origin.NATIVE or one.meta.name in fresh or not which((leaf, one.meta.name))
        ]
        world.clusters[leaf] = replace(here, slices=tuple(kept))
        for name in sorted(fresh, key=lambda name: fresh[name].origin is Origin.REFLECTED):
            before = next((one for one in kept if one.meta.name == name), None)
            source = (fresh[name], before.touched if before is not None else "")
            if which((leaf, name)) and (world.made_of.get((leaf, name)) != source or before is None):
                _put(world, leaf, _admitted(world.clusters[leaf], fresh[name], before))
                world.made_of[leaf, name] = source
    return world


def places_of(world: Reflection) -> list[Place]:
    """Every slice that Liqo has made or has to make."""
    found = {(leaf, one.meta.name) for leaf in LEAVES for one in world.clusters[leaf].slices}
    return sorted(found | {(leaf, one.meta.name) for leaf in LEAVES for one in world.clusters[leaf].shadows})


def _reflected(world: Reflection, leaf: ClusterId) -> list[Slice]:
    hub, here = world.clusters[HUB], world.clusters[leaf]
    direct = hub.services[0].direct
    endpoints = []
    for endpoint in (endpoint for one in hub.slices for endpoint in one.endpoints):
        provider = ClusterId(endpoint.node)
        if provider == leaf:
            continue
        addresses = (through_hub(provider, endpoint.pod),)
        if direct:
            seen = _direct(here.state, provider, home(provider, endpoint.pod))
            if seen is None:
                # The whole slice stays as it was.
                return [one for one in here.slices if one.origin is Origin.REFLECTED]
            addresses = (seen,)
        endpoints.append(SliceEndpoint(addresses=addresses, pod=endpoint.pod))
    return [_slice("web-1", REMOTE, Origin.REFLECTED, tuple(endpoints), source=HUB)]


def _direct(here: ClusterState, provider: ClusterId, address: str) -> str | None:
    configurations = here.side(provider).configurations
    return mapped(address, configurations[0]) if configurations else None


def _mirrored(world: Reflection, leaf: ClusterId) -> list[Slice]:
    here = world.clusters[leaf]
    found = []
    for shadow in here.shadows:
        assert shadow.source is not None
        usable = usable_link(here.state, shadow.source)
        connections = here.state.side(shadow.source).connections
        up = not usable or (bool(connections) and connections[0].value == "Connected")
        endpoints = tuple(
            replace(
                endpoint,
                ready=endpoint.ready and up,
                addresses=tuple(_direct(here.state, shadow.source, a) or a for a in endpoint.addresses)
                if usable
                else endpoint.addresses,
            )
            for endpoint in shadow.endpoints
        )
        found.append(replace(shadow, endpoints=endpoints))
    return found


def _admitted(here: ClusterServices, fresh: Slice, before: Slice | None) -> Slice:
    """What the two policies make of a slice that is being written."""
    made = replace(fresh, touched=before.touched if before is not None else "")
    version = str(int(before.meta.resource_version) + 1) if before is not None else "1"
    made = replace(made, meta=replace(made.meta, resource_version=version, uid=f"u-{made.meta.name}"))
    if len([one for one in (here.policies or {}).values() if one.intact]) < 2 * len(POLICY_NAMES):
        return made
    others = slices_of(here.slices, made.meta.namespace, made.service)
    if made.origin is Origin.REFLECTED:
        names = frozenset().union(
            *(one.pods for one in others if one.origin is Origin.OURS and one.use is Use.EXCLUSIVE), frozenset()
        )
        return replace(made, endpoints=tuple(_suppressed(one, names) for one in made.endpoints))
    if made.use is not Use.ADDITIVE:
        reflected = {e.pod: e for one in others if one.origin is Origin.REFLECTED for e in one.endpoints}
        return replace(made, endpoints=tuple(_fallen_back(one, reflected, made) for one in made.endpoints))
    return made


def _suppressed(endpoint: SliceEndpoint, names: frozenset[str]) -> SliceEndpoint:
    return replace(endpoint, serving=endpoint.ready, ready=False) if endpoint.pod in names else endpoint


def _fallen_back(endpoint: SliceEndpoint, reflected: Mapping[str, SliceEndpoint], made: Slice) -> SliceEndpoint:
    inside = all(address.rsplit(".", 2)[0] == made.remap[0].rsplit(".", 2)[0] for address in endpoint.addresses)
    if endpoint.ready and inside:
        return endpoint
    copy = reflected.get(endpoint.pod)
    if copy is None:
        return replace(endpoint, ready=endpoint.ready and inside)
    up = copy.ready if copy.serving is None else copy.serving
    return (
        replace(endpoint, addresses=copy.addresses, ready=True, serving=True) if up else replace(endpoint, ready=False)
    )


def _put(world: Reflection, leaf: ClusterId, made: Slice) -> None:
    here = world.clusters[leaf]
    others = [
        one
        for one in here.slices
        if (one.meta.namespace, one.meta.name) != (made.meta.namespace, made.meta.name) or one.origin is Origin.NATIVE
    ]
    world.clusters[leaf] = replace(here, slices=(*others, made))


def written(world: Reflection, op: SliceOp) -> Reflection:
    """After one operation, and after what Liqo does because of it."""
    return settled(just_written(world, op))


def just_written(world: Reflection, op: SliceOp) -> Reflection:
    """After one operation, and before Liqo does anything."""
    here = world.clusters[op.cluster]
    if op.kind is SliceKind.SHADOW:
        rest = tuple(one for one in here.shadows if one.meta.name != op.name)
        if op.verb is Verb.DELETE:
            assert len(rest) < len(here.shadows), f"{op.id}: there is nothing to delete"
        new = () if op.verb is Verb.DELETE else (_shadow(op),)
        world.clusters[op.cluster] = replace(here, shadows=(*rest, *new))
    elif op.kind is SliceKind.SERVICE:
        assert isinstance(op.after, DirectSpec)
        service = replace(here.services[0], direct=op.after.direct, owners=op.after.owners)
        world.clusters[op.cluster] = replace(here, services=(service,))
    elif op.kind is SliceKind.SLICE:
        assert isinstance(op.after, TouchSpec)
        slices = tuple(
            replace(one, touched=op.after.touched)
            if (one.meta.namespace, one.meta.name) == (op.namespace, op.name)
            else one
            for one in here.slices
        )
        world.clusters[op.cluster] = replace(here, slices=slices)
        if op.cluster == HUB:
            world.made_of.clear()
    else:
        assert here.policies is not None
        key = f"{op.kind.value}/{op.name}"
        held = {name: one for name, one in here.policies.items() if name != key}
        if isinstance(op.after, PolicySpec):
            held[key] = HeldPolicy(uid=f"u-{op.name}", owners=op.after.owners, intact=True)
        world.clusters[op.cluster] = replace(here, policies=held)
    return world


def _shadow(op: SliceOp) -> Slice:
    spec = op.after
    assert isinstance(spec, ShadowSpec)
    assert isinstance(spec.remap, tuple)
    return Slice(
        meta=Meta(name=op.name, namespace=op.namespace, uid=f"u-{op.name}", resource_version="1"),
        service="web",
        origin=Origin.OURS,
        source=spec.source,
        endpoints=spec.endpoints,
        ports=spec.ports,
        use=spec.use,
        remap=spec.remap,
        owners=spec.owners,
        key=spec.key,
    )
