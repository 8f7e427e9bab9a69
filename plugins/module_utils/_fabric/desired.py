# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One wish + what is held -> how each side of the link shall look. Existing names, namespaces and roles are kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from .dialling import Way, in_full, left_out, to_dial
from .errors import FabricError, FailureName
from .facts import advertised, value_of
from .model import ClusterId, FabricName, ServiceType, Shortcut, Template
from .objects import (
    ClusterState,
    ConfigurationSpec,
    Endpoint,
    Fact,
    FactName,
    GatewayClient,
    GatewayClientSpec,
    GatewayServerSpec,
    Held,
    KeySecret,
    Kind,
    Later,
    NamespaceSpec,
    PublicKeySpec,
    SecretSpec,
    Side,
    Spec,
    TemplateRef,
    names,
)
from .owners import joined, wish_of
from .relabel import refuse_lost
from .reported import refuse_cidrs
from .rotation import KeyWish
from .steps import ONE_ROLE

_H = TypeVar("_H", bound=Held)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """One object as it shall be, beside the one that is there."""

    kind: Kind
    name: str
    namespace: str
    spec: Spec
    held: Held | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DesiredSide:
    """The objects of one side, in the order in which they are made."""

    namespace: Wanted
    configuration: Wanted
    secret: Wanted | None = None
    """An own key pair that is to be made; none where the gateway has its key, or gets it from Liqo."""
    gateway: Wanted
    public_key: Wanted
    surplus: tuple[KeySecret, ...] = ()
    """Key Secrets that must go."""
    notes: tuple[str, ...] = ()

    def objects(self) -> tuple[Wanted, ...]:
        made = (self.secret,) if self.secret is not None else ()
        return (self.namespace, self.configuration, *made, self.gateway, self.public_key)


def choose_server(shortcut: Shortcut, one: Side, other: Side) -> tuple[ClusterId, tuple[str, ...]]:
    """The cluster that runs the server, and notes. A role that exists stays; then the wish; then the smaller id.

    Raises FabricError when the gateways that are there contradict each other.
    """
    roles = {side.cluster for side in (one, other) if side.servers} | {
        side.peer for side in (one, other) if side.clients
    }
    if len(roles) > 1:
        there = "; ".join(f"{side.cluster}: {gateway_names(side)}" for side in (one, other) if side.gateways())
        raise FabricError(
            what=f"{shortcut.pair}: both clusters have a gateway of the same role",
            where=f"clusters {one.cluster} and {other.cluster}",
            why=f"Liqo needs one server and one client for a link, found {there}",
            next=ONE_ROLE,
            fault=FailureName.ROLE_CONFLICT,
        )
    wish = shortcut.settings.server
    if not roles:
        return wish or shortcut.pair.a, ()
    server = roles.pop()
    if wish in (None, server):
        return server, ()
    return server, (f"the server stays on {server}: remove the shortcut first to move it to {wish}",)


def desired_side(
    shortcut: Shortcut,
    here: ClusterState,
    there: ClusterState,
    *,
    server: ClusterId,
    fabric: FabricName,
    adopt: bool = False,
    keys: Mapping[ClusterId, KeyWish],
) -> DesiredSide:
    """How ``here`` shall look towards ``there``; what nobody has marked gets our mark only to ``adopt`` it.

    Raises FabricError for what ``there`` reports of itself and ``here`` must not be given.
    """
    side, back = here.side(there.id), there.side(here.id)
    _refuse_unlabelled_namespace(side)
    namespace = tenant_namespace(side)
    configuration = _only(side.configurations)
    override = shortcut.settings.client_endpoint

    def wanted(kind: Kind, held: Held | None, spec: Spec, *, within: str = namespace, name: str = side.peer) -> Wanted:
        marks = (adopt and kind is not Kind.PUBLIC_KEY) or _is_unclaimed(held)
        spec = joined(spec, held, fabric, wish=wish_of(spec, override), adopt=marks)
        if held is not None:
            name, within = held.meta.name, held.meta.namespace
        return Wanted(kind=kind, name=name, namespace=within, spec=spec, held=held)

    mine, theirs = keys[here.id], keys[there.id]
    notes: tuple[str, ...] = ()
    if here.id == server:
        listening = replace(_server_spec(shortcut, here), secret=mine.secret)
        gateway = wanted(Kind.SERVER, _only(side.servers), listening)
    else:
        held = _only(side.clients)
        client, notes = _client_spec(shortcut, here, there, held)
        gateway = wanted(Kind.CLIENT, held, replace(client, secret=mine.secret))
    secret: Wanted | None = None
    if mine.make and mine.secret is not None:
        secret = wanted(Kind.SECRET, None, SecretSpec(), name=mine.secret)
    key = Fact(name=FactName.KEY, cluster=there.id, peer=here.id, secret=theirs.secret or "")
    known = value_of(key, back)
    key_spec = PublicKeySpec(key=known if isinstance(known, str) else Later(fact=key))
    native, trusted = there.networks.cidrs(), shortcut.settings.trusted_cidrs
    refuse_cidrs(native, here.networks, trusted, cluster=there.id, peer=here.id)
    cidrs = ConfigurationSpec(remote=native)
    return DesiredSide(
        namespace=wanted(Kind.NAMESPACE, _only(side.namespaces), NamespaceSpec(), within="", name=namespace),
        configuration=wanted(Kind.CONFIGURATION, configuration, cidrs),
        secret=secret,
        surplus=mine.surplus,
        gateway=gateway,
        notes=notes,
        public_key=wanted(Kind.PUBLIC_KEY, _only(side.public_keys), key_spec),
    )


def tenant_namespace(side: Side) -> str:
    """Where the objects of this side are, or Liqo's default name."""
    for thing in side.namespaces:
        return thing.meta.name
    for held in side.link_objects():
        return held.meta.namespace
    return _default_namespace(side)


def _default_namespace(side: Side) -> str:
    return f"liqo-tenant-{side.peer}"


def _is_unclaimed(held: Held | None) -> bool:
    """A fabric of this collection made it and its annotation was lost: the declaring fabric becomes the owner."""
    return held is not None and held.meta.lost is not None and held.meta.lost.unclaimed


def _refuse_unlabelled_namespace(side: Side) -> None:
    """Raises FabricError for a namespace that only labels of other objects lead to, or in whose place another one is.

    Anybody can write such labels on objects in any namespace, so that they are no reason to write to the namespace.
    """
    lost = side.lost_namespace
    if lost is not None and (side.namespaces or lost.name != _default_namespace(side)):
        why = f"objects of the link with {side.peer} are in it, but it has not the labels of the tenant namespace"
        refuse_lost(side.cluster, [lost], why=why)


def _server_spec(shortcut: Shortcut, here: ClusterState) -> GatewayServerSpec:
    settings = shortcut.settings
    return GatewayServerSpec(
        mtu=settings.mtu,
        port=settings.port,
        service_type=settings.service_type,
        node_port=settings.node_port,
        load_balancer_ip=settings.load_balancer_ip,
        template=template_ref(settings.server_template, here),
        service_annotations=settings.service_annotations,
        service_labels=settings.service_labels,
    )


def _client_spec(
    shortcut: Shortcut, here: ClusterState, there: ClusterState, held: GatewayClient | None
) -> tuple[GatewayClientSpec, tuple[str, ...]]:
    """The client follows what the server advertises, or will advertise once its own drift is repaired; and notes."""
    settings = shortcut.settings
    override = settings.client_endpoint
    later = Later(fact=Fact(name=FactName.ENDPOINT, cluster=there.id, peer=here.id), override=override)
    endpoint: Endpoint | Later = later
    server = _only(there.side(here.id).servers)
    seen = in_full(override)
    if seen is None and server is not None:
        seen = advertised(server)
        seen = seen if seen is not None and _stays(seen, server.spec, _server_spec(shortcut, there)) else None
    notes: tuple[str, ...] = ()
    if seen is not None:
        known = held.spec.endpoint if held is not None else None
        way = Way(server=there.id, client=here.id, networks=here.networks, override=override)
        endpoint, notes = to_dial(seen, way, held=known), left_out(seen, way)
    template = template_ref(settings.client_template, here)
    return GatewayClientSpec(mtu=settings.mtu, endpoint=endpoint, template=template), notes


def _stays(seen: Endpoint, held: GatewayServerSpec, wanted: GatewayServerSpec) -> bool:
    """Will the server still advertise this endpoint once it is as wanted?

    Kubernetes keeps an allocated NodePort over updates, so a nodePort that got lost moves nothing.
    """
    if held.service_type != wanted.service_type:
        return False
    if wanted.service_type == ServiceType.NODE_PORT:
        return wanted.node_port in (None, seen.port)
    return wanted.port == seen.port and wanted.load_balancer_ip in (None, held.load_balancer_ip, *seen.addresses)


def template_ref(template: Template, here: ClusterState) -> TemplateRef:
    """A template of this cluster; its namespace defaults to that of Liqo."""
    return TemplateRef(name=template.name, namespace=template.namespace or here.liqo_namespace)


def _only(held: Sequence[_H]) -> _H | None:
    return held[0] if held else None


def gateway_names(side: Side) -> str:
    """Names of gateways with their kinds, for a message."""
    found = [f"GatewayServer {names(side.servers)}"] if side.servers else []
    return " and ".join(found + ([f"GatewayClient {names(side.clients)}"] if side.clients else []))
