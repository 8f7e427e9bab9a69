# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is declared of the links that a task only looks at, to judge them by it.

A look may know fewer clusters than the declaration: those that it does not know only keep their places.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from .model import Fabric, Pair, Settings
from .topology import Shape
from .wishes import Wishes, parse_wishes


def wishes_of_a_look(params: Mapping[str, Any]) -> Wishes:
    """The wishes by which a look judges links; its ``shortcuts`` may be missing and may name other clusters.

    ``params`` are those of the module ``peering_info``. Raises InputError with all violations.
    """
    # Of the states this is the one that needs no shortcuts.
    return parse_wishes({"fabric": "any", "state": "gathered", **params}, elsewhere=frozenset(_named(params)))


def wishes_of_one_pair(params: Mapping[str, Any]) -> Wishes:
    """The same where two clusters are known, and no hub. Where others decide what a selector means, it is left out."""
    sources = params.get("labels_from") or ()
    wishes = wishes_of_a_look({**params, "labels_from": [source for source in sources if source != "hub"]})
    by_hubs = "hub" in sources
    known = [wish for wish in wishes.wishes if wish.selector is None or not (by_hubs or wish.shape is Shape.RING)]
    return replace(wishes, wishes=tuple(known))


def settings_by_pair(fabric: Fabric) -> dict[Pair, Settings]:
    """What is declared of each link."""
    return {shortcut.pair: shortcut.settings for shortcut in fabric.shortcuts}


def _named(params: Mapping[str, Any]) -> Iterator[str]:
    """The names by which clusters are called in the options that say what is declared."""
    for entry in (params.get("defaults") or {}, *(params.get("shortcuts") or ())):
        groups = [entry[shape] for shape in Shape if isinstance(entry.get(shape), Mapping)]
        lists = [entry.get("between"), entry.get("except"), *(group.get("names") for group in groups)]
        single = [entry.get("server"), *(group.get("center") for group in groups)]
        for name in (*single, *(name for names in lists for name in names or ())):
            yield from (one for one in (name if isinstance(name, list) else [name]) if isinstance(one, str))
