# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run of propagation came to, as the result of a task."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.errors import FabricError, FailureName
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.model import State
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.operations import Verb
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.propagation.model import DirectSpec, Mode
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.propagation.modes import Choice
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.propagation.operations import (
    ServicePlan,
    SliceKind,
    SliceOp,
)
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.propagation.report import (
    PropagationReport,
    ServiceRow,
    failure_text,
    propagation_result,
    rows_of,
)
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.report import Outcome

from tests.unit.build import RETAIL
from tests.unit.propagated import unread
from tests.unit.reflection import HUB, LEAVES, WEB, scene

A, B, C = LEAVES
PLAN = ServicePlan(key=WEB, choices=dict.fromkeys((A, B), Choice(mode=Mode.SHADOW, reason="as declared")))


def op(verb: Verb, name: str = "lf-web.leaf-b", **facts: Any) -> SliceOp:
    plain: dict[str, Any] = {"cluster": A, "peer": B, "kind": SliceKind.SHADOW, "namespace": "demo-hub", "reason": "so"}
    return SliceOp(verb=verb, name=name, **{**plain, **facts})


def problem(what: str = "cannot write") -> FabricError:
    return FabricError(what=what, where="leaf-a", why="no", next="look", fault=FailureName.REJECTED)


def rows(
    plan: ServicePlan = PLAN,
    *,
    planned: Iterable[SliceOp] = (),
    done: Iterable[SliceOp] = (),
    failure: FabricError | None = None,
    waits: bool = False,
    check_mode: bool = False,
) -> tuple[ServiceRow, ...]:
    """The rows of a Service; what fails or waits does so on leaf-a."""
    return rows_of(
        [plan],
        planned={WEB: tuple(planned)},
        done={WEB: tuple(done)},
        failures={(WEB, A): failure} if failure is not None else {},
        waiting=frozenset({(WEB, A)}) if waits else frozenset(),
        check_mode=check_mode,
    )


def outcome(*verbs: Verb, plan: ServicePlan = PLAN, **facts: Any) -> Outcome:
    """Of leaf-a, after these writes to it."""
    return rows(plan, done=[op(verb, f"lf-{number}") for number, verb in enumerate(verbs)], **facts)[0].outcome


def report(some: Iterable[ServiceRow] = (), **facts: Any) -> PropagationReport:
    plain: dict[str, Any] = {
        "state": State.PRESENT,
        "check_mode": False,
        "gates": (),
        "planned": (),
        "done": (),
        "world": scene().world(),
    }
    return PropagationReport(fabric=RETAIL, rows=tuple(some), **{**plain, **facts})


def test_writes_that_were_confirmed_decide_the_outcome() -> None:
    assert outcome() is Outcome.IN_SYNC
    assert outcome(Verb.CREATE, Verb.DELETE, Verb.UPDATE) is Outcome.CREATED
    assert outcome(Verb.DELETE, Verb.UPDATE) is Outcome.REMOVED
    assert outcome(Verb.UPDATE) is Outcome.REPAIRED


def test_what_waits_is_pending_and_what_failed_is_failed_whatever_was_written() -> None:
    assert outcome(Verb.CREATE, waits=True) is Outcome.PENDING
    assert outcome(Verb.CREATE, waits=True, failure=problem()) is Outcome.FAILED
    blocked = ServicePlan(key=WEB, choices=PLAN.choices, blocked={A: problem()})
    assert outcome(plan=blocked) is Outcome.BLOCKED


def test_what_is_done_to_one_leaf_does_not_count_for_another() -> None:
    found = {row.leaf: row.outcome for row in rows(done=[op(Verb.CREATE)])}
    assert found == {A: Outcome.CREATED, B: Outcome.IN_SYNC}


def test_the_hub_has_a_row_where_something_is_done_there() -> None:
    annotation = op(
        Verb.UPDATE, "web", cluster=HUB, kind=SliceKind.SERVICE, namespace="demo", after=DirectSpec(direct=True)
    )
    found = rows(done=[annotation])
    assert [(row.leaf, row.mode, row.reason, row.outcome) for row in found] == [
        (HUB, None, "so", Outcome.REPAIRED),
        (A, "shadow", "as declared", Outcome.IN_SYNC),
        (B, "shadow", "as declared", Outcome.IN_SYNC),
    ]


def test_check_mode_shows_what_would_be_written_and_claims_no_change_of_it() -> None:
    (row, _other) = rows(planned=[op(Verb.CREATE)], check_mode=True)
    assert (row.outcome, row.done) == (Outcome.CREATED, ())
    seen = propagation_result(report([row], planned=(op(Verb.CREATE),), check_mode=True))
    assert seen["changed"] is True
    assert "lf-web.leaf-b" in seen["diff"]["after"]
    real = propagation_result(report([row], planned=(op(Verb.CREATE),)))
    assert real["changed"] is False
    assert real["diff"] == {"before": "", "after": ""}


def test_a_result_counts_by_outcome_and_names_what_was_not_read() -> None:
    some = rows(done=[op(Verb.CREATE)], failure=None)
    result = propagation_result(report(some, world={**scene(policies=frozenset({A})).world(), C: unread(C)}))
    summary = result["summary"]
    assert (summary["services"], summary["rows"], summary["created"], summary["in_sync"]) == (1, 2, 1, 1)
    assert summary["unreachable"] == 1
    assert {name: row["exclusive_possible"] for name, row in result["clusters"].items()} == {
        "hub": False,
        "leaf-a": True,
        "leaf-b": False,
        "leaf-c": None,
    }
    assert result["services"][0]["changes"] == [op(Verb.CREATE).id]


def test_each_reason_is_told_once() -> None:
    blocked = ServicePlan(key=WEB, choices=PLAN.choices, blocked={A: problem(), B: problem()})
    found = report(rows(blocked), elsewhere=(problem(), problem("no policy can be written")))
    assert [failure.what for failure in found.failures] == ["cannot write", "no policy can be written"]


@pytest.mark.parametrize(
    ("elsewhere", "rest"), [((), ""), ((problem("no policy can be written"),), " (1 more under failures)")]
)
def test_the_message_of_a_failed_task_counts_places_and_gives_the_first_reason(
    elsewhere: tuple[FabricError, ...], rest: str
) -> None:
    found = report(rows(failure=problem()), elsewhere=elsewhere)
    assert failure_text(found) == (
        f"1 of 2 places of Services are blocked or failed. leaf-a: cannot write: no. Next: look.{rest}"
    )
