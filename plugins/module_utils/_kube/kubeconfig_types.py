# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The types of all fields of a kubeconfig. For a wrong one kubectl refuses the whole file, whichever context counts."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from .._fabric.unquoted import INSTEAD, is_quotable
from .door import shown
from .kubeconfig_fields import Fields, KubeconfigError

_MAX_NAME = 100
"""Characters of a name in a message."""

_VALUE = "a value"

_Check = Callable[[Fields, str], object]


def _inside(checks: Mapping[str, _Check]) -> _Check:
    def check(fields: Fields, name: str) -> None:
        if (inner := fields.fields(name)) is not None:
            _check(inner, checks)

    return check


def _each(checks: Mapping[str, _Check]) -> _Check:
    def check(fields: Fields, name: str) -> None:
        for inner in fields.list_of_fields(name):
            _check(inner, checks)

    return check


def _map_of(kind: _Check) -> _Check:
    def check(fields: Fields, name: str) -> None:
        if (inner := fields.fields(name)) is not None:
            for value in inner.content.values():
                # The key is a text of the person, which no message quotes.
                kind(replace(inner, content={_VALUE: value}), _VALUE)

    return check


def _check(fields: Fields, checks: Mapping[str, _Check]) -> None:
    for name, check in checks.items():
        if fields.content.get(name) is not None:
            check(fields, name)


def _data(fields: Fields, name: str) -> object:
    return fields.data(name)


_TEXT: _Check = Fields.text
_FLAG: _Check = Fields.flag
_EXTENSIONS: _Check = _each({"name": _TEXT})

CLUSTER: Mapping[str, _Check] = {
    "server": _TEXT,
    "tls-server-name": _TEXT,
    "insecure-skip-tls-verify": _FLAG,
    "certificate-authority": _TEXT,
    "certificate-authority-data": _data,
    "proxy-url": _TEXT,
    # Asks for answers that are not compressed; ours never are.
    "disable-compression": _FLAG,
    "extensions": _EXTENSIONS,
}
_PLUGIN: Mapping[str, _Check] = {
    "command": _TEXT,
    "args": Fields.texts,
    "env": _each({"name": _TEXT, "value": _TEXT}),
    "apiVersion": _TEXT,
    "installHint": _TEXT,
    "interactiveMode": _TEXT,
    "provideClusterInfo": _FLAG,
}
USER: Mapping[str, _Check] = {
    "client-certificate": _TEXT,
    "client-certificate-data": _data,
    "client-key": _TEXT,
    "client-key-data": _data,
    "token": _TEXT,
    "tokenFile": _TEXT,
    "username": _TEXT,
    "password": _TEXT,
    "as": _TEXT,
    "as-uid": _TEXT,
    "as-groups": Fields.texts,
    "as-user-extra": _map_of(Fields.texts),
    "auth-provider": _inside({"name": _TEXT, "config": _map_of(_TEXT)}),
    "exec": _inside(_PLUGIN),
    "extensions": _EXTENSIONS,
}
_CONTEXT: Mapping[str, _Check] = {"cluster": _TEXT, "user": _TEXT, "namespace": _TEXT, "extensions": _EXTENSIONS}
_SECTIONS = {"clusters": CLUSTER, "users": USER, "contexts": _CONTEXT}
_TOP: Mapping[str, _Check] = {
    "current-context": _TEXT,
    "preferences": _inside({"colors": _FLAG, "extensions": _EXTENSIONS}),
    "extensions": _EXTENSIONS,
}


def shown_name(name: str) -> str:
    """A name for a message: cut, and not that of which somebody wrote a kubeconfig in its place."""
    return shown(name, most=_MAX_NAME) if is_quotable(name) else f"(not quoted: {INSTEAD})"


def quoted_name(name: str) -> str:
    """The same, in quotes."""
    return repr(shown_name(name)) if is_quotable(name) else shown_name(name)


def check_types(source: Fields) -> None:
    """Raises KubeconfigError for a field that kubectl would not read, and for a name that is there twice."""
    _check(source, _TOP)
    for section, checks in _SECTIONS.items():
        kind, names = section.removesuffix("s"), set()
        for entry in source.list_of_fields(section):
            name = entry.text("name")
            called = f"the {kind} {quoted_name(name)}"
            if name in names:
                raise KubeconfigError(
                    f"{called} is there twice in {source.owner}", "take one of them out; kubectl refuses both"
                )
            names.add(name)
            if (inner := entry.fields(kind)) is not None:
                _check(replace(inner, owner=f"{called} in {source.owner}"), checks)


def check_spelling(entry: Fields, known: Mapping[str, Any]) -> None:
    """Raises KubeconfigError for a field that seems to be meant for one of these, or to say as whom to act.

    Any other that is not known is passed over, as by kubectl.
    """
    folded = {name.lower().replace("-", ""): name for name in known}
    for name in map(str, entry.content):
        if name in known:
            continue
        meant = difflib.get_close_matches(name.lower().replace("-", "").replace("_", ""), folded, n=1, cutoff=0.85)
        if meant or name.startswith("as-"):
            # It is not quoted: with a space that is missing, the value is a part of it.
            like = folded[meant[0]] if meant else "as, as-uid, as-groups or as-user-extra"
            raise KubeconfigError(
                f"{entry.owner} has a field that is spelled almost like {like}",
                f"write {like}, or take it out; kubectl passes over it without a word",
            )
