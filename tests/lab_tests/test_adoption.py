# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Links that liqoctl made, and the rights that Liqo itself gives to people who peer."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.lab_tests.laboratory import Laboratory, now

pytestmark = pytest.mark.lab

PAIR = ("leaf-b", "leaf-c")
NODE_PORT = 32051


def _connect(lab: Laboratory, *more: str) -> None:
    """leaf-c dials leaf-b."""
    client, server = str(lab.kubeconfig("leaf-c")), str(lab.kubeconfig("leaf-b"))
    sides = ("--kubeconfig", client, "--remote-kubeconfig", server)
    type_ = ("--gw-server-service-type", "NodePort")
    lab.liqoctl("network", "connect", *sides, "--skip-confirm", "--wait", *type_, *more)


@pytest.fixture
def _clean(lab: Laboratory) -> Iterator[None]:
    yield
    lab.unlink(PAIR)


@pytest.mark.usefixtures("_clean")
def test_a_link_of_liqoctl_is_used_as_it_is_and_what_its_rerun_drops_is_repaired(lab: Laboratory) -> None:
    _connect(lab, "--gw-server-service-nodeport", str(NODE_PORT))
    since = now()
    wish = [{"between": list(PAIR), "node_port": NODE_PORT}]
    adopted = lab.shortcuts(PAIR, [], shortcuts=wish)
    assert adopted.outcomes == {"leaf-b<->leaf-c": "in_sync"}, adopted.log
    assert adopted.link(*PAIR)["server"] == "leaf-b"
    assert lab.writes(since, PAIR) == 0
    _connect(lab)
    server = lab.link_objects("leaf-b", "leaf-c")["gatewayservers"][0]
    assert "nodePort" not in server["spec"]["endpoint"]
    repaired = lab.shortcuts(PAIR, [], shortcuts=wish)
    assert repaired.outcomes == {"leaf-b<->leaf-c": "repaired"}, repaired.log
    server = lab.link_objects("leaf-b", "leaf-c")["gatewayservers"][0]
    assert server["spec"]["endpoint"]["nodePort"] == NODE_PORT
    assert lab.shortcuts(PAIR, [], shortcuts=wish).result["plan"] == []


@pytest.mark.usefixtures("_clean")
def test_the_rights_of_the_peering_user_are_enough(lab: Laboratory, tmp_path: Path) -> None:
    clusters = [
        {"name": cluster, "kubeconfig": str(_peering_user(lab, cluster, peer, tmp_path))}
        for cluster, peer in (PAIR, PAIR[::-1])
    ]
    since = now()
    try:
        made = lab.shortcuts(PAIR, [PAIR], clusters=clusters)
        assert made.outcomes == {"leaf-b<->leaf-c": "created"}, made.log
        again = lab.shortcuts(PAIR, [PAIR], clusters=clusters)
        assert again.result["plan"] == []
        client = lab.api("leaf-c")
        patch = {"spec": {"mtu": 1234}}
        client.patch("networking.liqo.io/v1beta1", "GatewayClient", "leaf-b", patch, namespace="liqo-tenant-leaf-b")
        repaired = lab.shortcuts(PAIR, [PAIR], clusters=clusters)
        assert repaired.outcomes == {"leaf-b<->leaf-c": "repaired"}, repaired.log
        gone = lab.shortcuts(PAIR, [PAIR], clusters=clusters, state="absent")
        assert gone.outcomes == {"leaf-b<->leaf-c": "removed"}, gone.log
    finally:
        for cluster, peer in (PAIR, PAIR[::-1]):
            lab.liqoctl(
                "delete", "peering-user", "--kubeconfig", str(lab.kubeconfig(cluster)), "--consumer-cluster-id", peer,
                "--skip-confirm",
            )  # fmt: skip
    assert lab.writes(since, PAIR) > 0


def _peering_user(lab: Laboratory, cluster: str, consumer: str, folder: Path) -> Path:
    """What Liqo gives to a consumer that peers with ``cluster``, pointed at the address that this shell reaches."""
    admin = lab.kubeconfig(cluster)
    text = lab.liqoctl("generate", "peering-user", "--kubeconfig", str(admin), "--consumer-cluster-id", consumer)
    config = yaml.safe_load(text[text.index("apiVersion") :])
    own = yaml.safe_load(admin.read_text())["clusters"][0]["cluster"]
    config["clusters"][0]["cluster"] = own
    path = folder / f"{cluster}-for-{consumer}"
    path.touch(mode=0o600)
    path.write_text(yaml.safe_dump(config))
    return path
