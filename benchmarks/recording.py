# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What two leaves of a lab answered while a shortcut joined them, and the same for any number of clusters and peers.

The recording keeps every byte that a real API server sends for an object, managed fields included, but private keys.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from email.utils import formatdate
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from ansible_collections.liqo.fabric.plugins.module_utils._liqo.resources import STEADY, WHO, Query

from benchmarks.contestants import module_task
from benchmarks.results import say
from lab import places
from lab.api import Api

FILE = Path(__file__).with_name("recorded.json")
PAIR = ("leaf-a", "leaf-c")
"""The server and the client of the recorded shortcut; their pod CIDRs differ."""
FABRIC = "bench"
LIQO_NAMESPACE = "liqo"
QUERIES = (WHO, *STEADY)
FRESH_S = 3.0
"""So long after the link is up each gateway has measured a latency."""

Body = dict[str, Any]


def record(lab_name: str) -> None:
    """Make the shortcut in a lab, record both ends, and remove it."""
    lab = places.load(lab_name)
    kubeconfigs = {name: str(lab.cluster(name).user_kubeconfig) for name in PAIR}
    say(f"recording {' and '.join(PAIR)} of lab {lab_name} ...")
    module_task(kubeconfigs, [PAIR])
    time.sleep(FRESH_S)
    found: Body = {"date": formatdate(usegmt=True), "clusters": {}}
    for name in PAIR:
        api = Api(lab.cluster(name).user_kubeconfig)
        found["clusters"][name] = {path(query): _scrubbed(api.request("GET", _url(query))) for query in QUERIES}
    module_task(kubeconfigs, [PAIR], state="absent")
    FILE.write_text(json.dumps(found, sort_keys=True, separators=(",", ":")) + "\n")
    say(f"{FILE.name}: {FILE.stat().st_size / 1024:.0f} KiB")


def path(query: Query) -> str:
    """The path of a LIST, which tells the kinds of a steady read apart."""
    return query.resource.path(namespace=LIQO_NAMESPACE if query.in_liqo_namespace else None)


def _url(query: Query) -> str:
    return path(query) + (f"?{urlencode({'labelSelector': query.selector})}" if query.selector else "")


def _scrubbed(listing: Body) -> Body:
    for item in listing["items"]:
        if "privateKey" in item.get("data", {}):
            item["data"]["privateKey"] = base64.b64encode(bytes(32)).decode()
    return listing


@dataclass(frozen=True, slots=True)
class Recording:
    """Two recorded ends, to be rewritten for other clusters."""

    date: str
    """As an HTTP header; the latencies of the recorded Connections are a moment older."""
    server: Mapping[str, Body]
    client: Mapping[str, Body]

    @classmethod
    def load(cls) -> Recording:
        found = json.loads(FILE.read_text())
        server, client = (found["clusters"][name] for name in PAIR)
        return cls(found["date"], server, client)

    def answers(self, here: str, peers: Sequence[str]) -> dict[str, bytes]:
        """The body of every LIST of a cluster with healthy shortcuts to these peers, by path."""
        found = {}
        for place, listing in self.server.items():
            items = [_own(item, here) for item in listing["items"] if not _of_peer(item, PAIR[1])]
            for peer in peers:
                # The smaller id runs the server, as the collection chooses.
                recorded, names = (self.server, PAIR) if here < peer else (self.client, PAIR[::-1])
                for item in recorded[place]["items"]:
                    if _of_peer(item, names[1]):
                        items.append(_moved(item, names, (here, peer)))
            found[place] = json.dumps({**listing, "items": items}, separators=(",", ":")).encode()
        return found


def _of_peer(item: Body, peer: str) -> bool:
    """Does the object concern the other end of the recorded link?"""
    metadata = item["metadata"]
    names = {metadata.get("labels", {}).get("liqo.io/remote-cluster-id"), item.get("spec", {}).get("clusterID")}
    return peer in names or metadata.get("namespace") == f"liqo-tenant-{peer}"


def _own(item: Body, here: str) -> Body:
    """An object of the cluster itself: its id, and its networks."""
    moved: Body = json.loads(json.dumps(item).replace(PAIR[0], here))
    if item["metadata"].get("labels", {}).get("ipam.liqo.io/network-type") == "pod-cidr":
        moved["spec"]["cidr"] = moved["status"]["cidr"] = pod_cidr(here)
    return moved


def _moved(item: Body, recorded: tuple[str, str], names: tuple[str, str]) -> Body:
    """An object of a link, for another pair of clusters: ids, CIDRs and keys are theirs."""
    new = dict(zip(recorded, names, strict=True))
    text = re.sub("|".join(map(re.escape, recorded)), lambda found: new[found.group()], json.dumps(item))
    here, peer = names
    moved: Body = json.loads(text)
    moved["metadata"]["uid"] = str(uuid.uuid5(uuid.NAMESPACE_URL, f"{here}/{peer}/{item['metadata']['uid']}"))
    spec = moved.get("spec", {})
    if "remote" in spec:
        spec["remote"]["cidr"]["pod"] = [pod_cidr(peer)]
    if "publicKey" in spec:
        spec["publicKey"] = _key(peer, here)
    if "publicKey" in moved.get("data", {}):
        moved["data"]["publicKey"] = _key(here, peer)
    return moved


def pod_cidr(cluster: str) -> str:
    """Simulated clusters are numbered."""
    number = int(cluster.rpartition("-")[2])
    return f"10.{64 + number // 256}.{number % 256}.0/24"


def _key(owner: str, peer: str) -> str:
    return base64.b64encode(hashlib.sha256(f"{owner} {peer}".encode()).digest()).decode()
