# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Places on the machine: no two labs get the same one, and an abandoned one is used again."""

from __future__ import annotations

import socket
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from lab import slots
from lab.layout import MAX_SLOTS, LayoutError, first_port


@pytest.fixture(autouse=True)
def own_claims(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A claims folder that only this test has."""
    folder = tmp_path / "machine" / "slots"
    monkeypatch.setattr(slots, "claims_folder", lambda: folder)
    return folder


def state(tmp_path: Path, name: str) -> Path:
    folder = tmp_path / name
    folder.mkdir()
    return folder


def test_claims_made_at_the_same_time_differ(tmp_path: Path) -> None:
    states = [state(tmp_path, f"lab-{n}") for n in range(6)]
    with ThreadPoolExecutor(6) as pool:
        claimed = list(pool.map(slots.claim, states))
    assert len(set(claimed)) == 6


def test_claim_is_kept_until_released(tmp_path: Path, own_claims: Path) -> None:
    one, two = state(tmp_path, "one"), state(tmp_path, "two")
    first = slots.claim(one)
    assert slots.claim(one) == first
    assert slots.claim(two) != first
    slots.release(one)
    assert slots.claimed_by(one) is None
    slots.release(two)
    assert not own_claims.exists()


def test_place_of_a_lab_whose_folder_was_removed_is_used_again(tmp_path: Path) -> None:
    gone = state(tmp_path, "gone")
    slot = slots.claim(gone)
    gone.rmdir()
    assert slots.claim(state(tmp_path, "new")) == slot


def test_place_whose_port_somebody_uses_is_passed_over(tmp_path: Path) -> None:
    one = state(tmp_path, "one")
    free = slots.claim(one)
    slots.release(one)
    with socket.create_server(("127.0.0.1", first_port(free))):
        assert slots.claim(one) != free


def test_full_machine_is_reported(tmp_path: Path, own_claims: Path) -> None:
    own_claims.mkdir(parents=True)
    for slot in range(MAX_SLOTS):
        (own_claims / str(slot)).write_text(str(tmp_path))
    with pytest.raises(LayoutError, match="all are taken"):
        slots.claim(state(tmp_path, "late"))
