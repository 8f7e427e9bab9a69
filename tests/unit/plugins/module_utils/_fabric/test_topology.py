# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Wishes over names and labels: which pairs they mean, and what becomes of settings where they meet."""

from __future__ import annotations

import time
from typing import Any

import pytest
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.model import ClusterId, Pair
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.selectors import parse_selector
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.settings import AUTO
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.topology import Expansion, Shape, Wish, expand
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.strategies import law

LABELS = {
    ClusterId("a"): {"region": "eu"},
    ClusterId("b"): {"region": "eu"},
    ClusterId("c"): {"region": "eu", "retired": ""},
    ClusterId("d"): {"region": "us"},
}


def wish(shape: str, names: str = "", selector: str | None = None, **more: Any) -> Wish:
    """Clusters have names of one letter; ``left_out`` and ``pairs_left_out`` are texts of these too."""
    center = more.pop("center", None)
    return Wish(
        path=more.pop("path", "shortcuts[0]"),
        shape=Shape(shape),
        names=tuple(ClusterId(name) for name in names),
        selector=None if selector is None else parse_selector(selector),
        center=center and ClusterId(center),
        left_out=frozenset(ClusterId(name) for name in more.pop("left_out", "")),
        pairs_left_out=frozenset(
            Pair.of(ClusterId(one), ClusterId(other)) for one, other in more.pop("pairs_left_out", "").split()
        ),
        given=more,
    )


def numbered(*wishes: Wish) -> list[Wish]:
    return [
        Wish(
            path=f"shortcuts[{index}]",
            shape=one.shape,
            names=one.names,
            selector=one.selector,
            center=one.center,
            given=one.given,
        )
        for index, one in enumerate(wishes)
    ]


def merged(*wishes: Wish, **defaults: Any) -> Expansion:
    return expand(numbered(*wishes), defaults, LABELS)


def pairs(one: Wish) -> str:
    return " ".join(sorted(f"{a}{b}" for a, b in one.pairs(LABELS)))


@pytest.mark.parametrize(
    ("one", "expected"),
    [
        (wish("between", "ba"), "ab"),
        (wish("mesh", "cab"), "ab ac bc"),
        (wish("mesh", selector="region=eu"), "ab ac bc"),
        (wish("mesh", selector=""), "ab ac ad bc bd cd"),
        (wish("mesh", "d", "region=eu,!retired"), "ab ad bd"),
        (wish("mesh", "a", "region=eu"), "ab ac bc"),
        (wish("mesh", selector="", left_out="b"), "ac ad cd"),
        (wish("mesh", selector="", pairs_left_out="ba cd"), "ac ad bc bd"),
        (wish("mesh", "a", "region=ap"), ""),
        (wish("ring", "acbd"), "ac ad bc bd"),
        (wish("ring", "ba"), "ab"),
        (wish("ring", "bac"), "ab ac bc"),
        (wish("ring", "dc", "region=eu"), "ab ac bd cd"),
        (wish("ring", "acbd", left_out="c"), "ab ad bd"),
        (wish("ring", "acbd", pairs_left_out="ad"), "ac bc bd"),
        (wish("ring", "a"), ""),
        (wish("star", "bc", center="d"), "bd cd"),
        (wish("star", "bcd", center="d"), "bd cd"),
        (wish("star", selector="", center="b"), "ab bc bd"),
        (wish("star", selector="", center="b", left_out="a"), "bc bd"),
        (wish("star", selector="", center="b", pairs_left_out="bc"), "ab bd"),
        (wish("star", "b", center="b"), ""),
    ],
)
def test_shapes(one: Wish, expected: str) -> None:
    assert pairs(one) == expected


def test_pairs_of_several_wishes_come_once_and_sorted() -> None:
    found = merged(wish("between", "dc"), wish("mesh", "cab"), wish("between", "ab"))
    assert [f"{pair.a}{pair.b}" for pair, _merged in found.pairs] == ["ab", "ac", "bc", "cd"]
    assert found.pairs[0][1].source == "shortcuts[1].mesh, shortcuts[2]"


def settings_of(found: Expansion, one: str = "a", other: str = "b") -> dict[str, Any]:
    assert found.violations == ()
    return dict(dict(found.pairs)[Pair.of(ClusterId(one), ClusterId(other))].given)


def test_a_pair_wins_over_a_group_and_a_group_over_the_defaults_setting_by_setting() -> None:
    found = merged(
        wish("mesh", "abc", mtu=1300, port=2),
        wish("between", "ab", mtu=1400),
        mtu=1200,
        port=1,
        service_labels={"x": "y"},
    )
    assert settings_of(found) == {"mtu": 1400, "port": 2, "service_labels": {"x": "y"}}
    assert settings_of(found, "a", "c") == {"mtu": 1300, "port": 2, "service_labels": {"x": "y"}}


def test_groups_that_overlap_add_up() -> None:
    found = merged(wish("mesh", "abc", mtu=1300), wish("star", "b", center="a", port=2), wish("ring", "ab", mtu=1300))
    assert settings_of(found) == {"mtu": 1300, "port": 2}


def test_what_a_pair_says_settles_what_its_groups_disagree_about() -> None:
    found = merged(wish("ring", "ab", mtu=1), wish("mesh", "ab", mtu=2), wish("between", "ab", mtu=3))
    assert settings_of(found) == {"mtu": 3}


def test_contradicting_groups_are_one_violation_that_names_both() -> None:
    found = merged(wish("mesh", "abc", mtu=1300), wish("ring", "abcd", mtu=1400, port=2))
    assert [str(violation) for violation in found.violations] == [
        (
            "shortcuts[1].mtu: a <-> b and 1 more get 1300 from shortcuts[0].mesh and 1400 from shortcuts[1].ring"
            " (give both the same mtu, or set it for the pair, with between)"
        )
    ]


def test_each_setting_and_each_two_sources_have_their_own_violation() -> None:
    found = merged(wish("mesh", "ab", mtu=1, port=1), wish("mesh", "ab", mtu=2, port=2), wish("mesh", "ab", mtu=3))
    assert sorted(violation.path for violation in found.violations) == [
        "shortcuts[1].mtu",
        "shortcuts[1].port",
        "shortcuts[2].mtu",
    ]


def test_the_server_of_a_group_concerns_only_its_own_pairs() -> None:
    found = merged(wish("mesh", "abc", server="a"), wish("mesh", "bcd", server="d"), server="b")
    assert settings_of(found) == {"server": "a"}
    assert settings_of(found, "b", "c") == {"server": "b"}
    assert settings_of(found, "c", "d") == {"server": "d"}


def test_servers_contradict_each_other_only_where_both_are_of_the_pair() -> None:
    found = merged(wish("mesh", "abc", server="a"), wish("mesh", "abc", server="b"))
    assert [str(violation) for violation in found.violations] == [
        (
            "shortcuts[1].server: a <-> b gets a from shortcuts[0].mesh and b from shortcuts[1].mesh"
            " (give both the same server, or set it for the pair, with between)"
        )
    ]


def test_auto_is_an_opinion_too() -> None:
    found = merged(wish("mesh", "ab", server="a"), wish("mesh", "ab", server=AUTO))
    assert [violation.path for violation in found.violations] == ["shortcuts[1].server"]


IDS = [ClusterId(f"c{number}") for number in range(5)]


@st.composite
def wishes(draw: st.DrawFn) -> list[Wish]:
    """Up to five wishes of named clusters that say something of two settings."""
    found = []
    for index in range(draw(st.integers(1, 5))):
        shape = draw(st.sampled_from(Shape))
        names = draw(st.permutations(IDS))[: 2 if shape is Shape.BETWEEN else draw(st.integers(2, 5))]
        given = draw(st.dictionaries(st.sampled_from(["mtu", "port"]), st.integers(1, 2)))
        center = draw(st.sampled_from(IDS)) if shape is Shape.STAR else None
        found.append(Wish(path=f"shortcuts[{index}]", shape=shape, names=tuple(names), center=center, given=given))
    return found


def naive(found: list[Wish], pair: Pair, setting: str, defaults: dict[str, int]) -> set[int]:
    """All values that the strongest level with an opinion gives to a setting."""
    concerned = [one for one in found if (pair.a, pair.b) in set(one.pairs({}))]
    for single in (True, False):
        level = [one for one in concerned if (one.shape is Shape.BETWEEN) == single and setting in one.given]
        if level:
            return {one.given[setting] for one in level}
    return {defaults[setting]} if setting in defaults else set()


@law
@given(wishes(), st.dictionaries(st.sampled_from(["mtu", "port"]), st.integers(3, 4)))
def test_every_pair_gets_what_the_strongest_opinion_says_or_is_refused(
    found: list[Wish], defaults: dict[str, int]
) -> None:
    expansion = expand(found, defaults, {})
    wanted = {Pair(*ids) for one in found for ids in one.pairs({})}
    assert [pair for pair, _merged in expansion.pairs] == sorted(wanted)
    opinions = {(p, setting): naive(found, p, setting, defaults) for p in wanted for setting in ("mtu", "port")}
    assert bool(expansion.violations) == any(len(values) > 1 for values in opinions.values())
    if not expansion.violations:
        for pair, result in expansion.pairs:
            for setting in ("mtu", "port"):
                given_values = {result.given[setting]} if setting in result.given else set()
                assert given_values == opinions[pair, setting]


@law
@given(wishes(), st.randoms(use_true_random=False))
def test_the_order_of_wishes_decides_nothing(found: list[Wish], shuffle: Any) -> None:
    one, other = expand(found, {}, {}), expand(shuffle.sample(found, len(found)), {}, {})
    assert bool(one.violations) == bool(other.violations)
    if not one.violations:
        assert [(p, m.given) for p, m in one.pairs] == [(p, m.given) for p, m in other.pairs]


def test_a_mesh_of_hundreds_is_a_matter_of_a_moment_and_its_pairs_share_their_settings() -> None:
    leaves = {ClusterId(f"leaf-{number:03}"): {"region": "eu"} for number in range(300)}
    three = numbered(
        wish("mesh", selector="region=eu", mtu=1300),
        wish("ring", selector="region", port=2),
        wish("mesh", selector="", mtu=1301),
    )
    start = time.process_time()
    found = expand(three[:2], {}, leaves)
    assert time.process_time() - start < 3  # It takes a tenth of that; one settings object per pair would not do.
    assert len(found.pairs) == 44850
    assert len({id(result) for _pair, result in found.pairs}) == 2
    (violation,) = expand(three, {}, leaves).violations
    assert "leaf-000 <-> leaf-001 and 44849 more get 1300" in violation.message
