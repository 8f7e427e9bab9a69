# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Label selectors: the language of Kubernetes, its decisions, and sentences for what is not in it."""

from __future__ import annotations

import re

import pytest
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.selectors import (
    Operator,
    Requirement,
    Selector,
    SelectorError,
    parse_selector,
)
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.strategies import law

LABELS = {"region": "eu", "tier": "shop", "size": "7", "liqo.io/remote-cluster-id": "leaf-a", "empty": ""}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "  ",
        "region",
        "region=eu",
        "region = eu",
        "region==eu",
        "region == eu",
        "region!=us",
        "zone!=us",
        "region in (eu)",
        "region in (us, eu)",
        "region in(us,eu)",
        "tier notin (depot)",
        "zone notin (a, b)",
        "!zone",
        "! zone",
        "size>6",
        "size < 8",
        "size > 0",
        "empty",
        "empty=",
        "empty in (,x)",
        "empty in (x,)",
        "empty=,region=eu",
        "zone!=",
        "liqo.io/remote-cluster-id=leaf-a",
        "region=eu,tier in (shop, depot),!zone",
    ],
)
def test_matches(text: str) -> None:
    assert parse_selector(text).matches(LABELS)


@pytest.mark.parametrize(
    "text",
    [
        "zone",
        "region=us",
        "zone=eu",
        "zone=",
        "region!=eu",
        "region in (us)",
        "zone in (eu, us)",
        "tier notin (shop, depot)",
        "!region",
        "size>7",
        "size<7",
        "zone>1",
        "region>1",
        "empty>1",
        "empty!=",
        "region=eu,tier=depot",
        "remote-cluster-id=leaf-a",
    ],
)
def test_does_not_match(text: str) -> None:
    assert not parse_selector(text).matches(LABELS)


def test_words_of_the_language_may_be_keys_and_values() -> None:
    assert parse_selector("in in (in, notin), notin=in").matches({"in": "notin", "notin": "in"})


ACTIONS = "one of =, ==, !=, in, notin, <, >, ',' or the end"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (",", "at character 1 there is ',' instead of the key of a label"),
        ("region=eu,", "at character 11 there is the end instead of the key of a label"),
        ("region=eu,,tier", "at character 11 there is ',' instead of the key of a label"),
        ("=eu", "at character 1 there is '=' instead of the key of a label"),
        ("!", "at character 2 there is the end instead of the key of a label"),
        ("!!zone", "at character 2 there is '!' instead of the key of a label"),
        ("!zone=eu", "at character 6 there is '=' instead of ',' or the end"),
        ("region eu", f"at character 8 there is 'eu' instead of {ACTIONS}"),
        ("region IN (eu)", f"at character 8 there is 'IN' instead of {ACTIONS}"),
        ("region=eu us", "at character 11 there is 'us' instead of ',' or the end"),
        ("region===eu", "at character 9 there is '=' instead of the value of a label"),
        ("region in eu", "at character 11 there is 'eu' instead of '('"),
        ("region in ()", "at character 12 there is ')' instead of at least one value"),
        ("region in (eu", "at character 14 there is the end instead of ',' or ')'"),
        ("region in (eu us)", "at character 15 there is 'us' instead of ',' or ')'"),
        ("region in (eu=us)", "at character 14 there is '=' instead of ',' or ')'"),
        ("region=eu)", "at character 10 there is ')' instead of ',' or the end"),
        ("size>", "at character 6 there is the end instead of a whole number"),
        ("size>-1", "at character 6 there is '-1' instead of a whole number"),
        ("size<big", "at character 6 there is 'big' instead of a whole number"),
        ("-region", "at character 1 '-region' cannot be the key of a label"),
        ("/region", "at character 1 '/region' cannot be the key of a label"),
        ("Liqo.io/region", "at character 1 'Liqo.io/region' cannot be the key of a label"),
        ("a/b/c", "at character 1 'a/b/c' cannot be the key of a label"),
        (f"{'k' * 64}=x", f"at character 1 '{'k' * 64}' cannot be the key of a label"),
        (f"region={'v' * 64}", f"at character 8 '{'v' * 64}' cannot be the value of a label"),
        ("region='eu'", "at character 8 \"'eu'\" cannot be the value of a label"),
        ("region in (eu, _)", "at character 16 '_' cannot be the value of a label"),
    ],
)
def test_refused_with_the_place(text: str, problem: str) -> None:
    with pytest.raises(SelectorError) as refused:
        parse_selector(text)
    assert str(refused.value) == problem


KEYS = st.sampled_from(["a", "b", "in", "notin", "x.io/a"])
VALUES = st.sampled_from(["", "1", "3", "in", "x"])
SPACE = st.sampled_from(["", " ", "  ", "\t"])


@st.composite
def requirements(draw: st.DrawFn) -> tuple[str, Requirement]:
    """A requirement in one of its spellings."""
    key = draw(KEYS)
    values = frozenset(draw(st.sets(VALUES, min_size=1, max_size=3)))
    (one,) = draw(st.sets(VALUES, min_size=1, max_size=1))
    inside = ",".join(draw(SPACE) + value + draw(SPACE) for value in sorted(values))
    if values == {""}:
        inside = ","
    spellings = {
        key: Requirement(key=key, operator=Operator.EXISTS),
        f"!{key}": Requirement(key=key, operator=Operator.MISSING),
        f"{key} in ({inside})": Requirement(key=key, operator=Operator.IN, values=values),
        f"{key} notin({inside})": Requirement(key=key, operator=Operator.NOT_IN, values=values),
        f"{key}={one}": Requirement(key=key, operator=Operator.IN, values=frozenset({one})),
        f"{key} == {one}": Requirement(key=key, operator=Operator.IN, values=frozenset({one})),
        f"{key}!={one}": Requirement(key=key, operator=Operator.NOT_IN, values=frozenset({one})),
        f"{key}>2": Requirement(key=key, operator=Operator.GREATER, values=frozenset({"2"})),
        f"{key} < 3": Requirement(key=key, operator=Operator.LESS, values=frozenset({"3"})),
    }
    return draw(st.sampled_from(sorted(spellings.items(), key=lambda item: item[0])))


def truth(requirement: Requirement, labels: dict[str, str]) -> bool:
    """What Kubernetes documents, written down the long way."""
    there = requirement.key in labels
    if requirement.operator in (Operator.EXISTS, Operator.MISSING):
        return there == (requirement.operator is Operator.EXISTS)
    if requirement.operator is Operator.IN:
        return there and labels[requirement.key] in requirement.values
    if requirement.operator is Operator.NOT_IN:
        return not there or labels[requirement.key] not in requirement.values
    if not there or not re.fullmatch("-?[0-9]+", labels[requirement.key]):
        return False
    (bound,) = requirement.values
    distance = int(labels[requirement.key]) - int(bound)
    return distance > 0 if requirement.operator is Operator.GREATER else distance < 0


@law
@given(st.lists(requirements(), max_size=4), SPACE, st.dictionaries(KEYS, VALUES | st.just("-3")))
def test_a_selector_is_the_conjunction_of_what_it_lists(
    parts: list[tuple[str, Requirement]], space: str, labels: dict[str, str]
) -> None:
    selector = parse_selector(f"{space},{space}".join(text for text, _requirement in parts))
    wanted = tuple(requirement for _text, requirement in parts)
    assert selector == Selector(requirements=wanted)
    assert selector.matches(labels) == all(truth(requirement, labels) for requirement in wanted)


@law
@given(st.lists(requirements(), max_size=4))
def test_the_text_of_a_selector_means_the_same(parts: list[tuple[str, Requirement]]) -> None:
    selector = Selector(requirements=tuple(requirement for _text, requirement in parts))
    assert parse_selector(str(selector)) == selector


@law
@given(st.text(alphabet="ab1 =!(),<>in/.-_\n'ä", max_size=20))
def test_any_text_is_a_selector_or_refused_with_a_place_in_it(text: str) -> None:
    try:
        parse_selector(text)
    except SelectorError as problem:
        place = re.match(r"at character (\d+) ", str(problem))
        assert place is not None
        assert 1 <= int(place.group(1)) <= len(text) + 1
