# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a cluster says has one way in: the code is searched for any other."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

PLUGINS = Path(__file__).parents[2] / "plugins"
EVENT_SOURCES = Path(__file__).parents[2] / "extensions"

READERS = {"load", "loads", "load_all", "safe_load", "JSONDecoder", "raw_decode", "literal_eval", "eval", "exec"}
READERS |= {"unpickle"}
MAY_READ = {
    "module_utils/_kube/door.py": "every answer of an API server",
    "module_utils/_kube/exec_plugin.py": "what a program of the user printed",
    "module_utils/_kube/validity.py": "the user's own token",
    "module_utils/_kube/kubeconfig_text.py": "the user's kubeconfig",
    "module_utils/_liqo/names.py": "an annotation that this collection writes, a text that came in through the door",
    "module_utils/_fabric/saved_plan.py": "a plan file",
}
OPENERS = {
    "PoolManager",
    "ProxyManager",
    "SOCKSProxyManager",
    "urlopen",
    "open_url",
    "create_connection",
    "HTTPSConnection",
}
MAY_OPEN = {"module_utils/_kube/proxies.py": "the pools, whose connections look at the deadlines"}


def calls(names: set[str]) -> Iterator[tuple[str, int]]:
    """File and line of every call of a function or method of such a name."""
    for path in sorted([*PLUGINS.rglob("*.py"), *EVENT_SOURCES.rglob("*.py")]):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call):
                called = node.func
                name = (
                    called.attr
                    if isinstance(called, ast.Attribute)
                    else called.id
                    if isinstance(called, ast.Name)
                    else ""
                )
                if name in names:
                    yield str(path.relative_to(PLUGINS)) if path.is_relative_to(PLUGINS) else str(path), node.lineno


def test_json_of_a_cluster_is_read_in_one_place() -> None:
    found = list(calls(READERS))
    assert [place for place in found if place[0] not in MAY_READ] == []
    assert {file for file, _line in found} == MAY_READ.keys()


def test_connections_are_opened_in_one_place() -> None:
    found = list(calls(OPENERS))
    assert [place for place in found if place[0] not in MAY_OPEN] == []
    assert {file for file, _line in found} == MAY_OPEN.keys()
