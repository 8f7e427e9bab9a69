# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Answers that are wrong as HTTP or as JSON: statuses, headers, encodings, lengths, and answers without an end."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterator
from functools import cache
from itertools import repeat
from random import Random
from typing import Any

from tests.unit.trust import texts
from tests.unit.trust.server import Wire, chunk
from tests.unit.trust.store import Found, encoded

OK = "HTTP/1.1 200 OK"
JSON_TYPE = "Content-Type: application/json"
MOST_PARTS = 200_000
"""An answer without an end has one all the same, so that a mistake of ours ends too."""

STATUSES = (
    100, 101, 199, 201, 202, 204, 205, 206, 299, 300, 301, 302, 304, 307, 400, 401, 403, 404, 405, 406, 408, 409, 410,
    413, 418, 422, 423, 429, 431, 451, 500, 501, 502, 503, 504, 505, 507, 599, 600, 999,
)  # fmt: skip


def distorted(rng: Random, found: Found) -> tuple[Wire, str]:
    """The answer in a form in which no API server sends it."""
    name = rng.choice(sorted(_DISTORTIONS))
    wire, more = _DISTORTIONS[name](rng, found)
    return wire, f"{name} {more}".strip()


def plain(content: bytes, *, start: str = OK, headers: tuple[str, ...] = (JSON_TYPE,), closes: bool = False) -> Wire:
    head = "\r\n".join([start, *headers, f"Content-Length: {len(content)}", "", ""])
    return Wire([head.encode("utf-8", "surrogatepass") + content], closes=closes)


def _status(rng: Random, found: Found) -> tuple[Wire, str]:
    """Another status, with the honest body, a Status object, or a page."""
    code = rng.choice(STATUSES)
    reason = rng.choice(("Forbidden", "NotFound", "AlreadyExists", "Expired", "Invalid", *texts.INJECTED))
    status: dict[str, Any] = {
        "kind": "Status",
        "code": rng.choice((code, str(code), None, -1, 10**400, [], 200)),
        "reason": rng.choice((reason, None, [], {}, 7)),
        "message": rng.choice((rng.choice(texts.INJECTED), "x" * 300_000, None, [], {"a": 1})),
        "details": rng.choice(
            (
                None,
                [],
                "x",
                {"causes": None, "retryAfterSeconds": rng.choice((1e9, -1, "x", True, 10**400, float("nan")))},
                {"causes": [None, {"reason": ["x"]}, {"reason": "NamespaceTerminating"}], "name": ["x"]},
            )
        ),
    }
    content = rng.choice((encoded(found.body), encoded(status), encoded(status), b"<html>\x1b[2J</html>", b""))
    headers = (JSON_TYPE, "Retry-After: " + rng.choice(("99999999999", "-1", "0", "soon", "1e9", "٣", "9" * 400)))
    start = f"HTTP/1.1 {code} {reason.encode('ascii', 'replace').decode()!r}"
    # After some of these no body is read, so that nothing else can follow.
    return plain(content, start=start, headers=headers, closes=True), str(code)


def _not_json(rng: Random, found: Found) -> tuple[Wire, str]:
    whole = encoded(found.body)
    contents = {
        "nothing": b"",
        "null": b"null",
        "a list": b"[]",
        "a text": b'"x"',
        "a number": b"1",
        "half": whole[: len(whole) // 2],
        "two": whole + whole,
        "html": b"<html><body>502 Bad Gateway</body></html>",
        "bom": b"\xef\xbb\xbf" + whole,
        "utf-16": whole.decode().encode("utf-16"),
        "latin-1": whole[:-1] + b',"\xff\xfe":"\xc3\x28"}',
        "comment": b"// x\n" + whole,
        "deep": b"[" * 100_000,
        "deep object": b'{"kind":"List","items":' * 20_000 + b"1" + b"}" * 20_000,
        "deep inside": b'{"metadata":{"continue":""},"items":[{"spec":' + b"[" * 90_000 + b"]" * 90_000 + b"}]}",
        "digits": b'{"items":[{"spec":{"mtu":' + b"9" * 20_000 + b"}}]}",
        "twice": b'{"items":[],' + whole[1:],
        "nul": whole + b"\0",
        "items null": b'{"items":null}',
        "items of null": b'{"items":[null,null]}',
        "items a text": b'{"items":"x"}',
        "items an object": b'{"items":{"a":{}}}',
        "items mixed": b'{"metadata":null,"items":[1,"x",[],{}, {"metadata":null}]}',
        "metadata a list": b'{"metadata":[],"items":[]}',
        "continue a list": b'{"metadata":{"continue":["x"]},"items":[]}',
        "surrogates": b'{"items":[{"metadata":{"name":"\\ud800","namespace":"\\udfff"}}]}',
    }
    name = rng.choice(sorted(contents))
    return plain(contents[name]), name


def _length(rng: Random, found: Found) -> tuple[Wire, str]:
    """A length that is not that of the body."""
    whole = encoded(found.body)
    length = rng.choice((str(len(whole) + 10), str(len(whole) // 2), "-1", "0x10", "1e3", "9" * 30, "", "5, 7"))
    head = f"{OK}\r\n{JSON_TYPE}\r\nContent-Length: {length}\r\n\r\n"
    return Wire([head.encode() + whole]), repr(length)


def _chunked(rng: Random, found: Found) -> tuple[Wire, str]:
    whole = encoded(found.body)
    head = f"{OK}\r\n{JSON_TYPE}\r\nTransfer-Encoding: chunked\r\n\r\n".encode()
    forms = {
        "cut": [head, chunk(whole)[:-20]],
        "no last": [head, chunk(whole)],
        "size x": [head, b"zz\r\n" + whole],
        "size huge": [head, b"f" * 40 + b"\r\n" + whole],
        "size negative": [head, b"-5\r\n" + whole],
        "single bytes": [head, *(chunk(whole[at : at + 1]) for at in range(min(len(whole), 400)))],
        "extension": [head, b"5;" + b"x" * 70_000 + b"\r\n" + whole],
        "trailers": [head, chunk(whole), b"0\r\n", b"X: y\r\n" * 3000, b"\r\n"],
    }
    name = rng.choice(sorted(forms))
    return Wire(forms[name]), name


def _head(rng: Random, found: Found) -> tuple[Wire, str]:
    """What comes before the body is odd."""
    whole = encoded(found.body)
    length = f"Content-Length: {len(whole)}"
    heads = {
        "nothing": b"",
        "half": b"HTTP/1.1 200",
        "no protocol": b"hello\r\n\r\n",
        "old": b"HTTP/0.9 200 OK\r\n\r\n",
        "future": f"HTTP/9.9 200 OK\r\n{length}\r\n\r\n".encode(),
        "status text": f"HTTP/1.1 abc OK\r\n{length}\r\n\r\n".encode(),
        "status long": f"HTTP/1.1 {'2' * 70_000} OK\r\n{length}\r\n\r\n".encode(),
        "header long": f"{OK}\r\nX: {'y' * 70_000}\r\n{length}\r\n\r\n".encode(),
        "headers many": (f"{OK}\r\n" + "X-A: b\r\n" * 500 + f"{length}\r\n\r\n").encode(),
        "header without colon": f"{OK}\r\nhello\r\n{length}\r\n\r\n".encode(),
        "header folded": f"{OK}\r\nDate: Mon,\r\n 30 Nov\r\n{length}\r\n\r\n".encode(),
        "header bytes": f"{OK}\r\n".encode() + b"Date: \xff\xfe\x1b[2J\r\n" + f"{length}\r\n\r\n".encode(),
        "redirect": f"HTTP/1.1 302 Found\r\nLocation: http://169.254.169.254/\r\n{length}\r\n\r\n".encode(),
        "redirect file": f"HTTP/1.1 301 Moved\r\nLocation: file:///etc/passwd\r\n{length}\r\n\r\n".encode(),
        "switch": f"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n{length}\r\n\r\n".encode(),
        "continue": b"HTTP/1.1 100 Continue\r\n\r\n" * 20 + f"{OK}\r\n{length}\r\n\r\n".encode(),
        "two lengths": f"{OK}\r\n{length}\r\nContent-Length: 5\r\n\r\n".encode(),
        "both": f"{OK}\r\n{length}\r\nTransfer-Encoding: chunked\r\n\r\n".encode(),
        "close": f"{OK}\r\nConnection: close\r\n{length}\r\n\r\n".encode(),
    }
    name = rng.choice(sorted(heads))
    return Wire([heads[name] + (whole if name not in ("nothing", "half") else b"")]), name


def _date(rng: Random, found: Found) -> tuple[Wire, str]:
    """A body that is honest, at a moment that is not."""
    dates = (
        "yesterday",
        "Mon, 99 Foo 2026 99:99:99 GMT",
        "Thu, 01 Jan 1970 00:00:00 GMT",
        "Fri, 31 Dec 9999 23:59:59 -2359",
        "Mon, 01 Jan 0001 00:00:00 +2359",
        "Thu, 01 Jan 99999 00:00:00 GMT",
        "Thu, 01 Jan 2026 00:00:20 +999999",
        "Thu, 01 Jan 2026",
        "",
        "x" * 5000,
        "1",
        "\x1b[2J",
    )
    text = rng.choice(dates)
    return plain(encoded(found.body), headers=(JSON_TYPE, f"Date: {text}")), text[:40]


@cache
def _bomb() -> bytes:
    return gzip.compress(b'{"items":[]' + b" " * 60_000_000 + b"}")


def _encoding(rng: Random, found: Found) -> tuple[Wire, str]:
    whole = encoded(found.body)
    forms = {
        "gzip": (gzip.compress(whole), "gzip"),
        "gzip lie": (whole, "gzip"),
        "gzip bomb": (_bomb(), "gzip"),
        "gzip cut": (gzip.compress(whole)[:-9], "gzip"),
        "deflate lie": (whole, "deflate"),
        "br": (whole, "br"),
        "many": (gzip.compress(gzip.compress(whole)), "gzip, gzip"),
        "very many": (whole, ", ".join(["gzip"] * 200)),
    }
    name = rng.choice(sorted(forms))
    content, encoding = forms[name]
    return plain(content, headers=(JSON_TYPE, f"Content-Encoding: {encoding}")), name


def endless(name: str, found: Found) -> Wire:
    """An answer of this name from ENDLESS: each costs a limit of time or size, so they have a test of their own."""
    start = f"{OK}\r\n{JSON_TYPE}\r\nTransfer-Encoding: chunked\r\n\r\n".encode()
    whole = b"".join(plain(encoded(found.body)).parts)
    forms: dict[str, Callable[[], Wire]] = {
        "items": lambda: Wire(_on_and_on(start + chunk(b'{"items":[{}'), chunk(b",{}" * 20_000))),
        "text": lambda: Wire(_on_and_on(start + chunk(b'{"items":[{"metadata":{"name":"'), chunk(b"x" * 2**16))),
        "white space": lambda: Wire(_on_and_on(start + chunk(b'{"items":[]'), chunk(b" " * 2**20))),
        "headers": lambda: Wire(_on_and_on(f"{OK}\r\n".encode(), b"X-A: b\r\n" * 100)),
        "words before the head": lambda: Wire(_on_and_on(b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 100)),
        "empty chunks": lambda: Wire(_on_and_on(start, b"0001\r\n \r\n" * 100)),
        "an error page": lambda: Wire(_on_and_on(start.replace(b"200 OK", b"403 No"), chunk(b"x" * 2**16))),
        "pages": lambda: plain(encoded({**found.body, "metadata": {"continue": "again"}})),
        "pages with other tokens": lambda: plain(encoded({**found.body, "metadata": {"continue": "x" * 3000}})),
        "a byte now and then": lambda: Wire((whole[at : at + 1] for at in range(len(whole))), pause_s=0.3),
        "silence": lambda: Wire([b"", whole], pause_s=3600),
    }
    return forms[name]()


ENDLESS = (
    "items", "text", "white space", "headers", "words before the head", "empty chunks", "an error page", "pages",
    "pages with other tokens", "a byte now and then", "silence",
)  # fmt: skip


def _on_and_on(first: bytes, again: bytes) -> Iterator[bytes]:
    yield first
    yield from repeat(again, MOST_PARTS)


Distortion = Callable[[Random, Found], tuple[Wire, str]]
_DISTORTIONS: dict[str, Distortion] = {
    "status": _status,
    "body": _not_json,
    "length": _length,
    "chunks": _chunked,
    "head": _head,
    "date": _date,
    "encoding": _encoding,
}
