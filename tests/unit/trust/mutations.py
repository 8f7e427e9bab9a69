# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Changes of the JSON of an answer. Each is a function of a random generator and the body, and says what it did."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Iterator
from itertools import islice
from random import Random
from typing import Any

from tests.unit.bodies import Body
from tests.unit.trust import texts
from tests.unit.trust.store import encoded

Place = tuple[Any, Any, str]
"""A container, a key or index in it, and the path to there for people."""
MANY = 2000
MOST_PLACES = 500
TRIES = 5
_NO_NUMBER = re.compile(rb"[:\[,](?:-?Infinity|NaN|-?[0-9]{19})")
"""What JSON does not know, or what has more than 64 bits."""
_METADATA: tuple[tuple[str, type], ...] = (
    *((field, str) for field in ("namespace", "uid", "resourceVersion", "creationTimestamp", "deletionTimestamp")),
    *((field, dict) for field in ("labels", "annotations")),
    *((field, list) for field in ("finalizers", "ownerReferences")),
)
PEER = "liqo.io/remote-cluster-id"
ORIGIN = "offloading.liqo.io/origin"
OWNERS = "liqo-fabric.github.io/owners"
WISHES = "liqo-fabric.github.io/wishes"
MANAGED = "liqo-fabric.github.io/managed"

_DULL = ("managedFields", "containers", "template", "ownerReferences", "chains", "creationTimestamp", "selfLink")
"""What no parser reads, or only in passing: chosen rarely."""
_BY_KEY: dict[str, tuple[Any, ...]] = {
    "timestamp": texts.DATES,
    "creationTimestamp": texts.DATES,
    "deletionTimestamp": texts.DATES,
    "lastTransitionTime": texts.DATES,
    "name": (*texts.IDS, *texts.INJECTED),
    "namespace": (*(f"liqo-tenant-{name}" for name in texts.IDS), "liqo", "demo-hub", *texts.INJECTED),
    "clusterID": texts.IDS,
    "CLUSTER_ID": texts.IDS,
    PEER: texts.IDS,
    ORIGIN: texts.IDS,
    OWNERS: texts.OWNERS,
    WISHES: texts.JSON_TEXTS,
    "pod": texts.ADDRESSES,
    "external": texts.ADDRESSES,
    "cidr": texts.ADDRESSES,
    "addresses": texts.ADDRESSES,
    "ip": texts.ADDRESSES,
    "port": texts.NUMBERS,
    "nodePort": texts.NUMBERS,
    "mtu": texts.NUMBERS,
    "generation": texts.NUMBERS,
    "observedGeneration": texts.NUMBERS,
    "replicas": texts.NUMBERS,
    "readyReplicas": texts.NUMBERS,
    "image": texts.VERSIONS,
    "app.kubernetes.io/version": texts.VERSIONS,
    "value": (*texts.DURATIONS, "Error", "Connecting", *texts.INJECTED),
    "args": ("--cluster-labels=" + ",".join(f"k{n}={text}" for n, text in enumerate(texts.INJECTED)),),
    "resourceVersion": ("", "0", "-1", "9" * 5000, "x"),
    "continue": ("again",),
    "labels": tuple({PEER: name, MANAGED: "true"} for name in texts.IDS),
    "annotations": tuple({OWNERS: owners, WISHES: text} for owners in texts.OWNERS for text in texts.JSON_TEXTS),
}
"""Values that mean something in a field."""


def mutated(rng: Random, body: Body, others: Body, *, tame: bool) -> tuple[bytes, str]:
    """The body as JSON with one to three changes, and what they are, empty for none; ``others`` may lend parts.

    A ``tame`` change is one that a real API server could send for some object, so that it is not refused as a whole.
    """
    for _ in range(TRIES if tame else 1):
        changed, said = copy.deepcopy(body), []
        for _change in range(rng.choice((1, 1, 1, 2, 3))):
            change = rng.choices(_CHANGES, _WEIGHTS)[0]
            did = change(rng, changed, others)
            said += [did] if did else []
        if said and (not tame or is_well_formed(changed, body)):
            content = encoded(changed)
            if not tame or not _NO_NUMBER.search(content):
                return content, "; ".join(said)
    return b"", ""


def is_well_formed(body: Body, like: Body) -> bool:
    """A list of objects, or one object, as ``like`` is, with the fields that every kind has."""
    if ("items" in body) is not ("items" in like):
        return False
    if "items" not in like:
        return "metadata" not in like or _is_object(body, "namespace" in like["metadata"])
    items = body["items"]
    if not isinstance(items, list) or not isinstance(body.get("metadata"), dict):
        return False
    namespaced = any("namespace" in item["metadata"] for item in like["items"])
    return all(_is_object(item, namespaced) for item in items)


def _is_object(item: Any, namespaced: bool) -> bool:
    metadata = item.get("metadata") if isinstance(item, dict) else None
    if not isinstance(metadata, dict) or bool(metadata.get("namespace")) is not namespaced:
        return False
    name = metadata.get("name")
    if not isinstance(name, str) or name in ("", ".", "..") or {"/", "%"} & set(name):
        return False
    if not all(isinstance(metadata[field], kind) for field, kind in _METADATA if metadata.get(field) is not None):
        return False
    maps = [metadata.get(field) or {} for field in ("labels", "annotations")]
    if not all(isinstance(text, str) for texts_of in maps for text in texts_of.values()):
        return False
    return all(isinstance(item.get(part) or {}, dict) for part in ("spec", "status", "data"))


def _scope(rng: Random, body: Body) -> Iterator[Place]:
    """The places in one object of a list, or now and then in the whole answer: lists may be long."""
    items = _items(body)
    if items and rng.random() < 0.9:
        number = rng.randrange(len(items))
        yield items, number, f".items[{number}]"
        yield from _places(items[number], f".items[{number}]")
    else:
        yield from islice(_places(body), MOST_PLACES)


def _places(value: Any, path: str = "") -> Iterator[Place]:
    """Every place of a JSON value, outer ones first."""
    if isinstance(value, dict):
        for key in value:
            yield value, key, f"{path}.{key}"
            yield from _places(value[key], f"{path}.{key}")
    elif isinstance(value, list):
        for index in range(len(value)):
            yield value, index, f"{path}[{index}]"
            yield from _places(value[index], f"{path}[{index}]")


def _choose(rng: Random, body: Body) -> Place | None:
    places = list(_scope(rng, body))
    if not places:
        return None
    for _ in range(3):
        found = rng.choice(places)
        if not any(dull in found[2] for dull in _DULL):
            break
    return found


def _field(place: Place) -> str:
    """The name of the field in whose value a place is: that of the list for an item of one."""
    if isinstance(place[1], str):
        return place[1]
    return place[2].rpartition("[")[0].rpartition(".")[2]


def _say(path: str, value: Any) -> str:
    text = repr(value)
    return f"{path} = {text if len(text) < 60 else text[:50] + f'... ({len(text)})'}"


def _typical(rng: Random, body: Body, _others: Body) -> str:
    """A value that means something in that field, or is odd of its kind."""
    found = [place for place in _scope(rng, body) if _field(place) in _BY_KEY]
    if not found:
        return ""
    place = rng.choice(found)
    value = rng.choice(_BY_KEY[_field(place)])
    if isinstance(place[0][place[1]], list) and not isinstance(value, list):
        value = [value]
    place[0][place[1]] = copy.deepcopy(value)
    return _say(place[2], value)


def _swap_type(rng: Random, body: Body, _others: Body) -> str:
    place = _choose(rng, body)
    if place is None:
        return ""
    value = rng.choice(texts.ODD)()
    place[0][place[1]] = value
    return _say(place[2], value)


def _inject(rng: Random, body: Body, _others: Body) -> str:
    """A hostile text in place of a text, or around it."""
    found = [place for place in _scope(rng, body) if isinstance(place[0][place[1]], str)]
    if not found:
        return ""
    place = rng.choice(found)
    text, before = rng.choice(texts.TEXTS), place[0][place[1]]
    place[0][place[1]] = rng.choice((text, before + text, text + before, before[:3] + text + before[3:]))
    return _say(place[2], place[0][place[1]])


def _rename_key(rng: Random, body: Body, _others: Body) -> str:
    """A key of a map is hostile text, as in labels."""
    found = [place for place in _scope(rng, body) if isinstance(place[1], str)]
    if not found:
        return ""
    place = rng.choice(found)
    key = rng.choice(texts.TEXTS)
    place[0][key] = place[0].pop(place[1])
    return f"{place[2]} is called {key[:40]!r}"


def _drop(rng: Random, body: Body, _others: Body) -> str:
    place = _choose(rng, body)
    if place is None:
        return ""
    del place[0][place[1]]
    return f"no {place[2]}"


def _number(rng: Random, body: Body, _others: Body) -> str:
    found = [place for place in _scope(rng, body) if isinstance(place[0][place[1]], (int, float))]
    if not found:
        return ""
    place = rng.choice(found)
    place[0][place[1]] = rng.choice(texts.NUMBERS)
    return _say(place[2], place[0][place[1]])


def _crossover(rng: Random, body: Body, others: Body) -> str:
    """A value from elsewhere, of the same type."""
    place = _choose(rng, body)
    if place is None:
        return ""
    kind = type(place[0][place[1]])
    found = [other for other in _scope(rng, others) if type(other[0][other[1]]) is kind]
    if not found:
        return ""
    other = rng.choice(found)
    place[0][place[1]] = copy.deepcopy(other[0][other[1]])
    return f"{place[2]} = that of {other[2]}"


def _items(body: Body) -> list[Any]:
    items = body.get("items")
    return items if isinstance(items, list) else []


def _item(rng: Random, body: Body) -> tuple[str, Body] | None:
    """An object of the answer with metadata: one of a list, that of an event, or the answer itself."""
    items = [(f".items[{number}]", item) for number, item in enumerate(_items(body))]
    found = [
        (path, one)
        for path, one in [*items, (".object", body.get("object")), ("", body)]
        if isinstance(one, dict) and isinstance(one.get("metadata"), dict)
    ]
    return rng.choice(found[:-1] or found) if found else None


def _duplicate(rng: Random, body: Body, _others: Body) -> str:
    """The same object once more under another name and uid, or very often."""
    items = _items(body)
    if not items:
        return ""
    number, times = rng.randrange(len(items)), rng.choice((1, 1, 1, 2, MANY))
    if not isinstance(items[number], dict) or not isinstance(items[number].get("metadata"), dict):
        return ""
    # Thousands of large objects are another test: the answer may not be larger than a few MB.
    for copies in range(times if len(str(items[number])) < 3000 else 1):
        twin = {**items[number], "metadata": dict(items[number]["metadata"])}
        twin["metadata"]["uid"] = f"twin-{copies}"
        if rng.random() < 0.8:
            twin["metadata"]["name"] = f"{twin['metadata'].get('name')}-{copies}"
        items.append(twin)
    return f".items[{number}] {times} times more"


def _reorder(rng: Random, body: Body, _others: Body) -> str:
    items = _items(body)
    rng.shuffle(items)
    return ".items in another order"


def _other_peer(rng: Random, body: Body, _others: Body) -> str:
    """An object that claims to be about another cluster."""
    chosen = _item(rng, body)
    if chosen is None:
        return ""
    path, item = chosen
    peer = rng.choice(texts.IDS)
    labels = item["metadata"].setdefault("labels", {})
    if isinstance(labels, dict):
        labels[PEER] = peer
    if rng.random() < 0.5:
        item["metadata"]["namespace"] = f"liqo-tenant-{peer}"
    if rng.random() < 0.3:
        item["metadata"]["name"] = peer
    return f"{path} is about {peer!r}"


def _mark(rng: Random, body: Body, _others: Body) -> str:
    """A mark of ours that nobody of us has set, or none where one was."""
    chosen = _item(rng, body)
    if chosen is None:
        return ""
    path, item = chosen
    owners, wishes = rng.choice(texts.OWNERS), rng.choice(texts.JSON_TEXTS)
    annotations = item["metadata"].setdefault("annotations", {})
    labels = item["metadata"].setdefault("labels", {})
    if not isinstance(annotations, dict) or not isinstance(labels, dict):
        return ""
    labels[MANAGED] = rng.choice(("true", "false", ""))
    annotations[OWNERS] = owners
    if rng.random() < 0.5:
        annotations[WISHES] = wishes
    if rng.random() < 0.3:
        annotations.clear()
    return f"{path} is marked {owners[:30]!r}"


def _going(rng: Random, body: Body, _others: Body) -> str:
    chosen = _item(rng, body)
    if chosen is None:
        return ""
    path, item = chosen
    item["metadata"]["deletionTimestamp"] = rng.choice((*texts.DATES, "2026-11-30T19:22:14Z"))
    item["metadata"]["finalizers"] = rng.choice((["x"], [], [None], "x", list(texts.INJECTED)))
    return f"{path} is being deleted"


def _extend(rng: Random, body: Body, _others: Body) -> str:
    """A list gets more of its own, a null, or thousands."""
    found = [place for place in _scope(rng, body) if isinstance(place[0][place[1]], list)]
    if not found:
        return ""
    place = rng.choice(found)
    held = place[0][place[1]]
    more = rng.choice(([None], [held[0]] if held else [{}], [rng.choice(texts.TEXTS)], [None] * MANY, [{}, [], 1]))
    place[0][place[1]] = rng.choice((held + more, more + held))
    return f"{place[2]} has {len(more)} more"


def _pods(rng: Random, body: Body, _others: Body) -> str:
    """Endpoints for pods that run elsewhere, or at addresses of others."""
    found = [
        (path, item)
        for number, item in enumerate(_items(body))
        if isinstance(item, dict)
        for path, item in [(f".items[{number}]", item)]
        if isinstance(item.get("endpoints"), list)
    ]
    if not found:
        return ""
    path, item = rng.choice(found)
    names = ("web-leaf-a", "web-leaf-b", "web-leaf-c", "solo-leaf-a", "evil", "", "{{ 1 }}")
    pod, address = rng.choice(names), rng.choice(texts.ADDRESSES)
    item["endpoints"].append({"addresses": [address], "targetRef": {"kind": "Pod", "name": pod}, "nodeName": "leaf-c"})
    return f"{path} lists {pod!r} at {address!r}"


Change = Callable[[Random, Body, Body], str]
_WEIGHTED: tuple[tuple[Change, int], ...] = (
    (_typical, 30),
    (_swap_type, 14),
    (_inject, 14),
    (_crossover, 8),
    (_drop, 8),
    (_other_peer, 8),
    (_mark, 6),
    (_duplicate, 5),
    (_number, 4),
    (_rename_key, 4),
    (_extend, 4),
    (_pods, 4),
    (_going, 3),
    (_reorder, 1),
)
_CHANGES = tuple(change for change, _weight in _WEIGHTED)
_WEIGHTS = tuple(weight for _change, weight in _WEIGHTED)
