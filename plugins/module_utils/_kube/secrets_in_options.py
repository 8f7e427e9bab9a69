# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which texts of the connection options must never be seen: what a face adds to `module.no_log_values`.

`no_log` in an argument spec covers the plain options; it cannot reach into a kubeconfig that is given as a dictionary.

What is masked is masked wherever it occurs, so that an ordinary word would make results unreadable, and the names in
them useless. Hence three classes:

1. Always secret: what stands in a field for tokens, passwords, keys or certificates, behind a flag or in a variable of
   an exec plugin whose name says so, and as password in a URL, or as user name without one.
2. Secret unless it plainly is a name: every other text below a user of a kubeconfig, and the user name in a URL.
   Plainly names are words with a short number (`admin`, `get-token`, `eu-central-1`, `leaf-a`), flags without a value,
   paths and URLs made of names, what the entry itself calls its cluster and contexts, and what follows a flag for a
   cluster, region or profile.
3. Never secret: the command of a plugin and paths of files, which messages have to name.
"""

from __future__ import annotations

import base64
import binascii
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from urllib.parse import SplitResult, unquote, urlsplit

from .auth_options import Auth, resolve
from .kubeconfig import is_content
from .kubeconfig_text import parse
from .unusable import UnusableError

_ALWAYS = frozenset(
    {
        "token",
        "password",
        "client-key-data",
        "client-certificate-data",
        "certificate-authority-data",
        "idp-certificate-authority-data",
        "access-token",
        "refresh-token",
        "id-token",
        "client-secret",
        "secret",
        "api_key",
    }
)
_NEVER = frozenset({"client-certificate", "client-key", "tokenFile", "idp-certificate-authority"})
_NEVER |= {"command", "apiVersion", "interactiveMode", "installHint", "name"}
# The names of variables and flags whose value is a credential.
_SAYS_SECRET = re.compile(
    # PWD alone is the folder of a process.
    r"(secret|token|passw(or)?d|passphrase|credentials?|key)([-_]?id)?$"
    r"|(^|[-_])(pat|auth|pw|pass|pin|otp|sas|bearer)$|[-_]pwd$",
    re.IGNORECASE,
)
_SECRET_FLAGS = frozenset({"-p", "-P", "-t", "-k"})
_NAMING_FLAG = re.compile(
    r"--?(\w+-)?(i|cluster|context|name|region|zone|profile|project|namespace)([-_]?(name|id))?", re.IGNORECASE
)
_FLAG = re.compile(r"--?[A-Za-z][A-Za-z-]*")
_WORD = r"(([A-Z]?[a-z]{1,16}|([A-Z][a-z]{2,16}){2,4}|[A-Z]{1,8})\d{0,3}|\d{1,3})"
_NAME = re.compile(rf"(v\d((alpha|beta)\d)?|(system:)?{_WORD}([-_.]{_WORD})*|({_WORD}\.)+{_WORD}:\d{{2,5}})")
_PATH = re.compile(r"(~|\.{1,2}|/(bin|etc|home|opt|root|run|srv|tmp|usr|var|Users))/")
_MAX_NAME = 40
_SHORTEST = 4
"""A shorter text of the second class would be found in ordinary words."""


def secret_values(options: Mapping[str, object], environ: Mapping[str, str] | None = None) -> frozenset[str]:
    """Every secret text in the connection options of one cluster, those from K8S_AUTH_* variables included.

    Files are not read: their content never comes near a result.
    """
    auth = resolve(options, environ)
    names = {str(options.get(name)) for name in ("name", "cluster_id") if options.get(name)}
    return frozenset(value for value in _secrets(auth, names | {auth.context or ""}) if value)


def user_secrets(user: Mapping[str, object], *, names: Iterable[str] = ()) -> frozenset[str]:
    """The secret texts below one user of a kubeconfig; `names` are no secrets."""
    return frozenset(value for value in _walk(user, "user", below_user=True, names=frozenset(names)) if value)


def surrounding_secrets(environ: Mapping[str, str] | None = None) -> frozenset[str]:
    """What variables hold whose names say that it is a credential: a plugin sees them, and may repeat them."""
    variables = (os.environ if environ is None else environ).items()
    return frozenset(value for name, value in variables if value and _SAYS_SECRET.search(name))


def without_userinfo(url: str) -> str:
    """The URL, or what was meant to be one, without user name and password."""
    scheme, separator, rest = url.rpartition("//")
    authority, slash, path = rest.partition("/")
    return f"{scheme}{separator}{authority.rpartition('@')[2]}{slash}{path}"


def userinfo(url: str) -> str:
    """`user:password` of a URL, decoded; empty when there is none."""
    parts = _split(url)
    if parts is None or not (parts.username or parts.password):
        return ""
    return f"{unquote(parts.username or '')}:{unquote(parts.password or '')}"


def _secrets(auth: Auth, names: set[str]) -> Iterator[str]:
    yield auth.api_key or ""
    yield auth.password or ""
    for header in ("proxy_basic_auth", "basic_auth"):
        text = auth.proxy_headers.get(header, "")
        yield text
        yield text.partition(":")[2]
    for url in (auth.host, auth.proxy):
        yield from _in_url(url or "")
    document: object = auth.kubeconfig
    if isinstance(document, str) and is_content(document):
        yield document
        document = _parsed(document)
    if isinstance(document, Mapping):
        yield from _walk(document, "", below_user=False, names=frozenset(names | set(_names_in(document))))


def _parsed(text: str) -> object:
    try:
        return parse(text, "")
    except (UnusableError, ImportError):
        return None


def _names_in(document: Mapping[str, object]) -> Iterator[str]:
    yield str(document.get("current-context"))
    for section in ("clusters", "contexts"):
        for entry in _list(document.get(section)):
            if isinstance(entry, Mapping):
                yield str(entry.get("name"))


def _walk(value: object, key: str, *, below_user: bool, names: frozenset[str]) -> Iterator[str]:
    if isinstance(value, Mapping):
        if key == "exec":
            yield from _in_plugin(value, names)
        for inner_key, inner in value.items():
            below = below_user or (key != "context" and inner_key == "user")
            if not (key == "exec" and inner_key in ("args", "env")):
                yield from _walk(inner, str(inner_key), below_user=below, names=names)
    elif isinstance(value, (list, tuple)):
        for inner in value:
            yield from _walk(inner, key, below_user=below_user, names=names)
    elif isinstance(value, bytes):
        yield from _in_field(key, value.decode("utf-8", "replace"), below_user, names)
    elif isinstance(value, (str, int)) and not isinstance(value, bool):
        yield from _in_field(key, str(value), below_user, names)


def _in_field(key: str, text: str, below_user: bool, names: frozenset[str]) -> Iterator[str]:
    if key in _ALWAYS or (below_user and key not in _NEVER and _SAYS_SECRET.search(key)):
        yield text
        yield _decoded(text) if key == "client-key-data" else ""
    elif below_user and key not in _NEVER:
        yield from _doubtful(text, names)
    elif key in ("server", "proxy-url"):
        yield from _in_url(text)


def _in_plugin(plugin: Mapping[str, object], names: frozenset[str]) -> Iterator[str]:
    for variable in _list(plugin.get("env")):
        if isinstance(variable, Mapping):
            yield from _named(str(variable.get("name") or ""), str(variable.get("value") or ""), names)
    arguments = [str(argument) for argument in _list(plugin.get("args"))]
    flag = ""
    for argument in arguments:
        name, equals, value = argument.partition("=")
        if _FLAG.fullmatch(name):
            flag = "" if equals else name
            yield from _named(name, value, names)
        else:
            yield from _named(flag, argument, names)
            flag = ""


def _named(name: str, value: str, names: frozenset[str]) -> Iterator[str]:
    """The value of a variable, or what stands behind a flag."""
    if _SAYS_SECRET.search(name) or name in _SECRET_FLAGS:
        yield value
    elif not _NAMING_FLAG.fullmatch(name):
        yield from _doubtful(value, names)


def _doubtful(text: str, names: frozenset[str]) -> Iterator[str]:
    yield from _in_url(text)
    if len(text) >= _SHORTEST and text not in names and not _is_name(text):
        yield text
        # `Authorization: Bearer ...`, `NAME=...`: what counts may be seen without what stands before it.
        last = re.split(r"[\s=:]", text)[-1]
        if len(last) >= _SHORTEST and last not in names and not _is_name(last):
            yield last


def _is_name(text: str) -> bool:
    if len(text) <= _MAX_NAME and (_NAME.fullmatch(text) or _FLAG.fullmatch(text)):
        return True
    parts = _split(text)
    if parts is None or parts.query or parts.fragment or "@" in parts.netloc:
        return False
    is_url = parts.scheme in ("http", "https") and bool(parts.netloc)
    is_path = not parts.scheme and bool(_PATH.match(text))
    words = [*parts.netloc.split(":"), *parts.path.split("/")]
    return (is_url or is_path) and all(_is_part(word) for word in words)


def _is_part(word: str) -> bool:
    return word in ("", "~", ".", "..") or (len(word) <= _MAX_NAME and bool(_NAME.fullmatch(word.removeprefix("."))))


def _in_url(url: str) -> Iterator[str]:
    parts = _split(url if "//" in url else f"//{url}") if "@" in url else None
    if parts is None:
        return
    user, password = parts.username or "", parts.password or ""
    yield from (password, unquote(password))
    for text in (user, unquote(user)):
        if not password or not _is_name(text):
            yield text
        elif text:
            # Masks the name where it stands in the URL, and nowhere else.
            yield f"//{text}:"


def _split(url: str) -> SplitResult | None:
    try:
        return urlsplit(url)
    except ValueError:
        return None


def _decoded(value: str) -> str:
    try:
        return base64.b64decode(value).decode("utf-8")
    except (binascii.Error, UnicodeDecodeError, ValueError):
        return ""


def _list(value: object) -> Iterable[object]:
    return value if isinstance(value, (list, tuple)) else ()
