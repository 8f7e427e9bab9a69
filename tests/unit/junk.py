# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a broken or hostile API server may answer: any JSON at all, and real bodies that are changed in a few places."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator
from typing import Any

from hypothesis import strategies as st

from tests.unit.bodies import Body

Path = tuple[str | int, ...]


class Deep(list[Any]):
    """Lists in lists, deeper than a recursive function can go."""

    def __init__(self, depth: int) -> None:
        found: list[Any] = []
        for _ in range(depth):
            found = [found]
        super().__init__(found)

    def __repr__(self) -> str:
        return "Deep(...)"


class Long(int):
    """A number with more digits than Python turns into text."""

    def __repr__(self) -> str:
        return "Long(...)"


DEEP, LONG = Deep(5000), Long(10**5000)
DATES = (
    "yesterday",
    "2026-01-01",
    "2026-01-01T00:00:00",
    "2026-01-01T00:00:00+25:00",
    "2026-13-01T00:00:00Z",
    "2026-01-01T00:00:60Z",
    "0001-01-01T00:00:00+14:00",
    "0001-01-01T00:00:00Z",
    "9999-12-31T23:59:59-14:00",
    "2026-01-01\x1b00:00:00Z",
    "2026-01-01T00:00:00.123456789Z",
)
NUMBERS = (
    True,
    False,
    0,
    -1,
    65536,
    2**31,
    -(2**63) - 1,
    2**63,
    LONG,
    0.5,
    1e308,
    float("nan"),
    float("inf"),
    float("-inf"),
)
TEXTS = (
    "",
    " ",
    "x" * 70_000,
    "[" * 16_000,
    '{"a":' * 3_000,
    "gw-leaf-b-" + "9" * 5000,
    "v1." + "9" * 5000,
    "v1.\u00b2",
    "v1.\u0661",
    "1.2.0.0.0.0",
    "infs",
    "nanms",
    "1e400s",
    "-5ms",
    "9" * 400 + "s",
    "{{ lookup('pipe', 'id') }}",
    "x'; id; '",
    "\x1b]0;owned\x07",
    "\ud800",
    "\u202e",
    "../..",
    "leaf-a",
    "leaf-b",
    "leaf-c",
    "localhost",
    "all",
    "0.0.0.0/0",
    "::/0",
    "10.0.0.0/8",
    "10.0.0.0/255.0.0.0",
    "10.1.2.3/16",
    "fd00::/8",
    "127.0.0.1",
    "::ffff:127.0.0.1",
    "169.254.169.254",
    "0x7f.1",
    "fe80::1%eth0",
    "Connected",
    "ConsumerAndProvider",
    "NodePort",
    "true",
    "retail",
    "retail,edge,\x1b[2J",
    '{"retail": {"mtu": 1400}, "edge": {"mtu": "1400", "endpoint": "x"}}',
    '{"retail": ["mtu"]}',
    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
)

FEW: tuple[Any, ...] = (None, DEEP, [], {}, [None], True, -1, LONG, float("nan"), "", "x" * 70_000, "\ud800")
"""One of each sort, for tests that try them at every place."""

odd_values: st.SearchStrategy[Any] = st.sampled_from(
    (None, DEEP, [], {}, [None], [[]], {"": None}, *DATES, *NUMBERS, *TEXTS)
)
"""Values of which each broke something once."""
json_values = st.recursive(
    st.one_of(odd_values, st.text(max_size=8), st.integers()),
    lambda children: st.one_of(
        st.lists(children, max_size=3), st.dictionaries(st.text(max_size=8), children, max_size=3)
    ),
    max_leaves=6,
)


def paths(body: object, above: Path = ()) -> Iterator[Path]:
    """Every place in a body but the body itself."""
    pairs: Iterable[tuple[str | int, object]] = ()
    if isinstance(body, dict):
        pairs = body.items()
    elif isinstance(body, list):
        pairs = enumerate(body)
    for key, value in pairs:
        yield (*above, key)
        yield from paths(value, (*above, key))


def put(body: Any, path: Path, value: object) -> None:
    """Put a value in the place of the one at a path."""
    for key in path[:-1]:
        body = body[key]
    body[path[-1]] = value


@st.composite
def changed(draw: st.DrawFn, body: Body, *, most: int = 3) -> Body:
    """The body with other values in a few places, each of them odd, any JSON, or what another place holds."""
    found = copy.deepcopy(body)
    places = list(paths(body))
    chosen = draw(st.lists(st.sampled_from(places), min_size=1, max_size=most, unique=True))
    # The deepest first, so that a place still exists when it is its turn.
    for path in sorted(chosen, key=len, reverse=True):
        put(found, path, draw(st.one_of(odd_values, odd_values, json_values)))
    return found


def copied(body: Body, path: Path, value: object) -> Any:
    """The body with another value at one place; the rest is shared."""
    if not path:
        return value
    found: Any = copy.copy(body)
    found[path[0]] = copied(found[path[0]], path[1:], value)
    return found
