# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whatever a cluster sends: what comes in has a known shape and harmless texts, or it is an error of that cluster."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import pytest
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.errors import FabricError, FailureName
from ansible_collections.liqo.fabric.plugins.module_utils._kube.answers import (
    api_error,
    read_answer,
    read_page,
    read_refusal,
)
from ansible_collections.liqo.fabric.plugins.module_utils._kube.door import (
    LimitReachedError,
    NotKubernetesError,
    as_fabric_error,
    object_of,
    read_json,
    shown,
)
from ansible_collections.liqo.fabric.plugins.module_utils._kube.limits import DEFAULT, Limits
from ansible_collections.liqo.fabric.plugins.module_utils._liqo.resources import CONNECTION, NAMESPACE
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.unit import bodies

NOW = datetime(2026, 5, 1, 12, 0, 0, tzinfo=UTC)
ESC, NUL, DEL, CSI, OVERRIDE, LINE = "\x1b", "\0", "\x7f", "\x9b", "\N{RIGHT-TO-LEFT OVERRIDE}", "\N{LINE SEPARATOR}"


def nested(depth: int) -> bytes:
    return b'{"a":' * (depth - 1) + b"{}" + b"}" * (depth - 1)


def test_texts_of_many_lines_come_in_as_they_are() -> None:
    body: dict[str, Any] = {
        "a": 'one\ntwo\r\n\tthree "four" \\ \\u001b <&> ü \N{SNOWMAN} \U0001f600',
        "b": [1, -2.5, True, None, {}],
    }
    assert read_json(json.dumps(body).encode()) == body
    assert read_json(json.dumps(body, ensure_ascii=False).encode()) == body


@pytest.mark.parametrize(
    "letter", [ESC, NUL, "\b", "\f", DEL, CSI, OVERRIDE, LINE, "\N{LEFT-TO-RIGHT ISOLATE}", "\ud800"]
)
@pytest.mark.parametrize("escaped", [True, False])
def test_what_a_terminal_obeys_is_replaced_in_values_and_keys(letter: str, escaped: bool) -> None:
    content = json.dumps({f"k{letter}": [{"v": f"a{letter}b"}]}, ensure_ascii=escaped)
    try:
        raw = content.encode()
    except UnicodeEncodeError:
        raw = content.encode("utf-8", "surrogatepass")
        with pytest.raises(NotKubernetesError):
            read_json(raw)
        return
    assert read_json(raw) == {"k\ufffd": [{"v": "a\ufffdb"}]}


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<html>",
        b"[]",
        b'"x"',
        b"null",
        b"1",
        b"{",
        b'{"a":1}{}',
        b'\xff{"a":1}',
        b'{"a":"\xff"}',
        b'{"a":"\xed\xa0\x80"}',
        '{"a":1}'.encode("utf-16"),
        b'\xef\xbb\xbf{"a":1}',
        b'{"a":NaN}',
        b'{"a":-Infinity}',
        b'{"a":1e999}',
        b'{"a":' + b"9" * 5000 + b"}",
        b'{"a":' + b"9" * 21 + b"}",
        b'{"a":"\x1b"}',
        b'{"a":"\n"}',
        b"[" * 100_000 + b"]" * 100_000,
        b'{"a":' * 100_000,
        b"]" * 100_000,
    ],
)
def test_what_no_api_server_sends_is_refused(content: bytes) -> None:
    with pytest.raises(NotKubernetesError):
        read_json(content)


def test_the_deepest_answer_that_is_let_in_has_the_depth_of_the_limit() -> None:
    assert read_json(nested(DEFAULT.depth))
    with pytest.raises(NotKubernetesError, match="100 levels"):
        read_json(nested(DEFAULT.depth + 1))


@pytest.mark.parametrize("text", ["}" * 500, "{" * 500, '"}' * 500, "\\" * 7 + "}" * 500, '\\"' * 9 + "]"])
def test_brackets_in_texts_do_not_count(text: str) -> None:
    shallow = {"x": [{"a": text}, {text: {"b": text}}]}
    assert read_json(json.dumps(shallow).encode()) == shallow
    deep = nested(200).replace(b'"a"', json.dumps(text).encode())
    assert json.loads(deep)
    with pytest.raises(NotKubernetesError, match="100 levels"):
        read_json(deep)


@pytest.mark.parametrize("filling", [b"{}", b"[]", b"0", b'""'])
def test_the_number_of_values_is_bounded_before_they_are_made(filling: bytes) -> None:
    limits = Limits(values=1000)
    assert read_json(b'{"a":[' + b",".join([filling] * 400) + b"]}", limits)
    with pytest.raises(LimitReachedError, match="1000 values"):
        read_json(b'{"a":[' + b",".join([filling] * 1100) + b"]}", limits)


def a_list(*items: object, **metadata: object) -> dict[str, Any]:
    return {"kind": "ConnectionList", "metadata": metadata, "items": list(items)}


def an_object(**changes: object) -> dict[str, Any]:
    return {"metadata": {"name": "a", "namespace": "b", "uid": "u", "resourceVersion": "1"}, **changes}


def with_metadata(**changes: object) -> dict[str, Any]:
    return an_object(metadata={**an_object()["metadata"], **changes})


WRONG: dict[str, list[Any]] = {
    "name": [None, "", 1, [], "..", "a/b", "../../secrets/x", "a%2fb", "a" * 2000],
    "namespace": [None, "", 1, {}],
    "labels": ["x", [], {"a": 1}, {"a": None}, {"a": {}}],
    "annotations": ["x", [], {"a": 1}],
    "uid": [1, "u" * 2000],
    "resourceVersion": [[], "1" * 2000],
    "deletionTimestamp": [True],
    "finalizers": ["x"],
    "ownerReferences": [{}],
}


def test_the_items_of_a_list_say_which_kind_they_are() -> None:
    page = read_page(
        a_list(an_object(kind="Secret", apiVersion="v1"), an_object()), resource=CONNECTION, namespace=None
    )
    assert {item["kind"] for item in page.items} == {"Connection"}
    assert {item["apiVersion"] for item in page.items} == {CONNECTION.api_version}


def test_a_list_of_nothing_is_empty_also_as_null() -> None:
    assert read_page({"metadata": {}, "items": []}, resource=CONNECTION, namespace=None).items == ()
    assert read_page({"metadata": {}, "items": None}, resource=CONNECTION, namespace=None).items == ()


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"metadata": {}},
        {"kind": "Status", "status": "Success", "metadata": {}},
        {"metadata": None, "items": []},
        {"metadata": [], "items": []},
        {"metadata": {}, "items": {}},
        {"metadata": {}, "items": "x"},
        a_list(**{"continue": 1}),
        a_list(**{"continue": ["x"]}),
        a_list(resourceVersion=5),
        a_list(resourceVersion="5" * 2000),
        a_list(None),
        a_list("x"),
        a_list([]),
        a_list({}),
        a_list(an_object(), an_object(metadata=None)),
        a_list(an_object(metadata="x")),
        a_list(an_object(metadata=[])),
        a_list(an_object(spec="text")),
        a_list(an_object(status=[1])),
        a_list(an_object(data=1)),
        *(a_list(with_metadata(**{field: value})) for field, values in WRONG.items() for value in values),
    ],
)
def test_a_list_of_another_shape_is_refused_and_never_taken_for_an_empty_one(body: dict[str, Any]) -> None:
    with pytest.raises(NotKubernetesError):
        read_page(body, resource=CONNECTION, namespace=None)


def test_objects_of_other_namespaces_than_the_one_that_was_asked_for_are_refused() -> None:
    object_of(an_object(), resource=CONNECTION, namespace="b")
    with pytest.raises(NotKubernetesError, match="another namespace"):
        object_of(an_object(), resource=CONNECTION, namespace="c")
    with pytest.raises(NotKubernetesError, match="another namespace"):
        object_of(an_object(), resource=NAMESPACE)


def test_a_token_that_would_not_fit_into_a_url_is_refused() -> None:
    with pytest.raises(LimitReachedError, match="continue token"):
        read_page(a_list(**{"continue": "x" * 10_000}), resource=CONNECTION, namespace=None)


@pytest.mark.parametrize(
    "date",
    [
        "Fri, 01 May 9999 23:59:59 -2300",
        "Fri, 01 May 2026 14:00:05 +99999999",
        "Fri, 99 May 2026 14:00:05 GMT",
        "Fri, 01 May 99999999999999999999 14:00:05 GMT",
        "Fri, 01 May 9998 14:00:05 GMT",
        "",
        ",",
        "0",
        "²",
        "x" * 60_000,
    ],
)
def test_our_clock_stands_in_for_an_absurd_date(date: str) -> None:
    assert read_answer(status=200, headers={"Date": date}, content=b"{}", now=NOW).server_time == NOW


def test_a_date_without_a_zone_is_utc() -> None:
    answer = read_answer(status=200, headers={"Date": "Fri, 01 May 2026 14:00:05 -0000"}, content=b"{}", now=NOW)
    assert answer.server_time == datetime(2026, 5, 1, 14, 0, 5, tzinfo=UTC)


@pytest.mark.parametrize("pause", ["9" * 5000, "²", "-1", "1e3", "1_0", " ", "nan", "inf", "0", "90000"])
def test_an_absurd_pause_is_no_pause(pause: str) -> None:
    assert read_refusal(429, {"Retry-After": pause}, b"").retry_after_s is None


@pytest.mark.parametrize("pause", [True, "5", -1, 1e300, 10**18, [], {}])
def test_an_absurd_pause_in_a_status_is_no_pause(pause: object) -> None:
    content = json.dumps({"kind": "Status", "details": {"retryAfterSeconds": pause}}).encode()
    assert read_refusal(429, {}, content).retry_after_s is None


def test_words_of_a_server_are_one_harmless_line() -> None:
    content = {
        "kind": "Status",
        "reason": f"a{ESC}b",
        "message": f"a\r\n{ESC}[2Jb\x85c{OVERRIDE}d\N{ZERO WIDTH SPACE}e",
    }
    refusal = read_refusal(500, {}, json.dumps(content).encode())
    assert (refusal.reason, refusal.message) == ("a\ufffdb", "a \ufffd[2Jb\ufffdc\ufffdd\ufffde")
    assert shown("x" * 1000, most=10) == "xxxxxxxxx…"


TEXT = st.one_of(
    st.text(max_size=6),
    st.text(st.characters(max_codepoint=0xA0), max_size=6),
    st.sampled_from(["{", "]", '"', "\\", '\\"', "\ud83d", "é", "a" * 300, "Status", "true", "../.."]),
)
NUMBER = st.one_of(st.integers(), st.floats(), st.sampled_from([10**19, 10**20, 10**40, -1, 0]))
JUNK = st.recursive(
    st.one_of(st.none(), st.booleans(), NUMBER, TEXT),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(TEXT, inner, max_size=4)),
    max_leaves=12,
)
STATUS: dict[str, Any] = {
    "kind": "Status", "code": 403, "reason": "Forbidden", "message": "no",
    "details": {"name": "a", "retryAfterSeconds": 1, "causes": [{"reason": "x"}]},
}  # fmt: skip


def places(value: object, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield path
    for key, item in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield from places(item, (*path, key))


def changed(value: Any, path: tuple[Any, ...], junk: object) -> Any:
    if not path:
        return junk
    copied = value.copy()
    copied[path[0]] = changed(value[path[0]], path[1:], junk)
    return copied


def real(draw: st.DrawFn) -> Any:
    connection = json.loads(json.dumps(bodies.connection()))
    return draw(st.sampled_from([a_list(connection, connection, resourceVersion="5"), connection, STATUS]))


@st.composite
def answers(draw: st.DrawFn) -> bytes:
    """Answers as a real server gives them, with something else at one or two places, or with other bytes."""
    if draw(st.integers(0, 9)) == 0:
        return draw(st.binary(max_size=200))
    body = real(draw)
    for _change in range(draw(st.integers(1, 2))):
        body = changed(body, draw(st.sampled_from(list(places(body)))), draw(JUNK))
    content = json.dumps(body, ensure_ascii=draw(st.booleans())).encode("utf-8", "surrogatepass")
    if draw(st.integers(0, 3)) == 0:
        where = draw(st.integers(0, len(content)))
        content = content[:where] + draw(st.binary(max_size=4)) + content[where + draw(st.integers(0, 4)) :]
    return content


def check(value: object, depth: int = 1) -> None:
    """All that the door promises."""
    assert depth <= DEFAULT.depth + 1
    if isinstance(value, str):
        assert not set(value) & {chr(code) for code in (*range(9), 11, 12, *range(14, 32), *range(127, 160))}
        value.encode()
    elif isinstance(value, float):
        assert math.isfinite(value)
    elif isinstance(value, int):
        assert abs(value) < 10**20
    elif isinstance(value, dict):
        for key, item in value.items():
            check(key, depth + 1)
            check(item, depth + 1)
    elif isinstance(value, list):
        for item in value:
            check(item, depth + 1)
    else:
        assert value is None


@settings(max_examples=400, deadline=None)
@given(answers(), st.sampled_from(["Fri, 01 May 2026 14:00:05 GMT", "x"]) | st.text(max_size=30), st.text(max_size=5))
@example(b'{"metadata":{},"items":[null]}', "", "")
@example(nested(200), "", "")
def test_any_answer_is_understood_or_an_error_of_its_cluster(content: bytes, date: str, pause: str) -> None:
    headers = {"Date": date, "Retry-After": pause}
    try:
        answer = read_answer(status=200, headers=headers, content=content, now=NOW)
        check(answer.body)
        page = read_page(answer.body, resource=CONNECTION, namespace=None)
        assert all(item["metadata"]["name"] for item in page.items)  # type: ignore[index]
    except (NotKubernetesError, LimitReachedError) as problem:
        error = as_fabric_error(problem, what="cannot list", where="leaf-a")
        assert error.fault in (FailureName.NOT_UNDERSTOOD, FailureName.LIMIT_REACHED)
    refusal = read_refusal(403, headers, content)
    assert refusal.retry_after_s is None or 0 < refusal.retry_after_s <= 86400
    said = str(api_error(refusal, what="cannot list", where="leaf-a"))
    assert said.isprintable() and len(said) < 1000


def test_hostile_answers_take_no_longer_than_reading_as_much_json() -> None:
    size = 2_000_000
    for content in (
        b"{" * size,
        b'"' * size,
        b"\\" * size,
        b'{"' * (size // 2),
        b"{}" * (size // 2),
        b'{"a":"' + b"\\u001b" * (size // 6) + b'"}',
        b'{"a":[' + b"{}," * (size // 3) + b"{}]}",
    ):
        started = time.process_time()
        with suppress(NotKubernetesError, LimitReachedError):
            read_json(content)
        assert time.process_time() - started < 5


def test_the_error_of_a_cluster_is_one_sentence_that_names_the_limit() -> None:
    error = as_fabric_error(LimitReachedError("more than 5 pages"), what="cannot list x", where="leaf-a at https://h")
    assert isinstance(error, FabricError)
    assert "more than 5 pages" in error.why
    assert error.where == "leaf-a at https://h"
