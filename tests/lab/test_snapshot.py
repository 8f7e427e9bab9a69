# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Snapshots fit labs of the same kind only, and come back as they were."""

from __future__ import annotations

import os
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from lab import places, process, snapshot
from lab.layout import Lab, Wishes, plan_lab


def lab(tmp_path: Path, name: str = "one", *, slot: int = 0, wishes: Wishes | None = None) -> Lab:
    chosen = replace(wishes or Wishes(leaves=1), name=name)
    return plan_lab(
        chosen, slot=slot, state=tmp_path / name, cache=tmp_path / "cache", binaries={"kubernetes": Path("/k")}
    )


def test_name_slot_and_folders_do_not_matter(tmp_path: Path) -> None:
    assert snapshot.key(lab(tmp_path, "one")) == snapshot.key(lab(tmp_path, "two", slot=3))


def test_delay_of_load_balancers_does_not_matter(tmp_path: Path) -> None:
    late = Wishes(leaves=1, delay_loadbalancer_s=5)
    assert snapshot.key(lab(tmp_path)) == snapshot.key(lab(tmp_path, wishes=late))


@pytest.mark.parametrize(
    "other",
    [
        Wishes(leaves=2),
        Wishes(leaves=1, liqo={"leaf-a": "1.1.2"}),
        Wishes(leaves=1, fast_ping=False),
        Wishes(leaves=1, peering=False),
        Wishes(leaves=1, hubs=2),
        Wishes(leaves=1, kube_proxy=True),
    ],
)
def test_what_is_stored_differently_has_another_key(tmp_path: Path, other: Wishes) -> None:
    assert snapshot.key(lab(tmp_path)) != snapshot.key(lab(tmp_path, wishes=other))


def test_other_programs_have_another_key(tmp_path: Path) -> None:
    made = lab(tmp_path)
    assert snapshot.key(made) != snapshot.key(replace(made, binaries={"kubernetes": Path("/newer")}))


def running(tmp_path: Path) -> Lab:
    """A lab that has data and a process named etcd, which writes all the time."""
    made = lab(tmp_path)
    places.save(made)
    made.etcd.mkdir()
    (made.state / "pki").mkdir()
    (made.state / "pki" / "ca.crt").write_text("certificate")
    counter = made.etcd / "counter"
    write = f"import itertools, pathlib; [pathlib.Path({str(counter)!r}).write_text(str(i)) for i in itertools.count()]"
    process.start(made, "etcd", [sys.executable, "-c", write])
    deadline = time.monotonic() + 10
    while not counter.exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    return made


def test_saved_lab_is_found_and_restored_in_another_place(tmp_path: Path) -> None:
    made = running(tmp_path)
    try:
        saved = snapshot.save(made)
        assert process.alive(made, "etcd")
    finally:
        process.kill_all(made.state)
    other = lab(tmp_path, "two", slot=5)
    places.save(other)
    assert snapshot.find(other) == saved
    snapshot.restore(other, saved)
    assert (other.state / "pki" / "ca.crt").read_text() == "certificate"
    assert (other.etcd / "counter").exists()


def test_nothing_is_kept_of_a_lab_without_etcd(tmp_path: Path) -> None:
    made = lab(tmp_path)
    places.save(made)
    with pytest.raises(process.ProcessError, match="etcd does not run"):
        snapshot.save(made)
    assert snapshot.find(made) is None


def test_only_the_latest_snapshots_are_kept(tmp_path: Path) -> None:
    made = running(tmp_path)
    try:
        root = made.cache / "snapshots"
        for age in range(1, 9):
            old = root / f"old-{age}"
            old.mkdir(parents=True)
            os.utime(old, (time.time() - age * 1000,) * 2)
        snapshot.save(made)
    finally:
        process.kill_all(made.state)
    kept = {path.name for path in root.iterdir()}
    assert kept == {snapshot.key(made), *(f"old-{age}" for age in range(1, 6))}
