# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which Secret each gateway of a link shall use, and the order of writes in which new keys interrupt it shortest.

A running gateway never looks at its key again. Only a new pod takes a new one, and it gets a new pod when the name of
its Secret changes. Liqo finds the Secret by two labels and stops at two of them, so the old one goes before the
gateway is pointed at the new one; that last write is also what wakes Liqo up.

Both gateways are replaced in one interruption, at the same time. A handshake that the server does not answer yet is
tried again by WireGuard only after 5 s, and nobody knows which of two clusters is the quicker one. The client therefore
learns the server's new key, with which alone it can begin, when both new pods are there. docs/benchmarks.md compares
the orders.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from .errors import FabricError, FailureName
from .model import ClusterId, Keys, Shortcut
from .objects import ClusterState, Fact, FactName, KeySecret, Kind, Side
from .operations import Op, Verb

_NUMBER = re.compile(r"-([0-9]{1,9})")


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyWish:
    """The Secret that the gateway of one side shall use."""

    secret: str | None = None
    """Its name; None: no opinion, Liqo makes one or the gateway names one already."""
    make: bool = False
    """It is not there yet."""
    surplus: tuple[KeySecret, ...] = ()
    """Secrets that must go, since Liqo stops at two of them."""
    renews: bool = False
    """A gateway that runs gets another key, so its pod is replaced."""


def key_wishes(
    shortcut: Shortcut, one: ClusterState, other: ClusterState, *, rotate: bool
) -> Mapping[ClusterId, KeyWish]:
    """Of both sides. Raises FabricError where our rights do not show what would be replaced."""
    own = shortcut.settings.keys == Keys.OWN
    sides = (one.side(other.id), other.side(one.id))
    if rotate or own:
        for state in (one, other):
            _refuse_blind(state, shortcut)
    return {side.cluster: _wish(side, own=own, renew=rotate or (own and _has_keys_of_liqo(side))) for side in sides}


def in_shortest_order(ops: Sequence[Op], wishes: Mapping[ClusterId, KeyWish], sides: Sequence[Side]) -> list[Op]:
    """The operations with the edges that a renewal needs; without one, as they are."""
    renewed = [side for side in sides if wishes[side.cluster].renews]
    begun = {op.id for op in ops if op.kind is Kind.SECRET and op.verb is Verb.CREATE}
    old = [op for side in renewed for op in _of(ops, side.cluster, Kind.SECRET, Verb.DELETE)]
    early = [op for side in renewed if not side.servers for op in _of(ops, side.peer, Kind.PUBLIC_KEY)]
    servers = [op for side in renewed for op in _of(ops, side.cluster, Kind.SERVER)]
    clients = [op for side in renewed for op in _of(ops, side.cluster, Kind.CLIENT)]
    found = list(ops)
    for later in (old, early, servers, clients):
        found = _after(found, begun, later)
        begun |= _ids(later)
    late = [op for side in renewed if side.servers for op in _of(ops, side.peer, Kind.PUBLIC_KEY)]
    new_pods = [
        Fact(name=FactName.RENEWED, cluster=side.cluster, peer=side.peer, seen=side.gateways()[0].pod_ip)
        for side in renewed
    ]
    return _after(found, begun, late, *new_pods)


def has_own_keys(side: Side) -> bool:
    """Its gateway runs with a pair that this collection made."""
    used = side.key_secret()
    return used is not None and bool(used.owners)


def _has_keys_of_liqo(side: Side) -> bool:
    """A gateway that names no Secret, unless one of ours is there since a run died half-way."""
    if not side.gateways() or any(held.spec.secret for held in side.gateways()):
        return False
    used = side.key_secret()
    return not (used.owners if used is not None else _ours(side))


def _wish(side: Side, *, own: bool, renew: bool) -> KeyWish:
    used, ours = side.key_secret(), _ours(side)
    if renew and side.gateways():
        return KeyWish(secret=next_name(side), make=True, surplus=side.secrets, renews=True)
    if used is not None and used.owners:
        return KeyWish(secret=used.meta.name, surplus=tuple(held for held in side.secrets if held != used))
    if used is not None:
        return KeyWish(surplus=tuple(held for held in side.secrets if held.owners))
    if ours:
        # Of a run that died half-way, or of a gateway that somebody removed.
        return KeyWish(secret=ours[-1].meta.name, surplus=ours[:-1])
    return KeyWish(secret=next_name(side), make=True) if own else KeyWish()


def _ours(side: Side) -> tuple[KeySecret, ...]:
    """Secrets that this collection made, oldest first."""
    found = (held for held in side.secrets if held.owners and held.public_key and not held.meta.terminating)
    return tuple(sorted(found, key=lambda held: _number(side, held.meta.name)))


def next_name(side: Side) -> str:
    """``gw-leaf-b-1``, then ``-2`` ...: known before the key is, so that a plan can show it."""
    names = {held.meta.name for held in side.secrets} | {held.secret_name or "" for held in side.gateways()}
    return f"{_base(side)}-{1 + max((_number(side, name) for name in names), default=0)}"


def _base(side: Side) -> str:
    gateways = side.gateways()
    return f"gw-{gateways[0].meta.name if gateways else side.peer}"


def _number(side: Side, name: str) -> int:
    match = _NUMBER.fullmatch(name.removeprefix(_base(side)))
    return int(match[1]) if match else 0


def _refuse_blind(state: ClusterState, shortcut: Shortcut) -> None:
    if state.hides("Secret", shortcut.pair.other(state.id)):
        raise FabricError(
            what=f"{shortcut.pair} cannot get keys of its own",
            where=f"cluster {state.id}, Secrets of the tenant namespace",
            why="our rights do not allow to list Secrets there",
            next="grant get, list, create and delete on secrets there, as Liqo's peering-user role does",
            fault=FailureName.MISSING_RIGHT,
        )


def _of(ops: Sequence[Op], cluster: ClusterId, *what: Kind | Verb) -> list[Op]:
    kinds = {one for one in what if isinstance(one, Kind)}
    verbs = {one for one in what if isinstance(one, Verb)} or set(Verb)
    return [op for op in ops if op.cluster == cluster and op.kind in kinds and op.verb in verbs]


def _ids(ops: Sequence[Op]) -> set[str]:
    return {op.id for op in ops}


def _after(ops: Sequence[Op], needed: Collection[str], later: Sequence[Op], *awaited: Fact) -> list[Op]:
    """The operations, those of ``later`` with more to wait for."""
    chosen = _ids(later)
    return [
        replace(op, needs=op.needs | frozenset(needed), awaits=(*op.awaits, *awaited)) if op.id in chosen else op
        for op in ops
    ]
