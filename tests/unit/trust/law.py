# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What must hold of a run whatever one cluster, the victim of its owner, answered: compared with that cluster gone.

`apart` is what a run came to without all that involves the victim; it has to be the same in both runs. `offences` are
things that no run may do.
"""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.liqo.fabric.plugins.module_utils._fabric.picture import dot, mermaid
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.text import result_text

from tests.unit.trust.honest import SHOP
from tests.unit.trust.recording import SOLO
from tests.unit.trust.store import KINDS, Written
from tests.unit.trust.texts import FORGED
from tests.unit.trust.verbs import TOKEN, Done

Json = Any
Writes = Mapping[str, tuple[Written, ...]]
"""What each honest cluster stored."""

_HARMFUL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
"""In a value of a result, which may have several lines."""
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
"""In what a person reads."""
_FORGED = re.compile(rf"(^|[\n\r\v\f\x85]) {{0,3}}{FORGED}")
_VOLATILE = ("latency_ms", "latency_at", "read_at")
"""Measured anew all the time."""
_VERBS = {"POST": "create", "PUT": "update", "DELETE": "delete"}


@dataclass(frozen=True)
class Outcome:
    """One run: what it said and what honest clusters stored."""

    done: Done
    writes: Writes


def apart(outcome: Outcome, victim: str) -> dict[str, Json]:
    """What the run came to for everything that does not involve the victim."""
    result = outcome.done.result
    found: dict[str, Json] = {}
    for key, select in _PARTS.items():
        if key in result:
            found[key] = _still(select(result[key], victim))
    found["writes"] = sorted(_written(outcome.writes, victim))
    return found


def _links(rows: Json, victim: str) -> Json:
    """Writes that are made at the same time come in any order."""
    kept = [row for row in rows if victim not in row["between"]]
    return [{**row, "changes": sorted(row["changes"])} if "changes" in row else row for row in kept]


def _plan(rows: Json, victim: str) -> Json:
    kept = [row for row in rows if victim not in (row.get("cluster"), row.get("peer")) and _is_apart(row, victim)]
    return sorted(kept, key=lambda row: json.dumps(row, sort_keys=True))


def _services(rows: Json, victim: str) -> Json:
    """A Service in a namespace that the victim has is its business too."""
    return [row for row in rows if row["cluster"] != victim and row["namespace"] == SHOP and victim not in SOLO]


def _is_apart(row: Json, victim: str) -> bool:
    """Of rows about Services, those of the one of which the victim has nothing; the policies serve all of them."""
    namespace = str(row.get("namespace") or "")
    if row.get("kind", "").startswith("MutatingAdmissionPolicy"):
        return False
    if row.get("kind") in ("Service", "EndpointSlice", "ShadowEndpointSlice") or namespace.startswith("demo"):
        return namespace.startswith(SHOP) and victim not in SOLO
    return True


def _clusters(rows: Json, victim: str) -> Json:
    """How much more is read of a cluster may depend on claims about it."""
    deeper = ("features", "labels", "virtual_kubelets", "api_server")
    return {
        name: {key: value for key, value in row.items() if key not in deeper}
        for name, row in rows.items()
        if name != victim
    }


def _gathered(entries: Json, victim: str) -> Json:
    return [entry for entry in entries if victim not in entry.get("between", ())]


def _rendered(manifests: Json, victim: str) -> Json:
    return {
        name: [one for one in bodies if not _names(one, victim)] for name, bodies in manifests.items() if name != victim
    }


def _names(body: Json, victim: str) -> bool:
    metadata = body.get("metadata", {})
    return f"liqo-tenant-{victim}" in (metadata.get("namespace"), metadata.get("name")) or metadata["name"] == victim


def _findings(rows: Json, victim: str) -> Json:
    """Those about a link; the others sum up all that is planned on a cluster."""
    return [row for row in rows if row.get("between") and victim not in row["between"]]


def _hosts(hosts: Json, victim: str) -> Json:
    found = {}
    for name, host in hosts.items():
        if name == victim:
            continue
        variables = copy.deepcopy(host["variables"])
        variables.get("liqo_links", {}).pop(victim, None)
        connected = [peer for peer in variables.get("liqo_connected_to", ()) if peer != victim]
        # They hold the address of the server, in which the case is named.
        variables.pop("liqo_host", None)
        variables.pop("liqo_kubeconfig", None)
        groups = [group for group in host["groups"] if group != f"connected_to_{victim.replace('-', '_')}"]
        found[name] = {"variables": {**variables, "liqo_connected_to": connected}, "groups": groups}
    return {"names": sorted({*hosts, victim}), "hosts": found}


def _link(row: Json, victim: str) -> Json:
    return None if victim in row["between"] else row


def _connections(rows: Json, victim: str) -> Json:
    return [row for row in rows if victim not in json.dumps(row)]


_PARTS = {
    "links": _links,
    "plan": _plan,
    "services": _services,
    "clusters": _clusters,
    "gathered": _gathered,
    "rendered": _rendered,
    "preflight": _findings,
    "hosts": _hosts,
    "link": _link,
    "connections": _connections,
}


def _still(value: Json) -> Json:
    """Without what is measured anew, and with addresses of servers as if all were one case."""
    if isinstance(value, dict):
        return {key: _still(part) for key, part in value.items() if key not in _VOLATILE}
    if isinstance(value, list):
        return [_still(part) for part in value]
    return re.sub(r"127\.0\.0\.1:\d+(/\d+)?", "server", value) if isinstance(value, str) else value


def _written(writes: Writes, victim: str) -> Iterator[str]:
    for cluster, stored in writes.items():
        for one in stored:
            if cluster != victim and not involves(one, victim):
                body = copy.deepcopy(one.body)
                for key in ("resourceVersion", "uid"):
                    body.get("metadata", {}).pop(key, None)
                body.pop("status", None)
                yield f"{cluster} {one.method} {one.path} {json.dumps(_still(body), sort_keys=True)}"


def involves(write: Written, victim: str) -> bool:
    """Is an object of an honest cluster about its link with the victim, or about a Service that the victim has?

    Only the place of an object counts, not what the object says.
    """
    namespace, _, rest = write.path.partition("/namespaces/")[2].partition("/")
    if not rest:
        own = (f"/namespaces/liqo-tenant-{victim}", f"/foreignclusters/{victim}")
        return "mutatingadmissionpolic" in write.path or write.path.endswith(own)
    if namespace.startswith("demo"):
        return True
    return namespace == f"liqo-tenant-{victim}" or (namespace.startswith(SHOP) and victim in SOLO)


def offences(outcome: Outcome) -> Iterator[str]:
    """What no run may do, each as one sentence."""
    done = outcome.done
    if done.broken:
        yield f"ended with {done.broken}"
        return
    text = json.dumps(done.result)
    for word in ("has a bug", "Traceback", TOKEN):
        if word in text:
            yield f"the result says {word!r}: {str(done.result.get('msg'))[:300]}"
    yield from _accounts(outcome)
    dirty = next((path for path, text in _strings(done.result, "") if _HARMFUL.search(text)), None)
    if dirty is not None:
        yield f"a control character or lone surrogate in the result at {dirty}"
    for text in (*done.warnings, str(done.result.get("msg", ""))):
        if _CONTROL.search(text) or "\n" in text:
            yield f"a control character or line break in {text[:300]!r}"
    yield from _shown(done.result)


def _shown(result: Mapping[str, Json]) -> Iterator[str]:
    """As a person sees it."""
    looks: dict[str, Callable[[Mapping[str, Json]], str]] = {"text": result_text}
    if isinstance(result.get("links"), list):
        looks |= {"mermaid": mermaid, "dot": dot}
    for name, show in looks.items():
        try:
            shown = show(result)
        except Exception as problem:
            yield f"{name} fails with {type(problem).__name__}: {problem}"
            continue
        if found := _CONTROL.search(shown) or _FORGED.search(shown):
            yield f"{found.group()!r} in the {name}: {shown[max(0, found.start() - 60) : found.end() + 60]!r}"


def _accounts(outcome: Outcome) -> Iterator[str]:
    """Every write that an honest cluster stored is in the result."""
    stored = {_id(cluster, write) for cluster, writes in outcome.writes.items() for write in writes}
    if not stored:
        return
    result = outcome.done.result
    if not result.get("changed"):
        yield f"{len(stored)} writes were stored and the result says that nothing changed"
    said = {
        f"{row.get('action')} {row.get('cluster')}/{row.get('kind')}/"
        + (f"{row['namespace']}/" if row.get("namespace") else "")
        + str(row.get("name"))
        for row in result.get("plan", ())
    }
    changes = {change for key in ("links", "services") for row in result.get(key, ()) for change in row["changes"]}
    lost = stored - said - {change.removesuffix(" again") for change in changes}
    if lost:
        yield f"no account of {min(lost)}" + (f" and {len(lost) - 1} more" if len(lost) > 1 else "")


def _id(cluster: str, write: Written) -> str:
    *_, plural, name = write.path.split("/")
    namespace = write.path.partition("/namespaces/")[2].partition("/")[0] if plural != "namespaces" else ""
    group = write.path.split("/")[2] if write.path.startswith("/apis/") else ""
    kind = KINDS[group, plural].kind
    return f"{_VERBS[write.method]} {cluster}/{kind}/" + (f"{namespace}/" if namespace else "") + name


def _strings(value: Json, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, dict):
        for key, part in value.items():
            yield f"key of {path}", str(key)
            yield from _strings(part, f"{path}.{key}"[:200])
    elif isinstance(value, list):
        for number, part in enumerate(value):
            yield from _strings(part, f"{path}[{number}]")


def differences(here: Json, there: Json, path: str = "") -> Iterable[str]:
    """Where two JSON values differ, the first few places."""
    if isinstance(here, dict) and isinstance(there, dict):
        for key in sorted({*here, *there}):
            if here.get(key) != there.get(key):
                yield from differences(here.get(key), there.get(key), f"{path}.{key}")
    elif isinstance(here, list) and isinstance(there, list) and len(here) == len(there):
        for number, (one, other) in enumerate(zip(here, there, strict=True)):
            if one != other:
                yield from differences(one, other, f"{path}[{number}]")
    elif here != there:
        yield f"{path}: {_short(here)} instead of {_short(there)}"


def _short(value: Json) -> str:
    text = json.dumps(value)
    return text if len(text) < 300 else f"{text[:290]}..."
