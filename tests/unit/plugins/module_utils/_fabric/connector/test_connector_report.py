# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options of the module connector, and its result as a person reads it."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.connector.carry import carry_over
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.connector.report import (
    ConnectorReport,
    connector_result,
    failure_text,
)
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.connector.retire import plan_retirement, safe_to_lose
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.connector.wishes import parse_wanted
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.errors import InputError
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.model import State
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.text import result_text

from tests.unit.build import adopted, link, pair
from tests.unit.connector import HUB, LEAVES, NAMES, clusters, connection, fabric, hub_remains, leaf_remains, wanted


def params(**options: Any) -> dict[str, Any]:
    named = [{"name": name} for name in (HUB, *LEAVES)]
    return {"clusters": named, "hubs": ["hub"], "state": "gathered", **options}


def refusals(**options: Any) -> list[str]:
    with pytest.raises(InputError) as refusal:
        parse_wanted(params(**options), check_mode=False)
    return [str(violation) for violation in refusal.value.violations]


def test_looking_needs_neither_a_fabric_nor_shortcuts() -> None:
    want, wishes = parse_wanted(params(), check_mode=False)
    assert (want.state, want.hubs, want.declares) == (State.GATHERED, (HUB,), False)
    assert wishes.wishes == ()


def test_retiring_needs_both() -> None:
    found = refusals(state="absent")
    assert [text.partition(":")[0] for text in found] == ["fabric", "shortcuts"]


def test_what_is_wrong_is_named_at_once() -> None:
    found = refusals(hubs=[], abandon=["leaf-a"], coming=[["leaf-a", "leaf-x"]])
    assert [text.partition(":")[0] for text in found] == ["abandon[0]", "coming[0]", "hubs"]


def test_what_is_coming_counts_in_check_mode_only() -> None:
    options = {"state": "absent", "fabric": "retail", "shortcuts": [], "coming": [["leaf-b", "leaf-a"]]}
    for check_mode, coming in ((True, {pair()}), (False, set())):
        assert parse_wanted(params(**options), check_mode=check_mode)[0].coming == coming


def report(*, state: State = State.ABSENT, check_mode: bool = True, marked: bool = True) -> ConnectorReport:
    states = dict(zip(LEAVES, link() if marked else adopted(*link()), strict=True))
    remains = {HUB: hub_remains(connection(mtu=1300)), LEAVES[0]: leaf_remains()}
    want = wanted(state=state)
    refused, notes = safe_to_lose(remains[HUB].connections, want, fabric(("leaf-a", "leaf-b")), states)
    ops = plan_retirement(remains, want, NAMES).ops if state is State.ABSENT and not refused else ()
    return ConnectorReport(
        want=want,
        check_mode=check_mode,
        remains=remains,
        carried=carry_over(remains[HUB].connections, clusters(), states),
        planned=ops,
        done=() if check_mode else ops[:2],
        notes=notes,
        failures=refused,
    )


def test_the_result_has_the_same_keys_whatever_was_asked() -> None:
    results = [connector_result(report(state=state)) for state in (State.GATHERED, State.ABSENT)]
    assert results[0].keys() == results[1].keys()
    assert results[0]["changed"] is False
    assert results[0]["adoptable"] == [["leaf-a", "leaf-b"]]
    assert results[1]["changed"] is True


def test_a_plan_reads_as_one() -> None:
    text = result_text(connector_result(report()))
    lines = text.splitlines()
    assert lines[0] == (
        "connector of 2025: 1 ForeignClusterConnection, 1 carried over, controller running on 1 hub, 9 writes to do"
    )
    assert "default/leaf-b-leaf-a  hub  leaf-a <-> leaf-b  shortcut  yes           Connected" in text
    assert "      note: mtu is 1340, as the link has it; default/leaf-b-leaf-a says 1300" in lines
    assert "Would be written" in lines
    assert "  replicas: 1" in connector_result(report())["diff"]["before"]
    assert "  replicas: 0" in connector_result(report())["diff"]["after"]


def test_what_was_not_done_is_marked() -> None:
    text = result_text(connector_result(report(check_mode=False)))
    assert "2 of 9 writes done" in text
    assert " ".join(text.split()).count("(not done)") == 7


def test_a_refusal_says_that_nothing_was_written_and_what_to_do() -> None:
    refused = report(marked=False)
    assert failure_text(refused).startswith("The connector is not retired, nothing was written. clusters leaf-a and")
    text = result_text(connector_result(refused))
    assert "What is in the way" in text
    assert "[not-adopted]" in text
    assert "Would be written" not in text
