# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Values that a hostile cluster puts in the place of honest ones."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

CANARY = "liqo-fabric-canary"
"""Name of the file that an injected command would make in the working directory."""

FORGED = "forged-fabric"
"""What a line would begin with that a cluster has smuggled into a text."""

INJECTED = (
    "{{ lookup('pipe', 'touch liqo-fabric-canary') }}",
    '{{ lookup(*(["pipe"]+["touch liqo-fabric-canary"])) }}',
    "{% for x in [1] %}{{ lookup('pipe', 'touch liqo-fabric-canary') }}{% endfor %}",
    "{# #}{{ 1/0 }}",
    "'; touch liqo-fabric-canary; '",
    "$(touch liqo-fabric-canary)",
    "`touch liqo-fabric-canary`",
    '" | touch liqo-fabric-canary #',
    "\x1b]0;owned\x07\x1b[1A\x1b[2Kfine",
    "\x9b31mred\x9b0m",
    f"line\n{FORGED} retail: 3 in sync\n\n  {FORGED} leaf-a <-> leaf-c  in sync",
    "carriage\rreturn",
    "nul\x00byte",
    "tab\tand\x0bvertical\x0cfeed",
    "\u2028\u2029\u202egnp.elif\u202c\u200b",
    "\ud800",
    "\udfff and \ud83d alone",
    "<script>alert(1)</script>",
    '"]; evil --> leaf-a; subgraph x["',
    "a -- b }\n digraph { c",
    "!!python/object/apply:os.system ['touch liqo-fabric-canary']",
    "!unsafe x",
    "%s%n%x{0.__class__}",
    "../../../../etc/passwd",
    "/abs/path?x=1#y",
    "a/b",
    "..",
    "💥" * 40,
    "e\u0301" * 30,
    "\ufeffbom",
)
IDS = (
    "leaf-a",
    "leaf-b",
    "leaf-c",
    "hub",
    "leaf-z",
    "localhost",
    "all",
    "ungrouped",
    "liqo_leaves",
    "LEAF-A",
    "leaf-a ",
    "leaf-a\n",
    "-leaf",
    "x" * 63,
    "x" * 300,
    "",
)
DATES = (
    "yesterday",
    "2026-11-30T19:22:14",
    "2026-11-30T19:22:14+25:00",
    "2026-11-30T19:22:14.123456789123456789Z",
    "0000-00-00T00:00:00Z",
    "0001-01-01T00:00:00+23:59",
    "9999-12-31T23:59:59-23:59",
    "99999-01-01T00:00:00Z",
    "2026-11-30 19:22",
    "2026-W49-1",
    "20261130T192214Z",
    "٢٠٢٦-11-30T19:22:14Z",
    "1e9",
    "",
)
NUMBERS: tuple[Any, ...] = (
    0,
    -1,
    1,
    65536,
    2**31,
    2**63,
    2**64,
    10**300,
    1.5,
    -0.0,
    1e308,
    float("inf"),
    float("-inf"),
    float("nan"),
    True,
    False,
    "80",
    "²",
    "1_000",
    "9" * 5000,
)
ADDRESSES = (
    "0.0.0.0/0",
    "::/0",
    "10.42.0.0/16",
    "10.0.0.0/8",
    "127.0.0.0/8",
    "127.0.0.1",
    "169.254.169.254",
    "224.0.0.1",
    "10.96.0.1",
    "10.70.0.0/16",
    "fd00::/8",
    "::ffff:10.42.0.1",
    "10.42.0.0/33",
    "10.42.0.1/16",
    "300.1.2.3",
    "010.042.000.001",
    "10.42.0.0/16,10.43.0.0/16",
    "evil.example",
    "203.0.113.7:51840",
    "",
)
VERSIONS = ("v1." + "9" * 5000, "v1.2", "latest", "v٢.1.0", "v-1.0.0", "sha256:abc", "v1.2.0-rc.1+{{ x }}", "1..2")
DURATIONS = ("infs", "-5ms", "nanms", "1e400s", "9" * 400 + "ms", "ms", "1h", "1,5ms")
JSON_TEXTS = (
    "[" * 100_000,
    '{"a":' * 50_000,
    '{"retail": []}',
    '{"retail": {"mtu": {}}}',
    '{"retail": {"mtu": "9e999"}, "edge": null}',
    "null",
    "NaN",
    "{}",
    json.dumps({"retail": {"mtu": "\x1b[1A"}}),
    json.dumps({"x" * 70: {"mtu": "1"}}),
)
OWNERS = ("retail", "edge", "edge,retail", "retail,retail", ",,", " retail ", "retail\n", "x" * 500, "retail,\x1b[2J")
TEXTS = (*INJECTED, *IDS, *DATES, *ADDRESSES, *VERSIONS, *DURATIONS, *OWNERS)


def deep(levels: int, inner: Any = "x") -> Any:
    """Lists in lists."""
    for _ in range(levels):
        inner = [inner]
    return inner


ODD: tuple[Callable[[], Any], ...] = (
    lambda: None,
    dict,
    list,
    lambda: [None],
    lambda: [[]],
    lambda: [{}],
    str,
    int,
    lambda: True,
    lambda: {"": ""},
    lambda: {"a": None},
    lambda: {"metadata": None},
    lambda: {"name": {"name": []}},
    lambda: ["x", 1, None, {}],
    lambda: deep(60),
    lambda: "x" * 100_000,
    lambda: {str(number): number for number in range(3000)},
    lambda: list(range(3000)),
)
"""Makers of values of all types, for the place of any value."""
