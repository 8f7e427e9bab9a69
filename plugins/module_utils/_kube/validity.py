# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From when and until when credentials hold, as they say themselves. Pure; whether they are genuine is not looked at.

Python has no public function that reads a client certificate, and two times in it are no reason for one more package.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

_PEM = re.compile(rb"-----BEGIN CERTIFICATE-----(.*?)-----END CERTIFICATE-----", re.DOTALL)
_VERSION, _UTC_TIME, _GENERALIZED_TIME = 0xA0, 0x17, 0x18


@dataclass(frozen=True, slots=True, kw_only=True)
class Validity:
    """None is what they do not say."""

    begins: datetime | None = None
    ends: datetime | None = None


def of_token(token: str) -> Validity:
    """Of a JWT; of any other token nothing is known."""
    claims = claims_of(token)
    return Validity(begins=_moment(claims.get("nbf")), ends=_moment(claims.get("exp")))


def claims_of(token: str) -> Mapping[str, object]:
    """The content of a JWT; empty for any other token."""
    try:
        payload = token.split(".")[1]
        found = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    except (IndexError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def of_certificate(pem: bytes) -> Validity:
    """Of the first certificate."""
    try:
        found = _PEM.search(pem)
        certificate = base64.b64decode(found[1]) if found else b""
        parts = list(_parts(_content(_content(certificate))))
        # In front of it: the version, which may be missing, then serial number, algorithm and issuer.
        first = 1 if parts[0][0] == _VERSION else 0
        begins, ends = _parts(parts[first + 3][1])
        return Validity(begins=_time(*begins), ends=_time(*ends))
    except (IndexError, ValueError):
        return Validity()


def _content(der: bytes) -> bytes:
    return next(_parts(der), (0, b""))[1]


def _parts(der: bytes) -> Iterator[tuple[int, bytes]]:
    """Tag and content of each value."""
    position = 0
    while position < len(der):
        tag, length, start = der[position], der[position + 1], position + 2
        if length & 0x80:
            width = length & 0x7F
            length, start = int.from_bytes(der[start : start + width], "big"), start + width
        yield tag, der[start : start + length]
        position = start + length


def _time(tag: int, content: bytes) -> datetime | None:
    form = {_UTC_TIME: "%y%m%d%H%M%SZ", _GENERALIZED_TIME: "%Y%m%d%H%M%SZ"}.get(tag)
    return datetime.strptime(content.decode("ascii"), form).replace(tzinfo=UTC) if form else None


def _moment(seconds: object) -> datetime | None:
    if not isinstance(seconds, (int, float)) or isinstance(seconds, bool):
        return None
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):
        return None
