# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Task parameters -> the wishes of a run of propagation; what is wrong is refused in one message."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from ..entries import known_clusters, selector_of
from ..errors import InputError, Violation
from ..legal import is_dns_label
from ..model import ClusterId, FabricName, State
from ..run_options import pairs_of
from ..wishes import check_fabric_name, check_limits, parse_clusters
from .model import Mode, Propagation, ServiceWish


def parse_propagation(params: Mapping[str, Any]) -> Propagation:
    """The wishes of a task of the module ``propagation``, whose types Ansible has checked.

    Raises InputError with all violations.
    """
    found: list[Violation] = []
    check_fabric_name(params["fabric"], found)
    clusters = parse_clusters(params["clusters"], found)
    ids = {cluster.name: cluster.id for cluster in clusters} | {cluster.id: cluster.id for cluster in clusters}
    hubs = parse_hubs(params, ids, found)
    state = State(params["state"])
    wishes = _wishes(params, hubs, ids, found)
    scope = params["scope"]
    check_limits(params, found)
    want = Propagation(
        fabric=FabricName(params["fabric"]),
        clusters=clusters,
        hubs=hubs,
        wishes=wishes,
        state=state,
        coming=pairs_of(params["coming"], "coming", ids, found),
        leaving=pairs_of(params["leaving"], "leaving", ids, found),
        leaves=frozenset(known_clusters(scope, "scope", ids, found)) if scope is not None else None,
    )
    if found:
        raise InputError(found)
    return want


def parse_hubs(
    params: Mapping[str, Any], ids: Mapping[str, ClusterId], found: list[Violation]
) -> tuple[ClusterId, ...]:
    """The hubs of a task, sorted, at least one; ``ids`` are cluster ids by every name that a user may give."""
    if not params["hubs"]:
        _add(found, "hubs", "no hub is named", "name the clusters whose Services must use the shortcuts")
    return tuple(sorted(known_clusters(params["hubs"], "hubs", ids, found)))


def check_services(
    entries: Sequence[Mapping[str, Any]], path: str, hubs: Collection[str], found: list[Violation]
) -> None:
    """What is wrong in a list of Services beside the types; ``hubs`` are all names by which one may be called."""
    if not hubs:
        _add(found, path, "there is no hub whose Services could be meant", "name the hubs in the group liqo_hubs")
    ids = {name: ClusterId(name) for name in hubs}
    _listed(entries, path, Mode.AUTO, tuple(ids.values()), ids, found)


def _wishes(
    params: Mapping[str, Any], hubs: Sequence[ClusterId], ids: Mapping[str, ClusterId], found: list[Violation]
) -> tuple[ServiceWish, ...]:
    entries = params["services"]
    if entries is None:
        if params["state"] == State.PRESENT:
            _add(found, "services", "state present needs services", "list them by name or by selector")
        return ()
    return _listed(entries, "services", Mode(params["mode"]), hubs, ids, found)


def _listed(
    entries: Sequence[Mapping[str, Any]],
    path: str,
    mode: Mode,
    hubs: Sequence[ClusterId],
    ids: Mapping[str, ClusterId],
    found: list[Violation],
) -> tuple[ServiceWish, ...]:
    wishes = [
        _wish(entry, f"{path}[{index}]", Mode(entry.get("mode") or mode), hubs, ids, found)
        for index, entry in enumerate(entries)
    ]
    named: dict[tuple[object, ...], ServiceWish] = {}
    for wish in wishes:
        if wish.name is None:
            continue
        first = named.setdefault((wish.hub, wish.namespace, wish.name), wish)
        if first.mode is not wish.mode:
            modes = f"{wish.mode.value}, and {first.mode.value} by {first.source}"
            what = f"{wish.namespace}/{wish.name} is declared as {modes}"
            _add(found, wish.source, what, "name each Service once")
    return tuple(sorted(wishes, key=lambda wish: wish.name is None))


def _wish(
    entry: Mapping[str, Any],
    path: str,
    mode: Mode,
    hubs: Sequence[ClusterId],
    ids: Mapping[str, ClusterId],
    found: list[Violation],
) -> ServiceWish:
    namespace, name, selector = entry.get("namespace"), entry.get("name"), entry.get("selector")
    if (name is None) == (selector is None):
        _add(found, path, "one of name and selector must be given", "write namespace and name, or a label selector")
    if name is not None and namespace is None:
        _add(found, f"{path}.namespace", f"of {name} it is not said where it is", "name its namespace on the hub")
    for option, value in (("namespace", namespace), ("name", name)):
        if value is not None and not is_dns_label(value):
            _add(found, f"{path}.{option}", f"{value!r} is no Kubernetes name", "use lower case letters, digits and -")
    hub = entry.get("hub")
    if hub is not None and ids.get(hub) not in hubs:
        _add(found, f"{path}.hub", f"{hub!r} is not one of hubs", f"hubs of this task are: {', '.join(hubs) or 'none'}")
    return ServiceWish(
        namespace=namespace,
        name=name,
        selector=selector_of(selector, f"{path}.selector", found),
        hub=ids.get(hub) if hub is not None else None,
        mode=mode,
        source=path,
    )


def _add(found: list[Violation], path: str, what: str, hint: str) -> None:
    found.append(Violation(path=path, message=what, hint=hint))
