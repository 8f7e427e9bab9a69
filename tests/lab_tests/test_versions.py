# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Liqo 1.0.1, 1.1.2 and 1.2.0 in one fabric."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest

from lab import binaries, places
from tests.conftest import LONG
from tests.lab_tests.laboratory import Laboratory

pytestmark = [pytest.mark.lab, pytest.mark.slow, pytest.mark.timeout(1500)]

LEAVES = ("leaf-a", "leaf-b", "leaf-c")
PAIRS = [("leaf-a", "leaf-b"), ("leaf-a", "leaf-c"), ("leaf-b", "leaf-c")]
VERSIONS = {"leaf-a": "1.2.0", "leaf-b": "1.1.2", "leaf-c": "1.0.1"}


def is_built(version: str) -> bool:
    return binaries.folder(binaries.program_sets()[version], places.cache_root()).is_dir()


@pytest.fixture(scope="module")
def mixed() -> Iterator[Laboratory]:
    """Not peered with the hub: liqoctl of these versions cannot make that pairing, and shortcuts do not need it."""
    missing = [version for version in VERSIONS.values() if not is_built(version)]
    if missing and not os.environ.get(LONG):
        build = " ".join(f"--liqo {version}" for version in missing)
        pytest.skip(f"takes 6 minutes per version more: run `python -m lab build {build}`, or set {LONG}=1")
    laboratory = Laboratory("pytest-mixed")
    laboratory.command("down")
    chosen = [option for name, version in VERSIONS.items() for option in ("--liqo", f"{name}={version}")]
    laboratory.command("up", "--leaves", "3", "--fast-ping", "--no-peering", *chosen, timeout_s=1400)
    yield laboratory
    laboratory.command("down")


def test_all_pairs_of_three_versions_connect_and_then_nothing_is_to_be_done(mixed: Laboratory) -> None:
    made = mixed.shortcuts(LEAVES, PAIRS)
    assert set(made.outcomes.values()) == {"created"}, made.log
    assert {name: made.result["clusters"][name]["version"] for name in LEAVES} == VERSIONS
    assert mixed.shortcuts(LEAVES, PAIRS).result["plan"] == []


def test_new_cidrs_on_an_old_version_need_a_new_configuration(mixed: Laboratory) -> None:
    patch = {"spec": {"remote": {"cidr": {"pod": ["10.99.0.0/16"]}}}}
    mixed.api("leaf-b").patch(
        "networking.liqo.io/v1beta1", "Configuration", "leaf-a", patch, namespace="liqo-tenant-leaf-a"
    )
    repaired = mixed.shortcuts(LEAVES, PAIRS)
    assert repaired.outcomes["leaf-a<->leaf-b"] == "repaired", repaired.log
    actions = [(op["action"], op["kind"]) for op in repaired.result["plan"] if op["cluster"] == "leaf-b"]
    assert actions == [("delete", "Configuration"), ("create", "Configuration")]
    assert mixed.shortcuts(LEAVES, PAIRS).result["plan"] == []


def test_a_setting_that_an_old_version_does_not_have_is_refused_for_its_pair_alone(mixed: Laboratory) -> None:
    wishes: list[dict[str, Any]] = [{"between": list(pair), "server": pair[1]} for pair in PAIRS]
    wishes[2]["service_labels"] = {"team": "net"}
    task = mixed.shortcuts(LEAVES, [], shortcuts=wishes)
    assert task.outcomes["leaf-b<->leaf-c"] == "blocked"
    assert "need Liqo 1.2.0" in task.result["msg"]


def test_absent_removes_all_of_them(mixed: Laboratory) -> None:
    gone = mixed.shortcuts(LEAVES, PAIRS, state="absent")
    assert set(gone.outcomes.values()) == {"removed"}, gone.log
