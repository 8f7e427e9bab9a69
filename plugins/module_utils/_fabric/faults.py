# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What can be wrong with a link, each by its name, with what was seen and what repairs it.

A repair is what the planner would do for a link that is wanted, or what a person must do where no write helps. Pure:
the age of a proof of life is taken against the clock of the API server that was read.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

from .dialling import in_full, reaches
from .facts import advertised, value_of
from .model import ClusterId, Settings
from .moments import instant
from .objects import (
    ClusterState,
    Connection,
    Fact,
    FactName,
    Held,
    Side,
    names,
)
from .phrases import few
from .relabel import foreign_secret, is_unlabelled, lost_detail, lost_networks, lost_on, whose, write_again
from .reported import CIDRS_STEP, cidrs_problem
from .steps import DUPLICATES, ONE_ROLE, being_deleted, see_pods_of_liqo, title

FRESH_S = 30.0
"""A gateway writes its latency every 10 s by default: after this long three reports in a row are missing."""

CONNECTED = "Connected"

_H = TypeVar("_H")


class FaultName(StrEnum):
    """Every fault that is told apart."""

    HALF_CONFIGURED = "half-configured"
    """Only one side holds something of the link."""
    MISSING_OBJECT = "missing-object"
    """A side holds some of the objects of a link, but not all."""
    DUPLICATE = "duplicate"
    """Two objects of a kind for one peer, on which every controller of Liqo fails."""
    ROLE_CONFLICT = "role-conflict"
    """Two gateway servers or two clients."""
    TERMINATING = "terminating"
    """An object is being deleted and hangs."""
    LOST_LABEL = "lost-label"
    """Liqo no longer finds the object."""
    UNREAD = "unread"
    """Our rights do not show what would be needed to judge."""
    KEYS_UNREAD = "keys-unread"
    """Our rights do not show the Secret with the key to compare with."""
    NO_CIDRS = "no-cidrs"
    """The IPAM of a cluster has not given it its own networks."""
    CIDR_DRIFT = "cidr-drift"
    """A Configuration has other CIDRs than the peer."""
    UNCONFIGURED = "unconfigured"
    """Liqo has not settled how the peer's CIDRs are addressed here."""
    NO_ENDPOINT = "no-endpoint"
    """The server advertises no address that fits its settings."""
    REFUSED_CIDRS = "refused-cidrs"
    """A cluster reports CIDRs that its peer must not be given."""
    REFUSED_ENDPOINT = "refused-endpoint"
    """The server advertises an address that its client must not dial."""
    STALE_ENDPOINT = "stale-endpoint"
    """The client dials something else than the server advertises."""
    NO_KEY = "no-key"
    """A gateway has no key pair yet."""
    STALE_KEY = "stale-key"
    """A PublicKey is not that of the peer's gateway."""
    MTU_MISMATCH = "mtu-mismatch"
    """The two gateways have different MTUs."""
    DEAD_TUNNEL = "dead-tunnel"
    """A gateway does not call its tunnel connected."""
    STALE_LATENCY = "stale-latency"
    """A gateway calls its tunnel connected, but has not reported for a while: it is gone."""
    CLOCK_SKEW = "clock-skew"
    """Node and API server disagree about the time, so that nothing can be said about freshness."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing that is wrong."""

    name: FaultName
    cluster: ClusterId
    """Where it was seen, or where the write that repairs it goes."""
    detail: str
    """What was seen, with the values."""
    repair: str
    """What the planner would do, or what a person must do."""


@dataclass(frozen=True, slots=True)
class View:
    """One cluster looking at a peer; ``there`` is None when the peer itself could not be read."""

    here: ClusterState
    peer: ClusterId
    there: ClusterState | None

    @property
    def side(self) -> Side:
        return self.here.side(self.peer)

    @property
    def connection(self) -> Connection | None:
        """The one Connection."""
        return only(self.side.connections)

    def fault(self, name: FaultName, detail: str, repair: str) -> Fault:
        return Fault(name=name, cluster=self.here.id, detail=detail, repair=repair)


def only(held: Sequence[_H]) -> _H | None:
    """The one that is there; None for none and for duplicates."""
    return held[0] if len(held) == 1 else None


def key_matches(here: ClusterState, there: ClusterState) -> bool | None:
    """Is the PublicKey that ``here`` holds the one of the gateway of ``there``? None when it cannot be told."""
    held = only(here.side(there.id).public_keys)
    key = value_of(Fact(name=FactName.KEY, cluster=there.id, peer=here.id), there.side(here.id))
    return None if held is None or key is None else held.spec.key == key


def agreement_faults(one: View, other: View, declared: Settings | None) -> list[Fault]:
    """What keeps two sides, at least one of which holds something, from saying the same, beside the endpoint.

    What is refused unless the settings allow it is a fault as soon as these are known. Without them it is none where
    it was written already, since somebody may have allowed it.
    """
    holding = [view for view in (one, other) if view.side.link_objects()]
    if len(holding) == 1:
        full, empty = (one, other) if holding[0] is one else (other, one)
        return [_half_configured(full, empty), *own_faults(full)]
    faults = _role_conflict(one, other)
    for view in (one, other):
        faults += [*own_faults(view), *_cidr_faults(view, declared), *_key_faults(view)]
    return [*faults, *_gateway_faults(one, other)]


def own_faults(view: View) -> list[Fault]:
    """What one side alone shows."""
    return [*_duplicates(view), *_terminating(view), *_missing(view), *_lost_labels(view), *_unconfigured(view)]


def unread_keys(view: View) -> Iterator[Fault]:
    """The peer's key may not be read. Says nothing about the link itself."""
    if view.there is not None and view.there.hides("Secret", view.here.id) and view.side.public_keys:
        yield view.fault(
            FaultName.KEYS_UNREAD,
            f"its key of {view.peer} cannot be compared, our rights do not show the Secrets of {view.peer}",
            f"grant get and list on secrets in the tenant namespace for {view.here.id} on {view.peer}",
        )


def is_connected(view: View) -> bool:
    """The gateway of this side calls its tunnel connected."""
    seen = view.connection
    return seen is not None and seen.value == CONNECTED


def has_heard(view: View) -> bool:
    """The gateway of this side has heard from the other one a moment ago, as its own cluster says."""
    return is_connected(view) and not any(freshness_faults(view))


def handshake_faults(view: View, declared: Settings | None, *, is_expected: bool) -> Iterator[Fault]:
    """What the gateway of one side says; that it says nothing counts only when a tunnel ``is_expected``."""
    seen = view.connection
    if seen is not None and seen.value != CONNECTED:
        reply = f", last reply {seen.latency_at}" if seen.latency_at else ", no reply"
        word = seen.value or "without a value"
        detail = f"Connection {seen.meta.name} is {word}{reply}"
        yield view.fault(FaultName.DEAD_TUNNEL, detail, _reachability(view, declared))
    elif seen is None and is_expected:
        if view.here.hides("Connection", view.peer):
            yield _unread(view, "Connection")
        else:
            repair = (
                f"look at the gateway pod for {view.peer} in {view.here.id}: it writes the Connection when it starts"
            )
            yield view.fault(FaultName.DEAD_TUNNEL, "there is no Connection", repair)


def freshness_faults(view: View) -> Iterator[Fault]:
    """Nobody resets the value of a Connection whose gateway died, only its timestamp stops."""
    seen = view.connection
    if seen is None or seen.value != CONNECTED:
        return
    alive = f"look at the gateway pod for {view.peer} in {view.here.id}, which should report every 10 s"
    now, heard = instant(view.here.read_at), instant(seen.latency_at)
    if now is None or heard is None:
        yield view.fault(FaultName.STALE_LATENCY, f"Connection {seen.meta.name} has no latency", alive)
        return
    age_s = (now - heard).total_seconds()
    if age_s > FRESH_S:
        detail = f"Connection {seen.meta.name} is Connected, but its last reply is {age_s:.0f} s old"
        yield view.fault(FaultName.STALE_LATENCY, detail, alive)
    elif age_s < -FRESH_S:
        detail = f"the last reply of Connection {seen.meta.name} is {-age_s:.0f} s ahead of the API server's clock"
        yield view.fault(FaultName.CLOCK_SKEW, detail, f"set the clocks of the nodes of {view.here.id}")


def _half_configured(full: View, empty: View) -> Fault:
    there = sorted({type(held).__name__ for held in full.side.link_objects()})
    hidden = [kind for kind in there if empty.here.hides(kind, empty.peer)]
    if hidden:
        return _unread(empty, *hidden)
    return empty.fault(
        FaultName.HALF_CONFIGURED,
        f"holds nothing of the link, {full.here.id} holds {', '.join(there)}",
        f"create the side of {empty.here.id}, or remove that of {full.here.id}",
    )


def _role_conflict(one: View, other: View) -> list[Fault]:
    servers = one.side.claimed_servers() | other.side.claimed_servers()
    if len(servers) <= 1:
        return []
    seen = "; ".join(f"{view.here.id} has {_gateway_names(view.side)}" for view in (one, other))
    return [one.fault(FaultName.ROLE_CONFLICT, seen, ONE_ROLE)]


def _duplicates(view: View) -> Iterator[Fault]:
    side = view.side
    groups: tuple[tuple[str, Sequence[Held | Connection]], ...] = (
        ("tenant namespaces", side.namespaces),
        ("Configurations", side.configurations),
        ("gateways", side.gateways()),
        ("PublicKeys", side.public_keys),
        ("Connections", side.connections),
    )
    for kind, held in groups:
        if len(held) > 1:
            detail = f"has {len(held)} {kind} for {view.peer}: {names(held)}"
            yield view.fault(FaultName.DUPLICATE, detail, DUPLICATES)


def _terminating(view: View) -> Iterator[Fault]:
    for held in view.side.held():
        if held.meta.terminating:
            holders = few(held.meta.finalizers) or "its content"
            detail = f"{title(held)} is being deleted and waits for {holders}"
            yield view.fault(FaultName.TERMINATING, detail, being_deleted(held, view.here.id).next)


def _missing(view: View) -> Iterator[Fault]:
    side = view.side
    back = view.there.side(view.here.id) if view.there is not None else None
    gateway = "GatewayServer or GatewayClient"
    if back is not None and back.gateways():
        gateway = "GatewayServer" if back.clients else "GatewayClient"
    for kind, held in (
        ("Configuration", side.configurations),
        (gateway, side.gateways()),
        ("PublicKey", side.public_keys),
    ):
        if held:
            continue
        hidden = [name for name in kind.split(" or ") if view.here.hides(name, view.peer)]
        if hidden:
            yield _unread(view, *hidden)
        else:
            yield view.fault(FaultName.MISSING_OBJECT, f"has no {kind} for {view.peer}", f"create {kind} {view.peer}")


def _lost_labels(view: View) -> Iterator[Fault]:
    side = view.side
    unlabelled = [(title(held), held.meta) for held in side.held() if not held.spec.labelled]
    for name, meta in (*unlabelled, *lost_on(side), *lost_networks(view.here)):
        yield view.fault(FaultName.LOST_LABEL, lost_detail(name, meta), write_again(name, meta))
    foreign = foreign_secret(side)
    if foreign is not None:
        yield view.fault(
            FaultName.LOST_LABEL, lost_detail(f"Secret {foreign.namespace}/{foreign.name}", foreign), whose(foreign)
        )
    lost = side.lost_namespace
    if lost is not None and "Namespace" not in view.here.unread:
        detail = f"Namespace {lost.name} is not labelled as the tenant namespace of {view.peer}"
        yield view.fault(FaultName.LOST_LABEL, detail, write_again(f"Namespace {lost.name}", lost))


def _unconfigured(view: View) -> Iterator[Fault]:
    held = only(view.side.configurations)
    if held is not None and held.remap is None:
        detail = f"{title(held)} has no remap for {held.spec.remote}"
        repair = see_pods_of_liqo(view.here.id, view.here.liqo_namespace)
        yield view.fault(FaultName.UNCONFIGURED, detail, repair)


def _cidr_faults(view: View, declared: Settings | None) -> Iterator[Fault]:
    held, there = only(view.side.configurations), view.there
    if held is None or there is None:
        return
    native = there.networks.cidrs()
    if there.lost:
        # Not all of them are known; the view of the other side names what is lost.
        return
    if there.hides_own("Network"):
        yield Fault(name=FaultName.UNREAD, cluster=there.id, **_unread_words("Network"))
        return
    if not native.pod or not native.external:
        detail = f"has no {'external' if native.pod else 'pod'} CIDR of its own yet"
        repair = see_pods_of_liqo(there.id, there.liqo_namespace)
        yield Fault(name=FaultName.NO_CIDRS, cluster=there.id, detail=detail, repair=repair)
        return
    differs = held.spec.remote != native
    trusted = declared.trusted_cidrs if declared is not None else ()
    problem = cidrs_problem(native, view.here.networks, trusted) if differs or declared is not None else ""
    if problem:
        detail = f"what it reports is refused for {view.here.id}: {problem}"
        yield Fault(name=FaultName.REFUSED_CIDRS, cluster=there.id, detail=detail, repair=CIDRS_STEP)
    elif differs:
        detail = f"{title(held)} has {held.spec.remote}; {there.id} has {native}"
        yield view.fault(FaultName.CIDR_DRIFT, detail, f"set spec.remote of {title(held)} to {native}")


def _key_faults(view: View) -> Iterator[Fault]:
    held, there = only(view.side.public_keys), view.there
    if held is None or there is None or there.hides("Secret", view.here.id):
        return
    back = there.side(view.here.id)
    if key_matches(view.here, there) is False:
        detail = f"{title(held)} is not the key of the gateway of {there.id}"
        yield view.fault(FaultName.STALE_KEY, detail, f"write the key of {there.id} into {title(held)}")
    elif key_matches(view.here, there) is None and only(back.gateways()) is not None and not is_unlabelled(back):
        detail = f"the gateway for {view.here.id} has no Secret with a usable key"
        repair = f"look at the controller-manager of Liqo in {there.id}: it makes the Secret"
        yield Fault(name=FaultName.NO_KEY, cluster=there.id, detail=detail, repair=repair)


def _gateway_faults(one: View, other: View) -> Iterator[Fault]:
    """What server and client must agree about, beside the endpoint."""
    for serving, dialling in ((one, other), (other, one)):
        server, client = only(serving.side.servers), only(dialling.side.clients)
        if server is not None and client is not None and server.spec.mtu != client.spec.mtu:
            detail = f"MTU {client.spec.mtu}, that of {serving.here.id} is {server.spec.mtu}"
            yield dialling.fault(FaultName.MTU_MISMATCH, detail, "set both to the MTU that is wanted")


def _reachability(view: View, declared: Settings | None) -> str:
    client = only(view.side.clients)
    back = view.there.side(view.here.id) if view.there is not None else None
    client = client or (only(back.clients) if back is not None else None)
    server = only(view.side.servers) or (only(back.servers) if back is not None else None)
    seen = advertised(server) if server is not None else None
    known = client.spec.endpoint if client is not None else seen
    pods = f"look at the gateway pods of {view.here.id} and {view.peer}"
    override = declared.client_endpoint if declared is not None else None
    aim = in_full(override) or seen
    if override and aim is not None and reaches(known, aim, override):
        server_at = f"the gateway server at {seen}" if seen is not None else "the gateway server"
        return f"see that {known}, which client_endpoint declares, leads to {server_at}; else correct it, or {pods}"
    target = str(known) if known is not None else "the gateway server, which advertises no address:port/UDP yet"
    return f"see that the client can reach {target}, and {pods}"


def _unread(view: View, *kinds: str) -> Fault:
    return Fault(name=FaultName.UNREAD, cluster=view.here.id, **_unread_words(*kinds))


def _unread_words(*kinds: str) -> dict[str, str]:
    kind = ", ".join(kinds)
    return {"detail": f"our rights do not show {kind}", "repair": f"grant get and list on {kind}"}


def _gateway_names(side: Side) -> str:
    groups = (("GatewayServer", side.servers), ("GatewayClient", side.clients))
    return " and ".join(f"{kind} {names(held)}" for kind, held in groups if held) or "no gateway"
