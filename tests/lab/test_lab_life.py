# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A real lab comes up, shows itself, is left alone by its neighbour and goes away without a trace."""

from __future__ import annotations

import functools
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from lab import net, places, process, slots, snapshot
from lab.api import Api, ApiError, wait_for
from lab.layout import Lab

pytestmark = [
    pytest.mark.lab,
    pytest.mark.timeout(900),
    pytest.mark.skipif(os.geteuid() != 0, reason="network namespaces need root"),
]


class Labs:
    """The command line of the lab, with state folders of its own."""

    def __init__(self, states: Path) -> None:
        self.states = states
        self.env = {**os.environ, "LIQO_FABRIC_STATE": str(states)}

    def start(self, name: str, *arguments: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "lab", "--name", name, *arguments]
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        return subprocess.Popen(command, env=self.env, text=True, **pipes)  # type: ignore[call-overload,no-any-return]

    def run(self, name: str, *arguments: str, status: int = 0) -> str:
        """What the command printed on both streams; fails the test unless it ended with that status."""
        with self.start(name, *arguments) as command:
            out, err = command.communicate()
        assert command.returncode == status, f"{arguments}: {out}{err}"
        return out + err

    def lab(self, name: str) -> Lab:
        found = places.read(self.states / name)
        assert found is not None
        return found

    def traces(self, name: str, lab: Lab | None) -> list[str]:
        """What is left of a lab on the machine, as phrases."""
        state = self.states / name
        left = [f"process {pid}" for pid in process.marked_pids(state)]
        left += net.leftovers(lab) if lab else []
        left += [line for line in Path("/proc/mounts").read_text().splitlines() if str(state) in line]
        left += [f"slot {slot}" for slot in [slots.claimed_by(state)] if slot is not None]
        return [*left, *(f"file {path}" for path in [state] if path.exists())]


@pytest.fixture(scope="module")
def labs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Labs]:
    made = Labs(tmp_path_factory.mktemp("labs"))
    yield made
    for state in made.states.iterdir():
        made.run(state.name, "down")


@pytest.fixture(scope="module")
def one(labs: Labs) -> Lab:
    """A small lab: hub and a leaf, not peered."""
    labs.run("one", "up", "--leaves", "1", "--no-peering")
    return labs.lab("one")


def status(labs: Labs, name: str) -> dict[str, Any]:
    with labs.start(name, "status", "--json") as command:
        out, _ = command.communicate()
    found: dict[str, Any] = json.loads(out)
    return found


def test_status_shows_every_cluster_complete(labs: Labs, one: Lab) -> None:
    found = status(labs, "one")
    assert found["complete"]
    assert [(c["name"], c["apiserver"], c["running"]) for c in found["clusters"]] == [
        ("hub", "ready", 6),
        ("leaf-a", "ready", 6),
    ]
    assert found["stopped"] == []


def test_inventory_leads_an_ordinary_shell_to_each_api_server(labs: Labs, one: Lab) -> None:
    groups = yaml.safe_load(labs.run("one", "inventory"))["all"]["children"]
    for name, host in (groups["liqo_hubs"]["hosts"] | groups["liqo_leaves"]["hosts"]).items():
        api = Api(Path(host["liqo_kubeconfig"]))
        found = api.get("v1", "ConfigMap", "liqo-clusterid-configmap", "liqo")
        assert found is not None
        assert found["data"]["CLUSTER_ID"] == name


def test_audit_counts_the_requests_of_one_client(labs: Labs, one: Lab) -> None:
    api = Api(one.hub.user_kubeconfig, agent="counted-client")
    for name in ("a", "b"):
        api.create({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}}, "default")
    api.list("v1", "ConfigMap", "default")
    with labs.start("one", "audit", "hub", "--json") as command:
        rows = json.loads(command.communicate()[0])["rows"]
    mine = {(r["verb"], r["requests"], r["writes"], r["user"]) for r in rows if r["agent"] == "counted-client"}
    assert {("create", 2, 2, "admin"), ("list", 1, 0, "admin")} <= mine


def test_running_lab_is_kept_and_other_choices_are_refused(labs: Labs, one: Lab) -> None:
    assert "is up already" in labs.run("one", "up", "--leaves", "1", "--no-peering")
    assert "take it down first" in labs.run("one", "up", "--leaves", "2", "--no-peering", status=1)


def test_stopped_api_server_refuses_on_loopback_until_it_is_back(labs: Labs, one: Lab) -> None:
    leaf = one.cluster("leaf-a")
    labs.run("one", "break", "leaf-a", "apiserver")
    try:
        assert "NewConnectionError" in wait_for(
            functools.partial(_refusal, leaf.user_kubeconfig), "a refusal", timeout_s=10
        )
        assert [c["apiserver"] for c in status(labs, "one")["clusters"]] == ["ready", "unreachable"]
    finally:
        labs.run("one", "mend")
    assert wait_for(Api(leaf.user_kubeconfig).ready, "the API server", timeout_s=60)


def _refusal(kubeconfig: Path) -> str:
    try:
        Api(kubeconfig).request("GET", "/readyz", timeout_s=2)
    except ApiError as error:
        return str(error) if "NewConnectionError" in str(error) else ""
    return ""


@pytest.mark.parametrize("signal_number", [signal.SIGINT, signal.SIGKILL])
def test_interrupted_up_is_cleaned_by_down_and_the_neighbour_stays(
    labs: Labs, one: Lab, signal_number: signal.Signals
) -> None:
    with labs.start("two", "up", "--leaves", "1", "--no-peering", "--fresh") as command:
        state = labs.states / "two"
        wait_for((state / "run" / "leaf-a.ipam.process").exists, "the lab to be half up", timeout_s=240)
        half = labs.lab("two")
        command.send_signal(signal_number)
        command.communicate()
    assert len(process.marked_pids(state)) > 3
    assert half.slot != one.slot
    labs.run("two", "down")
    assert labs.traces("two", half) == []
    assert [c["apiserver"] for c in status(labs, "one")["clusters"]] == ["ready", "ready"]


def test_down_leaves_nothing(labs: Labs) -> None:
    labs.run("three", "up", "--leaves", "1", "--no-peering")
    lab = labs.lab("three")
    assert labs.traces("three", lab) != []
    labs.run("three", "down")
    assert labs.traces("three", lab) == []
    assert "there is no lab three" in labs.run("three", "down")


@pytest.mark.slow
def test_peered_lab_comes_back_from_its_snapshot(labs: Labs) -> None:
    labs.run("four", "up", "--leaves", "1", "--fresh")
    lab = labs.lab("four")
    saved = snapshot.find(lab)
    assert saved is not None
    labs.run("four", "down")
    assert "from a snapshot" in labs.run("four", "up", "--leaves", "1")
    found = status(labs, "four")
    assert [(p["name"], p["state"]) for p in found["clusters"][0]["pods"]] == [
        ("web-hub", "ready"),
        ("web-leaf-a", "ready"),
    ]
    assert [link["value"] for c in found["clusters"] for link in c["links"]] == ["Connected", "Connected"]
    assert "inet " in labs.run("four", "exec", "leaf-a", "web-leaf-a", "--", "ip", "-4", "address")
    labs.run("four", "down")
    assert labs.traces("four", lab) == []
