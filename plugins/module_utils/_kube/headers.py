# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What goes into the headers of a request: plain ASCII, or nothing."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import TypeVar

from .unusable import UnusableError

Headers = TypeVar("Headers", bound=Mapping[str, str])


def checked(headers: Headers) -> Headers:
    """The same. Raises UnusableError, which quotes no value, for one that another header could hide in.

    Letters beyond ASCII are refused as well: there is no agreement on how they are sent, so that they could name
    another user than the one that is meant.
    """
    for name, value in headers.items():
        if not (value.isascii() and value.isprintable()):
            # http.client would refuse some of them, but quote the token in its complaint.
            why = (
                f"what would go into the header {name} holds a line break, a control character or a letter beyond ASCII"
            )
            raise UnusableError(why, "correct the token, user, groups or proxy headers")
    return headers


def basic(login: str) -> str:
    """The value of an Authorization header for `user:password`."""
    try:
        return f"Basic {base64.b64encode(login.encode()).decode()}"
    except UnicodeEncodeError:
        raise UnusableError(
            "a user name or password is no text", "correct username and password, or the URL that holds them"
        ) from None
