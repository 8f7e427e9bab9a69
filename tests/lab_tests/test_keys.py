# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Own keys and their rotation on real controllers and tunnels, with the interruption as a ping sees it."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.lab_tests.laboratory import Laboratory, Task
from tests.lab_tests.traffic import Traffic

pytestmark = [pytest.mark.lab, pytest.mark.slow]

PAIR = ("leaf-a", "leaf-c")
BOTH = (PAIR, PAIR[::-1])
SURELY_OVER_S = 10.0
"""WireGuard tries a lost handshake again after 5 s: far beyond what a rotation takes, and no promise about speed."""


@pytest.fixture(params=["liqo", pytest.param("own", marks=pytest.mark.long)])
def keys(request: pytest.FixtureRequest, lab: Laboratory) -> Iterator[str]:
    """A new link with keys of this kind."""
    lab.unlink(PAIR)
    made = _run(lab, request.param)
    assert made.outcomes == {"leaf-a<->leaf-c": "created"}, made.log
    yield request.param
    lab.unlink(PAIR)


def test_a_rotation_changes_both_keys_and_traffic_goes_on(lab: Laboratory, keys: str, tmp_path: Path) -> None:
    with Traffic(lab, PAIR, tmp_path / "answers") as traffic:
        for number in (1, 2):
            before = {end: _public_key(lab, *end) for end in BOTH}
            private_keys = _private_keys(lab)
            planned = _run(lab, keys, "--check", rotate_keys=[list(PAIR)])
            done = _run(lab, keys, "-vvvv", "--diff", rotate_keys="all")
            assert not done.failed, done.log
            assert done.outcomes == {"leaf-a<->leaf-c": "repaired"}
            assert [_told(op) for op in planned.result["plan"]] == [_told(op) for op in done.result["plan"]]
            after = {end: _public_key(lab, *end) for end in BOTH}
            assert not set(before.values()) & set(after.values()), number
            assert {end: _known_key(lab, *end[::-1]) for end in BOTH} == after
            assert _run(lab, keys).result["plan"] == []
            _assert_not_shown(private_keys | _private_keys(lab), planned, done)
    assert traffic.gaps_s, "no interruption at all: were the pods replaced?"
    assert max(traffic.gaps_s) < SURELY_OVER_S
    print(f"interruptions with keys of {keys}: {traffic.gaps_s} s")


def test_a_link_leaves_no_secret_behind(lab: Laboratory) -> None:
    lab.unlink(PAIR)
    before = {cluster: lab.everything(cluster) for cluster in PAIR}
    assert not _run(lab, "own").failed
    assert not _run(lab, "own", rotate_keys="all").failed
    gone = _run(lab, "own", state="absent")
    assert not gone.failed, gone.log
    assert {cluster: lab.everything(cluster) for cluster in PAIR} == before


def _run(lab: Laboratory, keys: str, *arguments: str, **options: Any) -> Task:
    defaults = {"service_type": "NodePort", "keys": keys}
    return lab.shortcuts(PAIR, [PAIR], *arguments, defaults=defaults, **options)


def _secrets(lab: Laboratory, cluster: str, peer: str) -> list[dict[str, Any]]:
    selector = "networking.liqo.io/gateway-resource=true"
    found = lab.api(cluster).list("v1", "Secret", selector=selector)
    return [body for body in found if body["metadata"]["namespace"] == f"liqo-tenant-{peer}"]


def _public_key(lab: Laboratory, cluster: str, peer: str) -> str:
    """Of the one Secret that Liqo allows there."""
    (secret,) = _secrets(lab, cluster, peer)
    return str(secret["data"]["publicKey"])


def _known_key(lab: Laboratory, cluster: str, peer: str) -> str:
    """What ``cluster`` takes for the key of ``peer``."""
    (held,) = lab.link_objects(cluster, peer)["publickeies"]
    return str(held["spec"]["publicKey"])


def _told(op: dict[str, Any]) -> tuple[Any, ...]:
    return op["action"], op["cluster"], op["kind"], op["name"], op["fields"]


def _private_keys(lab: Laboratory) -> set[str]:
    return {secret["data"]["privateKey"] for end in BOTH for secret in _secrets(lab, *end)}


def _assert_not_shown(private_keys: set[str], *tasks: Task) -> None:
    shown = "".join(f"{task.log}{task.result}" for task in tasks)
    assert len(private_keys) == 4
    for private in private_keys:
        assert private not in shown
        assert base64.b64decode(private).hex() not in shown
    assert "privateKey" not in shown
