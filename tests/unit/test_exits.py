# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The code has no other ways out for text of clusters than those that make it harmless."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from tools.import_root import CHECKOUT

SOURCES = sorted([*(CHECKOUT / "plugins").rglob("*.py"), *(CHECKOUT / "extensions").rglob("*.py")])
TREES = {path.relative_to(CHECKOUT).as_posix(): ast.parse(path.read_text(encoding="utf-8")) for path in SOURCES}
PLAYS = sorted(
    path
    for folder in ("roles", "playbooks", "extensions")
    for path in (CHECKOUT / folder).rglob("*.yml")
    if path.parent.name in ("tasks", "playbooks", "rulebooks", "handlers")
)

WAYS_OUT: dict[str, set[str]] = {
    # What shows, returns or hands on text: the files that may call it, since all text is harmless there.
    "print": set(),
    "display": {"plugins/action/report.py", "plugins/action/shortcuts.py"},
    "warning": {"plugins/inventory/foreign_clusters.py", "plugins/filter/topology_expand.py"},
    "warn": {
        "plugins/module_utils/fabric_module.py",
        "plugins/module_utils/_run/hub_inventory.py",  # `_warn` of the inventory plugin
        "plugins/modules/propagation.py",
        "plugins/modules/shortcuts.py",
    },
    "exit_json": {"plugins/module_utils/fabric_module.py"},
    "fail_json": {"plugins/module_utils/fabric_module.py", "plugins/module_utils/_run/face.py"},
    "set_variable": {"plugins/inventory/foreign_clusters.py"},
    "getLogger": {"extensions/eda/plugins/event_source/links.py"},
    **{name: set[str]() for name in ("deprecated", "deprecate", "verbose", "v", "vv", "vvv", "vvvv", "vvvvv")},
}
ESCAPERS = {
    # A name that is imported or a text: the one file that has it.
    "AnsibleModule": "plugins/module_utils/fabric_module.py",
    "shlex": "plugins/module_utils/_fabric/command.py",
    "html": "plugins/module_utils/_fabric/picture.py",
    "wrap_var": "plugins/plugin_utils/checked_options.py",
    "trust_as_template": "plugins/plugin_utils/checked_options.py",
    "unicode_escape": "plugins/module_utils/_fabric/terminal.py",
}
PROGRAM = r"\b(?:kubectl|oc|helm|liqoctl|ansible(?:-[a-z]+)?|python3?|pip|curl|ssh|docker)\b"
COMMAND = re.compile(rf"{PROGRAM}[^)'\0]* \0")
"""A program and a value behind it, in the same words of a message."""
CONDITIONS = ("when", "until", "failed_when", "changed_when", "that")
NAMING = {"add_host", "group_by", "include_vars", "include_role", "shell", "raw", "script", "lineinfile"}
"""Tasks that would take text of a cluster for the name of a host, a group or a file, or for a command."""
WRITTEN = {
    # Tasks that write a file, and by what.
    "Keep the declaration in a file": "template",  # entries that `gather` and `carry` have checked
    "Each cluster has one file with all its identities": "copy",  # manifests of our own rights
}
WRITING = ("copy", "template", "blockinfile", "assemble", "unarchive", "get_url")


def calls(tree: ast.AST) -> Iterator[tuple[str, ast.Call]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            function = node.func
            yield (function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")), node


@pytest.mark.parametrize("way", WAYS_OUT)
def test_no_other_file_shows_or_returns_text(way: str) -> None:
    modules = {path for path in TREES if path.startswith("plugins/modules/")} if way.endswith("_json") else set()
    found = {path for path, tree in TREES.items() for name, _call in calls(tree) if name == way}
    assert found <= WAYS_OUT[way] | modules
    assert WAYS_OUT[way] <= found, "the list names a file that no longer does so"


@pytest.mark.parametrize("name", ESCAPERS)
def test_each_escaper_stands_in_one_file(name: str) -> None:
    assert {path for path, tree in TREES.items() if name in names_in(tree)} == {ESCAPERS[name]}


def names_in(tree: ast.AST) -> set[str]:
    """Names that are imported, and whole texts."""
    nodes = list(ast.walk(tree))
    imported = {alias.name for node in nodes if isinstance(node, (ast.Import, ast.ImportFrom)) for alias in node.names}
    return imported | {node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)}


def test_every_module_ends_through_the_one_door() -> None:
    modules = {path: tree for path, tree in TREES.items() if path.startswith("plugins/modules/")}
    without = {path for path, tree in modules.items() if "FabricModule" not in {name for name, _call in calls(tree)}}
    assert without == {"plugins/modules/report.py"}, "of which the action plugin does all"


def test_a_command_in_a_message_is_made_by_the_one_function() -> None:
    found = [
        f"{path}:{node.lineno}"
        for path, tree in TREES.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.JoinedStr) and COMMAND.search(with_gaps(node))
    ]
    assert found == []


def test_an_option_of_a_command_is_marked_as_one() -> None:
    """What begins with a dash and is not marked is taken for a name of a cluster, and left out."""
    found = [
        f"{path}:{node.lineno}"
        for path, tree in TREES.items()
        for name, call in calls(tree)
        if name in ("command", "kubectl")
        for word in call.args
        for node in ast.walk(word)
        if isinstance(node, ast.Constant) and str(node.value).startswith("-")
        if not (isinstance(word, ast.Call) and getattr(word.func, "id", "") == "Option")
    ]
    assert found == []


def test_only_words_of_this_collection_are_options() -> None:
    options = [call for tree in TREES.values() for name, call in calls(tree) if name == "Option"]
    assert options
    assert all(isinstance(word, ast.Constant) for call in options for word in call.args)


def with_gaps(node: ast.JoinedStr) -> str:
    """The words of an f-string, with a NUL for each value but those of `command(...)`."""
    words = ""
    for part in node.values:
        if isinstance(part, ast.Constant):
            words += str(part.value)
        elif isinstance(part, ast.FormattedValue):
            words += "(command)" if "command" in {name for name, _call in calls(part.value)} else "\0"
    return words


@pytest.mark.parametrize(
    ("code", "is_found"),
    [
        ("f'see (kubectl -n {namespace} get pods)'", True),
        ("f\"run 'ansible-playbook x -i {path}'\"", True),
        ("f'see ({command(\"kubectl\", namespace)}) of {peer}'", False),
        ("f'see (kubectl get pods) of {peer}'", False),
    ],
)
def test_the_search_for_commands_finds_them(code: str, is_found: bool) -> None:
    (node,) = (node for node in ast.walk(ast.parse(code)) if isinstance(node, ast.JoinedStr))
    assert bool(COMMAND.search(with_gaps(node))) is is_found


def tasks(document: Any) -> Iterator[dict[str, Any]]:
    """Every play, block and task, however deep."""
    if isinstance(document, list):
        for part in document:
            yield from tasks(part)
    elif isinstance(document, dict):
        yield document
        for name in ("tasks", "pre_tasks", "post_tasks", "handlers", "block", "rescue", "always", "rules"):
            yield from tasks(document.get(name, []))


EVERY_TASK = [
    (path.relative_to(CHECKOUT).as_posix(), task)
    for path in PLAYS
    for task in tasks(yaml.safe_load(path.read_text(encoding="utf-8")))
]


def test_there_are_tasks_to_look_at() -> None:
    assert len(EVERY_TASK) > 60
    assert {path.partition("/")[0] for path, _task in EVERY_TASK} == {"roles", "playbooks", "extensions"}


def test_no_condition_is_rendered_twice() -> None:
    """Before ansible-core 2.19, what a template in a condition comes to is taken for a condition again."""
    asserted = [(path, task.get("ansible.builtin.assert") or {}) for path, task in EVERY_TASK]
    found = [
        (path, task) for path, task in [*EVERY_TASK, *asserted] for name in CONDITIONS if "{{" in str(task.get(name))
    ]
    assert found == []


def test_no_task_names_anything_by_text_of_a_cluster() -> None:
    assert [(path, key) for path, task in EVERY_TASK for key in task if key.rpartition(".")[2] in NAMING] == []
    named = [
        str(part) for _path, task in EVERY_TASK for key, part in task.items() if "include" in key or "import" in key
    ]
    assert named
    assert [one for one in named if "{{" in one] == []
    shown = [task["ansible.builtin.debug"] for _path, task in EVERY_TASK if "ansible.builtin.debug" in task]
    assert [one for one in shown if "var" in one] == []


def test_only_known_tasks_write_files() -> None:
    keys = [(task.get("name"), key.rpartition(".")[2]) for _path, task in EVERY_TASK for key in task]
    assert {name: key for name, key in keys if key in WRITING} == WRITTEN
