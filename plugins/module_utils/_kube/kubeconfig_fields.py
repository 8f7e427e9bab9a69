# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One entry of a kubeconfig, field by field: each has the type that kubectl expects, or the kubeconfig is refused.

A text `"false"` where `false` belongs would be true to Python, and a field that is passed over could have said that we
act as somebody else. So no field is guessed at, and none of a cluster or user is passed over.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

from .._fabric.resources import Json
from .unusable import UnusableError

T = TypeVar("T")

_WORDS: dict[type, str] = {
    bool: "true or false",
    str: "a text",
    bytes: "binary data",
    int: "a number",
    float: "a number",
    list: "a list",
    dict: "a mapping",
}


AS_IT_IS = "write it without ~ or variables, which mean nothing in a kubeconfig, to kubectl neither"
"""The next step for a path or command that only a shell could read."""
_LONGEST_PATH = 1024
# Beginnings of a PEM, of one in base64 and of a JWT; and a run of letters that is no name of a file.
_CONTENT = re.compile(r"-----BEGIN|(^|/)(LS0tLS1|eyJ)|[A-Za-z0-9+=_-]{100}")


class KubeconfigError(UnusableError):
    """A kubeconfig that kubectl would not use either, or not in this way."""

    def __init__(self, why: str, next_step: str) -> None:
        super().__init__(why, next_step, what="cannot use the kubeconfig")


@dataclass(frozen=True, slots=True, kw_only=True)
class Fields:
    """The fields of one entry. Each method raises KubeconfigError, which names the field and quotes nothing of it."""

    content: Json
    owner: str
    """What they belong to: `the user 'me' in /etc/kubeconfig`."""
    folder: Path
    """Where relative paths start."""
    origin: Path | None = None
    """The file that it stands in, if it is in one."""
    trail: tuple[str, ...] = ()
    """Where in it: the section, the name of the entry, and the fields from there."""

    def text(self, name: str) -> str:
        """Empty when it is not there."""
        return self._typed(name, str) or ""

    def flag(self, name: str) -> bool:
        """False when it is not there."""
        return self._typed(name, bool) or False

    def texts(self, name: str) -> tuple[str, ...]:
        """The texts of a list."""
        # kubectl takes an empty item for an empty text.
        items = ("" if item is None else item for item in self._typed(name, list) or ())
        return tuple(self._item(name, item, str) for item in items)

    def fields(self, name: str) -> Fields | None:
        """An entry inside of this one."""
        inner = self._typed(name, dict)
        return None if inner is None else self._inside(name, inner)

    def list_of_fields(self, name: str) -> tuple[Fields, ...]:
        """The entries of a list."""
        items = ({} if item is None else self._item(name, item, dict) for item in self._typed(name, list) or ())
        return tuple(self._inside(name, item) for item in items)

    def path(self, name: str) -> Path | None:
        """The path of a file, made absolute."""
        text = self.text(name)
        return self.folder / text if text else None

    def data(self, name: str) -> bytes:
        """What is there as base64. Line breaks in it do not count, as for kubectl; a space does."""
        given = self.content.get(name)
        if isinstance(given, bytes):
            # YAML's !!binary, opened by the YAML parser already.
            if given.lstrip().startswith(b"-----BEGIN"):
                return given
            encoded = given
        else:
            encoded = self.text(name).encode("utf-8", "replace")
        try:
            return base64.b64decode(encoded.translate(None, b"\r\n"), validate=True)
        except binascii.Error:
            raise KubeconfigError(
                f"{name} of {self.owner} is not base64", "write the kubeconfig anew, it seems to be damaged"
            ) from None

    def pem(self, name: str) -> bytes:
        """The content of the field `NAME-data`, or of the file that the field NAME is the path of."""
        data, path = self.data(f"{name}-data"), self.path(name)
        if data and path:
            raise KubeconfigError(
                f"{self.owner} has both {name} and {name}-data", "take one of them out; kubectl refuses both together"
            )
        return self.file(name) if path else data

    def file(self, name: str) -> bytes:
        """The content of the file that the field is the path of."""
        path = self.path(name)
        if not is_path(self.text(name)):
            right = "token" if name == "tokenFile" else f"{name}-data"
            raise KubeconfigError(
                f"{name} of {self.owner} is no path of a file", f"write a path, or the content as {right}"
            )
        try:
            return path.read_bytes() if path else b""
        except (FileNotFoundError, NotADirectoryError):
            next_step = "correct that path"
            if self.text(name).startswith("~") or "$" in self.text(name):
                next_step = AS_IT_IS
            raise KubeconfigError(f"{path} does not exist ({name} of {self.owner})", next_step) from None
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or type(error).__name__
            is_folder = isinstance(error, IsADirectoryError)
            raise KubeconfigError(
                f"{path} cannot be read: {reason} ({name} of {self.owner})",
                "correct that path" if is_folder else "make it readable for the user of the task",
            ) from None

    def _inside(self, name: str, content: Json) -> Fields:
        owner = f"{name} of {self.owner}"
        return replace(self, content=content, owner=owner, trail=(*self.trail, name))

    def _item(self, name: str, item: object, wanted: type[T]) -> T:
        if not _is(item, wanted):
            raise self._mistyped(f"an entry in {name}", item, wanted)
        return item  # type: ignore[return-value]

    def _typed(self, name: str, wanted: type[T]) -> T | None:
        value = self.content.get(name)
        if value is None:
            return None
        if wanted is str and isinstance(value, bytes):
            # YAML's !!binary, opened by the YAML parser already.
            value = value.decode("utf-8", "replace")
        if not _is(value, wanted):
            raise self._mistyped(name, value, wanted)
        return value  # type: ignore[return-value]

    def _mistyped(self, name: str, value: object, wanted: type) -> KubeconfigError:
        found = _WORDS.get(type(value), f"a {type(value).__name__}")
        quotes = " without quotes" if wanted is bool and isinstance(value, str) else ""
        quotes = " in quotes" if wanted is str and isinstance(value, (bool, int, float)) else quotes
        return KubeconfigError(
            f"{name} of {self.owner} is {found}, and {_WORDS[wanted]} belongs there",
            f"write {_WORDS[wanted]}{quotes}; kubectl refuses the file as well",
        )


def is_path(text: str) -> bool:
    """May it be quoted as the path of a file? People write the content in its place, a private key or token."""
    return len(text) <= _LONGEST_PATH and text.isprintable() and not _CONTENT.search(text)


def _is(value: object, wanted: type) -> bool:
    if wanted is dict:
        return isinstance(value, Mapping)
    if wanted is list:
        return isinstance(value, (list, tuple))
    return isinstance(value, wanted)
