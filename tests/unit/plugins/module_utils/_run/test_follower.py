# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A list that is kept current although requests fail, and whether a cluster counts as lost meanwhile."""

from __future__ import annotations

import queue
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pytest
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.errors import (
    FabricError,
    Forbidden,
    Gone,
    Unreachable,
)
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.resources import Resource
from ansible_collections.liqo.fabric.plugins.module_utils._liqo.resources import CONNECTION, NAMESPACE, Query
from ansible_collections.liqo.fabric.plugins.module_utils._run.cluster_watch import Outage
from ansible_collections.liqo.fabric.plugins.module_utils._run.follower import Follower
from ansible_collections.liqo.fabric.plugins.module_utils._run.read import Scope

from tests.unit import bodies
from tests.unit.pretend_api import PretendApi

PATIENCE_S = 10
DOWN = Unreachable(what="cannot list", where="leaf-a", why="refused", next="start it")
GONE = Gone(what="cannot watch", where="leaf-a", why="too old", next="run again", status=410)


class Heard:
    """What a follower tells: a number of bodies for each list, else the error or None."""

    def __init__(self) -> None:
        self._told: queue.Queue[Any] = queue.Queue()

    def next(self) -> Any:
        return self._told.get(timeout=PATIENCE_S)

    def put(self, told: Any) -> None:
        self._told.put(told)


@contextmanager
def following(api: PretendApi, *namespaces: str, scope: Scope | None = None) -> Iterator[Heard]:
    heard = Heard()
    scope = scope or Scope(query=Query(resource=CONNECTION), namespaces=namespaces or None, resource_version="1")
    follower = Follower(
        api.as_api(),
        scope,
        changed=heard.put,
        listed=lambda bodies: heard.put(len(bodies)),
        heard=heard.put,
        poll_s=0.01,
        retry_s=0.01,
    )
    follower.start()
    try:
        yield heard
    finally:
        follower.close()
        assert follower.join(PATIENCE_S)


class Failing:
    """Lists end with these errors one after the other, and succeed from then on."""

    def __init__(self, *errors: FabricError | None) -> None:
        self._left = list(errors)

    def __call__(self, verb: str, resource: Resource) -> FabricError | None:
        return self._left.pop(0) if self._left else None


@pytest.mark.parametrize("namespaces", [(), ("liqo-tenant-leaf-b", "liqo")])
def test_polling_goes_on_after_a_failure_which_is_told(namespaces: Sequence[str]) -> None:
    api = PretendApi("leaf-a", [bodies.connection()], Failing(None, *[None] * (len(namespaces) - 1), DOWN, DOWN))
    with following(api, *namespaces) as heard:
        assert [heard.next() for _ in range(6)] == [1, None, DOWN, DOWN, 1, None]
        api.put(bodies.connection("leaf-c"))
        while heard.next() != (2 if not namespaces else 1):
            pass


def test_what_may_not_be_listed_is_looked_at_by_name() -> None:
    refused = Forbidden(what="cannot list namespaces", where="leaf-a", why="403", next="grant it", status=403)
    api = PretendApi("leaf-a", [bodies.namespace()], lambda verb, _resource: refused if verb != "get" else None)
    scope = Scope(query=Query(resource=NAMESPACE), names=("liqo-tenant-leaf-b", "liqo-tenant-leaf-c"))
    with following(api, scope=scope) as heard:
        assert heard.next() == 1
        api.store.clear()
        while heard.next() != 0:
            pass


def test_a_version_that_is_too_old_is_no_failure() -> None:
    with following(PretendApi("leaf-a", [], Failing(GONE))) as heard:
        assert [heard.next(), heard.next()] == [0, None]


def test_an_outage_lasts_from_the_first_failure_until_no_part_fails() -> None:
    outage = Outage()
    told = [outage.heard(part, problem) for part, problem in [("a", None), ("a", DOWN), ("b", DOWN), ("a", DOWN)]]
    assert told == [False, True, False, False]
    assert outage.lasts
    assert [outage.heard("a", None), outage.heard("b", None), outage.heard("b", None)] == [False, True, False]
    assert not outage.lasts
