# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One entry of the option ``shortcuts`` -> a Wish, or every violation in it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from .errors import Violation
from .model import ClusterId, Pair
from .selectors import Selector, SelectorError, parse_selector
from .settings import AUTO, Given, check_exposure, parse_settings, unknown_cluster
from .topology import Shape, Wish

ONE_NODE_PORT = "one NodePort cannot serve several shortcuts of a cluster"
_SHAPES = ", ".join(Shape)


def parse_entry(
    entry: Mapping[str, Any], path: str, id_by_name: Mapping[str, ClusterId], found: list[Violation]
) -> Wish | None:
    """One entry of the option; None when it is too wrong to mean anything."""
    before = len(found)
    given = parse_settings(entry, path, id_by_name, found)
    check_exposure(given, dict.fromkeys(given, path), found)
    shapes = [shape for shape in Shape if entry.get(shape) is not None]
    if len(shapes) != 1:
        what = f"has {' and '.join(shapes)}" if shapes else "does not say what to connect"
        _add(found, path, what, f"give it exactly one of {_SHAPES}")
        return None
    shape = shapes[0]
    if shape is Shape.BETWEEN:
        return _between(entry, path, given, id_by_name, found)
    if "node_port" in given:
        _add(found, f"{path}.node_port", ONE_NODE_PORT, "set it for each pair, with between")
    options, source = entry[shape], f"{path}.{shape}"
    names = options.get("names") or ()
    if options.get("names") is None and options.get("selector") is None:
        _add(found, source, "does not say which clusters", "give it names, a selector, or both")
    center = options.get("center")
    left_out, pairs_left_out = _except(entry.get("except") or (), f"{path}.except", id_by_name, found)
    wish = Wish(
        path=path,
        shape=shape,
        names=known_clusters(names, f"{source}.names", id_by_name, found),
        selector=selector_of(options.get("selector"), f"{source}.selector", found),
        center=next(iter(known_clusters([center], f"{source}.center", id_by_name, found)), None) if center else None,
        left_out=left_out,
        pairs_left_out=pairs_left_out,
        given=given,
    )
    if wish.center in left_out:
        _add(found, f"{path}.except", f"leaves out {wish.center}, the center", "remove it there, or the whole star")
    server = given.get("server", AUTO)
    if wish.selector is None and server not in (AUTO, wish.center, *wish.members({})):
        _add(found, f"{path}.server", f"{server!r} is not one of the {shape}", "name one of its members, or auto")
    return wish if len(found) == before else None


def _between(
    entry: Mapping[str, Any], path: str, given: Given, id_by_name: Mapping[str, ClusterId], found: list[Violation]
) -> Wish | None:
    if entry.get("except"):
        _add(found, f"{path}.except", "has no meaning with between", "remove it, or the whole entry")
    pair = _pair(entry["between"], f"{path}.between", id_by_name, found)
    if pair is None:
        return None
    server = given.get("server", AUTO)
    if server != AUTO and server not in pair:
        _add(found, f"{path}.server", f"{entry['server']!r} is not one of {pair}", "name one of the two, or auto")
    return Wish(path=path, shape=Shape.BETWEEN, names=(pair.a, pair.b), given=given)


def _pair(names: Sequence[str], path: str, id_by_name: Mapping[str, ClusterId], found: list[Violation]) -> Pair | None:
    if len(names) != 2:
        _add(found, path, f"names {len(names)} clusters instead of 2", "write it as between: [leaf-a, leaf-b]")
        return None
    unknown = sorted({name for name in names if name not in id_by_name})
    found += [unknown_cluster(path, name, id_by_name) for name in unknown]
    if unknown:
        return None
    one, other = (id_by_name[name] for name in names)
    if one == other:
        _add(found, path, f"pairs {one} with itself", "name two different clusters")
        return None
    return Pair.of(one, other)


def _except(
    entries: Sequence[Any], path: str, id_by_name: Mapping[str, ClusterId], found: list[Violation]
) -> tuple[frozenset[ClusterId], frozenset[Pair]]:
    """What a group leaves out: clusters, and pairs."""
    clusters: set[ClusterId] = set()
    pairs: set[Pair] = set()
    for index, entry in enumerate(entries):
        place = f"{path}[{index}]"
        if isinstance(entry, str):
            clusters.update(known_clusters([entry], place, id_by_name, found))
        elif isinstance(entry, Sequence) and len(entry) == 2 and all(isinstance(name, str) for name in entry):
            pair = _pair(entry, place, id_by_name, found)
            pairs.update([pair] if pair else [])
        else:
            what = f"{entry!r} is neither a cluster nor a pair"
            _add(found, place, what, "write except: [leaf-a, [leaf-b, leaf-c]]")
    return frozenset(clusters), frozenset(pairs)


def known_clusters(
    names: Iterable[str], path: str, id_by_name: Mapping[str, ClusterId], found: list[Violation]
) -> tuple[ClusterId, ...]:
    """The ids of the names, each of which is there and is named once."""
    ids: list[ClusterId] = []
    for name in names:
        if name not in id_by_name:
            found.append(unknown_cluster(path, name, id_by_name))
        elif id_by_name[name] in ids:
            _add(found, path, f"names {id_by_name[name]} twice", "name each cluster once")
        else:
            ids.append(id_by_name[name])
    return tuple(ids)


def selector_of(text: str | None, path: str, found: list[Violation]) -> Selector | None:
    if text is None:
        return None
    try:
        return parse_selector(text)
    except SelectorError as problem:
        _add(
            found, path, f"{text!r} is no selector: {problem}", "write it like region=eu,tier in (shop, depot),!retired"
        )
        return Selector()


def _add(found: list[Violation], path: str, what: str, hint: str) -> None:
    found.append(Violation(path=path, message=what, hint=hint))
