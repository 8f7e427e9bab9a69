# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A cluster that answers late takes no time from the links and Services of the others."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.trust import server
from tests.unit.trust.cases import Scene, scenes, stage
from tests.unit.trust.server import Voice, Wire, response
from tests.unit.trust.store import Found, Request

LATE_S = 1.8
"""Sooner than a request is given up."""
PATIENCE_S = 1.7
EVENT_S = 0.2
"""Controllers need some of the time for waiting."""


def late_at_first() -> Voice:
    """Says who it is only when others have no patience any more."""
    asked: list[str] = []

    def say(request: Request, found: Found) -> Wire | None:
        if not request.path.endswith("/configmaps") or asked:
            return None
        asked.append(request.target)
        return Wire([response(found)], closes=False, pause_s=LATE_S)

    return say


SCENES = {str(scene): scene for scene in scenes()}
NAMES = ("propagation absent | propagated | leaf-b", "shortcuts present | unlinked | leaf-b")


@pytest.mark.parametrize("scene", [SCENES[name] for name in NAMES], ids=str)
def test_the_time_for_waiting_begins_when_all_are_read(
    tmp_path: Path, scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "WATCH_POLL_S", EVENT_S)
    with stage(tmp_path) as theatre:
        played = theatre.hear(scene, late_at_first(), PATIENCE_S)
    assert played.offences == []
    assert not played.outcome.done.result.get("failures")
