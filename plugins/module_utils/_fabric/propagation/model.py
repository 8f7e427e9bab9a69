# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What people want of the Services of a hub, and what hubs and leaves hold about them.

A Service is known by its hub, its namespace on the hub and its name, never by names on a leaf: two hubs may reflect the
same names there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Union

from ..errors import FabricError
from ..model import Cluster, ClusterId, FabricName, Pair, State
from ..objects import ClusterState, Later, Marked, Meta
from ..selectors import Selector


class Mode(StrEnum):
    """How the endpoints of a Service reach a leaf over shortcuts."""

    UPSTREAM = "upstream"
    """Liqo's own direct connections, switched on by an annotation of the Service on the hub."""
    SHADOW = "shadow"
    """A ShadowEndpointSlice of ours beside the reflected one: traffic is shared between both paths."""
    EXCLUSIVE = "exclusive"
    """Like SHADOW, and admission policies keep the reflected copies out of use as long as the direct ones work."""
    AUTO = "auto"
    """The best of the others for each Service and leaf."""


@dataclass(frozen=True, slots=True, order=True)
class ServiceKey:
    """One Service of one hub."""

    hub: ClusterId
    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.hub}:{self.namespace}/{self.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceWish:
    """Services that shall use shortcuts: one by name, or all that a selector picks."""

    namespace: str | None = None
    """On the hub; None, only with a selector, for every namespace that is offloaded."""
    name: str | None = None
    selector: Selector | None = None
    hub: ClusterId | None = None
    """None for every hub of the task that has such a Service."""
    mode: Mode = Mode.AUTO
    source: str = field(default="", compare=False)
    """Where it is asked for: `services[0]`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Propagation:
    """All wishes of one run."""

    fabric: FabricName
    clusters: tuple[Cluster, ...]
    hubs: tuple[ClusterId, ...]
    wishes: tuple[ServiceWish, ...] = ()
    state: State = State.PRESENT
    coming: frozenset[Pair] = frozenset()
    """Shortcuts that are there only after what else is planned has been done."""
    leaving: frozenset[Pair] = frozenset()
    """Shortcuts that will be removed next: nothing may rely on them any more."""
    leaves: frozenset[ClusterId] | None = None
    """Leaves that this run may write to; None for all."""


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class SliceEndpoint:
    """One endpoint of a slice. A pod is known by its name, which is the same on its leaf and on the hub."""

    addresses: tuple[str, ...]
    pod: str = ""
    """Name of the pod behind it; empty where the slice does not say."""
    ready: bool = True
    """Kubernetes takes an absent condition as true."""
    serving: bool | None = None
    """Liqo never sets it; the policies of mode exclusive remember in it whether the hub's path is in order."""
    node: str = ""
    hostname: str = ""
    zone: str = ""

    def __str__(self) -> str:
        pod = f" ({self.pod})" if self.pod else ""
        return f"{', '.join(self.addresses)}{pod}{'' if self.ready else ' not ready'}"


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class SlicePort:
    """One port of a slice."""

    name: str = ""
    port: int | None = None
    protocol: str = "TCP"
    app_protocol: str = ""

    def __str__(self) -> str:
        return f"{self.name + ':' if self.name else ''}{self.port}/{self.protocol}"


class Use(StrEnum):
    """What the policies of mode exclusive do because of a slice of ours."""

    ADDITIVE = "additive"
    """Nothing: both paths are used."""
    EXCLUSIVE = "exclusive"
    """The copies of its pods through the hub are out of use, and take its place when it is not healthy."""
    LEAVING = "leaving"
    """The copies come back, and still take its place until they have."""


class Origin(StrEnum):
    """Who made a slice."""

    NATIVE = "native"
    """Kubernetes, for pods of the cluster itself."""
    REFLECTED = "reflected"
    """The virtual kubelet of a hub."""
    OURS = "ours"
    """This collection."""
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class Slice:
    """An EndpointSlice, or a ShadowEndpointSlice of which Liqo makes one."""

    meta: Meta
    service: str
    """Name of the Service that it belongs to."""
    origin: Origin
    source: ClusterId | None = None
    """The cluster that its addresses are mapped with: the hub for a reflected slice, for ours the one of the pods."""
    hub: ClusterId | None = None
    """Of a native slice: the hub that reflected its Service here; None for a Service of the cluster's own."""
    address_type: str = "IPv4"
    endpoints: tuple[SliceEndpoint, ...] = ()
    ports: tuple[SlicePort, ...] = ()
    use: Use = Use.ADDITIVE
    remap: tuple[str, ...] = ()
    """Of ours: the CIDRs in which its addresses must lie once they are mapped."""
    owners: frozenset[FabricName] = frozenset()
    key: ServiceKey | None = None
    """Of ours: the Service that it was made for."""
    touched: str = ""
    """What was written on it to have it made anew."""
    labelled: bool = True
    """Of ours: it has all labels by which Liqo and this collection find it."""
    unclaimed: bool = False
    """Of ours: no annotation says any more which fabrics want it."""

    @property
    def pods(self) -> frozenset[str]:
        return frozenset(endpoint.pod for endpoint in self.endpoints if endpoint.pod)


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """A Service of a hub."""

    key: ServiceKey
    labels: Mapping[str, str] = field(default_factory=dict)
    direct: bool = False
    """Liqo's own direct connections are switched on."""
    owners: frozenset[FabricName] = frozenset()
    """Fabrics that switched them on."""
    selects: bool = True
    """Kubernetes looks for its pods, so that it has a native slice wherever it is."""
    meta: Meta


@dataclass(frozen=True, slots=True, kw_only=True)
class NamespaceMapping:
    """Where a namespace of a hub is on one leaf."""

    namespace: str
    leaf: ClusterId
    remote: str
    phase: str
    """Accepted, CreationLoopBackOff or Terminating."""

    @property
    def accepted(self) -> bool:
        return self.phase == "Accepted"


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldPolicy:
    """One of the two admission policies of mode exclusive, or its binding."""

    uid: str
    owners: frozenset[FabricName] = frozenset()
    intact: bool = False
    """It says what we would write."""


Policies = Mapping[str, HeldPolicy]
"""What a leaf has of them, by kind and name: `MutatingAdmissionPolicy/liqo-fabric-suppress`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterServices:
    """One cluster as read, in both roles that it may have."""

    state: ClusterState
    services: tuple[Service, ...] = ()
    """As a hub: all its Services in offloaded namespaces."""
    mappings: tuple[NamespaceMapping, ...] = ()
    nodes: Mapping[str, ClusterId] = field(default_factory=dict)
    """As a hub: the leaf behind each virtual node."""
    slices: tuple[Slice, ...] = ()
    shadows: tuple[Slice, ...] = ()
    """Only those of this collection."""
    policies: Policies | None = None
    """None where the API does not serve MutatingAdmissionPolicies."""
    reflected: frozenset[tuple[str, str, ClusterId]] | None = None
    """As a leaf: namespace, name and hub of each Service that a hub made here; None where our rights hide them."""
    present: frozenset[tuple[str, str]] | None = None
    """As a leaf: namespace and name of every Service, whoever made it; None where only those of hubs were listed."""

    @property
    def id(self) -> ClusterId:
        return self.state.id


World = Mapping[ClusterId, Union[ClusterServices, FabricError]]
"""Every cluster of the task as read, or why it was not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShadowSpec(Marked):
    """What we write of a ShadowEndpointSlice."""

    key: ServiceKey | None
    source: ClusterId
    endpoints: tuple[SliceEndpoint, ...]
    ports: tuple[SlicePort, ...]
    use: Use
    remap: tuple[str, ...] | Later | None

    @classmethod
    def of(cls, held: Slice) -> ShadowSpec:
        """What is there, in the form in which it is compared and written."""
        return cls(
            labelled=held.labelled,
            owners=held.owners,
            key=held.key,
            source=held.source or ClusterId(""),
            endpoints=tuple(sorted(replace(endpoint, serving=None, node="") for endpoint in held.endpoints)),
            ports=tuple(sorted(held.ports, key=str)),
            use=held.use,
            remap=held.remap,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class DirectSpec(Marked):
    """What we write of a Service."""

    direct: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicySpec(Marked):
    """What we write of a policy or of its binding: the whole text is ours, so it is either intact or not."""

    intact: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class TouchSpec(Marked):
    """A change of an annotation, which makes Liqo apply a slice anew."""

    touched: str


def made_of_unlisted(here: ClusterServices) -> bool:
    """Is there a slice that was made of one of ours which is not among ``shadows``?"""
    known = {(one.meta.namespace, one.meta.name) for one in here.shadows}
    return any(one.origin is Origin.OURS and (one.meta.namespace, one.meta.name) not in known for one in here.slices)


def reflects_to_unlisted(here: ClusterServices) -> bool:
    """Does a hub reflect endpoints to a Service that is not among those listed? It is another one, or not there."""
    return here.reflected is not None and any(
        one.source is not None and (one.meta.namespace, one.service, one.source) not in here.reflected
        for one in here.slices
        if one.origin is Origin.REFLECTED and one.service
    )


def ours_for(here: ClusterServices, namespace: str, key: ServiceKey) -> tuple[Slice, ...]:
    """What this collection wrote on a leaf for one Service of one hub; another hub may mean the same names there."""
    return tuple(one for one in slices_of(here.shadows, namespace, key.name) if one.key in (None, key))


def slices_of(slices: Iterable[Slice], namespace: str, service: str, origin: Origin | None = None) -> tuple[Slice, ...]:
    """The slices of one Service, by name; of one maker only where that is given."""
    found = [
        one
        for one in slices
        if one.meta.namespace == namespace and one.service == service and origin in (None, one.origin)
    ]
    return tuple(sorted(found, key=lambda one: one.meta.name))
