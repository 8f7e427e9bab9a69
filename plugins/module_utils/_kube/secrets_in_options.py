# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which strings of the connection options must never be seen: what a face adds to `module.no_log_values`.

`no_log` in an argument spec covers the plain options; it cannot reach into a kubeconfig that is given as a dictionary.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable, Iterator, Mapping
from urllib.parse import unquote, urlsplit

from .auth_options import Auth, resolve

_SECRET_KEYS = frozenset(
    {
        "token",
        "password",
        "client-key-data",
        "client-certificate-data",
        "certificate-authority-data",
        "access-token",
        "refresh-token",
        "id-token",
        "client-secret",
        "secret",
        "api_key",
    }
)
# Names of environment variables and long flags of exec plugins whose value is a credential.
_SECRET_NAME = re.compile(r"(secret|token|password|passwd|key)$", re.IGNORECASE)


def secret_values(options: Mapping[str, object], environ: Mapping[str, str] | None = None) -> frozenset[str]:
    """Every secret string in the connection options of one cluster, those from K8S_AUTH_* variables included.

    Files are not read: their content never comes near a result.
    """
    return frozenset(value for value in _secrets(resolve(options, environ)) if value)


def _secrets(auth: Auth) -> Iterator[str]:
    yield auth.api_key or ""
    yield auth.password or ""
    for header in ("proxy_basic_auth", "basic_auth"):
        text = auth.proxy_headers.get(header, "")
        yield text
        yield text.partition(":")[2]
    yield from _url_password(auth.proxy)
    if isinstance(auth.kubeconfig, Mapping):
        yield from _in_kubeconfig(auth.kubeconfig)
    elif auth.kubeconfig and is_content(auth.kubeconfig):
        yield auth.kubeconfig


def is_content(kubeconfig: str) -> bool:
    """Somebody gave the text of a kubeconfig where its path belongs: it must be refused, and never be quoted."""
    return "\n" in kubeconfig or kubeconfig.lstrip().startswith("{") or "apiVersion:" in kubeconfig


def _in_kubeconfig(value: object, key: str = "") -> Iterator[str]:
    if isinstance(value, Mapping):
        if key == "exec":
            yield from _in_exec_plugin(value)
        for inner_key, inner in value.items():
            yield from _in_kubeconfig(inner, str(inner_key))
    elif isinstance(value, (list, tuple)):
        for inner in value:
            yield from _in_kubeconfig(inner, key)
    elif isinstance(value, str):
        if key in _SECRET_KEYS:
            yield value
        if key == "client-key-data":
            yield _decoded(value)
        if key == "proxy-url":
            yield from _url_password(value)


def _in_exec_plugin(plugin: Mapping[object, object]) -> Iterator[str]:
    for variable in _list(plugin.get("env")):
        if isinstance(variable, Mapping) and _SECRET_NAME.search(str(variable.get("name") or "")):
            yield str(variable.get("value") or "")
    arguments = [str(argument) for argument in _list(plugin.get("args"))]
    for argument, following in zip(arguments, [*arguments[1:], ""], strict=True):
        flag, equals, value = argument.partition("=")
        if flag.startswith("-") and _SECRET_NAME.search(flag):
            yield value if equals else following


def _url_password(url: str | None) -> Iterator[str]:
    try:
        password = urlsplit(url or "").password or ""
    except ValueError:
        return
    yield password
    yield unquote(password)


def _decoded(value: str) -> str:
    try:
        return base64.b64decode(value).decode("utf-8")
    except (binascii.Error, UnicodeDecodeError):
        return ""


def _list(value: object) -> Iterable[object]:
    return value if isinstance(value, (list, tuple)) else ()
