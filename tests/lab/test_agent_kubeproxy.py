# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The command line of kube-proxy, and the probe that counts who answers behind a ClusterIP."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from lab.agent import probe
from lab.agent.kubeproxy import arguments
from lab.layout import KUBERNETES
from tests.lab import agent_bodies as make


def test_kube_proxy_reaches_the_api_server_from_the_node_and_changes_no_setting_of_the_machine() -> None:
    lab = replace(make.lab(leaves=2), binaries={KUBERNETES: Path("/k")})
    leaf = lab.cluster("leaf-b")
    flags = arguments(lab, leaf)
    assert flags[0] == "/k/kube-proxy"
    assert f"--master=https://{leaf.node_ip}:{leaf.apiserver_port}" in flags
    assert "--cluster-cidr=10.42.0.0/16" in flags
    assert [flag for flag in flags if "conntrack" in flag and not flag.endswith(("=0", "=0s"))] == []


def test_hits_go_on_after_a_connection_that_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    answers: list[dict[str, Any] | Exception] = [{"pod": "a"}, ConnectionRefusedError(), ValueError(), {"pod": "b"}]

    def identify(address: str, *, timeout_s: float, port: int) -> dict[str, Any]:
        assert (address, port) == ("10.96.0.9", 80)
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    monkeypatch.setattr(probe, "identify", identify)
    found = probe.hits("10.96.0.9", port=80, count=4, timeout_s=1.0)
    assert found["answers"] == [{"pod": "a"}, None, None, {"pod": "b"}]
