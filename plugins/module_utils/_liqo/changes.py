# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two bodies of one object -> what changed for the fabric, if anything did.

Liqo writes the latency of each Connection every few seconds, and annotations and resource versions come and go:
nothing of that changes what has to be done.
"""

from __future__ import annotations

from collections.abc import Iterable

from .._fabric.changes import Change, SeenService
from .._fabric.legal import is_dns_label
from .._fabric.model import ClusterId, Pair
from .._fabric.propagation.model import Slice
from .._fabric.resources import Resource
from .._fabric.terminal import one_line
from .body import Json, texts_at, word_at
from .by_peer import key_of
from .names import SERVICE_NAME
from .parse import labels_of
from .resources import CONFIGURATION, CONNECTION, ENDPOINT_SLICE
from .services import parse_slice

_CIDRS = {"spec": (("spec", "remote"), ("spec", "local")), "remap": (("status", "remote"),)}
"""Where a Configuration has CIDRs."""
_LONGEST_NAME = 100
"""In a reason. Thousands of them wait for an event, and Kubernetes has none longer of a namespace or Service."""


def change_of(
    cluster: ClusterId, resource: Resource, old: Json | None, new: Json | None, *, peers: Iterable[ClusterId]
) -> Change | None:
    """What changed in ``cluster`` when ``old`` became ``new``, where None is an object that is not there.

    ``peers`` are the clusters that the object concerns and that matter. What concerns none of them is no change; an
    EndpointSlice concerns its Service, whatever they are. Long names are cut; a Service is named if it can be one.
    """
    body = new if new is not None else old
    if body is None:
        return None
    if resource == ENDPOINT_SLICE:
        what = _of_slice(old, new)
        return Change(cluster=cluster, reason=f"{cluster}: {what}", service=_service(cluster, body)) if what else None
    pairs = frozenset(Pair.of(cluster, peer) for peer in peers if peer != cluster)
    what = _of_link(resource, old, new) if pairs else ""
    if not what:
        return None
    peer = " and ".join(sorted(pair.other(cluster) for pair in pairs))
    return Change(cluster=cluster, reason=f"{cluster}: {resource.kind} for {peer} {what}", pairs=pairs)


def _of_link(resource: Resource, old: Json | None, new: Json | None) -> str:
    if resource == CONNECTION:
        before, after = word_at(old, "status", "value"), word_at(new, "status", "value")
        return "" if before == after else f"is {_value(new, after)}, was {_value(old, before)}"
    return _of_configuration(old, new) if resource == CONFIGURATION else ""


def _value(body: Json | None, value: str) -> str:
    return "gone" if body is None else value or "without a value"


def _of_configuration(old: Json | None, new: Json | None) -> str:
    if old is None or new is None:
        return "was created" if old is None else "was deleted"
    changed = [name for name, paths in _CIDRS.items() if any(_cidrs(old, path) != _cidrs(new, path) for path in paths)]
    return f"has another {' and '.join(changed)}" if changed else ""


def _cidrs(body: Json, path: tuple[str, ...]) -> tuple[tuple[str, ...], ...]:
    return tuple(texts_at(body, *path, "cidr", kind) for kind in ("pod", "external"))


def _of_slice(old: Json | None, new: Json | None) -> str:
    before, after = (parse_slice(body) if body is not None else None for body in (old, new))
    if _meaning(before) == _meaning(after) and (before is None) == (after is None):
        return ""
    namespace, name = map(_short, key_of(new if new is not None else old or {}))
    known = after or before
    of = f" of Service {_short(known.service)}" if known and known.service else ""
    if after is None:
        how = "is gone"
    elif before is None:
        how = f"is new, {_count(after)}"
    else:
        how = f"has other endpoints or ports, {_count(after)} after {_count(before)}"
    return f"EndpointSlice {namespace}/{name}{of} {how}"


def _short(name: str) -> str:
    return one_line(name, longest=_LONGEST_NAME)


def _meaning(one: Slice | None) -> object:
    """Neither endpoints nor ports of a slice have an order, and nobody's traffic depends on zone or node."""
    if one is None:
        return None
    # By their text: what is not there is None, which has no order.
    endpoints = sorted(((end.addresses, end.ready, end.pod) for end in one.endpoints), key=repr)
    ports = sorted(((port.name, port.port, port.protocol, port.app_protocol) for port in one.ports), key=repr)
    return one.service, endpoints, ports


def _count(one: Slice) -> str:
    return f"{sum(endpoint.ready for endpoint in one.endpoints)} of {len(one.endpoints)} ready"


def _service(cluster: ClusterId, body: Json) -> SeenService | None:
    namespace, name = key_of(body)[0], labels_of(body).get(SERVICE_NAME, "")
    named = is_dns_label(namespace) and is_dns_label(name)
    return SeenService(cluster=cluster, namespace=namespace, name=name) if named else None
