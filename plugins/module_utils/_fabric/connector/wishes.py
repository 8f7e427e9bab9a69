# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Task parameters of the module ``connector`` -> what is wanted; what is wrong is refused in one message."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..errors import InputError, Violation
from ..legal import is_dns_label, is_dns_name
from ..model import State
from ..run_options import pairs_of
from ..wishes import Wishes, parse_wishes
from .model import Wanted


def parse_wanted(params: Mapping[str, Any], *, check_mode: bool) -> tuple[Wanted, Wishes]:
    """What to do with the connector, and the fabric that takes its place. Raises InputError with all violations.

    Types were checked by Ansible. ``coming`` counts in check mode only: a real run looks for itself.
    """
    found: list[Violation] = []
    state = State(params["state"])
    fabric = params.get("fabric")
    if state is State.ABSENT:
        for name in ("fabric", "shortcuts"):
            if params.get(name) is None:
                hint = "it says which links are safe because the fabric has them"
                found.append(Violation(path=name, message="is required with state absent", hint=hint))
    wishes = _parse_wishes({**params, "fabric": fabric or "any", "shortcuts": params.get("shortcuts") or []}, found)
    if found or wishes is None:
        raise InputError(found)
    ids = {name: cluster.id for cluster in wishes.clusters for name in (cluster.name, cluster.id)}
    coming = pairs_of(params.get("coming") or (), "coming", ids, found)
    _check_hubs(wishes, found)
    abandon = _abandoned(params.get("abandon") or (), found)
    if found:
        raise InputError(found)
    return Wanted(
        state=state,
        fabric=wishes.name,
        hubs=wishes.hubs,
        abandon=abandon,
        coming=coming if check_mode else frozenset(),
        declares=params.get("shortcuts") is not None,
    ), wishes


def _parse_wishes(params: Mapping[str, Any], found: list[Violation]) -> Wishes | None:
    """The module of this name adds and removes no link, so the state of links is that of a run that adds."""
    try:
        return parse_wishes({**params, "state": State.PRESENT.value})
    except InputError as refused:
        found += refused.violations
        return None


def _check_hubs(wishes: Wishes, found: list[Violation]) -> None:
    if not wishes.hubs:
        hint = "name the clusters on which the controller runs"
        found.append(Violation(path="hubs", message="no hub is named", hint=hint))


def _abandoned(names: Sequence[str], found: list[Violation]) -> frozenset[str]:
    for index, name in enumerate(names):
        namespace, _slash, own_name = name.partition("/")
        if not is_dns_label(namespace) or not is_dns_name(own_name):
            hint = "write it as namespace/name of a ForeignClusterConnection"
            found.append(Violation(path=f"abandon[{index}]", message=f"{name!r} is no such name", hint=hint))
    return frozenset(names)
