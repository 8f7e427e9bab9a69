# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""While a link waits for a gateway that cannot start, the progress says why; and nothing else changes by that."""

from __future__ import annotations

from time import monotonic
from typing import Any

import pytest
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.errors import Unreachable
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.objects import FactName
from ansible_collections.liqo.fabric.plugins.module_utils._run import lookout as module
from ansible_collections.liqo.fabric.plugins.module_utils._run.lookout import LONGEST_REASON, Lookout
from ansible_collections.liqo.fabric.plugins.module_utils._run.progress import Progress
from ansible_collections.liqo.fabric.plugins.module_utils._run.world import Changes

from tests.unit import build
from tests.unit.bodies import Body
from tests.unit.build import cluster_id, pair
from tests.unit.gateway_pods import POD_SECURITY, deployment, refused
from tests.unit.planning import fact
from tests.unit.pretend_api import PretendApi

ENDPOINT = fact(FactName.ENDPOINT, "leaf-a", "leaf-b")


class Heard(Progress):
    """Remembers the reasons."""

    def __init__(self, *, is_told: bool = True) -> None:
        self.is_told = is_told
        self.reasons: list[str] = []

    def because(self, pair: Any, reason: str) -> None:
        self.reasons.append(reason)


class Feed:
    def __init__(self, api: PretendApi, state: Any, peer: str) -> None:
        self.api = api
        self._side = state.side(cluster_id(peer))

    def side(self, peer: str) -> Any:
        return self._side


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "FIRST_S", 0.02)
    monkeypatch.setattr(module, "AGAIN_S", 0.02)


def watched(*found: Body, **facts: Any) -> tuple[Lookout, Heard, PretendApi]:
    """leaf-a holds these objects, leaf-b has nothing."""
    one, other = build.link()
    api = PretendApi("leaf-a", found)
    feeds: Any = {"leaf-a": Feed(api, one, "leaf-b"), "leaf-b": Feed(PretendApi("leaf-b", ()), other, "leaf-a")}
    heard = Heard(**facts)
    return Lookout(pair(), feeds, heard), heard, api


def wait(lookout: Lookout, seconds: float, name: FactName = FactName.ENDPOINT) -> bool:
    awaited = fact(name, "leaf-a", "leaf-b")
    return lookout.wait(Changes(), 0, [awaited], monotonic() + seconds)


def test_the_reason_is_told_while_the_link_waits_for_a_gateway() -> None:
    lookout, heard, _api = watched(refused(POD_SECURITY))
    assert wait(lookout, 0.3) is False
    assert heard.reasons
    reason = heard.reasons[0]
    assert reason.startswith(
        'its gateway on leaf-a cannot start, pod-security: violates PodSecurity "baseline:latest": '
    )
    assert len(reason) <= len("its gateway on leaf-a cannot start, pod-security: ") + LONGEST_REASON
    assert set(heard.reasons) == {reason}


def test_each_look_takes_little_of_the_cluster(monkeypatch: pytest.MonkeyPatch) -> None:
    lookout, heard, api = watched(refused(POD_SECURITY))
    looks: list[float] = []

    def glance(seconds: float) -> PretendApi:
        looks.append(seconds)
        return api

    monkeypatch.setattr(api, "glance", glance)
    assert wait(lookout, 0.3) is False
    assert looks
    assert heard.reasons


def test_one_that_is_on_its_way_is_no_reason() -> None:
    lookout, heard, _api = watched(deployment())
    assert wait(lookout, 0.1) is False
    assert set(heard.reasons) == {""}


def test_where_no_one_reads_or_no_gateway_is_awaited_nothing_is_asked() -> None:
    for name, is_told in ((FactName.ENDPOINT, False), (FactName.CONFIGURED, True)):
        lookout, heard, _api = watched(refused(POD_SECURITY), is_told=is_told)
        assert wait(lookout, 0.1, name) is False
        assert heard.reasons == []


def test_a_cluster_that_does_not_answer_or_that_nobody_understands_ends_no_wait() -> None:
    for problem in (Unreachable(what="w", where="x", why="y", next="z"), ValueError("no")):
        lookout, heard, api = watched(refused(POD_SECURITY))
        api.get = _raising(problem)  # type: ignore[method-assign]
        assert wait(lookout, 0.1) is False
        assert set(heard.reasons) == {""}


def _raising(problem: Exception) -> Any:
    def get(*_arguments: Any, **_options: Any) -> Any:
        raise problem

    return get


def test_a_change_ends_the_wait() -> None:
    lookout, _heard, _api = watched(refused(POD_SECURITY))
    changes = Changes()
    changes.add()
    assert lookout.wait(changes, 0, [ENDPOINT], monotonic() + 60) is True
