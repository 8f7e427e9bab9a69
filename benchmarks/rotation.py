# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How long new keys interrupt a link, in the order of the collection and in others, as a ping every 50 ms sees it.

The other orders are scripts that write the same objects. What they wait for where a sleep stands, no API tells.
"""

from __future__ import annotations

import base64
import itertools
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ansible_collections.liqo.fabric.plugins.module_utils._run.keypair import new_key_pair

from benchmarks import machine, summary
from benchmarks.benchlab import running
from benchmarks.results import Row, keep, say
from lab.api import Api, wait_for
from tests.lab_tests.laboratory import NETWORKING, Laboratory
from tests.lab_tests.traffic import Traffic

PAIR = ("leaf-a", "leaf-c")
VERSION = NETWORKING.removeprefix("/apis/")
GATEWAY_RESOURCE = "networking.liqo.io/gateway-resource"
PATIENCE_S = 60.0
LISTENS_S = 1.0
"""A server whose new pod has had an address for so long listens; a handshake before that is repeated after 5 s."""
SETTLED_S = 3.0
"""Pings that are sent so long after a write have met its interruption, or come after it."""

New = tuple[str, str]
"""A Secret's name, and the public key in it."""

_numbers = itertools.count(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One gateway of the link."""

    api: Api
    other: Api
    kind: str
    cluster: str
    peer: str

    @property
    def namespace(self) -> str:
        return f"liqo-tenant-{self.peer}"

    def gateway(self) -> dict[str, Any]:
        (body,) = self.api.list(VERSION, self.kind, self.namespace)
        return body

    def renew(self) -> New:
        """Make a Secret with new keys in place of the old one."""
        old = self.api.list("v1", "Secret", self.namespace, selector=f"{GATEWAY_RESOURCE}=true")
        pair = new_key_pair(where=self.cluster)
        name = f"gw-{self.peer}-bench-{next(_numbers)}"
        labels = {"liqo.io/remote-cluster-id": self.peer, GATEWAY_RESOURCE: "true"}
        metadata = {"name": name, "namespace": self.namespace, "labels": labels}
        public = base64.b64encode(pair.public).decode()
        data = {"privateKey": base64.b64encode(pair.private).decode(), "publicKey": public}
        self.api.create({"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "data": data})
        for body in old:
            self.api.delete("v1", "Secret", body["metadata"]["name"], self.namespace)
        return name, public

    def restart(self, new: New) -> None:
        """Point the gateway at its new Secret, which gives it a new pod."""
        body = {"spec": {"secretRef": {"name": new[0]}}}
        self.api.patch(VERSION, self.kind, self.gateway()["metadata"]["name"], body, namespace=self.namespace)

    def tell(self, new: New) -> None:
        """Give the public key to the other side."""
        namespace = f"liqo-tenant-{self.cluster}"
        (body,) = self.other.list(VERSION, "PublicKey", namespace)
        key = {"spec": {"publicKey": new[1]}}
        self.other.patch(VERSION, "PublicKey", body["metadata"]["name"], key, namespace=namespace)

    def pod(self) -> str:
        """The address of the pod that Liqo takes for the active one."""
        return str(self.gateway().get("status", {}).get("internalEndpoint", {}).get("ip", ""))

    def wait_for_new_pod(self, before: str) -> None:
        wait_for(
            lambda: self.pod() not in ("", before), f"a new pod on {self.cluster}", timeout_s=PATIENCE_S, every_s=0.02
        )


def one_after_the_other(server: Side, client: Side, _lab: Laboratory, alive: Callable[[], None]) -> None:
    """Two interruptions: the client's, then the server's, whose new key is told when it can answer."""
    new = client.renew()
    client.tell(new)
    client.restart(new)
    alive()
    new, before = server.renew(), server.pod()
    server.restart(new)
    server.wait_for_new_pod(before)
    time.sleep(LISTENS_S)
    server.tell(new)


def at_once(server: Side, client: Side, _lab: Laboratory, _alive: Callable[[], None]) -> None:
    """All keys are told, then both gateways get new pods."""
    news = [(side, side.renew()) for side in (server, client)]
    for side, new in news:
        side.tell(new)
    for side, new in news:
        side.restart(new)


def at_once_told_late(server: Side, client: Side, _lab: Laboratory, _alive: Callable[[], None]) -> None:
    """Both gateways get new pods, and the client is told the server's key when both are there."""
    of_client, of_server, before = client.renew(), server.renew(), [side.pod() for side in (server, client)]
    client.tell(of_client)
    server.restart(of_server)
    client.restart(of_client)
    for side, pod in zip((server, client), before, strict=True):
        side.wait_for_new_pod(pod)
    server.tell(of_server)


def server_before_client(server: Side, client: Side, _lab: Laboratory, _alive: Callable[[], None]) -> None:
    """The client gets its new pod, and with it the server's key, when that of the server is there."""
    of_client, of_server, before = client.renew(), server.renew(), server.pod()
    client.tell(of_client)
    server.restart(of_server)
    server.wait_for_new_pod(before)
    server.tell(of_server)
    client.restart(of_client)


def ours(_server: Side, _client: Side, lab: Laboratory, _alive: Callable[[], None]) -> None:
    done = lab.shortcuts(PAIR, [PAIR], rotate_keys="all")
    if done.failed:
        raise RuntimeError(f"rotation failed: {done.result['msg']}")


ORDERS = {
    "liqo.fabric.shortcuts": ours,
    "one after the other": one_after_the_other,
    "both at once": at_once,
    "both at once, told late": at_once_told_late,
    "server before client": server_before_client,
}


def run(name: str, *, repeat: int, quick: bool) -> None:
    facts = machine.facts()
    rows: list[Row] = [{"order": order, "gaps": []} for order in list(ORDERS)[: 1 if quick else None]]
    with running(name, "--leaves", "3") as made:
        lab = Laboratory(made.name)
        created = lab.shortcuts(PAIR, [PAIR])
        if created.failed:
            raise RuntimeError(f"no link: {created.result['msg']}")
        server, client = sides(lab)
        for _number in range(repeat):
            for row in rows:
                row["gaps"].append(interruptions(lab, server, client, ORDERS[row["order"]]))
                say(f"rotation, {row['order']}: {row['gaps'][-1]} s")
    keep("rotation", rows, render(rows), facts)


def sides(lab: Laboratory) -> tuple[Side, Side]:
    """The server's and the client's."""
    kinds = {
        kind: here
        for here, peer in (PAIR, PAIR[::-1])
        for kind in ("GatewayServer", "GatewayClient")
        if lab.api(here).list(VERSION, kind, f"liqo-tenant-{peer}")
    }
    made = []
    for kind, cluster in sorted(kinds.items(), reverse=True):
        peer = next(one for one in PAIR if one != cluster)
        made.append(Side(api=lab.api(cluster), other=lab.api(peer), kind=kind, cluster=cluster, peer=peer))
    server, client = made
    return server, client


def interruptions(
    lab: Laboratory,
    server: Side,
    client: Side,
    order: Callable[[Side, Side, Laboratory, Callable[[], None]], None],
) -> list[float]:
    """Seconds of each, in their order."""
    with tempfile.TemporaryDirectory() as folder, Traffic(lab, PAIR, Path(folder, "answers")) as traffic:

        def alive() -> None:
            """Returns when an interruption that is due now is over."""
            since = traffic.now_s + SETTLED_S
            wait_for(lambda: traffic.answers_until_now()[-1] > since, "answers to pings", timeout_s=PATIENCE_S)

        wait_for(traffic.answers_until_now, "a first answer", timeout_s=PATIENCE_S)
        order(server, client, lab, alive)
        alive()
    return traffic.gaps_s


def render(rows: list[Row]) -> str:
    """A rotation with several interruptions counts with each, and with their sum."""
    head = ("order", "interruptions", "longest (s)", "together (s)")
    body = [
        (
            row["order"],
            ", ".join(sorted({str(len(gaps)) for gaps in row["gaps"]})),
            summary.middle([max(gaps) for gaps in row["gaps"]]),
            summary.middle([sum(gaps) for gaps in row["gaps"]]),
        )
        for row in rows
    ]
    return summary.table(head, body)
