# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The event source and the rulebook in a real ansible-rulebook, on clusters with a real Liqo."""

from __future__ import annotations

import ast
import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from lab import peering, places
from tests.lab_tests.laboratory import NETWORKING, ROOT, Laboratory, eventually, now, playbook, write_inventory
from tools.ansible_rulebook import rulebook_program, why_not

pytestmark = [
    pytest.mark.lab,
    pytest.mark.slow,
    pytest.mark.skipif(bool(why_not()), reason=why_not() or "it can run"),
]

LEAVES = ("leaf-a", "leaf-b")
FABRIC = {
    "liqo_fabric_name": "events",
    "liqo_fabric_shortcuts": [{"between": list(LEAVES)}],
    "liqo_fabric_defaults": {"service_type": "NodePort"},
}
REQUESTS = 5
"""Of the source to each cluster, after which nothing can escape it: its watches go on from where these lists end."""
TELL = [
    {
        "name": "Tell",
        "hosts": "all",
        "sources": [{"liqo.fabric.links": {"clusters": "{{ liqo_fabric_clusters }}"}}],
        "rules": [{"name": "All", "condition": "event.liqo is defined", "action": {"print_event": {}}}],
    }
]


@dataclass(frozen=True)
class Rulebook:
    """A running ansible-rulebook."""

    process: subprocess.Popen[bytes]
    log: Path

    def events(self) -> list[Mapping[str, Any]]:
        """What print_event has printed so far, without what ansible-rulebook adds."""
        lines = (line for line in self.log.read_text().splitlines() if line.startswith("{"))
        return [ast.literal_eval(line)["liqo"] for line in lines]


@pytest.fixture(scope="module")
def fabric(lab: Laboratory, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The inventory of two leaves and the shortcut between them, which is there."""
    folder = tmp_path_factory.mktemp("fabric")
    write_inventory(lab, folder, {**FABRIC, "liqo_fabric_clusters": lab.clusters(LEAVES)})
    playbook("liqo.fabric.apply", inventory=str(folder))
    yield folder
    lab.mend()
    playbook("liqo.fabric.teardown", inventory=str(folder))


@contextlib.contextmanager
def running(lab: Laboratory, fabric: Path, rulebook: str, log: Path) -> Iterator[Rulebook]:
    """Once it watches the clusters."""
    since = now()
    program = rulebook_program()
    command = [str(program), "--rulebook", rulebook, "--inventory", str(fabric)]
    environment = {
        **os.environ,
        "PATH": f"{program.parent}{os.pathsep}{os.environ['PATH']}",
        "ANSIBLE_COLLECTIONS_PATH": str(ROOT / ".cache"),
        "ANSIBLE_NOCOLOR": "1",
    }
    # A terminal would get its own signals; ours shall reach ansible-rulebook alone.
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*command, "--vars", str(fabric / "group_vars/all.yml")],
            cwd=log.parent,
            env=environment,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        eventually(
            lambda: all(lab.requests(since, [leaf]) >= REQUESTS for leaf in LEAVES),
            what="all is watched",
            timeout_s=60,
        )
        yield Rulebook(process, log)
    except AssertionError:
        print(log.read_text())
        raise
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def configuration(lab: Laboratory) -> Mapping[str, Any] | None:
    return lab.api("leaf-a").get("networking.liqo.io/v1beta1", "Configuration", "leaf-b", "liqo-tenant-leaf-b")


def test_a_deleted_configuration_and_a_new_slice_are_told(lab: Laboratory, fabric: Path, tmp_path: Path) -> None:
    rulebook = tmp_path / "tell.yml"
    rulebook.write_text(yaml.safe_dump(TELL))
    api = lab.api("leaf-a")
    with running(lab, fabric, str(rulebook), tmp_path / "log") as told:
        labels = {"offloading.liqo.io/origin": "hub", "kubernetes.io/service-name": "web"}
        api.apply(
            {
                "apiVersion": "discovery.k8s.io/v1",
                "kind": "EndpointSlice",
                "metadata": {"name": "web-told", "namespace": "default", "labels": labels},
                "addressType": "IPv4",
                "endpoints": [{"addresses": ["10.1.0.1"]}],
                "ports": [],
            }
        )
        eventually(lambda: bool(told.events()), what="an event", timeout_s=30)
        assert told.events()[0]["services"] == [{"cluster": "leaf-a", "namespace": "default", "name": "web"}]
        api.delete("discovery.k8s.io/v1", "EndpointSlice", "web-told", "default")
        api.delete("networking.liqo.io/v1beta1", "Configuration", "leaf-b", "liqo-tenant-leaf-b")
        eventually(
            lambda: any(list(LEAVES) in event["pairs"] for event in told.events()), what="an event", timeout_s=30
        )
        reasons = [reason for event in told.events() for reason in event["reasons"]]
        assert "leaf-a: Configuration for leaf-b was deleted" in reasons
    playbook("liqo.fabric.apply", inventory=str(fabric))
    assert configuration(lab) is not None


def test_the_rulebook_puts_back_what_was_deleted(lab: Laboratory, fabric: Path, tmp_path: Path) -> None:
    with running(lab, fabric, "liqo.fabric.reconcile", tmp_path / "log"):
        assert configuration(lab) is not None
        lab.api("leaf-a").delete("networking.liqo.io/v1beta1", "Configuration", "leaf-b", "liqo-tenant-leaf-b")
        began = time.monotonic()
        eventually(
            lambda: configuration(lab) is not None,
            what="the Configuration is back",
            timeout_s=120,
        )
        print(f"back after {time.monotonic() - began:.1f} s")
        eventually(lambda: connected(lab), what="the tunnel is up again", timeout_s=120)


def test_a_new_pod_gets_into_the_slices_of_the_other_leaf(lab: Laboratory, tmp_path: Path) -> None:
    folder = tmp_path / "services"
    folder.mkdir()
    services = {"liqo_fabric_services": [{"namespace": "demo", "name": "web"}], "liqo_fabric_services_mode": "shadow"}
    clusters = {"liqo_fabric_clusters": lab.clusters(["hub", *LEAVES]), "liqo_fabric_hubs": ["hub"]}
    write_inventory(lab, folder, {**FABRIC, **services, **clusters})
    hub, provider = lab.api("hub"), places.load(lab.name).cluster("leaf-b")

    def pods_told_to_leaf_a() -> int:
        body = lab.api("leaf-a").get("discovery.k8s.io/v1", "EndpointSlice", "lf-web.leaf-b", "demo-hub")
        return len(body["endpoints"]) if body is not None else 0

    playbook("liqo.fabric.apply", inventory=str(folder))
    try:
        assert pods_told_to_leaf_a() == 1
        with running(lab, folder, "liqo.fabric.reconcile", tmp_path / "log"):
            peering.add_demo_pod(hub, provider, "web-told", {"app": "web"})
            began = time.monotonic()
            eventually(lambda: pods_told_to_leaf_a() == 2, what="the new pod in the slice of leaf-a", timeout_s=120)
            print(f"a new pod is in the slice {time.monotonic() - began:.1f} s after the hub called it ready")
            peering.remove_demo_pod(hub, "web-told")
            began = time.monotonic()
            eventually(lambda: pods_told_to_leaf_a() == 1, what="the pod that went out of the slice", timeout_s=120)
            print(f"a pod that went is out of the slice after {time.monotonic() - began:.1f} s")
    finally:
        playbook("liqo.fabric.teardown", inventory=str(folder))
        playbook("liqo.fabric.apply", "-e", '{"liqo_fabric_services": []}', inventory=str(folder))


def connected(lab: Laboratory) -> bool:
    """Both ends say so."""
    ends = (("leaf-a", "leaf-b"), ("leaf-b", "leaf-a"))
    return all(
        any(
            item["metadata"]["namespace"] == f"liqo-tenant-{peer}"
            and item.get("status", {}).get("value") == "Connected"
            for item in lab.api(cluster).request("GET", f"{NETWORKING}/connections")["items"]
        )
        for cluster, peer in ends
    )
