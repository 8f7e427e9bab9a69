# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A cluster whose answers have no end costs a bounded time, and nothing but its own links and Services."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from tests.unit.trust.cases import Played, Scene, Stage, scenes, stage
from tests.unit.trust.server import Voice, Wire
from tests.unit.trust.store import Found, Request
from tests.unit.trust.transport import ENDLESS, endless
from tests.unit.trust.verbs import QUICK

LIMITS = replace(QUICK, read_timeout_s=0.8, call_deadline_s=1.0, list_s=1.2, reading_s=2.0)
MOST_S = 20.0
"""A run reads a cluster more than once before it gives up on it, and this machine may be busy."""
SCENES = {str(scene): scene for scene in scenes()}
LINKS, SERVICES = (
    SCENES[name] for name in ("shortcuts present | drifted | leaf-b", "propagation shadow | linked | leaf-b")
)


@pytest.fixture(scope="module")
def theatre(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with stage(tmp_path_factory.mktemp("endless"), LIMITS) as found:
        yield found


def never_ending(form: str, plural: str) -> Voice:
    """What a cluster says whose lists of one kind have no end."""

    def say(request: Request, found: Found) -> Wire | None:
        return endless(form, found) if request.method == "GET" and request.path.endswith(f"/{plural}") else None

    return say


@pytest.mark.parametrize(("scene", "plural"), [(LINKS, "connections"), (SERVICES, "configmaps")], ids=str)
@pytest.mark.parametrize("form", ENDLESS)
def test_an_answer_without_an_end_is_bounded_and_harms_nothing_else(
    theatre: Stage, form: str, scene: Scene, plural: str
) -> None:
    began = time.monotonic()
    played = theatre.hear(scene, never_ending(form, plural))
    assert time.monotonic() - began < MOST_S
    assert played.offences == []
    assert any(row["failure"] and "leaf-b" in row["failure"]["where"] for row in rows(played))


def rows(played: Played) -> list[dict[str, Any]]:
    """The links or Services of a result."""
    result = played.outcome.done.result
    found: list[dict[str, Any]] = result.get("links") or result["services"]
    return found
